//! What stands on the phase of the dominant cycle: sine, trend line, trend mode.

use core::f64::consts::PI;
use std::sync::OnceLock;

use super::hilbert::{Cycle, Turn, DEGREES};
use super::stream::{lines, Indicator};

/// The longest period, and so the memory of whole cycles.
const MEMORY: usize = 50;

/// Sines and cosines of a whole turn in so many bars; nothing beyond the longest period.
fn circle(bars: usize) -> &'static [(f64, f64)] {
    static CIRCLES: OnceLock<Vec<Vec<(f64, f64)>>> = OnceLock::new();
    let circles = CIRCLES.get_or_init(|| {
        let turn = |bars: usize| move |i: usize| i as f64 * (2.0 * PI) / bars as f64;
        let circle = |bars| (0..bars).map(turn(bars)).map(libm::sincos).collect();
        (0..=MEMORY).map(circle).collect()
    });
    circles.get(bars).map_or(&[], Vec::as_slice)
}

/// The phase of the dominant cycle, and the prices of its last periods.
#[derive(Debug, Clone)]
struct Phase {
    cycle: Cycle,
    smoothed: [f64; MEMORY],
    prices: [f64; MEMORY],
    at: usize,
    degrees: f64,
}

impl Phase {
    fn new() -> Self {
        Self {
            cycle: Cycle::long(),
            smoothed: [0.0; MEMORY],
            prices: [0.0; MEMORY],
            at: 0,
            degrees: 0.0,
        }
    }

    /// Takes a price in; the phase is as it was.
    #[inline]
    fn take(&mut self, x: f64) -> Option<Turn> {
        self.at = (self.at + 1) % MEMORY;
        self.prices[self.at] = x;
        let turn = self.cycle.update(x)?;
        self.smoothed[self.at] = turn.smoothed;
        Some(turn)
    }

    #[inline]
    fn update(&mut self, x: f64) -> Option<Turn> {
        let turn = self.take(x)?;
        self.turn_phase();
        Some(turn)
    }

    /// Bars in the smoothed period, rounded.
    fn bars(&self) -> usize {
        (self.cycle.smooth_period + 0.5) as usize
    }

    /// Values of a memory from the newest back.
    fn back(memory: &[f64; MEMORY], at: usize) -> impl Iterator<Item = f64> + '_ {
        let (newer, older) = memory.split_at(at + 1);
        newer.iter().rev().chain(older.iter().rev()).copied()
    }

    fn turn_phase(&mut self) {
        let bars = self.bars();
        let (mut re, mut im) = (0.0, 0.0);
        let turns = circle(bars);
        for (price, (sin, cos)) in Self::back(&self.smoothed, self.at).zip(turns) {
            re += sin * price;
            im += cos * price;
        }
        if im.abs() > 0.0 {
            self.degrees = libm::atan(re / im) * DEGREES;
        } else if re < 0.0 {
            self.degrees -= 90.0;
        } else if re > 0.0 {
            self.degrees += 90.0;
        }
        // Half a turn where the cosine part is negative; the lag of the smoothing is one bar.
        self.degrees += 90.0 + 360.0 / self.cycle.smooth_period;
        if im < 0.0 {
            self.degrees += 180.0;
        }
        if self.degrees > 315.0 {
            self.degrees -= 360.0;
        }
    }

    /// Mean price of the last period.
    fn mean(&self) -> f64 {
        let bars = self.bars();
        let sum: f64 = Self::back(&self.prices, self.at).take(bars).sum();
        if bars > 0 {
            sum / bars as f64
        } else {
            sum
        }
    }

    fn sines(&self) -> SineValue {
        SineValue {
            sine: libm::sin(self.degrees / DEGREES),
            lead_sine: libm::sin((self.degrees + 45.0) / DEGREES),
        }
    }

    fn reset(&mut self) {
        *self = Self::new();
    }
}

lines!(
    /// What [`HtSine`] says.
    SineValue {
        /// Sine of the phase.
        sine,
        /// Sine of the phase 45 degrees on.
        lead_sine
    }
);

/// An indicator that stands on the phase and needs nothing else.
macro_rules! of_phase {
    ($(#[$doc:meta])* $name:ident => $value:ty, |$phase:ident| $told:expr) => {
        $(#[$doc])*
        ///
        /// # Source
        /// Ehlers 2001, Rocket Science for Traders.
        #[derive(Debug, Clone)]
        pub struct $name(Box<Phase>);

        impl $name {
            /// One that has seen nothing; the first value stands after 64 prices.
            #[must_use]
            pub fn new() -> Self {
                Self(Box::new(Phase::new()))
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new()
            }
        }

        impl Indicator for $name {
            type Row = f64;
            type Value = $value;

            #[inline]
            fn update(&mut self, x: f64) -> Option<$value> {
                let turn = self.0.update(x)?;
                let $phase = &self.0;
                turn.is_told.then(|| $told)
            }

            fn reset(&mut self) {
                self.0.reset();
            }
        }
    };
}
of_phase!(
    /// Phase of the dominant cycle in degrees, -45 to 315.
    HtDcPhase => f64, |phase| phase.degrees
);
of_phase!(
    /// Sine of the phase of the dominant cycle, and of the phase 45 degrees on.
    HtSine => SineValue, |phase| phase.sines()
);

/// Instantaneous trend line: the mean price of a whole cycle, smoothed by weights 4, 3, 2, 1.
///
/// # Source
/// Ehlers 2001, Rocket Science for Traders.
#[derive(Debug, Clone)]
pub struct HtTrendline {
    phase: Box<Phase>,
    means: [f64; 3],
}

impl HtTrendline {
    /// One that has seen nothing; the first value stands after 64 prices.
    #[must_use]
    pub fn new() -> Self {
        Self {
            phase: Box::new(Phase::new()),
            means: [0.0; 3],
        }
    }

    /// Takes the mean of the last period in and returns the line.
    #[inline]
    fn line(&mut self) -> f64 {
        let mean = self.phase.mean();
        let [one, two, three] = self.means;
        self.means = [mean, one, two];
        (4.0 * mean + 3.0 * one + 2.0 * two + three) / 10.0
    }
}

impl Default for HtTrendline {
    fn default() -> Self {
        Self::new()
    }
}

impl Indicator for HtTrendline {
    type Row = f64;
    type Value = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        let turn = self.phase.take(x)?;
        let line = self.line();
        turn.is_told.then_some(line)
    }

    fn reset(&mut self) {
        self.phase.reset();
        self.means = [0.0; 3];
    }
}

/// Whether the market trends (1) or cycles (0).
///
/// # Source
/// Ehlers 2001, Rocket Science for Traders.
#[derive(Debug, Clone)]
pub struct HtTrendMode {
    line: HtTrendline,
    sines: SineValue,
    days: f64,
}

const NO_SINES: SineValue = SineValue {
    sine: 0.0,
    lead_sine: 0.0,
};

impl HtTrendMode {
    /// One that has seen nothing; the first value stands after 64 prices.
    #[must_use]
    pub fn new() -> Self {
        Self {
            line: HtTrendline::new(),
            sines: NO_SINES,
            days: 0.0,
        }
    }
}

impl Default for HtTrendMode {
    fn default() -> Self {
        Self::new()
    }
}

impl Indicator for HtTrendMode {
    type Row = f64;
    type Value = f64;

    fn update(&mut self, x: f64) -> Option<f64> {
        let last_phase = self.line.phase.degrees;
        let last = self.sines;
        let turn = self.line.phase.update(x)?;
        let line = self.line.line();
        let phase = &self.line.phase;
        let now = phase.sines();
        self.sines = now;
        let mut trends = true;
        let crosses = (now.sine > now.lead_sine && last.sine <= last.lead_sine)
            || (now.sine < now.lead_sine && last.sine >= last.lead_sine);
        if crosses {
            self.days = 0.0;
            trends = false;
        }
        self.days += 1.0;
        let period = phase.cycle.smooth_period;
        if self.days < 0.5 * period {
            trends = false;
        }
        let change = phase.degrees - last_phase;
        let turn_of_cycle = 360.0 / period;
        if period != 0.0 && change > 0.67 * turn_of_cycle && change < 1.5 * turn_of_cycle {
            trends = false;
        }
        if line != 0.0 && ((turn.smoothed - line) / line).abs() >= 0.015 {
            trends = true;
        }
        turn.is_told.then_some(if trends { 1.0 } else { 0.0 })
    }

    fn reset(&mut self) {
        self.line.reset();
        self.sines = NO_SINES;
        self.days = 0.0;
    }
}
