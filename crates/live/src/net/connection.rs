//! One open, non-blocking connection.

use std::io::{self, ErrorKind, Read, Write};

use py_rt_venues::Transmit;
use tungstenite::protocol::WebSocket;
use tungstenite::{Bytes, Error, Message, Utf8Bytes};

use super::Stream;

/// What one read brought.
#[derive(Debug)]
pub(super) enum Read1 {
    /// Bytes at the front of the buffer, so many.
    Bytes(usize),
    /// A whole message.
    Message(Bytes),
    /// A pong.
    Pong,
    /// Something that concerns nobody: read again.
    Skip,
    /// Nothing yet.
    Nothing,
}

/// See the module.
#[derive(Debug)]
pub(super) enum Connection {
    Bytes {
        stream: Stream,
        unsent: Vec<u8>,
    },
    WebSocket {
        socket: Box<WebSocket<Stream>>,
        unsent: bool,
    },
}

impl Connection {
    pub(super) const fn bytes(stream: Stream) -> Self {
        Self::Bytes {
            stream,
            unsent: Vec::new(),
        }
    }

    pub(super) fn web_socket(socket: WebSocket<Stream>) -> Self {
        Self::WebSocket {
            socket: Box::new(socket),
            unsent: false,
        }
    }

    pub(super) fn stream(&self) -> &Stream {
        match self {
            Self::Bytes { stream, .. } => stream,
            Self::WebSocket { socket, .. } => socket.get_ref(),
        }
    }

    /// Whether bytes wait for the socket to take them.
    pub(super) fn wants_write(&self) -> bool {
        let unsent = match self {
            Self::Bytes { unsent, .. } => !unsent.is_empty(),
            Self::WebSocket { unsent, .. } => *unsent,
        };
        unsent || self.stream().wants_write()
    }

    pub(super) fn send(&mut self, transmit: Transmit<'_>) -> io::Result<()> {
        match (self, transmit) {
            (Self::Bytes { stream, unsent }, Transmit::Bytes(bytes)) => {
                if unsent.is_empty() {
                    let sent = write_some(stream, bytes)?;
                    unsent.extend_from_slice(&bytes[sent..]);
                    return Ok(());
                }
                unsent.extend_from_slice(bytes);
                Ok(())
            }
            (Self::WebSocket { socket, unsent }, Transmit::Text(text)) => {
                let text = Utf8Bytes::try_from(text.to_vec()).map_err(io::Error::other)?;
                *unsent = !is_sent(socket.send(Message::Text(text)))?;
                Ok(())
            }
            (Self::WebSocket { socket, unsent }, Transmit::Ping) => {
                *unsent = !is_sent(socket.send(Message::Ping(Bytes::new())))?;
                Ok(())
            }
            _ => Err(io::Error::other("this connection does not speak so")),
        }
    }

    /// Goes on with what waits to be written.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Bytes { stream, unsent } => {
                let sent = write_some(stream, unsent)?;
                unsent.drain(..sent);
                match stream.flush() {
                    Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
                    flushed => flushed,
                }
            }
            Self::WebSocket { socket, unsent } => {
                *unsent = !is_sent(socket.flush())?;
                Ok(())
            }
        }
    }

    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<Read1> {
        match self {
            Self::Bytes { stream, .. } => match stream.read(buffer) {
                Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
                Ok(count) => Ok(Read1::Bytes(count)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(Read1::Nothing),
                Err(error) if error.kind() == ErrorKind::Interrupted => Ok(Read1::Skip),
                Err(error) => Err(error),
            },
            Self::WebSocket { socket, unsent } => match socket.read() {
                Ok(Message::Text(text)) => Ok(Read1::Message(text.into())),
                Ok(Message::Binary(bytes)) => Ok(Read1::Message(bytes)),
                Ok(Message::Pong(_)) => Ok(Read1::Pong),
                Ok(Message::Ping(_)) => {
                    // The answer was queued by the read; it goes out with the next flush.
                    *unsent = !is_sent(socket.flush())?;
                    Ok(Read1::Skip)
                }
                Ok(Message::Close(_) | Message::Frame(_)) => Ok(Read1::Skip),
                Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => {
                    Ok(Read1::Nothing)
                }
                Err(Error::Io(error)) => Err(error),
                Err(error) => Err(io::Error::other(error.to_string())),
            },
        }
    }
}

fn write_some(stream: &mut Stream, bytes: &[u8]) -> io::Result<usize> {
    let mut sent = 0;
    while sent < bytes.len() {
        match stream.write(&bytes[sent..]) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => sent += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(sent)
}

/// Whether everything left; what did not waits inside the WebSocket.
fn is_sent(result: Result<(), Error>) -> io::Result<bool> {
    match result {
        Ok(()) => Ok(true),
        Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => Ok(false),
        Err(Error::Io(error)) => Err(error),
        Err(error) => Err(io::Error::other(error.to_string())),
    }
}
