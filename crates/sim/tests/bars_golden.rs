//! Backtests on bars by hand: which price, when, and what never fills.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod rig;

use py_rt_kernel::{Context, Interests, OrderRequest, Strategy};
use py_rt_sim::{Backtest, BacktestData, BarFill, Latency, Recording};
use py_rt_types::{Bar, OrderStatus, Price, Qty, Side, TimeInForce};
use rig::{bar, run_config, DAY, FIRST, MINUTE, MS};

/// Asks for these orders at the close of the bar of that number, counted from 0.
struct Plan {
    seen: usize,
    orders: Vec<(usize, OrderRequest)>,
}

impl Strategy for Plan {
    fn interests(&self) -> Interests {
        Interests::BAR
    }
    fn on_bar(&mut self, ctx: &mut Context<'_>, _bar: &Bar) {
        for (at, request) in &self.orders {
            if *at == self.seen {
                ctx.submit(*request);
            }
        }
        self.seen += 1;
    }
}

struct Case {
    latency: Latency,
    bar_fill: BarFill,
    touch: bool,
    orders: Vec<(usize, OrderRequest)>,
}

fn case(orders: &[(usize, OrderRequest)]) -> Case {
    let latency = Latency {
        feed_ns: MS,
        order_ns: MS,
        report_ns: MS,
    };
    Case {
        latency,
        bar_fill: BarFill::NextOpen,
        touch: false,
        orders: orders.to_vec(),
    }
}

impl Case {
    /// Fills as time, price and quantity; statuses by order; orders expired at the end.
    fn run(self, bars: &[Bar]) -> (Vec<(i64, i64, i64)>, Vec<OrderStatus>, usize) {
        let mut config = run_config(1, self.latency);
        (config.venue.bar_fill, config.venue.bar_touch_fills) = (self.bar_fill, self.touch);
        let plan = Plan {
            seen: 0,
            orders: self.orders,
        };
        let mut run = Backtest::new(config, &BacktestData { events: &[], bars }, plan);
        run.run(&mut |_, _| true);
        let recording: &Recording = run.recording();
        let fills = recording.fills.iter();
        let fills = fills.map(|f| (f.ts_event.0, f.last_price.0, f.last_qty.0 * f.side.sign()));
        let statuses = recording.orders.iter().map(|row| row.order.status);
        (
            fills.collect(),
            statuses.collect(),
            recording.expired_unfilled,
        )
    }
}

fn minutes(bars: &[[i64; 4]]) -> Vec<Bar> {
    let bar_at = |(place, prices): (usize, &[i64; 4])| {
        let open = DAY * 100 + place as i64 * MINUTE;
        bar(open, open + MINUTE, *prices)
    };
    bars.iter().enumerate().map(bar_at).collect()
}

fn at(minute: i64) -> i64 {
    DAY * 100 + minute * MINUTE
}

fn market(side: Side, qty: i64) -> OrderRequest {
    OrderRequest::market(FIRST, side, Qty(qty))
}

fn limit(side: Side, qty: i64, price: i64) -> OrderRequest {
    OrderRequest::limit(FIRST, side, Qty(qty), Price(price))
}

fn stop(side: Side, qty: i64, price: i64) -> OrderRequest {
    OrderRequest {
        stop_price: Some(Price(price)),
        ..market(side, qty)
    }
}

const QUIET: [i64; 4] = [100, 102, 98, 100];

#[test]
fn a_market_order_fills_at_the_next_open() {
    let bars = minutes(&[QUIET, [101, 103, 99, 102], QUIET]);
    let (fills, statuses, expired) = case(&[(0, market(Side::Buy, 5))]).run(&bars);
    assert_eq!(fills, [(at(1), 101, 5)]);
    assert_eq!((statuses, expired), (vec![OrderStatus::Filled], 0));
}

#[test]
fn or_at_the_next_close() {
    let bars = minutes(&[QUIET, [101, 103, 99, 102], QUIET]);
    let next_close = Case {
        bar_fill: BarFill::NextClose,
        ..case(&[(0, market(Side::Buy, 5))])
    };
    assert_eq!(next_close.run(&bars).0, [(at(2), 102, 5)]);
}

/// Below one bar the latency does not matter; an arrival at the very moment of an open is too late
/// for that open.
#[test]
fn a_latency_of_a_bar_or_more_means_the_open_after_the_arrival() {
    let bars = minutes(&[
        QUIET,
        [101, 103, 99, 102],
        [104, 106, 103, 105],
        [107, 108, 106, 107],
    ]);
    for (order_ns, expected) in [
        (0, 101),
        (MINUTE - 2 * MS, 101),
        (MINUTE - MS, 107),
        (MINUTE, 107),
        (2 * MINUTE - 2 * MS, 107),
    ] {
        let latency = Latency {
            feed_ns: MS,
            order_ns,
            report_ns: MS,
        };
        let (fills, _, _) = Case {
            latency,
            ..case(&[(0, market(Side::Buy, 5))])
        }
        .run(&bars);
        assert_eq!(
            fills.iter().map(|f| f.1).collect::<Vec<_>>(),
            [expected],
            "{order_ns}"
        );
    }
}

#[test]
fn a_limit_fills_at_its_price_inside_a_bar_and_touching_does_not() {
    let bars = minutes(&[QUIET, [100, 102, 97, 100], [100, 102, 96, 100], QUIET]);
    let order = [(0, limit(Side::Buy, 5, 97))];
    assert_eq!(
        case(&order).run(&bars).0,
        [(at(3), 97, 5)],
        "touched in 1, traded through in 2"
    );
    let optimistic = Case {
        touch: true,
        ..case(&order)
    };
    assert_eq!(optimistic.run(&bars).0, [(at(2), 97, 5)]);
    let order = [(0, limit(Side::Sell, 5, 102))];
    assert_eq!(case(&order).run(&bars).0, []);
}

#[test]
fn a_limit_fills_at_the_open_when_the_bar_gaps_through_it() {
    let bars = minutes(&[QUIET, QUIET, [90, 95, 88, 93], QUIET]);
    assert_eq!(
        case(&[(0, limit(Side::Buy, 5, 97))]).run(&bars).0,
        [(at(2), 90, 5)]
    );
    let bars = minutes(&[QUIET, QUIET, [110, 112, 108, 109], QUIET]);
    assert_eq!(
        case(&[(0, limit(Side::Sell, 5, 105))]).run(&bars).0,
        [(at(2), 110, -5)]
    );
    assert_eq!(
        case(&[(0, limit(Side::Buy, 5, 103))]).run(&bars).0,
        [(at(1), 100, 5)],
        "at once"
    );
}

#[test]
fn a_stop_fills_at_its_price_or_at_the_open_beyond_it() {
    let bars = minutes(&[QUIET, QUIET, [100, 101, 94, 95], QUIET]);
    assert_eq!(
        case(&[(0, stop(Side::Sell, 5, 96))]).run(&bars).0,
        [(at(3), 96, -5)]
    );
    let bars = minutes(&[QUIET, QUIET, [94, 95, 90, 95], QUIET]);
    assert_eq!(
        case(&[(0, stop(Side::Sell, 5, 96))]).run(&bars).0,
        [(at(2), 94, -5)]
    );
    let bars = minutes(&[QUIET, QUIET, [100, 105, 99, 95], QUIET]);
    assert_eq!(
        case(&[(0, stop(Side::Buy, 5, 104))]).run(&bars).0,
        [(at(3), 104, 5)]
    );
}

#[test]
fn a_stop_with_a_limit_is_that_limit_once_it_is_reached() {
    let guarded = |stopped, limit| OrderRequest {
        limit_price: Some(Price(limit)),
        ..stop(Side::Sell, 5, stopped)
    };
    let inside = minutes(&[QUIET, QUIET, [100, 101, 94, 95], QUIET]);
    let fills = case(&[(0, guarded(96, 95))]).run(&inside).0;
    assert_eq!(fills, [(at(3), 96, -5)], "at the stop, as the limit allows");
    let gap = minutes(&[QUIET, QUIET, [90, 93, 88, 92], [94, 97, 92, 96], QUIET]);
    let fills = case(&[(0, guarded(96, 95))]).run(&gap).0;
    assert_eq!(fills, [(at(4), 95, -5)], "not at the open beyond it");
    let bars = [QUIET, QUIET, [100, 101, 94, 95], [95, 99, 93, 95], QUIET];
    let fills = case(&[(0, guarded(96, 98))]).run(&minutes(&bars)).0;
    assert_eq!(
        fills,
        [(at(4), 98, -5)],
        "a better price, from the next bar on"
    );
}

#[test]
fn a_stop_and_a_limit_in_one_bar_end_the_worse_way() {
    let bars = minutes(&[
        QUIET,
        QUIET,
        [100, 110, 90, 100],
        [100, 104, 99, 100],
        QUIET,
    ]);
    let orders = [(0, limit(Side::Sell, 5, 108)), (0, stop(Side::Sell, 5, 95))];
    let (fills, statuses, _) = case(&orders).run(&bars);
    assert_eq!(fills, [(at(3), 95, -5)], "the stop, and not the limit");
    assert_eq!(statuses, [OrderStatus::Expired, OrderStatus::Filled]);
}

#[test]
fn sparse_bars_wait_for_the_next_one() {
    let mut bars = minutes(&[QUIET, [101, 103, 99, 102]]);
    for bar in &mut bars[1..] {
        bar.ts_open.0 += 40 * MINUTE;
        bar.ts_close.0 += 40 * MINUTE;
    }
    let (fills, _, _) = case(&[(0, market(Side::Buy, 5))]).run(&bars);
    assert_eq!(fills, [(at(41), 101, 5)]);
}

#[test]
fn day_orders_live_for_the_session_of_their_first_bar() {
    let days: Vec<Bar> = [QUIET, [100, 102, 98, 100], [100, 102, 90, 100], QUIET]
        .iter()
        .enumerate()
        .map(|(day, prices)| {
            let open = day as i64 * DAY + 14 * 60 * MINUTE;
            bar(open, open + 390 * MINUTE, *prices)
        })
        .collect();
    let (fills, statuses, expired) = case(&[(0, limit(Side::Buy, 5, 95))]).run(&days);
    assert_eq!(
        (fills, statuses, expired),
        (vec![], vec![OrderStatus::Expired], 0)
    );
    let mut cancelled_later = limit(Side::Buy, 5, 95);
    cancelled_later.tif = Some(TimeInForce::Gtc);
    let (fills, statuses, _) = case(&[(0, cancelled_later)]).run(&days);
    assert_eq!(fills.iter().map(|f| f.1).collect::<Vec<_>>(), [95]);
    assert_eq!(statuses, [OrderStatus::Filled]);
}

#[test]
fn orders_of_the_last_bar_expire_and_are_counted() {
    let bars = minutes(&[QUIET, QUIET]);
    let orders = [
        (1, market(Side::Buy, 5)),
        (1, limit(Side::Buy, 5, 90)),
        (0, limit(Side::Buy, 1, 90)),
    ];
    let (fills, statuses, expired) = case(&orders).run(&bars);
    assert_eq!((fills, expired), (vec![], 3));
    assert_eq!(statuses, vec![OrderStatus::Expired; 3]);
}

#[test]
fn immediate_orders_take_the_open_or_nothing() {
    let bars = minutes(&[QUIET, [100, 102, 90, 100], QUIET]);
    for tif in [TimeInForce::Ioc, TimeInForce::Fok] {
        let order = |price| OrderRequest {
            tif: Some(tif),
            ..limit(Side::Buy, 5, price)
        };
        let (fills, statuses, _) = case(&[(0, order(95)), (0, order(101))]).run(&bars);
        assert_eq!(fills, [(at(1), 100, 5)]);
        assert_eq!(statuses, [OrderStatus::Canceled, OrderStatus::Filled]);
    }
}
