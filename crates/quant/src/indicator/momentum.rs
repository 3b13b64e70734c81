//! Momentum: relative strength, convergence of averages, stochastic oscillator.

use super::average::{Ema, Sma};
use super::error::{period, same_length, IndicatorError};
use super::volatility::Wilder;
use super::window::{Highest, Lowest, Window};

/// Averages that decay over thousands of flat bars lose their digits below this.
const MOVEMENT_MIN: f64 = 1e-290;

/// Relative strength index, 0 to 100: 100 * gain / (gain + loss) with Wilder's averages.
///
/// Ready after `period` changes, that is `period + 1` values. If nothing ever moved it is 0, as in
/// TA-Lib; on a flat stretch after movement it keeps its value.
///
/// # Source
/// Wilder 1978, New Concepts in Technical Trading Systems.
#[derive(Debug, Clone)]
pub struct Rsi {
    gain: Wilder,
    loss: Wilder,
    last: Option<f64>,
    value: f64,
}

impl Rsi {
    /// A relative strength index over `len` changes, 2 or more.
    ///
    /// # Errors
    /// `Period` when `len` is outside 2..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        let average = Wilder::new(period("period", len, 2)?);
        Ok(Self {
            gain: average.clone(),
            loss: average,
            last: None,
            value: f64::NAN,
        })
    }

    /// Takes one value in and returns the index.
    #[inline]
    pub fn update(&mut self, x: f64) -> f64 {
        let Some(last) = self.last.replace(x) else {
            return self.value;
        };
        let change = x - last;
        let gain = self.gain.update(change.max(0.0));
        let loss = self.loss.update((-change).max(0.0));
        let movement = gain + loss;
        if movement >= MOVEMENT_MIN {
            self.value = 100.0 * (gain / movement);
        } else if movement == 0.0 {
            self.value = 0.0;
        }
        // Else not ready, or flat for so long that only the last ratio is left: it stays.
        self.value
    }

    /// The last index, NaN until ready.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.value
    }

    /// Whether `period + 1` values were seen.
    #[must_use]
    pub fn ready(&self) -> bool {
        self.gain.ready()
    }

    /// Forgets every value.
    pub fn reset(&mut self) {
        self.gain.reset();
        self.loss.reset();
        self.last = None;
        self.value = f64::NAN;
    }

    /// The index after each value of a column, from a fresh start.
    #[must_use]
    pub fn batch(&self, xs: &[f64]) -> Vec<f64> {
        let mut fresh = self.clone();
        fresh.reset();
        xs.iter().map(|&x| fresh.update(x)).collect()
    }
}

/// What [`Macd`] says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MacdValue {
    /// Fast average less slow average.
    pub macd: f64,
    /// Exponential average of `macd`.
    pub signal: f64,
    /// `macd - signal`.
    pub histogram: f64,
}

impl MacdValue {
    const UNKNOWN: Self = Self {
        macd: f64::NAN,
        signal: f64::NAN,
        histogram: f64::NAN,
    };
}

/// Moving average convergence / divergence: EMA(fast) - EMA(slow), and its EMA(signal).
///
/// As in TA-Lib the fast average is seeded late, so that both averages start on the same bar, and
/// all three outputs start together, after `slow + signal - 1` values.
///
/// # Source
/// Appel 1979.
#[derive(Debug, Clone)]
pub struct Macd {
    fast: Ema,
    slow: Ema,
    signal: Ema,
    /// How many values the fast average must not see.
    delay: usize,
    seen: usize,
    value: MacdValue,
}

impl Macd {
    /// A MACD with periods in bars, each 1 or more; usual are 12, 26 and 9.
    ///
    /// # Errors
    /// `Period` when one is outside 1..=`PERIOD_MAX`, `Order` when `fast` is not less than `slow`.
    pub fn new(fast: usize, slow: usize, signal: usize) -> Result<Self, IndicatorError> {
        let averages = (Ema::named("fast", fast)?, Ema::named("slow", slow)?);
        if fast >= slow {
            return Err(IndicatorError::Order { fast, slow });
        }
        Ok(Self {
            fast: averages.0,
            slow: averages.1,
            signal: Ema::named("signal", signal)?,
            delay: slow - fast,
            seen: 0,
            value: MacdValue::UNKNOWN,
        })
    }

    /// Takes one value in and returns the three lines.
    #[inline]
    pub fn update(&mut self, x: f64) -> MacdValue {
        if self.seen >= self.delay {
            self.fast.update(x);
        } else {
            self.seen += 1;
        }
        let slow = self.slow.update(x);
        if self.slow.ready() {
            let macd = self.fast.value() - slow;
            let signal = self.signal.update(macd);
            if self.signal.ready() {
                self.value = MacdValue {
                    macd,
                    signal,
                    histogram: macd - signal,
                };
            }
        }
        self.value
    }

    /// The last lines, NaN until ready.
    #[must_use]
    pub fn value(&self) -> MacdValue {
        self.value
    }

    /// Whether `slow + signal - 1` values were seen.
    #[must_use]
    pub fn ready(&self) -> bool {
        self.signal.ready()
    }

    /// Forgets every value.
    pub fn reset(&mut self) {
        self.fast.reset();
        self.slow.reset();
        self.signal.reset();
        self.seen = 0;
        self.value = MacdValue::UNKNOWN;
    }

    /// The lines after each value of a column, from a fresh start.
    #[must_use]
    pub fn batch(&self, xs: &[f64]) -> Vec<MacdValue> {
        let mut fresh = self.clone();
        fresh.reset();
        xs.iter().map(|&x| fresh.update(x)).collect()
    }
}

/// What [`Stochastic`] says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StochasticValue {
    /// Smoothed place of the close in the range, 0 to 100.
    pub k: f64,
    /// Simple average of `k`.
    pub d: f64,
}

impl StochasticValue {
    const UNKNOWN: Self = Self {
        k: f64::NAN,
        d: f64::NAN,
    };
}

/// Slow stochastic oscillator: where the close stands in the range of the last `period` bars.
///
/// Raw = 100 * (close - lowest) / (highest - lowest), 0 on a flat range as in TA-Lib; k is its
/// simple average over `k_smooth` bars and d that of k over `d_smooth`. Both start together, after
/// `period + k_smooth + d_smooth - 2` bars.
///
/// # Source
/// Lane 1984.
#[derive(Debug, Clone)]
pub struct Stochastic {
    highest: Window<Highest>,
    lowest: Window<Lowest>,
    k: Sma,
    d: Sma,
    value: StochasticValue,
}

impl Stochastic {
    /// A slow stochastic with lengths in bars, each 1 or more; usual are 14, 3 and 3.
    ///
    /// # Errors
    /// `Period` when one is outside 1..=`PERIOD_MAX`.
    pub fn new(len: usize, k_smooth: usize, d_smooth: usize) -> Result<Self, IndicatorError> {
        let len = period("period", len, 1)?;
        Ok(Self {
            highest: Window::new(len),
            lowest: Window::new(len),
            k: Sma::new(period("k_smooth", k_smooth, 1)?)?,
            d: Sma::new(period("d_smooth", d_smooth, 1)?)?,
            value: StochasticValue::UNKNOWN,
        })
    }

    /// Takes one bar in and returns both lines.
    #[inline]
    pub fn update(&mut self, high: f64, low: f64, close: f64) -> StochasticValue {
        let (top, bottom) = (self.highest.push(high), self.lowest.push(low));
        if let (Some(top), Some(bottom)) = (top, bottom) {
            let lowest = bottom.tail.min(bottom.head);
            let percent = (top.tail.max(top.head) - lowest) / 100.0;
            let raw = if percent == 0.0 {
                0.0
            } else {
                (close - lowest) / percent
            };
            let k = self.k.update(raw);
            if self.k.ready() {
                let d = self.d.update(k);
                if self.d.ready() {
                    self.value = StochasticValue { k, d };
                }
            }
        }
        self.value
    }

    /// The last lines, NaN until ready.
    #[must_use]
    pub fn value(&self) -> StochasticValue {
        self.value
    }

    /// Whether `period + k_smooth + d_smooth - 2` bars were seen.
    #[must_use]
    pub fn ready(&self) -> bool {
        self.d.ready()
    }

    /// Forgets every bar.
    pub fn reset(&mut self) {
        self.highest.reset();
        self.lowest.reset();
        self.k.reset();
        self.d.reset();
        self.value = StochasticValue::UNKNOWN;
    }

    /// The lines after each bar of three columns, from a fresh start.
    ///
    /// # Errors
    /// `Length` when the columns are not equally long.
    pub fn batch(
        &self,
        high: &[f64],
        low: &[f64],
        close: &[f64],
    ) -> Result<Vec<StochasticValue>, IndicatorError> {
        same_length(&[("high", high), ("low", low), ("close", close)])?;
        let mut fresh = self.clone();
        fresh.reset();
        let bars = high.iter().zip(low).zip(close);
        Ok(bars
            .map(|((&high, &low), &close)| fresh.update(high, low, close))
            .collect())
    }
}
