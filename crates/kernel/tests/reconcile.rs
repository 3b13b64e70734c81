//! Our books against the venue's: foreign things kept apart, what was missed brought in once,
//! nothing sent before they agree.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod rig;

use py_rt_kernel::event::{Event, SyncEvent, TradingState};
use py_rt_kernel::{Control, Input, KernelConfig, Session};
use py_rt_types::{
    AccountReport, ClientOrderId, OrderStatus, Qty, Query, RejectReason, ReportKind, Side,
    UnixNanos, VenueOrderId,
};
use rig::reconcile::{Held, Venue};
use rig::{buy, config, fill, instrument, money, snapshot, told, Dice, Rig, Script, FIRST};
use rig::{Wish, SECOND};

fn apart() -> Rig {
    let config = KernelConfig {
        reconciled: false,
        ..config(vec![instrument("AAA")])
    };
    let mut rig = Rig::silent(config, Script::default());
    rig.book(FIRST, 9_999, 10_001);
    rig.control(Control::Start);
    rig
}

fn syncs(rig: &Rig) -> Vec<SyncEvent> {
    let sync = |event: &Event| match event {
        Event::Sync(sync) => Some(*sync),
        _ => None,
    };
    rig.events.iter().filter_map(sync).collect()
}

fn connect(rig: &mut Rig, venue: &Venue) {
    rig.input(Input::Session(Session::Connected));
    venue.answer(rig);
}

fn joined() -> (Rig, Venue) {
    let (mut rig, venue) = (apart(), Venue::default());
    connect(&mut rig, &venue);
    rig.forget();
    (rig, venue)
}

fn placed(rig: &mut Rig, venue: &mut Venue, qty: i64) -> u64 {
    rig.ask(&[buy(qty, 9_990)]);
    let sequence = rig.kernel.next_sequence() - 1;
    let held = Held {
        qty,
        cum: 0,
        status: OrderStatus::New,
        side: Side::Buy,
    };
    venue.orders.insert(sequence, held);
    sequence
}

#[test]
fn the_strategy_starts_once_books_agree_and_cash_is_the_venues() {
    let mut rig = apart();
    rig.input(Input::Session(Session::Connected));
    assert_eq!(
        rig.queries(),
        [Query::OpenOrders],
        "one question after the other"
    );
    assert_eq!(
        (rig.kernel.strategy().starts, rig.kernel.is_reconciled()),
        (0, false)
    );
    Venue::default().answer(&mut rig);
    assert_eq!(
        (rig.kernel.strategy().starts, rig.kernel.is_reconciled()),
        (1, true)
    );
    assert_eq!(rig.kernel.portfolio().cash(), money("5000"));
    connect(&mut rig, &Venue::default());
    assert_eq!(rig.kernel.strategy().starts, 1);
}

#[test]
fn foreign_positions_and_orders_are_kept_apart() {
    let (mut rig, mut venue) = (
        apart(),
        Venue {
            foreign: 7,
            ..Venue::default()
        },
    );
    connect(&mut rig, &venue);
    assert!(syncs(&rig).contains(&SyncEvent::ForeignPosition {
        instrument: FIRST,
        qty: Qty(7)
    }));
    assert_eq!(rig.held(), 0);
    let mut foreign = told(0, rig.now, snapshot(OrderStatus::New, 3, 0));
    foreign.client_order_id = ClientOrderId::FOREIGN;
    foreign.venue_order_id = VenueOrderId(77);
    rig.report(&foreign);
    assert!(syncs(&rig).contains(&SyncEvent::ForeignOrder {
        instrument: FIRST,
        qty: Qty(3)
    }));
    foreign.kind = fill(2, 2, 10_000);
    rig.report(&foreign);
    rig.report(&foreign);
    venue.foreign = 9;
    rig.forget();
    connect(&mut rig, &venue);
    assert!(rig.kernel.is_reconciled(), "{:?}", syncs(&rig));
    assert_eq!((rig.held(), rig.kernel.orders().open().len()), (0, 0));
}

#[test]
fn fills_that_happened_while_away_are_booked_once() {
    let (mut rig, mut venue) = joined();
    let sequence = placed(&mut rig, &mut venue, 10);
    rig.tell(sequence, ReportKind::Accepted);
    let kind = venue.execute(rig.now, sequence, 2);
    rig.tell(sequence, kind);
    rig.input(Input::Session(Session::Disconnected));
    venue.execute(rig.now, sequence, 3);
    venue.execute(rig.now, sequence, 5);
    rig.forget();
    connect(&mut rig, &venue);
    assert!(rig.kernel.is_reconciled());
    assert_eq!(
        (rig.held(), rig.status(sequence)),
        (10, OrderStatus::Filled)
    );
    let brought = SyncEvent::Reconciled {
        adopted_orders: 0,
        booked_fills: 2,
    };
    assert!(syncs(&rig).contains(&brought), "{:?}", syncs(&rig));
    connect(&mut rig, &venue);
    assert_eq!(rig.held(), 10);
}

#[test]
fn orders_of_ours_that_the_journal_does_not_know_are_adopted() {
    let mut rig = apart();
    rig.input(Input::Session(Session::Restarted { next_sequence: 100 }));
    let mut venue = Venue::default();
    for (sequence, qty, last) in [(40, 10, 4), (41, 8, 8)] {
        let held = Held {
            qty,
            cum: 0,
            status: OrderStatus::New,
            side: Side::Sell,
        };
        venue.orders.insert(sequence, held);
        venue.execute(rig.now, sequence, last);
    }
    connect(&mut rig, &venue);
    assert!(rig.kernel.is_reconciled());
    assert_eq!(rig.held(), -12);
    assert_eq!(rig.order(40).leaves_qty(), Qty(6));
    assert_eq!(rig.kernel.orders().exposure(FIRST).sell, 6);
    assert_eq!(rig.status(41), OrderStatus::Filled);
    assert_eq!(rig.kernel.next_sequence(), 100);
    assert!(!syncs(&rig)
        .iter()
        .any(|e| matches!(e, SyncEvent::ForeignPosition { .. })));
    rig.forget();
    connect(&mut rig, &venue);
    assert_eq!(rig.held(), -12);
}

#[test]
fn a_fill_of_an_unknown_order_of_ours_before_the_listing_loses_neither_fill_nor_order() {
    let mut rig = apart();
    rig.input(Input::Session(Session::Restarted { next_sequence: 100 }));
    rig.input(Input::Session(Session::Connected));
    let mut venue = Venue::default();
    let held = Held {
        qty: 10,
        cum: 0,
        status: OrderStatus::New,
        side: Side::Buy,
    };
    venue.orders.insert(40, held);
    let kind = venue.execute(rig.now, 40, 3);
    rig.tell(40, kind);
    venue.answer(&mut rig);
    assert!(rig.kernel.is_reconciled());
    assert_eq!((rig.held(), rig.order(40).leaves_qty()), (3, Qty(7)));
    let mut late = Venue::default();
    let held = Held {
        qty: 10,
        cum: 0,
        status: OrderStatus::New,
        side: Side::Buy,
    };
    late.orders.insert(41, held);
    rig.tell(41, ReportKind::Accepted);
    late.answer(&mut rig);
    assert_eq!(
        rig.order(41).leaves_qty(),
        Qty(10),
        "nor when it is only accepted"
    );
}

#[test]
fn closed_orders_that_were_forgotten_are_not_booked_again() {
    let (mut rig, mut venue) = joined();
    let sequence = placed(&mut rig, &mut venue, 10);
    let kind = venue.execute(rig.now, sequence, 10);
    rig.tell(sequence, kind);
    for _ in 0..90 {
        rig.ask(&[buy(0, 9_990); 100]);
    }
    assert!(rig
        .kernel
        .orders()
        .find(ClientOrderId::new(sequence))
        .is_none());
    rig.tell(sequence, kind);
    assert_eq!(rig.held(), 10);
    connect(&mut rig, &venue);
    assert_eq!((rig.held(), rig.kernel.is_reconciled()), (10, true));
}

#[test]
fn orders_in_flight_over_a_restart_are_unknown_until_the_venue_spoke() {
    let (mut rig, mut venue) = joined();
    let arrived = placed(&mut rig, &mut venue, 10);
    let lost = placed(&mut rig, &mut venue, 5);
    venue.orders.remove(&lost);
    rig.input(Input::Session(Session::Restarted { next_sequence: 50 }));
    assert_eq!(rig.status(arrived), OrderStatus::Unknown);
    assert_eq!(rig.kernel.orders().exposure(FIRST).buy, 15);
    rig.forget();
    connect(&mut rig, &venue);
    assert!(!rig.kernel.is_reconciled(), "one order is not proved");
    for _ in 0..20 {
        rig.pass(SECOND / 2);
        venue.answer(&mut rig);
    }
    assert!(rig.kernel.is_reconciled());
    assert_eq!(rig.status(arrived), OrderStatus::New);
    assert_eq!(rig.order(lost).reason, Some(RejectReason::NeverAccepted));
    assert!(rig.new_orders().is_empty(), "nothing is resent");
}

#[test]
fn a_difference_that_stays_halts() {
    let (mut rig, mut venue) = joined();
    venue.position = 3;
    connect(&mut rig, &venue);
    for _ in 0..10 {
        rig.pass(SECOND);
        venue.answer(&mut rig);
    }
    let mismatch = SyncEvent::Mismatch {
        instrument: FIRST,
        ours: Qty(0),
        theirs: Qty(3),
    };
    assert!(syncs(&rig).contains(&mismatch));
    assert_eq!(rig.kernel.trading_state(), TradingState::ReduceOnly);
    rig.ask(&[buy(1, 9_990)]);
    assert!(rig.new_orders().is_empty());
}

#[test]
fn a_failed_answer_is_asked_again_from_the_beginning() {
    let mut rig = apart();
    rig.input(Input::Session(Session::Connected));
    for query in [Query::OpenOrders, Query::Positions, Query::Account] {
        rig.forget();
        rig.input(Input::Account(&AccountReport::Failed(query)));
        assert!(rig.queries().is_empty(), "after a pause");
        rig.pass(2 * SECOND);
        assert_eq!(rig.queries(), [Query::OpenOrders]);
    }
    Venue::default().answer(&mut rig);
    assert!(rig.kernel.is_reconciled());
}

#[test]
fn answers_of_an_earlier_connection_prove_nothing() {
    let mut rig = apart();
    rig.input(Input::Session(Session::Connected));
    rig.input(Input::Session(Session::Disconnected));
    for query in [Query::OpenOrders, Query::Positions, Query::Account] {
        rig.input(Input::Account(&AccountReport::Done(query)));
    }
    assert!(!rig.kernel.is_reconciled());
}

/// A venue that goes on while the line is cut at random; then books must be equal to the last lot.
#[test]
fn after_random_cuts_and_restarts_books_are_equal() {
    for seed in 0x5eed_5000..0x5eed_5040u64 {
        let mut dice = Dice(seed);
        let (mut rig, mut venue) = joined();
        let mut online = true;
        for _ in 0..250 {
            rig.now += SECOND / 10;
            match dice.between(0, 9) {
                0 if online => {
                    let lost = Session::Restarted {
                        next_sequence: rig.kernel.next_sequence() + 10,
                    };
                    let session = if dice.one_in(2) {
                        Session::Disconnected
                    } else {
                        lost
                    };
                    rig.input(Input::Session(session));
                    online = false;
                }
                0..=1 if !online => {
                    connect(&mut rig, &venue);
                    online = true;
                }
                2..=3 if online && rig.kernel.is_reconciled() => {
                    rig.forget();
                    let qty = dice.between(1, 20);
                    rig.ask(&[buy(qty, 9_990)]);
                    let sequence = rig.kernel.next_sequence() - 1;
                    if !dice.one_in(4) {
                        let held = Held {
                            qty,
                            cum: 0,
                            status: OrderStatus::New,
                            side: Side::Buy,
                        };
                        venue.orders.insert(sequence, held);
                    }
                }
                _ => venue_moves(&mut rig, &mut venue, &mut dice, online),
            }
            if online {
                rig.pass(SECOND / 10);
                venue.answer(&mut rig);
            }
        }
        rig.input(Input::Session(Session::Disconnected));
        connect(&mut rig, &venue);
        for _ in 0..40 {
            rig.pass(SECOND / 2);
            venue.answer(&mut rig);
        }
        assert!(rig.kernel.is_reconciled(), "seed {seed:#x}");
        assert_eq!(rig.held(), venue.position, "seed {seed:#x}");
        let open: Vec<u64> = rig
            .kernel
            .orders()
            .open()
            .iter()
            .map(|o| o.client_order_id.sequence)
            .collect();
        let theirs = venue
            .orders
            .iter()
            .filter(|order| !order.1.status.is_terminal());
        assert_eq!(
            open,
            theirs.map(|order| *order.0).collect::<Vec<_>>(),
            "seed {seed:#x}"
        );
    }
}

fn venue_moves(rig: &mut Rig, venue: &mut Venue, dice: &mut Dice, online: bool) {
    let open: Vec<u64> = venue
        .orders
        .iter()
        .filter(|o| !o.1.status.is_terminal())
        .map(|o| *o.0)
        .collect();
    if open.is_empty() {
        return;
    }
    let sequence = open[dice.between(0, open.len() as i64 - 1) as usize];
    let held = &venue.orders[&sequence];
    let (left, cum) = (held.qty - held.cum, held.cum);
    let kind = if dice.one_in(5) {
        venue.orders.get_mut(&sequence).unwrap().status = OrderStatus::Canceled;
        ReportKind::Canceled { cum_qty: Qty(cum) }
    } else {
        venue.execute(rig.now, sequence, dice.between(1, left))
    };
    if online && !dice.one_in(6) {
        rig.tell(sequence, kind);
        if dice.one_in(5) {
            rig.tell(sequence, kind);
        }
    }
}

#[test]
fn a_silent_order_is_asked_for_and_what_was_not_told_is_brought_in() {
    let (mut rig, mut venue) = joined();
    let (quiet, filled) = (
        placed(&mut rig, &mut venue, 5),
        placed(&mut rig, &mut venue, 7),
    );
    for sequence in [quiet, filled] {
        rig.tell(sequence, ReportKind::Accepted);
    }
    venue.execute(rig.now, filled, 7);
    rig.pass(14 * SECOND);
    assert_eq!((rig.queries(), rig.held()), (Vec::new(), 0), "not yet");
    rig.pass(2 * SECOND);
    assert_eq!(
        rig.queries(),
        [Query::OpenOrders],
        "one question for all of them"
    );
    venue.answer(&mut rig);
    assert_eq!((rig.status(filled), rig.held()), (OrderStatus::Filled, 7));
    assert_eq!(rig.status(quiet), OrderStatus::New);
    rig.pass(15 * SECOND);
    assert_eq!(rig.queries(), [Query::OpenOrders], "again and again");
}

#[test]
fn an_order_that_the_journal_lost_and_that_was_executed_is_found_at_the_venue() {
    for restarted in [true, false] {
        let (mut rig, mut venue) = joined();
        venue.anonymous = true;
        if restarted {
            let next_sequence = 1_025;
            rig.input(Input::Session(Session::Restarted { next_sequence }));
        }
        let (qty, cum, status, side) = (6, 0, OrderStatus::New, Side::Buy);
        let lost = Held {
            qty,
            cum,
            status,
            side,
        };
        venue.orders.insert(4, lost);
        venue.execute(rig.now, 4, 6);
        connect(&mut rig, &venue);
        let ours = if restarted { 6 } else { 0 };
        assert_eq!(rig.held(), ours, "restarted: {restarted}");
        assert!(rig.kernel.is_reconciled());
        connect(&mut rig, &venue);
        assert_eq!(rig.held(), ours, "once");
    }
}

#[test]
fn a_timer_that_is_due_at_the_restart_sends_nothing_on_the_books_of_before() {
    let (mut rig, venue) = joined();
    rig.ask(&[Wish::Timer(1, rig.now + 100, 0)]);
    rig.kernel.strategy_mut().at_timer = vec![buy(1, 9_990)];
    rig.now += SECOND;
    let restarted = Session::Restarted {
        next_sequence: 1_025,
    };
    rig.input(Input::Session(restarted));
    assert_eq!(rig.kernel.strategy().timers.len(), 1, "it rang");
    assert_eq!(rig.new_orders(), [], "before the books agree");
    connect(&mut rig, &venue);
    rig.ask(&[buy(1, 9_990)]);
    let ids: Vec<u64> = rig
        .new_orders()
        .iter()
        .map(|order| order.client_order_id.sequence)
        .collect();
    assert_eq!(ids.len(), 1);
    assert!(ids[0] >= 1_025, "an id of before was used: {ids:?}");
}

#[test]
fn nothing_is_asked_about_orders_that_say_something() {
    let (mut rig, mut venue) = joined();
    let sequence = placed(&mut rig, &mut venue, 100);
    rig.tell(sequence, ReportKind::Accepted);
    for _ in 0..10 {
        rig.pass(7 * SECOND);
        let kind = venue.execute(rig.now, sequence, 1);
        rig.tell(sequence, kind);
    }
    assert_eq!(rig.queries(), []);
}

#[test]
fn executions_are_not_asked_for_since_the_beginning_of_time() {
    let (mut rig, mut venue) = (apart(), Venue::default());
    rig.now += 10_000 * SECOND;
    rig.book(FIRST, 9_999, 10_001);
    connect(&mut rig, &venue);
    placed(&mut rig, &mut venue, 100);
    let since = UnixNanos(rig.now - 600 * SECOND);
    rig.input(Input::Session(Session::Disconnected));
    rig.input(Input::Session(Session::Connected));
    let asked = venue.answer(&mut rig);
    assert!(asked.contains(&Query::Fills { since }), "{asked:?}");
}
