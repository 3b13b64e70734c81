//! Moving averages: simple, exponential, linearly weighted.

use super::error::{period, IndicatorError};
use super::window::{RampSum, Sum, Window};

/// Simple moving average: the mean of the last `period` values.
///
/// A constant window gives exactly its constant, so two averages of different periods never cross
/// on rounding noise.
#[derive(Debug, Clone)]
pub struct Sma {
    window: Window<Sum>,
    period: f64,
    value: f64,
}

impl Sma {
    /// A simple moving average over `len` bars, 1 or more.
    ///
    /// # Errors
    /// `Period` when `len` is outside 1..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        let len = period("period", len, 1)?;
        Ok(Self {
            window: Window::new(len),
            period: len as f64,
            value: f64::NAN,
        })
    }

    /// Takes one value in and returns the average.
    #[inline]
    pub fn update(&mut self, x: f64) -> f64 {
        if let Some(parts) = self.window.push(x) {
            self.value = parts.anchor + (parts.tail + parts.head) / self.period;
        }
        self.value
    }

    /// The last average, NaN until ready.
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

    /// The average after each value of a column, from a fresh start.
    #[must_use]
    pub fn batch(&self, xs: &[f64]) -> Vec<f64> {
        let mut fresh = self.clone();
        fresh.reset();
        xs.iter().map(|&x| fresh.update(x)).collect()
    }
}

/// Exponential moving average with weight 2 / (period + 1) on the newest value.
///
/// The seed is the simple average of the first `period` values.
#[derive(Debug, Clone)]
pub struct Ema {
    period: usize,
    weight: f64,
    seen: usize,
    anchor: f64,
    sum: f64,
    value: f64,
}

impl Ema {
    /// An exponential moving average over `len` bars, 1 or more.
    ///
    /// # Errors
    /// `Period` when `len` is outside 1..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        Self::named("period", len)
    }

    /// The same, as a part of another indicator whose parameter is called `name`.
    pub(super) fn named(name: &'static str, len: usize) -> Result<Self, IndicatorError> {
        let period = period(name, len, 1)?;
        let weight = 2.0 / (period as f64 + 1.0);
        Ok(Self {
            period,
            weight,
            seen: 0,
            anchor: 0.0,
            sum: 0.0,
            value: f64::NAN,
        })
    }

    /// Takes one value in and returns the average.
    #[inline]
    pub fn update(&mut self, x: f64) -> f64 {
        if self.seen >= self.period {
            self.value += self.weight * (x - self.value);
        } else {
            self.seed(x);
        }
        self.value
    }

    /// Gathers the first values; offsets from the first one keep a constant exact.
    fn seed(&mut self, x: f64) {
        if self.seen == 0 {
            self.anchor = x;
        }
        self.seen += 1;
        self.sum += x - self.anchor;
        if self.seen == self.period {
            self.value = self.anchor + self.sum / self.period as f64;
        }
    }

    /// The last average, NaN until ready.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.value
    }

    /// Whether `period` values were seen.
    #[must_use]
    pub fn ready(&self) -> bool {
        self.seen >= self.period
    }

    /// Forgets every value.
    pub fn reset(&mut self) {
        self.seen = 0;
        self.sum = 0.0;
        self.value = f64::NAN;
    }

    /// The average after each value of a column, from a fresh start.
    #[must_use]
    pub fn batch(&self, xs: &[f64]) -> Vec<f64> {
        let mut fresh = self.clone();
        fresh.reset();
        xs.iter().map(|&x| fresh.update(x)).collect()
    }
}

/// Linearly weighted moving average: weights 1, 2, ..., `period`, the newest the heaviest.
#[derive(Debug, Clone)]
pub struct Wma {
    window: Window<RampSum>,
    period: usize,
    weights: f64,
    value: f64,
}

impl Wma {
    /// A weighted moving average over `len` bars, 1 or more.
    ///
    /// # Errors
    /// `Period` when `len` is outside 1..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        let period = period("period", len, 1)?;
        let weights = period as f64 * (period as f64 + 1.0) / 2.0;
        Ok(Self {
            window: Window::new(period),
            period,
            weights,
            value: f64::NAN,
        })
    }

    /// Takes one value in and returns the average.
    #[inline]
    pub fn update(&mut self, x: f64) -> f64 {
        if let Some(parts) = self.window.push(x) {
            // The head stands behind the whole tail: each of its places is that much higher.
            let (head_sum, head_ramp) = parts.head;
            let tail_len = (self.period - parts.head_len) as f64;
            let ramp = parts.tail.1 + (head_ramp + tail_len * head_sum);
            self.value = parts.anchor + ramp / self.weights;
        }
        self.value
    }

    /// The last average, NaN until ready.
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

    /// The average after each value of a column, from a fresh start.
    #[must_use]
    pub fn batch(&self, xs: &[f64]) -> Vec<f64> {
        let mut fresh = self.clone();
        fresh.reset();
        xs.iter().map(|&x| fresh.update(x)).collect()
    }
}
