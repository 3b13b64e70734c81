//! Strings as they were sent, and what they say.

use alloc::borrow::Cow;
use alloc::vec::Vec;

/// A string between its quotes, escapes not yet resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text<'a> {
    raw: &'a [u8],
    escaped: bool,
}

impl<'a> Text<'a> {
    pub(super) const fn new(raw: &'a [u8], escaped: bool) -> Self {
        Self { raw, escaped }
    }

    /// The bytes of the string when it has no escapes: borrowed, free.
    #[inline]
    #[must_use]
    pub const fn plain(&self) -> Option<&'a [u8]> {
        if self.escaped {
            None
        } else {
            Some(self.raw)
        }
    }

    pub(super) const fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// The bytes of the string; a copy only when it has escapes. Bytes that are not UTF-8 stay.
    #[must_use]
    pub fn unescape(&self) -> Cow<'a, [u8]> {
        match self.plain() {
            Some(bytes) => Cow::Borrowed(bytes),
            None => Cow::Owned(resolve(self.raw)),
        }
    }
}

/// Resolves escapes that the scanner has checked; a lone surrogate becomes U+FFFD.
fn resolve(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'\\' {
            out.push(*first);
            continue;
        }
        let [kind, tail @ ..] = rest else { break };
        rest = tail;
        match kind {
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'u' => {
                let (character, tail) = unicode(rest);
                rest = tail;
                let mut buffer = [0; 4];
                out.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
            }
            other => out.push(*other),
        }
    }
    out
}

/// The character behind `\u`, joining a pair of surrogates, and what follows it.
fn unicode(rest: &[u8]) -> (char, &[u8]) {
    let (high, tail) = unit(rest);
    if (0xd800..0xdc00).contains(&high) {
        if let [b'\\', b'u', more @ ..] = tail {
            let (low, after) = unit(more);
            if (0xdc00..0xe000).contains(&low) {
                let code = 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                return (char::from_u32(code).unwrap_or('\u{fffd}'), after);
            }
        }
    }
    (char::from_u32(high).unwrap_or('\u{fffd}'), tail)
}

fn unit(rest: &[u8]) -> (u32, &[u8]) {
    let (digits, tail) = rest.split_at(rest.len().min(4));
    let value = digits.iter().fold(0, |value, &digit| {
        value * 16 + (digit as char).to_digit(16).unwrap_or(0)
    });
    (value, tail)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::json::{Scalar, Scanner};

    fn text(json: &str) -> alloc::string::String {
        match Scanner::new(json.as_bytes()).scalar().unwrap() {
            Scalar::Text(text) => {
                alloc::string::String::from_utf8(text.unescape().into_owned()).unwrap()
            }
            other => alloc::format!("{other:?}"),
        }
    }

    #[test]
    fn escapes_are_resolved() {
        assert_eq!(text(r#""BTC\/USD""#), "BTC/USD");
        assert_eq!(text(r#""a\"b\\c\n\u0041""#), "a\"b\\c\nA");
        assert_eq!(text(r#""\ud83d\ude00""#), "\u{1f600}");
        assert_eq!(text(r#""\ud83dx""#), "\u{fffd}x");
        assert_eq!(text(r#""plain""#), "plain");
    }
}
