//! The orders behind each level of one side, and what the rest of the day says about them.
//!
//! A level holds known orders in their order of arrival and a quantity whose orders are not known.
//! Idea: levels in a vector sorted so that the best is last; an order that goes stays in its
//! level's list until the list is swept. Costs: O(log n) to find a level, O(1) for the rest.

use alloc::vec::Vec;

use crate::resting::{OrderTable, Resting};

use super::message::{LobsterKind, LobsterMessage};

/// One price of one side.
#[derive(Debug, Clone)]
pub struct Level {
    /// Price; negated on the ask side, so that greater is better on both.
    pub key: i64,
    /// All of it.
    pub qty: i64,
    /// What of it belongs to no known order.
    pub unknown: i64,
    order_ids: Vec<u64>,
}

/// The levels of one side, best last.
#[derive(Debug, Clone, Default)]
pub struct Side {
    levels: Vec<Level>,
    spare: Vec<Vec<u64>>,
}

impl Side {
    /// Levels, best last.
    #[must_use]
    pub fn levels(&self) -> &[Level] {
        &self.levels
    }

    /// One level.
    #[must_use]
    pub fn level(&self, key: i64) -> Option<&Level> {
        let at = self
            .levels
            .binary_search_by_key(&key, |level| level.key)
            .ok()?;
        self.levels.get(at)
    }

    fn level_mut(&mut self, key: i64) -> &mut Level {
        let at = match self.levels.last() {
            Some(best) if best.key == key => self.levels.len() - 1,
            _ => match self.levels.binary_search_by_key(&key, |level| level.key) {
                Ok(at) => at,
                Err(at) => {
                    let order_ids = self.spare.pop().unwrap_or_default();
                    self.levels.insert(
                        at,
                        Level {
                            key,
                            qty: 0,
                            unknown: 0,
                            order_ids,
                        },
                    );
                    at
                }
            },
        };
        &mut self.levels[at]
    }

    /// Appends an order to its level.
    pub fn add(&mut self, key: i64, order_id: u64, qty: i64) {
        let level = self.level_mut(key);
        level.qty += qty;
        level.order_ids.push(order_id);
    }

    /// Changes a level's quantity; a level that is empty goes.
    pub fn change(&mut self, key: i64, by: i64, unknown: i64) {
        let level = self.level_mut(key);
        level.qty += by;
        level.unknown += unknown;
        if level.qty == 0 {
            if let Ok(at) = self.levels.binary_search_by_key(&key, |level| level.key) {
                let mut gone = self.levels.remove(at);
                gone.order_ids.clear();
                self.spare.push(gone.order_ids);
            }
        }
    }

    /// The known orders of a level, first come first.
    pub fn orders(&mut self, key: i64, table: &OrderTable) -> Vec<Resting> {
        let level = self.level_mut(key);
        let mut found: Vec<Resting> = Vec::new();
        for order in level
            .order_ids
            .iter()
            .filter_map(|id| table.find_order(*id))
        {
            if order.price * i64::from(order.side) == key {
                found.retain(|known| known.order_id != order.order_id); // it came again
                found.push(*order);
            }
        }
        level.order_ids.clear();
        level
            .order_ids
            .extend(found.iter().map(|order| order.order_id));
        found
    }

    /// Whether the best levels are those of a row, once `change` is applied to the level of `key`.
    /// A row shorter than the levels asked for says that there are no more.
    #[inline]
    #[must_use]
    pub fn agrees(&self, row: &[(i64, i64)], full: bool, key: i64, change: i64) -> bool {
        let mut levels = self
            .levels
            .iter()
            .rev()
            .map(|level| (level.key, level.qty))
            .peekable();
        let mut open = change != 0;
        let mut next = || loop {
            let (at, qty) = match levels.peek() {
                Some(&(at, _)) if open && key > at => {
                    open = false;
                    (key, change)
                }
                Some(&(at, qty)) => {
                    levels.next();
                    let mine = open && key == at;
                    open &= !mine;
                    (at, if mine { qty + change } else { qty })
                }
                None if open => {
                    open = false;
                    (key, change)
                }
                None => return None,
            };
            if qty != 0 {
                return Some((at, qty));
            }
        };
        row.iter().all(|level| next() == Some(*level)) && (full || next().is_none())
    }
}

/// An order that the file speaks about without ever adding it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Stranger {
    key: (i8, i64),
    first: usize,
    order_id: u64,
}

/// What the rest of the day takes away from each order.
#[derive(Debug, Clone, Default)]
pub struct Future {
    /// By id: quantity that is still taken, plus one, so that 0 is a value.
    taken: OrderTable,
    strangers: Vec<Stranger>,
}

impl Future {
    /// Reads a whole day.
    #[must_use]
    pub fn new(messages: &[LobsterMessage]) -> Self {
        let mut future = Self::default();
        for (first, message) in messages.iter().enumerate() {
            let (order_id, side) = (message.order_id, message.side);
            let qty = i64::from(message.qty);
            let fresh = future.taken.find_order(order_id).is_none();
            match message.kind {
                LobsterKind::Add if fresh => future.put(order_id, 1),
                _ if !message.is_about_resting() => {}
                _ if fresh => {
                    future.put(order_id, qty + 1);
                    let key = (side, message.price * i64::from(side));
                    future.strangers.push(Stranger {
                        key,
                        first,
                        order_id,
                    });
                }
                _ => future.raise(order_id, qty),
            }
        }
        future.strangers.sort_unstable();
        future
    }

    fn put(&mut self, order_id: u64, qty: i64) {
        self.taken.insert(Resting {
            order_id,
            price: 0,
            qty,
            instrument: 0,
            side: 1,
        });
    }

    fn raise(&mut self, order_id: u64, by: i64) {
        let before = self.of(order_id);
        self.put(order_id, before + by + 1);
    }

    /// Quantity that is still taken from this order.
    #[must_use]
    pub fn of(&self, order_id: u64) -> i64 {
        self.taken
            .find_order(order_id)
            .map_or(0, |order| order.qty - 1)
    }

    /// The message was read: its part lies behind.
    #[inline]
    pub fn pass(&mut self, message: &LobsterMessage) {
        if message.is_about_resting() {
            self.taken.reduce(message.order_id, i64::from(message.qty));
        }
    }

    /// Orders of a level that are never added, first spoken about at `now` or later, soonest first.
    pub fn strangers(&self, side: i8, key: i64, now: usize) -> impl Iterator<Item = u64> + '_ {
        let wanted = (side, key);
        let from = self
            .strangers
            .partition_point(|s| (s.key, s.first) < (wanted, now));
        let rest = self.strangers.get(from..).unwrap_or_default();
        rest.iter()
            .take_while(move |s| s.key == wanted)
            .map(|s| s.order_id)
    }
}
