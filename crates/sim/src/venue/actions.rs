//! What a corporate action does to orders that wait, and to the book.

use py_rt_kernel::actions::{ActionKind, CorporateAction, Split, Terms};
use py_rt_types::{ReportKind, UnixNanos};

use super::resting::Resting;
use super::{Desk, Listing, SimVenue};
use crate::queue::QueuePosition;

impl SimVenue {
    /// A company did something to its shares, between two sessions. A split changes the terms of
    /// what waits, a reverse one ends it; a dividend leaves orders as they are.
    pub fn handle_action(&mut self, now: UnixNanos, action: &CorporateAction) {
        if let ActionKind::Split(split) = action.kind {
            self.at(action.instrument, |listing, desk| {
                listing.handle_split(now, split, desk);
            });
        }
    }
}

impl Listing {
    fn handle_split(&mut self, now: UnixNanos, split: Split, desk: &mut Desk) {
        self.book = None;
        self.bar = None;
        let mut ended = 0;
        for side in [&mut self.bids, &mut self.asks, &mut self.stops] {
            side.retain_mut(|resting| {
                let kept = !split.is_reverse() && rescale(resting, split);
                if !kept {
                    ended += 1;
                    let cum_qty = resting.cum_qty;
                    desk.report(now, resting, ReportKind::Canceled { cum_qty });
                }
                kept
            });
        }
        self.working -= ended;
    }
}

/// Puts new shares into an order; false when they do not fit.
fn rescale(resting: &mut Resting, split: Split) -> bool {
    let order = &mut resting.order;
    let before = Terms {
        order_qty: order.order_qty,
        cum_qty: resting.cum_qty,
        limit_price: order.limit_price,
        stop_price: order.stop_price,
    };
    let Ok(after) = split.terms(order.side, &before) else {
        return false;
    };
    order.order_qty = after.order_qty;
    order.limit_price = after.limit_price;
    order.stop_price = after.stop_price;
    resting.cum_qty = after.cum_qty;
    resting.place = QueuePosition::default();
    resting.shown = py_rt_types::Qty::ZERO;
    true
}
