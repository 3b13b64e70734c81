//! Weights of the adaptive LASSO (Zou 2006).

use super::descent::{solve, Going, Penalty, Stop};
use super::design::Design;
use crate::error::Result;
use crate::linalg::{Cholesky, Matrix};

/// |b0|^gamma for a first estimate b0: least squares where it is determined, else ridge.
///
/// A column times its factor, fitted by the plain LASSO, is the adaptive LASSO; a factor of zero
/// leaves the column out.
///
/// # Errors
/// [`crate::QuantError::Interrupted`] when `going` says stop.
pub fn adaptive_weights(design: &mut Design, gamma: f64, going: Going<'_>) -> Result<Vec<f64>> {
    let p = design.columns();
    let mut gram = Matrix::zeros(p, p);
    for j in 0..p {
        let column = design.gram_column(j).to_vec();
        gram.col_mut(j).copy_from_slice(&column);
    }
    let first = if design.rows() > p {
        Cholesky::try_new(&gram)
            .ok()
            .map(|f| f.solve(&design.correlations))
    } else {
        None
    };
    let first = if let Some(first) = first {
        first
    } else {
        // A thousandth of the mean square: small beside the data, large beside rounding.
        let level: f64 = design.squares.iter().sum::<f64>() / p as f64;
        let penalty = Penalty {
            l1: 0.0,
            l2: 1e-3 * level,
        };
        for j in 0..p {
            gram.set(j, j, gram.at(j, j) + penalty.l2);
        }
        match Cholesky::try_new(&gram) {
            Ok(factor) => factor.solve(&design.correlations),
            Err(_) => {
                solve(
                    design,
                    penalty,
                    Stop {
                        tol: 1e-8,
                        max_iter: 1000,
                    },
                    &[],
                    going,
                )?
                .coef
            }
        }
    };
    Ok(first.iter().map(|b| b.abs().powf(gamma)).collect())
}
