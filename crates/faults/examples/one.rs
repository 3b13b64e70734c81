//! One seed, its smallest plan and its trail.
#![allow(clippy::unwrap_used, clippy::print_stdout)]
fn main() {
    let seed: u64 = std::env::args().nth(1).unwrap().parse().unwrap();
    let mut plan = py_rt_faults::Plan::draw(seed);
    let v = py_rt_faults::run(&plan);
    if let Some(b) = &v.breach {
        plan = py_rt_faults::search::make_smaller(plan, b.invariant);
    }
    let v = py_rt_faults::run(&plan);
    for l in &v.trail {
        println!("{l}\n");
    }
    println!("{:?} {:?}", v.breach, plan);
}
