//! Many seeds, without Python: `seeds FIRST COUNT [MOST] [JOBS] [DIALECT]`. Exit status 1 when a
//! rule broke.
#![allow(clippy::print_stdout)]

use std::process::ExitCode;

use py_rt_faults::{search, Dialect, Range};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let dialect = words.get(4).and_then(|word| Dialect::parse(word));
    let mut numbers = words.iter().map(|word| word.parse().unwrap_or(1));
    let range = Range {
        dialect: dialect.unwrap_or_default(),
        first: numbers.next().unwrap_or(1),
        count: numbers.next().unwrap_or(100),
        most: numbers.next().unwrap_or(1) as usize,
        jobs: numbers.next().unwrap_or(2) as usize,
    };
    let report = search(range, &mut |_| true);
    for (name, count) in report.probes.rows() {
        println!("{name:24} {count}");
    }
    let (seeds, orders, fills) = (report.seeds, report.orders, report.fills);
    println!("{seeds} seeds, {orders} orders, {fills} fills");
    for finding in &report.findings {
        let breach = &finding.breach;
        println!(
            "seed {} broke {}: {}",
            finding.seed, breach.invariant, breach.what
        );
    }
    ExitCode::from(u8::from(!report.findings.is_empty()))
}
