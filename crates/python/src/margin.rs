//! Margin of a run: a dictionary in, the steps of its margin calls out.

use py_rt_kernel::margin::{Margin, MarginEvent, MarginRate, MarginRates, MarginStep};
use py_rt_sim::Recording;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::config::field;
use crate::host::Shared;
use crate::money::ratio;
use crate::tables::{money_text, name_of};

/// A rate of what is held long and one of what is held short.
type RateRow = ((i64, i64), (i64, i64));

/// The margin of a run; `None` without one.
pub(crate) fn margin(run: &Bound<'_, PyDict>) -> PyResult<Option<Margin>> {
    let given: Option<(Vec<(RateRow, RateRow)>, i64)> = field(run, "margin")?;
    let Some((rows, grace_ns)) = given else {
        return Ok(None);
    };
    let rate = |(long, short): RateRow| {
        Ok::<_, PyErr>(MarginRate {
            long: ratio(long)?,
            short: ratio(short)?,
        })
    };
    let rates = rows.into_iter().map(|(initial, maintenance)| {
        Ok(MarginRates {
            initial: rate(initial)?,
            maintenance: rate(maintenance)?,
        })
    });
    let rates = rates.collect::<PyResult<_>>()?;
    Ok(Some(Margin { rates, grace_ns }))
}

/// A step of a margin call as an event is told.
pub(crate) fn describe(
    py: Python<'_>,
    shared: &Shared,
    event: &MarginEvent,
    dict: &Bound<'_, PyDict>,
) -> PyResult<&'static str> {
    dict.set_item("step", event.step.name())?;
    dict.set_item("equity", money_text(event.equity))?;
    dict.set_item("required", money_text(event.required))?;
    if let MarginStep::Liquidation {
        client_order_id,
        instrument,
        qty,
    } = event.step
    {
        dict.set_item("client_order_id", shared.id_text(client_order_id))?;
        dict.set_item("symbol", shared.symbol(py, instrument))?;
        dict.set_item("qty", shared.qty(instrument, qty))?;
    }
    Ok("margin")
}

/// Steps of margin calls, one row each.
pub(crate) fn table<'py>(
    py: Python<'py>,
    shared: &Shared,
    names: &[String],
    recording: &Recording,
) -> PyResult<Bound<'py, PyDict>> {
    let rows = &recording.margin_calls;
    let dict = PyDict::new(py);
    macro_rules! column {
        ($name:literal, $row:ident => $value:expr) => {{
            let values: Vec<_> = rows.iter().map(|$row| $value).collect();
            dict.set_item($name, values)?;
        }};
    }
    let closed = |event: &MarginEvent| match event.step {
        MarginStep::Liquidation {
            client_order_id,
            instrument,
            qty,
        } => Some((client_order_id, instrument, qty)),
        MarginStep::Call | MarginStep::Met => None,
    };
    column!("ts", e => e.ts_recv.0);
    column!("kind", e => e.step.name());
    column!("equity", e => money_text(e.equity));
    column!("required", e => money_text(e.required));
    column!("symbol", e => closed(e).map(|(_, id, _)| shared.symbol(py, id)));
    column!("qty", e => closed(e).and_then(|(_, id, qty)| {
        let decimal = shared.instruments[id.index()].qty_decimal(qty);
        decimal.ok().map(|decimal| decimal.to_string())
    }));
    column!("client_order_id", e => closed(e).map(|(id, _, _)| shared.id_text(id)));
    let alone = names.len() < 2;
    column!("strategy", e => match closed(e) {
        None if !alone => "",
        _ => name_of(names, e.strategy),
    });
    Ok(dict)
}
