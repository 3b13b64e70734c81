//! The levels of one side, and the orders behind each.
//!
//! A level holds known orders in their order of arrival and a quantity whose orders are not known.
//! Idea: levels in a vector sorted so that the best is last; an order that goes stays in its
//! level's list until the list is swept. Costs: a few steps to find a level near the touch,
//! O(log n) behind it, O(1) for the rest.

use alloc::vec::Vec;

use crate::resting::Resting;

use super::line::Cell;
use super::orders::{Orders, Place};

/// One price of one side.
#[derive(Debug, Clone)]
pub struct Level {
    /// Price; negated on the ask side, so that greater is better on both.
    pub key: i64,
    /// All of it.
    pub qty: i64,
    /// What of it belongs to no known order.
    pub unknown: i64,
    /// As the book file writes it.
    pub cell: Cell,
    orders: Vec<Place>,
}

/// The levels of one side, best last.
#[derive(Debug, Clone, Default)]
pub struct Side {
    levels: Vec<Level>,
    spare: Vec<Vec<Place>>,
}

/// Levels that are looked at one by one before the rest is searched.
const NEAR: usize = 12;

impl Side {
    /// Levels, best last.
    #[must_use]
    pub fn levels(&self) -> &[Level] {
        &self.levels
    }

    /// One level.
    #[must_use]
    pub fn level(&self, key: i64) -> Option<&Level> {
        self.levels.get(self.find(key).ok()?)
    }

    /// Where the level of a key stands, or would.
    #[inline]
    pub fn find(&self, key: i64) -> Result<usize, usize> {
        let near = self.levels.len().saturating_sub(NEAR);
        let (far, levels) = self.levels.split_at(near);
        for (at, level) in levels.iter().enumerate().rev() {
            if level.key <= key {
                let at = near + at;
                return if level.key == key {
                    Ok(at)
                } else {
                    Err(at + 1)
                };
            }
        }
        far.binary_search_by_key(&key, |level| level.key)
    }

    /// Adds what becomes a level; nothing of it yet.
    #[inline]
    pub fn insert(&mut self, at: usize, key: i64, cell: Cell) {
        let orders = self.spare.pop().unwrap_or_default();
        let new = Level {
            key,
            qty: 0,
            unknown: 0,
            cell,
            orders,
        };
        self.levels.insert(at, new);
    }

    /// Appends an order to the level at this place, which is written `cell` then.
    #[inline]
    pub fn append(&mut self, at: usize, order: Place, qty: i64, cell: Cell) {
        if let Some(level) = self.levels.get_mut(at) {
            level.qty += qty;
            level.cell = cell;
            level.orders.push(order);
        }
    }

    /// Changes the quantity of the level at this place; it goes when nothing is left.
    #[inline]
    pub fn shift(&mut self, at: usize, by: i64, cell: Cell) {
        let Some(level) = self.levels.get_mut(at) else {
            return;
        };
        level.qty += by;
        level.cell = cell;
        if level.qty == 0 {
            let mut gone = self.levels.remove(at);
            gone.orders.clear();
            self.spare.push(gone.orders);
        }
    }

    fn place(&mut self, key: i64) -> usize {
        self.find(key).unwrap_or_else(|at| {
            self.insert(at, key, Cell::new(key.abs(), 0));
            at
        })
    }

    /// Appends an order to the level of a key.
    pub fn add(&mut self, key: i64, order: Place, qty: i64) {
        let at = self.place(key);
        let level = &self.levels[at];
        let cell = level.cell.with_qty(level.qty + qty);
        self.append(at, order, qty, cell);
    }

    /// Changes a level's quantity; a level that is empty goes.
    pub fn change(&mut self, key: i64, by: i64, unknown: i64) {
        let at = self.place(key);
        let level = &mut self.levels[at];
        level.unknown += unknown;
        let cell = level.cell.with_qty(level.qty + by);
        self.shift(at, by, cell);
    }

    /// The known orders of a level, first come first.
    pub fn orders(&mut self, key: i64, all: &Orders) -> Vec<(Place, Resting)> {
        let at = self.place(key);
        let level = &mut self.levels[at];
        let mut found: Vec<(Place, Resting)> = Vec::new();
        for &place in &level.orders {
            let rests = |order: &Resting| order.price * i64::from(order.side) == key;
            if let Some(order) = all.find(place).filter(rests) {
                found.retain(|known| known.0 != place); // it came again
                found.push((place, order));
            }
        }
        level.orders.clear();
        level.orders.extend(found.iter().map(|known| known.0));
        found
    }

    /// Whether the best levels are those of a row, once `change` is applied to the level of `key`.
    /// A row shorter than the levels asked for says that there are no more.
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
