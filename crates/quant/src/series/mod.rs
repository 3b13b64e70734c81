//! One series: does it come back to its mean, how strongly, how fast?
//!
//! - [`adf`]: the augmented Dickey-Fuller test; [`mackinnon`]: its tables.
//! - [`hurst`]: three estimators. [`variance_ratio`]: Lo and MacKinlay's test.
//! - [`half_life`], [`ou_fit`]: the AR(1) regression and what it says in continuous time.
//! - [`zscore`]: the distance from a causal window.

mod adf;
mod hurst;
pub mod mackinnon;
mod reversion;
mod variance_ratio;
mod zscore;

pub(crate) use adf::unit_root;
pub use adf::{adf, Adf, LagRule, UnitRoot};
pub use hurst::{hurst, Hurst, HurstMethod};
pub use mackinnon::Trend;
pub(crate) use reversion::duration;
pub use reversion::{
    half_life, ou_fit, ou_loglik, Ar1, Bias, HalfLife, HalfLifeMethod, OuFit, Reverting,
};
pub use variance_ratio::{variance_ratio, VarianceRatio};
pub use zscore::{zscore, ZScoreMethod};
