//! What can stop a session, by what the caller can do about it.

use core::fmt;

use crate::journal::JournalError;

/// Why a session could not start or go on.
#[derive(Debug)]
pub enum LiveError {
    /// The configuration, the code or the parameters do not fit; a person changes them.
    Config(String),
    /// The venue answered and refused.
    Venue(String),
    /// The venue could not be reached.
    Connection(String),
    /// The journal or another file of the state directory is unusable.
    Journal(String),
    /// A person or a breaker stopped trading, and nobody has resumed it.
    Halted(String),
    /// Another session has the account.
    Fenced(String),
}

impl LiveError {
    /// A stable word for the kind.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Config(_) => "config",
            Self::Venue(_) => "venue",
            Self::Connection(_) => "connection",
            Self::Journal(_) => "journal",
            Self::Halted(_) => "halted",
            Self::Fenced(_) => "fenced",
        }
    }

    /// What is wrong and what to do.
    #[must_use]
    pub fn message(&self) -> &str {
        match self {
            Self::Config(text)
            | Self::Venue(text)
            | Self::Connection(text)
            | Self::Journal(text)
            | Self::Halted(text)
            | Self::Fenced(text) => text,
        }
    }
}

impl fmt::Display for LiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl std::error::Error for LiveError {}

impl From<JournalError> for LiveError {
    fn from(error: JournalError) -> Self {
        Self::Journal(error.to_string())
    }
}
