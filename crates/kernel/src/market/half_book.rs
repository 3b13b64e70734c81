//! One side of a book by price: a dense window around the touch and a sorted rest behind it.
//!
//! Idea: levels near the touch live in an array indexed by tick, with an occupancy bitmap to find
//! the next best when the best is removed; levels far behind the touch live in a sorted list. Keys
//! are ticks, negated on the ask side, so "better" is "greater" on both sides. What a row does
//! inside the window is chosen by arithmetic, not by branches: rows come mixed, and a wrong guess
//! costs a processor more than all of this.
//! Costs: a change inside the window is O(1); behind it O(log n) to find and O(n) to insert; a new
//! best beyond the window moves the window. Nothing is allocated once both parts have grown.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

const WINDOW: usize = 16_384;
const WORDS: usize = WINDOW / 64;
/// Where a new best is put when the window moves: most of the room is behind the touch.
const TOUCH_AT: i64 = (WINDOW as i64 / 4) * 3;
/// The key of "no level": below every price, and the sum of two of them still fits.
pub(super) const NONE: i64 = -(1 << 62);

/// Levels of one side, best first by falling key.
#[derive(Debug, Clone)]
pub(super) struct HalfBook {
    base: i64,
    best: i64,
    /// Width of the window: 0 while the side is empty, so that nothing is inside then.
    width: u64,
    window: Box<[i64; WINDOW]>,
    words: [u64; WORDS],
    /// Levels below the window, by rising key.
    behind: Vec<(i64, i64)>,
}

impl HalfBook {
    pub(super) fn new() -> Self {
        Self {
            base: 0,
            best: NONE,
            width: 0,
            // By way of the heap: the array is no guest for the stack.
            window: <Box<[i64; WINDOW]>>::try_from(vec![0; WINDOW])
                .unwrap_or_else(|_| Box::new([0; WINDOW])),
            words: [0; WORDS],
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
        if let Some(at) = self.place_inside(key) {
            return self.window[at & (WINDOW - 1)];
        }
        match self.behind.binary_search_by_key(&key, |level| level.0) {
            Ok(found) => self.behind[found].1,
            Err(_) => 0,
        }
    }

    /// Sets the quantity at `key`; 0 removes the level. Returns what was there before.
    pub(super) fn set(&mut self, key: i64, qty: i64) -> i64 {
        match self.place_inside(key) {
            Some(at) => self.set_inside(key, at, qty, !0),
            None => self.set_outside(key, qty),
        }
    }

    /// Sets the quantity at `key` where `mask` is all ones, and changes nothing where it is 0. Says
    /// whether the best price moved; `None` when the key lies outside of the window: nothing was
    /// done then.
    #[inline(always)]
    pub(super) fn set_masked(&mut self, key: i64, qty: i64, mask: i64) -> Option<bool> {
        let at = self.place_inside(key)?;
        let best = self.best;
        self.set_inside(key, at, qty, mask);
        Some(self.best != best)
    }

    #[inline(always)]
    const fn place_inside(&self, key: i64) -> Option<usize> {
        let at = key.wrapping_sub(self.base) as u64;
        if at < self.width {
            Some(at as usize)
        } else {
            None
        }
    }

    #[inline(always)]
    fn set_inside(&mut self, key: i64, at: usize, qty: i64, mask: i64) -> i64 {
        let slot = &mut self.window[at & (WINDOW - 1)];
        let old = *slot;
        let new = old ^ ((old ^ qty) & mask);
        *slot = new;
        let filled = new != 0;
        let turned = (old != 0) ^ filled;
        self.words[(at >> 6) & (WORDS - 1)] ^= u64::from(turned) << (at & 63);
        // Zero when this was the best level and is empty now: one question instead of two.
        let remains = (key ^ self.best) | new;
        self.best = self
            .best
            .max(NONE ^ ((NONE ^ key) & i64::from(filled).wrapping_neg()));
        if remains == 0 {
            self.find_best_below(at);
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
            return self.set_inside(key, (key - self.base) as usize, qty, !0);
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

    /// The greatest occupied place below `at`, if any.
    #[inline]
    fn place_below(&self, at: usize) -> Option<usize> {
        let mut word = (at >> 6) & (WORDS - 1);
        let mut bits = self.words[word] & ((1u64 << (at & 63)) - 1);
        while bits == 0 {
            word = word.checked_sub(1)?;
            bits = self.words[word];
        }
        Some((word << 6) + 63 - bits.leading_zeros() as usize)
    }

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
            None => (self.best, self.width) = (NONE, 0),
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
        (self.base, self.width) = (base, WINDOW as u64);
        let inside = kept.partition_point(|level| level.0 < base);
        self.best = NONE;
        for &(key, qty) in &kept[inside..] {
            self.set_inside(key, (key - base) as usize, qty, !0);
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
            self.set_inside(self.best, (self.best - self.base) as usize, 0, !0);
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
