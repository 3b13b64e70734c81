//! Mean absolute deviations, which have to look at the whole window on every row.

use super::slide::WINDOW_MAX;
use super::window::Ring;
use crate::linalg::lanes::wide;

/// Rows whose windows are summed side by side.
const ABREAST: usize = 16;

/// The last values, their mean, and their mean absolute deviation from it.
#[derive(Debug, Clone)]
pub(super) struct Deviations {
    ring: Ring,
    period: usize,
    /// Of stretches: the last values before.
    past: Vec<f64>,
}

impl Deviations {
    /// The caller has checked the length, 1 or more.
    pub(super) fn new(period: usize) -> Self {
        Self {
            ring: Ring::new(period),
            period,
            past: Vec::new(),
        }
    }

    /// Takes one value in; mean and deviation once the window is full.
    #[inline]
    pub(super) fn update(&mut self, x: f64) -> Option<(f64, f64)> {
        if !self.ring.push(x) {
            return None;
        }
        let n = self.period as f64;
        // Offsets from the newest value keep a constant window exact.
        let offset = self.ring.iter().map(|y| y - x).sum::<f64>() / n;
        let distances = self.ring.iter().map(|y| (y - x - offset).abs());
        Some((x + offset, distances.sum::<f64>() / n))
    }

    /// Writes mean and deviation after each value of a stretch; returns how many of the first ones
    /// have none.
    pub(super) fn run(&mut self, xs: &[f64], [means, told]: [&mut [f64]; 2]) -> usize {
        if self.period > WINDOW_MAX {
            let mut untold = 0;
            for (i, &x) in xs.iter().enumerate() {
                match self.update(x) {
                    Some(found) => (means[i], told[i]) = found,
                    None => untold += 1,
                }
            }
            return untold;
        }
        let mut values = core::mem::take(&mut self.past);
        values.extend_from_slice(xs);
        let before = self.period - 1;
        let untold = xs.len() - values.len().saturating_sub(before);
        let (means, told) = (&mut means[untold..], &mut told[untold..]);
        let whole = means.len() - means.len() % ABREAST;
        wide(
            #[inline(always)]
            || {
                for i in (0..whole).step_by(ABREAST) {
                    let rows = i..i + ABREAST;
                    let slots = (&mut means[rows.clone()], &mut told[rows.clone()]);
                    write_windows::<ABREAST>(&values[i..i + ABREAST + before], before, slots);
                }
                for i in whole..means.len() {
                    let slots = (&mut means[i..=i], &mut told[i..=i]);
                    write_windows::<1>(&values[i..=i + before], before, slots);
                }
            },
        );
        values.drain(..values.len().saturating_sub(before));
        self.past = values;
        untold
    }

    pub(super) fn reset(&mut self) {
        self.ring.reset();
        self.past.clear();
    }
}

/// Writes mean and deviation of `N` windows that begin side by side, each `before` values long and
/// one more.
#[inline(always)]
fn write_windows<const N: usize>(
    values: &[f64],
    before: usize,
    (means, told): (&mut [f64], &mut [f64]),
) {
    let n = (before + 1) as f64;
    let newest: [f64; N] = core::array::from_fn(|lane| values[before + lane]);
    let mut sums = [0.0; N];
    for ys in values.windows(N) {
        for lane in 0..N {
            sums[lane] += ys[lane] - newest[lane];
        }
    }
    let offsets = sums.map(|sum| sum / n);
    let mut sums = [0.0; N];
    for ys in values.windows(N) {
        for lane in 0..N {
            sums[lane] += (ys[lane] - newest[lane] - offsets[lane]).abs();
        }
    }
    for lane in 0..N {
        means[lane] = newest[lane] + offsets[lane];
        told[lane] = sums[lane] / n;
    }
}
