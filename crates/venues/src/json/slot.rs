//! A place for one member of an object while it is being scanned.

use alloc::borrow::Cow;
use alloc::string::String;

use crate::error::{DecodeError, Malformed};
use crate::json::{Scalar, Scanner, Text};

/// One member: its value, where it stood, and whether it came twice.
///
/// Members are collected first and read afterwards, so that their order does not matter, and a
/// wrong value spoils its message only and not the frame around it. A member that came twice is
/// malformed for whoever reads it: nobody knows which one was meant.
#[derive(Debug, Clone, Copy, Default)]
pub struct Slot<'a> {
    bytes: &'a [u8],
    offset: u32,
    form: Form,
    twice: bool,
}

/// A [`Scalar`] without its bytes, so that a slot is three words.
#[derive(Debug, Clone, Copy, Default)]
enum Form {
    #[default]
    Missing,
    Null,
    False,
    True,
    Number,
    Plain,
    Escaped,
    Container,
}

impl<'a> Slot<'a> {
    /// Takes the next value of the scanner.
    ///
    /// # Errors
    /// Those of [`Scanner::scalar`].
    #[inline]
    pub fn fill(&mut self, scanner: &mut Scanner<'a>) -> Result<(), DecodeError> {
        self.twice = !matches!(self.form, Form::Missing);
        self.offset = u32::try_from(scanner.offset()).unwrap_or(u32::MAX);
        (self.form, self.bytes) = match scanner.scalar()? {
            Scalar::Text(text) => match text.plain() {
                Some(bytes) => (Form::Plain, bytes),
                None => (Form::Escaped, text.raw()),
            },
            Scalar::Number(digits) => (Form::Number, digits),
            Scalar::Null => (Form::Null, &[][..]),
            Scalar::Bool(true) => (Form::True, &[][..]),
            Scalar::Bool(false) => (Form::False, &[][..]),
            Scalar::Container | Scalar::Missing => (Form::Container, &[][..]),
        };
        Ok(())
    }

    /// The error of this member under its name.
    #[must_use]
    pub const fn malformed(&self, field: &'static str) -> Malformed {
        Malformed {
            offset: self.offset as usize,
            field,
        }
    }

    /// Where the value stands, in bytes from the start of the message.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset as usize
    }

    /// Whether the member is absent or `null`.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        matches!(self.form, Form::Missing | Form::Null)
    }

    /// The member's value, once.
    ///
    /// # Errors
    /// [`Malformed`] when it came twice.
    #[inline]
    pub const fn value(&self, field: &'static str) -> Result<Scalar<'a>, Malformed> {
        if self.twice {
            return Err(self.malformed(field));
        }
        Ok(match self.form {
            Form::Missing => Scalar::Missing,
            Form::Null => Scalar::Null,
            Form::False => Scalar::Bool(false),
            Form::True => Scalar::Bool(true),
            Form::Number => Scalar::Number(self.bytes),
            Form::Plain => Scalar::Text(Text::new(self.bytes, false)),
            Form::Escaped => Scalar::Text(Text::new(self.bytes, true)),
            Form::Container => Scalar::Container,
        })
    }

    /// The text of the member, or `None` when it is absent or `null`.
    ///
    /// # Errors
    /// [`Malformed`] when it came twice or is no string.
    #[inline]
    pub fn text(&self, field: &'static str) -> Result<Option<Cow<'a, [u8]>>, Malformed> {
        match self.value(field)? {
            Scalar::Missing | Scalar::Null => Ok(None),
            Scalar::Text(text) => Ok(Some(text.unescape())),
            _ => Err(self.malformed(field)),
        }
    }

    /// The text of a member that must be there.
    ///
    /// # Errors
    /// [`Malformed`] when it is absent, `null`, came twice or is no string.
    #[inline]
    pub fn required_text(&self, field: &'static str) -> Result<Cow<'a, [u8]>, Malformed> {
        self.text(field)?.ok_or(self.malformed(field))
    }

    /// The text of a member that must be there, as a string; what is no UTF-8 in it is replaced.
    ///
    /// # Errors
    /// Those of [`Slot::required_text`].
    pub fn required_string(&self, field: &'static str) -> Result<String, Malformed> {
        Ok(String::from_utf8_lossy(&self.required_text(field)?).into_owned())
    }

    /// The digits of a number or of a string that holds one; `None` when absent or `null`.
    ///
    /// # Errors
    /// [`Malformed`] when it came twice or cannot hold a number.
    #[inline]
    pub fn digits(&self, field: &'static str) -> Result<Option<&'a [u8]>, Malformed> {
        match self.value(field)? {
            Scalar::Missing | Scalar::Null => Ok(None),
            Scalar::Number(digits) => Ok(Some(digits)),
            Scalar::Text(text) => text.plain().map(Some).ok_or(self.malformed(field)),
            _ => Err(self.malformed(field)),
        }
    }

    /// The digits of a member that must be there.
    ///
    /// # Errors
    /// [`Malformed`] when it is absent, `null`, came twice or cannot hold a number.
    #[inline]
    pub fn required_digits(&self, field: &'static str) -> Result<&'a [u8], Malformed> {
        self.digits(field)?.ok_or(self.malformed(field))
    }

    /// The truth of the member, or `None` when it is absent or `null`.
    ///
    /// # Errors
    /// [`Malformed`] when it came twice or is no boolean.
    pub const fn flag(&self, field: &'static str) -> Result<Option<bool>, Malformed> {
        match self.value(field) {
            Ok(Scalar::Missing | Scalar::Null) => Ok(None),
            Ok(Scalar::Bool(truth)) => Ok(Some(truth)),
            Ok(_) => Err(self.malformed(field)),
            Err(malformed) => Err(malformed),
        }
    }

    /// The truth of a member that must be there.
    ///
    /// # Errors
    /// [`Malformed`] when it is absent, `null`, came twice or is no boolean.
    pub fn required_flag(&self, field: &'static str) -> Result<bool, Malformed> {
        self.flag(field)?.ok_or(self.malformed(field))
    }
}
