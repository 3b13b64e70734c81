//! Bands around a price, and the distance from one.

use super::average::Ema;
use super::column::{each_row, each_row_twice, retold, retold_alone, SCRATCH};
use super::error::{period, width, IndicatorError};
use super::folds::{mean_and_deviation, Moments};
use super::mean::Sma;
use super::price::typical;
use super::stochastic::Range;
use super::stream::{lines, Indicator};
use super::volatility::Atr;
use super::window::Window;

lines!(
    /// What the bands say.
    BandsValue {
        /// The upper band.
        upper,
        /// What the bands lie around.
        middle,
        /// The lower band.
        lower
    }
);

/// Bollinger bands: the simple average and `width` population standard deviations around it.
///
/// # Source
/// Bollinger 1983; TA-Lib's BBANDS with a simple average (ddof 0).
#[derive(Debug, Clone)]
pub struct Bollinger {
    window: Window<Moments>,
    period: f64,
    width: f64,
}

impl Bollinger {
    /// Bands over `len` bars, 2 or more, at `reach` standard deviations, more than 0; usual are 20
    /// and 2.
    ///
    /// # Errors
    /// `Period` or `Width` when a parameter is outside its range.
    pub fn new(len: usize, reach: f64) -> Result<Self, IndicatorError> {
        let len = period("period", len, 2)?;
        Ok(Self {
            window: Window::new(len),
            period: len as f64,
            width: width("width", reach)?,
        })
    }
}

impl Indicator for Bollinger {
    type Row = f64;
    type Value = BandsValue;

    #[inline]
    fn update(&mut self, x: f64) -> Option<BandsValue> {
        let parts = self.window.push(x)?;
        let (sum, squares) = parts.sums();
        let (middle, deviation) = middle_and_deviation([sum, squares, parts.anchor], self.period);
        Some(BandsValue::around(middle, self.width * deviation))
    }

    fn reset(&mut self) {
        self.window.reset();
    }

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        let (&[xs], [upper, middle, lower]) = (columns, lines) else {
            return 0;
        };
        let (n, period, width) = (xs.len(), self.period, self.width);
        let mut sums = [SCRATCH; 3];
        let slots = sums.each_mut().map(|sums| &mut sums[..n]);
        let untold = self.window.run([xs], slots);
        let sums = sums.each_ref().map(|sums| &sums[untold..n]);
        let middle = &mut middle[untold..];
        each_row_twice(sums, [&mut *middle, &mut upper[untold..]], |sums| {
            let (middle, deviation) = middle_and_deviation(sums, period);
            (middle, width * deviation)
        });
        spread(&mut upper[untold..], middle, &mut lower[untold..]);
        untold
    }
}

impl BandsValue {
    #[inline(always)]
    fn around(middle: f64, reach: f64) -> Self {
        Self {
            upper: middle + reach,
            middle,
            lower: middle - reach,
        }
    }
}

/// Writes the bands around the middle; the upper line holds how far they reach.
fn spread(upper: &mut [f64], middle: &[f64], lower: &mut [f64]) {
    each_row([middle, upper], lower, |[middle, reach]| {
        BandsValue::around(middle, reach).lower
    });
    retold(upper, [middle], |reach, [middle]| {
        BandsValue::around(middle, reach).upper
    });
}

/// Mean and population standard deviation from sums of offsets and of their squares, and the
/// anchor.
#[inline(always)]
fn middle_and_deviation([sum, squares, anchor]: [f64; 3], n: f64) -> (f64, f64) {
    let (offset, deviation) = mean_and_deviation([sum, squares], n);
    (anchor + offset, (deviation / n).sqrt())
}

/// Keltner's channel: an exponential average of the typical price, average true ranges around it.
///
/// # Source
/// Keltner 1960, in the form of Linda Raschke.
#[derive(Debug, Clone)]
pub struct Keltner {
    middle: Ema,
    range: Atr,
    width: f64,
    /// Bars that the average and the range must not see, so that both start on the same bar.
    delays: (usize, usize),
    seen: usize,
}

impl Keltner {
    /// The average over `len` bars, the range over `range_len`, `reach` of it; usual are 20, 10, 2.
    ///
    /// # Errors
    /// `Period` or `Width` when a parameter is outside its range.
    pub fn new(len: usize, range_len: usize, reach: f64) -> Result<Self, IndicatorError> {
        let middle = Ema::new(len)?;
        let longest = range_len.max(len - 1);
        Ok(Self {
            middle,
            range: Atr::named("atr_period", range_len)?,
            width: width("width", reach)?,
            delays: (longest - (len - 1), longest - range_len),
            seen: 0,
        })
    }
}

impl Indicator for Keltner {
    type Row = [f64; 3];
    type Value = BandsValue;

    #[inline]
    fn update(&mut self, bar: [f64; 3]) -> Option<BandsValue> {
        let now = self.seen;
        self.seen = now.saturating_add(1);
        let middle = if now >= self.delays.0 {
            self.middle.update(typical(bar))
        } else {
            None
        };
        let range = if now >= self.delays.1 {
            self.range.update(bar)
        } else {
            None
        };
        Some(BandsValue::around(middle?, self.width * range?))
    }

    fn reset(&mut self) {
        self.middle.reset();
        self.range.reset();
        self.seen = 0;
    }

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        let (&[high, low, close], [upper, middle, lower]) = (columns, lines) else {
            return 0;
        };
        let (n, width) = (high.len(), self.width);
        let skip = |delay: usize| delay.saturating_sub(self.seen).min(n);
        let (first, second) = (skip(self.delays.0), skip(self.delays.1));
        self.seen = self.seen.saturating_add(n);
        let mut prices = SCRATCH;
        each_row([high, low, close], &mut prices[..n], typical);
        let untold = first + self.middle.write(&prices[first..n], &mut middle[first..]);
        let bars = [&high[second..], &low[second..], &close[second..]];
        let untold = untold.max(second + self.range.write(bars, &mut upper[second..]));
        retold_alone(&mut upper[untold..], |range| width * range);
        spread(
            &mut upper[untold..],
            &middle[untold..],
            &mut lower[untold..],
        );
        untold
    }
}

/// Donchian's channel: highest high, lowest low, and the middle between them.
///
/// # Source
/// Donchian 1960, The 5- and 20-day moving averages. The newest bar is part of the window.
#[derive(Debug, Clone)]
pub struct Donchian(Range);

impl Donchian {
    /// Over `len` bars, 1 or more; usual is 20.
    ///
    /// # Errors
    /// `Period` when `len` is outside 1..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        Ok(Self(Range::new(period("period", len, 1)?)))
    }
}

impl Indicator for Donchian {
    type Row = [f64; 2];
    type Value = BandsValue;

    #[inline]
    fn update(&mut self, [high, low]: [f64; 2]) -> Option<BandsValue> {
        let (upper, lower) = self.0.push(high, low)?;
        Some(BandsValue {
            upper,
            middle: (upper + lower) / 2.0,
            lower,
        })
    }

    fn reset(&mut self) {
        self.0.reset();
    }

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        let (&[high, low], [upper, middle, lower]) = (columns, lines) else {
            return 0;
        };
        let untold = self.0.run([high, low], [&mut *upper, &mut *lower]);
        let ends = [&upper[untold..], &lower[untold..]];
        each_row(ends, &mut middle[untold..], |[upper, lower]| {
            (upper + lower) / 2.0
        });
        untold
    }
}

/// Acceleration bands: simple averages of the close and of the bar stretched by its own range.
///
/// upper = SMA(high (1 + 4 (high - low) / (high + low))), lower = SMA(low (1 - the same)).
///
/// # Source
/// Headley 2002, Big Trends in Trading.
#[derive(Debug, Clone)]
pub struct AccBands {
    upper: Sma,
    middle: Sma,
    lower: Sma,
}

impl AccBands {
    /// Over `len` bars, 2 or more; usual is 20.
    ///
    /// # Errors
    /// `Period` when `len` is outside 2..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        let average = Sma::new(period("period", len, 2)?)?;
        Ok(Self {
            upper: average.clone(),
            middle: average.clone(),
            lower: average,
        })
    }
}

/// High and low, stretched by the range of their bar.
#[inline(always)]
fn stretched([high, low]: [f64; 2]) -> (f64, f64) {
    let both = high + low;
    let stretch = 4.0 * (high - low) / both;
    if both != 0.0 {
        (high * (1.0 + stretch), low * (1.0 - stretch))
    } else {
        (high, low)
    }
}

impl Indicator for AccBands {
    type Row = [f64; 3];
    type Value = BandsValue;

    #[inline]
    fn update(&mut self, [high, low, close]: [f64; 3]) -> Option<BandsValue> {
        let (top, bottom) = stretched([high, low]);
        let (upper, lower) = (self.upper.update(top), self.lower.update(bottom));
        let middle = self.middle.update(close)?;
        Some(BandsValue {
            upper: upper?,
            middle,
            lower: lower?,
        })
    }

    fn reset(&mut self) {
        self.upper.reset();
        self.middle.reset();
        self.lower.reset();
    }

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        let (&[high, low, close], [upper, middle, lower]) = (columns, lines) else {
            return 0;
        };
        let n = high.len();
        let (mut tops, mut bottoms) = (SCRATCH, SCRATCH);
        let ends = [&mut tops[..n], &mut bottoms[..n]];
        each_row_twice([high, low], ends, stretched);
        self.upper.write(&tops[..n], upper);
        self.lower.write(&bottoms[..n], lower);
        self.middle.write(close, middle)
    }
}

/// Distance of the newest value from the mean of its window, in standard deviations (ddof 1).
///
/// The window ends at the newest value and contains it. Without variance the distance is 0.
#[derive(Debug, Clone)]
pub struct ZScore {
    window: Window<Moments>,
    period: f64,
}

impl ZScore {
    /// A z-score over `len` bars, 2 or more.
    ///
    /// # Errors
    /// `Period` when `len` is outside 2..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        let len = period("period", len, 2)?;
        Ok(Self {
            window: Window::new(len),
            period: len as f64,
        })
    }
}

/// Distance of the newest value from the mean, in standard deviations.
#[inline(always)]
fn score([x, sum, squares, anchor]: [f64; 4], n: f64) -> f64 {
    let (offset, deviation) = mean_and_deviation([sum, squares], n);
    let sd = (deviation / (n - 1.0)).sqrt();
    let score = (x - anchor - offset) / sd;
    if sd > 0.0 {
        score
    } else {
        0.0
    }
}

impl Indicator for ZScore {
    type Row = f64;
    type Value = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        let parts = self.window.push(x)?;
        let (sum, squares) = parts.sums();
        Some(score([x, sum, squares, parts.anchor], self.period))
    }

    fn reset(&mut self) {
        self.window.reset();
    }

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        let (&[xs], [line]) = (columns, lines) else {
            return 0;
        };
        let (n, period) = (xs.len(), self.period);
        let mut sums = [SCRATCH; 3];
        let slots = sums.each_mut().map(|sums| &mut sums[..n]);
        let untold = self.window.run([xs], slots);
        let [sum, squares, anchor] = sums.each_ref().map(|sums| &sums[untold..n]);
        let columns = [&xs[untold..], sum, squares, anchor];
        each_row(columns, &mut line[untold..], |row| score(row, period));
        untold
    }
}
