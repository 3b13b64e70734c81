//! The paper venue on its sockets: one event loop outside, one engine thread inside.
//!
//! Handlers turn bytes into [`driver::Call`]s, hand them to the engine through one bounded queue
//! (whoever finds it full waits) and wait for the answer. The engine sleeps until a call comes or
//! the market's next event is due.

mod driver;
mod http;
mod sockets;
mod wire;

pub(crate) use http::form;

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;

use crate::clock::{wall_now, VirtualClock};
use crate::config::{PaperConfig, StartClock};
use crate::engine::Engine;
use crate::PaperError;
use driver::Door;
use wire::{Peer, Wires};

/// How long a stop may go unnoticed.
const STOP_CHECK: Duration = Duration::from_millis(50);

/// Where the venue listens, and the first account's keys.
#[derive(Clone)]
pub struct Ready {
    /// Base address of the Alpaca dialect, `http://127.0.0.1:PORT`, if it is spoken.
    pub alpaca: Option<String>,
    /// Base address of the Binance dialect, if it is spoken.
    pub binance: Option<String>,
    /// Base address of the administration.
    pub admin: String,
    /// Key of the first account.
    pub key: String,
    /// Its secret.
    pub secret: String,
}

impl std::fmt::Debug for Ready {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (alpaca, binance, admin) = (&self.alpaca, &self.binance, &self.admin);
        write!(
            f,
            "Ready {{ alpaca: {alpaca:?}, binance: {binance:?}, admin: {admin}, key: ***, \
             secret: *** }}"
        )
    }
}

/// Runs a paper venue until `stop` is set; `ready` is called once it listens.
///
/// # Errors
/// [`PaperError`] when the configuration is wrong, a port cannot be opened or the engine is lost.
pub fn serve(
    config: PaperConfig,
    ready: impl FnOnce(Ready),
    stop: Arc<AtomicBool>,
) -> Result<(), PaperError> {
    let first = config.accounts.first().cloned().unwrap_or_default();
    let start = match config.clock {
        StartClock::Wall => wall_now(),
        StartClock::At(at) => at,
    };
    let speed = config.speed;
    let host = config.host;
    let ports = (config.alpaca_port, config.binance_port, config.admin_port);
    let engine = Engine::try_new(config, start)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(PaperError::Runtime)?;
    let outcome = runtime.block_on(async {
        let alpaca = listen_if(host, ports.0).await?;
        let binance = listen_if(host, ports.1).await?;
        let admin = listen(SocketAddr::new(host, ports.2)).await?;
        let address = |listener: &TcpListener| {
            let address = listener.local_addr().map_err(PaperError::Runtime)?;
            Ok::<String, PaperError>(format!("http://{address}"))
        };
        let addresses = Ready {
            alpaca: alpaca.as_ref().map(address).transpose()?,
            binance: binance.as_ref().map(address).transpose()?,
            admin: address(&admin)?,
            key: first.key,
            secret: first.secret,
        };
        let clock = VirtualClock::new(start, speed);
        let (door, thread) = Door::open(engine, clock).map_err(PaperError::Runtime)?;
        ready(addresses);
        let outcome = tokio::select! {
            outcome = run_if(alpaca, &door, http::alpaca(door.clone())) => outcome,
            outcome = run_if(binance, &door, http::binance(door.clone())) => outcome,
            outcome = run(admin, http::administration(door.clone())) => outcome,
            outcome = stopped(&stop, &door) => outcome,
        };
        door.close();
        let ended = thread.join().map_err(|_| PaperError::EngineLost);
        outcome.and(ended)
    });
    runtime.shutdown_timeout(STOP_CHECK);
    outcome
}

async fn listen(address: SocketAddr) -> Result<TcpListener, PaperError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| PaperError::Bind {
            address: address.to_string(),
            source,
        })
}

async fn listen_if(host: IpAddr, port: Option<u16>) -> Result<Option<TcpListener>, PaperError> {
    match port {
        Some(port) => listen(SocketAddr::new(host, port)).await.map(Some),
        None => Ok(None),
    }
}

/// Serves a dialect that is spoken; one that is not never ends.
async fn run_if(
    listener: Option<TcpListener>,
    door: &Door,
    router: Router,
) -> Result<(), PaperError> {
    let Some(listener) = listener else {
        return std::future::pending().await;
    };
    let wires = Wires {
        listener,
        door: door.clone(),
    };
    axum::serve(wires, router.into_make_service_with_connect_info::<Peer>())
        .await
        .map_err(PaperError::Runtime)
}

async fn run(listener: TcpListener, router: Router) -> Result<(), PaperError> {
    axum::serve(listener, router)
        .await
        .map_err(PaperError::Runtime)
}

/// Waits for the flag; also ends when the engine is lost.
async fn stopped(stop: &AtomicBool, door: &Door) -> Result<(), PaperError> {
    let mut check = tokio::time::interval(STOP_CHECK);
    loop {
        check.tick().await;
        if stop.load(Ordering::Acquire) {
            return Ok(());
        }
        if door.is_lost() {
            return Err(PaperError::EngineLost);
        }
    }
}
