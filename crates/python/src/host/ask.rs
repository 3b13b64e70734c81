//! The keywords of `buy` and `sell`, and what cannot be asked for together.

use pyo3::prelude::*;

use crate::error::FaceError;

/// The trigger of a stop that the venue holds.
pub(super) const AT_VENUE: &str = "venue";

/// The keywords of `buy` and `sell`.
pub(super) struct Ask<'a> {
    pub(super) qty: f64,
    pub(super) limit_price: Option<f64>,
    pub(super) tif: Option<&'a str>,
    pub(super) post_only: bool,
    pub(super) reduce_only: bool,
    pub(super) tag: Option<&'a str>,
    pub(super) stop_price: Option<f64>,
    pub(super) trail: Option<f64>,
    pub(super) trigger: &'a str,
}

impl Ask<'_> {
    /// A stop and its price are never asked for together with what would not wait for it.
    pub(super) fn check_stop(&self) -> PyResult<()> {
        if !self.post_only {
            return Ok(());
        }
        let problem = "cannot be asked for together with a stop";
        Err(FaceError::parameter("post_only", problem, "leave it out"))
    }

    /// What a venue holds is a stop at a price.
    pub(super) fn check_at_venue(&self) -> PyResult<()> {
        if self.trail.is_some() {
            let problem = "is followed by the kernel, and by no venue";
            let remedy = "take trigger=\"last_trade\" or \"touch\"";
            return Err(FaceError::parameter("trail", problem, remedy));
        }
        if self.stop_price.is_some_and(|price| price <= 0.0) {
            let problem = "is not positive";
            return Err(FaceError::parameter("stop_price", problem, "pass a price"));
        }
        if self.stop_price.is_none() {
            let problem = "is missing, and trigger=\"venue\" is for stops";
            let remedy = "pass stop_price, or leave trigger out";
            return Err(FaceError::parameter("stop_price", problem, remedy));
        }
        self.check_stop()
    }
}
