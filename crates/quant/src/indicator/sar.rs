//! Wilder's parabolic stop and reverse.

use super::error::{within, IndicatorError};
use super::slide::{higher, lower};
use super::stream::Indicator;

/// How fast the stop runs on one side.
#[derive(Debug, Clone, Copy)]
pub struct Acceleration {
    /// Factor after a reversal, 0 or more; usual is .02.
    pub initial: f64,
    /// What each new extreme adds, 0 or more; usual is .02.
    pub step: f64,
    /// The greatest factor, 0 or more; usual is .2.
    pub max: f64,
}

impl Acceleration {
    fn checked(self, names: [&'static str; 3]) -> Result<Self, IndicatorError> {
        let [initial, step, max] = names;
        let max = within(max, self.max, 0.0, f64::MAX)?;
        Ok(Self {
            initial: within(initial, self.initial, 0.0, f64::MAX)?.min(max),
            step: within(step, self.step, 0.0, f64::MAX)?.min(max),
            max,
        })
    }
}

/// The stop with its own acceleration on either side.
///
/// The second bar decides the first side by its movement, unless `start` does: long at `start`
/// where it is positive, short at its absolute value where negative.
#[derive(Debug, Clone)]
struct Stop {
    long: Acceleration,
    short: Acceleration,
    start: f64,
    /// Fraction that is added to the stop where it reverses, away from the price.
    offset: f64,
    last: Option<(f64, f64)>,
    state: Option<State>,
}

#[derive(Debug, Clone, Copy)]
struct State {
    is_long: bool,
    stop: f64,
    extreme: f64,
    factor: f64,
}

impl Stop {
    /// Takes one bar in; whether the side is long, and the stop.
    #[inline]
    fn update(&mut self, high: f64, low: f64) -> Option<(bool, f64)> {
        let bar = (high, low);
        let before = self.last.replace(bar)?;
        let (state, before) = match self.state {
            Some(state) => (state, before),
            // The first bar after the beginning counts as its own past.
            None => (self.begin(bar, before), bar),
        };
        let (told, next) = if state.is_long {
            self.step_long(state, bar, before)
        } else {
            self.step_short(state, bar, before)
        };
        self.state = Some(next);
        Some(told)
    }

    fn begin(&self, (high, low): (f64, f64), before: (f64, f64)) -> State {
        let (up, down) = (high - before.0, before.1 - low);
        let is_long = if self.start == 0.0 {
            !(down > 0.0 && up < down)
        } else {
            self.start > 0.0
        };
        let (extreme, default) = if is_long {
            (high, before.1)
        } else {
            (low, before.0)
        };
        State {
            is_long,
            stop: if self.start == 0.0 {
                default
            } else {
                self.start.abs()
            },
            extreme,
            factor: if is_long {
                self.long.initial
            } else {
                self.short.initial
            },
        }
    }

    #[inline(always)]
    fn step_long(
        &self,
        mut state: State,
        (high, low): (f64, f64),
        before: (f64, f64),
    ) -> ((bool, f64), State) {
        if low > state.stop {
            let told = (true, state.stop);
            if high > state.extreme {
                state.extreme = high;
                state.factor = lower(state.factor + self.long.step, self.long.max);
            }
            state.stop += state.factor * (state.extreme - state.stop);
            state.stop = lower(lower(state.stop, before.1), low);
            return (told, state);
        }
        let mut stop = higher(higher(state.extreme, before.0), high);
        if self.offset != 0.0 {
            stop += stop * self.offset;
        }
        let factor = self.short.initial;
        let next = State {
            is_long: false,
            stop: higher(higher(stop + factor * (low - stop), before.0), high),
            extreme: low,
            factor,
        };
        ((false, stop), next)
    }

    #[inline(always)]
    fn step_short(
        &self,
        mut state: State,
        (high, low): (f64, f64),
        before: (f64, f64),
    ) -> ((bool, f64), State) {
        if high < state.stop {
            let told = (false, state.stop);
            if low < state.extreme {
                state.extreme = low;
                state.factor = lower(state.factor + self.short.step, self.short.max);
            }
            state.stop += state.factor * (state.extreme - state.stop);
            state.stop = higher(higher(state.stop, before.0), high);
            return (told, state);
        }
        let mut stop = lower(lower(state.extreme, before.1), low);
        if self.offset != 0.0 {
            stop -= stop * self.offset;
        }
        let factor = self.long.initial;
        let next = State {
            is_long: true,
            stop: lower(lower(stop + factor * (high - stop), before.1), low),
            extreme: high,
            factor,
        };
        ((true, stop), next)
    }

    /// Writes what is told of side and stop after each bar of a stretch; returns how many of the
    /// first ones have none.
    fn run(
        &mut self,
        columns: &[&[f64]],
        lines: &mut [&mut [f64]],
        told: impl Fn((bool, f64)) -> f64,
    ) -> usize {
        let (&[high, low], [line]) = (columns, lines) else {
            return 0;
        };
        let mut untold = 0;
        let mut rows = line.iter_mut().zip(high.iter().zip(low));
        while self.state.is_none() {
            let Some((slot, (&high, &low))) = rows.next() else {
                return untold;
            };
            match self.update(high, low) {
                Some(found) => *slot = told(found),
                None => untold += 1,
            }
        }
        let (Some(mut state), Some(mut before)) = (self.state, self.last) else {
            return untold;
        };
        for (slot, (&high, &low)) in rows {
            let bar = (high, low);
            let (found, next) = if state.is_long {
                self.step_long(state, bar, before)
            } else {
                self.step_short(state, bar, before)
            };
            *slot = told(found);
            (state, before) = (next, bar);
        }
        (self.state, self.last) = (Some(state), Some(before));
        untold
    }

    fn reset(&mut self) {
        self.last = None;
        self.state = None;
    }
}

/// Parabolic stop and reverse.
///
/// # Source
/// Wilder 1978, New Concepts in Technical Trading Systems.
#[derive(Debug, Clone)]
pub struct Sar(Stop);

impl Sar {
    /// The acceleration, which is its own first value, and its greatest; usual are .02 and .2.
    ///
    /// # Errors
    /// `Range` when one is negative or no number.
    pub fn new(acceleration: f64, maximum: f64) -> Result<Self, IndicatorError> {
        let side = Acceleration {
            initial: acceleration,
            step: acceleration,
            max: maximum,
        }
        .checked(["acceleration", "acceleration", "maximum"])?;
        Ok(Self(Stop {
            long: side,
            short: side,
            start: 0.0,
            offset: 0.0,
            last: None,
            state: None,
        }))
    }
}

impl Indicator for Sar {
    type Row = [f64; 2];
    type Value = f64;

    #[inline]
    fn update(&mut self, [high, low]: [f64; 2]) -> Option<f64> {
        self.0.update(high, low).map(|(_, stop)| stop)
    }

    fn reset(&mut self) {
        self.0.reset();
    }

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        self.0.run(columns, lines, |(_, stop)| stop)
    }
}

/// Parabolic stop with a side, a start and an offset; the stop of a short side is negative.
///
/// # Source
/// Wilder 1978, extended as in TA-Lib's SAREXT.
#[derive(Debug, Clone)]
pub struct SarExt(Stop);

impl SarExt {
    /// Where to start (0: the second bar decides), the fraction added at a reversal, and the
    /// accelerations of both sides.
    ///
    /// # Errors
    /// `Range` when a number is out of its range.
    pub fn new(
        start: f64,
        offset: f64,
        long: Acceleration,
        short: Acceleration,
    ) -> Result<Self, IndicatorError> {
        Ok(Self(Stop {
            long: long.checked(["init_long", "step_long", "max_long"])?,
            short: short.checked(["init_short", "step_short", "max_short"])?,
            start: within("start", start, f64::MIN, f64::MAX)?,
            offset: within("offset", offset, 0.0, f64::MAX)?,
            last: None,
            state: None,
        }))
    }
}

#[inline(always)]
fn signed((is_long, stop): (bool, f64)) -> f64 {
    if is_long {
        stop
    } else {
        -stop
    }
}

impl Indicator for SarExt {
    type Row = [f64; 2];
    type Value = f64;

    #[inline]
    fn update(&mut self, [high, low]: [f64; 2]) -> Option<f64> {
        self.0.update(high, low).map(signed)
    }

    fn reset(&mut self) {
        self.0.reset();
    }

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        self.0.run(columns, lines, signed)
    }
}
