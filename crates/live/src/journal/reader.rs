//! Reading a segment back: records in order, a torn tail named, corruption refused.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use py_rt_kernel::journal::Entry;

use super::frame::{later_payloads, payload_length, Chain, FRAME, MAGIC};
use super::JournalError;

/// One record with its place.
#[derive(Debug, Clone)]
pub struct Record {
    /// Its number, from 1.
    pub number: u64,
    /// What it says.
    pub entry: Entry,
}

/// The end of a segment that was being written when the machine or the process died.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TornTail {
    /// Bytes behind the last whole record.
    pub bytes: u64,
    /// The number that the torn record would have had.
    pub record: u64,
}

/// Reads one segment from its beginning.
#[derive(Debug)]
pub struct JournalReader {
    path: PathBuf,
    file: BufReader<File>,
    length: u64,
    offset: u64,
    chain: Chain,
    torn: Option<TornTail>,
    payload: Vec<u8>,
}

impl JournalReader {
    /// Opens a segment.
    ///
    /// # Errors
    /// [`JournalError::Io`], or [`JournalError::NotAJournal`] when it begins with other bytes.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let io = |error| JournalError::io(path, "open", error);
        let file = File::open(path).map_err(io)?;
        let length = file.metadata().map_err(io)?.len();
        let mut file = BufReader::with_capacity(1 << 18, file);
        let mut magic = [0; MAGIC.len()];
        let told = (length as usize).min(magic.len());
        file.read_exact(&mut magic[..told]).map_err(io)?;
        if magic[..told] != MAGIC[..told] {
            return Err(JournalError::NotAJournal(path.to_path_buf()));
        }
        let torn = (told < MAGIC.len()).then_some(TornTail {
            bytes: length,
            record: 1,
        });
        Ok(Self {
            path: path.to_path_buf(),
            file,
            length,
            offset: told as u64,
            chain: Chain::START,
            torn,
            payload: Vec::new(),
        })
    }

    /// The segment.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What was cut off at the end, once [`JournalReader::next_record`] has said `None`.
    #[must_use]
    pub const fn torn(&self) -> Option<TornTail> {
        self.torn
    }

    /// Where the last whole record ends.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// The place in the chain after the last whole record.
    #[must_use]
    pub const fn chain(&self) -> Chain {
        self.chain
    }

    /// Looks whether the file has grown since: then what seemed torn is read again. Says so.
    ///
    /// # Errors
    /// [`JournalError::Io`].
    pub fn refresh(&mut self) -> Result<bool, JournalError> {
        let io = |error| JournalError::io(&self.path, "read", error);
        let length = self.file.get_ref().metadata().map_err(io)?.len();
        let grown = length > self.length && self.offset >= MAGIC.len() as u64;
        self.length = length.max(self.offset);
        if grown {
            self.file.seek(SeekFrom::Start(self.offset)).map_err(io)?;
            self.torn = None;
        }
        Ok(grown)
    }

    /// The next record, or `None` at the end or where the tail is torn.
    ///
    /// # Errors
    /// [`JournalError::Corrupt`] when a record is broken that was on the disk once,
    /// [`JournalError::Malformed`] when a whole record cannot be read.
    pub fn next_record(&mut self) -> Result<Option<Record>, JournalError> {
        if self.torn.is_some() || self.offset == self.length {
            return Ok(None);
        }
        let mut frame = [0; FRAME];
        if !self.fill_frame(&mut frame)? {
            return self.handle_broken();
        }
        let entry = Entry::decode(&self.payload).map_err(|error| JournalError::Malformed {
            path: self.path.clone(),
            record: self.chain.sequence,
            error,
        })?;
        self.offset += (FRAME + self.payload.len()) as u64;
        Ok(Some(Record {
            number: self.chain.sequence,
            entry,
        }))
    }

    /// Reads a frame and its payload; false when they are not the record that follows.
    fn fill_frame(&mut self, frame: &mut [u8; FRAME]) -> Result<bool, JournalError> {
        let left = self.length - self.offset;
        if left < FRAME as u64 {
            return Ok(false);
        }
        self.read_exact(frame)?;
        let Some(length) = payload_length(frame) else {
            return Ok(false);
        };
        if left < (FRAME + length) as u64 {
            return Ok(false);
        }
        let mut payload = std::mem::take(&mut self.payload);
        payload.resize(length, 0);
        self.file
            .read_exact(&mut payload)
            .map_err(|error| JournalError::io(&self.path, "read", error))?;
        self.payload = payload;
        Ok(self.chain.accept(frame, &self.payload))
    }

    fn read_exact(&mut self, out: &mut [u8]) -> Result<(), JournalError> {
        self.file
            .read_exact(out)
            .map_err(|error| JournalError::io(&self.path, "read", error))
    }

    /// Whether a later record says that the place where the reader stands was on the disk. Without
    /// that a break is what a loss of power leaves: sectors get to the disk in any order.
    fn was_synced(&self, payload: &[u8]) -> bool {
        match Entry::decode(payload) {
            Ok(Entry::Synced { offset }) => offset > self.offset,
            Ok(Entry::End(_)) => true,
            _ => false,
        }
    }

    fn handle_broken(&mut self) -> Result<Option<Record>, JournalError> {
        let io = |error| JournalError::io(&self.path, "read", error);
        let mut rest = Vec::new();
        self.file
            .seek(SeekFrom::Start(self.offset))
            .and_then(|_| self.file.read_to_end(&mut rest))
            .map_err(io)?;
        let record = self.chain.sequence + 1;
        if later_payloads(&rest, record).any(|payload| self.was_synced(payload)) {
            return Err(JournalError::Corrupt {
                path: self.path.clone(),
                record,
                offset: self.offset,
            });
        }
        self.torn = Some(TornTail {
            bytes: rest.len() as u64,
            record,
        });
        Ok(None)
    }
}
