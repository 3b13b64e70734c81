//! Targets: idempotent while orders are on their way, and dropped when they cannot be had.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod rig;

use py_rt_kernel::{Control, KernelConfig, OrderRequest};
use py_rt_types::{Price, Qty, RejectReason, ReportKind, Side};
use rig::{buy, config, fill, instrument, loose, money, rejected, sell, told, Rig, Wish, FIRST};

fn orders(rig: &Rig) -> Vec<(Side, i64)> {
    rig.new_orders()
        .iter()
        .map(|order| (order.side, order.order_qty.0))
        .collect()
}

fn target(qty: i64) -> Wish {
    Wish::Target(FIRST, qty)
}

fn sold(rig: &mut Rig, sequence: u64, kind: ReportKind) {
    let mut report = told(sequence, rig.now, kind);
    report.side = Side::Sell;
    rig.report(&report);
}

#[test]
fn a_target_is_asked_for_once_however_often_it_is_set() {
    let mut rig = Rig::one();
    rig.ask(&[target(10), target(10)]);
    rig.ask(&[target(10)]);
    rig.tell(1, ReportKind::Accepted);
    rig.ask(&[target(10)]);
    rig.tell(1, fill(4, 4, 10_001));
    rig.ask(&[target(10)]);
    rig.tell(1, fill(6, 10, 10_001));
    rig.ask(&[target(10)]);
    assert_eq!(orders(&rig), [(Side::Buy, 10)]);
}

#[test]
fn a_flip_is_one_order_through_zero() {
    let mut rig = Rig::one();
    rig.hold(FIRST, 10);
    rig.ask(&[target(-10)]);
    assert_eq!(orders(&rig), [(Side::Sell, 20)]);
    sold(&mut rig, 2, fill(20, 20, 9_999));
    rig.ask(&[target(-10), target(0)]);
    assert_eq!(orders(&rig), [(Side::Sell, 20), (Side::Buy, 10)]);
}

#[test]
fn what_works_against_a_target_is_cancelled_first() {
    let mut rig = Rig::one();
    rig.ask(&[sell(5, 10_010)]);
    sold(&mut rig, 1, ReportKind::Accepted);
    rig.forget();
    rig.ask(&[target(10)]);
    assert_eq!((rig.cancels().len(), orders(&rig).len()), (1, 0));
    rig.ask(&[target(10)]);
    assert_eq!(rig.cancels().len(), 1);
    sold(&mut rig, 1, fill(2, 2, 10_010));
    sold(&mut rig, 1, ReportKind::Canceled { cum_qty: Qty(2) });
    assert_eq!(
        orders(&rig),
        [(Side::Buy, 12)],
        "the sale of 2 is made good"
    );
}

#[test]
fn a_smaller_target_takes_back_what_is_on_its_way() {
    let mut rig = Rig::one();
    rig.ask(&[target(10)]);
    rig.tell(1, ReportKind::Accepted);
    rig.forget();
    rig.ask(&[target(4)]);
    assert_eq!(rig.cancels().len(), 1);
    rig.tell(1, fill(2, 2, 10_001));
    rig.tell(1, ReportKind::Canceled { cum_qty: Qty(2) });
    assert_eq!(orders(&rig), [(Side::Buy, 2)]);
}

#[test]
fn orders_of_the_same_side_count_towards_a_target() {
    let mut rig = Rig::one();
    rig.ask(&[buy(4, 9_990), target(10)]);
    assert_eq!(orders(&rig), [(Side::Buy, 4), (Side::Buy, 6)]);
}

fn stop(side: Side, qty: i64, price: i64) -> Wish {
    let mut request = OrderRequest::market(FIRST, side, Qty(qty));
    request.stop_price = Some(Price(price));
    Wish::Submit(request)
}

/// 10 are held by a target, and a stop for them rests at the venue as order 2.
fn guarded() -> Rig {
    let mut rig = Rig::one();
    rig.ask(&[target(10)]);
    rig.tell(1, fill(10, 10, 10_001));
    rig.ask(&[stop(Side::Sell, 10, 9_900)]);
    sold(&mut rig, 2, ReportKind::Accepted);
    rig.forget();
    rig
}

#[test]
fn a_stop_at_the_venue_is_not_on_its_way() {
    let mut rig = guarded();
    rig.ask(&[target(10)]);
    assert_eq!((rig.cancels().len(), orders(&rig)), (0, vec![]));
    rig.ask(&[target(15)]);
    assert_eq!(
        (rig.cancels().len(), orders(&rig)),
        (0, vec![(Side::Buy, 5)])
    );
}

#[test]
fn a_stop_that_is_reached_ends_the_target() {
    let mut rig = guarded();
    rig.ask(&[target(10)]);
    sold(&mut rig, 2, fill(10, 10, 9_890));
    assert_eq!(orders(&rig), [], "what it sold is not bought back");
    rig.ask(&[target(10)]);
    assert_eq!(
        orders(&rig),
        [(Side::Buy, 10)],
        "until it is asked for again"
    );
}

#[test]
fn a_stop_is_cancelled_before_its_position_is_closed() {
    let mut rig = guarded();
    rig.ask(&[target(0)]);
    assert_eq!((rig.cancels().len(), orders(&rig)), (1, vec![]));
    sold(&mut rig, 2, fill(4, 4, 9_890));
    sold(&mut rig, 2, ReportKind::Canceled { cum_qty: Qty(4) });
    assert_eq!(orders(&rig), [(Side::Sell, 6)]);
}

#[test]
fn an_order_of_the_strategy_ends_its_target() {
    let mut rig = Rig::one();
    rig.ask(&[target(10)]);
    rig.tell(1, fill(10, 10, 10_001));
    rig.ask(&[sell(10, 10_010)]);
    rig.forget();
    sold(&mut rig, 2, fill(10, 10, 10_010));
    assert_eq!(orders(&rig), [], "what it sold is not bought back");
}

#[test]
fn cancelling_what_works_for_a_target_ends_it() {
    for wish in [Wish::Cancel(1), Wish::CancelAll, Wish::CancelAllOf(FIRST)] {
        let mut rig = Rig::one();
        rig.ask(&[target(10)]);
        rig.tell(1, ReportKind::Accepted);
        rig.forget();
        rig.ask(&[wish]);
        rig.tell(1, ReportKind::Canceled { cum_qty: Qty(0) });
        assert_eq!((rig.cancels().len(), orders(&rig)), (1, vec![]));
    }
}

#[test]
fn a_target_that_risk_denies_is_dropped() {
    let mut limits = loose();
    limits.max_position_notional = money("1000");
    let mut rig = Rig::new(KernelConfig {
        limits,
        ..config(vec![instrument("AAA")])
    });
    rig.ask(&[target(11)]);
    assert_eq!(
        rig.denial(),
        Some(py_rt_kernel::risk::Control::MaxPositionNotional)
    );
    rig.forget();
    rig.ask(&[buy(1, 9_990)]);
    rig.tell(2, fill(1, 1, 9_990));
    assert_eq!(
        orders(&rig),
        [(Side::Buy, 1)],
        "nothing is tried in a circle"
    );
}

#[test]
fn a_target_that_the_venue_refuses_is_dropped() {
    for ending in [
        rejected(RejectReason::InsufficientFunds),
        ReportKind::Canceled { cum_qty: Qty(0) },
        ReportKind::Expired { cum_qty: Qty(0) },
    ] {
        let mut rig = Rig::one();
        rig.ask(&[target(10)]);
        rig.tell(1, ending);
        assert_eq!(orders(&rig).len(), 1, "{ending:?}");
        rig.ask(&[target(10)]);
        assert_eq!(orders(&rig).len(), 2, "until it is asked for again");
    }
}

#[test]
fn halting_and_cancelling_all_drop_targets() {
    for control in [
        Control::Halt,
        Control::CancelAll,
        Control::Stop,
        Control::ReduceOnly,
    ] {
        let mut rig = Rig::one();
        rig.ask(&[target(10)]);
        rig.tell(1, ReportKind::Accepted);
        rig.control(control);
        rig.forget();
        rig.tell(1, fill(2, 2, 10_001));
        rig.tell(1, ReportKind::Canceled { cum_qty: Qty(2) });
        assert!(rig.new_orders().is_empty(), "{control:?}");
    }
}

#[test]
fn random_targets_and_venue_answers_end_at_the_last_target() {
    for seed in 0x5eed_4000..0x5eed_4080u64 {
        let mut dice = rig::Dice(seed);
        let mut rig = Rig::one();
        let mut wanted = 0;
        for step in 0..400 {
            let last_turns = step > 300;
            if dice.one_in(5) && !last_turns {
                wanted = dice.between(-20, 20);
                rig.ask(&[target(wanted)]);
            }
            let open = rig.kernel.orders().open().to_vec();
            let Some(order) = open.get(dice.between(0, open.len().max(1) as i64 - 1) as usize)
            else {
                continue;
            };
            let left = order.order_qty.0 - order.cum_qty.0;
            let last = dice.between(1, left);
            let kind = match dice.between(0, 3) {
                0 => ReportKind::Accepted,
                1 if order.cancel_requested => ReportKind::Canceled {
                    cum_qty: order.cum_qty,
                },
                _ => fill(last, order.cum_qty.0 + last, 10_000),
            };
            let mut report = told(order.client_order_id.sequence, rig.now, kind);
            report.side = order.side;
            rig.report(&report);
            let exposure = rig.kernel.orders().exposure(FIRST);
            let reach = (rig.held() + exposure.buy).max((rig.held() - exposure.sell).abs());
            assert!(reach <= 60, "seed {seed:#x} step {step}: {reach}");
        }
        assert!(rig.kernel.orders().open().is_empty(), "seed {seed:#x}");
        assert_eq!(rig.held(), wanted, "seed {seed:#x}");
    }
}
