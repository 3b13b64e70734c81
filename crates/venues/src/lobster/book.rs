//! The book of a day: levels and orders, brought to the book file's rows where messages do not
//! explain them.

use alloc::vec::Vec;

use py_rt_types::{EventKind, InstrumentId, MarketEvent, Price, Qty, UnixNanos, END};

use crate::resting::Resting;

use super::ledger::Side;
use super::line::{Cell, Changed, Line, Shift};
use super::message::{LobsterKind, LobsterMessage};
use super::orders::{Orders, Place};
use super::row::BookRow;

#[derive(Debug, Clone)]
pub(super) struct Book {
    bids: Side,
    asks: Side,
    pub(super) orders: Orders,
    /// The row as it was last read, and the text of the row that the levels make.
    pub(super) row: BookRow,
    line: Line,
}

/// Where the rows of one message go.
pub(super) struct Writer<'a> {
    pub(super) ts: UnixNanos,
    pub(super) out: &'a mut Vec<MarketEvent>,
}

impl Writer<'_> {
    #[inline]
    pub(super) fn push(&mut self, kind: EventKind, order: &Resting) {
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

    /// The last row so far is the last one of its message.
    #[inline]
    pub(super) fn end(&mut self) {
        if let Some(row) = self.out.last_mut() {
            row.flags |= END;
        }
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

/// What a message about a resting order is called; `whole` where nothing is left of that.
const fn kind_of(kind: LobsterKind, whole: bool) -> EventKind {
    match kind {
        LobsterKind::Execute => EventKind::OrderExecute,
        _ if whole => EventKind::OrderDelete,
        _ => EventKind::OrderReduce,
    }
}

impl Book {
    pub(super) fn new(messages: &[LobsterMessage]) -> Self {
        Self {
            bids: Side::default(),
            asks: Side::default(),
            orders: Orders::new(messages),
            row: BookRow::default(),
            line: Line::default(),
        }
    }

    const fn index(side: i8) -> usize {
        (side < 0) as usize
    }

    const fn levels(&self, side: i8) -> &Side {
        if side > 0 {
            &self.bids
        } else {
            &self.asks
        }
    }

    fn side(&mut self, side: i8) -> &mut Side {
        if side > 0 {
            &mut self.bids
        } else {
            &mut self.asks
        }
    }

    /// Whether the book becomes the row by this message.
    pub(super) fn agrees(&self, message: &LobsterMessage) -> bool {
        let (key, change) = (message.price * i64::from(message.side), message.change());
        let (bid, ask) = if message.side > 0 {
            (change, 0)
        } else {
            (0, change)
        };
        let agrees = |side: &Side, at: usize, change| {
            side.agrees(self.row.side(at), self.row.is_full(at), key, change)
        };
        agrees(&self.bids, 0, bid) && agrees(&self.asks, 1, ask)
    }

    /// Whether the book is the row.
    pub(super) fn shows(&self) -> bool {
        self.bids
            .agrees(self.row.side(0), self.row.is_full(0), 0, 0)
            && self
                .asks
                .agrees(self.row.side(1), self.row.is_full(1), 0, 0)
    }

    /// Writes down which row comes next as long as nothing changes.
    pub(super) fn expect(&mut self) {
        let sides = [self.bids.levels(), self.asks.levels()];
        self.line.write(self.row.depth(), sides);
    }

    /// Whether the order of the message rests as the message takes it for granted.
    #[inline]
    pub(super) fn holds(&self, place: Place, message: &LobsterMessage) -> bool {
        let known = self.orders.find(place);
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

    /// Applies the message of this number if `bytes` begin with the row that it leads to; returns
    /// how long that is.
    #[inline]
    pub(super) fn step(
        &mut self,
        at: usize,
        message: &LobsterMessage,
        bytes: &[u8],
        writer: &mut Writer<'_>,
    ) -> Option<usize> {
        let place = self.orders.of_message(at);
        if !self.holds(place, message) {
            return None;
        }
        let (side, by) = (message.side, message.change());
        if by == 0 {
            let len = self.line.starts(bytes)?;
            self.apply(place, message, writer);
            return Some(len);
        }
        let key = message.price * i64::from(side);
        let levels = self.levels(side);
        let (at, shift, cell) = match levels.find(key) {
            Ok(at) => {
                let level = &levels.levels()[at];
                let qty = level.qty + by;
                let shift = if qty == 0 { Shift::Out } else { Shift::None };
                (at, shift, level.cell.with_qty(qty))
            }
            Err(at) if by > 0 => (at, Shift::In, Cell::new(message.price, by)),
            Err(_) => return None,
        };
        let changed = Changed {
            side: Self::index(side),
            at,
            shift,
            cell,
        };
        let sides = [self.bids.levels(), self.asks.levels()];
        let len = self.line.change(&changed, sides, bytes)?;
        let told = order(side, key, message.order_id, i64::from(message.qty));
        let levels = self.side(side);
        if by > 0 {
            if shift == Shift::In {
                levels.insert(at, key, cell);
            }
            levels.append(at, place, by, cell);
            self.orders.put(place, &told);
            writer.push(EventKind::OrderAdd, &told);
        } else {
            levels.shift(at, by, cell);
            let whole = self.orders.reduce(place, told.qty);
            writer.push(kind_of(message.kind, whole), &told);
            self.orders.pass(place, message);
        }
        Some(len)
    }

    /// Applies the message itself.
    pub(super) fn apply(
        &mut self,
        place: Place,
        message: &LobsterMessage,
        writer: &mut Writer<'_>,
    ) {
        let (side, key) = (message.side, message.price * i64::from(message.side));
        let mut told = order(side, key, message.order_id, i64::from(message.qty));
        match message.kind {
            LobsterKind::Add => {
                self.add(place, &told);
                writer.push(EventKind::OrderAdd, &told);
            }
            LobsterKind::Cancel | LobsterKind::Delete | LobsterKind::Execute => {
                let whole = self.orders.reduce(place, told.qty);
                self.side(side).change(key, -told.qty, 0);
                writer.push(kind_of(message.kind, whole), &told);
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

    fn add(&mut self, place: Place, new: &Resting) {
        self.orders.put(place, new);
        let key = new.price * i64::from(new.side);
        self.side(new.side).add(key, place, new.qty);
    }

    /// Brings the levels in sight to the row, as it was before the message.
    #[cold]
    pub(super) fn mend(
        &mut self,
        (place, message): (Place, &LobsterMessage),
        now: usize,
        change: i64,
        writer: &mut Writer<'_>,
    ) {
        for side in [1i8, -1] {
            let full = self.row.is_full(Self::index(side));
            let changes = side == message.side && change != 0;
            let row = self.row.side(Self::index(side));
            if !changes && self.levels(side).agrees(row, full, 0, 0) {
                continue;
            }
            let mut wanted = row.to_vec();
            let edge = wanted.last().map_or(i64::MIN, |level| level.0);
            let edge = if full { edge } else { i64::MIN };
            if changes {
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
                    self.take_away(side, key, has - qty, place, writer);
                }
            }
        }
    }

    /// Adds quantity to a level: orders that are heard of later, as far as they fit, then unknown.
    fn find_more(&mut self, side: i8, key: i64, qty: i64, now: usize, writer: &mut Writer<'_>) {
        let mut rest = qty;
        let mut found: Vec<(Place, Resting)> = Vec::new();
        let ids = self.orders.strangers(side, key, now);
        for (place, order_id) in ids {
            let needed = self.orders.future_of(place);
            if needed > 0 && needed <= rest && self.orders.find(place).is_none() {
                rest -= needed;
                found.push((place, order(side, key, order_id, needed)));
            }
        }
        // The venue numbers orders as they come, so the ids give back who stood first.
        found.sort_unstable_by_key(|(_, order)| order.order_id);
        for (place, new) in found {
            self.add(place, &new);
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
    fn take_away(&mut self, side: i8, key: i64, qty: i64, spared: Place, writer: &mut Writer<'_>) {
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
                let (place, known) = orders[at];
                let future = self.orders.future_of(place);
                let (spare, ours) = (known.qty - future, place == spared);
                let part = match pass {
                    0 if future == 0 && !ours => known.qty,
                    1 => spare.max(0),
                    2 if !ours => known.qty,
                    3 => known.qty,
                    _ => 0,
                };
                let part = part.min(rest);
                if part > 0 {
                    orders[at].1.qty -= part;
                    rest -= part;
                    self.remove(place, known, part, writer);
                }
            }
        }
    }

    fn bids_or_asks(&mut self, side: i8, key: i64) -> Vec<(Place, Resting)> {
        if side > 0 {
            self.bids.orders(key, &self.orders)
        } else {
            self.asks.orders(key, &self.orders)
        }
    }

    fn remove(&mut self, place: Place, known: Resting, part: i64, writer: &mut Writer<'_>) {
        self.orders.reduce(place, part);
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
    pub(super) fn settle(
        &mut self,
        place: Place,
        message: &LobsterMessage,
        writer: &mut Writer<'_>,
    ) {
        if self.holds(place, message) {
            return;
        }
        let (side, key) = (message.side, message.price * i64::from(message.side));
        let qty = i64::from(message.qty);
        if let Some(known) = self.orders.find(place) {
            // Under this id rests something else: its quantity is one of unknown orders now.
            self.remove(place, known, known.qty, writer);
            let level = known.price * i64::from(known.side);
            self.change_unknown(known.side, level, known.qty, writer);
        }
        if message.is_about_resting() {
            let has = self.side(side).level(key).map_or(0, |level| level.qty);
            self.take_away(side, key, qty.min(has), place, writer);
            let new = order(side, key, message.order_id, qty);
            self.add(place, &new);
            writer.push(EventKind::OrderAdd, &new);
        }
    }
}
