//! S_t = A S_{t-1} + e, in column convention, with the covariance of S.

use crate::error::{Fault, QuantError, Result};
use crate::linalg::lanes::centre;
use crate::linalg::{product, Cholesky, Matrix};

/// A process in units in which every asset has variance one.
#[derive(Debug, Clone)]
pub struct Process {
    /// Standard deviation of each asset.
    pub(super) scale: Vec<f64>,
    /// Covariance, with a unit diagonal.
    pub(super) gamma: Matrix,
    pub(super) factor: Cholesky,
    /// The autoregression.
    pub(super) a: Matrix,
    /// Symmetric parts of Cov(S_t, S_{t-k}), k = 1, 2, ...
    pub(super) lagged: Vec<Matrix>,
}

impl Process {
    /// Number of assets.
    #[must_use]
    pub fn assets(&self) -> usize {
        self.scale.len()
    }

    /// A process by its matrix and the covariance of its state, with `lags` autocovariances.
    ///
    /// # Errors
    /// [`QuantError::Data`] for shapes and values, [`QuantError::Degenerate`] naming an asset that
    /// is constant or a combination of others.
    pub fn from_matrices(a: &Matrix, gamma: &Matrix, lags: usize) -> Result<Self> {
        let n = gamma.cols();
        for (name, m) in [("A", a), ("gamma", gamma)] {
            m.checked(name)?;
            if m.rows() != n || m.cols() != n || n == 0 {
                let problem = format!("a shape of ({}, {}) does not fit", m.rows(), m.cols());
                let remedy = "pass A and gamma with one row and column an asset";
                return Err(QuantError::Data(Fault::new(name, problem, remedy)));
            }
        }
        let scale = deviations(gamma, "gamma")?;
        let mut symmetric = Matrix::zeros(n, n);
        let mut scaled = a.clone();
        for j in 0..n {
            for i in 0..n {
                let size = scale[i] * scale[j];
                if (gamma.at(i, j) - gamma.at(j, i)).abs() > 1e-8 * size {
                    let fault = Fault::new("gamma", "the matrix is not symmetric", "check it");
                    return Err(QuantError::Data(fault.at_row(i).in_column(j)));
                }
                symmetric.set(i, j, 0.5 * (gamma.at(i, j) + gamma.at(j, i)) / size);
                scaled.set(i, j, a.at(i, j) * scale[j] / scale[i]);
            }
        }
        let factor = factored(&symmetric, "gamma")?;
        let mut lagged = Vec::with_capacity(lags);
        let mut power = symmetric.clone();
        for _ in 0..lags {
            power = product::multiply(&scaled, &power);
            lagged.push(symmetric_part(&power));
        }
        Ok(Self {
            scale,
            gamma: symmetric,
            factor,
            a: scaled,
            lagged,
        })
    }

    /// The process that fits observations: demeaned, A by least squares of x_t on x_{t-1}, the
    /// covariance that of the regressors; `lags` sample autocovariances.
    ///
    /// # Errors
    /// As [`Process::from_matrices`]; [`QuantError::Data`] when there are too few rows.
    pub fn from_observations(x: &Matrix, lags: usize) -> Result<Self> {
        let (rows, n) = (x.rows(), x.cols());
        x.checked("x")?;
        let needed = n + lags.max(1) + 2;
        if rows < needed || n == 0 {
            return Err(QuantError::too_short("x", rows, needed));
        }
        let mut centred = x.clone();
        let mut units = Vec::with_capacity(n);
        for j in 0..n {
            let column = centred.col_mut(j);
            let level = column.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
            centre(column);
            let size = column.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
            if size <= 8.0 * f64::EPSILON * level {
                return Err(QuantError::constant("x", Some(j)));
            }
            column.iter_mut().for_each(|v| *v /= size);
            units.push(size);
        }
        let before = centred.block(0, 0, rows - 1, n);
        let after = centred.block(1, 0, rows - 1, n);
        let moments = product::gram(&before);
        let factor = factored(&normalised(&moments, &deviations(&moments, "x")?), "x")?;
        let own = deviations(&moments, "x")?;
        let cross = product::transposed_multiply(&before, &after);
        let mut a = Matrix::zeros(n, n);
        for j in 0..n {
            let mut right: Vec<f64> = (0..n).map(|i| cross.at(i, j) / own[i]).collect();
            factor.forward(&mut right);
            factor.backward(&mut right);
            for (i, v) in right.iter().enumerate() {
                a.set(j, i, v / own[i]);
            }
        }
        let mut about_mean = before;
        (0..n).for_each(|j| {
            centre(about_mean.col_mut(j));
        });
        let mut gamma = product::gram(&about_mean);
        gamma
            .data_mut()
            .iter_mut()
            .for_each(|v| *v /= (rows - 2) as f64);
        let mut process = Self::from_matrices(&a, &gamma, 0).map_err(|e| in_data(e, "x"))?;
        let scale = process.scale.clone();
        for k in 1..=lags {
            let late = centred.block(k, 0, rows - k, n);
            let early = centred.block(0, 0, rows - k, n);
            let mut moment = product::transposed_multiply(&late, &early);
            moment
                .data_mut()
                .iter_mut()
                .for_each(|v| *v /= (rows - k) as f64);
            process
                .lagged
                .push(symmetric_part(&normalised(&moment, &scale)));
        }
        process
            .scale
            .iter_mut()
            .zip(&units)
            .for_each(|(s, u)| *s *= u);
        Ok(process)
    }

    /// L^-1 A L for gamma = L L': the singular values squared are the predictabilities.
    pub(super) fn whitened(&self) -> Matrix {
        let mut b = product::multiply(&self.a, self.factor.factor());
        for j in 0..b.cols() {
            self.factor.forward(b.col_mut(j));
        }
        b
    }

    /// A gamma A', the covariance of what is predicted.
    pub(super) fn predicted(&self) -> Matrix {
        let half = product::multiply(&self.a, self.factor.factor());
        let mut m = Matrix::zeros(half.rows(), half.rows());
        product::gemm(1.0, (&half, false), (&half, true), 0.0, &mut m);
        product::mirror(&mut m);
        m
    }

    /// Weights of the assets themselves, absolute values adding up to one, the largest positive.
    pub(super) fn weights(&self, x: &[f64]) -> Vec<f64> {
        let mut w: Vec<f64> = x.iter().zip(&self.scale).map(|(x, s)| x / s).collect();
        let total: f64 = w.iter().map(|v| v.abs()).sum();
        let largest = w
            .iter()
            .fold(0.0_f64, |m, v| if v.abs() > m.abs() { *v } else { m });
        w.iter_mut().for_each(|v| *v /= total * largest.signum());
        w
    }

    /// The slope of an autoregression of order one of the portfolio.
    pub(super) fn slope(&self, x: &[f64]) -> f64 {
        let moved = product::apply(&self.gamma, x);
        let before = product::transposed_apply(&self.a, x);
        crate::linalg::lanes::dot(&before, &moved) / crate::linalg::lanes::dot(x, &moved)
    }
}

fn deviations(gamma: &Matrix, field: &'static str) -> Result<Vec<f64>> {
    (0..gamma.cols())
        .map(|i| match gamma.at(i, i) {
            v if v > 0.0 => Ok(v.sqrt()),
            _ => Err(QuantError::constant(field, Some(i))),
        })
        .collect()
}

fn normalised(m: &Matrix, scale: &[f64]) -> Matrix {
    let mut out = m.clone();
    for j in 0..m.cols() {
        for i in 0..m.rows() {
            out.set(i, j, m.at(i, j) / (scale[i] * scale[j]));
        }
    }
    out
}

fn factored(gamma: &Matrix, field: &'static str) -> Result<Cholesky> {
    Cholesky::with_threshold(gamma, 1e-11)
        .map_err(|column| QuantError::collinear(field, Some(column)))
}

fn symmetric_part(m: &Matrix) -> Matrix {
    let mut out = m.clone();
    for j in 0..m.cols() {
        for i in 0..m.rows() {
            out.set(i, j, 0.5 * (m.at(i, j) + m.at(j, i)));
        }
    }
    out
}

fn in_data(error: QuantError, field: &'static str) -> QuantError {
    match error {
        QuantError::Degenerate(fault) => QuantError::Degenerate(Fault { field, ..fault }),
        QuantError::Data(fault) => QuantError::Data(Fault { field, ..fault }),
        other => other,
    }
}
