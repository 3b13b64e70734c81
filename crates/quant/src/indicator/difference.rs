//! Differences of moving averages: MACD and the price oscillators.

use super::adaptive::{Average, AverageKind};
use super::average::{run_emas, Ema};
use super::column::{each_row, retold, SCRATCH};
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

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        let (&[xs], [macd, signal, histogram]) = (columns, lines) else {
            return 0;
        };
        let n = xs.len();
        let skipped = (self.delay - self.seen).min(n);
        self.seen += skipped;
        let mut slow = SCRATCH;
        let pair = [&mut self.fast, &mut self.slow];
        let untold = run_emas(pair, (xs, skipped), [&mut *macd, &mut slow[..n]]);
        retold(&mut macd[untold..], [&slow[untold..n]], |fast, [slow]| {
            fast - slow
        });
        let told = untold + self.signal.write(&macd[untold..], &mut signal[untold..]);
        let pair = [&macd[told..], &signal[told..]];
        each_row(pair, &mut histogram[told..], |[macd, signal]| macd - signal);
        told
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

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        let (&[xs], [macd, signal, histogram]) = (columns, lines) else {
            return 0;
        };
        let n = xs.len();
        let mut slow = SCRATCH;
        let skip = |delay: usize| delay.saturating_sub(self.seen).min(n);
        let (first, second) = (skip(self.delays.0), skip(self.delays.1));
        self.seen = self.seen.saturating_add(n);
        let fast = self.fast.run(&[&xs[first..]], &mut [&mut macd[first..]]);
        let slow_line = &mut slow[second..n];
        let untold = second + self.slow.run(&[&xs[second..]], &mut [slow_line]);
        let untold = untold.max(first + fast);
        retold(&mut macd[untold..], [&slow[untold..n]], |fast, [slow]| {
            fast - slow
        });
        let mut slots = [&mut signal[untold..]];
        let told = untold + self.signal.run(&[&macd[untold..]], &mut slots);
        let pair = [&macd[told..], &signal[told..]];
        each_row(pair, &mut histogram[told..], |[macd, signal]| macd - signal);
        told
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

    /// Writes what is told of both averages of a stretch; the slow one is never there before the
    /// fast one.
    fn write(
        &mut self,
        columns: &[&[f64]],
        lines: &mut [&mut [f64]],
        told: impl Fn(f64, f64) -> f64,
    ) -> usize {
        let mut slow = SCRATCH;
        self.fast.run(columns, lines);
        let [line] = lines else {
            return 0;
        };
        let slow = &mut slow[..line.len()];
        let untold = self.slow.run(columns, &mut [&mut *slow]);
        retold(&mut line[untold..], [&slow[untold..]], |fast, [slow]| {
            told(fast, slow)
        });
        untold
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

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        self.write(columns, lines, |fast, slow| fast - slow)
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

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        let told = |fast, slow| 100.0 * ratio(fast - slow, slow);
        self.0.write(columns, lines, told)
    }
}
