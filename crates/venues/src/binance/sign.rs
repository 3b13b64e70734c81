//! HMAC-SHA256 over a request, as hexadecimal text.
//!
//! Source: RFC 2104; Binance spot API, "SIGNED endpoint examples".

use alloc::vec::Vec;
use core::fmt;

use crate::binance::sha256::{Sha256, BLOCK};

/// The two halves of a key, already taken in; prints stars.
#[derive(Clone)]
pub struct Signer {
    inner: Sha256,
    outer: Sha256,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer(***)")
    }
}

impl Signer {
    /// A signer with this secret.
    ///
    /// # Examples
    /// The example of the venue's documentation:
    /// ```
    /// use py_rt_venues::binance::sign::Signer;
    /// let secret = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j";
    /// let payload = "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1\
    ///                &recvWindow=5000&timestamp=1499827319559";
    /// let mut text = Vec::new();
    /// Signer::new(secret).sign(payload.as_bytes(), &mut text);
    /// assert_eq!(text, b"c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71");
    /// ```
    #[must_use]
    pub fn new(secret: &str) -> Self {
        let mut key = [0u8; BLOCK];
        let mut take = |bytes: &[u8]| {
            let places = key.iter_mut().zip(bytes);
            places.for_each(|(place, byte)| *place = *byte);
        };
        if secret.len() > BLOCK {
            take(&Sha256::digest(secret.as_bytes()));
        } else {
            take(secret.as_bytes());
        }
        let padded = |pad: u8| {
            let mut hash = Sha256::new();
            hash.update(&key.map(|byte| byte ^ pad));
            hash
        };
        let (inner, outer) = (padded(0x36), padded(0x5c));
        key.fill(0);
        Self { inner, outer }
    }

    /// Appends the signature of a payload: 64 letters.
    pub fn sign(&self, payload: &[u8], out: &mut Vec<u8>) {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let mut inner = self.inner.clone();
        inner.update(payload);
        let mut outer = self.outer.clone();
        outer.update(&inner.finish());
        for byte in outer.finish() {
            out.push(HEX[usize::from(byte >> 4)]);
            out.push(HEX[usize::from(byte & 15)]);
        }
    }
}
