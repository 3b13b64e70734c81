//! A strategy of a session: written in Python, compiled, or one that could not be made.

use std::sync::Arc;

use py_rt_kernel::actions::ActionEvent;
use py_rt_kernel::event::{FillEvent, OrderEvent, ParentEvent};
use py_rt_kernel::signal::{Quote, Team};
use py_rt_kernel::{Context, Interests, Strategy};
use py_rt_strategies::registry::Compiled;
use py_rt_types::{Bar, MarketEvent};
use pyo3::prelude::*;
use pyo3::types::PyList;

use super::{Hosted, Shared};
use crate::compiled;
use crate::error::FaceError;
use crate::live::Errors;

/// Any strategy.
pub(crate) enum AnyStrategy {
    /// Written in Python.
    Hosted(Box<Hosted>),
    /// Compiled.
    Compiled(Box<Compiled>),
    /// Several that share the account.
    Several(Box<Team<AnyStrategy>>),
    /// It could not be made: the session ends at once and the reason is raised.
    Failed,
}

impl AnyStrategy {
    /// A strategy that was made for this run.
    pub(crate) fn try_new(
        strategy: &Bound<'_, PyAny>,
        shared: Arc<Shared>,
        errors: &Errors,
    ) -> PyResult<Self> {
        match compiled::from_handle(strategy, &shared.instruments)? {
            Some(compiled) => Ok(Self::Compiled(Box::new(compiled))),
            None => Hosted::new(strategy, shared, errors.clone())
                .map(|hosted| Self::Hosted(Box::new(hosted))),
        }
    }

    /// Several strategies in the order of a list.
    pub(crate) fn several(
        list: &Bound<'_, PyList>,
        shared: &Arc<Shared>,
        errors: &Errors,
    ) -> PyResult<Team<Self>> {
        let make = |strategy| Self::try_new(&strategy, Arc::clone(shared), errors);
        let made: Vec<Self> = list.iter().map(make).collect::<PyResult<_>>()?;
        let refused = || FaceError::parameter("strategy", "is empty", "pass 1 to 255 strategies");
        Team::try_new(made).ok_or_else(refused)
    }

    /// A fresh strategy for one run, or a team of a list; what goes wrong is left in `errors`.
    pub(crate) fn fresh(strategy: &Bound<'_, PyAny>, shared: Arc<Shared>, errors: &Errors) -> Self {
        let made = match strategy.cast::<PyList>() {
            Ok(list) => fresh_ones(list)
                .and_then(|fresh| Self::several(&fresh, &shared, errors))
                .map(|team| Self::Several(Box::new(team))),
            Err(_) => strategy
                .call_method0("fresh")
                .and_then(|fresh| Self::try_new(&fresh, shared, errors)),
        };
        made.unwrap_or_else(|error| {
            errors.put(error);
            Self::Failed
        })
    }
}

fn fresh_ones<'py>(list: &Bound<'py, PyList>) -> PyResult<Bound<'py, PyList>> {
    let fresh = list.iter().map(|strategy| strategy.call_method0("fresh"));
    PyList::new(list.py(), fresh.collect::<PyResult<Vec<_>>>()?)
}

macro_rules! each {
    ($any:expr, $strategy:ident => $call:expr) => {
        match $any {
            AnyStrategy::Hosted($strategy) => $call,
            AnyStrategy::Compiled($strategy) => $call,
            AnyStrategy::Several($strategy) => $call,
            AnyStrategy::Failed => {}
        }
    };
}

impl Strategy for AnyStrategy {
    fn interests(&self) -> Interests {
        match self {
            Self::Hosted(strategy) => strategy.interests(),
            Self::Compiled(strategy) => strategy.interests(),
            Self::Several(strategy) => strategy.interests(),
            Self::Failed => Interests::default(),
        }
    }
    fn on_start(&mut self, ctx: &mut Context<'_>) {
        match self {
            Self::Failed => ctx.fail(),
            Self::Hosted(strategy) => strategy.on_start(ctx),
            Self::Compiled(strategy) => strategy.on_start(ctx),
            Self::Several(strategy) => strategy.on_start(ctx),
        }
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
    fn on_parent(&mut self, ctx: &mut Context<'_>, parent: &ParentEvent) {
        each!(self, strategy => strategy.on_parent(ctx, parent));
    }
    fn on_action(&mut self, ctx: &mut Context<'_>, action: &ActionEvent) {
        each!(self, strategy => strategy.on_action(ctx, action));
    }
    fn on_stop(&mut self, ctx: &mut Context<'_>) {
        each!(self, strategy => strategy.on_stop(ctx));
    }
}
