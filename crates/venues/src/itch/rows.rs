//! ITCH messages to market rows of the symbols that are wanted.
//!
//! | message | rows |
//! |---|---|
//! | `A`, `F` | `OrderAdd` |
//! | `X`, `D` | `OrderReduce`, `OrderDelete` |
//! | `U` | `OrderDelete`, `OrderAdd`; only the second carries the end flag |
//! | `E`, `C` | `OrderExecute` at the order's price, at the price given |
//! | `P`, `Q` | `Trade`; without a side where the venue does not say it |
//! | all others | none; counted |
//!
//! A message about an order that was never added proves that the recording has a hole: the next
//! row of that symbol says that its book is invalid.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use py_rt_types::{EventKind, InstrumentId, MarketEvent, Price, Qty, UnixNanos, END, GAP};

use crate::error::DecodeError;
use crate::resting::{OrderTable, Resting};
use crate::wire::{exactly, trimmed};

use super::message::{added, length_of, named, taken, Added, Message, Stamp, Stock};

const UNSEEN: u32 = u32::MAX;
const SKIPPED: u32 = u32::MAX - 1;

/// What was seen beside the rows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ItchCounts {
    /// Messages of all types.
    pub messages: u64,
    /// Messages by type.
    pub by_type: BTreeMap<u8, u64>,
    /// Messages about orders that were never added.
    pub unknown_orders: u64,
    /// Orders added under an id that still rested.
    pub twice: u64,
    /// Trading states other than T: instrument, nanoseconds since midnight, letter.
    pub halts: Vec<(u32, u64, u8)>,
}

/// Turns messages into rows; prices in 1e-4, quantities in shares.
#[derive(Debug, Clone)]
pub struct ItchRows {
    midnight: i64,
    wanted: Option<Vec<Stock>>,
    places: Vec<u32>,
    symbols: Vec<Stock>,
    broken: Vec<bool>,
    orders: OrderTable,
    by_type: [u64; 256],
    counts: ItchCounts,
}

impl ItchRows {
    /// Rows of a day that began at `midnight` in New York; of all symbols, or of those wanted.
    #[must_use]
    pub fn new(midnight: UnixNanos, wanted: Option<&[&str]>) -> Self {
        let wanted = wanted.map(|symbols| symbols.iter().filter_map(|s| padded(s)).collect());
        Self {
            midnight: midnight.0,
            wanted,
            places: vec![UNSEEN; 1 << 16],
            symbols: Vec::new(),
            broken: Vec::new(),
            orders: OrderTable::new(),
            by_type: [0; 256],
            counts: ItchCounts::default(),
        }
    }

    /// Symbols that have rows, by the index of their instrument.
    pub fn symbols(&self) -> impl Iterator<Item = String> + '_ {
        self.symbols
            .iter()
            .map(|stock| String::from_utf8_lossy(trimmed(stock)).into_owned())
    }

    /// What was seen so far.
    #[must_use]
    pub fn counts(&self) -> ItchCounts {
        let mut counts = self.counts.clone();
        for (kind, count) in (0..=255u8)
            .zip(self.by_type)
            .filter(|(_, count)| *count > 0)
        {
            counts.by_type.insert(kind, count);
            counts.messages += count;
        }
        counts
    }

    /// How many orders rest.
    #[must_use]
    pub const fn resting(&self) -> usize {
        self.orders.len()
    }

    /// The stream lost messages: every book is invalid from its next row on.
    pub fn handle_gap(&mut self) {
        self.broken.fill(true);
    }

    /// Takes one whole message in, and appends its rows.
    ///
    /// # Errors
    /// `Malformed` with an offset inside the message.
    #[inline]
    pub fn handle_message(
        &mut self,
        bytes: &[u8],
        out: &mut Vec<MarketEvent>,
    ) -> Result<(), DecodeError> {
        let (kind, locate) = match *bytes {
            [kind, high, low, ..] => (kind, u16::from_be_bytes([high, low])),
            _ => return Err(DecodeError::malformed(0, "length")),
        };
        match length_of(kind) {
            Some(length) if length == bytes.len() => {}
            Some(_) => return Err(DecodeError::malformed(bytes.len(), "length")),
            None => return Err(DecodeError::malformed(0, "message type")),
        }
        self.by_type[usize::from(kind)] += 1;
        if self.places[usize::from(locate)] == SKIPPED {
            return Ok(());
        }
        // What comes by the thousand goes from bytes to its row, without a message in between.
        match kind {
            b'A' => return self.add_order(&added(exactly::<36>(bytes)?), out),
            b'D' => {
                let (stamp, order_id) = named(exactly::<19>(bytes)?);
                let all = (order_id, u32::MAX);
                self.take(stamp, all, EventKind::OrderDelete, None, out);
            }
            b'E' => {
                let (stamp, order) = taken(exactly::<31>(bytes)?);
                self.take(stamp, order, EventKind::OrderExecute, None, out);
            }
            b'X' => {
                let (stamp, order) = taken(exactly::<23>(bytes)?);
                self.take(stamp, order, EventKind::OrderReduce, None, out);
            }
            _ => return self.apply(Message::decode(bytes)?, out),
        }
        Ok(())
    }

    #[inline]
    fn add_order(&mut self, new: &Added, out: &mut Vec<MarketEvent>) -> Result<(), DecodeError> {
        let Some(instrument) = self.instrument(new.stamp.locate, new.stock) else {
            return Ok(());
        };
        let side = match new.side {
            b'B' => 1,
            b'S' => -1,
            _ => return Err(DecodeError::malformed(19, "side")),
        };
        let order = Resting {
            order_id: new.order_id,
            price: i64::from(new.price),
            qty: i64::from(new.qty),
            instrument,
            side,
        };
        self.add(new.stamp, order, out)
    }

    fn apply(&mut self, message: Message, out: &mut Vec<MarketEvent>) -> Result<(), DecodeError> {
        use EventKind::{OrderDelete, OrderExecute, OrderReduce};
        match message {
            Message::AddOrder {
                stamp,
                order_id,
                side,
                qty,
                stock,
                price,
                ..
            } => {
                let new = Added {
                    stamp,
                    order_id,
                    side,
                    qty,
                    stock,
                    price,
                };
                self.add_order(&new, out)?;
            }
            Message::Executed {
                stamp,
                order_id,
                qty,
                ..
            } => {
                self.take(stamp, (order_id, qty), OrderExecute, None, out);
            }
            Message::ExecutedWithPrice {
                stamp,
                order_id,
                qty,
                price,
                ..
            } => {
                self.take(stamp, (order_id, qty), OrderExecute, Some(price), out);
            }
            Message::Canceled {
                stamp,
                order_id,
                qty,
            } => {
                self.take(stamp, (order_id, qty), OrderReduce, None, out);
            }
            Message::Deleted { stamp, order_id } => {
                self.take(stamp, (order_id, u32::MAX), OrderDelete, None, out);
            }
            Message::Replaced {
                stamp,
                order_id,
                new_id,
                qty,
                price,
            } => {
                self.replace(stamp, order_id, (new_id, qty, price), out)?;
            }
            other => self.apply_print(other, out),
        }
        Ok(())
    }

    fn apply_print(&mut self, message: Message, out: &mut Vec<MarketEvent>) {
        match message {
            Message::Trade {
                stamp,
                side,
                qty,
                stock,
                price,
                ..
            } => {
                // The side of the resting order; B also where the venue keeps it to itself.
                let aggressor = if side == b'S' { 1 } else { 0 };
                self.print(stamp, stock, aggressor, (u64::from(qty), price), out);
            }
            Message::CrossTrade {
                stamp,
                qty,
                stock,
                price,
                ..
            } => {
                self.print(stamp, stock, 0, (qty, price), out);
            }
            Message::TradingAction {
                stamp,
                stock,
                state,
                ..
            } if state != b'T' => {
                if let Some(instrument) = self.instrument(stamp.locate, stock) {
                    self.counts.halts.push((instrument, stamp.ns, state));
                }
            }
            _ => {}
        }
    }

    /// The index of a security that is wanted; it gets one when it is first named.
    #[inline]
    fn instrument(&mut self, locate: u16, stock: Stock) -> Option<u32> {
        match self.places[usize::from(locate)] {
            UNSEEN => self.place(locate, stock),
            SKIPPED => None,
            instrument => Some(instrument),
        }
    }

    #[cold]
    fn place(&mut self, locate: u16, stock: Stock) -> Option<u32> {
        if self
            .wanted
            .as_ref()
            .is_some_and(|wanted| !wanted.contains(&stock))
        {
            self.places[usize::from(locate)] = SKIPPED;
            return None;
        }
        let known = self.symbols.iter().position(|symbol| *symbol == stock);
        let at = known.unwrap_or_else(|| {
            self.symbols.push(stock);
            self.broken.push(false);
            self.symbols.len() - 1
        });
        let instrument = u32::try_from(at).ok()?;
        self.places[usize::from(locate)] = instrument;
        Some(instrument)
    }

    #[inline]
    fn row(&mut self, stamp: Stamp, kind: EventKind, order: &Resting) -> MarketEvent {
        let ts = UnixNanos(self.midnight.saturating_add_unsigned(stamp.ns));
        let mut flags = END;
        if let Some(broken) = self.broken.get_mut(order.instrument as usize) {
            flags |= if core::mem::take(broken) { GAP } else { 0 };
        }
        MarketEvent {
            ts_event: ts,
            ts_recv: ts,
            instrument: InstrumentId(order.instrument),
            kind: kind as u8,
            side: order.side,
            flags,
            price: Price(order.price),
            qty: Qty(order.qty),
            order_id: order.order_id,
        }
    }

    #[inline]
    fn add(
        &mut self,
        stamp: Stamp,
        order: Resting,
        out: &mut Vec<MarketEvent>,
    ) -> Result<(), DecodeError> {
        if order.qty == 0 {
            return Err(DecodeError::malformed(20, "shares"));
        }
        if let Some(before) = self.orders.insert(order) {
            self.counts.twice += 1;
            self.break_book(order.instrument);
            let mut gone = self.row(stamp, EventKind::OrderDelete, &before);
            gone.flags &= !END;
            out.push(gone);
        }
        let row = self.row(stamp, EventKind::OrderAdd, &order);
        out.push(row);
        Ok(())
    }

    #[inline]
    fn take(
        &mut self,
        stamp: Stamp,
        (order_id, qty): (u64, u32),
        kind: EventKind,
        price: Option<u32>,
        out: &mut Vec<MarketEvent>,
    ) {
        let Some((order, taken)) = self.orders.reduce(order_id, i64::from(qty)) else {
            return self.lose(stamp.locate);
        };
        if kind != EventKind::OrderDelete && i64::from(qty) > taken {
            self.break_book(order.instrument); // more than the order had
        }
        let told = Resting {
            qty: taken,
            price: price.map_or(order.price, i64::from),
            ..order
        };
        let whole = kind == EventKind::OrderReduce && taken == order.qty;
        let kind = if whole { EventKind::OrderDelete } else { kind };
        let row = self.row(stamp, kind, &told);
        out.push(row);
    }

    fn replace(
        &mut self,
        stamp: Stamp,
        order_id: u64,
        (new_id, qty, price): (u64, u32, u32),
        out: &mut Vec<MarketEvent>,
    ) -> Result<(), DecodeError> {
        let Some(before) = self.orders.remove(order_id) else {
            self.lose(stamp.locate);
            return Ok(());
        };
        let mut gone = self.row(stamp, EventKind::OrderDelete, &before);
        gone.flags &= !END;
        out.push(gone);
        let (price, qty) = (i64::from(price), i64::from(qty));
        self.add(
            stamp,
            Resting {
                order_id: new_id,
                price,
                qty,
                ..before
            },
            out,
        )
    }

    fn print(
        &mut self,
        stamp: Stamp,
        stock: Stock,
        side: i8,
        (qty, price): (u64, u32),
        out: &mut Vec<MarketEvent>,
    ) {
        let (Some(instrument), Ok(qty)) =
            (self.instrument(stamp.locate, stock), i64::try_from(qty))
        else {
            return;
        };
        if qty > 0 {
            let price = i64::from(price);
            let order = Resting {
                order_id: 0,
                price,
                qty,
                instrument,
                side,
            };
            let row = self.row(stamp, EventKind::Trade, &order);
            out.push(row);
        }
    }

    #[cold]
    fn lose(&mut self, locate: u16) {
        self.counts.unknown_orders += 1;
        let instrument = self.places[usize::from(locate)];
        self.break_book(instrument);
    }

    #[cold]
    fn break_book(&mut self, instrument: u32) {
        if let Some(broken) = self.broken.get_mut(instrument as usize) {
            *broken = true;
        }
    }
}

fn padded(symbol: &str) -> Option<Stock> {
    let bytes = symbol.as_bytes();
    let mut stock = [b' '; 8];
    stock.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(stock)
}
