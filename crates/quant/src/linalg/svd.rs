//! Singular values by one-sided Jacobi rotations (Demmel-Veselic 1992).

use super::lanes::{dot, dot_in, wide};
use super::Matrix;
use crate::error::{QuantError, Result};

const SWEEPS: usize = 60;

/// The thin decomposition `a = U diag(s) V'`, singular values falling.
#[derive(Debug, Clone)]
pub struct Svd {
    /// Left singular vectors, (m, min(m, n)); a column of zeros where the value is zero.
    pub u: Matrix,
    /// Singular values, falling; what is rounding beside the largest one is zero.
    pub s: Vec<f64>,
    /// Right singular vectors, (n, min(m, n)).
    pub v: Matrix,
}

impl Svd {
    /// Decomposes `a`.
    ///
    /// # Errors
    /// [`QuantError::NotConverged`] after 60 sweeps, which finite input does not reach.
    pub fn try_new(a: &Matrix) -> Result<Self> {
        if a.rows() < a.cols() {
            let turned = Self::try_new(&a.transposed())?;
            return Ok(Self {
                u: turned.v,
                s: turned.s,
                v: turned.u,
            });
        }
        let n = a.cols();
        let mut work = a.clone();
        let floor = f64::EPSILON * work.data().iter().map(|x| x * x).sum::<f64>().sqrt();
        let mut v = Matrix::identity(n);
        let mut worst = f64::INFINITY;
        let mut sweeps = 0;
        while worst > 1e-14 {
            if sweeps == SWEEPS {
                return Err(QuantError::NotConverged {
                    problem: "the singular values did not settle".into(),
                    iterations: sweeps,
                    residual: worst,
                });
            }
            worst = sweep(&mut work, &mut v, floor);
            sweeps += 1;
        }
        Ok(Self::sorted(&work, &v, floor))
    }

    fn sorted(work: &Matrix, v: &Matrix, floor: f64) -> Self {
        let n = work.cols();
        let norms: Vec<f64> = (0..n)
            .map(|j| dot(work.col(j), work.col(j)).sqrt())
            .map(|norm| if norm > floor { norm } else { 0.0 })
            .collect();
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|a, b| norms[*b].total_cmp(&norms[*a]));
        let mut sorted = Self {
            u: Matrix::zeros(work.rows(), n),
            s: order.iter().map(|j| norms[*j]).collect(),
            v: Matrix::zeros(n, n),
        };
        for (to, from) in order.into_iter().enumerate() {
            let norm = norms[from];
            if norm > 0.0 {
                let column = sorted.u.col_mut(to);
                for (u, w) in column.iter_mut().zip(work.col(from)) {
                    *u = w / norm;
                }
            }
            sorted.v.col_mut(to).copy_from_slice(v.col(from));
        }
        sorted
    }
}

/// Turns every pair of columns once. Columns at or below the floor are rounding of larger ones:
/// each turn would leave new rounding in them, never at a right angle to the rest.
fn sweep(work: &mut Matrix, v: &mut Matrix, floor: f64) -> f64 {
    let n = work.cols();
    let mut worst = 0.0_f64;
    for p in 0..n {
        for q in p + 1..n {
            let (a, b) = work.two_cols_mut(p, q);
            let (app, aqq, apq) = wide(
                #[inline(always)]
                || (dot_in(a, a), dot_in(b, b), dot_in(a, b)),
            );
            let size = (app * aqq).sqrt();
            if app.min(aqq).sqrt() <= floor || apq.abs() <= 1e-15 * size {
                continue;
            }
            worst = worst.max(apq.abs() / size);
            let zeta = (aqq - app) / (2.0 * apq);
            let t = zeta.signum() / (zeta.abs() + (1.0 + zeta * zeta).sqrt());
            let c = 1.0 / (1.0 + t * t).sqrt();
            rotate(a, b, c, c * t);
            let (a, b) = v.two_cols_mut(p, q);
            rotate(a, b, c, c * t);
        }
    }
    worst
}

/// Turns two columns in their plane.
pub(super) fn rotate(a: &mut [f64], b: &mut [f64], c: f64, s: f64) {
    wide(
        #[inline(always)]
        || {
            for (x, y) in a.iter_mut().zip(b.iter_mut()) {
                let (p, q) = (*x, *y);
                *x = c * p - s * q;
                *y = s * p + c * q;
            }
        },
    );
}
