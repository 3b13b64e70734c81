//! Bytes looked at eight at a time.

/// How many digits and points stand in front.
#[inline]
pub(super) fn plain_number(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .position(|byte| !matches!(byte, b'0'..=b'9' | b'.'))
        .unwrap_or(bytes.len())
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// How many bytes of a string pass without a quote, a backslash or a control character.
///
/// Eight at a time: a byte equal to `b` is a zero byte of `word ^ b…b`, and the lowest bit that
/// `(x - 1…1) & !x & 80…80` leaves is the first zero byte.
#[inline]
pub(super) fn plain_prefix(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        let quote = zero_bytes(word ^ (ONES * 0x22));
        let slash = zero_bytes(word ^ (ONES * 0x5c));
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGHS;
        let stops = quote | slash | control;
        if stops != 0 {
            return at + (stops.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    let stop = rest
        .iter()
        .position(|&byte| byte == b'"' || byte == b'\\' || byte < 0x20);
    at + stop.unwrap_or(rest.len())
}

/// Where the first line ends.
#[inline]
pub(crate) fn newline(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let found = zero_bytes(u64::from_le_bytes(*chunk) ^ (ONES * 0x0a));
        if found != 0 {
            return Some(at + (found.trailing_zeros() / 8) as usize);
        }
        at += 8;
    }
    let rest = bytes.get(at..)?.iter().position(|&byte| byte == b'\n');
    rest.map(|place| at + place)
}

#[inline]
const fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & HIGHS
}
