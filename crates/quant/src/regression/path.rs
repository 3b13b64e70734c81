//! Solutions down a sequence of penalties, each starting from the one before.

use super::descent::{solve, Fit, Penalty, Stop};
use super::design::Design;
use crate::error::{QuantError, Result};

/// Solutions for falling penalties.
#[derive(Debug, Clone)]
pub struct Path {
    /// The penalties: `alpha` of `alpha (share |b|_1 + (1 - share)/2 |b|^2)`.
    pub alphas: Vec<f64>,
    /// One solution a penalty.
    pub fits: Vec<Fit>,
}

/// The least alpha for which every coefficient is zero.
#[must_use]
pub fn largest_penalty(design: &Design, l1_ratio: f64) -> f64 {
    design
        .correlations
        .iter()
        .fold(0.0_f64, |m, c| m.max(c.abs()))
        / l1_ratio
}

/// `count` penalties from `largest` down to `eps` times it, equally far apart in logarithms.
#[must_use]
pub fn falling(largest: f64, eps: f64, count: usize) -> Vec<f64> {
    let step = eps.ln() / (count.max(2) - 1) as f64;
    (0..count)
        .map(|k| largest * (step * k as f64).exp())
        .collect()
}

/// Solves for every alpha, which should fall. `watch` is told how many are done, and may say stop.
///
/// # Errors
/// [`QuantError::Interrupted`].
pub fn path(
    design: &mut Design,
    alphas: Vec<f64>,
    l1_ratio: f64,
    stop: Stop,
    watch: &mut dyn FnMut(usize, usize) -> bool,
) -> Result<Path> {
    let mut fits: Vec<Fit> = Vec::with_capacity(alphas.len());
    for (at, alpha) in alphas.iter().enumerate() {
        let penalty = Penalty {
            l1: alpha * l1_ratio,
            l2: alpha * (1.0 - l1_ratio),
        };
        let start = fits.last().map(|f| f.coef.clone()).unwrap_or_default();
        let mut going = || watch(at, alphas.len());
        fits.push(solve(design, penalty, stop, &start, &mut going)?);
        if !watch(at + 1, alphas.len()) {
            return Err(QuantError::Interrupted);
        }
    }
    Ok(Path { alphas, fits })
}
