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
pub(super) trait Fold: Clone + core::fmt::Debug {
    /// What is known about a run of values.
    type State: Copy + core::fmt::Debug;
    /// What is known about no values.
    const EMPTY: Self::State;
    /// Puts one older value before a tail.
    fn before(tail: Self::State, x: f64, anchor: f64) -> Self::State;
    /// Puts one newer value behind a head; `place` is its place in the block, from 1.
    fn behind(head: Self::State, x: f64, anchor: f64, place: f64) -> Self::State;
}

/// The two parts of a full window.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parts<S> {
    /// The older part: the tail of the finished block.
    pub(super) tail: S,
    /// The newer part: the head of the growing block.
    pub(super) head: S,
    /// The number of values in the head.
    pub(super) head_len: usize,
    /// What offsets are counted from.
    pub(super) anchor: f64,
}

/// The last n values, folded.
#[derive(Debug, Clone)]
pub(super) struct Window<F: Fold> {
    /// The growing block; slots from `head_len` on are stale.
    block: Vec<f64>,
    /// `tails[i]` folds the finished block from place i on.
    tails: Vec<F::State>,
    head: F::State,
    head_len: usize,
    anchor: f64,
    full: bool,
}

impl<F: Fold> Window<F> {
    pub(super) fn new(len: usize) -> Self {
        Self {
            block: vec![0.0; len],
            tails: vec![F::EMPTY; len],
            head: F::EMPTY,
            head_len: 0,
            anchor: 0.0,
            full: false,
        }
    }

    /// Takes one value in, and lets the oldest go. None until n values were seen.
    #[inline]
    pub(super) fn push(&mut self, x: f64) -> Option<Parts<F::State>> {
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

    pub(super) fn full(&self) -> bool {
        self.full
    }

    pub(super) fn reset(&mut self) {
        self.head = F::EMPTY;
        self.head_len = 0;
        self.anchor = 0.0;
        self.full = false;
    }

    /// Finishes the block: folds its tails around a new anchor and starts an empty head.
    fn turn(&mut self, newest: f64) {
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

/// Sum of offsets.
#[derive(Debug, Clone)]
pub(super) struct Sum;

impl Fold for Sum {
    type State = f64;
    const EMPTY: f64 = 0.0;

    #[inline]
    fn before(tail: f64, x: f64, anchor: f64) -> f64 {
        tail + (x - anchor)
    }

    #[inline]
    fn behind(head: f64, x: f64, anchor: f64, _place: f64) -> f64 {
        head + (x - anchor)
    }
}

/// Sum of offsets, and sum of offsets each times its place from the oldest, from 1.
#[derive(Debug, Clone)]
pub(super) struct RampSum;

impl Fold for RampSum {
    type State = (f64, f64);
    const EMPTY: (f64, f64) = (0.0, 0.0);

    #[inline]
    fn before((sum, ramp): (f64, f64), x: f64, anchor: f64) -> (f64, f64) {
        // One older value moves every other one place up, which adds each of them once more.
        let sum = sum + (x - anchor);
        (sum, ramp + sum)
    }

    #[inline]
    fn behind((sum, ramp): (f64, f64), x: f64, anchor: f64, place: f64) -> (f64, f64) {
        let offset = x - anchor;
        (sum + offset, ramp + place * offset)
    }
}

/// Sum of offsets and of their squares.
#[derive(Debug, Clone)]
pub(super) struct Moments;

impl Fold for Moments {
    type State = (f64, f64);
    const EMPTY: (f64, f64) = (0.0, 0.0);

    #[inline]
    fn before((sum, squares): (f64, f64), x: f64, anchor: f64) -> (f64, f64) {
        let offset = x - anchor;
        (sum + offset, squares + offset * offset)
    }

    #[inline]
    fn behind(head: (f64, f64), x: f64, anchor: f64, _place: f64) -> (f64, f64) {
        Self::before(head, x, anchor)
    }
}

/// The highest value.
#[derive(Debug, Clone)]
pub(super) struct Highest;

impl Fold for Highest {
    type State = f64;
    const EMPTY: f64 = f64::NEG_INFINITY;

    #[inline]
    fn before(tail: f64, x: f64, _anchor: f64) -> f64 {
        tail.max(x)
    }

    #[inline]
    fn behind(head: f64, x: f64, _anchor: f64, _place: f64) -> f64 {
        head.max(x)
    }
}

/// The lowest value.
#[derive(Debug, Clone)]
pub(super) struct Lowest;

impl Fold for Lowest {
    type State = f64;
    const EMPTY: f64 = f64::INFINITY;

    #[inline]
    fn before(tail: f64, x: f64, _anchor: f64) -> f64 {
        tail.min(x)
    }

    #[inline]
    fn behind(head: f64, x: f64, _anchor: f64, _place: f64) -> f64 {
        head.min(x)
    }
}

impl Parts<(f64, f64)> {
    /// Offset of the mean from the anchor, and sum of squared deviations from the mean, of a
    /// window of `n` values folded by [`Moments`].
    #[inline]
    pub(super) fn mean_and_deviation(&self, n: f64) -> (f64, f64) {
        let sum = self.tail.0 + self.head.0;
        let squares = self.tail.1 + self.head.1;
        (sum / n, (squares - sum * sum / n).max(0.0))
    }
}
