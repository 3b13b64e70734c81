//! Who signs: the driver, which has libraries for it.

use alloc::vec::Vec;
use core::fmt::Debug;

use py_rt_types::UnixNanos;

/// One key's signatures and its nonces.
///
/// SHA-512 and a file have no place in this crate; both are the driver's. There is one source of
/// nonces a key, however many connections and processes use it.
pub trait Sign: Debug {
    /// A number above every one before it under this key, also of earlier processes; `None` when
    /// that cannot be promised.
    fn nonce(&mut self, now: UnixNanos) -> Option<u64>;

    /// Appends `base64(HMAC-SHA512(secret, path ‖ SHA-256(nonce ‖ form)))`.
    /// Source: Kraken, "Spot REST authentication".
    fn sign(&mut self, path: &str, nonce: u64, form: &[u8], out: &mut Vec<u8>);
}
