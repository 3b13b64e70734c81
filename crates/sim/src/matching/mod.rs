//! A matching engine: price-time priority in integer ticks and lots.
//!
//! What it is: the venue's own state machine, for whole order flows (the simulated venue of a
//! backtest fills against a *recorded* market instead, see [`crate::venue`]). Commands in, reports
//! out; equal commands, equal reports. Nothing is allocated once it has grown, but by auctions, the
//! end of the day, and fill-or-kill orders against icebergs or reduce-only orders.
//!
//! - [`command`]: the rows that go in and come out.
//! - [`engine`]: the short road of a plain order. `intake`: every other new order.
//! - `change`: what a replace changes. [`self_trade`]: orders that meet their own owner.
//! - `shown`: icebergs and reduce-only orders. `owners`: positions. `stops`: orders that wait.
//! - [`session`]: bands, steps, halts, phases, the end of the day. `auction`: one price for all.

mod auction;
mod change;
pub mod command;
pub mod engine;
mod intake;
mod owners;
pub mod self_trade;
pub mod session;
mod shown;
mod stops;

pub use auction::Uncrossing;
pub use command::{EngineCommand, EngineReport, EngineReportKind, Reason, POST_ONLY, REDUCE_ONLY};
pub use engine::MatchingEngine;
pub use self_trade::SelfTrade;
pub use session::Phase;
