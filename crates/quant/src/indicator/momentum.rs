//! Momentum of one series: strength and rates of change.

use super::average::Ema;
use super::error::{period, IndicatorError};
use super::smooth::Seeded;
use super::stream::Indicator;
use super::window::Delay;

/// Averages that decay over thousands of flat bars lose their digits below this.
const MOVEMENT_MIN: f64 = 1e-290;

/// Wilder's averages of the gains and of the losses.
#[derive(Debug, Clone)]
struct GainLoss {
    gain: Seeded,
    loss: Seeded,
    last: Option<f64>,
}

impl GainLoss {
    fn new(len: usize) -> Result<Self, IndicatorError> {
        let average = Seeded::wilder(period("period", len, 2)?);
        Ok(Self {
            gain: average.clone(),
            loss: average,
            last: None,
        })
    }

    #[inline]
    fn update(&mut self, x: f64) -> Option<(f64, f64)> {
        let change = x - self.last.replace(x)?;
        let gain = self.gain.update(positive(change));
        let loss = self.loss.update(positive(-change));
        Some((gain?, loss?))
    }

    fn reset(&mut self) {
        self.gain.reset();
        self.loss.reset();
        self.last = None;
    }
}

#[inline]
fn positive(x: f64) -> f64 {
    if x > 0.0 {
        x
    } else {
        0.0
    }
}

/// Relative strength index, 0 to 100: 100 * gain / (gain + loss) with Wilder's averages.
///
/// Ready after `period` changes, that is `period + 1` values. If nothing ever moved it is 0, as in
/// TA-Lib; on a flat stretch after movement it keeps its value.
///
/// # Source
/// Wilder 1978, New Concepts in Technical Trading Systems.
#[derive(Debug, Clone)]
pub struct Rsi {
    moves: GainLoss,
    value: f64,
}

impl Rsi {
    /// A relative strength index over `len` changes, 2 or more.
    ///
    /// # Errors
    /// `Period` when `len` is outside 2..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        Ok(Self {
            moves: GainLoss::new(len)?,
            value: 0.0,
        })
    }

    #[inline]
    fn index(&mut self, gain: f64, loss: f64) -> f64 {
        let movement = gain + loss;
        if movement >= MOVEMENT_MIN {
            self.value = 100.0 * (gain / movement);
        } else if movement == 0.0 {
            self.value = 0.0;
        }
        // Else flat for so long that only the last ratio is left: it stays.
        self.value
    }
}

impl Indicator for Rsi {
    type Row = f64;
    type Value = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        let (gain, loss) = self.moves.update(x)?;
        Some(self.index(gain, loss))
    }

    fn reset(&mut self) {
        self.moves.reset();
        self.value = 0.0;
    }

    fn lines_of(&self, columns: &[&[f64]]) -> Vec<Vec<f64>> {
        let mut fresh = self.clone();
        fresh.reset();
        let xs = columns.first().copied().unwrap_or_default();
        let mut line = Vec::with_capacity(xs.len());
        for &x in xs {
            let value = fresh.update(x);
            line.push(value.unwrap_or(f64::NAN));
            if value.is_some() {
                break;
            }
        }
        let mut at = line.len();
        while let Some(&[last, a, b, c, d]) = xs[at.saturating_sub(1)..].first_chunk() {
            if at == 0 {
                break;
            }
            let changes = [a - last, b - a, c - b, d - c];
            let gains = fresh.moves.gain.four(changes.map(positive));
            let losses = fresh.moves.loss.four(changes.map(|x| positive(-x)));
            for (&gain, &loss) in gains.iter().zip(&losses) {
                line.push(fresh.index(gain, loss));
            }
            fresh.moves.last = Some(d);
            at += 4;
        }
        line.extend(
            xs[at..]
                .iter()
                .map(|&x| fresh.update(x).unwrap_or(f64::NAN)),
        );
        vec![line]
    }
}

/// Chande's momentum oscillator with Wilder's averages: 100 * (gain - loss) / (gain + loss).
///
/// # Source
/// Chande and Kroll 1994, The New Technical Trader; TA-Lib takes Wilder's averages for the sums.
#[derive(Debug, Clone)]
pub struct Cmo {
    moves: GainLoss,
    value: f64,
}

impl Cmo {
    /// An oscillator over `len` changes, 2 or more.
    ///
    /// # Errors
    /// `Period` when `len` is outside 2..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        Ok(Self {
            moves: GainLoss::new(len)?,
            value: 0.0,
        })
    }
}

impl Indicator for Cmo {
    type Row = f64;
    type Value = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        let (gain, loss) = self.moves.update(x)?;
        let movement = gain + loss;
        if movement >= MOVEMENT_MIN {
            self.value = 100.0 * ((gain - loss) / movement);
        } else if movement == 0.0 {
            self.value = 0.0;
        }
        Some(self.value)
    }

    fn reset(&mut self) {
        self.moves.reset();
        self.value = 0.0;
    }
}

/// An indicator of the value and that of `period` steps before.
macro_rules! against_past {
    ($(#[$doc:meta])* $name:ident, |$x:ident, $past:ident| $expression:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name(Delay);

        impl $name {
            /// Against the value of `len` steps before, 1 or more.
            ///
            /// # Errors
            /// `Period` when `len` is outside 1..=`PERIOD_MAX`.
            pub fn new(len: usize) -> Result<Self, IndicatorError> {
                Ok(Self(Delay::new(period("period", len, 1)?)))
            }
        }

        impl Indicator for $name {
            type Row = f64;
            type Value = f64;

            #[inline]
            fn update(&mut self, $x: f64) -> Option<f64> {
                let $past = self.0.push($x)?;
                Some($expression)
            }

            fn reset(&mut self) {
                self.0.reset();
            }
        }
    };
}

/// A ratio to the past; 0 where the past is 0, as in TA-Lib.
#[inline]
pub(crate) fn ratio(x: f64, past: f64) -> f64 {
    if past == 0.0 {
        0.0
    } else {
        x / past
    }
}

against_past!(
    /// Momentum: the change over `period` steps.
    Mom, |x, past| x - past
);
against_past!(
    /// Rate of change in percent: 100 * (x / past - 1).
    Roc, |x, past| 100.0 * ratio(x - past, past)
);
against_past!(
    /// Rate of change as a fraction: (x - past) / past.
    Rocp, |x, past| ratio(x - past, past)
);
against_past!(
    /// Ratio to the past: x / past.
    Rocr, |x, past| ratio(x, past)
);
against_past!(
    /// Ratio to the past in percent: 100 * x / past.
    Rocr100, |x, past| 100.0 * ratio(x, past)
);

/// One-step rate of change of a triple exponential average, in percent.
///
/// # Source
/// Hutson 1983, Good TRIX.
#[derive(Debug, Clone)]
pub struct Trix {
    chain: [Ema; 3],
    rate: Roc,
}

impl Trix {
    /// Averages over `len` bars, 1 or more.
    ///
    /// # Errors
    /// `Period` when `len` is outside 1..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        let link = Ema::new(len)?;
        Ok(Self {
            chain: core::array::from_fn(|_| link.clone()),
            rate: Roc::new(1)?,
        })
    }
}

impl Indicator for Trix {
    type Row = f64;
    type Value = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        let mut fed = x;
        for link in &mut self.chain {
            fed = link.update(fed)?;
        }
        self.rate.update(fed)
    }

    fn reset(&mut self) {
        self.chain.iter_mut().for_each(Indicator::reset);
        self.rate.reset();
    }
}
