//! Long while the fast moving average of the close is above the slow one, else flat.

use py_rt_kernel::{Context, Interests, Strategy};
use py_rt_quant::{Indicator, IndicatorError, Sma};
use py_rt_types::{Bar, Instrument, Qty};

use crate::error::StrategyError;
use crate::params::{ParamSpec, Params};
use crate::selection::{lots, per_instrument, PriceScale};

/// What it is called with.
pub(crate) static PARAMS: [ParamSpec; 4] = [
    ParamSpec::text("symbol", "symbol to trade; \"\" for every one of the run"),
    ParamSpec::int("fast", 10, "bars of the fast average, 1 or more"),
    ParamSpec::int("slow", 30, "bars of the slow average, 1 or more"),
    ParamSpec::float("order_qty", 100.0, "position while long [units]"),
];

/// The strategy, with a state of its own for every instrument.
#[derive(Debug, Clone)]
pub struct SmaCross {
    desks: Vec<Option<Desk>>,
}

#[derive(Debug, Clone)]
struct Desk {
    scale: PriceScale,
    fast: Sma,
    slow: Sma,
    order_qty: Qty,
}

impl SmaCross {
    pub(crate) fn try_new(
        params: &Params<'_>,
        instruments: &[Instrument],
    ) -> Result<Self, StrategyError> {
        let fast = average("fast", params)?;
        let slow = average("slow", params)?;
        let desks = per_instrument(params, instruments, |instrument| {
            Ok(Desk {
                scale: PriceScale::new(instrument),
                fast: fast.clone(),
                slow: slow.clone(),
                order_qty: lots(params, "order_qty", instrument)?,
            })
        })?;
        Ok(Self { desks })
    }
}

fn average(name: &'static str, params: &Params<'_>) -> Result<Sma, StrategyError> {
    Sma::new(params.count(name, 1)?).map_err(|error| too_long(name, error))
}

/// A number of bars that the indicator refuses.
pub(crate) fn too_long(name: &'static str, error: IndicatorError) -> StrategyError {
    StrategyError::bad_value(name, format!("is refused: {error}"), "pass fewer bars")
}

impl Strategy for SmaCross {
    fn interests(&self) -> Interests {
        Interests::BAR
    }

    #[inline]
    fn on_bar(&mut self, ctx: &mut Context<'_>, bar: &Bar) {
        let Some(Some(desk)) = self.desks.get_mut(bar.instrument.index()) else {
            return;
        };
        let close = desk.scale.close(bar);
        let (fast, slow) = (desk.fast.update(close), desk.slow.update(close));
        if let (Some(fast), Some(slow)) = (fast, slow) {
            let long = fast > slow;
            ctx.target(
                bar.instrument,
                if long { desk.order_qty } else { Qty::ZERO },
            );
        }
    }
}
