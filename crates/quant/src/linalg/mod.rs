//! Dense linear algebra for the kernels: small, deterministic, never an inverse.
//!
//! - [`Matrix`]: column-major, owned; a column is a slice.
//! - [`lanes`]: sums in a fixed order, with the same bits whether the processor has wide registers
//!   or not.
//! - [`product`]: products and Gram matrices.
//! - [`Cholesky`], [`Qr`] (column pivoting, so it names the dependent column), [`SymmetricEigen`],
//!   [`Svd`] (one-sided Jacobi: slow and accurate).

mod cholesky;
mod eigen;
pub mod lanes;
mod matrix;
pub mod product;
mod qr;
mod svd;

pub use cholesky::Cholesky;
pub use eigen::SymmetricEigen;
pub use matrix::Matrix;
pub use qr::Qr;
pub use svd::Svd;
