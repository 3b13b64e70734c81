//! Bars of equal activity: every n trades, units, or units of money.

use super::{check, positive, Bar, BarError, Bars, Trade};

/// What a trade counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Each trade for 1.
    Ticks,
    /// Its quantity.
    Volume,
    /// Its price times its quantity.
    Dollars,
}

impl Measure {
    /// What one trade counts for.
    #[inline]
    pub(super) fn of(self, trade: &Trade) -> f64 {
        match self {
            Self::Ticks => 1.0,
            Self::Volume => trade.qty,
            Self::Dollars => trade.price * trade.qty,
        }
    }
}

/// A bar ends with the trade by which its measure reaches a size; trades are not split.
///
/// # Source
/// López de Prado 2018, Advances in Financial Machine Learning, sections 2.3.1.2 to 2.3.1.4.
#[derive(Debug, Clone)]
pub struct ActivityBars {
    measure: Measure,
    size: f64,
    open: Option<Bar>,
    done: f64,
    last: i64,
}

impl ActivityBars {
    /// The measure and its size, above 0.
    ///
    /// # Errors
    /// `Parameter` when the size is not positive.
    pub fn new(measure: Measure, size: f64) -> Result<Self, BarError> {
        Ok(Self {
            measure,
            size: positive("size", size)?,
            open: None,
            done: 0.0,
            last: i64::MIN,
        })
    }
}

/// Adds a trade to the bar that is open, or opens one.
pub(super) fn join<'a>(open: &'a mut Option<Bar>, trade: &Trade) -> &'a mut Bar {
    if let Some(bar) = open {
        bar.add(trade);
        bar.ts_close = trade.ts;
    }
    open.get_or_insert_with(|| Bar::of(trade, trade.ts, trade.ts, 0))
}

impl Bars for ActivityBars {
    fn update(&mut self, trade: &Trade, closed: &mut Vec<Bar>) -> Result<(), BarError> {
        check(trade, self.last)?;
        self.last = trade.ts;
        join(&mut self.open, trade);
        self.done += self.measure.of(trade);
        if self.done >= self.size {
            closed.extend(self.open.take());
            self.done = 0.0;
        }
        Ok(())
    }

    fn advance(&mut self, now: i64, _closed: &mut Vec<Bar>) {
        self.last = self.last.max(now);
    }

    fn finish(&mut self, open: &mut Vec<Bar>) {
        open.extend(self.open.take());
        self.done = 0.0;
        self.last = i64::MIN;
    }

    fn fresh(&self) -> Box<dyn Bars> {
        let mut fresh = self.clone();
        fresh.finish(&mut Vec::new());
        Box::new(fresh)
    }
}
