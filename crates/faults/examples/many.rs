//! Many seeds.
#![allow(clippy::unwrap_used, clippy::print_stdout)]
fn main() {
    let args: Vec<u64> = std::env::args()
        .skip(1)
        .map(|a| a.parse().unwrap())
        .collect();
    let r = py_rt_faults::search(args[0], args[1], 3, &mut |_| true);
    for (n, c) in r.probes.rows() {
        println!("{n:24}{c}");
    }
    println!("seeds {} orders {} fills {}", r.seeds, r.orders, r.fills);
    for f in r.findings {
        println!("{} {:?}", f.seed, f.breach);
    }
}
