//! Connections that can be broken on purpose, for the faults of the administration.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

use super::driver::Door;
use crate::fault::cut::{Breach, Cut};

/// Pause after a connection could not be taken.
const PAUSE: Duration = Duration::from_millis(20);

/// Takes connections, unless the venue plays dead.
pub(super) struct Wires {
    pub(super) listener: TcpListener,
    pub(super) door: Door,
}

/// A connection.
pub(super) struct Wire {
    stream: TcpStream,
    cut: Cut,
}

/// What a handler knows of its connection.
#[derive(Debug, Clone)]
pub(super) struct Peer(pub(super) Cut);

impl Connected<IncomingStream<'_, Wires>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Wires>) -> Self {
        Self(stream.io().cut.clone())
    }
}

impl Listener for Wires {
    type Io = Wire;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Wire, SocketAddr) {
        loop {
            match self.listener.accept().await {
                Ok((stream, address)) => {
                    // Else an answer may wait for an acknowledgement; a refusal costs only time.
                    let _ = stream.set_nodelay(true);
                    if self.door.is_down() {
                        let _ = stream.set_zero_linger();
                        continue;
                    }
                    let cut = Cut::default();
                    self.door.register(&cut);
                    return (Wire { stream, cut }, address);
                }
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl Wire {
    fn reset<T>(&self) -> Poll<io::Result<T>> {
        // The other side shall see a reset; if it cannot, it sees an end.
        let _ = self.stream.set_zero_linger();
        Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.cut.watch(context.waker());
        match self.cut.breach() {
            Breach::Reset => self.reset(),
            Breach::Mute => Poll::Pending,
            _ => Pin::new(&mut self.stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.cut.breach() {
            Breach::None => return Pin::new(&mut self.stream).poll_write(context, bytes),
            Breach::Mute => return Poll::Ready(Ok(bytes.len())),
            _ => {}
        }
        match self.cut.allowance(bytes) {
            Some(count) => Pin::new(&mut self.stream).poll_write(context, &bytes[..count]),
            None => self.reset(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
