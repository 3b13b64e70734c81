//! What callbacks are told of corporate actions.

use py_rt_kernel::actions::{ActionEvent, ActionKind};
use pyo3::prelude::*;

use super::Shared;

/// A split or a dividend, and what it did to the position.
#[pyclass(frozen, get_all, name = "Action", module = "py_rt")]
pub(crate) struct PyAction {
    /// "split" or "dividend".
    kind: &'static str,
    /// Which.
    symbol: String,
    /// New shares per old one; 1 of a dividend.
    ratio: f64,
    /// Money a share; 0 of a split.
    amount: f64,
    /// Position before it.
    before_qty: f64,
    /// Position after it.
    position_qty: f64,
    /// Cash that was paid: a dividend, or what was left of a share.
    cash: f64,
    /// When it was applied, ns UTC.
    ts: i64,
}

impl PyAction {
    pub(crate) fn new(shared: &Shared, event: &ActionEvent) -> Self {
        let id = event.action.instrument;
        let symbol = shared.instruments.get(id.index());
        let (kind, ratio, amount) = match event.action.kind {
            ActionKind::Split(split) => ("split", f64::from(split.to) / f64::from(split.from), 0.0),
            ActionKind::Dividend { per_unit } => ("dividend", 1.0, per_unit.0 as f64 / 1e18),
        };
        Self {
            kind,
            symbol: symbol.map_or("?", |i| i.symbol()).to_owned(),
            ratio,
            amount,
            before_qty: shared.qty(id, event.before),
            position_qty: shared.qty(id, event.after),
            cash: event.cash.0 as f64 / 1e18,
            ts: event.ts_recv.0,
        }
    }
}
