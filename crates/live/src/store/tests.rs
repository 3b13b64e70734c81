//! Rows may be written twice, survive a rebuild, and say exact numbers.
#![allow(clippy::unwrap_used)]

use py_rt_kernel::event::{FillEvent, OrderEvent, PositionEvent};
use py_rt_kernel::signal::StrategyId;
use py_rt_types::{
    AssetClass, ClientOrderId, Decimal, ExecId, InstrumentSpec, Liquidity, Money, NewOrder,
    OrderStatus, OrderType, Price, Qty, Side, TimeInForce, UnixNanos, VenueOrderId,
};

use super::*;
use crate::journal::tests::Scratch;

fn instrument() -> Instrument {
    let decimal = |text| Decimal::parse(text).unwrap();
    Instrument::try_new(InstrumentSpec {
        symbol: "BTC/USD".to_string(),
        venue: "alpaca".to_string(),
        tick_size: decimal("0.25"),
        order_tick: None,
        lot_size: decimal("0.001"),
        min_qty: Decimal::ZERO,
        min_notional: Decimal::ZERO,
        multiplier: decimal("1"),
        currency: "USD".to_string(),
        asset_class: AssetClass::Crypto,
        shortable: false,
        sessions: false,
    })
    .unwrap()
}

fn ledger() -> Ledger {
    Ledger {
        strategy: "maker".to_string(),
        names: Vec::new(),
        venue: crate::dialect::Dialect::Alpaca,
        lineage: Lineage::parse("abcdefgh").unwrap(),
        instruments: Arc::from(vec![instrument()]),
    }
}

fn order(sequence: u64, revision: u16, status: OrderStatus) -> Event {
    let new = NewOrder {
        client_order_id: ClientOrderId { sequence, revision },
        instrument: InstrumentId(0),
        side: Side::Buy,
        order_type: OrderType::Limit,
        tif: TimeInForce::Gtc,
        order_qty: Qty(20),
        limit_price: Some(Price(401)),
        stop_price: None,
        post_only: false,
        reduce_only: false,
    };
    let mut order = Order::new(&new, 0, false, UnixNanos(5));
    order.status = status;
    order.venue_order_id = VenueOrderId(7);
    order.cum_qty = Qty(15);
    order.cum_notional = instrument().notional(Price(401), Qty(15)).unwrap();
    Event::Order(OrderEvent {
        ts_recv: UnixNanos(6),
        order,
        denial: None,
    })
}

fn fill(exec_id: u128, sequence: u64) -> Event {
    Event::Fill(FillEvent {
        ts_event: UnixNanos(9),
        ts_recv: UnixNanos(10),
        client_order_id: ClientOrderId::new(sequence),
        exec_id: ExecId(exec_id),
        instrument: InstrumentId(0),
        side: Side::Buy,
        last_qty: Qty(15),
        last_price: Price(401),
        cum_qty: Qty(15),
        fee: Money(Money::ONE.0 / 4),
        fee_in_kind: Money::ZERO,
        liquidity: Liquidity::Maker,
        position_qty: Qty(15),
        strategy: StrategyId::ACCOUNT,
    })
}

fn position(qty: i64) -> Event {
    Event::Position(PositionEvent {
        strategy: StrategyId::ACCOUNT,
        instrument: InstrumentId(0),
        qty: Qty(qty),
        cost: instrument().notional(Price(401), Qty(qty)).unwrap(),
        realized_pnl: Money(-Money::ONE.0),
    })
}

fn rows_of(path: &std::path::Path, query: &str) -> Vec<Vec<Option<String>>> {
    let connection = Connection::open(path.join("store.sqlite")).unwrap();
    let mut statement = connection.prepare(query).unwrap();
    let width = statement.column_count();
    let found = statement.query_map([], |row| {
        (0..width)
            .map(|at| {
                Ok(match row.get_ref(at)? {
                    rusqlite::types::ValueRef::Null => None,
                    rusqlite::types::ValueRef::Integer(value) => Some(value.to_string()),
                    other => Some(other.as_str()?.to_string()),
                })
            })
            .collect()
    });
    found.unwrap().collect::<Result<_, _>>().unwrap()
}

fn texts(row: &[Option<String>]) -> Vec<&str> {
    row.iter()
        .map(|cell| cell.as_deref().unwrap_or("NULL"))
        .collect()
}

#[test]
fn a_burst_of_several_transactions_loses_no_row() {
    let scratch = Scratch::new("burst");
    let store = StoreWriter::open(scratch.path(), ledger(), true)
        .unwrap()
        .start()
        .unwrap();
    let many = 3 * BATCH_MAX as u64 + 7;
    for sequence in 1..=many {
        store.handle_event(&order(sequence, 0, OrderStatus::New));
    }
    store.finish().unwrap();
    let found = rows_of(scratch.path(), "SELECT COUNT(*) FROM orders");
    assert_eq!(texts(&found[0]), [many.to_string()]);
}

#[test]
fn every_write_may_be_repeated() {
    let scratch = Scratch::new("store");
    let events = [
        order(1, 0, OrderStatus::PendingNew),
        order(1, 0, OrderStatus::PartiallyFilled),
        fill(3, 1),
        position(15),
    ];
    for _ in 0..2 {
        let writer = StoreWriter::open(scratch.path(), ledger(), true).unwrap();
        let store = writer.start().unwrap();
        events.iter().for_each(|event| store.handle_event(event));
        store.finish().unwrap();
    }
    let orders = rows_of(scratch.path(), "SELECT * FROM orders");
    assert_eq!(orders.len(), 1);
    assert_eq!(
        texts(&orders[0]),
        [
            "rt-abcdefgh-1",
            "00000000-0000-0000-0000-000000000007",
            "maker",
            "BTC/USD",
            "buy",
            "limit",
            "0.02",
            "100.25",
            "0.015",
            "100.25",
            "PartiallyFilled",
            "5",
            "5"
        ]
    );
    let fills = rows_of(scratch.path(), "SELECT * FROM fills");
    assert_eq!(
        texts(&fills[0]),
        [
            "00000000-0000-0000-0000-000000000003",
            "alpaca",
            "rt-abcdefgh-1",
            "BTC/USD",
            "buy",
            "0.015",
            "100.25",
            "0.25",
            "USD",
            "9"
        ]
    );
    assert_eq!(fills.len(), 1);
    let held = rows_of(scratch.path(), "SELECT * FROM positions");
    assert_eq!(held.len(), 1);
    assert_eq!(
        texts(&held[0]),
        ["maker", "BTC/USD", "0.015", "100.25", "-1"]
    );
}

#[test]
fn a_rebuild_takes_out_what_the_journal_does_not_know() {
    let scratch = Scratch::new("rebuild");
    let mut writer = StoreWriter::open(scratch.path(), ledger(), true).unwrap();
    let old: Vec<Event> = (1..6)
        .flat_map(|n| [order(n, 0, OrderStatus::Filled), fill(u128::from(n), n)])
        .collect();
    writer.rebuild(1, &old).unwrap();
    writer
        .rebuild(3, &[order(3, 0, OrderStatus::Canceled)])
        .unwrap();
    writer
        .write_books(&[], &[(StrategyId::ACCOUNT, &[Position::default()])])
        .unwrap();
    drop(writer);
    let orders = rows_of(
        scratch.path(),
        "SELECT client_order_id, status FROM orders ORDER BY 1",
    );
    let found: Vec<Vec<&str>> = orders.iter().map(|row| texts(row)).collect();
    assert_eq!(
        found,
        [
            ["rt-abcdefgh-1", "Filled"],
            ["rt-abcdefgh-2", "Filled"],
            ["rt-abcdefgh-3", "Canceled"]
        ]
    );
    let fills = rows_of(scratch.path(), "SELECT exec_id FROM fills");
    assert_eq!(fills.len(), 2);
    assert!(rows_of(scratch.path(), "SELECT * FROM positions").is_empty());
}

#[test]
fn a_replaced_order_has_a_row_for_each_revision() {
    let scratch = Scratch::new("replaced");
    let mut writer = StoreWriter::open(scratch.path(), ledger(), true).unwrap();
    let events = [
        order(1, 0, OrderStatus::New),
        order(1, 1, OrderStatus::New),
        order(1, 1, OrderStatus::Filled),
    ];
    writer.rebuild(1, &events).unwrap();
    drop(writer);
    let orders = rows_of(
        scratch.path(),
        "SELECT client_order_id, status FROM orders ORDER BY 1",
    );
    let found: Vec<Vec<&str>> = orders.iter().map(|row| texts(row)).collect();
    assert_eq!(
        found,
        [["rt-abcdefgh-1", "Replaced"], ["rt-abcdefgh-1-1", "Filled"]]
    );
}

#[test]
fn averages_are_exact_where_they_can_be() {
    let one = instrument();
    let value = |ticks, lots| one.notional(Price(ticks), Qty(lots)).unwrap().0;
    let average = |cost, lots| average_price(&one, Money(cost), Qty(lots));
    assert_eq!(average(value(401, 3), 3).as_deref(), Some("100.25"));
    assert_eq!(average(value(401, -3), -3).as_deref(), Some("100.25"));
    let mixed = value(400, 1) + value(401, 2);
    assert_eq!(average(mixed, 3).as_deref(), Some("100.166666666667"));
    assert_eq!(average(0, 0), None);
    assert_eq!(average(value(-401, 3), 3).as_deref(), Some("-100.25"));
}

#[test]
fn the_status_is_one_json_object() {
    let mut named = ledger();
    named.strategy = "quo\"te".to_string();
    let held = Position {
        qty: Qty(-5),
        ..Position::default()
    };
    let status = Status {
        now: UnixNanos(1),
        phase: "trading",
        trading: "active",
        connected: true,
        reconciled: true,
        totals: py_rt_kernel::journal::Totals::default(),
        open_orders: 2,
        cash: Money::ONE,
        equity: Money::ONE,
        positions: vec![held],
        order_hash: 255,
        records: 9,
    };
    let text = status.to_json(&named);
    assert!(text.contains("\"strategy\":\"quo\\\"te\""), "{text}");
    assert!(
        text.ends_with("\"positions\":{\"BTC/USD\":\"-0.005\"}}\n"),
        "{text}"
    );
    let scratch = Scratch::new("status");
    let store = StoreWriter::open(scratch.path(), named, false)
        .unwrap()
        .start()
        .unwrap();
    store.handle_status(status);
    store.finish().unwrap();
    let written = std::fs::read_to_string(scratch.path().join("status.json")).unwrap();
    assert_eq!(written, text);
    assert!(!scratch.path().join("store.sqlite").exists());
}

#[test]
fn every_row_before_a_replace_is_replaced() {
    let scratch = Scratch::new("revisions");
    let store = StoreWriter::open(scratch.path(), ledger(), true).unwrap();
    let store = store.start().unwrap();
    let other = order(11, 0, OrderStatus::New);
    let refused_in_between = [
        order(1, 0, OrderStatus::PendingReplace),
        order(1, 2, OrderStatus::Canceled),
    ];
    for event in [other].iter().chain(&refused_in_between) {
        store.handle_event(event);
    }
    store.finish().unwrap();
    let rows = rows_of(scratch.path(), "SELECT client_order_id, status FROM orders");
    let found: Vec<Vec<&str>> = rows.iter().map(|row| texts(row)).collect();
    assert_eq!(
        found,
        [
            ["rt-abcdefgh-11", "New"],
            ["rt-abcdefgh-1", "Replaced"],
            ["rt-abcdefgh-1-2", "Canceled"]
        ]
    );
}

#[test]
fn the_list_of_changes_has_each_row_once_as_it_is_now() {
    let scratch = Scratch::new("changes");
    let mut writer = StoreWriter::open(scratch.path(), ledger(), true).unwrap();
    // What was there before the list is in it too.
    writer.rebuild(1, &[order(1, 0, OrderStatus::New)]).unwrap();
    writer.keep_changes().unwrap();
    writer.set_progress(3, 40);
    let later = [
        order(2, 0, OrderStatus::New),
        order(1, 0, OrderStatus::Filled),
        fill(3, 1),
        fill(3, 1),
    ];
    writer.rebuild(2, &later).unwrap();
    writer.write_books(&[], &[]).unwrap();
    let mut reader = changes::ChangeReader::open(&scratch.path().join("store.sqlite")).unwrap();
    let all = reader.read(0, 100).unwrap();
    let keys: Vec<&str> = all.changes.iter().map(|one| one.key[1].as_str()).collect();
    assert_eq!(
        keys,
        [
            "rt-abcdefgh-2",
            "rt-abcdefgh-1",
            "00000000-0000-0000-0000-000000000003"
        ]
    );
    let status = |one: &changes::Change| one.row.as_ref().and_then(|row| row[10].clone());
    assert_eq!(status(&all.changes[1]).as_deref(), Some("Filled"));
    assert_eq!(
        (all.waiting, all.progress.session, all.progress.record),
        (0, 3, 40)
    );
    let part = reader.read(0, 2).unwrap();
    assert_eq!((part.changes.len(), part.waiting), (2, 1));
    // A rebuild that does not know an order any more takes its row out, and the list says so.
    writer.rebuild(2, &[]).unwrap();
    let gone = reader.read(all.through, 100).unwrap();
    assert_eq!(gone.changes.len(), 1);
    assert_eq!(
        (&gone.changes[0].key[0][..], &gone.changes[0].row),
        ("rt-abcdefgh-2", &None)
    );
    assert!(!reader.has_more(gone.through).unwrap());
}
