//! Risk stage: intents in, approvals or denials out. The only room that can make an [`Approved`].
//!
//! Exposure is position + open + in flight + unknown, so a limit holds from the moment of sending.
//! Cancels never come here: they always pass. Reductions pass every limit but the validity of the
//! order itself.

mod approved;
mod breaker;
mod checks;
mod desk;
mod guard;
mod guards;
mod limits;
mod margin;
mod notes;
mod rate;
mod sums;
mod tail;
mod window;

pub use approved::Approved;
pub(crate) use breaker::Breaker;
pub(crate) use checks::{Desk, Risk};
pub(crate) use guard::{DayImage, Guard};
pub use guards::{GreekLimit, Greeks, GroupLimit, Guards, InstrumentLimit, Pace, TailLimit};
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
    /// Equal orders one after the other.
    MaxDuplicates,
    /// Too many orders and replaces of one instrument.
    MaxInstrumentOrders,
    /// Too many cancels: new orders wait, cancels pass.
    MaxCancels,
    /// It could meet an order of our own.
    SelfTrade,
    /// Price too far from a reference of the last orders.
    MaxPriceMove,
    /// The visible book does not hold a market order.
    MarketDepth,
    /// The phase of the market forbids it.
    MarketPhase,
    /// Net position too large.
    MaxNetNotional,
    /// Too much value executed in a day.
    MaxDailyNotional,
    /// Too many units of the instrument executed in a day.
    MaxDailyQty,
    /// Too many units of the instrument held.
    MaxPositionQty,
    /// Too large a part of equity in one instrument.
    MaxConcentration,
    /// Positions that move together too large.
    MaxGroupNotional,
    /// Value at risk too large, or no scenarios of the instrument.
    MaxVar,
    /// Expected shortfall too large.
    MaxExpectedShortfall,
    /// Delta of the portfolio too large.
    MaxDelta,
    /// Gamma of the portfolio too large.
    MaxGamma,
    /// Vega of the portfolio too large.
    MaxVega,
    /// No rate of exchange is known yet for a currency that is held or would be.
    ExchangeRate,
    /// Equity would not cover the initial margin.
    InitialMargin,
    /// Positions are being closed because equity does not cover them.
    MarginCall,
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
            Self::MaxDuplicates => "max_duplicates",
            Self::MaxInstrumentOrders => "max_instrument_orders",
            Self::MaxCancels => "max_cancels",
            Self::SelfTrade => "self_trade",
            Self::MaxPriceMove => "max_price_move",
            Self::MarketDepth => "market_slippage_bps",
            Self::MarketPhase => "closed_market",
            Self::MaxNetNotional => "max_net_notional",
            Self::MaxDailyNotional => "max_daily_notional",
            Self::MaxDailyQty => "max_daily_qty",
            Self::MaxPositionQty => "max_position_qty",
            Self::MaxConcentration => "max_concentration",
            Self::MaxGroupNotional => "max_group_notional",
            Self::MaxVar => "max_var",
            Self::MaxExpectedShortfall => "max_es",
            Self::MaxDelta => "max_delta",
            Self::MaxGamma => "max_gamma",
            Self::MaxVega => "max_vega",
            Self::ExchangeRate => "exchange_rate",
            Self::InitialMargin => "initial_margin",
            Self::MarginCall => "margin_call",
        }
    }
}
