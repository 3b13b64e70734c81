//! Dates: RFC 3339 text, Eastern time, and the sessions of the United States stock market.
//!
//! Sessions follow the exchange's published rules: ten holidays, three early closes at 13:00. Days
//! that were closed for other reasons (storms, mourning) are not known here.

use py_rt_types::UnixNanos;

const SECOND: i64 = 1_000_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

/// A day, counted from 1970-01-01.
pub(crate) type Day = i64;

/// The day of a date (proleptic Gregorian; Hinnant 2013, `days_from_civil`).
pub(crate) const fn day_of(year: i64, month: i64, day: i64) -> Day {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let year_of_era = y.rem_euclid(400);
    let month_shifted = (month + 9) % 12;
    let day_of_year = (153 * month_shifted + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Year, month and day of a day.
pub(crate) const fn date_of(day: Day) -> (i64, i64, i64) {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_shifted + 2) / 5 + 1;
    let month = if month_shifted < 10 {
        month_shifted + 3
    } else {
        month_shifted - 9
    };
    let year = year_of_era + era * 400 + (month <= 2) as i64;
    (year, month, day)
}

/// 0 for Monday to 6 for Sunday.
pub(crate) const fn weekday(day: Day) -> i64 {
    (day + 3).rem_euclid(7)
}

pub(crate) fn date_text(day: Day) -> String {
    let (year, month, day) = date_of(day);
    format!("{year:04}-{month:02}-{day:02}")
}

/// `YYYY-MM-DD`.
pub(crate) fn parse_date(text: &str) -> Option<Day> {
    let mut parts = text.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let found = day_of(year, month, day);
    (date_of(found) == (year, month, day)).then_some(found)
}

/// `2026-11-20T15:00:00.5Z`, as many decimals as it takes.
pub(crate) fn rfc3339(at: UnixNanos) -> String {
    format!("{}Z", local_text(at, 0))
}

/// Eastern time with its offset, as the clock of the trading API writes it.
pub(crate) fn eastern_text(at: UnixNanos) -> String {
    let offset = eastern_offset(at);
    format!("{}-{:02}:00", local_text(at, offset), -offset / HOUR)
}

fn local_text(at: UnixNanos, offset: i64) -> String {
    let local = at.plus(offset).0;
    let (day, rest) = (local.div_euclid(24 * HOUR), local.rem_euclid(24 * HOUR));
    let mut text = format!(
        "{}T{:02}:{:02}:{:02}",
        date_text(day),
        rest / HOUR,
        rest / MINUTE % 60,
        rest / SECOND % 60
    );
    let fraction = rest % SECOND;
    if fraction != 0 {
        let digits = format!("{fraction:09}");
        text.push('.');
        text.push_str(digits.trim_end_matches('0'));
    }
    text
}

/// A date (its first moment UTC) or RFC 3339 text with a zone.
pub(crate) fn parse_time(text: &str) -> Option<UnixNanos> {
    let Some((date, clock)) = text.split_once(['T', 't', ' ']) else {
        return parse_date(text).map(|day| UnixNanos(day * 24 * HOUR));
    };
    let (clock, offset) = split_zone(clock)?;
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let mut parts = clock.splitn(3, ':').map(|part| part.parse::<i64>().ok());
    let (hour, minute) = (parts.next()??, parts.next()??);
    let second = parts.next().unwrap_or(Some(0))?;
    if hour > 24 || minute > 59 || second > 60 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let nanos: i64 = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
    let local = parse_date(date)? * 24 * HOUR + hour * HOUR + minute * MINUTE + second * SECOND;
    Some(UnixNanos(local + nanos - offset))
}

fn split_zone(clock: &str) -> Option<(&str, i64)> {
    if let Some(clock) = clock.strip_suffix(['Z', 'z']) {
        return Some((clock, 0));
    }
    // A plus sign that was not escaped in a query arrives as a space.
    let at = clock.rfind(['+', '-', ' '])?;
    let sign = if clock.as_bytes()[at] == b'-' { -1 } else { 1 };
    let (hours, minutes) = clock[at + 1..].split_once(':')?;
    let offset = hours.parse::<i64>().ok()? * HOUR + minutes.parse::<i64>().ok()? * MINUTE;
    Some((&clock[..at], sign * offset))
}

/// Offset of New York: -4 h from the second Sunday of March to the first of November, else -5 h.
pub(crate) fn eastern_offset(at: UnixNanos) -> i64 {
    let (year, _, _) = date_of(at.day());
    let starts = nth_weekday(year, 3, 6, 2) * 24 * HOUR + 7 * HOUR;
    let ends = nth_weekday(year, 11, 6, 1) * 24 * HOUR + 6 * HOUR;
    if (starts..ends).contains(&at.0) {
        -4 * HOUR
    } else {
        -5 * HOUR
    }
}

/// The day in New York.
pub(crate) fn eastern_day(at: UnixNanos) -> Day {
    at.plus(eastern_offset(at)).day()
}

/// `YYYYMMDDHHMMSSmmm` in Eastern time: how the ids of account activities begin.
pub(crate) fn activity_stamp(at: UnixNanos) -> String {
    let local = at.plus(eastern_offset(at)).0;
    let (year, month, day) = date_of(local.div_euclid(24 * HOUR));
    let rest = local.rem_euclid(24 * HOUR);
    format!(
        "{year:04}{month:02}{day:02}{:02}{:02}{:02}{:03}",
        rest / HOUR,
        rest / MINUTE % 60,
        rest / SECOND % 60,
        rest / 1_000_000 % 1000
    )
}

const fn nth_weekday(year: i64, month: i64, wanted: i64, nth: i64) -> Day {
    let first = day_of(year, month, 1);
    first + (wanted - weekday(first)).rem_euclid(7) + 7 * (nth - 1)
}

/// Easter Sunday (anonymous Gregorian computus, Nature 1876).
const fn easter(year: i64) -> Day {
    let (a, b, c) = (year % 19, year / 100, year % 100);
    let g = (8 * b + 13) / 25;
    let h = (19 * a + b - b / 4 - g + 15) % 30;
    let l = (32 + 2 * (b % 4) + 2 * (c / 4) - h - c % 4) % 7;
    let m = (a + 11 * h + 19 * l) / 433;
    let month = (h + l - 7 * m + 90) / 25;
    let day = (h + l - 7 * m + 33 * month + 19) % 32;
    day_of(year, month, day)
}

/// A holiday on a weekend is kept on the Friday before or the Monday after.
const fn observed(day: Day) -> Day {
    match weekday(day) {
        5 => day - 1,
        6 => day + 1,
        _ => day,
    }
}

fn is_holiday(day: Day) -> bool {
    let (year, month, of_month) = date_of(day);
    let new_year = day_of(year, 1, 1);
    let kept = [
        if weekday(new_year) == 6 {
            new_year + 1
        } else {
            new_year
        },
        nth_weekday(year, 1, 0, 3),
        nth_weekday(year, 2, 0, 3),
        easter(year) - 2,
        nth_weekday(year, 9, 0, 1),
        nth_weekday(year, 11, 3, 4),
        observed(day_of(year, 7, 4)),
        observed(day_of(year, 12, 25)),
    ];
    let memorial_day = month == 5 && weekday(day) == 0 && of_month > 24;
    let juneteenth = year >= 2022 && day == observed(day_of(year, 6, 19));
    memorial_day || juneteenth || kept.contains(&day)
}

/// A session: its day, and when it opens and closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TradingDay {
    pub(crate) day: Day,
    pub(crate) open: UnixNanos,
    pub(crate) close: UnixNanos,
    pub(crate) early_close: bool,
}

/// The session of a day, if it has one.
pub(crate) fn trading_day(day: Day) -> Option<TradingDay> {
    if weekday(day) > 4 || is_holiday(day) {
        return None;
    }
    let (year, month, of_month) = date_of(day);
    let before_independence = month == 7 && of_month == 3 && weekday(day) < 4;
    let after_thanksgiving = day == nth_weekday(year, 11, 3, 4) + 1;
    let christmas_eve = month == 12 && of_month == 24;
    let early_close = before_independence || after_thanksgiving || christmas_eve;
    // The offset changes on Sundays only: noon tells it for the whole session.
    let midnight = day * 24 * HOUR - eastern_offset(UnixNanos(day * 24 * HOUR + 17 * HOUR));
    let closes = if early_close { 13 * HOUR } else { 16 * HOUR };
    Some(TradingDay {
        day,
        open: UnixNanos(midnight + 9 * HOUR + 30 * MINUTE),
        close: UnixNanos(midnight + closes),
        early_close,
    })
}

/// The first session from `day` on.
pub(crate) fn next_trading_day(day: Day) -> TradingDay {
    (day..).find_map(trading_day).unwrap_or(TradingDay {
        day,
        open: UnixNanos::MAX,
        close: UnixNanos::MAX,
        early_close: false,
    })
}

/// The session that closes next after `at`: the one in progress, or the one to come.
pub(crate) fn current_or_next(at: UnixNanos) -> TradingDay {
    let today = eastern_day(at);
    let first = next_trading_day(today);
    if at < first.close {
        first
    } else {
        next_trading_day(first.day + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> UnixNanos {
        parse_time(text).unwrap()
    }

    #[test]
    fn time_text_survives_a_round_trip() {
        for text in ["2026-11-20T15:00:00Z", "2024-02-29T23:59:59.123456789Z"] {
            assert_eq!(rfc3339(at(text)), text);
        }
        assert_eq!(at("2026-03-09T10:00:00-04:00"), at("2026-03-09T14:00:00Z"));
        assert_eq!(at("2026-11-20"), at("2026-11-20T00:00:00Z"));
        for text in [
            "",
            "2026-13-01",
            "2026-02-30",
            "2026-11-20T15:00:00",
            "x",
            "T",
        ] {
            assert_eq!(parse_time(text), None, "{text}");
        }
        assert_eq!(
            eastern_text(at("2026-11-20T15:00:00.123456789Z")),
            "2026-11-20T10:00:00.123456789-05:00"
        );
        assert_eq!(
            activity_stamp(at("2026-11-20T15:00:00.981482Z")),
            "20261120100000981"
        );
    }

    #[test]
    fn sessions_follow_daylight_saving_and_early_closes() {
        let cases = [
            ("2026-03-06", "2026-03-06T14:30:00Z", "2026-03-06T21:00:00Z"),
            ("2026-03-09", "2026-03-09T13:30:00Z", "2026-03-09T20:00:00Z"),
            ("2026-10-30", "2026-10-30T13:30:00Z", "2026-10-30T20:00:00Z"),
            ("2026-11-02", "2026-11-02T14:30:00Z", "2026-11-02T21:00:00Z"),
            ("2026-11-27", "2026-11-27T14:30:00Z", "2026-11-27T18:00:00Z"),
            ("2026-12-24", "2026-12-24T14:30:00Z", "2026-12-24T18:00:00Z"),
        ];
        for (day, open, close) in cases {
            let found = trading_day(parse_date(day).unwrap()).unwrap();
            assert_eq!((found.open, found.close), (at(open), at(close)), "{day}");
        }
    }

    #[test]
    fn the_published_holidays_are_closed() {
        let closed = [
            "2026-01-01 2026-01-19 2026-02-16 2026-04-03 2026-05-25 2026-06-19 2026-07-03",
            "2026-09-07 2026-11-26 2026-12-25 2027-01-01 2027-01-18 2027-02-15 2027-03-26",
            "2027-05-31 2027-06-18 2027-07-05 2027-09-06 2027-11-25 2027-12-24 2026-11-21",
        ];
        for day in closed.iter().flat_map(|line| line.split(' ')) {
            assert_eq!(trading_day(parse_date(day).unwrap()), None, "{day}");
        }
        let days = |year| (day_of(year, 1, 1)..day_of(year + 1, 1, 1)).filter_map(trading_day);
        assert_eq!((days(2026).count(), days(2027).count()), (251, 251));
    }
}
