//! What a command of ours does at the venue.

use py_rt_types::{
    CancelOrder, NewOrder, OrderType, RejectReason, ReplaceOrder, ReportKind, TimeInForce,
    UnixNanos, VenueOrderId,
};

use super::resting::Resting;
use super::{Desk, Listing};
use crate::queue::QueuePosition;

impl Listing {
    pub(super) fn handle_new(
        &mut self,
        now: UnixNanos,
        owner: u32,
        order: &NewOrder,
        desk: &mut Desk,
    ) {
        let mut resting = Resting::new(owner, order, VenueOrderId(desk.next_order));
        desk.next_order += 1;
        if let Some(reason) = self.refusal(order) {
            return desk.report(now, &resting, ReportKind::Rejected { reason });
        }
        desk.report(now, &resting, ReportKind::Accepted);
        self.working += 1;
        if self.on_bars && self.book.is_none() {
            return self.arrive_on_bars(now, resting, desk);
        }
        resting.session_day = Some(desk.session(&self.instrument, now).0);
        match order.order_type {
            OrderType::Stop => self.stops.push(resting),
            OrderType::Market => {
                self.take(now, &mut resting, desk);
                self.end_taker(now, &resting, desk);
            }
            OrderType::Limit => self.arrive_limit(now, &mut resting, desk),
        }
    }

    fn refusal(&self, order: &NewOrder) -> Option<RejectReason> {
        let priced = match order.order_type {
            OrderType::Limit => order.limit_price.is_some(),
            OrderType::Stop => order.stop_price.is_some(),
            OrderType::Market => true,
        };
        if order.order_qty.0 <= 0 {
            return Some(RejectReason::BadQty);
        }
        if !priced {
            return Some(RejectReason::BadPrice);
        }
        let crossing = order
            .limit_price
            .is_some_and(|limit| self.crosses(order.side, limit));
        (order.post_only && crossing).then_some(RejectReason::WouldCross)
    }

    pub(super) fn arrive_limit(&mut self, now: UnixNanos, resting: &mut Resting, desk: &mut Desk) {
        let (side, limit, tif) = (
            resting.order.side,
            resting.order.limit_price,
            resting.order.tif,
        );
        let fillable = tif != TimeInForce::Fok || self.shown_for(side, limit) >= resting.leaves();
        if fillable && limit.is_some_and(|limit| self.crosses(side, limit)) {
            self.take(now, resting, desk);
        }
        if resting.leaves() == 0 {
            self.working -= 1;
        } else if matches!(tif, TimeInForce::Ioc | TimeInForce::Fok) {
            self.end_taker(now, resting, desk);
        } else {
            self.rest(resting);
        }
    }

    /// Joins the queue behind all that is shown at the price.
    fn rest(&mut self, resting: &mut Resting) {
        if let Some(limit) = resting.order.limit_price {
            resting.shown = self.shown_at(resting.order.side, limit);
            resting.place = QueuePosition::behind(resting.shown);
            let orders = self.book.as_deref().and_then(|book| book.by_order());
            resting.joined = orders.map_or(0, |orders| orders.added());
        }
        self.side(resting.order.side).push(*resting);
    }

    pub(super) fn handle_cancel(
        &mut self,
        now: UnixNanos,
        owner: u32,
        cancel: &CancelOrder,
        desk: &mut Desk,
    ) {
        let id = cancel.client_order_id;
        for side in [&mut self.bids, &mut self.asks, &mut self.stops] {
            if let Some(place) = side.iter().position(|resting| resting.is(owner, id)) {
                let resting = &side[place];
                let cum_qty = resting.cum_qty;
                desk.report(now, resting, ReportKind::Canceled { cum_qty });
                side.remove(place);
                self.working -= 1;
                return;
            }
        }
        let kind = ReportKind::CancelRejected {
            reason: RejectReason::TooLate,
        };
        desk.refuse(now, owner, (id, cancel.instrument), kind);
    }

    /// Keeps the place in the queue when only the quantity falls; else joins anew.
    pub(super) fn handle_replace(
        &mut self,
        now: UnixNanos,
        owner: u32,
        replace: &ReplaceOrder,
        desk: &mut Desk,
    ) {
        let id = replace.client_order_id;
        let key = (id, replace.instrument);
        let found = [&mut self.bids, &mut self.asks]
            .into_iter()
            .find_map(|side| {
                let place = side.iter().position(|resting| resting.is(owner, id))?;
                Some((side[place].order.side, place))
            });
        let Some((side, place)) = found else {
            let kind = ReportKind::ReplaceRejected {
                reason: RejectReason::TooLate,
            };
            return desk.refuse(now, owner, key, kind);
        };
        let mut resting = self.side(side)[place];
        let limit = replace.limit_price.or(resting.order.limit_price);
        let crossing = limit.is_some_and(|limit| self.crosses(side, limit));
        if resting.order.post_only && crossing {
            let kind = ReportKind::ReplaceRejected {
                reason: RejectReason::WouldCross,
            };
            return desk.report(now, &resting, kind);
        }
        let keeps_place =
            limit == resting.order.limit_price && replace.order_qty <= resting.order.order_qty;
        resting.order.client_order_id = id;
        resting.order.order_qty = replace.order_qty;
        resting.order.limit_price = limit;
        let kind = ReportKind::Replaced {
            order_qty: replace.order_qty,
            limit_price: limit,
        };
        desk.report(now, &resting, kind);
        if resting.leaves() <= 0 {
            self.side(side).remove(place);
            self.working -= 1;
        } else if keeps_place {
            self.side(side)[place] = resting;
        } else {
            self.side(side).remove(place);
            if self.on_bars && self.book.is_none() {
                // What is over of the bar in progress was traded against the old terms.
                resting.in_bar = false;
                self.arrive_on_bars(now, resting, desk);
            } else {
                self.arrive_limit(now, &mut resting, desk);
            }
        }
    }
}
