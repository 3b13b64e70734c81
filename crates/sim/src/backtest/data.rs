//! The data of a run, borrowed from whoever holds them.

use py_rt_types::{Bar, MarketEvent};

/// Market rows in receive order and bars by rising close.
#[derive(Debug, Clone, Copy, Default)]
pub struct BacktestData<'a> {
    /// Rows of every instrument, in receive order.
    pub events: &'a [MarketEvent],
    /// Bars of every instrument, by rising close.
    pub bars: &'a [Bar],
}
