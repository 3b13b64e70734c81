//! The entries of a journal as lines, read lazily: one record in memory at a time.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use py_rt_kernel::journal::Entry;
use py_rt_types::UnixNanos;

use super::fields::{fields, kind, time};
use super::spelling::Spelling;
use super::{find_journal, Field};
use crate::journal::segment::{segment_path, sessions};
use crate::journal::{JournalError, JournalReader};

/// One entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Its number, from 1, over all sessions of a state directory.
    pub sequence: u64,
    /// The segment in which it stands.
    pub segment: u64,
    /// Where it ends in the segment, in bytes.
    pub offset: u64,
    /// When the kernel learned or decided it.
    pub time: Option<UnixNanos>,
    /// What it is.
    pub kind: &'static str,
    /// What it says.
    pub fields: Vec<Field>,
}

/// Reads the sessions of a journal one after the other, and follows it as it grows.
#[derive(Debug)]
pub struct Lines {
    folder: PathBuf,
    /// Whether later sessions are read too.
    goes_on: bool,
    reader: JournalReader,
    spelling: Option<Spelling>,
}

impl Lines {
    /// Opens a journal at its first session; at the one session if a file is named.
    ///
    /// # Errors
    /// As [`JournalReader::open`], and [`JournalError::NoJournal`].
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let (folder, file) = find_journal(path)?;
        if let Some(file) = file {
            return Self::at(folder, &file, false);
        }
        let first = sessions(&folder)?.first().copied();
        let first = first.ok_or_else(|| JournalError::NoJournal(path.to_path_buf()))?;
        let file = segment_path(&folder, first);
        Self::at(folder, &file, true)
    }

    fn at(folder: PathBuf, file: &Path, goes_on: bool) -> Result<Self, JournalError> {
        Ok(Self {
            folder,
            goes_on,
            reader: JournalReader::open(file)?,
            spelling: None,
        })
    }

    /// Opens a journal so that its last `count` lines are still to come; returns them with what
    /// follows them. No more than `count` lines are held.
    ///
    /// # Errors
    /// As [`Lines::next_line`].
    pub fn tail(path: &Path, count: usize) -> Result<(VecDeque<Line>, Self), JournalError> {
        let (folder, file) = find_journal(path)?;
        let firsts = match file {
            Some(_) => Vec::new(),
            None => sessions(&folder)?,
        };
        if firsts.is_empty() {
            let mut lines = Self::open(path)?;
            let kept = lines.last(count)?;
            return Ok((kept, lines));
        }
        let (mut kept, mut open) = (VecDeque::new(), None);
        for first in firsts.into_iter().rev() {
            let mut lines = Self::at(folder.clone(), &segment_path(&folder, first), false)?;
            let mut before = lines.last(count - kept.len())?;
            before.append(&mut kept);
            kept = before;
            lines.goes_on = true;
            open.get_or_insert(lines);
            if kept.len() >= count {
                break;
            }
        }
        let lines = open.ok_or_else(|| JournalError::NoJournal(path.to_path_buf()))?;
        Ok((kept, lines))
    }

    fn last(&mut self, count: usize) -> Result<VecDeque<Line>, JournalError> {
        let mut kept = VecDeque::new();
        while let Some((number, entry)) = self.next_entry()? {
            if count == 0 {
                continue;
            }
            if kept.len() == count {
                kept.pop_front();
            }
            kept.extend(self.line(number, &entry));
        }
        Ok(kept)
    }

    fn next_entry(&mut self) -> Result<Option<(u64, Entry)>, JournalError> {
        loop {
            if let Some(record) = self.reader.next_record()? {
                if let Entry::Header(header) = &record.entry {
                    self.spelling = Some(Spelling::new(header));
                }
                return Ok(Some((record.number, record.entry)));
            }
            if !self.follow_session()? {
                return Ok(None);
            }
        }
    }

    fn line(&self, sequence: u64, entry: &Entry) -> Option<Line> {
        let spelling = self.spelling.as_ref()?;
        Some(Line {
            sequence,
            segment: self.reader.preamble().map_or(0, |own| own.segment),
            offset: self.reader.offset(),
            time: time(entry),
            kind: kind(entry),
            fields: fields(spelling, entry),
        })
    }

    /// Goes on to the next session, if it has begun and is wanted.
    fn follow_session(&mut self) -> Result<bool, JournalError> {
        let own = self.reader.preamble().map_or(0, |own| own.segment);
        if !self.goes_on {
            return Ok(false);
        }
        let next = sessions(&self.folder)?.into_iter().find(|one| *one > own);
        let Some(next) = next else {
            return Ok(false);
        };
        self.reader = JournalReader::open(&segment_path(&self.folder, next))?;
        Ok(true)
    }

    /// The next line; `None` at the end, or where the tail is torn.
    ///
    /// # Errors
    /// As [`JournalReader::next_record`].
    pub fn next_line(&mut self) -> Result<Option<Line>, JournalError> {
        while let Some((number, entry)) = self.next_entry()? {
            if let Some(line) = self.line(number, &entry) {
                return Ok(Some(line));
            }
        }
        Ok(None)
    }

    /// Looks whether the journal has grown; then [`Lines::next_line`] has more to say.
    ///
    /// # Errors
    /// As [`JournalReader::refresh`].
    pub fn refresh(&mut self) -> Result<bool, JournalError> {
        Ok(self.reader.refresh()? || self.follow_session()?)
    }
}
