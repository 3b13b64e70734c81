//! Numbers from numbers: streaming indicators.
//!
//! What it is: plain structs that eat one bar at a time, used alike by compiled strategies, by
//! Python strategies and on whole columns. What it is not: it knows no order, no instrument and no
//! clock, and it decides nothing. Floats are at home here; money is not.
//!
//! - [`indicator`]: `Sma`, `Ema`, `Wma`, `Rsi`, `Macd`, `Stochastic`, `Atr`, `Bollinger`, `Obv`,
//!   `Vwap`, `ZScore`.
#![forbid(unsafe_code)]

pub mod indicator;

pub use indicator::{
    Atr, Bollinger, BollingerValue, Ema, IndicatorError, Macd, MacdValue, Obv, Rsi, Sma,
    Stochastic, StochasticValue, Vwap, Wma, ZScore,
};
