//! Oscillators of bars: ultimate, commodity channel, money flow, intraday momentum, power.

use super::column::{each_row, each_row_twice, retold, SCRATCH};
use super::deviation::Deviations;
use super::error::{period, IndicatorError};
use super::folds::{above_zero, Totals};
use super::price::typical;
use super::stream::{Indicator, STRETCH};
use super::window::Window;

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

/// Buying pressure and true range of a bar and the close before it.
#[inline(always)]
fn pressure([high, low, close, last]: [f64; 4]) -> (f64, f64) {
    let bottom = if last < low { last } else { low };
    let top = if last > high { last } else { high };
    (close - bottom, top - bottom)
}

/// Pressure over range, 0 without a range.
#[inline(always)]
fn share((pressure, range): (f64, f64)) -> f64 {
    let share = pressure / range;
    if range != 0.0 {
        share
    } else {
        0.0
    }
}

#[inline(always)]
fn weighed([first, second, third]: [f64; 3]) -> f64 {
    100.0 * ((4.0 * first + 2.0 * second + third) / 7.0)
}

impl Indicator for UltOsc {
    type Row = [f64; 3];
    type Value = f64;

    #[inline]
    fn update(&mut self, [high, low, close]: [f64; 3]) -> Option<f64> {
        let last = self.last_close.replace(close)?;
        let pair = pressure([high, low, close, last]);
        let [first, second, third] = self.windows.each_mut().map(|window| window.push(pair));
        let [first, second] = [share(first?.sums()), share(second?.sums())];
        Some(weighed([first, second, share(third?.sums())]))
    }

    fn reset(&mut self) {
        self.windows.iter_mut().for_each(Window::reset);
        self.last_close = None;
    }

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        let (&[high, low, close], [line]) = (columns, lines) else {
            return 0;
        };
        let (&[_, .., newest] | &[newest]) = close else {
            return 0;
        };
        let (mut pressures, mut ranges, mut lasts) = (SCRATCH, SCRATCH, SCRATCH);
        // The first bar of all only provides its close.
        let first = usize::from(self.last_close.is_none());
        let n = high.len() - first;
        let lasts = &mut lasts[..high.len()];
        lasts[0] = self.last_close.replace(newest).unwrap_or(f64::NAN);
        lasts[1..].copy_from_slice(&close[..high.len() - 1]);
        let bars = [
            &high[first..],
            &low[first..],
            &close[first..],
            &lasts[first..],
        ];
        let (pressures, ranges) = (&mut pressures[..n], &mut ranges[..n]);
        each_row_twice(bars, [&mut *pressures, &mut *ranges], pressure);
        let (mut told, mut sums) = ([SCRATCH; 3], [SCRATCH; 2]);
        let mut untold = 0;
        for (window, told) in self.windows.iter_mut().zip(&mut told) {
            let [flows, spans] = sums.each_mut().map(|sums| &mut sums[..n]);
            untold = window.run([pressures, ranges], [&mut *flows, &mut *spans]);
            each_row(
                [&flows[untold..], &spans[untold..]],
                &mut told[untold..n],
                |[flow, span]| share((flow, span)),
            );
        }
        let shares = told.each_ref().map(|told| &told[untold..n]);
        each_row(shares, &mut line[first + untold..], weighed);
        first + untold
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
    let balance = (close - open) / range;
    if range > 0.0 {
        balance
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

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        if let (&[open, high, low, close], [line]) = (columns, lines) {
            each_row([open, high, low, close], line, balance);
        }
        0
    }
}

/// Commodity channel index: distance of the typical price from its mean, in .015 mean deviations.
///
/// Without deviation 0. Looks at the whole window on every bar, as the mean deviation asks.
///
/// # Source
/// Lambert 1980.
#[derive(Debug, Clone)]
pub struct Cci(Deviations);

impl Cci {
    /// Over `len` bars, 2 or more.
    ///
    /// # Errors
    /// `Period` when `len` is outside 2..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        Ok(Self(Deviations::new(period("period", len, 2)?)))
    }
}

#[inline(always)]
fn channel([x, mean, deviation]: [f64; 3]) -> f64 {
    let index = (x - mean) / (0.015 * deviation);
    if deviation > 0.0 {
        index
    } else {
        0.0
    }
}

impl Indicator for Cci {
    type Row = [f64; 3];
    type Value = f64;

    #[inline]
    fn update(&mut self, bar: [f64; 3]) -> Option<f64> {
        let x = typical(bar);
        let (mean, deviation) = self.0.update(x)?;
        Some(channel([x, mean, deviation]))
    }

    fn reset(&mut self) {
        self.0.reset();
    }

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        let (&[high, low, close], [line]) = (columns, lines) else {
            return 0;
        };
        let n = high.len();
        let (mut prices, mut means) = (SCRATCH, SCRATCH);
        each_row([high, low, close], &mut prices[..n], typical);
        let untold = self.0.run(&prices[..n], [&mut means[..n], &mut *line]);
        let pair = [&prices[untold..n], &means[untold..n]];
        retold(&mut line[untold..], pair, |deviation, [x, mean]| {
            channel([x, mean, deviation])
        });
        untold
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

/// Money that flows up and down with a price, by the price before.
#[inline(always)]
fn flow([price, volume, last]: [f64; 3]) -> (f64, f64) {
    let flow = price * volume;
    (
        if price > last { flow } else { 0.0 },
        if price < last { flow } else { 0.0 },
    )
}

#[inline(always)]
fn rising_share((rising, falling): (f64, f64)) -> f64 {
    let moved = rising + falling;
    let share = 100.0 * (rising / moved);
    if moved < 1.0 {
        0.0
    } else {
        share
    }
}

impl Indicator for Mfi {
    type Row = [f64; 4];
    type Value = f64;

    #[inline]
    fn update(&mut self, [high, low, close, volume]: [f64; 4]) -> Option<f64> {
        let price = typical([high, low, close]);
        let last = self.last.replace(price)?;
        let sums = self.flows.push(flow([price, volume, last]))?.sums();
        Some(rising_share(sums))
    }

    fn reset(&mut self) {
        self.flows.reset();
        self.last = None;
    }

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        let (&[high, low, close, volume], [line]) = (columns, lines) else {
            return 0;
        };
        let rows = high.len();
        let (mut prices, mut ups, mut downs) = ([0.0; STRETCH + 1], SCRATCH, SCRATCH);
        let prices = &mut prices[..=rows];
        prices[0] = self.last.unwrap_or(f64::NAN);
        each_row([high, low, close], &mut prices[1..], typical);
        let first = usize::from(self.last.is_none()).min(rows);
        self.last = prices.last().copied();
        let n = rows - first;
        let moves = [&prices[1 + first..], &volume[first..], &prices[first..rows]];
        let (ups, downs) = (&mut ups[..n], &mut downs[..n]);
        each_row_twice(moves, [&mut *ups, &mut *downs], flow);
        let (line, mut falling) = (&mut line[first..], SCRATCH);
        let untold = self
            .flows
            .run([ups, downs], [&mut *line, &mut falling[..n]]);
        retold(&mut line[untold..], [&falling[untold..n]], |up, [down]| {
            rising_share((up, down))
        });
        first + untold
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

/// What a bar rose, and what it fell.
#[inline(always)]
fn bodies([open, close]: [f64; 2]) -> (f64, f64) {
    let body = close - open;
    (above_zero(body), above_zero(-body))
}

#[inline(always)]
fn up_share((up, down): (f64, f64)) -> f64 {
    let all = up + down;
    let share = 100.0 * (up / all);
    if all > 0.0 {
        share
    } else {
        50.0
    }
}

impl Indicator for Imi {
    type Row = [f64; 2];
    type Value = f64;

    #[inline]
    fn update(&mut self, [open, close]: [f64; 2]) -> Option<f64> {
        self.0
            .push(bodies([open, close]))
            .map(|parts| up_share(parts.sums()))
    }

    fn reset(&mut self) {
        self.0.reset();
    }

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        let (&[open, close], [line]) = (columns, lines) else {
            return 0;
        };
        let n = open.len();
        let (mut ups, mut downs, mut falling) = (SCRATCH, SCRATCH, SCRATCH);
        let (ups, downs) = (&mut ups[..n], &mut downs[..n]);
        each_row_twice([open, close], [&mut *ups, &mut *downs], bodies);
        let untold = self.0.run([ups, downs], [&mut *line, &mut falling[..n]]);
        retold(&mut line[untold..], [&falling[untold..n]], |up, [down]| {
            up_share((up, down))
        });
        untold
    }
}
