//! The simple average, and how a whole column of it is written.

use super::column::TILE;
use super::error::{period, IndicatorError};
use super::stream::{Ahead, Indicator};
use crate::linalg::lanes::wide;

/// Simple moving average: the mean of the last `period` values.
///
/// A constant window gives exactly its constant, so two averages of different periods never cross
/// on rounding noise. Otherwise the sum of the window divided by its length: the sum has at most
/// `period` terms, because the stream is cut into blocks and the window is always the tail of one
/// block and the head of the next (nothing is ever subtracted, nothing drifts).
#[derive(Debug, Clone)]
pub struct Sma {
    /// The growing block; slots from `head_len` on are stale.
    block: Vec<f64>,
    /// `tails[i]` is the sum of the finished block from place i on.
    tails: Vec<f64>,
    head: f64,
    head_len: usize,
    full: bool,
    last: f64,
    /// How many values in a row were equal to the last one, itself included.
    equal: usize,
}

impl Sma {
    /// A simple moving average over `len` bars, 1 or more.
    ///
    /// # Errors
    /// `Period` when `len` is outside 1..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        Ok(Self::of(period("period", len, 1)?))
    }

    pub(crate) fn period(&self) -> usize {
        self.block.len()
    }

    /// The caller has checked the length, 1 or more.
    pub(crate) fn of(len: usize) -> Self {
        Self {
            block: vec![0.0; len],
            tails: vec![0.0; len],
            head: 0.0,
            head_len: 0,
            full: false,
            last: f64::NAN,
            equal: 0,
        }
    }
}

/// Folds a block from its end: `tails[i]` becomes the sum from place i on.
#[inline(always)]
fn fold_tails(tails: &mut [f64], block: &[f64]) {
    let mut tail = 0.0;
    for (slot, &x) in tails.iter_mut().zip(block).rev() {
        tail += x;
        *slot = tail;
    }
}

impl Indicator for Sma {
    type Row = f64;
    type Value = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        let n = self.block.len();
        self.equal = if x - self.last == 0.0 {
            self.equal + 1
        } else {
            1
        };
        self.last = x;
        if let Some(slot) = self.block.get_mut(self.head_len) {
            *slot = x;
        }
        self.head += x;
        self.head_len += 1;
        if self.head_len >= n {
            fold_tails(&mut self.tails, &self.block);
            self.head = 0.0;
            self.head_len = 0;
            self.full = true;
        }
        if !self.full {
            return None;
        }
        if self.equal >= n {
            return Some(x);
        }
        let tail = self.tails.get(self.head_len).copied().unwrap_or(0.0);
        Some((tail + self.head) / n as f64)
    }

    fn reset(&mut self) {
        self.head = 0.0;
        self.head_len = 0;
        self.full = false;
        self.last = f64::NAN;
        self.equal = 0;
    }

    fn write_lines(&self, columns: &[&[f64]], lines: &mut [&mut [f64]]) {
        self.write_looked_at(columns, lines, &mut |_| true);
    }

    fn write_looked_at(
        &self,
        columns: &[&[f64]],
        lines: &mut [&mut [f64]],
        ahead: Ahead<'_>,
    ) -> bool {
        let (&[xs], [line]) = (columns, lines) else {
            return true;
        };
        let n = self.block.len();
        let fine = wide(
            #[inline(always)]
            || write_means(xs, line, n, ahead),
        );
        if fine {
            settle_constants(line, xs, n);
        }
        fine
    }
}

/// Writes the means of all windows of n values, NaN before the first; constants not settled yet.
/// False when rows ahead are not fine.
#[inline(always)]
fn write_means(xs: &[f64], line: &mut [f64], n: usize, ahead: Ahead<'_>) -> bool {
    let divisor = n as f64;
    if !ahead(0..n.min(xs.len())) {
        return false;
    }
    if xs.len() < n {
        line.fill(f64::NAN);
        return true;
    }
    let (first, rest) = xs.split_at(n);
    let (before, line) = line.split_at_mut(n);
    before.fill(f64::NAN);
    // Tails of the block before, of the first of a pair, and of the second.
    let (mut last, mut one, mut two) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
    fold_tails(&mut last, first);
    before[n - 1] = last[0] / divisor;
    // Stretches of whole pairs; only the last one ends otherwise.
    let stretch = TILE.div_ceil(2 * n) * 2 * n;
    let mut from = n;
    for (rest, line) in rest.chunks(stretch).zip(line.chunks_mut(stretch)) {
        if !ahead(from..from + rest.len()) {
            return false;
        }
        from += rest.len();
        let (mut pairs, mut slots) = (rest.chunks_exact(2 * n), line.chunks_exact_mut(2 * n));
        for (pair, slot) in pairs.by_ref().zip(slots.by_ref()) {
            fold_pair(&mut one, &mut two, pair);
            sum_pair(slot, pair, &last, &one);
            slot[n - 1] = one[0];
            slot[2 * n - 1] = two[0];
            slot.iter_mut().for_each(|sum| *sum /= divisor);
            core::mem::swap(&mut last, &mut two);
        }
        write_rest(pairs.remainder(), slots.into_remainder(), &mut last);
    }
    true
}

/// The last values, fewer than two blocks, after the tails of the block before them.
#[inline(always)]
fn write_rest(xs: &[f64], line: &mut [f64], last: &mut [f64]) {
    let n = last.len();
    let (mut blocks, mut slots) = (xs.chunks_exact(n), line.chunks_exact_mut(n));
    for (block, slot) in blocks.by_ref().zip(slots.by_ref()) {
        sum_block(&mut slot[..n - 1], block, &last[1..]);
        fold_tails(last, block);
        slot[n - 1] = last[0];
        slot.iter_mut().for_each(|sum| *sum /= n as f64);
    }
    let line = slots.into_remainder();
    sum_block(line, blocks.remainder(), &last[1..]);
    line.iter_mut().for_each(|sum| *sum /= n as f64);
}

/// Writes the sums of the windows that end inside a block: of its head and the tail before it.
#[inline(always)]
fn sum_block(slots: &mut [f64], block: &[f64], tails: &[f64]) {
    let mut head = 0.0;
    for ((slot, &x), &tail) in slots.iter_mut().zip(block).zip(tails) {
        head += x;
        *slot = tail + head;
    }
}

/// Folds the tails of two neighbouring blocks: their chains of additions do not wait.
#[inline(always)]
fn fold_pair(one: &mut [f64], two: &mut [f64], pair: &[f64]) {
    let (left, right) = pair.split_at(one.len());
    let slots = one.iter_mut().zip(two).rev();
    let (mut a, mut b) = (0.0, 0.0);
    for ((one, two), (&x, &y)) in slots.zip(left.iter().zip(right).rev()) {
        a += x;
        b += y;
        *one = a;
        *two = b;
    }
}

/// Writes the sums of the windows that end inside two neighbouring blocks, all but each last.
#[inline(always)]
fn sum_pair(slots: &mut [f64], pair: &[f64], last: &[f64], one: &[f64]) {
    let n = last.len();
    let (left, right) = pair.split_at(n);
    let (slots, more) = slots.split_at_mut(n);
    let tails = last[1..].iter().zip(&one[1..]);
    let values = left.iter().zip(right);
    let (mut a, mut b) = (0.0, 0.0);
    for ((slot, more), ((&x, &y), (&t, &u))) in slots.iter_mut().zip(more).zip(values.zip(tails)) {
        a += x;
        b += y;
        *slot = t + a;
        *more = u + b;
    }
}

/// Writes the constant itself where all n values of a window are equal.
///
/// Such a window contains a place one less than a multiple of n whose value equals that before it,
/// so that it is enough to look there.
fn settle_constants(means: &mut [f64], xs: &[f64], n: usize) {
    let mut i = n - 1;
    while let Some(&x) = xs.get(i) {
        if i > 0 && xs[i - 1] - x != 0.0 {
            i += n;
            continue;
        }
        let before = xs[..i]
            .iter()
            .rev()
            .take(n)
            .take_while(|&&y| y - x == 0.0)
            .count();
        let behind = xs[i + 1..].iter().take_while(|&&y| y - x == 0.0).count();
        if before + behind + 1 >= n {
            let places = i - before + n - 1..=i + behind;
            means[places.clone()].copy_from_slice(&xs[places]);
        }
        i += n * (behind / n + 1);
    }
}
