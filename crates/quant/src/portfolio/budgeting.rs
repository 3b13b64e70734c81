//! Risk budgeting by cyclical coordinate descent (Griveau-Billion, Richard, Roncalli 2013).
//!
//! The weights whose risk shares are the budgets minimise `y'Sy/2 - sum b ln y` (Spinu 2013, eq. 6)
//! up to scale. Each coordinate has a closed form, and `S y` is carried along, so a sweep costs
//! n^2. The answer is certified by its own definition: y_i (S y)_i = b_i for every i.

use crate::error::{Fault, QuantError, Result};
use crate::linalg::lanes::{axpy_in, dot, wide};
use crate::linalg::product::apply;
use crate::linalg::{Cholesky, Matrix};

/// Sweeps before Newton steps; most problems need about a dozen.
const SWEEPS: usize = 200;
/// Newton steps before giving up.
const NEWTON: usize = 300;

/// Weights that carry risk in given shares.
#[derive(Debug, Clone)]
pub struct RiskBudgets {
    /// Weights, adding up to one.
    pub weights: Vec<f64>,
    /// Sweeps over all assets.
    pub iterations: usize,
    /// The largest relative difference between a share of risk and its budget.
    pub residual: f64,
}

/// Finds the long-only weights whose shares of variance are `budgets` (positive, any scale).
///
/// Where the sweeps are slow (assets that nearly hedge each other), damped Newton steps follow,
/// which a self-concordant function cannot escape (Spinu 2013).
///
/// # Errors
/// [`QuantError::Degenerate`] when assets hedge each other completely (no risk is left to share),
/// [`QuantError::NotConverged`] when `tol` is not met.
pub fn risk_budgets(cov: &Matrix, budgets: &[f64], tol: f64) -> Result<RiskBudgets> {
    let total: f64 = budgets.iter().sum();
    let b: Vec<f64> = budgets.iter().map(|x| x / total).collect();
    let mut y = start(cov, &b);
    let mut gradient = apply(cov, &y);
    let mut residual = f64::INFINITY;
    for step in 1..=SWEEPS + NEWTON {
        if step <= SWEEPS {
            descend(cov, &b, &mut y, &mut gradient);
        } else if newton(cov, &b, &mut y, &gradient).is_none() {
            break;
        }
        residual = unequal(&y, &gradient, &b);
        if residual <= tol || step % 16 == 0 || step > SWEEPS {
            gradient = apply(cov, &y);
            residual = unequal(&y, &gradient, &b);
        }
        if residual <= 2.0 * tol {
            let sum: f64 = y.iter().sum();
            y.iter_mut().for_each(|v| *v /= sum);
            return Ok(RiskBudgets {
                weights: y,
                iterations: step,
                residual,
            });
        }
        if !residual.is_finite() {
            break;
        }
    }
    if !residual.is_finite() || residual > 0.5 {
        let problem = "assets hedge each other completely, no risk is left to share";
        let remedy = "leave one of them out, or shrink the covariance";
        return Err(QuantError::Degenerate(Fault::new("cov", problem, remedy)));
    }
    Err(QuantError::NotConverged {
        problem: format!("risk budgets of {} assets are not met", b.len()),
        iterations: SWEEPS + NEWTON,
        residual,
    })
}

/// One damped Newton step; None when its system cannot be solved.
fn newton(cov: &Matrix, b: &[f64], y: &mut [f64], gradient: &[f64]) -> Option<()> {
    let mut hessian = cov.clone();
    for i in 0..y.len() {
        hessian.set(i, i, hessian.at(i, i) + b[i] / (y[i] * y[i]));
    }
    let slope: Vec<f64> = (0..y.len()).map(|i| gradient[i] - b[i] / y[i]).collect();
    let step = Cholesky::with_threshold(&hessian, 0.0).ok()?.solve(&slope);
    // b is at most one, so the function divided by its least b is self-concordant.
    let least = b.iter().copied().fold(f64::INFINITY, f64::min);
    let decrement = (dot(&slope, &step).max(0.0) / least).sqrt();
    let damping = if decrement < 0.25 {
        1.0
    } else {
        1.0 / (1.0 + decrement)
    };
    y.iter_mut().zip(&step).for_each(|(y, s)| *y -= damping * s);
    y.iter().all(|v| *v > 0.0).then_some(())
}

/// Inverse volatilities, scaled so that the variance is the sum of the budgets.
fn start(cov: &Matrix, b: &[f64]) -> Vec<f64> {
    let mut y: Vec<f64> = (0..b.len()).map(|i| (b[i] / cov.at(i, i)).sqrt()).collect();
    let variance = dot(&y, &apply(cov, &y));
    if variance > 0.0 {
        let scale = variance.sqrt();
        y.iter_mut().for_each(|v| *v /= scale);
    }
    y
}

fn descend(cov: &Matrix, b: &[f64], y: &mut [f64], gradient: &mut [f64]) {
    wide(
        #[inline(always)]
        || {
            for i in 0..y.len() {
                let column = cov.col(i);
                let own = column[i];
                let others = gradient[i] - own * y[i];
                // The positive root of own y^2 + others y - b = 0, without cancellation.
                let root = (others * others + 4.0 * own * b[i]).sqrt();
                let next = if others > 0.0 {
                    2.0 * b[i] / (others + root)
                } else {
                    (root - others) / (2.0 * own)
                };
                let change = next - y[i];
                y[i] = next;
                axpy_in(change, column, gradient);
            }
        },
    );
}

fn unequal(y: &[f64], gradient: &[f64], b: &[f64]) -> f64 {
    y.iter()
        .zip(gradient)
        .zip(b)
        .map(|((y, g), b)| (y * g / b - 1.0).abs())
        .fold(
            0.0,
            |worst: f64, x| if x.is_nan() { x } else { worst.max(x) },
        )
}
