//! What several decoders read alike: whole numbers, levels as pairs, sides.

use crate::error::{DecodeError, Malformed};
use crate::feed::grid::Grid;
use crate::feed::sheet::{Digits, Sheet};
use crate::json::{Kind, Raw, Scalar, Scanner, Slot};

/// Bids and asks of a message.
pub const SIDES: [i8; 2] = [1, -1];

/// A whole number without a sign.
#[must_use]
pub fn whole(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > 20 {
        return None;
    }
    text.iter().try_fold(0u64, |value, &byte| {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

/// A member that holds a whole number, as a number or as text.
///
/// # Errors
/// [`Malformed`] when it came twice or is something else.
#[inline]
pub fn optional_whole(slot: &Slot<'_>, field: &'static str) -> Result<Option<u64>, Malformed> {
    match slot.digits(field)? {
        None => Ok(None),
        Some(text) => whole(text).map(Some).ok_or_else(|| slot.malformed(field)),
    }
}

/// A member that must hold a whole number.
///
/// # Errors
/// [`Malformed`] when it is absent, `null`, came twice or is something else.
#[inline]
pub fn required_whole(slot: &Slot<'_>, field: &'static str) -> Result<u64, Malformed> {
    optional_whole(slot, field)?.ok_or_else(|| slot.malformed(field))
}

/// A member that must hold a decimal.
///
/// # Errors
/// [`Malformed`] when it is absent, `null`, came twice or holds no number.
#[inline]
pub fn digits<'a>(slot: &Slot<'a>, field: &'static str) -> Result<Digits<'a>, Malformed> {
    Ok(Digits {
        text: slot.required_digits(field)?,
        offset: slot.offset(),
        field,
    })
}

/// The next value as a decimal, number or text.
///
/// # Errors
/// `Malformed` under `field` when it is neither.
#[inline]
pub fn next_digits<'a>(
    scanner: &mut Scanner<'a>,
    field: &'static str,
) -> Result<Digits<'a>, DecodeError> {
    scanner.peek()?;
    let offset = scanner.offset();
    let text = match scanner.scalar()? {
        Scalar::Number(text) => Some(text),
        Scalar::Text(text) => text.plain(),
        _ => None,
    };
    let text = text.ok_or(Malformed { offset, field })?;
    Ok(Digits {
        text,
        offset,
        field,
    })
}

/// The next element of an array as a decimal.
///
/// # Errors
/// `Malformed` under `field` when there is none.
pub fn element<'a>(
    scanner: &mut Scanner<'a>,
    field: &'static str,
) -> Result<Digits<'a>, DecodeError> {
    let offset = scanner.offset();
    if !scanner.next_element()? {
        return Err(DecodeError::malformed(offset, field));
    }
    next_digits(scanner, field)
}

/// Skips what is left of the array that the scanner is in.
///
/// # Errors
/// `Incomplete` or `Malformed`.
pub fn leave_array(scanner: &mut Scanner<'_>) -> Result<(), DecodeError> {
    while scanner.next_element()? {
        scanner.skip()?;
    }
    Ok(())
}

/// Reads `[["price", "quantity", …], …]` as levels of one side; what follows a pair is skipped.
///
/// # Errors
/// `Incomplete` or `Malformed`, naming `price` or `quantity`.
#[inline]
pub fn pairs<G: Grid>(
    scanner: &mut Scanner<'_>,
    place: u32,
    side: i8,
    sheet: &mut Sheet<G>,
) -> Result<(), DecodeError> {
    scanner.begin_array()?;
    while scanner.next_element()? {
        let offset = scanner.offset();
        let named = |text, field| Digits {
            text,
            offset,
            field,
        };
        if let Some((price, qty)) = scanner.plain_pair() {
            sheet.push(place, side, named(price, "price"), named(qty, "quantity"))?;
            continue;
        }
        scanner.begin_array()?;
        let price = element(scanner, "price")?;
        let qty = element(scanner, "quantity")?;
        sheet.push(place, side, price, qty)?;
        leave_array(scanner)?;
    }
    Ok(())
}

/// [`pairs`] of a part that was set aside, or nothing when it is `null`.
///
/// # Errors
/// [`Malformed`].
pub fn pairs_of<G: Grid>(
    raw: Raw<'_>,
    place: u32,
    side: i8,
    sheet: &mut Sheet<G>,
) -> Result<(), Malformed> {
    let mut scanner = Scanner::within(raw);
    pairs(&mut scanner, place, side, sheet).map_err(|error| error.in_whole(raw.end()))
}

/// The side that a word names.
#[must_use]
pub const fn side_of(word: &[u8]) -> Option<i8> {
    Some(match word {
        b"buy" | b"BUY" | b"Buy" | b"b" | b"bid" | b"bids" => 1,
        b"sell" | b"SELL" | b"Sell" | b"s" | b"ask" | b"asks" | b"offer" => -1,
        _ => return None,
    })
}

/// Members of an object that are arrays or objects, set aside until their turn.
#[derive(Debug, Clone, Copy, Default)]
pub struct Part<'a> {
    raw: Option<Raw<'a>>,
    twice: bool,
}

impl<'a> Part<'a> {
    /// Takes the next value.
    ///
    /// # Errors
    /// Those of [`Scanner::raw`].
    pub fn fill(&mut self, scanner: &mut Scanner<'a>) -> Result<(), DecodeError> {
        let null = scanner.peek()? == Kind::Null;
        let raw = scanner.raw()?;
        self.twice |= self.raw.is_some();
        self.raw = Some(raw);
        if null {
            self.raw = Some(Raw {
                bytes: &[],
                offset: raw.offset,
            });
        }
        Ok(())
    }

    /// The value, or `None` when it is absent or `null`.
    ///
    /// # Errors
    /// [`Malformed`] when it came twice.
    pub fn get(&self, field: &'static str) -> Result<Option<Raw<'a>>, Malformed> {
        match self.raw {
            Some(raw) if self.twice => Err(Malformed {
                offset: raw.offset,
                field,
            }),
            Some(raw) if !raw.bytes.is_empty() => Ok(Some(raw)),
            _ => Ok(None),
        }
    }

    /// The value that must be there.
    ///
    /// # Errors
    /// [`Malformed`] when it is absent, `null` or came twice.
    pub fn required(&self, field: &'static str) -> Result<Raw<'a>, Malformed> {
        let offset = self.raw.map_or(0, |raw| raw.offset);
        self.get(field)?.ok_or(Malformed { offset, field })
    }
}
