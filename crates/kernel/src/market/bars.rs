//! Time bars from trades, labelled by their close.

use alloc::vec::Vec;
use py_rt_types::{Bar, Decimal, InstrumentId, MarketEvent, UnixNanos};

/// The volume of a bar in whole lots, towards zero.
pub(crate) fn volume_lots(bar: &Bar, lot_size: Decimal) -> i64 {
    let lot = lot_size.mantissa() as f64 / 10u64.pow(lot_size.scale()) as f64;
    (bar.volume / lot) as i64
}

/// Builds bars of one interval, aligned to the epoch, for every instrument of a run.
///
/// A bar closes when time reaches its end, whether or not a trade arrives; an interval without a
/// trade has no bar. Volume is in lots times `lot_size`.
#[derive(Debug, Clone)]
pub struct BarBuilder {
    interval_ns: i64,
    lot_sizes: Vec<f64>,
    open: Vec<Option<Bar>>,
    next_close: UnixNanos,
}

impl BarBuilder {
    /// A builder; `lot_sizes` gives one lot of each instrument in units. None without an interval.
    #[must_use]
    pub fn new(interval_ns: i64, lot_sizes: Vec<f64>) -> Option<Self> {
        if interval_ns <= 0 {
            return None;
        }
        let open = alloc::vec![None; lot_sizes.len()];
        Some(Self {
            interval_ns,
            lot_sizes,
            open,
            next_close: UnixNanos::MAX,
        })
    }

    /// When the next open bar closes; `UnixNanos::MAX` when none is open.
    #[inline]
    #[must_use]
    pub const fn poll_timeout(&self) -> UnixNanos {
        self.next_close
    }

    /// Takes one bar that has closed at `now`, in order of close, then instrument.
    pub fn poll_closed(&mut self, now: UnixNanos) -> Option<Bar> {
        if now < self.next_close {
            return None;
        }
        let due = self.next_close;
        let slot = self
            .open
            .iter_mut()
            .find(|bar| bar.is_some_and(|b| b.ts_close == due))?;
        let closed = slot.take();
        self.next_close = self.earliest_close();
        closed
    }

    /// Adds a trade. Closed bars must have been taken first.
    pub fn handle_trade(&mut self, now: UnixNanos, trade: &MarketEvent) {
        let index = trade.instrument.index();
        let (Some(slot), Some(&lot)) = (self.open.get_mut(index), self.lot_sizes.get(index)) else {
            return;
        };
        let volume = trade.qty.0 as f64 * lot;
        match slot {
            Some(bar) => {
                bar.high = bar.high.max(trade.price);
                bar.low = bar.low.min(trade.price);
                bar.close = trade.price;
                bar.volume += volume;
            }
            None => {
                let start = now.0.div_euclid(self.interval_ns) * self.interval_ns;
                *slot = Some(Bar {
                    ts_open: UnixNanos(start),
                    ts_close: UnixNanos(start.saturating_add(self.interval_ns)),
                    instrument: InstrumentId(trade.instrument.0),
                    flags: 0,
                    open: trade.price,
                    high: trade.price,
                    low: trade.price,
                    close: trade.price,
                    volume,
                });
            }
        }
        self.next_close = self.earliest_close();
    }

    fn earliest_close(&self) -> UnixNanos {
        self.open
            .iter()
            .flatten()
            .map(|bar| bar.ts_close)
            .min()
            .unwrap_or(UnixNanos::MAX)
    }
}
