//! Box-Tiao 1977 (Biometrika 64:355): all portfolios, the least predictable first.

use super::process::Process;
use super::search::half_life;
use crate::error::Result;
use crate::linalg::{product, Matrix, SymmetricEigen};

/// Portfolios by rising predictability.
#[derive(Debug, Clone)]
pub struct BoxTiao {
    /// x'A G A'x / x'G x of each portfolio.
    pub eigenvalues: Vec<f64>,
    /// One portfolio a column, absolute weights adding up to one.
    pub weights: Matrix,
    /// Periods until half of a deviation is gone.
    pub half_lives: Vec<f64>,
}

/// Decomposes a process.
///
/// # Errors
/// [`crate::QuantError::NotConverged`] from the eigensolver, which finite input does not reach.
pub fn box_tiao(process: &Process) -> Result<BoxTiao> {
    let n = process.assets();
    let b = process.whitened();
    let mut square = Matrix::zeros(n, n);
    product::gemm(1.0, (&b, false), (&b, true), 0.0, &mut square);
    let eigen = SymmetricEigen::try_new(&square)?;
    let mut found = BoxTiao {
        eigenvalues: eigen.values.iter().map(|v| v.max(0.0)).collect(),
        weights: Matrix::zeros(n, n),
        half_lives: Vec::with_capacity(n),
    };
    for j in 0..n {
        let mut x = eigen.vectors.col(j).to_vec();
        process.factor.backward(&mut x);
        found
            .weights
            .col_mut(j)
            .copy_from_slice(&process.weights(&x));
        found.half_lives.push(half_life(process.slope(&x)));
    }
    Ok(found)
}
