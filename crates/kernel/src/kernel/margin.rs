//! Margin calls: seen when a mark moves, ended by what the market does, by reductions, or by orders
//! that close positions.
//!
//! A call cancels every working order. Once its grace is over nobody but the call may order, and
//! positions are closed by market orders that only reduce: the largest requirement first, each by
//! the least quantity after which equity covers the rest at the marks of that moment. What spread
//! and fees take away is made up for at the next mark, when those orders have been answered.

use alloc::boxed::Box;
use alloc::vec::Vec;
use py_rt_types::{InstrumentId, Money, NewOrder, Qty, Ratio, TypeError, UnixNanos};

use super::Kernel;
use crate::event::{Cause, Denial, Event, TradingState};
use crate::execution::Works;
use crate::margin::{Margin, MarginEvent, MarginRates, MarginStep};
use crate::risk::Control;
use crate::signal::{Strategy, StrategyId};

/// The margin of the account, and how far a call has come.
#[derive(Debug, Clone)]
pub(super) struct Standing {
    rates: Vec<MarginRates>,
    grace_ns: i64,
    /// The highest maintenance rate: equity that covers this part of all covers each.
    highest: Ratio,
    /// From when on positions are closed, during a call.
    closes_at: Option<UnixNanos>,
    /// Whether positions are being closed.
    liquidates: bool,
}

/// A position that a requirement stands on.
struct Held {
    id: InstrumentId,
    qty: i64,
    required: Money,
}

impl<S: Strategy> Kernel<S> {
    /// Holds the account to a margin.
    pub(super) fn with_margin(mut self, margin: Margin) -> Self {
        let higher = |a: Ratio, b: Ratio| {
            let (left, right) = (
                i128::from(a.numerator()) * i128::from(b.denominator()),
                i128::from(b.numerator()) * i128::from(a.denominator()),
            );
            if left < right {
                b
            } else {
                a
            }
        };
        let maintenance = margin.rates.iter().map(|rates| rates.maintenance);
        let both = maintenance.map(|rate| higher(rate.long, rate.short));
        let highest = both.reduce(higher).unwrap_or(Ratio::ONE);
        let initial = margin.rates.iter().map(|rates| rates.initial);
        self.risk.hold_to_margin(initial.collect());
        self.margin = Some(Box::new(Standing {
            rates: margin.rates,
            grace_ns: margin.grace_ns,
            highest,
            closes_at: None,
            liquidates: false,
        }));
        self.refresh_watch();
        self
    }

    /// Whether positions are being closed because equity does not cover them.
    pub(super) fn is_liquidating(&self) -> bool {
        self.margin.as_ref().is_some_and(|margin| margin.liquidates)
    }

    /// What a strategy's order is told while positions are closed.
    pub(super) fn called(&self) -> Denial {
        Denial {
            control: Control::MarginCall,
            limit: py_rt_types::Decimal::ZERO,
            value: py_rt_types::Decimal::default(),
            strategy: StrategyId::ACCOUNT,
        }
    }

    /// Whether a margin call goes on.
    pub(super) fn is_called(&self) -> bool {
        let margin = self.margin.as_ref();
        margin.is_some_and(|margin| margin.closes_at.is_some())
    }

    /// Compares equity with what it has to cover: after a mark has moved, and during a call with
    /// every row that is looked at. What the venue says can only end a call (`sends` is false): an
    /// answer to an order leads to no other order.
    #[cold]
    #[inline(never)]
    pub(super) fn watch_margin(&mut self, sends: bool) {
        let account = &self.books.account;
        let Some(margin) = self.margin.as_ref().filter(|_| account.is_valued()) else {
            return;
        };
        let equity = account.equity();
        let bound = margin.highest.of(account.gross());
        if margin.closes_at.is_none() && bound.is_ok_and(|bound| equity >= bound) {
            return;
        }
        let held = self.maintained(margin);
        let sum = |held: &[Held]| {
            let mut of = held.iter().map(|held| held.required);
            of.try_fold(Money::ZERO, Money::checked_add)
        };
        let summed = held.and_then(|held| sum(&held).map(|required| (held, required)));
        let Ok((held, required)) = summed else {
            return self.restrict(TradingState::Halted, Cause::Overflow);
        };
        let grace_ns = margin.grace_ns;
        let (closes_at, begins) = match margin.closes_at {
            Some(at) => (at, false),
            None if equity >= required || held.is_empty() => return,
            None => (self.now.plus(grace_ns), true),
        };
        if equity >= required || held.is_empty() {
            self.set_call(None, false);
            return self.tell_margin(MarginStep::Met, equity, required, StrategyId::ACCOUNT);
        }
        if !sends {
            return;
        }
        if begins {
            self.tell_margin(MarginStep::Call, equity, required, StrategyId::ACCOUNT);
        }
        let (due, began) = (self.now >= closes_at, self.is_liquidating());
        self.set_call(Some(closes_at), due);
        if begins || due != began {
            self.execution.targets.clear();
            self.cancel_all(None);
        }
        if due {
            self.liquidate(held, equity, required);
        }
        self.settle();
    }

    fn set_call(&mut self, closes_at: Option<UnixNanos>, liquidates: bool) {
        if let Some(margin) = &mut self.margin {
            (margin.closes_at, margin.liquidates) = (closes_at, liquidates);
        }
    }

    fn tell_margin(&mut self, step: MarginStep, equity: Money, required: Money, of: StrategyId) {
        self.outbox.emit(Event::Margin(MarginEvent {
            ts_recv: self.now,
            step,
            equity,
            required,
            strategy: of,
        }));
    }

    /// What is held and what equity has to cover of it, in the base currency; the most first, of
    /// equals in the order of the instruments.
    fn maintained(&self, margin: &Standing) -> Result<Vec<Held>, TypeError> {
        let account = &self.books.account;
        let mut held = Vec::new();
        for (place, position) in account.positions().iter().enumerate() {
            let (id, qty) = (InstrumentId(place as u32), position.qty.0);
            let Some(rates) = margin.rates.get(place).filter(|_| qty != 0) else {
                continue;
            };
            let value = account.in_base(id, position.value)?.unwrap_or_default();
            let required = rates.maintenance.of(value)?;
            held.push(Held { id, qty, required });
        }
        held.sort_by_key(|held| core::cmp::Reverse(held.required));
        Ok(held)
    }

    /// Sends what is still to be closed so that equity covers the rest.
    fn liquidate(&mut self, held: Vec<Held>, equity: Money, required: Money) {
        let all = equity.0 <= 0;
        let mut short = required.0.saturating_sub(equity.0);
        for held in held {
            if short <= 0 && !all {
                break;
            }
            let size = held.qty.saturating_abs();
            let exposures = self.execution.orders.exposures(StrategyId::ACCOUNT);
            let working = exposures.get(held.id.index()).copied().unwrap_or_default();
            if working.buy != 0 || working.sell != 0 {
                let closing = if held.qty > 0 {
                    working.sell
                } else {
                    working.buy
                };
                short = short.saturating_sub(freed(&held, closing.min(size)));
                continue;
            }
            let lots = if all { size } else { covering(&held, short) };
            let lots = self.closable(held.id, lots, size);
            let left = self.close(&held, lots, equity, required);
            short = short.saturating_sub(freed(&held, lots - left));
        }
    }

    /// The least quantity from `lots` on that can be ordered and leaves what can be ordered; 0
    /// where none can.
    fn closable(&self, id: InstrumentId, lots: i64, size: i64) -> i64 {
        let instrument = self.instruments.get(id.index());
        let least = instrument.map_or(1, |instrument| instrument.min_qty().0.max(1));
        let lots = lots.max(least);
        if size < least {
            0
        } else if size.saturating_sub(lots) < least {
            size
        } else {
            lots
        }
    }

    /// Orders so many lots of a position away from those who hold it, the largest first; returns
    /// what could not be ordered.
    fn close(&mut self, held: &Held, lots: i64, equity: Money, required: Money) -> i64 {
        let sign = held.qty.signum();
        let own = |id: StrategyId| self.portfolio_of(id).position(held.id).qty.0;
        let mut owners: Vec<(StrategyId, i64)> =
            self.strategies().map(|id| (id, own(id))).collect();
        owners.retain(|(_, qty)| qty.signum() == sign);
        owners.sort_by_key(|(_, qty)| core::cmp::Reverse(qty.saturating_abs()));
        if self.books.own.is_empty() {
            owners.push((StrategyId::ACCOUNT, held.qty));
        }
        let mut left = lots;
        for (owner, qty) in owners {
            let part = left.min(qty.saturating_abs());
            if part <= 0 {
                break;
            }
            let order = NewOrder {
                reduce_only: true,
                ..self.target_order(held.id, Qty(-sign * part))
            };
            if self.submit(owner, &order, (0, Works::Itself)) {
                left -= part;
                let step = MarginStep::Liquidation {
                    client_order_id: order.client_order_id,
                    instrument: held.id,
                    qty: Qty(-sign * part),
                };
                self.tell_margin(step, equity, required, owner);
            }
        }
        left
    }
}

/// The part of a requirement that so many lots less take away, rounded down.
fn freed(held: &Held, lots: i64) -> i128 {
    let size = i128::from(held.qty).abs().max(1);
    let part = held.required.0.checked_mul(i128::from(lots));
    part.map_or_else(
        || (held.required.0 / size).saturating_mul(i128::from(lots)),
        |part| part / size,
    )
}

/// The least quantity that takes `short` off a requirement; all where that is not enough.
fn covering(held: &Held, short: i128) -> i64 {
    let size = held.qty.saturating_abs();
    if held.required.0 <= short {
        return size;
    }
    let lots = short.checked_mul(i128::from(size));
    let lots = lots.map(|product| {
        let whole = product / held.required.0;
        whole + i128::from(product % held.required.0 != 0)
    });
    let lots = lots.and_then(|lots| i64::try_from(lots).ok());
    lots.unwrap_or(size).min(size)
}
