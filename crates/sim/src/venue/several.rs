//! Several venues in one: each instrument trades at one desk, with its own assumptions.

use std::collections::VecDeque;

use py_rt_types::{InstrumentId, UnixNanos};

use super::fees::Traded;
use super::{Desk, SimVenue, VenueConfig};

impl SimVenue {
    /// Lets some of the instruments trade at a venue of their own: other assumptions and sessions,
    /// and ids that no other venue gives.
    #[must_use]
    pub fn with_other(
        mut self,
        listed: &[InstrumentId],
        config: VenueConfig,
        closes: Vec<UnixNanos>,
    ) -> Self {
        let place = self.others.len() as u8 + 1;
        for id in listed {
            if let Some(listing) = self.listings.get_mut(id.index()) {
                listing.desk = place;
            }
        }
        self.others.push(Desk {
            closes,
            ..Desk::new(config, place)
        });
        self
    }
}

/// The desk of a venue.
#[inline(always)]
pub(super) fn desk_of<'a>(first: &'a mut Desk, others: &'a mut [Desk], place: u8) -> &'a mut Desk {
    match place {
        0 => first,
        place => others.get_mut(usize::from(place) - 1).unwrap_or(first),
    }
}

impl Desk {
    /// The desk of the venue at this place. Each numbers its orders and executions by itself.
    pub(super) fn new(config: VenueConfig, place: u8) -> Self {
        let first = u128::from(place) << 96 | 1;
        Self {
            config,
            closes: Vec::new(),
            reports: VecDeque::new(),
            next_order: first,
            next_exec: first,
            traded: Traded::default(),
        }
    }
}
