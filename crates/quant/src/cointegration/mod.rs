//! Several series: what holds them together?
//!
//! - [`engle_granger`]: regression, then a unit-root test of its residual.
//! - [`johansen`]: the rank by reduced-rank regression, five deterministic cases; [`critical`]: its
//!   tables.
//! - [`screen`]: Engle-Granger for every ordered pair of a panel at once.
//! - [`kalman_hedge`]: a hedge ratio that moves, predicted and never smoothed.

pub mod critical;
mod engle_granger;
mod johansen;
mod kalman;
mod screen;
mod screen_lines;
mod screen_moments;

pub use engle_granger::{engle_granger, EngleGranger};
pub use johansen::{johansen, Johansen};
pub use kalman::{kalman_hedge, Hedge, HedgeFilter, HedgeFit, HedgeNoise};
pub use screen::{screen, Screen, ScreenLags, ScreenPlan};
