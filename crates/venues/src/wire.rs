//! Fixed-width fields of binary messages, and what is read from text columns.
//!
//! A message is first cut to an array of its exact length; the loads below cannot fail then, and
//! the compiler leaves no bounds check in them.

use crate::error::DecodeError;

/// Cuts a message to its exact length, or says that it has another one.
///
/// # Errors
/// `Malformed` with the field `length` when the message has another length.
#[inline]
pub fn exactly<const N: usize>(message: &[u8]) -> Result<&[u8; N], DecodeError> {
    message
        .try_into()
        .map_err(|_| DecodeError::malformed(message.len().min(N), "length"))
}

/// Takes `N` bytes from `at` on; missing bytes are `Incomplete`.
///
/// # Errors
/// `Incomplete` when the bytes end before.
#[inline]
pub fn part<const N: usize>(bytes: &[u8], at: usize) -> Result<&[u8; N], DecodeError> {
    bytes
        .get(at..)
        .and_then(|rest| rest.first_chunk::<N>())
        .ok_or(DecodeError::Incomplete)
}

macro_rules! load {
    ($name:ident, $type:ty, $bytes:literal, $from:ident, $what:literal) => {
        #[doc = $what]
        #[inline]
        #[must_use]
        pub const fn $name<const N: usize>(message: &[u8; N], at: usize) -> $type {
            let mut field = [0u8; $bytes];
            let mut i = 0;
            while i < $bytes {
                field[i] = message[at + i];
                i += 1;
            }
            <$type>::$from(field)
        }
    };
}

load!(be16, u16, 2, from_be_bytes, "Two bytes, big-endian.");
load!(be32, u32, 4, from_be_bytes, "Four bytes, big-endian.");
load!(be64, u64, 8, from_be_bytes, "Eight bytes, big-endian.");
load!(le16, u16, 2, from_le_bytes, "Two bytes, little-endian.");
load!(le32, u32, 4, from_le_bytes, "Four bytes, little-endian.");
load!(le64, u64, 8, from_le_bytes, "Eight bytes, little-endian.");
load!(
    le64i,
    i64,
    8,
    from_le_bytes,
    "Eight bytes, little-endian, signed."
);

/// Six bytes, big-endian: the nanoseconds since midnight of ITCH.
#[inline]
#[must_use]
pub const fn be48<const N: usize>(message: &[u8; N], at: usize) -> u64 {
    ((be16(message, at) as u64) << 32) | be32(message, at + 2) as u64
}

/// Some bytes as they are.
#[inline]
#[must_use]
pub const fn text<const N: usize, const M: usize>(message: &[u8; N], at: usize) -> [u8; M] {
    let mut field = [0u8; M];
    let mut i = 0;
    while i < M {
        field[i] = message[at + i];
        i += 1;
    }
    field
}

/// Text without the spaces and zeros that fill it up on the right.
#[must_use]
pub fn trimmed(text: &[u8]) -> &[u8] {
    let end = text
        .iter()
        .rposition(|byte| *byte != b' ' && *byte != 0)
        .map_or(0, |last| last + 1);
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_in_their_order_of_bytes() {
        let message = [1, 2, 3, 4, 5, 6, 7, 8];
        assert_eq!(be16(&message, 1), 0x0203);
        assert_eq!(be48(&message, 2), 0x0304_0506_0708);
        assert_eq!(le32(&message, 0), 0x0403_0201);
        assert_eq!(text::<8, 2>(&message, 3), [4, 5]);
        assert_eq!(trimmed(b"ABC  \0"), b"ABC");
        assert_eq!(trimmed(b"    "), b"");
        assert_eq!(
            exactly::<3>(&message),
            Err(DecodeError::malformed(3, "length"))
        );
        assert_eq!(part::<4>(&message, 5), Err(DecodeError::Incomplete));
    }
}
