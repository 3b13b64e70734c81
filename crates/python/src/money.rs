//! Currencies, rates of exchange and charges: dictionaries in, columns out.

use numpy::PyArray1;
use py_rt_kernel::charges::{Charge, ChargeEvent, ChargeKind};
use py_rt_kernel::currency::{Currencies, CurrencyId, CurrencySpec, ExchangeRate, RateMarket};
use py_rt_kernel::journal::OwnedInput;
use py_rt_kernel::Strategy;
use py_rt_sim::Backtest;
use py_rt_types::{InstrumentId, Ratio, UnixNanos};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::config::{self, field};
use crate::error::FaceError;
use crate::host::Shared;
use crate::tables::{money_text, name_of};

/// A currency beside the base: code, cash, the market of its rate, whether that is inverse.
type CurrencyRow = (String, String, Option<u32>, bool);
/// An input: when, of which kind, of which instrument or currency, its ratio, a mark in ticks.
type InputRow = (i64, String, u32, (i64, i64), Option<(i64, i64)>);

/// The currencies of a run; `None` where all money is in one.
pub(crate) fn currencies(run: &Bound<'_, PyDict>) -> PyResult<Option<Currencies>> {
    let Some((base, rows)) = field::<Option<(String, Vec<CurrencyRow>)>>(run, "currencies")? else {
        return Ok(None);
    };
    let other = |(code, cash, market, inverse): CurrencyRow| {
        Ok(CurrencySpec {
            code,
            cash: config::money("cash", &cash)?,
            market: market.map(|place| RateMarket {
                instrument: InstrumentId(place),
                inverse,
            }),
        })
    };
    let others = rows.into_iter().map(other).collect::<PyResult<_>>()?;
    Ok(Some(Currencies { base, others }))
}

/// Rates of exchange and charges, by rising time.
pub(crate) fn inputs(run: &Bound<'_, PyDict>) -> PyResult<Vec<(UnixNanos, OwnedInput)>> {
    let rows: Vec<InputRow> = field(run, "inputs")?;
    let input = |(at, kind, place, rate, mark): InputRow| {
        let rate = ratio(rate)?;
        let instrument = InstrumentId(place);
        let charge = |kind| OwnedInput::Charge(Charge { instrument, kind });
        let input = match kind.as_str() {
            "rate" => OwnedInput::Rate(ExchangeRate {
                currency: CurrencyId(u8::try_from(place).unwrap_or(u8::MAX)),
                rate,
            }),
            "borrow" => charge(ChargeKind::Borrow { rate }),
            "interest" => charge(ChargeKind::Interest { rate }),
            _ => {
                let mark = mark.map(ratio).transpose()?;
                charge(ChargeKind::Funding { rate, mark })
            }
        };
        Ok((UnixNanos(at), input))
    };
    rows.into_iter().map(input).collect()
}

pub(crate) fn ratio((numerator, denominator): (i64, i64)) -> PyResult<Ratio> {
    Ratio::try_new(numerator, denominator)
        .map_err(|error| FaceError::config("rate", error, "give a rate above 0"))
}

pub(crate) fn real(ratio: Ratio) -> f64 {
    ratio.numerator() as f64 / ratio.denominator() as f64
}

/// A charge as an event is told.
pub(crate) fn describe(
    py: Python<'_>,
    shared: &Shared,
    event: &ChargeEvent,
    dict: &Bound<'_, PyDict>,
) -> PyResult<&'static str> {
    let id = event.charge.instrument;
    dict.set_item("symbol", shared.symbol(py, id))?;
    dict.set_item("charge", event.charge.kind.name())?;
    dict.set_item("qty", shared.qty(id, event.qty))?;
    dict.set_item("cash", money_text(event.cash))?;
    Ok("charge")
}

/// Whether it is about money and no instrument: that only has its currency.
const fn is_interest(event: &ChargeEvent) -> bool {
    matches!(event.charge.kind, ChargeKind::Interest { .. })
}

/// Charges, and what each did to cash.
pub(crate) fn charges<'py, S: Strategy>(
    py: Python<'py>,
    shared: &Shared,
    names: &[String],
    backtest: &Backtest<'_, S>,
) -> PyResult<Bound<'py, PyDict>> {
    let recording = backtest.recording();
    let rows = &recording.charges;
    let dict = PyDict::new(py);
    macro_rules! column {
        ($name:literal, $row:ident => $value:expr) => {{
            let values: Vec<_> = rows.iter().map(|$row| $value).collect();
            dict.set_item($name, values)?;
        }};
    }
    let of = |event: &ChargeEvent| &shared.instruments[event.charge.instrument.index()];
    column!("ts", c => c.ts_recv.0);
    column!("symbol", c => (!is_interest(c)).then(|| shared.symbol(py, c.charge.instrument)));
    column!("kind", c => c.charge.kind.name());
    column!("rate", c => real(c.charge.kind.rate()));
    column!("qty", c => of(c).qty_decimal(c.qty).map(|d| d.to_string()).unwrap_or_default());
    column!("value", c => money_text(c.value));
    column!("cash", c => money_text(c.cash));
    column!("currency", c => of(c).spec().currency.as_str());
    let rates = recording.charge_rates.iter().map(|rate| real(*rate));
    let rates = rates.chain(std::iter::repeat(1.0)).take(rows.len());
    dict.set_item("fx_rate", rates.collect::<Vec<_>>())?;
    column!("strategy", c => name_of(names, c.strategy));
    Ok(dict)
}

/// Where there are several currencies: cash in each over time.
pub(crate) fn by_currency<S: Strategy>(
    py: Python<'_>,
    dict: &Bound<'_, PyDict>,
    backtest: &Backtest<'_, S>,
) -> PyResult<()> {
    let (recording, portfolio) = (backtest.recording(), backtest.kernel().portfolio());
    let cash = PyDict::new(py);
    for (place, code) in portfolio.currencies().iter().enumerate() {
        let points = recording.pockets.iter();
        let points = points.map(|point| point.get(place).map_or(0.0, |m| m.0 as f64 / 1e18));
        cash.set_item(code, PyArray1::from_iter(py, points.collect::<Vec<_>>()))?;
    }
    dict.set_item("cash_by_currency", cash)
}
