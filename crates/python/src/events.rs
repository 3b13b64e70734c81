//! Events of a session as dictionaries.

use py_rt_kernel::event::Event;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::host::{PyAction, PyFill, PyOrder, PyParent, Shared};

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
        Event::Charge(event) => crate::money::describe(py, shared, event, &dict)?,
        Event::Margin(event) => crate::margin::describe(py, shared, event, &dict)?,
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
        Event::Command(_) | Event::Flattened { .. } | Event::LeftOver { .. } => {
            steering(py, shared, event, &dict)?
        }
    };
    dict.set_item("kind", kind)?;
    Ok(dict)
}

/// What a person asked for, and what came of it.
fn steering(
    py: Python<'_>,
    shared: &Shared,
    event: &Event,
    dict: &Bound<'_, PyDict>,
) -> PyResult<&'static str> {
    Ok(match event {
        Event::Command(control) => {
            dict.set_item("text", format!("{control:?}"))?;
            "command"
        }
        Event::LeftOver { instrument, qty } => {
            dict.set_item("symbol", shared.symbol(py, *instrument))?;
            dict.set_item("qty", shared.qty(*instrument, *qty))?;
            "left_over"
        }
        Event::Flattened { left } => {
            dict.set_item("left", left)?;
            "flattened"
        }
        _ => "other",
    })
}
