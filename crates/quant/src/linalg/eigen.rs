//! Eigenvalues of a symmetric matrix: Householder tridiagonalisation, then implicit QL
//! (Wilkinson-Reinsch 1971, `tred2` and `tql2`).

use super::lanes::{axpy, dot};
use super::svd::rotate;
use super::Matrix;
use crate::error::{QuantError, Result};

const STEPS: usize = 80;

/// `a = V diag(values) V'`, values rising.
#[derive(Debug, Clone)]
pub struct SymmetricEigen {
    /// Eigenvalues, rising.
    pub values: Vec<f64>,
    /// Eigenvectors as columns, orthonormal; the sign is free.
    pub vectors: Matrix,
}

impl SymmetricEigen {
    /// Decomposes `a`, of which only the lower triangle is read.
    ///
    /// # Errors
    /// [`QuantError::NotConverged`] when an eigenvalue needs more than 80 steps, which finite
    /// input does not.
    pub fn try_new(a: &Matrix) -> Result<Self> {
        let n = a.rows();
        let (mut diagonal, mut off, mut vectors) = tridiagonal(a);
        off.push(0.0);
        for l in 0..n {
            deflate(&mut diagonal, &mut off, &mut vectors, l)?;
        }
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|a, b| diagonal[*a].total_cmp(&diagonal[*b]));
        let mut sorted = Matrix::zeros(n, n);
        for (to, from) in order.iter().enumerate() {
            sorted.col_mut(to).copy_from_slice(vectors.col(*from));
        }
        Ok(Self {
            values: order.iter().map(|j| diagonal[*j]).collect(),
            vectors: sorted,
        })
    }
}

/// Reduces to tridiagonal form: the diagonal, the entries below it, and Q.
fn tridiagonal(a: &Matrix) -> (Vec<f64>, Vec<f64>, Matrix) {
    let n = a.rows();
    let mut work = a.clone();
    super::product::mirror(&mut work);
    let mut reflectors: Vec<(Vec<f64>, f64)> = Vec::new();
    let mut off = Vec::new();
    for k in 0..n.saturating_sub(1) {
        let column = &work.col(k)[k + 1..];
        let largest = column.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
        let spread: f64 = column[1..].iter().map(|x| x.abs()).sum();
        if largest == 0.0 || spread == 0.0 {
            off.push(column[0]);
            reflectors.push((Vec::new(), 0.0));
            continue;
        }
        let mut v: Vec<f64> = column.iter().map(|x| x / largest).collect();
        let norm = dot(&v, &v).sqrt();
        let alpha = if v[0] > 0.0 { -norm } else { norm };
        v[0] -= alpha;
        let beta = 2.0 / dot(&v, &v);
        off.push(alpha * largest);
        // A -= v w' + w v' with w = beta (A v - beta/2 (v' A v) v).
        let mut w = vec![0.0; n - k - 1];
        for (j, x) in v.iter().enumerate() {
            axpy(beta * x, &work.col(k + 1 + j)[k + 1..], &mut w);
        }
        let half = 0.5 * beta * dot(&v, &w);
        axpy(-half, &v, &mut w);
        for j in 0..v.len() {
            let target = &mut work.col_mut(k + 1 + j)[k + 1..];
            axpy(-w[j], &v, target);
            axpy(-v[j], &w, target);
        }
        reflectors.push((v, beta));
    }
    let diagonal = (0..n).map(|i| work.at(i, i)).collect();
    let mut q = Matrix::identity(n);
    for (k, (v, beta)) in reflectors.iter().enumerate().rev() {
        if v.is_empty() {
            continue;
        }
        for j in k + 1..n {
            let rest = &mut q.col_mut(j)[k + 1..];
            let along = beta * dot(v, rest);
            axpy(-along, v, rest);
        }
    }
    (diagonal, off, q)
}

fn deflate(d: &mut [f64], e: &mut [f64], z: &mut Matrix, l: usize) -> Result<()> {
    let n = d.len();
    for step in 0.. {
        let small = |m: &usize| {
            let near = d[*m].abs() + d[*m + 1].abs();
            e[*m].abs() <= f64::EPSILON * near
        };
        let m = (l..n - 1).find(small).unwrap_or(n - 1);
        if m == l {
            return Ok(());
        }
        if step == STEPS {
            return Err(QuantError::NotConverged {
                problem: "an eigenvalue did not settle".into(),
                iterations: step,
                residual: e[l].abs(),
            });
        }
        let g = (d[l + 1] - d[l]) / (2.0 * e[l]);
        let r = g.hypot(1.0);
        let shift = d[m] - d[l] + e[l] / (g + r.copysign(g));
        chase(d, e, z, (l, m, shift));
    }
    Ok(())
}

fn chase(d: &mut [f64], e: &mut [f64], z: &mut Matrix, (l, m, shift): (usize, usize, f64)) {
    let (mut g, mut s, mut c, mut p) = (shift, 1.0, 1.0, 0.0);
    for i in (l..m).rev() {
        let (f, b) = (s * e[i], c * e[i]);
        let r = f.hypot(g);
        e[i + 1] = r;
        if r == 0.0 {
            d[i + 1] -= p;
            e[m] = 0.0;
            return;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1] - p;
        let t = (d[i] - g) * s + 2.0 * c * b;
        p = s * t;
        d[i + 1] = g + p;
        g = c * t - b;
        let (left, right) = z.two_cols_mut(i, i + 1);
        rotate(left, right, c, s);
    }
    d[l] -= p;
    e[l] = g;
    e[m] = 0.0;
}
