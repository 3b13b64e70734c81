//! Streaming indicators with the conventions of TA-Lib.
//!
//! Every indicator has the same verbs: `update` eats one bar and returns the value, `value` is the
//! last one, `ready` says whether it means something yet, `reset` forgets everything but the
//! parameters, and `batch` runs a fresh copy over whole columns. `batch` is the same arithmetic as
//! `update`, so the two agree to the last bit. Before `ready` every value is NaN.
//!
//! Inputs come in the order open, high, low, close, volume, only those needed. They must be finite;
//! the Python face refuses others. One bad value leaves a window with its last bar, but stays in
//! an `Ema`, `Rsi`, `Macd`, `Atr`, `Obv` or `Vwap` until `reset`.
//!
//! # Where the values differ from TA-Lib
//! - Windows are summed without drift (see `window.rs`), so a constant window has exactly its
//!   constant as mean and no variance, where TA-Lib leaves rounding noise.
//! - `Macd` refuses `fast >= slow`, where TA-Lib exchanges the two.
//! - `Vwap` and `ZScore` do not exist there.
//!
//! Kept on purpose: if nothing ever moved `Rsi` is 0, and so is `Stochastic` on a flat range.

mod average;
mod error;
mod momentum;
mod volatility;
mod volume;
mod window;

pub use average::{Ema, Sma, Wma};
pub use error::{IndicatorError, PERIOD_MAX};
pub use momentum::{Macd, MacdValue, Rsi, Stochastic, StochasticValue};
pub use volatility::{Atr, Bollinger, BollingerValue, ZScore};
pub use volume::{Obv, Vwap};
