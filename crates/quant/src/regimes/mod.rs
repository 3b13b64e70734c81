//! Hidden Markov models with normal emissions (Rabiner 1989; Hamilton 1989; Kim 1994).
//!
//! - [`Hmm`]: the parameters, and what they say of a sample: `filter` (causal), `smooth` and
//!   `viterbi` (both look ahead), `forecast`.
//! - [`HmmStream`]: the same filter, one observation at a time.
//! - [`fit`]: Baum-Welch from several starts.
//!
//! Recursions are scaled, never in logarithms; emissions are taken relative to the largest of
//! their row, so that no observation underflows all states.

mod em;
mod emissions;
mod fit;
mod model;
mod passes;
mod starts;
mod stationary;
mod stream;

pub use fit::{fit, Fit, FitPlan, StartLaw};
pub use model::{Forecast, Hmm, Sample, STATES_MAX};
pub use stationary::stationary_law;
pub use stream::HmmStream;
