//! What goes wrong at the little venue.

/// What goes wrong, and how often.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    /// Draws the jitter of every wait.
    pub seed: u64,
    /// Every n-th order call is applied and answered with 504.
    pub gateway_timeout_every: u64,
    /// Every n-th order call is applied and its connection reset.
    pub reset_every: u64,
    /// Every n-th order call never arrives, and its connection is reset after a while.
    pub unheard_every: u64,
    /// Every n-th report is lost.
    pub lose_report_every: u64,
    /// The account stream is cut each so many milliseconds.
    pub cut_account_ms: i64,
}
