//! The doors of the gRPC server, and of its calls for a client in the same process.

mod backtests;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{sync_channel, RecvTimeoutError};
use std::sync::Arc;
use std::time::Duration;

use prost::Message;
use py_rt_serve::market::{Board, Feed, Look, Reader, Replay, Session};
use py_rt_serve::proto::{GetOrderBookRequest, StreamMarketDataRequest};
use py_rt_serve::{
    Backtester, Caller, Credential, Desk, Market, Ready, Refusal, Role, ServeConfig, Tls,
};
use py_rt_types::{Instrument, InstrumentSpec};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use self::backtests::InPython;
use crate::arrays::Rows;
use crate::clock::Stopwatch;
use crate::config::{self, field};
use crate::error::{self, FaceError};

/// Between two looks at Python's signals.
const SIGNAL_PAUSE: Duration = Duration::from_millis(50);
/// Between two looks at a market that is quiet.
const QUIET: Duration = Duration::from_millis(1);

/// The definitions of the interface, as a serialised file descriptor set.
#[pyfunction]
pub(crate) fn descriptors(py: Python<'_>) -> Bound<'_, PyBytes> {
    PyBytes::new(py, Desk::descriptors())
}

/// Answers one call of the interface in this process: bytes in, bytes out.
#[pyfunction]
pub(crate) fn answer<'py>(
    py: Python<'py>,
    method: &str,
    request: &[u8],
) -> PyResult<Bound<'py, PyBytes>> {
    let desk = Desk {
        threads: std::thread::available_parallelism().map_or(1, usize::from),
    };
    let (mut raised, mut since) = (None, Stopwatch::start());
    let mut watch = |_: usize, _: usize| {
        if since.elapsed() >= SIGNAL_PAUSE {
            since = Stopwatch::start();
            raised = Python::attach(|py| py.check_signals()).err();
        }
        raised.is_none()
    };
    let found = py.detach(|| desk.answer(method, request, &mut watch));
    match (raised, found) {
        (Some(signal), _) => Err(signal),
        (None, Ok(bytes)) => Ok(PyBytes::new(py, &bytes)),
        (None, Err(refusal)) => Err(error::refused(py, refusal)),
    }
}

/// A market in this process.
#[pyclass(frozen, name = "LocalMarket", module = "py_rt._core.grpc")]
pub(crate) struct LocalMarket(Market);

#[pymethods]
impl LocalMarket {
    #[new]
    fn new(py: Python<'_>, market: &Bound<'_, PyDict>) -> PyResult<Self> {
        Ok(Self(open_market(py, market)?))
    }

    /// The book of one instrument now: bytes in, bytes out.
    fn order_book<'py>(&self, py: Python<'py>, request: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let request: GetOrderBookRequest = decoded(request)?;
        let found = py.detach(|| self.0.board.order_book(&request));
        let found = found.map_err(|refusal| error::refused(py, refusal))?;
        Ok(PyBytes::new(py, &found.encode_to_vec()))
    }

    /// Changes from now on, each as bytes.
    fn stream(&self, py: Python<'_>, request: &[u8]) -> PyResult<LocalStream> {
        let request: StreamMarketDataRequest = decoded(request)?;
        let reader = Reader::new(&self.0.board, &request);
        Ok(LocalStream(
            reader.map_err(|refusal| error::refused(py, refusal))?,
        ))
    }
}

/// Changes of a market in this process.
#[pyclass(name = "LocalStream", module = "py_rt._core.grpc")]
pub(crate) struct LocalStream(Reader);

#[pymethods]
impl LocalStream {
    const fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __next__<'py>(&mut self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        loop {
            match self.0.look() {
                Look::Change(message) => {
                    return Ok(Some(PyBytes::new(py, &message.encode_to_vec())))
                }
                Look::End => return Ok(None),
                Look::Nothing => {
                    py.detach(|| std::thread::park_timeout(QUIET));
                    py.check_signals()?;
                }
            }
        }
    }
}

fn decoded<T: Message + Default>(bytes: &[u8]) -> PyResult<T> {
    T::decode(bytes)
        .map_err(|error| FaceError::parameter("request", error, "send the message of the method"))
}

/// Serves until a signal arrives; calls `on_ready` once it listens.
#[pyfunction]
pub(crate) fn serve(
    py: Python<'_>,
    config: &Bound<'_, PyDict>,
    market: Option<&Bound<'_, PyDict>>,
    backtest: Bound<'_, PyAny>,
    on_ready: Bound<'_, PyAny>,
) -> PyResult<()> {
    let config = serve_config(config)?;
    let market = market.map(|market| open_market(py, market)).transpose()?;
    let backtester: Arc<dyn Backtester> = Arc::new(InPython(backtest.unbind()));
    let on_ready = on_ready.unbind();
    let stop = Arc::new(AtomicBool::new(false));
    // Two things are told at most: that it listens, and how it ended.
    let (sender, mut told) = sync_channel(2);
    let (announced, stopped) = (sender.clone(), Arc::clone(&stop));
    let server = std::thread::spawn(move || {
        let ready = |ready: Ready| {
            let _ = announced.send(Told::Ready(ready));
        };
        let ended = py_rt_serve::serve(config, market, Some(backtester), ready, stopped);
        let _ = sender.send(Told::Ended(ended));
    });
    let mut signal = None;
    let result = loop {
        let waiting = &mut told;
        match py.detach(move || waiting.recv_timeout(SIGNAL_PAUSE)) {
            Ok(Told::Ready(ready)) => signal = announce(py, &on_ready, &ready).err(),
            Ok(Told::Ended(ended)) => break ended.map_err(|r| error::refused(py, r)),
            Err(RecvTimeoutError::Disconnected) => break Ok(()),
            Err(RecvTimeoutError::Timeout) => {}
        }
        signal = signal.or_else(|| py.check_signals().err());
        if signal.is_some() {
            stop.store(true, Ordering::Release);
        }
    };
    let _ = py.detach(|| server.join());
    match signal {
        Some(error) => Err(error),
        None => result,
    }
}

enum Told {
    Ready(Ready),
    Ended(Result<(), Refusal>),
}

fn announce(py: Python<'_>, on_ready: &Py<PyAny>, ready: &Ready) -> PyResult<()> {
    let dict = PyDict::new(py);
    dict.set_item("grpc", &ready.grpc)?;
    dict.set_item("unix", &ready.unix)?;
    dict.set_item("metrics", &ready.metrics)?;
    on_ready.call1(py, (dict,)).map(drop)
}

fn open_market(py: Python<'_>, dict: &Bound<'_, PyDict>) -> PyResult<Market> {
    let thread = |e: std::io::Error| FaceError::config("data", e, "close other programs");
    if let Some(state_dir) = field::<Option<PathBuf>>(dict, "session")? {
        let opened = py.detach(|| Session::open(&state_dir));
        let (session, listings) = opened.map_err(|refusal| error::refused(py, refusal))?;
        let board = Arc::new(Board::new(listings));
        let feed = py
            .detach(|| Feed::session(&board, session))
            .map_err(thread)?;
        return Ok(Market {
            board,
            feed,
            kind: "session",
        });
    }
    let rows = Rows::try_new(&field::<Bound<'_, PyAny>>(dict, "events")?)?;
    let dicts: Vec<Bound<'_, PyDict>> = field(dict, "instruments")?;
    let spec = |instrument: Instrument| -> InstrumentSpec { instrument.spec().clone() };
    let listings = config::instruments(&dicts)?.into_iter().map(spec).collect();
    let replay = Replay {
        rows: rows.events()?.to_vec(),
        speed: field(dict, "speed")?,
        repeat: field(dict, "repeat")?,
    };
    let board = Arc::new(Board::new(listings));
    let feed = py.detach(|| Feed::replay(&board, replay)).map_err(thread)?;
    Ok(Market {
        board,
        feed,
        kind: "replay",
    })
}

fn serve_config(dict: &Bound<'_, PyDict>) -> PyResult<ServeConfig> {
    let host: String = field(dict, "host")?;
    let host = host.parse::<IpAddr>();
    let tls: Option<(String, String, Option<String>)> = field(dict, "tls")?;
    let callers: Vec<(String, String, Vec<u8>, Vec<String>)> = field(dict, "callers")?;
    let usual = ServeConfig::default();
    let drain: f64 = field(dict, "drain")?;
    Ok(ServeConfig {
        host: host.map_err(|e| FaceError::config("host", e, "write an address: 127.0.0.1"))?,
        port: field(dict, "port")?,
        unix: field(dict, "unix")?,
        tls: tls.map(|(certificate, key, client_ca)| Tls {
            certificate,
            key,
            client_ca,
        }),
        callers: callers.into_iter().map(caller).collect::<PyResult<_>>()?,
        message_max: field(dict, "message_max")?,
        calls_max: field(dict, "calls_max")?,
        waiting_max: field(dict, "waiting_max")?,
        rate: field(dict, "rate")?,
        metrics_port: field(dict, "metrics_port")?,
        drain: Duration::from_secs_f64(drain.clamp(0.0, 3600.0)),
        threads: field::<Option<usize>>(dict, "threads")?.unwrap_or(usual.threads),
    })
}

fn caller((name, kind, hash, roles): (String, String, Vec<u8>, Vec<String>)) -> PyResult<Caller> {
    let wrong = |what: &str| FaceError::config("callers", what, "see docs/grpc.md");
    let hash: [u8; 32] = hash.try_into().map_err(|_| wrong("a hash has 32 bytes"))?;
    let role = |role: String| match role.as_str() {
        "quant" => Ok(Role::Quant),
        "market" => Ok(Role::Market),
        "backtest" => Ok(Role::Backtest),
        _ => Err(wrong("an unknown role")),
    };
    Ok(Caller {
        name,
        credential: match kind.as_str() {
            "token" => Credential::Token(hash),
            _ => Credential::Certificate(hash),
        },
        roles: roles.into_iter().map(role).collect::<PyResult<_>>()?,
    })
}
