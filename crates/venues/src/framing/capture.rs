//! Packet captures: pcap and pcapng records to the payload of UDP datagrams and TCP segments.
//!
//! Bytes come in any pieces; what was used is said, the caller keeps the rest. Ethernet with VLAN
//! tags, raw IP, BSD loopback and Linux cooked links; IPv4 and IPv6 without fragments. The length
//! fields of IP and UDP bound the payload; link padding is not part of it.

use crate::error::DecodeError;
use crate::wire::{be16, be32, le16, le32, part};

/// Records longer than this are no packets.
const LONGEST: usize = 1 << 18;

/// Above which protocol a payload lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// A datagram.
    Udp,
    /// A segment of a stream.
    Tcp,
    /// Something else, left alone.
    Other,
}

/// One packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Datagram<'a> {
    /// When it was captured, ns UTC.
    pub ts_recv: i64,
    /// What the payload belongs to.
    pub transport: Transport,
    /// Payload above UDP or TCP.
    pub payload: &'a [u8],
    /// Where the payload starts, from the start of the bytes that were given.
    pub offset: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Pcap { nanos: bool },
    Pcapng,
}

/// A capture that is read from its start.
#[derive(Debug, Clone)]
pub struct Capture {
    kind: Option<Kind>,
    swapped: bool,
    links: alloc::vec::Vec<(u16, u64)>,
}

impl Default for Capture {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether a file that starts so is a packet capture.
#[must_use]
pub fn is_capture(head: &[u8]) -> bool {
    matches!(
        head.first_chunk::<4>(),
        Some(
            [0xa1, 0xb2, 0xc3 | 0x3c, 0xd4 | 0x4d]
                | [0xd4 | 0x4d, 0xc3 | 0x3c, 0xb2, 0xa1]
                | [0x0a, 0x0d, 0x0d, 0x0a]
        )
    )
}

/// Calls `visit` with the packets at the start of a capture, until it returns false or they end.
pub fn visit_head(head: &[u8], mut visit: impl FnMut(&Datagram<'_>) -> bool) {
    let (mut capture, mut rest) = (Capture::new(), head);
    while let Ok((packet, used)) = capture.cut(rest) {
        if packet.is_some_and(|packet| !visit(&packet)) {
            return;
        }
        rest = rest.get(used..).unwrap_or_default();
    }
}

impl Capture {
    /// A capture of which nothing was read yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            kind: None,
            swapped: false,
            links: alloc::vec::Vec::new(),
        }
    }

    /// Cuts the next packet off; returns it, or `None` for a record that is no packet, and the
    /// bytes used.
    ///
    /// # Errors
    /// `Incomplete` when the bytes end before the record does; `Malformed` for what is no capture.
    pub fn cut<'a>(
        &mut self,
        bytes: &'a [u8],
    ) -> Result<(Option<Datagram<'a>>, usize), DecodeError> {
        match self.kind {
            None => self.open(bytes),
            Some(Kind::Pcap { nanos }) => self.cut_record(bytes, nanos),
            Some(Kind::Pcapng) => self.cut_block(bytes),
        }
    }

    fn u16(&self, bytes: [u8; 2]) -> u16 {
        if self.swapped {
            be16(&bytes, 0)
        } else {
            le16(&bytes, 0)
        }
    }

    fn u32(&self, bytes: &[u8], at: usize) -> Result<u32, DecodeError> {
        let field = part::<4>(bytes, at)?;
        Ok(if self.swapped {
            be32(field, 0)
        } else {
            le32(field, 0)
        })
    }

    fn open<'a>(&mut self, bytes: &'a [u8]) -> Result<(Option<Datagram<'a>>, usize), DecodeError> {
        let magic = part::<4>(bytes, 0)?;
        if !is_capture(magic) {
            return Err(DecodeError::malformed(0, "magic number"));
        }
        if *magic == [0x0a, 0x0d, 0x0d, 0x0a] {
            self.kind = Some(Kind::Pcapng);
            return self.cut_block(bytes);
        }
        part::<24>(bytes, 0)?;
        self.swapped = magic[0] == 0xa1;
        let link = self.u32(bytes, 20)? & 0xffff;
        self.links = alloc::vec![(u16::try_from(link).unwrap_or(u16::MAX), 0)];
        let nanos = magic.contains(&0x4d);
        self.kind = Some(Kind::Pcap { nanos });
        Ok((None, 24))
    }

    fn cut_record<'a>(
        &self,
        bytes: &'a [u8],
        nanos: bool,
    ) -> Result<(Option<Datagram<'a>>, usize), DecodeError> {
        part::<16>(bytes, 0)?;
        let (seconds, fraction) = (self.u32(bytes, 0)?, self.u32(bytes, 4)?);
        let length = bounded(self.u32(bytes, 8)?, 8)?;
        let frame = bytes.get(16..16 + length).ok_or(DecodeError::Incomplete)?;
        let fraction_ns = i64::from(fraction) * if nanos { 1 } else { 1_000 };
        let ts_recv = i64::from(seconds) * 1_000_000_000 + fraction_ns;
        let link = self.links.first().map_or(0, |link| link.0);
        Ok((datagram(frame, link, ts_recv, 16), 16 + length))
    }

    fn cut_block<'a>(
        &mut self,
        bytes: &'a [u8],
    ) -> Result<(Option<Datagram<'a>>, usize), DecodeError> {
        part::<12>(bytes, 0)?;
        if bytes.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]) {
            self.swapped = match part::<4>(bytes, 8)? {
                [0x1a, 0x2b, 0x3c, 0x4d] => true,
                [0x4d, 0x3c, 0x2b, 0x1a] => false,
                _ => return Err(DecodeError::malformed(8, "byte order")),
            };
            self.links.clear();
        }
        let kind = self.u32(bytes, 0)?;
        let length = bounded(self.u32(bytes, 4)?, 4)?;
        if length < 12 || length % 4 != 0 {
            return Err(DecodeError::malformed(4, "block length"));
        }
        let block = bytes.get(..length).ok_or(DecodeError::Incomplete)?;
        let whole = |error: DecodeError| DecodeError::Malformed(error.in_whole(length));
        let packet = match kind {
            1 => self.describe(block).map_err(whole).map(|()| None)?,
            6 => self.enhanced(block).map_err(whole)?,
            _ => None,
        };
        Ok((packet, length))
    }

    /// An interface description: its link, and how many nanoseconds or parts a second has.
    fn describe(&mut self, block: &[u8]) -> Result<(), DecodeError> {
        let link = self.u16(*part::<2>(block, 8)?);
        let (mut at, mut per_second) = (16, 1_000_000u64);
        while at + 4 <= block.len().saturating_sub(4) {
            let code = self.u16(*part::<2>(block, at)?);
            let length = usize::from(self.u16(*part::<2>(block, at + 2)?));
            if code == 9 && length == 1 {
                let resolution = u32::from(part::<1>(block, at + 4)?[0]);
                per_second = match resolution {
                    0..=18 => 10u64.pow(resolution),
                    128..=190 => 1 << (resolution - 128),
                    _ => return Err(DecodeError::malformed(at + 4, "time resolution")),
                };
            }
            if code == 0 {
                break;
            }
            at += 4 + length.next_multiple_of(4);
        }
        self.links.push((link, per_second));
        Ok(())
    }

    fn enhanced<'a>(&self, block: &'a [u8]) -> Result<Option<Datagram<'a>>, DecodeError> {
        let interface = self.u32(block, 8)? as usize;
        let (link, per_second) = *self
            .links
            .get(interface)
            .ok_or(DecodeError::malformed(8, "interface"))?;
        let parts = (u64::from(self.u32(block, 12)?) << 32) | u64::from(self.u32(block, 16)?);
        let ns = u128::from(parts) * 1_000_000_000 / u128::from(per_second.max(1));
        let length = bounded(self.u32(block, 20)?, 20)?;
        let frame = block
            .get(28..28 + length)
            .ok_or(DecodeError::malformed(20, "packet length"))?;
        Ok(datagram(
            frame,
            link,
            i64::try_from(ns).unwrap_or(i64::MAX),
            28,
        ))
    }
}

fn bounded(length: u32, at: usize) -> Result<usize, DecodeError> {
    match usize::try_from(length) {
        Ok(length) if length <= LONGEST => Ok(length),
        _ => Err(DecodeError::malformed(at, "packet length")),
    }
}

/// Walks link, network and transport headers; a frame that is cut short has no payload.
fn datagram(frame: &[u8], link: u16, ts_recv: i64, start: usize) -> Option<Datagram<'_>> {
    let (network, at) = match link {
        1 => ethernet(frame)?,
        101 | 228 | 229 | 12 | 14 => (frame, 0),
        0 | 108 => (frame.get(4..)?, 4),
        113 => (frame.get(16..)?, 16),
        276 => (frame.get(20..)?, 20),
        _ => return None,
    };
    let (protocol, segment, network_header) = ip(network)?;
    let (transport, header, segment) = match protocol {
        17 => {
            let length = usize::from(be16(segment.first_chunk::<8>()?, 4));
            let bounded = if length >= 8 {
                segment.get(..length)?
            } else {
                segment
            };
            (Transport::Udp, 8, bounded)
        }
        6 => {
            let offset = usize::from(segment.first_chunk::<20>()?[12] >> 4) * 4;
            (Transport::Tcp, offset.max(20), segment)
        }
        _ => (Transport::Other, 0, segment),
    };
    let payload = segment.get(header..)?;
    let offset = start + at + network_header + header;
    Some(Datagram {
        ts_recv,
        transport,
        payload,
        offset,
    })
}

fn ethernet(frame: &[u8]) -> Option<(&[u8], usize)> {
    let mut at = 12;
    loop {
        let kind = be16(frame.get(at..)?.first_chunk::<2>()?, 0);
        match kind {
            0x8100 | 0x88a8 | 0x9100 => at += 4,
            0x0800 | 0x86dd => return Some((frame.get(at + 2..)?, at + 2)),
            _ => return None,
        }
    }
}

/// Protocol, what lies above, and the length of the header.
fn ip(packet: &[u8]) -> Option<(u8, &[u8], usize)> {
    match packet.first()? >> 4 {
        4 => {
            let head = packet.first_chunk::<20>()?;
            let header = usize::from(head[0] & 0xf) * 4;
            let total = usize::from(be16(head, 2));
            let fragment = be16(head, 6) & 0x3fff;
            if fragment != 0 {
                return None;
            }
            let packet = if total >= header {
                packet.get(..total)?
            } else {
                packet
            };
            Some((head[9], packet.get(header..)?, header))
        }
        6 => {
            let head = packet.first_chunk::<40>()?;
            let length = usize::from(be16(head, 4));
            Some((head[6], packet.get(40..40 + length)?, 40))
        }
        _ => None,
    }
}
