//! The matching engine against a naive one, over random commands: equal reports, equal states.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

mod flow;

use flow::{Flow, Naive};
use py_rt_sim::matching::{MatchingEngine, SelfTrade};
use py_rt_types::Price;

/// How often each kind of report and reason occurred.
#[derive(Default, Debug)]
struct Seen {
    kinds: [u64; 7],
    reasons: [u64; 19],
    deepest: usize,
    most_stops: usize,
    auctions: u64,
}

/// One run: its flow, how many commands, and what happens between orders of one owner.
struct Run {
    seed: u64,
    ids: i64,
    rich: bool,
    mode: SelfTrade,
}

impl Run {
    fn flow(&self) -> Flow {
        let stretch = if self.seed % 2 == 0 {
            1
        } else {
            0x1_0000_0001 << (self.seed % 13)
        };
        if self.rich {
            Flow::rich(self.seed, self.ids, stretch)
        } else {
            Flow::new(self.seed, self.ids, stretch)
        }
    }

    fn go(&self, commands: u64, seen: &mut Seen) {
        let (mut flow, seed, mode) = (self.flow(), self.seed, self.mode);
        let mut naive = Naive::new(mode);
        let mut engine = MatchingEngine::new(mode);
        let mut reports = Vec::new();
        for step in 0..commands {
            let command = flow.command();
            reports.clear();
            engine.handle_command(&command, &mut reports);
            let told = naive.handle(&command);
            assert_eq!(
                reports, told,
                "seed {seed}, step {step}, {mode:?}: {command:?}"
            );
            for report in &reports {
                seen.kinds[usize::from(report.kind)] += 1;
                seen.reasons[usize::from(report.reason)] += 1;
            }
            seen.auctions += u64::from(command.op == 6 && reports.len() > 1);
            seen.deepest = seen.deepest.max(engine.orders().len());
            seen.most_stops = seen.most_stops.max(naive.stops.len());
            if step % 64 == 0 {
                compare(
                    &engine,
                    &naive,
                    &format!("seed {seed}, step {step}, {mode:?}"),
                );
            }
        }
        compare(&engine, &naive, &format!("seed {seed}, {mode:?}"));
    }
}

fn compare(engine: &MatchingEngine, naive: &Naive, at: &str) {
    assert_eq!(engine.state_hash(), naive.state_hash(), "{at}");
    assert_eq!(engine.orders().len(), naive.orders(), "{at}");
    assert_eq!(engine.last_price().map(|price| price.0), naive.last, "{at}");
    for owner in 0..6 {
        let position = naive.positions.get(&owner).copied().unwrap_or(0);
        assert_eq!(engine.position(owner), position, "{at}, owner {owner}");
    }
    if naive.phase == 4 && !naive.book.iter().any(|order| order.reduces) {
        let reference = naive.last.map(|last| last + 3);
        let (price, volume, imbalance) = engine.indicative(reference.map(Price));
        let ours = (price.map(|price| price.0), volume.0, imbalance.0);
        assert_eq!(ours, naive.indicative(reference), "{at}");
    }
}

/// Spreads commands over all modes, books of several depths, plain and rich flows.
fn soak(commands: u64) -> Seen {
    let mut seen = Seen::default();
    for (mode, _) in SelfTrade::NAMES {
        for seed in 0..5 {
            let ids = [12, 300, 40, 90, 150][seed as usize];
            let run = Run {
                seed: 0x5eed_0000 + seed,
                ids,
                rich: seed > 0,
                mode,
            };
            run.go(commands / 25, &mut seen);
        }
    }
    seen
}

/// `make soak-matching` lets it be a hundred times as long.
#[test]
fn a_million_random_commands_end_as_in_the_naive_engine() {
    let asked = std::env::var_os("COMMANDS").and_then(|n| n.to_str()?.parse().ok());
    let seen = soak(asked.unwrap_or(1_250_000));
    println!("{seen:?}");
    let often = |counts: &[u64], least| counts.iter().all(|&count| count > least);
    assert!(often(&seen.kinds, 1_000), "{:?}", seen.kinds);
    assert!(often(&seen.reasons, 100), "{:?}", seen.reasons);
    assert!(seen.deepest > 100, "{}", seen.deepest);
    assert!(seen.most_stops > 20, "{}", seen.most_stops);
    assert!(seen.auctions > 1_000, "{}", seen.auctions);
}
