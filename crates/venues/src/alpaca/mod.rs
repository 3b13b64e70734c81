//! The Alpaca dialect: trading API v2, account stream, market data streams.
//!
//! What the live driver needs are three sessions, all [`crate::Session`]:
//!
//! | session | connection | gives |
//! |---|---|---|
//! | [`RestSession`] | HTTP/1.1 keep-alive; as many as wanted | answers to requests |
//! | [`TradingStream`] | WebSocket `/stream` | reports as they happen |
//! | [`MarketStream`] | WebSocket, stocks or crypto | market rows and bars |
//!
//! Below them, each usable alone: [`encode`] makes requests, [`rules`] says what Alpaca cannot do,
//! [`errors`] reads refusals, [`orders`], [`updates`], [`rest`] and [`market`] decode, [`ids`] and
//! [`time`] turn text into ids and instants.
//!
//! Facts that shape it: quantities and prices come as strings or numbers of any spelling; a
//! replacement is another order with another id; `DELETE` answers "asked for", not "cancelled"; a
//! 5xx, a time-out or an HTML page on an order call means *unknown*.
//! Source: Alpaca OpenAPI files, trading 2.0.1 and market data 1.1.

pub mod encode;
pub mod errors;
pub mod ids;
pub mod market;
pub mod orders;
pub mod rest;
pub mod rules;
pub mod time;
pub mod updates;

mod market_stream;
mod rest_answer;
mod rest_queue;
mod rest_session;
mod trading_stream;

use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;

use crate::symbols::SymbolTable;

pub use encode::{Encoder, VenueRequest};
pub use errors::Outcome;
pub use ids::Lineage;
pub use market_stream::{Feed, MarketStream, MarketStreamConfig};
pub use orders::{Order, OrderState};
pub use rest::{Account, Asset, Clock};
pub use rest_queue::RestConfig;
pub use rest_session::RestSession;
pub use rules::{supports, Refusal};
pub use trading_stream::TradingStream;

/// What every decoder has to know: whose orders are ours and which instruments are in the run.
#[derive(Debug, Clone)]
pub struct Dialect {
    /// The lineage of our order ids.
    pub lineage: Lineage,
    /// The instruments.
    pub symbols: Arc<SymbolTable>,
}

/// A key and its secret; prints stars.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The key.
    pub key_id: String,
    /// Its secret.
    pub secret_key: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(***)")
    }
}

impl Credentials {
    /// Appends the key or the secret as a JSON string.
    fn push_json(text: &str, out: &mut alloc::vec::Vec<u8>) {
        out.push(b'"');
        for byte in text.bytes() {
            match byte {
                b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
                0..0x20 => out.extend_from_slice(alloc::format!("\\u{byte:04x}").as_bytes()),
                _ => out.push(byte),
            }
        }
        out.push(b'"');
    }
}

/// Counters of what was set aside; they only grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Messages read.
    pub messages: u64,
    /// Messages that could not be read.
    pub malformed: u64,
    /// Messages about instruments that are not in the run, or kinds that we do not use.
    pub foreign: u64,
}
