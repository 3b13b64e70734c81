//! What led to a failure: `trail SEED [DIALECT]` makes the plan smaller and prints what happened in
//! it.
#![allow(clippy::print_stdout)]

use py_rt_faults::search::make_smaller;
use py_rt_faults::{run, Dialect, Plan};

fn main() {
    let seed = std::env::args().nth(1);
    let seed = seed.and_then(|word| word.parse().ok()).unwrap_or(1);
    let dialect = std::env::args().nth(2);
    let dialect = dialect.and_then(|word| Dialect::parse(&word));
    let mut plan = Plan::draw_for(dialect.unwrap_or_default(), seed);
    if let Some(breach) = run(&plan).breach {
        plan = make_smaller(plan, breach.invariant);
    }
    let verdict = run(&plan);
    for line in &verdict.trail {
        println!("{line}\n");
    }
    println!("{:?}\n{plan:?}", verdict.breach);
}
