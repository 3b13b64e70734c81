//! Black-Litterman (1992; He-Litterman 1999): an equilibrium, and views on it.

use super::Universe;
use crate::error::{Fault, QuantError, Result};
use crate::linalg::lanes::{axpy, dot};
use crate::linalg::{product, Cholesky, Matrix};

/// The returns and the covariance after the views.
#[derive(Debug, Clone)]
pub struct Posterior {
    /// Expected returns before the views.
    pub prior: Vec<f64>,
    /// Expected returns after them.
    pub mean: Vec<f64>,
    /// Covariance of returns, the uncertainty of the mean included.
    pub cov: Matrix,
}

/// Blends views into expected returns: `views` (one row a view) of the returns are `expected`, with
/// variances `uncertainty`; the prior mean has covariance `tau` times that of returns.
///
/// # Errors
/// [`QuantError::Parameter`] for sizes and signs, [`QuantError::Degenerate`] when certain views
/// repeat or contradict each other.
pub fn black_litterman(
    universe: &Universe,
    views: &Matrix,
    expected: &[f64],
    uncertainty: Option<&[f64]>,
    tau: f64,
) -> Result<Posterior> {
    let (n, k) = (universe.assets(), views.rows());
    let prior = universe.excess(0.0)?;
    if views.cols() != n || expected.len() != k {
        let problem = format!(
            "of shape ({k}, {}) do not fit {n} assets and {} expected returns",
            views.cols(),
            expected.len()
        );
        return Err(QuantError::parameter(
            "views",
            problem,
            "pass one row a view",
        ));
    }
    if !tau.is_finite() || tau <= 0.0 {
        return Err(QuantError::parameter(
            "tau",
            format!("is {tau}"),
            "pass a positive number",
        ));
    }
    // Sigma P', and P Sigma P'.
    let mut spread = Matrix::zeros(n, k);
    product::gemm(
        tau,
        (universe.cov(), false),
        (views, true),
        0.0,
        &mut spread,
    );
    let mut inner = product::multiply(views, &spread);
    for i in 0..k {
        let own = match uncertainty {
            Some(variances) if variances.len() == k && variances[i] >= 0.0 => variances[i],
            Some(_) => {
                let remedy = "pass one variance a view, zero or more";
                return Err(QuantError::parameter("uncertainty", "is wrong", remedy));
            }
            None => inner.at(i, i),
        };
        inner.set(i, i, inner.at(i, i) + own);
    }
    let factor = Cholesky::try_new(&inner).map_err(|view| {
        let problem = format!("view {view} repeats or contradicts those before it");
        QuantError::Degenerate(Fault::new(
            "views",
            problem,
            "leave it out, or make it uncertain",
        ))
    })?;
    let surprise: Vec<f64> = (0..k)
        .map(|i| expected[i] - (0..n).map(|j| views.at(i, j) * prior[j]).sum::<f64>())
        .collect();
    let weight = factor.solve(&surprise);
    let mut mean = prior.clone();
    for (j, w) in weight.iter().enumerate() {
        axpy(*w, spread.col(j), &mut mean);
    }
    Ok(Posterior {
        cov: updated(universe.cov(), &spread, &factor, tau),
        prior,
        mean,
    })
}

/// Sigma + tau Sigma - tau Sigma P' (..)^-1 P Sigma tau.
fn updated(cov: &Matrix, spread: &Matrix, factor: &Cholesky, tau: f64) -> Matrix {
    let rows = spread.transposed();
    let solved: Vec<Vec<f64>> = (0..rows.cols())
        .map(|j| {
            let mut column = rows.col(j).to_vec();
            factor.forward(&mut column);
            column
        })
        .collect();
    let mut after = cov.clone();
    for j in 0..cov.cols() {
        for i in j..cov.cols() {
            let value = (1.0 + tau) * cov.at(i, j) - dot(&solved[i], &solved[j]);
            after.set(i, j, value);
            after.set(j, i, value);
        }
    }
    after
}

/// The expected returns for which `weights` are the best portfolio: `risk_aversion * cov w`.
#[must_use]
pub fn equilibrium(cov: &Matrix, weights: &[f64], risk_aversion: f64) -> Vec<f64> {
    let mut returns = product::apply(cov, weights);
    returns.iter_mut().for_each(|r| *r *= risk_aversion);
    returns
}
