//! What bytes can be instead of a value.

use core::fmt;

/// Bytes that are complete and cannot be read as what they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed {
    /// Where, in bytes from the start of the message.
    pub offset: usize,
    /// The member or the part of the grammar that is wrong.
    pub field: &'static str,
}

impl Malformed {
    /// The same, counted from the start of a file in which so many bytes stood before.
    #[must_use]
    pub(crate) fn behind(self, bytes: u64) -> Self {
        let before = usize::try_from(bytes).unwrap_or(usize::MAX);
        Self {
            offset: before.saturating_add(self.offset),
            ..self
        }
    }
}

/// Why no value came out of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecodeError {
    /// The bytes end too early; more of them may make a value.
    Incomplete,
    /// No further bytes can make these a value.
    Malformed(Malformed),
}

impl DecodeError {
    /// A malformed part at an offset.
    #[must_use]
    pub const fn malformed(offset: usize, field: &'static str) -> Self {
        Self::Malformed(Malformed { offset, field })
    }

    /// The error of a message that is known to be whole: a missing end is malformed too.
    #[must_use]
    pub const fn in_whole(self, length: usize) -> Malformed {
        match self {
            Self::Incomplete => Malformed {
                offset: length,
                field: "end",
            },
            Self::Malformed(malformed) => malformed,
        }
    }
}

impl From<Malformed> for DecodeError {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "malformed `{}` at byte {}", self.field, self.offset)
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Incomplete => f.write_str("the message is not complete"),
            Self::Malformed(malformed) => malformed.fmt(f),
        }
    }
}

impl core::error::Error for Malformed {}
impl core::error::Error for DecodeError {}
