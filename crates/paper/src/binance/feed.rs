//! Books with update ids: what a snapshot shows and what a difference says fit together.
//!
//! Every changed level counts one id. A snapshot says the id that it holds; a difference says the
//! first and the last id that it covers, and begins where the one before it ended.

use std::collections::{BTreeMap, BTreeSet};

use py_rt_sim::SimVenue;
use py_rt_types::{Price, Qty, Side, UnixNanos};

use super::nodes::amount;
use super::quota::{Limits, Quota};
use super::streams::Line;
use crate::engine::Engine;
use crate::node::Node;
use crate::stream::wire::book_levels;

/// Levels of a side, by price.
type Levels = BTreeMap<Price, Qty>;

/// What changed since the last difference.
#[derive(Debug, Default)]
pub(super) struct Pending {
    first: Option<i64>,
    levels: [Levels; 2],
}

/// The book of one pair as it was shown.
#[derive(Debug, Default)]
pub(super) struct Feed {
    /// Bids, then asks.
    sides: [Levels; 2],
    pub(super) update_id: i64,
    /// For those who hear every 100 ms, and every second.
    pending: [Pending; 2],
    /// The touch or a level changed since the last partial book.
    pub(super) moved: [bool; 2],
}

const fn place_of(side: Side) -> usize {
    match side {
        Side::Buy => 0,
        Side::Sell => 1,
    }
}

impl Feed {
    fn set(&mut self, side: Side, price: Price, qty: Qty) {
        let at = place_of(side);
        if qty.0 > 0 {
            self.sides[at].insert(price, qty);
        } else {
            self.sides[at].remove(&price);
        }
        self.update_id += 1;
        for pending in &mut self.pending {
            pending.first.get_or_insert(self.update_id);
            pending.levels[at].insert(price, qty);
        }
        self.moved = [true; 2];
    }

    /// Makes the book equal to `levels`: only what differs is a change.
    fn become_book(&mut self, side: Side, levels: &[(Price, Qty)]) {
        let wanted: Levels = levels.iter().copied().collect();
        let shown = &self.sides[place_of(side)];
        let gone = shown.keys().filter(|price| !wanted.contains_key(price));
        let gone: Vec<Price> = gone.copied().collect();
        let news = wanted
            .iter()
            .filter(|(price, qty)| shown.get(price) != Some(qty));
        let news: Vec<(Price, Qty)> = news.map(|(price, qty)| (*price, *qty)).collect();
        gone.into_iter()
            .for_each(|price| self.set(side, price, Qty::ZERO));
        news.into_iter()
            .for_each(|(price, qty)| self.set(side, price, qty));
    }

    /// The best levels of a side.
    fn best(&self, side: Side, limit: usize) -> Vec<(Price, Qty)> {
        let levels = &self.sides[place_of(side)];
        let pair = |(price, qty): (&Price, &Qty)| (*price, *qty);
        match side {
            Side::Buy => levels.iter().rev().take(limit).map(pair).collect(),
            Side::Sell => levels.iter().take(limit).map(pair).collect(),
        }
    }

    /// Takes what changed: first and last id, bids, asks.
    pub(super) fn take(&mut self, clock: usize) -> Option<(i64, i64, [Levels; 2])> {
        let pending = std::mem::take(&mut self.pending[clock]);
        Some((pending.first?, self.update_id, pending.levels))
    }

    /// Forgets what changed: nobody listens.
    pub(super) fn drop_pending(&mut self, clock: usize) {
        self.pending[clock] = Pending::default();
    }
}

/// The Binance side of the engine.
pub(crate) struct Desk {
    spoken: bool,
    pub(super) feeds: Vec<Feed>,
    pub(super) lines: BTreeMap<u64, Line>,
    pub(super) quota: Quota,
    /// Number of the last user data event.
    pub(super) last_event: i64,
    pub(super) next_sample: UnixNanos,
    /// Bars that were shown and not closed yet: stream, pair and start.
    pub(super) open_bars: BTreeMap<String, UnixNanos>,
    /// Names of all streams that somebody follows.
    pub(super) followed: BTreeSet<String>,
}

impl Desk {
    pub(crate) fn new(pairs: usize, spoken: bool) -> Self {
        Self {
            spoken,
            feeds: (0..pairs).map(|_| Feed::default()).collect(),
            lines: BTreeMap::new(),
            quota: Quota::default(),
            last_event: 0,
            next_sample: UnixNanos::MAX,
            open_bars: BTreeMap::new(),
            followed: BTreeSet::new(),
        }
    }

    /// When something is shown next by itself.
    pub(crate) const fn poll_timeout(&self) -> UnixNanos {
        self.next_sample
    }

    pub(crate) fn limits_mut(&mut self) -> &mut Limits {
        &mut self.quota.limits
    }

    /// Locks everybody out for some time.
    pub(crate) fn ban(&mut self, until: UnixNanos) {
        self.quota.ban(until);
    }

    /// Some levels changed.
    pub(crate) fn note_levels(&mut self, place: usize, levels: &[(Side, Price, Qty)]) {
        if !self.spoken {
            return;
        }
        for (side, price, qty) in levels {
            self.feeds[place].set(*side, *price, *qty);
        }
    }

    /// The book is another one.
    pub(crate) fn note_book(&mut self, place: usize, venue: &SimVenue) {
        if !self.spoken {
            return;
        }
        for side in [Side::Buy, Side::Sell] {
            self.feeds[place].become_book(side, &book_levels(venue, place, side));
        }
    }
}

impl Engine {
    /// Prices and quantities as pairs of text.
    pub(super) fn level_rows(
        &self,
        place: usize,
        levels: impl IntoIterator<Item = (Price, Qty)>,
    ) -> Node {
        let spec = self.listings[place].instrument.spec();
        let tick = spec.tick_size.to_atto().unwrap_or_default();
        let rows = levels.into_iter().map(|(price, qty)| {
            let price = amount(tick.saturating_mul(i128::from(price.0)));
            Node::List(vec![price, self.qty_text(place, qty)])
        });
        Node::List(rows.collect())
    }

    /// A snapshot.
    pub(super) fn depth_node(&self, place: usize, limit: usize) -> Node {
        let feed = &self.desk.feeds[place];
        let rows = |side| self.level_rows(place, feed.best(side, limit));
        // A snapshot from a cache that was not renewed.
        let old = self.book_is_struck(place, "old_snapshot");
        let update_id = feed.update_id - if old { 1000 } else { 0 };
        Node::map([
            ("lastUpdateId", Node::Int(update_id)),
            ("bids", rows(Side::Buy)),
            ("asks", rows(Side::Sell)),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_on_a_snapshot_are_the_book() {
        let mut feed = Feed::default();
        feed.become_book(Side::Buy, &[(Price(10), Qty(1)), (Price(9), Qty(2))]);
        let (first, last, _) = feed.take(0).unwrap();
        assert_eq!((first, last), (1, 2));
        let mut copy = feed.sides.clone();
        feed.set(Side::Buy, Price(10), Qty(5));
        feed.set(Side::Buy, Price(10), Qty(0));
        feed.become_book(Side::Buy, &[(Price(9), Qty(3)), (Price(8), Qty(4))]);
        let (first, last, [bids, _]) = feed.take(0).unwrap();
        assert_eq!((first, last), (3, 6));
        for (price, qty) in bids {
            if qty.0 == 0 {
                copy[0].remove(&price);
            } else {
                copy[0].insert(price, qty);
            }
        }
        assert_eq!(copy, feed.sides);
        assert_eq!(feed.best(Side::Buy, 1), [(Price(9), Qty(3))]);
        assert!(feed.take(0).is_none());
        assert_eq!(feed.take(1).map(|found| (found.0, found.1)), Some((1, 6)));
    }
}
