//! Wilder's directional movement, and the age of extremes.

use super::column::write_windows;
use super::error::{period, IndicatorError};
use super::folds::HighestAt;
use super::stream::{lines, Indicator};
use super::volatility::true_range;
use super::window::{Delay, Parts, Window};

/// Movement up or down of one bar, never both: the greater one, if positive.
#[inline]
fn movement(bar: [f64; 3], last: [f64; 3]) -> (f64, f64) {
    let (up, down) = (bar[0] - last[0], last[1] - bar[1]);
    if down > 0.0 && up < down {
        (0.0, down)
    } else if up > 0.0 && up > down {
        (up, 0.0)
    } else {
        (0.0, 0.0)
    }
}

/// Wilder's running sums of up movement, down movement and true range.
///
/// The first `period - 1` bars are summed; then each step lets 1/period go and adds the new bar, so
/// that the first value stands after `period` movements. Of period 1 it is the bar itself.
#[derive(Debug, Clone)]
struct Movements {
    period: usize,
    last: Option<[f64; 3]>,
    seen: usize,
    sums: [f64; 3],
}

impl Movements {
    fn new(len: usize, min: usize) -> Result<Self, IndicatorError> {
        Ok(Self {
            period: period("period", len, min)?,
            last: None,
            seen: 0,
            sums: [0.0; 3],
        })
    }

    /// Takes one bar in; sums of up, down and range once `ready_at` movements were seen.
    #[inline]
    fn update(&mut self, bar: [f64; 3], ready_at: usize) -> Option<[f64; 3]> {
        let last = self.last.replace(bar)?;
        let (up, down) = movement(bar, last);
        let fresh = [up, down, true_range(bar[0], bar[1], last[2])];
        if self.period == 1 {
            return Some(fresh);
        }
        self.seen = self.seen.saturating_add(1);
        if self.seen < self.period {
            for (sum, x) in self.sums.iter_mut().zip(fresh) {
                *sum += x;
            }
        } else {
            let divisor = self.period as f64;
            for (sum, x) in self.sums.iter_mut().zip(fresh) {
                *sum = *sum - *sum / divisor + x;
            }
        }
        (self.seen >= ready_at).then_some(self.sums)
    }

    fn reset(&mut self) {
        self.last = None;
        self.seen = 0;
        self.sums = [0.0; 3];
    }
}

/// Directional movement, one direction of it.
macro_rules! movement_of {
    ($(#[$doc:meta])* $name:ident, $place:literal) => {
        $(#[$doc])*
        ///
        /// Ready after `period` bars (2 for a period of 1).
        ///
        /// # Source
        /// Wilder 1978, New Concepts in Technical Trading Systems.
        #[derive(Debug, Clone)]
        pub struct $name(Movements);

        impl $name {
            /// Over `len` bars, 1 or more.
            ///
            /// # Errors
            /// `Period` when `len` is outside 1..=`PERIOD_MAX`.
            pub fn new(len: usize) -> Result<Self, IndicatorError> {
                Movements::new(len, 1).map(Self)
            }
        }

        impl Indicator for $name {
            type Row = [f64; 2];
            type Value = f64;

            #[inline]
            fn update(&mut self, [high, low]: [f64; 2]) -> Option<f64> {
                let ready_at = self.0.period.saturating_sub(1);
                let sums = self.0.update([high, low, low], ready_at)?;
                Some(sums[$place])
            }

            fn reset(&mut self) {
                self.0.reset();
            }
        }
    };
}
movement_of!(
    /// Wilder's sum of upward movement.
    PlusDm, 0
);
movement_of!(
    /// Wilder's sum of downward movement.
    MinusDm, 1
);

/// Directional indicator, one direction of it.
macro_rules! indicator_of {
    ($(#[$doc:meta])* $name:ident, $place:literal) => {
        $(#[$doc])*
        ///
        /// Ready after `period + 1` bars; without range 0. Of period 1 it is a fraction of the
        /// range, not percent, as in TA-Lib.
        ///
        /// # Source
        /// Wilder 1978, New Concepts in Technical Trading Systems.
        #[derive(Debug, Clone)]
        pub struct $name(Movements);

        impl $name {
            /// Over `len` bars, 1 or more.
            ///
            /// # Errors
            /// `Period` when `len` is outside 1..=`PERIOD_MAX`.
            pub fn new(len: usize) -> Result<Self, IndicatorError> {
                Movements::new(len, 1).map(Self)
            }
        }

        impl Indicator for $name {
            type Row = [f64; 3];
            type Value = f64;

            #[inline]
            fn update(&mut self, bar: [f64; 3]) -> Option<f64> {
                let period = self.0.period;
                let sums = self.0.update(bar, period)?;
                let scale = if period == 1 { 1.0 } else { 100.0 };
                Some(if sums[2] > 0.0 { scale * (sums[$place] / sums[2]) } else { 0.0 })
            }

            fn reset(&mut self) {
                self.0.reset();
            }
        }
    };
}
indicator_of!(
    /// Upward movement in percent of the true range.
    PlusDi, 0
);
indicator_of!(
    /// Downward movement in percent of the true range.
    MinusDi, 1
);

/// Directional movement index: 100 * |plus - minus| / (plus + minus).
///
/// Without movement it keeps its value, 0 at first. Ready after `period + 1` bars.
///
/// # Source
/// Wilder 1978, New Concepts in Technical Trading Systems.
#[derive(Debug, Clone)]
pub struct Dx {
    movements: Movements,
    value: f64,
}

impl Dx {
    /// Over `len` bars, 2 or more.
    ///
    /// # Errors
    /// `Period` when `len` is outside 2..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        Ok(Self {
            movements: Movements::new(len, 2)?,
            value: 0.0,
        })
    }

    /// The index of one bar: outer None before the start, inner None without movement.
    #[inline]
    fn index(&mut self, bar: [f64; 3]) -> Option<Option<f64>> {
        let period = self.movements.period;
        let [up, down, range] = self.movements.update(bar, period)?;
        let both = up + down;
        Some((range > 0.0 && both > 0.0).then(|| 100.0 * ((up - down).abs() / both)))
    }
}

impl Indicator for Dx {
    type Row = [f64; 3];
    type Value = f64;

    #[inline]
    fn update(&mut self, bar: [f64; 3]) -> Option<f64> {
        if let Some(value) = self.index(bar)? {
            self.value = value;
        }
        Some(self.value)
    }

    fn reset(&mut self) {
        self.movements.reset();
        self.value = 0.0;
    }
}

/// Average directional movement index: Wilder's average of [`Dx`].
///
/// Bars without movement count as 0 while the first average is made, and later change nothing.
/// Ready after `2 period` bars.
///
/// # Source
/// Wilder 1978, New Concepts in Technical Trading Systems.
#[derive(Debug, Clone)]
pub struct Adx {
    index: Dx,
    seen: usize,
    value: f64,
}

impl Adx {
    /// Over `len` bars, 2 or more.
    ///
    /// # Errors
    /// `Period` when `len` is outside 2..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        Ok(Self {
            index: Dx::new(len)?,
            seen: 0,
            value: 0.0,
        })
    }
}

impl Indicator for Adx {
    type Row = [f64; 3];
    type Value = f64;

    #[inline]
    fn update(&mut self, bar: [f64; 3]) -> Option<f64> {
        let period = self.index.movements.period;
        let divisor = period as f64;
        let index = self.index.index(bar)?;
        if self.seen < period {
            self.seen += 1;
            self.value += index.unwrap_or(0.0);
            if self.seen < period {
                return None;
            }
            self.value /= divisor;
        } else if let Some(x) = index {
            self.value += (x - self.value) / divisor;
        }
        Some(self.value)
    }

    fn reset(&mut self) {
        self.index.reset();
        self.seen = 0;
        self.value = 0.0;
    }
}

/// Rating of the average directional movement index: mean of [`Adx`] now and `period - 1` bars ago.
///
/// # Source
/// Wilder 1978, New Concepts in Technical Trading Systems.
#[derive(Debug, Clone)]
pub struct Adxr {
    average: Adx,
    past: Delay,
}

impl Adxr {
    /// Over `len` bars, 2 or more.
    ///
    /// # Errors
    /// `Period` when `len` is outside 2..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        Ok(Self {
            average: Adx::new(len)?,
            past: Delay::new(len - 1),
        })
    }
}

impl Indicator for Adxr {
    type Row = [f64; 3];
    type Value = f64;

    #[inline]
    fn update(&mut self, bar: [f64; 3]) -> Option<f64> {
        let now = self.average.update(bar)?;
        let past = self.past.push(now)?;
        Some((now + past) / 2.0)
    }

    fn reset(&mut self) {
        self.average.reset();
        self.past.reset();
    }
}

lines!(
    /// What [`Aroon`] says, in TA-Lib's order.
    AroonValue {
        /// 100 less the age of the lowest low in percent of the period.
        down,
        /// 100 less the age of the highest high in percent of the period.
        up
    }
);

/// How recent the extremes of the last `period + 1` bars are, 0 to 100; of equal ones the newest.
///
/// # Source
/// Chande 1995.
#[derive(Debug, Clone)]
pub struct Aroon {
    highest: Window<HighestAt>,
    /// Lows with their sign turned.
    lowest: Window<HighestAt>,
    seen: u64,
    period: f64,
}

impl Aroon {
    /// Over `len` bars before the newest, 2 or more.
    ///
    /// # Errors
    /// `Period` when `len` is outside 2..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        let len = period("period", len, 2)?;
        Ok(Self {
            highest: Window::new(len + 1),
            lowest: Window::new(len + 1),
            seen: 0,
            period: len as f64,
        })
    }
}

impl Indicator for Aroon {
    type Row = [f64; 2];
    type Value = AroonValue;

    #[inline]
    fn update(&mut self, [high, low]: [f64; 2]) -> Option<AroonValue> {
        let now = self.seen;
        self.seen += 1;
        let top = self.highest.push((high, now));
        let bottom = self.lowest.push((-low, now));
        Some(AroonValue {
            up: self.score(now, top?),
            down: self.score(now, bottom?),
        })
    }

    fn reset(&mut self) {
        self.highest.reset();
        self.lowest.reset();
        self.seen = 0;
    }

    fn write_lines(&self, columns: &[&[f64]], lines: &mut [&mut [f64]]) {
        if let (&[high, low], [down, up]) = (columns, lines) {
            self.write((high, low), down, up);
        }
    }
}

impl Aroon {
    #[inline(always)]
    fn score(&self, now: u64, parts: Parts<(f64, u64), (f64, u64)>) -> f64 {
        let (_, at) = parts.newest_highest();
        100.0 * ((self.period - (now - at) as f64) / self.period)
    }

    fn write(&self, (high, low): (&[f64], &[f64]), down: &mut [f64], up: &mut [f64]) {
        let len = self.highest.len();
        let told = |i: usize, parts| self.score(i as u64, parts);
        write_windows::<HighestAt>(len, |i| (high[i], i as u64), up, told);
        write_windows::<HighestAt>(len, |i| (-low[i], i as u64), down, told);
    }
}

/// Aroon oscillator: up less down, -100 to 100.
///
/// # Source
/// Chande 1995.
#[derive(Debug, Clone)]
pub struct AroonOsc(Aroon);

impl AroonOsc {
    /// As [`Aroon::new`].
    ///
    /// # Errors
    /// As [`Aroon::new`].
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        Aroon::new(len).map(Self)
    }
}

impl Indicator for AroonOsc {
    type Row = [f64; 2];
    type Value = f64;

    #[inline]
    fn update(&mut self, bar: [f64; 2]) -> Option<f64> {
        self.0.update(bar).map(|lines| lines.up - lines.down)
    }

    fn reset(&mut self) {
        self.0.reset();
    }

    fn write_lines(&self, columns: &[&[f64]], lines: &mut [&mut [f64]]) {
        if let (&[high, low], [line]) = (columns, lines) {
            let mut down = vec![0.0; high.len()];
            self.0.write((high, low), &mut down, line);
            for (slot, down) in line.iter_mut().zip(&down) {
                *slot -= down;
            }
        }
    }
}
