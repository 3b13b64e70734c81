//! RFC 3339 text to nanoseconds and back, without a calendar library.
//!
//! Source: RFC 3339 §5.6; days from civil dates after H. Hinnant, "chrono-compatible low-level
//! date algorithms" (2013).

use alloc::vec::Vec;

use py_rt_types::UnixNanos;

const SECOND_NS: i64 = 1_000_000_000;

/// The instant of text such as `2026-11-20T10:00:00.123456789-05:00`.
///
/// `None` for anything that is no RFC 3339 instant, has more than nine decimals, or lies outside
/// the range of [`UnixNanos`]. A leap second counts as the first second of the next minute.
#[must_use]
pub fn parse_instant(text: &[u8]) -> Option<UnixNanos> {
    let (date_time, rest) = text.split_at_checked(19)?;
    let (date, time) = date_time.split_at_checked(10)?;
    let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1] = date else {
        return None;
    };
    let [b'T' | b't' | b' ', h0, h1, b':', n0, n1, b':', s0, s1] = time else {
        return None;
    };
    let (century, year) = (two(*y0, *y1)?, two(*y2, *y3)?);
    let (year, month, day) = (century * 100 + year, two(*m0, *m1)?, two(*d0, *d1)?);
    let (hour, minute, second) = (two(*h0, *h1)?, two(*n0, *n1)?, two(*s0, *s1)?);
    let valid = (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day);
    if !valid || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let (fraction_ns, zone) = fraction(rest)?;
    let offset_s = zone_offset(zone)?;
    let seconds = days_from_civil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
    (seconds - offset_s)
        .checked_mul(SECOND_NS)?
        .checked_add(fraction_ns)
        .map(UnixNanos)
}

/// Appends an instant as `2026-11-20T15:00:00.123456789Z`.
pub fn encode_instant(instant: UnixNanos, out: &mut Vec<u8>) {
    let (day, ns) = (instant.day(), instant.0.rem_euclid(UnixNanos::DAY_NS));
    let (year, month, date) = civil_from_days(day);
    let seconds = ns / SECOND_NS;
    push_digits(out, year, 4, b'-');
    push_digits(out, month, 2, b'-');
    push_digits(out, date, 2, b'T');
    push_digits(out, seconds / 3600, 2, b':');
    push_digits(out, seconds / 60 % 60, 2, b':');
    push_digits(out, seconds % 60, 2, b'.');
    push_digits(out, ns % SECOND_NS, 9, b'Z');
}

fn push_digits(out: &mut Vec<u8>, value: i64, width: u32, end: u8) {
    for place in (0..width).rev() {
        out.push(b'0' + (value / 10i64.pow(place) % 10) as u8);
    }
    out.push(end);
}

#[inline]
const fn two(tens: u8, ones: u8) -> Option<i64> {
    if tens.is_ascii_digit() && ones.is_ascii_digit() {
        Some((tens - b'0') as i64 * 10 + (ones - b'0') as i64)
    } else {
        None
    }
}

/// Nanoseconds of an optional fraction, and the text of the zone behind it.
#[inline]
fn fraction(rest: &[u8]) -> Option<(i64, &[u8])> {
    let [b'.', digits @ ..] = rest else {
        return Some((0, rest));
    };
    let count = digits.iter().take_while(|b| b.is_ascii_digit()).count();
    if count == 0 || count > 9 {
        return None;
    }
    let (digits, zone) = digits.split_at(count);
    let value = digits
        .iter()
        .fold(0, |value, &digit| value * 10 + i64::from(digit - b'0'));
    Some((value * 10i64.pow(9 - count as u32), zone))
}

/// Seconds east of UTC.
#[inline]
fn zone_offset(zone: &[u8]) -> Option<i64> {
    match zone {
        [b'Z' | b'z'] => Some(0),
        [sign @ (b'+' | b'-'), h0, h1, b':', m0, m1] => {
            let (hours, minutes) = (two(*h0, *h1)?, two(*m0, *m1)?);
            let seconds = hours * 3600 + minutes * 60;
            let valid = hours <= 23 && minutes <= 59;
            valid.then_some(if *sign == b'-' { -seconds } else { seconds })
        }
        _ => None,
    }
}

const fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[inline]
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

const fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use alloc::string::String;

    #[test]
    fn instants_are_read_with_offset_and_fraction() {
        let cases = [
            ("1970-01-01T00:00:00Z", 0),
            ("2026-11-20T15:00:00Z", 1_795_186_800_000_000_000),
            (
                "2026-11-20T10:00:00.123456789-05:00",
                1_795_186_800_123_456_789,
            ),
            ("2026-11-20T15:00:00.5z", 1_795_186_800_500_000_000),
            ("2024-02-29T23:59:60Z", 1_709_251_200_000_000_000),
            ("1969-12-31T23:59:59.999999999Z", -1),
            ("2026-11-20 20:30:00+05:30", 1_795_186_800_000_000_000),
        ];
        for (text, expected) in cases {
            assert_eq!(
                parse_instant(text.as_bytes()),
                Some(UnixNanos(expected)),
                "{text}"
            );
        }
    }

    #[test]
    fn text_that_is_no_instant_is_refused() {
        for text in [
            "",
            "2026-11-20",
            "2026-11-20T15:00:00",
            "2026-13-01T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-11-20T24:00:00Z",
            "2026-11-20T15:60:00Z",
            "2026-11-20T15:00:61Z",
            "2026-11-20T15:00:00.Z",
            "2026-11-20T15:00:00.1234567890Z",
            "2026-11-20T15:00:00+5:00",
            "9999-01-01T00:00:00Z",
            "0001-01-01T00:00:00Z",
            "2026-11-20T15:00:00ZZ",
            "1795186800",
        ] {
            assert_eq!(parse_instant(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn every_day_survives_a_round_trip() {
        for day in (-100_000..100_000).step_by(17) {
            let instant = UnixNanos(day * UnixNanos::DAY_NS + 86_399_999_999_999);
            let mut out = Vec::new();
            encode_instant(instant, &mut out);
            assert_eq!(
                parse_instant(&out),
                Some(instant),
                "{}",
                String::from_utf8(out).unwrap()
            );
        }
    }
}
