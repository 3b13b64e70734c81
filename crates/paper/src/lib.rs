//! The paper venue: a venue of our own behind a real dialect, on loopback.
//!
//! What it is: one process that speaks Alpaca's dialect and Binance's over HTTP and WebSocket, with
//! the matching engine of `sim` behind them and recorded or synthetic market data in virtual time.
//! What it is not: it shares no line with the clients in `venues`, so that both sides check each
//! other.
//!
//! - [`serve`]: sockets outside, one engine thread inside; everything that happens is serial.
//! - [`config`]: what a venue is made of. [`PaperError`]: why it cannot start.
//! - `engine`: accounts, orders, executions, positions, cash. `order`: their records.
//! - `market`: recordings and synthetic markets. `clock`: real time to virtual time.
//! - `binance`: the other dialect, over the same engine. `fault`: what goes wrong on demand.
//! - `rest`: requests to answers. `stream`: sessions and what they are told.
//! - `ticket`: order requests. `answer`: refusals. `node`: trees to JSON and MessagePack.
//! - `civil`: dates and sessions. `ids`: ids and random numbers from the seed.
//!
//! Where it differs from Alpaca on purpose: shares trade around the clock unless sessions are kept;
//! fees are zero unless configured, and charged in dollars; a replaced order keeps its place in FIX
//! terms (`qty` is the new total, what was filled is carried over); executions say `fee` and
//! `liquidity`; a market order takes what the book shows and the rest of it is cancelled; auction
//! orders are refused by name. Where it differs from Binance: see `binance`.

#![forbid(unsafe_code)]

mod answer;
mod binance;
mod civil;
mod clock;
pub mod config;
mod engine;
mod error;
mod fault;
mod ids;
mod listing;
mod market;
mod node;
mod order;
mod rest;
pub mod serve;
mod stream;
mod ticket;

pub use config::{
    Commission, Dialect, PaperAccount, PaperConfig, PaperInstrument, Recording, StartClock,
    Synthetic,
};
pub use error::PaperError;
pub use serve::{serve, Ready};
