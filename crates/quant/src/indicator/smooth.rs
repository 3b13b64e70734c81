//! The exponential recursion, and the simple average: the two kernels that most others stand on.

use super::error::{period, IndicatorError};
use super::stream::Indicator;

/// `value += weight * (x - value)`, taken four steps at a time.
///
/// Within a stride of four, every value is `base + sum of weight * decay^k * (x - base)`, so the
/// only thing that one stride waits for is the base that the last one left: the chain is four times
/// shorter than that of the recursion, and a constant stays exactly constant. Streaming takes the
/// same expressions in the same order.
#[derive(Debug, Clone)]
pub(crate) struct Decay {
    /// `weight * decay^k` for k = 0 to 3.
    weights: [f64; 4],
    base: f64,
    offsets: [f64; 3],
    phase: u8,
}

impl Decay {
    pub(crate) fn new(weight: f64) -> Self {
        let keep = 1.0 - weight;
        let second = weight * keep;
        let third = second * keep;
        Self {
            weights: [weight, second, third, third * keep],
            base: 0.0,
            offsets: [0.0; 3],
            phase: 0,
        }
    }

    /// Begins a stride at a value.
    pub(crate) fn start(&mut self, value: f64) {
        self.base = value;
        self.phase = 0;
    }

    #[inline]
    pub(crate) fn one(&mut self, x: f64) -> f64 {
        let [k0, k1, k2, k3] = self.weights;
        let [a, b, c] = self.offsets;
        let d = x - self.base;
        self.phase += 1;
        match self.phase {
            1 => {
                self.offsets[0] = d;
                self.base + k0 * d
            }
            2 => {
                self.offsets[1] = d;
                self.base + (k1 * a + k0 * d)
            }
            3 => {
                self.offsets[2] = d;
                self.base + ((k2 * a + k1 * b) + k0 * d)
            }
            _ => {
                self.phase = 0;
                self.base += (k3 * a + k2 * b) + (k1 * c + k0 * d);
                self.base
            }
        }
    }

    /// Four steps at once, from the beginning of a stride.
    #[inline]
    pub(crate) fn four(&mut self, xs: [f64; 4]) -> [f64; 4] {
        let [k0, k1, k2, k3] = self.weights;
        let base = self.base;
        let [a, b, c, d] = xs.map(|x| x - base);
        self.base = base + ((k3 * a + k2 * b) + (k1 * c + k0 * d));
        [
            base + k0 * a,
            base + (k1 * a + k0 * b),
            base + ((k2 * a + k1 * b) + k0 * c),
            self.base,
        ]
    }
}

/// An exponential average that starts with the simple average of its first values.
#[derive(Debug, Clone)]
pub(crate) struct Seeded {
    period: usize,
    decay: Decay,
    seen: usize,
    anchor: f64,
    sum: f64,
}

impl Seeded {
    /// The caller has checked the period, 1 or more.
    pub(crate) fn new(period: usize, weight: f64) -> Self {
        Self {
            period,
            decay: Decay::new(weight),
            seen: 0,
            anchor: 0.0,
            sum: 0.0,
        }
    }

    /// Weight 2 / (period + 1).
    pub(crate) fn exponential(period: usize) -> Self {
        Self::new(period, 2.0 / (period as f64 + 1.0))
    }

    /// Weight 1 / period.
    pub(crate) fn wilder(period: usize) -> Self {
        Self::new(period, 1.0 / period as f64)
    }

    #[inline]
    pub(crate) fn update(&mut self, x: f64) -> Option<f64> {
        if self.seen >= self.period {
            Some(self.decay.one(x))
        } else {
            self.seed(x)
        }
    }

    /// Gathers the first values; offsets from the first one keep a constant exact.
    fn seed(&mut self, x: f64) -> Option<f64> {
        if self.seen == 0 {
            self.anchor = x;
        }
        self.seen += 1;
        self.sum += x - self.anchor;
        if self.seen < self.period {
            return None;
        }
        let value = self.anchor + self.sum / self.period as f64;
        self.decay.start(value);
        Some(value)
    }

    /// Four steps at once; only when seeded and at the beginning of a stride.
    #[inline]
    pub(crate) fn four(&mut self, xs: [f64; 4]) -> [f64; 4] {
        self.decay.four(xs)
    }

    pub(crate) fn reset(&mut self) {
        self.seen = 0;
        self.sum = 0.0;
    }
}

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
#[inline]
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
        self.equal = if x == self.last { self.equal + 1 } else { 1 };
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

    fn lines_of(&self, columns: &[&[f64]]) -> Vec<Vec<f64>> {
        let xs = columns.first().copied().unwrap_or_default();
        let mut means = means_by_blocks(xs, self.block.len());
        settle_constants(&mut means, xs, self.block.len());
        vec![means]
    }
}

/// How many blocks are folded beside each other: their chains of additions do not wait.
const SIDE_BY_SIDE: usize = 4;

/// The means of all windows of n values, NaN before the first; constant windows not settled yet.
fn means_by_blocks(xs: &[f64], n: usize) -> Vec<f64> {
    let divisor = n as f64;
    let mut means = Vec::with_capacity(xs.len());
    means.resize(xs.len().min(n - 1), f64::NAN);
    let Some(first) = xs.get(..n) else {
        return means;
    };
    let wide = n * SIDE_BY_SIDE;
    let mut tails = vec![0.0; n + wide];
    fold_tails(&mut tails[..n], first);
    means.push(tails[0] / divisor);
    let mut strides = xs[n..].chunks_exact(wide);
    for stride in &mut strides {
        fold_side_by_side(&mut tails[n..], stride, n);
        for (place, block) in stride.chunks_exact(n).enumerate() {
            means_of_block(&mut means, &tails[place * n..][..n], block, divisor);
            means.push(tails[(place + 1) * n] / divisor);
        }
        tails.copy_within(wide.., 0);
    }
    let rest = strides.remainder();
    let mut blocks = rest.chunks_exact(n);
    for block in &mut blocks {
        means_of_block(&mut means, &tails[..n], block, divisor);
        fold_tails(&mut tails[..n], block);
        means.push(tails[0] / divisor);
    }
    let head = blocks.remainder();
    let mut sum = 0.0;
    for (&x, &tail) in head.iter().zip(&tails[1..n]) {
        sum += x;
        means.push((tail + sum) / divisor);
    }
    means
}

/// Folds the tails of four blocks that lie behind each other.
fn fold_side_by_side(tails: &mut [f64], stride: &[f64], n: usize) {
    let (xs, slots) = (stride.split_at(n), tails.split_at_mut(n));
    let (xs0, (xs1, rest)) = (xs.0, xs.1.split_at(n));
    let (xs2, xs3) = rest.split_at(n);
    let (t0, (t1, rest)) = (slots.0, slots.1.split_at_mut(n));
    let (t2, t3) = rest.split_at_mut(n);
    let mut sums = [0.0; SIDE_BY_SIDE];
    let t3 = &mut t3[..n];
    for i in (0..n).rev() {
        sums[0] += xs0[i];
        sums[1] += xs1[i];
        sums[2] += xs2[i];
        sums[3] += xs3[i];
        t0[i] = sums[0];
        t1[i] = sums[1];
        t2[i] = sums[2];
        t3[i] = sums[3];
    }
}

/// The means of the windows that end inside a block, all but the last one of them.
#[inline]
fn means_of_block(means: &mut Vec<f64>, tails: &[f64], block: &[f64], divisor: f64) {
    let mut sum = 0.0;
    let windows = block.iter().zip(&tails[1..]);
    means.extend(windows.map(|(&x, &tail)| {
        sum += x;
        (tail + sum) / divisor
    }));
}

/// Writes the constant itself where all n values of a window are equal.
///
/// Such a window contains a place one less than a multiple of n whose value equals that before it,
/// so that it is enough to look there.
fn settle_constants(means: &mut [f64], xs: &[f64], n: usize) {
    let mut i = n - 1;
    while let Some(&x) = xs.get(i) {
        if i > 0 && xs[i - 1] != x {
            i += n;
            continue;
        }
        let before = xs[..i]
            .iter()
            .rev()
            .take(n)
            .take_while(|&&y| y == x)
            .count();
        let behind = xs[i + 1..].iter().take_while(|&&y| y == x).count();
        if before + behind + 1 >= n {
            let places = i - before + n - 1..=i + behind;
            means[places.clone()].copy_from_slice(&xs[places]);
        }
        i += n * (behind / n + 1);
    }
}
