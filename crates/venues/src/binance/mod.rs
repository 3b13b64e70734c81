//! Binance: the spot dialect, and the market data of spot and USD-M futures.
//!
//! What the live driver needs are three sessions:
//!
//! | session | connection | gives |
//! |---|---|---|
//! | [`RestSession`] | HTTP/1.1 keep-alive, signed; as many as wanted | answers to requests |
//! | [`UserStream`] | WebSocket API `/ws-api/v3` | reports as they happen |
//! | [`MarketStream`] | WebSocket `/stream` | market rows |
//!
//! Below them, each usable alone: [`encode`] and [`sign`] make requests, [`rules`] says what the
//! venue cannot do, [`errors`] reads refusals, [`orders`], [`lists`] and [`updates`] decode,
//! [`ids`] turns numbers into ids.
//!
//! Facts that shape it: an id of ours is unique among open orders only, so nothing is sent twice
//! without a question; a replacement is a cancel and a new order, of which one may fail; trades do
//! not say how much of their order they complete; fees are paid in what is received; orders and
//! trades are numbered by symbol.
//!
//! Depth diffs are joined to the REST snapshot by update id. Members are expected in the order in
//! which the venue writes them, and read in any other.
//!
//! Source: github.com/binance/binance-spot-api-docs of 2026-07; "WebSocket streams" and "How to
//! manage a local order book correctly".

pub mod encode;
pub mod errors;
pub mod ids;
pub mod lists;
pub mod orders;
pub mod rules;
pub mod sign;
pub mod updates;

mod fills;
mod market_stream;
mod members;
mod replace;
mod rest_dialect;
mod sha256;
mod short;
mod user_stream;

use crate::error::Malformed;
use crate::feed::grid::Grid;
use crate::feed::rules::{Chain, Checksum, Decoder, Rules};
use crate::feed::sheet::{Context, Sheet, Suspect};
use crate::json::Scanner;

use members::Members;

pub use encode::Encoder;
pub use market_stream::{BinanceWords, MarketStream};
pub use rest_dialect::RestSession;
pub use user_stream::UserStream;

/// The symbol under which the snapshot of nobody knows whom is kept until somebody knows.
pub const NAMELESS: &[u8] = b"?";

/// Decodes `depthUpdate`, `trade`, `aggTrade`, `bookTicker`, partial depth and REST depth.
#[derive(Debug, Clone, Default)]
pub struct Binance;

impl Decoder for Binance {
    const RULES: Rules = Rules {
        chain: Chain::UpdateIds,
        checksum: Checksum::None,
        crossing_breaks: true,
        restarts_at: None,
    };

    fn decode<G: Grid>(
        &mut self,
        context: &Context<'_>,
        bytes: &[u8],
        sheet: &mut Sheet<G>,
    ) -> Result<(), Malformed> {
        let (begin, messages) = (sheet.levels.len(), sheet.messages.len());
        if short::read(context, bytes, sheet).is_some() {
            return Ok(());
        }
        sheet.roll_back(begin, messages);
        sheet.suspect = Suspect::Any;
        let mut members = Members::default();
        let mut scanner = Scanner::new(bytes);
        let read = members.read(&mut scanner, sheet, false);
        if !read.map_err(|error| error.in_whole(bytes.len()))? {
            return Ok(());
        }
        scanner
            .finish()
            .map_err(|error| error.in_whole(bytes.len()))?;
        members.resolve(context, begin, sheet)
    }
}
