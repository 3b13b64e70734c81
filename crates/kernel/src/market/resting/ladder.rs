//! The levels of one side: a dense window around the touch and a sorted rest behind it.
//!
//! Idea: the same as in the book by price, but a level is the two ends of a queue and its sum.
//! Keys are ticks, negated on the ask side, so "better" is "greater" on both sides; a two-step
//! bitmap finds the next best. Costs: O(1) inside the window, O(log n) behind it to find and O(n)
//! to insert; a new best beyond the window moves the window. Nothing is allocated once grown.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use super::{Slot, NO_SLOT};

const WINDOW: usize = 16_384;
const WORDS: usize = WINDOW / 64;
const GROUPS: usize = WORDS / 64;
/// Where a new best is put when the window moves: most of the room is behind the touch.
const TOUCH_AT: i64 = (WINDOW as i64 / 4) * 3;
/// The key of "no level".
pub(super) const NO_KEY: i64 = i64::MIN;

/// The queue of one price: its ends, and the sum of what is displayed. Empty without a head.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Level {
    pub(super) qty: i64,
    pub(super) head: Slot,
    pub(super) tail: Slot,
}

impl Level {
    const EMPTY: Self = Self {
        qty: 0,
        head: NO_SLOT,
        tail: NO_SLOT,
    };
}

/// Levels of one side, best first by falling key.
#[derive(Debug, Clone)]
pub(super) struct Ladder {
    base: i64,
    best: i64,
    window: Box<[Level]>,
    words: [u64; WORDS],
    groups: [u64; GROUPS],
    /// Levels below the window, by rising key.
    behind: Vec<(i64, Level)>,
}

impl Ladder {
    pub(super) fn new() -> Self {
        Self {
            base: 0,
            best: NO_KEY,
            window: vec![Level::EMPTY; WINDOW].into_boxed_slice(),
            words: [0; WORDS],
            groups: [0; GROUPS],
            behind: Vec::new(),
        }
    }

    /// The greatest key that holds a queue, or [`NO_KEY`].
    #[inline]
    pub(super) const fn best(&self) -> i64 {
        self.best
    }

    /// The best level; empty when the side is.
    #[inline]
    pub(super) fn best_level(&self) -> Level {
        if self.best == NO_KEY {
            return Level::EMPTY;
        }
        self.window[self.best.wrapping_sub(self.base) as usize & (WINDOW - 1)]
    }

    /// The level at `key`, empty where there is none.
    #[inline]
    pub(super) fn level(&self, key: i64) -> Level {
        let at = key.wrapping_sub(self.base);
        if (at as u64) < WINDOW as u64 {
            return self.window[at as usize];
        }
        match self.behind.binary_search_by_key(&key, |level| level.0) {
            Ok(found) => self.behind[found].1,
            Err(_) => Level::EMPTY,
        }
    }

    /// Changes the level at `key`, which must have a head afterwards; a new one comes to be.
    #[inline]
    pub(super) fn put(&mut self, key: i64, level: Level) {
        let at = key.wrapping_sub(self.base);
        if (at as u64) < WINDOW as u64 && self.best != NO_KEY {
            self.put_inside(key, at as usize, level);
        } else {
            self.put_outside(key, level);
        }
    }

    #[inline]
    fn put_inside(&mut self, key: i64, at: usize, level: Level) {
        self.window[at] = level;
        let word = at >> 6;
        self.words[word] |= 1 << (at & 63);
        self.groups[word >> 6] |= 1 << (word & 63);
        if key > self.best {
            self.best = key;
        }
    }

    #[cold]
    fn put_outside(&mut self, key: i64, level: Level) {
        if self.best == NO_KEY || key > self.best {
            self.move_window(key);
            self.put_inside(key, (key - self.base) as usize, level);
            return;
        }
        match self.behind.binary_search_by_key(&key, |level| level.0) {
            Ok(found) => self.behind[found].1 = level,
            Err(place) => self.behind.insert(place, (key, level)),
        }
    }

    /// The level at `key`, empty or not, when it lies in the window of a side that is not empty.
    #[inline]
    pub(super) fn inside_mut(&mut self, key: i64) -> Option<&mut Level> {
        let at = key.wrapping_sub(self.base);
        if (at as u64) < WINDOW as u64 && self.best != NO_KEY {
            return Some(&mut self.window[at as usize]);
        }
        None
    }

    /// Notes that a level in the window is no longer empty.
    #[inline]
    pub(super) fn mark_inside(&mut self, key: i64) {
        let at = key.wrapping_sub(self.base) as usize & (WINDOW - 1);
        let word = at >> 6;
        self.words[word] |= 1 << (at & 63);
        self.groups[word >> 6] |= 1 << (word & 63);
        if key > self.best {
            self.best = key;
        }
    }

    /// The best level of a side that is not empty.
    #[inline]
    pub(super) fn best_mut(&mut self) -> &mut Level {
        &mut self.window[self.best.wrapping_sub(self.base) as usize & (WINDOW - 1)]
    }

    /// Takes the best level out, whose queue is empty now.
    #[inline]
    pub(super) fn remove_best(&mut self) {
        let at = self.best.wrapping_sub(self.base) as usize & (WINDOW - 1);
        self.remove_inside(self.best, at);
    }

    /// Changes the sum and the ends of a level that exists; without a head it is removed.
    #[inline]
    pub(super) fn change(&mut self, key: i64, level: Level) {
        let at = key.wrapping_sub(self.base);
        if (at as u64) >= WINDOW as u64 {
            self.change_behind(key, level);
            return;
        }
        let at = at as usize;
        self.window[at] = level;
        if level.head == NO_SLOT {
            self.remove_inside(key, at);
        }
    }

    #[cold]
    fn change_behind(&mut self, key: i64, level: Level) {
        let Ok(found) = self.behind.binary_search_by_key(&key, |level| level.0) else {
            return;
        };
        if level.head == NO_SLOT {
            self.behind.remove(found);
        } else {
            self.behind[found].1 = level;
        }
    }

    #[inline]
    fn remove_inside(&mut self, key: i64, at: usize) {
        self.window[at] = Level::EMPTY;
        let word = at >> 6;
        self.words[word] &= !(1 << (at & 63));
        if self.words[word] == 0 {
            self.groups[word >> 6] &= !(1 << (word & 63));
        }
        if key == self.best {
            match self.place_below(at) {
                Some(place) => self.best = self.base + place as i64,
                None => self.refill(),
            }
        }
    }

    /// The greatest occupied place below `at`, if any.
    #[inline]
    fn place_below(&self, at: usize) -> Option<usize> {
        let word = at >> 6;
        let rest = self.words[word] & ((1u64 << (at & 63)) - 1);
        if rest != 0 {
            return Some((word << 6) + 63 - rest.leading_zeros() as usize);
        }
        let mut group = word >> 6;
        let mut bits = self.groups[group] & ((1u64 << (word & 63)) - 1);
        loop {
            if bits != 0 {
                let word = (group << 6) + 63 - bits.leading_zeros() as usize;
                return Some((word << 6) + 63 - self.words[word].leading_zeros() as usize);
            }
            if group == 0 {
                return None;
            }
            group -= 1;
            bits = self.groups[group];
        }
    }

    /// The window ran empty: move it to the best level behind it.
    #[cold]
    fn refill(&mut self) {
        match self.behind.last() {
            None => self.best = NO_KEY,
            Some(&(key, _)) => self.move_window(key),
        }
    }

    /// Puts the window around a new best `key`, keeping every level.
    #[cold]
    fn move_window(&mut self, key: i64) {
        let base = key - TOUCH_AT;
        let first_inside = self.behind.len();
        let mut place = match self.best {
            NO_KEY => None,
            best => Some((best.wrapping_sub(self.base) as usize).min(WINDOW - 1)),
        };
        while let Some(at) = place {
            if self.window[at].head != NO_SLOT {
                let level = core::mem::replace(&mut self.window[at], Level::EMPTY);
                self.behind.push((self.base + at as i64, level));
            }
            place = self.place_below(at);
        }
        self.behind[first_inside..].reverse();
        self.words = [0; WORDS];
        self.groups = [0; GROUPS];
        self.base = base;
        self.best = NO_KEY;
        let inside = self.behind.partition_point(|level| level.0 < base);
        for at in inside..self.behind.len() {
            let (key, level) = self.behind[at];
            self.put_inside(key, (key - base) as usize, level);
        }
        self.behind.truncate(inside);
    }

    /// Removes every level.
    pub(super) fn clear(&mut self) {
        self.behind.clear();
        while self.best != NO_KEY {
            let at = (self.best - self.base) as usize;
            self.remove_inside(self.best, at);
        }
    }

    /// Calls `visit(key, level)` for levels from the best on, until it returns false.
    pub(super) fn visit(&self, mut visit: impl FnMut(i64, Level) -> bool) {
        if self.best == NO_KEY {
            return;
        }
        let mut place = Some((self.best - self.base) as usize);
        while let Some(at) = place {
            if !visit(self.base + at as i64, self.window[at]) {
                return;
            }
            place = self.place_below(at);
        }
        for &(key, level) in self.behind.iter().rev() {
            if !visit(key, level) {
                return;
            }
        }
    }
}
