//! Messages as rows.

use alloc::vec::Vec;

use py_rt_types::market::{END, GAP};
use py_rt_types::{EventKind, InstrumentId, MarketEvent, Price, Qty, UnixNanos};

use crate::feed::sheet::{Level, Message};

/// The row that makes a book invalid until its next snapshot.
#[must_use]
pub(super) const fn gap_row(place: u32, now: UnixNanos) -> MarketEvent {
    MarketEvent {
        ts_event: now,
        ts_recv: now,
        instrument: InstrumentId(place),
        kind: EventKind::Clear as u8,
        side: 0,
        flags: END | GAP,
        price: Price(0),
        qty: Qty(0),
        order_id: 0,
    }
}

/// A row without flags.
#[inline]
pub(super) const fn row(
    message: &Message,
    kind: EventKind,
    side: i8,
    price: i64,
    qty: i64,
) -> MarketEvent {
    MarketEvent {
        ts_event: message.ts_event,
        ts_recv: message.ts_recv,
        instrument: InstrumentId(message.place),
        kind: kind as u8,
        side,
        flags: 0,
        price: Price(price),
        qty: Qty(qty),
        order_id: 0,
    }
}

/// The levels of a message as rows.
#[inline]
pub(super) fn push_rows(
    message: &Message,
    levels: &[Level],
    kind: EventKind,
    flags: u16,
    out: &mut Vec<MarketEvent>,
) {
    let start = out.len();
    out.extend(levels.iter().map(|level| MarketEvent {
        flags,
        order_id: level.order_id,
        ..row(message, kind, level.side, level.price, level.qty)
    }));
    if kind == EventKind::Quote {
        close(start, out);
    }
}

/// Trades; each is an event of its own.
pub(super) fn push_trades(message: &Message, levels: &[Level], out: &mut Vec<MarketEvent>) {
    out.extend(levels.iter().map(|level| MarketEvent {
        flags: END,
        order_id: level.order_id,
        ..row(
            message,
            EventKind::Trade,
            level.side,
            level.price,
            level.qty,
        )
    }));
}

/// Marks the last row of a message.
pub(super) fn close(start: usize, out: &mut [MarketEvent]) {
    if let Some(last) = out.get_mut(start..).and_then(<[_]>::last_mut) {
        last.flags |= END;
    }
}
