//! Targets: positions that the strategy wants, worked with market orders.
//!
//! A target waits while orders of its instrument that work against it are being cancelled, and is
//! dropped when the venue or risk refuses an order for it, so that nothing is tried in a circle.

use alloc::vec::Vec;
use py_rt_types::{ClientOrderId, InstrumentId, Qty};

use super::Orders;

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

/// Wanted positions by instrument.
#[derive(Debug, Clone)]
pub(crate) struct Targets {
    wanted: Vec<Option<Qty>>,
}

impl Targets {
    pub(crate) fn new(instruments: usize) -> Self {
        Self {
            wanted: alloc::vec![None; instruments],
        }
    }

    pub(crate) fn set(&mut self, instrument: InstrumentId, qty: Option<Qty>) {
        if let Some(wanted) = self.wanted.get_mut(instrument.index()) {
            *wanted = qty;
        }
    }

    pub(crate) fn clear(&mut self) {
        self.wanted.fill(None);
    }

    /// What to do next for an instrument that holds `held`.
    pub(crate) fn next_step(
        &self,
        orders: &Orders,
        instrument: InstrumentId,
        held: Qty,
    ) -> TargetStep {
        let Some(wanted) = self.wanted.get(instrument.index()).copied().flatten() else {
            return TargetStep::Rest;
        };
        let missing = orders.missing(instrument, held, wanted);
        if missing == 0 {
            return TargetStep::Rest;
        }
        let against: Vec<ClientOrderId> = orders
            .open()
            .iter()
            .filter(|order| order.instrument == instrument && order.signed_leaves() != 0)
            .filter(|order| order.signed_leaves().signum() != missing.signum())
            .map(|order| order.client_order_id)
            .collect();
        if against.is_empty() {
            TargetStep::Send(Qty(missing))
        } else {
            TargetStep::Cancel(against)
        }
    }
}
