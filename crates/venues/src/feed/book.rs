//! One book of a session: its two ladders, its orders where the venue sends them, its state.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;
use core::ops::Range;

use crate::feed::checksum::{self, Sides};
use crate::feed::grid::{Axis, Grid};
use crate::feed::ladder::{Ladder, Step};
use crate::feed::rules::{Chain, Checksum};
use crate::feed::sheet::{Level, Message};

/// Whether a book may be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum State {
    /// No snapshot came yet.
    #[default]
    Empty,
    /// From a snapshot on, without a break.
    Valid,
    /// Something broke it.
    Broken,
}

/// A change that waits for the snapshot.
#[derive(Debug, Clone)]
pub(crate) struct Waiting {
    pub(crate) message: Message,
    pub(crate) levels: Vec<Level>,
    /// Where its rows lie in the output of a recording.
    pub(crate) rows: Range<usize>,
}

/// How many changes wait for a snapshot; older ones are surely in it.
const WAITING_MAX: usize = 4096;

/// An order of a book by order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Order {
    side: i8,
    key: i64,
    qty: i64,
}

/// What a change did beside its own levels.
pub(crate) struct Applied {
    /// Levels that fell out of the subscribed depth, with quantity 0.
    pub(crate) dropped: Vec<Level>,
    /// In a book by order: the levels that its orders changed.
    pub(crate) by_level: Option<Vec<Level>>,
}

/// See the module.
#[derive(Debug, Clone, Default)]
pub struct Book {
    pub(crate) state: State,
    pub(crate) conn: u32,
    /// The last id of the chain.
    pub(crate) last_id: u64,
    /// The id of the snapshot.
    snapshot_id: u64,
    depth: usize,
    bids: Ladder,
    asks: Ladder,
    orders: BTreeMap<u64, Order>,
    pub(crate) waiting: VecDeque<Waiting>,
}

const fn key_of(side: i8, price: i64) -> i64 {
    if side < 0 {
        -price
    } else {
        price
    }
}

impl Book {
    /// Bids, best first by [`Ladder::from_best`].
    #[must_use]
    pub const fn bids(&self) -> &Ladder {
        &self.bids
    }

    /// Asks; their keys are negated ticks.
    #[must_use]
    pub const fn asks(&self) -> &Ladder {
        &self.asks
    }

    /// Whether the best bid is at or above the best ask.
    #[inline]
    #[must_use]
    pub fn is_crossed(&self) -> bool {
        match (self.bids.best(), self.asks.best()) {
            (Some(bid), Some(ask)) => bid >= -ask,
            _ => false,
        }
    }

    fn ladder(&mut self, side: i8) -> &mut Ladder {
        if side < 0 {
            &mut self.asks
        } else {
            &mut self.bids
        }
    }

    pub(crate) fn wait(&mut self, waiting: Waiting) {
        if self.waiting.len() == WAITING_MAX {
            self.waiting.pop_front();
        }
        self.waiting.push_back(waiting);
    }

    /// Whether the book holds this change already.
    #[inline]
    pub(crate) const fn holds(&self, chain: Chain, message: &Message) -> bool {
        match chain {
            Chain::UpdateIds => message.last_id <= self.last_id,
            Chain::Clock => message.last_id <= self.snapshot_id,
            Chain::PreviousId | Chain::Connection => false,
        }
    }

    /// Whether this change follows what the book holds.
    #[inline]
    pub(crate) fn follows(&self, chain: Chain, message: &Message) -> bool {
        match chain {
            Chain::UpdateIds => {
                message.first_id <= self.last_id.saturating_add(1)
                    || message.previous_id == Some(self.last_id)
            }
            Chain::PreviousId => message
                .previous_id
                .is_none_or(|previous| previous == self.last_id),
            Chain::Clock | Chain::Connection => true,
        }
    }

    /// Takes a whole book; returns it by level, as it was sent where it was sent by level.
    pub(crate) fn take_snapshot(&mut self, message: &Message, levels: &[Level]) -> Vec<Level> {
        self.bids.clear();
        self.asks.clear();
        self.orders.clear();
        self.last_id = message.last_id;
        self.snapshot_id = message.last_id;
        self.state = State::Valid;
        self.depth = message.depth as usize;
        if message.by_order {
            for level in levels {
                self.set_order(level, &mut Vec::new());
            }
            return self.by_level();
        }
        for level in levels {
            let step = step(level, level.qty);
            self.ladder(level.side).add(step);
        }
        self.bids.settle();
        self.asks.settle();
        if self.depth > 0 {
            self.drop_deep();
        }
        levels
            .iter()
            .filter(|level| level.qty > 0)
            .copied()
            .collect()
    }

    fn by_level(&self) -> Vec<Level> {
        let mut all = Vec::with_capacity(self.bids.len() + self.asks.len());
        for (side, ladder) in [(1, &self.bids), (-1, &self.asks)] {
            all.extend(ladder.from_best().map(|step| Level {
                price: key_of(side, step.key),
                qty: step.qty,
                order_id: 0,
                side,
                price_decimals: 0,
                qty_decimals: 0,
            }));
        }
        all
    }

    /// Applies a change.
    #[inline]
    pub(crate) fn apply(&mut self, message: &Message, levels: &[Level]) -> Applied {
        if message.last_id > 0 {
            self.last_id = message.last_id;
        }
        if message.by_order {
            let mut touched = Vec::new();
            for level in levels {
                self.set_order(level, &mut touched);
            }
            return Applied {
                dropped: Vec::new(),
                by_level: Some(touched),
            };
        }
        for level in levels {
            let step = step(level, level.qty);
            self.ladder(level.side).set(step);
        }
        let dropped = match self.depth {
            0 => Vec::new(),
            _ => self.drop_deep(),
        };
        Applied {
            dropped,
            by_level: None,
        }
    }

    /// Removes what lies deeper than the subscription; the venue never says so itself.
    fn drop_deep(&mut self) -> Vec<Level> {
        let mut dropped = Vec::new();
        for side in [1, -1] {
            let most = self.depth;
            while let Some(step) = self.ladder(side).drop_worst(most) {
                dropped.push(Level {
                    price: key_of(side, step.key),
                    qty: 0,
                    order_id: 0,
                    side,
                    price_decimals: 0,
                    qty_decimals: 0,
                });
            }
        }
        dropped
    }

    /// Sets an order: quantity 0 removes it. Appends the levels that this changed.
    fn set_order(&mut self, level: &Level, touched: &mut Vec<Level>) {
        let old = self.orders.remove(&level.order_id);
        if let Some(old) = old {
            self.add_to_level(old.side, old.key, -old.qty, level.order_id, touched);
        }
        if level.qty > 0 {
            let order = Order {
                side: level.side,
                key: key_of(level.side, level.price),
                qty: level.qty,
            };
            self.orders.insert(level.order_id, order);
            self.add_to_level(order.side, order.key, order.qty, level.order_id, touched);
        }
    }

    fn add_to_level(
        &mut self,
        side: i8,
        key: i64,
        change: i64,
        order_id: u64,
        touched: &mut Vec<Level>,
    ) {
        let ladder = self.ladder(side);
        let qty = ladder.qty_at(key).saturating_add(change).max(0);
        let decimals = (0, 0);
        ladder.set(Step { key, qty, decimals });
        let price = key_of(side, key);
        touched.retain(|one| one.side != side || one.price != price);
        touched.push(Level {
            price,
            qty,
            order_id,
            side,
            price_decimals: 0,
            qty_decimals: 0,
        });
    }

    /// The venue's sum over this book; `None` when it has none or it cannot be computed.
    pub(crate) fn checksum(
        &self,
        rule: Checksum,
        message: &Message,
        grid: &impl Grid,
        text: &mut Vec<u8>,
    ) -> Option<u32> {
        let sides = Sides {
            bids: &self.bids,
            asks: &self.asks,
            price: grid.precision(message.place, Axis::Price),
            qty: grid.precision(message.place, Axis::Qty),
        };
        match rule {
            Checksum::None => None,
            Checksum::Kraken => checksum::kraken(&sides, text),
            Checksum::Okx => checksum::okx(&sides, text),
            Checksum::Bitfinex if self.orders.is_empty() => checksum::bitfinex(&sides, text),
            Checksum::Bitfinex => {
                let [bids, asks] = [1, -1].map(|side| self.best_orders(side));
                checksum::bitfinex_orders([&bids, &asks], sides.qty, text)
            }
        }
    }

    /// The 25 best orders of a side: by price, then by id.
    fn best_orders(&self, side: i8) -> Vec<(u64, i64)> {
        let mut mine: Vec<(i64, u64, i64)> = self
            .orders
            .iter()
            .filter(|(_, order)| order.side == side)
            .map(|(&id, order)| (-order.key, id, order.qty))
            .collect();
        mine.sort_unstable();
        mine.truncate(25);
        mine.into_iter().map(|(_, id, qty)| (id, qty)).collect()
    }
}

#[inline]
const fn step(level: &Level, qty: i64) -> Step {
    Step {
        key: key_of(level.side, level.price),
        qty,
        decimals: (level.price_decimals, level.qty_decimals),
    }
}
