//! Corporate actions: positions, cash, marks, targets and open orders, in one go.

use alloc::vec::Vec;
use py_rt_types::{InstrumentId, Money, Qty, TypeError};

use super::Kernel;
use crate::actions::{ActionEvent, ActionKind, CorporateAction, Split, Terms};
use crate::event::{Cause, Event, TradingState};
use crate::execution::Order;
use crate::signal::{Interests, Strategy, StrategyId};

impl<S: Strategy> Kernel<S> {
    #[cold]
    #[inline(never)]
    pub(super) fn handle_action(&mut self, action: &CorporateAction) {
        let id = action.instrument;
        if id.index() >= self.instruments.len() {
            return;
        }
        let Ok(events) = self.effects(action) else {
            return self.restrict(TradingState::Halted, Cause::Overflow);
        };
        let applied = match action.kind {
            ActionKind::Split(split) => self.apply_split(id, split, &events),
            ActionKind::Dividend { .. } => self.apply_dividend(id, &events),
        };
        if applied.is_err() {
            return self.restrict(TradingState::Halted, Cause::Overflow);
        }
        self.watch_money();
        for event in events {
            let several = !self.books.own.is_empty();
            if several && event.strategy == StrategyId::ACCOUNT {
                continue;
            }
            self.outbox.emit(Event::Action(event));
            if self.running && self.interests.has(Interests::ACTION) {
                self.call(|strategy, ctx| strategy.on_action(ctx, &event));
            }
        }
    }

    /// What the action does to the positions of each strategy, and last to those of the account:
    /// it has what all have together.
    fn effects(&self, action: &CorporateAction) -> Result<Vec<ActionEvent>, TypeError> {
        let id = action.instrument;
        let held = self.books.account.position(id).qty;
        let (mut rest, mut after, mut cash) = (held, Qty::ZERO, Money::ZERO);
        let mut events = Vec::with_capacity(self.books.own.len() + 1);
        for strategy in self.strategies() {
            let own = self.portfolio_of(strategy).position(id).qty;
            let event = self.effect(action, strategy, own)?;
            rest = Qty(rest.0.saturating_sub(own.0));
            after = after.checked_add(event.after)?;
            cash = cash.checked_add(event.cash)?;
            events.push(event);
        }
        let event = self.effect(action, StrategyId::ACCOUNT, rest)?;
        events.push(ActionEvent {
            before: held,
            after: after.checked_add(event.after)?,
            cash: cash.checked_add(event.cash)?,
            ..event
        });
        Ok(events)
    }

    fn effect(
        &self,
        action: &CorporateAction,
        strategy: StrategyId,
        before: Qty,
    ) -> Result<ActionEvent, TypeError> {
        let id = action.instrument;
        let instrument = &self.instruments[id.index()];
        let (after, cash) = match action.kind {
            ActionKind::Split(split) => {
                let after = split.scaled(before)?;
                let rest = i64::try_from(split.rest(before, after));
                let rest = Qty(rest.map_err(|_| TypeError::Overflow)?);
                let mark = self.market.instrument(id).and_then(|market| market.mark());
                let worth = mark.map(|(mark, _)| instrument.value_at_mid(mark, rest));
                let worth = worth.unwrap_or(Ok(Money::ZERO))?;
                (after, Money(worth.0 / i128::from(split.to.max(1))))
            }
            ActionKind::Dividend { per_unit } => {
                let lot = instrument.spec().lot_size;
                let units = i128::from(before.0).checked_mul(lot.mantissa());
                let paid = units.and_then(|units| units.checked_mul(per_unit.0));
                let paid = paid.ok_or(TypeError::Overflow)?;
                (before, Money(paid / 10i128.pow(lot.scale())))
            }
        };
        Ok(ActionEvent {
            ts_recv: self.now,
            action: *action,
            strategy,
            before,
            after,
            cash,
        })
    }

    fn apply_split(
        &mut self,
        id: InstrumentId,
        split: Split,
        events: &[ActionEvent],
    ) -> Result<(), TypeError> {
        for event in events {
            let (after, cash) = (event.after, event.cash);
            self.portfolio_mut(event.strategy)
                .handle_split(id, split, after, cash)?;
            let targets = &mut self.execution.targets;
            targets.scale(event.strategy, id, |wanted| split.scaled(wanted).ok());
        }
        self.market.handle_split(id, split);
        self.split_parents(id, split)?;
        if split.is_reverse() {
            return Ok(());
        }
        let open = self.execution.orders.open().iter();
        let open: Vec<Order> = open.filter(|o| o.instrument == id).copied().collect();
        for order in open {
            let before = Terms {
                order_qty: order.order_qty,
                cum_qty: order.cum_qty,
                limit_price: order.limit_price,
                stop_price: order.stop_price,
            };
            let after = split.terms(order.side, &before)?;
            let orders = &mut self.execution.orders;
            let changed = orders.update(order.client_order_id, |order| {
                order.order_qty = after.order_qty;
                order.cum_qty = after.cum_qty;
                order.told_qty = after.cum_qty;
                order.limit_price = after.limit_price;
                order.stop_price = after.stop_price;
                order.ts_updated = self.now;
                *order
            });
            if let Some(order) = changed {
                self.publish_order(&order, None);
            }
        }
        Ok(())
    }

    fn apply_dividend(
        &mut self,
        id: InstrumentId,
        events: &[ActionEvent],
    ) -> Result<(), TypeError> {
        for event in events {
            self.portfolio_mut(event.strategy)
                .handle_dividend(id, event.cash)?;
        }
        Ok(())
    }
}
