//! What every decoder and encoder of a venue has to know.

use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;

use crate::ids::Lineage;
use crate::symbols::SymbolTable;

/// What every decoder has to know: whose orders are ours and which instruments are in the run.
#[derive(Debug, Clone)]
pub struct Dialect {
    /// The lineage of our order ids.
    pub lineage: Lineage,
    /// The instruments.
    pub symbols: Arc<SymbolTable>,
}

/// A key and its secret; prints stars.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The key.
    pub key_id: String,
    /// Its secret.
    pub secret_key: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(***)")
    }
}

impl Credentials {
    /// Appends the key or the secret as a JSON string.
    pub(crate) fn push_json(text: &str, out: &mut alloc::vec::Vec<u8>) {
        out.push(b'"');
        for byte in text.bytes() {
            match byte {
                b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
                0..0x20 => out.extend_from_slice(alloc::format!("\\u{byte:04x}").as_bytes()),
                _ => out.push(byte),
            }
        }
        out.push(b'"');
    }
}

/// Counters of what was set aside; they only grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Messages read.
    pub messages: u64,
    /// Messages that could not be read.
    pub malformed: u64,
    /// Messages about instruments that are not in the run, or kinds that we do not use.
    pub foreign: u64,
}
