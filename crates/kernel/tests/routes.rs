//! Smart routing: where children go, and what keeps them away.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod rig;

use py_rt_kernel::execution::parents::{Algorithm, EndPolicy, ParentRequest};
use py_rt_kernel::input::Phase;
use py_rt_kernel::market::{consolidated, ListingError, Listings};
use py_rt_kernel::{Control, Input, Kernel, Snapshot};
use py_rt_types::{
    InstrumentId, OrderStatus, OrderType, Price, Qty, RejectReason, ReportKind, Side, TimeInForce,
    UnixNanos,
};
use rig::routes::{listed, route, terms, venue, venues};
use rig::{config, fill, instrument, rejected, row, Rig, Script, FIRST, MS, SECOND};

const CANCELED: ReportKind = ReportKind::Canceled { cum_qty: Qty::ZERO };

#[test]
fn the_cheapest_levels_after_fees_are_taken_each_venue_by_one_child() {
    // 100.01 and 2 bps are dearer than 100.03 without fees.
    let mut rig = venues(&[200_000, 0]);
    rig.offer(1, 10_001, 0);
    rig.offer(1, 10_002, 40);
    rig.offer(1, 10_003, 1_000);
    rig.execute(route(50));
    assert_eq!(rig.routed(), [(2, 1, 50, 10_003)]);

    let mut rig = venues(&[200_000, 0]);
    rig.offer(1, 10_001, 20);
    rig.offer(1, 10_004, 1_000);
    rig.execute(route(50));
    let orders = rig.new_orders();
    let kinds = orders.iter().map(|o| (o.order_type, o.tif));
    assert!(kinds.eq([(OrderType::Limit, TimeInForce::Ioc); 2]));
    assert_eq!(rig.routed(), [(2, 0, 30, 10_001), (3, 1, 20, 10_001)]);
}

#[test]
fn fees_by_quantity_and_latency_are_counted() {
    let mut two = terms(&[0, 0]);
    two[0].per_unit = rig::money("0.02");
    let instruments = vec![instrument("AAA@0"), instrument("AAA@1")];
    let mut rig = listed(config(instruments.clone()), &two, Script::default());
    rig.offer(1, 10_001, 0);
    rig.offer(1, 10_002, 1_000);
    rig.execute(route(10));
    assert_eq!(rig.routed(), [(2, 1, 10, 10_002)]);

    let mut two = terms(&[0, 0]);
    two[0].order_ns = 500 * MS;
    let mut rig = listed(config(instruments.clone()), &two, Script::default());
    rig.execute(route(10));
    assert_eq!(rig.routed(), [(2, 1, 10, 10_001)], "a tie");
    // Half a second at 4 basis points a second is 2 ticks of 10,001.
    let mut rig = listed(config(instruments), &two, Script::default());
    rig.offer(1, 10_001, 0);
    rig.offer(1, 10_002, 1_000);
    let mut wish = route(10);
    wish.algorithm = Algorithm::Route {
        every_ns: MS,
        max_age_ns: SECOND,
        latency_cost_bps: 4,
    };
    rig.execute(wish);
    assert_eq!(rig.routed(), [(2, 1, 10, 10_002)]);
}

#[test]
fn what_a_venue_refuses_goes_to_the_others_and_the_venue_has_to_wait() {
    let mut rig = venues(&[0, 100_000]);
    let parent = rig.execute(route(50));
    assert_eq!(rig.routed(), [(2, 0, 50, 10_001)]);
    rig.tell_at(0, 2, rejected(RejectReason::Venue));
    assert_eq!(rig.routed(), [(3, 1, 50, 10_001)]);
    rig.tell_at(1, 3, ReportKind::Canceled { cum_qty: Qty::ZERO });
    rig.pass(SECOND - MS);
    let sent: Vec<u32> = rig.routed().iter().map(|order| order.1).collect();
    assert!(sent.iter().all(|venue| *venue == 1), "{sent:?}");
    // Once more, and it waits twice as long.
    let mut rig = venues(&[0]);
    rig.execute(route(50));
    for pause in [SECOND, 2 * SECOND, 4 * SECOND] {
        let sequence = rig.routed()[0].0;
        rig.tell_at(0, sequence, rejected(RejectReason::Venue));
        rig.pass(pause - MS);
        rig.offer(0, 10_000, 5);
        assert_eq!(rig.routed(), []);
        rig.pass(2 * MS);
    }
    assert_eq!(rig.parent(parent).cum_qty, Qty(0));
}

#[test]
fn what_our_own_limits_refuse_goes_to_the_others_at_once() {
    let mut rig = venues(&[0, 100_000]);
    rig.input(Input::Phase(FIRST, Phase::Open));
    rig.hold(FIRST, 5);
    let mut wish = route(50);
    wish.terms.reduce_only = true;
    wish.side = Side::Sell;
    rig.execute(wish);
    let sent = rig.routed();
    // Only five may be sold, and only where they are.
    assert!(
        sent.iter().all(|order| order.1 == 0 && order.2 <= 5),
        "{sent:?}"
    );
}

#[test]
fn a_venue_that_is_invalid_stale_or_not_open_gets_nothing() {
    for reason in 0..3 {
        let mut rig = venues(&[0, 100_000]);
        match reason {
            0 => {
                let mut gap = row(FIRST, rig.now, 2, 0, 0, 0);
                gap.flags = 3;
                rig.market(&gap);
            }
            1 => {
                rig.pass(61 * SECOND);
                rig.offer(1, 10_001, 1_000);
            }
            _ => rig.input(Input::Phase(FIRST, Phase::Halted)),
        }
        // The trade that asks is one of the second venue: it makes nothing fresh.
        rig.kernel.strategy_mut().wanted.push(route(50));
        let print = row(InstrumentId(1), rig.now, 1, 1, 10_000, 1);
        rig.market(&print);
        let sent = rig.routed();
        assert_eq!(sent.len(), 1, "reason {reason}: {sent:?}");
        assert_eq!((sent[0].1, sent[0].2), (1, 50), "reason {reason}");
    }
}

#[test]
fn a_child_under_way_keeps_the_share_of_its_venue_and_an_unknown_one_ends_it() {
    let mut rig = venues(&[0, 100_000]);
    rig.offer(0, 10_001, 30);
    rig.offer(0, 10_002, 500);
    rig.offer(1, 10_001, 0);
    rig.offer(1, 10_009, 500);
    // Thirty are the most that one order may be.
    let parent = rig.execute(route(30));
    assert_eq!(rig.routed(), [(2, 0, 30, 10_001)]);
    rig.ask(&[rig::Wish::Replace(parent, Some(60), None)]);
    // The rest waits for the cheaper venue.
    assert_eq!(rig.routed(), []);
    rig.tell_at(0, 2, fill(30, 30, 10_001));
    rig.offer(0, 10_001, 0);
    rig.pass(200 * MS);
    assert_eq!(rig.routed(), [(3, 0, 30, 10_002)]);
    // Silence: the child is unknown, counts in full, and its venue gets nothing.
    rig.pass(6 * SECOND);
    assert_eq!(rig.status(3), OrderStatus::Unknown);
    rig.ask(&[rig::Wish::Replace(parent, Some(70), None)]);
    assert_eq!(rig.routed(), [(4, 1, 10, 10_009)]);
    rig.tell_at(1, 4, fill(10, 10, 10_009));
    rig.pass(5 * SECOND);
    assert_eq!(rig.routed(), []);
    assert_eq!(rig.parent(parent).cum_qty, Qty(40));
    rig.tell_at(0, 3, fill(30, 30, 10_002));
    assert_eq!(rig.parent(parent).status, OrderStatus::Filled);
}

#[test]
fn lots_and_ticks_of_another_venue_are_converted_exactly() {
    let instruments = vec![
        venue("AAA@0", "0.01", "1", "0"),
        venue("AAA@1", "0.05", "10", "20"),
    ];
    let mut rig = listed(config(instruments), &terms(&[0, 0]), Script::default());
    // The second trades in tens at 100.00, at least two of them; the first lists one at 100.01.
    rig.book(InstrumentId(1), 1_999, 2_000);
    let mut wish = route(47);
    wish.limit_price = Some(Price(10_002));
    let parent = rig.execute(wish);
    assert_eq!(rig.routed(), [(2, 0, 7, 10_001), (3, 1, 4, 2_000)]);
    rig.tell_at(1, 3, fill(4, 4, 2_000));
    assert_eq!(rig.parent(parent).cum_qty, Qty(40));
    rig.tell_at(0, 2, fill(7, 7, 10_001));
    let ended = rig.parent(parent);
    assert_eq!(ended.status, OrderStatus::Filled);
    assert_eq!(ended.cum_notional, rig::money("4700.07"));
    // Nineteen are below the second's smallest order.
    let parent = rig.execute(route(19));
    assert_eq!(rig.routed(), [(5, 0, 19, 10_001)]);
    rig.tell_at(0, 5, CANCELED);
    rig.ask(&[rig::Wish::Cancel(parent)]);
    assert_eq!(rig.parent(parent).status, OrderStatus::Canceled);
}

#[test]
fn a_limit_waits_for_its_price_and_a_book_that_comes_near_is_seen_at_once() {
    let mut rig = venues(&[0, 0]);
    let wish = ParentRequest {
        limit_price: Some(Price(10_000)),
        ..route(50)
    };
    rig.execute(wish);
    assert_eq!(rig.routed(), []);
    rig.offer(1, 10_000, 20);
    assert_eq!(rig.routed(), [(2, 1, 20, 10_000)]);
    rig.offer(0, 9_999, 0);
    rig.offer(0, 10_000, 20);
    assert_eq!(rig.routed(), [(3, 0, 20, 10_000)]);
}

#[test]
fn at_the_end_of_time_the_rest_expires_or_is_completed() {
    for (policy, status) in [
        (EndPolicy::Expire, OrderStatus::Expired),
        (EndPolicy::Complete, OrderStatus::New),
    ] {
        let mut rig = venues(&[0, 0]);
        let mut wish = ParentRequest {
            limit_price: Some(Price(10_000)),
            ..route(50)
        };
        wish.terms.end = UnixNanos(rig.now + 3 * SECOND);
        wish.terms.end_policy = policy;
        let parent = rig.execute(wish);
        rig.pass(4 * SECOND);
        assert_eq!(rig.parent(parent).status, status);
    }
}

#[test]
fn a_snapshot_keeps_the_venues_and_what_they_may_do() {
    let mut rig = venues(&[0, 100_000]);
    let parent = rig.execute(route(50));
    rig.tell_at(0, 2, rejected(RejectReason::Venue));
    rig.tell_at(1, 3, fill(10, 10, 10_001));
    let books = rig.kernel.snapshot();
    assert_eq!(Snapshot::decode(&books.encode()).unwrap(), books);
    let instruments = vec![instrument("AAA@0"), instrument("AAA@1")];
    let listings = Listings::try_new(&instruments, &terms(&[0, 100_000])).unwrap();
    let mut next = Rig::silent(config(instruments), Script::default());
    let kernel = Kernel::new(
        config(vec![instrument("AAA@0"), instrument("AAA@1")]),
        Script::default(),
    );
    next.kernel = kernel.with_listings(listings);
    next.kernel.restore(&books).unwrap();
    assert_eq!(next.kernel.snapshot(), books);
    assert_eq!(next.parent(parent).cum_qty, Qty(10));
    // Other places in the next session: the venues are found again.
    let places = [Some(InstrumentId(1)), Some(InstrumentId(0))];
    let moved = books.rearranged(&places, 2);
    assert_ne!(moved, books);
    assert_eq!(moved.rearranged(&places, 2), books);
    assert!(books.concerns(InstrumentId(1)));
    next.now = rig.now;
    next.control(Control::Start);
    next.book(FIRST, 9_999, 10_001);
    next.book(InstrumentId(1), 9_999, 10_001);
    next.pass(100 * MS);
    // The first venue still waits, the second's child still counts.
    assert_eq!(next.routed(), []);
    next.tell_at(1, 3, ReportKind::Canceled { cum_qty: Qty(10) });
    next.pass(2 * MS);
    assert_eq!(next.routed(), [(4, 1, 40, 10_001)]);
}

#[test]
fn canceling_one_venues_orders_ends_the_parent_that_goes_there() {
    let mut rig = venues(&[100_000, 0]);
    let parent = rig.execute(route(50));
    assert_eq!(rig.routed(), [(2, 1, 50, 10_001)]);
    rig.tell_at(1, 2, ReportKind::Accepted);
    rig.ask(&[rig::Wish::CancelAllOf(InstrumentId(0))]);
    assert_eq!(rig.cancels().len(), 1);
    rig.tell_at(1, 2, CANCELED);
    assert_eq!(rig.parent(parent).status, OrderStatus::Canceled);
}

#[test]
fn the_consolidated_book_has_the_venues_that_count_by_price_after_fees() {
    let mut rig = venues(&[100_000, 0]);
    rig.offer(1, 10_001, 0);
    rig.offer(1, 10_002, 7);
    let look = |rig: &Rig, side| {
        let kernel = &rig.kernel;
        let at = (UnixNanos(rig.now), 60 * SECOND);
        let levels = consolidated(kernel.market(), kernel.instruments(), (FIRST, side), at, 9);
        let row =
            |l: &py_rt_kernel::market::VenueLevel| (l.instrument.0, l.price.0, l.qty.0, l.net_e9);
        levels.iter().map(row).collect::<Vec<_>>()
    };
    assert_eq!(
        look(&rig, Side::Sell),
        [
            (0, 10_001, 1_000, 10_002_000_100_000),
            (1, 10_002, 7, 10_002_000_000_000)
        ]
        .into_iter()
        .rev()
        .collect::<Vec<_>>()
    );
    assert_eq!(
        look(&rig, Side::Buy),
        [
            (1, 9_999, 1_000, 9_999_000_000_000),
            (0, 9_999, 1_000, 9_998_000_100_000)
        ]
    );
    rig.input(Input::Phase(InstrumentId(1), Phase::Closed));
    assert_eq!(look(&rig, Side::Sell).len(), 1);
}

#[test]
fn what_is_no_product_is_refused() {
    let made = |other| {
        let instruments = [venue("AAA@0", "0.01", "1", "0"), other];
        Listings::try_new(&instruments, &terms(&[0, 0])).map(drop)
    };
    let second = InstrumentId(1);
    assert_eq!(made(venue("AAA@1", "0.01", "5", "0")), Ok(()));
    assert_eq!(
        made(venue("AAA@1", "0.01", "2.5", "0")),
        Err(ListingError::Lot(second))
    );
    let mut spec = rig::spec("AAA@1");
    spec.currency = "EUR".into();
    let euro = py_rt_types::Instrument::try_new(spec).unwrap();
    assert_eq!(made(euro), Err(ListingError::Unlike(second)));
    // A parent counts in the finest lots.
    let instruments = vec![
        venue("AAA@0", "0.01", "10", "0"),
        venue("AAA@1", "0.01", "1", "0"),
    ];
    let mut rig = listed(config(instruments), &terms(&[0, 0]), Script::default());
    rig.execute(route(47));
    let told = rig.kernel.strategy().parents.last().expect("a parent");
    assert_eq!(told.parent.reason, Some(RejectReason::NotSupported));
}
