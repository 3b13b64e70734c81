//! Portfolios ranked by how fast they return to their mean.
//!
//! - [`Process`]: an autoregression of order one, from its matrices or from observations.
//! - [`box_tiao`]: all portfolios by predictability (Box-Tiao 1977).
//! - [`search`]: few assets: greedy, exhaustive, or by a semidefinite relaxation with a bound
//!   (d'Aspremont 2011; Cuturi-d'Aspremont 2015).

mod criterion;
mod decomposition;
mod exhaustive;
mod greedy;
mod process;
mod relaxation;
mod search;

pub use criterion::Criterion;
pub use decomposition::{box_tiao, BoxTiao};
pub use process::Process;
pub use search::{half_life, search, Method, Sparse};
