//! Losses in the tail, and whether a model of them holds.
//!
//! - [`tail`]: value at risk and expected shortfall. - [`coverage`]: Kupiec and Christoffersen.

pub mod coverage;
pub mod tail;
