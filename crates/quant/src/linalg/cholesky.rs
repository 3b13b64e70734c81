//! Cholesky factor of a symmetric positive definite matrix.

use super::lanes::{axpy, axpy_in, dot_in, wide};
use super::product::gemm;
use super::Matrix;

/// A diagonal entry that falls below this part of what it was counts as dependent on the columns
/// before it: about half the digits of a Gram matrix are lost there.
const DEPENDENT: f64 = 1e-13;
const BLOCK: usize = 64;

/// The lower factor L of `a = L L'`.
#[derive(Debug, Clone)]
pub struct Cholesky {
    l: Matrix,
}

impl Cholesky {
    /// Factors `a`, of which only the lower triangle is read.
    ///
    /// # Errors
    /// The index of the first column that depends on those before it, to 13 digits.
    pub fn try_new(a: &Matrix) -> Result<Self, usize> {
        Self::with_threshold(a, DEPENDENT)
    }

    /// The same for a matrix that is not needed any more.
    ///
    /// # Errors
    /// As [`Cholesky::try_new`].
    pub fn take(a: Matrix) -> Result<Self, usize> {
        Self::of(a, DEPENDENT)
    }

    /// Factors `a`; a pivot at or below `threshold` times its diagonal entry counts as zero.
    ///
    /// # Errors
    /// The index of the first column whose pivot is zero.
    pub fn with_threshold(a: &Matrix, threshold: f64) -> Result<Self, usize> {
        Self::of(a.clone(), threshold)
    }

    /// Factors a matrix in its own memory.
    fn of(mut l: Matrix, threshold: f64) -> Result<Self, usize> {
        let n = l.rows();
        let least: Vec<f64> = (0..n).map(|j| threshold * l.at(j, j).abs()).collect();
        let mut first = 0;
        while first < n {
            let last = (first + BLOCK).min(n);
            wide(
                #[inline(always)]
                || -> Result<(), usize> {
                    for (j, &least) in (first..last).zip(&least[first..last]) {
                        factor_column(&mut l, (first, j), least)?;
                    }
                    Ok(())
                },
            )?;
            update_rest(&mut l, first, last);
            first = last;
        }
        for j in 1..n {
            l.col_mut(j)[..j].fill(0.0);
        }
        Ok(Self { l })
    }

    /// The lower factor.
    #[must_use]
    pub fn factor(&self) -> &Matrix {
        &self.l
    }

    /// Solves `L y = b` in place.
    pub fn forward(&self, b: &mut [f64]) {
        wide(
            #[inline(always)]
            || {
                for j in 0..b.len() {
                    let column = self.l.col(j);
                    b[j] /= column[j];
                    let (head, tail) = b.split_at_mut(j + 1);
                    axpy_in(-head[j], &column[j + 1..], tail);
                }
            },
        );
    }

    /// Solves `L' x = y` in place.
    pub fn backward(&self, y: &mut [f64]) {
        wide(
            #[inline(always)]
            || {
                for j in (0..y.len()).rev() {
                    let column = self.l.col(j);
                    y[j] = (y[j] - dot_in(&column[j + 1..], &y[j + 1..])) / column[j];
                }
            },
        );
    }

    /// Solves `a x = b`.
    #[must_use]
    pub fn solve(&self, b: &[f64]) -> Vec<f64> {
        let mut x = b.to_vec();
        self.forward(&mut x);
        self.backward(&mut x);
        x
    }

    /// The logarithm of the determinant of `a`.
    #[must_use]
    pub fn log_determinant(&self) -> f64 {
        (0..self.l.rows()).map(|i| 2.0 * self.l.at(i, i).ln()).sum()
    }
}

#[inline(always)]
fn factor_column(l: &mut Matrix, (first, j): (usize, usize), least: f64) -> Result<(), usize> {
    for k in first..j {
        let (before, column) = l.two_cols_mut(k, j);
        axpy_in(-before[j], &before[j..], &mut column[j..]);
    }
    let pivot = l.at(j, j);
    if pivot.is_nan() || pivot <= least {
        return Err(j);
    }
    let root = pivot.sqrt();
    for value in &mut l.col_mut(j)[j..] {
        *value /= root;
    }
    Ok(())
}

fn update_rest(l: &mut Matrix, first: usize, last: usize) {
    let n = l.rows();
    if last == n {
        return;
    }
    let panel = l.block(last, first, n - last, last - first);
    let mut update = Matrix::zeros(n - last, n - last);
    gemm(1.0, (&panel, false), (&panel, true), 0.0, &mut update);
    for j in last..n {
        let change = &update.col(j - last)[j - last..];
        axpy(-1.0, change, &mut l.col_mut(j)[j..]);
    }
}
