//! Parent orders of a run as columns.

use py_rt_kernel::execution::parents::Parent;
use py_rt_sim::Recording;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::host::{arrival_price, avg_price_of, side_name, symbol_of, Shared};
use crate::tables::name_of;

/// Parent orders as they ended: what was asked for, what came of it, and what it cost.
pub(crate) fn table<'py>(
    py: Python<'py>,
    shared: &Shared,
    names: &[String],
    recording: &Recording,
) -> PyResult<Bound<'py, PyDict>> {
    let rows = &recording.parents;
    let dict = PyDict::new(py);
    macro_rules! column {
        ($name:literal, $row:ident => $value:expr) => {{
            let values: Vec<_> = rows.iter().map(|$row| $value).collect();
            dict.set_item($name, values)?;
        }};
    }
    let qty = |p: &Parent, qty| {
        let instrument = &shared.instruments[p.instrument.index()];
        let decimal = instrument.qty_decimal(qty);
        decimal.map(|d| d.to_string()).unwrap_or_default()
    };
    column!("client_order_id", p => shared.id_text(p.client_order_id));
    column!("symbol", p => symbol_of(shared, p));
    column!("side", p => side_name(p.side));
    column!("algorithm", p => p.algorithm.name());
    column!("order_qty", p => qty(p, p.order_qty));
    column!("cum_qty", p => qty(p, p.cum_qty));
    column!("arrival_price", p => arrival_price(shared, p));
    column!("avg_price", p => avg_price_of(shared, p));
    column!("slippage_bps", p => slippage_bps(shared, p));
    column!("schedule_deviation", p => p.behind_max.0 as f64 / p.order_qty.0.max(1) as f64);
    column!("children", p => p.children);
    column!("status", p => p.status.name());
    column!("reason", p => p.reason.map(|reason| reason.name()));
    column!("tag", p => shared.tag(p.tag));
    column!("strategy", p => name_of(names, p.strategy));
    column!("ts_created", p => p.ts_created.0);
    column!("ts_updated", p => p.ts_updated.0);
    Ok(dict)
}

/// What the average price lost against the arrival price, in basis points; a gain is negative.
fn slippage_bps(shared: &Shared, parent: &Parent) -> Option<f64> {
    let arrival = arrival_price(shared, parent)?;
    let paid = avg_price_of(shared, parent)?;
    Some((paid / arrival - 1.0) * 1e4 * parent.side.sign() as f64)
}
