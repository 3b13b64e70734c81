//! Opening a connection: names, TCP, TLS and the WebSocket greeting, blocking, with deadlines.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tungstenite::protocol::WebSocketConfig;

use super::connection::Connection;
use super::Url;

/// How long TCP may take to one address, and each step of a greeting.
const STEP: Duration = Duration::from_secs(5);
/// A message of a venue is never larger.
const MESSAGE_MAX: usize = 16 << 20;

/// How a lane speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// A plain stream of bytes, for HTTP.
    Bytes,
    /// WebSocket messages.
    WebSocket,
}

/// Where a lane leads.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// The address.
    pub url: Url,
    /// How to speak there.
    pub protocol: Protocol,
}

/// A TCP connection, encrypted or not.
pub enum Stream {
    /// In the clear.
    Plain(TcpStream),
    /// Encrypted.
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain(_) => "Stream::Plain",
            Self::Tls(_) => "Stream::Tls",
        })
    }
}

impl Stream {
    /// The socket below.
    #[must_use]
    pub fn socket(&self) -> &TcpStream {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(stream) => &stream.sock,
        }
    }

    /// Whether bytes wait inside that the socket did not take.
    #[must_use]
    pub fn wants_write(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Tls(stream) => stream.conn.wants_write(),
        }
    }

    fn set_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.socket().set_read_timeout(timeout)?;
        self.socket().set_write_timeout(timeout)
    }
}

impl Read for Stream {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.read(out),
            Self::Tls(stream) => stream.read(out),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.write(bytes),
            Self::Tls(stream) => stream.write(bytes),
        }
    }
    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(socket) => socket.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}

/// The settings of encrypted connections: the machine's own certificates.
///
/// # Errors
/// When the machine has none.
pub fn tls_config() -> io::Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        return Err(io::Error::other(
            "this machine has no root certificates: install the package ca-certificates",
        ));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Opens a blocking stream whose reads and writes end after 5 s.
///
/// # Errors
/// When the name is not known, nobody answers, or the certificate does not hold.
pub fn open_stream(url: &Url, tls: Option<&Arc<ClientConfig>>) -> io::Result<Stream> {
    let socket = open_socket(&url.resolve()?)?;
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(STEP))?;
    socket.set_write_timeout(Some(STEP))?;
    if !url.is_secure() {
        return Ok(Stream::Plain(socket));
    }
    let Some(tls) = tls else {
        return Err(io::Error::other("no settings for an encrypted connection"));
    };
    let name = ServerName::try_from(url.host.clone()).map_err(io::Error::other)?;
    let mut session = ClientConnection::new(Arc::clone(tls), name).map_err(io::Error::other)?;
    let mut socket = socket;
    while session.is_handshaking() {
        session.complete_io(&mut socket)?;
    }
    Ok(Stream::Tls(Box::new(StreamOwned::new(session, socket))))
}

fn open_socket(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut last = io::Error::other("the name stands for no address");
    for address in addresses {
        match TcpStream::connect_timeout(address, STEP) {
            Ok(socket) => return Ok(socket),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Opens a connection and makes it non-blocking.
pub(super) fn open_connection(
    endpoint: &Endpoint,
    tls: Option<&Arc<ClientConfig>>,
) -> io::Result<Connection> {
    let stream = open_stream(&endpoint.url, tls)?;
    let connection = match endpoint.protocol {
        Protocol::Bytes => Connection::bytes(stream),
        Protocol::WebSocket => {
            let config = WebSocketConfig::default()
                .max_message_size(Some(MESSAGE_MAX))
                .max_frame_size(Some(MESSAGE_MAX));
            let text = endpoint.url.text();
            let (socket, _answer) =
                tungstenite::client::client_with_config(text, stream, Some(config))
                    .map_err(|error| io::Error::other(error.to_string()))?;
            Connection::web_socket(socket)
        }
    };
    connection.stream().set_timeout(None)?;
    connection.stream().socket().set_nonblocking(true)?;
    Ok(connection)
}
