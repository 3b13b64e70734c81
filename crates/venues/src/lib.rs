//! Bytes to types and back, one folder a venue, sans-IO.
//!
//! What it is: decoders, encoders and sessions as state machines. Bytes and the time come in as
//! arguments; bytes to write, events and the next wake-up come out. What it is not: it opens no
//! socket, reads no clock, draws no random number but from the seed it was given, and decides
//! nothing about prices, positions or orders.
//!
//! Every session follows one law (see [`session::Session`]): one mutation, then drain
//! `poll_transmit` and `poll_event`, then sleep until `poll_timeout`.
//!
//! - [`error`]: `Incomplete` and `Malformed`, the two things bytes can be instead of a value.
//! - [`json`]: a borrowed JSON scanner that keeps numbers as text.
//! - [`http`]: HTTP/1.1 requests out, responses in.
//! - [`symbols`]: venue symbols to instruments, decimal text to ticks and lots.
//! - [`link`]: when to open, ping, give up and open again.
//! - [`session`]: the verbs and the events that every venue session shares.
//! - [`requests`]: the request connection of any venue.
//! - [`numbered`]: the account's stream of any venue that numbers its messages.
//! - [`alpaca`]: the Alpaca dialect. [`binance`]: the Binance spot dialect, and its market data.
//!
//! Recorded files, decoded in blocks into market rows:
//! - [`wire`], [`framing`], [`columns`]: fields of binary messages, packets, columns of text.
//! - [`resting`], [`scale`]: the orders that rest, by id; the coarsest steps that hold all prices.
//! - [`itch`], [`lobster`], [`dbn`], [`bitstamp_l3`], [`iex`], [`tardis_csv`]: one folder a format.
//! - [`ouch`]: NASDAQ's order entry, message by message.
//! - [`feed`]: what every venue's market data has in common: chains, checksums, books.
//! - [`kraken`], [`coinbase`], [`okx`], [`bitstamp`], [`bitfinex`], [`deribit`]: their market data.
//! - [`recording`]: recorded sessions of these venues, whatever the recorder wrapped them in.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod alpaca;
pub mod binance;
pub mod bitfinex;
pub mod bitstamp;
pub mod bitstamp_l3;
pub mod coinbase;
pub mod columns;
pub mod dbn;
pub mod deribit;
pub mod dialect;
pub mod error;
pub mod feed;
pub mod fees;
pub mod framing;
pub mod http;
pub mod ids;
pub mod iex;
pub mod itch;
pub mod json;
pub mod kraken;
pub mod link;
pub mod lobster;
pub mod numbered;
pub mod okx;
pub mod ouch;
mod outbox;
pub mod recording;
pub mod requests;
pub mod resting;
pub mod scale;
pub mod session;
pub mod symbols;
pub mod tardis_csv;
pub mod wire;

pub use dialect::{Credentials, Dialect};
pub use error::{DecodeError, Malformed};
pub use ids::Lineage;
pub use link::{Link, LinkConfig};
pub use requests::{Refusal, Requests, VenueRequest};
pub use session::{
    AccountSession, BookAnswer, Fatal, MarketSession, RateLimit, Session, Token, Transmit,
    VenueEvent,
};
pub use symbols::{Listing, SymbolError, SymbolTable};
