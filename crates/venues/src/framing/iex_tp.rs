//! IEX-TP: the header of every packet of IEX's feeds, little-endian.

use crate::error::DecodeError;
use crate::wire::{le16, le32, le64, le64i, part};

/// Which feed a packet belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IexFeed {
    /// TOPS: best quotes and trades.
    Tops,
    /// DEEP: price levels and trades.
    Deep,
    /// DEEP+: single orders.
    DeepPlus,
}

/// One packet: what its header says, and its messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IexPacket<'a> {
    /// Which feed.
    pub feed: IexFeed,
    /// Channel within the feed.
    pub channel: u32,
    /// Session of the day.
    pub session: u32,
    /// Number of messages.
    pub count: u16,
    /// Bytes of the stream before this packet.
    pub stream_offset: i64,
    /// Number of the first message; the next one's in a heartbeat.
    pub first: u64,
    /// When it was sent, ns UTC.
    pub sent: i64,
    payload: &'a [u8],
}

/// Length of the header.
pub const HEADER: usize = 40;

impl<'a> IexPacket<'a> {
    /// Decodes the payload of one datagram.
    ///
    /// # Errors
    /// `Malformed`: `version`, `protocol`, or `end` when it is cut short.
    pub fn decode(packet: &'a [u8]) -> Result<Self, DecodeError> {
        let head = part::<HEADER>(packet, 0).map_err(|error| error.in_whole(packet.len()))?;
        if head[0] != 1 {
            return Err(DecodeError::malformed(0, "version"));
        }
        let feed = match le16(head, 2) {
            0x8002 | 0x8003 => IexFeed::Tops,
            0x8004 => IexFeed::Deep,
            0x8005 => IexFeed::DeepPlus,
            _ => return Err(DecodeError::malformed(2, "protocol")),
        };
        let length = usize::from(le16(head, 12));
        let payload = packet
            .get(HEADER..HEADER + length)
            .ok_or(DecodeError::malformed(packet.len(), "end"))?;
        Ok(Self {
            feed,
            channel: le32(head, 4),
            session: le32(head, 8),
            count: le16(head, 14),
            stream_offset: le64i(head, 16),
            first: le64(head, 24),
            sent: le64i(head, 32),
            payload,
        })
    }

    /// Calls `visit` with each message and its offset in the packet.
    ///
    /// # Errors
    /// `Malformed` when the packet holds fewer messages than it says, or what `visit` returns.
    pub fn visit(
        &self,
        mut visit: impl FnMut(&[u8], usize) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        let mut at = 0;
        for _ in 0..self.count {
            let end = DecodeError::malformed(HEADER + at, "message length");
            let length = usize::from(le16(part::<2>(self.payload, at).map_err(|_| end)?, 0));
            let message = self.payload.get(at + 2..at + 2 + length).ok_or(end)?;
            visit(message, HEADER + at + 2)?;
            at += 2 + length;
        }
        Ok(())
    }
}
