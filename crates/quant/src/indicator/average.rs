//! Moving averages: exponential, weighted, triangular, Hull's, and their combinations.

use super::chain::run_chain;
use super::column::{each_row, retold, SCRATCH};
use super::error::{period, within, IndicatorError};
use super::folds::{RampSum, Totals};
use super::mean::Sma;
use super::smooth::{go_on_both, Seeded};
use super::stream::Indicator;
use super::window::Window;

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

    /// Writes the averages of a stretch, as [`Indicator::run`] does.
    pub(crate) fn write(&mut self, xs: &[f64], line: &mut [f64]) -> usize {
        self.0.go_on(xs, line)
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

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        let (&[xs], [line]) = (columns, lines) else {
            return 0;
        };
        self.write(xs, line)
    }
}

/// Writes two averages of a stretch, the first of which does not see its first rows, `skipped`;
/// returns how many of the first rows do not have both.
pub(crate) fn run_emas(
    [one, two]: [&mut Ema; 2],
    (xs, skipped): (&[f64], usize),
    [a, b]: [&mut [f64]; 2],
) -> usize {
    if skipped == 0 {
        return go_on_both([&mut one.0, &mut two.0], [xs, xs], [a, b]);
    }
    let untold = skipped + one.write(&xs[skipped..], &mut a[skipped..]);
    untold.max(two.write(xs, b))
}

/// Linearly weighted moving average: weights 1, 2, ..., `period`, the newest the heaviest.
#[derive(Debug, Clone)]
pub struct Wma {
    window: Window<RampSum>,
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
            weights: period as f64 * (period as f64 + 1.0) / 2.0,
        }
    }

    /// Writes the averages of a stretch, as [`Indicator::run`] does.
    pub(crate) fn write(&mut self, xs: &[f64], line: &mut [f64]) -> usize {
        let n = xs.len();
        let (mut sums, mut anchors) = (SCRATCH, SCRATCH);
        let lines = [&mut sums[..n], &mut *line, &mut anchors[..n]];
        let untold = self.window.run([xs], lines);
        let weights = self.weights;
        retold(
            &mut line[untold..],
            [&anchors[untold..n]],
            |ramp, [anchor]| anchor + ramp / weights,
        );
        untold
    }
}

impl Indicator for Wma {
    type Row = f64;
    type Value = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        let parts = self.window.push(x)?;
        let (_, ramp) = parts.sum_and_ramp(self.window.period());
        Some(parts.anchor + ramp / self.weights)
    }

    fn reset(&mut self) {
        self.window.reset();
    }

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        let (&[xs], [line]) = (columns, lines) else {
            return 0;
        };
        self.write(xs, line)
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

            fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
                let (&[xs], [line]) = (columns, lines) else {
                    return 0;
                };
                run_chain(&mut self.chain, xs, line, |$values| $combine)
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

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        let (&[xs], [line]) = (columns, lines) else {
            return 0;
        };
        let weights = self.weights;
        run_chain(&mut self.chain, xs, line, |values| joined(values, weights))
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

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        let (&[xs], [line]) = (columns, lines) else {
            return 0;
        };
        let mut means = SCRATCH;
        let means = &mut means[..xs.len()];
        let untold = self.inner.write(xs, means);
        untold + self.outer.write(&means[untold..], &mut line[untold..])
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

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        let (&[xs], [line]) = (columns, lines) else {
            return 0;
        };
        let (mut halves, mut wholes) = (SCRATCH, SCRATCH);
        let (halves, wholes) = (&mut halves[..xs.len()], &mut wholes[..xs.len()]);
        self.half.write(xs, halves);
        let untold = self.whole.write(xs, wholes);
        let wholes = &mut wholes[untold..];
        retold(wholes, [&halves[untold..]], |whole, [half]| {
            half + (half - whole)
        });
        untold + self.outer.write(wholes, &mut line[untold..])
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

impl Vwma {
    #[inline]
    fn mean(&mut self, (paid, volume): (f64, f64), close: f64) -> f64 {
        if volume > 0.0 {
            self.last = paid / volume;
        } else if self.last.is_nan() {
            self.last = close;
        }
        self.last
    }
}

impl Indicator for Vwma {
    type Row = [f64; 2];
    type Value = f64;

    #[inline]
    fn update(&mut self, [close, volume]: [f64; 2]) -> Option<f64> {
        let sums = self.window.push((close * volume, volume))?.sums();
        Some(self.mean(sums, close))
    }

    fn reset(&mut self) {
        self.window.reset();
        self.last = f64::NAN;
    }

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        let (&[close, volume], [line]) = (columns, lines) else {
            return 0;
        };
        let n = close.len();
        let (mut paid, mut volumes) = (SCRATCH, SCRATCH);
        each_row([close, volume], &mut paid[..n], |[close, volume]| {
            close * volume
        });
        let untold = self
            .window
            .run([&paid[..n], volume], [&mut *line, &mut volumes[..n]]);
        let (line, volumes) = (&mut line[untold..], &volumes[untold..n]);
        if volumes.iter().all(|volume| *volume > 0.0) {
            retold(line, [volumes], |paid, [volume]| paid / volume);
            self.last = line.last().copied().unwrap_or(self.last);
            return untold;
        }
        let sums = line.iter_mut().zip(volumes);
        for ((paid, &volume), &close) in sums.zip(&close[untold..]) {
            *paid = self.mean((*paid, volume), close);
        }
        untold
    }
}
