//! Volatility: average true range, bands around an average, distance from it.

use super::error::{period, same_length, IndicatorError};
use super::window::{Moments, Window};

/// Wilder's average: the mean of the first n values, then weight 1/n on the newest.
#[derive(Debug, Clone)]
pub(super) struct Wilder {
    period: usize,
    divisor: f64,
    seen: usize,
    sum: f64,
    value: f64,
}

impl Wilder {
    /// The caller has checked the period.
    pub(super) fn new(period: usize) -> Self {
        Self {
            period,
            divisor: period as f64,
            seen: 0,
            sum: 0.0,
            value: f64::NAN,
        }
    }

    #[inline]
    pub(super) fn update(&mut self, x: f64) -> f64 {
        if self.seen >= self.period {
            self.value += (x - self.value) / self.divisor;
        } else {
            self.seen += 1;
            self.sum += x;
            if self.seen == self.period {
                self.value = self.sum / self.divisor;
            }
        }
        self.value
    }

    pub(super) fn value(&self) -> f64 {
        self.value
    }

    pub(super) fn ready(&self) -> bool {
        self.seen >= self.period
    }

    pub(super) fn reset(&mut self) {
        self.seen = 0;
        self.sum = 0.0;
        self.value = f64::NAN;
    }
}

/// Average true range: Wilder's average of max(high, last close) - min(low, last close).
///
/// The first bar has no last close and only provides it, as in TA-Lib: ready after `period + 1`
/// bars.
///
/// # Units
/// Those of the price.
///
/// # Source
/// Wilder 1978, New Concepts in Technical Trading Systems.
#[derive(Debug, Clone)]
pub struct Atr {
    average: Wilder,
    last_close: Option<f64>,
}

impl Atr {
    /// An average true range over `len` bars, 1 or more; usual is 14.
    ///
    /// # Errors
    /// `Period` when `len` is outside 1..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        Ok(Self {
            average: Wilder::new(period("period", len, 1)?),
            last_close: None,
        })
    }

    /// Takes one bar in and returns the average range.
    #[inline]
    pub fn update(&mut self, high: f64, low: f64, close: f64) -> f64 {
        match self.last_close.replace(close) {
            Some(last) => {
                let range = (high - low)
                    .max((high - last).abs())
                    .max((low - last).abs());
                self.average.update(range)
            }
            None => self.average.value(),
        }
    }

    /// The last average range, NaN until ready.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.average.value()
    }

    /// Whether `period + 1` bars were seen.
    #[must_use]
    pub fn ready(&self) -> bool {
        self.average.ready()
    }

    /// Forgets every bar.
    pub fn reset(&mut self) {
        self.average.reset();
        self.last_close = None;
    }

    /// The average range after each bar of three columns, from a fresh start.
    ///
    /// # Errors
    /// `Length` when the columns are not equally long.
    pub fn batch(
        &self,
        high: &[f64],
        low: &[f64],
        close: &[f64],
    ) -> Result<Vec<f64>, IndicatorError> {
        same_length(&[("high", high), ("low", low), ("close", close)])?;
        let mut fresh = self.clone();
        fresh.reset();
        let bars = high.iter().zip(low).zip(close);
        Ok(bars
            .map(|((&high, &low), &close)| fresh.update(high, low, close))
            .collect())
    }
}

/// What [`Bollinger`] says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BollingerValue {
    /// `middle + width * sd`.
    pub upper: f64,
    /// Simple average.
    pub middle: f64,
    /// `middle - width * sd`.
    pub lower: f64,
}

impl BollingerValue {
    const UNKNOWN: Self = Self {
        upper: f64::NAN,
        middle: f64::NAN,
        lower: f64::NAN,
    };
}

/// Bollinger bands: the simple average and `width` population standard deviations around it.
///
/// # Source
/// Bollinger 1983; TA-Lib's BBANDS with a simple average (ddof 0).
#[derive(Debug, Clone)]
pub struct Bollinger {
    window: Window<Moments>,
    period: f64,
    width: f64,
    value: BollingerValue,
}

impl Bollinger {
    /// Bands over `len` bars, 2 or more, at `width` standard deviations, more than 0; usual are 20
    /// and 2.
    ///
    /// # Errors
    /// `Period` when `len` is outside 2..=`PERIOD_MAX`, `Width` when `width` is not positive and
    /// finite.
    pub fn new(len: usize, width: f64) -> Result<Self, IndicatorError> {
        let len = period("period", len, 2)?;
        if !(width.is_finite() && width > 0.0) {
            return Err(IndicatorError::Width {
                name: "width",
                value: width,
            });
        }
        let window = Window::new(len);
        Ok(Self {
            window,
            period: len as f64,
            width,
            value: BollingerValue::UNKNOWN,
        })
    }

    /// Takes one value in and returns the bands.
    #[inline]
    pub fn update(&mut self, x: f64) -> BollingerValue {
        if let Some(parts) = self.window.push(x) {
            let (offset, deviation) = parts.mean_and_deviation(self.period);
            let middle = parts.anchor + offset;
            let reach = self.width * (deviation / self.period).sqrt();
            self.value = BollingerValue {
                upper: middle + reach,
                middle,
                lower: middle - reach,
            };
        }
        self.value
    }

    /// The last bands, NaN until ready.
    #[must_use]
    pub fn value(&self) -> BollingerValue {
        self.value
    }

    /// Whether `period` values were seen.
    #[must_use]
    pub fn ready(&self) -> bool {
        self.window.full()
    }

    /// Forgets every value.
    pub fn reset(&mut self) {
        self.window.reset();
        self.value = BollingerValue::UNKNOWN;
    }

    /// The bands after each value of a column, from a fresh start.
    #[must_use]
    pub fn batch(&self, xs: &[f64]) -> Vec<BollingerValue> {
        let mut fresh = self.clone();
        fresh.reset();
        xs.iter().map(|&x| fresh.update(x)).collect()
    }
}

/// Distance of the newest value from the mean of its window, in standard deviations (ddof 1).
///
/// The window ends at the newest value and contains it. Without variance the distance is 0.
#[derive(Debug, Clone)]
pub struct ZScore {
    window: Window<Moments>,
    period: f64,
    value: f64,
}

impl ZScore {
    /// A z-score over `len` bars, 2 or more.
    ///
    /// # Errors
    /// `Period` when `len` is outside 2..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        let len = period("period", len, 2)?;
        Ok(Self {
            window: Window::new(len),
            period: len as f64,
            value: f64::NAN,
        })
    }

    /// Takes one value in and returns its distance.
    #[inline]
    pub fn update(&mut self, x: f64) -> f64 {
        if let Some(parts) = self.window.push(x) {
            let (offset, deviation) = parts.mean_and_deviation(self.period);
            let sd = (deviation / (self.period - 1.0)).sqrt();
            self.value = if sd > 0.0 {
                (x - parts.anchor - offset) / sd
            } else {
                0.0
            };
        }
        self.value
    }

    /// The last distance, NaN until ready.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.value
    }

    /// Whether `period` values were seen.
    #[must_use]
    pub fn ready(&self) -> bool {
        self.window.full()
    }

    /// Forgets every value.
    pub fn reset(&mut self) {
        self.window.reset();
        self.value = f64::NAN;
    }

    /// The distance of each value of a column, from a fresh start.
    #[must_use]
    pub fn batch(&self, xs: &[f64]) -> Vec<f64> {
        let mut fresh = self.clone();
        fresh.reset();
        xs.iter().map(|&x| fresh.update(x)).collect()
    }
}
