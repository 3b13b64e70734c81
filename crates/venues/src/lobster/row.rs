//! A row of the book file, read against the row before it.
//!
//! Idea: from row to row little of the text changes. Columns in front of the first byte that
//! differs keep their values, and so do those behind the last one once the columns are in step
//! again. Costs: a comparison of both lines, eight bytes at a time, and the columns between.

use alloc::vec::Vec;

use crate::columns::few_digits;
use crate::error::Malformed;

const DUMMY: i64 = 9_999_999_999;
const NAMES: [&str; 4] = ["ask price", "ask size", "bid price", "bid size"];

/// The best levels of both sides as the file shows them.
#[derive(Debug, Clone, Default)]
pub struct BookRow {
    line: Vec<u8>,
    values: Vec<i64>,
    /// Where each column of the line ends.
    ends: Vec<usize>,
    /// Whether the line changed the bids, or the asks.
    touched: [bool; 2],
    /// Price as a key (greater is better) and quantity, of bids and asks, best first.
    sides: [Vec<(i64, i64)>; 2],
}

impl BookRow {
    /// Levels a side; 0 before the first line.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.values.len() / 4
    }

    /// Levels of the bids (0) or asks (1), best first.
    #[inline]
    #[must_use]
    pub fn side(&self, at: usize) -> &[(i64, i64)] {
        &self.sides[at]
    }

    /// Whether a side shows as many levels as the file can.
    #[inline]
    #[must_use]
    pub fn is_full(&self, at: usize) -> bool {
        self.sides[at].len() == self.depth()
    }

    /// Reads the next line.
    ///
    /// # Errors
    /// [`Malformed`] with the column; nothing may be read after it.
    #[inline]
    pub fn read(&mut self, line: &[u8]) -> Result<(), Malformed> {
        if self.values.is_empty() {
            let width = line.iter().filter(|byte| **byte == b',').count() + 1;
            if width % 4 != 0 {
                return Err(Malformed {
                    offset: line.len(),
                    field: "number of columns",
                });
            }
            self.values = alloc::vec![0; width];
        }
        self.touched = [self.line.is_empty(); 2];
        if self.line == line {
            return Ok(());
        }
        self.read_columns(line)?;
        self.line.clear();
        self.line.extend_from_slice(line);
        self.arrange()
    }

    fn read_columns(&mut self, line: &[u8]) -> Result<(), Malformed> {
        let same = same_start(&self.line, line);
        let behind = same_end(&self.line, line);
        let first = self.ends.partition_point(|end| *end < same);
        let before = first
            .checked_sub(1)
            .and_then(|before| self.ends.get(before));
        let mut at = before.map_or(0, |end| end + 1);
        let mut old_at = at;
        let width = self.values.len();
        for column in first..width {
            let left = line.len() - at.min(line.len());
            if left <= behind && left == self.line.len().saturating_sub(old_at) {
                if at != old_at {
                    let rest = self.ends.iter_mut().skip(column);
                    rest.for_each(|end| *end = *end + at - old_at);
                }
                return Ok(());
            }
            let bad = Malformed {
                offset: at,
                field: NAMES[column % 4],
            };
            let (value, end) = integer(line, at).ok_or(bad)?;
            if (end == line.len()) != (column + 1 == width) {
                return Err(Malformed {
                    offset: end,
                    field: "number of columns",
                });
            }
            if self.values[column] != value {
                self.values[column] = value;
                self.touched[usize::from(column % 4 < 2)] = true;
            }
            match self.ends.get_mut(column) {
                Some(known) => old_at = core::mem::replace(known, end) + 1,
                None => {
                    self.ends.push(end);
                    old_at = 0;
                }
            }
            at = end + 1;
        }
        Ok(())
    }

    /// Puts the values into levels, and checks that they are levels of a book.
    fn arrange(&mut self) -> Result<(), Malformed> {
        let [bids, asks] = &mut self.sides;
        let [bids_touched, asks_touched] = self.touched;
        if bids_touched {
            bids.clear();
        }
        if asks_touched {
            asks.clear();
        }
        let (mut best_bid, mut best_ask) = (i64::MAX, i64::MAX);
        for (level, cells) in self.values.chunks_exact(4).enumerate() {
            let &[ask, ask_qty, bid, bid_qty] = cells else {
                continue;
            };
            let place = |column: usize| {
                let before = (level * 4 + column).checked_sub(1);
                let offset = before
                    .and_then(|at| self.ends.get(at))
                    .map_or(0, |end| end + 1);
                Malformed {
                    offset,
                    field: NAMES[column],
                }
            };
            if asks_touched && (ask_qty != 0 || ask.abs() != DUMMY) {
                if ask_qty <= 0 {
                    return Err(place(1));
                }
                if ask <= 0 || -ask >= best_ask {
                    return Err(place(0));
                }
                best_ask = -ask;
                asks.push((-ask, ask_qty));
            }
            if bids_touched && (bid_qty != 0 || bid.abs() != DUMMY) {
                if bid_qty <= 0 {
                    return Err(place(3));
                }
                if bid <= 0 || bid >= best_bid {
                    return Err(place(2));
                }
                best_bid = bid;
                bids.push((bid, bid_qty));
            }
        }
        Ok(())
    }
}

/// A whole number that starts at `at` and ends before a comma or at the end of the line.
#[inline]
fn integer(line: &[u8], at: usize) -> Option<(i64, usize)> {
    let rest = line.get(at..)?;
    if let Some((value, count)) = few_digits(rest) {
        return Some((value, at + count));
    }
    let negative = rest.first() == Some(&b'-');
    let from = usize::from(negative);
    let (mut value, mut end) = (0i64, from);
    while let Some(digit) = rest.get(end).map(|byte| byte.wrapping_sub(b'0')) {
        if digit > 9 {
            break;
        }
        value = value.wrapping_mul(10).wrapping_add(i64::from(digit));
        end += 1;
    }
    let closed = matches!(rest.get(end), None | Some(b','));
    let fits = end > from && end - from <= 18 && closed;
    fits.then_some((if negative { -value } else { value }, at + end))
}

/// How many bytes both start with.
#[inline]
fn same_start(one: &[u8], other: &[u8]) -> usize {
    let most = one.len().min(other.len());
    let mut at = 0;
    while let (Some(a), Some(b)) = (block(one, at), block(other, at)) {
        if a != b {
            break;
        }
        at += BLOCK;
    }
    while let (Some(a), Some(b)) = (word(one, at), word(other, at)) {
        let differing = a ^ b;
        if differing != 0 {
            return at + (differing.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let rest = one.iter().zip(other).skip(at);
    at + rest.take(most - at).take_while(|(a, b)| a == b).count()
}

/// How many bytes both end with.
#[inline]
fn same_end(one: &[u8], other: &[u8]) -> usize {
    let most = one.len().min(other.len());
    let mut count = 0;
    while count + BLOCK <= most {
        let end = count + BLOCK;
        if block(one, one.len() - end) != block(other, other.len() - end) {
            break;
        }
        count = end;
    }
    while count + 8 <= most {
        let words = (
            word(one, one.len() - count - 8),
            word(other, other.len() - count - 8),
        );
        let (Some(a), Some(b)) = words else {
            break;
        };
        let differing = a ^ b;
        if differing != 0 {
            return count + (differing.leading_zeros() / 8) as usize;
        }
        count += 8;
    }
    let pairs = one.iter().rev().zip(other.iter().rev()).skip(count);
    count + pairs.take_while(|(a, b)| a == b).count()
}

/// Bytes that are compared at once.
const BLOCK: usize = 32;

#[inline]
fn block(bytes: &[u8], at: usize) -> Option<&[u8; BLOCK]> {
    bytes.get(at..)?.first_chunk()
}

#[inline]
fn word(bytes: &[u8], at: usize) -> Option<u64> {
    let word = bytes.get(at..)?.first_chunk::<8>()?;
    Some(u64::from_le_bytes(*word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;

    /// Random rows, each read against the one before and afresh.
    #[test]
    fn a_row_read_against_the_one_before_is_the_row_read_afresh() {
        let mut state = 11u64;
        let mut dice = |most: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) % most
        };
        let mut levels: [[(u64, u64); 3]; 2] = [[(0, 0); 3]; 2];
        let mut running = BookRow::default();
        for step in 0..20_000 {
            let (side, level) = (dice(2) as usize, dice(3) as usize);
            levels[side][level] = match dice(6) {
                0 => (0, 0),
                1 => (dice(9) * 10u64.pow(dice(6) as u32) + 1, 1 + dice(2_000)),
                _ => (levels[side][level].0.max(1), 1 + dice(120)),
            };
            let mut line = String::new();
            #[allow(clippy::needless_range_loop, reason = "two sides, one place")]
            for at in 0..3 {
                for (side, base) in [(0usize, 5_000_000u64), (1, 4_000_000)] {
                    let (away, qty) = levels[side][at];
                    let rank = 1_000_001 * at as u64;
                    let price = if side == 0 {
                        base + rank + away
                    } else {
                        base - rank - away
                    };
                    let cell = match (qty, side) {
                        (0, 0) => alloc::format!("{DUMMY},0"),
                        (0, _) => alloc::format!("-{DUMMY},0"),
                        _ => alloc::format!("{price},{qty}"),
                    };
                    line.push_str(&cell);
                    line.push(',');
                }
            }
            line.pop();
            let mut fresh = BookRow::default();
            assert_eq!(
                running.read(line.as_bytes()),
                fresh.read(line.as_bytes()),
                "step {step}"
            );
            assert_eq!(running.values, fresh.values, "step {step} {line}");
            assert_eq!(running.ends, fresh.ends, "step {step} {line}");
            assert_eq!(running.sides, fresh.sides, "step {step} {line}");
        }
    }

    #[test]
    fn a_later_line_of_another_width_is_refused() {
        let good = b"5,1,4,1,6,1,3,1";
        for bad in [
            &b"5,1,4,1"[..],
            b"5,1,4,1,6,1,3,1,7",
            b"5,1,4,1,6,1,3",
            b"",
            b"5,1,4,1,6,1,3,1,",
        ] {
            let mut row = BookRow::default();
            row.read(good).unwrap();
            assert!(row.read(bad).is_err(), "{}", String::from_utf8_lossy(bad));
        }
    }
}
