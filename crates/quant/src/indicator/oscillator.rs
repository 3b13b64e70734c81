//! Oscillators of bars: stochastics, Williams, ultimate, commodity channel, money flow, power.

use super::adaptive::{Average, AverageKind};
use super::column::{write_rows, write_windows};
use super::error::{period, IndicatorError};
use super::folds::{Extremes, Totals};
use super::momentum::Rsi;
use super::price::typical;
use super::stream::{lines, Ahead, Indicator};
use super::window::{Ring, Window};

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
pub(crate) struct Range(Window<Extremes>);

impl Range {
    /// The caller has checked the length, 1 or more.
    pub(crate) fn new(len: usize) -> Self {
        Self(Window::new(len))
    }

    /// Takes one bar in; (highest, lowest) once the window is full.
    #[inline]
    pub(crate) fn push(&mut self, high: f64, low: f64) -> Option<(f64, f64)> {
        self.0.push((high, low)).map(|parts| parts.extremes())
    }

    pub(crate) fn reset(&mut self) {
        self.0.reset();
    }
}

/// 100 * (close - lowest) / (highest - lowest), 0 on a flat range as in TA-Lib.
#[inline]
fn place_in((top, bottom): (f64, f64), close: f64) -> f64 {
    let percent = (top - bottom) / 100.0;
    if percent == 0.0 {
        0.0
    } else {
        (close - bottom) / percent
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
    if percent == 0.0 {
        0.0
    } else {
        (top - close) / percent
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

    fn write_lines(&self, columns: &[&[f64]], lines: &mut [&mut [f64]]) {
        if let (&[high, low, close], [line]) = (columns, lines) {
            let item = |i: usize| (high[i], low[i]);
            write_windows::<Extremes>(self.0 .0.len(), item, line, |i, parts| {
                below_top(parts.extremes(), close[i])
            });
        }
    }
}

/// Ultimate oscillator: buying pressure over true range in three windows, weighted 4, 2, 1.
///
/// # Source
/// Williams 1985, The ultimate oscillator. The shortest window has the weight 4 whatever the order.
#[derive(Debug, Clone)]
pub struct UltOsc {
    windows: [Window<Totals>; 3],
    last_close: Option<f64>,
}

impl UltOsc {
    /// Three windows in bars, each 1 or more; usual are 7, 14 and 28.
    ///
    /// # Errors
    /// `Period` when one is outside 1..=`PERIOD_MAX`.
    pub fn new(first: usize, second: usize, third: usize) -> Result<Self, IndicatorError> {
        let mut lens = [
            period("period1", first, 1)?,
            period("period2", second, 1)?,
            period("period3", third, 1)?,
        ];
        lens.sort_unstable();
        Ok(Self {
            windows: lens.map(Window::new),
            last_close: None,
        })
    }
}

impl Indicator for UltOsc {
    type Row = [f64; 3];
    type Value = f64;

    #[inline]
    fn update(&mut self, [high, low, close]: [f64; 3]) -> Option<f64> {
        let last = self.last_close.replace(close)?;
        let bottom = low.min(last);
        let pair = (close - bottom, high.max(last) - bottom);
        let sums = self.windows.each_mut().map(|window| window.push(pair));
        let mut total = 0.0;
        for (weight, parts) in [4.0, 2.0, 1.0].into_iter().zip(sums) {
            let (pressure, range) = parts?.sums();
            if range != 0.0 {
                total += weight * (pressure / range);
            }
        }
        Some(100.0 * (total / 7.0))
    }

    fn reset(&mut self) {
        self.windows.iter_mut().for_each(Window::reset);
        self.last_close = None;
    }
}

/// Balance of power: (close - open) / (high - low), 0 without a range.
#[derive(Debug, Clone, Default)]
pub struct Bop;

impl Bop {
    /// A balance of power.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

#[inline(always)]
fn balance([open, high, low, close]: [f64; 4]) -> f64 {
    let range = high - low;
    if range > 0.0 {
        (close - open) / range
    } else {
        0.0
    }
}

impl Indicator for Bop {
    type Row = [f64; 4];
    type Value = f64;

    #[inline]
    fn update(&mut self, bar: [f64; 4]) -> Option<f64> {
        Some(balance(bar))
    }

    fn reset(&mut self) {}

    fn write_lines(&self, columns: &[&[f64]], lines: &mut [&mut [f64]]) {
        self.write_looked_at(columns, lines, &mut |_| true);
    }

    fn write_looked_at(
        &self,
        columns: &[&[f64]],
        lines: &mut [&mut [f64]],
        ahead: Ahead<'_>,
    ) -> bool {
        write_rows(columns, lines, ahead, balance)
    }
}

/// Commodity channel index: distance of the typical price from its mean, in .015 mean deviations.
///
/// Without deviation 0. Looks at the whole window on every bar, as the mean deviation asks.
///
/// # Source
/// Lambert 1980.
#[derive(Debug, Clone)]
pub struct Cci {
    ring: Ring,
    period: f64,
}

impl Cci {
    /// Over `len` bars, 2 or more.
    ///
    /// # Errors
    /// `Period` when `len` is outside 2..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        let len = period("period", len, 2)?;
        Ok(Self {
            ring: Ring::new(len),
            period: len as f64,
        })
    }
}

/// Mean, and mean absolute deviation from it, of the values of a full ring.
pub(crate) fn mean_deviation(ring: &Ring, newest: f64, period: f64) -> (f64, f64) {
    // Offsets from the newest value keep a constant window exact.
    let offset = ring.iter().map(|x| x - newest).sum::<f64>() / period;
    let deviation = ring
        .iter()
        .map(|x| (x - newest - offset).abs())
        .sum::<f64>()
        / period;
    (newest + offset, deviation)
}

impl Indicator for Cci {
    type Row = [f64; 3];
    type Value = f64;

    #[inline]
    fn update(&mut self, bar: [f64; 3]) -> Option<f64> {
        let x = typical(bar);
        if !self.ring.push(x) {
            return None;
        }
        let (mean, deviation) = mean_deviation(&self.ring, x, self.period);
        Some(if deviation > 0.0 {
            (x - mean) / (0.015 * deviation)
        } else {
            0.0
        })
    }

    fn reset(&mut self) {
        self.ring.reset();
    }
}

/// Money flow index, 0 to 100: typical price times volume, rising over all moving, in percent.
///
/// 0 where less than one unit of money moved, as in TA-Lib.
///
/// # Source
/// Quong and Soudack 1989.
#[derive(Debug, Clone)]
pub struct Mfi {
    flows: Window<Totals>,
    last: Option<f64>,
}

impl Mfi {
    /// Over `len` changes, 2 or more.
    ///
    /// # Errors
    /// `Period` when `len` is outside 2..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        Ok(Self {
            flows: Window::new(period("period", len, 2)?),
            last: None,
        })
    }
}

impl Indicator for Mfi {
    type Row = [f64; 4];
    type Value = f64;

    #[inline]
    fn update(&mut self, [high, low, close, volume]: [f64; 4]) -> Option<f64> {
        let price = typical([high, low, close]);
        let last = self.last.replace(price)?;
        let flow = price * volume;
        let pair = if price > last {
            (flow, 0.0)
        } else if price < last {
            (0.0, flow)
        } else {
            (0.0, 0.0)
        };
        let (rising, falling) = self.flows.push(pair)?.sums();
        let moved = rising + falling;
        Some(if moved < 1.0 {
            0.0
        } else {
            100.0 * (rising / moved)
        })
    }

    fn reset(&mut self) {
        self.flows.reset();
        self.last = None;
    }
}

/// Intraday momentum index, 0 to 100: bodies of rising bars over all bodies, in percent.
///
/// # Source
/// Chande and Kroll 1994, The New Technical Trader. 50 where no bar had a body, as in TA-Lib.
#[derive(Debug, Clone)]
pub struct Imi(Window<Totals>);

impl Imi {
    /// Over `len` bars, 2 or more.
    ///
    /// # Errors
    /// `Period` when `len` is outside 2..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        Ok(Self(Window::new(period("period", len, 2)?)))
    }
}

impl Indicator for Imi {
    type Row = [f64; 2];
    type Value = f64;

    #[inline]
    fn update(&mut self, [open, close]: [f64; 2]) -> Option<f64> {
        let body = close - open;
        let (up, down) = self.0.push((body.max(0.0), (-body).max(0.0)))?.sums();
        let all = up + down;
        Some(if all > 0.0 { 100.0 * (up / all) } else { 50.0 })
    }

    fn reset(&mut self) {
        self.0.reset();
    }
}
