//! Strategies compiled into the engine.
//!
//! What it is: the ready-made strategies that have a twin in Python with equal orders, and the two
//! that benches measure. Each implements the kernel's `Strategy`, keeps its state in places that
//! are made once, and allocates nothing per event. What it is not: it knows no venue and no clock,
//! and the kernel does not know it.
//!
//! - [`sma_cross`]: long while the fast average is above the slow one.
//! - [`mean_reversion`]: against the z-score of the close.
//! - [`market_maker`]: a post-only quote on each side of the middle, skewed by what is held.
//! - [`bench`]: the workloads whose rules other engines run too.
//! - [`registry`]: all of them by name, with their parameters.
//! - [`params`], [`error`]: what a parameter may be, and what can be wrong with it.
#![forbid(unsafe_code)]

pub mod bench;
pub mod error;
pub mod market_maker;
pub mod mean_reversion;
pub mod params;
pub mod registry;
mod selection;
pub mod sma_cross;

pub use bench::{BenchMaker, BenchTouch};
pub use error::StrategyError;
pub use market_maker::MarketMaker;
pub use mean_reversion::MeanReversion;
pub use params::{ParamSpec, ParamValue};
pub use registry::{create, find, names, Compiled, StrategySpec, STRATEGIES};
pub use sma_cross::SmaCross;
