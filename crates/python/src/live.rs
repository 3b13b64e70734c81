//! The doors of a session in real time and of a replay.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use py_rt_kernel::event::Event;
use py_rt_kernel::input::Person;
use py_rt_live::{
    Dialect, Durability, Hooks, JournalConfig, LiveConfig, LiveError, Mode, Secret, SessionSummary,
    VenueConfig,
};
use py_rt_types::Instrument;
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::config::{self, field};
use crate::error::FaceError;
use crate::events::event_dict;
use crate::host::{AnyStrategy, Shared};
use crate::store;

/// Trades until the session ends; returns its summary.
#[pyfunction]
#[pyo3(signature = (config, strategy, on_event=None, on_notice=None))]
pub(crate) fn trade<'py>(
    py: Python<'py>,
    config: &Bound<'py, PyDict>,
    strategy: &Bound<'py, PyAny>,
    on_event: Option<Bound<'py, PyAny>>,
    on_notice: Option<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let config = live_config(config)?;
    let strategy = strategy.clone().unbind();
    let errors = Errors::default();
    let mut watch = Watch {
        on_event: on_event.map(Bound::unbind),
        on_notice: on_notice.map(Bound::unbind),
        shared: Arc::default(),
        errors: errors.clone(),
    };
    let (shared, state_dir) = (Arc::clone(&watch.shared), config.state_dir.clone());
    let host_errors = errors.clone();
    let make = move |instruments: &[Instrument]| {
        Python::attach(|py| {
            let lineage = std::fs::read_to_string(state_dir.join("lineage")).unwrap_or_default();
            let run = Arc::new(Shared::new(py, instruments.to_vec(), lineage.trim()));
            if let Ok(mut known) = shared.lock() {
                *known = Some(Arc::clone(&run));
            }
            AnyStrategy::fresh(strategy.bind(py), run, &host_errors)
        })
    };
    let result = py.detach(|| py_rt_live::trade(&config, make, &mut watch));
    if let Some(error) = errors.take() {
        return Err(error);
    }
    summary(py, &result.map_err(refused)?)
}

/// Replays a journal; `make_strategy` is given the parameters that its header holds.
#[pyfunction]
pub(crate) fn replay_journal<'py>(
    py: Python<'py>,
    path: PathBuf,
    make_strategy: Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyDict>> {
    let errors = Errors::default();
    let make_strategy = make_strategy.unbind();
    let host_errors = errors.clone();
    let make = |parameters: &[u8], instruments: &[Instrument]| {
        Python::attach(|py| {
            let run = Arc::new(Shared::new(py, instruments.to_vec(), "replayed"));
            let text = String::from_utf8_lossy(parameters).into_owned();
            match make_strategy.bind(py).call1((text,)) {
                Ok(strategy) => AnyStrategy::fresh(&strategy, run, &host_errors),
                Err(error) => {
                    host_errors.put(error);
                    AnyStrategy::Failed
                }
            }
        })
    };
    let result = py.detach(|| py_rt_live::replay_journal(&segment(&path), make));
    if let Some(error) = errors.take() {
        return Err(error);
    }
    let replayed = result.map_err(|error| refused(error.into()))?;
    let dict = PyDict::new(py);
    dict.set_item("order_hash", replayed.order_hash)?;
    dict.set_item("journaled_hash", replayed.journaled_hash)?;
    dict.set_item("equal", replayed.equal)?;
    dict.set_item("diverged_at", replayed.diverged_at)?;
    dict.set_item("difference", replayed.difference)?;
    dict.set_item("events", replayed.events)?;
    Ok(dict)
}

/// The last segment of a journal folder, or the file itself.
fn segment(path: &Path) -> PathBuf {
    let Ok(entries) = std::fs::read_dir(path) else {
        return path.to_path_buf();
    };
    let files = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    files
        .filter(|file| file.is_file())
        .max()
        .unwrap_or_else(|| path.to_path_buf())
}

/// The first exception that ended a run, wherever it was raised.
#[derive(Debug, Clone, Default)]
pub(crate) struct Errors(Arc<Mutex<Option<PyErr>>>);

impl Errors {
    pub(crate) fn put(&self, error: PyErr) {
        if let Ok(mut first) = self.0.lock() {
            first.get_or_insert(error);
        }
    }

    pub(crate) fn take(&self) -> Option<PyErr> {
        self.0.lock().ok().and_then(|mut first| first.take())
    }
}

/// Looks at Python's signals and tells those who watch.
struct Watch {
    on_event: Option<Py<PyAny>>,
    on_notice: Option<Py<PyAny>>,
    shared: Arc<Mutex<Option<Arc<Shared>>>>,
    errors: Errors,
}

impl Hooks for Watch {
    fn should_stop(&mut self) -> bool {
        Python::attach(|py| match py.check_signals() {
            Ok(()) => false,
            Err(error) if error.is_instance_of::<PyKeyboardInterrupt>(py) => true,
            Err(error) => {
                self.errors.put(error);
                true
            }
        })
    }

    fn on_event(&mut self, event: &Event) {
        let Some(on_event) = &self.on_event else {
            return;
        };
        let Some(shared) = self.shared.lock().ok().and_then(|shared| shared.clone()) else {
            return;
        };
        let told = Python::attach(|py| {
            let dict = event_dict(py, &shared, event)?;
            on_event.call1(py, (dict,)).map(drop)
        });
        if let Err(error) = told {
            self.errors.put(error);
            self.on_event = None;
        }
    }

    fn on_notice(&mut self, text: &str) {
        if let Some(on_notice) = &self.on_notice {
            let told = Python::attach(|py| on_notice.call1(py, (text,)).map(drop));
            if let Err(error) = told {
                self.errors.put(error);
            }
        }
    }
}

pub(crate) fn refused(error: LiveError) -> PyErr {
    FaceError::live(error.code(), error.message())
}

/// How long a callback may take; 0 is as long as it likes.
fn callback_limit(seconds: f64) -> Option<Duration> {
    let limit = Duration::try_from_secs_f64(seconds).ok();
    limit.filter(|limit| !limit.is_zero())
}

fn live_config(dict: &Bound<'_, PyDict>) -> PyResult<LiveConfig> {
    let mode = match field::<String>(dict, "mode")?.as_str() {
        "live" => Mode::Live,
        _ => Mode::Paper,
    };
    let durability = match field::<String>(dict, "durability")?.as_str() {
        "strict" => Durability::Strict,
        _ => Durability::Process,
    };
    let parameters: String = field(dict, "parameters")?;
    let dialect = Dialect::parse(&field::<String>(dict, "dialect")?).unwrap_or_default();
    Ok(LiveConfig {
        state_dir: field(dict, "state_dir")?,
        strategy: field(dict, "strategy_name")?,
        parameters: parameters.into_bytes(),
        config_hash: field(dict, "config_hash")?,
        code_hash: field(dict, "code_hash")?,
        strategies: config::several(
            &field::<Vec<String>>(dict, "names")?,
            &field::<Vec<Bound<'_, PyDict>>>(dict, "own_limits")?,
        )?,
        symbols: field(dict, "symbols")?,
        venue: VenueConfig {
            dialect,
            mode,
            trading_url: field(dict, "trading_url")?,
            account_stream_url: field(dict, "account_stream_url")?,
            market_stream_url: field(dict, "market_stream_url")?,
            key: Secret::new(field::<String>(dict, "key")?),
            secret: Secret::new(field::<String>(dict, "secret")?),
            channels: None,
            fractional: field(dict, "fractional")?,
            order_connections: field(dict, "order_connections")?,
            answer_timeout_ns: field(dict, "answer_timeout_ns")?,
            tier: py_rt_live::config::Tier::parse(&field::<String>(dict, "tier")?)
                .unwrap_or_default(),
        },
        limits: config::limits(&field(dict, "risk")?)?,
        times: dialect.times(),
        bar_interval_ns: field(dict, "bar_interval_ns")?,
        seconds: field(dict, "seconds")?,
        cancel_on_stop: field(dict, "cancel_on_stop")?,
        durability,
        journal: JournalConfig {
            segment_bytes: field(dict, "segment_bytes")?,
            retention_ns: field(dict, "retention_ns")?,
        },
        spin: field(dict, "spin")?,
        callback_limit: callback_limit(field(dict, "watchdog_seconds")?),
        store: field(dict, "store")?,
        database: match field::<Option<Bound<'_, PyDict>>>(dict, "database")? {
            Some(wanted) => Some(store::database(&wanted)?),
            None => None,
        },
        account_locks: field(dict, "account_locks")?,
        heartbeat: field::<f64>(dict, "dead_man_seconds")? > 0.0,
    })
}

/// Cancels every order of a state directory over a connection of its own, and flattens on demand.
#[pyfunction]
pub(crate) fn kill_direct<'py>(
    py: Python<'py>,
    config: &Bound<'py, PyDict>,
    flatten: bool,
    by: &str,
) -> PyResult<Bound<'py, PyDict>> {
    let config = live_config(config)?;
    let by = Person::parse(by).ok_or_else(|| {
        FaceError::config(
            "by",
            "is no name",
            "use up to 32 letters, digits and . _ - @ +",
        )
    })?;
    let done = py.detach(|| py_rt_live::kill_direct(&config, flatten, by));
    let done = done.map_err(refused)?;
    let dict = PyDict::new(py);
    dict.set_item("canceled", done.canceled)?;
    dict.set_item("closing_orders", done.closing_orders)?;
    dict.set_item("positions", done.positions)?;
    dict.set_item("open_orders", done.open_orders)?;
    dict.set_item("notes", done.notes)?;
    Ok(dict)
}

fn summary<'py>(py: Python<'py>, summary: &SessionSummary) -> PyResult<Bound<'py, PyDict>> {
    let (dict, position, recovered) = (PyDict::new(py), PyDict::new(py), PyDict::new(py));
    for (symbol, qty) in &summary.positions {
        position.set_item(symbol, qty)?;
    }
    recovered.set_item("from_journal", summary.recovered.from_journal)?;
    recovered.set_item("adopted_orders", summary.recovered.adopted_orders)?;
    recovered.set_item("booked_fills", summary.recovered.booked_fills)?;
    dict.set_item("orders", summary.orders)?;
    dict.set_item("fills", summary.fills)?;
    dict.set_item("rejected", summary.rejected)?;
    dict.set_item("open_orders", summary.open_orders)?;
    dict.set_item("position", position)?;
    dict.set_item("cash", &summary.cash)?;
    dict.set_item("order_hash", &summary.order_hash)?;
    dict.set_item("journal", &summary.journal)?;
    dict.set_item("recovered", recovered)?;
    dict.set_item("reconciled", summary.reconciled)?;
    dict.set_item("reason", summary.reason)?;
    dict.set_item("halted", summary.halted)?;
    Ok(dict)
}
