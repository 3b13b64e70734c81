//! A matching engine: price-time priority in integer ticks and lots.
//!
//! What it is: the venue's own state machine, for whole order flows (the simulated venue of a
//! backtest fills against a *recorded* market instead, see [`crate::venue`]). Commands in, reports
//! out; equal commands, equal reports. Nothing is allocated once it has grown.
//!
//! - [`command`]: the rows that go in and come out.
//! - [`engine`]: what happens to a command. [`self_trade`]: orders that meet their own owner.
//! - [`session`]: bands, halts, auctions, the end of the day.

pub mod command;
pub mod engine;
pub mod self_trade;
pub mod session;

pub use command::{EngineCommand, EngineReport, EngineReportKind, Reason, POST_ONLY};
pub use engine::MatchingEngine;
pub use self_trade::SelfTrade;
pub use session::{Phase, Uncrossing};
