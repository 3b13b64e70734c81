//! Bars from trades: by time, by activity, by information.
//!
//! Every builder has the same verbs ([`Bars`]): `update` takes one trade in and hands out the bars
//! that it closed, `advance` lets time pass without a trade, `finish` hands out what is still open.
//! A column of trades is the same loop, so the two roads agree to the last bit. No builder looks
//! ahead: a bar is handed out when the trade that ends it (or the first one after its end) is seen.
//!
//! - `time.rs`: any number of frames at once, aligned to the epoch or to the opens of sessions.
//! - `activity.rs`: every n trades, units or units of money. `information.rs`: imbalance and runs.

use core::fmt;

mod activity;
mod information;
mod time;

pub use activity::{ActivityBars, Measure};
pub use information::{Expectations, ImbalanceBars, RunsBars};
pub use time::{Session, TimeBars};

/// One trade.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trade {
    /// When it happened [ns UTC].
    pub ts: i64,
    /// Price, finite.
    pub price: f64,
    /// Quantity, finite and not negative.
    pub qty: f64,
    /// The aggressor: 1 bought, -1 sold, 0 unknown.
    pub side: i8,
}

/// One bar, labelled by its close.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bar {
    /// Where its interval begins, or its first trade [ns UTC].
    pub ts_open: i64,
    /// Where its interval ends, or its last trade [ns UTC].
    pub ts_close: i64,
    /// The length of its interval; 0 when it is not of time [ns].
    pub frame: i64,
    /// Price of the first trade.
    pub open: f64,
    /// Highest price.
    pub high: f64,
    /// Lowest price.
    pub low: f64,
    /// Price of the last trade.
    pub close: f64,
    /// Sum of quantities.
    pub volume: f64,
    /// Sum of price times quantity.
    pub value: f64,
    /// Sum of the quantities that the aggressor bought.
    pub buy_volume: f64,
    /// Number of trades.
    pub count: u64,
}

impl Bar {
    /// A bar of one trade, from `ts_open` until `ts_close`.
    fn of(trade: &Trade, ts_open: i64, ts_close: i64, frame: i64) -> Self {
        let mut bar = Self {
            ts_open,
            ts_close,
            frame,
            open: trade.price,
            high: trade.price,
            low: trade.price,
            close: trade.price,
            volume: 0.0,
            value: 0.0,
            buy_volume: 0.0,
            count: 0,
        };
        bar.add(trade);
        bar
    }

    /// Adds one trade.
    #[inline]
    fn add(&mut self, trade: &Trade) {
        self.high = self.high.max(trade.price);
        self.low = self.low.min(trade.price);
        self.close = trade.price;
        self.volume += trade.qty;
        self.value += trade.price * trade.qty;
        if trade.side > 0 {
            self.buy_volume += trade.qty;
        }
        self.count += 1;
    }
}

/// What can be wrong with a trade or a parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum BarError {
    /// A parameter is outside its range.
    Parameter {
        /// The parameter.
        name: &'static str,
        /// What it must be.
        must: &'static str,
    },
    /// A trade has a number that is none.
    Number {
        /// The column.
        name: &'static str,
        /// What it must be.
        must: &'static str,
    },
    /// A trade lies before the one before it.
    Disorder {
        /// Its time.
        ts: i64,
        /// The time of the one before it.
        last: i64,
    },
}

impl BarError {
    /// The parameter or column that is wrong.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Parameter { name, .. } | Self::Number { name, .. } => name,
            Self::Disorder { .. } => "ts",
        }
    }
}

impl fmt::Display for BarError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parameter { name, must } | Self::Number { name, must } => {
                write!(f, "{name} must be {must}")
            }
            Self::Disorder { ts, last } => {
                write!(f, "time {ts} lies before {last}, that of the trade before")
            }
        }
    }
}

impl core::error::Error for BarError {}

/// A builder of bars.
pub trait Bars: fmt::Debug + Send + Sync {
    /// Takes one trade in, and hands out the bars that are closed by it.
    ///
    /// # Errors
    /// `Number` or `Disorder`; the state is as it was.
    fn update(&mut self, trade: &Trade, closed: &mut Vec<Bar>) -> Result<(), BarError>;

    /// Lets time pass until `now`, and hands out the bars that end by then.
    fn advance(&mut self, now: i64, closed: &mut Vec<Bar>);

    /// Hands out the bars that are open, as they are, and forgets everything.
    fn finish(&mut self, open: &mut Vec<Bar>);

    /// A builder with the same parameters that has seen nothing.
    fn fresh(&self) -> Box<dyn Bars>;
}

/// Refuses a trade with numbers that are none, or before `last`.
fn check(trade: &Trade, last: i64) -> Result<(), BarError> {
    let number = |name, must| Err(BarError::Number { name, must });
    if !trade.price.is_finite() {
        return number("price", "a finite number");
    }
    if !(trade.qty.is_finite() && trade.qty >= 0.0) {
        return number("qty", "a finite number, 0 or more");
    }
    if !(-1..=1).contains(&trade.side) {
        return number("side", "1 (bought), -1 (sold) or 0 (unknown)");
    }
    if trade.ts < last {
        let ts = trade.ts;
        return Err(BarError::Disorder { ts, last });
    }
    Ok(())
}

/// Returns the number when it is positive and finite.
fn positive(name: &'static str, value: f64) -> Result<f64, BarError> {
    if value.is_finite() && value > 0.0 {
        Ok(value)
    } else {
        let must = "a finite number above 0";
        Err(BarError::Parameter { name, must })
    }
}
