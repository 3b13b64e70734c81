//! Dictionaries to guards. Python resolves; this only converts.

use py_rt_kernel::risk::{
    GreekLimit, Greeks, GroupLimit, Guards, InstrumentLimit, Pace, TailLimit,
};
use py_rt_types::{Decimal, Money};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::config::{decimal, field, money};

type Dict<'py> = Bound<'py, PyDict>;

fn pace(dict: &Dict<'_>, name: &str) -> PyResult<Option<Pace>> {
    let given: Option<(u32, i64)> = field(dict, name)?;
    Ok(given.map(|(most, window_ns)| Pace { most, window_ns }))
}

fn amount(dict: &Dict<'_>, name: &str) -> PyResult<Option<Money>> {
    let given: Option<String> = field(dict, name)?;
    given.map(|text| money(name, &text)).transpose()
}

fn units(dict: &Dict<'_>, name: &str) -> PyResult<Option<Decimal>> {
    let given: Option<String> = field(dict, name)?;
    given.map(|text| decimal(name, &text)).transpose()
}

fn each<'py, T>(
    dict: &Dict<'py>,
    name: &str,
    make: impl Fn(&Dict<'py>) -> PyResult<T>,
) -> PyResult<Vec<T>> {
    let given: Vec<Dict<'py>> = field(dict, name)?;
    given.iter().map(make).collect()
}

fn instrument(dict: &Dict<'_>) -> PyResult<InstrumentLimit> {
    Ok(InstrumentLimit {
        symbol: field(dict, "symbol")?,
        max_order_qty: units(dict, "max_order_qty")?,
        max_order_notional: amount(dict, "max_order_notional")?,
        max_position_qty: units(dict, "max_position_qty")?,
        max_position_notional: amount(dict, "max_position_notional")?,
        max_daily_qty: units(dict, "max_daily_qty")?,
        max_short_qty: units(dict, "max_short_qty")?,
    })
}

fn group(dict: &Dict<'_>) -> PyResult<GroupLimit> {
    let most: String = field(dict, "max_gross_notional")?;
    Ok(GroupLimit {
        name: field(dict, "name")?,
        symbols: field(dict, "symbols")?,
        max_gross_notional: money("max_gross_notional", &most)?,
    })
}

fn tail(dict: &Dict<'_>) -> PyResult<TailLimit> {
    Ok(TailLimit {
        scenarios: field(dict, "scenarios")?,
        level_e9: field(dict, "level_e9")?,
        max_var: amount(dict, "max_var")?,
        max_es: amount(dict, "max_es")?,
    })
}

fn sensitivity(dict: &Dict<'_>) -> PyResult<Greeks> {
    let value = |name| money(name, &field::<String>(dict, name)?);
    Ok(Greeks {
        symbol: field(dict, "symbol")?,
        delta: value("delta")?,
        gamma: value("gamma")?,
        vega: value("vega")?,
    })
}

fn greeks(dict: &Dict<'_>) -> PyResult<GreekLimit> {
    Ok(GreekLimit {
        greeks: each(dict, "greeks", sensitivity)?,
        max_delta: amount(dict, "max_delta")?,
        max_gamma: amount(dict, "max_gamma")?,
        max_vega: amount(dict, "max_vega")?,
    })
}

/// The guards, each set or `None`.
pub(crate) fn guards(dict: &Dict<'_>) -> PyResult<Guards> {
    let (var, sensitive): (Option<Dict<'_>>, Option<Dict<'_>>) =
        (field(dict, "var")?, field(dict, "greeks")?);
    Ok(Guards {
        duplicates: pace(dict, "max_duplicates")?,
        executions: pace(dict, "max_executions")?,
        instrument_orders: pace(dict, "max_instrument_orders")?,
        cancels: pace(dict, "max_cancels")?,
        no_self_trade: field(dict, "no_self_trade")?,
        price_move_bps: pace(dict, "max_price_move")?,
        market_slippage_bps: field(dict, "market_slippage_bps")?,
        phases: field(dict, "phases")?,
        max_net_notional: amount(dict, "max_net_notional")?,
        max_daily_notional: amount(dict, "max_daily_notional")?,
        max_concentration_e9: field(dict, "max_concentration_e9")?,
        groups: each(dict, "groups", group)?,
        instruments: each(dict, "instruments", instrument)?,
        tail: var.as_ref().map(tail).transpose()?,
        greeks: sensitive.as_ref().map(greeks).transpose()?,
    })
}
