//! Decimal text to whole units of a power of ten, exactly.

use py_rt_types::{Decimal, TypeError};

/// The decimals of a number that came in exponent form: they say nothing about its precision.
pub const NO_DECIMALS: u8 = u8::MAX;

/// Powers of ten that fit.
pub(crate) static POWERS: [i64; 19] = {
    let mut powers = [1; 19];
    let mut at = 1;
    while at < 19 {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};

/// A number in units, and how many decimals its text had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Units {
    /// How many units.
    pub count: i64,
    /// Decimals of the text as it was sent, or [`NO_DECIMALS`].
    pub decimals: u8,
}

/// Units of `10^-scale` of plain decimal text; `None` when the slow way has to say.
///
/// Digits behind the scale must be zeros, so no division is needed. At most 18 digits.
#[inline]
pub(crate) fn plain_units(text: &[u8], scale: u32) -> Option<Units> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let mut count: u64 = 0;
    let mut at = 0;
    while let Some(digit) = digit(digits, at) {
        count = count.wrapping_mul(10).wrapping_add(digit);
        at += 1;
    }
    let whole = at;
    if whole == 0 || whole + scale as usize > 18 {
        return None;
    }
    let mut missing = scale;
    let mut decimals = 0;
    if at < digits.len() {
        if digits.get(at) != Some(&b'.') {
            return None;
        }
        at += 1;
        let start = at;
        while missing > 0 {
            let Some(digit) = digit(digits, at) else {
                break;
            };
            count = count.wrapping_mul(10).wrapping_add(digit);
            at += 1;
            missing -= 1;
        }
        let rest = digits.get(at..)?;
        if !rest.iter().all(|&byte| byte == b'0') {
            return None;
        }
        decimals = digits.len() - start;
        if decimals == 0 || decimals > 100 {
            return None;
        }
    }
    let count = (count as i64).checked_mul(*POWERS.get(missing as usize)?)?;
    Some(Units {
        count: if negative { -count } else { count },
        decimals: decimals as u8,
    })
}

const ZEROS: u64 = 0x3030_3030_3030_3030;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// The next eight bytes; zeros where there are fewer.
#[inline]
fn chunk(rest: &[u8]) -> [u8; 8] {
    if let Some(chunk) = rest.first_chunk::<8>() {
        return *chunk;
    }
    let mut padded = [0; 8];
    for (to, from) in padded.iter_mut().zip(rest) {
        *to = *from;
    }
    padded
}

/// How many of eight bytes, from the first on, are digits, and their values.
#[inline]
const fn leading_digits(chunk: [u8; 8]) -> (u32, u64) {
    let values = u64::from_le_bytes(chunk) ^ ZEROS;
    let others = (values.wrapping_add(0x7676_7676_7676_7676) | values) & HIGHS;
    (others.trailing_zeros() / 8, values)
}

/// The number that the first `count` values of eight make.
///
/// Neighbours are joined to pairs, pairs to fours, fours to eight: three multiplications.
#[inline]
const fn join(values: u64, count: u32) -> u64 {
    if count == 0 {
        return 0;
    }
    let right = values << (64 - 8 * count);
    let pairs = (right.wrapping_mul(10) + (right >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul(100) + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    (fours.wrapping_mul(10_000) + (fours >> 32)) & 0xffff_ffff
}

/// A decimal in front of `rest`, at most 7 digits before the point and 8 behind it, and how many
/// bytes it took; `None` when the slow way has to say.
#[inline]
pub(crate) fn short_units(rest: &[u8], scale: u32) -> Option<(Units, usize)> {
    let (whole, values) = leading_digits(chunk(rest));
    if whole == 0 || whole > 7 || scale > 8 {
        return None;
    }
    let count = join(values, whole);
    let unit = *POWERS.get(scale as usize)? as u64;
    let point = whole as usize;
    if rest.get(point) != Some(&b'.') {
        let count = (count * unit) as i64;
        return Some((Units { count, decimals: 0 }, point));
    }
    let (behind, values) = leading_digits(chunk(rest.get(point + 1..)?));
    let kept = if behind < scale { behind } else { scale };
    let mask = if behind == 8 {
        u64::MAX
    } else {
        (1 << (8 * behind)) - 1
    };
    let dropped = match kept {
        8 => 0,
        kept => (values & mask) >> (8 * kept),
    };
    let end = point + 1 + behind as usize;
    let more = rest.get(end).is_some_and(u8::is_ascii_digit);
    if behind == 0 || dropped != 0 || more {
        return None;
    }
    let missing = *POWERS.get((scale - kept) as usize)? as u64;
    let count = (count * unit + join(values, kept) * missing) as i64;
    let decimals = behind as u8;
    Some((Units { count, decimals }, end))
}

/// A whole number of at most 16 digits in front of `rest`, and how many bytes it took.
#[inline]
pub(crate) fn short_whole(rest: &[u8]) -> Option<(u64, usize)> {
    let (first, values) = leading_digits(chunk(rest));
    if first == 0 || (first > 1 && rest.first() == Some(&b'0')) {
        return None;
    }
    let high = join(values, first);
    if first < 8 {
        return Some((high, first as usize));
    }
    let (second, values) = leading_digits(chunk(rest.get(8..)?));
    if second == 8 {
        return None;
    }
    let unit = *POWERS.get(second as usize)? as u64;
    Some((high * unit + join(values, second), 8 + second as usize))
}

#[inline]
fn digit(text: &[u8], at: usize) -> Option<u64> {
    let value = text.get(at)?.wrapping_sub(b'0');
    (value < 10).then_some(u64::from(value))
}

/// The exact value of any decimal text, and how many decimals it was written with.
///
/// # Errors
/// [`TypeError::NotDecimal`] and [`TypeError::Overflow`] as [`Decimal::parse`] has them. Trailing
/// zeros never overflow.
pub(crate) fn exact(text: &[u8]) -> Result<(Decimal, u8), TypeError> {
    let text = core::str::from_utf8(text).map_err(|_| TypeError::NotDecimal)?;
    if text.starts_with('+') {
        return Err(TypeError::NotDecimal);
    }
    if text.bytes().any(|byte| matches!(byte, b'e' | b'E')) {
        return Ok((Decimal::parse(text)?, NO_DECIMALS));
    }
    let decimals = text.find('.').map_or(0, |point| text.len() - point - 1);
    let short = match decimals {
        0 => text,
        _ => text.trim_end_matches('0'),
    };
    let value = Decimal::parse(short)?;
    Ok((value, u8::try_from(decimals).unwrap_or(NO_DECIMALS)))
}

/// Whole units of `10^-scale` of a value; `None` when it lies between two of them.
///
/// # Errors
/// [`TypeError::Overflow`] when the count does not fit 64 bits.
pub(crate) fn units_at(value: Decimal, scale: u32) -> Result<Option<i64>, TypeError> {
    if value.scale() > scale {
        return Ok(None);
    }
    let factor = 10i128
        .checked_pow(scale - value.scale())
        .ok_or(TypeError::Overflow)?;
    let count = value
        .mantissa()
        .checked_mul(factor)
        .ok_or(TypeError::Overflow)?;
    i64::try_from(count)
        .map(Some)
        .map_err(|_| TypeError::Overflow)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) mod tests {
    use super::*;

    /// Numbers, and what is none, for the fast ways of reading them.
    pub(crate) const TEXTS: [&str; 31] = [
        "0",
        "-0",
        "0.00",
        "190.01",
        "190.010",
        "190.015",
        "-3.25",
        "75",
        "1e2",
        "1.5E-3",
        "123456789012345678",
        "1234567890123456789",
        "0.000000001",
        ".5",
        "5.",
        "+1",
        "",
        "-",
        ".",
        "1.2.3",
        "NaN",
        "9999999999999999.99",
        "0.1234567890123456789",
        "100000000000",
        "0.10000000",
        "61837.63000000",
        "00.5",
        "1 ",
        "1,5",
        "\u{661}",
        "1.0000000000000000000000000000",
    ];

    #[test]
    fn the_fast_way_says_what_the_slow_way_says_or_nothing() {
        for text in TEXTS {
            let slow = exact(text.as_bytes());
            for scale in 0..=18 {
                if let Some(fast) = plain_units(text.as_bytes(), scale) {
                    let (value, decimals) = slow.unwrap();
                    assert_eq!(
                        units_at(value, scale),
                        Ok(Some(fast.count)),
                        "{text} {scale}"
                    );
                    assert_eq!(decimals, fast.decimals, "{text} {scale}");
                }
            }
        }
        for (text, scale, count) in [("61837.63000000", 2, 6_183_763), ("5", 8, 500_000_000)] {
            assert_eq!(plain_units(text.as_bytes(), scale).unwrap().count, count);
        }
    }

    #[test]
    fn short_numbers_say_what_the_slow_way_says_or_nothing() {
        let wholes = ["0", "7", "61837", "1234567", "12345678", "00", "9999999"];
        let fractions = [
            "",
            ".",
            ".6",
            ".64000000",
            ".00000001",
            ".640000000",
            ".12345678",
        ];
        for whole in wholes {
            for fraction in fractions {
                let text = alloc::format!("{whole}{fraction}");
                for tail in ["\"],[\"1234567890", "\",\"99999999", "\"", ""] {
                    let bytes = alloc::format!("{text}{tail}");
                    for scale in 0..=10 {
                        let Some((units, used)) = short_units(bytes.as_bytes(), scale) else {
                            continue;
                        };
                        let slow = plain_units(text.as_bytes(), scale);
                        assert_eq!((Some(units), used), (slow, text.len()), "{bytes} {scale}");
                    }
                }
            }
        }
    }

    #[test]
    fn short_whole_numbers() {
        for number in [0u64, 5, 12_345_678, 1_723_161_255_322, 99_999_999_999_999] {
            let text = alloc::format!("{number},\"s\":\"BTCUSDT\"");
            let length = alloc::format!("{number}").len();
            assert_eq!(short_whole(text.as_bytes()), Some((number, length)));
        }
        assert_eq!(short_whole(b"01,\"s\":\"BTCUSDT\""), None);
        assert_eq!(short_whole(b"-1,\"s\":\"BTCUSDT\""), None);
        assert_eq!(short_whole(b"12345678901234567,        "), None);
    }

    #[test]
    fn trailing_zeros_never_overflow() {
        let text = b"9876543210123.00000000000000000000000000000000000";
        assert_eq!(exact(text).unwrap().0.mantissa(), 9_876_543_210_123);
    }
}
