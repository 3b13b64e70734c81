//! The compiled strategies by name, with their parameters.

use py_rt_kernel::actions::ActionEvent;
use py_rt_kernel::event::{FillEvent, OrderEvent};
use py_rt_kernel::signal::Quote;
use py_rt_kernel::{Context, Interests, Strategy};
use py_rt_types::{Bar, Instrument, MarketEvent};

use crate::bench::{BenchMaker, BenchTouch};
use crate::error::StrategyError;
use crate::market_maker::{self, MarketMaker};
use crate::mean_reversion::{self, MeanReversion};
use crate::params::{ParamSpec, ParamValue, Params};
use crate::sma_cross::{self, SmaCross};

/// What is known of a strategy before it is made.
#[derive(Debug)]
pub struct StrategySpec {
    /// Its name.
    pub name: &'static str,
    /// What it does, in one sentence.
    pub doc: &'static str,
    /// The callbacks it wants, by their names in Python.
    pub callbacks: &'static [&'static str],
    /// Its parameters, in the order in which they are shown.
    pub params: &'static [ParamSpec],
}

/// Every compiled strategy, by name.
pub static STRATEGIES: [StrategySpec; 6] = [
    StrategySpec {
        name: "bench_maker",
        doc: "Quotes one tick outside the touch and looks at every row; a bench workload.",
        callbacks: &["on_trade", "on_book"],
        params: &[],
    },
    StrategySpec {
        name: "bench_maker_10ms",
        doc: "Quotes one tick outside the touch and looks every 10 ms; a bench workload.",
        callbacks: &["on_start", "on_timer"],
        params: &[],
    },
    StrategySpec {
        name: "bench_touch",
        doc: "Reads the touch on every row and trades nothing; a bench workload.",
        callbacks: &["on_trade", "on_book"],
        params: &[],
    },
    StrategySpec {
        name: "market_maker",
        doc: "Keeps a passive quote on each side of the middle, skewed by what is held.",
        callbacks: &["on_book"],
        params: &market_maker::PARAMS,
    },
    StrategySpec {
        name: "mean_reversion",
        doc: "Trades against the z-score of the close: in beyond entry, out within exit.",
        callbacks: &["on_bar"],
        params: &mean_reversion::PARAMS,
    },
    StrategySpec {
        name: "sma_cross",
        doc: "Long while the fast moving average of the close is above the slow one, else flat.",
        callbacks: &["on_bar"],
        params: &sma_cross::PARAMS,
    },
];

/// The names, sorted.
pub fn names() -> impl Iterator<Item = &'static str> {
    STRATEGIES.iter().map(|spec| spec.name)
}

/// What is known of the strategy called `name`.
///
/// # Errors
/// [`StrategyError::UnknownStrategy`] when there is none.
pub fn find(name: &str) -> Result<&'static StrategySpec, StrategyError> {
    let found = STRATEGIES.iter().find(|spec| spec.name == name);
    found.ok_or_else(|| StrategyError::UnknownStrategy {
        name: name.to_owned(),
    })
}

/// Makes a strategy for a run over `instruments`; parameters not given keep their defaults.
///
/// # Errors
/// [`StrategyError`]: no such strategy, no such parameter, or a value that is of another type,
/// outside its range, or not on the lot of an instrument.
pub fn create(
    name: &str,
    params: &[(String, ParamValue)],
    instruments: &[Instrument],
) -> Result<Compiled, StrategyError> {
    let spec = find(name)?;
    let params = Params::try_new(spec.name, spec.params, params)?;
    Ok(match spec.name {
        "bench_maker" => Compiled::BenchMaker(BenchMaker::every_row(instruments)?),
        "bench_maker_10ms" => Compiled::BenchMaker(BenchMaker::every_ten_ms(instruments)?),
        "bench_touch" => Compiled::BenchTouch(BenchTouch::default()),
        "market_maker" => Compiled::MarketMaker(MarketMaker::try_new(&params, instruments)?),
        "mean_reversion" => Compiled::MeanReversion(MeanReversion::try_new(&params, instruments)?),
        _ => Compiled::SmaCross(SmaCross::try_new(&params, instruments)?),
    })
}

/// One of the compiled strategies. Take it apart to let a driver be made for each, or run it as it
/// is at the price of one branch a callback.
#[derive(Debug, Clone)]
pub enum Compiled {
    /// See [`crate::sma_cross`].
    SmaCross(SmaCross),
    /// See [`crate::mean_reversion`].
    MeanReversion(MeanReversion),
    /// See [`crate::market_maker`].
    MarketMaker(MarketMaker),
    /// See [`crate::bench`].
    BenchTouch(BenchTouch),
    /// See [`crate::bench`].
    BenchMaker(BenchMaker),
}

/// Calls one method of whichever strategy it is.
macro_rules! each {
    ($compiled:expr, $strategy:ident => $call:expr) => {
        match $compiled {
            Compiled::SmaCross($strategy) => $call,
            Compiled::MeanReversion($strategy) => $call,
            Compiled::MarketMaker($strategy) => $call,
            Compiled::BenchTouch($strategy) => $call,
            Compiled::BenchMaker($strategy) => $call,
        }
    };
}

impl Strategy for Compiled {
    fn interests(&self) -> Interests {
        each!(self, strategy => strategy.interests())
    }
    fn on_start(&mut self, ctx: &mut Context<'_>) {
        each!(self, strategy => strategy.on_start(ctx));
    }
    fn on_trade(&mut self, ctx: &mut Context<'_>, trade: &MarketEvent) {
        each!(self, strategy => strategy.on_trade(ctx, trade));
    }
    fn on_quote(&mut self, ctx: &mut Context<'_>, quote: &Quote) {
        each!(self, strategy => strategy.on_quote(ctx, quote));
    }
    fn on_book(&mut self, ctx: &mut Context<'_>, event: &MarketEvent) {
        each!(self, strategy => strategy.on_book(ctx, event));
    }
    fn on_bar(&mut self, ctx: &mut Context<'_>, bar: &Bar) {
        each!(self, strategy => strategy.on_bar(ctx, bar));
    }
    fn on_order(&mut self, ctx: &mut Context<'_>, order: &OrderEvent) {
        each!(self, strategy => strategy.on_order(ctx, order));
    }
    fn on_fill(&mut self, ctx: &mut Context<'_>, fill: &FillEvent) {
        each!(self, strategy => strategy.on_fill(ctx, fill));
    }
    fn on_timer(&mut self, ctx: &mut Context<'_>, timer: u32) {
        each!(self, strategy => strategy.on_timer(ctx, timer));
    }
    fn on_action(&mut self, ctx: &mut Context<'_>, action: &ActionEvent) {
        each!(self, strategy => strategy.on_action(ctx, action));
    }
    fn on_stop(&mut self, ctx: &mut Context<'_>) {
        each!(self, strategy => strategy.on_stop(ctx));
    }
}
