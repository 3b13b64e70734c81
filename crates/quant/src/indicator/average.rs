//! Moving averages: exponential, weighted, triangular, Hull's, and their combinations.

use super::column::{write_chain, write_windows};
use super::error::{period, within, IndicatorError};
use super::folds::{RampSum, Totals};
use super::mean::Sma;
use super::smooth::Seeded;
use super::stream::Indicator;
use super::window::{Parts, Window};

/// Exponential moving average with weight 2 / (period + 1) on the newest value.
///
/// The seed is the simple average of the first `period` values.
#[derive(Debug, Clone)]
pub struct Ema(Seeded);

impl Ema {
    /// An exponential moving average over `len` bars, 1 or more.
    ///
    /// # Errors
    /// `Period` when `len` is outside 1..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        Self::named("period", len)
    }

    /// The same, as a part of another indicator whose parameter is called `name`.
    pub(crate) fn named(name: &'static str, len: usize) -> Result<Self, IndicatorError> {
        Ok(Self(Seeded::exponential(period(name, len, 1)?)))
    }

    /// With a weight of its own; the caller has checked both.
    pub(crate) fn weighted(len: usize, weight: f64) -> Self {
        Self(Seeded::new(len, weight))
    }
}

impl Indicator for Ema {
    type Row = f64;
    type Value = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        self.0.update(x)
    }

    fn reset(&mut self) {
        self.0.reset();
    }

    fn write_lines(&self, columns: &[&[f64]], lines: &mut [&mut [f64]]) {
        if let (&[xs], [line]) = (columns, lines) {
            let mut fresh = self.0.clone();
            fresh.reset();
            fresh.write(xs, line);
        }
    }
}

/// Linearly weighted moving average: weights 1, 2, ..., `period`, the newest the heaviest.
#[derive(Debug, Clone)]
pub struct Wma {
    window: Window<RampSum>,
    period: usize,
    weights: f64,
}

impl Wma {
    /// A weighted moving average over `len` bars, 1 or more.
    ///
    /// # Errors
    /// `Period` when `len` is outside 1..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        Ok(Self::of(period("period", len, 1)?))
    }

    /// The caller has checked the length, 1 or more.
    pub(crate) fn of(period: usize) -> Self {
        Self {
            window: Window::new(period),
            period,
            weights: period as f64 * (period as f64 + 1.0) / 2.0,
        }
    }

    #[inline(always)]
    fn mean(&self, parts: Parts<(f64, f64), f64>) -> f64 {
        let (_, ramp) = parts.sum_and_ramp(self.period);
        parts.anchor + ramp / self.weights
    }
}

impl Indicator for Wma {
    type Row = f64;
    type Value = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        let parts = self.window.push(x)?;
        Some(self.mean(parts))
    }

    fn reset(&mut self) {
        self.window.reset();
    }

    fn write_lines(&self, columns: &[&[f64]], lines: &mut [&mut [f64]]) {
        if let (&[xs], [line]) = (columns, lines) {
            let told = |_, parts| self.mean(parts);
            write_windows::<RampSum>(self.period, |i| xs[i], line, told);
        }
    }
}

/// An average that is a chain of exponential ones; `$combine` joins their values.
macro_rules! chained {
    ($(#[$doc:meta])* $name:ident, $links:literal, |$values:ident| $combine:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name {
            chain: [Seeded; $links],
        }

        impl $name {
            /// An average over `len` bars, 1 or more.
            ///
            /// # Errors
            /// `Period` when `len` is outside 1..=`PERIOD_MAX`.
            pub fn new(len: usize) -> Result<Self, IndicatorError> {
                let link = Seeded::exponential(period("period", len, 1)?);
                Ok(Self { chain: core::array::from_fn(|_| link.clone()) })
            }
        }

        impl Indicator for $name {
            type Row = f64;
            type Value = f64;

            #[inline]
            fn update(&mut self, x: f64) -> Option<f64> {
                let $values = through(&mut self.chain, x)?;
                Some($combine)
            }

            fn reset(&mut self) {
                self.chain.iter_mut().for_each(Seeded::reset);
            }

            fn write_lines(&self, columns: &[&[f64]], lines: &mut [&mut [f64]]) {
                if let (&[xs], [line]) = (columns, lines) {
                    let mut fresh = self.clone();
                    fresh.reset();
                    write_chain(&mut fresh.chain, xs, line, |$values| $combine);
                }
            }
        }
    };
}

/// Sends a value through a chain of averages, each fed by the one before.
#[inline]
fn through<const N: usize>(chain: &mut [Seeded; N], x: f64) -> Option<[f64; N]> {
    let mut values = [x; N];
    let mut fed = x;
    for (link, slot) in chain.iter_mut().zip(&mut values) {
        fed = link.update(fed)?;
        *slot = fed;
    }
    Some(values)
}

chained!(
    /// Double exponential moving average: 2 e1 - e2, e2 the average of the average e1.
    ///
    /// # Source
    /// Mulloy 1994, Smoothing data with faster moving averages.
    Dema, 2, |e| e[0] + (e[0] - e[1])
);
chained!(
    /// Triple exponential moving average: 3 e1 - 3 e2 + e3.
    ///
    /// # Source
    /// Mulloy 1994, Smoothing data with faster moving averages.
    Tema, 3, |e| e[2] + 3.0 * (e[0] - e[1])
);

/// Tillson's T3: a generalised double exponential average, three times over.
///
/// # Source
/// Tillson 1998, Smoothing techniques for more accurate signals.
#[derive(Debug, Clone)]
pub struct T3 {
    chain: [Seeded; 6],
    /// Weights of the differences of the third to sixth average from the third.
    weights: [f64; 3],
}

impl T3 {
    /// A T3 over `len` bars, 1 or more, with a volume factor from 0 to 1; usual are 5 and 0.7.
    ///
    /// # Errors
    /// `Period` or `Range` when a parameter is outside its range.
    pub fn new(len: usize, factor: f64) -> Result<Self, IndicatorError> {
        let link = Seeded::exponential(period("period", len, 1)?);
        let v = within("factor", factor, 0.0, 1.0)?;
        let (square, cube) = (v * v, v * v * v);
        Ok(Self {
            chain: core::array::from_fn(|_| link.clone()),
            weights: [
                -6.0 * square - 3.0 * (v + cube),
                3.0 * (square + cube),
                -cube,
            ],
        })
    }
}

impl Indicator for T3 {
    type Row = f64;
    type Value = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        let values = through(&mut self.chain, x)?;
        Some(joined(values, self.weights))
    }

    fn reset(&mut self) {
        self.chain.iter_mut().for_each(Seeded::reset);
    }

    fn write_lines(&self, columns: &[&[f64]], lines: &mut [&mut [f64]]) {
        if let (&[xs], [line]) = (columns, lines) {
            let mut fresh = self.clone();
            fresh.reset();
            let weights = self.weights;
            write_chain(&mut fresh.chain, xs, line, |values| joined(values, weights));
        }
    }
}

/// The four weights sum to 1, so that offsets from e3 keep a constant exact.
#[inline(always)]
fn joined([_, _, e3, e4, e5, e6]: [f64; 6], [c3, c2, c1]: [f64; 3]) -> f64 {
    e3 + (c3 * (e4 - e3) + c2 * (e5 - e3) + c1 * (e6 - e3))
}

/// Triangular moving average: a simple average of a simple average, weights rise and fall.
#[derive(Debug, Clone)]
pub struct Trima {
    inner: Sma,
    outer: Sma,
}

impl Trima {
    /// A triangular average over `len` bars, 1 or more.
    ///
    /// # Errors
    /// `Period` when `len` is outside 1..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        let len = period("period", len, 1)?;
        Ok(Self {
            inner: Sma::of(len.div_ceil(2)),
            outer: Sma::of(len / 2 + 1),
        })
    }
}

impl Indicator for Trima {
    type Row = f64;
    type Value = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        let mean = self.inner.update(x)?;
        self.outer.update(mean)
    }

    fn reset(&mut self) {
        self.inner.reset();
        self.outer.reset();
    }

    fn write_lines(&self, columns: &[&[f64]], lines: &mut [&mut [f64]]) {
        if let (&[xs], [line]) = (columns, lines) {
            let mut means = vec![0.0; xs.len()];
            self.inner.write_lines(&[xs], &mut [&mut means]);
            let untold = (self.inner.period() - 1).min(xs.len());
            let (before, line) = line.split_at_mut(untold);
            before.fill(f64::NAN);
            self.outer.write_lines(&[&means[untold..]], &mut [line]);
        }
    }
}

/// Hull's moving average: WMA(sqrt n) of 2 WMA(n / 2) - WMA(n).
///
/// # Source
/// Hull 2005; n / 2 and sqrt n are rounded down.
#[derive(Debug, Clone)]
pub struct Hma {
    half: Wma,
    whole: Wma,
    outer: Wma,
}

impl Hma {
    /// A Hull average over `len` bars, 2 or more.
    ///
    /// # Errors
    /// `Period` when `len` is outside 2..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        let len = period("period", len, 2)?;
        let root = libm::sqrt(len as f64) as usize;
        Ok(Self {
            half: Wma::of(len / 2),
            whole: Wma::of(len),
            outer: Wma::of(root),
        })
    }
}

impl Indicator for Hma {
    type Row = f64;
    type Value = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        let half = self.half.update(x);
        let whole = self.whole.update(x)?;
        let half = half?;
        self.outer.update(half + (half - whole))
    }

    fn reset(&mut self) {
        self.half.reset();
        self.whole.reset();
        self.outer.reset();
    }
}

/// Volume-weighted moving average of the close; without volume the simple average of nothing, the
/// last value, is kept.
#[derive(Debug, Clone)]
pub struct Vwma {
    window: Window<Totals>,
    last: f64,
}

impl Vwma {
    /// A volume-weighted average over `len` bars, 1 or more.
    ///
    /// # Errors
    /// `Period` when `len` is outside 1..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        Ok(Self {
            window: Window::new(period("period", len, 1)?),
            last: f64::NAN,
        })
    }
}

impl Indicator for Vwma {
    type Row = [f64; 2];
    type Value = f64;

    #[inline]
    fn update(&mut self, [close, volume]: [f64; 2]) -> Option<f64> {
        let (paid, volume) = self.window.push((close * volume, volume))?.sums();
        if volume > 0.0 {
            self.last = paid / volume;
        } else if self.last.is_nan() {
            self.last = close;
        }
        Some(self.last)
    }

    fn reset(&mut self) {
        self.window.reset();
        self.last = f64::NAN;
    }
}
