//! Volume: on-balance volume, volume-weighted average price.

use super::error::{same_length, IndicatorError};

/// On-balance volume: the running sum of volume, signed by the change of the close.
///
/// The first bar counts with its volume, as in TA-Lib; an unchanged close adds nothing. Ready from
/// the first bar.
///
/// # Source
/// Granville 1963.
#[derive(Debug, Clone)]
pub struct Obv {
    last_close: Option<f64>,
    value: f64,
}

impl Obv {
    /// An on-balance volume that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self {
            last_close: None,
            value: f64::NAN,
        }
    }

    /// Takes one bar in and returns the running sum.
    #[inline]
    pub fn update(&mut self, close: f64, volume: f64) -> f64 {
        match self.last_close.replace(close) {
            None => self.value = volume,
            Some(last) if close > last => self.value += volume,
            Some(last) if close < last => self.value -= volume,
            Some(_) => {}
        }
        self.value
    }

    /// The running sum, NaN until ready.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.value
    }

    /// Whether a bar was seen.
    #[must_use]
    pub fn ready(&self) -> bool {
        self.last_close.is_some()
    }

    /// Forgets every bar.
    pub fn reset(&mut self) {
        *self = Self::new();
    }

    /// The running sum after each bar of two columns, from a fresh start.
    ///
    /// # Errors
    /// `Length` when the columns are not equally long.
    pub fn batch(&self, close: &[f64], volume: &[f64]) -> Result<Vec<f64>, IndicatorError> {
        same_length(&[("close", close), ("volume", volume)])?;
        let mut fresh = Self::new();
        let bars = close.iter().zip(volume);
        Ok(bars
            .map(|(&close, &volume)| fresh.update(close, volume))
            .collect())
    }
}

impl Default for Obv {
    fn default() -> Self {
        Self::new()
    }
}

/// Volume-weighted average of the typical price (high + low + close) / 3 since the start.
///
/// It never forgets by itself: `reset` it where a session begins. Ready from the first bar with
/// volume; bars without volume change nothing.
#[derive(Debug, Clone)]
pub struct Vwap {
    volume: f64,
    value: f64,
}

impl Vwap {
    /// A volume-weighted average that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self {
            volume: 0.0,
            value: f64::NAN,
        }
    }

    /// Takes one bar in and returns the average price.
    #[inline]
    pub fn update(&mut self, high: f64, low: f64, close: f64, volume: f64) -> f64 {
        // Offsets from the close keep a constant price exact.
        let typical = close + ((high - close) + (low - close)) / 3.0;
        let before = self.volume;
        self.volume += volume;
        if before > 0.0 {
            self.value += (typical - self.value) * (volume / self.volume);
        } else if self.volume > 0.0 {
            self.value = typical;
        }
        self.value
    }

    /// The average price, NaN until ready.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.value
    }

    /// Whether any volume was seen.
    #[must_use]
    pub fn ready(&self) -> bool {
        self.volume > 0.0
    }

    /// Forgets every bar; call it where a session begins.
    pub fn reset(&mut self) {
        *self = Self::new();
    }

    /// The average price after each bar of four columns, from a fresh start.
    ///
    /// # Errors
    /// `Length` when the columns are not equally long.
    pub fn batch(
        &self,
        high: &[f64],
        low: &[f64],
        close: &[f64],
        volume: &[f64],
    ) -> Result<Vec<f64>, IndicatorError> {
        same_length(&[
            ("high", high),
            ("low", low),
            ("close", close),
            ("volume", volume),
        ])?;
        let mut fresh = Self::new();
        let bars = high.iter().zip(low).zip(close).zip(volume);
        Ok(bars
            .map(|(((&h, &l), &c), &v)| fresh.update(h, l, c, v))
            .collect())
    }
}

impl Default for Vwap {
    fn default() -> Self {
        Self::new()
    }
}
