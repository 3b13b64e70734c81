//! Orders that wait at the venue, with their place in the queue.

use py_rt_types::{ClientOrderId, Money, NewOrder, OrderType, Price, Qty, VenueOrderId};

use super::fees::Charged;
use crate::queue::{is_in_front, QueueModel, QueuePosition};

/// An order at the venue.
#[derive(Debug, Clone, Copy)]
pub(super) struct Resting {
    pub(super) owner: u32,
    pub(super) order: NewOrder,
    pub(super) venue_order_id: VenueOrderId,
    pub(super) cum_qty: Qty,
    pub(super) charged: Charged,
    /// Its place: it joins behind all that is shown at its price.
    pub(super) place: QueuePosition,
    /// What its price showed when last seen.
    pub(super) shown: Qty,
    /// How many orders the recorded book had been told of when it joined, modulo 2^32.
    pub(super) joined: u32,
    /// The session it belongs to, once it has seen one; for DAY orders.
    pub(super) session_day: Option<i64>,
    /// Whether the open of a bar has passed it, so that the rest of the bar may fill it.
    pub(super) in_bar: bool,
}

impl Resting {
    pub(super) fn new(owner: u32, order: &NewOrder, venue_order_id: VenueOrderId) -> Self {
        Self {
            owner,
            order: *order,
            venue_order_id,
            cum_qty: Qty::ZERO,
            charged: Charged {
                due: Money::ZERO,
                paid: Money::ZERO,
            },
            place: QueuePosition::default(),
            shown: Qty::ZERO,
            joined: 0,
            session_day: None,
            in_bar: false,
        }
    }

    /// A stop is reached: from now on it is the limit order that it held back, if that is one.
    pub(super) fn elect(&mut self) -> bool {
        let is_limit = self.order.limit_price.is_some();
        if is_limit {
            self.order.order_type = OrderType::Limit;
            self.order.stop_price = None;
        }
        is_limit
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
    let reached = resting.place.handle_trade(Qty(qty)).0;
    if reached == 0 {
        return 0;
    }
    if partial_fills {
        reached.min(resting.leaves())
    } else {
        resting.leaves()
    }
}

/// The level that the order waits at now shows `shown`; on data by order, `joined` says when the
/// order came that the row is about.
#[inline]
pub(super) fn queue_depth(
    resting: &mut Resting,
    model: QueueModel,
    shown: Qty,
    joined: Option<u32>,
) {
    let change = (resting.shown, shown);
    let in_front = is_in_front(joined, resting.joined);
    resting
        .place
        .handle_depth(model, change, |share| match model {
            QueueModel::Fifo => f64::from(u8::from(in_front)),
            _ => share,
        });
    resting.shown = shown;
}
