//! Portfolios: weights from means and covariances.
//!
//! - [`optimise`]: every method behind one door, with its constraints, figures and certificate.
//! - [`long_only`]: the fast road of minimum variance, maximum Sharpe and diversification.
//! - [`budgeting`]: risk parity and other risk budgets. [`hierarchical`]: HRP and its tree.
//! - [`program`]: bounds, rows, turnover and costs: a quadratic program.
//! - [`shrinkage`]: covariances from few observations. [`views`]: Black-Litterman.

pub mod budgeting;
mod constraints;
pub mod hierarchical;
pub mod long_only;
mod optimise;
pub mod program;
mod ratio;
pub mod shrinkage;
mod universe;
pub mod views;

pub use constraints::{Constraints, Group};
pub use optimise::{least_variance_long_only, optimise, Method, Objective, Portfolio};
pub use universe::Universe;
