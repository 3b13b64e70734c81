//! What a run leaves behind, as columns.

use py_rt_kernel::actions::{ActionEvent, ActionKind};
use py_rt_kernel::portfolio::Position;
use py_rt_kernel::signal::StrategyId;
use py_rt_kernel::Kernel;
use py_rt_sim::backtest::EquityPoint;
use py_rt_sim::Recording;
use py_rt_types::Money;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::host::Shared;

/// An equity curve: `ts`, `equity`, `cash`.
pub(crate) fn equity<'py>(py: Python<'py>, points: &[EquityPoint]) -> PyResult<Bound<'py, PyDict>> {
    let float = |money: Money| money.0 as f64 / 1e18;
    let dict = PyDict::new(py);
    let ts = points.iter().map(|point| point.ts.0);
    dict.set_item("ts", numpy::PyArray1::from_iter(py, ts))?;
    let equity = points.iter().map(|point| float(point.equity));
    dict.set_item("equity", numpy::PyArray1::from_iter(py, equity))?;
    let cash = points.iter().map(|point| float(point.cash));
    dict.set_item("cash", numpy::PyArray1::from_iter(py, cash))?;
    Ok(dict)
}

/// The name of a strategy of the run; the first one has the account to itself.
pub(crate) fn name_of(names: &[String], id: StrategyId) -> &str {
    names
        .get(id.place().unwrap_or(0))
        .map_or("", String::as_str)
}

/// Corporate actions that were applied, and what each did.
pub(crate) fn actions<'py>(
    py: Python<'py>,
    shared: &Shared,
    names: &[String],
    recording: &Recording,
) -> PyResult<Bound<'py, PyDict>> {
    let rows = &recording.actions;
    let dict = PyDict::new(py);
    macro_rules! column {
        ($name:literal, $row:ident => $value:expr) => {{
            let values: Vec<_> = rows.iter().map(|$row| $value).collect();
            dict.set_item($name, values)?;
        }};
    }
    let qty = |a: &ActionEvent, qty| {
        let instrument = &shared.instruments[a.action.instrument.index()];
        let decimal = instrument.qty_decimal(qty);
        decimal.map(|d| d.to_string()).unwrap_or_default()
    };
    column!("ts", a => a.ts_recv.0);
    column!("symbol", a => shared.symbol(py, a.action.instrument));
    column!("kind", a => match a.action.kind {
        ActionKind::Split(_) => "split",
        ActionKind::Dividend { .. } => "dividend",
    });
    column!("ratio", a => match a.action.kind {
        ActionKind::Split(split) => f64::from(split.to) / f64::from(split.from),
        ActionKind::Dividend { .. } => 1.0,
    });
    column!("amount", a => match a.action.kind {
        ActionKind::Split(_) => "0".to_owned(),
        ActionKind::Dividend { per_unit } => money_text(per_unit),
    });
    column!("qty_before", a => qty(a, a.before));
    column!("qty_after", a => qty(a, a.after));
    column!("cash", a => money_text(a.cash));
    column!("strategy", a => name_of(names, a.strategy));
    Ok(dict)
}

/// Positions at the end, of each strategy.
pub(crate) fn positions<'py, S>(
    py: Python<'py>,
    shared: &Shared,
    names: &[String],
    kernel: &Kernel<S>,
) -> PyResult<Bound<'py, PyDict>> {
    let mut ids: Vec<StrategyId> = kernel.strategies().collect();
    if ids.is_empty() {
        ids.push(StrategyId::ACCOUNT);
    }
    let of = |id: &StrategyId| kernel.portfolio_of(*id).positions().iter();
    let rows: Vec<&Position> = ids.iter().flat_map(of).collect();
    let dict = PyDict::new(py);
    let instruments = || shared.instruments.iter().cycle();
    let symbols: Vec<&str> = instruments().take(rows.len()).map(|i| i.symbol()).collect();
    dict.set_item("symbol", symbols)?;
    let count = shared.instruments.len();
    let owners = ids
        .iter()
        .flat_map(|id| std::iter::repeat_n(name_of(names, *id), count));
    dict.set_item("strategy", owners.collect::<Vec<_>>())?;
    let qty: Vec<String> = rows
        .iter()
        .zip(instruments())
        .map(|(p, i)| {
            i.qty_decimal(p.qty)
                .map(|d| d.to_string())
                .unwrap_or_default()
        })
        .collect();
    dict.set_item("qty", qty)?;
    let avg: Vec<Option<f64>> = rows
        .iter()
        .zip(instruments().zip(shared.prices.iter().cycle()))
        .map(|(p, (i, price))| {
            let ticks = p.cost.0 as f64 / i.tick_value() as f64 / p.qty.0 as f64;
            (p.qty.0 != 0).then(|| ticks * price.value(1))
        })
        .collect();
    dict.set_item("avg_price", avg)?;
    let realized: Vec<String> = rows.iter().map(|p| money_text(p.realized_pnl)).collect();
    dict.set_item("realized_pnl", realized)?;
    let unrealized: Vec<String> = rows
        .iter()
        .map(|p| money_text(p.unrealized_pnl()))
        .collect();
    dict.set_item("unrealized_pnl", unrealized)?;
    Ok(dict)
}

/// Money as exact decimal text.
pub(crate) fn money_text(money: Money) -> String {
    py_rt_types::Decimal::from_atto(money.0).to_string()
}
