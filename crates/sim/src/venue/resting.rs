//! Orders that wait at the venue, with their place in the queue.

use py_rt_types::{ClientOrderId, Money, NewOrder, Price, Qty, VenueOrderId};

use super::fees::Charged;

/// An order at the venue.
#[derive(Debug, Clone, Copy)]
pub(super) struct Resting {
    pub(super) owner: u32,
    pub(super) order: NewOrder,
    pub(super) venue_order_id: VenueOrderId,
    pub(super) cum_qty: Qty,
    pub(super) charged: Charged,
    /// Quantity in front of it at its price, in lots. Risk averse: it joins behind all that is
    /// shown, trades at its price shorten the queue, a level that shrinks to less caps it.
    pub(super) front: i64,
    /// The day of the session it belongs to, once it has seen one; for DAY orders.
    pub(super) session_day: Option<i64>,
    /// Whether the open of a bar has passed it, so that the rest of the bar may fill it.
    pub(super) in_bar: bool,
}

impl Resting {
    pub(super) const fn new(owner: u32, order: &NewOrder, venue_order_id: VenueOrderId) -> Self {
        Self {
            owner,
            order: *order,
            venue_order_id,
            cum_qty: Qty::ZERO,
            charged: Charged {
                due: Money::ZERO,
                paid: Money::ZERO,
            },
            front: 0,
            session_day: None,
            in_bar: false,
        }
    }

    pub(super) const fn leaves(&self) -> i64 {
        self.order.order_qty.0 - self.cum_qty.0
    }

    pub(super) fn limit(&self) -> Option<Price> {
        self.order.limit_price
    }

    pub(super) const fn is(&self, owner: u32, id: ClientOrderId) -> bool {
        self.owner == owner && self.order.client_order_id.sequence == id.sequence
    }
}

/// How much of an order a trade of `qty` at the order's price executes; moves its queue.
#[inline]
pub(super) fn queue_trade(resting: &mut Resting, qty: i64, partial_fills: bool) -> i64 {
    resting.front -= qty;
    if resting.front >= 0 {
        return 0;
    }
    let reached = -resting.front;
    resting.front = 0;
    if partial_fills {
        reached.min(resting.leaves())
    } else {
        resting.leaves()
    }
}

/// The level that the order waits at now shows `shown`.
#[inline]
pub(super) fn queue_depth(resting: &mut Resting, shown: i64) {
    resting.front = resting.front.min(shown);
}
