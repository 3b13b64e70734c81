//! What is minimised, over portfolios of given assets.

use super::process::Process;
use crate::error::Result;
use crate::linalg::lanes::{axpy, dot};
use crate::linalg::{product, Cholesky, Matrix, SymmetricEigen};

/// What is minimised.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Criterion {
    /// x'A G A'x / x'G x.
    Predictability,
    /// The mean of squared autocorrelations.
    Portmanteau,
    /// The first autocorrelation, plus `penalty` times the squares of the later ones.
    Crossing {
        /// Weight of the later autocorrelations.
        penalty: f64,
    },
}

/// A criterion on a process: `linear x'Mx/x'Gx + sum weights_k (x'G_k x/x'Gx)^2`.
#[derive(Debug, Clone)]
pub(super) struct Problem<'a> {
    pub(super) process: &'a Process,
    /// M; absent in the portmanteau criterion.
    pub(super) linear: Option<Matrix>,
    /// Squared terms.
    pub(super) squares: Vec<(f64, &'a Matrix)>,
}

/// The best portfolio of some assets.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) support: Vec<usize>,
    /// Weights of the support, in units of variance one.
    pub(super) x: Vec<f64>,
    pub(super) value: f64,
}

impl<'a> Problem<'a> {
    pub(super) fn new(process: &'a Process, criterion: Criterion) -> Self {
        let lags = process.lagged.len().max(1) as f64;
        match criterion {
            Criterion::Predictability => Self {
                process,
                linear: Some(process.predicted()),
                squares: Vec::new(),
            },
            Criterion::Portmanteau => Self {
                process,
                linear: None,
                squares: process.lagged.iter().map(|g| (1.0 / lags, g)).collect(),
            },
            Criterion::Crossing { penalty } => Self {
                process,
                linear: process.lagged.first().cloned(),
                squares: process
                    .lagged
                    .iter()
                    .skip(1)
                    .map(|g| (penalty, g))
                    .collect(),
            },
        }
    }

    /// The optimum over a support is an eigenvector, so it is the true one.
    pub(super) fn is_spectral(&self) -> bool {
        self.squares.iter().all(|(w, _)| *w == 0.0)
    }

    /// The best portfolio of `support`, as far as a local method can tell unless it is spectral.
    pub(super) fn best(&self, support: &[usize]) -> Result<Candidate> {
        let k = support.len();
        let gamma = submatrix(&self.process.gamma, support);
        let factor = match Cholesky::with_threshold(&gamma, 0.0) {
            Ok(factor) => factor,
            Err(at) => return Err(crate::QuantError::collinear("x", Some(support[at]))),
        };
        let whiten = |m: &Matrix| whitened(&factor, &submatrix(m, support));
        let linear = self.linear.as_ref().map(whiten);
        let squares: Vec<(f64, Matrix)> =
            self.squares.iter().map(|(w, m)| (*w, whiten(m))).collect();
        let (mut u, value) = if self.is_spectral() {
            let m = linear.unwrap_or_else(|| Matrix::zeros(k, k));
            let eigen = SymmetricEigen::try_new(&m)?;
            (eigen.vectors.col(0).to_vec(), eigen.values[0])
        } else {
            local(k, linear.as_ref(), &squares)?
        };
        factor.backward(&mut u);
        Ok(Candidate {
            support: support.to_vec(),
            x: u,
            value,
        })
    }

    /// The best portfolio that differs from `from` by exchanges of single assets.
    pub(super) fn exchanged(&self, from: Candidate) -> Result<Candidate> {
        let n = self.process.assets();
        let mut best = from;
        loop {
            let mut better: Option<Candidate> = None;
            for out in 0..best.support.len() {
                for into in (0..n).filter(|i| !best.support.contains(i)) {
                    let mut support = best.support.clone();
                    support[out] = into;
                    support.sort_unstable();
                    let next = self.best(&support)?;
                    let bar = better.as_ref().map_or(best.value - 1e-12, |b| b.value);
                    if next.value < bar {
                        better = Some(next);
                    }
                }
            }
            match better {
                Some(next) => best = next,
                None => return Ok(best),
            }
        }
    }
}

pub(super) fn submatrix(m: &Matrix, support: &[usize]) -> Matrix {
    let mut out = Matrix::zeros(support.len(), support.len());
    for (to, j) in support.iter().enumerate() {
        for (row, i) in support.iter().enumerate() {
            out.set(row, to, m.at(*i, *j));
        }
    }
    out
}

/// L^-1 M L^-T.
pub(super) fn whitened(factor: &Cholesky, m: &Matrix) -> Matrix {
    let mut half = m.clone();
    (0..m.cols()).for_each(|j| factor.forward(half.col_mut(j)));
    let mut whole = half.transposed();
    (0..m.cols()).for_each(|j| factor.forward(whole.col_mut(j)));
    whole
}

/// Descent on the unit sphere with steps of Barzilai and Borwein, from several starts.
fn local(k: usize, linear: Option<&Matrix>, squares: &[(f64, Matrix)]) -> Result<(Vec<f64>, f64)> {
    let mut total = Matrix::zeros(k, k);
    for (w, g) in squares {
        product::gemm(*w, (g, false), (g, false), 1.0, &mut total);
    }
    if let Some(m) = linear {
        total
            .data_mut()
            .iter_mut()
            .zip(m.data())
            .for_each(|(t, m)| *t += m);
    }
    let eigen = SymmetricEigen::try_new(&total)?;
    let mut best = (Vec::new(), f64::INFINITY);
    for start in 0..k.min(6) {
        // Between two eigenvectors: an eigenvector alone may be a saddle.
        let mut u = eigen.vectors.col(start).to_vec();
        axpy(0.3, eigen.vectors.col((start + 1) % k), &mut u);
        let found = descend(unit(u), linear, squares);
        if found.1 < best.1 {
            best = found;
        }
    }
    Ok(best)
}

fn unit(mut u: Vec<f64>) -> Vec<f64> {
    let norm = dot(&u, &u).sqrt();
    u.iter_mut().for_each(|v| *v /= norm);
    u
}

fn value_and_slope(
    u: &[f64],
    linear: Option<&Matrix>,
    squares: &[(f64, Matrix)],
) -> (f64, Vec<f64>) {
    let mut slope = vec![0.0; u.len()];
    let mut value = 0.0;
    if let Some(m) = linear {
        let moved = product::apply(m, u);
        value += dot(u, &moved);
        axpy(2.0, &moved, &mut slope);
    }
    for (w, g) in squares {
        let moved = product::apply(g, u);
        let q = dot(u, &moved);
        value += w * q * q;
        axpy(4.0 * w * q, &moved, &mut slope);
    }
    let radial = dot(u, &slope);
    axpy(-radial, u, &mut slope);
    (value, slope)
}

fn descend(mut u: Vec<f64>, linear: Option<&Matrix>, squares: &[(f64, Matrix)]) -> (Vec<f64>, f64) {
    let (mut value, mut slope) = value_and_slope(&u, linear, squares);
    let mut step = 0.25;
    for _ in 0..500 {
        let steep = dot(&slope, &slope);
        if steep <= 1e-24 {
            break;
        }
        let mut trial = step;
        let (next, told) = loop {
            let mut next = u.clone();
            axpy(-trial, &slope, &mut next);
            let next = unit(next);
            let told = value_and_slope(&next, linear, squares);
            if told.0 <= value - 1e-4 * trial * steep || trial < 1e-14 {
                break (next, told);
            }
            trial *= 0.5;
        };
        if told.0 >= value {
            break;
        }
        let moved: Vec<f64> = next.iter().zip(&u).map(|(a, b)| a - b).collect();
        let turned: Vec<f64> = told.1.iter().zip(&slope).map(|(a, b)| a - b).collect();
        let bend = dot(&moved, &turned);
        step = if bend > 0.0 {
            dot(&moved, &moved) / bend
        } else {
            2.0 * trial
        };
        step = step.clamp(1e-6, 1e3);
        (u, value, slope) = (next, told.0, told.1);
    }
    (u, value)
}
