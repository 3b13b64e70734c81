//! Assets by their mean and covariance.

use crate::error::{Fault, QuantError, Result};
use crate::linalg::lanes::dot;
use crate::linalg::{product, Cholesky, Matrix};

/// What is known about the assets.
#[derive(Debug, Clone)]
pub struct Universe {
    mean: Option<Vec<f64>>,
    cov: Matrix,
    deviations: Vec<f64>,
}

/// A variance below this part of the largest one is no variance.
const NOTHING: f64 = 1e-24;

impl Universe {
    /// Checks shapes, finiteness, symmetry, and that every asset has a risk.
    ///
    /// # Errors
    /// [`QuantError::Data`] where a value, a shape or the symmetry is wrong,
    /// [`QuantError::Degenerate`] naming an asset without variance.
    pub fn try_new(mean: Option<Vec<f64>>, cov: Matrix) -> Result<Self> {
        let n = cov.cols();
        let shape = |problem: String| {
            Err(QuantError::Data(Fault::new(
                "cov",
                problem,
                "pass one row and column an asset",
            )))
        };
        if n == 0 || cov.rows() != n {
            return shape(format!("a shape of ({}, {n}) is no covariance", cov.rows()));
        }
        cov.checked("cov")?;
        if let Some(mean) = &mean {
            crate::error::checked("mean", mean, n)?;
            if mean.len() != n {
                return shape(format!("{} means, but {n} columns of cov", mean.len()));
            }
        }
        let variances: Vec<f64> = (0..n).map(|i| cov.at(i, i)).collect();
        let largest = variances.iter().copied().fold(0.0, f64::max);
        if let Some(i) = variances.iter().position(|v| *v <= NOTHING * largest) {
            let problem = format!("the asset has no variance ({})", variances[i]);
            let fault = Fault::new("cov", problem, "leave it out, or treat it as cash");
            return Err(QuantError::Degenerate(fault.in_column(i)));
        }
        let deviations = variances.iter().map(|v| v.sqrt()).collect();
        let mut universe = Self {
            mean,
            cov,
            deviations,
        };
        universe.make_symmetric()?;
        Ok(universe)
    }

    fn make_symmetric(&mut self) -> Result<()> {
        for j in 0..self.deviations.len() {
            for i in 0..j {
                let (above, below) = (self.cov.at(i, j), self.cov.at(j, i));
                let size = self.deviations[i] * self.deviations[j];
                let wrong = if (above - below).abs() > 1e-8 * size {
                    "the matrix is not symmetric"
                } else if above.abs() > (1.0 + 1e-8) * size {
                    "a correlation is above one"
                } else if above.to_bits() == below.to_bits() {
                    continue;
                } else {
                    let middle = 0.5 * (above + below);
                    self.cov.set(i, j, middle);
                    self.cov.set(j, i, middle);
                    continue;
                };
                let fault = Fault::new("cov", wrong, "check how it was made, or repair it");
                return Err(QuantError::Data(fault.at_row(i).in_column(j)));
            }
        }
        Ok(())
    }

    /// Number of assets.
    #[must_use]
    pub fn assets(&self) -> usize {
        self.cov.cols()
    }

    /// Expected returns, where they are known.
    #[must_use]
    pub fn mean(&self) -> Option<&[f64]> {
        self.mean.as_deref()
    }

    /// The covariance.
    #[must_use]
    pub fn cov(&self) -> &Matrix {
        &self.cov
    }

    /// Volatility of each asset.
    #[must_use]
    pub fn deviations(&self) -> &[f64] {
        &self.deviations
    }

    /// Expected returns above a rate.
    ///
    /// # Errors
    /// [`QuantError::Parameter`] when no expected returns are known.
    pub fn excess(&self, rate: f64) -> Result<Vec<f64>> {
        let mean = self.mean.as_ref().ok_or_else(|| {
            QuantError::parameter("mean", "is missing", "pass mean=, or returns= or prices=")
        })?;
        Ok(mean.iter().map(|m| m - rate).collect())
    }

    /// A volatility that is no more than rounding beside those of the holdings.
    #[must_use]
    pub fn is_riskless(&self, weights: &[f64], volatility: f64) -> bool {
        let pairs = weights.iter().zip(self.deviations());
        volatility <= 1e-7 * pairs.map(|(w, d)| w.abs() * d).sum::<f64>()
    }

    /// Whether the matrix is positive semidefinite, up to rounding.
    #[must_use]
    pub fn is_covariance(&self) -> bool {
        let mut raised = self.cov.clone();
        for i in 0..self.assets() {
            raised.set(i, i, raised.at(i, i) * (1.0 + 1e-9));
        }
        Cholesky::with_threshold(&raised, 0.0).is_ok()
    }

    /// The variance of weights, and the covariance of each asset with them.
    ///
    /// # Errors
    /// [`QuantError::Data`] when the variance is negative: the matrix is no covariance.
    pub fn variance(&self, weights: &[f64]) -> Result<(f64, Vec<f64>)> {
        let marginal = product::apply(&self.cov, weights);
        let variance = dot(weights, &marginal);
        let size: f64 = (0..weights.len())
            .map(|i| weights[i] * weights[i] * self.cov.at(i, i))
            .sum();
        if variance < -1e-9 * size {
            let problem = format!("the matrix gives a negative variance ({variance:e})");
            let remedy = "repair it (nearest_covariance), or shrink it";
            return Err(QuantError::Data(Fault::new("cov", problem, remedy)));
        }
        Ok((variance.max(0.0), marginal))
    }
}
