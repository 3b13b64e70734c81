//! Ids as text: the venue's UUIDs. Our own are those of [`crate::ids`].

use alloc::vec::Vec;

pub use crate::ids::Lineage;

/// The 128 bits of a hyphenated UUID, letters in either case.
#[inline]
#[must_use]
pub fn parse_uuid(text: &[u8]) -> Option<u128> {
    if text.len() != 36 {
        return None;
    }
    let mut value = 0u128;
    for (place, &byte) in text.iter().enumerate() {
        if matches!(place, 8 | 13 | 18 | 23) {
            if byte != b'-' {
                return None;
            }
            continue;
        }
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            b'A'..=b'F' => byte - b'A' + 10,
            _ => return None,
        };
        value = (value << 4) | u128::from(digit);
    }
    Some(value)
}

/// Appends 128 bits as a hyphenated lower-case UUID.
pub fn encode_uuid(value: u128, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    for place in 0..32u32 {
        if matches!(place, 8 | 12 | 16 | 20) {
            out.push(b'-');
        }
        out.push(HEX[((value >> (124 - 4 * place)) & 15) as usize]);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn uuids_survive() {
        let text = b"61e69015-8549-4bfd-b9c3-01e75843f47d";
        let value = parse_uuid(text).unwrap();
        let mut out = Vec::new();
        encode_uuid(value, &mut out);
        assert_eq!(out, text);
        assert_eq!(parse_uuid(b"61e69015-8549-4bfd-b9c3-01e75843f47"), None);
        assert_eq!(parse_uuid(b"61e69015-8549-4bfd-b9c3+01e75843f47d"), None);
        assert_eq!(parse_uuid(b"g1e69015-8549-4bfd-b9c3-01e75843f47d"), None);
    }
}
