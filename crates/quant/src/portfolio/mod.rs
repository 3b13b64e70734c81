//! Portfolios: weights from means and covariances.
pub mod budgeting;
pub mod long_only;
pub mod program;
