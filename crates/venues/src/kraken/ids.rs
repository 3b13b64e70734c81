//! Ids as the venue writes them, and as ids of ours.
//!
//! The venue takes an id of ours as free text of up to 18 letters, which is too short for
//! `rt-<lineage>-<sequence>`, or as a UUID. A UUID holds it: the mark `7274`, the lineage in 40
//! bits and the sequence in 64, around the two digits that make it one of version 4. An amendment
//! keeps the id, so there is no revision in it.
//!
//! Ids of the venue are up to 24 letters `0-9A-Z-`: digits of a number of base 38.

use alloc::vec::Vec;

use py_rt_types::ClientOrderId;

use crate::ids::Lineage;

const MARK: u128 = 0x7274;
const HEX: &[u8; 16] = b"0123456789abcdef";
/// The longest id of the venue that fits.
const VENUE_ID_MAX: usize = 24;

/// Appends an id of ours as the venue is told it.
pub fn encode_client_id(lineage: Lineage, id: ClientOrderId, out: &mut Vec<u8>) {
    let bits = (MARK << 104) | (u128::from(pack(lineage)) << 64) | u128::from(id.sequence);
    let mut place = 120;
    let mut push = |count: u32, out: &mut Vec<u8>| {
        for _ in 0..count {
            place -= 4;
            out.push(HEX[(bits >> place) as usize & 15]);
        }
    };
    push(8, out);
    out.push(b'-');
    push(4, out);
    out.extend_from_slice(b"-4");
    push(3, out);
    out.extend_from_slice(b"-8");
    push(3, out);
    out.push(b'-');
    push(12, out);
}

/// The id that a text stands for; [`ClientOrderId::FOREIGN`] when it is not ours.
#[must_use]
pub fn decode_client_id(lineage: Lineage, text: &[u8]) -> ClientOrderId {
    let mut bits = 0u128;
    if text.len() != 36 {
        return ClientOrderId::FOREIGN;
    }
    for (place, &byte) in text.iter().enumerate() {
        let digit = match (place, byte) {
            (8 | 13 | 18 | 23, b'-') | (14, b'4') | (19, b'8') => continue,
            (8 | 13 | 18 | 23 | 14 | 19, _) => return ClientOrderId::FOREIGN,
            (_, b'0'..=b'9') => byte - b'0',
            (_, b'a'..=b'f') => byte - b'a' + 10,
            _ => return ClientOrderId::FOREIGN,
        };
        bits = (bits << 4) | u128::from(digit);
    }
    let own = (MARK << 40) | u128::from(pack(lineage));
    let sequence = bits as u64;
    if bits >> 64 != own || sequence == 0 {
        return ClientOrderId::FOREIGN;
    }
    ClientOrderId::new(sequence)
}

/// The eight letters in 40 bits.
fn pack(lineage: Lineage) -> u64 {
    let letter = |byte: u8| match byte {
        b'a'..=b'z' => byte - b'a',
        _ => byte.wrapping_sub(b'2').wrapping_add(26) & 31,
    };
    let letters = lineage.as_bytes().iter();
    letters.fold(0, |bits, &byte| (bits << 5) | u64::from(letter(byte)))
}

/// An id of an order or an execution as a number; `None` for what the venue does not write.
#[must_use]
pub fn decode_venue_id(text: &[u8]) -> Option<u128> {
    if text.is_empty() || text.len() > VENUE_ID_MAX {
        return None;
    }
    text.iter().try_fold(0u128, |number, byte| {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0' + 1,
            b'A'..=b'Z' => byte - b'A' + 11,
            b'-' => 37,
            _ => return None,
        };
        number.checked_mul(38)?.checked_add(u128::from(digit))
    })
}

/// Appends an id of the venue as the venue writes it.
pub fn encode_venue_id(mut id: u128, out: &mut Vec<u8>) {
    let start = out.len();
    while id > 0 {
        out.push(match (id % 38) as u8 {
            digit @ 1..=10 => b'0' + digit - 1,
            digit @ 11..=36 => b'A' + digit - 11,
            _ => b'-',
        });
        id /= 38;
    }
    if let Some(letters) = out.get_mut(start..) {
        letters.reverse();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_ours_survive_and_others_are_foreign() {
        let lineage = Lineage::parse("abcdef27").unwrap();
        for sequence in [1, 5, 4_294_967_296, u64::MAX] {
            let mut text = Vec::new();
            let id = ClientOrderId::new(sequence);
            encode_client_id(lineage, id, &mut text);
            assert_eq!(text.len(), 36);
            assert_eq!(decode_client_id(lineage, &text), id);
            let other = Lineage::parse("abcdef26").unwrap();
            assert_eq!(decode_client_id(other, &text), ClientOrderId::FOREIGN);
        }
        let mut text = Vec::new();
        encode_client_id(lineage, ClientOrderId::new(5), &mut text);
        assert_eq!(text, b"72740044-3217-45f0-8000-000000000005");
        let foreign = ClientOrderId::FOREIGN;
        for place in 0..text.len() {
            let mut bent = text.clone();
            bent[place] = b'z';
            assert_eq!(decode_client_id(lineage, &bent), foreign, "{place}");
        }
        let upper = text.to_ascii_uppercase();
        assert_eq!(decode_client_id(lineage, &upper), foreign);
        assert_eq!(decode_client_id(lineage, b"strat1-000001"), foreign);
    }

    #[test]
    fn ids_of_the_venue_survive() {
        for text in ["OK4GJX-KSTLS-7DZZO5", "T5DIUI-5N4KO-Z5BPX1", "0", "Z-9"] {
            let id = decode_venue_id(text.as_bytes()).unwrap();
            let mut back = Vec::new();
            encode_venue_id(id, &mut back);
            assert_eq!(back, text.as_bytes());
        }
        for text in ["", "abc", "ORDER 1", "OOOOOOOOOOOOOOOOOOOOOOOOO"] {
            assert_eq!(decode_venue_id(text.as_bytes()), None, "{text}");
        }
        assert!(decode_venue_id(&[b'-'; VENUE_ID_MAX]).is_some());
    }
}
