//! What each of several strategies has for itself: its books and its limits.
//!
//! A strategy's own books are those of an account with the same cash in which it trades alone. So
//! its profit is exact, the profits of all add up to the account's, and a limit such as the largest
//! drawdown means for it what it means for the account.

use alloc::string::String;
use alloc::vec::Vec;
use py_rt_types::{InstrumentId, NewOrder, ReplaceOrder};

use super::Kernel;
use crate::event::{Cause, Denial, Event, TradingState};
use crate::execution::Order;
use crate::portfolio::Portfolio;
use crate::risk::{Control, Desk, Risk, RiskLimits};
use crate::signal::{Strategy, StrategyId};

/// One of several strategies of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StrategySpec {
    /// Its name, unlike all others.
    pub name: String,
    /// Its own limits, beside those of the account.
    pub limits: RiskLimits,
}

/// Books and limits of one of several strategies.
#[derive(Debug, Clone)]
pub(crate) struct Own {
    pub(crate) portfolio: Portfolio,
    pub(crate) risk: Risk,
}

/// The books of the account, and those of each of several strategies that share it.
#[derive(Debug, Clone)]
pub(crate) struct Books {
    pub(crate) account: Portfolio,
    /// Empty where one strategy has the account to itself.
    pub(crate) own: Vec<Own>,
}

impl Books {
    /// The books in which a strategy's positions stand.
    #[inline]
    pub(crate) fn of(&self, strategy: StrategyId) -> &Portfolio {
        let own = strategy.place().and_then(|place| self.own.get(place));
        own.map_or(&self.account, |own| &own.portfolio)
    }
}

impl<S> Kernel<S> {
    #[inline]
    pub(super) fn own(&self, strategy: StrategyId) -> Option<&Own> {
        strategy.place().and_then(|place| self.books.own.get(place))
    }

    /// The books of a strategy; those of the account where it has it to itself.
    #[inline]
    #[must_use]
    pub fn portfolio_of(&self, strategy: StrategyId) -> &Portfolio {
        self.books.of(strategy)
    }

    pub(super) fn portfolio_mut(&mut self, strategy: StrategyId) -> &mut Portfolio {
        match strategy
            .place()
            .and_then(|place| self.books.own.get_mut(place))
        {
            Some(own) => &mut own.portfolio,
            None => &mut self.books.account,
        }
    }

    /// What one of several strategies may do, as far as its own limits go.
    #[must_use]
    pub fn trading_state_of(&self, strategy: StrategyId) -> TradingState {
        self.own(strategy)
            .map_or(self.risk.state, |own| own.risk.state)
    }

    /// The ids of several strategies that share the account; none where one has it to itself.
    pub fn strategies(&self) -> impl Iterator<Item = StrategyId> + use<S> {
        (1..=self.books.own.len() as u8).map(StrategyId)
    }
}

impl<S: Strategy> Kernel<S> {
    /// Asks what comes before the limits of the account: whether the run has warmed up, and the
    /// limits of the strategy where it is one of several.
    #[inline]
    pub(super) fn check_before_new(
        &mut self,
        strategy: StrategyId,
        order: &NewOrder,
    ) -> Result<(), Denial> {
        if self.is_warm() && self.books.own.is_empty() {
            return Ok(());
        }
        self.check_own_new(strategy, order)
    }

    #[cold]
    #[inline(never)]
    fn check_own_new(&mut self, strategy: StrategyId, order: &NewOrder) -> Result<(), Denial> {
        self.check_warm()?;
        self.advance_own(strategy);
        let checked = self.own(strategy).map(|own| {
            let desk = self.desk_of(strategy, own);
            own.risk.check_new(&desk, order, &mut ()).map(drop)
        });
        checked
            .unwrap_or(Ok(()))
            .map_err(|denial| signed(denial, strategy))
    }

    /// [`Kernel::check_before_new`] for other terms of an order.
    #[inline]
    pub(super) fn check_before_replace(
        &mut self,
        order: &Order,
        replace: &ReplaceOrder,
    ) -> Result<(), Denial> {
        if self.books.own.is_empty() {
            return Ok(());
        }
        self.check_own_replace(order, replace)
    }

    #[cold]
    #[inline(never)]
    fn check_own_replace(&mut self, order: &Order, replace: &ReplaceOrder) -> Result<(), Denial> {
        let strategy = order.strategy;
        self.advance_own(strategy);
        let checked = self.own(strategy).map(|own| {
            let desk = self.desk_of(strategy, own);
            own.risk
                .check_replace(&desk, order, replace, &mut ())
                .map(drop)
        });
        checked
            .unwrap_or(Ok(()))
            .map_err(|denial| signed(denial, strategy))
    }

    /// Whether the run has warmed up.
    #[inline]
    pub(super) const fn is_warm(&self) -> bool {
        self.now.0 >= self.opens_at.0
    }

    fn check_warm(&self) -> Result<(), Denial> {
        if self.is_warm() {
            return Ok(());
        }
        Err(Denial {
            control: Control::Warmup,
            limit: py_rt_types::Decimal::default(),
            value: py_rt_types::Decimal::default(),
            strategy: StrategyId::ACCOUNT,
        })
    }

    fn advance_own(&mut self, strategy: StrategyId) {
        let now = self.now;
        let own = strategy
            .place()
            .and_then(|place| self.books.own.get_mut(place));
        own.into_iter().for_each(|own| own.risk.advance(now));
    }

    /// Counts an order or replace that was sent, for the account and for the strategy.
    #[inline]
    pub(super) fn record_sent(&mut self, strategy: StrategyId) {
        let now = self.now;
        self.risk.record_sent(now);
        if strategy != StrategyId::ACCOUNT {
            self.record_sent_own(strategy);
        }
    }

    #[cold]
    #[inline(never)]
    fn record_sent_own(&mut self, strategy: StrategyId) {
        let now = self.now;
        let own = strategy
            .place()
            .and_then(|place| self.books.own.get_mut(place));
        own.into_iter().for_each(|own| own.risk.record_sent(now));
    }

    pub(super) fn desk_of<'a>(&'a self, strategy: StrategyId, own: &'a Own) -> Desk<'a> {
        Desk {
            portfolio: &own.portfolio,
            exposures: self.execution.orders.exposures(strategy),
            open_orders: self.execution.orders.count_open(strategy),
            shared: false,
            ..self.desk()
        }
    }

    /// Marks the books of several strategies, and looks at their breakers.
    #[cold]
    #[inline(never)]
    pub(super) fn mark_own(&mut self, id: InstrumentId, mark: i64) {
        let Some(instrument) = self.instruments.get(id.index()) else {
            return;
        };
        let mut overflow = false;
        for own in &mut self.books.own {
            if own.portfolio.is_marked(id) {
                overflow |= own.portfolio.handle_mark(instrument, id, mark).is_err();
            }
        }
        self.watch_own();
        if overflow {
            self.restrict(TradingState::Halted, Cause::Overflow);
        }
    }

    /// Looks at the breakers of several strategies.
    pub(super) fn watch_own(&mut self) {
        let mut crossed: Vec<(StrategyId, TradingState, Cause)> = Vec::new();
        for (place, own) in self.books.own.iter_mut().enumerate() {
            let equity = own.portfolio.equity();
            if let Some((state, cause)) = own.risk.breaker.handle_equity(self.now, equity) {
                crossed.push((StrategyId(place as u8 + 1), state, cause));
            }
        }
        for (strategy, state, cause) in crossed {
            self.restrict_own(strategy, state, cause);
        }
    }

    /// Tightens what one of several strategies may do; never loosens it. The others go on.
    pub(super) fn restrict_own(&mut self, strategy: StrategyId, state: TradingState, cause: Cause) {
        let Some(own) = strategy
            .place()
            .and_then(|place| self.books.own.get_mut(place))
        else {
            return;
        };
        if !own.risk.restrict(state, cause) {
            return;
        }
        self.outbox.emit(Event::StrategyTrading {
            strategy,
            state,
            cause,
        });
        self.execution.targets.clear_of(strategy);
        if state == TradingState::Halted {
            self.end_parents(|parent| parent.strategy == strategy);
            self.cancel_where(|order| order.strategy == strategy);
        }
    }

    /// Lets every strategy trade again; its breakers start from here.
    pub(super) fn resume_own(&mut self) {
        for own in &mut self.books.own {
            let equity = own.portfolio.equity();
            own.risk.resume(self.now, equity);
        }
    }
}

/// Says whose limit it was.
pub(super) const fn signed(mut denial: Denial, strategy: StrategyId) -> Denial {
    denial.strategy = strategy;
    denial
}
