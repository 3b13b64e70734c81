//! Roads over whole columns, for the widest registers: the same expressions as bar by bar.
//!
//! What tells a value of a bar stands once, in the indicator; here are the loops around it, without
//! a look at every bar whether there is something to tell. A window is walked block by block, as
//! `window.rs` explains.

use super::smooth::Seeded;
use super::stream::Ahead;
use super::window::{Fold, Parts};
use crate::linalg::lanes::wide;

/// Rows that are worked on together; they stay in the nearest cache.
pub(super) const TILE: usize = 1024;

/// Writes what is told of every row by itself, a stretch after it was looked at; false when one is
/// not fine.
pub(super) fn write_rows<const N: usize>(
    columns: &[&[f64]],
    lines: &mut [&mut [f64]],
    ahead: Ahead<'_>,
    told: impl Fn([f64; N]) -> f64,
) -> bool {
    let (Some(columns), [line]) = (columns.first_chunk::<N>(), lines) else {
        return true;
    };
    for (stretch, slots) in line.chunks_mut(TILE).enumerate() {
        let rows = stretch * TILE..stretch * TILE + slots.len();
        if !ahead(rows.clone()) {
            return false;
        }
        let columns: [&[f64]; N] = columns.map(|column| &column[rows.clone()]);
        wide(
            #[inline(always)]
            || {
                for (i, slot) in slots.iter_mut().enumerate() {
                    *slot = told(columns.map(|column| column[i]));
                }
            },
        );
    }
    true
}

/// Writes what is told of every value and that of `len` rows before; NaN where there is none.
pub(super) fn write_against_past(
    columns: &[&[f64]],
    lines: &mut [&mut [f64]],
    len: usize,
    told: impl Fn(f64, f64) -> f64,
) {
    let (&[xs], [line]) = (columns, lines) else {
        return;
    };
    let (before, line) = line.split_at_mut(len.min(xs.len()));
    before.fill(f64::NAN);
    wide(
        #[inline(always)]
        || {
            for ((slot, &x), &past) in line.iter_mut().zip(&xs[before.len()..]).zip(xs) {
                *slot = told(x, past);
            }
        },
    );
}

/// Writes what is told of every full window of `len` items and the row it ends at, NaN before.
pub(super) fn write_windows<F: Fold>(
    len: usize,
    item: impl Fn(usize) -> F::Item,
    line: &mut [f64],
    told: impl Fn(usize, Parts<F::State, F::Item>) -> f64,
) {
    let mut tails = vec![F::EMPTY; len];
    let mut anchor = F::Item::default();
    wide(
        #[inline(always)]
        || {
            for (block, slots) in line.chunks_mut(len).enumerate() {
                let first = block * len;
                let (slots, last) = match slots.split_last_mut() {
                    Some((last, slots)) if slots.len() + 1 == len => (slots, Some(last)),
                    _ => (slots, None),
                };
                if block == 0 {
                    slots.fill(f64::NAN);
                } else {
                    let told = |k, parts| told(first + k, parts);
                    write_heads::<F>(slots, (&tails[1..], anchor), |k| item(first + k), told);
                }
                let Some(last) = last else { return };
                anchor = item(first + len - 1);
                let mut tail = F::EMPTY;
                for (k, slot) in tails.iter_mut().enumerate().rev() {
                    tail = F::before(tail, item(first + k), anchor);
                    *slot = tail;
                }
                let parts = Parts {
                    tail,
                    head: F::EMPTY,
                    head_len: 0,
                    anchor,
                };
                *last = told(first + len - 1, parts);
            }
        },
    );
}

/// Writes the windows that end inside a block: of its head and the tail before it.
#[inline(always)]
fn write_heads<F: Fold>(
    slots: &mut [f64],
    (tails, anchor): (&[F::State], F::Item),
    item: impl Fn(usize) -> F::Item,
    told: impl Fn(usize, Parts<F::State, F::Item>) -> f64,
) {
    let mut head = F::EMPTY;
    for (k, (slot, &tail)) in slots.iter_mut().zip(tails).enumerate() {
        let head_len = k + 1;
        head = F::behind(head, item(k), anchor, head_len as f64);
        let parts = Parts {
            tail,
            head,
            head_len,
            anchor,
        };
        *slot = told(k, parts);
    }
}

/// Writes what is told of the values of a chain of averages, each fed by the one before.
pub(super) fn write_chain<const N: usize>(
    chain: &mut [Seeded; N],
    xs: &[f64],
    line: &mut [f64],
    mut told: impl FnMut([f64; N]) -> f64,
) {
    let mut averages = [[0.0; TILE]; N];
    for (xs, line) in xs.chunks(TILE).zip(line.chunks_mut(TILE)) {
        let n = xs.len();
        let mut untold = 0;
        let mut fed: &[f64] = xs;
        for (link, average) in chain.iter_mut().zip(&mut averages) {
            untold += link.go_on(&fed[untold..n], &mut average[untold..n]);
            fed = average;
        }
        let (before, line) = line.split_at_mut(untold);
        before.fill(f64::NAN);
        for (slot, i) in line.iter_mut().zip(untold..) {
            *slot = told(core::array::from_fn(|k| averages[k][i]));
        }
    }
}
