//! Value at risk, shortfall and greeks, against the plain way.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod rig;

use py_rt_kernel::risk::{Control as Limit, GreekLimit, Greeks, TailLimit};
use py_rt_kernel::Control;
use py_rt_types::Side;
use rig::guards::{second, two, two_config};
use rig::verdict::verdict;
use rig::{buy, money, Dice, Rig, Script, FIRST, SECOND_INSTRUMENT};

/// Value at risk and expected shortfall the plain way, in floats, for positions that are held.
fn naive_tail(values: &[f64], returns: &[Vec<i64>], level: f64) -> (f64, f64) {
    let count = returns[0].len();
    let mut losses: Vec<f64> = (0..count)
        .map(|s| {
            let gain = |(value, row): (&f64, &Vec<i64>)| value * row[s] as f64 / 1e9;
            -values.iter().zip(returns).map(gain).sum::<f64>()
        })
        .collect();
    losses.sort_by(|a, b| b.total_cmp(a));
    let beyond = count as f64 * (1.0 - level);
    let whole = (beyond + 1e-9).floor();
    let sum: f64 = losses[..whole as usize].iter().sum();
    let boundary = losses[whole as usize];
    (boundary, (sum + boundary * (beyond - whole)) / beyond)
}

#[test]
fn tail_limits_equal_the_plain_way() {
    let mut dice = Dice(20_260_101);
    for round in 0..200 {
        let count = dice.between(10, 60);
        let mut returns = |_| -> Vec<i64> {
            (0..count)
                .map(|_| dice.between(-80_000_000, 80_000_000))
                .collect()
        };
        let returns: Vec<Vec<i64>> = (0..2).map(&mut returns).collect();
        let (held, asked) = (dice.between(-50, 50), dice.between(1, 50));
        let values = [held as f64 * 100.0, asked as f64 * 100.0];
        let (var, es) = naive_tail(&values, &returns, 0.93);
        if held == 0 || var <= 0.01 {
            continue;
        }
        for (worst, control) in [(var, Limit::MaxVar), (es, Limit::MaxExpectedShortfall)] {
            for (factor, refused) in [(0.999_999, true), (1.000_001, false)] {
                let limit = Some(money(&format!("{:.9}", worst * factor)));
                let tail = TailLimit {
                    scenarios: vec![
                        ("AAA".into(), returns[0].clone()),
                        ("BBB".into(), returns[1].clone()),
                    ],
                    level_e9: 930_000_000,
                    max_var: limit.filter(|_| control == Limit::MaxVar),
                    max_es: limit.filter(|_| control != Limit::MaxVar),
                };
                let mut rig = two(|_| {});
                rig.hold(FIRST, held);
                let books = rig.kernel.snapshot();
                let mut next = Rig::silent(two_config(|g| g.tail = Some(tail)), Script::default());
                next.kernel.restore(&books).unwrap();
                next.book(FIRST, 9_999, 10_001);
                next.book(SECOND_INSTRUMENT, 9_999, 10_001);
                next.control(Control::Start);
                let expected = refused.then_some(control);
                // Alone on its side, the order is executed in the worst case or is not.
                let alone = naive_tail(&[values[0], 0.0], &returns, 0.93);
                let both = worst_tail(&values, &returns);
                if alone.0 > var || (both.0 - var).abs() > 1e-6 || (both.1 - es).abs() > 1e-6 {
                    continue;
                }
                let found = verdict(&mut next, second(Side::Buy, asked));
                assert_eq!(found, expected, "round {round} {control:?} {factor}");
            }
        }
    }
}

/// The measures when each scenario meets the worse of both outcomes of the order.
fn worst_tail(values: &[f64; 2], returns: &[Vec<i64>]) -> (f64, f64) {
    let clipped: Vec<i64> = returns[1].iter().map(|&r| r.min(0)).collect();
    naive_tail(values, &[returns[0].clone(), clipped], 0.93)
}

#[test]
fn tail_holds_whichever_open_orders_are_executed() {
    let tail = TailLimit {
        scenarios: vec![
            ("AAA".into(), vec![-100_000_000, 50_000_000, 0, 0]),
            ("BBB".into(), vec![100_000_000, -50_000_000, 0, 0]),
        ],
        level_e9: 750_000_001,
        max_var: Some(money("50")),
        max_es: None,
    };
    let mut rig = two(|g| g.tail = Some(tail));
    // Long the one and long the other hedge each other, but only when both are executed.
    assert_eq!(verdict(&mut rig, buy(5, 10_000)), None);
    assert_eq!(verdict(&mut rig, buy(1, 10_000)), Some(Limit::MaxVar));
    assert_eq!(verdict(&mut rig, second(Side::Buy, 5)), None);
    assert_eq!(
        verdict(&mut rig, second(Side::Sell, 1)),
        Some(Limit::MaxVar)
    );
}

#[test]
fn greeks_of_given_numbers() {
    let greeks = GreekLimit {
        greeks: vec![
            Greeks {
                symbol: "AAA".into(),
                delta: money("0.5"),
                gamma: money("0.02"),
                vega: money("12"),
            },
            Greeks {
                symbol: "BBB".into(),
                delta: money("-0.25"),
                gamma: money("0.01"),
                vega: money("3"),
            },
        ],
        max_delta: Some(money("10")),
        max_gamma: Some(money("0.5")),
        max_vega: Some(money("300")),
    };
    let set = |change: &dyn Fn(&mut GreekLimit)| {
        let mut limit = greeks.clone();
        change(&mut limit);
        two(|g| g.greeks = Some(limit))
    };
    let mut rig = set(&|_| {});
    assert_eq!(verdict(&mut rig, buy(21, 10_000)), Some(Limit::MaxDelta));
    assert_eq!(verdict(&mut rig, buy(20, 10_000)), None);
    // A hedge that is not executed yet counts for nothing.
    assert_eq!(verdict(&mut rig, second(Side::Buy, 1)), None);
    assert_eq!(verdict(&mut rig, buy(1, 10_000)), Some(Limit::MaxDelta));
    let mut rig = set(&|limit| limit.max_delta = None);
    assert_eq!(verdict(&mut rig, buy(26, 10_000)), Some(Limit::MaxGamma));
    let mut rig = set(&|limit| (limit.max_delta, limit.max_gamma) = (None, None));
    assert_eq!(verdict(&mut rig, buy(26, 10_000)), Some(Limit::MaxVega));
    assert_eq!(verdict(&mut rig, buy(25, 10_000)), None);
}
