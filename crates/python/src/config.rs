//! Dictionaries to configurations. Python resolves; this only converts.

use py_rt_kernel::execution::ExecutionTimes;
use py_rt_kernel::kernel::StrategySpec;
use py_rt_kernel::risk::RiskLimits;
use py_rt_sim::{
    BarFill, Extra, Extras, Fees, Impact, Latency, QueueModel, SquareRoot, Tier, Tiers, VenueConfig,
};
use py_rt_types::{AssetClass, Decimal, Instrument, InstrumentSpec, Money, UnixNanos};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error::{number, FaceError};

/// Takes a value out of a dictionary, naming the field when it is missing or of another type.
pub(crate) fn field<'py, T>(dict: &Bound<'py, PyDict>, name: &str) -> PyResult<T>
where
    T: for<'a> FromPyObject<'a, 'py>,
{
    let value = dict.get_item(name)?.ok_or_else(|| {
        FaceError::config(
            name,
            "is missing",
            "this is a fault of py_rt: please report it",
        )
    })?;
    value.extract::<T>().map_err(|error| {
        let error: PyErr = error.into();
        FaceError::config(name, error, "give a value of the documented type")
    })
}

/// Decimal text to a decimal.
pub(crate) fn decimal(name: &str, text: &str) -> PyResult<Decimal> {
    Decimal::parse(text).map_err(|error| number(name, text, error))
}

/// Decimal text to money.
pub(crate) fn money(name: &str, text: &str) -> PyResult<Money> {
    decimal(name, text)?
        .to_atto()
        .map(Money)
        .map_err(|error| number(name, text, error))
}

pub(crate) fn decimal_field(dict: &Bound<'_, PyDict>, name: &str) -> PyResult<Decimal> {
    decimal(name, &field::<String>(dict, name)?)
}

pub(crate) fn money_field(dict: &Bound<'_, PyDict>, name: &str) -> PyResult<Money> {
    money(name, &field::<String>(dict, name)?)
}

/// One instrument.
pub(crate) fn instrument(dict: &Bound<'_, PyDict>) -> PyResult<Instrument> {
    let symbol: String = field(dict, "symbol")?;
    let asset_class = match field::<String>(dict, "asset_class")?.as_str() {
        "equity" => AssetClass::Equity,
        "crypto" => AssetClass::Crypto,
        "future" => AssetClass::Future,
        "fx" => AssetClass::Fx,
        _ => AssetClass::Other,
    };
    let spec = InstrumentSpec {
        venue: field(dict, "venue")?,
        tick_size: decimal_field(dict, "tick_size")?,
        order_tick: None,
        lot_size: decimal_field(dict, "lot_size")?,
        min_qty: decimal_field(dict, "min_qty")?,
        min_notional: decimal_field(dict, "min_notional")?,
        multiplier: decimal_field(dict, "multiplier")?,
        currency: field(dict, "currency")?,
        asset_class,
        shortable: field(dict, "shortable")?,
        sessions: field(dict, "sessions")?,
        symbol: symbol.clone(),
    };
    Instrument::try_new(spec).map_err(|error| {
        FaceError::config(
            &format!("instrument {symbol}"),
            error,
            "check tick, lot, multiplier",
        )
    })
}

/// All instruments of a run.
pub(crate) fn instruments(dicts: &[Bound<'_, PyDict>]) -> PyResult<Vec<Instrument>> {
    dicts.iter().map(instrument).collect()
}

/// The limits, every one explicit.
pub(crate) fn limits(dict: &Bound<'_, PyDict>) -> PyResult<RiskLimits> {
    Ok(RiskLimits {
        max_order_qty: decimal_field(dict, "max_order_qty")?,
        max_order_notional: money_field(dict, "max_order_notional")?,
        max_position_notional: money_field(dict, "max_position_notional")?,
        max_gross_notional: money_field(dict, "max_gross_notional")?,
        max_open_orders: field(dict, "max_open_orders")?,
        max_orders_per_second: field(dict, "max_orders_per_second")?,
        price_collar_bps: field(dict, "price_collar_bps")?,
        reference_age_ns_max: field(dict, "reference_age_ns_max")?,
        max_daily_loss: money_field(dict, "max_daily_loss")?,
        max_drawdown_e9: field(dict, "max_drawdown_e9")?,
        max_leverage_e9: field(dict, "max_leverage_e9")?,
        guards: crate::guards::guards(&field(dict, "guards")?)?,
    })
}

/// The strategies that share the account; none where one has it to itself.
pub(crate) fn several(names: &[String], own: &[Bound<'_, PyDict>]) -> PyResult<Vec<StrategySpec>> {
    let spec = |(name, own): (&String, &Bound<'_, PyDict>)| {
        Ok(StrategySpec {
            name: name.clone(),
            limits: limits(own)?,
        })
    };
    names.iter().zip(own).map(spec).collect()
}

/// The venue's assumptions and the latencies.
pub(crate) fn venue(dict: &Bound<'_, PyDict>) -> PyResult<(VenueConfig, Latency)> {
    let fees = Fees {
        maker_e9: field(dict, "maker_e9")?,
        taker_e9: field(dict, "taker_e9")?,
        per_share: money_field(dict, "per_share")?,
        minimum: money_field(dict, "minimum")?,
        rounding: money_field(dict, "rounding")?,
    };
    let bar_fill = match field::<String>(dict, "bar_fill")?.as_str() {
        "next_close" => BarFill::NextClose,
        _ => BarFill::NextOpen,
    };
    let config = VenueConfig {
        fees,
        tiers: tiers(dict)?,
        bar_fill,
        bar_touch_fills: field(dict, "bar_touch_fills")?,
        partial_fills: field(dict, "partial_fills")?,
        queue: match field::<String>(dict, "queue")?.as_str() {
            "power" => QueueModel::Power(field(dict, "queue_exponent")?),
            "log" => QueueModel::Log,
            "fifo" => QueueModel::Fifo,
            _ => QueueModel::RiskAverse,
        },
        impact: match field::<Option<String>>(dict, "impact")?.as_deref() {
            Some("removes") => Impact::Removes,
            _ => Impact::None,
        },
        bar_grace_ns: 0,
    };
    let latency = Latency {
        feed_ns: field(dict, "latency_feed_ns")?,
        order_ns: field(dict, "latency_order_ns")?,
        report_ns: field(dict, "latency_report_ns")?,
    };
    Ok((config, latency))
}

/// Rates by traded value: the least value, maker and taker rate of each tier.
fn tiers(dict: &Bound<'_, PyDict>) -> PyResult<Tiers> {
    let given: Vec<(String, i64, i64)> = field(dict, "tiers")?;
    let mut tiers = Tiers {
        days: field(dict, "tier_days")?,
        ..Tiers::default()
    };
    for (row, (from, maker_e9, taker_e9)) in tiers.rows.iter_mut().zip(&given) {
        *row = Tier {
            from: money("tiers", from)?,
            maker_e9: *maker_e9,
            taker_e9: *taker_e9,
        };
    }
    Ok(tiers)
}

/// What messages take beyond the least latency of their road.
pub(crate) fn extras(dict: &Bound<'_, PyDict>, seed: u64) -> PyResult<Extras> {
    let extra = |name: &str, seed: u64| {
        let given: Option<(Vec<i64>, Vec<i64>)> = field(dict, name)?;
        Ok::<_, PyErr>(match given {
            None => Extra::None,
            Some((at, ns)) if at.is_empty() => Extra::drawn(ns, seed),
            Some((at, ns)) => {
                let at = at.into_iter().map(UnixNanos).collect();
                Extra::Measured { at, ns }
            }
        })
    };
    Ok(Extras {
        order: extra("latency_order_extra", seed)?,
        report: extra("latency_report_extra", !seed)?,
    })
}

/// How taking moves prices: coefficient, daily volume in lots and half-life of each instrument.
pub(crate) fn laws(run: &Bound<'_, PyDict>) -> PyResult<Vec<SquareRoot>> {
    let given: Vec<(f64, f64, i64)> = field(run, "impact_laws")?;
    let law = |&(coefficient, volume, half_life_ns): &(f64, f64, i64)| SquareRoot {
        coefficient,
        volume,
        half_life_ns,
    };
    Ok(given.iter().map(law).collect())
}

/// Times of the execution stage for a simulated venue: silence cannot outlast its latencies.
pub(crate) fn simulated_times(latency: Latency, extras: &Extras) -> ExecutionTimes {
    let most = extras.order.most().saturating_add(extras.report.most());
    let round_trip = latency.order_ns.saturating_add(latency.report_ns);
    let round_trip = round_trip.saturating_add(most);
    let default = ExecutionTimes::default();
    let ack_timeout_ns = default.ack_timeout_ns.max(round_trip.saturating_mul(4));
    ExecutionTimes {
        ack_timeout_ns,
        ..default
    }
}
