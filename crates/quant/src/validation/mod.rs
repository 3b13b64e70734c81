//! What a backtest is worth: Sharpe ratios with their uncertainty, and the odds of overfitting.
//!
//! - [`sharpe`]: PSR, DSR, minimum track record. - [`overfitting`]: PBO by symmetric splits.

pub mod overfitting;
pub mod sharpe;
