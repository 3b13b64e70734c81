//! The simple average, and how a stretch of it is written.

use super::error::{period, IndicatorError};
use super::folds::Total;
use super::stream::{Ahead, Indicator, STRETCH};
use super::window::Window;
use crate::linalg::lanes::wide;

/// Simple moving average: the mean of the last `period` values.
///
/// A constant window gives exactly its constant, so two averages of different periods never cross
/// on rounding noise. Otherwise the sum of the window divided by its length: the sum has at most
/// `period` terms, because the stream is cut into blocks and the window is always the tail of one
/// block and the head of the next (nothing is ever subtracted, nothing drifts).
#[derive(Debug, Clone)]
pub struct Sma {
    window: Window<Total>,
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

    /// The caller has checked the length, 1 or more.
    pub(crate) fn of(len: usize) -> Self {
        Self {
            window: Window::new(len),
            last: f64::NAN,
            equal: 0,
        }
    }

    /// Counts how often a value came in a row.
    #[inline]
    fn count(&mut self, x: f64) {
        self.equal = if x - self.last == 0.0 {
            self.equal + 1
        } else {
            1
        };
        self.last = x;
    }

    /// Writes the averages of a stretch, as [`Indicator::run`] does.
    pub(super) fn write(&mut self, xs: &[f64], line: &mut [f64]) -> usize {
        let untold = self.window.run([xs], [line]);
        let divisor = self.window.period() as f64;
        wide(
            #[inline(always)]
            || line[untold..].iter_mut().for_each(|sum| *sum /= divisor),
        );
        self.settle_constants(xs, line, untold);
        untold
    }

    /// Writes the constant itself where all values of a window are equal.
    fn settle_constants(&mut self, xs: &[f64], line: &mut [f64], untold: usize) {
        let n = self.window.period();
        let (&[first, ..], &[.., last]) = (xs, xs) else {
            return;
        };
        let pairs = wide(
            #[inline(always)]
            || {
                let pairs = xs.iter().zip(&xs[1..]);
                pairs.fold(0_u64, |count, (x, y)| count + u64::from(y - x == 0.0))
            },
        );
        if pairs == 0 && first - self.last != 0.0 && n > 1 {
            (self.last, self.equal) = (last, 1);
            return;
        }
        for (i, &x) in xs.iter().enumerate() {
            self.count(x);
            if i >= untold && self.equal >= n {
                line[i] = x;
            }
        }
    }
}

impl Indicator for Sma {
    type Row = f64;
    type Value = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        self.count(x);
        let sum = self.window.push(x)?.sum();
        let n = self.window.period();
        Some(if self.equal >= n { x } else { sum / n as f64 })
    }

    fn reset(&mut self) {
        self.window.reset();
        self.last = f64::NAN;
        self.equal = 0;
    }

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        let (&[xs], [line]) = (columns, lines) else {
            return 0;
        };
        self.write(xs, line)
    }

    /// A whole column knows where its windows begin: two blocks at once, and constants looked for
    /// at one place in as many as a window is long.
    fn write_looked_at(
        &self,
        columns: &[&[f64]],
        lines: &mut [&mut [f64]],
        ahead: Ahead<'_>,
    ) -> bool {
        let (&[xs], [line]) = (columns, lines) else {
            return true;
        };
        let n = self.window.period();
        let fine = wide(
            #[inline(always)]
            || write_means(xs, line, n, ahead),
        );
        if fine {
            settle_column(line, xs, n);
        }
        fine
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
    let stretch = STRETCH.div_ceil(2 * n) * 2 * n;
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
/// Such a window contains a place one less than a multiple of n, whose value equals that before it
/// or that behind it, so that it is enough to look there.
fn settle_column(means: &mut [f64], xs: &[f64], n: usize) {
    let mut i = n - 1;
    while let Some(&x) = xs.get(i) {
        let differs = |y: &f64| y - x != 0.0;
        if n > 1 && differs(&xs[i - 1]) && xs.get(i + 1).is_none_or(differs) {
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
