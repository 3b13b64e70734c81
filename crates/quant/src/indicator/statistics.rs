//! Statistics of a window: spread, shape, extremes, order.

use super::column::{each_row, retold_alone, SCRATCH};
use super::deviation::Deviations;
use super::error::{period, width, within, IndicatorError};
use super::folds::{mean_and_deviation, Highest, Lowest, Moments, Powers, Total};
use super::slide::{Slide, WINDOW_MAX};
use super::stream::{one_by_one, Indicator};
use super::window::Window;

/// An indicator of one window fold: its least period, and the value from what the window's road
/// over a stretch writes and the period.
macro_rules! of_window {
    ($(#[$doc:meta])* $name:ident, $fold:ty, $min:literal, $sums:literal,
     |$parts:ident| $known:expr, $value:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name {
            window: Window<$fold>,
            period: f64,
        }

        impl $name {
            #[doc = concat!("Over `len` values, ", stringify!($min), " or more.")]
            ///
            /// # Errors
            /// `Period` when `len` is outside its range.
            pub fn new(len: usize) -> Result<Self, IndicatorError> {
                let len = period("period", len, $min)?;
                Ok(Self { window: Window::new(len), period: len as f64 })
            }
        }

        impl Indicator for $name {
            type Row = f64;
            type Value = f64;

            #[inline]
            fn update(&mut self, x: f64) -> Option<f64> {
                let $parts = self.window.push(x)?;
                Some($value($known, self.period))
            }

            fn reset(&mut self) {
                self.window.reset();
            }

            fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
                let (&[xs], [line]) = (columns, lines) else {
                    return 0;
                };
                let (n, period) = (xs.len(), self.period);
                let mut sums = [SCRATCH; $sums];
                let untold = self.window.run([xs], sums.each_mut().map(|sums| &mut sums[..n]));
                let sums = sums.each_ref().map(|sums| &sums[untold..n]);
                each_row(sums, &mut line[untold..], |sums| $value(sums, period));
                untold
            }
        }
    };
}

of_window!(
    /// Population variance (ddof 0) of the last values.
    Var, Moments, 1, 3, |parts| {
        let (sum, squares) = parts.sums();
        [sum, squares, parts.anchor]
    }, variance
);
of_window!(
    /// Sample skewness, corrected for bias: g1 sqrt(n (n - 1)) / (n - 2); without variance 0.
    ///
    /// # Source
    /// Joanes and Gill 1998, Comparing measures of sample skewness and kurtosis (G1).
    Skewness, Powers, 3, 4, |parts| parts.all(), skewness
);
of_window!(
    /// Sample excess kurtosis, corrected for bias; without variance 0.
    ///
    /// # Source
    /// Joanes and Gill 1998, Comparing measures of sample skewness and kurtosis (G2).
    Kurtosis, Powers, 4, 4, |parts| parts.all(), kurtosis
);

#[inline(always)]
fn variance([sum, squares, _anchor]: [f64; 3], n: f64) -> f64 {
    mean_and_deviation([sum, squares], n).1 / n
}

#[inline(always)]
fn skewness(sums: [f64; 4], n: f64) -> f64 {
    let [_, second, third, _] = central(sums, n);
    if second > 0.0 {
        let bias = (n * (n - 1.0)).sqrt() / (n - 2.0);
        bias * third / (second * second.sqrt())
    } else {
        0.0
    }
}

#[inline(always)]
fn kurtosis(sums: [f64; 4], n: f64) -> f64 {
    let [_, second, _, fourth] = central(sums, n);
    if second > 0.0 {
        let excess = fourth / (second * second) - 3.0;
        (n - 1.0) / ((n - 2.0) * (n - 3.0)) * ((n + 1.0) * excess + 6.0)
    } else {
        0.0
    }
}

/// Sum of the last values; of a constant not always its exact multiple.
#[derive(Debug, Clone)]
pub struct Sum(Window<Total>);

impl Sum {
    /// Over `len` values, 1 or more.
    ///
    /// # Errors
    /// `Period` when `len` is outside 1..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        Ok(Self(Window::new(period("period", len, 1)?)))
    }
}

impl Indicator for Sum {
    type Row = f64;
    type Value = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        self.0.push(x).map(|parts| parts.sum())
    }

    fn reset(&mut self) {
        self.0.reset();
    }

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        match (columns, lines) {
            (&[xs], [line]) => self.0.run([xs], [line]),
            _ => 0,
        }
    }
}

/// An indicator of the extreme of a window.
macro_rules! extreme {
    ($(#[$doc:meta])* $name:ident, $fold:ty, $of:ident, $run:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name {
            window: Window<$fold>,
            slide: Slide,
        }

        impl $name {
            /// Over `len` values, 1 or more.
            ///
            /// # Errors
            /// `Period` when `len` is outside 1..=`PERIOD_MAX`.
            pub fn new(len: usize) -> Result<Self, IndicatorError> {
                let window = Window::new(period("period", len, 1)?);
                Ok(Self { window, slide: Slide::default() })
            }
        }

        impl Indicator for $name {
            type Row = f64;
            type Value = f64;

            #[inline]
            fn update(&mut self, x: f64) -> Option<f64> {
                self.window.push(x).map(|parts| parts.$of())
            }

            fn reset(&mut self) {
                self.window.reset();
                self.slide.reset();
            }

            fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
                let len = self.window.period();
                match (columns, &mut *lines) {
                    (&[xs], [line]) if len <= WINDOW_MAX => self.slide.$run(len, xs, line),
                    _ => one_by_one(self, columns, lines),
                }
            }
        }
    };
}

extreme!(
    /// Highest of the last values.
    Max, Highest, highest, run_highest
);
extreme!(
    /// Lowest of the last values.
    Min, Lowest, lowest, run_lowest
);

/// Central moments from sums of powers: mean, and the mean second, third, fourth power about it.
#[inline(always)]
fn central(sums: [f64; 4], n: f64) -> [f64; 4] {
    let [m, a2, a3, a4] = sums.map(|sum| sum / n);
    let square = m * m;
    let mut second = a2 - square;
    // What is left of rounding in a window without variance is no variance.
    if second <= 16.0 * f64::EPSILON * a2 {
        second = 0.0;
    }
    let third = a3 - 3.0 * m * a2 + 2.0 * square * m;
    let fourth = a4 - 4.0 * m * a3 + 6.0 * square * a2 - 3.0 * square * square;
    [m, second, third, fourth]
}

/// Population standard deviation (ddof 0) of the last values, times `width`.
#[derive(Debug, Clone)]
pub struct StdDev {
    variance: Var,
    width: f64,
}

impl StdDev {
    /// Over `len` values, 1 or more, times `times`, more than 0; usual are 5 and 1.
    ///
    /// # Errors
    /// `Period` or `Width` when a parameter is outside its range.
    pub fn new(len: usize, times: f64) -> Result<Self, IndicatorError> {
        Ok(Self {
            variance: Var::new(len)?,
            width: width("width", times)?,
        })
    }
}

impl Indicator for StdDev {
    type Row = f64;
    type Value = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        Some(self.variance.update(x)?.sqrt() * self.width)
    }

    fn reset(&mut self) {
        self.variance.reset();
    }

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        let untold = self.variance.run(columns, lines);
        if let [line] = lines {
            let width = self.width;
            retold_alone(&mut line[untold..], |variance| variance.sqrt() * width);
        }
        untold
    }
}

/// Mean absolute deviation from the mean of the last values; looks at the whole window.
#[derive(Debug, Clone)]
pub struct AvgDev(Deviations);

impl AvgDev {
    /// Over `len` values, 1 or more.
    ///
    /// # Errors
    /// `Period` when `len` is outside 1..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        Ok(Self(Deviations::new(period("period", len, 1)?)))
    }
}

impl Indicator for AvgDev {
    type Row = f64;
    type Value = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        self.0.update(x).map(|(_, deviation)| deviation)
    }

    fn reset(&mut self) {
        self.0.reset();
    }

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        let (&[xs], [line]) = (columns, lines) else {
            return 0;
        };
        let mut means = SCRATCH;
        self.0.run(xs, [&mut means[..xs.len()], line])
    }
}

/// Quantile of the last values, between two of them by their distance.
///
/// Keeps the window sorted: one value moves in and one out by binary search, the ones between them
/// are shifted.
///
/// # Source
/// Hyndman and Fan 1996, Sample quantiles in statistical packages, definition 7.
#[derive(Debug, Clone)]
pub struct Quantile {
    sorted: Vec<f64>,
    arrived: Vec<f64>,
    at: usize,
    rank: f64,
}

impl Quantile {
    /// Over `len` values, 1 or more; `fraction` from 0 (lowest) to 1 (highest).
    ///
    /// # Errors
    /// `Period` or `Range` when a parameter is outside its range.
    pub fn new(len: usize, fraction: f64) -> Result<Self, IndicatorError> {
        let len = period("period", len, 1)?;
        let fraction = within("fraction", fraction, 0.0, 1.0)?;
        Ok(Self {
            sorted: Vec::with_capacity(len),
            arrived: vec![0.0; len],
            at: 0,
            rank: fraction * (len - 1) as f64,
        })
    }

    /// Where a value stands, or would.
    fn place(&self, x: f64) -> usize {
        self.sorted.partition_point(|y| y.total_cmp(&x).is_lt())
    }
}

impl Indicator for Quantile {
    type Row = f64;
    type Value = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        let n = self.arrived.len();
        let old = core::mem::replace(self.arrived.get_mut(self.at)?, x);
        self.at = (self.at + 1) % n;
        if self.sorted.len() < n {
            let place = self.place(x);
            self.sorted.insert(place, x);
            if self.sorted.len() < n {
                return None;
            }
        } else {
            // The new one takes the room of the old one, and those between move by one place.
            let (from, to) = (self.place(old), self.place(x));
            if to > from {
                self.sorted.copy_within(from + 1..to, from);
                *self.sorted.get_mut(to - 1)? = x;
            } else {
                self.sorted.copy_within(to..from, to + 1);
                *self.sorted.get_mut(to)? = x;
            }
        }
        let below = self.rank as usize;
        let low = self.sorted.get(below).copied()?;
        let high = self.sorted.get(below + 1).copied().unwrap_or(low);
        Some(low + (self.rank - below as f64) * (high - low))
    }

    fn reset(&mut self) {
        self.sorted.clear();
        self.at = 0;
    }
}

/// Median of the last values.
#[derive(Debug, Clone)]
pub struct Median(Quantile);

impl Median {
    /// Over `len` values, 1 or more.
    ///
    /// # Errors
    /// `Period` when `len` is outside 1..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        Quantile::new(len, 0.5).map(Self)
    }
}

impl Indicator for Median {
    type Row = f64;
    type Value = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        self.0.update(x)
    }

    fn reset(&mut self) {
        self.0.reset();
    }
}

/// Exponentially weighted variance, weight 2 / (period + 1), starting at the first value.
///
/// d = x - mean; mean += w d; variance = (1 - w) (variance + w d^2). Ready after `period` values.
///
/// # Source
/// Finch 2009, Incremental calculation of weighted mean and variance, section 9.
#[derive(Debug, Clone)]
pub struct EwmVar {
    period: usize,
    weight: f64,
    seen: usize,
    mean: f64,
    variance: f64,
}

impl EwmVar {
    /// Over `len` values, 1 or more.
    ///
    /// # Errors
    /// `Period` when `len` is outside 1..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        let period = period("period", len, 1)?;
        Ok(Self {
            period,
            weight: 2.0 / (period as f64 + 1.0),
            seen: 0,
            mean: 0.0,
            variance: 0.0,
        })
    }
}

impl Indicator for EwmVar {
    type Row = f64;
    type Value = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        if self.seen == 0 {
            self.mean = x;
        }
        let distance = x - self.mean;
        let step = self.weight * distance;
        self.mean += step;
        self.variance = (1.0 - self.weight) * (self.variance + step * distance);
        if self.seen < self.period {
            self.seen += 1;
        }
        (self.seen >= self.period).then_some(self.variance)
    }

    fn reset(&mut self) {
        self.seen = 0;
        self.variance = 0.0;
    }
}

/// Exponentially weighted standard deviation: the root of [`EwmVar`].
#[derive(Debug, Clone)]
pub struct EwmStd(EwmVar);

impl EwmStd {
    /// Over `len` values, 1 or more.
    ///
    /// # Errors
    /// `Period` when `len` is outside 1..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        EwmVar::new(len).map(Self)
    }
}

impl Indicator for EwmStd {
    type Row = f64;
    type Value = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        self.0.update(x).map(libm::sqrt)
    }

    fn reset(&mut self) {
        self.0.reset();
    }
}
