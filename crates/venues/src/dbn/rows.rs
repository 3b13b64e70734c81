//! Records to market rows, one venue event at a time.
//!
//! In market by order, a trade (T) and its fills (F) change no book; the cancels (C) and
//! modifications (M) behind them in the same event do. Here one execution is one row that changes
//! the book, so an event is read as a whole:
//!
//! | record | rows |
//! |---|---|
//! | R | `Clear` |
//! | A | `OrderAdd` |
//! | F, with a C or M of its order behind it | `OrderExecute`; of the C or M what is beyond it |
//! | T | `Trade` of what no such fill covers |
//! | C | `OrderReduce`, `OrderDelete` |
//! | M to less at the same price | `OrderReduce` |
//! | M to more or to another price | `OrderDelete`, `OrderAdd` |
//! | quotes (MBP-1) | `Trade` for a T, then two `Quote` rows |
//! | TBBO | two `Quote` rows, which say what the trade met, then the `Trade` |
//! | MBP-10 | `Trade` for a T; at the end of the event the levels that changed |
//! | OHLCV | a bar |

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use py_rt_types::{EventKind, InstrumentId, MarketEvent, Price, Qty, UnixNanos, END, GAP};

use crate::resting::{OrderTable, Resting};

use super::ladder::Ladder;
use super::record::{Action, Best, Header, Ohlcv, Record, LAST, MAYBE_BAD_BOOK, NO_PRICE};

/// What was seen beside the rows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DbnCounts {
    /// Records by type.
    pub by_type: BTreeMap<u8, u64>,
    /// Records of market by order by action.
    pub by_action: BTreeMap<u8, u64>,
    /// Cancels of orders that were not known.
    pub unknown_orders: u64,
    /// Orders added under an id that still rested.
    pub twice: u64,
    /// Records that the publisher marks as behind a gap.
    pub marked: u64,
}

/// An event that has not ended.
#[derive(Debug, Clone, Default)]
struct Pending {
    event: Vec<(u64, Action)>,
    broken: bool,
}

/// A bar of an instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DbnBar {
    /// Place of the instrument.
    pub place: u32,
    /// Where it begins, ns UTC.
    pub ts_open: u64,
    /// What it says.
    pub ohlcv: Ohlcv,
}

/// Turns records into rows; prices in 1e-9.
#[derive(Debug, Clone, Default)]
pub struct DbnRows {
    numbers: Vec<(u32, u16)>,
    pending: Vec<Pending>,
    ladders: Vec<Ladder>,
    bars: Vec<DbnBar>,
    quotes_first: bool,
    orders: OrderTable,
    counts: DbnCounts,
    executed: Vec<(u64, i64)>,
}

impl DbnRows {
    /// Nothing read yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The numbers of the instruments and of the publishers of their records, by the index of the
    /// rows: two venues that list one instrument have a book each.
    #[must_use]
    pub fn numbers(&self) -> &[(u32, u16)] {
        &self.numbers
    }

    /// The bars, in the order in which they came.
    #[must_use]
    pub fn bars(&self) -> &[DbnBar] {
        &self.bars
    }

    /// Quotes stand before the trade of their record: they say what it met.
    pub fn put_quotes_first(&mut self) {
        self.quotes_first = true;
    }

    /// What was seen so far.
    #[must_use]
    pub const fn counts(&self) -> &DbnCounts {
        &self.counts
    }

    /// How many orders rest.
    #[must_use]
    pub const fn resting(&self) -> usize {
        self.orders.len()
    }

    /// Takes one record in, and appends the rows of the event that it ends.
    pub fn handle_record(
        &mut self,
        header: &Header,
        record: Record<'_>,
        out: &mut Vec<MarketEvent>,
    ) {
        *self.counts.by_type.entry(header.kind).or_default() += 1;
        if let Record::Other(_) = record {
            return;
        }
        let (at, ts_event) = (self.place(header), header.ts_event);
        match record {
            Record::ByOrder(action) => {
                *self.counts.by_action.entry(action.action).or_default() += 1;
                if let Some(pending) = self.pending.get_mut(at) {
                    pending.event.push((ts_event, action));
                    if action.flags & LAST != 0 {
                        self.handle_event(at, out);
                    }
                }
            }
            Record::Trade(action) => self.print(at, ts_event, &action, action.qty.into(), out),
            Record::Quote(action, best) => {
                let traded = action.action == b'T';
                if traded && !self.quotes_first {
                    self.print(at, ts_event, &action, action.qty.into(), out);
                }
                quote(at, ts_event, &action, &best, out);
                if traded && self.quotes_first {
                    self.print(at, ts_event, &action, action.qty.into(), out);
                }
            }
            Record::Depth(action, levels) => {
                if action.action == b'T' {
                    self.print(at, ts_event, &action, action.qty.into(), out);
                }
                self.counts.marked += u64::from(action.flags & MAYBE_BAD_BOOK != 0);
                if let Some(ladder) = self.ladders.get_mut(at) {
                    ladder.handle(at, ts_event, &action, &levels, out);
                }
            }
            Record::Bar(ohlcv) => self.bars.push(DbnBar {
                place: at as u32,
                ts_open: ts_event,
                ohlcv,
            }),
            Record::Other(_) => {}
        }
    }

    /// Nothing follows: events without an end end here.
    pub fn finish(&mut self, out: &mut Vec<MarketEvent>) {
        for at in 0..self.pending.len() {
            self.handle_event(at, out);
        }
        for (at, ladder) in self.ladders.iter_mut().enumerate() {
            ladder.finish(at, out);
        }
    }

    fn place(&mut self, header: &Header) -> usize {
        let number = (header.instrument, header.publisher);
        match self.numbers.iter().rposition(|known| *known == number) {
            Some(at) => at,
            None => {
                self.numbers.push(number);
                self.pending.push(Pending::default());
                self.ladders.push(Ladder::default());
                self.numbers.len() - 1
            }
        }
    }

    fn handle_event(&mut self, at: usize, out: &mut Vec<MarketEvent>) {
        let Some(pending) = self.pending.get_mut(at) else {
            return;
        };
        let event = core::mem::take(&mut pending.event);
        let from = out.len();
        self.executed.clear();
        for (number, (ts_event, action)) in event.iter().enumerate() {
            let rest = event.get(number + 1..).unwrap_or_default();
            self.handle_action(at, *ts_event, action, rest, out);
        }
        let whole = event.last().map_or(0, |(_, action)| action.ts_recv);
        if let Some(pending) = self.pending.get_mut(at) {
            if let Some(row) = out.get_mut(from) {
                row.flags |= if core::mem::take(&mut pending.broken) {
                    GAP
                } else {
                    0
                };
            }
            pending.event = event; // keeps its room
            pending.event.clear();
        }
        if let Some(row) = out.get_mut(from..).and_then(|rows| rows.last_mut()) {
            row.flags |= END;
            // The event is whole when its last record came, also when that one needs no row.
            row.ts_recv = UnixNanos(i64::try_from(whole).unwrap_or(0));
        }
    }

    fn handle_action(
        &mut self,
        at: usize,
        ts_event: u64,
        action: &Action,
        rest: &[(u64, Action)],
        out: &mut Vec<MarketEvent>,
    ) {
        if action.flags & MAYBE_BAD_BOOK != 0 {
            self.counts.marked += 1;
            self.break_book(at);
        }
        let mut writer = Writer {
            at,
            ts_event,
            ts_recv: action.ts_recv,
            out,
        };
        match action.action {
            b'R' => {
                self.orders.clear_instrument(at as u32);
                writer.push(EventKind::Clear, &Resting::default());
            }
            b'A' => self.add(resting(at, action), &mut writer),
            b'C' => self.cancel(action, &mut writer),
            b'M' => self.modify(resting(at, action), &mut writer),
            b'F' if covers(action, rest) => self.execute(action, &mut writer),
            b'T' => {
                let told = i64::from(action.qty) - self.covered(rest);
                if told > 0 {
                    let side = side_of(action.side);
                    let order = Resting {
                        order_id: 0,
                        qty: told,
                        side,
                        ..resting(at, action)
                    };
                    writer.push(EventKind::Trade, &order);
                }
            }
            _ => {}
        }
    }

    /// What the fills behind a trade, up to the next one, say of it.
    fn covered(&self, rest: &[(u64, Action)]) -> i64 {
        let mut sum = 0;
        for (number, (_, action)) in rest.iter().enumerate() {
            let behind = rest.get(number + 1..).unwrap_or_default();
            match action.action {
                b'T' => break,
                b'F' if covers(action, behind) => sum += self.filled(action),
                _ => {}
            }
        }
        sum
    }

    /// What a fill takes from its order, as far as it rests.
    fn filled(&self, action: &Action) -> i64 {
        let known = self.orders.find_order(action.order_id);
        known.map_or(0, |order| order.qty.min(i64::from(action.qty)))
    }

    fn add(&mut self, order: Resting, writer: &mut Writer<'_>) {
        if order.qty == 0 || order.side == 0 {
            return self.break_book(writer.at);
        }
        if let Some(before) = self.orders.insert(order) {
            self.counts.twice += 1;
            self.break_book(writer.at);
            writer.push(EventKind::OrderDelete, &before);
        }
        writer.push(EventKind::OrderAdd, &order);
    }

    fn execute(&mut self, action: &Action, writer: &mut Writer<'_>) {
        if let Some((order, taken)) = self.orders.reduce(action.order_id, i64::from(action.qty)) {
            self.executed.push((action.order_id, taken));
            let told = Resting {
                qty: taken,
                price: action.price,
                ..order
            };
            writer.push(EventKind::OrderExecute, &told);
        }
    }

    /// What of a reduction was told as an execution of this event already.
    fn executed_of(&mut self, order_id: u64, most: i64) -> i64 {
        let mut sum = 0;
        for (id, qty) in self.executed.iter_mut().filter(|told| told.0 == order_id) {
            debug_assert!(*id == order_id);
            let part = (*qty).min(most - sum);
            *qty -= part;
            sum += part;
        }
        sum
    }

    fn cancel(&mut self, action: &Action, writer: &mut Writer<'_>) {
        let qty = i64::from(action.qty);
        let told = self.executed_of(action.order_id, qty);
        if told == qty && qty > 0 {
            return;
        }
        match self.orders.reduce(action.order_id, qty - told) {
            Some((order, taken)) => {
                let whole = taken == order.qty;
                let kind = if whole {
                    EventKind::OrderDelete
                } else {
                    EventKind::OrderReduce
                };
                writer.push(
                    kind,
                    &Resting {
                        qty: taken,
                        ..order
                    },
                );
            }
            None if told > 0 => {}
            None => {
                self.counts.unknown_orders += 1;
                self.break_book(writer.at);
            }
        }
    }

    fn modify(&mut self, new: Resting, writer: &mut Writer<'_>) {
        self.executed_of(new.order_id, i64::MAX);
        let Some(before) = self.orders.find_order(new.order_id).copied() else {
            return self.add(new, writer); // as the schema says: an order not known is a new one
        };
        if before.price != new.price || before.side != new.side || new.qty > before.qty {
            self.orders.remove(new.order_id);
            writer.push(EventKind::OrderDelete, &before);
            return self.add(new, writer);
        }
        if new.qty < before.qty {
            let qty = before.qty - new.qty;
            self.orders.reduce(new.order_id, qty);
            let kind = if new.qty == 0 {
                EventKind::OrderDelete
            } else {
                EventKind::OrderReduce
            };
            writer.push(kind, &Resting { qty, ..before });
        }
    }

    fn print(
        &self,
        at: usize,
        ts_event: u64,
        action: &Action,
        qty: i64,
        out: &mut Vec<MarketEvent>,
    ) {
        if qty > 0 && action.price != NO_PRICE {
            let side = side_of(action.side);
            let order = Resting {
                order_id: 0,
                qty,
                side,
                ..resting(at, action)
            };
            let mut writer = Writer {
                at,
                ts_event,
                ts_recv: action.ts_recv,
                out,
            };
            writer.push(EventKind::Trade, &order);
            writer.end();
        }
    }

    fn break_book(&mut self, at: usize) {
        if let Some(pending) = self.pending.get_mut(at) {
            pending.broken = true;
        }
    }
}

/// Whether a cancel or modification behind a fill makes its effect on the book.
fn covers(fill: &Action, rest: &[(u64, Action)]) -> bool {
    rest.iter()
        .any(|(_, a)| a.order_id == fill.order_id && matches!(a.action, b'C' | b'M'))
}

const fn side_of(letter: u8) -> i8 {
    match letter {
        b'B' => 1,
        b'A' => -1,
        _ => 0,
    }
}

fn resting(at: usize, action: &Action) -> Resting {
    Resting {
        order_id: action.order_id,
        price: action.price,
        qty: i64::from(action.qty),
        instrument: at as u32,
        side: side_of(action.side),
    }
}

fn quote(at: usize, ts_event: u64, action: &Action, best: &Best, out: &mut Vec<MarketEvent>) {
    let mut writer = Writer {
        at,
        ts_event,
        ts_recv: action.ts_recv,
        out,
    };
    let sides = [
        (1, best.bid_price, best.bid_qty),
        (-1, best.ask_price, best.ask_qty),
    ];
    for (side, price, qty) in sides {
        let there = price != NO_PRICE;
        let (price, qty) = if there {
            (price, i64::from(qty))
        } else {
            (0, 0)
        };
        let level = Resting {
            order_id: 0,
            price,
            qty,
            instrument: 0,
            side,
        };
        writer.push(EventKind::Quote, &level);
    }
    writer.end();
}

struct Writer<'a> {
    at: usize,
    ts_event: u64,
    ts_recv: u64,
    out: &'a mut Vec<MarketEvent>,
}

impl Writer<'_> {
    fn push(&mut self, kind: EventKind, order: &Resting) {
        let time = |ns: u64| UnixNanos(i64::try_from(ns).unwrap_or(0));
        self.out.push(MarketEvent {
            ts_event: time(self.ts_event),
            ts_recv: time(self.ts_recv),
            instrument: InstrumentId(self.at as u32),
            kind: kind as u8,
            side: order.side,
            flags: 0,
            price: Price(order.price),
            qty: Qty(order.qty),
            order_id: order.order_id,
        });
    }

    fn end(&mut self) {
        if let Some(row) = self.out.last_mut() {
            row.flags |= END;
        }
    }
}
