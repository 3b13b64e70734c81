//! Ten levels a side (MBP-10) to the levels that changed.
//!
//! Every record holds the whole ladder, and the last one of an event says how the event left it.
//! So an event is told as the levels in which that ladder differs from the one before: a level that
//! went, or was pushed out of the ten, goes; a first ladder, and one behind a gap, is a snapshot.

use alloc::vec::Vec;

use py_rt_types::{EventKind, InstrumentId, MarketEvent, Price, Qty, UnixNanos, END, GAP};

use super::record::{Action, Best, Levels, LAST, MAYBE_BAD_BOOK, NO_PRICE};

/// One side, best first: prices in 1e-9 and quantities.
type Side = Vec<(i64, i64)>;

/// The ladder of one instrument, and the event that has not ended.
#[derive(Debug, Clone, Default)]
pub(super) struct Ladder {
    bids: Side,
    asks: Side,
    told: bool,
    open: Option<Event>,
}

#[derive(Debug, Clone, Default)]
struct Event {
    ts_event: u64,
    ts_recv: u64,
    bids: Side,
    asks: Side,
    bad: bool,
}

impl Ladder {
    /// Takes one record in; appends the rows of the event that it ends.
    ///
    /// An event ends with the record that says so, and in any case before one of another time.
    pub(super) fn handle(
        &mut self,
        at: usize,
        ts_event: u64,
        action: &Action,
        levels: &Levels,
        out: &mut Vec<MarketEvent>,
    ) {
        if self.open.as_ref().is_some_and(|e| e.ts_event != ts_event) {
            self.finish(at, out);
        }
        let mut event = self.open.take().unwrap_or_default();
        event.ts_event = ts_event;
        event.ts_recv = action.ts_recv;
        event.bad |= action.flags & MAYBE_BAD_BOOK != 0;
        event.bids.clear();
        event.asks.clear();
        for level in levels.iter() {
            let Best {
                bid_price,
                bid_qty,
                ask_price,
                ask_qty,
            } = level;
            if bid_price != NO_PRICE && bid_qty > 0 {
                event.bids.push((bid_price, i64::from(bid_qty)));
            }
            if ask_price != NO_PRICE && ask_qty > 0 {
                event.asks.push((ask_price, i64::from(ask_qty)));
            }
        }
        self.open = Some(event);
        if action.flags & LAST != 0 {
            self.finish(at, out);
        }
    }

    /// Ends the event at hand, if there is one.
    pub(super) fn finish(&mut self, at: usize, out: &mut Vec<MarketEvent>) {
        let Some(event) = self.open.take() else {
            return;
        };
        let from = out.len();
        let time = |ns: u64| UnixNanos(i64::try_from(ns).unwrap_or(0));
        let mut push = |kind: EventKind, side: i8, (price, qty): (i64, i64)| {
            out.push(MarketEvent {
                ts_event: time(event.ts_event),
                ts_recv: time(event.ts_recv),
                instrument: InstrumentId(at as u32),
                kind: kind as u8,
                side,
                flags: 0,
                price: Price(price),
                qty: Qty(qty),
                order_id: 0,
            });
        };
        let empty = event.bids.is_empty() && event.asks.is_empty();
        let sides = [(1, &self.bids, &event.bids), (-1, &self.asks, &event.asks)];
        if event.bad || empty || !self.told {
            push(EventKind::Clear, 0, (0, 0));
            for (side, _, now) in sides.into_iter().filter(|_| !event.bad) {
                now.iter()
                    .for_each(|level| push(EventKind::Snapshot, side, *level));
            }
        } else {
            for (side, before, now) in sides {
                let gone = before
                    .iter()
                    .filter(|old| !now.iter().any(|l| l.0 == old.0));
                gone.for_each(|old| push(EventKind::Depth, side, (old.0, 0)));
            }
            for (side, before, now) in sides {
                let fresh = now.iter().filter(|level| !before.contains(level));
                fresh.for_each(|level| push(EventKind::Depth, side, *level));
            }
        }
        if let Some(row) = out.get_mut(from..).and_then(<[_]>::last_mut) {
            row.flags = if event.bad { END | GAP } else { END };
        }
        self.told = !event.bad;
        (self.bids, self.asks) = (event.bids, event.asks);
    }
}
