//! The simple average, and how a stretch of it is written.

use super::error::{period, IndicatorError};
use super::folds::Total;
use super::stream::Indicator;
use super::window::Window;
use crate::linalg::lanes::wide;

/// Simple moving average: the mean of the last `period` values.
///
/// A constant window gives exactly its constant, so two averages of different periods never cross
/// on rounding noise. Otherwise the sum of the window divided by its length: the sum has at most
/// `period` terms, because the stream is cut into blocks and the window is always the tail of one
/// block and the head of the next (nothing is ever subtracted, nothing drifts).
#[derive(Debug, Clone)]
pub struct Sma {
    window: Window<Total>,
    last: f64,
    /// How many values in a row were equal to the last one, itself included.
    equal: usize,
}

impl Sma {
    /// A simple moving average over `len` bars, 1 or more.
    ///
    /// # Errors
    /// `Period` when `len` is outside 1..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        Ok(Self::of(period("period", len, 1)?))
    }

    /// The caller has checked the length, 1 or more.
    pub(crate) fn of(len: usize) -> Self {
        Self {
            window: Window::new(len),
            last: f64::NAN,
            equal: 0,
        }
    }

    /// Counts how often a value came in a row.
    #[inline]
    fn count(&mut self, x: f64) {
        self.equal = if x - self.last == 0.0 {
            self.equal + 1
        } else {
            1
        };
        self.last = x;
    }

    /// Writes the averages of a stretch, as [`Indicator::run`] does.
    pub(super) fn write(&mut self, xs: &[f64], line: &mut [f64]) -> usize {
        let untold = self.window.run([xs], [line]);
        let divisor = self.window.period() as f64;
        wide(
            #[inline(always)]
            || line[untold..].iter_mut().for_each(|sum| *sum /= divisor),
        );
        self.settle_constants(xs, line, untold);
        untold
    }

    /// Writes the constant itself where all values of a window are equal.
    fn settle_constants(&mut self, xs: &[f64], line: &mut [f64], untold: usize) {
        let n = self.window.period();
        let (&[first, ..], &[.., last]) = (xs, xs) else {
            return;
        };
        let pairs = wide(
            #[inline(always)]
            || {
                let pairs = xs.iter().zip(&xs[1..]);
                pairs.fold(0_u64, |count, (x, y)| count + u64::from(y - x == 0.0))
            },
        );
        if pairs == 0 && first - self.last != 0.0 && n > 1 {
            (self.last, self.equal) = (last, 1);
            return;
        }
        for (i, &x) in xs.iter().enumerate() {
            self.count(x);
            if i >= untold && self.equal >= n {
                line[i] = x;
            }
        }
    }
}

impl Indicator for Sma {
    type Row = f64;
    type Value = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        self.count(x);
        let sum = self.window.push(x)?.sum();
        let n = self.window.period();
        Some(if self.equal >= n { x } else { sum / n as f64 })
    }

    fn reset(&mut self) {
        self.window.reset();
        self.last = f64::NAN;
        self.equal = 0;
    }

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        let (&[xs], [line]) = (columns, lines) else {
            return 0;
        };
        self.write(xs, line)
    }
}
