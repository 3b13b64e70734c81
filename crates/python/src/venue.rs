//! The door of the paper venue.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{sync_channel, RecvTimeoutError};
use std::sync::Arc;
use std::time::Duration;

use py_rt_paper::{
    Commission, Dialect, PaperAccount, PaperConfig, PaperError, PaperInstrument, Ready, Recording,
    StartClock, Synthetic,
};
use py_rt_types::UnixNanos;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arrays::Rows;
use crate::config::{self, field};
use crate::error::FaceError;

/// Between two looks at Python's signals while the venue serves.
const SIGNAL_PAUSE: Duration = Duration::from_millis(50);

/// Serves a paper venue until a signal arrives; calls `on_ready` once it listens.
#[pyfunction]
pub(crate) fn serve_venue(
    py: Python<'_>,
    config: &Bound<'_, PyDict>,
    on_ready: Bound<'_, PyAny>,
) -> PyResult<()> {
    let config = paper_config(config)?;
    let on_ready = on_ready.unbind();
    let stop = Arc::new(AtomicBool::new(false));
    // Two things are told at most: that it listens, and how it ended.
    let (sender, mut told) = sync_channel(2);
    let announced = sender.clone();
    let stopped = Arc::clone(&stop);
    let server = std::thread::spawn(move || {
        let ready = |ready: Ready| {
            let _ = announced.send(Told::Ready(ready));
        };
        let result = py_rt_paper::serve(config, ready, stopped);
        let _ = sender.send(Told::Ended(result));
    });
    let result = loop {
        let waiting = &mut told;
        match py.detach(move || waiting.recv_timeout(SIGNAL_PAUSE)) {
            Ok(Told::Ready(ready)) => {
                if let Err(error) = announce(py, &on_ready, &ready) {
                    stop.store(true, Ordering::Relaxed);
                    break Err(error);
                }
            }
            Ok(Told::Ended(result)) => break result.map_err(refused),
            Err(RecvTimeoutError::Disconnected) => break Ok(()),
            Err(RecvTimeoutError::Timeout) => {
                if let Err(signal) = py.check_signals() {
                    stop.store(true, Ordering::Relaxed);
                    break Err(signal);
                }
            }
        }
    };
    let _ = py.detach(|| server.join());
    result
}

enum Told {
    Ready(Ready),
    Ended(Result<(), PaperError>),
}

fn announce(py: Python<'_>, on_ready: &Py<PyAny>, ready: &Ready) -> PyResult<()> {
    let dict = PyDict::new(py);
    if let Some(address) = &ready.alpaca {
        dict.set_item("alpaca", address)?;
    }
    if let Some(address) = &ready.binance {
        dict.set_item("binance", address)?;
    }
    dict.set_item("admin", &ready.admin)?;
    dict.set_item("key", &ready.key)?;
    dict.set_item("secret", &ready.secret)?;
    on_ready.call1(py, (dict,)).map(drop)
}

fn refused(error: PaperError) -> PyErr {
    match error {
        PaperError::Config {
            field,
            problem,
            remedy,
        } => FaceError::config(&field, problem, &remedy),
        other => FaceError::venue(other, "see the message; another port or host may help"),
    }
}

fn paper_config(dict: &Bound<'_, PyDict>) -> PyResult<PaperConfig> {
    let accounts: Vec<Bound<'_, PyDict>> = field(dict, "accounts")?;
    let instruments: Vec<Bound<'_, PyDict>> = field(dict, "instruments")?;
    let recordings: Vec<Bound<'_, PyDict>> = field(dict, "recordings")?;
    let host: String = field(dict, "host")?;
    let start_ns: Option<i64> = field(dict, "start_ns")?;
    let (venue, _) = config::venue(&field(dict, "venue")?)?;
    Ok(PaperConfig {
        accounts: accounts.iter().map(account).collect::<PyResult<_>>()?,
        instruments: instruments
            .iter()
            .map(instrument)
            .collect::<PyResult<_>>()?,
        recordings: recordings.iter().map(recording).collect::<PyResult<_>>()?,
        clock: start_ns.map_or(StartClock::Wall, |ns| StartClock::At(UnixNanos(ns))),
        speed: field(dict, "speed")?,
        seed: field(dict, "seed")?,
        repeat: field(dict, "repeat")?,
        keep_sessions: field(dict, "keep_sessions")?,
        venue,
        commission: Commission {
            maker_bps: field(dict, "maker_bps")?,
            taker_bps: field(dict, "taker_bps")?,
        },
        host: host.parse::<IpAddr>().map_err(|error| {
            FaceError::config("host", error, "write an address such as 127.0.0.1")
        })?,
        alpaca_port: field(dict, "alpaca_port")?,
        binance_port: field(dict, "binance_port")?,
        admin_port: field(dict, "admin_port")?,
        ..PaperConfig::default()
    })
}

fn account(dict: &Bound<'_, PyDict>) -> PyResult<PaperAccount> {
    let dialect: String = field(dict, "dialect")?;
    Ok(PaperAccount {
        dialect: match dialect.as_str() {
            "binance" => Dialect::Binance,
            _ => Dialect::Alpaca,
        },
        balances: field(dict, "balances")?,
        key: field(dict, "key")?,
        secret: field(dict, "secret")?,
        public_key: field(dict, "public_key")?,
        cash: field(dict, "cash")?,
    })
}

fn instrument(dict: &Bound<'_, PyDict>) -> PyResult<PaperInstrument> {
    let synthetic: Option<Bound<'_, PyDict>> = field(dict, "synthetic")?;
    Ok(PaperInstrument {
        symbol: field(dict, "symbol")?,
        asset_class: field(dict, "asset_class")?,
        tick_size: field(dict, "tick_size")?,
        lot_size: field(dict, "lot_size")?,
        min_qty: field(dict, "min_qty")?,
        min_notional: field(dict, "min_notional")?,
        shortable: field(dict, "shortable")?,
        binance_symbol: field(dict, "binance_symbol")?,
        synthetic: synthetic.as_ref().map(synthetic_market).transpose()?,
    })
}

fn synthetic_market(dict: &Bound<'_, PyDict>) -> PyResult<Synthetic> {
    Ok(Synthetic {
        price: field(dict, "price")?,
        spread_ticks: field(dict, "spread_ticks")?,
        depth_qty: field(dict, "depth_qty")?,
        volatility: field(dict, "volatility")?,
        events_per_s: field(dict, "events_per_s")?,
    })
}

fn recording(dict: &Bound<'_, PyDict>) -> PyResult<Recording> {
    let rows = Rows::try_new(&field::<Bound<'_, PyAny>>(dict, "events")?)?;
    Ok(Recording {
        events: rows.events()?.to_vec(),
        instruments: field(dict, "instruments")?,
    })
}
