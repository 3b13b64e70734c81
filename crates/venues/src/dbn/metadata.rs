//! The metadata in front of the records.

use alloc::string::String;
use alloc::vec::Vec;

use crate::error::DecodeError;
use crate::wire::{le16, le32, le64, part, trimmed};

/// What a file says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// 1, 2 or 3.
    pub version: u8,
    /// Such as `GLBX.MDP3`.
    pub dataset: String,
    /// Number of the schema of all records; `u16::MAX` for a mix.
    pub schema: u16,
    /// First time, ns UTC.
    pub start: u64,
    /// Whether each record ends with the time it was sent.
    pub ts_out: bool,
    /// Instrument numbers and what was asked for under their name.
    pub symbols: Vec<(u32, String)>,
}

/// Number of the schema of trades with the quotes that they met.
pub(super) const TBBO: u16 = 3;
/// Longest metadata that is believed: a million symbols.
const LONGEST: usize = 1 << 28;
/// Bytes of the part of fixed length.
const FIXED: usize = 100;

impl Metadata {
    /// Decodes the start of a file; returns the bytes used too.
    ///
    /// # Errors
    /// `Malformed`: `magic number`, `version`, or a part that does not fit into its length.
    pub fn decode(bytes: &[u8]) -> Result<(Self, usize), DecodeError> {
        let head = part::<8>(bytes, 0)?;
        if !head.starts_with(b"DBN") {
            return Err(DecodeError::malformed(0, "magic number"));
        }
        let version = head[3];
        if !(1..=3).contains(&version) {
            return Err(DecodeError::malformed(3, "version"));
        }
        let length = le32(head, 4) as usize;
        if !(FIXED..=LONGEST).contains(&length) {
            return Err(DecodeError::malformed(4, "metadata length"));
        }
        let body = bytes.get(8..8 + length).ok_or(DecodeError::Incomplete)?;
        let metadata = Self::decode_body(body, version)
            .map_err(|error| DecodeError::Malformed(error.in_whole(8 + length)))?;
        Ok((metadata, 8 + length))
    }

    fn decode_body(body: &[u8], version: u8) -> Result<Self, DecodeError> {
        let fixed = part::<FIXED>(body, 0)?;
        let (flag_at, width) = match version {
            1 => (52, 22),
            _ => (44, usize::from(le16(fixed, 45))),
        };
        if width == 0 {
            return Err(DecodeError::malformed(8 + 45, "symbol length"));
        }
        let definition = le32(part::<4>(body, FIXED)?, 0) as usize;
        let mut names = Names {
            body,
            at: FIXED + 4 + definition,
            width,
        };
        for _ in 0..3 {
            let count = names.count()?;
            names.at += count * width; // asked for, partly found, not found
        }
        let mut symbols = Vec::new();
        for _ in 0..names.count()? {
            let asked = names.name()?;
            for _ in 0..names.count()? {
                names.at += 8; // first and last day
                let number = names.name()?;
                if let Ok(number) = number.parse() {
                    symbols.push((number, asked.clone()));
                }
            }
        }
        let dataset = String::from_utf8_lossy(trimmed(&fixed[..16])).into_owned();
        Ok(Self {
            version,
            dataset,
            schema: le16(fixed, 16),
            start: le64(fixed, 18),
            ts_out: fixed[flag_at] != 0,
            symbols,
        })
    }
}

struct Names<'a> {
    body: &'a [u8],
    at: usize,
    width: usize,
}

impl Names<'_> {
    fn count(&mut self) -> Result<usize, DecodeError> {
        let count = le32(part::<4>(self.body, self.at)?, 0) as usize;
        self.at += 4;
        if count > self.body.len() {
            return Err(DecodeError::malformed(8 + self.at - 4, "number of symbols"));
        }
        Ok(count)
    }

    fn name(&mut self) -> Result<String, DecodeError> {
        let field = self.body.get(self.at..self.at + self.width);
        let field = field.ok_or(DecodeError::Incomplete)?;
        self.at += self.width;
        let end = field
            .iter()
            .position(|byte| *byte == 0)
            .unwrap_or(self.width);
        let name = field.get(..end).unwrap_or_default();
        Ok(String::from_utf8_lossy(name).into_owned())
    }
}
