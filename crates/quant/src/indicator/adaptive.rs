//! Averages whose weight follows the market, averages by name, and the midpoints.

use super::average::{Dema, Ema, Tema, Trima, Wma, T3};
use super::column::{each_row, SCRATCH};
use super::error::{period, IndicatorError};
use super::folds::Total;
use super::hilbert::Mama;
use super::mean::Sma;
use super::slide::WINDOW_MAX;
use super::stochastic::Range;
use super::stream::{one_by_one, Indicator};
use super::window::{Delay, Window};

/// Kaufman's adaptive moving average: the weight follows the efficiency of the move.
///
/// Efficiency = |x - x n bars ago| / sum of |changes|; weight = (efficiency (2/3 - 2/31) + 2/31)^2;
/// the first value moves from the price before it.
///
/// # Source
/// Kaufman 1995, Smarter Trading.
#[derive(Debug, Clone)]
pub struct Kama {
    /// The values that are left behind.
    past: Delay,
    path: Window<Total>,
    last: Option<f64>,
    value: f64,
    /// Of stretches: the last values before.
    before: Vec<f64>,
}

/// The square of the weight of a move along a path.
#[inline(always)]
fn squared_weight(move_: f64, path: f64) -> f64 {
    const SLOW: f64 = 2.0 / 31.0;
    const SPAN: f64 = 2.0 / 3.0 - SLOW;
    // One straight move is fully efficient; rounding may make its path the shorter one.
    let straight = path <= move_ || path == 0.0;
    let ratio = (move_ / path).abs();
    let weight = if straight { 1.0 } else { ratio } * SPAN + SLOW;
    weight * weight
}

impl Kama {
    /// An adaptive average over `len` changes, 2 or more.
    ///
    /// # Errors
    /// `Period` when `len` is outside 2..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        let len = period("period", len, 2)?;
        Ok(Self {
            past: Delay::new(len),
            path: Window::new(len),
            last: None,
            value: f64::NAN,
            before: Vec::new(),
        })
    }

    #[inline]
    fn step(&mut self, x: f64, last: f64, weight: f64) -> f64 {
        let from = if self.value.is_nan() {
            last
        } else {
            self.value
        };
        self.value = from + weight * (x - from);
        self.value
    }

    /// Writes the averages of a stretch, as [`Indicator::run`] does.
    fn write(&mut self, xs: &[f64], line: &mut [f64]) -> usize {
        let len = self.path.period();
        let known = self.before.len();
        self.before.extend_from_slice(xs);
        let values = self.before.as_slice();
        // The first value of all has none before it.
        let first = usize::from(known == 0);
        let n = xs.len() - first;
        let (xs, lasts) = (&values[known + first..], &values[known + first - 1..]);
        let (mut changes, mut paths) = (SCRATCH, SCRATCH);
        each_row([xs, lasts], &mut changes[..n], |[x, last]| (x - last).abs());
        let untold = self.path.run([&changes[..n]], [&mut paths[..n]]);
        let (xs, lasts, line) = (&xs[untold..], &lasts[untold..], &mut line[first + untold..]);
        if !line.is_empty() {
            let starts = &values[known + first + untold - len..];
            let weights = &mut changes[..n - untold];
            each_row(
                [xs, starts, &paths[untold..n]],
                weights,
                |[x, start, path]| squared_weight(x - start, path),
            );
            let mut value = if self.value.is_nan() {
                lasts[0]
            } else {
                self.value
            };
            for ((slot, x), weight) in line.iter_mut().zip(xs).zip(weights) {
                value += *weight * (x - value);
                *slot = value;
            }
            self.value = value;
        }
        self.before.drain(..self.before.len().saturating_sub(len));
        first + untold
    }
}

impl Indicator for Kama {
    type Row = f64;
    type Value = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        let start = self.past.push(x);
        let last = self.last.replace(x)?;
        let path = self.path.push((x - last).abs())?.sum();
        let weight = squared_weight(x - start?, path);
        Some(self.step(x, last, weight))
    }

    fn reset(&mut self) {
        self.past.reset();
        self.path.reset();
        self.last = None;
        self.value = f64::NAN;
        self.before.clear();
    }

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        match (columns, &mut *lines) {
            (&[xs], [line]) if self.path.period() <= WINDOW_MAX && !xs.is_empty() => {
                self.write(xs, line)
            }
            _ => one_by_one(self, columns, lines),
        }
    }
}

/// Which average another indicator takes, in the numbers of TA-Lib's `MA_Type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AverageKind {
    /// 0: simple.
    Sma,
    /// 1: exponential.
    Ema,
    /// 2: weighted.
    Wma,
    /// 3: double exponential.
    Dema,
    /// 4: triple exponential.
    Tema,
    /// 5: triangular.
    Trima,
    /// 6: Kaufman's.
    Kama,
    /// 7: MESA, with limits .5 and .05; the period is not used.
    Mama,
    /// 8: Tillson's with factor .7.
    T3,
}

impl AverageKind {
    /// Every kind in its order.
    pub const ALL: [(Self, &'static str); 9] = [
        (Self::Sma, "SMA"),
        (Self::Ema, "EMA"),
        (Self::Wma, "WMA"),
        (Self::Dema, "DEMA"),
        (Self::Tema, "TEMA"),
        (Self::Trima, "TRIMA"),
        (Self::Kama, "KAMA"),
        (Self::Mama, "MAMA"),
        (Self::T3, "T3"),
    ];

    /// The kind with this number.
    #[must_use]
    pub fn of(number: usize) -> Option<Self> {
        Self::ALL.get(number).map(|(kind, _)| *kind)
    }

    /// Values that pass before the first one comes out.
    #[must_use]
    pub fn lookback(self, period: usize) -> usize {
        let before = period.saturating_sub(1);
        match self {
            _ if period <= 1 => 0,
            Self::Sma | Self::Ema | Self::Wma | Self::Trima => before,
            Self::Dema => 2 * before,
            Self::Tema => 3 * before,
            Self::Kama => period,
            Self::Mama => 32,
            Self::T3 => 6 * before,
        }
    }
}

/// A moving average of any kind; of period 1 the value itself.
#[derive(Debug, Clone)]
pub struct Average(Inner);

#[derive(Debug, Clone)]
enum Inner {
    Same,
    Sma(Sma),
    Ema(Ema),
    Wma(Wma),
    Dema(Box<Dema>),
    Tema(Box<Tema>),
    Trima(Trima),
    Kama(Kama),
    Mama(Box<Mama>),
    T3(Box<T3>),
}

impl Average {
    /// An average over `len` bars, 1 or more.
    ///
    /// # Errors
    /// `Period` when `len` is outside 1..=`PERIOD_MAX`.
    pub fn new(len: usize, kind: AverageKind) -> Result<Self, IndicatorError> {
        Self::named("period", len, kind)
    }

    pub(crate) fn named(
        name: &'static str,
        len: usize,
        kind: AverageKind,
    ) -> Result<Self, IndicatorError> {
        let len = period(name, len, 1)?;
        Ok(Self(match kind {
            _ if len == 1 => Inner::Same,
            AverageKind::Sma => Inner::Sma(Sma::new(len)?),
            AverageKind::Ema => Inner::Ema(Ema::new(len)?),
            AverageKind::Wma => Inner::Wma(Wma::new(len)?),
            AverageKind::Dema => Inner::Dema(Box::new(Dema::new(len)?)),
            AverageKind::Tema => Inner::Tema(Box::new(Tema::new(len)?)),
            AverageKind::Trima => Inner::Trima(Trima::new(len)?),
            AverageKind::Kama => Inner::Kama(Kama::new(len)?),
            AverageKind::Mama => Inner::Mama(Box::new(Mama::new(0.5, 0.05)?)),
            AverageKind::T3 => Inner::T3(Box::new(T3::new(len, 0.7)?)),
        }))
    }
}

impl Indicator for Average {
    type Row = f64;
    type Value = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        match &mut self.0 {
            Inner::Same => Some(x),
            Inner::Sma(average) => average.update(x),
            Inner::Ema(average) => average.update(x),
            Inner::Wma(average) => average.update(x),
            Inner::Dema(average) => average.update(x),
            Inner::Tema(average) => average.update(x),
            Inner::Trima(average) => average.update(x),
            Inner::Kama(average) => average.update(x),
            Inner::Mama(average) => average.update(x).map(|lines| lines.mama),
            Inner::T3(average) => average.update(x),
        }
    }

    fn reset(&mut self) {
        match &mut self.0 {
            Inner::Same => {}
            Inner::Sma(average) => average.reset(),
            Inner::Ema(average) => average.reset(),
            Inner::Wma(average) => average.reset(),
            Inner::Dema(average) => average.reset(),
            Inner::Tema(average) => average.reset(),
            Inner::Trima(average) => average.reset(),
            Inner::Kama(average) => average.reset(),
            Inner::Mama(average) => average.reset(),
            Inner::T3(average) => average.reset(),
        }
    }

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        let (&[xs], [line]) = (columns, &mut *lines) else {
            return 0;
        };
        match &mut self.0 {
            Inner::Same => {
                line.copy_from_slice(xs);
                0
            }
            Inner::Sma(average) => average.run(columns, lines),
            Inner::Ema(average) => average.run(columns, lines),
            Inner::Wma(average) => average.run(columns, lines),
            Inner::Dema(average) => average.run(columns, lines),
            Inner::Tema(average) => average.run(columns, lines),
            Inner::Trima(average) => average.run(columns, lines),
            Inner::Kama(average) => average.run(columns, lines),
            Inner::Mama(average) => {
                let told = xs
                    .iter()
                    .map(|x| average.update(*x).map(|lines| lines.mama));
                let mut untold = 0;
                for (slot, value) in line.iter_mut().zip(told) {
                    match value {
                        Some(value) => *slot = value,
                        None => untold += 1,
                    }
                }
                untold
            }
            Inner::T3(average) => average.run(columns, lines),
        }
    }
}

/// Middle between the highest and the lowest value of a window.
#[derive(Debug, Clone)]
pub struct MidPoint(Range);

impl MidPoint {
    /// A midpoint over `len` bars, 1 or more.
    ///
    /// # Errors
    /// `Period` when `len` is outside 1..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        Ok(Self(Range::new(period("period", len, 1)?)))
    }

    fn write(&mut self, high: &[f64], low: &[f64], line: &mut [f64]) -> usize {
        let n = high.len();
        let (mut tops, mut bottoms) = (SCRATCH, SCRATCH);
        let untold = self.0.run([high, low], [&mut tops[..n], &mut bottoms[..n]]);
        let ends = [&tops[untold..n], &bottoms[untold..n]];
        each_row(ends, &mut line[untold..], |[top, bottom]| {
            middle((top, bottom))
        });
        untold
    }
}

#[inline(always)]
fn middle((highest, lowest): (f64, f64)) -> f64 {
    (highest + lowest) / 2.0
}

impl Indicator for MidPoint {
    type Row = f64;
    type Value = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        self.0.push(x, x).map(middle)
    }

    fn reset(&mut self) {
        self.0.reset();
    }

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        match (columns, lines) {
            (&[xs], [line]) => self.write(xs, xs, line),
            _ => 0,
        }
    }
}

/// Middle between the highest high and the lowest low of a window.
#[derive(Debug, Clone)]
pub struct MidPrice(MidPoint);

impl MidPrice {
    /// A midprice over `len` bars, 1 or more.
    ///
    /// # Errors
    /// `Period` when `len` is outside 1..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        MidPoint::new(len).map(Self)
    }
}

impl Indicator for MidPrice {
    type Row = [f64; 2];
    type Value = f64;

    #[inline]
    fn update(&mut self, [high, low]: [f64; 2]) -> Option<f64> {
        self.0 .0.push(high, low).map(middle)
    }

    fn reset(&mut self) {
        self.0.reset();
    }

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        match (columns, lines) {
            (&[high, low], [line]) => self.0.write(high, low, line),
            _ => 0,
        }
    }
}
