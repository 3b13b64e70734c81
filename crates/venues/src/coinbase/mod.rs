//! Coinbase: the dialect of Advanced Trade, its market data, and those of the older Exchange feed.
//!
//! What the live driver needs are three sessions:
//!
//! | session | connection | gives |
//! |---|---|---|
//! | [`RestSession`] | HTTP/1.1 keep-alive, a token a call; many | answers to requests |
//! | [`AccountStream`] | WebSocket, channels `user` and `heartbeats` | how orders stand |
//! | [`MarketStream`] | WebSocket, `level2`, `market_trades`, `heartbeats` | market rows |
//!
//! Below them, each usable alone: [`encode`] makes requests, and a [`sign::Sign`] their tokens,
//! [`rules`] says what the venue cannot do, [`errors`] reads refusals, [`orders`] and [`lists`]
//! decode, [`products`] knows steps, flags and aliases, [`ids`] turns ids into ours.
//!
//! Facts that shape it: status 200 may be a refusal; what was taken is queued; the stream tells
//! states and the list of fills what was executed; a just sent order is in no list of open ones; an
//! edit keeps the order and names its whole quantity; messages are numbered by connection.
//!
//! Advanced Trade numbers its messages per connection over all channels: a hole may concern every
//! book of the connection. The Exchange feed's `level2` has no number at all.
//!
//! Source: Coinbase, "Advanced Trade REST API", "Advanced Trade WebSocket: level2, market_trades,
//! ticker, heartbeats, user" and "Exchange WebSocket feed: level2".

pub mod encode;
pub mod errors;
pub mod ids;
pub mod lists;
pub mod orders;
pub mod products;
pub mod rules;
pub mod sign;

mod account_stream;
mod advanced;
mod exchange;
mod fills;
mod market_stream;
mod rest_dialect;
mod search;

use crate::error::Malformed;
use crate::feed::grid::Grid;
use crate::feed::rules::{Chain, Checksum, Decoder, Rules};
use crate::feed::sheet::{Context, Sheet};
use crate::json::{Scanner, Slot};

use crate::feed::read::Part;

pub use account_stream::{AccountStream, CoinbaseAccount};
pub use encode::Encoder;
pub use market_stream::{CoinbaseWords, MarketStream};
pub use rest_dialect::RestSession;

/// Decodes both feeds.
#[derive(Debug, Clone, Default)]
pub struct Coinbase;

/// A message of either feed, as it was sent.
#[derive(Default)]
struct Frame<'a> {
    channel: Slot<'a>,
    kind: Slot<'a>,
    timestamp: Slot<'a>,
    time: Slot<'a>,
    sequence: Slot<'a>,
    symbol: Slot<'a>,
    side: Slot<'a>,
    price: Slot<'a>,
    size: Slot<'a>,
    best_bid: Slot<'a>,
    best_bid_size: Slot<'a>,
    best_ask: Slot<'a>,
    best_ask_size: Slot<'a>,
    events: Part<'a>,
    bids: Part<'a>,
    asks: Part<'a>,
    changes: Part<'a>,
}

impl Decoder for Coinbase {
    const RULES: Rules = Rules {
        chain: Chain::Connection,
        checksum: Checksum::None,
        crossing_breaks: true,
        restarts_at: Some(0),
    };

    fn decode<G: Grid>(
        &mut self,
        context: &Context<'_>,
        bytes: &[u8],
        sheet: &mut Sheet<G>,
    ) -> Result<(), Malformed> {
        let mut scanner = Scanner::new(bytes);
        let frame = Frame::read(&mut scanner).map_err(|error| error.in_whole(bytes.len()))?;
        if frame.channel.text("channel")?.is_none() {
            return exchange::resolve(&frame, context, sheet);
        }
        advanced::resolve(&frame, context, sheet)
    }
}

impl<'a> Frame<'a> {
    fn read(scanner: &mut Scanner<'a>) -> Result<Self, crate::DecodeError> {
        let mut frame = Self::default();
        scanner.begin_object()?;
        while let Some(name) = scanner.next_key()? {
            let slot = match name {
                b"channel" => &mut frame.channel,
                b"type" => &mut frame.kind,
                b"timestamp" => &mut frame.timestamp,
                b"time" => &mut frame.time,
                b"sequence_num" => &mut frame.sequence,
                b"product_id" => &mut frame.symbol,
                b"side" => &mut frame.side,
                b"price" => &mut frame.price,
                b"size" => &mut frame.size,
                b"best_bid" => &mut frame.best_bid,
                b"best_bid_size" => &mut frame.best_bid_size,
                b"best_ask" => &mut frame.best_ask,
                b"best_ask_size" => &mut frame.best_ask_size,
                b"events" | b"bids" | b"asks" | b"changes" => {
                    let part = match name {
                        b"events" => &mut frame.events,
                        b"bids" => &mut frame.bids,
                        b"asks" => &mut frame.asks,
                        _ => &mut frame.changes,
                    };
                    part.fill(scanner)?;
                    continue;
                }
                _ => {
                    scanner.skip()?;
                    continue;
                }
            };
            slot.fill(scanner)?;
        }
        scanner.finish()?;
        Ok(frame)
    }
}
