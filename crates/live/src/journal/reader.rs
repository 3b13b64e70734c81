//! Reading a session back: records in order, a torn tail named, corruption refused.

use std::fs::{self, File};
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use py_rt_kernel::journal::{End, Entry};

use super::frame::{is_whole, later_payloads, payload_length, Chain, FRAME};
use super::segment::{sibling, Preamble, PREAMBLE};
use super::{JournalError, Place};

/// One record with its place.
#[derive(Debug, Clone)]
pub struct Record {
    /// Its number, from 1, over all sessions of a state directory.
    pub number: u64,
    /// What it says.
    pub entry: Entry,
}

/// The end of a journal that was being written when the machine or the process died.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TornTail {
    /// Bytes behind the last whole record.
    pub bytes: u64,
    /// The number that the torn record would have had.
    pub record: u64,
}

/// Reads one session from its beginning through all its segments. A session that runs may be read.
#[derive(Debug)]
pub struct JournalReader {
    path: PathBuf,
    file: BufReader<File>,
    preamble: Option<Preamble>,
    length: u64,
    offset: u64,
    chain: Chain,
    torn: Option<TornTail>,
    payload: Vec<u8>,
}

impl JournalReader {
    /// Opens the session to which a segment belongs.
    ///
    /// # Errors
    /// [`JournalError::Io`], [`JournalError::NotAJournal`] or [`JournalError::OtherVersion`] when
    /// it begins with other bytes, [`JournalError::Corrupt`] when its preamble is broken,
    /// [`JournalError::Missing`] when the session began in a segment that is not there.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let opened = Self::open_one(path)?;
        let Some(preamble) = opened.preamble.filter(|one| !one.begins_session()) else {
            return Ok(opened);
        };
        let first = sibling(path, preamble.first);
        if !first.exists() {
            return Err(JournalError::Missing {
                path: path.to_path_buf(),
                segment: preamble.first,
            });
        }
        Self::open_one(&first)
    }

    fn open_one(path: &Path) -> Result<Self, JournalError> {
        let io = |error| JournalError::io(path, "open", error);
        let mut file = File::open(path).map_err(io)?;
        let length = file.metadata().map_err(io)?.len();
        let preamble = Preamble::read_from(&mut file, path)?;
        let chain = preamble.map_or(Chain::START, |found| found.before);
        let torn = TornTail {
            bytes: length,
            record: chain.sequence + 1,
        };
        Ok(Self {
            path: path.to_path_buf(),
            file: BufReader::with_capacity(1 << 18, file),
            preamble,
            length,
            offset: preamble.map_or(0, |_| PREAMBLE as u64),
            chain,
            torn: preamble.is_none().then_some(torn),
            payload: Vec::new(),
        })
    }

    /// The segment that is being read.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The head of the segment that is being read; `None` when it was never whole.
    #[must_use]
    pub const fn preamble(&self) -> Option<Preamble> {
        self.preamble
    }

    /// What was cut off at the end, once [`JournalReader::next_record`] has said `None`.
    #[must_use]
    pub const fn torn(&self) -> Option<TornTail> {
        self.torn
    }

    /// Where the last whole record ends, in the segment that is being read.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// The place in the chain after the last whole record.
    #[must_use]
    pub const fn chain(&self) -> Chain {
        self.chain
    }

    /// Where a writer goes on; `None` when the segment's head was never whole.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        self.preamble.map(|preamble| Place {
            segment: preamble.segment,
            first: preamble.first,
            length: self.offset,
            chain: self.chain,
        })
    }

    /// Looks whether the journal has grown since: then what seemed torn is read again. Says so.
    ///
    /// # Errors
    /// As [`JournalReader::next_record`].
    pub fn refresh(&mut self) -> Result<bool, JournalError> {
        if self.preamble.is_none() {
            let again = Self::open_one(&self.path)?;
            let grown = again.preamble.is_some() && again.length > PREAMBLE as u64;
            *self = again;
            return Ok(grown);
        }
        if self.has_grown()? {
            return Ok(true);
        }
        if self.offset < self.length {
            return Ok(false);
        }
        self.torn = None;
        self.advance()
    }

    /// Takes over a new length of the segment; what seemed torn is then read again.
    fn has_grown(&mut self) -> Result<bool, JournalError> {
        let io = |error| JournalError::io(&self.path, "read", error);
        let length = self.file.get_ref().metadata().map_err(io)?.len();
        if length <= self.length {
            return Ok(false);
        }
        self.length = length;
        self.file.seek(SeekFrom::Start(self.offset)).map_err(io)?;
        self.torn = None;
        Ok(true)
    }

    /// Goes on to the next segment of the session, if it has begun. Says so.
    fn advance(&mut self) -> Result<bool, JournalError> {
        let Some(own) = self.preamble else {
            return Ok(false);
        };
        let path = sibling(&self.path, own.segment + 1);
        if path == self.path || !path.exists() {
            return Ok(false);
        }
        let Some(next) = Preamble::read(&path)? else {
            return self.note_unfinished(&path, own.segment);
        };
        // What stands in this segment was whole before the next one was made.
        if self.has_grown()? {
            return Ok(true);
        }
        if next.begins_session() && self.torn.is_none() {
            return Ok(false);
        }
        let continues = next.first == own.first && next.segment == own.segment + 1;
        if self.offset < self.length {
            return Err(self.corrupt());
        }
        if !continues || next.before != self.chain {
            return Err(JournalError::Unchained {
                path,
                sequence: self.chain.sequence + 1,
                before: self.path.clone(),
            });
        }
        let (chain, payload) = (self.chain, std::mem::take(&mut self.payload));
        *self = Self::open_one(&path)?;
        (self.chain, self.payload) = (chain, payload);
        Ok(true)
    }

    /// The next segment was being made when the process died: nothing stands in it.
    fn note_unfinished(&mut self, path: &Path, own: u64) -> Result<bool, JournalError> {
        if sibling(path, own + 2).exists() {
            return Err(JournalError::Corrupt {
                path: path.to_path_buf(),
                record: self.chain.sequence + 1,
                offset: 0,
            });
        }
        let bytes = fs::metadata(path).map_or(0, |data| data.len());
        self.torn.get_or_insert(TornTail {
            bytes,
            record: self.chain.sequence + 1,
        });
        Ok(false)
    }

    /// The next record, or `None` at the end or where the tail is torn.
    ///
    /// # Errors
    /// [`JournalError::Corrupt`] when a record is broken that was on the disk once,
    /// [`JournalError::Unchained`] when the next segment does not go on where this one ends,
    /// [`JournalError::Malformed`] when a whole record cannot be read.
    #[inline]
    pub fn next_record(&mut self) -> Result<Option<Record>, JournalError> {
        if !self.next_payload()? {
            return Ok(None);
        }
        let entry = Entry::decode(&self.payload).map_err(|error| JournalError::Malformed {
            path: self.path.clone(),
            record: self.chain.sequence,
            error,
        })?;
        Ok(Some(Record {
            number: self.chain.sequence,
            entry,
        }))
    }

    /// Reads the next record without looking into it; false at the end.
    fn next_payload(&mut self) -> Result<bool, JournalError> {
        loop {
            if self.torn.is_some() {
                return Ok(false);
            }
            if self.offset == self.length {
                if self.advance()? {
                    continue;
                }
                return Ok(false);
            }
            let mut frame = [0; FRAME];
            if self.fill_frame(&mut frame)? {
                self.offset += (FRAME + self.payload.len()) as u64;
                return Ok(true);
            }
            self.handle_broken()?;
        }
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

    fn corrupt(&self) -> JournalError {
        JournalError::Corrupt {
            path: self.path.clone(),
            record: self.chain.sequence + 1,
            offset: self.offset,
        }
    }

    /// Whether the record that begins `rest` did not fit into the length that was known: of a
    /// session that runs, the file may end inside a record at any moment.
    fn is_cut_by_length(&self, rest: &[u8]) -> bool {
        let left = self.length - self.offset;
        let frame = rest.get(..FRAME).and_then(|frame| frame.try_into().ok());
        let length = frame.and_then(payload_length).unwrap_or(0);
        left < (FRAME + length) as u64
    }

    /// A record is broken: torn, or corrupt when it was on the disk once.
    fn handle_broken(&mut self) -> Result<(), JournalError> {
        let io = |error| JournalError::io(&self.path, "read", error);
        let mut rest = Vec::new();
        self.file
            .seek(SeekFrom::Start(self.offset))
            .and_then(|_| self.file.read_to_end(&mut rest))
            .map_err(io)?;
        if self.is_cut_by_length(&rest) && self.has_grown()? {
            return Ok(());
        }
        let record = self.chain.sequence + 1;
        if later_payloads(&rest, record).any(|payload| self.was_synced(payload)) {
            return Err(self.corrupt());
        }
        self.torn = Some(TornTail {
            bytes: rest.len() as u64,
            record,
        });
        self.advance().map(drop)
    }
}

/// Whether the last bytes of a segment are an end record. Cheap, and no proof: a segment that does
/// not look ended is not, one that does has still to be read.
///
/// # Errors
/// [`JournalError::Io`].
pub fn seems_ended(path: &Path) -> Result<bool, JournalError> {
    let io = |error| JournalError::io(path, "read", error);
    let mut payload = Vec::new();
    Entry::End(End::default()).encode(&mut payload);
    let mut last = vec![0; FRAME + payload.len()];
    let mut file = File::open(path).map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    if length < last.len() as u64 {
        return Ok(false);
    }
    file.seek(SeekFrom::Start(length - last.len() as u64))
        .and_then(|_| file.read_exact(&mut last))
        .map_err(io)?;
    let (frame, payload) = last.split_at(FRAME);
    let ended = matches!(Entry::decode(payload), Ok(Entry::End(_)));
    Ok(ended && is_whole(frame, payload))
}
