//! The door of the fill study.

use numpy::{PyArray1, PyArray2, PyArrayMethods};
use py_rt_sim::queue::study::{FillStudy, Followed, StudyConfig};
use py_rt_sim::queue::QueueModel;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arrays::Rows;
use crate::error::FaceError;

/// Rows between two looks at the signals.
const STRIDE: usize = 1 << 14;

fn model_of((name, exponent): &(String, u32)) -> PyResult<QueueModel> {
    match name.as_str() {
        "risk_averse" => Ok(QueueModel::RiskAverse),
        "power" => Ok(QueueModel::Power(*exponent)),
        "log" => Ok(QueueModel::Log),
        "fifo" => Ok(QueueModel::Fifo),
        other => Err(FaceError::parameter(
            "models",
            format!("{other:?} is unknown"),
            "use risk_averse, power, log or fifo",
        )),
    }
}

/// Replays rows by order of one instrument; returns the followed orders as columns.
#[pyfunction]
#[pyo3(signature = (rows, models, *, draws, seed, per_million, horizon_ns, distance_max))]
#[expect(
    clippy::too_many_arguments,
    reason = "settings by name, straight from the Python face"
)]
pub(crate) fn follow_orders<'py>(
    py: Python<'py>,
    rows: &Bound<'py, PyAny>,
    models: Vec<(String, u32)>,
    draws: usize,
    seed: u64,
    per_million: u32,
    horizon_ns: i64,
    distance_max: i64,
) -> PyResult<Bound<'py, PyDict>> {
    let models = models.iter().map(model_of).collect::<PyResult<Vec<_>>>()?;
    let mut study = FillStudy::new(StudyConfig {
        models,
        draws,
        seed,
        per_million,
        horizon_ns,
        distance_max,
    });
    let rows = Rows::try_new(rows)?;
    for part in rows.events()?.chunks(STRIDE) {
        py.detach(|| part.iter().for_each(|row| study.handle_event(row)));
        py.check_signals()?;
    }
    columns(py, study.followed())
}

fn columns<'py>(py: Python<'py>, orders: &[Followed]) -> PyResult<Bound<'py, PyDict>> {
    let table = PyDict::new(py);
    let ids = orders.iter().map(|order| order.order_id);
    table.set_item("order_id", PyArray1::from_iter(py, ids))?;
    macro_rules! column {
        ($name:literal, $order:ident => $value:expr) => {
            let values = orders.iter().map(|$order| $value);
            table.set_item($name, PyArray1::<i64>::from_iter(py, values))?;
        };
    }
    column!("ts_joined", o => o.ts_joined.0);
    column!("side", o => o.side.sign());
    column!("price", o => o.price.0);
    column!("qty", o => o.qty.0);
    column!("qty_ahead", o => o.ahead.0);
    column!("spread", o => o.spread);
    column!("distance", o => o.distance);
    column!("ts_filled", o => o.ts_filled);
    column!("ts_canceled", o => o.ts_canceled);
    let width = orders.first().map_or(0, |order| order.predicted.len());
    let flat = orders
        .iter()
        .flat_map(|order| order.predicted.iter().copied());
    let predicted: Bound<'py, PyArray2<i64>> =
        PyArray1::from_iter(py, flat).reshape([orders.len(), width])?;
    table.set_item("predicted", predicted)?;
    Ok(table)
}
