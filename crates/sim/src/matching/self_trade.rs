//! What happens when an order meets one of its own owner.

use std::collections::{BTreeMap, VecDeque};

use py_rt_kernel::market::Slot;
use py_rt_types::{Qty, Side};

use super::command::{EngineReport, Reason};
use super::engine::{accepts, MatchingEngine, Taker};
use super::owners::reducible;
use super::shown::{canceled, REDUCE};

/// How trades of an owner with itself are prevented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SelfTrade {
    /// They are not: both sides trade.
    #[default]
    None,
    /// What is left of the incoming order is canceled; the resting one stays.
    CancelTaker,
    /// The resting order is canceled; the incoming one goes on.
    CancelMaker,
    /// Both are canceled.
    CancelBoth,
    /// Both lose the smaller quantity of the two, without a trade.
    Decrement,
}

impl SelfTrade {
    /// Every mode, and the name it is asked for by.
    pub const NAMES: [(Self, &'static str); 5] = [
        (Self::None, "none"),
        (Self::CancelTaker, "cancel_taker"),
        (Self::CancelMaker, "cancel_maker"),
        (Self::CancelBoth, "cancel_both"),
        (Self::Decrement, "decrement"),
    ];

    /// The mode of a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let found = Self::NAMES.iter().find(|(_, known)| *known == name);
        found.map(|(mode, _)| *mode)
    }
}

impl MatchingEngine {
    /// `taker` meets `slot` of its own owner; reports what that costs whom.
    #[cold]
    pub(super) fn prevent_self_trade(
        &mut self,
        taker: &mut Taker,
        slot: Slot,
        reports: &mut Vec<EngineReport>,
    ) {
        let maker = *self.orders.order(slot);
        let all = self.leaves_of(slot);
        let both = taker.leaves_qty.min(maker.leaves_qty);
        let (from_maker, from_taker) = match self.self_trade {
            SelfTrade::None => (Qty(0), Qty(0)),
            SelfTrade::CancelTaker => (Qty(0), taker.leaves_qty),
            SelfTrade::CancelMaker => (all, Qty(0)),
            SelfTrade::CancelBoth => (all, taker.leaves_qty),
            SelfTrade::Decrement => (both, both),
        };
        let why = (Reason::SelfTrade, taker.ts);
        if from_maker.0 > 0 {
            let left = Qty(all.0 - from_maker.0);
            reports.push(canceled(&maker, from_maker, left, why));
            if self.self_trade == SelfTrade::Decrement {
                self.use_up(slot, from_maker, false, (taker.ts, &mut *reports));
            } else {
                self.take_out(slot);
            }
        }
        if from_taker.0 > 0 {
            taker.leaves_qty.0 -= from_taker.0;
            let left = taker.leaves_qty;
            reports.push(canceled(&taker.resting(), from_taker, left, why));
        }
    }

    /// Whether all of `taker` can trade at once, with the orders that would be in its way.
    pub(super) fn can_fill(&self, taker: &Taker) -> bool {
        let against = taker.side.opposite();
        if self.icebergs.count > 0 || self.owners.any_reducing() {
            return Trial::new(self, *taker).fills();
        }
        if self.self_trade == SelfTrade::None {
            return self.displayed_covers(taker, against);
        }
        let mut wanted = taker.leaves_qty.0;
        self.orders.visit(against, |slot| {
            let maker = self.orders.order(slot);
            if !accepts(taker.side, taker.limit, maker.price) {
                return false;
            }
            if maker.owner == taker.owner {
                return self.self_trade == SelfTrade::CancelMaker;
            }
            wanted -= maker.leaves_qty.0;
            wanted > 0
        });
        wanted <= 0
    }

    fn displayed_covers(&self, taker: &Taker, against: Side) -> bool {
        let mut wanted = taker.leaves_qty.0;
        self.orders.visit_levels(against, |level| {
            if !accepts(taker.side, taker.limit, level.price) {
                return false;
            }
            wanted = wanted.saturating_sub(level.qty.0);
            wanted > 0
        });
        wanted <= 0
    }
}

/// One order of a level on trial.
#[derive(Debug, Clone, Copy)]
struct Part {
    owner: u32,
    reduces: bool,
    display: i64,
    shown: i64,
    hidden: i64,
}

/// What a taker would trade, tried level by level without touching the book: with icebergs the
/// order of the parts matters, and reduce-only orders shrink on the way.
struct Trial<'a> {
    engine: &'a MatchingEngine,
    taker: Taker,
    queue: VecDeque<Part>,
    /// Lots by which positions have moved, by owner.
    moved: BTreeMap<u32, i128>,
    stopped: bool,
}

impl<'a> Trial<'a> {
    fn new(engine: &'a MatchingEngine, taker: Taker) -> Self {
        Self {
            engine,
            taker,
            queue: VecDeque::new(),
            moved: BTreeMap::new(),
            stopped: false,
        }
    }

    fn fills(mut self) -> bool {
        let orders = &self.engine.orders;
        let mut price = None;
        orders.visit(self.taker.side.opposite(), |slot| {
            let order = orders.order(slot);
            if price != Some(order.price) {
                self.work_level();
                price = Some(order.price);
            }
            let part = self.engine.icebergs.part(slot);
            self.queue.push_back(Part {
                owner: order.owner,
                reduces: order.marks & REDUCE != 0,
                display: part.display,
                shown: order.leaves_qty.0,
                hidden: part.hidden,
            });
            let within = accepts(self.taker.side, self.taker.limit, order.price);
            if !within {
                self.queue.clear();
            }
            within && !self.stopped && self.taker.leaves_qty.0 > 0
        });
        self.work_level();
        self.taker.leaves_qty.0 == 0
    }

    fn work_level(&mut self) {
        while let Some(mut part) = self.queue.pop_front() {
            if self.stopped || self.taker.leaves_qty.0 == 0 {
                continue;
            }
            let own = part.owner == self.taker.owner;
            if own && self.engine.self_trade != SelfTrade::None {
                self.stopped = self.engine.self_trade != SelfTrade::CancelMaker;
                continue;
            }
            if part.reduces {
                let moved = self.moved.get(&part.owner).copied().unwrap_or(0);
                let position = self.engine.owners.position(part.owner) + moved;
                let allowed = reducible(position, self.taker.side.opposite());
                part.hidden = part.hidden.min((allowed - part.shown).max(0));
                part.shown = part.shown.min(allowed);
            }
            let qty = part.shown.min(self.taker.leaves_qty.0);
            self.taker.leaves_qty.0 -= qty;
            if !own {
                let change = i128::from(qty) * i128::from(self.taker.side as i8);
                *self.moved.entry(self.taker.owner).or_default() += change;
                *self.moved.entry(part.owner).or_default() -= change;
            }
            if part.hidden > 0 && qty == part.shown {
                part.shown = part.display.min(part.hidden);
                part.hidden -= part.shown;
                self.queue.push_back(part);
            }
        }
    }
}
