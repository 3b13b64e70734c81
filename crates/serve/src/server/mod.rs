//! The server on its sockets, until it is told to stop.
//!
//! A request passes, in order: TLS, [`gate`] (who calls, how often, how much at once, until when),
//! the decoder with its size limit, [`service`], and for statistics the [`pool`]. Health,
//! reflection and version pass the gate unhindered, so that they answer under any load.

mod gate;
mod metrics;
mod pool;
mod service;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, UnixListener};
use tokio::sync::watch;
use tokio_stream::wrappers::UnixListenerStream;
use tonic::codec::CompressionEncoding;
use tonic::service::Routes;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Certificate, Identity, Server, ServerTlsConfig};

use crate::config::ServeConfig;
use crate::market::{Board, Feed};
use crate::proto::trading_service_server::TradingServiceServer;
use crate::proto::{self, BacktestResult, RunBacktestRequest};
use crate::refusal::Refusal;
use gate::{Gate, GateLayer};
use metrics::Metrics;
use pool::Pool;
use service::Service;

/// How long a stop may go unnoticed.
const STOP_CHECK: Duration = Duration::from_millis(20);
const HANDSHAKE: Duration = Duration::from_secs(10);
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 4 << 20;

/// Told how much is done of how much; answers whether to go on.
pub type Progress = Arc<dyn Fn(u64, u64) -> bool + Send + Sync>;

/// Runs backtests; what stands behind it is the caller's.
pub trait Backtester: Send + Sync + 'static {
    /// Runs one; `progress` is told how much is done of how much and answers whether to go on.
    ///
    /// # Errors
    /// Whatever the run refuses.
    fn run(
        &self,
        request: &RunBacktestRequest,
        progress: Progress,
    ) -> Result<BacktestResult, Refusal>;
}

/// The market that a server shows.
#[derive(Debug)]
pub struct Market {
    /// Its books.
    pub board: Arc<Board>,
    /// What feeds them; it ends with the server.
    pub feed: Feed,
    /// "replay" or "session".
    pub kind: &'static str,
}

/// Where the server listens.
#[derive(Debug, Clone)]
pub struct Ready {
    /// Host and port.
    pub grpc: String,
    /// Path of the unix socket.
    pub unix: Option<String>,
    /// Address of the metrics.
    pub metrics: Option<String>,
}

/// Serves until `stop` is set, then lets running calls end; `ready` is called once it listens.
///
/// # Errors
/// A port that is taken, certificates that are none.
pub fn serve(
    config: ServeConfig,
    market: Option<Market>,
    backtester: Option<Arc<dyn Backtester>>,
    ready: impl FnOnce(Ready),
    stop: Arc<AtomicBool>,
) -> Result<(), Refusal> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(config.threads.clamp(2, 8))
        .max_blocking_threads(config.threads + config.calls_max + 8)
        .thread_name("serve")
        .enable_all()
        .build()
        .map_err(|e| refused("runtime", &e))?;
    let outcome = runtime.block_on(run(config, market.as_ref(), backtester, ready, stop));
    drop(market);
    runtime.shutdown_timeout(STOP_CHECK);
    outcome
}

async fn run(
    config: ServeConfig,
    market: Option<&Market>,
    backtester: Option<Arc<dyn Backtester>>,
    ready: impl FnOnce(Ready),
    stop: Arc<AtomicBool>,
) -> Result<(), Refusal> {
    let (closing, closed) = watch::channel(false);
    let metrics = Arc::new(Metrics::default());
    let layer = GateLayer(Arc::new(Gate::new(&config, Arc::clone(&metrics))));
    let (health, health_service) = tonic_health::server::health_reporter();
    let service = Service {
        market: market.map(|market| (Arc::clone(&market.board), market.kind)),
        backtester,
        pool: Pool::new(config.threads),
        closed: closed.clone(),
        streams: Arc::new(tokio::sync::Semaphore::new(config.waiting_max)),
    };
    health.set_serving::<TradingServiceServer<Service>>().await;
    let routes = Routes::new(trading(service, &config)).add_service(health_service);
    let routes = reflected(routes)?.prepare();
    let (tcp_server, unix_server) = (server(&config, true)?, server(&config, false)?);
    let open = Open::bind(&config).await?;
    ready(open.addresses(&config)?);
    let over_tcp = tcp_server
        .layer(layer.clone())
        .serve_with_incoming_shutdown(
            routes.clone(),
            TcpIncoming::from(open.tcp).with_nodelay(Some(true)),
            signal(closed.clone()),
        );
    let over_unix = async {
        let Some(listener) = open.unix else {
            return Ok(());
        };
        let (server, ended) = (unix_server.layer(layer), signal(closed.clone()));
        let incoming = UnixListenerStream::new(listener);
        server
            .serve_with_incoming_shutdown(routes, incoming, ended)
            .await
    };
    let shown = metrics::show(open.page, metrics, signal(closed.clone()));
    let stopping = async {
        let mut check = tokio::time::interval(STOP_CHECK);
        while !stop.load(Ordering::Acquire) {
            check.tick().await;
        }
        health
            .set_not_serving::<TradingServiceServer<Service>>()
            .await;
        closing.send_replace(true);
        // What still runs after that is cut off.
        tokio::time::sleep(config.drain).await;
    };
    let serving = async {
        let (tcp, unix, ()) = tokio::join!(over_tcp, over_unix, shown);
        tcp.and(unix).map_err(|e| refused("port", &e))
    };
    let outcome = tokio::select! {
        outcome = serving => outcome,
        () = stopping => Ok(()),
    };
    if let Some(path) = &config.unix {
        // It may be gone already.
        let _ = std::fs::remove_file(path);
    }
    outcome
}

fn trading(service: Service, config: &ServeConfig) -> TradingServiceServer<Service> {
    TradingServiceServer::new(service)
        .max_decoding_message_size(config.message_max)
        .max_encoding_message_size(usize::MAX)
        .accept_compressed(CompressionEncoding::Gzip)
        .send_compressed(CompressionEncoding::Gzip)
}

/// What is listened on.
struct Open {
    tcp: TcpListener,
    unix: Option<UnixListener>,
    page: Option<TcpListener>,
}

impl Open {
    async fn bind(config: &ServeConfig) -> Result<Self, Refusal> {
        let local = IpAddr::V4(Ipv4Addr::LOCALHOST);
        Ok(Self {
            tcp: bind(SocketAddr::new(config.host, config.port)).await?,
            unix: config.unix.as_ref().map(unix_listener).transpose()?,
            page: match config.metrics_port {
                Some(port) => Some(bind(SocketAddr::new(local, port)).await?),
                None => None,
            },
        })
    }

    fn addresses(&self, config: &ServeConfig) -> Result<Ready, Refusal> {
        let address = self.tcp.local_addr().map_err(|e| refused("port", &e))?;
        let page = self.page.as_ref().and_then(|page| page.local_addr().ok());
        Ok(Ready {
            grpc: address.to_string(),
            unix: config.unix.as_ref().map(|p| p.display().to_string()),
            metrics: page.map(|at| format!("http://{at}/metrics")),
        })
    }
}

async fn signal(mut closed: watch::Receiver<bool>) {
    // The sender lives as long as the server.
    let _ = closed.wait_for(|closed| *closed).await;
}

fn server(config: &ServeConfig, tcp: bool) -> Result<Server, Refusal> {
    let server = Server::builder()
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_concurrent_streams(u32::try_from(config.waiting_max).unwrap_or(u32::MAX))
        .http2_keepalive_interval(Some(Duration::from_secs(30)))
        .http2_max_pending_accept_reset_streams(Some(64));
    let Some(tls) = config.tls.as_ref().filter(|_| tcp) else {
        return Ok(server);
    };
    // Another part of the process may have chosen the same provider before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut settings = ServerTlsConfig::new()
        .identity(Identity::from_pem(&tls.certificate, &tls.key))
        .timeout(HANDSHAKE);
    if let Some(authority) = &tls.client_ca {
        settings = settings.client_ca_root(Certificate::from_pem(authority));
    }
    server
        .tls_config(settings)
        .map_err(|e| refused("tls_cert", &e).of("tls_cert"))
}

fn reflected(routes: Routes) -> Result<Routes, Refusal> {
    let builder = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(proto::DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let v1 = builder()
        .build_v1()
        .map_err(|e| refused("reflection", &e))?;
    // What Python's and older tools ask for.
    let alpha = builder()
        .build_v1alpha()
        .map_err(|e| refused("reflection", &e))?;
    Ok(routes.add_service(v1).add_service(alpha))
}

async fn bind(address: SocketAddr) -> Result<TcpListener, Refusal> {
    TcpListener::bind(address).await.map_err(|error| {
        let what = format!("cannot listen on {address}: {error}");
        Refusal::new("config", what, "choose another port; 0 is any free one").of("port")
    })
}

/// A socket file of a server that died is replaced; one that answers is not.
fn unix_listener(path: &std::path::PathBuf) -> Result<UnixListener, Refusal> {
    use std::os::unix::fs::{FileTypeExt, PermissionsExt};
    let problem = |what: String| {
        Err(Refusal::new("config", what, "name another path, or remove the file").of("unix"))
    };
    if let Ok(kind) = std::fs::symlink_metadata(path) {
        if !kind.file_type().is_socket() {
            return problem(format!("{} is no socket", path.display()));
        }
        if std::os::unix::net::UnixStream::connect(path).is_ok() {
            return problem(format!("somebody listens on {}", path.display()));
        }
        let _ = std::fs::remove_file(path);
    }
    let bound = UnixListener::bind(path).and_then(|listener| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        Ok(listener)
    });
    match bound {
        Ok(listener) => Ok(listener),
        Err(error) => problem(format!("cannot listen on {}: {error}", path.display())),
    }
}

fn refused(what: &str, error: &dyn std::fmt::Display) -> Refusal {
    Refusal::new("config", format!("{what}: {error}"), "see the message")
}
