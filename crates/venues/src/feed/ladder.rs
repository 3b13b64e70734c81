//! One side of a session's own book: a sorted list, best last.
//!
//! Costs: near the touch a few steps from the end; far behind it a binary search and a shift of
//! what is better. Keys are ticks, negated on the ask side, so "better" is "greater".

use alloc::vec::Vec;

/// A level of a ladder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Ticks, negated on the ask side.
    pub key: i64,
    /// Lots.
    pub qty: i64,
    /// With how many decimals the price and the quantity were written.
    pub decimals: (u8, u8),
}

/// One side.
#[derive(Debug, Clone, Default)]
pub struct Ladder {
    steps: Vec<Step>,
}

const NEAR: usize = 8;

impl Ladder {
    /// The best key.
    #[inline]
    #[must_use]
    pub fn best(&self) -> Option<i64> {
        self.steps.last().map(|step| step.key)
    }

    /// How many levels there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Levels from the best on.
    pub fn from_best(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().rev()
    }

    /// Removes every level.
    pub fn clear(&mut self) {
        self.steps.clear();
    }

    /// Adds a level of a snapshot, in any order; [`settle`](Self::settle) comes behind the last.
    #[inline]
    pub fn add(&mut self, step: Step) {
        self.steps.push(step);
    }

    /// Sorts what was added; of levels that came twice the last one counts, 0 is no level.
    pub fn settle(&mut self) {
        // Reversed first, so that of equal keys the one that came last stands first after the sort.
        self.steps.reverse();
        self.steps.sort_by_key(|step| step.key);
        self.steps.dedup_by_key(|step| step.key);
        self.steps.retain(|step| step.qty != 0);
    }

    #[inline]
    fn find(&self, key: i64) -> Result<usize, usize> {
        let len = self.steps.len();
        for (back, step) in self.steps.iter().rev().take(NEAR).enumerate() {
            if step.key <= key {
                let at = len - 1 - back;
                return if step.key == key { Ok(at) } else { Err(at + 1) };
            }
        }
        let rest = self.steps.get(..len.saturating_sub(NEAR));
        rest.unwrap_or_default()
            .binary_search_by_key(&key, |step| step.key)
    }

    /// Sets the quantity of a level, 0 removes it; returns what was there before.
    #[inline]
    pub fn set(&mut self, step: Step) -> i64 {
        match self.find(step.key) {
            Ok(at) if step.qty == 0 => self.steps.remove(at).qty,
            Ok(at) => match self.steps.get_mut(at) {
                Some(held) => core::mem::replace(held, step).qty,
                None => 0,
            },
            Err(_) if step.qty == 0 => 0,
            Err(at) => {
                self.steps.insert(at, step);
                0
            }
        }
    }

    /// Quantity at `key`, 0 where there is no level.
    #[must_use]
    pub fn qty_at(&self, key: i64) -> i64 {
        let found = self.find(key).ok().and_then(|at| self.steps.get(at));
        found.map_or(0, |step| step.qty)
    }

    /// Removes the worst level when there are more than `most`.
    pub fn drop_worst(&mut self, most: usize) -> Option<Step> {
        (self.steps.len() > most).then(|| self.steps.remove(0))
    }
}
