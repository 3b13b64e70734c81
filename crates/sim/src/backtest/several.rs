//! A run over several venues: each has its own assumptions, latencies and sessions.
//!
//! The rows stand twice, in two orders. The kernel has them as they are received: `ts_recv` of each
//! is the time at which it is seen, latency of its feed included. The venues have them as they
//! happen, so that the market of one does not wait for the feed of another.

use py_rt_kernel::market::Listings;
use py_rt_kernel::Strategy;
use py_rt_types::{InstrumentId, MarketEvent, UnixNanos};

use super::feed::{AtKernel, AtVenue, EventFeed};
use super::{Backtest, Extras, Latency};
use crate::venue::VenueConfig;

/// A venue beyond the first.
#[derive(Debug, Clone)]
pub struct OtherVenue {
    /// What trades there.
    pub listed: Vec<InstrumentId>,
    /// Its assumptions.
    pub venue: VenueConfig,
    /// Its least latencies.
    pub latency: Latency,
    /// What messages take beyond them.
    pub extras: Extras,
    /// When its sessions end, ascending; else each day in UTC is one.
    pub closes: Vec<UnixNanos>,
}

/// The roads to one venue and back.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) order_ns: i64,
    pub(super) report_ns: i64,
    pub(super) extras: Extras,
}

impl Lane {
    pub(super) const fn new(latency: Latency, extras: Extras) -> Self {
        Self {
            order_ns: latency.order_ns,
            report_ns: latency.report_ns,
            extras,
        }
    }
}

impl<'a, S: Strategy> Backtest<'a, S> {
    /// Lets some instruments trade at other venues. `happens` are the rows of the run in the order
    /// in which they happen; those of the run itself are in the order in which they are seen, each
    /// with that time as `ts_recv`.
    #[must_use]
    pub fn with_others(mut self, others: Vec<OtherVenue>, happens: &'a [MarketEvent]) -> Self {
        if others.is_empty() {
            return self;
        }
        let count = self.kernel.instruments().len();
        self.lane_of = vec![0; count];
        for other in others {
            let lane = self.lanes.len() as u8;
            let places = other.listed.iter().map(|id| id.index());
            for place in places.filter(|place| *place < count) {
                self.lane_of[place] = lane;
            }
            let mut venue = other.venue;
            let order_ns = other.latency.order_ns;
            let order_ns = order_ns.saturating_add(other.extras.order.most());
            venue.bar_grace_ns = other.latency.feed_ns.saturating_add(order_ns);
            self.venue = self.venue.with_other(&other.listed, venue, other.closes);
            let least = &mut self.latency;
            least.order_ns = least.order_ns.min(other.latency.order_ns);
            least.report_ns = least.report_ns.min(other.latency.report_ns);
            self.lanes.push(Lane::new(other.latency, other.extras));
        }
        self.orders.widen(self.lanes.len());
        self.reports.widen(self.lanes.len());
        let sees = self.boundaries.let_happen(happens);
        self.at_venue = EventFeed::new(happens, AtVenue);
        self.at_kernel = EventFeed::new(sees, AtKernel(0));
        self
    }

    /// Lets instruments be the same product at several venues.
    #[must_use]
    pub fn with_listings(mut self, listings: Listings) -> Self {
        self.kernel = self.kernel.with_listings(listings);
        self
    }
}
