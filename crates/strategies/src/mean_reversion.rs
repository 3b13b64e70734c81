//! Against the z-score of the close: in beyond `entry`, out within `exit`.

use py_rt_kernel::{Context, Interests, Strategy};
use py_rt_quant::{Indicator, ZScore};
use py_rt_types::{Bar, Instrument, Qty};

use crate::error::StrategyError;
use crate::params::{ParamSpec, Params};
use crate::selection::{lots, per_instrument, PriceScale};
use crate::sma_cross::too_long;

/// What it is called with.
pub(crate) static PARAMS: [ParamSpec; 5] = [
    ParamSpec::text("symbol", "symbol to trade; \"\" for every one of the run"),
    ParamSpec::int("lookback", 20, "bars of the z-score, 2 or more"),
    ParamSpec::float("entry", 2.0, "distance that opens [standard deviations]"),
    ParamSpec::float(
        "exit",
        0.5,
        "distance that closes [standard deviations], below entry",
    ),
    ParamSpec::float("order_qty", 100.0, "position while in [units]"),
];

/// The strategy, with a state of its own for every instrument. Where selling short is not possible
/// a high score closes.
#[derive(Debug, Clone)]
pub struct MeanReversion {
    desks: Vec<Option<Desk>>,
    entry: f64,
    exit: f64,
}

#[derive(Debug, Clone)]
struct Desk {
    scale: PriceScale,
    score: ZScore,
    long: Qty,
    short: Qty,
}

impl MeanReversion {
    pub(crate) fn try_new(
        params: &Params<'_>,
        instruments: &[Instrument],
    ) -> Result<Self, StrategyError> {
        let (entry, exit) = (params.number("entry", 0.0)?, params.number("exit", 0.0)?);
        if exit >= entry {
            let problem = format!("is {exit}, but entry is {entry}");
            return Err(StrategyError::bad_value(
                "exit",
                problem,
                "pass less than entry",
            ));
        }
        let lookback = params.count("lookback", 2)?;
        let score = ZScore::new(lookback).map_err(|error| too_long("lookback", error))?;
        let desks = per_instrument(params, instruments, |instrument| {
            let long = lots(params, "order_qty", instrument)?;
            let shortable = instrument.spec().shortable;
            Ok(Desk {
                scale: PriceScale::new(instrument),
                score: score.clone(),
                long,
                short: Qty(if shortable { -long.0 } else { 0 }),
            })
        })?;
        Ok(Self { desks, entry, exit })
    }
}

impl Strategy for MeanReversion {
    fn interests(&self) -> Interests {
        Interests::BAR
    }

    #[inline]
    fn on_bar(&mut self, ctx: &mut Context<'_>, bar: &Bar) {
        let Some(Some(desk)) = self.desks.get_mut(bar.instrument.index()) else {
            return;
        };
        let Some(score) = desk.score.update(desk.scale.close(bar)) else {
            return;
        };
        if score > self.entry {
            ctx.target(bar.instrument, desk.short);
        } else if score < -self.entry {
            ctx.target(bar.instrument, desk.long);
        } else if score.abs() <= self.exit {
            ctx.target(bar.instrument, Qty::ZERO);
        }
    }
}
