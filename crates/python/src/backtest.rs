//! The door of a run.

use std::sync::Arc;
use std::time::Duration;

use py_rt_kernel::actions::{ActionKind, CorporateAction, Split};
use py_rt_kernel::journal::OwnedInput;
use py_rt_kernel::market::Listings;
use py_rt_kernel::{KernelConfig, Strategy};
use py_rt_sim::{Backtest, BacktestConfig, BacktestData, OtherVenue};
use py_rt_strategies::registry::Compiled;
use py_rt_types::{Instrument, InstrumentId, MarketEvent, UnixNanos};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::arrays::Rows;
use crate::clock::Stopwatch;
use crate::columns::RunTable;
use crate::compiled;
use crate::config::{self, field};
use crate::host::{AnyStrategy, Hosted, Shared};
use crate::live::Errors;
use crate::margin;
use crate::money;
use crate::parents;
use crate::several;
use crate::tables;

/// The lineage that order ids of a backtest carry.
const LINEAGE: &str = "backtest";

/// Runs a strategy over data in virtual time and returns its tables.
#[pyfunction]
#[pyo3(signature = (events, bars, strategy, run, progress=None))]
pub(crate) fn run_backtest<'py>(
    py: Python<'py>,
    events: Option<Bound<'py, PyAny>>,
    bars: Option<Bound<'py, PyAny>>,
    strategy: &Bound<'py, PyAny>,
    run: &Bound<'py, PyDict>,
    progress: Option<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let dicts: Vec<Bound<'py, PyDict>> = field(run, "instruments")?;
    let instruments = config::instruments(&dicts)?;
    let products: Vec<String> = field(run, "products")?;
    let shared = Shared::new(py, instruments.clone(), LINEAGE).with_products(products);
    let shared = Arc::new(shared);
    let names: Vec<String> = field(run, "names")?;
    let config = backtest_config(run, instruments, &names)?;
    let events = events.map(|array| Rows::try_new(&array)).transpose()?;
    let bars = bars.map(|array| Rows::try_new(&array)).transpose()?;
    let data = BacktestData {
        events: events.as_ref().map_or(Ok(&[][..]), Rows::events)?,
        bars: bars.as_ref().map_or(Ok(&[][..]), Rows::bars)?,
    };
    let happens = run.get_item("happens")?.filter(|rows| !rows.is_none());
    let happens = happens.map(|array| Rows::try_new(&array)).transpose()?;
    let around = Around {
        others: several::others(run)?,
        happens: happens.as_ref().map_or(Ok(data.events), Rows::events)?,
        listings: several::listings(run, &config.kernel.instruments)?,
        actions: corporate(&field::<Vec<ActionRow>>(run, "actions")?)?,
        closes: several::closes(run)?,
        inputs: money::inputs(run)?,
    };
    let mut watch = Watch {
        progress: progress.map(Bound::unbind),
        error: None,
        since_told: Stopwatch::start(),
    };
    let errors = Errors::default();
    if let Ok(list) = strategy.cast::<PyList>() {
        let team = AnyStrategy::several(list, &shared, &errors)?;
        let mut backtest = around.set_up(Backtest::new(config, &data, team));
        let elapsed = drive(&mut backtest, &mut watch);
        errors.take().or(watch.error).map_or(Ok(()), Err)?;
        return result(py, &shared, &names, &mut backtest, elapsed);
    }
    if let Some(compiled) = compiled::from_handle(strategy, &shared.instruments)? {
        // A driver for each, so that a callback costs nothing to call.
        macro_rules! run {
            ($($kind:ident),+) => {
                match compiled {
                    $(Compiled::$kind(strategy) => {
                        let mut backtest =
                            around.set_up(Backtest::new(config, &data, strategy));
                        let elapsed = py.detach(|| drive(&mut backtest, &mut watch));
                        watch.error.map_or(Ok(()), Err)?;
                        result(py, &shared, &names, &mut backtest, elapsed)
                    })+
                }
            };
        }
        return run!(SmaCross, MeanReversion, MarketMaker, BenchTouch, BenchMaker);
    }
    let hosted = Hosted::new(strategy, Arc::clone(&shared), errors.clone())?;
    let mut backtest = around.set_up(Backtest::new(config, &data, hosted));
    let elapsed = drive(&mut backtest, &mut watch);
    let error = errors.take().or(watch.error);
    error.map_or(Ok(()), Err)?;
    result(py, &shared, &names, &mut backtest, elapsed)
}

/// What surrounds a run: other venues, products, corporate actions, sessions, rates, charges.
struct Around<'a> {
    others: Vec<OtherVenue>,
    happens: &'a [MarketEvent],
    listings: Listings,
    actions: Vec<(UnixNanos, CorporateAction)>,
    closes: Vec<UnixNanos>,
    inputs: Vec<(UnixNanos, OwnedInput)>,
}

impl<'a> Around<'a> {
    fn set_up<S: Strategy>(self, backtest: Backtest<'a, S>) -> Backtest<'a, S> {
        backtest
            .with_others(self.others, self.happens)
            .with_listings(self.listings)
            .with_actions(self.actions)
            .with_sessions(self.closes)
            .with_inputs(self.inputs)
    }
}

/// A corporate action: when, which instrument, what, new for old shares, money a share.
type ActionRow = (i64, u32, String, u32, u32, String);

/// Corporate actions, by rising time.
fn corporate(given: &[ActionRow]) -> PyResult<Vec<(UnixNanos, CorporateAction)>> {
    let action =
        |(at, instrument, kind, to, from, amount): &(i64, u32, String, u32, u32, String)| {
            let kind = match kind.as_str() {
                "split" => ActionKind::Split(Split {
                    to: *to,
                    from: *from,
                }),
                _ => ActionKind::Dividend {
                    per_unit: config::money("amount", amount)?,
                },
            };
            let instrument = InstrumentId(*instrument);
            Ok((UnixNanos(*at), CorporateAction { instrument, kind }))
        };
    given.iter().map(action).collect()
}

/// What a run is made from, from the dictionary that the face resolved.
fn backtest_config(
    run: &Bound<'_, PyDict>,
    instruments: Vec<Instrument>,
    names: &[String],
) -> PyResult<BacktestConfig> {
    let own: Vec<Bound<'_, PyDict>> = field(run, "own_limits")?;
    let wanted = field(run, "venue")?;
    let (venue, latency) = config::venue(&wanted)?;
    let extras = config::extras(&wanted, field(run, "seed")?)?;
    Ok(BacktestConfig {
        kernel: KernelConfig {
            instruments,
            limits: config::limits(&field(run, "risk")?)?,
            times: several::simulated_times(run, latency, &extras)?,
            cash: config::money("cash", &field::<String>(run, "cash")?)?,
            reconciled: true,
            cancel_on_stop: true,
            bar_interval_ns: field(run, "bar_interval_ns")?,
            strategies: config::several(names, &own)?,
            opens_at: UnixNanos(field(run, "opens_at")?),
            currencies: money::currencies(run)?,
            margin: margin::margin(run)?,
        },
        venue,
        latency,
        extras,
        laws: config::laws(run)?,
        sample_every_ns: field(run, "sample_every_ns")?,
    })
}

/// Looks at signals and tells how far the run has come.
struct Watch {
    progress: Option<Py<PyAny>>,
    error: Option<PyErr>,
    since_told: Stopwatch,
}

/// Between two calls of the caller's progress function.
const TELL_PAUSE: Duration = Duration::from_millis(10);

impl Watch {
    fn report(&mut self, done: usize, total: usize) -> bool {
        let told = Python::attach(|py| {
            let due = done >= total || self.since_told.elapsed() >= TELL_PAUSE;
            if let (true, Some(progress)) = (due, &self.progress) {
                self.since_told = Stopwatch::start();
                progress.call1(py, (done, total))?;
            }
            py.check_signals()
        });
        match told {
            Ok(()) => true,
            Err(error) => {
                self.error = Some(error);
                false
            }
        }
    }
}

fn drive<S: Strategy>(backtest: &mut Backtest<'_, S>, watch: &mut Watch) -> Duration {
    let stopwatch = Stopwatch::start();
    backtest.run(&mut |done, total| watch.report(done, total));
    stopwatch.elapsed()
}

fn result<'py, S: Strategy>(
    py: Python<'py>,
    shared: &Arc<Shared>,
    names: &[String],
    backtest: &mut Backtest<'_, S>,
    elapsed: Duration,
) -> PyResult<Bound<'py, PyDict>> {
    let (kernel, recording) = (backtest.kernel(), backtest.recording());
    let dict = PyDict::new(py);
    dict.set_item("events", backtest.events())?;
    dict.set_item("elapsed_s", elapsed.as_secs_f64())?;
    dict.set_item("order_hash", format!("{:032x}", kernel.order_hash()))?;
    dict.set_item("equity", tables::equity(py, &recording.equity)?)?;
    dict.set_item("positions", tables::positions(py, shared, names, kernel)?)?;
    let own = recording.own.iter();
    let own: Vec<_> = own
        .map(|points| tables::equity(py, points))
        .collect::<PyResult<_>>()?;
    dict.set_item("own", own)?;
    dict.set_item("actions", tables::actions(py, shared, names, recording)?)?;
    dict.set_item("charges", money::charges(py, shared, names, backtest)?)?;
    dict.set_item("margin_calls", margin::table(py, shared, names, recording)?)?;
    money::by_currency(py, &dict, backtest)?;
    dict.set_item("parents", parents::table(py, shared, names, recording)?)?;
    dict.set_item("warmup_refused", recording.warmup_refused)?;
    dict.set_item("denied", recording.denied)?;
    dict.set_item("expired_unfilled", recording.expired_unfilled)?;
    dict.set_item("cash", tables::money_text(kernel.portfolio().cash()))?;
    dict.set_item("fees", tables::money_text(kernel.portfolio().fees()))?;
    dict.set_item("end_ts", kernel.now().0)?;
    let kept = backtest.take_recording();
    let orders = RunTable::orders(kept.orders, shared, names);
    dict.set_item("orders", Bound::new(py, orders)?)?;
    let fills = RunTable::fills(kept.fills, kept.fill_rates, shared, names);
    dict.set_item("fills", Bound::new(py, fills)?)?;
    Ok(dict)
}
