//! What a driver, a report or a test may look at.

use py_rt_types::{ClientOrderId, Instrument, UnixNanos};

use super::{Kernel, Recovered};
use crate::event::TradingState;
use crate::execution::parents::Parent;
use crate::execution::Orders;
use crate::market::Market;
use crate::portfolio::Portfolio;

impl<S> Kernel<S> {
    /// The hash over every order, replace and cancel so far, with their times.
    #[must_use]
    pub const fn order_hash(&self) -> u128 {
        self.outbox.order_hash()
    }

    /// How many orders, replaces and cancels were sent.
    #[must_use]
    pub const fn decisions(&self) -> u64 {
        self.outbox.decisions()
    }

    /// The latest time seen.
    #[must_use]
    pub const fn now(&self) -> UnixNanos {
        self.now
    }

    /// The instruments of the run.
    #[must_use]
    pub fn instruments(&self) -> &[Instrument] {
        &self.instruments
    }

    /// The market stage.
    #[must_use]
    pub const fn market(&self) -> &Market {
        &self.market
    }

    /// Cash and positions.
    #[must_use]
    pub const fn portfolio(&self) -> &Portfolio {
        &self.books.account
    }

    /// Orders.
    #[must_use]
    pub const fn orders(&self) -> &Orders {
        &self.execution.orders
    }

    /// Parent orders that have not ended, oldest first.
    pub fn parents(&self) -> impl Iterator<Item = &Parent> {
        self.execution.parents.open()
    }

    /// A parent order by id, also one that ended not long ago.
    #[must_use]
    pub fn parent(&self, id: ClientOrderId) -> Option<&Parent> {
        self.execution.parents.find(id)
    }

    /// The strategy.
    #[must_use]
    pub const fn strategy(&self) -> &S {
        &self.strategy
    }

    /// The strategy, to be changed between runs only.
    pub const fn strategy_mut(&mut self) -> &mut S {
        &mut self.strategy
    }

    /// Whether our books and the venue's agree.
    #[must_use]
    pub fn is_reconciled(&self) -> bool {
        self.sync.is_online()
    }

    /// Whether the strategy is being called.
    #[must_use]
    pub const fn is_running(&self) -> bool {
        self.running
    }

    /// What is allowed.
    #[must_use]
    pub const fn trading_state(&self) -> TradingState {
        self.risk.state
    }

    /// What reconciliation brought in so far.
    #[must_use]
    pub const fn recovered(&self) -> Recovered {
        self.recovered
    }

    /// The first order id that was not given yet.
    #[must_use]
    pub const fn next_sequence(&self) -> u64 {
        self.intents.next_sequence()
    }
}
