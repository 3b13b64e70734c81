//! Times as venues write them, in nanoseconds.

use py_rt_types::UnixNanos;

use crate::alpaca::time::parse_instant;
use crate::error::Malformed;
use crate::feed::read::{optional_whole, whole};
use crate::json::Slot;

/// Milliseconds since 1970, or micro- or nanoseconds where the venue was asked for them.
#[must_use]
pub fn from_millis(count: u64) -> Option<UnixNanos> {
    match count {
        0..=99_999_999_999_999 => {
            let ns = count.checked_mul(1_000_000)?;
            i64::try_from(ns).ok().map(UnixNanos)
        }
        _ => from_count(count),
    }
}

/// A whole count of seconds, milli-, micro- or nanoseconds since 1970, told apart by its size;
/// one too small for seconds of this century is of nanoseconds.
#[must_use]
pub fn from_count(count: u64) -> Option<UnixNanos> {
    let unit = match count {
        0..=99_999_999 => 1,
        100_000_000..=99_999_999_999 => 1_000_000_000,
        100_000_000_000..=99_999_999_999_999 => 1_000_000,
        100_000_000_000_000..=99_999_999_999_999_999 => 1_000,
        _ => 1,
    };
    let ns = count.checked_mul(unit)?;
    i64::try_from(ns).ok().map(UnixNanos)
}

/// A count with a fraction, `1633998512.0633569`; digits below a nanosecond are cut off;
/// more than twelve are no time.
#[must_use]
pub fn from_decimal(text: &[u8]) -> Option<UnixNanos> {
    let Some(point) = text.iter().position(|&byte| byte == b'.') else {
        return from_count(whole(text)?);
    };
    let count = whole(text.get(..point)?)?;
    let UnixNanos(base) = from_count(count)?;
    let mut unit = match count {
        0 => 1_000_000_000,
        count => base / i64::try_from(count).ok()?,
    };
    let mut ns = base;
    let fraction = text.get(point + 1..)?;
    if fraction.is_empty() || fraction.len() > 12 {
        return None;
    }
    for &byte in fraction {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        unit /= 10;
        ns = ns.checked_add(i64::from(digit) * unit)?;
    }
    Some(UnixNanos(ns))
}

/// Any of the forms: a count, a count with a fraction, RFC 3339 with a zone.
#[must_use]
pub fn from_text(text: &[u8]) -> Option<UnixNanos> {
    from_decimal(text).or_else(|| parse_instant(text))
}

/// A member that holds milliseconds; 0 when it is absent or `null`.
///
/// # Errors
/// [`Malformed`] when it holds something else.
#[inline]
pub fn optional_millis(slot: &Slot<'_>, field: &'static str) -> Result<UnixNanos, Malformed> {
    match optional_whole(slot, field)? {
        None => Ok(UnixNanos(0)),
        Some(count) => from_millis(count).ok_or_else(|| slot.malformed(field)),
    }
}

/// A member that holds text of any form; 0 when it is absent or `null`.
///
/// # Errors
/// [`Malformed`] when it holds something else.
pub fn optional_text(slot: &Slot<'_>, field: &'static str) -> Result<UnixNanos, Malformed> {
    match slot.text(field)? {
        None => Ok(UnixNanos(0)),
        Some(text) => from_text(&text).ok_or_else(|| slot.malformed(field)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_is_told_by_the_size() {
        let ns = Some(UnixNanos(1_633_998_512_000_000_000));
        for text in [
            "1633998512",
            "1633998512000",
            "1633998512000000",
            "1633998512000000000",
        ] {
            assert_eq!(from_text(text.as_bytes()), ns, "{text}");
        }
        assert_eq!(
            from_text(b"1633998512.0633569"),
            Some(UnixNanos(1_633_998_512_063_356_900))
        );
        assert_eq!(
            from_text(b"1633998512063.5"),
            Some(UnixNanos(1_633_998_512_063_500_000))
        );
        assert_eq!(
            from_text(b"2021-10-12T00:28:32.063Z"),
            Some(UnixNanos(1_633_998_512_063_000_000))
        );
        for text in [
            "",
            ".",
            "1.",
            "1618678133.3659131234567",
            "1.x",
            "-1",
            "1e9",
            "99999999999999999999",
        ] {
            assert_eq!(from_text(text.as_bytes()), None, "{text}");
        }
    }
}
