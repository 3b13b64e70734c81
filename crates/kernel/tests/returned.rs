//! Orders that ended here because the venue did not know them, and that it works after all.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod rig;

use py_rt_kernel::risk::Control as Limit;
use py_rt_kernel::{Input, Session};
use py_rt_types::{OrderStatus, Qty, Query, RejectReason, ReportKind, TimeInForce};
use rig::life::{asks_for, sent};
use rig::verdict::verdict;
use rig::{buy, fill, guards, sell, snapshot, Rig, Wish, FIRST, SECOND};

use OrderStatus::{Canceled, Expired, Filled, New, PartiallyFilled, PendingCancel, Rejected};

/// Asks for a buy of ten that the venue twice does not know.
fn given_up(rig: &mut Rig) {
    rig.ask(&[buy(10, 9_990)]);
    rig.pass(20 * SECOND);
    rig.tell(1, ReportKind::NotFound);
    rig.tell(1, ReportKind::NotFound);
    assert_eq!(rig.status(1), Rejected);
    assert_eq!(rig.order(1).reason, Some(RejectReason::NeverAccepted));
    rig.forget();
}

fn returned() -> Rig {
    let mut rig = Rig::one();
    given_up(&mut rig);
    rig.tell(1, ReportKind::Accepted);
    assert_eq!(rig.cancels().len(), 1);
    rig.forget();
    rig
}

fn is_over(rig: &Rig) -> bool {
    let exposed = rig.kernel.orders().exposure(FIRST).buy;
    rig.kernel.orders().open().is_empty() && exposed == 0 && rig.kernel.poll_timeout().0 == i64::MAX
}

#[test]
fn an_order_given_up_for_absent_that_appears_is_cancelled_and_its_fills_are_booked() {
    for (late, held) in [
        (ReportKind::Accepted, 0),
        (snapshot(New, 10, 0), 0),
        (fill(3, 3, 9_990), 3),
    ] {
        let mut rig = Rig::one();
        given_up(&mut rig);
        rig.tell(1, late);
        assert_eq!(rig.status(1), Rejected, "terminal stays terminal");
        assert_eq!(
            rig.cancels().len(),
            1,
            "but the venue's order must not live on: {late:?}"
        );
        assert_eq!(rig.held(), held);
        rig.tell(1, fill(4, held + 4, 9_990));
        assert_eq!((rig.held(), rig.cancels().len()), (held + 4, 1));
    }
}

#[test]
fn its_cancel_is_sent_again_when_that_is_lost() {
    let mut rig = returned();
    rig.tell(1, ReportKind::CancelUnanswered);
    rig.pass(SECOND);
    assert_eq!(rig.queries().first(), Some(&asks_for(1, 0)));
    rig.tell(1, snapshot(PendingCancel, 10, 0));
    assert!(rig.cancels().is_empty(), "the venue is at it");
    rig.pass(6 * SECOND);
    rig.tell(1, snapshot(PartiallyFilled, 10, 2));
    assert_eq!(rig.cancels().len(), 1);
    rig.forget();
    rig.pass(6 * SECOND);
    assert!(!rig.queries().is_empty(), "silence is not believed either");
    rig.tell(1, fill(2, 2, 9_990));
    rig.tell(1, ReportKind::Canceled { cum_qty: Qty(2) });
    assert_eq!((rig.status(1), rig.held()), (Rejected, 2));
    assert!(is_over(&rig));
}

#[test]
fn every_end_at_the_venue_is_its_end() {
    for end in [
        ReportKind::Canceled { cum_qty: Qty(0) },
        ReportKind::Expired { cum_qty: Qty(0) },
        ReportKind::DoneForDay { cum_qty: Qty(0) },
        rig::rejected(RejectReason::Venue),
        snapshot(Canceled, 10, 0),
        snapshot(Rejected, 10, 0),
        fill(10, 10, 9_990),
    ] {
        let mut rig = returned();
        assert_eq!(rig.kernel.orders().exposure(FIRST).buy, 10);
        rig.tell(1, end);
        assert!(is_over(&rig), "{end:?}");
        let filled = matches!(end, ReportKind::Fill { .. });
        assert_eq!(rig.status(1), if filled { Filled } else { Rejected });
    }
}

#[test]
fn a_cancel_that_came_too_late_asks_for_the_executions() {
    let mut rig = returned();
    let reason = RejectReason::TooLate;
    rig.tell(1, ReportKind::CancelRejected { reason });
    assert_eq!(rig.queries(), [asks_for(1, 0)]);
    rig.tell(1, snapshot(Filled, 10, 10));
    assert!(matches!(rig.queries()[..], [_, Query::Fills { .. }]));
    assert_eq!(
        rig.kernel.orders().exposure(FIRST).buy,
        10,
        "executed, not told one by one: it counts"
    );
    rig.tell(1, fill(10, 10, 9_990));
    assert_eq!((rig.status(1), rig.held()), (Filled, 10));
    assert!(is_over(&rig));
}

#[test]
fn risk_counts_it_while_it_works() {
    let mut rig = guards::rig(|guards| guards.no_self_trade = true);
    given_up(&mut rig);
    assert_eq!(verdict(&mut rig, sell(1, 9_980)), None);
    rig.tell_sell(2, rig::rejected(RejectReason::Venue));
    rig.tell(1, ReportKind::Accepted);
    assert_eq!(verdict(&mut rig, sell(1, 9_980)), Some(Limit::SelfTrade));
    rig.tell(1, ReportKind::Canceled { cum_qty: Qty(0) });
    assert_eq!(verdict(&mut rig, sell(1, 9_980)), None);
}

#[test]
fn its_strategy_is_told_of_executions_and_of_nothing_else() {
    let mut rig = Rig::one();
    given_up(&mut rig);
    let told = rig.kernel.strategy_mut().orders.len();
    rig.tell(1, ReportKind::Accepted);
    rig.ask(&[
        Wish::Cancel(1),
        Wish::Replace(1, Some(5), None),
        Wish::CancelAll,
    ]);
    assert!(rig.replaces().is_empty(), "it has ended for its strategy");
    assert_eq!(rig.cancels().len(), 1, "and the kernel is at it");
    rig.tell(1, snapshot(PendingCancel, 10, 0));
    rig.tell(1, ReportKind::Canceled { cum_qty: Qty(0) });
    assert_eq!(rig.kernel.strategy_mut().orders.len(), told);
    rig.tell(1, fill(3, 3, 9_990));
    let script = rig.kernel.strategy_mut();
    assert_eq!((script.orders.len(), script.fills.len()), (told + 1, 1));
}

#[test]
fn it_is_asked_for_after_a_restart() {
    let rig = returned();
    let image = rig.kernel.snapshot();
    let mut next = Rig::one();
    next.kernel.restore(&image).unwrap();
    next.now = rig.now;
    next.input(Input::Session(Session::Restarted { next_sequence: 50 }));
    assert!(next.order(1).returned);
    assert_eq!(next.kernel.orders().exposure(FIRST).buy, 10);
    next.forget();
    next.tell(1, snapshot(New, 10, 0));
    assert_eq!(next.cancels().len(), 1);
}

#[test]
fn it_ends_with_its_day_when_the_venue_forgets_it_again() {
    for (tif, ends) in [(TimeInForce::Day, true), (TimeInForce::Gtc, false)] {
        let Wish::Submit(mut request) = buy(10, 9_990) else {
            unreachable!();
        };
        request.tif = Some(tif);
        let mut rig = sent(Wish::Submit(request));
        rig.pass(20 * SECOND);
        rig.tell(1, ReportKind::NotFound);
        rig.tell(1, ReportKind::NotFound);
        rig.tell(1, ReportKind::Accepted);
        rig.tell(1, ReportKind::CancelUnanswered);
        for _ in 0..3 {
            rig.tell(1, ReportKind::NotFound);
            rig.forget();
            rig.pass(2 * SECOND);
            assert_eq!(
                rig.queries(),
                [asks_for(1, 0)],
                "it was there: it is asked for"
            );
        }
        rig.pass(13 * 3_600 * SECOND);
        rig.tell(1, ReportKind::NotFound);
        assert_eq!(is_over(&rig), ends);
        assert_eq!(rig.status(1), Rejected);
    }
}

#[test]
fn one_that_expired_by_silence_is_looked_after_as_well() {
    let Wish::Submit(mut request) = buy(10, 9_990) else {
        unreachable!();
    };
    request.tif = Some(TimeInForce::Day);
    let mut rig = sent(Wish::Submit(request));
    rig.tell(1, ReportKind::Accepted);
    rig.pass(13 * 3_600 * SECOND);
    rig.tell(1, ReportKind::NotFound);
    rig.tell(1, ReportKind::NotFound);
    assert_eq!(rig.status(1), Expired);
    rig.tell(1, snapshot(New, 10, 0));
    assert_eq!(rig.kernel.orders().exposure(FIRST).buy, 10);
    rig.tell(1, ReportKind::Canceled { cum_qty: Qty(0) });
    assert_eq!(rig.status(1), Expired);
    assert!(is_over(&rig));
}
