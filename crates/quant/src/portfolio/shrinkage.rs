//! Covariances from few observations.
//!
//! Shrinkage towards a multiple of the identity with the intensity that minimises the expected
//! squared error: Ledoit-Wolf 2004 (J. Multivariate Anal. 88:365), OAS (Chen et al. 2010, eq. 23).
//! Both divide by n, as their authors do.

use crate::error::{Fault, QuantError, Result};
use crate::linalg::lanes::{centre, dot};
use crate::linalg::{product, Matrix, SymmetricEigen};

/// How a covariance is estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shrinkage {
    /// The sample covariance, divided by n - 1.
    Sample,
    /// Ledoit-Wolf 2004.
    LedoitWolf,
    /// Oracle approximating shrinkage.
    Oas,
}

/// An estimate.
#[derive(Debug, Clone)]
pub struct Estimate {
    /// Column means.
    pub mean: Vec<f64>,
    /// The covariance.
    pub cov: Matrix,
    /// How far it went towards the identity: 0 not at all, 1 all the way.
    pub intensity: f64,
}

/// Estimates mean and covariance of rows of observations.
///
/// # Errors
/// [`QuantError::Data`] for NaN or too few rows, [`QuantError::Degenerate`] naming a constant
/// column.
pub fn estimate(x: &Matrix, shrinkage: Shrinkage) -> Result<Estimate> {
    let (n, p) = (x.rows(), x.cols());
    x.checked("returns")?;
    if n < 2 || p == 0 {
        return Err(QuantError::too_short("returns", n, 2));
    }
    let mut centred = x.clone();
    let mut mean = Vec::with_capacity(p);
    for j in 0..p {
        let column = centred.col_mut(j);
        let level = column.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        mean.push(centre(column));
        let left = column.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        if left <= 4.0 * f64::EPSILON * level {
            return Err(QuantError::constant("returns", Some(j)));
        }
    }
    let mut cov = product::gram(&centred);
    let samples = n as f64;
    let divisor = if shrinkage == Shrinkage::Sample {
        samples - 1.0
    } else {
        samples
    };
    cov.data_mut().iter_mut().for_each(|v| *v /= divisor);
    if !cov.data().iter().all(|v| v.is_finite()) {
        let fault = Fault::new(
            "returns",
            "squares leave the range of float64",
            "scale them",
        );
        return Err(QuantError::Data(fault));
    }
    let intensity = match shrinkage {
        Shrinkage::Sample => 0.0,
        Shrinkage::LedoitWolf => ledoit_wolf(&centred, &cov),
        Shrinkage::Oas => oas(&cov, samples),
    };
    shrink(&mut cov, intensity);
    Ok(Estimate {
        mean,
        cov,
        intensity,
    })
}

fn trace(cov: &Matrix) -> f64 {
    (0..cov.cols()).map(|i| cov.at(i, i)).sum()
}

fn shrink(cov: &mut Matrix, intensity: f64) {
    if intensity <= 0.0 {
        return;
    }
    let level = trace(cov) / cov.cols() as f64;
    cov.data_mut()
        .iter_mut()
        .for_each(|v| *v *= 1.0 - intensity);
    for i in 0..cov.cols() {
        cov.set(i, i, cov.at(i, i) + intensity * level);
    }
}

fn ledoit_wolf(centred: &Matrix, cov: &Matrix) -> f64 {
    let (n, p) = (centred.rows() as f64, cov.cols() as f64);
    if cov.cols() == 1 {
        return 0.0;
    }
    let mut lengths = vec![0.0; centred.rows()];
    for j in 0..centred.cols() {
        for (total, v) in lengths.iter_mut().zip(centred.col(j)) {
            *total += v * v;
        }
    }
    let squares = dot(cov.data(), cov.data());
    let level = trace(cov) / p;
    let scatter = (dot(&lengths, &lengths) / n - squares) / (p * n);
    let distance = (squares - 2.0 * level * trace(cov) + p * level * level) / p;
    let scatter = scatter.min(distance);
    if scatter <= 0.0 || distance <= 0.0 {
        0.0
    } else {
        scatter / distance
    }
}

fn oas(cov: &Matrix, samples: f64) -> f64 {
    let p = cov.cols() as f64;
    if cov.cols() == 1 {
        return 0.0;
    }
    let level = trace(cov) / p;
    let spread = dot(cov.data(), cov.data()) / (p * p);
    let above = spread + level * level;
    let below = (samples + 1.0) * (spread - level * level / p);
    if below <= 0.0 {
        1.0
    } else {
        (above / below).min(1.0)
    }
}

/// The nearest covariance with the same variances: the correlations are projected in turns onto
/// positive semidefinite matrices and onto a unit diagonal (Higham 2002, alg. 3.3).
///
/// Returns it with the number of rounds; eigenvalues are at least `floor` times the largest.
///
/// # Errors
/// [`QuantError::Degenerate`] naming an asset without variance, [`QuantError::NotConverged`].
pub fn nearest_covariance(cov: &Matrix, floor: f64) -> Result<(Matrix, usize)> {
    const ROUNDS: usize = 2000;
    let n = cov.cols();
    cov.checked("cov")?;
    let mut deviations = Vec::with_capacity(n);
    for i in 0..n {
        let variance = cov.at(i, i);
        if variance <= 0.0 {
            let fault = Fault::new("cov", "the asset has no variance", "leave it out");
            return Err(QuantError::Degenerate(fault.in_column(i)));
        }
        deviations.push(variance.sqrt());
    }
    let mut y = Matrix::zeros(n, n);
    for j in 0..n {
        for i in 0..n {
            let middle = 0.5 * (cov.at(i, j) + cov.at(j, i));
            y.set(i, j, middle / (deviations[i] * deviations[j]));
        }
    }
    let mut correction = Matrix::zeros(n, n);
    for round in 1..=ROUNDS {
        let mut r = y.clone();
        r.data_mut()
            .iter_mut()
            .zip(correction.data())
            .for_each(|(r, d)| *r -= d);
        let x = positive(&r, floor)?;
        for (d, (x, r)) in correction
            .data_mut()
            .iter_mut()
            .zip(x.data().iter().zip(r.data()))
        {
            *d = x - r;
        }
        let mut next = x.clone();
        (0..n).for_each(|i| next.set(i, i, 1.0));
        let moved = (0..n).map(|i| (x.at(i, i) - 1.0).abs()).fold(0.0, f64::max);
        y = next;
        if moved <= 1e-10 {
            // The last projection keeps the eigenvalues; its diagonal is scaled to one.
            let scale: Vec<f64> = (0..n).map(|i| deviations[i] / x.at(i, i).sqrt()).collect();
            for j in 0..n {
                for i in 0..n {
                    y.set(i, j, x.at(i, j) * scale[i] * scale[j]);
                }
            }
            product::mirror(&mut y);
            return Ok((y, round));
        }
    }
    Err(QuantError::NotConverged {
        problem: "the nearest covariance was not reached".into(),
        iterations: ROUNDS,
        residual: f64::NAN,
    })
}

fn positive(r: &Matrix, floor: f64) -> Result<Matrix> {
    let eigen = SymmetricEigen::try_new(r)?;
    let largest = eigen.values.last().copied().unwrap_or(0.0).max(0.0);
    let mut scaled = eigen.vectors.clone();
    for (j, value) in eigen.values.iter().enumerate() {
        let value = value.max(floor * largest).max(0.0);
        scaled.col_mut(j).iter_mut().for_each(|v| *v *= value);
    }
    let mut x = Matrix::zeros(r.rows(), r.cols());
    product::gemm(1.0, (&scaled, false), (&eigen.vectors, true), 0.0, &mut x);
    product::mirror(&mut x);
    Ok(x)
}
