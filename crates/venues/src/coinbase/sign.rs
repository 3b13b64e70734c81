//! Who signs: the driver, which has libraries for it.

use alloc::vec::Vec;
use core::fmt::Debug;

use py_rt_types::UnixNanos;

/// How long a token lives as a rule, in seconds.
/// Source: Coinbase, "CDP API key authentication": 120 s.
pub const LIFETIME_S: u32 = 120;

/// One key's tokens.
///
/// Curves and random numbers have no place in this crate; both are the driver's. A token is for one
/// call or one subscription and is never used again.
pub trait Sign: Debug {
    /// Appends a JWT that begins at `now` by the venue's clock and lives so many seconds: for the
    /// call `METHOD host/path` without its query, or for a subscription. False when there is none.
    fn token(
        &mut self,
        now: UnixNanos,
        call: Option<&str>,
        lifetime_s: u32,
        out: &mut Vec<u8>,
    ) -> bool;

    /// The venue's clock less ours, from now on, for everyone who uses this key.
    fn correct(&mut self, offset_ns: i64);
}
