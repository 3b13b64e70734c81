//! Same inputs, same outputs; and the future never changes the past.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod restless;
mod rig;

use py_rt_sim::{Backtest, BacktestConfig, BacktestData};
use py_rt_types::Bar;
use restless::{latencies, two_bars, Restless};
use rig::{market, run_config, Dice, MINUTE, MS};

struct Outcome {
    seen: Vec<(i64, u64)>,
    fills: Vec<(i64, i64, i64, u64)>,
    order_hash: u128,
    decisions: u64,
}

fn run(config: &BacktestConfig, data: &BacktestData<'_>, seed: u64, eager: u64) -> Outcome {
    let mut run = Backtest::new(config.clone(), data, Restless::new(seed, eager));
    run.run(&mut |_, _| true);
    let fills = run.recording().fills.iter();
    let fills = fills
        .map(|f| {
            (
                f.ts_recv.0,
                f.last_price.0,
                f.last_qty.0,
                f.client_order_id.sequence,
            )
        })
        .collect();
    let (order_hash, decisions) = (run.kernel().order_hash(), run.kernel().decisions());
    let seen = std::mem::take(&mut run.strategy_mut().seen);
    Outcome {
        seen,
        fills,
        order_hash,
        decisions,
    }
}

#[test]
fn two_runs_are_equal() {
    let events = market(0x5eed_7000, 6_000, 2);
    let data = BacktestData {
        events: &events,
        bars: &[],
    };
    for latency in latencies() {
        let config = run_config(2, latency);
        let (one, two) = (run(&config, &data, 1, 10), run(&config, &data, 1, 10));
        assert!(
            one.decisions > 100 && !one.fills.is_empty(),
            "{}",
            one.decisions
        );
        assert_eq!(
            (one.order_hash, one.decisions),
            (two.order_hash, two.decisions)
        );
        assert_eq!(one.seen, two.seen);
        assert_eq!(one.fills, two.fills);
        let other = run(&config, &data, 2, 10);
        assert_ne!(one.order_hash, other.order_hash);
    }
}

/// Looking at the equity curve is no part of the run.
#[test]
fn sampling_does_not_change_what_is_traded() {
    let events = market(0x5eed_7001, 6_000, 2);
    let data = BacktestData {
        events: &events,
        bars: &[],
    };
    for latency in latencies() {
        let plain = run_config(2, latency);
        let expected = run(&plain, &data, 1, 10);
        for sample_every_ns in [MS, 5 * MS, 100 * MS] {
            let sampled = BacktestConfig {
                sample_every_ns,
                ..plain.clone()
            };
            let found = run(&sampled, &data, 1, 10);
            let place = found
                .seen
                .iter()
                .zip(&expected.seen)
                .position(|(a, b)| a != b);
            assert_eq!(place, None, "{latency:?} every {sample_every_ns}");
            assert_eq!(
                found.order_hash, expected.order_hash,
                "{latency:?} {sample_every_ns}"
            );
        }
    }
}

fn assert_same_past(one: &Outcome, two: &Outcome, before: i64, at: &str) {
    let past = |outcome: &Outcome| -> Vec<(i64, u64)> {
        outcome
            .seen
            .iter()
            .copied()
            .filter(|seen| seen.0 < before)
            .collect()
    };
    let fills = |outcome: &Outcome| -> Vec<(i64, i64, i64, u64)> {
        outcome
            .fills
            .iter()
            .copied()
            .filter(|fill| fill.0 < before)
            .collect()
    };
    let (one_past, two_past) = (past(one), past(two));
    let differs = one_past.iter().zip(&two_past).position(|(a, b)| a != b);
    assert_eq!(differs, None, "{at}");
    assert_eq!(one_past.len(), two_past.len(), "{at}");
    assert_eq!(fills(one), fills(two), "{at}");
}

#[test]
fn cutting_or_changing_later_rows_never_changes_the_past() {
    let events = market(0x5eed_7002, 4_000, 2);
    let mut dice = Dice(0x5eed_7003);
    for latency in latencies() {
        let config = run_config(2, latency);
        let whole = run(
            &config,
            &BacktestData {
                events: &events,
                bars: &[],
            },
            1,
            10,
        );
        for _ in 0..8 {
            let mut place = dice.between(100, 3_900) as usize;
            while events[place].ts_event == events[place - 1].ts_event {
                place += 1;
            }
            let (before, at) = (
                events[place].ts_event.0,
                format!("{latency:?} from row {place}"),
            );
            let cut = BacktestData {
                events: &events[..place],
                bars: &[],
            };
            let end = events[place - 1].ts_event.0;
            assert_same_past(&whole, &run(&config, &cut, 1, 10), end, &at);
            let mut altered = events.clone();
            for event in &mut altered[place..] {
                event.price.0 += dice.between(-3, 3);
                event.qty.0 = dice.between(0, 40);
            }
            let altered = BacktestData {
                events: &altered,
                bars: &[],
            };
            assert_same_past(&whole, &run(&config, &altered, 1, 10), before, &at);
        }
    }
}

const EAGER: u64 = 5;

fn on_bars(config: &BacktestConfig, bars: &[Bar]) -> Outcome {
    run(config, &BacktestData { events: &[], bars }, 1, EAGER)
}

/// The rest of a bar is the future until it closes, and its open until it opens.
#[test]
fn cutting_or_changing_later_bars_never_changes_the_past() {
    let bars = two_bars(0x5eed_7004, 300);
    let mut dice = Dice(0x5eed_7005);
    for latency in latencies() {
        let config = run_config(2, latency);
        let whole = on_bars(&config, &bars);
        assert!(
            whole.decisions > 50 && !whole.fills.is_empty(),
            "{}",
            whole.decisions
        );
        for _ in 0..6 {
            let minute = dice.between(10, 280);
            let at = format!("{latency:?} minute {minute}");
            let mut insides = bars.clone();
            for bar in insides
                .iter_mut()
                .filter(|bar| bar.ts_close.0 > minute * MINUTE)
            {
                if bar.ts_open.0 > minute * MINUTE {
                    bar.open.0 += 50;
                }
                bar.high.0 += dice.between(20, 90);
                bar.low.0 -= dice.between(20, 90);
                bar.close = bar.low;
            }
            let insides = on_bars(&config, &insides);
            assert_same_past(&whole, &insides, (minute + 1) * MINUTE, &at);
            let opens: Vec<Bar> = bars
                .iter()
                .map(|bar| match bar.ts_open.0 >= minute * MINUTE {
                    true => rig::bar(bar.ts_open.0, bar.ts_close.0, [7_000, 7_100, 6_900, 7_000]),
                    false => *bar,
                })
                .collect();
            let opens = on_bars(&config, &opens);
            assert_same_past(&whole, &opens, minute * MINUTE, &at);
            let cut: Vec<Bar> = bars
                .iter()
                .copied()
                .filter(|bar| bar.ts_open.0 < minute * MINUTE)
                .collect();
            let end = cut.last().unwrap().ts_close.0;
            let cut = on_bars(&config, &cut);
            assert_same_past(&whole, &cut, end, &at);
        }
    }
}

/// What the clock of the recorder says is believed when it is later than event and latency.
#[test]
fn a_row_is_seen_no_earlier_than_it_was_received() {
    let mut events = market(0x5eed_7006, 500, 1);
    for event in &mut events {
        event.ts_recv = event.ts_event.plus(40 * MS);
    }
    let data = BacktestData {
        events: &events,
        bars: &[],
    };
    let outcome = run(&run_config(1, latencies()[1]), &data, 1, 1_000_000_000);
    let first = outcome
        .seen
        .iter()
        .find(|seen| seen.0 > events[0].ts_event.0)
        .unwrap();
    assert_eq!(first.0, events[0].ts_recv.0);
}
