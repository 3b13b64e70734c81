//! One trading session: lock, look back, connect, trade, sum up.

use std::path::PathBuf;
use std::sync::Arc;

use py_rt_kernel::kernel::Recovered;
use py_rt_kernel::{Control, Input, Strategy};
use py_rt_types::{Instrument, UnixNanos};
use py_rt_venues::Lineage;
use rustls::ClientConfig;

use crate::account::{account_name, AccountLock};
use crate::bootstrap::{credentials, Bootstrap, Purpose};
use crate::clock::Clock;
use crate::coinbase_key::CoinbaseKey;
use crate::config::{Channels, Dialect, Durability, Endpoints, LiveConfig};
use crate::driver::{Driver, EndRules, Hooks, Parts, Reason};
use crate::error::LiveError;
use crate::journal::Tape;
use crate::kraken_key::KrakenKey;
use crate::lanes::{Lanes, LanesConfig, Signer};
use crate::net::{tls_config, Endpoint, NetTransport, Protocol, Transport};
use crate::recovery::hash_text;
use crate::state::{draw_seed, KillFile, KillWord, StateDir};
use crate::store::exact_text;
use crate::watchdog::{Pulse, Remedies, Watchdog};
use database::Database;

mod database;
mod open;

pub(crate) use open::rearrange;
pub use open::{open_session, Opened};

/// What was brought back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RecoveredSummary {
    /// Inputs of the unfinished session that were replayed; 0 when it had ended cleanly.
    pub from_journal: u64,
    /// Orders of ours at the venue that the journal did not know.
    pub adopted_orders: u32,
    /// Fills that happened while we were away.
    pub booked_fills: u32,
}

impl RecoveredSummary {
    /// Both together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            from_journal: self.from_journal + other.from_journal,
            adopted_orders: self.adopted_orders + other.adopted_orders,
            booked_fills: self.booked_fills + other.booked_fills,
        }
    }
}

/// A session in a few numbers; the first three count since the state directory was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionSummary {
    /// New orders that were sent.
    pub orders: u64,
    /// Executions that were booked.
    pub fills: u64,
    /// Orders that were refused, by us or by the venue.
    pub rejected: u64,
    /// Orders that are still open.
    pub open_orders: usize,
    /// Positions by symbol, decimal text, flat ones left out.
    pub positions: Vec<(String, String)>,
    /// Cash, decimal text.
    pub cash: String,
    /// The hash over every order, replace and cancel, 32 hexadecimal digits.
    pub order_hash: String,
    /// The segment.
    pub journal: PathBuf,
    /// What was brought back.
    pub recovered: RecoveredSummary,
    /// Whether our books and the venue's agreed at the end.
    pub reconciled: bool,
    /// Why it ended, one word.
    pub reason: &'static str,
    /// Whether a breaker or the strategy's failure ended it.
    pub halted: bool,
}

/// Runs one session until it ends. Blocks; call it from a thread that may.
///
/// After a crash the same call goes on with the unfinished session: it replays the journal,
/// reconciles with the venue and only then trades. `strategy` makes a fresh strategy each time.
///
/// # Errors
/// [`LiveError`], grouped by what the caller can do. A session that was halted by a breaker is no
/// error: its summary says so.
pub fn trade<S: Strategy>(
    config: &LiveConfig,
    mut strategy: impl FnMut(&[Instrument]) -> S,
    hooks: &mut dyn Hooks,
) -> Result<SessionSummary, LiveError> {
    let endpoints = config.endpoints()?;
    let state = StateDir::lock(&config.state_dir)?;
    let lineage = state.lineage()?;
    let secure = [&endpoints.trading, &endpoints.account, &endpoints.market];
    let tls = if secure.iter().any(|url| url.is_secure()) {
        Some(tls_config().map_err(|error| LiveError::Connection(error.to_string()))?)
    } else {
        None
    };
    let mut bootstrap = Bootstrap::open(
        &endpoints.trading,
        tls.as_ref(),
        &Purpose::of(config, lineage),
    )?;
    let number = bootstrap.check_mode(config.venue.mode)?;
    let account = account_name(config.venue.dialect, &endpoints.trading, &number);
    let _account_lock = match &config.account_locks {
        Some(folder) => Some(AccountLock::take(folder, &account, state.path())?),
        None => None,
    };
    let mut database = Database::open(config, account, &lineage.to_string())?;
    let mut fetch = || bootstrap.instruments(&config.symbols, config.venue.fractional);
    let mut brought_back = RecoveredSummary::default();
    loop {
        let now = Clock::new().now();
        let mut opened = open_session(config, &state, now, &mut fetch, &mut strategy, |tape| tape)?;
        database.follow(&mut opened.lease)?;
        let ending = opened.ending;
        let lanes = open_lanes(config, &endpoints, lineage, &opened.instruments)?;
        let list = endpoint_list(config, &endpoints);
        let transport = NetTransport::try_new(list, tls.clone(), config.spin)
            .map_err(|error| LiveError::Connection(error.to_string()))?;
        let pulse = Pulse::default();
        let dog = match config.callback_limit {
            Some(limit) => {
                let remedies = remedies(config, &endpoints, tls.clone(), lineage, &opened);
                Some(Watchdog::start(limit, pulse.clone(), remedies)?)
            }
            None => None,
        };
        let mut summary = run_session(config, opened, lanes, transport, hooks, pulse)?;
        drop(dog);
        brought_back = brought_back.and(summary.recovered);
        summary.recovered = brought_back;
        if !ending || summary.reason != Reason::Interrupted.name() {
            database.finish(hooks);
            return Ok(summary);
        }
    }
}

/// What a hanging callback is answered with.
fn remedies<S, J>(
    config: &LiveConfig,
    endpoints: &Endpoints,
    tls: Option<Arc<ClientConfig>>,
    lineage: Lineage,
    opened: &Opened<S, J>,
) -> Remedies {
    let (url, purpose) = (endpoints.trading.clone(), Purpose::of(config, lineage));
    let instruments = opened.instruments.clone();
    let cancel_all = move || {
        let mut bootstrap = Bootstrap::open(&url, tls.as_ref(), &purpose)?;
        bootstrap.cancel_open(&instruments).map(drop)
    };
    Remedies {
        kill: config.state_dir.join("kill"),
        cancel_all: Box::new(cancel_all),
    }
}

fn endpoint_list(config: &LiveConfig, endpoints: &Endpoints) -> Vec<Endpoint> {
    let to = |url: &crate::net::Url, protocol| Endpoint {
        url: url.clone(),
        protocol,
    };
    let requests = config.venue.order_connections + 1;
    let mut list = vec![to(&endpoints.trading, Protocol::Bytes); requests];
    list.push(to(&endpoints.account, Protocol::WebSocket));
    list.push(to(&endpoints.market, Protocol::WebSocket));
    list
}

/// The venue's sessions for these instruments.
///
/// # Errors
/// [`LiveError::Config`] when the instruments or the key cannot be used.
pub fn open_lanes(
    config: &LiveConfig,
    endpoints: &Endpoints,
    lineage: Lineage,
    instruments: &[Instrument],
) -> Result<Lanes, LiveError> {
    open_lanes_seeded(config, endpoints, lineage, instruments, draw_seed())
}

/// As [`open_lanes`], with the seed of every wait's jitter given: for runs that must repeat.
///
/// # Errors
/// As [`open_lanes`].
pub fn open_lanes_seeded(
    config: &LiveConfig,
    endpoints: &Endpoints,
    lineage: Lineage,
    instruments: &[Instrument],
    seed: u64,
) -> Result<Lanes, LiveError> {
    let venue = config.venue.dialect;
    let symbols = venue.table(instruments.iter().cloned())?;
    let crypto = venue.trades_coins() || endpoints.market.path.contains("crypto");
    let builds_bars = config.bar_interval_ns > 0;
    let channels = config.venue.channels;
    Lanes::try_new(&LanesConfig {
        venue,
        host: endpoints.trading.authority(),
        credentials: credentials(&config.venue),
        dialect: py_rt_venues::Dialect {
            lineage,
            symbols: Arc::new(symbols),
        },
        order_connections: config.venue.order_connections,
        answer_timeout_ns: config.venue.answer_timeout_ns,
        crypto,
        channels: channels.unwrap_or_else(|| Channels::for_crypto(crypto, builds_bars)),
        seed,
        signer: match venue {
            Dialect::Coinbase => Some(Signer::Coinbase(CoinbaseKey::open(
                &config.venue.key,
                &config.venue.secret,
            )?)),
            Dialect::Kraken => Some(Signer::Kraken(KrakenKey::open(
                &config.state_dir,
                &config.venue.secret,
            )?)),
            Dialect::Alpaca | Dialect::Binance | Dialect::Ib => None,
        },
        tier: config.venue.tier,
    })
    .map_err(|error| LiveError::Config(format!("key or secret: {error}")))
}

/// Drives an opened session to its end.
///
/// # Errors
/// As [`trade`].
pub fn run_session<S: Strategy, T: Transport, J: Tape>(
    config: &LiveConfig,
    opened: Opened<S, J>,
    lanes: Lanes,
    mut transport: T,
    hooks: &mut dyn Hooks,
    pulse: Pulse,
) -> Result<SessionSummary, LiveError> {
    let mut kill = KillFile::new(&config.state_dir).with_heartbeat(config.heartbeat);
    let word = kill.poll();
    let over = match word {
        Some(KillWord::Halt) => opened.is_quiet(),
        Some(KillWord::Flatten) => opened.is_quiet() && opened.is_flat(),
        _ => false,
    };
    if over {
        return Err(LiveError::Halted(format!(
            "`{}` says halt or flatten: write `py-rt kill {} --level resume --by NAME` to trade \
             again",
            config.state_dir.join("kill").display(),
            config.state_dir.display()
        )));
    }
    let now = transport.now();
    let seconds = i64::try_from(config.seconds).unwrap_or(0);
    let ends_at = match seconds.checked_mul(1_000_000_000) {
        Some(0) | None => UnixNanos::MAX,
        Some(length) => now.plus(length),
    };
    opened.notices.iter().for_each(|text| hooks.on_notice(text));
    let (segment, from_journal, lease) = (opened.segment, opened.from_journal, opened.lease);
    let loosened_by = opened.loosened_by;
    let before = opened.kernel.recovered();
    let parts = Parts {
        kernel: opened.kernel,
        journal: opened.journal,
        lanes,
        transport,
        store: opened.store,
        hooks,
        kill,
        pulse,
        lease,
    };
    let rules = EndRules {
        ends_at,
        ends_at_once: opened.ending,
        cancels_on_stop: config.cancel_on_stop,
        settle_ns: config.times.settle_ns,
    };
    let mut driver = Driver::new(parts, rules);
    driver.set_totals(opened.totals);
    if let Some(session) = opened.restarted {
        driver.feed(now, Input::Session(session))?;
    }
    if let Some(by) = loosened_by {
        driver.feed(now, Input::Control(Control::Loosen { by }))?;
    }
    if let Some(KillWord::Resume(by)) = word {
        driver.feed(now, Input::Control(Control::Resume { by }))?;
    }
    if opened.starts {
        driver.feed(now, Input::Control(Control::Start))?;
    }
    if let Some(word) = word.filter(|word| word.is_latched()) {
        driver.feed(now, Input::Control(word.control()))?;
    }
    let reason = driver.run()?;
    if let Reason::Refused(remedy) = reason {
        return Err(LiveError::Venue(format!("the venue refused us: {remedy}")));
    }
    Ok(sum_up(&driver, reason, segment, from_journal, before))
}

fn sum_up<S: Strategy, T: Transport, J: Tape>(
    driver: &Driver<'_, S, T, J>,
    reason: Reason,
    journal: PathBuf,
    from_journal: u64,
    before: Recovered,
) -> SessionSummary {
    let (kernel, totals) = (&driver.kernel, driver.totals());
    let held = kernel
        .instruments()
        .iter()
        .zip(kernel.portfolio().positions());
    let held = held.filter(|(_, position)| position.qty.0 != 0);
    let after = kernel.recovered();
    SessionSummary {
        orders: totals.orders,
        fills: totals.fills,
        rejected: totals.rejected,
        open_orders: kernel.orders().open().len(),
        positions: held
            .map(|(instrument, position)| {
                let qty = instrument.qty_decimal(position.qty);
                let qty = qty.map_or_else(|_| position.qty.0.to_string(), String::from);
                (instrument.symbol().to_string(), qty)
            })
            .collect(),
        cash: exact_text(kernel.portfolio().cash()),
        order_hash: hash_text(kernel.order_hash()),
        journal,
        recovered: RecoveredSummary {
            from_journal,
            adopted_orders: after.adopted_orders - before.adopted_orders,
            booked_fills: after.booked_fills - before.booked_fills,
        },
        reconciled: kernel.is_reconciled(),
        reason: reason.name(),
        halted: matches!(reason, Reason::Halted(_)),
    }
}

/// Whether decisions are synced before they leave.
const fn is_strict(config: &LiveConfig) -> bool {
    matches!(config.durability, Durability::Strict)
}
