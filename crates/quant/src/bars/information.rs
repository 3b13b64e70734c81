//! Bars of equal information: they end when buying and selling differ by more than was expected.
//!
//! A trade is signed by its aggressor; where that is unknown, by the tick rule: as the change of
//! the price, and where it did not change, as the trade before (0 before the first change). The
//! expectations that decide where a bar ends come from the bars before it and do not move while it
//! is open. The first bar has no past: it ends after the expected number of trades.

use super::activity::{join, Measure};
use super::{check, positive, Bar, BarError, Bars, Trade};

/// How expectations begin and how fast they follow.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expectations {
    /// Trades of a bar that are expected at first, 1 or more.
    pub count: f64,
    /// The expected trades never fall below this, 1 or more.
    pub count_min: f64,
    /// Nor do they rise above this.
    pub count_max: f64,
    /// Span of the exponential averages, in bars, 1 or more: the newest weighs 2 / (span + 1).
    pub span: f64,
}

impl Expectations {
    fn checked(self) -> Result<Self, BarError> {
        let parameter = |name, must| Err(BarError::Parameter { name, must });
        positive("count", self.count)?;
        if !(self.count_min >= 1.0 && self.count_min <= self.count) {
            return parameter("count_min", "between 1 and count");
        }
        if self.count_max < self.count || self.count_max.is_nan() {
            return parameter("count_max", "not less than count");
        }
        if !(self.span >= 1.0 && self.span.is_finite()) {
            return parameter("span", "a finite number, 1 or more");
        }
        Ok(self)
    }

    /// An exponential average that begins with its first value.
    #[inline]
    fn follow(&self, average: Option<f64>, x: f64) -> Option<f64> {
        let weight = 2.0 / (self.span + 1.0);
        Some(average.map_or(x, |average| average + weight * (x - average)))
    }

    fn count_after(&self, expected: f64, count: f64) -> f64 {
        let followed = self.follow(Some(expected), count).unwrap_or(expected);
        followed.clamp(self.count_min, self.count_max)
    }
}

/// The sign of a trade by its aggressor or the tick rule.
#[derive(Debug, Clone, Default)]
struct Signs {
    last_price: Option<f64>,
    sign: f64,
}

impl Signs {
    #[inline]
    fn of(&mut self, trade: &Trade) -> f64 {
        let last = self.last_price.replace(trade.price);
        if trade.side != 0 {
            self.sign = f64::from(trade.side);
        } else if let Some(last) = last {
            if trade.price > last {
                self.sign = 1.0;
            } else if trade.price < last {
                self.sign = -1.0;
            }
        }
        self.sign
    }
}

/// What the two kinds share: the open bar and the signs.
#[derive(Debug, Clone)]
struct Opening {
    measure: Measure,
    expectations: Expectations,
    signs: Signs,
    open: Option<Bar>,
    expected_count: f64,
    last: i64,
}

impl Opening {
    fn new(measure: Measure, expectations: Expectations) -> Result<Self, BarError> {
        let expectations = expectations.checked()?;
        Ok(Self {
            measure,
            expectations,
            signs: Signs::default(),
            open: None,
            expected_count: expectations.count,
            last: i64::MIN,
        })
    }

    /// Takes one trade in; its sign, what it counts for, and the trades of the bar so far.
    fn take(&mut self, trade: &Trade) -> Result<(f64, f64, f64), BarError> {
        check(trade, self.last)?;
        self.last = trade.ts;
        let sign = self.signs.of(trade);
        let count = join(&mut self.open, trade).count as f64;
        Ok((sign, self.measure.of(trade), count))
    }

    /// Ends the bar and learns its number of trades.
    fn end(&mut self, closed: &mut Vec<Bar>, count: f64) {
        closed.extend(self.open.take());
        self.expected_count = self.expectations.count_after(self.expected_count, count);
    }

    fn finish(&mut self, open: &mut Vec<Bar>) {
        open.extend(self.open.take());
        self.signs = Signs::default();
        self.expected_count = self.expectations.count;
        self.last = i64::MIN;
    }
}

/// Imbalance bars: a bar ends when |sum of signed measures| reaches what was expected of it.
///
/// Expected: expected trades times |expected signed measure of a trade|, both exponential averages
/// over the bars before. With ticks E[T] |2 P[b = 1] - 1|, with volume E[T] |2 v+ - E[v]|.
///
/// # Source
/// López de Prado 2018, Advances in Financial Machine Learning, sections 2.3.2.1 and 2.3.2.2.
#[derive(Debug, Clone)]
pub struct ImbalanceBars {
    opening: Opening,
    imbalance: f64,
    /// Expected signed measure of one trade.
    expected: Option<f64>,
}

impl ImbalanceBars {
    /// What a trade counts for, and the expectations.
    ///
    /// # Errors
    /// `Parameter` when an expectation is outside its range.
    pub fn new(measure: Measure, expectations: Expectations) -> Result<Self, BarError> {
        Ok(Self {
            opening: Opening::new(measure, expectations)?,
            imbalance: 0.0,
            expected: None,
        })
    }
}

impl Bars for ImbalanceBars {
    fn update(&mut self, trade: &Trade, closed: &mut Vec<Bar>) -> Result<(), BarError> {
        let (sign, amount, count) = self.opening.take(trade)?;
        self.imbalance += sign * amount;
        let ends = match self.expected {
            Some(each) => self.imbalance.abs() >= self.opening.expected_count * each.abs(),
            None => count >= self.opening.expected_count,
        };
        if ends {
            let follow = self.opening.expectations;
            self.expected = follow.follow(self.expected, self.imbalance / count);
            self.opening.end(closed, count);
            self.imbalance = 0.0;
        }
        Ok(())
    }

    fn advance(&mut self, now: i64, _closed: &mut Vec<Bar>) {
        self.opening.last = self.opening.last.max(now);
    }

    fn finish(&mut self, open: &mut Vec<Bar>) {
        self.opening.finish(open);
        self.imbalance = 0.0;
        self.expected = None;
    }

    fn fresh(&self) -> Box<dyn Bars> {
        let mut fresh = self.clone();
        fresh.finish(&mut Vec::new());
        Box::new(fresh)
    }
}

/// One direction of the runs: what it counted in the bar, and what is expected of a trade in it.
#[derive(Debug, Clone, Copy, Default)]
struct Direction {
    sum: f64,
    trades: f64,
    expected: Option<f64>,
}

/// Runs bars: a bar ends when the greater of bought and sold measure reaches what was expected.
///
/// Expected: expected trades times max(P[b = 1] E[v | b = 1], (1 - P[b = 1]) E[v | b = -1]), all
/// exponential averages over the bars before. With ticks v is 1.
///
/// # Source
/// López de Prado 2018, Advances in Financial Machine Learning, sections 2.3.2.3 and 2.3.2.4.
#[derive(Debug, Clone)]
pub struct RunsBars {
    opening: Opening,
    bought: Direction,
    sold: Direction,
    /// Expected share of trades that buy.
    share: Option<f64>,
}

impl RunsBars {
    /// What a trade counts for, and the expectations.
    ///
    /// # Errors
    /// `Parameter` when an expectation is outside its range.
    pub fn new(measure: Measure, expectations: Expectations) -> Result<Self, BarError> {
        Ok(Self {
            opening: Opening::new(measure, expectations)?,
            bought: Direction::default(),
            sold: Direction::default(),
            share: None,
        })
    }

    /// Where the bar ends; None without a past.
    fn threshold(&self) -> Option<f64> {
        let share = self.share?;
        let bought = share * self.bought.expected.unwrap_or(0.0);
        let sold = (1.0 - share) * self.sold.expected.unwrap_or(0.0);
        Some(self.opening.expected_count * bought.max(sold))
    }

    /// Learns from the bar that ended.
    fn learn(&mut self) {
        let follow = self.opening.expectations;
        let signed = self.bought.trades + self.sold.trades;
        if signed > 0.0 {
            self.share = follow.follow(self.share, self.bought.trades / signed);
        }
        for direction in [&mut self.bought, &mut self.sold] {
            if direction.trades > 0.0 {
                let each = direction.sum / direction.trades;
                direction.expected = follow.follow(direction.expected, each);
            }
            direction.sum = 0.0;
            direction.trades = 0.0;
        }
    }
}

impl Bars for RunsBars {
    fn update(&mut self, trade: &Trade, closed: &mut Vec<Bar>) -> Result<(), BarError> {
        let (sign, amount, count) = self.opening.take(trade)?;
        if sign != 0.0 {
            let direction = if sign > 0.0 {
                &mut self.bought
            } else {
                &mut self.sold
            };
            direction.sum += amount;
            direction.trades += 1.0;
        }
        let ends = match self.threshold() {
            Some(threshold) => self.bought.sum.max(self.sold.sum) >= threshold,
            None => count >= self.opening.expected_count,
        };
        if ends {
            self.learn();
            self.opening.end(closed, count);
        }
        Ok(())
    }

    fn advance(&mut self, now: i64, _closed: &mut Vec<Bar>) {
        self.opening.last = self.opening.last.max(now);
    }

    fn finish(&mut self, open: &mut Vec<Bar>) {
        self.opening.finish(open);
        self.bought = Direction::default();
        self.sold = Direction::default();
        self.share = None;
    }

    fn fresh(&self) -> Box<dyn Bars> {
        let mut fresh = self.clone();
        fresh.finish(&mut Vec::new());
        Box::new(fresh)
    }
}
