//! What a parent order is: its terms as asked for, and how it stands.

use alloc::vec::Vec;
use py_rt_types::{
    ClientOrderId, InstrumentId, Money, OrderStatus, Price, Qty, RejectReason, Side, TimeInForce,
    UnixNanos,
};

use crate::signal::StrategyId;

/// How a parent order is worked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// Equal slices over time, or what the weights say.
    Twap,
    /// Slices by a volume profile.
    Vwap,
    /// Slices along the trajectory of Almgren and Chriss (2001); the weights are its trades.
    ImplementationShortfall,
    /// A share of the traded volume that is seen from the start on.
    Pov {
        /// The share, in basis points of the volume.
        participation_bps: u32,
        /// Time between two looks.
        every_ns: i64,
    },
    /// A limit order of which only a part is shown.
    Iceberg {
        /// The part.
        shown_qty: Qty,
    },
    /// Taken from the venues of its product, the cheapest after fees first.
    Route {
        /// Time between two children for one venue.
        every_ns: i64,
        /// A book whose last message is older does not count.
        max_age_ns: i64,
        /// What a second of an order's way counts, in basis points of the price.
        latency_cost_bps: u32,
    },
    /// Held until the market reaches a price; then one order for all.
    Stop {
        /// Where it is reached; `None` for a trailing stop, until there is a price to trail.
        stop_price: Option<Price>,
        /// Distance in ticks at which the stop follows the best price since the start.
        trail_ticks: Option<i64>,
        /// What reaches it.
        trigger: Trigger,
    },
}

impl Algorithm {
    /// A stable word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Twap => "twap",
            Self::Vwap => "vwap",
            Self::ImplementationShortfall => "implementation_shortfall",
            Self::Pov { .. } => "pov",
            Self::Iceberg { .. } => "iceberg",
            Self::Route { .. } => "smart_route",
            Self::Stop {
                trail_ticks: Some(_),
                ..
            } => "trailing_stop",
            Self::Stop { .. } => "stop",
        }
    }

    /// Whether it follows a list of weights.
    pub(crate) const fn is_scheduled(self) -> bool {
        matches!(
            self,
            Self::Twap | Self::Vwap | Self::ImplementationShortfall
        )
    }

    /// Whether its children go to several venues.
    #[must_use]
    pub const fn is_routed(self) -> bool {
        matches!(self, Self::Route { .. })
    }

    /// Whether it waits for a price.
    #[must_use]
    pub const fn is_stop(self) -> bool {
        matches!(self, Self::Stop { .. })
    }
}

/// What reaches a stop price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Trigger {
    /// The last trade, or the range of a closed bar; not while the book is invalid.
    #[default]
    LastTrade,
    /// The side of a valid book that the order would take: the ask for a buy, the bid for a sell.
    Touch,
}

/// How children meet the market.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    /// They rest at the near side of the book.
    Passive,
    /// They take what the far side shows, at once.
    #[default]
    Aggressive,
}

/// What slippage is measured against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Benchmark {
    /// The mid when the parent was accepted.
    #[default]
    Arrival,
    /// The mid now.
    Mid,
}

/// What happens to the rest at the end of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EndPolicy {
    /// It is given up.
    #[default]
    Expire,
    /// It is taken from the market, as far as price limits allow, until there is none.
    Complete,
}

/// The terms of a parent order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParentTerms {
    /// First moment of work.
    pub start: UnixNanos,
    /// End of time; `UnixNanos::MAX` for none.
    pub end: UnixNanos,
    /// No child is smaller, unless it is the last.
    pub min_child_qty: Qty,
    /// How children meet the market.
    pub style: Style,
    /// Whether what a passive child left of its slice is taken from the market in the next one.
    pub catch_up: bool,
    /// Farthest that a child's price may lie from the benchmark, to our loss, in basis points.
    pub max_slippage_bps: Option<u32>,
    /// What that is measured against.
    pub benchmark: Benchmark,
    /// What happens to the rest at the end of time.
    pub end_policy: EndPolicy,
    /// Children never open or turn a position.
    pub reduce_only: bool,
    /// Time in force of a stop's order; by default DAY where the venue has sessions, else GTC.
    pub tif: Option<TimeInForce>,
}

impl ParentTerms {
    /// From `start` to `end`, all else by default.
    #[must_use]
    pub const fn between(start: UnixNanos, end: UnixNanos) -> Self {
        Self {
            start,
            end,
            min_child_qty: Qty(1),
            style: Style::Aggressive,
            catch_up: true,
            max_slippage_bps: None,
            benchmark: Benchmark::Arrival,
            end_policy: EndPolicy::Expire,
            reduce_only: false,
            tif: None,
        }
    }
}

/// A parent order as a strategy asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParentRequest {
    /// What; of a product that is routed, the instrument with the finest lot.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// How much, in lots.
    pub order_qty: Qty,
    /// No child is dearer for a buy, or cheaper for a sell.
    pub limit_price: Option<Price>,
    /// How it is worked.
    pub algorithm: Algorithm,
    /// Its terms.
    pub terms: ParentTerms,
    /// What each slice of a schedule weighs, in any unit; empty for the others.
    pub weights: Vec<u32>,
    /// A number of the strategy's own, carried through to the tables.
    pub tag: u32,
}

/// A parent order as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parent {
    /// Our id, of the same row as those of orders.
    pub client_order_id: ClientOrderId,
    /// Which strategy asked for it.
    pub strategy: StrategyId,
    /// What.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// How it is worked; a stop's price as it now is.
    pub algorithm: Algorithm,
    /// Total quantity.
    pub order_qty: Qty,
    /// Limit of its children's prices.
    pub limit_price: Option<Price>,
    /// Executed by its children.
    pub cum_qty: Qty,
    /// Price times quantity of that.
    pub cum_notional: Money,
    /// Twice the mark when it was accepted; 0 when there was none.
    pub arrival: i64,
    /// Farthest that it was behind its schedule at the end of a slice.
    pub behind_max: Qty,
    /// Children that were sent.
    pub children: u32,
    /// State, after FIX.
    pub status: OrderStatus,
    /// Why it, or a replace of it, was refused, if it was.
    pub reason: Option<RejectReason>,
    /// The strategy's own number.
    pub tag: u32,
    /// End of time.
    pub end: UnixNanos,
    /// When it was asked for.
    pub ts_created: UnixNanos,
    /// When it last changed.
    pub ts_updated: UnixNanos,
}

impl Parent {
    pub(super) fn new(
        id: ClientOrderId,
        strategy: StrategyId,
        request: &ParentRequest,
        now: UnixNanos,
    ) -> Self {
        Self {
            client_order_id: id,
            strategy,
            instrument: request.instrument,
            side: request.side,
            algorithm: request.algorithm,
            order_qty: request.order_qty,
            limit_price: request.limit_price,
            cum_qty: Qty::ZERO,
            cum_notional: Money::ZERO,
            arrival: 0,
            behind_max: Qty::ZERO,
            children: 0,
            status: OrderStatus::New,
            reason: None,
            tag: request.tag,
            end: request.terms.end,
            ts_created: now,
            ts_updated: now,
        }
    }

    /// Whether nothing more is expected.
    #[must_use]
    pub const fn is_terminal(&self) -> bool {
        self.status.is_terminal()
    }

    /// Whether a strategy may touch it: its own, or all where one has the account to itself.
    #[must_use]
    pub fn is_of(&self, strategy: StrategyId) -> bool {
        strategy == StrategyId::ACCOUNT || self.strategy == strategy
    }
}
