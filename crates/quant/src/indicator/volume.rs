//! Volume: on-balance volume, accumulation and distribution, volume-weighted average price.

use super::column::{each_row, retold, SCRATCH};
use super::error::{period, IndicatorError};
use super::folds::Totals;
use super::price::typical;
use super::smooth::{run_both, Decay, Recursion};
use super::stream::Indicator;
use super::window::Window;

/// Puts the running sum in the place of each number.
fn add_up(sum: &mut f64, line: &mut [f64]) {
    for slot in line {
        *sum += *slot;
        *slot = *sum;
    }
}

/// On-balance volume: the running sum of volume, signed by the change of the close.
///
/// The first bar counts with its volume, as in TA-Lib; an unchanged close adds nothing. Ready from
/// the first bar.
///
/// # Source
/// Granville 1963.
#[derive(Debug, Clone, Default)]
pub struct Obv {
    last_close: Option<f64>,
    sum: f64,
}

impl Obv {
    /// An on-balance volume that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Indicator for Obv {
    type Row = [f64; 2];
    type Value = f64;

    #[inline]
    fn update(&mut self, [close, volume]: [f64; 2]) -> Option<f64> {
        match self.last_close.replace(close) {
            None => self.sum = 0.0 + volume,
            Some(last) => self.sum += signed([close, last, volume]),
        }
        Some(self.sum)
    }

    fn reset(&mut self) {
        *self = Self::new();
    }

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        let (&[close, volume], [line]) = (columns, lines) else {
            return 0;
        };
        let &[.., newest] = close else {
            return 0;
        };
        each_row([&close[1..], close, &volume[1..]], &mut line[1..], signed);
        match self.last_close.replace(newest) {
            Some(last) => line[0] = signed([close[0], last, volume[0]]),
            None => {
                self.sum = 0.0;
                line[0] = volume[0];
            }
        }
        add_up(&mut self.sum, line);
        0
    }
}

/// Volume with the sign of the change of the close.
#[inline(always)]
fn signed([close, last, volume]: [f64; 3]) -> f64 {
    let falls = if close < last { -volume } else { 0.0 };
    if close > last {
        volume
    } else {
        falls
    }
}

/// Volume-weighted average of the typical price (high + low + close) / 3 since the start.
///
/// It never forgets by itself: `reset` it where a session begins. Ready from the first bar with
/// volume; bars without volume change nothing.
#[derive(Debug, Clone, Default)]
pub struct Vwap {
    volume: f64,
    value: f64,
}

impl Vwap {
    /// A volume-weighted average that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Indicator for Vwap {
    type Row = [f64; 4];
    type Value = f64;

    #[inline]
    fn update(&mut self, [high, low, close, volume]: [f64; 4]) -> Option<f64> {
        let price = typical([high, low, close]);
        let before = self.volume;
        self.volume += volume;
        if before > 0.0 {
            self.value += (price - self.value) * (volume / self.volume);
        } else if self.volume > 0.0 {
            self.value = price;
        } else {
            return None;
        }
        Some(self.value)
    }

    fn reset(&mut self) {
        *self = Self::new();
    }
}

/// Volume times the place of the close in the bar, -1 to 1; 0 without a range.
#[inline(always)]
fn money_flow([high, low, close, volume]: [f64; 4]) -> f64 {
    let range = high - low;
    let flow = ((close - low) - (high - close)) / range * volume;
    if range > 0.0 {
        flow
    } else {
        0.0
    }
}

/// Accumulation/distribution line: the running sum of volume times the place of the close.
///
/// # Source
/// Chaikin.
#[derive(Debug, Clone, Default)]
pub struct Ad(f64);

impl Ad {
    /// A line that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Indicator for Ad {
    type Row = [f64; 4];
    type Value = f64;

    #[inline]
    fn update(&mut self, bar: [f64; 4]) -> Option<f64> {
        self.0 += money_flow(bar);
        Some(self.0)
    }

    fn reset(&mut self) {
        self.0 = 0.0;
    }

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        if let (&[high, low, close, volume], [line]) = (columns, lines) {
            each_row([high, low, close, volume], line, money_flow);
            add_up(&mut self.0, line);
        }
        0
    }
}

/// Chaikin's oscillator: fast less slow exponential average of the line of [`Ad`].
///
/// Both averages begin with the first value of the line, not with a simple average, as in TA-Lib.
/// Ready after as many bars as the longer period.
///
/// # Source
/// Chaikin.
#[derive(Debug, Clone)]
pub struct AdOsc {
    line: Ad,
    fast: Decay,
    slow: Decay,
    longest: usize,
    seen: usize,
}

impl AdOsc {
    /// Periods in bars, each 2 or more; usual are 3 and 10.
    ///
    /// # Errors
    /// `Period` when one is outside 2..=`PERIOD_MAX`.
    pub fn new(fast: usize, slow: usize) -> Result<Self, IndicatorError> {
        let (fast, slow) = (period("fast", fast, 2)?, period("slow", slow, 2)?);
        let decay = |len: usize| Decay::new(2.0 / (len as f64 + 1.0));
        Ok(Self {
            line: Ad::new(),
            fast: decay(fast),
            slow: decay(slow),
            longest: fast.max(slow),
            seen: 0,
        })
    }
}

impl Indicator for AdOsc {
    type Row = [f64; 4];
    type Value = f64;

    #[inline]
    fn update(&mut self, bar: [f64; 4]) -> Option<f64> {
        let line = self.line.update(bar)?;
        self.seen = self.seen.saturating_add(1);
        if self.seen == 1 {
            self.fast.start(line);
            self.slow.start(line);
        }
        let difference = self.fast.one(line) - self.slow.one(line);
        (self.seen >= self.longest).then_some(difference)
    }

    fn reset(&mut self) {
        self.line.reset();
        self.seen = 0;
    }

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        let mut sums = SCRATCH;
        let [line] = lines else {
            return 0;
        };
        let n = line.len();
        self.line.run(columns, &mut [&mut sums[..n]]);
        if self.seen == 0 {
            self.fast.start(sums[0]);
            self.slow.start(sums[0]);
        }
        let mut slow = SCRATCH;
        let averages = [&mut self.fast, &mut self.slow];
        run_both(averages, [&sums[..n]; 2], [&mut *line, &mut slow[..n]]);
        retold(line, [&slow[..n]], |fast, [slow]| fast - slow);
        let untold = (self.longest - 1).saturating_sub(self.seen).min(n);
        self.seen = self.seen.saturating_add(n);
        untold
    }
}

/// Chaikin's money flow: volume times place of the close, over volume, in a window; -1 to 1.
///
/// Without volume 0.
///
/// # Source
/// Chaikin.
#[derive(Debug, Clone)]
pub struct Cmf(Window<Totals>);

impl Cmf {
    /// Over `len` bars, 1 or more; usual is 20.
    ///
    /// # Errors
    /// `Period` when `len` is outside 1..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        Ok(Self(Window::new(period("period", len, 1)?)))
    }
}

#[inline(always)]
fn share((flow, volume): (f64, f64)) -> f64 {
    let share = flow / volume;
    if volume > 0.0 {
        share
    } else {
        0.0
    }
}

impl Indicator for Cmf {
    type Row = [f64; 4];
    type Value = f64;

    #[inline]
    fn update(&mut self, bar: [f64; 4]) -> Option<f64> {
        let sums = self.0.push((money_flow(bar), bar[3]))?.sums();
        Some(share(sums))
    }

    fn reset(&mut self) {
        self.0.reset();
    }

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        let (&[high, low, close, volume], [line]) = (columns, lines) else {
            return 0;
        };
        let n = high.len();
        let (mut flows, mut volumes) = (SCRATCH, SCRATCH);
        each_row([high, low, close, volume], &mut flows[..n], money_flow);
        let sums = [&mut *line, &mut volumes[..n]];
        let untold = self.0.run([&flows[..n], volume], sums);
        retold(
            &mut line[untold..],
            [&volumes[untold..n]],
            |flow, [volume]| share((flow, volume)),
        );
        untold
    }
}
