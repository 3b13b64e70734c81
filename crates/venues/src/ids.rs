//! Our order ids as text, the same at every venue.

use alloc::vec::Vec;
use core::fmt;

use py_rt_types::ClientOrderId;

/// The name of a state directory: eight lower-case base32 letters, part of every order id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lineage([u8; 8]);

impl Lineage {
    /// Reads the eight letters; `None` for anything but `a-z` and `2-7`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let letters: [u8; 8] = text.as_bytes().try_into().ok()?;
        letters
            .iter()
            .all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7'))
            .then_some(Self(letters))
    }

    /// The letters.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 8] {
        &self.0
    }

    /// Appends `rt-<lineage>-<sequence>`, and `-<revision>` once replaced.
    pub fn encode_id(&self, id: ClientOrderId, out: &mut Vec<u8>) {
        out.extend_from_slice(b"rt-");
        out.extend_from_slice(&self.0);
        out.push(b'-');
        push_decimal(id.sequence, out);
        if id.revision > 0 {
            out.push(b'-');
            push_decimal(u64::from(id.revision), out);
        }
    }

    /// The id that a text stands for; [`ClientOrderId::FOREIGN`] when it is not ours.
    ///
    /// Only the one canonical spelling is ours: no leading zeros, no written revision 0.
    #[must_use]
    pub fn decode_id(&self, text: &[u8]) -> ClientOrderId {
        self.decode_own(text).unwrap_or(ClientOrderId::FOREIGN)
    }

    fn decode_own(&self, text: &[u8]) -> Option<ClientOrderId> {
        let rest = text
            .strip_prefix(b"rt-")?
            .strip_prefix(&self.0)?
            .strip_prefix(b"-")?;
        let mut parts = rest.split(|&b| b == b'-');
        let sequence = parse_positive(parts.next()?)?;
        let revision = match parts.next() {
            None => 0,
            Some(part) => u16::try_from(parse_positive(part)?).ok()?,
        };
        parts
            .next()
            .is_none()
            .then_some(ClientOrderId { sequence, revision })
    }
}

impl fmt::Display for Lineage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(core::str::from_utf8(&self.0).unwrap_or_default())
    }
}

/// A positive number without leading zeros.
fn parse_positive(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || digits.first() == Some(&b'0') {
        return None;
    }
    digits.iter().try_fold(0u64, |value, digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        value.checked_mul(10)?.checked_add(digit)
    })
}

pub(crate) fn push_decimal(mut value: u64, out: &mut Vec<u8>) {
    let start = out.len();
    loop {
        out.push(b'0' + (value % 10) as u8);
        value /= 10;
        if value == 0 {
            break;
        }
    }
    if let Some(digits) = out.get_mut(start..) {
        digits.reverse();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn our_ids_survive_and_others_are_foreign() {
        let lineage = Lineage::parse("abcdef27").unwrap();
        for (sequence, revision) in [(1, 0), (42, 3), (u64::MAX, u16::MAX)] {
            let id = ClientOrderId { sequence, revision };
            let mut text = Vec::new();
            lineage.encode_id(id, &mut text);
            assert_eq!(lineage.decode_id(&text), id);
        }
        for text in [
            "",
            "rt-abcdef27-",
            "rt-abcdef27-0",
            "rt-abcdef27-01",
            "rt-abcdef27-1-0",
            "rt-abcdef27-1-1-1",
            "rt-abcdef27-1-65536",
            "rt-abcdef23-1",
            "rt-abcdef27-1 ",
            "rt-abcdef27-18446744073709551616",
            "RT-abcdef27-1",
            "strat1-000001",
            "rt-abcdef27--1",
        ] {
            assert_eq!(
                lineage.decode_id(text.as_bytes()),
                ClientOrderId::FOREIGN,
                "{text}"
            );
        }
        assert_eq!(Lineage::parse("ABCDEF27"), None);
        assert_eq!(Lineage::parse("abcdef2"), None);
        assert_eq!(Lineage::parse("abcdef21"), None);
    }
}
