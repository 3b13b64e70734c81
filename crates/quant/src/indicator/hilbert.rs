//! Ehlers' cycle measurements: the Hilbert transform of the smoothed price and what follows.
//!
//! The price is smoothed by weights 4, 3, 2, 1. A transform of seven taps, whose gain follows the
//! period found last, gives the in-phase and quadrature parts; the angle between two of them gives
//! the period, held within 6 to 50 bars and smoothed twice. As in TA-Lib the first smoothed prices
//! (9 or 34 of them) are skipped and every memory starts at 0, so that early values lean on the
//! start: the unstable period.

use core::f64::consts::PI;

use super::error::{within, IndicatorError};
use super::stream::{lines, Indicator};

pub(super) const DEGREES: f64 = 180.0 / PI;

/// The last six inputs of one transform, in turns: shifted, each would wait for its own writing.
#[derive(Debug, Clone, Default)]
struct Taps([f64; TAPS]);

const TAPS: usize = 6;

impl Taps {
    /// Takes one value in at its turn and returns the transform, `gain` applied.
    #[inline]
    fn push(&mut self, x: f64, gain: f64, turn: usize) -> f64 {
        let before = |bars: usize| self.0[(turn + TAPS - bars) % TAPS];
        let (x2, x4, x6) = (before(2), before(4), before(6));
        self.0[turn % TAPS] = x;
        (0.0962 * (x - x6) + 0.5769 * (x2 - x4)) * gain
    }
}

/// In-phase and quadrature parts, and the period, bar by bar.
#[derive(Debug, Clone, Default)]
struct Hilbert {
    detrender: Taps,
    quadrature: Taps,
    in_phase_turned: Taps,
    quadrature_turned: Taps,
    /// Detrended prices of the last three bars, in turns.
    detrended: [f64; 3],
    turn: usize,
    smooth: (f64, f64),
    products: (f64, f64),
    period: f64,
}

impl Hilbert {
    /// Takes one smoothed price in; the in-phase and the quadrature part.
    #[inline]
    fn update(&mut self, price: f64) -> (f64, f64) {
        let gain = 0.075 * self.period + 0.54;
        let turn = self.turn;
        self.turn = (turn + 1) % TAPS;
        let detrended = self.detrender.push(price, gain, turn);
        let q1 = self.quadrature.push(detrended, gain, turn);
        let i1 = core::mem::replace(&mut self.detrended[turn % 3], detrended);
        let turned_i = self.in_phase_turned.push(i1, gain, turn);
        let turned_q = self.quadrature_turned.push(q1, gain, turn);
        let (last_i2, last_q2) = self.smooth;
        let i2 = 0.2 * (i1 - turned_q) + 0.8 * last_i2;
        let q2 = 0.2 * (q1 + turned_i) + 0.8 * last_q2;
        let (re, im) = self.products;
        let re = 0.2 * (i2 * last_i2 + q2 * last_q2) + 0.8 * re;
        let im = 0.2 * (i2 * last_q2 - q2 * last_i2) + 0.8 * im;
        self.smooth = (i2, q2);
        self.products = (re, im);
        self.find_period(re, im);
        (i1, q1)
    }

    #[inline]
    fn find_period(&mut self, re: f64, im: f64) {
        let last = self.period;
        let mut found = last;
        if re != 0.0 && im != 0.0 {
            found = 360.0 / (libm::atan(im / re) * DEGREES);
        }
        found = found.min(1.5 * last).max(0.67 * last).clamp(6.0, 50.0);
        self.period = 0.2 * found + 0.8 * last;
    }
}

/// Smooths prices, skips the first, and feeds the rest to the transform.
#[derive(Debug, Clone)]
pub(super) struct Cycle {
    hilbert: Hilbert,
    /// The last four prices, in turns.
    prices: [f64; 4],
    turn: usize,
    seen: usize,
    /// Prices that are only smoothed.
    skipped: usize,
    /// Prices that pass before the first value is told.
    lookback: usize,
    pub(super) smooth_period: f64,
}

/// One bar of the cycle.
pub(super) struct Turn {
    in_phase: f64,
    quadrature: f64,
    pub(super) smoothed: f64,
    pub(super) is_told: bool,
}

impl Cycle {
    /// For the indicators that tell their first value after 32 prices.
    fn short() -> Self {
        Self::new(12, 32)
    }

    /// For those that look at a whole period and tell their first value after 63 prices.
    pub(super) fn long() -> Self {
        Self::new(37, 63)
    }

    fn new(skipped: usize, lookback: usize) -> Self {
        Self {
            hilbert: Hilbert::default(),
            prices: [0.0; 4],
            turn: 0,
            seen: 0,
            skipped,
            lookback,
            smooth_period: 0.0,
        }
    }

    #[inline]
    pub(super) fn update(&mut self, x: f64) -> Option<Turn> {
        let before = |bars: usize| self.prices[(self.turn + 4 - bars) % 4];
        let (p1, p2, p3) = (before(1), before(2), before(3));
        self.prices[self.turn % 4] = x;
        self.turn = (self.turn + 1) % 4;
        if self.seen < self.skipped {
            self.seen += 1;
            return None;
        }
        let smoothed = (4.0 * x + 3.0 * p1 + 2.0 * p2 + p3) * 0.1;
        let (in_phase, quadrature) = self.hilbert.update(smoothed);
        self.smooth_period = 0.33 * self.hilbert.period + 0.67 * self.smooth_period;
        let is_told = self.seen >= self.lookback;
        if !is_told {
            self.seen += 1;
        }
        Some(Turn {
            in_phase,
            quadrature,
            smoothed,
            is_told,
        })
    }

    pub(super) fn reset(&mut self) {
        *self = Self::new(self.skipped, self.lookback);
    }
}

/// Period of the dominant cycle, 6 to 50 bars.
///
/// # Source
/// Ehlers 2001, Rocket Science for Traders.
#[derive(Debug, Clone)]
pub struct HtDcPeriod(Cycle);

impl HtDcPeriod {
    /// A period that has seen nothing; the first value stands after 33 prices.
    #[must_use]
    pub fn new() -> Self {
        Self(Cycle::short())
    }
}

impl Default for HtDcPeriod {
    fn default() -> Self {
        Self::new()
    }
}

impl Indicator for HtDcPeriod {
    type Row = f64;
    type Value = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        self.0.update(x)?.is_told.then_some(self.0.smooth_period)
    }

    fn reset(&mut self) {
        self.0.reset();
    }
}

lines!(
    /// What [`HtPhasor`] says.
    PhasorValue {
        /// The in-phase part.
        in_phase,
        /// The quadrature part.
        quadrature
    }
);

/// Parts of the dominant cycle.
///
/// # Source
/// Ehlers 2001, Rocket Science for Traders.
#[derive(Debug, Clone)]
pub struct HtPhasor(Cycle);

impl HtPhasor {
    /// A phasor that has seen nothing; the first value stands after 33 prices.
    #[must_use]
    pub fn new() -> Self {
        Self(Cycle::short())
    }
}

impl Default for HtPhasor {
    fn default() -> Self {
        Self::new()
    }
}

impl Indicator for HtPhasor {
    type Row = f64;
    type Value = PhasorValue;

    #[inline]
    fn update(&mut self, x: f64) -> Option<PhasorValue> {
        let turn = self.0.update(x)?;
        turn.is_told.then_some(PhasorValue {
            in_phase: turn.in_phase,
            quadrature: turn.quadrature,
        })
    }

    fn reset(&mut self) {
        self.0.reset();
    }
}

lines!(
    /// What [`Mama`] says.
    MamaValue {
        /// The adaptive average.
        mama,
        /// The average that follows it with half the weight.
        fama
    }
);

/// MESA adaptive moving average: the weight follows the rate of change of the phase.
///
/// Both averages start at 0, as in TA-Lib.
///
/// # Source
/// Ehlers 2001, MESA adaptive moving averages.
#[derive(Debug, Clone)]
pub struct Mama {
    cycle: Cycle,
    fast: f64,
    slow: f64,
    phase: f64,
    value: MamaValue,
}

impl Mama {
    /// The greatest and the least weight, .01 to .99 each; usual are .5 and .05.
    ///
    /// # Errors
    /// `Range` when one is outside its range.
    pub fn new(fast: f64, slow: f64) -> Result<Self, IndicatorError> {
        Ok(Self {
            cycle: Cycle::short(),
            fast: within("fast_limit", fast, 0.01, 0.99)?,
            slow: within("slow_limit", slow, 0.01, 0.99)?,
            phase: 0.0,
            value: MamaValue {
                mama: 0.0,
                fama: 0.0,
            },
        })
    }
}

impl Indicator for Mama {
    type Row = f64;
    type Value = MamaValue;

    #[inline]
    fn update(&mut self, x: f64) -> Option<MamaValue> {
        let turn = self.cycle.update(x)?;
        let phase = if turn.in_phase == 0.0 {
            0.0
        } else {
            libm::atan(turn.quadrature / turn.in_phase) * DEGREES
        };
        let change = self.phase - phase;
        self.phase = phase;
        let weight = if change > 1.0 {
            (self.fast / change).max(self.slow)
        } else {
            self.fast
        };
        let MamaValue { mama, fama } = self.value;
        let mama = weight * x + (1.0 - weight) * mama;
        let half = 0.5 * weight;
        self.value = MamaValue {
            mama,
            fama: half * mama + (1.0 - half) * fama,
        };
        turn.is_told.then_some(self.value)
    }

    fn reset(&mut self) {
        self.cycle.reset();
        self.phase = 0.0;
        self.value = MamaValue {
            mama: 0.0,
            fama: 0.0,
        };
    }
}
