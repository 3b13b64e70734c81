//! Margin: which part of what is held equity has to cover, and what happens below that.
//!
//! Before an order leaves, equity has to cover the initial requirement of all positions with all
//! that is on its way. Whenever a mark moves it has to cover the maintenance requirement of what is
//! held; below that there is a margin call, and once its grace is over positions are closed by
//! market orders that only reduce.

use alloc::vec::Vec;
use py_rt_types::{ClientOrderId, InstrumentId, Money, Qty, Ratio, TypeError, UnixNanos};

use crate::signal::StrategyId;

/// Parts of the value of a position that equity has to cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MarginRate {
    /// Of what is held long.
    pub long: Ratio,
    /// Of what is held short.
    pub short: Ratio,
}

impl MarginRate {
    /// What equity has to cover of a position of this value, signed as the position.
    ///
    /// # Errors
    /// [`TypeError::Overflow`] when it does not fit.
    pub fn of(&self, value: Money) -> Result<Money, TypeError> {
        let rate = if value.0 < 0 { self.short } else { self.long };
        rate.of(value.abs())
    }
}

/// The rates of one instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MarginRates {
    /// Before an order leaves.
    pub initial: MarginRate,
    /// As long as the position is held.
    pub maintenance: MarginRate,
}

/// The margin of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Margin {
    /// Rates by place of the instrument; one that has none cannot be ordered.
    pub rates: Vec<MarginRates>,
    /// From a margin call to the first order that closes something.
    pub grace_ns: i64,
}

/// What happened to the margin of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarginStep {
    /// Equity no longer covers what is held; all working orders are cancelled.
    Call,
    /// An order left that closes a position or a part of it.
    Liquidation {
        /// Its id.
        client_order_id: ClientOrderId,
        /// Of which instrument.
        instrument: InstrumentId,
        /// Signed quantity.
        qty: Qty,
    },
    /// Equity covers what is held again, or nothing is held any more.
    Met,
}

impl MarginStep {
    /// A stable word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Liquidation { .. } => "liquidation",
            Self::Met => "met",
        }
    }
}

/// A step of a margin call, with what was compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MarginEvent {
    /// When.
    pub ts_recv: UnixNanos,
    /// What happened.
    pub step: MarginStep,
    /// Equity at that moment, in the base currency.
    pub equity: Money,
    /// The maintenance requirement at that moment, in the base currency.
    pub required: Money,
    /// Whose position is closed; the account's where it is about all.
    pub strategy: StrategyId,
}
