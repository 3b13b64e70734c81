//! Streaming indicators with the conventions of TA-Lib.
//!
//! Every indicator has the same verbs ([`Indicator`]): `update` eats one bar and returns the value
//! once there is one, `reset` forgets everything but the parameters, and `batch` runs a fresh copy
//! over whole columns, stretch by stretch (`run`). `run` is the same arithmetic as `update`, so the
//! two agree to the last bit: expressions of a bar stand once, and what depends on the bar before
//! is taken in the same order by both.
//!
//! Inputs come in the order open, high, low, close, volume, only those needed. They must be finite,
//! and positive where a logarithm is taken; the Python face refuses others. One bad value leaves a
//! window with its last bar, but stays in whatever has the memory of an exponential average.
//!
//! - `stream.rs`: the trait, and [`Streaming`], its erased form. `catalog.rs`: every indicator by
//!   name, with its columns, lines, parameters, and where it differs from TA-Lib ([`CATALOG`]).
//! - `column.rs`: loops over stretches. `window.rs`, `walk.rs`, `folds.rs`: sums of the last n
//!   values without drift. `slide.rs`: their extremes. `mean.rs`, `deviation.rs`, `smooth.rs`:
//!   simple average, mean deviation, exponential recursion. `chain.rs`: averages of averages.
//! - `average.rs`, `adaptive.rs`, `bands.rs`, `sar.rs`: what lies over prices. `momentum.rs`,
//!   `difference.rs`, `stochastic.rs`, `oscillator.rs`, `directional.rs` (on `movements.rs`),
//!   `aroon.rs`: momentum. `volume.rs`, `volatility.rs`. `hilbert.rs`, `cycle.rs`: cycles.
//!   `price.rs`, `statistics.rs`, `extremes.rs`, `regression.rs`.

mod adaptive;
mod aroon;
mod average;
mod bands;
pub(crate) mod catalog;
mod chain;
mod column;
mod cycle;
mod deviation;
mod difference;
mod directional;
mod error;
mod extremes;
pub(crate) mod folds;
mod hilbert;
mod mean;
mod momentum;
mod movements;
mod oscillator;
mod price;
mod regression;
mod sar;
mod slide;
mod smooth;
mod statistics;
mod stochastic;
mod stream;
mod volatility;
mod volume;
mod walk;
pub(crate) mod window;

pub use adaptive::{Average, AverageKind, Kama, MidPoint, MidPrice};
pub use aroon::{Aroon, AroonOsc, AroonValue};
pub use average::{Dema, Ema, Hma, Tema, Trima, Vwma, Wma, T3};
pub use bands::{AccBands, BandsValue, Bollinger, Donchian, Keltner, ZScore};
pub use catalog::{Entry, Kind, Parameter, CATALOG};
pub use cycle::{HtDcPhase, HtSine, HtTrendMode, HtTrendline, SineValue};
pub use difference::{Apo, Macd, MacdExt, MacdValue, Ppo};
pub use directional::{Adx, Adxr, Dx, MinusDi, MinusDm, PlusDi, PlusDm};
pub(crate) use error::{period, width, within};
pub use error::{IndicatorError, PERIOD_MAX};
pub use extremes::{MaxIndex, MinIndex, MinMax, MinMaxValue};
pub use hilbert::{HtDcPeriod, HtPhasor, Mama, MamaValue, PhasorValue};
pub use mean::Sma;
pub use momentum::{Cmo, Mom, Roc, Rocp, Rocr, Rocr100, Rsi, Trix};
pub use oscillator::{Bop, Cci, Imi, Mfi, UltOsc};
pub use price::{AvgPrice, MedPrice, TypPrice, WclPrice};
pub use regression::{
    Beta, Correl, LinearReg, LinearRegAngle, LinearRegIntercept, LinearRegSlope, Tsf,
};
pub use sar::{Acceleration, Sar, SarExt};
pub use statistics::{
    AvgDev, EwmStd, EwmVar, Kurtosis, Max, Median, Min, Quantile, Skewness, StdDev, Sum, Var,
};
pub use stochastic::{Stochastic, StochasticFast, StochasticRsi, StochasticValue, WillR};
pub use stream::{erase, Ahead, Indicator, Lines, Row, Streaming, LINES_MAX, STRETCH};
pub use volatility::{
    Atr, GarmanKlass, Natr, Parkinson, RealizedVolatility, RogersSatchell, TRange, YangZhang,
};
pub use volume::{Ad, AdOsc, Cmf, Obv, Vwap};
