//! Decimal text to whole units of a power of ten, exactly.

use py_rt_types::{Decimal, TypeError};

/// The decimals of a number that came in exponent form: they say nothing about its precision.
pub const NO_DECIMALS: u8 = u8::MAX;

/// Powers of ten that fit.
pub(crate) const POWERS: [i64; 19] = {
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
mod tests {
    use super::*;

    #[test]
    fn the_fast_way_says_what_the_slow_way_says_or_nothing() {
        let texts = [
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
            "0.10000000",
            "61837.63000000",
            "00.5",
            "1 ",
            "1,5",
            "\u{661}",
            "1.0000000000000000000000000000",
        ];
        for text in texts {
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
    fn trailing_zeros_never_overflow() {
        let text = b"9876543210123.00000000000000000000000000000000000";
        assert_eq!(exact(text).unwrap().0.mantissa(), 9_876_543_210_123);
    }
}
