//! Parent orders: asked for by a Python strategy, and what it is told of them.

use py_rt_kernel::execution::parents::{
    Algorithm, Benchmark, EndPolicy, Parent, ParentRequest, ParentTerms, Style, Trigger,
};
use py_rt_types::{InstrumentId, Price, Qty, Side, UnixNanos};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use super::ask::Ask;
use super::asks::finite;
use super::context::PyContext;
use super::convert::{parse_side, parse_tif, side_name, status_name};
use super::routes::symbol_of;
use super::Shared;
use crate::config::field;
use crate::error::FaceError;

/// The word for parents that go to several venues.
const ROUTED: &str = "smart_route";

/// A parent order as it stands.
#[pyclass(frozen, get_all, name = "Parent", module = "py_rt")]
pub(crate) struct PyParent {
    /// Our id, as ``ctx.execute`` returned it.
    client_order_id: String,
    /// Which; of one that is routed, its product.
    symbol: String,
    /// "buy" or "sell".
    side: &'static str,
    /// "twap", "vwap", "pov", "iceberg", "implementation_shortfall", "smart_route", "stop" or
    /// "trailing_stop".
    algorithm: &'static str,
    /// Total quantity.
    order_qty: f64,
    /// Executed by its children.
    cum_qty: f64,
    /// Limit of its children's prices, or None.
    limit_price: Option<f64>,
    /// Where a stop stands now, or None.
    stop_price: Option<f64>,
    /// Average price of what was executed, or None.
    avg_price: Option<f64>,
    /// Mid when it was accepted, or None.
    arrival_price: Option<f64>,
    /// Children that were sent.
    children: u32,
    /// FIX OrdStatus name.
    status: &'static str,
    /// Why it, or a replace of it, was refused, or None.
    reason: Option<&'static str>,
    /// The tag it was asked for with, or None.
    tag: Option<String>,
    /// When it was asked for, ns UTC.
    ts_created: i64,
    /// When it last changed, ns UTC.
    ts_updated: i64,
}

impl PyParent {
    pub(crate) fn new(shared: &Shared, parent: &Parent) -> Self {
        let id = parent.instrument;
        let symbol = symbol_of(shared, parent);
        Self {
            client_order_id: shared.id_text(parent.client_order_id),
            symbol,
            side: side_name(parent.side),
            algorithm: parent.algorithm.name(),
            order_qty: shared.qty(id, parent.order_qty),
            cum_qty: shared.qty(id, parent.cum_qty),
            limit_price: parent.limit_price.map(|price| shared.price(id, price)),
            stop_price: stop_price(parent).map(|price| shared.price(id, price)),
            avg_price: avg_price_of(shared, parent),
            arrival_price: arrival_price(shared, parent),
            children: parent.children,
            status: status_name(parent.status),
            reason: parent.reason.map(|reason| reason.name()),
            tag: shared.tag(parent.tag),
            ts_created: parent.ts_created.0,
            ts_updated: parent.ts_updated.0,
        }
    }
}

/// Where a stop stands now.
const fn stop_price(parent: &Parent) -> Option<Price> {
    match parent.algorithm {
        Algorithm::Stop { stop_price, .. } => stop_price,
        _ => None,
    }
}

/// Average price of what was executed.
pub(crate) fn avg_price_of(shared: &Shared, parent: &Parent) -> Option<f64> {
    let id = parent.instrument.index();
    let unit = shared.money.get(id)?;
    let ticks = parent.cum_notional.0 as f64 / 1e18 / unit / parent.cum_qty.0 as f64;
    (parent.cum_qty.0 > 0).then(|| ticks * shared.prices[id].value(1))
}

/// Mid when the parent was accepted.
pub(crate) fn arrival_price(shared: &Shared, parent: &Parent) -> Option<f64> {
    let price = shared.price(parent.instrument, Price(parent.arrival)) / 2.0;
    (parent.arrival != 0).then_some(price)
}

/// A word out of a few.
fn word<T: Copy>(terms: &Bound<'_, PyDict>, name: &str, words: &[(&str, T)]) -> PyResult<T> {
    let text: String = field(terms, name)?;
    let found = words.iter().find(|(word, _)| *word == text);
    found.map(|(_, value)| *value).ok_or_else(|| {
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        FaceError::parameter(name, format!("{text:?} is unknown"), &known.join(", "))
    })
}

impl PyContext {
    /// A parent order that one of the classes of `py_rt.execution` describes.
    pub(super) fn work(
        &self,
        symbol: &Bound<'_, PyString>,
        (side, qty): (&str, f64),
        algorithm: &Bound<'_, PyAny>,
        (limit_price, reduce_only, tag): (Option<f64>, bool, Option<&str>),
    ) -> PyResult<String> {
        let now = self.with(|ctx| ctx.now())?;
        if !algorithm.hasattr("_terms")? {
            let remedy = "pass rt.TWAP(...), rt.POV(...) or another";
            return Err(FaceError::parameter("algorithm", "is none", remedy));
        }
        let made = algorithm.call_method1("_terms", (now.0, qty))?;
        let terms = made.cast_into::<PyDict>()?;
        let id = if field::<String>(&terms, "algorithm")? == ROUTED {
            self.shared.find_product(&symbol.to_cow()?)?
        } else {
            self.shared.find_object(symbol)?
        };
        let side = parse_side(side)?;
        let limit_price = self.exact_price(id, "limit_price", limit_price)?;
        let request = ParentRequest {
            instrument: id,
            side,
            order_qty: self.exact_qty(id, "qty", qty)?,
            limit_price,
            algorithm: self.algorithm(id, &terms)?,
            terms: self.terms(id, &terms, reduce_only)?,
            weights: field(&terms, "weights")?,
            tag: tag.map_or(0, |tag| self.shared.intern_tag(tag)),
        };
        let order_id = self.with(|ctx| ctx.execute(request))?;
        Ok(self.shared.id_text(order_id))
    }

    /// A stop that the kernel holds.
    pub(super) fn hold_stop(
        &self,
        side: Side,
        id: InstrumentId,
        order: &Ask<'_>,
    ) -> PyResult<String> {
        order.check_stop()?;
        let now = self.with(|ctx| ctx.now())?;
        let trail = order.trail.map(|trail| self.exact_step(id, "trail", trail));
        let trigger = match order.trigger {
            "last_trade" => Trigger::LastTrade,
            "touch" => Trigger::Touch,
            other => {
                let problem = format!("{other:?} is unknown");
                return Err(FaceError::parameter(
                    "trigger",
                    problem,
                    "last_trade, touch or venue",
                ));
            }
        };
        let mut terms = ParentTerms::between(now, UnixNanos::MAX);
        terms.reduce_only = order.reduce_only;
        terms.tif = parse_tif(order.tif)?;
        let request = ParentRequest {
            instrument: id,
            side,
            order_qty: self.exact_qty(id, "qty", order.qty)?,
            limit_price: self.exact_price(id, "limit_price", order.limit_price)?,
            algorithm: Algorithm::Stop {
                stop_price: self.exact_price(id, "stop_price", order.stop_price)?,
                trail_ticks: trail.transpose()?,
                trigger,
            },
            terms,
            weights: Vec::new(),
            tag: order.tag.map_or(0, |tag| self.shared.intern_tag(tag)),
        };
        let order_id = self.with(|ctx| ctx.execute(request))?;
        Ok(self.shared.id_text(order_id))
    }

    fn algorithm(&self, id: InstrumentId, terms: &Bound<'_, PyDict>) -> PyResult<Algorithm> {
        let kind: String = field(terms, "algorithm")?;
        Ok(match kind.as_str() {
            "twap" => Algorithm::Twap,
            "vwap" => Algorithm::Vwap,
            "implementation_shortfall" => Algorithm::ImplementationShortfall,
            "pov" => Algorithm::Pov {
                participation_bps: field(terms, "participation_bps")?,
                every_ns: field(terms, "every_ns")?,
            },
            ROUTED => Algorithm::Route {
                every_ns: field(terms, "every_ns")?,
                max_age_ns: field(terms, "max_age_ns")?,
                latency_cost_bps: field(terms, "latency_cost_bps")?,
            },
            _ => Algorithm::Iceberg {
                shown_qty: self.exact_qty(id, "shown_qty", field(terms, "shown_qty")?)?,
            },
        })
    }

    fn terms(
        &self,
        id: InstrumentId,
        given: &Bound<'_, PyDict>,
        reduce_only: bool,
    ) -> PyResult<ParentTerms> {
        let (start, end) = (field(given, "start_ns")?, field(given, "end_ns")?);
        let mut terms = ParentTerms::between(UnixNanos(start), UnixNanos(end));
        let least: f64 = field(given, "min_child_qty")?;
        if least > 0.0 {
            terms.min_child_qty = self.exact_qty(id, "min_child_qty", least)?;
        }
        let styles = [
            ("passive", Style::Passive),
            ("aggressive", Style::Aggressive),
        ];
        terms.style = word(given, "style", &styles)?;
        terms.catch_up = field(given, "catch_up")?;
        terms.max_slippage_bps = field(given, "max_slippage_bps")?;
        let benchmarks = [("arrival", Benchmark::Arrival), ("mid", Benchmark::Mid)];
        terms.benchmark = word(given, "benchmark", &benchmarks)?;
        let ends = [
            ("expire", EndPolicy::Expire),
            ("complete", EndPolicy::Complete),
        ];
        terms.end_policy = word(given, "at_end", &ends)?;
        terms.reduce_only = reduce_only;
        Ok(terms)
    }

    fn exact_qty(&self, id: InstrumentId, name: &str, qty: f64) -> PyResult<Qty> {
        if qty.is_nan() || qty <= 0.0 {
            let problem = format!("{qty} is not positive");
            return Err(FaceError::parameter(name, problem, "pass how much"));
        }
        let lots = self
            .qty(id, qty)?
            .map_err(|off| FaceError::parameter(name, off.text, "use ctx.round_qty(symbol, qty)"));
        lots.map(Qty)
    }

    fn exact_price(
        &self,
        id: InstrumentId,
        name: &str,
        price: Option<f64>,
    ) -> PyResult<Option<Price>> {
        let Some(price) = price else { return Ok(None) };
        if price <= 0.0 {
            let problem = format!("{price} is not positive");
            return Err(FaceError::parameter(name, problem, "pass a price"));
        }
        let ticks = self.price(id, name, price)?.map_err(|off| {
            FaceError::parameter(name, off.text, "use ctx.round_price(symbol, price)")
        });
        ticks.map(|ticks| Some(Price(ticks)))
    }

    /// A distance in ticks.
    fn exact_step(&self, id: InstrumentId, name: &str, step: f64) -> PyResult<i64> {
        finite(name, step)?;
        let ticks = self.shared.prices[id.index()].count(step);
        ticks.filter(|ticks| *ticks > 0).ok_or_else(|| {
            let problem = format!("{step} is no positive number of ticks");
            FaceError::parameter(name, problem, "pass a distance in price, such as 0.50")
        })
    }

    pub(super) fn open_parents(&self, symbol: Option<&str>) -> PyResult<Vec<PyParent>> {
        let only = symbol.map(|symbol| self.shared.find(symbol)).transpose()?;
        let parents = self.with(|ctx| ctx.parents().copied().collect::<Vec<_>>())?;
        let wanted = parents.iter();
        let wanted = wanted.filter(|parent| only.is_none_or(|id| parent.instrument == id));
        Ok(wanted
            .map(|parent| PyParent::new(&self.shared, parent))
            .collect())
    }
}
