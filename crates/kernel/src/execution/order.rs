//! One order and its life, after FIX, with `Unknown`.

use crate::signal::StrategyId;
use py_rt_types::{
    ClientOrderId, InstrumentId, Money, NewOrder, OrderStatus, OrderType, Price, Qty, RejectReason,
    Side, TimeInForce, UnixNanos, VenueOrderId,
};

/// An order as the kernel knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// Our id; the revision is that of the last accepted replace.
    pub client_order_id: ClientOrderId,
    /// The venue's id, 0 before it is known.
    pub venue_order_id: VenueOrderId,
    /// What.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// Market, limit or stop.
    pub order_type: OrderType,
    /// How long.
    pub tif: TimeInForce,
    /// Total quantity.
    pub order_qty: Qty,
    /// Limit price.
    pub limit_price: Option<Price>,
    /// Stop price.
    pub stop_price: Option<Price>,
    /// Refuse rather than take liquidity.
    pub post_only: bool,
    /// Never open or turn a position.
    pub reduce_only: bool,
    /// Works a target.
    pub target: bool,
    /// Executed and booked so far.
    pub cum_qty: Qty,
    /// The most that the venue said was executed; what lies above `cum_qty` is still to be told.
    pub told_qty: Qty,
    /// Price times quantity of what was executed.
    pub cum_notional: Money,
    /// State.
    pub status: OrderStatus,
    /// Why it was refused, if it was.
    pub reason: Option<RejectReason>,
    /// The terms of a replace on its way.
    pub pending_replace: Option<PendingReplace>,
    /// How many replaces were sent, so that no id is used twice.
    pub revisions_sent: u16,
    /// A cancel is on its way or was asked for before the venue's id was known.
    pub cancel_requested: bool,
    /// It ended here because the venue did not know it, and the venue works it after all: it stays
    /// ended, and is looked after until the venue has ended it too.
    pub returned: bool,
    /// How often the venue said that it has no such order.
    pub not_found: u8,
    /// When something must be done about silence.
    pub alarm: UnixNanos,
    /// The strategy's own number.
    pub tag: u32,
    /// Which strategy of the run asked for it.
    pub strategy: StrategyId,
    /// The sequence of the parent order that it works; 0 for none.
    pub parent: u64,
    /// When it was made.
    pub ts_created: UnixNanos,
    /// When it last changed; that the venue does not know it changes nothing until it ends it.
    pub ts_updated: UnixNanos,
}

/// The terms of a replace on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PendingReplace {
    /// New total quantity.
    pub order_qty: Qty,
    /// New limit price.
    pub limit_price: Option<Price>,
    /// Its revision.
    pub revision: u16,
}

impl Order {
    /// A new order, sent at `now`.
    #[must_use]
    pub const fn new(order: &NewOrder, tag: u32, target: bool, now: UnixNanos) -> Self {
        Self {
            client_order_id: order.client_order_id,
            venue_order_id: VenueOrderId(0),
            instrument: order.instrument,
            side: order.side,
            order_type: order.order_type,
            tif: order.tif,
            order_qty: order.order_qty,
            limit_price: order.limit_price,
            stop_price: order.stop_price,
            post_only: order.post_only,
            reduce_only: order.reduce_only,
            target,
            cum_qty: Qty::ZERO,
            told_qty: Qty::ZERO,
            cum_notional: Money::ZERO,
            status: OrderStatus::PendingNew,
            reason: None,
            pending_replace: None,
            revisions_sent: 0,
            cancel_requested: false,
            returned: false,
            not_found: 0,
            alarm: UnixNanos::MAX,
            tag,
            strategy: StrategyId::ACCOUNT,
            parent: 0,
            ts_created: now,
            ts_updated: now,
        }
    }

    /// Whether it ended because the venue did not know it, which the venue may take back.
    #[must_use]
    pub fn is_disowned(&self) -> bool {
        match self.reason {
            Some(RejectReason::NeverAccepted) => true,
            Some(RejectReason::UnknownOrder) => self.status == OrderStatus::Expired,
            _ => false,
        }
    }

    /// What may still be executed, counting both outcomes of a replace on its way, and what was
    /// executed and is not booked yet, also of an order that has ended.
    #[inline]
    #[must_use]
    pub fn leaves_qty(&self) -> Qty {
        let total = match self.pending_replace {
            _ if self.is_closed() => Qty::ZERO,
            Some(pending) => pending.order_qty.max(self.order_qty),
            None => self.order_qty,
        };
        Qty((total.max(self.told_qty).0 - self.cum_qty.0).max(0))
    }

    /// [`Order::leaves_qty`] with the sign of the side.
    #[inline]
    #[must_use]
    pub fn signed_leaves(&self) -> i64 {
        self.leaves_qty().0 * self.side.sign()
    }

    /// Whether a strategy may touch it: its own, or all where one has the account to itself.
    #[inline]
    #[must_use]
    pub fn is_of(&self, strategy: StrategyId) -> bool {
        strategy == StrategyId::ACCOUNT || self.strategy == strategy
    }

    /// Whether it has ended, as its strategy was told.
    #[inline]
    #[must_use]
    pub const fn is_terminal(&self) -> bool {
        self.status.is_terminal()
    }

    /// Whether nothing more is expected: it has ended, and the venue does not work it either.
    #[inline]
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        self.status.is_terminal() && !self.returned
    }

    /// The working state that the executed quantity implies.
    pub(super) const fn working_status(&self) -> OrderStatus {
        if self.pending_replace.is_some() {
            OrderStatus::PendingReplace
        } else if self.cancel_requested {
            OrderStatus::PendingCancel
        } else if self.cum_qty.0 > 0 {
            OrderStatus::PartiallyFilled
        } else {
            OrderStatus::New
        }
    }
}
