//! What a strategy asks for, checked and handed to the kernel's context.

use py_rt_kernel::{Context, OrderRequest};
use py_rt_types::{InstrumentId, Money, Price, Qty, RejectReason, Side, UnixNanos};
use pyo3::prelude::*;
use pyo3::types::PyString;

use super::ask::{Ask, AT_VENUE};
use super::context::PyContext;
use super::convert::{duration_ns, parse_tif, side_name};
use super::orders::PyOrder;
use super::shared::Scale;
use super::views::PyPosition;
use crate::error::FaceError;

/// Refuses what is not a number.
pub(super) fn finite(field: &str, value: f64) -> PyResult<()> {
    if value.is_finite() {
        return Ok(());
    }
    Err(FaceError::parameter(
        field,
        format!("{value} is no number"),
        "check how it was computed",
    ))
}

/// A value between two steps: the nearest count of steps, and what to say.
pub(super) struct OffStep {
    nearest: i64,
    pub(super) text: String,
}

/// A value as a count of steps. Not a number, infinite or beyond 64 bits is refused at once.
fn on_step(scale: Scale, step: &str, field: &str, value: f64) -> PyResult<Result<i64, OffStep>> {
    let steps = scale.steps(value);
    if !steps.is_finite() || steps.abs() >= 9.0e18 {
        let problem = format!("{value} is not a number of this instrument's size");
        return Err(FaceError::parameter(
            field,
            problem,
            "check how it was computed",
        ));
    }
    Ok(scale.count(value).ok_or_else(|| {
        let below = steps.floor() as i64;
        let (low, high) = (scale.value(below), scale.value(below + 1));
        let text =
            format!("{field} {value} does not lie on the {step}; nearest are {low} and {high}");
        OffStep {
            nearest: steps.round() as i64,
            text,
        }
    }))
}

impl PyContext {
    /// A quantity in lots, or why it is none.
    pub(super) fn qty(&self, id: InstrumentId, qty: f64) -> PyResult<Result<i64, OffStep>> {
        on_step(self.shared.qtys[id.index()], "lot", "qty", qty)
    }

    /// A price in ticks, or why it is none.
    pub(super) fn price(
        &self,
        id: InstrumentId,
        field: &str,
        price: f64,
    ) -> PyResult<Result<i64, OffStep>> {
        let scale = self.shared.prices[id.index()];
        let count = on_step(scale, "tick", field, price)?;
        let instrument = &self.shared.instruments[id.index()];
        Ok(count.and_then(|count| {
            let (low, high) = (
                instrument.floor_price(Price(count)),
                instrument.ceil_price(Price(count)),
            );
            if low == high {
                return Ok(count);
            }
            let (below, above) = (scale.value(low.0), scale.value(high.0));
            let text = format!(
                "{field} {price} does not lie on the order tick; nearest are {below} and {above}"
            );
            let nearest = instrument.nearest_price(Price(count)).0;
            Err(OffStep { nearest, text })
        }))
    }

    pub(super) fn submit(
        &self,
        side: Side,
        symbol: &Bound<'_, PyString>,
        order: &Ask<'_>,
    ) -> PyResult<String> {
        let id = self.shared.find_object(symbol)?;
        if order.qty <= 0.0 {
            let problem = format!("{} is not positive", order.qty);
            let remedy = format!("pass how much to {}", side_name(side));
            return Err(FaceError::parameter("qty", problem, &remedy));
        }
        let waits = order.stop_price.is_some() || order.trail.is_some();
        if order.trigger == AT_VENUE {
            order.check_at_venue()?;
        } else if waits {
            return self.hold_stop(side, id, order);
        }
        let mut wrong: Option<(RejectReason, String)> = None;
        let mut keep = |reason, count: Result<i64, OffStep>| {
            count.unwrap_or_else(|off| {
                wrong.get_or_insert((reason, off.text));
                off.nearest
            })
        };
        let qty = Qty(keep(RejectReason::BadQty, self.qty(id, order.qty)?));
        let mut ticks = |field, price: Option<f64>| -> PyResult<Option<Price>> {
            let Some(price) = price else { return Ok(None) };
            let count = self.price(id, field, price)?;
            Ok(Some(Price(keep(RejectReason::BadPrice, count))))
        };
        let request = OrderRequest {
            stop_price: ticks("stop_price", order.stop_price)?,
            limit_price: ticks("limit_price", order.limit_price)?,
            tif: parse_tif(order.tif)?,
            post_only: order.post_only,
            reduce_only: order.reduce_only,
            tag: order.tag.map_or(0, |tag| self.shared.intern_tag(tag)),
            ..OrderRequest::market(id, side, qty)
        };
        let order_id = self.with(|ctx| match &wrong {
            None => ctx.submit(request),
            Some((reason, _)) => ctx.submit_invalid(request, *reason),
        })?;
        if let Some((_, text)) = wrong {
            self.shared.explain(order_id, text);
        }
        Ok(self.shared.id_text(order_id))
    }

    pub(super) fn money(&self, amount: impl FnOnce(&mut Context<'_>) -> Money) -> PyResult<f64> {
        self.with(amount).map(|money| money.0 as f64 / 1e18)
    }

    pub(super) fn open_orders(&self, symbol: Option<&str>) -> PyResult<Vec<PyOrder>> {
        let only = symbol.map(|symbol| self.shared.find(symbol)).transpose()?;
        let orders = self.with(|ctx| {
            let now = ctx.now();
            let open: Vec<_> = ctx.orders().copied().collect();
            let asked: Vec<_> = ctx
                .requested()
                .map(|order| py_rt_kernel::execution::Order::new(order, 0, false, now))
                .collect();
            open.into_iter().chain(asked).collect::<Vec<_>>()
        })?;
        let wanted = orders
            .iter()
            .filter(|order| only.is_none_or(|id| order.instrument == id));
        Ok(wanted
            .map(|order| PyOrder::new(&self.shared, order, None))
            .collect())
    }

    pub(super) fn change(
        &self,
        client_order_id: &str,
        qty: Option<f64>,
        limit_price: Option<f64>,
    ) -> PyResult<()> {
        let id = self.shared.parse_id(client_order_id)?;
        let found = self.with(|ctx| {
            let parent = ctx.parents().find(|p| p.client_order_id == id);
            let order = ctx
                .orders()
                .find(|o| o.client_order_id.sequence == id.sequence);
            order.map(|o| o.instrument).or(parent.map(|p| p.instrument))
        })?;
        let Some(instrument) = found else {
            return Ok(());
        };
        let bad = |field: &str, off: OffStep| {
            FaceError::parameter(field, off.text, "use ctx.round_price and ctx.round_qty")
        };
        let qty = qty.map(|qty| self.qty(instrument, qty)).transpose()?;
        let qty = qty.transpose().map_err(|off| bad("qty", off))?.map(Qty);
        let price = limit_price.map(|price| self.price(instrument, "limit_price", price));
        let price = price.transpose()?.transpose();
        let price = price.map_err(|off| bad("limit_price", off))?.map(Price);
        self.with(|ctx| ctx.replace(id, qty, price))
    }

    pub(super) fn ring(
        &self,
        name: &str,
        at: Option<&Bound<'_, PyAny>>,
        every: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let every = every.map(|every| duration_ns("every", every)).transpose()?;
        let at = at.map(time_ns).transpose()?;
        if at.is_none() && every.is_none_or(|every| every <= 0) {
            let problem = "neither at nor every was given";
            return Err(FaceError::parameter(
                "set_timer",
                problem,
                "pass at= or every=\"1s\"",
            ));
        }
        let timer = self.shared.intern_timer(name);
        let every = every.unwrap_or(0);
        self.with(|ctx| {
            let at = at.map_or_else(|| ctx.now().plus(every), UnixNanos);
            ctx.set_timer(timer, at, every);
        })
    }

    pub(super) fn nearest_price(&self, symbol: &str, price: f64, direction: &str) -> PyResult<f64> {
        let id = self.shared.find(symbol)?;
        finite("price", price)?;
        let scale = self.shared.prices[id.index()];
        let steps = scale.steps(price);
        let near = scale.count(price);
        let instrument = &self.shared.instruments[id.index()];
        let whole = |steps: f64| Price(near.unwrap_or(steps as i64));
        let count = match direction {
            "nearest" => instrument.nearest_price(whole(steps.round())),
            "down" => instrument.floor_price(whole(steps.floor())),
            "up" => instrument.ceil_price(whole(steps.ceil())),
            _ => {
                let problem = format!("{direction:?} is unknown");
                return Err(FaceError::parameter(
                    "direction",
                    problem,
                    "nearest, down or up",
                ));
            }
        };
        Ok(scale.value(count.0))
    }

    pub(super) fn held(&self, symbol: &Bound<'_, PyString>) -> PyResult<PyPosition> {
        let id = self.shared.find_object(symbol)?;
        let position = self.with(|ctx| ctx.position(id))?;
        let float = |money: Money| money.0 as f64 / 1e18;
        let unit = self.shared.money[id.index()];
        let ticks = float(position.cost) / unit / position.qty.0 as f64;
        let tick = self.shared.prices[id.index()].value(1);
        Ok(PyPosition {
            qty: self.shared.qty(id, position.qty),
            avg_price: if position.qty.0 == 0 {
                f64::NAN
            } else {
                ticks * tick
            },
            unrealized_pnl: float(position.unrealized_pnl()),
            realized_pnl: float(position.realized_pnl),
        })
    }
}

/// A time in nanoseconds from an integer or a datetime with a zone.
fn time_ns(value: &Bound<'_, PyAny>) -> PyResult<i64> {
    if let Ok(ns) = value.extract::<i64>() {
        return Ok(ns);
    }
    let module = value.py().import("py_rt._times")?;
    module.getattr("to_ns")?.call1((value,))?.extract()
}
