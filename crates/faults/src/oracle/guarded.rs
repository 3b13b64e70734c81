//! The guards, the plain way: everything is remembered, and counted through from the end.

use py_rt_types::UnixNanos;

use super::{Known, Oracle, DOOM_NS};
use crate::plan::{GuardPlan, PacePlan};
use crate::venue::listing::LISTINGS;

const MS: i64 = 1_000_000;

/// Instrument, side, quantity and price.
type Terms = (usize, i64, i64, Option<i64>);

/// What the guards have to remember.
#[derive(Debug, Clone, Default)]
pub(super) struct Guarded {
    /// Everything that left, and whether it was a new order.
    sent: Vec<(UnixNanos, Terms, bool)>,
    /// First executions of orders, by instrument.
    executed: Vec<(UnixNanos, usize)>,
    /// More orders were executed than allowed, and nobody has resumed.
    latched: bool,
    /// Value of everything executed.
    value: i128,
}

impl Guarded {
    /// A new life may know less of what was just before.
    pub(super) fn restart(&mut self) {
        self.sent.clear();
        self.executed.clear();
    }

    pub(super) fn resume(&mut self) {
        self.executed.clear();
        self.latched = false;
    }

    pub(super) fn sent(&mut self, now: UnixNanos, terms: Terms, new: bool) {
        self.sent.push((now, terms, new));
    }

    pub(super) fn book(
        &mut self,
        now: UnixNanos,
        instrument: usize,
        value: i128,
        first: bool,
        plan: &GuardPlan,
    ) {
        self.value += value;
        if !first {
            return;
        }
        let recent = |window_ms: i64| {
            let same = self.executed.iter().filter(|row| row.1 == instrument);
            same.filter(|row| now.since(row.0) < window_ms * MS).count()
        };
        if let Some((most, window_ms)) = plan.executions {
            self.latched |= recent(window_ms) >= most as usize;
        }
        self.executed.push((now, instrument));
    }

    fn count(&self, now: UnixNanos, window_ms: i64, which: impl Fn(&Terms, bool) -> bool) -> usize {
        let recent = self.sent.iter().rev();
        let recent = recent.take_while(|row| now.since(row.0) < window_ms * MS);
        recent.filter(|row| which(&row.1, row.2)).count()
    }

    fn is_beyond(
        &self,
        pace: PacePlan,
        now: UnixNanos,
        which: impl Fn(&Terms, bool) -> bool,
    ) -> bool {
        pace.is_some_and(|(most, window_ms)| self.count(now, window_ms, which) >= most as usize)
    }
}

impl Oracle {
    /// Whether the order can only make the position smaller.
    pub(super) fn reduces(
        &self,
        except: Option<u64>,
        instrument: usize,
        side: i64,
        leaves: i64,
    ) -> bool {
        let others = self.working(except, instrument, side);
        let reduces = |held: i64| held.signum() == -side && others + leaves <= held.abs();
        reduces(self.held[instrument]) || reduces(self.held_before[instrument])
    }

    pub(super) fn working(&self, except: Option<u64>, instrument: usize, side: i64) -> i64 {
        let same = |(sequence, known): &(&u64, &Known)| {
            Some(**sequence) != except && known.instrument == instrument && known.side == side
        };
        let counted = self.orders.iter().filter(same);
        counted.map(|(_, known)| known.leaves()).sum()
    }

    /// Every order that worked when all had to be cancelled gets its cancel, or has ended.
    pub(super) fn judge_doomed(&mut self, now: UnixNanos) {
        let orders = &self.orders;
        self.doomed
            .retain(|sequence, _| orders.get(sequence).is_some_and(|known| known.leaves() > 0));
        let left = self.doomed.iter().find(|(_, at)| now.since(**at) > DOOM_NS);
        if let Some(sequence) = left.map(|(sequence, _)| *sequence) {
            self.doomed.remove(&sequence);
            let what = format!("order {sequence} got no cancel after all had to be cancelled");
            self.breach("I18", what);
        }
    }

    /// What holds of new orders only.
    pub(super) fn check_new_guards(&mut self, now: UnixNanos, terms: Terms, sequence: u64) {
        let pace = self.rules.guards.duplicates;
        let equal = |other: &Terms, new: bool| new && *other == terms;
        if self.guarded.is_beyond(pace, now, equal) {
            self.breach(
                "I13",
                format!("order {sequence} is one equal order too many"),
            );
        }
    }

    /// What holds of new orders and of replaces.
    pub(super) fn check_guards(
        &mut self,
        now: UnixNanos,
        sequence: u64,
        (instrument, side, leaves): (usize, i64, i64),
        price: Option<i64>,
    ) {
        let plan = self.rules.guards;
        if self.guarded.latched {
            self.breach("I17", format!("order {sequence} left while latched"));
        }
        let same = |other: &Terms, _| other.0 == instrument;
        if self.guarded.is_beyond(plan.instrument_orders, now, same) {
            let what = format!("order {sequence} is one too many of its instrument");
            self.breach("I13", what);
        }
        if plan.no_self_trade {
            self.check_self_trade(sequence, instrument, side, price);
        }
        let (mut least, mut most, mut open) = (0i128, 0i128, 0i128);
        for (place, listing) in LISTINGS.iter().enumerate().take(self.held.len()) {
            let mid = self.books[place].mid.unwrap_or(0);
            let more = |on: i64| {
                if place == instrument && on == side {
                    leaves
                } else {
                    0
                }
            };
            let buys = self.working(Some(sequence), place, 1) + more(1);
            let sells = self.working(Some(sequence), place, -1) + more(-1);
            let value = |lots: i64| listing.value(mid, lots) / 2;
            least += value(self.held[place] - sells);
            most += value(self.held[place] + buys);
            open += value(buys + sells);
        }
        let units = |limit: i64| i128::from(limit) * py_rt_types::Money::ONE.0;
        let known = self.books.iter().all(|book| book.mid.is_some());
        let net = least.abs().max(most.abs());
        if known && plan.max_net.is_some_and(|limit| net > units(limit)) {
            self.breach("I10", format!("order {sequence} may make {net} net"));
        }
        let day = self.guarded.value + open;
        if known && plan.max_daily.is_some_and(|limit| day > units(limit)) {
            self.breach("I10", format!("order {sequence} may make {day} in a day"));
        }
    }

    fn check_self_trade(&mut self, sequence: u64, place: usize, side: i64, price: Option<i64>) {
        let meets = |rests: i64| match price {
            Some(price) if side > 0 => rests <= price,
            Some(price) => rests >= price,
            None => true,
        };
        let met = self.orders.iter().find(|(id, known)| {
            **id != sequence
                && known.instrument == place
                && known.side != side
                && known.leaves() > 0
                && known.price.is_some_and(meets)
        });
        if let Some(other) = met.map(|(id, _)| *id) {
            self.breach("I16", format!("order {sequence} may meet order {other}"));
        }
    }
}
