//! The best levels of a recorded book, after every message or at chosen times.
//!
//! Idea: rows are applied to a [`ByPrice`]; the best levels are copied out at the end of a message,
//! and only when one of its rows came near enough to change them. Costs: one pass, nothing
//! allocated after warm-up. No look-ahead: a message is seen whole or not at all.

use alloc::vec::Vec;

use py_rt_types::{EventKind, InstrumentId, MarketEvent, Side, UnixNanos, GAP};

use super::by_price::{ByPrice, Level};

/// When to look.
#[derive(Debug, Clone, Copy)]
pub enum Times<'a> {
    /// After every message.
    EveryMessage,
    /// At multiples of this many nanoseconds.
    Every(i64),
    /// At these times, rising.
    At(&'a [i64]),
}

/// Which time a look goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SampleClock {
    /// When the venue says it happened.
    Event,
    /// When it was received.
    Recv,
}

/// A look at a book.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'a> {
    /// When.
    pub ts: i64,
    /// Times of the last message seen; 0 before the first one.
    pub ts_event: UnixNanos,
    /// See `ts_event`.
    pub ts_recv: UnixNanos,
    /// Whether the book may be believed.
    pub valid: bool,
    /// Best bids, best first; empty while the book is not to be believed.
    pub bids: &'a [Level],
    /// Best asks, likewise.
    pub asks: &'a [Level],
}

/// One side of the best levels, as it was last copied out.
#[derive(Debug, Default)]
struct Best {
    levels: Vec<Level>,
    changed: bool,
}

impl Best {
    /// Notes that a row touches a price.
    #[inline]
    fn touch(&mut self, side: Side, row: &MarketEvent, depth: usize) {
        let beyond = self.levels.len() >= depth
            && self.levels.last().is_some_and(|worst| match side {
                Side::Buy => row.price < worst.price,
                Side::Sell => row.price > worst.price,
            });
        self.changed |= !beyond;
    }

    fn copy(&mut self, book: &ByPrice, side: Side, depth: usize) {
        if core::mem::take(&mut self.changed) {
            self.levels.clear();
            let levels = &mut self.levels;
            book.visit(side, |level| {
                levels.push(level);
                levels.len() < depth
            });
        }
    }
}

/// A book on its way through rows.
#[derive(Debug)]
struct Walk {
    book: ByPrice,
    best: [Best; 2],
    depth: usize,
    valid: bool,
    shown: bool,
    ts_event: UnixNanos,
    ts_recv: UnixNanos,
}

impl Walk {
    fn new(depth: usize) -> Self {
        Self {
            book: ByPrice::new(),
            best: [Best::default(), Best::default()],
            depth,
            valid: true,
            shown: false,
            ts_event: UnixNanos(0),
            ts_recv: UnixNanos(0),
        }
    }

    #[inline]
    fn apply(&mut self, row: &MarketEvent) {
        let depth = self.depth;
        let [bids, asks] = &mut self.best;
        match row.book_side() {
            // What an order is worth to its level stands in the book, not in the row.
            _ if is_about_order(row.kind) => (bids.changed, asks.changed) = (true, true),
            Some(side) if row.kind != EventKind::Clear as u8 => {
                let best = if side == Side::Buy { bids } else { asks };
                best.touch(side, row, depth);
            }
            _ => (bids.changed, asks.changed) = (true, true),
        }
        let whole = row.kind == EventKind::Snapshot as u8
            || (row.kind == EventKind::Clear as u8 && row.side == 0);
        if row.flags & GAP != 0 {
            self.valid = false;
        } else if whole {
            self.valid = true;
        }
        self.book.apply(row);
    }

    /// The message of `row` is over.
    #[inline]
    fn end_message(&mut self, row: &MarketEvent) {
        let [bids, asks] = &mut self.best;
        bids.copy(&self.book, Side::Buy, self.depth);
        asks.copy(&self.book, Side::Sell, self.depth);
        self.shown = self.valid;
        self.ts_event = row.ts_event;
        self.ts_recv = row.ts_recv;
    }

    #[inline]
    fn look(&self, ts: i64) -> Sample<'_> {
        let [bids, asks] = &self.best;
        let shown: fn(&Best) -> &[Level] = |best| &best.levels;
        Sample {
            ts,
            ts_event: self.ts_event,
            ts_recv: self.ts_recv,
            valid: self.shown,
            bids: if self.shown { shown(bids) } else { &[] },
            asks: if self.shown { shown(asks) } else { &[] },
        }
    }
}

/// The next time to look at.
struct Looks<'a> {
    times: Times<'a>,
    next: Option<i64>,
    at: usize,
}

impl<'a> Looks<'a> {
    fn new(times: Times<'a>) -> Self {
        let next = match times {
            Times::At(listed) => listed.first().copied(),
            Times::EveryMessage | Times::Every(_) => None,
        };
        Self { times, next, at: 0 }
    }

    /// The first message ends at `ts`: multiples start here.
    fn start(&mut self, ts: i64) {
        if let Times::Every(step) = self.times {
            let step = step.max(1);
            self.next = ts
                .div_euclid(step)
                .checked_add(i64::from(ts.rem_euclid(step) != 0))
                .and_then(|count| count.checked_mul(step));
        }
    }

    fn advance(&mut self) {
        self.at += 1;
        self.next = match (self.times, self.next) {
            (Times::At(listed), _) => listed.get(self.at).copied(),
            (Times::Every(step), Some(now)) => now.checked_add(step.max(1)),
            _ => None,
        };
    }
}

/// Whether a row changes a book by price.
#[inline]
const fn is_of_book(kind: u8) -> bool {
    kind == EventKind::Depth as u8
        || kind == EventKind::Snapshot as u8
        || kind == EventKind::Clear as u8
        || is_about_order(kind)
}

/// Whether a row speaks about one resting order.
#[inline]
const fn is_about_order(kind: u8) -> bool {
    kind >= EventKind::OrderAdd as u8 && kind <= EventKind::OrderExecute as u8
}

/// Looks at the book of one instrument at the times asked for; `look` sees each in order.
///
/// A look at time t sees every message whose time, or that of an earlier one, is at most t. Where
/// there are rows about single orders, trades count as messages of the book.
pub fn sample_book(
    rows: &[MarketEvent],
    instrument: InstrumentId,
    depth: usize,
    (times, clock): (Times<'_>, SampleClock),
    mut look: impl FnMut(&Sample<'_>),
) {
    let mut walk = Walk::new(depth);
    let mut looks = Looks::new(times);
    let mut reached: Option<i64> = None;
    let mut open: Option<&MarketEvent> = None;
    let mut end = |walk: &mut Walk, row: &MarketEvent| {
        let UnixNanos(now) = match clock {
            SampleClock::Event => row.ts_event,
            SampleClock::Recv => row.ts_recv,
        };
        let now = reached.map_or(now, |before| before.max(now));
        if reached.is_none() {
            looks.start(now);
        }
        while let Some(ts) = looks.next.filter(|ts| *ts < now) {
            look(&walk.look(ts));
            looks.advance();
        }
        reached = Some(now);
        walk.end_message(row);
        if let Times::EveryMessage = times {
            look(&walk.look(row.ts_event.0));
        }
    };
    // In a feed of single orders an execution of hidden quantity is a message about the book too,
    // one that leaves it as it is; beside price levels, trades are another stream.
    let by_order = rows
        .iter()
        .any(|row| row.instrument == instrument && is_about_order(row.kind));
    for row in rows {
        let print = by_order && row.kind == EventKind::Trade as u8;
        if row.instrument != instrument || !(print || is_of_book(row.kind)) {
            continue;
        }
        if !print || row.flags & GAP != 0 {
            walk.apply(row);
        }
        if row.is_end() {
            end(&mut walk, row);
            open = None;
        } else {
            open = Some(row);
        }
    }
    if let Some(row) = open {
        end(&mut walk, row);
    }
    let last = reached;
    while let Some(ts) = looks.next {
        if let (Times::Every(_), true) = (times, last.is_none_or(|last| ts > last)) {
            break;
        }
        look(&walk.look(ts));
        looks.advance();
    }
}

/// The book of one instrument behind the last row, and whether it may be believed.
#[must_use]
pub fn last_book(rows: &[MarketEvent], instrument: InstrumentId) -> (ByPrice, bool) {
    let mut walk = Walk::new(1);
    for row in rows {
        if row.instrument == instrument && is_of_book(row.kind) {
            walk.apply(row);
        }
    }
    (walk.book, walk.valid)
}
