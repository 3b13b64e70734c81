//! What a run leaves behind, as columns.

use py_rt_kernel::actions::{ActionEvent, ActionKind};
use py_rt_kernel::event::Event;
use py_rt_kernel::portfolio::Position;
use py_rt_kernel::signal::StrategyId;
use py_rt_kernel::Kernel;
use py_rt_sim::backtest::EquityPoint;
use py_rt_sim::Recording;
use py_rt_types::Money;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::host::{
    avg_price, liquidity_name, parent_text, reason_text, side_name, tif_name, type_name, PyAction,
    PyFill, PyOrder, PyParent, Shared,
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

/// Orders as they ended.
pub(crate) fn orders<'py>(
    py: Python<'py>,
    shared: &Shared,
    names: &[String],
    recording: &Recording,
) -> PyResult<Bound<'py, PyDict>> {
    let rows = &recording.orders;
    let dict = PyDict::new(py);
    let qty = |id: py_rt_types::InstrumentId, qty| {
        shared.instruments[id.index()]
            .qty_decimal(qty)
            .map(|d| d.to_string())
            .unwrap_or_default()
    };
    let price = |id: py_rt_types::InstrumentId, price: Option<py_rt_types::Price>| {
        let decimal = shared.instruments[id.index()].price_decimal(price?);
        decimal.ok().map(|d| d.to_string())
    };
    macro_rules! column {
        ($name:literal, $row:ident => $value:expr) => {{
            let values: Vec<_> = rows
                .iter()
                .map(|row| {
                    let $row = &row.order;
                    $value
                })
                .collect();
            dict.set_item($name, values)?;
        }};
    }
    column!("client_order_id", o => shared.id_text(o.client_order_id));
    column!("symbol", o => shared.symbol(py, o.instrument));
    column!("side", o => side_name(o.side));
    column!("order_type", o => type_name(o.order_type));
    column!("tif", o => tif_name(o.tif));
    column!("order_qty", o => qty(o.instrument, o.order_qty));
    column!("limit_price", o => price(o.instrument, o.limit_price));
    column!("stop_price", o => price(o.instrument, o.stop_price));
    column!("cum_qty", o => qty(o.instrument, o.cum_qty));
    column!("avg_price", o => avg_price(shared, o));
    column!("status", o => o.status.name());
    column!("tag", o => shared.tag(o.tag));
    column!("parent_id", o => parent_text(shared, o));
    column!("strategy", o => name_of(names, o.strategy));
    column!("ts_created", o => o.ts_created.0);
    column!("ts_updated", o => o.ts_updated.0);
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
    macro_rules! column {
        ($name:literal, $row:ident => $value:expr) => {{
            let values: Vec<_> = rows.iter().map(|$row| $value).collect();
            dict.set_item($name, values)?;
        }};
    }
    column!("exec_id", f => f.exec_id.0.to_string());
    column!("client_order_id", f => shared.id_text(f.client_order_id));
    column!("symbol", f => shared.symbol(py, f.instrument));
    column!("side", f => side_name(f.side));
    column!("last_qty", f => {
        let instrument = &shared.instruments[f.instrument.index()];
        instrument.qty_decimal(f.last_qty).map(|d| d.to_string()).unwrap_or_default()
    });
    column!("last_price", f => {
        let instrument = &shared.instruments[f.instrument.index()];
        instrument.price_decimal(f.last_price).map(|d| d.to_string()).unwrap_or_default()
    });
    column!("fee", f => money_text(f.fee));
    column!("liquidity", f => liquidity_name(f.liquidity));
    column!("ts_event", f => f.ts_event.0);
    column!("ts_recv", f => f.ts_recv.0);
    column!("strategy", f => name_of(names, f.strategy));
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

/// An event as a dictionary whose `kind` says what it is.
pub(crate) fn event_dict<'py>(
    py: Python<'py>,
    shared: &Shared,
    event: &Event,
) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    let kind = match event {
        Event::Order(event) => {
            dict.set_item(
                "order",
                PyOrder::new(shared, &event.order, event.denial.as_ref()),
            )?;
            "order"
        }
        Event::Fill(fill) => {
            dict.set_item("fill", PyFill::new(shared, fill))?;
            "fill"
        }
        Event::Position(position) => {
            dict.set_item("symbol", shared.symbol(py, position.instrument))?;
            dict.set_item("qty", shared.qty(position.instrument, position.qty))?;
            "position"
        }
        Event::BookValidity { instrument, valid } => {
            dict.set_item("symbol", shared.symbol(py, *instrument))?;
            dict.set_item("valid", valid)?;
            "book"
        }
        Event::Trading { state, cause } => {
            dict.set_item("state", state.name())?;
            dict.set_item("cause", cause.name())?;
            "trading"
        }
        Event::StrategyTrading {
            strategy,
            state,
            cause,
        } => {
            dict.set_item("strategy", strategy.0)?;
            dict.set_item("state", state.name())?;
            dict.set_item("cause", cause.name())?;
            "strategy_trading"
        }
        Event::Action(action) => {
            dict.set_item("action", PyAction::new(shared, action))?;
            "action"
        }
        Event::Sync(sync) => {
            dict.set_item("text", format!("{sync:?}"))?;
            "sync"
        }
        Event::Signal {
            instrument,
            value,
            confidence,
        } => {
            dict.set_item("symbol", shared.symbol(py, *instrument))?;
            dict.set_item("value", value)?;
            dict.set_item("confidence", confidence)?;
            "signal"
        }
        Event::Parent(event) => {
            dict.set_item("parent", PyParent::new(shared, &event.parent))?;
            "parent"
        }
        Event::StrategyFailed => "strategy_failed",
    };
    dict.set_item("kind", kind)?;
    Ok(dict)
}
