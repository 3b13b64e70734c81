//! Parent orders: what is sent when, at which price, and never too much.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod rig;

use py_rt_kernel::execution::parents::{Algorithm, Benchmark, EndPolicy, Style};
use py_rt_kernel::Control;
use py_rt_types::{
    OrderStatus, Price, Qty, RejectReason, ReportKind, Side, TimeInForce, UnixNanos,
};
use rig::parents::{ask, stop, twap, START};
use rig::{fill, instrument, rejected, Rig, Wish, FIRST, SECOND};

#[test]
fn the_slices_of_a_twap_add_up_to_it() {
    let mut rig = Rig::one();
    let id = rig.execute(twap(103, 10, 100));
    let mut sent = Vec::new();
    for _ in 0..10 {
        let slice = rig.fill_all();
        assert_eq!(slice.len(), 1);
        sent.push(slice[0].0);
        assert_eq!(
            slice[0].1,
            Some(10_001),
            "what the far side shows, and no more"
        );
        rig.pass(10 * SECOND);
    }
    assert_eq!(sent, [10, 10, 10, 11, 10, 10, 11, 10, 10, 11]);
    let parent = rig.parent(id);
    assert_eq!(parent.status, OrderStatus::Filled);
    assert_eq!((parent.cum_qty, parent.children), (Qty(103), 10));
    assert_eq!(parent.arrival, 20_000);
    assert_eq!(rig.held(), 103);
    assert_eq!(rig.order(id + 1).parent, id);
    let told: Vec<_> = rig
        .kernel
        .strategy()
        .parents
        .iter()
        .map(|e| e.parent.status)
        .collect();
    assert_eq!(told[0], OrderStatus::New);
    assert_eq!(told.last(), Some(&OrderStatus::Filled));
}

#[test]
fn a_small_rest_goes_with_the_slice_before_it() {
    let mut rig = Rig::one();
    let mut request = twap(100, 8, 80);
    request.terms.min_child_qty = Qty(30);
    rig.execute(request);
    let mut sent = Vec::new();
    for _ in 0..8 {
        sent.extend(rig.fill_all());
        rig.pass(10 * SECOND);
    }
    let qty: Vec<i64> = sent.iter().map(|sent| sent.0).collect();
    assert_eq!(
        qty,
        [37, 63],
        "12, 25 wait; 37 leave; at 75 less than a child would be left"
    );
}

#[test]
fn what_the_book_shows_bounds_a_child() {
    let mut rig = Rig::one();
    rig.execute(twap(5_000, 1, 100));
    assert_eq!(rig.fill_all(), [(1_000, Some(10_001))]);
    rig.pass(999_999_999);
    assert!(rig.new_orders().is_empty(), "not again at once");
    rig.pass(1);
    assert_eq!(rig.fill_all(), [(1_000, Some(10_001))]);
}

#[test]
fn nothing_leaves_beyond_limit_and_slippage() {
    let mut rig = Rig::one();
    let mut request = twap(10, 1, 100);
    request.limit_price = Some(Price(10_000));
    rig.execute(request);
    assert!(rig.new_orders().is_empty());
    rig.book(FIRST, 9_998, 10_000);
    rig.pass(SECOND);
    assert_eq!(rig.fill_all(), [(10, Some(10_000))]);

    let mut rig = Rig::one();
    let mut request = twap(10, 1, 100);
    request.terms.max_slippage_bps = Some(5);
    rig.execute(request.clone());
    assert_eq!(rig.fill_all(), [(10, Some(10_001))]);
    request.terms.max_slippage_bps = Some(0);
    rig.execute(request);
    assert_eq!(rig.fill_all(), [], "half the spread is too much");
}

#[test]
fn slippage_is_measured_against_its_benchmark() {
    for (benchmark, sent) in [(Benchmark::Arrival, 0), (Benchmark::Mid, 1)] {
        let mut rig = Rig::one();
        let mut request = twap(10, 1, 100);
        request.terms.start = UnixNanos(START + SECOND);
        request.terms.max_slippage_bps = Some(5);
        request.terms.benchmark = benchmark;
        rig.execute(request);
        rig.now += SECOND / 2;
        rig.book(FIRST, 10_008, 10_010);
        rig.pass(SECOND);
        assert_eq!(rig.new_orders().len(), sent, "{benchmark:?}");
    }
}

#[test]
fn a_passive_child_rests_and_what_it_leaves_is_caught_up() {
    let mut rig = Rig::one();
    let mut request = twap(100, 4, 40);
    request.terms.style = Style::Passive;
    let id = rig.execute(request);
    let first = rig.new_orders();
    assert_eq!(
        (first[0].order_qty, first[0].limit_price),
        (Qty(25), Some(Price(9_999)))
    );
    assert_eq!(first[0].tif, TimeInForce::Day);
    rig.tell(id + 1, ReportKind::Accepted);
    rig.tell(id + 1, fill(5, 5, 9_999));
    rig.forget();
    rig.pass(10 * SECOND);
    assert_eq!(rig.cancels().len(), 1);
    assert_eq!(rig.new_orders().len(), 1, "20 may still be executed");
    assert_eq!(rig.new_orders()[0].limit_price, Some(Price(9_999)));
    rig.tell(id + 2, ReportKind::Accepted);
    rig.forget();
    rig.tell(id + 1, ReportKind::Canceled { cum_qty: Qty(8) });
    let sent: Vec<_> = rig
        .new_orders()
        .iter()
        .map(|o| (o.order_qty.0, o.limit_price))
        .collect();
    assert_eq!(sent, [(17, Some(Price(10_001)))], "3 more are to be told");
    assert_eq!(rig.parent(id).behind_max, Qty(20));
}

#[test]
fn without_catching_up_the_rest_waits_with_the_next_slice() {
    let mut rig = Rig::one();
    let mut request = twap(100, 4, 40);
    request.terms.style = Style::Passive;
    request.terms.catch_up = false;
    let id = rig.execute(request);
    rig.tell(id + 1, ReportKind::Accepted);
    rig.pass(10 * SECOND);
    rig.forget();
    rig.tell(id + 1, ReportKind::Canceled { cum_qty: Qty(0) });
    let sent: Vec<_> = rig
        .new_orders()
        .iter()
        .map(|o| (o.order_qty.0, o.limit_price))
        .collect();
    assert_eq!(
        sent,
        [(25, Some(Price(9_999)))],
        "25 of the next one have left"
    );
}

#[test]
fn a_child_that_nobody_answers_counts_in_full() {
    let mut rig = Rig::one();
    let id = rig.execute(twap(100, 2, 20));
    rig.forget();
    rig.pass(15 * SECOND);
    assert_eq!(rig.status(id + 1), OrderStatus::Unknown);
    let sent: Vec<_> = rig
        .new_orders()
        .iter()
        .map(|order| order.order_qty.0)
        .collect();
    assert_eq!(sent, [50], "the second half only");
    rig.pass(10 * SECOND);
    assert_eq!(
        rig.parent(id).status,
        OrderStatus::New,
        "its end is asked for, and not known"
    );
    rig.tell(id + 1, rejected(RejectReason::Venue));
    rig.tell(id + 2, fill(50, 50, 10_001));
    assert_eq!(rig.parent(id).status, OrderStatus::Expired);
    assert_eq!(rig.parent(id).cum_qty, Qty(50));
}

#[test]
fn a_child_that_is_said_never_to_have_arrived_is_never_sent_again() {
    let mut rig = Rig::one();
    let id = rig.execute(twap(100, 1, 100));
    rig.pass(6 * SECOND);
    for _ in 0..2 {
        rig.tell(id + 1, ReportKind::NotFound);
        rig.pass(3 * SECOND);
    }
    assert_eq!(rig.order(id + 1).reason, Some(RejectReason::NeverAccepted));
    rig.forget();
    rig.pass(80 * SECOND);
    assert!(rig.new_orders().is_empty());
    assert_eq!(rig.parent(id).status, OrderStatus::Expired);
    rig.tell(id + 1, fill(100, 100, 10_001));
    assert_eq!(
        rig.held(),
        100,
        "it had arrived after all, and is all there is"
    );
}

#[test]
fn a_refused_child_is_tried_again_after_a_pause_that_doubles() {
    let mut rig = Rig::one();
    let id = rig.execute(twap(10, 1, 100));
    let mut at = vec![rig.now];
    for child in 1..4 {
        rig.tell(id + child, rejected(RejectReason::Venue));
        rig.forget();
        while rig.new_orders().is_empty() {
            rig.pass(SECOND / 10);
        }
        at.push(rig.now);
    }
    let pauses: Vec<i64> = at
        .windows(2)
        .map(|two| (two[1] - two[0]) / SECOND)
        .collect();
    assert_eq!(
        pauses,
        [1, 1, 1],
        "the first answer to a child that was sent ends the row"
    );
}

#[test]
fn an_iceberg_shows_its_part_again_when_it_is_executed() {
    let mut rig = Rig::one();
    let mut request = ask(25, Algorithm::Iceberg { shown_qty: Qty(10) }, 0);
    request.limit_price = Some(Price(9_990));
    let id = rig.execute(request);
    assert_eq!(rig.fill_all(), [(10, Some(9_990))]);
    assert_eq!(rig.new_orders().len(), 1);
    rig.tell(id + 2, fill(4, 4, 9_990));
    rig.forget();
    rig.pass(60 * SECOND);
    assert!(rig.new_orders().is_empty(), "6 are still shown");
    rig.tell(id + 2, fill(6, 10, 9_990));
    assert_eq!(rig.fill_all(), [(5, Some(9_990))]);
    assert_eq!(rig.parent(id).status, OrderStatus::Filled);
}

#[test]
fn a_share_of_the_volume_follows_it() {
    let mut rig = Rig::one();
    let algorithm = Algorithm::Pov {
        participation_bps: 2_000,
        every_ns: SECOND,
    };
    rig.print(10_000, 500);
    let id = rig.execute(ask(1_000, algorithm, 100));
    rig.forget();
    rig.now += SECOND / 2;
    rig.print(10_000, 44);
    rig.pass(SECOND / 2);
    assert_eq!(
        rig.fill_all(),
        [(8, Some(10_001))],
        "a fifth of 44, nothing of before"
    );
    rig.print(10_000, 55);
    rig.pass(SECOND);
    assert_eq!(rig.fill_all(), [(11, Some(10_001))]);
    rig.pass(90 * SECOND);
    rig.pass(10 * SECOND);
    let parent = rig.parent(id);
    assert_eq!(
        (parent.status, parent.cum_qty),
        (OrderStatus::Expired, Qty(19))
    );
}

#[test]
fn what_is_left_at_the_end_is_taken_where_that_was_asked_for() {
    let mut rig = Rig::one();
    let mut request = twap(100, 2, 20);
    request.terms.style = Style::Passive;
    request.terms.end_policy = EndPolicy::Complete;
    let id = rig.execute(request);
    rig.tell(id + 1, ReportKind::Accepted);
    rig.pass(10 * SECOND);
    rig.tell(id + 1, ReportKind::Canceled { cum_qty: Qty(0) });
    rig.tell(id + 2, ReportKind::Accepted);
    rig.tell(id + 3, fill(50, 50, 10_001));
    rig.pass(10 * SECOND);
    rig.forget();
    rig.tell(id + 2, ReportKind::Canceled { cum_qty: Qty(0) });
    rig.pass(SECOND);
    assert_eq!(rig.fill_all(), [(50, Some(10_001))]);
    assert_eq!(rig.parent(id).status, OrderStatus::Filled);
}

#[test]
fn the_end_of_a_parent_is_the_end_of_its_children() {
    let mut rig = Rig::one();
    let mut request = twap(100, 4, 40);
    request.terms.style = Style::Passive;
    let id = rig.execute(request);
    rig.tell(id + 1, ReportKind::Accepted);
    rig.forget();
    rig.ask(&[Wish::Cancel(id)]);
    assert_eq!(rig.cancels()[0].client_order_id.sequence, id + 1);
    assert_eq!(rig.parent(id).status, OrderStatus::PendingCancel);
    rig.tell(id + 1, ReportKind::Canceled { cum_qty: Qty(0) });
    assert_eq!(rig.parent(id).status, OrderStatus::Canceled);
    rig.pass(60 * SECOND);
    assert!(rig.new_orders().is_empty());
    assert_eq!(rig.kernel.parents().count(), 0);
}

#[test]
fn halting_stopping_and_cancelling_all_end_parents() {
    for control in [Control::Halt, Control::Stop, Control::CancelAll] {
        let mut rig = Rig::one();
        let id = rig.execute(twap(100, 4, 40));
        let held = rig.execute(stop(Side::Buy, 10_100));
        rig.control(control);
        assert_eq!(
            rig.parent(held).status,
            OrderStatus::Canceled,
            "{control:?}"
        );
        assert_eq!(
            rig.parent(id).status,
            OrderStatus::PendingCancel,
            "{control:?}"
        );
        assert_eq!(rig.kernel.orders().exposure(FIRST).buy, 25, "{control:?}");
    }
}

#[test]
fn a_parent_takes_other_terms_as_long_as_they_are_possible() {
    let mut rig = Rig::one();
    let id = rig.execute(twap(100, 2, 20));
    rig.fill_all();
    rig.ask(&[Wish::Replace(id, Some(49), None)]);
    assert_eq!(rig.parent(id).reason, Some(RejectReason::TooLate));
    rig.ask(&[Wish::Replace(id, Some(60), Some(10_050))]);
    assert_eq!(
        (rig.parent(id).order_qty, rig.parent(id).reason),
        (Qty(60), None)
    );
    rig.forget();
    rig.pass(10 * SECOND);
    assert_eq!(rig.fill_all(), [(10, Some(10_001))]);
    assert_eq!(rig.parent(id).status, OrderStatus::Filled);
}

#[test]
fn nobody_makes_a_child_larger() {
    let mut rig = Rig::one();
    let mut request = twap(100, 4, 40);
    request.terms.style = Style::Passive;
    let id = rig.execute(request);
    rig.tell(id + 1, ReportKind::Accepted);
    rig.forget();
    rig.ask(&[Wish::Replace(id + 1, Some(500), None)]);
    assert!(rig.replaces().is_empty());
}

#[test]
fn terms_that_cannot_be_worked_are_refused() {
    let pov = |participation_bps, every_ns| Algorithm::Pov {
        participation_bps,
        every_ns,
    };
    let mut weightless = twap(100, 3, 10);
    weightless.weights = vec![0, 0];
    let mut heavy = ask(10, pov(100, SECOND), 10);
    heavy.weights = vec![1];
    let refused = [
        (twap(0, 3, 10), RejectReason::BadQty),
        (twap(100, 0, 10), RejectReason::NotSupported),
        (twap(100, 3, 0), RejectReason::NotSupported),
        (twap(100, 3, -5), RejectReason::NotSupported),
        (weightless, RejectReason::NotSupported),
        (heavy, RejectReason::NotSupported),
        (ask(10, pov(0, SECOND), 10), RejectReason::NotSupported),
        (ask(10, pov(10_001, SECOND), 10), RejectReason::NotSupported),
        (ask(10, pov(100, 0), 10), RejectReason::NotSupported),
        (
            ask(10, Algorithm::Iceberg { shown_qty: Qty(5) }, 0),
            RejectReason::NotSupported,
        ),
        (stop(Side::Buy, -1), RejectReason::NotSupported),
    ];
    for (request, reason) in refused {
        let mut rig = Rig::one();
        rig.execute(request.clone());
        let told = rig.kernel.strategy().parents.last().unwrap().parent;
        assert_eq!(
            (told.status, told.reason),
            (OrderStatus::Rejected, Some(reason)),
            "{request:?}"
        );
        assert_eq!(rig.kernel.parents().count(), 0);
        assert!(rig.new_orders().is_empty());
    }
}

#[test]
fn parents_are_in_the_books_that_the_next_session_starts_from() {
    let mut config = rig::config(vec![instrument("AAA")]);
    config.cancel_on_stop = false;
    let mut rig = Rig::new(config.clone());
    let worked = rig.execute(twap(100, 4, 40));
    let held = rig.execute(stop(Side::Sell, 9_950));
    rig.fill_all();
    rig.control(Control::Stop);
    let bytes = rig.kernel.snapshot().encode();
    let books = py_rt_kernel::Snapshot::decode(&bytes).unwrap();
    let mut next = Rig::silent(config, rig::Script::default());
    next.kernel.restore(&books).unwrap();
    assert_eq!(next.kernel.snapshot(), books);
    assert_eq!(next.kernel.orders().exposure(FIRST).sell, 100);
    next.now = rig.now;
    next.book(FIRST, 9_999, 10_001);
    next.pass(30 * SECOND);
    assert!(
        next.new_orders().is_empty(),
        "nothing leaves before the start"
    );
    next.control(Control::Start);
    next.now += 1;
    next.pass(SECOND);
    assert_eq!(next.fill_all(), [(75, Some(10_001))]);
    assert_eq!(next.parent(worked).status, OrderStatus::Filled);
    next.kernel.handle_input(
        UnixNanos(next.now),
        py_rt_kernel::Input::Control(Control::Resume {
            by: py_rt_kernel::input::Person::parse("ada").expect("a name"),
        }),
    );
    next.print(9_940, 1);
    assert_eq!(next.new_orders().len(), 1);
    assert_eq!(next.parent(held).status, OrderStatus::New);
}
