//! Questions to the simulated venue.

use py_rt_types::{OrderStatus, Query, ReportKind, UnixNanos};

use super::several::desk_of;
use super::SimVenue;

impl SimVenue {
    /// A question arrives. Only that for one order has an answer here.
    pub fn handle_query(&mut self, now: UnixNanos, owner: u32, query: &Query) {
        let Query::Order {
            client_order_id,
            instrument,
        } = *query
        else {
            return;
        };
        let Some(listing) = self.listings.get(instrument.index()) else {
            return;
        };
        let desk = desk_of(&mut self.desk, &mut self.others, listing.desk);
        let mut all = listing
            .bids
            .iter()
            .chain(&listing.asks)
            .chain(&listing.stops);
        let found = all.find(|resting| resting.is(owner, client_order_id));
        match found {
            Some(resting) => {
                let o = &resting.order;
                let kind = ReportKind::Snapshot {
                    status: OrderStatus::New,
                    order_qty: o.order_qty,
                    cum_qty: resting.cum_qty,
                    order_type: o.order_type,
                    tif: o.tif,
                    limit_price: o.limit_price,
                };
                desk.report(now, resting, kind);
            }
            None => desk.refuse(
                now,
                owner,
                (client_order_id, instrument),
                ReportKind::NotFound,
            ),
        }
    }
}
