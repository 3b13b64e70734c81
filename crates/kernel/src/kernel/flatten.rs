//! Flat, on demand: every working order cancelled, then every position closed within the collar.
//!
//! A closing order is a limit at the edge of the price collar, and only reduces. It is given a
//! time; what is left of it is cancelled and asked for anew at the reference of that moment. After
//! some rounds, or where there is no reference to bound the price by, what remains is told.

use alloc::vec::Vec;
use py_rt_types::{
    ClientOrderId, Decimal, InstrumentId, NewOrder, OrderType, Price, Qty, Side, TimeInForce,
    UnixNanos,
};

use super::Kernel;
use crate::event::{Cause, Denial, Event, TradingState};
use crate::execution::Works;
use crate::risk::Control;
use crate::signal::{Strategy, StrategyId};

/// How long a closing order, or a cancel, is waited for.
const PATIENCE_NS: i64 = 3_000_000_000;
/// How often a position is tried to be closed.
const ROUNDS: u8 = 5;

/// How far flattening has come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flatten {
    /// Closing orders are asked for so many times more.
    rounds: u8,
    /// Until then the venue is waited for.
    until: UnixNanos,
    over: bool,
}

impl Flatten {
    pub(super) const fn poll_timeout(&self) -> UnixNanos {
        if self.over {
            UnixNanos::MAX
        } else {
            self.until
        }
    }
}

impl<S: Strategy> Kernel<S> {
    /// Halts, cancels, and closes what is held. Asked again, it begins anew.
    pub(super) fn begin_flatten(&mut self) {
        self.restrict(TradingState::Halted, Cause::Operator);
        self.execution.targets.clear();
        self.cancel_all(None);
        self.flatten = Some(Flatten {
            rounds: ROUNDS,
            until: self.now.plus(PATIENCE_NS),
            over: false,
        });
    }

    /// Whether flattening was asked for and has not ended.
    #[must_use]
    pub fn is_flattening(&self) -> bool {
        self.flatten.is_some_and(|flatten| !flatten.over)
    }

    /// Goes on with flattening as far as the venue has answered.
    #[cold]
    #[inline(never)]
    pub(super) fn advance_flatten(&mut self) {
        let Some(mut flatten) = self.flatten.filter(|flatten| !flatten.over) else {
            return;
        };
        if !self.sync.is_online() {
            // Nothing can be sent; when books are compared again, it goes on from there.
            flatten.until = self.now.plus(PATIENCE_NS);
            self.flatten = Some(flatten);
            return;
        }
        let due = self.now >= flatten.until;
        if !self.execution.orders.open().is_empty() {
            if due {
                self.cancel_all(None);
                flatten.until = self.now.plus(PATIENCE_NS);
            }
            self.flatten = Some(flatten);
            return;
        }
        let held = self.held();
        if held.is_empty() || flatten.rounds == 0 {
            return self.end_flatten(flatten, &held);
        }
        flatten.rounds -= 1;
        flatten.until = self.now.plus(PATIENCE_NS);
        self.flatten = Some(flatten);
        let mut sent = false;
        for (strategy, id, qty) in held {
            if let Some(order) = self.closing_order(id, qty) {
                sent |= self.submit(strategy, &order, (0, Works::Itself));
            }
        }
        if !sent {
            let held = self.held();
            self.end_flatten(flatten, &held);
        }
    }

    fn end_flatten(&mut self, flatten: Flatten, held: &[(StrategyId, InstrumentId, Qty)]) {
        for &(_, instrument, qty) in held {
            self.outbox.emit(Event::LeftOver { instrument, qty });
        }
        self.outbox.emit(Event::Flattened {
            left: held.len() as u32,
        });
        self.flatten = Some(Flatten {
            over: true,
            ..flatten
        });
    }

    /// Positions that are not flat, in each strategy's own books where there are several.
    fn held(&self) -> Vec<(StrategyId, InstrumentId, Qty)> {
        let mut held = Vec::new();
        let alone = self.books.own.is_empty().then_some(StrategyId::ACCOUNT);
        for strategy in alone.into_iter().chain(self.strategies()) {
            let positions = self.portfolio_of(strategy).positions().iter().enumerate();
            let positions = positions.filter(|(_, position)| position.qty.0 != 0);
            held.extend(
                positions
                    .map(|(place, position)| (strategy, InstrumentId(place as u32), position.qty)),
            );
        }
        held
    }

    /// A limit at the edge of the collar that closes a position; `None` without a reference.
    fn closing_order(&mut self, id: InstrumentId, held: Qty) -> Option<NewOrder> {
        let (mark, _) = self.market.instrument(id)?.mark()?;
        let instrument = self.instruments.get(id.index())?;
        let bps = i128::from(self.risk.collar_bps().min(9_999));
        let twice = i128::from(mark);
        let away = twice.abs() * bps / 10_000;
        let side = if held.0 > 0 { Side::Sell } else { Side::Buy };
        let (price, sessions) = match side {
            Side::Sell => {
                let price = i64::try_from((twice - away).div_euclid(2)).ok()?;
                (
                    instrument.ceil_price(Price(price + 1)),
                    instrument.spec().sessions,
                )
            }
            Side::Buy => {
                let price = i64::try_from((twice + away).div_euclid(2)).ok()?;
                (
                    instrument.floor_price(Price(price)),
                    instrument.spec().sessions,
                )
            }
        };
        Some(NewOrder {
            client_order_id: self.reserve_id(),
            instrument: id,
            side,
            order_type: OrderType::Limit,
            tif: if sessions {
                TimeInForce::Day
            } else {
                TimeInForce::Gtc
            },
            order_qty: Qty(held.0.checked_abs()?),
            limit_price: Some(price),
            stop_price: None,
            post_only: false,
            reduce_only: true,
        })
    }

    /// What a strategy's order is told while positions are closed.
    pub(super) fn held_back(&self) -> Denial {
        if !self.is_flattening() {
            return self.called();
        }
        Denial {
            control: Control::TradingState,
            limit: Decimal::ZERO,
            value: Decimal::try_new(self.risk.state as i128, 0).unwrap_or_default(),
            strategy: StrategyId::ACCOUNT,
        }
    }

    const fn reserve_id(&mut self) -> ClientOrderId {
        self.intents.reserve_id()
    }
}
