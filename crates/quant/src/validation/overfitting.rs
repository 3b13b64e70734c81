//! Probability of backtest overfitting by combinatorially symmetric cross-validation
//! (Bailey, Borwein, Lopez de Prado, Zhu 2017).

use crate::error::{Fault, QuantError, Result};
use crate::linalg::lanes::centre;
use crate::linalg::Matrix;

/// What the splits told.
#[derive(Debug, Clone)]
pub struct Overfitting {
    /// Part of the splits in which the best trial of one half was in the worse half of the other.
    pub pbo: f64,
    /// ln(w/(1 - w)) of each split; w is the rank of that trial in the other half over N + 1.
    pub logits: Vec<f64>,
    /// Sharpe ratios of the chosen trial: in its half, and in the other.
    pub chosen: Vec<(f64, f64)>,
}

/// Splits (T, N) performances of N trials into `blocks` blocks of rows and compares all halves.
///
/// # Errors
/// [`QuantError::Parameter`] unless `blocks` is even, between 2 and 20, [`QuantError::Data`] for
/// NaN or too few rows, [`QuantError::Degenerate`] naming a trial that never varies.
pub fn overfitting(
    performance: &Matrix,
    blocks: usize,
    watch: &mut dyn FnMut(usize, usize) -> bool,
) -> Result<Overfitting> {
    let (t, n) = (performance.rows(), performance.cols());
    performance.checked("performance")?;
    if blocks < 2 || blocks > 20 || blocks % 2 == 1 {
        let problem = format!("is {blocks}, but must be even, between 2 and 20");
        return Err(QuantError::parameter("n_splits", problem, "16 is usual"));
    }
    if n < 2 {
        let fault = Fault::new(
            "performance",
            "one trial has no rivals",
            "pass a column a trial",
        );
        return Err(QuantError::Data(fault));
    }
    if t < 2 * blocks {
        return Err(QuantError::too_short("performance", t, 2 * blocks));
    }
    let sums = Sums::of(performance, blocks)?;
    let half = blocks / 2;
    let total = (0..half).fold(1, |c, i| c * (blocks - i) / (i + 1));
    let mut found = Overfitting {
        pbo: 0.0,
        logits: Vec::with_capacity(total),
        chosen: Vec::with_capacity(total),
    };
    for mask in 0_u32..1 << blocks {
        if mask.count_ones() as usize != half {
            continue;
        }
        let (inside, outside) = (sums.ratios(mask), sums.ratios(!mask));
        let mut best = 0;
        for j in 1..n {
            if inside[j] > inside[best] {
                best = j;
            }
        }
        // Ties share the mean of their ranks.
        let own = outside[best];
        let below = outside.iter().filter(|r| **r < own).count() as f64;
        let equal = outside.iter().filter(|r| **r == own).count() as f64;
        let rank = below + 0.5 * (equal + 1.0);
        let w = rank / (n as f64 + 1.0);
        found.logits.push((w / (1.0 - w)).ln());
        found.chosen.push((inside[best], own));
        if found.logits.len() % 512 == 0 && !watch(found.logits.len(), total) {
            return Err(QuantError::Interrupted);
        }
    }
    let worse = found.logits.iter().filter(|l| **l <= 0.0).count();
    found.pbo = worse as f64 / found.logits.len() as f64;
    Ok(found)
}

/// Per block and trial: number of rows, sum and sum of squares about a level of the trial.
struct Sums {
    counts: Vec<f64>,
    sums: Vec<Vec<f64>>,
    squares: Vec<Vec<f64>>,
    levels: Vec<f64>,
}

impl Sums {
    fn of(performance: &Matrix, blocks: usize) -> Result<Self> {
        let (t, n) = (performance.rows(), performance.cols());
        // The first t mod blocks blocks are one row longer.
        let bounds: Vec<usize> = (0..=blocks)
            .map(|b| b * (t / blocks) + b.min(t % blocks))
            .collect();
        let mut sums = Self {
            counts: bounds.windows(2).map(|w| (w[1] - w[0]) as f64).collect(),
            sums: vec![vec![0.0; n]; blocks],
            squares: vec![vec![0.0; n]; blocks],
            levels: Vec::with_capacity(n),
        };
        for j in 0..n {
            let mut column = performance.col(j).to_vec();
            let level = column.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
            let mean = centre(&mut column);
            let spread = column.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
            if spread <= 8.0 * f64::EPSILON * level {
                return Err(QuantError::constant("performance", Some(j)));
            }
            sums.levels.push(mean / spread);
            for b in 0..blocks {
                for v in &column[bounds[b]..bounds[b + 1]] {
                    let v = v / spread;
                    sums.sums[b][j] += v;
                    sums.squares[b][j] += v * v;
                }
            }
        }
        Ok(sums)
    }

    /// Sharpe ratio of every trial over the blocks of a mask; 0 where a half has no variance.
    fn ratios(&self, mask: u32) -> Vec<f64> {
        let n = self.levels.len();
        let (mut sum, mut square, mut count) = (vec![0.0; n], vec![0.0; n], 0.0);
        for b in (0..self.counts.len()).filter(|b| mask >> b & 1 == 1) {
            count += self.counts[b];
            for j in 0..n {
                sum[j] += self.sums[b][j];
                square[j] += self.squares[b][j];
            }
        }
        (0..n)
            .map(|j| {
                let mean = sum[j] / count;
                let variance = (square[j] - count * mean * mean) / (count - 1.0);
                if variance > 1e-24 {
                    (mean + self.levels[j]) / variance.sqrt()
                } else {
                    0.0
                }
            })
            .collect()
    }
}
