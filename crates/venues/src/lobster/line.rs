//! The line that the book file should show next, as text.
//!
//! Idea: from line to line a message changes one level. So the text that must follow is known
//! beforehand: that of the line before up to the changed level, and from there on the cells of the
//! levels. Where the file has these bytes, it shows the same book, and no number is read. What
//! differs, or cannot be written so, is read column by column instead.
//! Costs: a comparison of bytes up to the changed level, a word of sixteen bytes a cell behind it.

use alloc::vec;
use alloc::vec::Vec;

use super::ledger::Level;

/// Bytes that a cell may have, its last comma included.
const WIDTH: usize = 16;
/// The levels that a side does not have.
const NO_ASK: Cell = Cell::written(b"9999999999,0,");
const NO_BID: Cell = Cell::written(b"-9999999999,0,");

/// Words that begin with so many bytes of ones.
const MASKS: [u128; WIDTH + 1] = {
    let mut masks = [0; WIDTH + 1];
    let mut len = 1;
    while len <= WIDTH {
        masks[len] = !0 >> (8 * (WIDTH - len));
        len += 1;
    }
    masks
};

/// Price and quantity of a level as the file writes them, each with a comma behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// The first byte is the lowest; what lies behind `len` is of no account.
    text: u128,
    /// 0 for what needs more room.
    len: u8,
    /// How much of it is the price and its comma.
    head: u8,
}

impl Cell {
    const fn written(text: &[u8]) -> Self {
        let mut cell = Self {
            text: 0,
            len: text.len() as u8,
            head: text.len() as u8 - 2,
        };
        let mut at = 0;
        while at < text.len() {
            cell.text |= (text[at] as u128) << (8 * at);
            at += 1;
        }
        cell
    }

    /// A level with a price in 1e-4, and how much there is.
    #[inline]
    #[must_use]
    pub fn new(price: i64, qty: i64) -> Self {
        let mut cell = Self {
            text: 0,
            len: 0,
            head: 0,
        };
        cell.append(price);
        cell.head = cell.len;
        cell.with_qty(qty)
    }

    /// The same price with another quantity.
    #[inline]
    #[must_use]
    pub fn with_qty(mut self, qty: i64) -> Self {
        self.len = self.head;
        if self.head != 0 {
            self.append(qty);
        }
        self
    }

    /// Appends a number and a comma.
    #[inline]
    fn append(&mut self, value: i64) {
        let (digits, count) = if (0..100_000_000).contains(&value) {
            let (digits, count) = eight_digits(value as u64);
            (u128::from(digits), count)
        } else {
            many_digits(value)
        };
        let (len, end) = (usize::from(self.len), usize::from(self.len) + count);
        if end >= WIDTH {
            self.len = 0;
            return;
        }
        let number = digits | u128::from(b',') << (8 * count);
        self.text = self.text & MASKS[len] | number << (8 * len);
        self.len = end as u8 + 1;
    }

    #[inline]
    fn mask(&self) -> u128 {
        MASKS[usize::from(self.len).min(WIDTH)]
    }
}

/// A number below 10^8 as text, the first digit lowest, and how many digits it has: fours, pairs
/// and digits side by side in one word (the reverse of Lemire's, see [`crate::columns`]).
#[inline]
const fn eight_digits(value: u64) -> (u64, usize) {
    let fours = (value / 10_000) | ((value % 10_000) << 32);
    let hundreds = (fours * 10_486) >> 20 & 0x0000_007f_0000_007f;
    let pairs = hundreds | (fours - 100 * hundreds) << 16;
    let tens = (pairs * 103) >> 10 & 0x000f_000f_000f_000f;
    let digits = tens | (pairs - 10 * tens) << 8;
    // The last digit counts also where it is 0.
    let leading = (digits | 1 << 56).trailing_zeros() & !7;
    let text = (digits | 0x3030_3030_3030_3030) >> leading;
    (text, 8 - (leading / 8) as usize)
}

/// The same for any number; more digits than a cell has room for, where it has too many or a sign.
#[cold]
fn many_digits(value: i64) -> (u128, usize) {
    let (mut rest, mut digits, mut count) = (value, 0u128, 0);
    if value < 0 {
        return (0, WIDTH);
    }
    while count == 0 || rest > 0 && count < WIDTH {
        digits = digits << 8 | u128::from(b'0' + (rest % 10) as u8);
        rest /= 10;
        count += 1;
    }
    (digits, count)
}

/// What a message does to the levels of a side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shift {
    /// A level has another quantity.
    None,
    /// A level comes in front of the one that has this rank now.
    In,
    /// A level goes.
    Out,
}

/// What changes: the side (bids 0, asks 1), and the place of the level among those of before.
#[derive(Debug, Clone, Copy)]
pub struct Changed {
    /// Which side, bids 0, asks 1.
    pub side: usize,
    /// Where the level stands among those of before, best last.
    pub at: usize,
    /// What happens to it.
    pub shift: Shift,
    /// As it is written then.
    pub cell: Cell,
}

/// The text of a line, and where its levels start.
#[derive(Debug, Clone, Default)]
pub struct Line {
    text: Vec<u8>,
    /// Where each level starts, and at the end where the line does.
    starts: Vec<usize>,
}

impl Line {
    fn depth(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Writes all of it; the levels of bids and asks, best last.
    pub fn write(&mut self, depth: usize, sides: [&[Level]; 2]) {
        if self.starts.len() != depth + 1 {
            self.starts = vec![0; depth + 1];
            self.text = vec![0; (2 * depth + 1) * WIDTH];
        }
        self.rewrite(0, None, sides, &[]);
    }

    /// How long the line is, where the bytes begin with it.
    #[inline]
    #[must_use]
    pub fn starts(&self, bytes: &[u8]) -> Option<usize> {
        let len = self.starts.last().copied().unwrap_or(0);
        let text = self.text.get(..len)?;
        (len > 0 && bytes.get(..len) == Some(text)).then_some(len)
    }

    /// Changes one level; `sides` are the levels of before. Returns how long the line is where the
    /// bytes begin with it. Where they do not, it has to be changed or written again before it
    /// counts for anything.
    #[inline]
    pub fn change(
        &mut self,
        changed: &Changed,
        sides: [&[Level]; 2],
        bytes: &[u8],
    ) -> Option<usize> {
        let levels = sides[changed.side & 1];
        let better = levels.len() - usize::from(changed.shift != Shift::In);
        let rank = better.checked_sub(changed.at)?;
        if rank >= self.depth() {
            return self.starts(bytes);
        }
        let same = changed.shift == Shift::None
            && levels.get(changed.at).map(|level| level.cell.len) == Some(changed.cell.len);
        if same && rank + 1 < self.depth() {
            return self.replace(changed, rank, bytes);
        }
        let first = (changed.shift != Shift::Out).then_some((changed.side, &changed.cell));
        let mut below = [0, 1].map(|side| {
            let levels: &[Level] = sides[side];
            levels
                .get(..levels.len().saturating_sub(rank))
                .unwrap_or_default()
        });
        below[changed.side & 1] = levels.get(..changed.at)?;
        let start = *self.starts.get(rank)?;
        let (old, new) = (self.text.get(..start)?, bytes.get(..start)?);
        let same = old == new;
        self.rewrite(rank, first, below, bytes).filter(|_| same)
    }

    /// Changes a level whose text is as long as before and that is not the last.
    #[inline]
    fn replace(&mut self, changed: &Changed, rank: usize, bytes: &[u8]) -> Option<usize> {
        let (cell, len) = (&changed.cell, usize::from(changed.cell.len));
        let (start, next) = (*self.starts.get(rank)?, *self.starts.get(rank + 1)?);
        let at = if changed.side == 1 { start } else { next - len };
        let room = self
            .text
            .get_mut(at..at + WIDTH)?
            .first_chunk_mut::<WIDTH>()?;
        let mask = cell.mask();
        let old = u128::from_le_bytes(*room);
        *room = (old & !mask | cell.text & mask).to_le_bytes();
        let shown = u128::from_le_bytes(*bytes.get(at..)?.first_chunk::<WIDTH>()?);
        let end = *self.starts.last()?;
        let before = self.text.get(..at)? == bytes.get(..at)?;
        let behind = self.text.get(at + len..end)? == bytes.get(at + len..end)?;
        (before && behind && (shown ^ cell.text) & mask == 0 && len > 0).then_some(end)
    }

    /// Writes the levels from this rank on: the first one where it is given, and those below.
    /// Returns how long the line is where the bytes are the same from there on.
    #[inline]
    fn rewrite(
        &mut self,
        rank: usize,
        first: Option<(usize, &Cell)>,
        [mut bids, mut asks]: [&[Level]; 2],
        bytes: &[u8],
    ) -> Option<usize> {
        let mut writer = Writer {
            text: &mut self.text,
            at: *self.starts.get(rank)?,
            last: 0,
            before: 0,
            last_len: 0,
            fits: true,
        };
        let (last, starts) = self.starts.split_last_mut()?;
        let mut given = first;
        for start in starts.iter_mut().skip(rank) {
            *start = writer.at;
            let (ask, bid) = match given.take() {
                None => (next(&mut asks, &NO_ASK), next(&mut bids, &NO_BID)),
                Some((1, ask)) => (ask, next(&mut bids, &NO_BID)),
                Some((_, bid)) => (next(&mut asks, &NO_ASK), bid),
            };
            writer.put(ask, bytes);
            writer.put(bid, bytes);
        }
        *last = writer.at;
        writer.close(bytes).then_some(writer.at)
    }
}

/// The next level below.
#[inline]
fn next<'a>(levels: &mut &'a [Level], none: &'a Cell) -> &'a Cell {
    match levels.split_last() {
        Some((last, rest)) => {
            *levels = rest;
            &last.cell
        }
        None => none,
    }
}

struct Writer<'a> {
    text: &'a mut [u8],
    at: usize,
    /// Where the last cell differs from the bytes, and whether one before it does.
    last: u128,
    before: u128,
    last_len: usize,
    /// Whether all cells have a text.
    fits: bool,
}

impl Writer<'_> {
    /// Writes a cell, and compares it with the bytes.
    #[inline]
    fn put(&mut self, cell: &Cell, bytes: &[u8]) {
        let place = self.at..self.at + WIDTH;
        if let Some(room) = self.text.get_mut(place.clone()) {
            room.copy_from_slice(&cell.text.to_le_bytes());
        }
        match bytes
            .get(place)
            .and_then(|shown| shown.first_chunk::<WIDTH>())
        {
            Some(shown) => {
                self.before |= self.last;
                self.last = (u128::from_le_bytes(*shown) ^ cell.text) & cell.mask();
            }
            None => self.fits = false,
        }
        self.last_len = usize::from(cell.len).min(WIDTH);
        self.at += self.last_len;
        self.fits &= cell.len != 0;
    }

    /// Ends the line where the last comma would stand; whether the bytes are the same.
    #[inline]
    fn close(&mut self, bytes: &[u8]) -> bool {
        let Some(end) = self.at.checked_sub(1) else {
            return false;
        };
        if let Some(comma) = self.text.get_mut(end) {
            *comma = b'\n';
        }
        // In the last cell nothing but that comma may differ.
        let others = self.last & MASKS[self.last_len.saturating_sub(1)] | self.before;
        self.fits && others == 0 && bytes.get(end) == Some(&b'\n')
    }
}

#[cfg(test)]
mod tests {
    use super::super::ledger::Side;
    use super::*;
    use alloc::format;
    use alloc::string::String;

    /// The text of levels of bids and asks, best last.
    fn written(sides: &[Side; 2], depth: usize) -> String {
        let mut cells: Vec<String> = Vec::new();
        for level in 1..=depth {
            for (side, none) in [(1, "9999999999,0"), (0, "-9999999999,0")] {
                let levels = sides[side].levels();
                let shown = levels.len().checked_sub(level).map(|at| &levels[at]);
                let cell = shown.map(|level| format!("{},{}", level.key.abs(), level.qty));
                cells.push(cell.unwrap_or_else(|| none.into()));
            }
        }
        cells.join(",") + "\n"
    }

    /// Random levels come, go and change; the line is there where the text written afresh is, and
    /// nowhere else.
    #[test]
    fn a_changed_line_is_the_line_written_afresh() {
        let mut state = 3u64;
        let mut dice = |most: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) % most
        };
        let mut found = 0;
        for depth in [1usize, 2, 5] {
            let (mut sides, mut line) = ([Side::default(), Side::default()], Line::default());
            line.write(depth, [&[], &[]]);
            for step in 0..20_000 {
                let (side, known) = (dice(2) as usize, dice(3) > 0);
                let sign = if side == 0 { 1 } else { -1 };
                let levels = sides[side].levels();
                let picked = dice(levels.len().max(1) as u64) as usize;
                let fresh = sign * (10i64.pow(dice(7) as u32) + dice(50) as i64);
                let key = levels
                    .get(picked)
                    .filter(|_| known)
                    .map_or(fresh, |l| l.key);
                let most = 10i64.pow(dice(6) as u32) + dice(9) as i64;
                let before = sides[side].level(key).map_or(0, |level| level.qty);
                let qty = if dice(3) == 0 || levels.len() > 9 {
                    0
                } else {
                    most
                };
                let (at, shift) = match sides[side].find(key) {
                    Ok(at) if qty == 0 => (at, Shift::Out),
                    Ok(at) => (at, Shift::None),
                    Err(_) if qty == 0 => continue,
                    Err(at) => (at, Shift::In),
                };
                let cell = Cell::new(key.abs(), qty);
                let changed = Changed {
                    side,
                    at,
                    shift,
                    cell,
                };
                let mut after = sides.clone();
                after[side].change(key, qty - before, 0);
                let text = written(&after, depth);
                let bytes = format!("{text}9999999999,0,9999999999,0");
                let old = [sides[0].levels(), sides[1].levels()];
                let got = line.clone().change(&changed, old, bytes.as_bytes());
                assert_eq!(got, Some(text.len()), "depth {depth} step {step} {text}");
                let mut other = bytes.into_bytes();
                let place = dice(text.len() as u64) as usize;
                other[place] ^= 1 + dice(6) as u8;
                assert_eq!(
                    line.change(&changed, old, &other),
                    None,
                    "{depth} {step} {text}"
                );
                sides = after;
                assert_eq!(line.starts(text.as_bytes()), Some(text.len()));
                found += 1;
            }
        }
        assert!(found > 30_000, "{found}");
    }

    #[test]
    fn what_needs_more_room_is_never_the_line() {
        for (price, qty, fits) in [
            (1_234_567, 100, true),
            (100_000_000, 7, true),
            (12_345_678_901, 999, true),
            (12_345_678_901, 1_000, false),
            (i64::MAX, 1, false),
            (5, i64::MAX, false),
            (5, 99_999_999, true),
        ] {
            let (mut asks, mut line) = (Side::default(), Line::default());
            asks.change(-price, qty, 0);
            line.write(1, [&[], &[]]);
            let changed = Changed {
                side: 1,
                at: 0,
                shift: Shift::In,
                cell: Cell::new(price, qty),
            };
            let text = format!("{price},{qty},-9999999999,0\n");
            let bytes = format!("{text}0000000000000000");
            let found = line.change(&changed, [&[], &[]], bytes.as_bytes());
            assert_eq!(found.is_some(), fits, "{text}");
        }
        assert_eq!(Cell::new(5, -5).len, 0);
    }
}
