//! Bitfinex market data, WebSocket v2: books by price (`P0`…) and by order (`R0`), trades.
//!
//! A message holds one level or one order, so a book may be crossed between two of them; what
//! proves it is the CRC-32 that comes where it was asked for, and the sequence number likewise.
//!
//! Source: Bitfinex, "WebSocket API v2: books, raw books, trades, order book checksum, flags".

mod rows;

use alloc::collections::BTreeMap;

use crate::error::{DecodeError, Malformed};
use crate::feed::grid::Grid;
use crate::feed::read::{optional_whole, required_whole};
use crate::feed::rules::{Chain, Checksum, Decoder, Rules};
use crate::feed::sheet::{Context, Message, MessageKind, Sheet, Suspect};
use crate::json::{Kind, Scanner, Slot};

/// What a channel carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Topic {
    /// A book by price.
    Levels,
    /// A book by order.
    Orders,
    Trades,
    Ticker,
    Other,
}

#[derive(Debug, Clone, Copy)]
struct Channel {
    topic: Topic,
    place: Option<u32>,
}

/// Decodes books, trades and tickers; it must see the confirmations of the subscriptions.
#[derive(Debug, Clone, Default)]
pub struct Bitfinex {
    channels: BTreeMap<(u32, u64), Channel>,
}

/// How many channels are remembered.
const CHANNELS_MAX: usize = 1 << 16;

#[derive(Default)]
struct Event<'a> {
    event: Slot<'a>,
    channel: Slot<'a>,
    id: Slot<'a>,
    symbol: Slot<'a>,
    precision: Slot<'a>,
}

impl Decoder for Bitfinex {
    const RULES: Rules = Rules {
        chain: Chain::Connection,
        checksum: Checksum::Bitfinex,
        crossing_breaks: false,
        restarts_at: None,
    };

    fn decode<G: Grid>(
        &mut self,
        context: &Context<'_>,
        bytes: &[u8],
        sheet: &mut Sheet<G>,
    ) -> Result<(), Malformed> {
        let mut scanner = Scanner::new(bytes);
        let whole = |error: DecodeError| error.in_whole(bytes.len());
        if scanner.peek().map_err(whole)? == Kind::Array {
            return rows::decode(self, context, bytes, sheet).map_err(whole);
        }
        let mut event = Event::default();
        event.read(&mut scanner).map_err(whole)?;
        scanner.finish().map_err(whole)?;
        self.take_event(&event, context, sheet)
    }
}

impl<'a> Event<'a> {
    fn read(&mut self, scanner: &mut Scanner<'a>) -> Result<(), DecodeError> {
        scanner.begin_object()?;
        while let Some(name) = scanner.next_key()? {
            match name {
                b"event" => self.event.fill(scanner)?,
                b"channel" => self.channel.fill(scanner)?,
                b"chanId" => self.id.fill(scanner)?,
                b"symbol" => self.symbol.fill(scanner)?,
                b"prec" => self.precision.fill(scanner)?,
                _ => scanner.skip()?,
            }
        }
        Ok(())
    }
}

impl Bitfinex {
    fn take_event<G: Grid>(
        &mut self,
        event: &Event<'_>,
        context: &Context<'_>,
        sheet: &mut Sheet<G>,
    ) -> Result<(), Malformed> {
        sheet.suspect = Suspect::None;
        let name = event.event.text("event")?.unwrap_or_default();
        sheet.skip(if name.is_empty() { b"control" } else { &name });
        match &*name {
            b"info" if event.id.is_empty() => {
                self.channels.retain(|(conn, _), _| *conn != context.conn);
                let begin = sheet.levels.len();
                let opened = Message::new(MessageKind::Opened, u32::MAX, context);
                sheet.finish(begin, opened);
            }
            b"subscribed" => {
                let id = required_whole(&event.id, "chanId")?;
                let raw = event.precision.text("prec")?;
                let topic = match &*event.channel.required_text("channel")? {
                    b"book" if raw.is_some_and(|prec| prec.starts_with(b"R")) => Topic::Orders,
                    b"book" => Topic::Levels,
                    b"trades" => Topic::Trades,
                    b"ticker" => Topic::Ticker,
                    _ => Topic::Other,
                };
                let symbol = event.symbol.text("symbol")?.unwrap_or_default();
                let place = match topic {
                    Topic::Other => None,
                    _ => sheet.place(symbol.strip_prefix(b"t").unwrap_or(&symbol)),
                };
                if self.channels.len() < CHANNELS_MAX {
                    let channel = Channel { topic, place };
                    self.channels.insert((context.conn, id), channel);
                }
            }
            b"unsubscribed" => {
                if let Some(id) = optional_whole(&event.id, "chanId")? {
                    self.channels.remove(&(context.conn, id));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The channel of a message. Without a confirmation its first array shows what it is.
    fn channel<G: Grid>(
        &mut self,
        id: u64,
        guess: impl FnOnce() -> Topic,
        context: &Context<'_>,
        sheet: &mut Sheet<G>,
    ) -> Channel {
        let key = (context.conn, id);
        if let Some(known) = self.channels.get(&key) {
            return *known;
        }
        let topic = guess();
        let place = match topic {
            Topic::Other => None,
            _ => sheet.place(alloc::format!("channel {id}").as_bytes()),
        };
        let channel = Channel { topic, place };
        if topic != Topic::Other && self.channels.len() < CHANNELS_MAX {
            self.channels.insert(key, channel);
        }
        channel
    }
}
