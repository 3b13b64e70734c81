//! What guards remember: orders, cancels and executions as they happen, and phases of markets.

use py_rt_types::{InstrumentId, Money, NewOrder, Qty};

use super::Kernel;
use crate::event::{Cause, TradingState};
use crate::input::Phase;
use crate::risk::Guard;
use crate::signal::{Strategy, StrategyId};

impl<S: Strategy> Kernel<S> {
    /// Lets the guards of the account and of one of several strategies look.
    fn each_guard(&mut self, strategy: StrategyId, mut tell: impl FnMut(&mut Guard)) {
        let own = strategy.place();
        let own = own.and_then(|place| self.books.own.get_mut(place));
        let own = own.and_then(|own| own.risk.guard.as_deref_mut());
        own.into_iter().for_each(&mut tell);
        self.risk.guard.as_deref_mut().into_iter().for_each(tell);
    }

    #[cold]
    #[inline(never)]
    pub(super) fn note_order(
        &mut self,
        strategy: StrategyId,
        id: InstrumentId,
        new: Option<&NewOrder>,
    ) {
        let mark = self.market.instrument(id).and_then(|market| market.mark());
        let (now, mark) = (self.now, mark.map(|(mark, _)| mark));
        self.each_guard(strategy, |guard| guard.record_order(now, id, mark, new));
    }

    #[cold]
    #[inline(never)]
    pub(super) fn note_cancel(&mut self, strategy: StrategyId) {
        let now = self.now;
        self.each_guard(strategy, |guard| guard.record_cancel(now));
    }

    /// Counts an execution; the breaker against repetition latches on the one that crosses.
    #[cold]
    #[inline(never)]
    pub(super) fn note_fill(
        &mut self,
        strategy: StrategyId,
        id: InstrumentId,
        executed: (Money, Qty),
        first: bool,
    ) {
        let now = self.now;
        let of = |guard: Option<&mut Guard>| {
            guard.is_some_and(|guard| guard.record_fill(now, id, executed, first))
        };
        let own = strategy.place();
        let own = own.and_then(|place| self.books.own.get_mut(place));
        let own = of(own.and_then(|own| own.risk.guard.as_deref_mut()));
        let account = of(self.risk.guard.as_deref_mut());
        if own {
            self.restrict_own(
                strategy,
                TradingState::ReduceOnly,
                Cause::RepeatedExecutions,
            );
        }
        if account {
            self.restrict(TradingState::ReduceOnly, Cause::RepeatedExecutions);
        }
    }

    #[cold]
    #[inline(never)]
    pub(super) fn handle_phase(&mut self, id: InstrumentId, phase: Phase) {
        self.market
            .phases
            .resize(self.instruments.len(), Phase::Open);
        if let Some(known) = self.market.phases.get_mut(id.index()) {
            *known = phase;
        }
    }
}
