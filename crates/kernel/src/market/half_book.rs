//! One side of a book by price: a dense window around the touch and a sorted rest behind it.
//!
//! Idea: levels near the touch live in an array indexed by tick, with a two-step occupancy bitmap
//! to find the next best when the best is removed; levels far behind the touch live in a sorted
//! list. Keys are ticks, negated on the ask side, so "better" is "greater" on both sides.
//! Costs: a change inside the window is O(1); behind it O(log n) to find and O(n) to insert; a new
//! best beyond the window moves the window. Nothing is allocated once both parts have grown.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

const WINDOW: usize = 16_384;
const WORDS: usize = WINDOW / 64;
const GROUPS: usize = WORDS / 64;
/// Where a new best is put when the window moves: most of the room is behind the touch.
const TOUCH_AT: i64 = (WINDOW as i64 / 4) * 3;
/// The key of "no level".
pub(super) const NONE: i64 = i64::MIN;

/// Levels of one side, best first by falling key.
#[derive(Debug, Clone)]
pub(super) struct HalfBook {
    base: i64,
    best: i64,
    window: Box<[i64]>,
    words: [u64; WORDS],
    groups: [u64; GROUPS],
    /// Levels below the window, by rising key.
    behind: Vec<(i64, i64)>,
}

impl HalfBook {
    pub(super) fn new() -> Self {
        Self {
            base: 0,
            best: NONE,
            window: vec![0; WINDOW].into_boxed_slice(),
            words: [0; WORDS],
            groups: [0; GROUPS],
            behind: Vec::new(),
        }
    }

    /// The greatest key that holds a quantity, or [`NONE`].
    #[inline]
    pub(super) const fn best(&self) -> i64 {
        self.best
    }

    /// Quantity at the best, 0 when the side is empty.
    #[inline]
    pub(super) fn best_qty(&self) -> i64 {
        if self.best == NONE {
            return 0;
        }
        self.window[self.best.wrapping_sub(self.base) as usize & (WINDOW - 1)]
    }

    /// Quantity at `key`.
    #[inline]
    pub(super) fn qty_at(&self, key: i64) -> i64 {
        let at = key.wrapping_sub(self.base);
        if (at as u64) < WINDOW as u64 {
            return self.window[at as usize];
        }
        match self.behind.binary_search_by_key(&key, |level| level.0) {
            Ok(found) => self.behind[found].1,
            Err(_) => 0,
        }
    }

    /// Sets the quantity at `key`; 0 removes the level. Returns what was there before.
    #[inline]
    pub(super) fn set(&mut self, key: i64, qty: i64) -> i64 {
        let at = key.wrapping_sub(self.base);
        if (at as u64) < WINDOW as u64 && self.best != NONE {
            return self.set_inside(key, at as usize, qty);
        }
        self.set_outside(key, qty)
    }

    #[inline]
    fn set_inside(&mut self, key: i64, at: usize, qty: i64) -> i64 {
        let old = core::mem::replace(&mut self.window[at], qty);
        if qty != 0 {
            let word = at >> 6;
            self.words[word] |= 1 << (at & 63);
            self.groups[word >> 6] |= 1 << (word & 63);
            if key > self.best {
                self.best = key;
            }
        } else if old != 0 {
            self.clear_bit(at);
            if key == self.best {
                self.find_best_below(at);
            }
        }
        old
    }

    #[cold]
    fn set_outside(&mut self, key: i64, qty: i64) -> i64 {
        if self.best == NONE || key > self.best {
            if qty == 0 {
                return 0;
            }
            self.move_window(key);
            return self.set_inside(key, (key - self.base) as usize, qty);
        }
        match self.behind.binary_search_by_key(&key, |level| level.0) {
            Ok(found) if qty == 0 => self.behind.remove(found).1,
            Ok(found) => core::mem::replace(&mut self.behind[found].1, qty),
            Err(_) if qty == 0 => 0,
            Err(place) => {
                self.behind.insert(place, (key, qty));
                0
            }
        }
    }

    fn clear_bit(&mut self, at: usize) {
        let word = at >> 6;
        self.words[word] &= !(1 << (at & 63));
        if self.words[word] == 0 {
            self.groups[word >> 6] &= !(1 << (word & 63));
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

    #[inline]
    fn find_best_below(&mut self, at: usize) {
        match self.place_below(at) {
            Some(place) => self.best = self.base + place as i64,
            None => self.refill(),
        }
    }

    /// The window ran empty: move it to the best level behind it.
    #[cold]
    fn refill(&mut self) {
        match self.behind.last() {
            None => self.best = NONE,
            Some(&(key, _)) => self.move_window(key),
        }
    }

    /// Puts the window around a new best `key`, keeping every level.
    #[cold]
    fn move_window(&mut self, key: i64) {
        let base = key.saturating_sub(TOUCH_AT);
        let mut kept: Vec<(i64, i64)> = core::mem::take(&mut self.behind);
        let mut at = WINDOW;
        let first_inside = kept.len();
        while let Some(place) = self.last_place(at) {
            kept.push((self.base + place as i64, self.window[place]));
            self.window[place] = 0;
            at = place;
        }
        kept[first_inside..].reverse();
        self.words = [0; WORDS];
        self.groups = [0; GROUPS];
        self.base = base;
        let inside = kept.partition_point(|level| level.0 < base);
        self.best = NONE;
        for &(key, qty) in &kept[inside..] {
            self.best = key;
            self.set_inside(key, (key - base) as usize, qty);
        }
        kept.truncate(inside);
        self.behind = kept;
    }

    fn last_place(&self, below: usize) -> Option<usize> {
        if below == WINDOW {
            let top = WINDOW - 1;
            if self.window[top] != 0 {
                return Some(top);
            }
            return self.place_below(top);
        }
        self.place_below(below)
    }

    /// Removes every level.
    pub(super) fn clear(&mut self) {
        self.behind.clear();
        while self.best != NONE {
            self.set_inside(self.best, (self.best - self.base) as usize, 0);
        }
    }

    /// Calls `visit(key, qty)` for levels from the best on, until it returns false.
    pub(super) fn visit(&self, mut visit: impl FnMut(i64, i64) -> bool) {
        if self.best == NONE {
            return;
        }
        let mut place = Some((self.best - self.base) as usize);
        while let Some(at) = place {
            if !visit(self.base + at as i64, self.window[at]) {
                return;
            }
            place = self.place_below(at);
        }
        for &(key, qty) in self.behind.iter().rev() {
            if !visit(key, qty) {
                return;
            }
        }
    }
}
