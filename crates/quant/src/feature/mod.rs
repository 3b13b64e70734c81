//! Microstructure features: what the book and the trades say beside the price.
//!
//! Those of fixed columns are indicators like any other ([`crate::indicator::Indicator`]) and stand
//! in [`FEATURES`] by name; `depth.rs` takes books of any number of levels, `micro.rs` learns
//! Stoikov's micro-price from a recording, `kernel.rs` estimates variance from noisy returns.
//! Streaming and whole columns are the same arithmetic.

mod catalog;
mod depth;
mod kernel;
mod micro;
mod returns;
mod touch;
mod trades;

pub use catalog::FEATURES;
pub use depth::{DepthError, DepthFeature, DepthKind, Levels};
pub use kernel::{realized_kernel, KernelError};
pub use micro::{MicroError, MicroPrice, Touch};
pub use returns::{Amihud, BipowerVariation, JumpShare, RealizedVariance, Roll, TwoScaleVariance};
pub use trades::{EffectiveSpread, Hawkes, KyleLambda, PriceImpact, RealizedSpread, Vpin};
