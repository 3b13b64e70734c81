//! A capture of DEEP or DEEP+ to market rows.
//!
//! DEEP: `Depth` rows, the end flag where the venue says that a transaction is complete. DEEP+:
//! rows about single orders. Both: `Trade` rows, without a side. In DEEP+ a trade is one against
//! orders that were not displayed; executions of displayed orders are `OrderExecute`.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use py_rt_types::{EventKind, InstrumentId, MarketEvent, Price, Qty, UnixNanos, END, GAP};

use crate::error::{DecodeError, Malformed};
use crate::framing::capture::visit_head;
use crate::framing::iex_tp::{IexFeed, IexPacket};
use crate::framing::{Capture, Transport};
use crate::resting::{OrderTable, Resting};
use crate::wire::trimmed;

use super::message::{About, IexMessage, Symbol};

/// Whether a capture that starts so holds packets of DEEP or DEEP+.
#[must_use]
pub fn is_iex(head: &[u8]) -> bool {
    let mut found = false;
    visit_head(head, |packet| {
        let feed = IexPacket::decode(packet.payload).map(|packet| packet.feed);
        found = matches!(feed, Ok(IexFeed::Deep | IexFeed::DeepPlus));
        !found
    });
    found
}

/// What was seen beside the rows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IexCounts {
    /// Messages by type.
    pub by_type: BTreeMap<u8, u64>,
    /// Messages that the numbers of the packets say are missing.
    pub missed: u64,
    /// Messages about orders that were never added.
    pub unknown_orders: u64,
    /// Packets that belong to no such feed.
    pub strangers: u64,
}

/// A capture on its way in; prices in 1e-4, quantities in shares.
#[derive(Debug, Clone, Default)]
pub struct IexFile {
    capture: Capture,
    wanted: Option<Vec<Symbol>>,
    places: BTreeMap<Symbol, u32>,
    symbols: Vec<Symbol>,
    broken: Vec<bool>,
    /// Messages that came, by session and channel.
    seen: BTreeMap<(u32, u32), Seen>,
    orders: OrderTable,
    counts: IexCounts,
    used: u64,
}

/// Numbers of messages that came, as ranges without their ends, rising and apart.
#[derive(Debug, Clone, Default)]
struct Seen(Vec<(u64, u64)>);

impl Seen {
    /// Adds the messages of a packet; returns how many of its first ones came before, and how many
    /// are missing between it and the greatest number so far.
    fn add(&mut self, first: u64, count: u64) -> (u64, u64) {
        let end = first.saturating_add(count);
        let known = self.0.last().map_or(first, |range| range.1);
        let at = self.0.partition_point(|range| range.1 < first);
        let mut range = (first, end);
        let mut repeated = 0;
        while let Some(&(start, stop)) = self.0.get(at).filter(|other| other.0 <= range.1) {
            if start <= first {
                repeated = stop.min(end).saturating_sub(first);
            }
            range = (range.0.min(start), range.1.max(stop));
            self.0.remove(at);
        }
        self.0.insert(at, range);
        (repeated, first.saturating_sub(known))
    }
}

impl IexFile {
    /// A capture of all symbols, or of those wanted.
    #[must_use]
    pub fn new(wanted: Option<&[&str]>) -> Self {
        let padded = |symbol: &&str| {
            let mut padded = [b' '; 8];
            padded
                .get_mut(..symbol.len())?
                .copy_from_slice(symbol.as_bytes());
            Some(padded)
        };
        let wanted = wanted.map(|symbols| symbols.iter().filter_map(padded).collect());
        Self {
            wanted,
            ..Self::default()
        }
    }

    /// Symbols that have rows, by the index of their instrument.
    pub fn symbols(&self) -> impl Iterator<Item = String> + '_ {
        self.symbols
            .iter()
            .map(|symbol| String::from_utf8_lossy(trimmed(symbol)).into_owned())
    }

    /// What was seen so far.
    #[must_use]
    pub const fn counts(&self) -> &IexCounts {
        &self.counts
    }

    /// Bytes used so far.
    #[must_use]
    pub const fn used(&self) -> u64 {
        self.used
    }

    /// Takes bytes in and appends rows; returns how many bytes were used. What is left has to come
    /// again, in front of what follows it.
    ///
    /// # Errors
    /// [`Malformed`] with the offset from the start of the capture.
    pub fn handle_input(
        &mut self,
        bytes: &[u8],
        out: &mut Vec<MarketEvent>,
    ) -> Result<usize, Malformed> {
        let mut at = 0;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            match self.step(rest, out) {
                Ok(used) => {
                    at += used;
                    self.used += used as u64;
                }
                Err(DecodeError::Incomplete) => return Ok(at),
                Err(DecodeError::Malformed(malformed)) => return Err(malformed.behind(self.used)),
            }
        }
    }

    fn step(&mut self, bytes: &[u8], out: &mut Vec<MarketEvent>) -> Result<usize, DecodeError> {
        let (datagram, used) = self.capture.cut(bytes)?;
        let Some(datagram) = datagram else {
            return Ok(used);
        };
        let placed = |error: DecodeError, at: usize| match error {
            DecodeError::Malformed(bad) => {
                DecodeError::malformed(datagram.offset + at + bad.offset, bad.field)
            }
            DecodeError::Incomplete => error,
        };
        if datagram.transport != Transport::Udp {
            self.counts.strangers += 1;
            return Ok(used);
        }
        let packet = IexPacket::decode(datagram.payload).map_err(|error| placed(error, 0))?;
        if packet.feed == IexFeed::Tops {
            self.counts.strangers += 1;
            return Ok(used);
        }
        let Some(repeated) = self.follow(&packet) else {
            return Ok(used);
        };
        let mut number = 0;
        packet.visit(|message, at| {
            number += 1;
            if number <= repeated {
                return Ok(());
            }
            let from = out.len();
            let message = IexMessage::decode(message).map_err(|error| placed(error, at))?;
            self.apply(message, packet.feed, out);
            for row in out.iter_mut().skip(from) {
                row.ts_recv = UnixNanos(datagram.ts_recv);
            }
            Ok(())
        })?;
        Ok(used)
    }

    /// How many messages of a packet came before; `None` when all did.
    fn follow(&mut self, packet: &IexPacket<'_>) -> Option<u64> {
        let count = u64::from(packet.count);
        let seen = self
            .seen
            .entry((packet.session, packet.channel))
            .or_default();
        let (repeated, missed) = seen.add(packet.first, count);
        if missed > 0 {
            self.counts.missed += missed;
            self.broken.fill(true);
        }
        (repeated < count).then_some(repeated)
    }

    fn instrument(&mut self, symbol: Symbol) -> Option<u32> {
        if let Some(place) = self.places.get(&symbol) {
            return Some(*place);
        }
        if self
            .wanted
            .as_ref()
            .is_some_and(|wanted| !wanted.contains(&symbol))
        {
            return None;
        }
        let place = u32::try_from(self.symbols.len()).ok()?;
        self.symbols.push(symbol);
        self.broken.push(false);
        self.places.insert(symbol, place);
        Some(place)
    }

    fn apply(&mut self, message: IexMessage, feed: IexFeed, out: &mut Vec<MarketEvent>) {
        *self.counts.by_type.entry(letter(&message)).or_default() += 1;
        let Some(about) = subject(&message) else {
            return;
        };
        let Some(instrument) = self.instrument(about.symbol) else {
            return;
        };
        let mut put = |kind, order: Resting, flags| self.push(about, kind, &order, flags, out);
        let level = |side, price, qty: u32| Resting {
            order_id: 0,
            price,
            qty: i64::from(qty),
            instrument,
            side,
        };
        match message {
            IexMessage::PriceLevel {
                side,
                complete,
                qty,
                price,
                ..
            } => {
                let flags = if complete { END } else { 0 };
                put(EventKind::Depth, level(side, price, qty), flags);
            }
            IexMessage::Trade { qty, price, .. } if qty > 0 => {
                put(EventKind::Trade, level(0, price, qty), END);
            }
            IexMessage::ClearBook { .. } => {
                put(EventKind::Clear, level(0, 0, 0), END);
                self.orders.clear_instrument(instrument);
            }
            _ if feed == IexFeed::DeepPlus => self.apply_order(&message, about, instrument, out),
            _ => {}
        }
    }

    fn apply_order(
        &mut self,
        message: &IexMessage,
        about: About,
        instrument: u32,
        out: &mut Vec<MarketEvent>,
    ) {
        match *message {
            IexMessage::AddOrder {
                side,
                order_id,
                qty,
                price,
                ..
            } => {
                let qty = i64::from(qty);
                let order = Resting {
                    order_id,
                    price,
                    qty,
                    instrument,
                    side,
                };
                self.add(about, order, out);
            }
            IexMessage::Modify {
                keeps,
                order_id,
                qty,
                price,
                ..
            } => {
                let Some(before) = self.orders.find_order(order_id).copied() else {
                    return self.lose(instrument);
                };
                let after = Resting {
                    price,
                    qty: i64::from(qty),
                    ..before
                };
                self.modify(about, keeps, before, after, out);
            }
            IexMessage::Delete { order_id, .. } => {
                self.take(about, order_id, i64::MAX, EventKind::OrderDelete, out);
            }
            IexMessage::Executed {
                order_id,
                qty,
                price,
                ..
            } => {
                let (from, qty) = (out.len(), i64::from(qty));
                self.take(about, order_id, qty, EventKind::OrderExecute, out);
                if let Some(row) = out.get_mut(from) {
                    row.price = Price(price);
                } else {
                    let order = Resting {
                        order_id: 0,
                        price,
                        qty,
                        instrument,
                        side: 0,
                    };
                    self.push(about, EventKind::Trade, &order, END, out);
                }
            }
            _ => {}
        }
    }

    fn modify(
        &mut self,
        about: About,
        keeps: bool,
        before: Resting,
        after: Resting,
        out: &mut Vec<MarketEvent>,
    ) {
        let less = before.qty - after.qty;
        if keeps && after.price == before.price && less > 0 {
            return self.take(about, before.order_id, less, EventKind::OrderReduce, out);
        }
        self.orders.remove(before.order_id);
        self.push(about, EventKind::OrderDelete, &before, 0, out);
        self.add(about, after, out);
    }

    fn add(&mut self, about: About, order: Resting, out: &mut Vec<MarketEvent>) {
        if let Some(before) = self.orders.insert(order) {
            self.push(about, EventKind::OrderDelete, &before, GAP, out);
        }
        if order.qty > 0 {
            self.push(about, EventKind::OrderAdd, &order, END, out);
        } else if let Some(row) = out.last_mut() {
            row.flags |= END;
        }
    }

    fn take(
        &mut self,
        about: About,
        order_id: u64,
        qty: i64,
        kind: EventKind,
        out: &mut Vec<MarketEvent>,
    ) {
        match self.orders.reduce(order_id, qty) {
            Some((order, taken)) => {
                self.push(
                    about,
                    kind,
                    &Resting {
                        qty: taken,
                        ..order
                    },
                    END,
                    out,
                );
            }
            None => {
                let instrument = self.places.get(&about.symbol).copied();
                self.lose(instrument.unwrap_or(u32::MAX));
            }
        }
    }

    fn lose(&mut self, instrument: u32) {
        self.counts.unknown_orders += 1;
        if let Some(broken) = self.broken.get_mut(instrument as usize) {
            *broken = true;
        }
    }

    fn push(
        &mut self,
        about: About,
        kind: EventKind,
        order: &Resting,
        flags: u16,
        out: &mut Vec<MarketEvent>,
    ) {
        let broken = self.broken.get_mut(order.instrument as usize);
        let gap = broken.is_some_and(core::mem::take);
        out.push(MarketEvent {
            ts_event: UnixNanos(about.ts),
            ts_recv: UnixNanos(about.ts),
            instrument: InstrumentId(order.instrument),
            kind: kind as u8,
            side: order.side,
            flags: flags | if gap { GAP } else { 0 },
            price: Price(order.price),
            qty: Qty(order.qty),
            order_id: order.order_id,
        });
    }
}

/// The subject of messages that become rows.
const fn subject(message: &IexMessage) -> Option<About> {
    match message {
        IexMessage::PriceLevel { about, .. }
        | IexMessage::Trade { about, .. }
        | IexMessage::AddOrder { about, .. }
        | IexMessage::Modify { about, .. }
        | IexMessage::Delete { about, .. }
        | IexMessage::Executed { about, .. }
        | IexMessage::ClearBook { about } => Some(*about),
        _ => None,
    }
}

const fn letter(message: &IexMessage) -> u8 {
    match message {
        IexMessage::SystemEvent { .. } => b'S',
        IexMessage::Directory { .. } => b'D',
        IexMessage::TradingStatus { .. } => b'H',
        IexMessage::RetailLiquidity { .. } => b'I',
        IexMessage::OperationalHalt { .. } => b'O',
        IexMessage::ShortSale { .. } => b'P',
        IexMessage::SecurityEvent { .. } => b'E',
        IexMessage::PriceLevel { side, .. } => {
            if *side > 0 {
                b'8'
            } else {
                b'5'
            }
        }
        IexMessage::Trade { .. } => b'T',
        IexMessage::TradeBreak { .. } => b'B',
        IexMessage::OfficialPrice { .. } => b'X',
        IexMessage::Auction { .. } => b'A',
        IexMessage::AddOrder { .. } => b'a',
        IexMessage::Modify { .. } => b'M',
        IexMessage::Delete { .. } => b'R',
        IexMessage::Executed { .. } => b'L',
        IexMessage::ClearBook { .. } => b'C',
    }
}
