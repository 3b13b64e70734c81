//! Other terms for an order: both outcomes count until the venue has spoken.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod rig;

use py_rt_types::{ClientOrderId, OrderStatus, Price, Qty, RejectReason, ReportKind};
use rig::life::{asks_for, replaced, revised, sent, working};
use rig::{buy, fill, snapshot, Wish, FIRST, SECOND};

use OrderStatus::{Filled, New, PartiallyFilled, PendingReplace, Rejected, Unknown};

#[test]
fn a_replace_counts_the_larger_of_both_outcomes() {
    let mut rig = working();
    rig.ask(&[Wish::Replace(1, Some(25), None)]);
    assert_eq!(rig.status(1), PendingReplace);
    assert_eq!(rig.kernel.orders().exposure(FIRST).buy, 25);
    let replace = rig.replaces()[0];
    assert_eq!(
        replace.client_order_id,
        ClientOrderId {
            sequence: 1,
            revision: 1
        }
    );
    rig.tell(1, fill(4, 4, 9_990));
    assert_eq!(rig.kernel.orders().exposure(FIRST).buy, 21);
    rig.report(&revised(1, rig.now, replaced(25, 9_990)));
    assert_eq!(
        (rig.status(1), rig.order(1).order_qty),
        (PartiallyFilled, Qty(25))
    );
    assert_eq!(rig.order(1).client_order_id.revision, 1);
    rig.ask(&[Wish::Replace(1, Some(6), Some(9_980))]);
    assert_eq!(
        rig.kernel.orders().exposure(FIRST).buy,
        21,
        "until it is accepted"
    );
    assert_eq!(rig.replaces()[1].client_order_id.revision, 2);
    rig.report(&revised(2, rig.now, replaced(6, 9_980)));
    assert_eq!(rig.kernel.orders().exposure(FIRST).buy, 2);
    assert_eq!(rig.order(1).limit_price, Some(Price(9_980)));
}

#[test]
fn the_refusal_of_a_replace_says_nothing_about_the_order() {
    let mut rig = working();
    rig.tell(1, fill(4, 4, 9_990));
    rig.ask(&[Wish::Replace(1, Some(25), None)]);
    let refused = revised(1, rig.now, rig::snapshot(Rejected, 25, 4));
    rig.report(&refused);
    assert_eq!(rig.status(1), PartiallyFilled);
    assert_eq!(rig.order(1).order_qty, Qty(10));
    assert_eq!(rig.kernel.orders().exposure(FIRST).buy, 6);
    rig.report(&refused);
    assert_eq!(rig.status(1), PartiallyFilled, "told twice");
}

#[test]
fn a_refused_replace_of_an_order_that_filled_meanwhile_ends_it() {
    for reason in [
        RejectReason::TooLate,
        RejectReason::UnknownOrder,
        RejectReason::Venue,
    ] {
        let mut rig = working();
        rig.ask(&[Wish::Replace(1, Some(25), None)]);
        rig.tell(1, fill(10, 10, 9_990));
        assert!(!rig.status(1).is_terminal(), "25 may have been accepted");
        rig.tell(1, ReportKind::ReplaceRejected { reason });
        assert_eq!(rig.status(1), Filled, "{reason:?}");
        assert_eq!(rig.kernel.orders().exposure(FIRST).buy, 0);
        assert!(rig.kernel.orders().open().is_empty());
    }
}

#[test]
fn a_refused_replace_lets_the_order_stand() {
    let mut rig = working();
    rig.ask(&[Wish::Replace(1, Some(25), Some(9_980))]);
    rig.tell(
        1,
        ReportKind::ReplaceRejected {
            reason: RejectReason::WouldCross,
        },
    );
    let order = rig.order(1);
    assert_eq!(
        (order.status, order.order_qty, order.limit_price),
        (New, Qty(10), Some(Price(9_990)))
    );
    rig.ask(&[Wish::Replace(1, Some(30), None)]);
    assert_eq!(
        rig.replaces()[1].client_order_id.revision,
        2,
        "no id is used twice"
    );
}

#[test]
fn a_replace_to_what_is_already_filled_ends_the_order() {
    let mut rig = working();
    rig.ask(&[Wish::Replace(1, Some(4), None)]);
    rig.tell(1, fill(4, 4, 9_990));
    rig.report(&revised(1, rig.now, replaced(4, 9_990)));
    assert_eq!((rig.status(1), rig.held()), (Filled, 4));
    assert!(rig.kernel.orders().open().is_empty());
}

#[test]
fn a_lost_replace_is_asked_for_by_its_own_id_and_counts_until_the_venue_disowns_it() {
    let mut rig = working();
    rig.ask(&[Wish::Replace(1, Some(25), None)]);
    rig.tell(1, ReportKind::ReplaceUnanswered);
    rig.forget();
    rig.pass(SECOND);
    assert_eq!(rig.queries().first(), Some(&asks_for(1, 1)));
    rig.report(&revised(1, rig.now, ReportKind::NotFound));
    assert_eq!(
        rig.kernel.orders().exposure(FIRST).buy,
        25,
        "one early look proves nothing"
    );
    rig.pass(10 * SECOND);
    rig.report(&revised(1, rig.now, ReportKind::NotFound));
    assert_eq!(rig.kernel.orders().exposure(FIRST).buy, 10);
    rig.forget();
    rig.pass(SECOND);
    assert_eq!(
        rig.queries().first(),
        Some(&asks_for(1, 0)),
        "then the order itself"
    );
    rig.tell(1, snapshot(New, 10, 0));
    assert_eq!(rig.status(1), New);
    assert_eq!(rig.kernel.poll_timeout().0, i64::MAX);
}

#[test]
fn an_answer_from_before_a_replace_does_not_undo_it() {
    let mut rig = working();
    rig.ask(&[Wish::Replace(1, Some(25), None)]);
    rig.tell(1, snapshot(New, 10, 0));
    assert_eq!(
        rig.kernel.orders().exposure(FIRST).buy,
        25,
        "the replace is still on its way"
    );
    rig.tell(1, fill(10, 10, 9_990));
    assert!(!rig.status(1).is_terminal());
    rig.report(&revised(1, rig.now, replaced(25, 9_990)));
    assert_eq!(
        (rig.status(1), rig.order(1).leaves_qty()),
        (PartiallyFilled, Qty(15))
    );
}

#[test]
fn a_lost_replace_that_was_accepted_is_found() {
    let mut rig = working();
    rig.ask(&[Wish::Replace(1, Some(25), Some(9_991))]);
    rig.tell(1, ReportKind::ReplaceUnanswered);
    rig.tell(1, fill(10, 10, 9_990));
    rig.pass(SECOND);
    rig.report(&revised(1, rig.now, snapshot(PartiallyFilled, 25, 10)));
    let order = rig.order(1);
    assert_eq!(
        (order.status, order.order_qty, order.leaves_qty()),
        (PartiallyFilled, Qty(25), Qty(15))
    );
    assert_eq!(order.client_order_id.revision, 1);
}

#[test]
fn a_replace_that_is_told_twice_does_not_end_the_next_one() {
    let mut rig = working();
    rig.ask(&[Wish::Replace(1, Some(25), None)]);
    rig.report(&revised(1, rig.now, replaced(25, 9_990)));
    rig.ask(&[Wish::Replace(1, Some(40), None)]);
    rig.report(&revised(1, rig.now, replaced(25, 9_990)));
    assert_eq!(rig.status(1), PendingReplace);
    assert_eq!(rig.kernel.orders().exposure(FIRST).buy, 40);
    rig.report(&revised(2, rig.now, replaced(40, 9_990)));
    assert_eq!((rig.status(1), rig.order(1).order_qty), (New, Qty(40)));
}

#[test]
fn a_replace_that_was_given_up_for_lost_and_works_holds() {
    let mut rig = working();
    rig.ask(&[Wish::Replace(1, Some(25), Some(9_991))]);
    rig.pass(20 * SECOND);
    for _ in 0..2 {
        rig.report(&revised(1, rig.now, ReportKind::NotFound));
    }
    assert_eq!(rig.kernel.orders().exposure(FIRST).buy, 10, "given up");
    rig.report(&revised(1, rig.now, snapshot(New, 25, 0)));
    let order = rig.order(1);
    assert_eq!(
        (order.order_qty, order.limit_price),
        (Qty(25), Some(Price(9_990)))
    );
    assert_eq!(order.client_order_id.revision, 1);
    assert_eq!(rig.kernel.orders().exposure(FIRST).buy, 25);
}

#[test]
fn a_replace_that_is_listed_and_not_decided_counts_both_ways() {
    let mut rig = working();
    rig.ask(&[Wish::Replace(1, Some(25), Some(9_991))]);
    rig.forget();
    rig.report(&revised(1, rig.now, snapshot(PendingReplace, 25, 0)));
    let order = rig.order(1);
    assert_eq!((order.order_qty, order.leaves_qty()), (Qty(10), Qty(25)));
    rig.pass(SECOND);
    assert_eq!(rig.queries().first(), Some(&asks_for(1, 1)));
    rig.tell(1, fill(10, 10, 9_990));
    assert_eq!(rig.status(1), PendingReplace, "it may yet become larger");
    rig.report(&revised(
        1,
        rig.now,
        ReportKind::ReplaceRejected {
            reason: RejectReason::Venue,
        },
    ));
    assert_eq!(rig.order(1).order_qty, Qty(10));
    assert_eq!((rig.status(1), rig.held()), (Filled, 10));
}

#[test]
fn a_replace_that_was_listed_and_then_refused_is_undone_by_asking() {
    let mut rig = working();
    rig.ask(&[Wish::Replace(1, Some(25), Some(9_991))]);
    rig.report(&revised(1, rig.now, snapshot(New, 25, 0)));
    assert_eq!(rig.order(1).client_order_id.revision, 1);
    let refused = snapshot(Rejected, 25, 0);
    rig.report(&revised(1, rig.now, refused));
    assert_eq!(rig.status(1), Unknown);
    assert_eq!(
        rig.kernel.orders().exposure(FIRST).buy,
        25,
        "it counts until the venue has said what works"
    );
    rig.forget();
    rig.pass(SECOND);
    assert_eq!(rig.queries().first(), Some(&asks_for(1, 0)));
    rig.tell(1, snapshot(New, 10, 0));
    let order = rig.order(1);
    assert_eq!((order.status, order.order_qty), (New, Qty(10)));
    rig.report(&revised(1, rig.now, refused));
    assert_eq!(rig.status(1), New, "an old refusal says nothing new");
}

#[test]
fn what_is_not_working_cannot_be_replaced() {
    let mut rig = sent(buy(10, 9_990));
    rig.ask(&[Wish::Replace(1, Some(5), None)]);
    rig.tell(1, ReportKind::Accepted);
    rig.ask(&[Wish::Cancel(1), Wish::Replace(1, Some(5), None)]);
    rig.tell(1, ReportKind::Canceled { cum_qty: Qty(0) });
    rig.ask(&[
        Wish::Replace(1, Some(5), None),
        Wish::Replace(77, Some(5), None),
    ]);
    assert!(rig.replaces().is_empty());
}

#[test]
fn the_last_revision_is_not_given_twice() {
    let mut rig = working();
    let mut seen = std::collections::BTreeSet::new();
    for turn in 0..65_600i64 {
        rig.forget();
        rig.ask(&[Wish::Replace(1, Some(10 + turn % 2), None)]);
        let Some(replace) = rig.replaces().first().copied() else {
            break;
        };
        assert!(seen.insert(replace.client_order_id.revision), "{turn}");
        let kind = replaced(replace.order_qty.0, 9_990);
        rig.report(&revised(replace.client_order_id.revision, rig.now, kind));
    }
    assert_eq!(seen.len(), 65_535);
}

#[test]
fn a_venue_that_keeps_the_id_shows_a_lost_replace_by_its_terms() {
    let mut rig = working();
    rig.ask(&[Wish::Replace(1, Some(25), None)]);
    rig.tell(1, ReportKind::ReplaceUnanswered);
    rig.tell(1, snapshot(New, 10, 0));
    assert_eq!(rig.kernel.orders().exposure(FIRST).buy, 25, "on its way");
    rig.tell(1, snapshot(New, 25, 0));
    let order = rig.order(1);
    assert_eq!((order.status, order.order_qty), (New, Qty(25)));
    assert_eq!(order.client_order_id.revision, 1);
    assert!(order.pending_replace.is_none());
}
