//! Products of matrices.

use super::lanes::{dot, dot_in, wide};
use super::Matrix;

/// `c = alpha * op(a) * op(b) + beta * c`, where `op` transposes when asked to.
///
/// # Panics
/// If the shapes do not fit.
#[allow(unsafe_code)]
pub fn gemm(
    alpha: f64,
    (a, a_transposed): (&Matrix, bool),
    (b, b_transposed): (&Matrix, bool),
    beta: f64,
    c: &mut Matrix,
) {
    let shape = |m: &Matrix, t: bool| {
        if t {
            (m.cols(), m.rows())
        } else {
            (m.rows(), m.cols())
        }
    };
    let strides = |m: &Matrix, t: bool| {
        let down = m.rows() as isize;
        if t {
            (down, 1)
        } else {
            (1, down)
        }
    };
    let ((m, k), (k_b, n)) = (shape(a, a_transposed), shape(b, b_transposed));
    assert_eq!(k, k_b, "the inner sizes of a product are equal");
    assert_eq!(
        (m, n),
        (c.rows(), c.cols()),
        "the product has its own shape"
    );
    let (row_a, col_a) = strides(a, a_transposed);
    let (row_b, col_b) = strides(b, b_transposed);
    let col_c = m as isize;
    // SAFETY: the shapes and strides are those of three separate, fully initialised allocations
    // of rows times columns values, checked above; `c` is borrowed mutably, so nothing overlaps.
    unsafe {
        matrixmultiply::dgemm(
            m,
            k,
            n,
            alpha,
            a.data().as_ptr(),
            row_a,
            col_a,
            b.data().as_ptr(),
            row_b,
            col_b,
            beta,
            c.data_mut().as_mut_ptr(),
            1,
            col_c,
        );
    }
}

/// `a b`.
#[must_use]
pub fn multiply(a: &Matrix, b: &Matrix) -> Matrix {
    let mut c = Matrix::zeros(a.rows(), b.cols());
    gemm(1.0, (a, false), (b, false), 0.0, &mut c);
    c
}

/// `a' b`.
#[must_use]
pub fn transposed_multiply(a: &Matrix, b: &Matrix) -> Matrix {
    let mut c = Matrix::zeros(a.cols(), b.cols());
    gemm(1.0, (a, true), (b, false), 0.0, &mut c);
    c
}

/// The Gram matrix `x' x`, exactly symmetric.
#[must_use]
pub fn gram(x: &Matrix) -> Matrix {
    let k = x.cols();
    let mut g = Matrix::zeros(k, k);
    if k > 32 {
        gemm(1.0, (x, true), (x, false), 0.0, &mut g);
        mirror(&mut g);
        return g;
    }
    wide(
        #[inline(always)]
        || {
            for j in 0..k {
                for i in 0..=j {
                    let value = dot_in(x.col(i), x.col(j));
                    g.set(i, j, value);
                    g.set(j, i, value);
                }
            }
        },
    );
    g
}

/// Copies the lower triangle onto the upper one.
pub fn mirror(square: &mut Matrix) {
    for j in 0..square.cols() {
        for i in 0..j {
            let value = square.at(j, i);
            square.set(i, j, value);
        }
    }
}

/// `a x`.
#[must_use]
pub fn apply(a: &Matrix, x: &[f64]) -> Vec<f64> {
    let mut y = vec![0.0; a.rows()];
    for (j, k) in x.iter().enumerate() {
        super::lanes::axpy(*k, a.col(j), &mut y);
    }
    y
}

/// `a' x`.
#[must_use]
pub fn transposed_apply(a: &Matrix, x: &[f64]) -> Vec<f64> {
    (0..a.cols()).map(|j| dot(a.col(j), x)).collect()
}

/// `x' a y`.
#[must_use]
pub fn quadratic(x: &[f64], a: &Matrix, y: &[f64]) -> f64 {
    dot(x, &apply(a, y))
}

/// `out = a' b` for blocks of whole columns of `rows` values; `out` is column-major.
///
/// # Panics
/// If the lengths do not fit.
#[allow(unsafe_code)]
pub fn block_gram(a: &[f64], b: &[f64], rows: usize, out: &mut [f64]) {
    let (m, n) = (a.len() / rows, b.len() / rows);
    assert_eq!(
        (a.len(), b.len()),
        (m * rows, n * rows),
        "blocks are whole columns"
    );
    assert_eq!(out.len(), m * n, "the product has its own shape");
    let down = rows as isize;
    // SAFETY: both blocks hold whole columns of `rows` values and `out` holds m times n, checked
    // above; `out` is borrowed mutably, so nothing overlaps.
    unsafe {
        matrixmultiply::dgemm(
            m,
            rows,
            n,
            1.0,
            a.as_ptr(),
            down,
            1,
            b.as_ptr(),
            1,
            down,
            0.0,
            out.as_mut_ptr(),
            1,
            m as isize,
        );
    }
}
