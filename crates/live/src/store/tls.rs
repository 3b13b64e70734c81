//! TLS for a database, on the library and the certificates that the venue's lines use.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::pki_types::ServerName;
use rustls::ClientConfig;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_postgres::Socket;
use tokio_rustls::client::TlsStream as Inner;
use tokio_rustls::TlsConnector;

/// Opens private lines to a host whose certificate holds.
#[derive(Clone)]
pub(super) struct RustlsConnect {
    config: Arc<ClientConfig>,
}

impl RustlsConnect {
    pub(super) const fn new(config: Arc<ClientConfig>) -> Self {
        Self { config }
    }
}

/// The next line to open.
pub(super) struct Line {
    connector: TlsConnector,
    name: ServerName<'static>,
}

/// An open line.
pub(super) struct Opened(Inner<Socket>);

impl MakeTlsConnect<Socket> for RustlsConnect {
    type Stream = Opened;
    type TlsConnect = Line;
    type Error = io::Error;

    fn make_tls_connect(&mut self, host: &str) -> io::Result<Line> {
        let name = ServerName::try_from(host.to_string()).map_err(io::Error::other)?;
        Ok(Line {
            connector: TlsConnector::from(Arc::clone(&self.config)),
            name,
        })
    }
}

impl TlsConnect<Socket> for Line {
    type Stream = Opened;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Opened>> + Send>>;

    fn connect(self, socket: Socket) -> Self::Future {
        Box::pin(async move { Ok(Opened(self.connector.connect(self.name, socket).await?)) })
    }
}

impl TlsStream for Opened {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Opened {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, bytes)
    }
}

impl AsyncWrite for Opened {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
