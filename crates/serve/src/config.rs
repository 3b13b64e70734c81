//! What a server is made from.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

/// Everything but the market and the backtester.
#[derive(Debug, Clone)]
pub struct ServeConfig {
    /// Address to listen on.
    pub host: IpAddr,
    /// Port; 0 for any free one.
    pub port: u16,
    /// A unix socket to listen on as well.
    pub unix: Option<PathBuf>,
    /// Certificates for TCP; the unix socket is guarded by its file mode.
    pub tls: Option<Tls>,
    /// Who may call what; nobody listed means anybody.
    pub callers: Vec<Caller>,
    /// Largest request in bytes.
    pub message_max: usize,
    /// Requests whose data are in memory at once; more wait before they are read.
    pub calls_max: usize,
    /// Calls that may wait, and streams that may be open.
    pub waiting_max: usize,
    /// Calls a second of each caller, with a burst of as many; none for no limit.
    pub rate: Option<f64>,
    /// Port of the metrics on 127.0.0.1; 0 for any free one.
    pub metrics_port: Option<u16>,
    /// How long running calls may go on after a stop.
    pub drain: Duration,
    /// Threads that compute.
    pub threads: usize,
}

impl Default for ServeConfig {
    fn default() -> Self {
        Self {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 50051,
            unix: None,
            tls: None,
            callers: Vec::new(),
            message_max: 64 << 20,
            calls_max: 16,
            waiting_max: 1024,
            rate: None,
            metrics_port: None,
            drain: Duration::from_secs(10),
            threads: std::thread::available_parallelism().map_or(2, usize::from),
        }
    }
}

/// Certificates, as PEM.
#[derive(Clone)]
pub struct Tls {
    /// The server's chain.
    pub certificate: String,
    /// Its key.
    pub key: String,
    /// Who signs the certificates that clients must show; none asks for no certificate.
    pub client_ca: Option<String>,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Tls {{ key: ***, mutual: {} }}",
            self.client_ca.is_some()
        )
    }
}

/// A group of methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Statistics.
    Quant,
    /// Order books and market streams.
    Market,
    /// Backtests.
    Backtest,
}

/// Somebody who may call.
#[derive(Debug, Clone)]
pub struct Caller {
    /// For metrics and limits.
    pub name: String,
    /// How the caller is known.
    pub credential: Credential,
    /// What may be called.
    pub roles: Vec<Role>,
}

/// How a caller is known: only hashes are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// SHA-256 of the token in `authorization: Bearer TOKEN`.
    Token([u8; 32]),
    /// SHA-256 of the client's certificate (DER), as `openssl x509 -fingerprint -sha256` shows it.
    Certificate([u8; 32]),
}
