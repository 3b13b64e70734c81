//! The venue by hand: cases small enough to check with a pencil.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod rig;

use py_rt_sim::{Fees, Impact, QueueModel, VenueConfig};
use py_rt_types::{MarketEvent, Money, NewOrder, RejectReason, ReportKind, Side, TimeInForce};
use rig::{bar, limit, market_order, money, row, stop, Bench, Said, DAY, MINUTE};

use Said::{
    Accepted, CancelRejected, Canceled, Expired, Fill, Rejected, ReplaceRejected, Replaced,
};

fn with(tif: TimeInForce, order: NewOrder) -> NewOrder {
    NewOrder { tif, ..order }
}

fn post_only(order: NewOrder) -> NewOrder {
    NewOrder {
        post_only: true,
        ..order
    }
}

#[test]
fn a_market_order_takes_what_is_shown_and_no_more() {
    let mut bench = Bench::booked();
    bench.new_order(&market_order(1, Side::Buy, 25));
    assert_eq!(
        bench.says(),
        [
            Accepted,
            Fill(10, 10_001, 10, false),
            Fill(15, 10_002, 25, false)
        ]
    );
    bench.new_order(&market_order(2, Side::Buy, 40));
    let expected = [
        Accepted,
        Fill(10, 10_001, 10, false),
        Fill(20, 10_002, 30, false),
        Canceled(30),
    ];
    assert_eq!(bench.says(), expected);
    bench.new_order(&market_order(3, Side::Sell, 1));
    assert_eq!(bench.says(), [Accepted, Fill(1, 9_999, 1, false)]);
}

#[test]
fn a_limit_order_takes_down_to_its_limit_and_rests() {
    let mut bench = Bench::booked();
    bench.new_order(&limit(1, Side::Buy, 25, 10_001));
    assert_eq!(bench.says(), [Accepted, Fill(10, 10_001, 10, false)]);
    bench.depth(-1, 10_001, 0);
    bench.trade(-1, 10_001, 6);
    assert_eq!(
        bench.says(),
        [Fill(6, 10_001, 16, true)],
        "nobody is in front of it"
    );
    bench.trade(-1, 10_000, 1);
    assert_eq!(
        bench.says(),
        [Fill(9, 10_001, 25, true)],
        "a trade beyond fills the rest"
    );
}

#[test]
fn immediate_or_cancel_and_fill_or_kill() {
    let mut bench = Bench::booked();
    bench.new_order(&with(TimeInForce::Ioc, limit(1, Side::Buy, 25, 10_001)));
    assert_eq!(
        bench.says(),
        [Accepted, Fill(10, 10_001, 10, false), Canceled(10)]
    );
    bench.new_order(&with(TimeInForce::Ioc, limit(2, Side::Buy, 25, 10_000)));
    assert_eq!(bench.says(), [Accepted, Canceled(0)]);
    bench.new_order(&with(TimeInForce::Fok, limit(3, Side::Buy, 31, 10_002)));
    assert_eq!(bench.says(), [Accepted, Canceled(0)]);
    bench.new_order(&with(TimeInForce::Fok, limit(4, Side::Buy, 30, 10_002)));
    assert_eq!(
        bench.says(),
        [
            Accepted,
            Fill(10, 10_001, 10, false),
            Fill(20, 10_002, 30, false)
        ]
    );
    bench.new_order(&with(TimeInForce::Fok, limit(5, Side::Buy, 11, 10_001)));
    assert_eq!(bench.says(), [Accepted, Canceled(0)]);
}

#[test]
fn post_only_never_takes() {
    let mut bench = Bench::booked();
    bench.new_order(&post_only(limit(1, Side::Buy, 5, 10_001)));
    assert_eq!(bench.says(), [Rejected(RejectReason::WouldCross)]);
    bench.new_order(&post_only(limit(2, Side::Buy, 5, 10_000)));
    assert_eq!(bench.says(), [Accepted]);
    bench.replace(2, 1, 5, Some(10_001));
    assert_eq!(bench.says(), [ReplaceRejected(RejectReason::WouldCross)]);
    bench.trade(-1, 10_000, 3);
    assert_eq!(
        bench.says(),
        [Fill(3, 10_000, 3, true)],
        "the order stands as it was"
    );
}

#[test]
fn the_queue_is_what_was_shown_and_only_trades_shorten_it() {
    let mut bench = Bench::booked();
    bench.new_order(&limit(1, Side::Buy, 10, 9_999));
    bench.trade(-1, 9_999, 49);
    assert_eq!(bench.says(), [Accepted], "one lot is still in front");
    bench.trade(-1, 9_999, 4);
    assert_eq!(bench.says(), [Fill(3, 9_999, 3, true)]);
    bench.trade(1, 9_999, 100);
    assert_eq!(bench.says(), [], "a buyer's trade moves no bid");
    bench.trade(-1, 9_998, 1);
    assert_eq!(bench.says(), [Fill(7, 9_999, 10, true)]);
}

#[test]
fn a_level_that_shrinks_caps_the_queue_and_one_that_grows_does_not_lengthen_it() {
    let mut bench = Bench::booked();
    bench.new_order(&limit(1, Side::Buy, 10, 9_999));
    bench.depth(1, 9_999, 5);
    bench.depth(1, 9_999, 500);
    bench.trade(-1, 9_999, 8);
    assert_eq!(bench.says(), [Accepted, Fill(3, 9_999, 3, true)]);
}

#[test]
fn two_orders_at_one_price_fill_first_come_first_served() {
    let mut bench = Bench::booked();
    bench.new_order(&limit(1, Side::Buy, 10, 10_000));
    bench.new_order(&limit(2, Side::Buy, 10, 10_000));
    bench.trade(-1, 10_000, 14);
    let told = bench.told();
    let fills: Vec<_> = told
        .iter()
        .filter(|t| matches!(t.2, Fill(..)))
        .map(|t| (t.0, t.2))
        .collect();
    assert_eq!(
        fills,
        [
            (1, Fill(10, 10_000, 10, true)),
            (2, Fill(4, 10_000, 4, true))
        ]
    );
}

#[test]
fn the_other_side_moving_across_fills_at_the_limit() {
    let mut bench = Bench::booked();
    bench.new_order(&limit(1, Side::Sell, 10, 10_000));
    bench.depth(1, 10_000, 1);
    assert_eq!(bench.says(), [Accepted, Fill(10, 10_000, 10, true)]);
}

#[test]
fn a_cancel_ends_what_is_left_and_comes_too_late_for_the_rest() {
    let mut bench = Bench::booked();
    bench.new_order(&limit(1, Side::Buy, 10, 10_000));
    bench.trade(-1, 10_000, 4);
    bench.cancel(1);
    assert_eq!(
        bench.says(),
        [Accepted, Fill(4, 10_000, 4, true), Canceled(4)]
    );
    bench.cancel(1);
    bench.replace(1, 1, 5, None);
    assert_eq!(
        bench.says(),
        [CancelRejected, ReplaceRejected(RejectReason::TooLate)]
    );
    bench.trade(-1, 9_000, 100);
    assert_eq!(bench.says(), []);
}

#[test]
fn a_replace_keeps_its_place_only_when_it_gets_smaller() {
    for (qty, keeps) in [(8, true), (12, false)] {
        let mut bench = Bench::booked();
        bench.new_order(&limit(1, Side::Buy, 10, 9_999));
        bench.depth(1, 9_999, 5);
        bench.depth(1, 9_999, 90);
        bench.replace(1, 1, qty, None);
        bench.trade(-1, 9_999, 6);
        let mut expected = vec![Accepted, Replaced(qty, Some(9_999))];
        if keeps {
            expected.push(Fill(1, 9_999, 1, true));
        }
        assert_eq!(bench.says(), expected, "{qty}");
    }
}

#[test]
fn a_replace_may_take_and_may_end_an_order() {
    let mut bench = Bench::booked();
    bench.new_order(&limit(1, Side::Buy, 15, 10_000));
    bench.trade(-1, 10_000, 4);
    bench.replace(1, 1, 15, Some(10_001));
    let expected = [
        Accepted,
        Fill(4, 10_000, 4, true),
        Replaced(15, Some(10_001)),
        Fill(10, 10_001, 14, false),
    ];
    assert_eq!(bench.says(), expected);
    bench.replace(1, 2, 14, None);
    assert_eq!(bench.says(), [Replaced(14, Some(10_001))]);
    bench.cancel(1);
    assert_eq!(bench.says(), [CancelRejected]);
}

#[test]
fn a_stop_waits_for_a_trade_and_takes_the_book() {
    let mut bench = Bench::booked();
    bench.new_order(&stop(1, Side::Sell, 60, 9_998));
    bench.depth(1, 9_999, 0);
    bench.trade(-1, 9_999, 1);
    assert_eq!(bench.says(), [Accepted]);
    bench.trade(-1, 9_998, 1);
    assert_eq!(bench.says(), [Fill(50, 9_998, 50, false), Canceled(50)]);
    bench.new_order(&stop(2, Side::Buy, 5, 10_002));
    bench.trade(1, 10_005, 1);
    assert_eq!(bench.says(), [Accepted, Fill(5, 10_001, 5, false)]);
}

#[test]
fn a_day_order_ends_before_the_first_row_of_the_next_day() {
    let mut bench = Bench::booked();
    bench.new_order(&with(TimeInForce::Day, limit(1, Side::Buy, 10, 10_000)));
    bench.new_order(&limit(2, Side::Buy, 10, 10_000));
    bench.trade(-1, 10_000, 4);
    assert_eq!(bench.says(), [Accepted, Accepted, Fill(4, 10_000, 4, true)]);
    bench.now += DAY;
    bench.trade(-1, 9_990, 1);
    assert_eq!(bench.says(), [Expired(4), Fill(10, 10_000, 10, true)]);
}

#[test]
fn whole_orders_when_parts_are_not_allowed() {
    let config = VenueConfig {
        partial_fills: false,
        ..VenueConfig::default()
    };
    let mut bench = Bench::new(config);
    bench.depth(-1, 10_001, 1);
    bench.new_order(&market_order(1, Side::Buy, 50));
    assert_eq!(bench.says(), [Accepted, Fill(50, 10_001, 50, false)]);
}

#[test]
fn what_cannot_be_is_refused() {
    let mut bench = Bench::booked();
    bench.new_order(&limit(1, Side::Buy, 0, 10_000));
    bench.new_order(&NewOrder {
        limit_price: None,
        ..limit(2, Side::Buy, 5, 0)
    });
    bench.new_order(&NewOrder {
        stop_price: None,
        ..stop(3, Side::Buy, 5, 0)
    });
    let expected = [
        RejectReason::BadQty,
        RejectReason::BadPrice,
        RejectReason::BadPrice,
    ];
    assert_eq!(bench.says(), expected.map(Rejected));
}

#[test]
fn what_waits_at_the_end_expires_and_is_counted() {
    let mut bench = Bench::booked();
    bench.new_order(&limit(1, Side::Buy, 10, 10_000));
    bench.new_order(&stop(2, Side::Buy, 10, 10_100));
    bench.trade(-1, 10_000, 4);
    assert_eq!(bench.venue.expire_all(py_rt_types::UnixNanos(bench.now)), 2);
    assert_eq!(bench.says()[3..], [Expired(4), Expired(0)]);
}

fn fees_of(bench: &mut Bench) -> Vec<Money> {
    std::iter::from_fn(|| bench.venue.poll_report())
        .filter_map(|told| match told.report.kind {
            ReportKind::Fill { fee, .. } => Some(fee),
            _ => None,
        })
        .collect()
}

#[test]
fn fees_by_value_by_share_least_and_rounded() {
    let fees = Fees {
        taker_e9: 1_000_000,
        maker_e9: -100_000,
        ..Fees::default()
    };
    let mut bench = Bench::new(VenueConfig {
        fees,
        ..VenueConfig::default()
    });
    bench.depth(-1, 10_000, 10);
    bench.new_order(&limit(1, Side::Buy, 15, 10_000));
    bench.depth(-1, 10_000, 0);
    bench.trade(-1, 9_999, 1);
    assert_eq!(fees_of(&mut bench), [money("1"), money("-0.05")]);
    let fees = Fees {
        per_share: money("0.005"),
        rounding: money("0.01"),
        ..Fees::default()
    };
    let mut bench = Bench::new(VenueConfig {
        fees,
        ..VenueConfig::default()
    });
    bench.depth(-1, 10_000, 7);
    bench.new_order(&market_order(1, Side::Buy, 7));
    assert_eq!(
        fees_of(&mut bench),
        [money("0.04")],
        "0.035 to the even cent"
    );
}

#[test]
fn the_least_fee_is_of_the_order_not_of_each_execution() {
    let fees = Fees {
        per_share: money("0.05"),
        minimum: money("1"),
        ..Fees::default()
    };
    let mut bench = Bench::new(VenueConfig {
        fees,
        ..VenueConfig::default()
    });
    for (price, qty) in [(10_000, 6), (10_001, 6), (10_002, 18)] {
        bench.depth(-1, price, qty);
    }
    bench.new_order(&market_order(1, Side::Buy, 30));
    assert_eq!(
        fees_of(&mut bench),
        [money("1"), money("0"), money("0.5")],
        "30 x 0.05 = 1.50 in all"
    );
}

#[test]
fn a_resting_post_only_order_fills_when_a_bar_gaps_through_it() {
    let mut bench = Bench::plain();
    let first = bar(0, MINUTE, [10_000, 10_010, 9_990, 10_000]);
    let second = bar(MINUTE, 2 * MINUTE, [9_900, 9_910, 9_890, 9_900]);
    bench.open(&first);
    bench.close(&first);
    let gapped = bar(2 * MINUTE, 3 * MINUTE, [9_800, 9_810, 9_790, 9_800]);
    bench.new_order(&post_only(limit(1, Side::Buy, 5, 9_850)));
    bench.open(&second);
    bench.close(&second);
    bench.open(&gapped);
    assert_eq!(bench.says(), [Accepted, Fill(5, 9_800, 5, true)]);
}

#[test]
fn a_replace_inside_a_bar_may_not_use_the_part_that_is_over() {
    let mut bench = Bench::plain();
    let first = bar(0, MINUTE, [10_000, 10_010, 9_990, 10_000]);
    let second = bar(MINUTE, 2 * MINUTE, [10_000, 10_050, 9_900, 10_000]);
    let third = bar(2 * MINUTE, 3 * MINUTE, [10_000, 10_001, 9_940, 10_000]);
    bench.open(&first);
    bench.close(&first);
    bench.new_order(&limit(1, Side::Buy, 5, 9_500));
    bench.open(&second);
    bench.now += MINUTE / 2;
    bench.replace(1, 1, 5, Some(9_950));
    bench.close(&second);
    assert_eq!(bench.says(), [Accepted, Replaced(5, Some(9_950))]);
    bench.open(&third);
    bench.close(&third);
    assert_eq!(bench.says(), [Fill(5, 9_950, 5, true)]);
}

#[test]
fn queue_models_differ_by_whom_they_think_canceled() {
    // 30 in front of 10 behind; 8 cancel, then 26 trade: who is where is worked out in
    // `crates/sim/src/queue`.
    let cases = [
        (QueueModel::RiskAverse, vec![Accepted]),
        (
            QueueModel::Power(1),
            vec![Accepted, Fill(2, 10_000, 2, true)],
        ),
        (
            QueueModel::Power(3),
            vec![Accepted, Fill(3, 10_000, 3, true)],
        ),
    ];
    for (queue, said) in cases {
        let mut bench = Bench::new(VenueConfig {
            queue,
            ..VenueConfig::default()
        });
        bench.depth(1, 10_000, 30);
        bench.new_order(&limit(1, Side::Buy, 5, 10_000));
        bench.depth(1, 10_000, 40);
        bench.depth(1, 10_000, 32);
        bench.trade(-1, 10_000, 26);
        assert_eq!(bench.says(), said, "{queue:?}");
    }
}

#[test]
fn what_was_taken_is_gone_until_the_market_shows_it_anew() {
    let mut bench = Bench::new(VenueConfig {
        impact: Impact::Removes,
        ..VenueConfig::default()
    });
    bench.depth(-1, 10_001, 5);
    bench.depth(-1, 10_002, 5);
    bench.new_order(&market_order(1, Side::Buy, 7));
    bench.new_order(&market_order(2, Side::Buy, 4));
    let first = [
        Accepted,
        Fill(5, 10_001, 5, false),
        Fill(2, 10_002, 7, false),
    ];
    let second = [Accepted, Fill(3, 10_002, 3, false), Canceled(3)];
    assert_eq!(bench.says(), [&first[..], &second[..]].concat());
    bench.depth(-1, 10_001, 4);
    bench.new_order(&market_order(3, Side::Buy, 4));
    assert_eq!(bench.says(), [Accepted, Fill(4, 10_001, 4, false)]);
}

#[test]
fn data_by_order_say_who_stood_in_front() {
    let mut bench = Bench::new(VenueConfig {
        queue: QueueModel::Fifo,
        ..VenueConfig::default()
    });
    let by_order = |kind, qty, order_id| MarketEvent {
        order_id,
        ..row(0, 0, kind, 1, 10_000, qty)
    };
    let (add, delete, execute) = (5, 7, 8);
    bench.row(&by_order(add, 10, 71));
    bench.row(&by_order(add, 6, 72));
    bench.new_order(&limit(1, Side::Buy, 5, 10_000));
    bench.row(&by_order(add, 9, 73));
    bench.row(&by_order(delete, 9, 73));
    bench.row(&by_order(delete, 6, 72));
    bench.row(&by_order(add, 9, 74));
    assert_eq!(bench.says(), [Accepted]);
    bench.row(&by_order(execute, 10, 71));
    assert!(bench.says().is_empty(), "the last one in front");
    bench.row(&by_order(execute, 2, 74));
    assert_eq!(bench.says(), [Fill(2, 10_000, 2, true)]);
}
