//! Differences of moving averages: MACD and the price oscillators.

use super::adaptive::{Average, AverageKind};
use super::average::Ema;
use super::error::IndicatorError;
use super::momentum::ratio;
use super::stream::{lines, Indicator};

lines!(
    /// What the MACD family says.
    MacdValue {
        /// Fast average less slow average.
        macd,
        /// Average of `macd`.
        signal,
        /// `macd - signal`.
        histogram
    }
);

/// Moving average convergence / divergence with exponential averages.
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
        })
    }

    /// With Appel's own weights .15 and .075 in place of those of 12 and 26 bars.
    ///
    /// # Errors
    /// `Period` when `signal` is outside 1..=`PERIOD_MAX`.
    pub fn fixed(signal: usize) -> Result<Self, IndicatorError> {
        Ok(Self {
            fast: Ema::weighted(12, 0.15),
            slow: Ema::weighted(26, 0.075),
            signal: Ema::named("signal", signal)?,
            delay: 14,
            seen: 0,
        })
    }
}

impl Indicator for Macd {
    type Row = f64;
    type Value = MacdValue;

    #[inline]
    fn update(&mut self, x: f64) -> Option<MacdValue> {
        let fast = if self.seen >= self.delay {
            self.fast.update(x)
        } else {
            self.seen += 1;
            None
        };
        let macd = fast
            .zip(self.slow.update(x))
            .map(|(fast, slow)| fast - slow)?;
        let signal = self.signal.update(macd)?;
        Some(MacdValue {
            macd,
            signal,
            histogram: macd - signal,
        })
    }

    fn reset(&mut self) {
        self.fast.reset();
        self.slow.reset();
        self.signal.reset();
        self.seen = 0;
    }
}

/// Moving average convergence / divergence with averages of any kind.
#[derive(Debug, Clone)]
pub struct MacdExt {
    fast: Average,
    slow: Average,
    signal: Average,
    /// How many values each of the first two must not see, so that both start on the same bar.
    delays: (usize, usize),
    seen: usize,
}

impl MacdExt {
    /// Fast, slow and signal: each with its period in bars, 1 or more, and its kind of average.
    ///
    /// # Errors
    /// `Period` when one is outside 1..=`PERIOD_MAX`, `Order` when `fast` is not less than `slow`.
    pub fn new(
        fast: (usize, AverageKind),
        slow: (usize, AverageKind),
        signal: (usize, AverageKind),
    ) -> Result<Self, IndicatorError> {
        let averages = (
            Average::named("fast", fast.0, fast.1)?,
            Average::named("slow", slow.0, slow.1)?,
        );
        if fast.0 >= slow.0 {
            return Err(IndicatorError::Order {
                fast: fast.0,
                slow: slow.0,
            });
        }
        let lookbacks = (fast.1.lookback(fast.0), slow.1.lookback(slow.0));
        let longest = lookbacks.0.max(lookbacks.1);
        Ok(Self {
            fast: averages.0,
            slow: averages.1,
            signal: Average::named("signal", signal.0, signal.1)?,
            delays: (longest - lookbacks.0, longest - lookbacks.1),
            seen: 0,
        })
    }
}

impl Indicator for MacdExt {
    type Row = f64;
    type Value = MacdValue;

    #[inline]
    fn update(&mut self, x: f64) -> Option<MacdValue> {
        let after = |delay: usize, average: &mut Average| {
            if self.seen >= delay {
                average.update(x)
            } else {
                None
            }
        };
        let fast = after(self.delays.0, &mut self.fast);
        let slow = after(self.delays.1, &mut self.slow);
        self.seen = self.seen.saturating_add(1);
        let macd = fast? - slow?;
        let signal = self.signal.update(macd)?;
        Some(MacdValue {
            macd,
            signal,
            histogram: macd - signal,
        })
    }

    fn reset(&mut self) {
        self.fast.reset();
        self.slow.reset();
        self.signal.reset();
        self.seen = 0;
    }
}

/// Absolute price oscillator: fast average less slow average, each seeded on its own.
#[derive(Debug, Clone)]
pub struct Apo {
    fast: Average,
    slow: Average,
}

impl Apo {
    /// Periods in bars, each 1 or more, `fast < slow`, and the kind of both averages.
    ///
    /// # Errors
    /// `Period` when one is outside 1..=`PERIOD_MAX`, `Order` when `fast` is not less than `slow`.
    pub fn new(fast: usize, slow: usize, kind: AverageKind) -> Result<Self, IndicatorError> {
        let averages = (
            Average::named("fast", fast, kind)?,
            Average::named("slow", slow, kind)?,
        );
        if fast >= slow {
            return Err(IndicatorError::Order { fast, slow });
        }
        Ok(Self {
            fast: averages.0,
            slow: averages.1,
        })
    }

    #[inline]
    fn both(&mut self, x: f64) -> Option<(f64, f64)> {
        let fast = self.fast.update(x);
        fast.zip(self.slow.update(x))
    }

    /// Writes what is told of both averages; the slow one is never there before the fast one.
    fn write(&self, columns: &[&[f64]], lines: &mut [&mut [f64]], told: impl Fn(f64, f64) -> f64) {
        let mut slow = vec![0.0; columns.first().map_or(0, |column| column.len())];
        self.slow.write_lines(columns, &mut [&mut slow]);
        self.fast.write_lines(columns, lines);
        for (fast, slow) in lines.iter_mut().flat_map(|line| line.iter_mut()).zip(&slow) {
            *fast = told(*fast, *slow);
        }
    }
}

impl Indicator for Apo {
    type Row = f64;
    type Value = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        self.both(x).map(|(fast, slow)| fast - slow)
    }

    fn reset(&mut self) {
        self.fast.reset();
        self.slow.reset();
    }

    fn write_lines(&self, columns: &[&[f64]], lines: &mut [&mut [f64]]) {
        self.write(columns, lines, |fast, slow| fast - slow);
    }
}

/// Percentage price oscillator: 100 * (fast - slow) / slow; 0 where slow is 0, as in TA-Lib.
#[derive(Debug, Clone)]
pub struct Ppo(Apo);

impl Ppo {
    /// As [`Apo::new`].
    ///
    /// # Errors
    /// As [`Apo::new`].
    pub fn new(fast: usize, slow: usize, kind: AverageKind) -> Result<Self, IndicatorError> {
        Apo::new(fast, slow, kind).map(Self)
    }
}

impl Indicator for Ppo {
    type Row = f64;
    type Value = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        let (fast, slow) = self.0.both(x)?;
        Some(100.0 * ratio(fast - slow, slow))
    }

    fn reset(&mut self) {
        self.0.reset();
    }

    fn write_lines(&self, columns: &[&[f64]], lines: &mut [&mut [f64]]) {
        let told = |fast, slow| 100.0 * ratio(fast - slow, slow);
        self.0.write(columns, lines, told);
    }
}
