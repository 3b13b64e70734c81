//! Where the close stands in the range of a window: stochastics and Williams.

use super::adaptive::{Average, AverageKind};
use super::column::{each_row, SCRATCH};
use super::error::{period, IndicatorError};
use super::folds::Extremes;
use super::momentum::Rsi;
use super::slide::{Slide, WINDOW_MAX};
use super::stream::{lines, Indicator};
use super::window::Window;

lines!(
    /// What the stochastics say.
    StochasticValue {
        /// Place of the close in the range, 0 to 100.
        k,
        /// Average of `k`.
        d
    }
);

/// Highest high and lowest low of a window.
#[derive(Debug, Clone)]
pub(crate) struct Range {
    window: Window<Extremes>,
    slides: [Slide; 2],
}

impl Range {
    /// The caller has checked the length, 1 or more.
    pub(crate) fn new(len: usize) -> Self {
        Self {
            window: Window::new(len),
            slides: Default::default(),
        }
    }

    /// Takes one bar in; (highest, lowest) once the window is full.
    #[inline]
    pub(crate) fn push(&mut self, high: f64, low: f64) -> Option<(f64, f64)> {
        self.window.push((high, low)).map(|parts| parts.extremes())
    }

    /// Writes the highest and the lowest after each row of a stretch; returns how many of the first
    /// rows have none.
    pub(crate) fn run(
        &mut self,
        [high, low]: [&[f64]; 2],
        [tops, bottoms]: [&mut [f64]; 2],
    ) -> usize {
        let len = self.window.period();
        if len <= WINDOW_MAX {
            let [top, bottom] = &mut self.slides;
            top.run_highest(len, high, tops);
            return bottom.run_lowest(len, low, bottoms);
        }
        let mut untold = 0;
        for (i, (&high, &low)) in high.iter().zip(low).enumerate() {
            match self.push(high, low) {
                Some(ends) => (tops[i], bottoms[i]) = ends,
                None => untold += 1,
            }
        }
        untold
    }

    /// The same, and what is told of both ends and the close.
    fn run_told(
        &mut self,
        [high, low, close]: [&[f64]; 3],
        line: &mut [f64],
        told: impl Fn((f64, f64), f64) -> f64,
    ) -> usize {
        let n = high.len();
        let (mut tops, mut bottoms) = (SCRATCH, SCRATCH);
        let untold = self.run([high, low], [&mut tops[..n], &mut bottoms[..n]]);
        let columns = [&tops[untold..n], &bottoms[untold..n], &close[untold..]];
        each_row(columns, &mut line[untold..], |[top, bottom, close]| {
            told((top, bottom), close)
        });
        untold
    }

    pub(crate) fn reset(&mut self) {
        self.window.reset();
        self.slides.iter_mut().for_each(Slide::reset);
    }
}

/// 100 * (close - lowest) / (highest - lowest), 0 on a flat range as in TA-Lib.
#[inline(always)]
fn place_in((top, bottom): (f64, f64), close: f64) -> f64 {
    let percent = (top - bottom) / 100.0;
    let place = (close - bottom) / percent;
    if percent == 0.0 {
        0.0
    } else {
        place
    }
}

/// Slow stochastic oscillator: where the close stands in the range of the last `period` bars.
///
/// Raw = 100 * (close - lowest) / (highest - lowest), 0 on a flat range as in TA-Lib; k is its
/// average over `k_smooth` bars and d that of k over `d_smooth`. With simple averages both start
/// after `period + k_smooth + d_smooth - 2` bars.
///
/// # Source
/// Lane 1984.
#[derive(Debug, Clone)]
pub struct Stochastic {
    range: Range,
    k: Average,
    d: Average,
}

impl Stochastic {
    /// Lengths in bars, each 1 or more (usual are 14, 3 and 3), and the kinds of both averages.
    ///
    /// # Errors
    /// `Period` when one is outside 1..=`PERIOD_MAX`.
    pub fn new(
        len: usize,
        k_smooth: (usize, AverageKind),
        d_smooth: (usize, AverageKind),
    ) -> Result<Self, IndicatorError> {
        Ok(Self {
            range: Range::new(period("period", len, 1)?),
            k: Average::named("k_smooth", k_smooth.0, k_smooth.1)?,
            d: Average::named("d_smooth", d_smooth.0, d_smooth.1)?,
        })
    }
}

impl Indicator for Stochastic {
    type Row = [f64; 3];
    type Value = StochasticValue;

    #[inline]
    fn update(&mut self, [high, low, close]: [f64; 3]) -> Option<StochasticValue> {
        let raw = place_in(self.range.push(high, low)?, close);
        let k = self.k.update(raw)?;
        let d = self.d.update(k)?;
        Some(StochasticValue { k, d })
    }

    fn reset(&mut self) {
        self.range.reset();
        self.k.reset();
        self.d.reset();
    }

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        let (&[high, low, close], [k, d]) = (columns, lines) else {
            return 0;
        };
        let mut raw = SCRATCH;
        let raw = &mut raw[..high.len()];
        let begun = self.range.run_told([high, low, close], raw, place_in);
        let told = begun + self.k.run(&[&raw[begun..]], &mut [&mut k[begun..]]);
        told + self.d.run(&[&k[told..]], &mut [&mut d[told..]])
    }
}

/// Fast stochastic oscillator: k is the raw place, d its average.
///
/// # Source
/// Lane 1984.
#[derive(Debug, Clone)]
pub struct StochasticFast {
    range: Range,
    d: Average,
}

impl StochasticFast {
    /// Lengths in bars, each 1 or more (usual are 5 and 3), and the kind of the average.
    ///
    /// # Errors
    /// `Period` when one is outside 1..=`PERIOD_MAX`.
    pub fn new(len: usize, d_smooth: usize, kind: AverageKind) -> Result<Self, IndicatorError> {
        Ok(Self {
            range: Range::new(period("period", len, 1)?),
            d: Average::named("d_smooth", d_smooth, kind)?,
        })
    }
}

impl Indicator for StochasticFast {
    type Row = [f64; 3];
    type Value = StochasticValue;

    #[inline]
    fn update(&mut self, [high, low, close]: [f64; 3]) -> Option<StochasticValue> {
        let k = place_in(self.range.push(high, low)?, close);
        let d = self.d.update(k)?;
        Some(StochasticValue { k, d })
    }

    fn reset(&mut self) {
        self.range.reset();
        self.d.reset();
    }

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        let (&[high, low, close], [k, d]) = (columns, lines) else {
            return 0;
        };
        let told = self.range.run_told([high, low, close], k, place_in);
        told + self.d.run(&[&k[told..]], &mut [&mut d[told..]])
    }
}

/// Fast stochastic of the relative strength index.
///
/// # Source
/// Chande and Kroll 1994, The New Technical Trader.
#[derive(Debug, Clone)]
pub struct StochasticRsi {
    rsi: Rsi,
    fast: StochasticFast,
}

impl StochasticRsi {
    /// The period of the index, 2 or more, and the parameters of [`StochasticFast`].
    ///
    /// # Errors
    /// `Period` when one is outside its range.
    pub fn new(
        len: usize,
        k_len: usize,
        d_smooth: usize,
        kind: AverageKind,
    ) -> Result<Self, IndicatorError> {
        Ok(Self {
            rsi: Rsi::new(len)?,
            fast: StochasticFast {
                range: Range::new(period("k_period", k_len, 1)?),
                d: Average::named("d_smooth", d_smooth, kind)?,
            },
        })
    }
}

impl Indicator for StochasticRsi {
    type Row = f64;
    type Value = StochasticValue;

    #[inline]
    fn update(&mut self, x: f64) -> Option<StochasticValue> {
        let rsi = self.rsi.update(x)?;
        self.fast.update([rsi, rsi, rsi])
    }

    fn reset(&mut self) {
        self.rsi.reset();
        self.fast.reset();
    }

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        let (&[xs], [k, d]) = (columns, lines) else {
            return 0;
        };
        let mut index = SCRATCH;
        let index = &mut index[..xs.len()];
        let told = self.rsi.run(columns, &mut [index]);
        let index = &index[told..];
        told + self.fast.run(
            &[index, index, index],
            &mut [&mut k[told..], &mut d[told..]],
        )
    }
}

/// Williams' %R: -100 * (highest - close) / (highest - lowest), 0 on a flat range.
///
/// # Source
/// Williams 1979.
#[derive(Debug, Clone)]
pub struct WillR(Range);

impl WillR {
    /// Over `len` bars, 1 or more.
    ///
    /// # Errors
    /// `Period` when `len` is outside 1..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        Ok(Self(Range::new(period("period", len, 1)?)))
    }
}

#[inline(always)]
fn below_top((top, bottom): (f64, f64), close: f64) -> f64 {
    let percent = (top - bottom) / -100.0;
    let place = (top - close) / percent;
    if percent == 0.0 {
        0.0
    } else {
        place
    }
}

impl Indicator for WillR {
    type Row = [f64; 3];
    type Value = f64;

    #[inline]
    fn update(&mut self, [high, low, close]: [f64; 3]) -> Option<f64> {
        self.0.push(high, low).map(|range| below_top(range, close))
    }

    fn reset(&mut self) {
        self.0.reset();
    }

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        match (columns, lines) {
            (&[high, low, close], [line]) => self.0.run_told([high, low, close], line, below_top),
            _ => 0,
        }
    }
}
