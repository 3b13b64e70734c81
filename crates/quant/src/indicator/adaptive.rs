//! Averages whose weight follows the market, averages by name, and the midpoints.

use super::average::{Dema, Ema, Tema, Trima, Wma, T3};
use super::column::{write_rows, write_windows};
use super::error::{period, IndicatorError};
use super::folds::{Extremes, Total};
use super::hilbert::Mama;
use super::mean::Sma;
use super::stream::{Indicator, Lines};
use super::window::{Delay, Parts, Window};

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
        })
    }
}

impl Indicator for Kama {
    type Row = f64;
    type Value = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        const SLOW: f64 = 2.0 / 31.0;
        const SPAN: f64 = 2.0 / 3.0 - SLOW;
        let start = self.past.push(x);
        let last = self.last.replace(x)?;
        let path = self.path.push((x - last).abs())?.sum();
        let move_ = x - start?;
        // One straight move is fully efficient; rounding may make its path the shorter one.
        let efficiency = if path <= move_ || path == 0.0 {
            1.0
        } else {
            (move_ / path).abs()
        };
        let weight = efficiency * SPAN + SLOW;
        let from = if self.value.is_nan() {
            last
        } else {
            self.value
        };
        self.value = from + weight * weight * (x - from);
        Some(self.value)
    }

    fn reset(&mut self) {
        self.past.reset();
        self.path.reset();
        self.last = None;
        self.value = f64::NAN;
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

    fn write_lines(&self, columns: &[&[f64]], lines: &mut [&mut [f64]]) {
        match &self.0 {
            Inner::Same => {
                write_rows(columns, lines, &mut |_| true, |[x]| x);
            }
            Inner::Sma(average) => average.write_lines(columns, lines),
            Inner::Ema(average) => average.write_lines(columns, lines),
            Inner::Wma(average) => average.write_lines(columns, lines),
            Inner::Dema(average) => average.write_lines(columns, lines),
            Inner::Tema(average) => average.write_lines(columns, lines),
            Inner::Trima(average) => average.write_lines(columns, lines),
            Inner::Kama(average) => average.write_lines(columns, lines),
            Inner::Mama(average) => {
                if let (&[xs], [line]) = (columns, lines) {
                    let mut fresh = average.clone();
                    fresh.reset();
                    let told = |x: &f64| fresh.update(*x).map(|lines| lines.mama);
                    f64::write(xs.iter().map(told), &mut [line]);
                }
            }
            Inner::T3(average) => average.write_lines(columns, lines),
        }
    }
}

/// Middle between the highest and the lowest value of a window.
#[derive(Debug, Clone)]
pub struct MidPoint(Window<Extremes>);

impl MidPoint {
    /// A midpoint over `len` bars, 1 or more.
    ///
    /// # Errors
    /// `Period` when `len` is outside 1..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        Ok(Self(Window::new(period("period", len, 1)?)))
    }

    fn write(&self, high: &[f64], low: &[f64], line: &mut [f64]) {
        let item = |i: usize| (high[i], low[i]);
        write_windows::<Extremes>(self.0.len(), item, line, |_, parts| middle(parts));
    }
}

#[inline(always)]
fn middle(parts: Parts<(f64, f64), (f64, f64)>) -> f64 {
    let (highest, lowest) = parts.extremes();
    (highest + lowest) / 2.0
}

impl Indicator for MidPoint {
    type Row = f64;
    type Value = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        self.0.push((x, x)).map(middle)
    }

    fn reset(&mut self) {
        self.0.reset();
    }

    fn write_lines(&self, columns: &[&[f64]], lines: &mut [&mut [f64]]) {
        if let (&[xs], [line]) = (columns, lines) {
            self.write(xs, xs, line);
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
        self.0 .0.push((high, low)).map(middle)
    }

    fn reset(&mut self) {
        self.0.reset();
    }

    fn write_lines(&self, columns: &[&[f64]], lines: &mut [&mut [f64]]) {
        if let (&[high, low], [line]) = (columns, lines) {
            self.0.write(high, low, line);
        }
    }
}
