//! How messages lie in files and packets.
//!
//! - [`blocks`]: length-prefixed messages, and those of SoupBinTCP.
//! - [`mold`]: MoldUDP64 packets, sequence numbers and all.
//! - [`capture`]: packet captures (pcap and pcapng), link to payload.
//! - [`iex_tp`]: the packets of IEX.
//!
//! Source: Nasdaq BinaryFILE 1.0, SoupBinTCP 4.00, MoldUDP64 1.00; IEX Transport Specification
//! 1.25; libpcap file format; pcapng, draft-ietf-opsawg-pcapng.

pub mod blocks;
pub mod capture;
pub mod iex_tp;
pub mod mold;

pub use capture::{Capture, Datagram, Transport};
