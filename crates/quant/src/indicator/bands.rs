//! Bands around a price, and the distance from one.

use super::average::Ema;
use super::error::{period, width, IndicatorError};
use super::folds::Moments;
use super::oscillator::Range;
use super::smooth::Sma;
use super::stream::{lines, Indicator};
use super::volatility::Atr;
use super::window::Window;

lines!(
    /// What the bands say.
    BandsValue {
        /// The upper band.
        upper,
        /// What the bands lie around.
        middle,
        /// The lower band.
        lower
    }
);

/// Bollinger bands: the simple average and `width` population standard deviations around it.
///
/// # Source
/// Bollinger 1983; TA-Lib's BBANDS with a simple average (ddof 0).
#[derive(Debug, Clone)]
pub struct Bollinger {
    window: Window<Moments>,
    period: f64,
    width: f64,
}

impl Bollinger {
    /// Bands over `len` bars, 2 or more, at `reach` standard deviations, more than 0; usual are 20
    /// and 2.
    ///
    /// # Errors
    /// `Period` or `Width` when a parameter is outside its range.
    pub fn new(len: usize, reach: f64) -> Result<Self, IndicatorError> {
        let len = period("period", len, 2)?;
        Ok(Self {
            window: Window::new(len),
            period: len as f64,
            width: width("width", reach)?,
        })
    }
}

impl Indicator for Bollinger {
    type Row = f64;
    type Value = BandsValue;

    #[inline]
    fn update(&mut self, x: f64) -> Option<BandsValue> {
        let parts = self.window.push(x)?;
        let (offset, deviation) = parts.mean_and_deviation(self.period);
        let middle = parts.anchor + offset;
        let reach = self.width * libm::sqrt(deviation / self.period);
        Some(BandsValue {
            upper: middle + reach,
            middle,
            lower: middle - reach,
        })
    }

    fn reset(&mut self) {
        self.window.reset();
    }
}

/// Keltner's channel: an exponential average of the close and average true ranges around it.
///
/// # Source
/// Keltner 1960, in the form of Linda Raschke.
#[derive(Debug, Clone)]
pub struct Keltner {
    middle: Ema,
    range: Atr,
    width: f64,
}

impl Keltner {
    /// The average over `len` bars, `reach` ranges over `range_len` bars; usual are 20, 2, 10.
    ///
    /// # Errors
    /// `Period` or `Width` when a parameter is outside its range.
    pub fn new(len: usize, reach: f64, range_len: usize) -> Result<Self, IndicatorError> {
        Ok(Self {
            middle: Ema::new(len)?,
            range: Atr::named("atr_period", range_len)?,
            width: width("width", reach)?,
        })
    }
}

impl Indicator for Keltner {
    type Row = [f64; 3];
    type Value = BandsValue;

    #[inline]
    fn update(&mut self, bar: [f64; 3]) -> Option<BandsValue> {
        let range = self.range.update(bar);
        let middle = self.middle.update(bar[2])?;
        let reach = self.width * range?;
        Some(BandsValue {
            upper: middle + reach,
            middle,
            lower: middle - reach,
        })
    }

    fn reset(&mut self) {
        self.middle.reset();
        self.range.reset();
    }
}

/// Donchian's channel: highest high, lowest low, and the middle between them.
///
/// # Source
/// Donchian 1960, The 5- and 20-day moving averages. The newest bar is part of the window.
#[derive(Debug, Clone)]
pub struct Donchian(Range);

impl Donchian {
    /// Over `len` bars, 1 or more; usual is 20.
    ///
    /// # Errors
    /// `Period` when `len` is outside 1..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        Ok(Self(Range::new(period("period", len, 1)?)))
    }
}

impl Indicator for Donchian {
    type Row = [f64; 2];
    type Value = BandsValue;

    #[inline]
    fn update(&mut self, [high, low]: [f64; 2]) -> Option<BandsValue> {
        let (upper, lower) = self.0.push(high, low)?;
        Some(BandsValue {
            upper,
            middle: (upper + lower) / 2.0,
            lower,
        })
    }

    fn reset(&mut self) {
        self.0.reset();
    }
}

/// Acceleration bands: simple averages of the close and of the bar stretched by its own range.
///
/// upper = SMA(high (1 + 4 (high - low) / (high + low))), lower = SMA(low (1 - the same)).
///
/// # Source
/// Headley 2002, Big Trends in Trading.
#[derive(Debug, Clone)]
pub struct AccBands {
    upper: Sma,
    middle: Sma,
    lower: Sma,
}

impl AccBands {
    /// Over `len` bars, 2 or more; usual is 20.
    ///
    /// # Errors
    /// `Period` when `len` is outside 2..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        let average = Sma::new(period("period", len, 2)?)?;
        Ok(Self {
            upper: average.clone(),
            middle: average.clone(),
            lower: average,
        })
    }
}

impl Indicator for AccBands {
    type Row = [f64; 3];
    type Value = BandsValue;

    #[inline]
    fn update(&mut self, [high, low, close]: [f64; 3]) -> Option<BandsValue> {
        let both = high + low;
        let (mut top, mut bottom) = (high, low);
        if both != 0.0 {
            let stretch = 4.0 * (high - low) / both;
            top = high * (1.0 + stretch);
            bottom = low * (1.0 - stretch);
        }
        let (upper, lower) = (self.upper.update(top), self.lower.update(bottom));
        let middle = self.middle.update(close)?;
        Some(BandsValue {
            upper: upper?,
            middle,
            lower: lower?,
        })
    }

    fn reset(&mut self) {
        self.upper.reset();
        self.middle.reset();
        self.lower.reset();
    }
}

/// Distance of the newest value from the mean of its window, in standard deviations (ddof 1).
///
/// The window ends at the newest value and contains it. Without variance the distance is 0.
#[derive(Debug, Clone)]
pub struct ZScore {
    window: Window<Moments>,
    period: f64,
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
        })
    }
}

impl Indicator for ZScore {
    type Row = f64;
    type Value = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        let parts = self.window.push(x)?;
        let (offset, deviation) = parts.mean_and_deviation(self.period);
        let sd = libm::sqrt(deviation / (self.period - 1.0));
        Some(if sd > 0.0 {
            (x - parts.anchor - offset) / sd
        } else {
            0.0
        })
    }

    fn reset(&mut self) {
        self.window.reset();
    }
}
