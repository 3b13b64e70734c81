//! The scanner itself.

use crate::error::DecodeError;
use crate::json::Text;

/// The largest number of containers that may be open at once.
pub const MAX_DEPTH: u32 = 64;

/// What the next value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool,
    /// A number.
    Number,
    /// A string.
    Text,
    /// An array.
    Array,
    /// An object.
    Object,
}

/// A value without its inside when it is a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scalar<'a> {
    /// The member was not there.
    #[default]
    Missing,
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// The digits of a number, as they were sent.
    Number(&'a [u8]),
    /// A string.
    Text(Text<'a>),
    /// An array or an object; it was skipped.
    Container,
}

/// The bytes of one whole value, and where they start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Raw<'a> {
    /// The value.
    pub bytes: &'a [u8],
    /// Its first byte, counted from the start of the message.
    pub offset: usize,
}

impl Raw<'_> {
    /// Behind its last byte, counted from the start of the message.
    #[must_use]
    pub const fn end(&self) -> usize {
        self.offset + self.bytes.len()
    }
}

/// A cursor over JSON bytes.
///
/// # Examples
/// ```
/// use py_rt_venues::json::{Scalar, Scanner};
/// let mut scanner = Scanner::new(br#"{"p": 190.10}"#);
/// scanner.begin_object()?;
/// assert_eq!(scanner.next_key()?, Some(&b"p"[..]));
/// assert_eq!(scanner.scalar()?, Scalar::Number(b"190.10"));
/// assert_eq!(scanner.next_key()?, None);
/// scanner.finish()?;
/// # Ok::<(), py_rt_venues::DecodeError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    base: usize,
    objects: u64,
    depth: u32,
    fresh: bool,
}

type Scan<T> = Result<T, DecodeError>;

impl<'a> Scanner<'a> {
    /// Starts at the first byte of a message.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self::within(Raw { bytes, offset: 0 })
    }

    /// Starts at a part of a message that was set aside.
    #[must_use]
    pub const fn within(raw: Raw<'a>) -> Self {
        Self {
            bytes: raw.bytes,
            at: 0,
            base: raw.offset,
            objects: 0,
            depth: 0,
            fresh: false,
        }
    }

    /// Where the cursor stands, in bytes from the start of the message.
    #[inline]
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.base + self.at
    }

    /// What stands next.
    ///
    /// # Errors
    /// `Incomplete` at the end, `Malformed` when no value starts here.
    #[inline]
    pub fn peek(&mut self) -> Scan<Kind> {
        match self.next_byte()? {
            b'"' => Ok(Kind::Text),
            b'{' => Ok(Kind::Object),
            b'[' => Ok(Kind::Array),
            b'-' | b'0'..=b'9' => Ok(Kind::Number),
            b't' | b'f' => Ok(Kind::Bool),
            b'n' => Ok(Kind::Null),
            _ => self.refuse("value"),
        }
    }

    /// Enters an object.
    ///
    /// # Errors
    /// `Malformed` when the next value is none, or too deep.
    #[inline]
    pub fn begin_object(&mut self) -> Scan<()> {
        self.open(b'{', "object", true)
    }

    /// Enters an array.
    ///
    /// # Errors
    /// `Malformed` when the next value is none, or too deep.
    #[inline]
    pub fn begin_array(&mut self) -> Scan<()> {
        self.open(b'[', "array", false)
    }

    /// The name of the object's next member, or `None` when it ends here and was left.
    ///
    /// # Errors
    /// `Malformed` outside the grammar and for a name with an escape.
    #[inline]
    pub fn next_key(&mut self) -> Scan<Option<&'a [u8]>> {
        let offset = self.offset();
        match self.next_name()? {
            None => Ok(None),
            Some(name) => match name.plain() {
                Some(bytes) => Ok(Some(bytes)),
                None => Err(DecodeError::malformed(offset, "name")),
            },
        }
    }

    /// Whether the array has another element; when not, it was left.
    ///
    /// # Errors
    /// `Malformed` outside the grammar.
    #[inline]
    pub fn next_element(&mut self) -> Scan<bool> {
        let byte = self.next_byte()?;
        if byte == b']' {
            self.close(false)?;
            return Ok(false);
        }
        if !self.fresh {
            self.expect(b',', "array")?;
            if self.next_byte()? == b']' {
                return self.refuse("array");
            }
        }
        self.fresh = false;
        Ok(true)
    }

    /// The next value when it is a scalar; a container is skipped.
    ///
    /// # Errors
    /// `Incomplete` or `Malformed`.
    #[inline]
    pub fn scalar(&mut self) -> Scan<Scalar<'a>> {
        match self.peek()? {
            Kind::Text => self.string().map(Scalar::Text),
            Kind::Number => self.number().map(Scalar::Number),
            Kind::Null => self.word(b"null").map(|()| Scalar::Null),
            Kind::Bool => {
                let truth = self.bytes.get(self.at) == Some(&b't');
                self.word(if truth { b"true" } else { b"false" })?;
                Ok(Scalar::Bool(truth))
            }
            Kind::Array | Kind::Object => self.skip().map(|()| Scalar::Container),
        }
    }

    /// The bytes of the next value, checked and skipped.
    ///
    /// # Errors
    /// `Incomplete` or `Malformed`.
    pub fn raw(&mut self) -> Scan<Raw<'a>> {
        self.peek()?;
        let start = self.at;
        self.skip()?;
        Ok(Raw {
            bytes: self.bytes.get(start..self.at).unwrap_or_default(),
            offset: self.base + start,
        })
    }

    /// An array of two strings of digits and points, `["61837.64","1.5"]`, without a space.
    ///
    /// `None` when the next value is anything else; the cursor then stays where it is.
    #[inline]
    pub fn plain_pair(&mut self) -> Option<(&'a [u8], &'a [u8])> {
        let rest = self.bytes.get(self.at..)?.strip_prefix(b"[\"")?;
        let first = plain_number(rest);
        let more = rest.get(first..)?.strip_prefix(b"\",\"")?;
        let second = plain_number(more);
        let tail = more.get(second..)?.strip_prefix(b"\"]")?;
        self.at = self.bytes.len() - tail.len();
        Some((rest.get(..first)?, more.get(..second)?))
    }

    /// Skips one value, checking its grammar.
    ///
    /// # Errors
    /// `Incomplete` or `Malformed`.
    pub fn skip(&mut self) -> Scan<()> {
        let floor = self.depth;
        loop {
            match self.peek()? {
                Kind::Object => self.begin_object()?,
                Kind::Array => self.begin_array()?,
                _ => self.scalar().map(|_| ())?,
            }
            loop {
                if self.depth <= floor {
                    return Ok(());
                }
                let more = if self.objects & 1 == 1 {
                    self.next_name()?.is_some()
                } else {
                    self.next_element()?
                };
                if more {
                    break;
                }
            }
        }
    }

    /// Checks that nothing but white space is left.
    ///
    /// # Errors
    /// `Malformed` when something is.
    pub fn finish(&mut self) -> Scan<()> {
        match self.next_byte() {
            Err(_) if self.depth == 0 => Ok(()),
            Err(error) => Err(error),
            Ok(_) => self.refuse("end"),
        }
    }

    #[inline]
    fn next_name(&mut self) -> Scan<Option<Text<'a>>> {
        let byte = self.next_byte()?;
        if byte == b'}' {
            self.close(true)?;
            return Ok(None);
        }
        if !self.fresh {
            self.expect(b',', "object")?;
            self.next_byte()?;
        }
        if self.bytes.get(self.at) != Some(&b'"') {
            return self.refuse("object");
        }
        let name = self.string()?;
        self.next_byte()?;
        self.expect(b':', "object")?;
        self.fresh = false;
        Ok(Some(name))
    }

    #[inline]
    fn open(&mut self, byte: u8, field: &'static str, is_object: bool) -> Scan<()> {
        self.next_byte()?;
        self.expect(byte, field)?;
        if self.depth == MAX_DEPTH {
            return self.refuse("depth");
        }
        self.depth += 1;
        self.objects = (self.objects << 1) | u64::from(is_object);
        self.fresh = true;
        Ok(())
    }

    #[inline]
    fn close(&mut self, is_object: bool) -> Scan<()> {
        if self.depth == 0 || (self.objects & 1 == 1) != is_object {
            return self.refuse("container");
        }
        self.at += 1;
        self.depth -= 1;
        self.objects >>= 1;
        self.fresh = false;
        Ok(())
    }

    /// Skips white space and shows the byte behind it.
    #[inline]
    fn next_byte(&mut self) -> Scan<u8> {
        loop {
            match self.bytes.get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                Some(&byte) => return Ok(byte),
                None => return Err(DecodeError::Incomplete),
            }
        }
    }

    #[inline]
    fn expect(&mut self, byte: u8, field: &'static str) -> Scan<()> {
        match self.bytes.get(self.at) {
            Some(&found) if found == byte => {
                self.at += 1;
                Ok(())
            }
            Some(_) => self.refuse(field),
            None => Err(DecodeError::Incomplete),
        }
    }

    #[inline]
    fn word(&mut self, word: &[u8]) -> Scan<()> {
        if self.bytes.get(self.at..self.at + word.len()) == Some(word) {
            self.at += word.len();
            return Ok(());
        }
        for &byte in word {
            self.expect(byte, "value")?;
        }
        Ok(())
    }

    fn refuse<T>(&self, field: &'static str) -> Scan<T> {
        Err(DecodeError::malformed(self.offset(), field))
    }

    /// A string; the cursor stands on its opening quote.
    #[inline]
    fn string(&mut self) -> Scan<Text<'a>> {
        self.at += 1;
        let start = self.at;
        let mut escaped = false;
        loop {
            self.at += plain_prefix(self.bytes.get(self.at..).unwrap_or_default());
            match self.bytes.get(self.at) {
                None => return Err(DecodeError::Incomplete),
                Some(b'"') => {
                    let raw = self.bytes.get(start..self.at).unwrap_or_default();
                    self.at += 1;
                    return Ok(Text::new(raw, escaped));
                }
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                Some(_) => return self.refuse("string"),
            }
        }
    }

    fn escape(&mut self) -> Scan<()> {
        self.at += 1;
        match self.bytes.get(self.at) {
            None => Err(DecodeError::Incomplete),
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 1;
                Ok(())
            }
            Some(b'u') => {
                self.at += 1;
                for _ in 0..4 {
                    match self.bytes.get(self.at) {
                        None => return Err(DecodeError::Incomplete),
                        Some(byte) if byte.is_ascii_hexdigit() => self.at += 1,
                        Some(_) => return self.refuse("escape"),
                    }
                }
                Ok(())
            }
            Some(_) => self.refuse("escape"),
        }
    }

    /// A number; the cursor stands on its sign or first digit.
    #[inline]
    fn number(&mut self) -> Scan<&'a [u8]> {
        let start = self.at;
        if self.bytes.get(self.at) == Some(&b'-') {
            self.at += 1;
        }
        let leading_zero = self.bytes.get(self.at) == Some(&b'0');
        if self.digits()? > 1 && leading_zero {
            return self.refuse("number");
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.bytes.get(self.at) {
            self.at += 1;
            if let Some(b'+' | b'-') = self.bytes.get(self.at) {
                self.at += 1;
            }
            self.digits()?;
        }
        // A top-level number has no end of its own; within containers one always follows.
        Ok(self.bytes.get(start..self.at).unwrap_or_default())
    }

    #[inline]
    fn digits(&mut self) -> Scan<usize> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.bytes.get(self.at) {
            self.at += 1;
        }
        if self.at > start {
            return Ok(self.at - start);
        }
        match self.bytes.get(self.at) {
            None => Err(DecodeError::Incomplete),
            Some(_) => self.refuse("number"),
        }
    }
}

/// How many digits and points stand in front.
#[inline]
fn plain_number(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .position(|byte| !matches!(byte, b'0'..=b'9' | b'.'))
        .unwrap_or(bytes.len())
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// How many bytes of a string pass without a quote, a backslash or a control character.
///
/// Eight at a time: a byte equal to `b` is a zero byte of `word ^ b…b`, and the lowest bit that
/// `(x - 1…1) & !x & 80…80` leaves is the first zero byte.
#[inline]
fn plain_prefix(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        let quote = zero_bytes(word ^ (ONES * 0x22));
        let slash = zero_bytes(word ^ (ONES * 0x5c));
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGHS;
        let stops = quote | slash | control;
        if stops != 0 {
            return at + (stops.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    let stop = rest
        .iter()
        .position(|&byte| byte == b'"' || byte == b'\\' || byte < 0x20);
    at + stop.unwrap_or(rest.len())
}

/// Where the first line ends.
#[inline]
pub(crate) fn newline(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let found = zero_bytes(u64::from_le_bytes(*chunk) ^ (ONES * 0x0a));
        if found != 0 {
            return Some(at + (found.trailing_zeros() / 8) as usize);
        }
        at += 8;
    }
    let rest = bytes.get(at..)?.iter().position(|&byte| byte == b'\n');
    rest.map(|place| at + place)
}

#[inline]
const fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & HIGHS
}
