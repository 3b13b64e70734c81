//! The life of an order: every way in which a venue answers, is late, is silent or repeats itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod rig;

use py_rt_kernel::{Control, Input, Request, Session};
use py_rt_types::{
    OrderStatus, Qty, Query, RejectReason, ReportKind, TimeInForce, UnixNanos, VenueOrderId,
};
use rig::life::{asks_for, sent, working};
use rig::{buy, buy_market, fill, rejected, sell, snapshot, Rig, Wish, FIRST, MS, SECOND};

use OrderStatus::{
    Canceled, Expired, Filled, New, PartiallyFilled, PendingCancel, PendingNew, Rejected, Unknown,
};

#[test]
fn the_plain_life_of_an_order() {
    let mut rig = sent(buy(10, 9_990));
    assert_eq!(rig.status(1), PendingNew);
    assert_eq!(rig.kernel.orders().exposure(FIRST).buy, 10);
    rig.tell(1, ReportKind::Accepted);
    assert_eq!(rig.status(1), New);
    rig.tell(1, fill(4, 4, 9_990));
    assert_eq!((rig.status(1), rig.held()), (PartiallyFilled, 4));
    assert_eq!(rig.kernel.orders().exposure(FIRST).buy, 6);
    rig.tell(1, fill(6, 10, 9_989));
    assert_eq!((rig.status(1), rig.held()), (Filled, 10));
    assert_eq!(rig.kernel.orders().exposure(FIRST).buy, 0);
    assert!(rig.kernel.orders().open().is_empty());
    assert_eq!(
        rig.kernel.poll_timeout().0,
        i64::MAX,
        "nothing more is waited for"
    );
}

#[test]
fn a_fill_before_the_acceptance_is_an_acceptance() {
    let mut rig = sent(buy(10, 9_990));
    rig.tell(1, fill(10, 10, 9_990));
    rig.tell(1, ReportKind::Accepted);
    assert_eq!((rig.status(1), rig.held()), (Filled, 10));
}

#[test]
fn a_reject_after_acceptance_ends_an_order_once() {
    let mut rig = working();
    rig.tell(1, fill(3, 3, 9_990));
    rig.tell(1, rejected(RejectReason::Venue));
    assert_eq!((rig.status(1), rig.held()), (Rejected, 3));
    rig.tell(1, rejected(RejectReason::Venue));
    assert_eq!(rig.kernel.orders().exposure(FIRST).buy, 0);
}

#[test]
fn a_fill_after_the_cancel_is_booked() {
    let mut rig = working();
    rig.ask(&[Wish::Cancel(1)]);
    rig.tell(1, ReportKind::Canceled { cum_qty: Qty(0) });
    rig.tell(1, fill(4, 4, 9_990));
    assert_eq!((rig.status(1), rig.held()), (Canceled, 4));
    rig.tell(1, fill(4, 4, 9_990));
    assert_eq!(rig.held(), 4, "once");
}

#[test]
fn a_cancel_that_knows_of_more_fills_asks_for_them() {
    let mut rig = working();
    rig.tell(1, ReportKind::Canceled { cum_qty: Qty(7) });
    assert!(matches!(rig.queries()[..], [Query::Fills { .. }]));
    rig.tell(1, fill(7, 7, 9_990));
    assert_eq!((rig.status(1), rig.held()), (Canceled, 7));
}

#[test]
fn a_missing_fill_is_asked_for_however_much_was_booked_since() {
    let mut rig = working();
    let executed = rig.now;
    for sequence in 2..5 {
        rig.pass(1_000 * SECOND);
        rig.ask(&[buy(1, 9_990)]);
        rig.tell(sequence, fill(1, 1, 9_990));
    }
    rig.forget();
    rig.tell(1, ReportKind::Canceled { cum_qty: Qty(7) });
    assert!(matches!(rig.queries()[..], [Query::Fills { since }] if since.0 <= executed));
}

#[test]
fn a_failed_question_for_missing_fills_is_asked_again() {
    let mut rig = working();
    rig.tell(1, ReportKind::Canceled { cum_qty: Qty(7) });
    let query = rig.queries()[0];
    rig.forget();
    let failed = py_rt_types::AccountReport::Failed(query);
    rig.input(py_rt_kernel::Input::Account(&failed));
    rig.pass(5 * SECOND);
    assert!(rig.queries().contains(&query), "{:?}", rig.queries());
    assert!(rig.kernel.is_reconciled());
}

#[test]
fn silence_is_unknown_then_asked_then_never_accepted_only_after_two_looks_and_the_settle_time() {
    let mut rig = sent(buy(10, 9_990));
    rig.tell(1, ReportKind::NewUnanswered);
    assert_eq!(rig.status(1), Unknown);
    assert_eq!(
        rig.kernel.orders().exposure(FIRST).buy,
        10,
        "unknown counts in full"
    );
    assert!(rig.queries().is_empty());
    let mut looks = 0;
    let begin = rig.now;
    while rig.status(1) == Unknown {
        rig.forget();
        rig.pass(rig.kernel.poll_timeout().0 - rig.now);
        assert_eq!(rig.queries(), [asks_for(1, 0)]);
        rig.tell(1, ReportKind::NotFound);
        looks += 1;
        assert!(rig.new_orders().is_empty(), "nothing is resent");
        assert!(looks < 20);
    }
    assert!(
        looks >= 2 && rig.now - begin >= 3 * SECOND,
        "{looks} in {}",
        rig.now - begin
    );
    let order = rig.order(1);
    assert_eq!(
        (order.status, order.reason),
        (Rejected, Some(RejectReason::NeverAccepted))
    );
    assert_eq!(rig.kernel.orders().exposure(FIRST).buy, 0);
    assert_eq!(rig.kernel.poll_timeout().0, i64::MAX);
}

#[test]
fn one_look_is_no_proof_however_late() {
    let mut rig = sent(buy(10, 9_990));
    rig.pass(6 * SECOND);
    assert_eq!(rig.status(1), Unknown);
    rig.pass(60 * SECOND);
    rig.tell(1, ReportKind::NotFound);
    assert_eq!(rig.status(1), Unknown);
    rig.tell(1, ReportKind::NotFound);
    assert_eq!(rig.status(1), Rejected);
}

/// Venues whose questions are counted answer some of them late.
#[test]
fn a_look_that_began_before_the_settle_time_is_no_proof_however_late_its_answer() {
    let mut rig = sent(buy(10, 9_990));
    let sent_at = rig.now;
    rig.pass(60 * SECOND);
    let mut old = rig::told(1, sent_at + 2 * SECOND, ReportKind::NotFound);
    for _ in 0..5 {
        rig.report(&old);
        assert_eq!(rig.status(1), Unknown);
    }
    old.ts_event = UnixNanos(sent_at + 3 * SECOND);
    rig.report(&old);
    assert_eq!(rig.status(1), Rejected);
}

#[test]
fn an_order_that_was_seen_is_never_proved_absent() {
    let mut rig = working();
    for _ in 0..20 {
        rig.tell(1, ReportKind::NotFound);
        rig.pass(5 * SECOND);
    }
    assert_eq!(rig.status(1), Unknown);
    rig.tell(1, snapshot(New, 10, 0));
    assert_eq!(rig.status(1), New);
}

#[test]
fn an_order_of_the_day_that_is_gone_half_a_day_later_has_expired_and_no_other() {
    const HOUR: i64 = 3_600 * SECOND;
    for (tif, hours, ends) in [
        (TimeInForce::Day, 12, true),
        (TimeInForce::Day, 11, false),
        (TimeInForce::Gtc, 48, false),
    ] {
        let Wish::Submit(mut request) = buy(10, 9_990) else {
            unreachable!();
        };
        request.tif = Some(tif);
        let mut rig = sent(Wish::Submit(request));
        rig.tell(1, ReportKind::Accepted);
        rig.tell(1, fill(4, 4, 9_990));
        rig.pass(hours * HOUR);
        rig.tell(1, ReportKind::NotFound);
        let exposed = rig.kernel.orders().exposure(FIRST).buy;
        assert_eq!(exposed, 6, "one look is no proof: it counts");
        rig.tell(1, ReportKind::NotFound);
        let wanted = if ends { Expired } else { Unknown };
        assert_eq!((rig.status(1), rig.held()), (wanted, 4));
    }
}

/// An order of the day that was executed in part at the start of the rig's time.
fn of_the_day() -> Rig {
    let Wish::Submit(mut request) = buy(10, 9_990) else {
        unreachable!();
    };
    request.tif = Some(TimeInForce::Day);
    let mut rig = sent(Wish::Submit(request));
    rig.tell(1, ReportKind::Accepted);
    rig.tell(1, fill(4, 4, 9_990));
    rig
}

#[test]
fn an_order_of_the_day_before_has_expired_when_the_session_begins_again() {
    let mut rig = of_the_day();
    rig.pass(11 * 3_600 * SECOND);
    rig.input(Input::Session(Session::Restarted { next_sequence: 100 }));
    rig.tell(1, ReportKind::NotFound);
    rig.tell(1, ReportKind::NotFound);
    assert_eq!(rig.status(1), Unknown, "it may still work");
    rig.pass(3_600 * SECOND);
    rig.tell(1, ReportKind::NotFound);
    assert_eq!((rig.status(1), rig.held()), (Expired, 4));
}

#[test]
fn an_order_of_the_day_that_appears_after_its_end_is_cancelled() {
    let mut rig = of_the_day();
    rig.pass(12 * 3_600 * SECOND);
    rig.tell(1, ReportKind::NotFound);
    rig.tell(1, ReportKind::NotFound);
    assert_eq!(rig.status(1), Expired);
    rig.forget();
    rig.tell(1, snapshot(PartiallyFilled, 10, 4));
    assert_eq!((rig.status(1), rig.cancels().len()), (Expired, 1));
}

#[test]
fn a_found_order_goes_on_and_its_fills_are_asked_for() {
    let mut rig = sent(buy(10, 9_990));
    rig.tell(1, ReportKind::NewUnanswered);
    rig.pass(SECOND);
    rig.tell(1, ReportKind::NotFound);
    rig.forget();
    rig.tell(1, snapshot(PartiallyFilled, 10, 4));
    assert!(matches!(rig.queries()[..], [Query::Fills { .. }]));
    rig.tell(1, fill(4, 4, 9_990));
    assert_eq!((rig.status(1), rig.held()), (PartiallyFilled, 4));
    assert_eq!(rig.kernel.poll_timeout().0, i64::MAX);
}

#[test]
fn a_cancel_before_the_acceptance_waits_for_it() {
    let mut rig = sent(buy(10, 9_990));
    rig.ask(&[Wish::Cancel(1)]);
    assert!(rig.cancels().is_empty());
    rig.ask(&[Wish::Cancel(1)]);
    rig.tell(1, ReportKind::Accepted);
    assert_eq!(rig.cancels().len(), 1);
    assert_eq!(rig.cancels()[0].venue_order_id, VenueOrderId(1_001));
    assert_eq!(rig.status(1), PendingCancel);
}

#[test]
fn a_cancel_of_an_unknown_order_waits_for_the_answer() {
    let mut rig = sent(buy(10, 9_990));
    rig.tell(1, ReportKind::NewUnanswered);
    rig.ask(&[Wish::Cancel(1)]);
    assert!(rig.cancels().is_empty());
    rig.tell(1, snapshot(New, 10, 0));
    assert_eq!(rig.cancels().len(), 1);
}

#[test]
fn a_lost_cancel_is_sent_again_when_the_venue_still_works_the_order() {
    let mut rig = working();
    rig.ask(&[Wish::Cancel(1)]);
    assert_eq!(rig.cancels().len(), 1);
    rig.pass(6 * SECOND);
    assert_eq!(rig.queries().first(), Some(&asks_for(1, 0)));
    rig.tell(1, snapshot(PendingCancel, 10, 0));
    assert_eq!(rig.cancels().len(), 1, "the venue is at it");
    rig.tell(1, snapshot(New, 10, 0));
    assert_eq!(rig.cancels().len(), 2);
    rig.pass(6 * SECOND);
    assert!(rig.queries().len() >= 2, "and it is looked after again");
    rig.tell(1, ReportKind::CancelUnanswered);
    rig.pass(SECOND);
    rig.tell(1, snapshot(New, 10, 0));
    assert_eq!(rig.cancels().len(), 3);
}

#[test]
fn a_refused_cancel_lets_the_order_stand_and_asks() {
    let mut rig = working();
    rig.ask(&[Wish::Cancel(1)]);
    rig.tell(
        1,
        ReportKind::CancelRejected {
            reason: RejectReason::TooLate,
        },
    );
    assert_eq!(rig.queries(), [asks_for(1, 0)]);
    rig.forget();
    rig.pass(20 * SECOND);
    assert!(
        !rig.queries().is_empty(),
        "a question without an answer is asked again"
    );
    rig.tell(1, snapshot(Filled, 10, 10));
    assert_eq!(rig.status(1), Filled, "the venue proved it");
    rig.tell(1, fill(10, 10, 9_990));
    assert_eq!((rig.status(1), rig.held()), (Filled, 10));
}

#[test]
fn a_refused_cancel_is_no_acceptance() {
    let mut rig = sent(buy(10, 9_990));
    rig.tell(1, ReportKind::NewUnanswered);
    for kind in [
        ReportKind::CancelRejected {
            reason: RejectReason::UnknownOrder,
        },
        ReportKind::ReplaceRejected {
            reason: RejectReason::UnknownOrder,
        },
    ] {
        rig.tell(1, kind);
        assert_eq!(rig.status(1), Unknown, "{kind:?}");
    }
}

#[test]
fn what_was_executed_and_not_told_yet_counts_until_it_is_booked() {
    let mut rig = working();
    rig.tell(1, ReportKind::Canceled { cum_qty: Qty(7) });
    assert_eq!((rig.status(1), rig.held()), (Canceled, 0));
    assert_eq!(rig.kernel.orders().exposure(FIRST).buy, 7);
    rig.tell(1, fill(3, 3, 9_990));
    assert_eq!(
        (rig.held(), rig.kernel.orders().exposure(FIRST).buy),
        (3, 4)
    );
    rig.tell(1, fill(4, 7, 9_990));
    assert_eq!(
        (rig.held(), rig.kernel.orders().exposure(FIRST).buy),
        (7, 0)
    );
}

#[test]
fn executions_ahead_of_a_gap_are_booked_once() {
    let mut rig = sent(buy(10, 9_990));
    for (last, cum, held) in [
        (3, 10, 3),
        (3, 10, 3),
        (4, 4, 7),
        (3, 7, 10),
        (4, 4, 10),
        (3, 7, 10),
    ] {
        rig.tell(1, fill(last, cum, 9_990));
        assert_eq!(rig.held(), held, "{last} up to {cum}");
    }
    assert_eq!(rig.status(1), Filled);
}

#[test]
fn an_execution_without_quantity_changes_nothing() {
    let mut rig = working();
    rig.tell(1, fill(10, 10, 9_990));
    for (last, cum) in [
        (-5, 5),
        (0, 10),
        (-10, 0),
        (i64::MIN, i64::MAX),
        (i64::MIN, 0),
    ] {
        rig.tell(1, fill(last, cum, 9_990));
        assert_eq!(
            (rig.held(), rig.order(1).cum_qty),
            (10, Qty(10)),
            "{last} up to {cum}"
        );
    }
}

#[test]
fn the_side_and_instrument_of_our_order_stand_against_a_wrong_echo() {
    let mut rig = Rig::one();
    rig.ask(&[sell(10, 10_010)]);
    rig.tell(1, ReportKind::Accepted);
    rig.tell(1, fill(10, 10, 10_010));
    assert_eq!(rig.held(), -10);
}

#[test]
fn no_order_is_sent_after_stop_and_the_working_ones_are_cancelled() {
    let mut rig = working();
    rig.ask(&[buy(5, 9_980)]);
    rig.control(Control::Stop);
    rig.forget();
    rig.tell(2, ReportKind::Accepted);
    assert_eq!(rig.cancels().len(), 1, "the one that was still on its way");
    rig.ask(&[buy_market(5)]);
    assert!(rig.new_orders().is_empty());
}

#[test]
fn every_request_has_an_id_of_its_own() {
    let mut rig = Rig::one();
    for _ in 0..50 {
        rig.ask(&[buy(1, 9_990), sell(1, 10_010), buy(0, 9_990)]);
    }
    let mut ids: Vec<u64> = (rig.sent.iter())
        .filter_map(|request| match request {
            Request::New(order) => Some(order.order().client_order_id.sequence),
            _ => None,
        })
        .collect();
    let count = ids.len();
    ids.dedup();
    assert_eq!((count, ids.len()), (100, 100));
}

#[test]
fn alarms_come_back_when_questions_get_no_answer() {
    let mut rig = sent(buy(10, 9_990));
    rig.pass(6 * SECOND);
    let asked = rig.queries().len();
    rig.tell(1, ReportKind::QueryUnanswered);
    rig.pass(500 * MS);
    assert!(rig.queries().len() > asked);
    rig.pass(60 * SECOND);
    assert!(rig.queries().len() < 400, "endless but not without pause");
}
