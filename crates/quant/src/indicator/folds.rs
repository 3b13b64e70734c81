//! What a window can know about its values without looking at all of them.

use super::slide::{higher, lower};
use super::walk::Told;
use super::window::{Fold, Parts, Window};
use crate::linalg::lanes::wide;

/// Plain sum.
#[derive(Debug, Clone)]
pub(crate) struct Total;

impl Fold for Total {
    type Item = f64;
    type State = f64;
    const EMPTY: f64 = 0.0;

    #[inline]
    fn before(tail: f64, x: f64, _anchor: f64) -> f64 {
        tail + x
    }

    #[inline]
    fn behind(head: f64, x: f64, _anchor: f64, _place: f64) -> f64 {
        head + x
    }
}

/// Plain sums of two series.
#[derive(Debug, Clone)]
pub(crate) struct Totals;

impl Fold for Totals {
    type Item = (f64, f64);
    type State = (f64, f64);
    const EMPTY: (f64, f64) = (0.0, 0.0);

    #[inline]
    fn before(tail: (f64, f64), x: (f64, f64), _anchor: (f64, f64)) -> (f64, f64) {
        (tail.0 + x.0, tail.1 + x.1)
    }

    #[inline]
    fn behind(head: (f64, f64), x: (f64, f64), _anchor: (f64, f64), _place: f64) -> (f64, f64) {
        (head.0 + x.0, head.1 + x.1)
    }
}

/// Sum of offsets, and sum of offsets each times its place from the oldest, from 1.
#[derive(Debug, Clone)]
pub(crate) struct RampSum;

impl Fold for RampSum {
    type Item = f64;
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
pub(crate) struct Moments;

impl Fold for Moments {
    type Item = f64;
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

/// Sums of the first four powers of the offsets.
#[derive(Debug, Clone)]
pub(crate) struct Powers;

impl Fold for Powers {
    type Item = f64;
    type State = [f64; 4];
    const EMPTY: [f64; 4] = [0.0; 4];

    #[inline]
    fn before(tail: [f64; 4], x: f64, anchor: f64) -> [f64; 4] {
        let d = x - anchor;
        let square = d * d;
        let [one, two, three, four] = tail;
        [
            one + d,
            two + square,
            three + square * d,
            four + square * square,
        ]
    }

    #[inline]
    fn behind(head: [f64; 4], x: f64, anchor: f64, _place: f64) -> [f64; 4] {
        Self::before(head, x, anchor)
    }
}

/// Sums of the offsets of two series, of their squares, and of their product: x, y, xx, yy, xy.
#[derive(Debug, Clone)]
pub(crate) struct Cross;

impl Fold for Cross {
    type Item = (f64, f64);
    type State = [f64; 5];
    const EMPTY: [f64; 5] = [0.0; 5];

    #[inline]
    fn before(tail: [f64; 5], item: (f64, f64), anchor: (f64, f64)) -> [f64; 5] {
        let (x, y) = (item.0 - anchor.0, item.1 - anchor.1);
        let [sx, sy, sxx, syy, sxy] = tail;
        [sx + x, sy + y, sxx + x * x, syy + y * y, sxy + x * y]
    }

    #[inline]
    fn behind(head: [f64; 5], item: (f64, f64), anchor: (f64, f64), _place: f64) -> [f64; 5] {
        Self::before(head, item, anchor)
    }
}

/// The highest of one series and the lowest of another.
#[derive(Debug, Clone)]
pub(crate) struct Extremes;

impl Fold for Extremes {
    type Item = (f64, f64);
    type State = (f64, f64);
    const EMPTY: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);

    #[inline]
    fn before(tail: (f64, f64), x: (f64, f64), _anchor: (f64, f64)) -> (f64, f64) {
        (higher(x.0, tail.0), lower(x.1, tail.1))
    }

    #[inline]
    fn behind(head: (f64, f64), x: (f64, f64), _anchor: (f64, f64), _place: f64) -> (f64, f64) {
        (higher(head.0, x.0), lower(head.1, x.1))
    }
}

/// The highest value.
#[derive(Debug, Clone)]
pub(crate) struct Highest;

impl Fold for Highest {
    type Item = f64;
    type State = f64;
    const EMPTY: f64 = f64::NEG_INFINITY;

    #[inline]
    fn before(tail: f64, x: f64, _anchor: f64) -> f64 {
        higher(x, tail)
    }

    #[inline]
    fn behind(head: f64, x: f64, _anchor: f64, _place: f64) -> f64 {
        higher(head, x)
    }
}

/// The lowest value.
#[derive(Debug, Clone)]
pub(crate) struct Lowest;

impl Fold for Lowest {
    type Item = f64;
    type State = f64;
    const EMPTY: f64 = f64::INFINITY;

    #[inline]
    fn before(tail: f64, x: f64, _anchor: f64) -> f64 {
        lower(x, tail)
    }

    #[inline]
    fn behind(head: f64, x: f64, _anchor: f64, _place: f64) -> f64 {
        lower(head, x)
    }
}

/// The highest value and its number in the stream; of equal ones the newest.
#[derive(Debug, Clone)]
pub(crate) struct HighestAt;

impl Fold for HighestAt {
    type Item = (f64, u64);
    type State = (f64, u64);
    const EMPTY: (f64, u64) = (f64::NEG_INFINITY, 0);

    #[inline]
    fn before(tail: (f64, u64), x: (f64, u64), _anchor: (f64, u64)) -> (f64, u64) {
        if x.0 > tail.0 {
            x
        } else {
            tail
        }
    }

    #[inline]
    fn behind(head: (f64, u64), x: (f64, u64), _anchor: (f64, u64), _place: f64) -> (f64, u64) {
        if x.0 >= head.0 {
            x
        } else {
            head
        }
    }
}

/// Two windows' worth of one state, joined.
impl<I> Parts<f64, I> {
    /// Sum over the window.
    #[inline]
    pub(crate) fn sum(&self) -> f64 {
        self.tail + self.head
    }

    /// The highest value of the window.
    #[inline]
    pub(crate) fn highest(&self) -> f64 {
        higher(self.tail, self.head)
    }

    /// The lowest value of the window.
    #[inline]
    pub(crate) fn lowest(&self) -> f64 {
        lower(self.tail, self.head)
    }
}

impl<I> Parts<(f64, f64), I> {
    /// Sums of both series over the window.
    #[inline]
    pub(crate) fn sums(&self) -> (f64, f64) {
        (self.tail.0 + self.head.0, self.tail.1 + self.head.1)
    }

    /// The highest and the lowest value of a window folded by [`Extremes`].
    #[inline]
    pub(crate) fn extremes(&self) -> (f64, f64) {
        (
            higher(self.tail.0, self.head.0),
            lower(self.tail.1, self.head.1),
        )
    }

    /// Offset of the mean from the anchor, and sum of squared deviations from the mean, of a
    /// window of `n` values folded by [`Moments`].
    #[inline]
    pub(crate) fn mean_and_deviation(&self, n: f64) -> (f64, f64) {
        let (sum, squares) = self.sums();
        mean_and_deviation([sum, squares], n)
    }

    /// Sum of offsets, and sum of offsets times place from 1, of a window of `n` values folded by
    /// [`RampSum`].
    #[inline]
    pub(crate) fn sum_and_ramp(&self, n: usize) -> (f64, f64) {
        // The head stands behind the whole tail: each of its places is that much higher.
        let tail_len = (n - self.head_len) as f64;
        let ramp = self.tail.1 + (self.head.1 + tail_len * self.head.0);
        (self.tail.0 + self.head.0, ramp)
    }
}

impl<const N: usize, I> Parts<[f64; N], I> {
    /// All sums over the window.
    #[inline]
    pub(crate) fn all(&self) -> [f64; N] {
        core::array::from_fn(|i| self.tail[i] + self.head[i])
    }
}

impl<I> Parts<(f64, u64), I> {
    /// The extreme of the window folded by [`HighestAt`]; of equal ones the newest.
    #[inline]
    pub(crate) fn newest_highest(&self) -> (f64, u64) {
        HighestAt::behind(self.tail, self.head, self.tail, 0.0)
    }
}

/// Mean, and sum of squared deviations from it, of `n` values with this sum and sum of squares.
#[inline(always)]
pub(crate) fn mean_and_deviation([sum, squares]: [f64; 2], n: f64) -> (f64, f64) {
    (sum / n, above_zero(squares - sum * sum / n))
}

/// The number itself where it is above 0, else 0.
#[inline(always)]
pub(crate) fn above_zero(x: f64) -> f64 {
    if x > 0.0 {
        x
    } else {
        0.0
    }
}

/// Makes the road of a window over a stretch: columns in, what is known of each window out. It
/// returns how many of the first rows have no full window.
macro_rules! walks {
    ($($(#[$doc:meta])* $fold:ty, $width:literal, $count:literal,
        |$given:pat_param| $item:expr, |$parts:ident| $told:expr;)+) => {
        $(
            impl Window<$fold> {
                $(#[$doc])*
                pub(crate) fn run(
                    &mut self,
                    columns: [&[f64]; $width],
                    lines: [&mut [f64]; $count],
                ) -> usize {
                    let item = |$given: [f64; $width]| $item;
                    let told = |$parts: PartsOf<$fold>| $told;
                    wide(
                        #[inline(always)]
                        || self.walk(columns, lines, Told { item, told }),
                    )
                }
            }
        )+
    };
}

/// The parts of a window of this fold.
type PartsOf<F> = Parts<<F as Fold>::State, <F as Fold>::Item>;

walks! {
    /// Writes the sums.
    Total, 1, 1, |[x]| x, |parts| [parts.sum()];
    /// Writes the sums of both series.
    Totals, 2, 2, |[x, y]| (x, y), |parts| {
        let (x, y) = parts.sums();
        [x, y]
    };
    /// Writes sums of offsets, of their squares, and the anchors.
    Moments, 1, 3, |[x]| x, |parts| {
        let (sum, squares) = parts.sums();
        [sum, squares, parts.anchor]
    };
    /// Writes the sums of the first four powers.
    Powers, 1, 4, |[x]| x, |parts| parts.all();
    /// Writes the five sums of offsets.
    Cross, 2, 5, |[x, y]| (x, y), |parts| parts.all();
}

impl Window<RampSum> {
    /// Writes sums of offsets, of offsets times place from 1, and the anchors; returns how many of
    /// the first rows have no full window.
    pub(crate) fn run(&mut self, columns: [&[f64]; 1], lines: [&mut [f64]; 3]) -> usize {
        let n = self.period();
        let item = |[x]: [f64; 1]| x;
        let told = |parts: PartsOf<RampSum>| {
            let (sum, ramp) = parts.sum_and_ramp(n);
            [sum, ramp, parts.anchor]
        };
        wide(
            #[inline(always)]
            || self.walk(columns, lines, Told { item, told }),
        )
    }
}
