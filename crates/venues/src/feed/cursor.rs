//! A cursor over a message whose form is known: the short way beside the scanner's general one.
//!
//! Every step says `None` when the bytes are not exactly what is expected; the general way then
//! reads the message from its start.

use crate::feed::number::{short_units, short_whole, Units};
use crate::json::plain_prefix;

/// See the module.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    pub(crate) const fn move_to(&mut self, at: usize) {
        self.at = at;
    }

    #[inline]
    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Exactly these bytes.
    #[inline]
    pub(crate) fn literal<const N: usize>(&mut self, expected: &[u8; N]) -> Option<()> {
        if self.rest().first_chunk::<N>()? != expected {
            return None;
        }
        self.at += N;
        Some(())
    }

    /// These bytes, or none of them.
    #[inline]
    pub(crate) fn maybe<const N: usize>(&mut self, expected: &[u8; N]) -> bool {
        self.literal(expected).is_some()
    }

    /// A whole number.
    #[inline]
    pub(crate) fn whole(&mut self) -> Option<u64> {
        let (value, used) = short_whole(self.rest())?;
        self.at += used;
        Some(value)
    }

    /// A decimal in units of `10^-scale`.
    #[inline]
    pub(crate) fn units(&mut self, scale: u32) -> Option<Units> {
        let (units, used) = short_units(self.rest(), scale)?;
        self.at += used;
        Some(units)
    }

    /// Text up to its closing quote, which is passed; none with escapes.
    #[inline]
    pub(crate) fn word(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest();
        let end = plain_prefix(rest);
        if rest.get(end) != Some(&b'"') {
            return None;
        }
        self.at += end + 1;
        rest.get(..end)
    }

    /// `true` or `false`.
    #[inline]
    pub(crate) fn flag(&mut self) -> Option<bool> {
        if self.maybe(b"true") {
            return Some(true);
        }
        self.literal(b"false").map(|()| false)
    }

    /// Nothing is left.
    pub(crate) fn end(&self) -> Option<()> {
        (self.at == self.bytes.len()).then_some(())
    }
}
