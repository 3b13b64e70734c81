//! What is around every answer: `{"error": [...], "result": ...}`, with status 200 mostly.

use alloc::borrow::Cow;
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use crate::error::{DecodeError, Malformed};
use crate::json::{Raw, Scanner, Slot};

/// An answer, unpacked.
#[derive(Debug, Clone, Default)]
pub struct Envelope<'a> {
    /// What is wrong, in the venue's words; warnings are left out.
    pub errors: Vec<Cow<'a, [u8]>>,
    /// The answer itself.
    pub result: Option<Raw<'a>>,
}

impl<'a> Envelope<'a> {
    /// Unpacks a body.
    ///
    /// # Errors
    /// [`Malformed`] when it is none: the list of errors is always there.
    pub fn decode(body: &'a [u8]) -> Result<Self, Malformed> {
        let mut scanner = Scanner::new(body);
        Self::scan(&mut scanner).map_err(|error| error.in_whole(body.len()))
    }

    fn scan(scanner: &mut Scanner<'a>) -> Result<Self, DecodeError> {
        let (mut found, mut listed) = (Self::default(), false);
        scanner.begin_object()?;
        while let Some(name) = scanner.next_key()? {
            match name {
                b"error" if !listed => {
                    listed = true;
                    scanner.begin_array()?;
                    while scanner.next_element()? {
                        let mut slot = Slot::default();
                        slot.fill(scanner)?;
                        let text = slot.required_text("error")?;
                        found.errors.extend(text.starts_with(b"E").then_some(text));
                    }
                }
                b"result" if found.result.is_none() => found.result = Some(scanner.raw()?),
                b"error" | b"result" => {
                    return Err(DecodeError::malformed(scanner.offset(), "error"))
                }
                _ => scanner.skip()?,
            }
        }
        scanner.finish()?;
        if !listed {
            return Err(DecodeError::malformed(scanner.offset(), "error"));
        }
        Ok(found)
    }

    /// The answer, where nothing is wrong.
    ///
    /// # Errors
    /// [`Malformed`] when there are errors or no result.
    pub fn result(&self) -> Result<Raw<'a>, Malformed> {
        let missing = Malformed {
            offset: 0,
            field: "result",
        };
        self.result
            .filter(|_| self.errors.is_empty())
            .ok_or(missing)
    }

    /// Calls `read` with the name and the value of every member of the result, or of the object
    /// `inside` in it; it must take the value. Returns the member `count` beside that object.
    ///
    /// # Errors
    /// [`Malformed`] when the answer is an error, or what `read` says.
    pub fn each_member(
        body: &'a [u8],
        inside: &[u8],
        mut read: impl FnMut(&'a [u8], &mut Scanner<'a>) -> Result<(), DecodeError>,
    ) -> Result<Option<u64>, Malformed> {
        let raw = Self::decode(body)?.result()?;
        let mut scanner = Scanner::within(raw);
        let mut count = Slot::default();
        let mut seen = BTreeSet::new();
        let mut row = |name: &'a [u8], scanner: &mut Scanner<'a>| -> Result<(), DecodeError> {
            if !seen.insert(name) {
                // Nobody knows which of the two was meant.
                return Err(DecodeError::malformed(scanner.offset(), "result"));
            }
            read(name, scanner)
        };
        let mut members = || -> Result<(), DecodeError> {
            scanner.begin_object()?;
            let mut found = inside.is_empty();
            while let Some(name) = scanner.next_key()? {
                if inside.is_empty() {
                    row(name, &mut scanner)?;
                } else if name == inside {
                    found = true;
                    scanner.begin_object()?;
                    while let Some(name) = scanner.next_key()? {
                        row(name, &mut scanner)?;
                    }
                } else if name == b"count" {
                    count.fill(&mut scanner)?;
                } else {
                    scanner.skip()?;
                }
            }
            if found {
                Ok(())
            } else {
                Err(DecodeError::malformed(raw.offset, "result"))
            }
        };
        members().map_err(|error| error.in_whole(body.len()))?;
        crate::feed::read::optional_whole(&count, "count")
    }

    /// One text member of the result.
    ///
    /// # Errors
    /// [`Malformed`] when it is not there.
    pub fn text(&self, wanted: &[u8], field: &'static str) -> Result<String, Malformed> {
        let raw = self.result()?;
        member(raw, wanted)?.required_string(field)
    }
}

/// One plain member of an object.
pub(super) fn member<'a>(raw: Raw<'a>, wanted: &[u8]) -> Result<Slot<'a>, Malformed> {
    let mut slot = Slot::default();
    let mut scanner = Scanner::within(raw);
    let mut read = || -> Result<(), DecodeError> {
        scanner.begin_object()?;
        while let Some(name) = scanner.next_key()? {
            if name == wanted {
                slot.fill(&mut scanner)?;
            } else {
                scanner.skip()?;
            }
        }
        Ok(())
    };
    read().map_err(|error| error.in_whole(raw.end()))?;
    Ok(slot)
}
