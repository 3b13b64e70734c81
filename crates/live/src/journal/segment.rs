//! Segments: the files that a journal consists of, and what stands at the head of each.
//!
//! `journal/<number>.journal`, numbered from 1. A session begins in a segment of its own and goes
//! on in the next ones when one is full. The preamble says to which session a segment belongs and
//! what the chain had come to, so that a segment that was taken out or exchanged shows:
//!
//! ```text
//! preamble = "PYRTJRN2" | segment u64 | first segment of the session u64
//!          | sequence before u64 | root before 32 bytes | crc32c u32
//! ```

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::frame::{u64_at, Chain, Root};
use super::JournalError;

/// The first bytes of every segment.
pub const MAGIC: [u8; 8] = *b"PYRTJRN2";
/// Bytes before the first record.
pub const PREAMBLE: usize = 68;
const CHECKED: usize = PREAMBLE - 4;
/// The name of every version's magic but for the last byte, which is its number.
const FAMILY: usize = 7;

/// What stands at the head of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preamble {
    /// The number of the segment, that of its file.
    pub segment: u64,
    /// The segment in which its session began.
    pub first: u64,
    /// What the chain had come to.
    pub before: Chain,
}

impl Preamble {
    /// As bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; PREAMBLE] {
        let mut out = [0; PREAMBLE];
        out[..8].copy_from_slice(&MAGIC);
        out[8..16].copy_from_slice(&self.segment.to_le_bytes());
        out[16..24].copy_from_slice(&self.first.to_le_bytes());
        out[24..32].copy_from_slice(&self.before.sequence.to_le_bytes());
        out[32..CHECKED].copy_from_slice(&self.before.root.0);
        let crc = crc32c::crc32c(&out[..CHECKED]);
        out[CHECKED..].copy_from_slice(&crc.to_le_bytes());
        out
    }

    fn decode(bytes: &[u8; PREAMBLE]) -> Option<Self> {
        let told = u32::from_le_bytes([bytes[64], bytes[65], bytes[66], bytes[67]]);
        let mut root = [0; 32];
        root.copy_from_slice(&bytes[32..CHECKED]);
        (told == crc32c::crc32c(&bytes[..CHECKED])).then(|| Self {
            segment: u64_at(bytes, 8),
            first: u64_at(bytes, 16),
            before: Chain {
                sequence: u64_at(bytes, 24),
                root: Root(root),
            },
        })
    }

    /// Whether a session begins in this segment.
    #[must_use]
    pub const fn begins_session(&self) -> bool {
        self.segment == self.first
    }

    /// The preamble of a segment; `None` when it was being made when the process died. Nothing
    /// stands in such a one: the preamble is on the disk before the first record is written.
    ///
    /// # Errors
    /// [`JournalError::Io`], [`JournalError::NotAJournal`] or [`JournalError::OtherVersion`] when
    /// it begins with other bytes, [`JournalError::Corrupt`] when the preamble is broken and
    /// records stand behind it.
    pub fn read(path: &Path) -> Result<Option<Self>, JournalError> {
        let mut file = File::open(path).map_err(|error| JournalError::io(path, "open", error))?;
        Self::read_from(&mut file, path)
    }

    pub(super) fn read_from(file: &mut File, path: &Path) -> Result<Option<Self>, JournalError> {
        let io = |error| JournalError::io(path, "read", error);
        let length = file.metadata().map_err(io)?.len();
        let mut bytes = [0; PREAMBLE];
        let told = (length as usize).min(PREAMBLE);
        file.read_exact(&mut bytes[..told]).map_err(io)?;
        let named = told.min(MAGIC.len());
        if told == PREAMBLE {
            if let Some(preamble) = Self::decode(&bytes) {
                return Ok(Some(preamble));
            }
        }
        if bytes[..named] != MAGIC[..named] && bytes[..named].iter().any(|byte| *byte != 0) {
            let of_ours = named == MAGIC.len() && bytes[..FAMILY] == MAGIC[..FAMILY];
            return Err(match (of_ours, bytes[FAMILY]) {
                (true, version @ b'1'..=b'9') => JournalError::OtherVersion {
                    path: path.to_path_buf(),
                    version: version - b'0',
                },
                _ => JournalError::NotAJournal(path.to_path_buf()),
            });
        }
        if length > PREAMBLE as u64 {
            return Err(JournalError::Corrupt {
                path: path.to_path_buf(),
                record: 0,
                offset: 0,
            });
        }
        Ok(None)
    }
}

/// Where segment `number` stands in a journal folder.
#[must_use]
pub fn segment_path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:08}.journal"))
}

/// Another segment beside one.
#[must_use]
pub fn sibling(path: &Path, number: u64) -> PathBuf {
    segment_path(path.parent().unwrap_or(Path::new("")), number)
}

/// The numbers of the segments in a folder, in order.
///
/// # Errors
/// [`JournalError::Io`]; a folder that is not there has none.
pub fn segments(folder: &Path) -> Result<Vec<u64>, JournalError> {
    let io = |error| JournalError::io(folder, "read", error);
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(io(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let name = entry.map_err(io)?.file_name();
        let number = name.to_str().and_then(|n| n.strip_suffix(".journal"));
        found.extend(number.and_then(|n| n.parse::<u64>().ok()));
    }
    found.sort_unstable();
    Ok(found)
}

/// The segments in which sessions begin, in order.
///
/// # Errors
/// As [`Preamble::read`].
pub fn sessions(folder: &Path) -> Result<Vec<u64>, JournalError> {
    let mut found = Vec::new();
    for number in segments(folder)? {
        let preamble = Preamble::read(&segment_path(folder, number))?;
        found.extend(preamble.filter(Preamble::begins_session).map(|_| number));
    }
    Ok(found)
}
