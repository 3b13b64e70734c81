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

/// How often each kind of report and reason occurred.
#[derive(Default)]
struct Seen {
    kinds: [u64; 5],
    reasons: [u64; 10],
    deepest: usize,
}

fn run(seed: u64, commands: u64, ids: i64, mode: SelfTrade, seen: &mut Seen) {
    let stretch = if seed % 2 == 0 {
        1
    } else {
        0x1_0000_0001 << (seed % 13)
    };
    let mut flow = Flow::new(seed, ids, stretch);
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
        seen.deepest = seen.deepest.max(engine.orders().len());
        if step % 64 == 0 {
            let (ours, theirs) = (engine.state_hash(), naive.state_hash());
            assert_eq!(ours, theirs, "seed {seed}, step {step}, {mode:?}");
            assert_eq!(engine.orders().len(), naive.orders());
        }
    }
    assert_eq!(
        engine.state_hash(),
        naive.state_hash(),
        "seed {seed}, {mode:?}"
    );
}

fn soak(commands: u64) -> Seen {
    let mut seen = Seen::default();
    for (mode, _) in SelfTrade::NAMES {
        for seed in 0..4 {
            let ids = [12, 60, 150, 300][seed as usize % 4];
            run(0x5eed_0000 + seed, commands / 20, ids, mode, &mut seen);
        }
    }
    seen
}

#[test]
fn a_million_random_commands_end_as_in_the_naive_engine() {
    let seen = soak(1_200_000);
    assert!(
        seen.kinds.iter().all(|&count| count > 1_000),
        "{:?}",
        seen.kinds
    );
    let by_reason = seen.reasons;
    assert!(by_reason.iter().all(|&count| count > 100), "{by_reason:?}");
    assert!(seen.deepest > 100, "{}", seen.deepest);
}

/// `make soak-matching`: a hundred times as long.
#[test]
#[ignore = "minutes; make soak-matching runs it"]
fn a_hundred_million_random_commands_end_as_in_the_naive_engine() {
    let seen = soak(100_000_000);
    println!(
        "reports by kind {:?}, by reason {:?}",
        seen.kinds, seen.reasons
    );
}
