//! Singular values above a threshold, by subspace iteration from the subspace of the step before.
//!
//! Between two steps of the pursuit the leading subspace hardly turns, so one or two products
//! suffice, where a full decomposition would find every direction anew. The block is wider than the
//! rank: that none of its values is missed shows in the last one lying below the threshold.

use crate::linalg::lanes::{axpy, dot};
use crate::linalg::{product, Matrix, Svd};
use crate::random::Random;
use crate::Result;

/// Directions beyond the rank.
const SPARE: usize = 6;
/// Products before the block is taken as it is.
const ROUNDS: usize = 30;

/// The subspace of one step, for the next.
#[derive(Debug, Clone)]
pub(super) struct Leading {
    /// Right singular vectors (n, width).
    basis: Matrix,
    random: Random,
}

/// Left vectors, values and right vectors above the threshold.
pub(super) struct Above {
    pub(super) u: Matrix,
    pub(super) s: Vec<f64>,
    pub(super) v: Matrix,
}

impl Leading {
    pub(super) fn new(n: usize, width: usize) -> Self {
        let mut random = Random::new(0, 0);
        let mut basis = Matrix::zeros(n, width.min(n));
        basis
            .data_mut()
            .iter_mut()
            .for_each(|v| *v = random.normal());
        orthonormalise(&mut basis);
        Self { basis, random }
    }

    /// The singular values of `w` (m >= n) above `threshold`, each to `precision` in what its
    /// direction adds to `w` with the threshold taken off. An infinite precision takes the block as
    /// it is after one product, however many values lie beyond it.
    pub(super) fn above(&mut self, w: &Matrix, threshold: f64, precision: f64) -> Result<Above> {
        let rough = precision.is_infinite();
        let n = w.cols();
        for round in 0.. {
            let mut left = product::multiply(w, &self.basis);
            orthonormalise(&mut left);
            // w' left = v s u', by way of its triangular factor, which Jacobi turns fast.
            let turned = product::transposed_multiply(w, &left);
            let mut q = turned.clone();
            orthonormalise(&mut q);
            let mut svd = Svd::try_new(&product::transposed_multiply(&q, &turned))?;
            svd.u = product::multiply(&q, &svd.u);
            let count = svd.s.iter().filter(|s| **s > threshold).count();
            let full = count == svd.s.len() && svd.s.len() < n && !rough;
            let error = self.turn(&svd, count, threshold);
            self.basis = svd.u;
            fill(&mut self.basis, &mut self.random);
            if full {
                self.widen(count + count / 3 + SPARE);
                continue;
            }
            if error <= precision || round >= ROUNDS || self.basis.cols() == n {
                let u = product::multiply(&left, &svd.v.block(0, 0, svd.v.rows(), count));
                let v = self.basis.block(0, 0, n, count);
                self.narrow(count + SPARE + count / 8);
                return Ok(Above {
                    u,
                    s: svd.s[..count].to_vec(),
                    v,
                });
            }
        }
        unreachable!("the loop ends by returning")
    }

    /// How far the values' directions turned since the last product, weighted by what is kept of
    /// the values; and the value that is still missing, which is of second order.
    fn turn(&self, svd: &Svd, count: usize, threshold: f64) -> f64 {
        let mut worst = 0.0_f64;
        for j in 0..count {
            let new = svd.u.col(j);
            let inside = product::transposed_apply(&self.basis, new);
            let lost = (1.0 - dot(&inside, &inside)).max(0.0).sqrt();
            worst = worst.max((svd.s[j] - threshold) * lost + svd.s[j] * lost * lost);
        }
        worst
    }

    fn widen(&mut self, width: usize) {
        let n = self.basis.rows();
        let old = self.basis.cols();
        let width = width.clamp(old, n);
        let mut wide = Matrix::zeros(n, width);
        wide.data_mut()[..n * old].copy_from_slice(self.basis.data());
        for v in &mut wide.data_mut()[n * old..] {
            *v = self.random.normal();
        }
        orthonormalise(&mut wide);
        self.basis = wide;
    }

    fn narrow(&mut self, width: usize) {
        if width < self.basis.cols() {
            self.basis = self.basis.block(0, 0, self.basis.rows(), width);
        }
    }
}

/// Replaces columns of zeros (directions of no value) by random ones.
fn fill(basis: &mut Matrix, random: &mut Random) {
    let empty: Vec<usize> = (0..basis.cols())
        .filter(|j| dot(basis.col(*j), basis.col(*j)) < 0.5)
        .collect();
    if empty.is_empty() {
        return;
    }
    for j in empty {
        basis
            .col_mut(j)
            .iter_mut()
            .for_each(|v| *v = random.normal());
    }
    orthonormalise(basis);
}

/// Gram-Schmidt, twice for each column, blocked against the columns before. A column that depends
/// on those before is rounding after the first pass; where the second takes most of that away too,
/// nothing of its own is left, and it becomes zero (Giraud et al. 2005).
pub(super) fn orthonormalise(q: &mut Matrix) {
    const BLOCK: usize = 16;
    let (m, k) = (q.rows(), q.cols());
    let mut first = 0;
    while first < k {
        let last = (first + BLOCK).min(k);
        for pass in 0..2 {
            if first > 0 {
                let before = q.block(0, 0, m, first);
                let mut panel = q.block(0, first, m, last - first);
                let along = product::transposed_multiply(&before, &panel);
                product::gemm(-1.0, (&before, false), (&along, false), 1.0, &mut panel);
                q.data_mut()[first * m..last * m].copy_from_slice(panel.data());
            }
            for j in first..last {
                for i in first..j {
                    let (a, b) = q.two_cols_mut(i, j);
                    let along = dot(a, b);
                    axpy(-along, a, b);
                }
                let norm = dot(q.col(j), q.col(j)).sqrt();
                if norm > 0.0 && (pass == 0 || norm > 0.5) {
                    q.col_mut(j).iter_mut().for_each(|v| *v /= norm);
                } else {
                    q.col_mut(j).fill(0.0);
                }
            }
        }
        first = last;
    }
}
