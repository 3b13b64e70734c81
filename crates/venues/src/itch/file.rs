//! A whole ITCH recording, in blocks of any size.

use alloc::vec::Vec;

use py_rt_types::MarketEvent;

use crate::error::{DecodeError, Malformed};
use crate::framing::blocks::{cut_prefixed, cut_soup, Soup};
use crate::framing::capture::{is_capture, visit_head};
use crate::framing::mold::Sequence;
use crate::framing::{Capture, Transport};

use super::message::length_of;
use super::rows::ItchRows;

/// How the messages of a recording are framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItchFraming {
    /// Two bytes of length before each message; the files of the venue.
    Prefixed,
    /// The bytes of a SoupBinTCP connection.
    Soup,
    /// MoldUDP64 in a packet capture.
    Capture,
}

impl ItchFraming {
    /// Recognises the framing by the first bytes of a file; `None` when it is no ITCH.
    #[must_use]
    pub fn recognise(head: &[u8]) -> Option<Self> {
        if is_capture(head) {
            return Self::is_mold(head).then_some(Self::Capture);
        }
        if Self::looks_like(head, 0) {
            return Some(Self::Prefixed);
        }
        let mut rest = head;
        while let Ok((packet, used)) = cut_soup(rest) {
            if let Soup::Data(message) = packet {
                let kind = message.first().copied().unwrap_or(0);
                return (length_of(kind) == Some(message.len())).then_some(Self::Soup);
            }
            rest = rest.get(used..).unwrap_or_default();
        }
        None
    }

    /// Whether a datagram at the start of a capture holds ITCH messages.
    fn is_mold(head: &[u8]) -> bool {
        let mut found = false;
        visit_head(head, |packet| {
            let mut known = 0;
            if packet.transport == Transport::Udp {
                let mold = Sequence::default().handle_packet(packet.payload);
                let whole = mold.and_then(|mold| {
                    mold.visit(|message, _| {
                        let kind = message.first().copied().unwrap_or(0);
                        let right = length_of(kind) == Some(message.len());
                        known += 1;
                        right.then_some(()).ok_or(DecodeError::Incomplete)
                    })
                });
                found = whole.is_ok() && known > 0;
            }
            !found
        });
        found
    }

    /// Whether the first messages have the length that their type says.
    fn looks_like(head: &[u8], at: usize) -> bool {
        let mut rest = head.get(at..).unwrap_or_default();
        let mut seen = 0;
        while let Ok((message, used)) = cut_prefixed(rest) {
            match message.first() {
                Some(kind) if length_of(*kind) == Some(message.len()) => seen += 1,
                None if seen > 0 => break,
                _ => return false,
            }
            if seen == 3 {
                break;
            }
            rest = rest.get(used..).unwrap_or_default();
        }
        seen > 0
    }
}

/// A recording on its way in.
#[derive(Debug, Clone)]
pub struct ItchFile {
    framing: ItchFraming,
    rows: ItchRows,
    capture: Capture,
    sequence: Sequence,
    used: u64,
    ended: bool,
    missed: u64,
    strangers: u64,
}

impl ItchFile {
    /// A recording of this framing.
    #[must_use]
    pub fn new(framing: ItchFraming, rows: ItchRows) -> Self {
        Self {
            framing,
            rows,
            capture: Capture::new(),
            sequence: Sequence::default(),
            used: 0,
            ended: false,
            missed: 0,
            strangers: 0,
        }
    }

    /// The rows' own state: symbols and counts.
    #[must_use]
    pub const fn rows(&self) -> &ItchRows {
        &self.rows
    }

    /// Messages that the numbers of the packets say are missing.
    #[must_use]
    pub const fn missed(&self) -> u64 {
        self.missed
    }

    /// Packets of a capture that are no MoldUDP64.
    #[must_use]
    pub const fn strangers(&self) -> u64 {
        self.strangers
    }

    /// Bytes used so far.
    #[must_use]
    pub const fn used(&self) -> u64 {
        self.used
    }

    /// Takes bytes in and appends rows; returns how many bytes were used. What is left has to come
    /// again, in front of what follows it.
    ///
    /// # Errors
    /// [`Malformed`] with the offset from the start of the recording. Rows of what came before it
    /// were appended.
    pub fn handle_input(
        &mut self,
        bytes: &[u8],
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
                Err(DecodeError::Incomplete) => return Ok(at),
                Err(DecodeError::Malformed(malformed)) => return Err(malformed.behind(self.used)),
            }
        }
    }

    #[inline]
    fn step(&mut self, bytes: &[u8], out: &mut Vec<MarketEvent>) -> Result<usize, DecodeError> {
        match self.framing {
            ItchFraming::Prefixed => {
                let (message, used) = cut_prefixed(bytes)?;
                if message.is_empty() && !self.ended && self.used > 0 {
                    self.ended = true;
                } else if message.is_empty() || self.ended {
                    return Err(DecodeError::malformed(0, "message length"));
                } else {
                    self.rows
                        .handle_message(message, out)
                        .map_err(|e| shifted(e, 2))?;
                }
                Ok(used)
            }
            ItchFraming::Soup => {
                let (packet, used) = cut_soup(bytes)?;
                if let Soup::Data(message) = packet {
                    self.rows
                        .handle_message(message, out)
                        .map_err(|e| shifted(e, 3))?;
                }
                Ok(used)
            }
            ItchFraming::Capture => self.step_capture(bytes, out),
        }
    }

    fn step_capture(
        &mut self,
        bytes: &[u8],
        out: &mut Vec<MarketEvent>,
    ) -> Result<usize, DecodeError> {
        let (packet, used) = self.capture.cut(bytes)?;
        let Some(packet) = packet else {
            return Ok(used);
        };
        if packet.transport != Transport::Udp {
            self.strangers += 1;
            return Ok(used);
        }
        let mold = self
            .sequence
            .handle_packet(packet.payload)
            .map_err(|error| shifted(error, packet.offset))?;
        if mold.missed > 0 {
            self.missed += mold.missed;
            self.rows.handle_gap();
        }
        let rows = &mut self.rows;
        mold.visit(|message, at| {
            let before = out.len();
            rows.handle_message(message, out)
                .map_err(|error| shifted(error, at))?;
            for row in out.iter_mut().skip(before) {
                row.ts_recv = py_rt_types::UnixNanos(packet.ts_recv);
            }
            Ok(())
        })
        .map_err(|error| shifted(error, packet.offset))?;
        Ok(used)
    }
}

fn shifted(error: DecodeError, by: usize) -> DecodeError {
    match error {
        DecodeError::Malformed(malformed) => {
            DecodeError::malformed(malformed.offset + by, malformed.field)
        }
        DecodeError::Incomplete => error,
    }
}
