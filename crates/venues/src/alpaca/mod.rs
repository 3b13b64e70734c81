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
pub mod tws;
pub mod updates;

mod market_stream;
mod rest_dialect;
mod trading_stream;

pub use crate::dialect::{Counters, Credentials, Dialect};
pub use crate::requests::{Outcome, Refusal, RestConfig, VenueRequest};
pub use encode::Encoder;
pub use ids::Lineage;
pub use market_stream::{Feed, MarketStream, MarketStreamConfig};
pub use orders::{Order, OrderState};
pub use rest::{Account, Asset, Clock};
pub use rest_dialect::RestSession;
pub use rules::supports;
pub use trading_stream::TradingStream;
