//! Greedy forward selection (d'Aspremont 2011, section 3.2).
//!
//! Diagonalised on the assets chosen so far, one more asset makes an arrowhead matrix: its least
//! eigenvalue is the root of a secular equation. A candidate costs k^2.

use super::criterion::{submatrix, whitened, Candidate, Problem};
use crate::error::Result;
use crate::linalg::lanes::dot;
use crate::linalg::{product, Cholesky, Matrix, SymmetricEigen};

/// Grows a portfolio to `k` assets.
pub(super) fn grow(problem: &Problem<'_>, k: usize) -> Result<Candidate> {
    let n = problem.process.assets();
    let mut best = first(problem)?;
    while best.support.len() < k {
        let outside: Vec<usize> = (0..n).filter(|i| !best.support.contains(i)).collect();
        let next = if problem.is_spectral() {
            spectral(problem, &best.support, &outside)?
        } else {
            let mut next = (outside[0], f64::INFINITY);
            for i in &outside {
                let value = problem.best(&with(&best.support, *i))?.value;
                if value < next.1 {
                    next = (*i, value);
                }
            }
            next.0
        };
        best = problem.best(&with(&best.support, next))?;
    }
    Ok(best)
}

fn first(problem: &Problem<'_>) -> Result<Candidate> {
    let mut best = problem.best(&[0])?;
    for i in 1..problem.process.assets() {
        let next = problem.best(&[i])?;
        if next.value < best.value {
            best = next;
        }
    }
    Ok(best)
}

fn with(support: &[usize], more: usize) -> Vec<usize> {
    let mut support = support.to_vec();
    support.push(more);
    support.sort_unstable();
    support
}

/// The asset whose arrowhead has the least eigenvalue.
fn spectral(problem: &Problem<'_>, support: &[usize], outside: &[usize]) -> Result<usize> {
    let gamma = &problem.process.gamma;
    let n = problem.process.assets();
    let zero = Matrix::zeros(n, n);
    let m = problem.linear.as_ref().unwrap_or(&zero);
    let factor = Cholesky::with_threshold(&submatrix(gamma, support), 0.0)
        .map_err(|at| crate::QuantError::collinear("x", Some(support[at])))?;
    let eigen = SymmetricEigen::try_new(&whitened(&factor, &submatrix(m, support)))?;
    // Columns orthonormal in gamma that diagonalise M.
    let mut basis = eigen.vectors.clone();
    (0..basis.cols()).for_each(|j| factor.backward(basis.col_mut(j)));
    let mut best = (outside[0], f64::INFINITY);
    for i in outside {
        let pick = |of: &Matrix| -> Vec<f64> { support.iter().map(|s| of.at(*s, *i)).collect() };
        let along = product::transposed_apply(&basis, &pick(gamma));
        let moved = product::transposed_apply(&basis, &pick(m));
        let left = gamma.at(*i, *i) - dot(&along, &along);
        if left <= 1e-12 {
            continue;
        }
        // u = e_i - basis along; its products with the basis and itself under M.
        let edge: Vec<f64> = (0..along.len())
            .map(|j| (moved[j] - eigen.values[j] * along[j]) / left.sqrt())
            .collect();
        let corner = (m.at(*i, *i) - 2.0 * dot(&along, &moved)
            + (0..along.len())
                .map(|j| eigen.values[j] * along[j] * along[j])
                .sum::<f64>())
            / left;
        let value = least_of_arrowhead(&eigen.values, &edge, corner);
        if value < best.1 {
            best = (*i, value);
        }
    }
    Ok(best.0)
}

/// The least eigenvalue of [diag(values) edge; edge' corner], values rising.
fn least_of_arrowhead(values: &[f64], edge: &[f64], corner: f64) -> f64 {
    let reach = dot(edge, edge).sqrt();
    let (mut high, mut low) = (values[0].min(corner), values[0].min(corner) - reach);
    // f(t) = corner - t - sum edge^2/(value - t) falls to minus infinity at values[0].
    for _ in 0..200 {
        let t = 0.5 * (low + high);
        let pull: f64 = values.iter().zip(edge).map(|(v, e)| e * e / (v - t)).sum();
        if corner - t - pull > 0.0 {
            low = t;
        } else {
            high = t;
        }
        if high - low <= 4.0 * f64::EPSILON * (1.0 + high.abs()) {
            break;
        }
    }
    0.5 * (low + high)
}
