//! Bitstamp market data: `diff_order_book`, `order_book`, `live_orders`, `live_trades`, and the
//! REST order book that diffs and orders start from.
//!
//! Nothing numbers the diffs: those that are not newer than the snapshot are in it already.
//!
//! Source: Bitstamp, "WebSocket API v2" and "HTTP API: order book".

use alloc::vec::Vec;

use crate::error::{DecodeError, Malformed};
use crate::feed::grid::Grid;
use crate::feed::instant::{from_count, optional_text};
use crate::feed::read::{digits, element, leave_array, optional_whole, required_whole, Part};
use crate::feed::rules::{Chain, Checksum, Decoder, Rules};
use crate::feed::sheet::{Context, Message, MessageKind, Sheet, Suspect};
use crate::json::{read_whole, Raw, Scanner, Slot};

/// Decodes the public channels.
#[derive(Debug, Clone, Default)]
pub struct Bitstamp;

#[derive(Default)]
struct Frame<'a> {
    event: Slot<'a>,
    channel: Slot<'a>,
    timestamp: Slot<'a>,
    micros: Slot<'a>,
    side: Slot<'a>,
    id: Slot<'a>,
    price: Slot<'a>,
    price_text: Slot<'a>,
    qty: Slot<'a>,
    qty_text: Slot<'a>,
    bids: Part<'a>,
    asks: Part<'a>,
    /// Whether `data` came.
    wrapped: bool,
}

impl Decoder for Bitstamp {
    const RULES: Rules = Rules {
        chain: Chain::Clock,
        checksum: Checksum::None,
        crossing_breaks: false,
        restarts_at: None,
    };

    fn decode<G: Grid>(
        &mut self,
        context: &Context<'_>,
        bytes: &[u8],
        sheet: &mut Sheet<G>,
    ) -> Result<(), Malformed> {
        let mut frame = Frame::default();
        read_whole(bytes, |scanner| frame.read(scanner, false))?;
        frame.resolve(context, sheet)
    }
}

impl<'a> Frame<'a> {
    fn read(&mut self, scanner: &mut Scanner<'a>, inner: bool) -> Result<(), DecodeError> {
        scanner.begin_object()?;
        while let Some(name) = scanner.next_key()? {
            match name {
                b"event" => self.event.fill(scanner)?,
                b"channel" => self.channel.fill(scanner)?,
                b"timestamp" => self.timestamp.fill(scanner)?,
                b"microtimestamp" => self.micros.fill(scanner)?,
                b"type" | b"order_type" => self.side.fill(scanner)?,
                b"id" => self.id.fill(scanner)?,
                b"price" => self.price.fill(scanner)?,
                b"price_str" => self.price_text.fill(scanner)?,
                b"amount" => self.qty.fill(scanner)?,
                b"amount_str" => self.qty_text.fill(scanner)?,
                b"bids" => self.bids.fill(scanner)?,
                b"asks" => self.asks.fill(scanner)?,
                b"data" if !inner => {
                    if core::mem::replace(&mut self.wrapped, true) {
                        return Err(DecodeError::malformed(scanner.offset(), "data"));
                    }
                    self.read(scanner, true)?;
                }
                _ => scanner.skip()?,
            }
        }
        Ok(())
    }

    fn resolve<G: Grid>(
        &self,
        context: &Context<'_>,
        sheet: &mut Sheet<G>,
    ) -> Result<(), Malformed> {
        let event = self.event.text("event")?.unwrap_or_default();
        let channel = self.channel.text("channel")?.unwrap_or_default();
        if event.starts_with(b"bts:") {
            sheet.suspect = Suspect::None;
            sheet.skip(&event);
            return Ok(());
        }
        let (topic, symbol) = self.topic(&channel, context);
        match topic {
            Topic::Diff | Topic::Book => self.book(topic, &symbol, context, sheet),
            Topic::Orders => self.order(&event, &symbol, context, sheet),
            Topic::Trades => self.trade(&symbol, context, sheet),
            Topic::Other => {
                sheet.suspect = Suspect::None;
                sheet.skip(if channel.is_empty() {
                    b"control"
                } else {
                    &channel
                });
                Ok(())
            }
        }
    }

    fn topic(&self, channel: &[u8], context: &Context<'_>) -> (Topic, Vec<u8>) {
        for (prefix, topic) in [
            (&b"diff_order_book_"[..], Topic::Diff),
            (b"detail_order_book_", Topic::Book),
            (b"order_book_", Topic::Book),
            (b"live_orders_", Topic::Orders),
            (b"live_trades_", Topic::Trades),
        ] {
            if let Some(symbol) = channel.strip_prefix(prefix) {
                return (topic, symbol.to_vec());
            }
        }
        let asked = context.url.and_then(symbol_of_url);
        match asked.filter(|_| channel.is_empty()) {
            Some(symbol) => (Topic::Book, symbol),
            None => (Topic::Other, Vec::new()),
        }
    }

    fn happened(&self) -> Result<(u64, py_rt_types::UnixNanos), Malformed> {
        match optional_whole(&self.micros, "microtimestamp")? {
            Some(micros) => {
                let ts = from_count(micros).ok_or(self.micros.malformed("microtimestamp"))?;
                Ok((micros, ts))
            }
            None => {
                let ts = optional_text(&self.timestamp, "timestamp")?;
                Ok(((ts.0 / 1000).unsigned_abs(), ts))
            }
        }
    }

    fn book<G: Grid>(
        &self,
        topic: Topic,
        symbol: &[u8],
        context: &Context<'_>,
        sheet: &mut Sheet<G>,
    ) -> Result<(), Malformed> {
        let Some(place) = sheet.place(symbol) else {
            return Ok(());
        };
        let begin = sheet.levels.len();
        let mut orders = false;
        for (part, side, field) in [(&self.bids, 1, "bids"), (&self.asks, -1, "asks")] {
            let raw = part.required(field)?;
            orders |= levels(raw, place, side, sheet).map_err(|e| e.in_whole(raw.end()))?;
        }
        let kind = match topic {
            Topic::Diff => MessageKind::Change,
            _ => MessageKind::Snapshot,
        };
        let (last_id, ts_event) = self.happened()?;
        let message = Message {
            ts_event,
            first_id: last_id,
            last_id,
            by_order: orders,
            ..Message::new(kind, place, context)
        };
        sheet.finish(begin, message);
        Ok(())
    }

    fn numbers(&self) -> Result<[crate::feed::sheet::Digits<'a>; 2], Malformed> {
        let text = |text: &Slot<'a>, number: &Slot<'a>, field| {
            digits(if text.is_empty() { number } else { text }, field)
        };
        Ok([
            text(&self.price_text, &self.price, "price")?,
            text(&self.qty_text, &self.qty, "amount")?,
        ])
    }

    fn side(&self) -> Result<i8, Malformed> {
        match required_whole(&self.side, "type")? {
            0 => Ok(1),
            1 => Ok(-1),
            _ => Err(self.side.malformed("type")),
        }
    }

    fn order<G: Grid>(
        &self,
        event: &[u8],
        symbol: &[u8],
        context: &Context<'_>,
        sheet: &mut Sheet<G>,
    ) -> Result<(), Malformed> {
        let removes = match event {
            b"order_created" | b"order_changed" => false,
            b"order_deleted" => true,
            _ => return Err(self.event.malformed("event")),
        };
        let Some(place) = sheet.place(symbol) else {
            return Ok(());
        };
        let begin = sheet.levels.len();
        let [price, qty] = self.numbers()?;
        let order_id = required_whole(&self.id, "id")?;
        let level = sheet.push(place, self.side()?, price, qty)?;
        level.order_id = order_id;
        if removes {
            level.qty = 0;
        }
        let (last_id, ts_event) = self.happened()?;
        let message = Message {
            ts_event,
            first_id: last_id,
            last_id,
            by_order: true,
            ..Message::new(MessageKind::Change, place, context)
        };
        sheet.finish(begin, message);
        Ok(())
    }

    fn trade<G: Grid>(
        &self,
        symbol: &[u8],
        context: &Context<'_>,
        sheet: &mut Sheet<G>,
    ) -> Result<(), Malformed> {
        sheet.suspect = Suspect::None;
        let Some(place) = sheet.place(symbol) else {
            return Ok(());
        };
        let begin = sheet.levels.len();
        let [price, qty] = self.numbers()?;
        sheet.push(place, self.side()?, price, qty)?;
        let message = Message {
            ts_event: self.happened()?.1,
            ..Message::new(MessageKind::Trade, place, context)
        };
        sheet.finish(begin, message);
        Ok(())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Topic {
    Diff,
    Book,
    Orders,
    Trades,
    Other,
}

/// Reads `[["price", "amount"], …]`, or with an order id behind; says whether ids came.
fn levels<G: Grid>(
    raw: Raw<'_>,
    place: u32,
    side: i8,
    sheet: &mut Sheet<G>,
) -> Result<bool, DecodeError> {
    let mut orders = false;
    let mut scanner = Scanner::within(raw);
    scanner.begin_array()?;
    while scanner.next_element()? {
        scanner.begin_array()?;
        let price = element(&mut scanner, "price")?;
        let qty = element(&mut scanner, "amount")?;
        let mut order_id = 0;
        if scanner.next_element()? {
            let id = crate::feed::read::next_digits(&mut scanner, "id")?;
            order_id =
                crate::feed::read::whole(id.text).ok_or(DecodeError::malformed(id.offset, "id"))?;
            orders = true;
            leave_array(&mut scanner)?;
        }
        sheet.push(place, side, price, qty)?.order_id = order_id;
    }
    Ok(orders)
}

/// The symbol in `…/order_book/btcusd/`.
fn symbol_of_url(url: &[u8]) -> Option<Vec<u8>> {
    let path = url.split(|&byte| byte == b'?').next()?;
    let mut parts = path.split(|&byte| byte == b'/').filter(|p| !p.is_empty());
    parts.find(|part| *part == b"order_book")?;
    parts.next().map(<[u8]>::to_vec)
}
