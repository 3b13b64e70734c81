//! Texts that are one value and nothing else.

use crate::error::{DecodeError, Malformed};
use crate::json::{Scanner, Slot};

/// Reads a text with `read`, which must take the one value that it is.
#[inline]
pub(crate) fn read_whole<'a, T>(
    body: &'a [u8],
    read: impl FnOnce(&mut Scanner<'a>) -> Result<T, DecodeError>,
) -> Result<T, Malformed> {
    let mut scanner = Scanner::new(body);
    read(&mut scanner)
        .and_then(|value| scanner.finish().map(|()| value))
        .map_err(|error| error.in_whole(body.len()))
}

/// Calls `read` with the name of every member of an object; it must take the value.
pub(crate) fn each_member<'a>(
    body: &'a [u8],
    mut read: impl FnMut(&'a [u8], &mut Scanner<'a>) -> Result<(), DecodeError>,
) -> Result<(), Malformed> {
    read_whole(body, |scanner| {
        scanner.begin_object()?;
        while let Some(name) = scanner.next_key()? {
            read(name, scanner)?;
        }
        Ok(())
    })
}

/// Calls `read` at every element of an array; it must take the value.
pub(crate) fn each_element<'a>(
    body: &'a [u8],
    mut read: impl FnMut(&mut Scanner<'a>) -> Result<(), DecodeError>,
) -> Result<(), Malformed> {
    read_whole(body, |scanner| {
        scanner.begin_array()?;
        while scanner.next_element()? {
            read(scanner)?;
        }
        Ok(())
    })
}

/// The plain members of an object, by name.
pub(crate) fn members<'a, const N: usize>(
    body: &'a [u8],
    wanted: [&str; N],
) -> Result<[Slot<'a>; N], Malformed> {
    let mut found = [Slot::default(); N];
    each_member(body, |name, scanner| {
        let place = wanted.iter().position(|one| one.as_bytes() == name);
        match place.and_then(|place| found.get_mut(place)) {
            Some(slot) => slot.fill(scanner),
            None => scanner.skip(),
        }
    })?;
    Ok(found)
}
