//! The exponential recursion, and the simple average: the two kernels that most others stand on.

use super::error::{period, IndicatorError};
use super::stream::Indicator;

/// `value += weight * (x - value)`, taken four steps at a time.
///
/// Within a stride of four, every value is the base that the last stride left, plus a weight of the
/// distance from it to the first x, plus weights of the distances from the first x to the others.
/// So one stride waits for the last one once, not four times, and a constant stays exactly
/// constant. Streaming takes the same expressions in the same order.
#[derive(Debug, Clone)]
pub(crate) struct Decay {
    /// `weight * decay^k` for k = 0 to 2.
    weights: [f64; 3],
    /// Sums of the first 1 to 4 of those.
    sums: [f64; 4],
    base: f64,
    first: f64,
    /// From the base to the first x, and from there to the second and the third.
    distances: [f64; 3],
    phase: u8,
}

impl Decay {
    pub(crate) fn new(weight: f64) -> Self {
        let keep = 1.0 - weight;
        let (second, third) = (weight * keep, weight * keep * keep);
        let (two, three) = (weight + second, weight + second + third);
        Self {
            weights: [weight, second, third],
            sums: [weight, two, three, three + third * keep],
            base: 0.0,
            first: 0.0,
            distances: [0.0; 3],
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
        let [k0, k1, k2] = self.weights;
        let [s0, s1, s2, s3] = self.sums;
        let [e, a, b] = self.distances;
        let d = x - self.first;
        self.phase += 1;
        match self.phase {
            1 => {
                let e = x - self.base;
                self.first = x;
                self.distances[0] = e;
                self.base + s0 * e
            }
            2 => {
                self.distances[1] = d;
                self.base + (s1 * e + k0 * d)
            }
            3 => {
                self.distances[2] = d;
                self.base + (s2 * e + (k1 * a + k0 * d))
            }
            _ => {
                self.phase = 0;
                self.base += s3 * e + ((k2 * a + k1 * b) + k0 * d);
                self.base
            }
        }
    }

    /// Four steps at once, from the beginning of a stride.
    #[inline]
    pub(crate) fn four(&mut self, xs: [f64; 4]) -> [f64; 4] {
        let [k0, k1, k2] = self.weights;
        let [s0, s1, s2, s3] = self.sums;
        let (base, first) = (self.base, xs[0]);
        let (a, b, d) = (xs[1] - first, xs[2] - first, xs[3] - first);
        let e = first - base;
        self.base = base + (s3 * e + ((k2 * a + k1 * b) + k0 * d));
        [
            base + s0 * e,
            base + (s1 * e + k0 * a),
            base + (s2 * e + (k1 * a + k0 * b)),
            self.base,
        ]
    }
}

impl Decay {
    /// Writes the value after each of any number of steps.
    #[inline]
    pub(crate) fn run(&mut self, xs: &[f64], line: &mut [f64]) {
        let mut own = self.clone();
        let odd = xs.len().min((4 - usize::from(own.phase)) % 4);
        let (first, xs) = xs.split_at(odd);
        let (first_slots, line) = line.split_at_mut(odd);
        for (slot, &x) in first_slots.iter_mut().zip(first) {
            *slot = own.one(x);
        }
        let (mut slots, strides) = (line.chunks_exact_mut(4), xs.chunks_exact(4));
        let rest = strides.remainder();
        for (slot, stride) in slots.by_ref().zip(strides) {
            if let (Some(slot), Some(&stride)) = (slot.first_chunk_mut(), stride.first_chunk()) {
                *slot = own.four(stride);
            }
        }
        for (slot, &x) in slots.into_remainder().iter_mut().zip(rest) {
            *slot = own.one(x);
        }
        *self = own;
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

    /// Takes values in until there is an average, and returns how many that took.
    pub(crate) fn write_seed(&mut self, xs: &[f64], line: &mut [f64]) -> usize {
        for (i, (&x, slot)) in xs.iter().zip(line).enumerate() {
            let value = self.update(x);
            *slot = value.unwrap_or(f64::NAN);
            if value.is_some() {
                return i + 1;
            }
        }
        xs.len()
    }

    /// Writes the average after each value, from a fresh start.
    pub(crate) fn write(&mut self, xs: &[f64], line: &mut [f64]) {
        let seeded = self.write_seed(xs, line);
        self.decay.run(&xs[seeded..], &mut line[seeded..]);
    }

    /// Whether there is an average.
    pub(crate) fn is_seeded(&self) -> bool {
        self.seen >= self.period
    }

    /// The recursion alone, once there is an average.
    pub(crate) fn decay(&self) -> Decay {
        self.decay.clone()
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

    fn write_lines(&self, columns: &[&[f64]], lines: &mut [&mut [f64]]) {
        if let (&[xs], [line]) = (columns, lines) {
            write_means(xs, line, self.block.len());
            settle_constants(line, xs, self.block.len());
        }
    }
}

/// How many blocks are folded beside each other: their chains of additions do not wait.
const SIDE_BY_SIDE: usize = 4;

/// Writes the means of all windows of n values, NaN before the first; constants not settled yet.
fn write_means(xs: &[f64], line: &mut [f64], n: usize) {
    let divisor = n as f64;
    if xs.len() < n {
        line.fill(f64::NAN);
        return;
    }
    let (first, rest) = xs.split_at(n);
    let (before, line) = line.split_at_mut(n);
    before.fill(f64::NAN);
    let wide = n * SIDE_BY_SIDE;
    let mut tails = vec![0.0; n + wide];
    fold_tails(&mut tails[..n], first);
    before[n - 1] = tails[0] / divisor;
    let (mut strides, mut slots) = (rest.chunks_exact(wide), line.chunks_exact_mut(wide));
    for (stride, slot) in strides.by_ref().zip(slots.by_ref()) {
        fold_side_by_side(&mut tails[n..], stride, n);
        sum_side_by_side(slot, stride, &tails, n);
        slot.iter_mut().for_each(|sum| *sum /= divisor);
        tails.copy_within(wide.., 0);
    }
    let (rest, line) = (strides.remainder(), slots.into_remainder());
    let (mut blocks, mut slots) = (rest.chunks_exact(n), line.chunks_exact_mut(n));
    for (block, slot) in blocks.by_ref().zip(slots.by_ref()) {
        sum_block(&mut slot[..n - 1], block, &tails[1..n]);
        fold_tails(&mut tails[..n], block);
        slot[n - 1] = tails[0];
        slot.iter_mut().for_each(|sum| *sum /= divisor);
    }
    let line = slots.into_remainder();
    sum_block(line, blocks.remainder(), &tails[1..n]);
    line.iter_mut().for_each(|sum| *sum /= divisor);
}

/// Writes the sums of the windows that end inside a block: of its head and the tail before it.
#[inline]
fn sum_block(slots: &mut [f64], block: &[f64], tails: &[f64]) {
    let mut head = 0.0;
    for ((slot, &x), &tail) in slots.iter_mut().zip(block).zip(tails) {
        head += x;
        *slot = tail + head;
    }
}

/// Cuts four blocks of n out of their stride.
fn four<T>(stride: &[T], n: usize) -> [&[T]; SIDE_BY_SIDE] {
    let (a, rest) = stride.split_at(n);
    let (b, rest) = rest.split_at(n);
    let (c, d) = rest.split_at(n);
    [a, b, c, &d[..n]]
}

/// The same of what is written to.
fn four_mut<T>(stride: &mut [T], n: usize) -> [&mut [T]; SIDE_BY_SIDE] {
    let (a, rest) = stride.split_at_mut(n);
    let (b, rest) = rest.split_at_mut(n);
    let (c, d) = rest.split_at_mut(n);
    [a, b, c, &mut d[..n]]
}

/// Folds the tails of four blocks that lie behind each other.
fn fold_side_by_side(tails: &mut [f64], stride: &[f64], n: usize) {
    let [x0, x1, x2, x3] = four(stride, n);
    let [t0, t1, t2, t3] = four_mut(tails, n);
    let mut sums = [0.0; SIDE_BY_SIDE];
    for i in (0..n).rev() {
        sums[0] += x0[i];
        sums[1] += x1[i];
        sums[2] += x2[i];
        sums[3] += x3[i];
        t0[i] = sums[0];
        t1[i] = sums[1];
        t2[i] = sums[2];
        t3[i] = sums[3];
    }
}

/// Writes the sums of the windows that end inside four blocks; `tails` begin one block earlier.
fn sum_side_by_side(slots: &mut [f64], stride: &[f64], tails: &[f64], n: usize) {
    let [x0, x1, x2, x3] = four(stride, n);
    let [t0, t1, t2, t3] = four(&tails[..n * SIDE_BY_SIDE], n);
    let [s0, s1, s2, s3] = four_mut(slots, n);
    let mut heads = [0.0; SIDE_BY_SIDE];
    for i in 0..n - 1 {
        heads[0] += x0[i];
        heads[1] += x1[i];
        heads[2] += x2[i];
        heads[3] += x3[i];
        s0[i] = t0[i + 1] + heads[0];
        s1[i] = t1[i + 1] + heads[1];
        s2[i] = t2[i + 1] + heads[2];
        s3[i] = t3[i + 1] + heads[3];
    }
    for (place, slot) in [s0, s1, s2, s3].into_iter().enumerate() {
        slot[n - 1] = tails[(place + 1) * n];
    }
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
