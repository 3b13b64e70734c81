//! Drives the kernel in virtual time.
//!
//! What it is: a simulated venue ([`venue`]) that fills orders from recorded markets, and a driver
//! ([`backtest`]) that carries market data, orders and reports between venue and kernel with their
//! latencies. What it is not: it reads no clock and no file, and decides nothing about orders.
//!
//! - [`matching`]: a matching engine for whole order flows.
//! - [`queue`]: where an order stands when only levels are known, and how well that is guessed.
//! - [`venue`]: matching against recorded books and bars, queue position, fees.
//! - [`backtest`]: the driver and what it records.

#![forbid(unsafe_code)]

pub mod backtest;
pub mod matching;
pub mod queue;
mod random;
pub mod venue;

pub use backtest::{
    Backtest, BacktestConfig, BacktestData, Extra, Extras, Latency, OtherVenue, Recording,
};
pub use queue::QueueModel;
pub use venue::{
    BarFill, Fees, Impact, SimVenue, SquareRoot, Tier, Tiers, VenueConfig, VenueReport,
};
