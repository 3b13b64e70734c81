//! Where the highest and the lowest values of a window are, and both at once.

use super::column::{each_row, SCRATCH};
use super::error::{period, IndicatorError};
use super::folds::HighestAt;
use super::slide::{Slide, WINDOW_MAX};
use super::statistics::{Max, Min};
use super::stream::{lines, one_by_one, Indicator};
use super::window::{Parts, Window};

lines!(
    /// What [`MinMax`] says.
    MinMaxValue {
        /// The lowest value.
        min,
        /// The highest value.
        max
    }
);

/// Lowest and highest of the last values.
#[derive(Debug, Clone)]
pub struct MinMax {
    min: Min,
    max: Max,
}

impl MinMax {
    /// Over `len` values, 1 or more.
    ///
    /// # Errors
    /// `Period` when `len` is outside 1..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        Ok(Self {
            min: Min::new(len)?,
            max: Max::new(len)?,
        })
    }
}

impl Indicator for MinMax {
    type Row = f64;
    type Value = MinMaxValue;

    #[inline]
    fn update(&mut self, x: f64) -> Option<MinMaxValue> {
        let (min, max) = (self.min.update(x), self.max.update(x));
        Some(MinMaxValue {
            min: min?,
            max: max?,
        })
    }

    fn reset(&mut self) {
        self.min.reset();
        self.max.reset();
    }

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        let [min, max] = lines else {
            return 0;
        };
        self.min.run(columns, &mut [min]);
        self.max.run(columns, &mut [max])
    }
}

/// The number of the bar, from 0, that has the highest of the last values; of equal ones the
/// newest.
#[derive(Debug, Clone)]
pub struct MaxIndex {
    window: Window<HighestAt>,
    slide: Slide,
    seen: u64,
}

impl MaxIndex {
    /// Over `len` values, 1 or more.
    ///
    /// # Errors
    /// `Period` when `len` is outside 1..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        Ok(Self {
            window: Window::new(period("period", len, 1)?),
            slide: Slide::default(),
            seen: 0,
        })
    }

    fn write(&mut self, xs: &[f64], line: &mut [f64]) -> usize {
        let first = self.seen;
        self.seen += xs.len() as u64;
        self.slide
            .run_places((self.window.period(), first), xs, line)
    }
}

impl Indicator for MaxIndex {
    type Row = f64;
    type Value = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        let now = self.seen;
        self.seen += 1;
        self.window.push((x, now)).map(newest)
    }

    fn reset(&mut self) {
        self.window.reset();
        self.slide.reset();
        self.seen = 0;
    }

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        match (columns, &mut *lines) {
            (&[xs], [line]) if self.window.period() <= WINDOW_MAX => self.write(xs, line),
            _ => one_by_one(self, columns, lines),
        }
    }
}

#[inline(always)]
fn newest(parts: Parts<(f64, u64), (f64, u64)>) -> f64 {
    parts.newest_highest().1 as f64
}

/// The number of the bar, from 0, that has the lowest of the last values; of equal ones the
/// newest.
#[derive(Debug, Clone)]
pub struct MinIndex(MaxIndex);

impl MinIndex {
    /// Over `len` values, 1 or more.
    ///
    /// # Errors
    /// `Period` when `len` is outside 1..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        MaxIndex::new(len).map(Self)
    }
}

impl Indicator for MinIndex {
    type Row = f64;
    type Value = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        self.0.update(-x)
    }

    fn reset(&mut self) {
        self.0.reset();
    }

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        let &[xs] = columns else {
            return 0;
        };
        let mut turned = SCRATCH;
        let turned = &mut turned[..xs.len()];
        each_row([xs], turned, |[x]| -x);
        self.0.run(&[turned], lines)
    }
}
