//! Extremes of windows that slide over a stretch, by doubling.
//!
//! The extremes of two neighbours tell those of four, these those of eight; two windows of a power
//! of two, one over the other, tell any length between it and its double. Every step is over the
//! whole stretch and waits for nothing, and which of equal values is taken is the same as in the
//! folds of `window.rs`: the oldest of values, the newest of places.

use super::stream::STRETCH;
use crate::linalg::lanes::wide;

/// The last rows before a stretch.
#[derive(Debug, Clone, Default)]
pub(super) struct Slide {
    past: Vec<f64>,
}

/// Windows of more rows are folded row by row: here their past would be copied again and again.
pub(super) const WINDOW_MAX: usize = STRETCH / 2;

/// The higher one; of equal ones the older, which also stands before a NaN.
#[inline(always)]
pub(super) fn higher(older: f64, newer: f64) -> f64 {
    if newer > older {
        newer
    } else {
        older
    }
}

/// The lower one; of equal ones the older, which also stands before a NaN.
#[inline(always)]
pub(super) fn lower(older: f64, newer: f64) -> f64 {
    if newer < older {
        newer
    } else {
        older
    }
}

/// A value and the number of its row.
pub(super) type Placed = (f64, f64);

/// The higher value with its place; of equal ones the newer.
#[inline(always)]
pub(super) fn highest_place(older: Placed, newer: Placed) -> Placed {
    // Without a branch, in bits: the compiler would make one of a choice between loads.
    let mask = 0_u64.wrapping_sub(u64::from(newer.0 >= older.0));
    let choose = |newer: f64, older: f64| {
        f64::from_bits((newer.to_bits() & mask) | (older.to_bits() & !mask))
    };
    (choose(newer.0, older.0), choose(newer.1, older.1))
}

impl Slide {
    /// Writes the highest of each window of `len` rows, [`WINDOW_MAX`] at most; returns how many of
    /// the first rows have none.
    pub(super) fn run_highest(&mut self, len: usize, xs: &[f64], line: &mut [f64]) -> usize {
        self.run(len, xs, line, higher)
    }

    /// The same with the lowest.
    pub(super) fn run_lowest(&mut self, len: usize, xs: &[f64], line: &mut [f64]) -> usize {
        self.run(len, xs, line, lower)
    }

    fn run(
        &mut self,
        len: usize,
        xs: &[f64],
        line: &mut [f64],
        pick: impl Fn(f64, f64) -> f64,
    ) -> usize {
        let mut values = self.joined(xs, len);
        let untold = xs.len() - values.len().saturating_sub(len - 1);
        let line = &mut line[untold..];
        if line.is_empty() {
            return untold;
        }
        let mut room = vec![0.0; values.len()];
        wide(
            #[inline(always)]
            || {
                let mut width = 1;
                while 2 * width <= len {
                    let told = values.len() - width;
                    let pairs = values.iter().zip(&values[width..]);
                    for (slot, (&older, &newer)) in room.iter_mut().zip(pairs) {
                        *slot = pick(older, newer);
                    }
                    core::mem::swap(&mut values, &mut room);
                    values.truncate(told);
                    width *= 2;
                }
                let pairs = values.iter().zip(&values[len - width..]);
                for (slot, (&older, &newer)) in line.iter_mut().zip(pairs) {
                    *slot = pick(older, newer);
                }
            },
        );
        untold
    }

    /// Writes the place in the stream of the highest of each window of `len` rows, the newest of
    /// equal ones; returns how many of the first rows have none. `first` is the number of the
    /// stretch's first row.
    pub(super) fn run_places(
        &mut self,
        (len, first): (usize, u64),
        xs: &[f64],
        line: &mut [f64],
    ) -> usize {
        let oldest = first - self.past.len() as u64;
        let mut values = self.joined(xs, len);
        let untold = xs.len() - values.len().saturating_sub(len - 1);
        let line = &mut line[untold..];
        if line.is_empty() {
            return untold;
        }
        let mut places: Vec<f64> = (oldest..).take(values.len()).map(|i| i as f64).collect();
        let (mut room, mut places_room) = (vec![0.0; values.len()], vec![0.0; values.len()]);
        wide(
            #[inline(always)]
            || {
                let mut width = 1;
                while 2 * width <= len {
                    let told = values.len() - width;
                    let older = values.iter().zip(&places);
                    let newer = values[width..].iter().zip(&places[width..]);
                    let slots = room.iter_mut().zip(&mut places_room);
                    for ((slot, place), (older, newer)) in slots.zip(older.zip(newer)) {
                        let older = (*older.0, *older.1);
                        (*slot, *place) = highest_place(older, (*newer.0, *newer.1));
                    }
                    core::mem::swap(&mut values, &mut room);
                    core::mem::swap(&mut places, &mut places_room);
                    values.truncate(told);
                    places.truncate(told);
                    width *= 2;
                }
                let ahead = len - width;
                let older = values.iter().zip(&places);
                let newer = values[ahead..].iter().zip(&places[ahead..]);
                for (slot, (older, newer)) in line.iter_mut().zip(older.zip(newer)) {
                    *slot = highest_place((*older.0, *older.1), (*newer.0, *newer.1)).1;
                }
            },
        );
        untold
    }

    /// The stretch behind the rows that windows of `len` rows still reach, which it then ends.
    fn joined(&mut self, xs: &[f64], len: usize) -> Vec<f64> {
        let mut values = core::mem::take(&mut self.past);
        values.extend_from_slice(xs);
        self.past = values[values.len().saturating_sub(len - 1)..].to_vec();
        values
    }

    pub(super) fn reset(&mut self) {
        self.past.clear();
    }
}
