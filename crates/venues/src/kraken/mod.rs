//! Kraken spot: the dialect of REST and WebSocket v2, and its market data, v1 for recordings.
//!
//! What the live driver needs are three sessions:
//!
//! | session | connection | gives |
//! |---|---|---|
//! | [`RestSession`] | HTTP/1.1 keep-alive, signed forms; as many as wanted | answers to requests |
//! | [`AccountStream`] | WebSocket v2, channel `executions`, opened by a token | reports |
//! | [`MarketStream`] | WebSocket v2, channels `book` and `trade` | market rows |
//!
//! Below them, each usable alone: [`encode`] makes requests that a [`sign::Sign`] signs, [`rules`]
//! says what the venue cannot do, [`errors`] reads refusals, [`counters`] counts what the venue
//! counts, [`orders`], [`lists`] and [`executions`] decode, [`names`] knows what pairs are called
//! where, [`ids`] turns ids into ours.
//!
//! Facts that shape it: a key has one row of nonces, whoever uses it; an amendment keeps the order
//! and its ids; the venue refuses what reaches it after a deadline; rows hold what changed; trades
//! do not say how much of their order they complete; nothing tells how full the counters are.
//!
//! Every book message carries a CRC-32 over the ten best levels as they were written. Levels that
//! fall out of the subscribed depth are never removed by a message, so they are dropped here.
//!
//! Source: Kraken, "Spot REST API", "Spot WebSockets v2: executions, book, checksum guide" and "v1:
//! book".

pub mod counters;
pub mod encode;
pub mod envelope;
pub mod errors;
pub mod executions;
pub mod ids;
pub mod lists;
pub mod names;
pub mod orders;
pub mod rules;
pub mod sign;

mod account_stream;
mod fills;
mod market_stream;
mod rest_dialect;
mod v1;
mod v2;

use alloc::collections::BTreeMap;

use crate::error::Malformed;
use crate::feed::grid::Grid;
use crate::feed::rules::{Chain, Checksum, Decoder, Rules};
use crate::feed::sheet::{Context, Sheet};
use crate::json::{Kind, Scanner};

pub use account_stream::AccountStream;
pub use encode::{Allowance, Encoder};
pub use market_stream::{KrakenWords, MarketStream};
pub use rest_dialect::RestSession;

/// Depths that the venue offers.
const DEPTHS: [u32; 5] = [10, 25, 100, 500, 1000];

/// Decodes `book`, `trade` and `ticker` of both versions.
#[derive(Debug, Clone, Default)]
pub struct Kraken {
    /// Depth of each book, as the venue confirmed it or as its snapshot shows.
    depths: BTreeMap<u32, u32>,
    /// Whether the depth was confirmed.
    confirmed: BTreeMap<u32, ()>,
}

impl Kraken {
    fn confirm(&mut self, place: u32, depth: u64) {
        if let Some(depth) = u32::try_from(depth).ok().filter(|depth| *depth > 0) {
            self.depths.insert(place, depth);
            self.confirmed.insert(place, ());
        }
    }

    /// The depth of a book: confirmed, or the smallest offered one that holds a snapshot.
    fn depth(&mut self, place: u32, snapshot: Option<usize>) -> u32 {
        if let Some(levels) = snapshot.filter(|_| !self.confirmed.contains_key(&place)) {
            let fits = DEPTHS.into_iter().find(|&depth| depth as usize >= levels);
            self.depths.insert(place, fits.unwrap_or(0));
        }
        self.depths.get(&place).copied().unwrap_or(0)
    }
}

impl Decoder for Kraken {
    const RULES: Rules = Rules {
        chain: Chain::Connection,
        checksum: Checksum::Kraken,
        crossing_breaks: true,
        restarts_at: None,
    };

    fn decode<G: Grid>(
        &mut self,
        context: &Context<'_>,
        bytes: &[u8],
        sheet: &mut Sheet<G>,
    ) -> Result<(), Malformed> {
        let mut scanner = Scanner::new(bytes);
        let kind = scanner
            .peek()
            .map_err(|error| error.in_whole(bytes.len()))?;
        let result = if kind == Kind::Array {
            self.decode_v1(context, &mut scanner, sheet)
        } else {
            self.decode_v2(context, &mut scanner, sheet)
        };
        result
            .and_then(|()| scanner.finish())
            .map_err(|error| error.in_whole(bytes.len()))
    }
}
