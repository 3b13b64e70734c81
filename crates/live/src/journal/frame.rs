//! The frame around a record: length, checksum, sequence, hash chain.
//!
//! ```text
//! segment = preamble record*
//! record  = length u32 | crc32c u32 | sequence u64 | first 8 bytes of the root after it | payload
//! ```
//! Little-endian. The checksum covers everything but itself. The sequence counts from 1 over all
//! segments of a state directory. The chain is
//! `root = SHA-256(root before | sequence | payload)`, so that no record can be taken out, changed
//! or put elsewhere without every root that follows being another. The frame carries eight bytes of
//! it for the reader's own check; whoever keeps a whole [`Root`] elsewhere can prove the journal
//! against one who rewrites the file from there on.

use std::fmt;

use ring::digest::{Context, SHA256};

/// Bytes before the payload.
pub const FRAME: usize = 24;
/// No record is longer than this.
pub const PAYLOAD_MAX: usize = 64 << 20;

/// What the chain has come to: SHA-256 over everything before.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Root(pub [u8; 32]);

impl Root {
    /// Before the first record of a state directory.
    pub const START: Self = Self([0; 32]);

    /// The 64 hexadecimal digits back; `None` when they are none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return None;
        }
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The place in the chain after a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chain {
    /// Sequence of the last record, 0 before the first.
    pub sequence: u64,
    /// What the chain has come to.
    pub root: Root,
}

impl Chain {
    /// Before the first record.
    pub const START: Self = Self {
        sequence: 0,
        root: Root::START,
    };

    fn next(self, payload: &[u8]) -> Self {
        let sequence = self.sequence + 1;
        let mut hash = Context::new(&SHA256);
        hash.update(&self.root.0);
        hash.update(&sequence.to_le_bytes());
        hash.update(payload);
        let mut root = Root::START;
        root.0.copy_from_slice(hash.finish().as_ref());
        Self { sequence, root }
    }

    /// Appends a record whose payload `write` appends.
    #[inline]
    pub fn seal(&mut self, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
        let start = out.len();
        out.extend_from_slice(&[0; FRAME]);
        write(out);
        let (frame, payload) = out[start..].split_at_mut(FRAME);
        *self = self.next(payload);
        frame[..4].copy_from_slice(&(payload.len() as u32).to_le_bytes());
        frame[8..16].copy_from_slice(&self.sequence.to_le_bytes());
        frame[16..].copy_from_slice(&self.root.0[..8]);
        let crc = checksum(frame, payload);
        frame[4..8].copy_from_slice(&crc.to_le_bytes());
    }

    /// Whether `frame` and `payload` are the record that follows; goes on to it if so.
    #[must_use]
    pub fn accept(&mut self, frame: &[u8; FRAME], payload: &[u8]) -> bool {
        let next = self.next(payload);
        let same = is_whole(frame, payload)
            && u64_at(frame, 8) == next.sequence
            && frame[16..] == next.root.0[..8];
        if same {
            *self = next;
        }
        same
    }
}

/// The length that a frame promises, when it is possible at all.
#[must_use]
pub fn payload_length(frame: &[u8; FRAME]) -> Option<usize> {
    let length = u32::from_le_bytes([frame[0], frame[1], frame[2], frame[3]]) as usize;
    (1..=PAYLOAD_MAX).contains(&length).then_some(length)
}

/// Whether the checksum holds.
#[must_use]
pub fn is_whole(frame: &[u8], payload: &[u8]) -> bool {
    let told = u32::from_le_bytes([frame[4], frame[5], frame[6], frame[7]]);
    told == checksum(frame, payload)
}

/// The payloads of all whole records with a sequence above `sequence`, wherever they start.
pub fn later_payloads(bytes: &[u8], sequence: u64) -> impl Iterator<Item = &[u8]> {
    (0..bytes.len().saturating_sub(FRAME)).filter_map(move |at| {
        let frame = bytes.get(at..at + FRAME)?.try_into().ok()?;
        let end = at + FRAME + payload_length(frame)?;
        let payload = bytes.get(at + FRAME..end)?;
        let number = u64_at(frame, 8);
        let later = number > sequence && number - sequence <= bytes.len() as u64;
        (later && is_whole(frame, payload)).then_some(payload)
    })
}

fn checksum(frame: &[u8], payload: &[u8]) -> u32 {
    let head = crc32c::crc32c(&frame[..4]);
    crc32c::crc32c_append(crc32c::crc32c_append(head, &frame[8..FRAME]), payload)
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(word)
}
