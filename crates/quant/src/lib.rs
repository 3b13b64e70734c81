//! Numbers from numbers: streaming indicators.
//!
//! What it is: plain structs that eat one bar at a time, used alike by compiled strategies, by
//! Python strategies and on whole columns. What it is not: it knows no order, no instrument and no
//! clock, and it decides nothing. Floats are at home here; money is not.
//!
//! - [`indicator`]: averages, bands, momentum, volume, volatility, cycles, statistics of windows;
//!   every one by name in [`indicator::CATALOG`].
#![forbid(unsafe_code)]

pub mod bars;
pub mod feature;
pub mod indicator;

pub use indicator::{Indicator, IndicatorError, Sma, ZScore};
