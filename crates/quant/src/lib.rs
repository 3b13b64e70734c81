//! Numbers from numbers: streaming indicators and the statistics of statistical arbitrage.
//!
//! What it is: plain structs that eat one bar at a time, and functions from arrays to results. What
//! it is not: it knows no order, no instrument and no clock, and it decides nothing. Floats are at
//! home here; money is not. Every answer is a function of the input and a seed: the same bits on
//! one thread or many.
//!
//! - [`indicator`]: averages, bands, momentum, volume, volatility, cycles, statistics of windows;
//!   every one by name in [`indicator::CATALOG`]. [`bars`], [`feature`]: of trades and books.
//! - [`series`], [`cointegration`], [`regimes`]: statistics of series.
//! - [`regression`]: LASSO and its kin. [`robust`]: low rank plus sparse. [`predictability`]:
//!   Box-Tiao and mean reversion of few assets. [`portfolio`]: weights. [`risk`]: tails and their
//!   tests.
//!   [`validation`]: what a backtest is worth. [`execution`]: how fast to trade.
//! - [`linalg`], [`special`], [`random`]: what the kernels stand on. [`error`]: how they refuse.
#![deny(unsafe_code)]

pub mod bars;
pub mod cointegration;
pub mod error;
pub mod execution;
pub mod feature;
pub mod indicator;
pub mod linalg;
pub mod optimise;
pub mod portfolio;
pub mod predictability;
pub mod random;
pub mod regimes;
pub mod regression;
pub mod risk;
pub mod robust;
pub mod sampling;
pub mod series;
pub mod special;
pub mod validation;

pub use error::{Fault, QuantError, Result};
pub use indicator::{Indicator, IndicatorError, Sma, ZScore};
