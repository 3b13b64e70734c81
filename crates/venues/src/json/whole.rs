//! Texts that are one object or one array and nothing else.

use crate::error::{DecodeError, Malformed};
use crate::json::{Scanner, Slot};

/// Calls `read` with the name of every member of an object; it must take the value.
pub(crate) fn each_member<'a>(
    body: &'a [u8],
    mut read: impl FnMut(&'a [u8], &mut Scanner<'a>) -> Result<(), DecodeError>,
) -> Result<(), Malformed> {
    let mut scanner = Scanner::new(body);
    let mut all = || -> Result<(), DecodeError> {
        scanner.begin_object()?;
        while let Some(name) = scanner.next_key()? {
            read(name, &mut scanner)?;
        }
        scanner.finish()
    };
    all().map_err(|error| error.in_whole(body.len()))
}

/// Calls `read` at every element of an array; it must take the value.
pub(crate) fn each_element<'a>(
    body: &'a [u8],
    mut read: impl FnMut(&mut Scanner<'a>) -> Result<(), DecodeError>,
) -> Result<(), Malformed> {
    let mut scanner = Scanner::new(body);
    let mut all = || -> Result<(), DecodeError> {
        scanner.begin_array()?;
        while scanner.next_element()? {
            read(&mut scanner)?;
        }
        scanner.finish()
    };
    all().map_err(|error| error.in_whole(body.len()))
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
