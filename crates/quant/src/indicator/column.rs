//! Loops over stretches of columns, for the widest registers: the same expressions as bar by bar.
//!
//! What tells a value of a bar stands once, in the indicator; here are the loops around it, without
//! a look at every bar whether there is something to tell. A road over a stretch goes in steps,
//! each over all of its rows: what is made of each bar, what depends on the row before
//! (`window.rs`, `smooth.rs`), what is told of that.

use super::stream::{Ahead, STRETCH};
use crate::linalg::lanes::wide;

/// Numbers of a stretch on their way.
pub(super) type Scratch = [f64; STRETCH];

/// No numbers yet.
pub(super) const SCRATCH: Scratch = [0.0; STRETCH];

/// Columns side by side. Written out for each count: of a loop over columns inside of one over rows
/// the compiler makes no wide registers.
pub(super) trait Rows<const N: usize>: Copy {
    /// Calls `told` with each of the first `n` rows and its number.
    fn each(self, n: usize, told: impl FnMut(usize, [f64; N]));
    /// The first `n` rows from `from` on.
    fn part(self, from: usize, n: usize) -> Self;
    /// One row.
    fn row(self, i: usize) -> [f64; N];
}

/// Lines side by side.
pub(super) trait Slots<const N: usize>: Sized {
    /// Writes one row.
    fn put(&mut self, i: usize, numbers: [f64; N]);
    /// The first `n` rows from `from` on.
    fn part(&mut self, from: usize, n: usize) -> [&mut [f64]; N];
    /// The first `n` rows, and the rest.
    fn split(self, n: usize) -> (Self, Self);
}

macro_rules! side_by_side {
    ($($count:literal: $($name:ident $place:literal),*;)+) => {
        $(
            impl Rows<$count> for [&[f64]; $count] {
                #[inline(always)]
                fn each(self, n: usize, mut told: impl FnMut(usize, [f64; $count])) {
                    let [$($name),*] = self;
                    $(let $name = &$name[..n];)*
                    for i in 0..n {
                        told(i, [$($name[i]),*]);
                    }
                }

                #[inline(always)]
                fn part(self, from: usize, n: usize) -> Self {
                    [$(&self[$place][from..][..n]),*]
                }

                #[inline(always)]
                fn row(self, i: usize) -> [f64; $count] {
                    [$(self[$place][i]),*]
                }
            }

            impl Slots<$count> for [&mut [f64]; $count] {
                #[inline(always)]
                fn put(&mut self, i: usize, numbers: [f64; $count]) {
                    $(self[$place][i] = numbers[$place];)*
                }

                #[inline(always)]
                fn part(&mut self, from: usize, n: usize) -> [&mut [f64]; $count] {
                    let [$($name),*] = self;
                    [$(&mut $name[from..][..n]),*]
                }

                #[inline(always)]
                fn split(self, n: usize) -> (Self, Self) {
                    let [$($name),*] = self;
                    $(let $name = $name.split_at_mut(n);)*
                    ([$($name.0),*], [$($name.1),*])
                }
            }
        )+
    };
}

side_by_side! {
    1: a 0;
    2: a 0, b 1;
    3: a 0, b 1, c 2;
    4: a 0, b 1, c 2, d 3;
    5: a 0, b 1, c 2, d 3, e 4;
    6: a 0, b 1, c 2, d 3, e 4, f 5;
}

/// Writes what is told of every row by itself.
pub(super) fn each_row<'a, const N: usize>(
    columns: [&'a [f64]; N],
    line: &mut [f64],
    told: impl Fn([f64; N]) -> f64,
) where
    [&'a [f64]; N]: Rows<N>,
{
    wide(
        #[inline(always)]
        || columns.each(line.len(), |i, row| line[i] = told(row)),
    );
}

/// Writes two things that are told of every row by itself.
pub(super) fn each_row_twice<'a, const N: usize>(
    columns: [&'a [f64]; N],
    [one, two]: [&mut [f64]; 2],
    told: impl Fn([f64; N]) -> (f64, f64),
) where
    [&'a [f64]; N]: Rows<N>,
{
    let n = one.len();
    let two = &mut two[..n];
    wide(
        #[inline(always)]
        || columns.each(n, |i, row| (one[i], two[i]) = told(row)),
    );
}

/// Puts what is told of a number and the row of columns in the place of the number.
pub(super) fn retold<'a, const N: usize>(
    line: &mut [f64],
    columns: [&'a [f64]; N],
    told: impl Fn(f64, [f64; N]) -> f64,
) where
    [&'a [f64]; N]: Rows<N>,
{
    wide(
        #[inline(always)]
        || columns.each(line.len(), |i, row| line[i] = told(line[i], row)),
    );
}

/// Puts what is told of a number in its place.
pub(super) fn retold_alone(line: &mut [f64], told: impl Fn(f64) -> f64) {
    wide(
        #[inline(always)]
        || line.iter_mut().for_each(|x| *x = told(*x)),
    );
}

/// Writes what is told of every value and that of `len` rows before, NaN where there is none; a
/// stretch after it was looked at. False when one is not fine.
pub(super) fn write_against_past(
    columns: &[&[f64]],
    lines: &mut [&mut [f64]],
    (len, ahead): (usize, Ahead<'_>),
    told: impl Fn([f64; 2]) -> f64,
) -> bool {
    let (&[xs], [line]) = (columns, lines) else {
        return true;
    };
    for from in (0..xs.len()).step_by(STRETCH) {
        let to = xs.len().min(from + STRETCH);
        if !ahead(from..to) {
            return false;
        }
        let begun = from.max(len).min(to);
        line[from..begun].fill(f64::NAN);
        if begun < to {
            let pair = [&xs[begun..to], &xs[begun - len..to - len]];
            each_row(pair, &mut line[begun..to], &told);
        }
    }
    true
}
