//! What happens because time passed, in a fixed order.

use py_rt_types::{MarketEvent, UnixNanos};

use super::Kernel;
use crate::market::BarBuilder;
use crate::signal::{Interests, Strategy, StrategyId};

/// Timers that may ring in one input; more is a strategy that sets them for the same moment.
const RINGS_PER_INPUT_MAX: usize = 10_000;

impl<S: Strategy> Kernel<S> {
    #[cold]
    pub(super) fn ring_alarms(&mut self) {
        while let Some(bar) = self
            .bars
            .as_mut()
            .and_then(|bars| bars.poll_closed(self.now))
        {
            self.handle_bar(&bar);
            self.settle();
        }
        while let Some(changed) = self.execution.handle_alarm(self.now) {
            if let Some(order) = changed {
                self.publish_order(&order, None);
            }
        }
        for query in self.sync.handle_timeout(self.now, &self.execution.orders) {
            self.execution.ask(query);
        }
        if !self.execution.parents.is_empty() {
            self.ring_parents();
        }
        let mut rung = 0;
        while let Some((strategy, timer)) = self.timers.poll_due(self.now) {
            rung += 1;
            if rung > RINGS_PER_INPUT_MAX {
                self.fail_strategy();
                break;
            }
            if self.running && self.interests.has(Interests::TIMER) {
                self.intents.strategy = strategy;
                self.call(|strategy, ctx| strategy.on_timer(ctx, timer));
                self.intents.strategy = StrategyId::ACCOUNT;
            }
            self.settle();
        }
        if self.flatten.is_some() {
            self.advance_flatten();
        }
        self.settle();
    }

    pub(super) fn handle_bar_trade(&mut self, event: &MarketEvent) {
        if let Some(bars) = &mut self.bars {
            bars.handle_trade(self.now, event);
            self.refresh_alarm();
        }
    }

    pub(super) fn refresh_alarm(&mut self) {
        let bars = self
            .bars
            .as_ref()
            .map_or(UnixNanos::MAX, BarBuilder::poll_timeout);
        self.alarm = bars
            .min(self.timers.poll_timeout())
            .min(self.execution.poll_timeout())
            .min(self.execution.parents.poll_timeout())
            .min(self.sync.poll_timeout());
        if let Some(flatten) = &self.flatten {
            self.alarm = self.alarm.min(flatten.poll_timeout());
        }
    }
}
