//! Volatility: true ranges, and what the four prices of a bar say about variance.

use super::column::{each_row, retold, SCRATCH};
use super::error::{period, width, IndicatorError};
use super::folds::{Moments, Total};
use super::smooth::{Seeded, Wilder};
use super::stream::Indicator;
use super::window::Window;

/// max(high, last close) - min(low, last close), as the greatest of three distances.
#[inline(always)]
pub(crate) fn true_range(high: f64, low: f64, last: f64) -> f64 {
    let (range, up, down) = (high - low, (high - last).abs(), (low - last).abs());
    let widest = if up > range { up } else { range };
    if down > widest {
        down
    } else {
        widest
    }
}

/// True range of one bar; the first bar only provides its close.
///
/// # Source
/// Wilder 1978, New Concepts in Technical Trading Systems.
#[derive(Debug, Clone, Default)]
pub struct TRange(Option<f64>);

impl TRange {
    /// A true range that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Indicator for TRange {
    type Row = [f64; 3];
    type Value = f64;

    #[inline]
    fn update(&mut self, [high, low, close]: [f64; 3]) -> Option<f64> {
        let last = self.0.replace(close)?;
        Some(true_range(high, low, last))
    }

    fn reset(&mut self) {
        self.0 = None;
    }

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        match (columns, lines) {
            (&[high, low, close], [line]) => write_ranges([high, low, close], &mut self.0, line),
            _ => 0,
        }
    }
}

/// Writes the true ranges of a stretch; `last` is the close before it and becomes that at its end.
/// The first row of all has none; returns whether it was among them.
fn write_ranges(
    [high, low, close]: [&[f64]; 3],
    last: &mut Option<f64>,
    line: &mut [f64],
) -> usize {
    let &[.., newest] = close else {
        return 0;
    };
    let bars = [&high[1..], &low[1..], close];
    each_row(bars, &mut line[1..], |[high, low, last]| {
        true_range(high, low, last)
    });
    match last.replace(newest) {
        Some(last) => {
            line[0] = true_range(high[0], low[0], last);
            0
        }
        None => 1,
    }
}

/// Average true range: Wilder's average of max(high, last close) - min(low, last close).
///
/// The first bar has no last close and only provides it, as in TA-Lib: ready after `period + 1`
/// bars.
///
/// # Units
/// Those of the price.
///
/// # Source
/// Wilder 1978, New Concepts in Technical Trading Systems.
#[derive(Debug, Clone)]
pub struct Atr {
    average: Seeded<Wilder>,
    last_close: Option<f64>,
}

impl Atr {
    /// An average true range over `len` bars, 1 or more; usual is 14.
    ///
    /// # Errors
    /// `Period` when `len` is outside 1..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        Self::named("period", len)
    }

    pub(crate) fn named(name: &'static str, len: usize) -> Result<Self, IndicatorError> {
        Ok(Self {
            average: Seeded::wilder(period(name, len, 1)?),
            last_close: None,
        })
    }
}

impl Indicator for Atr {
    type Row = [f64; 3];
    type Value = f64;

    #[inline]
    fn update(&mut self, [high, low, close]: [f64; 3]) -> Option<f64> {
        let last = self.last_close.replace(close)?;
        self.average.update(true_range(high, low, last))
    }

    fn reset(&mut self) {
        self.average.reset();
        self.last_close = None;
    }

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        match (columns, lines) {
            (&[high, low, close], [line]) => self.write([high, low, close], line),
            _ => 0,
        }
    }
}

impl Atr {
    /// Writes the averages of a stretch, as [`Indicator::run`] does.
    pub(crate) fn write(&mut self, bars: [&[f64]; 3], line: &mut [f64]) -> usize {
        let mut ranges = SCRATCH;
        let ranges = &mut ranges[..line.len()];
        let first = write_ranges(bars, &mut self.last_close, ranges);
        first + self.average.go_on(&ranges[first..], &mut line[first..])
    }
}

/// Average true range in percent of the close; 0 where the close is 0, as in TA-Lib.
#[derive(Debug, Clone)]
pub struct Natr(Atr);

impl Natr {
    /// Over `len` bars, 1 or more; usual is 14.
    ///
    /// # Errors
    /// `Period` when `len` is outside 1..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        Atr::new(len).map(Self)
    }
}

/// A range in percent of the close.
#[inline(always)]
fn of_close(range: f64, close: f64) -> f64 {
    let share = 100.0 * (range / close);
    if close == 0.0 {
        0.0
    } else {
        share
    }
}

impl Indicator for Natr {
    type Row = [f64; 3];
    type Value = f64;

    #[inline]
    fn update(&mut self, bar: [f64; 3]) -> Option<f64> {
        Some(of_close(self.0.update(bar)?, bar[2]))
    }

    fn reset(&mut self) {
        self.0.reset();
    }

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        let (&[high, low, close], [line]) = (columns, lines) else {
            return 0;
        };
        let untold = self.0.write([high, low, close], line);
        retold(&mut line[untold..], [&close[untold..]], |range, [close]| {
            of_close(range, close)
        });
        untold
    }
}

/// A volatility that is the root of the mean of one number a bar, times bars a year.
macro_rules! mean_of_bars {
    ($(#[$doc:meta])* $name:ident, [$($column:ident),+]: $width:literal => $term:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name {
            window: Window<Total>,
            factor: f64,
        }

        impl $name {
            /// Over `len` bars, 1 or more, times the root of `scale` (bars a year; 1 for none).
            ///
            /// # Errors
            /// `Period` or `Width` when a parameter is outside its range.
            pub fn new(len: usize, scale: f64) -> Result<Self, IndicatorError> {
                let len = period("period", len, 1)?;
                Ok(Self {
                    window: Window::new(len),
                    factor: width("scale", scale)? / len as f64,
                })
            }
        }

        impl Indicator for $name {
            type Row = [f64; $width];
            type Value = f64;

            #[inline]
            fn update(&mut self, [$($column),+]: [f64; $width]) -> Option<f64> {
                let sum = self.window.push($term)?.sum();
                Some(libm::sqrt((sum * self.factor).max(0.0)))
            }

            fn reset(&mut self) {
                self.window.reset();
            }
        }
    };
}

/// ln(a / b) of positive prices.
#[inline]
fn log_ratio(a: f64, b: f64) -> f64 {
    libm::log(a / b)
}

/// 2 ln 2 - 1.
const BODY_WEIGHT: f64 = 2.0 * core::f64::consts::LN_2 - 1.0;

#[inline]
fn square(x: f64) -> f64 {
    x * x
}

mean_of_bars!(
    /// Parkinson's volatility: root of the mean of ln(high / low)^2 / (4 ln 2).
    ///
    /// # Source
    /// Parkinson 1980, The extreme value method for estimating the variance of the rate of return.
    Parkinson, [high, low]: 2 => square(log_ratio(high, low)) / (4.0 * core::f64::consts::LN_2)
);
mean_of_bars!(
    /// Garman and Klass's volatility: root of the mean of ln(h/l)^2 / 2 - (2 ln 2 - 1) ln(c/o)^2.
    ///
    /// # Source
    /// Garman and Klass 1980, On the estimation of security price volatilities from historical
    /// data.
    GarmanKlass, [open, high, low, close]: 4 =>
        0.5 * square(log_ratio(high, low)) - BODY_WEIGHT * square(log_ratio(close, open))
);

#[inline]
fn rogers_satchell([open, high, low, close]: [f64; 4]) -> f64 {
    log_ratio(high, close) * log_ratio(high, open) + log_ratio(low, close) * log_ratio(low, open)
}

mean_of_bars!(
    /// Rogers and Satchell's volatility: root of the mean of ln(h/c) ln(h/o) + ln(l/c) ln(l/o).
    ///
    /// # Source
    /// Rogers and Satchell 1991, Estimating variance from high, low and closing prices.
    RogersSatchell, [open, high, low, close]: 4 => rogers_satchell([open, high, low, close])
);

/// Yang and Zhang's volatility: variances of the gap and of the body, and Rogers and Satchell's.
///
/// gap + k body + (1 - k) rs, k = .34 / (1.34 + (n + 1) / (n - 1)); the two variances with ddof 1.
///
/// # Source
/// Yang and Zhang 2000, Drift-independent volatility estimation, equations 11 and 12.
#[derive(Debug, Clone)]
pub struct YangZhang {
    gaps: Window<Moments>,
    bodies: Window<Moments>,
    shadows: Window<Total>,
    last_close: Option<f64>,
    period: f64,
    scale: f64,
}

impl YangZhang {
    /// Over `len` bars, 2 or more, times the root of `scale` (bars a year; 1 for none).
    ///
    /// # Errors
    /// `Period` or `Width` when a parameter is outside its range.
    pub fn new(len: usize, scale: f64) -> Result<Self, IndicatorError> {
        let len = period("period", len, 2)?;
        Ok(Self {
            gaps: Window::new(len),
            bodies: Window::new(len),
            shadows: Window::new(len),
            last_close: None,
            period: len as f64,
            scale: width("scale", scale)?,
        })
    }
}

impl Indicator for YangZhang {
    type Row = [f64; 4];
    type Value = f64;

    #[inline]
    fn update(&mut self, bar: [f64; 4]) -> Option<f64> {
        let [open, _, _, close] = bar;
        let n = self.period;
        let last = self.last_close.replace(close)?;
        let gap = self.gaps.push(log_ratio(open, last));
        let body = self.bodies.push(log_ratio(close, open));
        let shadow = self.shadows.push(rogers_satchell(bar));
        let (_, gap) = gap?.mean_and_deviation(n);
        let (_, body) = body?.mean_and_deviation(n);
        let weight = 0.34 / (1.34 + (n + 1.0) / (n - 1.0));
        let variance = (gap + weight * body) / (n - 1.0) + (1.0 - weight) * (shadow?.sum() / n);
        Some(libm::sqrt((variance * self.scale).max(0.0)))
    }

    fn reset(&mut self) {
        self.gaps.reset();
        self.bodies.reset();
        self.shadows.reset();
        self.last_close = None;
    }
}

/// Realised volatility: root of the mean squared log return, its mean taken as 0.
///
/// # Source
/// Andersen, Bollerslev, Diebold and Labys 2003, Modeling and forecasting realized volatility.
#[derive(Debug, Clone)]
pub struct RealizedVolatility {
    window: Window<Total>,
    last: Option<f64>,
    factor: f64,
}

impl RealizedVolatility {
    /// Over `len` returns, 1 or more, times the root of `scale` (bars a year; 1 for none).
    ///
    /// # Errors
    /// `Period` or `Width` when a parameter is outside its range.
    pub fn new(len: usize, scale: f64) -> Result<Self, IndicatorError> {
        let len = period("period", len, 1)?;
        Ok(Self {
            window: Window::new(len),
            last: None,
            factor: width("scale", scale)? / len as f64,
        })
    }
}

impl Indicator for RealizedVolatility {
    type Row = f64;
    type Value = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        let last = self.last.replace(x)?;
        let sum = self.window.push(square(log_ratio(x, last)))?.sum();
        Some(libm::sqrt(sum * self.factor))
    }

    fn reset(&mut self) {
        self.window.reset();
        self.last = None;
    }
}
