//! Message file and book file together: market rows whose book equals the book file row by row.
//!
//! The message file alone makes no book: orders that rested before the first message and orders
//! behind the file's depth are never added. The book file shows their quantity when their level is
//! seen. So before each message the book is brought to what the row says, the message undone:
//! - quantity that is missing is added: as the orders that the day still speaks about, as far as
//!   they fit, and else as a `Depth` row, which says what all of the level is: the rest is of
//!   unknown orders;
//! - quantity that is too much went unseen while its level lay behind the depth: it is taken from
//!   unknown quantity first, then from orders of which nothing more is heard.
//!
//! All rows of a message carry its time; the last one carries the end flag, so that there is one
//! book a message. Levels behind the depth stay as they were last seen.

use alloc::vec::Vec;

use py_rt_types::{EventKind, InstrumentId, MarketEvent, Price, Qty, UnixNanos, END};

use crate::columns::{BadLine, Place};
use crate::error::Malformed;
use crate::resting::{OrderTable, Resting};

use super::ledger::{Future, Side};
use super::message::{LobsterKind, LobsterMessage};
use super::row::BookRow;

/// A day on its way in.
#[derive(Debug, Clone)]
pub struct LobsterSession {
    midnight: i64,
    messages: Vec<LobsterMessage>,
    next: usize,
    place: Place,
    book: Book,
    mended: u64,
}

#[derive(Debug, Clone)]
struct Book {
    bids: Side,
    asks: Side,
    orders: OrderTable,
    future: Future,
    row: BookRow,
    /// Whether the levels in sight are those of the row.
    in_step: bool,
}

impl LobsterSession {
    /// A day that began at `midnight` in New York, with all its messages.
    #[must_use]
    pub fn new(midnight: UnixNanos, messages: Vec<LobsterMessage>) -> Self {
        let book = Book {
            bids: Side::default(),
            asks: Side::default(),
            orders: OrderTable::new(),
            future: Future::new(&messages),
            row: BookRow::default(),
            in_step: false,
        };
        Self {
            midnight: midnight.0,
            messages,
            next: 0,
            place: Place::default(),
            book,
            mended: 0,
        }
    }

    /// Levels a side of the book file; 0 before its first line.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.book.row.depth()
    }

    /// Messages of the day.
    #[must_use]
    pub fn messages(&self) -> usize {
        self.messages.len()
    }

    /// Lines of the book file that were read.
    #[must_use]
    pub const fn lines(&self) -> usize {
        self.next
    }

    /// Messages before which the book had to be brought to what the book file says.
    #[must_use]
    pub const fn mended(&self) -> u64 {
        self.mended
    }

    /// Takes bytes of the book file in and appends the rows of each message; returns how many
    /// bytes were used. What is left has to come again; `last` says that nothing follows.
    ///
    /// # Errors
    /// [`BadLine`] for a line that is no row of the book, or more lines than messages.
    pub fn handle_book(
        &mut self,
        bytes: &[u8],
        last: bool,
        out: &mut Vec<MarketEvent>,
    ) -> Result<usize, BadLine> {
        let mut place = self.place;
        let used = place.read_lines(bytes, last, |line| self.handle_line(line, out));
        self.place = place;
        used
    }

    fn handle_line(&mut self, line: &[u8], out: &mut Vec<MarketEvent>) -> Result<(), Malformed> {
        let Some(message) = self.messages.get(self.next).copied() else {
            return Err(Malformed {
                offset: 0,
                field: "message of this row",
            });
        };
        self.book.row.read(line)?;
        let from = out.len();
        let ts = UnixNanos(self.midnight.saturating_add(message.ns));
        let mut writer = Writer { ts, out };
        if self.next == 0 {
            writer.push(EventKind::Clear, &Resting::default());
        }
        let fits = self.book.agrees(&message) && self.book.holds(&message);
        if !fits {
            self.mended += 1;
            self.book
                .mend(&message, self.next, message.change(), &mut writer);
            self.book.settle(&message, &mut writer);
        }
        self.book.apply(&message, &mut writer);
        self.book.in_step = fits || self.book.shows();
        if !self.book.in_step {
            self.book.mend(&message, self.next, 0, &mut writer);
        }
        self.book.future.pass(&message);
        self.next += 1;
        if out.len() == from {
            return Err(Malformed {
                offset: 0,
                field: "row",
            });
        }
        if let Some(row) = out.last_mut() {
            row.flags |= END;
        }
        Ok(())
    }
}

struct Writer<'a> {
    ts: UnixNanos,
    out: &'a mut Vec<MarketEvent>,
}

impl Writer<'_> {
    #[inline]
    fn push(&mut self, kind: EventKind, order: &Resting) {
        self.out.push(MarketEvent {
            ts_event: self.ts,
            ts_recv: self.ts,
            instrument: InstrumentId(0),
            kind: kind as u8,
            side: order.side,
            flags: 0,
            price: Price(order.price),
            qty: Qty(order.qty),
            order_id: order.order_id,
        });
    }
}

const fn order(side: i8, key: i64, order_id: u64, qty: i64) -> Resting {
    Resting {
        order_id,
        price: key * side as i64,
        qty,
        instrument: 0,
        side,
    }
}

impl Book {
    const fn index(side: i8) -> usize {
        (side < 0) as usize
    }

    fn side(&mut self, side: i8) -> &mut Side {
        if side > 0 {
            &mut self.bids
        } else {
            &mut self.asks
        }
    }

    /// Whether the book becomes the row by this message.
    #[inline]
    fn agrees(&self, message: &LobsterMessage) -> bool {
        let (key, change) = (message.price * i64::from(message.side), message.change());
        let (bid, ask) = if message.side > 0 {
            (change, 0)
        } else {
            (0, change)
        };
        let still = |at: usize, change| self.in_step && change == 0 && !self.row.is_touched(at);
        let agrees = |side: &Side, at: usize, change| {
            still(at, change) || side.agrees(self.row.side(at), self.row.is_full(at), key, change)
        };
        agrees(&self.bids, 0, bid) && agrees(&self.asks, 1, ask)
    }

    /// Whether the book is the row.
    fn shows(&self) -> bool {
        self.bids
            .agrees(self.row.side(0), self.row.is_full(0), 0, 0)
            && self
                .asks
                .agrees(self.row.side(1), self.row.is_full(1), 0, 0)
    }

    /// Whether the order of the message rests as the message takes it for granted.
    #[inline]
    fn holds(&self, message: &LobsterMessage) -> bool {
        let known = self.orders.find_order(message.order_id);
        let qty = i64::from(message.qty);
        match message.kind {
            LobsterKind::Add => known.is_none(),
            LobsterKind::Hidden | LobsterKind::Cross | LobsterKind::Halt => true,
            _ => known.is_some_and(|order| {
                let whole = message.kind != LobsterKind::Delete || order.qty == qty;
                order.price == message.price
                    && order.side == message.side
                    && whole
                    && order.qty >= qty
            }),
        }
    }

    /// Applies the message itself.
    #[inline]
    fn apply(&mut self, message: &LobsterMessage, writer: &mut Writer<'_>) {
        let (side, key) = (message.side, message.price * i64::from(message.side));
        let mut told = order(side, key, message.order_id, i64::from(message.qty));
        match message.kind {
            LobsterKind::Add => {
                self.add(told);
                writer.push(EventKind::OrderAdd, &told);
            }
            LobsterKind::Cancel | LobsterKind::Delete | LobsterKind::Execute => {
                let left = self.orders.reduce(told.order_id, told.qty);
                let whole = left.is_some_and(|(order, taken)| order.qty == taken);
                self.side(side).change(key, -told.qty, 0);
                let kind = match message.kind {
                    LobsterKind::Execute => EventKind::OrderExecute,
                    _ if whole => EventKind::OrderDelete,
                    _ => EventKind::OrderReduce,
                };
                writer.push(kind, &told);
            }
            LobsterKind::Hidden | LobsterKind::Cross => {
                let aggressor = if message.kind == LobsterKind::Hidden {
                    -side
                } else {
                    0
                };
                told = Resting {
                    order_id: 0,
                    side: aggressor,
                    price: message.price,
                    ..told
                };
                writer.push(EventKind::Trade, &told);
            }
            LobsterKind::Halt => self.restate(writer),
        }
    }

    /// Says of the best level what is true already: a row for a message that changes nothing.
    fn restate(&self, writer: &mut Writer<'_>) {
        let bid = self.bids.levels().last().map(|level| (1, level));
        let best = bid.or_else(|| self.asks.levels().last().map(|level| (-1, level)));
        match best {
            Some((side, level)) => {
                writer.push(EventKind::Depth, &order(side, level.key, 0, level.qty));
            }
            None => writer.push(EventKind::Clear, &Resting::default()),
        }
    }

    fn add(&mut self, new: Resting) {
        self.orders.insert(new);
        let key = new.price * i64::from(new.side);
        self.side(new.side).add(key, new.order_id, new.qty);
    }

    /// Brings the levels in sight to the row, as it was before the message.
    #[cold]
    fn mend(&mut self, message: &LobsterMessage, now: usize, change: i64, writer: &mut Writer<'_>) {
        for side in [1i8, -1] {
            let mut wanted = self.row.side(Self::index(side)).to_vec();
            let full = self.row.is_full(Self::index(side));
            let edge = wanted.last().map_or(i64::MIN, |level| level.0);
            let edge = if full { edge } else { i64::MIN };
            if side == message.side && change != 0 {
                let key = message.price * i64::from(side);
                match wanted.iter_mut().find(|level| level.0 == key) {
                    Some(level) => level.1 = (level.1 - change).max(0),
                    None => wanted.push((key, (-change).max(0))),
                }
            }
            let levels = self.side(side).levels().iter().rev();
            let stray: Vec<i64> = levels
                .map(|level| level.key)
                .take_while(|key| *key >= edge)
                .filter(|key| wanted.iter().all(|level| level.0 != *key))
                .collect();
            for (key, qty) in stray.into_iter().map(|key| (key, 0)).chain(wanted) {
                let has = self.side(side).level(key).map_or(0, |level| level.qty);
                if has < qty {
                    self.find_more(side, key, qty - has, now, writer);
                } else if has > qty {
                    self.take_away(side, key, has - qty, message.order_id, writer);
                }
            }
        }
    }

    /// Adds quantity to a level: orders that are heard of later, as far as they fit, then unknown.
    fn find_more(&mut self, side: i8, key: i64, qty: i64, now: usize, writer: &mut Writer<'_>) {
        let mut rest = qty;
        let mut found: Vec<Resting> = Vec::new();
        for order_id in self.future.strangers(side, key, now) {
            let needed = self.future.of(order_id);
            if needed > 0 && needed <= rest && self.orders.find_order(order_id).is_none() {
                rest -= needed;
                found.push(order(side, key, order_id, needed));
            }
        }
        // The venue numbers orders as they come, so the ids give back who stood first.
        found.sort_unstable_by_key(|order| order.order_id);
        for new in found {
            self.add(new);
            writer.push(EventKind::OrderAdd, &new);
        }
        if rest > 0 {
            self.change_unknown(side, key, rest, writer);
        }
    }

    /// Changes the unknown quantity of a level; the row says what all of the level is then.
    fn change_unknown(&mut self, side: i8, key: i64, by: i64, writer: &mut Writer<'_>) {
        self.side(side).change(key, by, by);
        let total = self.side(side).level(key).map_or(0, |level| level.qty);
        writer.push(EventKind::Depth, &order(side, key, 0, total));
    }

    /// Takes quantity away from a level, but not from the order `spared`.
    fn take_away(&mut self, side: i8, key: i64, qty: i64, spared: u64, writer: &mut Writer<'_>) {
        let unknown = self.side(side).level(key).map_or(0, |level| level.unknown);
        let mut rest = qty;
        if unknown > 0 {
            let part = unknown.min(rest);
            self.change_unknown(side, key, -part, writer);
            rest -= part;
        }
        if rest == 0 {
            return;
        }
        let mut orders = self.bids_or_asks(side, key);
        // First those of which nothing more is heard, then what orders have beyond their future,
        // then whatever is there; the youngest first, and the order of this message at the end.
        for pass in 0..4 {
            for at in (0..orders.len()).rev() {
                let known = orders[at];
                let future = self.future.of(known.order_id);
                let (spare, ours) = (known.qty - future, known.order_id == spared);
                let part = match pass {
                    0 if future == 0 && !ours => known.qty,
                    1 => spare.max(0),
                    2 if !ours => known.qty,
                    3 => known.qty,
                    _ => 0,
                };
                let part = part.min(rest);
                if part > 0 {
                    orders[at].qty -= part;
                    rest -= part;
                    self.remove(known, part, writer);
                }
            }
        }
    }

    fn bids_or_asks(&mut self, side: i8, key: i64) -> Vec<Resting> {
        if side > 0 {
            self.bids.orders(key, &self.orders)
        } else {
            self.asks.orders(key, &self.orders)
        }
    }

    fn remove(&mut self, known: Resting, part: i64, writer: &mut Writer<'_>) {
        self.orders.reduce(known.order_id, part);
        let key = known.price * i64::from(known.side);
        self.side(known.side).change(key, -part, 0);
        let whole = part == known.qty;
        let kind = if whole {
            EventKind::OrderDelete
        } else {
            EventKind::OrderReduce
        };
        writer.push(kind, &Resting { qty: part, ..known });
    }

    /// Makes the order of the message what the message takes it for; the level keeps its quantity.
    #[cold]
    fn settle(&mut self, message: &LobsterMessage, writer: &mut Writer<'_>) {
        if self.holds(message) {
            return;
        }
        let (side, key) = (message.side, message.price * i64::from(message.side));
        let qty = i64::from(message.qty);
        let known = self.orders.find_order(message.order_id).copied();
        if let Some(known) = known {
            // Under this id rests something else: its quantity is one of unknown orders now.
            self.remove(known, known.qty, writer);
            let level = known.price * i64::from(known.side);
            self.change_unknown(known.side, level, known.qty, writer);
        }
        if message.is_about_resting() {
            let has = self.side(side).level(key).map_or(0, |level| level.qty);
            self.take_away(side, key, qty.min(has), message.order_id, writer);
            let new = order(side, key, message.order_id, qty);
            self.add(new);
            writer.push(EventKind::OrderAdd, &new);
        }
    }
}
