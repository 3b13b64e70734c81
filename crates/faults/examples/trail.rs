//! What led to a failure: `trail SEED` makes the plan smaller and prints what happened in it.
#![allow(clippy::print_stdout)]

use py_rt_faults::search::make_smaller;
use py_rt_faults::{run, Plan};

fn main() {
    let seed = std::env::args().nth(1);
    let seed = seed.and_then(|word| word.parse().ok()).unwrap_or(1);
    let mut plan = Plan::draw(seed);
    if let Some(breach) = run(&plan).breach {
        plan = make_smaller(plan, breach.invariant);
    }
    let verdict = run(&plan);
    for line in &verdict.trail {
        println!("{line}\n");
    }
    println!("{:?}\n{plan:?}", verdict.breach);
}
