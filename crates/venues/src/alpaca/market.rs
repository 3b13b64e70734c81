//! Market data messages to rows and bars.
//!
//! Costs: one pass over the bytes, no allocation for trades, quotes and bars; a book message is
//! passed over twice because its levels may stand in front of its symbol.

use alloc::collections::VecDeque;

use py_rt_types::market::{END, GAP};
use py_rt_types::{Bar, EventKind, InstrumentId, MarketEvent, Price, Qty, Side, UnixNanos};

use crate::alpaca::time::parse_instant;
use crate::error::{DecodeError, Malformed};
use crate::json::{Raw, Scanner, Slot};
use crate::session::VenueEvent;
use crate::symbols::{Listing, SymbolTable};

/// Length of the bars of channel `b`.
pub const BAR_NS: i64 = 60_000_000_000;

/// One message of a market data stream, as it was sent.
#[derive(Debug, Clone, Copy, Default)]
pub struct RawMessage<'a> {
    kind: Slot<'a>,
    symbol: Slot<'a>,
    ts_event: Slot<'a>,
    price: Slot<'a>,
    qty: Slot<'a>,
    taker: Slot<'a>,
    bid: Slot<'a>,
    bid_qty: Slot<'a>,
    ask: Slot<'a>,
    ask_qty: Slot<'a>,
    open: Slot<'a>,
    high: Slot<'a>,
    low: Slot<'a>,
    close: Slot<'a>,
    volume: Slot<'a>,
    reset: Slot<'a>,
    text: Slot<'a>,
    code: Slot<'a>,
    bids: Option<Raw<'a>>,
    asks: Option<Raw<'a>>,
    levels_twice: bool,
    offset: usize,
}

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    /// The server greets.
    Connected,
    /// The credentials are good.
    Authenticated,
    /// The subscription stands.
    Subscribed,
    /// The server refuses something.
    Refused {
        /// The venue's code.
        code: u32,
    },
    /// A trade, a quote or a bar; its rows were appended.
    Data,
    /// A whole book; its rows were appended.
    Snapshot(InstrumentId),
    /// Changes of a book; their rows were appended.
    Change(InstrumentId),
    /// An instrument that is not in the run or a kind that is not used.
    Foreign,
}

impl<'a> RawMessage<'a> {
    /// Scans one message object.
    ///
    /// # Errors
    /// `Incomplete` or `Malformed` when the bytes are no JSON object.
    pub fn scan(scanner: &mut Scanner<'a>) -> Result<Self, DecodeError> {
        let mut message = Self {
            offset: scanner.offset(),
            ..Self::default()
        };
        scanner.begin_object()?;
        while let Some(name) = scanner.next_key()? {
            let slot = match name {
                b"T" => &mut message.kind,
                b"S" => &mut message.symbol,
                b"t" => &mut message.ts_event,
                b"p" => &mut message.price,
                b"s" => &mut message.qty,
                b"tks" => &mut message.taker,
                b"bp" => &mut message.bid,
                b"bs" => &mut message.bid_qty,
                b"ap" => &mut message.ask,
                b"as" => &mut message.ask_qty,
                b"o" => &mut message.open,
                b"h" => &mut message.high,
                b"l" => &mut message.low,
                b"c" => &mut message.close,
                b"v" => &mut message.volume,
                b"r" => &mut message.reset,
                b"msg" => &mut message.text,
                b"code" => &mut message.code,
                b"b" | b"a" => {
                    let side = if name == b"b" {
                        &mut message.bids
                    } else {
                        &mut message.asks
                    };
                    message.levels_twice |= side.is_some();
                    *side = Some(scanner.raw()?);
                    continue;
                }
                _ => {
                    scanner.skip()?;
                    continue;
                }
            };
            slot.fill(scanner)?;
        }
        Ok(message)
    }

    /// Reads the message and appends its rows; on an error nothing is appended.
    ///
    /// # Errors
    /// [`Malformed`] naming the member that is absent, doubled or wrong, or a price or quantity
    /// that does not lie on the instrument's tick or lot.
    pub fn resolve(
        &self,
        symbols: &SymbolTable,
        ts_recv: UnixNanos,
        out: &mut VecDeque<VenueEvent>,
    ) -> Result<Message, Malformed> {
        let kind = self.kind.required_text("T")?;
        match &*kind {
            b"t" | b"q" | b"b" | b"o" => {}
            b"success" => return self.success(),
            b"subscription" => return Ok(Message::Subscribed),
            b"error" => return self.error(),
            _ => return Ok(Message::Foreign),
        }
        let Some(listing) = symbols.find(&self.symbol.required_text("S")?) else {
            return Ok(Message::Foreign);
        };
        let time = self.ts_event.required_text("t")?;
        let ts_event = parse_instant(&time).ok_or_else(|| self.ts_event.malformed("t"))?;
        let stamp = Stamp {
            ts_event,
            ts_recv,
            instrument: listing.id(),
        };
        match &*kind {
            b"t" => out.push_back(VenueEvent::Market(self.trade(&stamp, listing)?)),
            b"q" => {
                let [bid, ask] = self.quote(&stamp, listing)?;
                out.push_back(VenueEvent::Market(bid));
                out.push_back(VenueEvent::Market(ask));
            }
            b"b" => out.push_back(VenueEvent::Bar(self.bar(ts_event, listing)?)),
            _ => return self.book(&stamp, listing, out),
        }
        Ok(Message::Data)
    }

    /// The book that this message belongs to, as far as it can be told.
    #[must_use]
    pub fn book_of(&self, symbols: &SymbolTable) -> Option<InstrumentId> {
        let kind = self.kind.text("T").ok()??;
        let symbol = self.symbol.text("S").ok()??;
        let id = symbols.find(&symbol)?.id();
        (&*kind == b"o").then_some(id)
    }

    /// Whether the message surely belongs to no book.
    #[must_use]
    pub fn is_bookless(&self) -> bool {
        let kind = self.kind.text("T").ok().flatten();
        kind.is_some_and(|kind| &*kind != b"o")
    }

    fn success(&self) -> Result<Message, Malformed> {
        match &*self.text.required_text("msg")? {
            b"connected" => Ok(Message::Connected),
            b"authenticated" => Ok(Message::Authenticated),
            _ => Ok(Message::Foreign),
        }
    }

    fn error(&self) -> Result<Message, Malformed> {
        let digits = self.code.required_digits("code")?;
        let code = core::str::from_utf8(digits)
            .ok()
            .and_then(|text| text.parse().ok());
        let code = code.ok_or_else(|| self.code.malformed("code"))?;
        Ok(Message::Refused { code })
    }

    fn trade(&self, stamp: &Stamp, listing: &Listing) -> Result<MarketEvent, Malformed> {
        let side = match self.taker.text("tks")?.as_deref() {
            None => 0,
            Some(b"B") => Side::Buy as i8,
            Some(b"S") => Side::Sell as i8,
            Some(_) => return Err(self.taker.malformed("tks")),
        };
        let (price, qty) = level(&self.price, &self.qty, ["p", "s"], listing)?;
        if price.0 == 0 || qty.0 == 0 {
            return Err(self.price.malformed("p"));
        }
        Ok(stamp.row(EventKind::Trade, side, END, price, qty))
    }

    fn quote(&self, stamp: &Stamp, listing: &Listing) -> Result<[MarketEvent; 2], Malformed> {
        let bid = level(&self.bid, &self.bid_qty, ["bp", "bs"], listing)?;
        let ask = level(&self.ask, &self.ask_qty, ["ap", "as"], listing)?;
        let row = |side: Side, flags, (price, qty): (Price, Qty)| {
            let qty = if price.0 == 0 { Qty::ZERO } else { qty };
            stamp.row(EventKind::Quote, side as i8, flags, price, qty)
        };
        Ok([row(Side::Buy, 0, bid), row(Side::Sell, END, ask)])
    }

    fn bar(&self, ts_open: UnixNanos, listing: &Listing) -> Result<Bar, Malformed> {
        let read = |slot: &Slot<'_>, field| match listing.price(slot.required_digits(field)?) {
            Ok(price) if price.0 > 0 => Ok(price),
            _ => Err(slot.malformed(field)),
        };
        let (open, high) = (read(&self.open, "o")?, read(&self.high, "h")?);
        let (low, close) = (read(&self.low, "l")?, read(&self.close, "c")?);
        if high < open.max(close).max(low) || low > open.min(close) {
            return Err(self.high.malformed("h"));
        }
        let volume =
            volume(self.volume.required_digits("v")?).ok_or_else(|| self.volume.malformed("v"))?;
        Ok(Bar {
            ts_open,
            ts_close: ts_open.plus(BAR_NS),
            instrument: listing.id(),
            flags: 0,
            open,
            high,
            low,
            close,
            volume,
        })
    }

    fn book(
        &self,
        stamp: &Stamp,
        listing: &Listing,
        out: &mut VecDeque<VenueEvent>,
    ) -> Result<Message, Malformed> {
        let whole = self.reset.flag("r")?.unwrap_or(false);
        let start = out.len();
        if whole {
            let clear = stamp.row(EventKind::Clear, 0, 0, Price(0), Qty::ZERO);
            out.push_back(VenueEvent::Market(clear));
        }
        if let Err(malformed) = self.levels(stamp, listing, whole, out) {
            out.truncate(start);
            return Err(malformed);
        }
        if out.len() > start {
            if let Some(VenueEvent::Market(last)) = out.back_mut() {
                last.flags |= END;
            }
        }
        Ok(if whole {
            Message::Snapshot(listing.id())
        } else {
            Message::Change(listing.id())
        })
    }

    fn levels(
        &self,
        stamp: &Stamp,
        listing: &Listing,
        whole: bool,
        out: &mut VecDeque<VenueEvent>,
    ) -> Result<(), Malformed> {
        let absent = |field| Malformed {
            offset: self.offset,
            field,
        };
        if self.levels_twice {
            return Err(absent("b"));
        }
        let bids = self.bids.ok_or(absent("b"))?;
        let asks = self.asks.ok_or(absent("a"))?;
        for (raw, side) in [(bids, Side::Buy), (asks, Side::Sell)] {
            let mut scanner = Scanner::within(raw);
            read_levels(&mut scanner, stamp, side, listing, whole, out)
                .map_err(|error| error.in_whole(raw.offset + raw.bytes.len()))?;
        }
        Ok(())
    }
}

fn read_levels(
    scanner: &mut Scanner<'_>,
    stamp: &Stamp,
    side: Side,
    listing: &Listing,
    whole: bool,
    out: &mut VecDeque<VenueEvent>,
) -> Result<(), DecodeError> {
    let kind = if whole {
        EventKind::Snapshot
    } else {
        EventKind::Depth
    };
    scanner.begin_array()?;
    while scanner.next_element()? {
        let (mut price, mut qty) = (Slot::default(), Slot::default());
        scanner.begin_object()?;
        while let Some(name) = scanner.next_key()? {
            match name {
                b"p" => price.fill(scanner)?,
                b"s" => qty.fill(scanner)?,
                _ => scanner.skip()?,
            }
        }
        let (ticks, lots) = level(&price, &qty, ["p", "s"], listing)?;
        if ticks.0 == 0 {
            return Err(price.malformed("p").into());
        }
        if lots.0 > 0 || !whole {
            let row = stamp.row(kind, side as i8, 0, ticks, lots);
            out.push_back(VenueEvent::Market(row));
        }
    }
    Ok(())
}

/// A traded volume: a float by nature, but never an endless, huge or negative one.
fn volume(digits: &[u8]) -> Option<f64> {
    let text = core::str::from_utf8(digits)
        .ok()
        .filter(|text| text.len() <= 32)?;
    let volume: f64 = text.parse().ok()?;
    (0.0..1e18).contains(&volume).then_some(volume)
}

/// A price and a quantity, neither negative.
#[inline]
fn level(
    price: &Slot<'_>,
    qty: &Slot<'_>,
    [price_field, qty_field]: [&'static str; 2],
    listing: &Listing,
) -> Result<(Price, Qty), Malformed> {
    let ticks = match listing.price(price.required_digits(price_field)?) {
        Ok(ticks) if ticks.0 >= 0 => ticks,
        _ => return Err(price.malformed(price_field)),
    };
    match listing.qty(qty.required_digits(qty_field)?) {
        Ok(lots) if lots.0 >= 0 => Ok((ticks, lots)),
        _ => Err(qty.malformed(qty_field)),
    }
}

/// The row that makes a book invalid until its next snapshot.
#[must_use]
pub const fn gap(instrument: InstrumentId, now: UnixNanos) -> MarketEvent {
    let stamp = Stamp {
        ts_event: now,
        ts_recv: now,
        instrument,
    };
    stamp.row(EventKind::Clear, 0, END | GAP, Price(0), Qty(0))
}

#[derive(Clone, Copy)]
struct Stamp {
    ts_event: UnixNanos,
    ts_recv: UnixNanos,
    instrument: InstrumentId,
}

impl Stamp {
    #[inline]
    const fn row(
        &self,
        kind: EventKind,
        side: i8,
        flags: u16,
        price: Price,
        qty: Qty,
    ) -> MarketEvent {
        MarketEvent {
            ts_event: self.ts_event,
            ts_recv: self.ts_recv,
            instrument: self.instrument,
            kind: kind as u8,
            side,
            flags,
            price,
            qty,
            order_id: 0,
        }
    }
}
