//! The first sparse principal component (Shen-Huang 2008; Witten-Tibshirani-Hastie 2009).
//!
//! minimise `|X - uv'|_F^2/(2n) + alpha |v|_1` over |u|^2 = n: u and v in turn, each in closed form.

use crate::error::{QuantError, Result};
use crate::linalg::lanes::{centre, dot};
use crate::linalg::{product, Matrix};

/// Loadings and how they were found.
#[derive(Debug, Clone)]
pub struct Component {
    /// v.
    pub loadings: Vec<f64>,
    /// The objective.
    pub objective: f64,
    /// The penalty that was used.
    pub alpha: f64,
    /// Rounds.
    pub iterations: usize,
    /// The objective has settled.
    pub converged: bool,
}

/// Finds the component of centred `x`; without `alpha`, a tenth of the penalty that empties it.
///
/// # Errors
/// [`QuantError::Data`], [`QuantError::Degenerate`] naming a constant column,
/// [`QuantError::Parameter`] when `alpha` leaves nothing.
pub fn sparse_component(
    x: &Matrix,
    alpha: Option<f64>,
    tol: f64,
    most: usize,
) -> Result<Component> {
    let (n, p) = (x.rows(), x.cols());
    x.checked("prices")?;
    if n < 2 || p == 0 {
        return Err(QuantError::too_short("prices", n, 2));
    }
    let mut x = x.clone();
    for j in 0..p {
        let column = x.col_mut(j);
        let level = column.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        centre(column);
        let spread = column.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        if spread <= 8.0 * f64::EPSILON * level {
            return Err(QuantError::constant("prices", Some(j)));
        }
    }
    let samples = n as f64;
    let total = dot(x.data(), x.data()) / samples;
    let mut v: Vec<f64> = leading(&x);
    let scores = |v: &[f64]| -> Vec<f64> {
        let mut u = product::apply(&x, v);
        let size = dot(&u, &u).sqrt();
        u.iter_mut().for_each(|u| *u *= samples.sqrt() / size);
        u
    };
    let loads = |u: &[f64]| -> Vec<f64> {
        let mut full = product::transposed_apply(&x, u);
        full.iter_mut().for_each(|f| *f /= samples);
        full
    };
    let first = loads(&scores(&v));
    let largest = first.iter().fold(0.0_f64, |m, f| m.max(f.abs()));
    let alpha = alpha.unwrap_or(0.1 * largest);
    let mut found = Component {
        loadings: Vec::new(),
        objective: f64::INFINITY,
        alpha,
        iterations: 0,
        converged: false,
    };
    while found.iterations < most && !found.converged {
        found.iterations += 1;
        let full = loads(&scores(&v));
        v = full
            .iter()
            .map(|f| f.signum() * (f.abs() - alpha).max(0.0))
            .collect();
        let size = dot(&v, &v);
        if size == 0.0 {
            let remedy = "choose a smaller one";
            let problem = format!("is {alpha}, which leaves no asset (largest {largest})");
            return Err(QuantError::parameter("alpha", problem, remedy));
        }
        let penalty: f64 = v.iter().map(|v| v.abs()).sum();
        let objective = 0.5 * total - dot(&full, &v) + 0.5 * size + alpha * penalty;
        found.converged = found.objective - objective <= tol * total;
        found.objective = objective;
    }
    found.loadings = v;
    Ok(found)
}

/// The leading right singular vector, by powers from the column of the largest variance.
fn leading(x: &Matrix) -> Vec<f64> {
    let norms: Vec<f64> = (0..x.cols()).map(|j| dot(x.col(j), x.col(j))).collect();
    let largest = (0..norms.len()).fold(0, |b, j| if norms[j] > norms[b] { j } else { b });
    let mut v = product::transposed_apply(x, x.col(largest));
    for _ in 0..200 {
        let size = dot(&v, &v).sqrt();
        v.iter_mut().for_each(|v| *v /= size);
        let next = product::transposed_apply(x, &product::apply(x, &v));
        let turned = dot(&next, &v) / dot(&next, &next).sqrt();
        v = next;
        if 1.0 - turned < 1e-12 {
            break;
        }
    }
    v
}
