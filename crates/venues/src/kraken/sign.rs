//! Who signs and keeps count: the driver, which has libraries and files for it.

use alloc::vec::Vec;
use core::fmt::Debug;

use py_rt_types::UnixNanos;

use crate::kraken::counters::Counter;

/// One key's signatures, its nonces and what it has asked.
///
/// SHA-512 and a file have no place in this crate; both are the driver's. There is one row of
/// nonces and one counter of questions a key, however many connections and processes use it.
pub trait Sign: Debug {
    /// A number above every one before it under this key, also of other processes, for a call that
    /// costs so many points, which are counted; `None` when that cannot be promised.
    fn take(&mut self, now: UnixNanos, points: i64, questions: &mut Counter) -> Option<u64>;

    /// Brings the counter to what it is by the calls of other processes.
    fn look(&self, now: UnixNanos, questions: &mut Counter);

    /// Makes what the counter shows known to other processes.
    fn tell(&mut self, questions: &Counter);

    /// Appends `base64(HMAC-SHA512(secret, path ‖ SHA-256(nonce ‖ form)))`.
    /// Source: Kraken, "Spot REST authentication".
    fn sign(&mut self, path: &str, nonce: u64, form: &[u8], out: &mut Vec<u8>);
}
