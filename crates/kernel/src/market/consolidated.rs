//! The books of one product at all its venues, as one: its levels by price after fees.
//!
//! Nothing is kept: levels are read from the venues' books when somebody asks. A venue whose book
//! is not [counted](Market::is_counted) is left out.

use alloc::vec::Vec;
use py_rt_types::{Instrument, InstrumentId, Price, Qty, Side, UnixNanos};

use super::Market;

/// A level of one venue's book among those of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VenueLevel {
    /// The instrument, and with it the venue.
    pub instrument: InstrumentId,
    /// As it is shown there.
    pub price: Price,
    /// In lots of the instrument.
    pub qty: Qty,
    /// The price after the fee for taking, in parts of 1e-9 of a tick of the instrument.
    pub net_e9: i128,
    /// What it costs to take, to be compared within a product: see `Listings::cost`.
    pub(crate) cost: i128,
}

/// One side of the books of a product, best level first: the price after fees, then the venue that
/// an order reaches sooner, then the one that the run names first.
#[must_use]
pub fn consolidated(
    market: &Market,
    instruments: &[Instrument],
    (product, side): (InstrumentId, Side),
    (now, max_age_ns): (UnixNanos, i64),
    depth: usize,
) -> Vec<VenueLevel> {
    let listings = market.listings();
    let mut levels = Vec::new();
    for &id in listings.members(&product) {
        if !market.is_counted(id, now, max_age_ns) {
            continue;
        }
        let (Some(instrument), Some(book)) = (
            instruments.get(id.index()),
            market.instrument(id).and_then(|market| market.book()),
        ) else {
            continue;
        };
        let most = levels.len().saturating_add(depth);
        book.visit(side, |level| {
            let taker = (side.opposite(), level.price);
            let cost = listings.cost(instrument, id, taker, 0);
            let net = cost.and_then(|cost| listings.net_e9(instrument, id, cost));
            if let (Some(cost), Some(net_e9)) = (cost, net) {
                levels.push(VenueLevel {
                    instrument: id,
                    price: level.price,
                    qty: level.qty,
                    net_e9,
                    cost,
                });
            }
            levels.len() < most
        });
    }
    levels.sort_by_key(|level| (level.cost, listings.order_ns(level.instrument)));
    levels.truncate(depth);
    levels
}
