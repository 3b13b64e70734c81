//! Events as rows. Decimals are text, times are nanoseconds; every write may be repeated.

use std::path::Path;

use py_rt_kernel::event::{FillEvent, PositionEvent};
use py_rt_kernel::execution::Order;
use py_rt_kernel::Event;
use py_rt_types::number::divide_half_even;
use py_rt_types::{
    ClientOrderId, Decimal, Instrument, InstrumentSpec, Money, OrderStatus, OrderType, Price, Qty,
    Side,
};
use rusqlite::{params, Connection, Error};

use super::Ledger;
use crate::state::draw_seed;

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS progress (
  one INTEGER PRIMARY KEY CHECK (one = 1), store TEXT NOT NULL, session INTEGER NOT NULL,
  record INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS orders (
  client_order_id TEXT PRIMARY KEY, venue_order_id TEXT, strategy TEXT NOT NULL,
  symbol TEXT NOT NULL, side TEXT NOT NULL, order_type TEXT NOT NULL, order_qty TEXT NOT NULL,
  limit_price TEXT, cum_qty TEXT NOT NULL, avg_price TEXT, status TEXT NOT NULL,
  ts_created INTEGER NOT NULL, ts_updated INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS fills (
  exec_id TEXT NOT NULL, venue TEXT NOT NULL, client_order_id TEXT NOT NULL,
  symbol TEXT NOT NULL, side TEXT NOT NULL, last_qty TEXT NOT NULL, last_price TEXT NOT NULL,
  fee TEXT NOT NULL, fee_asset TEXT NOT NULL, ts_event INTEGER NOT NULL,
  PRIMARY KEY (venue, exec_id));
CREATE TABLE IF NOT EXISTS positions (
  strategy TEXT NOT NULL, symbol TEXT NOT NULL, qty TEXT NOT NULL, avg_price TEXT,
  realized_pnl TEXT NOT NULL, PRIMARY KEY (strategy, symbol));";

/// Digits behind the point of an average price.
const AVERAGE_SCALE: u32 = 12;

pub(super) fn open(path: &Path) -> Result<Connection, Error> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.execute_batch(SCHEMA)?;
    // The name tells a database that follows which file its place in the list belongs to.
    connection.execute(
        "INSERT INTO progress VALUES (1, ?1, 0, 0) ON CONFLICT DO NOTHING",
        [format!("{:016x}", draw_seed())],
    )?;
    Ok(connection)
}

/// Puts everything into the main file and syncs it.
pub(super) fn checkpoint(connection: &Connection) -> Result<(), Error> {
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
}

/// Says how far the journal is in the rows of this transaction.
pub(super) fn mark(rows: &Connection, session: u64, record: u64) -> Result<(), Error> {
    let (session, record) = (session.cast_signed(), record.cast_signed());
    rows.prepare_cached("UPDATE progress SET session = ?1, record = ?2")?
        .execute(params![session, record])?;
    Ok(())
}

/// Takes out what belongs to order ids of ours from `first_sequence` on.
pub(super) fn remove_from(
    rows: &Connection,
    ledger: &Ledger,
    first_sequence: u64,
) -> Result<(), Error> {
    for (table, column) in [("orders", "client_order_id"), ("fills", "client_order_id")] {
        let mut found = rows.prepare(&format!("SELECT DISTINCT {column} FROM {table}"))?;
        let ids: Vec<String> = found
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let mut remove = rows.prepare(&format!("DELETE FROM {table} WHERE {column} = ?1"))?;
        for id in ids {
            let ours = ledger.lineage.decode_id(id.as_bytes());
            if ours != ClientOrderId::FOREIGN && ours.sequence >= first_sequence {
                remove.execute([&id])?;
            }
        }
    }
    Ok(())
}

pub(super) fn clear_positions(rows: &Connection, ledger: &Ledger) -> Result<(), Error> {
    for name in ledger.names.iter().chain([&ledger.strategy]) {
        rows.execute("DELETE FROM positions WHERE strategy = ?1", [name])?;
    }
    Ok(())
}

pub(super) fn apply(rows: &Connection, ledger: &Ledger, event: &Event) -> Result<(), Error> {
    match event {
        Event::Order(event) => put_order(rows, ledger, &event.order),
        Event::Fill(fill) => put_fill(rows, ledger, fill),
        Event::Position(position) => put_position(rows, ledger, position),
        _ => Ok(()),
    }
}

/// One row an order of the venue: a replaced order has one for each revision.
pub(super) fn put_order(rows: &Connection, ledger: &Ledger, order: &Order) -> Result<(), Error> {
    let Some(instrument) = ledger.instruments.get(order.instrument.index()) else {
        return Ok(());
    };
    let id = order.client_order_id;
    if id.revision > 0 {
        // The revisions in between may have been refused: any earlier row is the one replaced.
        let root = id_text(ledger, ClientOrderId::new(id.sequence));
        rows.prepare_cached(
            "UPDATE orders SET status = 'Replaced', ts_updated = ?3
             WHERE (client_order_id = ?1 OR client_order_id BETWEEN ?1 || '-' AND ?1 || '.')
               AND client_order_id <> ?2 AND status <> 'Replaced'",
        )?
        .execute(params![root, id_text(ledger, id), order.ts_updated.0])?;
    }
    rows.prepare_cached(
        "INSERT INTO orders VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
         ON CONFLICT (client_order_id) DO UPDATE SET
           venue_order_id = excluded.venue_order_id, order_qty = excluded.order_qty,
           limit_price = excluded.limit_price, cum_qty = excluded.cum_qty,
           avg_price = excluded.avg_price, status = excluded.status,
           ts_updated = excluded.ts_updated",
    )?
    .execute(params![
        id_text(ledger, id),
        (order.venue_order_id.0 != 0).then(|| ledger.venue.order_text(order.venue_order_id)),
        ledger.name_of(order.strategy),
        instrument.symbol(),
        side_text(order.side),
        match order.order_type {
            OrderType::Market => "market",
            OrderType::Limit => "limit",
            OrderType::Stop => "stop",
        },
        qty_text(instrument, order.order_qty),
        order.limit_price.map(|price| price_text(instrument, price)),
        qty_text(instrument, order.cum_qty),
        average_price(instrument, order.cum_notional, order.cum_qty),
        status_text(order.status),
        order.ts_created.0,
        order.ts_updated.0,
    ])?;
    Ok(())
}

fn put_fill(rows: &Connection, ledger: &Ledger, fill: &FillEvent) -> Result<(), Error> {
    let Some(instrument) = ledger.instruments.get(fill.instrument.index()) else {
        return Ok(());
    };
    let spec = instrument.spec();
    let (fee, fee_asset) = match fill.fee_in_kind {
        Money::ZERO => (fill.fee, spec.currency.as_str()),
        in_kind => (in_kind, base_of(spec)),
    };
    rows.prepare_cached(
        "INSERT INTO fills VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         ON CONFLICT (venue, exec_id) DO NOTHING",
    )?
    .execute(params![
        ledger.venue.exec_text(instrument.symbol(), fill.exec_id),
        ledger.venue.name(),
        id_text(ledger, fill.client_order_id),
        instrument.symbol(),
        side_text(fill.side),
        qty_text(instrument, fill.last_qty),
        price_text(instrument, fill.last_price),
        exact_text(fee),
        fee_asset,
        fill.ts_event.0,
    ])?;
    Ok(())
}

pub(super) fn put_position(
    rows: &Connection,
    ledger: &Ledger,
    position: &PositionEvent,
) -> Result<(), Error> {
    let Some(instrument) = ledger.instruments.get(position.instrument.index()) else {
        return Ok(());
    };
    rows.prepare_cached(
        "INSERT INTO positions VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (strategy, symbol) DO UPDATE SET
           qty = excluded.qty, avg_price = excluded.avg_price,
           realized_pnl = excluded.realized_pnl",
    )?
    .execute(params![
        ledger.name_of(position.strategy),
        instrument.symbol(),
        qty_text(instrument, position.qty),
        average_price(instrument, position.cost, position.qty),
        exact_text(position.realized_pnl),
    ])?;
    Ok(())
}

/// What is traded: the symbol without the currency of its prices.
fn base_of(spec: &InstrumentSpec) -> &str {
    let base = spec.symbol.strip_suffix(spec.currency.as_str());
    base.unwrap_or(&spec.symbol).trim_end_matches('/')
}

fn id_text(ledger: &Ledger, id: ClientOrderId) -> String {
    let mut text = Vec::with_capacity(32);
    ledger.lineage.encode_id(id, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

const fn side_text(side: Side) -> &'static str {
    match side {
        Side::Buy => "buy",
        Side::Sell => "sell",
    }
}

const fn status_text(status: OrderStatus) -> &'static str {
    status.name()
}

fn qty_text(instrument: &Instrument, qty: Qty) -> String {
    instrument
        .qty_decimal(qty)
        .map_or_else(|_| qty.0.to_string(), String::from)
}

fn price_text(instrument: &Instrument, price: Price) -> String {
    instrument
        .price_decimal(price)
        .map_or_else(|_| price.0.to_string(), String::from)
}

/// Money as exact decimal text.
#[must_use]
pub fn exact_text(money: Money) -> String {
    Decimal::from_atto(money.0).to_string()
}

/// What one unit cost, as decimal text of at most 12 digits behind the point, rounded half to
/// even; `None` for no quantity.
#[must_use]
pub fn average_price(instrument: &Instrument, cost: Money, qty: Qty) -> Option<String> {
    // cost = ticks × lots × tick_value, so that cost × tick / (lots × tick_value) is the price.
    let tick = instrument.spec().tick_size;
    let divisor = i128::from(qty.0).checked_mul(instrument.tick_value())?;
    if divisor == 0 {
        return None;
    }
    let (sign, divisor) = (divisor.signum(), divisor.abs());
    let whole = (cost.0 / divisor).checked_mul(sign)?;
    let rest = (cost.0 % divisor).checked_mul(sign)?;
    let scale = AVERAGE_SCALE.saturating_sub(tick.scale());
    let unit = 10i128.checked_pow(scale)?.checked_mul(tick.mantissa())?;
    let fraction = match rest.checked_mul(unit) {
        Some(product) => divide_half_even(product, divisor),
        None => divide_half_even(rest, (divisor / unit).max(1)),
    };
    let mantissa = whole.checked_mul(unit)?.checked_add(fraction)?;
    Decimal::try_new(mantissa, tick.scale() + scale)
        .ok()
        .map(|price| price.to_string())
}
