//! Wilder's directional movement.

use super::column::SCRATCH;
use super::error::IndicatorError;
use super::movements::{run_told, Movements};
use super::smooth::{Recursion, Wilder};
use super::stream::Indicator;
use super::window::Delay;
use crate::linalg::lanes::wide;

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

            fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
                let (&[high, low], [line]) = (columns, lines) else {
                    return 0;
                };
                let ready_at = self.0.period.saturating_sub(1);
                run_told((&mut self.0, ready_at), [high, low, low], line, |sums| sums[$place])
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

/// Movement over range in percent, of period 1 as a fraction; 0 without a range.
#[inline(always)]
fn share([movement, range]: [f64; 2], period: usize) -> f64 {
    let scale = if period == 1 { 1.0 } else { 100.0 };
    let share = scale * (movement / range);
    if range > 0.0 {
        share
    } else {
        0.0
    }
}

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
                Some(share([sums[$place], sums[2]], period))
            }

            fn reset(&mut self) {
                self.0.reset();
            }

            fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
                let (&[high, low, close], [line]) = (columns, lines) else {
                    return 0;
                };
                let period = self.0.period;
                run_told((&mut self.0, period), [high, low, close], line, |sums| {
                    share([sums[$place], sums[2]], period)
                })
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
        let told = direction(self.movements.update(bar, period)?);
        Some((!told.is_nan()).then_some(told))
    }

    /// Writes the index of each row of a stretch, NaN without movement; returns how many of the
    /// first rows have none, and whether all others moved.
    fn write(&mut self, columns: &[&[f64]], line: &mut [f64]) -> (usize, bool) {
        let &[high, low, close] = columns else {
            return (0, true);
        };
        let period = self.movements.period;
        let movements = (&mut self.movements, period);
        let untold = run_told(movements, [high, low, close], line, direction);
        let still = wide(
            #[inline(always)]
            || {
                let told = line[untold..].iter();
                told.fold(0_u64, |count, x| count + u64::from(x.is_nan()))
            },
        );
        (untold, still == 0)
    }
}

/// The index of running sums; NaN without movement.
#[inline(always)]
fn direction([up, down, range]: [f64; 3]) -> f64 {
    let both = up + down;
    let index = 100.0 * ((up - down).abs() / both);
    if range > 0.0 && both > 0.0 {
        index
    } else {
        f64::NAN
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

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        let [line] = lines else {
            return 0;
        };
        let (untold, all_moved) = self.write(columns, line);
        let told = &mut line[untold..];
        if !all_moved {
            let mut value = self.value;
            for slot in &mut *told {
                if !slot.is_nan() {
                    value = *slot;
                }
                *slot = value;
            }
        }
        self.value = told.last().copied().unwrap_or(self.value);
        untold
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
    average: Wilder,
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
            average: Wilder::mean(len),
        })
    }

    /// The average after an index; None until there is one.
    #[inline]
    fn step(&mut self, index: Option<f64>) -> Option<f64> {
        let period = self.index.movements.period;
        if self.seen < period {
            self.seen += 1;
            self.value += index.unwrap_or(0.0);
            if self.seen < period {
                return None;
            }
            self.value /= period as f64;
            self.average.start(self.value);
        } else if let Some(x) = index {
            self.value = self.average.one(x);
        }
        Some(self.value)
    }
}

impl Indicator for Adx {
    type Row = [f64; 3];
    type Value = f64;

    #[inline]
    fn update(&mut self, bar: [f64; 3]) -> Option<f64> {
        let index = self.index.index(bar)?;
        self.step(index)
    }

    fn reset(&mut self) {
        self.index.reset();
        self.seen = 0;
        self.value = 0.0;
    }

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        let [line] = lines else {
            return 0;
        };
        let mut indices = SCRATCH;
        let n = line.len();
        let (first, all_moved) = self.index.write(columns, &mut indices[..n]);
        let mut untold = first;
        for i in first..n {
            if all_moved && self.seen >= self.index.movements.period {
                wide(
                    #[inline(always)]
                    || self.average.run(&indices[i..n], &mut line[i..]),
                );
                self.value = line[n - 1];
                break;
            }
            match self.step((!indices[i].is_nan()).then_some(indices[i])) {
                Some(value) => line[i] = value,
                None => untold += 1,
            }
        }
        untold
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

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        let mut untold = self.average.run(columns, lines);
        let [line] = lines else {
            return 0;
        };
        for slot in &mut line[untold..] {
            match self.past.push(*slot) {
                Some(past) => *slot = (*slot + past) / 2.0,
                None => untold += 1,
            }
        }
        untold
    }
}
