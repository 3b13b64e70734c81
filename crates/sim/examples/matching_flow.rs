//! Measures the matching engine on an order flow read from a file of commands.
//!
//! `cargo run --release -p py-rt-sim --example matching_flow -- FILE [PASSES]`, where FILE holds
//! rows of `py_rt.mechanics.COMMAND_DTYPE` (`commands.tofile(FILE)`). Prints the operations, the
//! trades, the state hash and nanoseconds an operation.
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

use std::time::Instant;

use py_rt_sim::matching::{EngineCommand, EngineReportKind, MatchingEngine, SelfTrade};
use py_rt_types::{Price, Qty, UnixNanos};

/// Commands that are timed together.
const PART: usize = 256;

fn word(row: &[u8], at: usize) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&row[at..at + 8]);
    u64::from_le_bytes(bytes)
}

fn command(row: &[u8]) -> EngineCommand {
    EngineCommand {
        op: row[0],
        order_id: word(row, 8),
        owner: word(row, 16) as u32,
        side: row[20] as i8,
        order_type: row[21],
        tif: row[22],
        flags: row[23],
        price: Price(word(row, 24) as i64),
        qty: Qty(word(row, 32) as i64),
        ts: UnixNanos(word(row, 40) as i64),
        ..EngineCommand::default()
    }
}

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().unwrap_or_default();
    let passes = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(9);
    let bytes = std::fs::read(path)?;
    let commands: Vec<EngineCommand> = bytes.chunks_exact(48).map(command).collect();
    let mut reports = Vec::with_capacity(1 << 12);
    // The least time of each part over the passes: what else runs on the machine drops out.
    let mut least = vec![u128::MAX; commands.len().div_ceil(PART)];
    let (mut trades, mut hash) = (0, 0);
    let mut engine = MatchingEngine::new(SelfTrade::None);
    for _ in 0..passes {
        engine.clear();
        trades = 0;
        for (part, least) in commands.chunks(PART).zip(&mut least) {
            reports.clear();
            let start = Instant::now();
            for command in part {
                engine.handle_command(command, &mut reports);
            }
            *least = (*least).min(start.elapsed().as_nanos());
            let trade = EngineReportKind::Trade as u8;
            trades += reports.iter().filter(|report| report.kind == trade).count();
        }
        hash = engine.state_hash();
    }
    let (n, ns) = (commands.len(), least.iter().sum::<u128>() as f64);
    let each = ns / n as f64;
    println!("{n} operations, {trades} trades, {hash:032x}, {each:.1} ns each");
    Ok(())
}
