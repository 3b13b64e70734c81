//! Charges: what holding a position costs, or earns, beside its price.
//!
//! The rate is an input, as it comes from a broker or a venue; what it comes to is reckoned here,
//! on the position and the mark of that moment. A charge is cash in the currency of its instrument
//! and stays out of the profit of positions and out of fees.

use py_rt_types::{InstrumentId, Money, Qty, Ratio, UnixNanos};

use crate::signal::StrategyId;

/// What is charged for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChargeKind {
    /// Shares that were lent to us: who is short pays this part of the market value.
    Borrow {
        /// Part of the market value, for the whole time that is charged.
        rate: Ratio,
    },
    /// A perpetual: who is long pays who is short this part of the value, the other way round where
    /// it is negative.
    Funding {
        /// Part of the value.
        rate: Ratio,
        /// The venue's mark price in ticks and parts of one; `None` for our own mark.
        mark: Option<Ratio>,
    },
    /// Money that was lent to us in the currency of the instrument: what cash is below zero once
    /// the worth of short positions, which the proceeds of their sale have to stand for, is taken
    /// from it.
    Interest {
        /// Part of what is owed, for the whole time that is charged.
        rate: Ratio,
    },
}

impl ChargeKind {
    /// A stable word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Borrow { .. } => "borrow",
            Self::Funding { .. } => "funding",
            Self::Interest { .. } => "interest",
        }
    }

    /// The part of the value that is charged.
    #[must_use]
    pub const fn rate(self) -> Ratio {
        match self {
            Self::Borrow { rate } | Self::Funding { rate, .. } | Self::Interest { rate } => rate,
        }
    }
}

/// A charge on whoever holds the instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charge {
    /// Of which instrument; of interest, one that has the currency.
    pub instrument: InstrumentId,
    /// For what, and how much.
    pub kind: ChargeKind,
}

/// A charge and what it did to the cash of one who holds the instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChargeEvent {
    /// When it was booked.
    pub ts_recv: UnixNanos,
    /// The charge.
    pub charge: Charge,
    /// Whose position.
    pub strategy: StrategyId,
    /// The position; 0 of interest.
    pub qty: Qty,
    /// What it was charged on, signed as the position; what is owed is negative.
    pub value: Money,
    /// Cash that was paid to us; negative where we paid.
    pub cash: Money,
}
