//! Connections: lanes that are opened, closed, written to and polled.
//!
//! [`Transport`] is everything that the driver knows of the outside world, the clock among it.
//! [`NetTransport`] is the one with sockets; tests have one that is a script in virtual time.
//!
//! Opening blocks (names, TCP, TLS, the WebSocket greeting) and so happens in a thread of its own;
//! what comes out of it is a non-blocking connection. A lane that fails says so by
//! [`Arrival::Closed`], never by an error.

mod connect;
mod connection;
mod transport;
mod url;

use std::io;

use py_rt_types::UnixNanos;
use py_rt_venues::Transmit;

pub use connect::{open_stream, tls_config, Endpoint, Protocol, Stream};
pub use transport::NetTransport;
pub use url::Url;

/// A connection by its place in the list.
pub type LaneId = usize;

/// Something that happened outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival<'a> {
    /// The lane is open.
    Opened(LaneId),
    /// The lane could not be opened, or is open no more; with a word for the log.
    Closed(LaneId, &'a str),
    /// Bytes of a stream, or the payload of one whole message.
    Bytes(LaneId, &'a [u8]),
    /// A pong.
    Pong(LaneId),
}

/// The outside world.
pub trait Transport {
    /// The time now.
    fn now(&mut self) -> UnixNanos;
    /// Starts to open a lane; [`Arrival::Opened`] or [`Arrival::Closed`] follows.
    ///
    /// # Errors
    /// When the machine has no means left to try.
    fn open(&mut self, lane: LaneId) -> io::Result<()>;
    /// Closes a lane at once and without a word.
    ///
    /// # Errors
    /// When the outside world has ended.
    fn close(&mut self, lane: LaneId) -> io::Result<()>;
    /// Writes to a lane, now as far as it goes and the rest as soon as it can.
    ///
    /// # Errors
    /// When the outside world has ended; a lane that fails is [`Arrival::Closed`] instead.
    fn send(&mut self, lane: LaneId, transmit: Transmit<'_>) -> io::Result<()>;
    /// Waits for something to happen, at the longest until `until`; says when it happened.
    ///
    /// # Errors
    /// When the outside world has ended.
    fn poll(&mut self, until: UnixNanos) -> io::Result<Option<(UnixNanos, Arrival<'_>)>>;
}
