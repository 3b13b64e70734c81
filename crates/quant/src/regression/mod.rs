//! Sparse linear regression: LASSO, elastic net, adaptive LASSO, paths.
//!
//! Objective: `|y - Xb - b0|^2/(2n) + l1 |b|_1 + l2/2 |b|^2` (Tibshirani 1996; Zou-Hastie 2005).
//!
//! - [`Design`]: centred columns, and the parts of their Gram matrix that were needed so far.
//! - [`solve`]: coordinate descent on a working set, with a duality gap at the end.
//! - [`path`]: the same, warm, down a sequence of penalties.

mod adaptive;
mod component;
mod descent;
mod design;
mod path;

pub use adaptive::adaptive_weights;
pub use component::{sparse_component, Component};
pub use descent::{certified, solve, Fit, Going, Penalty, Stop};
pub use design::Design;
pub use path::{falling, largest_penalty, path, Path};
