//! Why a paper venue cannot start or had to stop.

use std::fmt;
use std::io;

/// Why a paper venue cannot start or had to stop.
#[derive(Debug)]
#[non_exhaustive]
pub enum PaperError {
    /// A value of the configuration is wrong.
    Config {
        /// Which value, as in `venue.toml`.
        field: String,
        /// What is wrong with it.
        problem: String,
        /// What to do about it.
        remedy: String,
    },
    /// An address outside this machine was asked for without saying so twice.
    NotLoopback {
        /// The address.
        address: String,
    },
    /// A port could not be opened.
    Bind {
        /// The address and port.
        address: String,
        /// What the operating system says.
        source: io::Error,
    },
    /// The operating system refused a thread or an event loop.
    Runtime(io::Error),
    /// The engine thread ended by itself.
    EngineLost,
}

impl PaperError {
    pub(crate) fn config(
        field: impl Into<String>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::Config {
            field: field.into(),
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }
}

impl fmt::Display for PaperError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config {
                field,
                problem,
                remedy,
            } => write!(f, "{problem}; {field}; {remedy}"),
            Self::NotLoopback { address } => write!(
                f,
                "the paper venue listens on this machine only; host {address}; use 127.0.0.1, or \
                 set allow_remote when others really shall trade on it"
            ),
            Self::Bind { address, source } => {
                write!(
                    f,
                    "cannot listen on {address}: {source}; choose another port, or 0"
                )
            }
            Self::Runtime(source) => write!(f, "cannot start the paper venue: {source}"),
            Self::EngineLost => f.write_str("the engine of the paper venue ended unexpectedly"),
        }
    }
}

impl std::error::Error for PaperError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Bind { source, .. } | Self::Runtime(source) => Some(source),
            _ => None,
        }
    }
}
