//! MoldUDP64: several messages a packet, numbered.

use crate::error::DecodeError;
use crate::framing::blocks::cut_prefixed;
use crate::wire::{be16, be64, part, text};

/// The session and the number of the next message that is expected of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sequence {
    session: [u8; 10],
    next: u64,
}

/// What a packet is worth after what was seen before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mold<'a> {
    /// Messages that are new, each behind its length.
    blocks: &'a [u8],
    count: u16,
    /// Messages of this packet that came before, in a line that carries the same.
    repeated: u16,
    /// Messages that are missing in front of this packet.
    pub missed: u64,
    /// The session ends.
    pub ended: bool,
}

const END_OF_SESSION: u16 = u16::MAX;

impl Sequence {
    /// Takes the payload of one datagram in. Packets without a number (0) are taken as they come.
    ///
    /// # Errors
    /// `Malformed` when the packet is cut short.
    pub fn handle_packet<'a>(&mut self, packet: &'a [u8]) -> Result<Mold<'a>, DecodeError> {
        let head = part::<20>(packet, 0).map_err(|error| error.in_whole(packet.len()))?;
        let (session, first, count) = (text::<20, 10>(head, 0), be64(head, 10), be16(head, 18));
        let blocks = packet.get(20..).unwrap_or_default();
        let ended = count == END_OF_SESSION;
        let count = if ended { 0 } else { count };
        let mut mold = Mold {
            blocks,
            count,
            repeated: 0,
            missed: 0,
            ended,
        };
        if first == 0 {
            return Ok(mold);
        }
        if session != self.session || self.next == 0 {
            *self = Self {
                session,
                next: first,
            };
        }
        mold.missed = first.saturating_sub(self.next);
        let known = self.next.saturating_sub(first).min(u64::from(count));
        mold.repeated = u16::try_from(known).unwrap_or(count);
        self.next = self.next.max(first.saturating_add(u64::from(count)));
        Ok(mold)
    }
}

impl Mold<'_> {
    /// Calls `visit` with each new message and its offset in the packet.
    ///
    /// # Errors
    /// `Malformed` when the packet holds fewer messages than it says, or what `visit` returns.
    pub fn visit(
        &self,
        mut visit: impl FnMut(&[u8], usize) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        let mut at = 0;
        for number in 0..self.count {
            let rest = self.blocks.get(at..).unwrap_or_default();
            let (message, used) =
                cut_prefixed(rest).map_err(|error| error.in_whole(20 + self.blocks.len()))?;
            if number >= self.repeated {
                visit(message, 20 + at + 2)?;
            }
            at += used;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn packet(first: u64, messages: &[&[u8]]) -> Vec<u8> {
        let mut bytes = b"0123456789".to_vec();
        bytes.extend(first.to_be_bytes());
        bytes.extend((messages.len() as u16).to_be_bytes());
        for message in messages {
            bytes.extend((message.len() as u16).to_be_bytes());
            bytes.extend(*message);
        }
        bytes
    }

    fn told(sequence: &mut Sequence, bytes: &[u8]) -> (Vec<Vec<u8>>, u64) {
        let mold = sequence.handle_packet(bytes).unwrap();
        let mut seen = Vec::new();
        mold.visit(|message, at| {
            assert_eq!(&bytes[at..at + message.len()], message);
            seen.push(message.to_vec());
            Ok(())
        })
        .unwrap();
        (seen, mold.missed)
    }

    #[test]
    fn repeated_messages_are_left_out_and_missing_ones_counted() {
        let mut sequence = Sequence::default();
        assert_eq!(
            told(&mut sequence, &packet(5, &[b"a", b"b"])).0,
            [b"a", b"b"]
        );
        assert_eq!(
            told(&mut sequence, &packet(5, &[b"a", b"b", b"c"])),
            ([b"c".to_vec()].to_vec(), 0)
        );
        assert_eq!(told(&mut sequence, &packet(8, &[])), (Vec::new(), 0));
        assert_eq!(
            told(&mut sequence, &packet(10, &[b"x"])),
            ([b"x".to_vec()].to_vec(), 2)
        );
        assert_eq!(told(&mut sequence, &packet(9, &[b"w"])), (Vec::new(), 0));
        assert_eq!(told(&mut sequence, &packet(0, &[b"u"])).0, [b"u"]);
    }

    #[test]
    fn a_packet_that_is_cut_short_is_malformed() {
        let whole = packet(1, &[b"abc"]);
        for length in 0..whole.len() {
            let mut sequence = Sequence::default();
            let cut = &whole[..length];
            let end = sequence
                .handle_packet(cut)
                .and_then(|mold| mold.visit(|_, _| Ok(())));
            assert_eq!(end, Err(DecodeError::malformed(length, "end")), "{length}");
        }
    }
}
