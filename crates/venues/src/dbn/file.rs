//! A whole DBN file, in blocks of any size.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use py_rt_types::MarketEvent;

use crate::error::{DecodeError, Malformed};

use super::metadata::{Metadata, TBBO};
use super::record::{Header, Record};
use super::rows::DbnRows;

/// A file on its way in.
#[derive(Debug, Clone, Default)]
pub struct DbnFile {
    metadata: Option<Metadata>,
    rows: DbnRows,
    used: u64,
}

impl DbnFile {
    /// A file of which nothing was read yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What the file says about itself, once that was read.
    #[must_use]
    pub const fn metadata(&self) -> Option<&Metadata> {
        self.metadata.as_ref()
    }

    /// The rows' own state: instruments and counts.
    #[must_use]
    pub const fn rows(&self) -> &DbnRows {
        &self.rows
    }

    /// Bytes used so far.
    #[must_use]
    pub const fn used(&self) -> u64 {
        self.used
    }

    /// Symbols of the instruments that have rows: the name asked for, or else the number; with
    /// the number of the publisher behind it where several tell of one instrument.
    #[must_use]
    pub fn symbols(&self) -> Vec<String> {
        let known = self.metadata.as_ref().map_or(&[][..], |m| &m.symbols);
        let numbers = self.rows.numbers();
        let mut names: Vec<String> = Vec::new();
        for (number, publisher) in numbers {
            let asked = known.iter().find(|(known, _)| known == number);
            let name = asked.map_or_else(|| number.to_string(), |(_, name)| name.clone());
            let told_by = numbers.iter().filter(|other| other.0 == *number).count();
            let behind = if told_by > 1 {
                format!(".{publisher}")
            } else {
                String::new()
            };
            let full = format!("{name}{behind}");
            // Two instruments under one name (a continuous contract that rolled): number them.
            let taken = names.contains(&full);
            names.push(if taken {
                format!("{number}{behind}")
            } else {
                full
            });
        }
        names
    }

    /// Takes bytes in and appends rows; returns how many bytes were used. What is left has to come
    /// again, in front of what follows it; `last` says that nothing follows.
    ///
    /// # Errors
    /// [`Malformed`] with the offset from the start of the file.
    pub fn handle_input(
        &mut self,
        bytes: &[u8],
        last: bool,
        out: &mut Vec<MarketEvent>,
    ) -> Result<usize, Malformed> {
        let mut at = 0;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            match self.step(rest, out) {
                Ok(used) => {
                    at += used;
                    self.used += used as u64;
                }
                Err(DecodeError::Incomplete) if last && !rest.is_empty() => {
                    return Err(DecodeError::Incomplete
                        .in_whole(rest.len())
                        .behind(self.used));
                }
                Err(DecodeError::Incomplete) => break,
                Err(DecodeError::Malformed(malformed)) => return Err(malformed.behind(self.used)),
            }
        }
        if last {
            self.rows.finish(out);
        }
        Ok(at)
    }

    #[inline]
    fn step(&mut self, bytes: &[u8], out: &mut Vec<MarketEvent>) -> Result<usize, DecodeError> {
        if self.metadata.is_none() {
            let (metadata, used) = Metadata::decode(bytes)?;
            if metadata.schema == TBBO {
                self.rows.put_quotes_first();
            }
            self.metadata = Some(metadata);
            return Ok(used);
        }
        let header = Header::decode(bytes)?;
        let record = bytes.get(..header.length).ok_or(DecodeError::Incomplete)?;
        self.rows
            .handle_record(&header, Record::decode(record, header.kind)?, out);
        Ok(header.length)
    }
}
