//! Commands: what the kernel asks a venue to do.

use crate::{
    ClientOrderId, InstrumentId, OrderType, Price, Qty, Side, TimeInForce, UnixNanos, VenueOrderId,
};

/// A new order (FIX `NewOrderSingle`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewOrder {
    /// Our id, never used before.
    pub client_order_id: ClientOrderId,
    /// What.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// Market, limit or stop.
    pub order_type: OrderType,
    /// How long.
    pub tif: TimeInForce,
    /// How much, in lots, positive.
    pub order_qty: Qty,
    /// Limit price in ticks; present exactly in limit orders.
    pub limit_price: Option<Price>,
    /// Stop price in ticks; present exactly in stop orders.
    pub stop_price: Option<Price>,
    /// Refuse rather than take liquidity.
    pub post_only: bool,
    /// Never open or turn a position.
    pub reduce_only: bool,
}

/// Ask for the end of an order (FIX `OrderCancelRequest`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CancelOrder {
    /// The order.
    pub client_order_id: ClientOrderId,
    /// The venue's id when it is known.
    pub venue_order_id: VenueOrderId,
    /// Its instrument.
    pub instrument: InstrumentId,
}

/// Ask for another quantity or price (FIX `OrderCancelReplaceRequest`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplaceOrder {
    /// The id that the order will have: same sequence, next revision.
    pub client_order_id: ClientOrderId,
    /// The venue's id of the order as it stands.
    pub venue_order_id: VenueOrderId,
    /// Its instrument.
    pub instrument: InstrumentId,
    /// New total quantity, in lots (FIX `OrderQty`).
    pub order_qty: Qty,
    /// New limit price in ticks.
    pub limit_price: Option<Price>,
}

/// A question to the venue, answered by reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Query {
    /// One order by our id: `Snapshot` or `NotFound`.
    Order {
        /// The order.
        client_order_id: ClientOrderId,
        /// Its instrument.
        instrument: InstrumentId,
    },
    /// One order by the venue's id, ours or not: a `Snapshot` when there is one, then `Done`.
    VenueOrder {
        /// The order.
        venue_order_id: VenueOrderId,
    },
    /// All open orders: a `Snapshot` each, then `Done`.
    OpenOrders,
    /// Executions since a time: a `Fill` each, oldest first, then `Done`.
    Fills {
        /// Earliest venue time of interest.
        since: UnixNanos,
    },
    /// All positions: a `Position` each, then `Done`.
    Positions,
    /// Cash: a `Cash`, then `Done`.
    Account,
}
