//! Momentum of one series: strength and rates of change.

use super::chain::run_chain;
use super::column::{each_row, each_row_twice, retold, write_against_past, Rows, SCRATCH};
use super::error::{period, IndicatorError};
use super::folds::above_zero;
use super::smooth::{go_on_both, Seeded, Wilder};
use super::stream::{Ahead, Indicator};
use super::window::Delay;
use crate::linalg::lanes::wide;

/// Wilder's averages of the gains and of the losses, and what was told of them last.
#[derive(Debug, Clone)]
struct GainLoss {
    gain: Seeded<Wilder>,
    loss: Seeded<Wilder>,
    last: Option<f64>,
    held: Option<f64>,
}

impl GainLoss {
    fn new(len: usize) -> Result<Self, IndicatorError> {
        let average = Seeded::wilder(period("period", len, 2)?);
        Ok(Self {
            gain: average.clone(),
            loss: average,
            last: None,
            held: None,
        })
    }

    /// Takes one value in, and says what is told of gain, loss and both; where it did not move, or
    /// nothing ever did, what was said before, 0 at first.
    #[inline]
    fn update(&mut self, x: f64, told: impl Fn(f64, f64, f64) -> f64) -> Option<f64> {
        let (up, down) = moves([x, self.last.replace(x)?]);
        let (gain, loss) = (self.gain.update(up), self.loss.update(down));
        let value = self.settle([gain?, loss?, up, down], told);
        Some(value)
    }

    #[inline(always)]
    fn settle(
        &mut self,
        [gain, loss, up, down]: [f64; 4],
        told: impl Fn(f64, f64, f64) -> f64,
    ) -> f64 {
        let movement = gain + loss;
        let moved = up + down != 0.0 || self.held.is_none();
        let value = if moved && movement > 0.0 {
            told(gain, loss, movement)
        } else {
            self.held.unwrap_or(0.0)
        };
        self.held = Some(value);
        value
    }

    fn reset(&mut self) {
        self.gain.reset();
        self.loss.reset();
        (self.last, self.held) = (None, None);
    }

    /// Writes what [`GainLoss::update`] says of each row of a stretch. Returns how many of the
    /// first rows have nothing.
    fn run(&mut self, xs: &[f64], line: &mut [f64], told: impl Fn(f64, f64, f64) -> f64) -> usize {
        let (&[begin, ..], &[.., end]) = (xs, xs) else {
            return 0;
        };
        // Before the first value of a stretch is the last one of the stretch before.
        let before = self.last.replace(end);
        let first = usize::from(before.is_none());
        let (mut ups, mut downs, mut losses) = (SCRATCH, SCRATCH, SCRATCH);
        (ups[0], downs[0]) = moves([begin, before.unwrap_or(begin)]);
        let (ups, downs) = (&mut ups[..xs.len()], &mut downs[..xs.len()]);
        each_row_twice([&xs[1..], xs], [&mut ups[1..], &mut downs[1..]], moves);
        let (ups, downs) = (&ups[first..], &downs[first..]);
        let n = ups.len();
        let gains = &mut line[first..];
        let (pair, slots) = (
            [&mut self.gain, &mut self.loss],
            [&mut *gains, &mut losses[..n]],
        );
        let untold = go_on_both(pair, [ups, downs], slots);
        let (line, losses) = (&mut gains[untold..], &losses[untold..n]);
        let (ups, downs) = (&ups[untold..], &downs[untold..]);
        let still = wide(
            #[inline(always)]
            || {
                let mut still = 0_u64;
                [&*line, losses, ups, downs].each(line.len(), |_, [gain, loss, up, down]| {
                    still += u64::from(gain + loss <= 0.0) | u64::from(up + down == 0.0);
                });
                still
            },
        );
        if still == 0 {
            retold(line, [losses], |gain, [loss]| told(gain, loss, gain + loss));
            self.held = line.last().copied().or(self.held);
            return first + untold;
        }
        let moves = ups.iter().zip(downs);
        for ((slot, loss), (up, down)) in line.iter_mut().zip(losses).zip(moves) {
            *slot = self.settle([*slot, *loss, *up, *down], &told);
        }
        first + untold
    }
}

/// Gain and loss of a value after the one before.
#[inline(always)]
fn moves([x, last]: [f64; 2]) -> (f64, f64) {
    (above_zero(x - last), above_zero(last - x))
}

/// Relative strength index, 0 to 100: 100 * gain / (gain + loss) with Wilder's averages.
///
/// Ready after `period` changes, that is `period + 1` values. If nothing ever moved it is 0, as in
/// TA-Lib; on a flat stretch after movement it keeps its value.
///
/// # Source
/// Wilder 1978, New Concepts in Technical Trading Systems.
#[derive(Debug, Clone)]
pub struct Rsi(GainLoss);

impl Rsi {
    /// A relative strength index over `len` changes, 2 or more.
    ///
    /// # Errors
    /// `Period` when `len` is outside 2..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        Ok(Self(GainLoss::new(len)?))
    }
}

impl Indicator for Rsi {
    type Row = f64;
    type Value = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        self.0.update(x, index_of)
    }

    fn reset(&mut self) {
        self.0.reset();
    }

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        let (&[xs], [line]) = (columns, lines) else {
            return 0;
        };
        self.0.run(xs, line, index_of)
    }
}

/// 100 * gain / movement.
#[inline(always)]
fn index_of(gain: f64, _loss: f64, movement: f64) -> f64 {
    100.0 * (gain / movement)
}

/// Chande's momentum oscillator with Wilder's averages: 100 * (gain - loss) / (gain + loss).
///
/// # Source
/// Chande and Kroll 1994, The New Technical Trader; TA-Lib takes Wilder's averages for the sums.
#[derive(Debug, Clone)]
pub struct Cmo(GainLoss);

impl Cmo {
    /// An oscillator over `len` changes, 2 or more.
    ///
    /// # Errors
    /// `Period` when `len` is outside 2..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        Ok(Self(GainLoss::new(len)?))
    }
}

impl Indicator for Cmo {
    type Row = f64;
    type Value = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        self.0.update(x, balance_of)
    }

    fn reset(&mut self) {
        self.0.reset();
    }

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        let (&[xs], [line]) = (columns, lines) else {
            return 0;
        };
        self.0.run(xs, line, balance_of)
    }
}

/// 100 * (gain - loss) / movement.
#[inline(always)]
fn balance_of(gain: f64, loss: f64, movement: f64) -> f64 {
    100.0 * ((gain - loss) / movement)
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

            fn write_looked_at(
                &self,
                columns: &[&[f64]],
                lines: &mut [&mut [f64]],
                ahead: Ahead<'_>,
            ) -> bool {
                let told = |[$x, $past]: [f64; 2]| $expression;
                write_against_past(columns, lines, (self.0.steps(), ahead), told)
            }
        }
    };
}

/// A ratio to the past; 0 where the past is 0, as in TA-Lib.
#[inline(always)]
pub(crate) fn ratio(x: f64, past: f64) -> f64 {
    let ratio = x / past;
    if past == 0.0 {
        0.0
    } else {
        ratio
    }
}

/// The change from the past in percent of it.
#[inline(always)]
fn rate([x, past]: [f64; 2]) -> f64 {
    100.0 * ratio(x - past, past)
}

against_past!(
    /// Momentum: the change over `period` steps.
    Mom, |x, past| x - past
);
against_past!(
    /// Rate of change in percent: 100 * (x / past - 1).
    Roc, |x, past| rate([x, past])
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
    chain: [Seeded; 3],
    /// The last average.
    before: Option<f64>,
}

impl Trix {
    /// Averages over `len` bars, 1 or more.
    ///
    /// # Errors
    /// `Period` when `len` is outside 1..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        let link = Seeded::exponential(period("period", len, 1)?);
        Ok(Self {
            chain: core::array::from_fn(|_| link.clone()),
            before: None,
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
        let before = self.before.replace(fed)?;
        Some(rate([fed, before]))
    }

    fn reset(&mut self) {
        self.chain.iter_mut().for_each(Seeded::reset);
        self.before = None;
    }

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        let (&[xs], [line]) = (columns, lines) else {
            return 0;
        };
        let untold = run_chain(&mut self.chain, xs, line, |[_, _, last]| last);
        let line = &mut line[untold..];
        let mut averages = SCRATCH;
        let averages = &mut averages[..line.len()];
        averages.copy_from_slice(line);
        let &[.., newest] = &*averages else {
            return untold;
        };
        // The first average of all has none before it.
        let first = usize::from(self.before.is_none());
        line[0] = rate([averages[0], self.before.replace(newest).unwrap_or(f64::NAN)]);
        each_row([&averages[1..], averages], &mut line[1..], rate);
        untold + first
    }
}
