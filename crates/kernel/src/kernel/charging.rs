//! Charges on positions, booked for the account and for whoever of several strategies holds them.

use alloc::vec::Vec;
use py_rt_types::{Money, Qty, Ratio, TypeError};

use super::Kernel;
use crate::charges::{Charge, ChargeEvent, ChargeKind};
use crate::event::{Cause, Event, TradingState};
use crate::signal::{Strategy, StrategyId};

impl<S: Strategy> Kernel<S> {
    #[cold]
    #[inline(never)]
    pub(super) fn handle_charge(&mut self, charge: &Charge) {
        if charge.instrument.index() >= self.instruments.len() {
            return;
        }
        let booked = self.charged(charge).and_then(|events| {
            for event in &events {
                self.portfolio_mut(event.strategy)
                    .handle_charge(charge.instrument, event.cash)?;
            }
            Ok(events)
        });
        let Ok(events) = booked else {
            return self.restrict(TradingState::Halted, Cause::Overflow);
        };
        self.watch_money();
        let several = !self.books.own.is_empty();
        for event in events {
            if event.value != Money::ZERO && !(several && event.strategy == StrategyId::ACCOUNT) {
                self.outbox.emit(Event::Charge(event));
            }
        }
    }

    /// What each strategy pays, and last the account: it pays what all pay together.
    fn charged(&self, charge: &Charge) -> Result<Vec<ChargeEvent>, TypeError> {
        let event = |strategy| ChargeEvent {
            ts_recv: self.now,
            charge: *charge,
            strategy,
            qty: self.portfolio_of(strategy).position(charge.instrument).qty,
            value: Money::ZERO,
            cash: Money::ZERO,
        };
        let mut account = event(StrategyId::ACCOUNT);
        let mut own: Vec<ChargeEvent> = self.strategies().map(event).collect();
        match charge.kind {
            ChargeKind::Funding { rate, mark } => {
                self.fund(&mut account, rate, mark)?;
                if !own.is_empty() {
                    let mut rest = account.qty.0;
                    let mut sum = Money::ZERO;
                    for event in &mut own {
                        self.fund(event, rate, mark)?;
                        sum = sum.checked_add(event.cash)?;
                        rest = rest.saturating_sub(event.qty.0);
                    }
                    if rest == 0 {
                        account.cash = sum;
                    }
                }
            }
            ChargeKind::Borrow { rate } => {
                if account.qty.0 < 0 {
                    account.value = self.portfolio().position(charge.instrument).value;
                    account.cash = rate.of(account.value)?;
                }
                let shorts = own.iter().map(|event| event.qty.0.min(0));
                let shorts: Vec<i64> = shorts.map(i64::saturating_neg).collect();
                share_out(&account, &mut own, &shorts)?;
            }
            ChargeKind::Interest { rate } => {
                account.value = self.portfolio().owed(charge.instrument)?;
                account.cash = rate.of(account.value)?;
                let bought = own.iter().map(|event| {
                    let long = self.portfolio_of(event.strategy).long(charge.instrument)?;
                    i64::try_from(long.0 / Money::ONE.0).map_err(|_| TypeError::Overflow)
                });
                let mut bought = bought.collect::<Result<Vec<i64>, _>>()?;
                if bought.iter().all(|units| *units == 0) {
                    bought.fill(1);
                }
                own.iter_mut().for_each(|event| event.qty = Qty::ZERO);
                account.qty = Qty::ZERO;
                share_out(&account, &mut own, &bought)?;
            }
        }
        own.push(account);
        Ok(own)
    }

    fn fund(
        &self,
        event: &mut ChargeEvent,
        rate: Ratio,
        mark: Option<Ratio>,
    ) -> Result<(), TypeError> {
        let id = event.charge.instrument;
        let Some(instrument) = self.instruments.get(id.index()) else {
            return Ok(());
        };
        event.value = match mark {
            Some(ticks) => ticks.of(instrument.notional(py_rt_types::Price(1), event.qty)?)?,
            None => self.portfolio_of(event.strategy).position(id).value,
        };
        event.cash = Money::ZERO.checked_sub(rate.of(event.value)?)?;
        Ok(())
    }
}

/// Shares what the account pays by these parts; the last of them pays what rounding leaves.
fn share_out(
    account: &ChargeEvent,
    own: &mut [ChargeEvent],
    parts: &[i64],
) -> Result<(), TypeError> {
    let total = parts
        .iter()
        .try_fold(0i64, |sum, part| sum.checked_add(*part));
    let total = total.ok_or(TypeError::Overflow)?;
    let (mut cash, mut value) = (account.cash, account.value);
    let last = parts.iter().rposition(|part| *part > 0);
    for (place, (event, part)) in own.iter_mut().zip(parts).enumerate() {
        if *part == 0 {
            continue;
        }
        let part = Ratio::try_new(*part, total)?;
        event.cash = part.of(account.cash)?;
        event.value = part.of(account.value)?;
        if Some(place) == last {
            (event.cash, event.value) = (cash, value);
        }
        cash = cash.checked_sub(event.cash)?;
        value = value.checked_sub(event.value)?;
    }
    Ok(())
}
