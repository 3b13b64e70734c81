//! Momentum of one series: strength and rates of change.

use super::column::{write_against_past, write_chain};
use super::error::{period, IndicatorError};
use super::smooth::{Recursion, Seeded, Wilder};
use super::stream::Indicator;
use super::window::Delay;
use crate::linalg::lanes::wide;

/// Wilder's averages of the gains and of the losses.
#[derive(Debug, Clone)]
struct GainLoss {
    gain: Seeded<Wilder>,
    loss: Seeded<Wilder>,
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

    /// Takes one value in; gain, loss, and whether it moved at all.
    #[inline]
    fn update(&mut self, x: f64) -> Option<(f64, f64, bool)> {
        let change = x - self.last.replace(x)?;
        let gain = self.gain.update(positive(change));
        let loss = self.loss.update(positive(-change));
        Some((gain?, loss?, change != 0.0))
    }

    fn reset(&mut self) {
        self.gain.reset();
        self.loss.reset();
        self.last = None;
    }
}

#[inline(always)]
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
    told: bool,
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
            told: false,
        })
    }
}

impl Indicator for Rsi {
    type Row = f64;
    type Value = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        let (gain, loss, moved) = self.moves.update(x)?;
        self.value = index(gain, loss, moved || !self.told, self.value);
        self.told = true;
        Some(self.value)
    }

    fn reset(&mut self) {
        self.moves.reset();
        self.value = 0.0;
        self.told = false;
    }

    fn write_lines(&self, columns: &[&[f64]], lines: &mut [&mut [f64]]) {
        let (&[xs], [line]) = (columns, lines) else {
            return;
        };
        wide(
            #[inline(always)]
            || self.write(xs, line),
        );
    }
}

impl Rsi {
    #[inline(always)]
    fn write(&self, xs: &[f64], line: &mut [f64]) {
        let mut fresh = self.clone();
        fresh.reset();
        let mut at = 0;
        while !fresh.told && at < xs.len() {
            line[at] = fresh.update(xs[at]).unwrap_or(f64::NAN);
            at += 1;
        }
        if at == 0 {
            return;
        }
        let (mut gain, mut loss) = (fresh.moves.gain.recursion(), fresh.moves.loss.recursion());
        let mut value = fresh.value;
        let (mut lasts, mut strides) = (xs[at - 1..].chunks_exact(4), xs[at..].chunks_exact(4));
        let mut slots = line[at..].chunks_exact_mut(4);
        for ((slot, stride), last) in slots.by_ref().zip(strides.by_ref()).zip(lasts.by_ref()) {
            let (Some(slot), Some(stride), Some(last)) = (
                slot.first_chunk_mut(),
                stride.first_chunk(),
                last.first_chunk(),
            ) else {
                break;
            };
            value = write_four(slot, (stride, last), (&mut gain, &mut loss), value);
        }
        let mut last = xs[xs.len() - 1 - strides.remainder().len()];
        for (slot, &x) in slots.into_remainder().iter_mut().zip(strides.remainder()) {
            let change = x - last;
            last = x;
            let (up, down) = (gain.one(positive(change)), loss.one(positive(-change)));
            value = index(up, down, change != 0.0, value);
            *slot = value;
        }
    }
}

/// Four indices at once, of values and those before them; returns the last one.
#[inline(always)]
fn write_four(
    slots: &mut [f64; 4],
    (xs, lasts): (&[f64; 4], &[f64; 4]),
    (gain, loss): (&mut Wilder, &mut Wilder),
    value: f64,
) -> f64 {
    let changes = [
        xs[0] - lasts[0],
        xs[1] - lasts[1],
        xs[2] - lasts[2],
        xs[3] - lasts[3],
    ];
    let ups = gain.four(changes.map(positive));
    let downs = loss.four(changes.map(|change| positive(-change)));
    let movements = [
        ups[0] + downs[0],
        ups[1] + downs[1],
        ups[2] + downs[2],
        ups[3] + downs[3],
    ];
    let fresh = [
        100.0 * (ups[0] / movements[0]),
        100.0 * (ups[1] / movements[1]),
        100.0 * (ups[2] / movements[2]),
        100.0 * (ups[3] / movements[3]),
    ];
    let mut value = value;
    for i in 0..4 {
        if changes[i] != 0.0 && movements[i] > 0.0 {
            value = fresh[i];
        }
        slots[i] = value;
    }
    value
}

/// The index after a bar; one that did not move has the ratio that it had, to the last bit.
#[inline]
fn index(gain: f64, loss: f64, moved: bool, before: f64) -> f64 {
    let movement = gain + loss;
    let fresh = 100.0 * (gain / movement);
    if moved && movement > 0.0 {
        fresh
    } else {
        before
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
    told: bool,
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
            told: false,
        })
    }
}

impl Indicator for Cmo {
    type Row = f64;
    type Value = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        let (gain, loss, moved) = self.moves.update(x)?;
        let movement = gain + loss;
        if (moved || !self.told) && movement > 0.0 {
            self.value = 100.0 * ((gain - loss) / movement);
        }
        self.told = true;
        Some(self.value)
    }

    fn reset(&mut self) {
        self.moves.reset();
        self.value = 0.0;
        self.told = false;
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

            fn write_lines(&self, columns: &[&[f64]], lines: &mut [&mut [f64]]) {
                write_against_past(columns, lines, self.0.steps(), |$x, $past| $expression);
            }
        }
    };
}

/// A ratio to the past; 0 where the past is 0, as in TA-Lib.
#[inline(always)]
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
    chain: [Seeded; 3],
    rate: Roc,
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
        self.chain.iter_mut().for_each(Seeded::reset);
        self.rate.reset();
    }

    fn write_lines(&self, columns: &[&[f64]], lines: &mut [&mut [f64]]) {
        if let (&[xs], [line]) = (columns, lines) {
            let mut fresh = self.clone();
            fresh.reset();
            let rate = &mut fresh.rate;
            write_chain(&mut fresh.chain, xs, line, |[_, _, last]| {
                rate.update(last).unwrap_or(f64::NAN)
            });
        }
    }
}
