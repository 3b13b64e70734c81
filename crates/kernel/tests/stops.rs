//! Stops, stops with a limit and trailing ones: held by the kernel until the market is there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod rig;

use py_rt_kernel::execution::parents::{Algorithm, Trigger};
use py_rt_types::{OrderStatus, OrderType, Price, Qty, Side, TimeInForce};
use rig::parents::stop;
use rig::{buy_market, row, Rig, Wish, FIRST};

#[test]
fn a_stop_is_held_until_the_market_trades_there() {
    let mut rig = Rig::one();
    rig.hold(FIRST, 100);
    let id = rig.execute(stop(Side::Sell, 9_950));
    assert!(rig.new_orders().is_empty());
    assert_eq!(
        rig.kernel.orders().exposure(FIRST).sell,
        100,
        "as if it were on its way"
    );
    rig.print(9_951, 10);
    assert!(rig.new_orders().is_empty());
    rig.print(9_950, 10);
    let sent = rig.new_orders();
    assert_eq!(
        (sent.len(), sent[0].order_type, sent[0].order_qty),
        (1, OrderType::Market, Qty(100))
    );
    assert_eq!(
        rig.kernel.orders().exposure(FIRST).sell,
        100,
        "and not twice"
    );
    rig.print(9_900, 10);
    assert_eq!(rig.new_orders().len(), 1, "once");
    rig.fill_all();
    assert_eq!(rig.parent(id).status, OrderStatus::Filled);
    assert_eq!(
        (rig.held(), rig.kernel.orders().exposure(FIRST).sell),
        (0, 0)
    );
}

#[test]
fn a_stop_with_a_limit_becomes_a_limit_order() {
    let mut rig = Rig::one();
    let mut request = stop(Side::Buy, 10_050);
    request.limit_price = Some(Price(10_060));
    request.terms.tif = Some(TimeInForce::Gtc);
    rig.execute(request);
    rig.print(10_055, 1);
    let sent = rig.new_orders()[0];
    assert_eq!(
        (sent.order_type, sent.limit_price),
        (OrderType::Limit, Some(Price(10_060)))
    );
    assert_eq!(sent.tif, TimeInForce::Gtc);
}

#[test]
fn a_trailing_stop_follows_and_never_goes_back() {
    let mut rig = Rig::one();
    rig.hold(FIRST, 100);
    let mut request = stop(Side::Sell, 0);
    request.algorithm = Algorithm::Stop {
        stop_price: None,
        trail_ticks: Some(50),
        trigger: Trigger::LastTrade,
    };
    let id = rig.execute(request);
    for (price, stop) in [(10_020, 9_970), (10_100, 10_050), (10_060, 10_050)] {
        rig.print(price, 1);
        let Algorithm::Stop { stop_price, .. } = rig.parent(id).algorithm else {
            panic!("a stop");
        };
        assert_eq!(stop_price, Some(Price(stop)));
    }
    assert!(rig.new_orders().is_empty());
    rig.print(10_049, 1);
    assert_eq!(rig.new_orders().len(), 1);
}

#[test]
fn a_stop_looks_at_the_touch_of_a_valid_book_only() {
    let mut rig = Rig::one();
    let mut request = stop(Side::Buy, 10_050);
    request.algorithm = Algorithm::Stop {
        stop_price: Some(Price(10_050)),
        trail_ticks: None,
        trigger: Trigger::Touch,
    };
    rig.execute(request);
    rig.print(10_060, 1);
    assert!(rig.new_orders().is_empty(), "a trade does not reach it");
    rig.book(FIRST, 10_045, 10_050);
    assert_eq!(rig.new_orders().len(), 1);

    let mut rig = Rig::one();
    rig.execute(stop(Side::Buy, 10_050));
    rig.market(&row(FIRST, rig.now, 0, -1, 9_990, 10));
    rig.print(10_060, 1);
    assert!(
        rig.new_orders().is_empty(),
        "nobody knows what this trade means"
    );
    rig.book(FIRST, 10_055, 10_065);
    rig.print(10_060, 1);
    assert_eq!(rig.new_orders().len(), 1);
}

#[test]
fn a_stop_that_breaks_a_limit_is_refused_when_it_is_asked_for() {
    let mut limits = rig::loose();
    limits.max_position_notional = rig::money("5000");
    let mut rig = Rig::with(limits);
    let id = rig.execute(stop(Side::Buy, 10_050));
    assert_eq!(rig.parent(id).status, OrderStatus::Rejected);
    assert_eq!(rig.kernel.orders().exposure(FIRST).buy, 0);
    rig.ask(&[buy_market(40)]);
    assert_eq!(rig.denial(), None);
}

#[test]
fn what_a_stop_holds_back_counts_against_the_limits() {
    let mut limits = rig::loose();
    limits.max_position_notional = rig::money("15000");
    let mut rig = Rig::with(limits);
    let id = rig.execute(stop(Side::Buy, 10_050));
    rig.ask(&[buy_market(60)]);
    assert!(rig.denial().is_some());
    rig.ask(&[Wish::Cancel(id)]);
    rig.forget();
    rig.ask(&[buy_market(60)]);
    assert_eq!(rig.denial(), None);
}
