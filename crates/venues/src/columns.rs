//! Text in lines and columns: cut, and read as exact integers.

use core::fmt;

use crate::error::{DecodeError, Malformed};

/// Lines longer than this are no lines of a table.
const LONGEST: usize = 1 << 16;

/// A line that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadLine {
    /// Which line, counted from 1.
    pub line: u64,
    /// Where in the file, in bytes from its start, and what.
    pub malformed: Malformed,
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.malformed)
    }
}

/// Where the reading of a file stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// Lines that were read.
    pub lines: u64,
    /// Bytes that were read.
    pub bytes: u64,
}

impl Place {
    /// The error of the line that stands here.
    #[must_use]
    pub fn bad(self, malformed: Malformed) -> BadLine {
        BadLine {
            line: self.lines + 1,
            malformed: malformed.behind(self.bytes),
        }
    }

    /// Reads whole lines with `read`; returns the bytes used. What is left has to come again, in
    /// front of what follows it; `last` says that nothing follows.
    ///
    /// # Errors
    /// What `read` says, placed; `end of line` for a line that does not end.
    pub fn read_lines(
        &mut self,
        bytes: &[u8],
        last: bool,
        mut read: impl FnMut(&[u8]) -> Result<(), Malformed>,
    ) -> Result<usize, BadLine> {
        let mut at = 0;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            match self.read_line(rest, last, &mut read)? {
                0 => return Ok(at),
                used => at += used,
            }
        }
    }

    /// Reads one whole line with `read`, as [`Place::read_lines`] does; 0 where there is none.
    ///
    /// # Errors
    /// Those of [`Place::read_lines`].
    #[inline]
    pub fn read_line(
        &mut self,
        bytes: &[u8],
        last: bool,
        read: impl FnOnce(&[u8]) -> Result<(), Malformed>,
    ) -> Result<usize, BadLine> {
        let (line, used) = match find_newline(bytes) {
            Some(end) => (bytes.get(..end).unwrap_or_default(), end + 1),
            None if last && !bytes.is_empty() => (bytes, bytes.len()),
            None if bytes.len() > LONGEST => {
                return Err(self.bad(Malformed {
                    offset: LONGEST,
                    field: "end of line",
                }))
            }
            None => return Ok(0),
        };
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        read(line).map_err(|malformed| self.bad(malformed))?;
        self.lines += 1;
        self.bytes += used as u64;
        Ok(used)
    }
}

/// The place of the first newline, eight bytes at a time.
#[inline]
#[must_use]
pub fn find_newline(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let mut at = 0;
    // Blocks without one are passed over as a whole: no branch inside, so it is done in vectors.
    while let Some(block) = bytes.get(at..).and_then(|rest| rest.first_chunk::<32>()) {
        if block
            .iter()
            .fold(false, |found, byte| found | (*byte == b'\n'))
        {
            break;
        }
        at += 32;
    }
    while let Some(word) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let marked = u64::from_le_bytes(*word) ^ (ONES * b'\n' as u64);
        let found = marked.wrapping_sub(ONES) & !marked & HIGH;
        if found != 0 {
            return Some(at + (found.trailing_zeros() / 8) as usize);
        }
        at += 8;
    }
    let rest = bytes.get(at..)?;
    rest.iter().position(|byte| *byte == b'\n').map(|i| at + i)
}

/// The digits that bytes begin with, one to fifteen of them, in front of a comma: their value and
/// how many there are; `None` for anything else, also where fewer than eight bytes are left.
#[inline]
#[must_use]
pub(crate) fn few_digits(bytes: &[u8]) -> Option<(i64, usize)> {
    let (value, count) = leading_digits(bytes)?;
    if count < 8 {
        let closed = count > 0 && bytes.get(count) == Some(&b',');
        return closed.then_some((value, count));
    }
    let (rest, more) = leading_digits(bytes.get(8..)?)?;
    if more == 8 || bytes.get(8 + more) != Some(&b',') {
        return None;
    }
    const TENS: [i64; 8] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000];
    Some((value * TENS[more & 7] + rest, 8 + more))
}

/// The digits among the next eight bytes: their value and how many there are, up to eight; `None`
/// where fewer than eight bytes are left.
///
/// Eight bytes are looked at as one word: where the first is that is no digit, then the digits as
/// pairs, fours and eights (as in Lemire, "Quickly parsing eight digits", 2022).
#[inline]
#[must_use]
pub(crate) fn leading_digits(bytes: &[u8]) -> Option<(i64, usize)> {
    let word = u64::from_le_bytes(*bytes.first_chunk::<8>()?) ^ 0x3030_3030_3030_3030;
    // A carry only reaches bytes behind the first that is no digit.
    let beyond = (word | word.wrapping_add(0x0606_0606_0606_0606)) & 0xf0f0_f0f0_f0f0_f0f0;
    let count = (beyond.trailing_zeros() / 8) as usize;
    // Two steps, since none shifts by as many bits as there are.
    let digits = word << (32 - 4 * count) << (32 - 4 * count);
    let pairs = digits.wrapping_mul(2_561) >> 8 & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(6_553_601) >> 16 & 0x0000_ffff_0000_ffff;
    let all = fours.wrapping_mul(42_949_672_960_001) >> 32;
    Some((all as i64, count))
}

/// Reads the columns of one line from the left.
#[derive(Debug, Clone, Copy)]
pub struct Columns<'a> {
    line: &'a [u8],
    at: usize,
}

impl<'a> Columns<'a> {
    /// A line without its end.
    #[must_use]
    pub const fn new(line: &'a [u8]) -> Self {
        Self { line, at: 0 }
    }

    /// Where the next column starts.
    #[must_use]
    pub const fn at(&self) -> usize {
        self.at
    }

    /// Whether a column is left.
    #[inline]
    #[must_use]
    pub const fn more(&self) -> bool {
        self.at <= self.line.len() && !self.line.is_empty()
    }

    fn bad(&self, field: &'static str) -> Malformed {
        Malformed {
            offset: self.at.min(self.line.len()),
            field,
        }
    }

    /// The next column as text.
    ///
    /// # Errors
    /// `Malformed` with the field when there is none.
    #[inline]
    pub fn text(&mut self, field: &'static str) -> Result<&'a [u8], Malformed> {
        let rest = self.line.get(self.at..).ok_or_else(|| self.bad(field))?;
        let end = rest
            .iter()
            .position(|byte| *byte == b',')
            .unwrap_or(rest.len());
        self.at += end + 1;
        Ok(rest.get(..end).unwrap_or_default())
    }

    /// The next column as a whole number.
    ///
    /// # Errors
    /// `Malformed` with the field when it is none, or does not fit.
    #[inline]
    pub fn integer(&mut self, field: &'static str) -> Result<i64, Malformed> {
        let rest = self.line.get(self.at..).ok_or_else(|| self.bad(field))?;
        if let Some((value, count)) = few_digits(rest) {
            self.at += count + 1;
            return Ok(value);
        }
        let negative = rest.first() == Some(&b'-');
        let digits = rest.get(usize::from(negative)..).unwrap_or_default();
        let (mut value, mut count) = (0i64, 0usize);
        for &byte in digits {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                break;
            }
            value = value.wrapping_mul(10).wrapping_add(i64::from(digit));
            count += 1;
        }
        let end = usize::from(negative) + count;
        if count == 0 || count > 18 || !matches!(rest.get(end), None | Some(b',')) {
            return Err(self.bad(field));
        }
        self.at += end + 1;
        Ok(if negative { -value } else { value })
    }

    /// Says that nothing may follow.
    ///
    /// # Errors
    /// `Malformed`: `number of columns`.
    #[inline]
    pub fn finish(&self) -> Result<(), Malformed> {
        if self.at > self.line.len() {
            return Ok(());
        }
        Err(self.bad("number of columns"))
    }
}

/// A decimal number as a whole number of `10^-places`; `None` for what is none or is finer.
#[must_use]
pub fn parse_places(text: &[u8], places: u32) -> Option<i64> {
    let (value, scale) = parse_decimal(text)?;
    if scale <= places {
        return value.checked_mul(10i64.checked_pow(places - scale)?);
    }
    let divisor = 10i64.checked_pow(scale - places)?;
    (value % divisor == 0).then_some(value / divisor)
}

/// A decimal number as digits and their places behind the point, without trailing zeros there.
/// An exponent is read too, as some writers print small numbers so.
#[inline]
#[must_use]
pub fn parse_decimal(text: &[u8]) -> Option<(i64, u32)> {
    let negative = text.first() == Some(&b'-');
    let digits = text.get(usize::from(negative)..)?;
    let (mut value, mut seen, mut places, mut zeros) = (0i64, 0u32, 0u32, 0u32);
    let (mut behind, mut exponent) = (false, 0i32);
    for (at, &byte) in digits.iter().enumerate() {
        match byte {
            b'0' => {
                seen += 1;
                zeros += 1;
            }
            b'1'..=b'9' => {
                // Zeros count when a digit follows: those at the end cost no room.
                for _ in 0..zeros {
                    value = value.checked_mul(10)?;
                    places += u32::from(behind);
                }
                zeros = 0;
                value = value.checked_mul(10)?.checked_add(i64::from(byte - b'0'))?;
                seen += 1;
                places += u32::from(behind);
            }
            b'.' if !behind => {
                for _ in 0..zeros {
                    value = value.checked_mul(10)?;
                }
                zeros = 0;
                behind = true;
            }
            b'e' | b'E' if seen > 0 => {
                exponent = parse_exponent(digits.get(at + 1..)?)?;
                break;
            }
            _ => return None,
        }
    }
    if seen == 0 {
        return None;
    }
    if !behind {
        value = value.checked_mul(10i64.checked_pow(zeros)?)?;
    }
    let places = i32::try_from(places).ok()? - exponent;
    let value = if negative { -value } else { value };
    match u32::try_from(places) {
        Ok(places) if places <= 18 => Some((value, places)),
        Ok(_) if value == 0 => Some((0, 0)),
        Ok(_) => None,
        Err(_) => Some((
            value.checked_mul(10i64.checked_pow(places.unsigned_abs())?)?,
            0,
        )),
    }
}

fn parse_exponent(text: &[u8]) -> Option<i32> {
    let text = text.strip_prefix(b"+").unwrap_or(text);
    core::str::from_utf8(text)
        .ok()?
        .parse::<i16>()
        .ok()
        .map(i32::from)
}

impl From<BadLine> for DecodeError {
    fn from(bad: BadLine) -> Self {
        Self::Malformed(bad.malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn few_digits_are_those_that_are_read_one_by_one() {
        let one_by_one = |bytes: &[u8]| {
            let count = bytes
                .iter()
                .take_while(|byte| byte.is_ascii_digit())
                .count();
            let fits = (1..8).contains(&count) && bytes.get(count) == Some(&b',');
            let digits = bytes.iter().take(count);
            let value = digits.fold(0i64, |sum, byte| sum * 10 + i64::from(byte - b'0'));
            (fits && bytes.len() >= 8).then_some((value, count))
        };
        let mut state = 12u64;
        let mut found = 0;
        for _ in 0..200_000 {
            let mut bytes = [0u8; 9];
            for byte in &mut bytes {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                *byte = match state >> 60 {
                    0..=10 => b'0' + (state >> 40) as u8 % 10,
                    11..=13 => b',',
                    _ => (state >> 40) as u8,
                };
            }
            let length = 7 + (state >> 50) as usize % 3;
            let bytes = &bytes[..length];
            let read = few_digits(bytes);
            assert_eq!(read, one_by_one(bytes), "{bytes:?}");
            found += usize::from(read.is_some());
        }
        assert!(found > 10_000, "{found}");
    }

    #[test]
    fn decimals_are_exact_and_lose_their_trailing_zeros() {
        let read = |text: &str| parse_decimal(text.as_bytes());
        assert_eq!(read("236.47"), Some((23_647, 2)));
        assert_eq!(read("2.00000000"), Some((2, 0)));
        assert_eq!(read("0.010"), Some((1, 2)));
        assert_eq!(read("100"), Some((100, 0)));
        assert_eq!(read("100.5"), Some((1_005, 1)));
        assert_eq!(read("-0.5"), Some((-5, 1)));
        assert_eq!(read(".5"), Some((5, 1)));
        assert_eq!(read("1e-05"), Some((1, 5)));
        assert_eq!(read("1.5E3"), Some((1_500, 0)));
        assert_eq!(
            read("1.7885566900000001"),
            Some((17_885_566_900_000_001, 16))
        );
        for bad in [
            "",
            "-",
            ".",
            "1.2.3",
            "1,2",
            "x",
            "1e",
            "99999999999999999999",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert_eq!(parse_places(b"2.5", 8), Some(250_000_000));
        assert_eq!(parse_places(b"2.5", 0), None);
    }

    #[test]
    fn columns_are_counted() {
        let mut columns = Columns::new(b"12,-3,abc");
        assert_eq!(columns.integer("a"), Ok(12));
        assert_eq!(columns.integer("b"), Ok(-3));
        assert_eq!(
            columns.finish(),
            Err(Malformed {
                offset: 6,
                field: "number of columns"
            })
        );
        assert_eq!(columns.text("c"), Ok(&b"abc"[..]));
        assert_eq!(columns.finish(), Ok(()));
        assert_eq!(
            columns.integer("d"),
            Err(Malformed {
                offset: 9,
                field: "d"
            })
        );
        assert!(Columns::new(b"1x,2").integer("a").is_err());
        assert!(Columns::new(b"1234567890123456789").integer("a").is_err());
    }

    #[test]
    fn lines_come_in_any_pieces() {
        let text = b"a\r\nbb\nccc-and-some-more\n\nlast";
        for size in 1..text.len() {
            let (mut place, mut lines, mut kept) = (Place::default(), Vec::new(), Vec::new());
            for piece in text.chunks(size) {
                kept.extend_from_slice(piece);
                let used = place
                    .read_lines(&kept, false, |line| {
                        lines.push(line.to_vec());
                        Ok(())
                    })
                    .unwrap();
                kept.drain(..used);
            }
            place
                .read_lines(&kept, true, |line| {
                    lines.push(line.to_vec());
                    Ok(())
                })
                .unwrap();
            assert_eq!(
                lines,
                [&b"a"[..], b"bb", b"ccc-and-some-more", b"", b"last"]
            );
            assert_eq!(
                place,
                Place {
                    lines: 5,
                    bytes: text.len() as u64
                }
            );
        }
    }

    #[test]
    fn a_line_without_an_end_is_refused() {
        let zeros = alloc::vec![0u8; LONGEST + 1];
        let bad = Place::default()
            .read_lines(&zeros, false, |_| Ok(()))
            .unwrap_err();
        assert_eq!((bad.line, bad.malformed.field), (1, "end of line"));
    }
}
