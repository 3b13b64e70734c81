//! Risk stage: intents in, approvals or denials out. The only room that can make an [`Approved`].
//!
//! Exposure is position + open + in flight + unknown, so a limit holds from the moment of sending.
//! Cancels never come here: they always pass. Reductions pass every limit but the validity of the
//! order itself.

mod approved;
mod breaker;
mod checks;
mod limits;
mod notes;
mod rate;

pub use approved::Approved;
pub(crate) use breaker::Breaker;
pub(crate) use checks::{Desk, Risk};
pub use limits::RiskLimits;
pub(crate) use notes::Notes;
pub use notes::{Check, Review};

/// A control that can refuse an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Control {
    /// Our books and the venue's are not reconciled.
    NotReconciled,
    /// The trading state forbids it.
    TradingState,
    /// Quantity is not positive or below the venue's minimum.
    MinQty,
    /// Value is below the venue's minimum.
    MinNotional,
    /// Quantity above the limit per order.
    MaxOrderQty,
    /// Value above the limit per order.
    MaxOrderNotional,
    /// No fresh price to compare with.
    ReferencePrice,
    /// Price too far from the reference.
    PriceCollar,
    /// Position of the instrument too large.
    MaxPositionNotional,
    /// All positions together too large.
    MaxGrossNotional,
    /// Too many open orders.
    MaxOpenOrders,
    /// Too many orders in a second.
    MaxOrdersPerSecond,
    /// Not enough money.
    BuyingPower,
    /// The instrument cannot be sold short.
    NotShortable,
    /// A reduce-only order would not reduce.
    ReduceOnly,
    /// A number did not fit.
    Overflow,
    /// The run is warming up: strategies look and may not trade yet.
    Warmup,
}

impl Control {
    /// A stable word for tables and messages: the name of the limit where there is one.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotReconciled => "not_reconciled",
            Self::Warmup => "warmup",
            Self::TradingState => "trading_state",
            Self::MinQty => "min_qty",
            Self::MinNotional => "min_notional",
            Self::MaxOrderQty => "max_order_qty",
            Self::MaxOrderNotional => "max_order_notional",
            Self::ReferencePrice => "reference_price",
            Self::PriceCollar => "price_collar_bps",
            Self::MaxPositionNotional => "max_position_notional",
            Self::MaxGrossNotional => "max_gross_notional",
            Self::MaxOpenOrders => "max_open_orders",
            Self::MaxOrdersPerSecond => "max_orders_per_second",
            Self::BuyingPower => "buying_power",
            Self::NotShortable => "not_shortable",
            Self::ReduceOnly => "reduce_only",
            Self::Overflow => "overflow",
        }
    }
}
