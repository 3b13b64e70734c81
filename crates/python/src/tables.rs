//! What a run leaves behind, as columns.

use std::collections::BTreeMap;

use numpy::PyArray1;
use py_rt_kernel::actions::{ActionEvent, ActionKind};
use py_rt_kernel::portfolio::Position;
use py_rt_kernel::signal::StrategyId;
use py_rt_kernel::Kernel;
use py_rt_sim::backtest::EquityPoint;
use py_rt_sim::Recording;
use py_rt_types::{InstrumentId, Money, Price, UnixNanos};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::host::{
    avg_price, liquidity_name, parent_text, reason_text, side_name, tif_name, type_name, Shared,
};

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

/// Texts that occur many times, each made once.
struct Texts<'py> {
    py: Python<'py>,
    known: BTreeMap<String, Bound<'py, PyString>>,
}

impl<'py> Texts<'py> {
    fn new(py: Python<'py>) -> Self {
        let known = BTreeMap::new();
        Self { py, known }
    }

    fn of(&mut self, text: impl Into<String>) -> Bound<'py, PyString> {
        let make = |text: &String| PyString::new(self.py, text);
        let entry = self.known.entry(text.into());
        entry.or_insert_with_key(make).clone()
    }
}

/// Times as an array.
fn times<'py>(
    py: Python<'py>,
    of: impl ExactSizeIterator<Item = UnixNanos>,
) -> Bound<'py, PyArray1<i64>> {
    PyArray1::from_iter(py, of.map(|at| at.0))
}

/// Orders as they ended.
pub(crate) fn orders<'py>(
    py: Python<'py>,
    shared: &Shared,
    names: &[String],
    recording: &Recording,
) -> PyResult<Bound<'py, PyDict>> {
    let rows = &recording.orders;
    let dict = PyDict::new(py);
    let mut texts = Texts::new(py);
    let qty = |id: InstrumentId, qty| {
        let decimal = shared.instruments[id.index()].qty_decimal(qty);
        decimal.map(|d| d.to_string()).unwrap_or_default()
    };
    let price = |id: InstrumentId, price: Option<Price>| {
        let decimal = shared.instruments[id.index()].price_decimal(price?);
        decimal.ok().map(|d| d.to_string())
    };
    macro_rules! column {
        ($name:literal, $row:ident => $value:expr) => {{
            let mut values = Vec::with_capacity(rows.len());
            for row in rows {
                let $row = &row.order;
                values.push($value);
            }
            dict.set_item($name, values)?;
        }};
    }
    column!("client_order_id", o => shared.id_text(o.client_order_id));
    column!("symbol", o => shared.symbol(py, o.instrument));
    column!("side", o => texts.of(side_name(o.side)));
    column!("order_type", o => texts.of(type_name(o.order_type)));
    column!("tif", o => texts.of(tif_name(o.tif)));
    column!("order_qty", o => texts.of(qty(o.instrument, o.order_qty)));
    column!("limit_price", o => price(o.instrument, o.limit_price).map(|text| texts.of(text)));
    column!("stop_price", o => price(o.instrument, o.stop_price).map(|text| texts.of(text)));
    column!("cum_qty", o => texts.of(qty(o.instrument, o.cum_qty)));
    column!("avg_price", o => avg_price(shared, o));
    column!("status", o => texts.of(o.status.name()));
    column!("tag", o => shared.tag(o.tag));
    column!("parent_id", o => parent_text(shared, o));
    column!("strategy", o => texts.of(name_of(names, o.strategy)));
    let created = rows.iter().map(|row| row.order.ts_created);
    dict.set_item("ts_created", times(py, created))?;
    let updated = rows.iter().map(|row| row.order.ts_updated);
    dict.set_item("ts_updated", times(py, updated))?;
    let reasons: Vec<_> = rows
        .iter()
        .map(|row| reason_text(shared, &row.order, row.denial.as_ref()))
        .collect();
    dict.set_item("reason", reasons)?;
    Ok(dict)
}

/// Executions in the order in which they were booked.
pub(crate) fn fills<'py>(
    py: Python<'py>,
    shared: &Shared,
    names: &[String],
    recording: &Recording,
) -> PyResult<Bound<'py, PyDict>> {
    let rows = &recording.fills;
    let dict = PyDict::new(py);
    let mut texts = Texts::new(py);
    macro_rules! column {
        ($name:literal, $row:ident => $value:expr) => {{
            let mut values = Vec::with_capacity(rows.len());
            for $row in rows {
                values.push($value);
            }
            dict.set_item($name, values)?;
        }};
    }
    column!("exec_id", f => f.exec_id.0.to_string());
    column!("client_order_id", f => shared.id_text(f.client_order_id));
    column!("symbol", f => shared.symbol(py, f.instrument));
    column!("side", f => texts.of(side_name(f.side)));
    column!("last_qty", f => {
        let instrument = &shared.instruments[f.instrument.index()];
        texts.of(instrument.qty_decimal(f.last_qty).map(|d| d.to_string()).unwrap_or_default())
    });
    column!("last_price", f => {
        let instrument = &shared.instruments[f.instrument.index()];
        texts.of(instrument.price_decimal(f.last_price).map(|d| d.to_string()).unwrap_or_default())
    });
    column!("fee", f => texts.of(money_text(f.fee)));
    column!("liquidity", f => texts.of(liquidity_name(f.liquidity)));
    dict.set_item("ts_event", times(py, rows.iter().map(|f| f.ts_event)))?;
    dict.set_item("ts_recv", times(py, rows.iter().map(|f| f.ts_recv)))?;
    column!("strategy", f => texts.of(name_of(names, f.strategy)));
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
