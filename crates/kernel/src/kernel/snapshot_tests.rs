//! A kernel that was restored goes on as the one that was left.
#![allow(clippy::unwrap_used)]

use alloc::vec;
use py_rt_types::{
    ClientOrderId, ExecId, InstrumentId, Liquidity, Money, Price, Qty, Query, Report, ReportKind,
    Side, UnixNanos, VenueOrderId,
};

use super::{Kernel, KernelConfig, Snapshot};
use crate::input::{Control, Input, Session};
use crate::journal::tests::config;
use crate::output::{Output, Request};
use crate::signal::{Context, Interests, OrderRequest, Strategy};

/// Sends two buy orders at the start.
struct Buyer;

impl Strategy for Buyer {
    fn interests(&self) -> Interests {
        Interests::default()
    }
    fn on_start(&mut self, ctx: &mut Context<'_>) {
        for price in [100, 99] {
            let request = OrderRequest::limit(InstrumentId(1), Side::Buy, Qty(10), Price(price));
            ctx.submit(request);
        }
    }
}

fn loose() -> KernelConfig {
    let mut config = config();
    config.limits.price_collar_bps = u32::MAX;
    config
}

fn report(sequence: u64, kind: ReportKind) -> Report {
    Report {
        ts_event: UnixNanos(5),
        client_order_id: ClientOrderId::new(sequence),
        venue_order_id: VenueOrderId(u128::from(sequence) + 100),
        instrument: InstrumentId(1),
        side: Side::Buy,
        kind,
    }
}

fn fill(last: i64, cum: i64) -> ReportKind {
    ReportKind::Fill {
        exec_id: ExecId(cum as u128),
        last_qty: Qty(last),
        last_price: Price(100),
        cum_qty: Qty(cum),
        fee: Money::ZERO,
        fee_asset: py_rt_types::FeeAsset::Quote,
        liquidity: Liquidity::Taker,
    }
}

fn traded() -> Kernel<Buyer> {
    let mut kernel = Kernel::new(loose(), Buyer);
    let row = |side, price| py_rt_types::MarketEvent {
        ts_event: UnixNanos(1),
        ts_recv: UnixNanos(1),
        instrument: InstrumentId(1),
        kind: 0,
        side,
        flags: 1,
        price: Price(price),
        qty: Qty(100),
        order_id: 0,
    };
    for event in [row(1, 100), row(-1, 101)] {
        kernel.handle_input(UnixNanos(1), Input::Market(&event));
    }
    kernel.handle_input(UnixNanos(2), Input::Control(Control::Start));
    for (sequence, kind) in [
        (1, ReportKind::Accepted),
        (1, fill(2, 6)),
        (2, ReportKind::Accepted),
        (2, fill(3, 3)),
    ] {
        let report = report(sequence, kind);
        kernel.handle_input(UnixNanos(3), Input::Report(&report));
    }
    while kernel.poll_output().is_some() {}
    kernel
}

#[test]
fn the_books_survive_and_no_execution_is_booked_twice() {
    let kernel = traded();
    assert_eq!(kernel.portfolio().position(InstrumentId(1)).qty, Qty(5));
    let bytes = kernel.snapshot().encode();
    let snapshot = Snapshot::decode(&bytes).unwrap();
    assert_eq!(snapshot, kernel.snapshot());
    let mut next = Kernel::new(loose(), Buyer);
    next.restore(&snapshot).unwrap();
    assert_eq!(next.snapshot(), snapshot);
    for (kind, qty) in [(fill(2, 6), 5), (fill(4, 4), 9), (fill(4, 10), 13)] {
        let report = report(1, kind);
        next.handle_input(UnixNanos(9), Input::Report(&report));
        assert_eq!(next.portfolio().position(InstrumentId(1)).qty, Qty(qty));
    }
    assert_eq!(next.next_sequence(), 3);
}

/// The venue lists executions by its own order id, and a replaced order has a new one.
#[test]
fn an_execution_under_a_former_venue_id_is_not_foreign_in_the_next_session() {
    let mut kernel = traded();
    let mut replaced = report(
        1,
        ReportKind::Replaced {
            order_qty: Qty(10),
            limit_price: Some(Price(101)),
        },
    );
    replaced.client_order_id.revision = 1;
    replaced.venue_order_id = VenueOrderId(900);
    kernel.handle_input(UnixNanos(4), Input::Report(&replaced));
    let bytes = kernel.snapshot().encode();
    let mut next = Kernel::new(loose(), Buyer);
    next.restore(&Snapshot::decode(&bytes).unwrap()).unwrap();
    for former in [101, 900] {
        let known = next.orders().id_at_venue(VenueOrderId(former));
        assert_eq!(known.map(|id| id.sequence), Some(1), "{former}");
    }
    let mut listed = report(1, fill(2, 6));
    listed.client_order_id = ClientOrderId::FOREIGN;
    next.handle_input(UnixNanos(9), Input::Report(&listed));
    assert_eq!(next.portfolio().position(InstrumentId(1)).qty, Qty(5));
    assert_eq!(next.sync.image(), kernel.sync.image());
}

/// The list of executions and the answer to an order come over two connections.
#[test]
fn an_execution_listed_before_its_order_is_known_is_not_foreign_for_good() {
    let mut kernel = traded();
    let mut listed = report(1, fill(3, 3));
    listed.client_order_id = ClientOrderId::FOREIGN;
    listed.venue_order_id = VenueOrderId(700);
    kernel.handle_input(UnixNanos(4), Input::Report(&listed));
    assert_eq!(kernel.sync.foreign().count(), 1);
    let mut own = report(2, ReportKind::Accepted);
    own.venue_order_id = VenueOrderId(700);
    kernel.handle_input(UnixNanos(5), Input::Report(&own));
    assert_eq!(kernel.sync.foreign().count(), 0);
    let mut next = Kernel::new(loose(), Buyer);
    next.restore(&kernel.snapshot()).unwrap();
    assert_eq!(next.sync.image(), kernel.sync.image());
}

#[test]
fn open_orders_are_asked_for_after_a_restart() {
    let snapshot = traded().snapshot();
    let mut config = loose();
    config.reconciled = false;
    let mut next = Kernel::new(config, Buyer);
    next.restore(&snapshot).unwrap();
    let restarted = Session::Restarted { next_sequence: 900 };
    next.handle_input(UnixNanos(9), Input::Session(restarted));
    next.handle_input(UnixNanos(9), Input::Session(Session::Connected));
    let mut asked = vec![];
    while let Some(output) = next.poll_output() {
        if let Output::Send(Request::Query(query)) = output {
            asked.push(query);
        }
    }
    assert_eq!(asked, vec![Query::OpenOrders]);
    assert_eq!(next.orders().open().len(), 2);
    assert_eq!(next.next_sequence(), 900);
}

#[test]
fn instruments_may_change_their_places() {
    let snapshot = traded().snapshot();
    assert!(snapshot.concerns(InstrumentId(1)) && !snapshot.concerns(InstrumentId(0)));
    let moved = snapshot.rearranged(&[None, Some(InstrumentId(0))], 1);
    assert!(moved.concerns(InstrumentId(0)));
    assert_eq!(moved.open().len(), 2);
    let mut config = loose();
    config.instruments.remove(0);
    let mut next = Kernel::new(config, Buyer);
    next.restore(&moved).unwrap();
    assert_eq!(next.portfolio().position(InstrumentId(0)).qty, Qty(5));
    assert!(next.restore(&snapshot).is_err());
}

#[test]
fn cut_books_are_malformed() {
    let bytes = traded().snapshot().encode();
    for length in 0..bytes.len() {
        assert!(Snapshot::decode(&bytes[..length]).is_err(), "{length}");
    }
}
