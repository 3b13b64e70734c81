//! Targets: positions that a strategy wants, worked with market orders.
//!
//! A target waits while orders of its instrument that work against it are being cancelled, and is
//! dropped when the venue or risk refuses an order for it, so that nothing is tried in a circle.
//! The newest word counts: an order that the strategy sends itself ends what it wanted before, so
//! does a cancel of what works for it, and a stop at the venue that is reached.

use alloc::vec::Vec;
use py_rt_types::{ClientOrderId, InstrumentId, Qty};

use super::{Order, Orders};
use crate::signal::StrategyId;

/// What to do next for a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TargetStep {
    /// Nothing: it is reached or on its way.
    Rest,
    /// Send a market order of this signed quantity.
    Send(Qty),
    /// Cancel these first.
    Cancel(Vec<ClientOrderId>),
}

/// Wanted positions by strategy and instrument.
#[derive(Debug, Clone)]
pub(crate) struct Targets {
    wanted: Vec<Option<Qty>>,
    instruments: usize,
}

impl Targets {
    pub(crate) fn new(instruments: usize, strategies: usize) -> Self {
        Self {
            wanted: alloc::vec![None; instruments * (strategies + 1)],
            instruments,
        }
    }

    #[inline]
    fn place(&self, strategy: StrategyId, instrument: InstrumentId) -> usize {
        usize::from(strategy.0) * self.instruments + instrument.index()
    }

    #[inline]
    pub(crate) fn set(&mut self, strategy: StrategyId, instrument: InstrumentId, qty: Option<Qty>) {
        let place = self.place(strategy, instrument);
        if let Some(wanted) = self.wanted.get_mut(place) {
            *wanted = qty;
        }
    }

    pub(crate) fn clear(&mut self) {
        self.wanted.fill(None);
    }

    /// Changes what a strategy wants of an instrument.
    pub(crate) fn scale(
        &mut self,
        strategy: StrategyId,
        instrument: InstrumentId,
        change: impl FnOnce(Qty) -> Option<Qty>,
    ) {
        let place = self.place(strategy, instrument);
        if let Some(wanted) = self.wanted.get_mut(place) {
            *wanted = wanted.and_then(change);
        }
    }

    /// Forgets what one strategy wants.
    pub(crate) fn clear_of(&mut self, strategy: StrategyId) {
        let first = usize::from(strategy.0) * self.instruments;
        let own = self.wanted.iter_mut().skip(first).take(self.instruments);
        own.for_each(|wanted| *wanted = None);
    }

    /// What to do next for an instrument of which the strategy holds `held`.
    pub(crate) fn next_step(
        &self,
        orders: &Orders,
        strategy: StrategyId,
        instrument: InstrumentId,
        held: Qty,
    ) -> TargetStep {
        let place = self.place(strategy, instrument);
        let Some(wanted) = self.wanted.get(place).copied().flatten() else {
            return TargetStep::Rest;
        };
        let missing = orders.missing(strategy, instrument, held, wanted);
        if missing == 0 {
            return TargetStep::Rest;
        }
        // A stop is in the way of an order of its own side: the venue, and the limits, keep what it
        // may execute.
        let is_against = |order: &&Order| {
            let same_side = order.signed_leaves().signum() == missing.signum();
            same_side == order.stop_price.is_some()
        };
        let against: Vec<ClientOrderId> = orders
            .open()
            .iter()
            .filter(|order| order.strategy == strategy && order.instrument == instrument)
            .filter(|order| order.signed_leaves() != 0)
            .filter(is_against)
            .map(|order| order.client_order_id)
            .collect();
        if against.is_empty() {
            TargetStep::Send(Qty(missing))
        } else {
            TargetStep::Cancel(against)
        }
    }
}
