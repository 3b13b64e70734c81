//! Folds over the last n values in constant time per value, without subtraction and so without
//! drift.
//!
//! The stream is cut into blocks of n. The window is always the tail of the finished block and the
//! head of the growing one. Folds of all tails are computed once, when a block is finished; the
//! head is folded as it grows. So no value is ever taken out of a sum, each sum has at most n terms
//! whatever the length of the stream, and a bad value leaves with its bar.
//!
//! Sums are of offsets from an anchor, the last value of the finished block. The anchor always
//! lies in the window (when the head completes a block, the block is turned first), hence at most
//! sqrt(n - 1) population standard deviations from the mean (Samuelson 1968). Sums of squares
//! therefore lose at most a factor n of relative precision, at any level of the values, and in a
//! constant window every offset is exactly zero.
//!
//! Cost: one fold per value, and n folds once every n values. Memory: n values and n states.

/// How values join a fold.
pub(crate) trait Fold: Clone + core::fmt::Debug {
    /// One value.
    type Item: Copy + Default + core::fmt::Debug + Send + Sync;
    /// What is known about a run of values.
    type State: Copy + core::fmt::Debug + Send + Sync;
    /// What is known about no values.
    const EMPTY: Self::State;
    /// Puts one older value before a tail.
    fn before(tail: Self::State, x: Self::Item, anchor: Self::Item) -> Self::State;
    /// Puts one newer value behind a head; `place` is its place in the block, from 1.
    fn behind(head: Self::State, x: Self::Item, anchor: Self::Item, place: f64) -> Self::State;
}

/// The two parts of a full window.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parts<S, I> {
    /// The older part: the tail of the finished block.
    pub(crate) tail: S,
    /// The newer part: the head of the growing block.
    pub(crate) head: S,
    /// The number of values in the head.
    pub(crate) head_len: usize,
    /// What offsets are counted from.
    pub(crate) anchor: I,
}

impl<S: Copy, I: Copy> Parts<S, I> {
    /// A window that is a finished block.
    #[inline(always)]
    pub(super) fn whole<F: Fold<State = S, Item = I>>(tail: S, anchor: I) -> Self {
        Self {
            tail,
            head: F::EMPTY,
            head_len: 0,
            anchor,
        }
    }
}

/// The last n values, folded.
#[derive(Debug, Clone)]
pub(crate) struct Window<F: Fold> {
    /// The growing block; slots from `head_len` on are stale.
    pub(super) block: Vec<F::Item>,
    /// `tails[i]` folds the finished block from place i on.
    pub(super) tails: Vec<F::State>,
    pub(super) head: F::State,
    pub(super) head_len: usize,
    pub(super) anchor: F::Item,
    pub(super) full: bool,
}

impl<F: Fold> Window<F> {
    pub(crate) fn new(len: usize) -> Self {
        Self {
            block: vec![F::Item::default(); len],
            tails: vec![F::EMPTY; len],
            head: F::EMPTY,
            head_len: 0,
            anchor: F::Item::default(),
            full: false,
        }
    }

    /// Takes one value in, and lets the oldest go. None until n values were seen.
    #[inline]
    pub(crate) fn push(&mut self, x: F::Item) -> Option<Parts<F::State, F::Item>> {
        if let Some(slot) = self.block.get_mut(self.head_len) {
            *slot = x;
        }
        self.head_len += 1;
        if self.head_len >= self.block.len() {
            self.turn(x);
        } else {
            self.head = F::behind(self.head, x, self.anchor, self.head_len as f64);
        }
        match self.tails.get(self.head_len) {
            Some(&tail) if self.full => Some(Parts {
                tail,
                head: self.head,
                head_len: self.head_len,
                anchor: self.anchor,
            }),
            _ => None,
        }
    }

    /// How many values.
    pub(crate) fn period(&self) -> usize {
        self.block.len()
    }

    pub(crate) fn reset(&mut self) {
        self.head = F::EMPTY;
        self.head_len = 0;
        self.anchor = F::Item::default();
        self.full = false;
    }

    /// Finishes the block: folds its tails around a new anchor and starts an empty head.
    pub(super) fn turn(&mut self, newest: F::Item) {
        self.anchor = newest;
        let mut tail = F::EMPTY;
        for (slot, &x) in self.tails.iter_mut().zip(&self.block).rev() {
            tail = F::before(tail, x, newest);
            *slot = tail;
        }
        self.head = F::EMPTY;
        self.head_len = 0;
        self.full = true;
    }
}

/// The value of n steps ago.
#[derive(Debug, Clone)]
pub(crate) struct Delay {
    ring: Vec<f64>,
    at: usize,
    full: bool,
}

impl Delay {
    /// The caller has checked the length, 1 or more.
    pub(crate) fn new(len: usize) -> Self {
        Self {
            ring: vec![0.0; len],
            at: 0,
            full: false,
        }
    }

    /// Takes a value in and returns the one of n steps ago, once there is one.
    #[inline]
    pub(crate) fn push(&mut self, x: f64) -> Option<f64> {
        let full = self.full;
        let old = core::mem::replace(self.ring.get_mut(self.at)?, x);
        self.at += 1;
        if self.at == self.ring.len() {
            self.at = 0;
            self.full = true;
        }
        full.then_some(old)
    }

    /// How many steps.
    pub(crate) fn steps(&self) -> usize {
        self.ring.len()
    }

    pub(crate) fn reset(&mut self) {
        self.at = 0;
        self.full = false;
    }
}

/// The last n values in order of arrival, for what has to look at all of them.
#[derive(Debug, Clone)]
pub(crate) struct Ring {
    values: Vec<f64>,
    at: usize,
    full: bool,
}

impl Ring {
    /// The caller has checked the length, 1 or more.
    pub(crate) fn new(len: usize) -> Self {
        Self {
            values: vec![0.0; len],
            at: 0,
            full: false,
        }
    }

    /// Takes a value in; whether the ring is full now.
    #[inline]
    pub(crate) fn push(&mut self, x: f64) -> bool {
        if let Some(slot) = self.values.get_mut(self.at) {
            *slot = x;
        }
        self.at += 1;
        if self.at == self.values.len() {
            self.at = 0;
            self.full = true;
        }
        self.full
    }

    /// The values of a full ring from the oldest to the newest.
    #[inline]
    pub(crate) fn iter(&self) -> impl Iterator<Item = f64> + '_ {
        let (newer, older) = self.values.split_at(self.at);
        older.iter().chain(newer).copied()
    }

    pub(crate) fn reset(&mut self) {
        self.at = 0;
        self.full = false;
    }
}
