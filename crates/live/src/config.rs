//! What a session is made from: everything resolved, every limit explicit.

use std::path::PathBuf;
use std::time::Duration;

use py_rt_kernel::execution::ExecutionTimes;
use py_rt_kernel::kernel::StrategySpec;
use py_rt_kernel::risk::RiskLimits;
pub use py_rt_venues::kraken::counters::Tier;

pub use crate::dialect::Dialect;
use crate::error::LiveError;
use crate::net::Url;
use crate::secret::Secret;
use crate::store::lease::Silence;
use crate::store::place::Place;

/// How long what was decided must survive before it leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// The death of the process; synced in the background within 5 ms.
    #[default]
    Process,
    /// The loss of power.
    Strict,
}

/// Whose money it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Nobody's.
    #[default]
    Paper,
    /// Somebody's. Must be written out.
    Live,
}

/// How the journal is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JournalConfig {
    /// A segment is full at so many bytes.
    pub segment_bytes: u64,
    /// Sessions that ended longer ago, in nanoseconds, are removed when a new one begins; `None`
    /// for never.
    pub retention_ns: Option<i64>,
}

impl Default for JournalConfig {
    fn default() -> Self {
        Self {
            segment_bytes: 256 << 20,
            retention_ns: None,
        }
    }
}

/// Which market data are listened to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Channels {
    /// Trades.
    pub trades: bool,
    /// Best bid and ask.
    pub quotes: bool,
    /// The venue's minute bars.
    pub bars: bool,
    /// Books by price.
    pub books: bool,
}

impl Channels {
    /// Trades and books for crypto, trades and quotes for stocks; the venue's bars unless bars
    /// are built here. Books and quotes never together: both say what the best prices are.
    #[must_use]
    pub const fn for_crypto(crypto: bool, builds_bars: bool) -> Self {
        Self {
            trades: true,
            quotes: !crypto,
            bars: !builds_bars,
            books: crypto,
        }
    }
}

/// Where and as whom to trade.
#[derive(Debug, Clone)]
pub struct VenueConfig {
    /// Whose words.
    pub dialect: Dialect,
    /// Paper or live; checked against the venue's own answer.
    pub mode: Mode,
    /// Orders and questions: `http` on loopback, else `https`.
    pub trading_url: String,
    /// Reports: `ws` on loopback, else `wss`.
    pub account_stream_url: String,
    /// Market data: `ws` on loopback, else `wss`; a path with `crypto` in it is the crypto stream.
    pub market_stream_url: String,
    /// The key.
    pub key: Secret,
    /// Its secret.
    pub secret: Secret,
    /// Which market data; by default what the stream's kind suggests.
    pub channels: Option<Channels>,
    /// Whether stocks are traded in parts of a share.
    pub fractional: bool,
    /// Connections for orders; requests about one order always take the same one.
    pub order_connections: usize,
    /// How long an answer may take, in nanoseconds.
    pub answer_timeout_ns: i64,
    /// What Kraken grants the account; nothing elsewhere.
    pub tier: Tier,
}

/// A database beyond the state directory.
#[derive(Debug, Clone)]
pub struct DatabaseConfig {
    /// Where it is; prints without the password.
    pub place: Place,
    /// How long the account's lease holds.
    pub lease: Duration,
    /// What a session does when the database is silent for longer.
    pub silence: Silence,
    /// Whether the account is taken from a session that lives.
    pub take_over: bool,
}

/// A session, resolved.
#[derive(Debug, Clone)]
pub struct LiveConfig {
    /// journal/, store.sqlite, kill, lock and status.json live here.
    pub state_dir: PathBuf,
    /// The name of the strategy.
    pub strategy: String,
    /// Several strategies that share the account, with limits of their own; empty for one.
    pub strategies: Vec<StrategySpec>,
    /// Its parameters, in the caller's own spelling; a replay gets them back.
    pub parameters: Vec<u8>,
    /// The hash of the resolved configuration.
    pub config_hash: String,
    /// The hash of the strategy's code.
    pub code_hash: String,
    /// What is traded, as the venue writes it.
    pub symbols: Vec<String>,
    /// Where.
    pub venue: VenueConfig,
    /// The limits.
    pub limits: RiskLimits,
    /// The times of the execution stage.
    pub times: ExecutionTimes,
    /// Interval of bars built from trades; 0 for none.
    pub bar_interval_ns: i64,
    /// End by itself after this many seconds; 0 for never.
    pub seconds: u64,
    /// Whether working orders are cancelled at the end.
    pub cancel_on_stop: bool,
    /// How durable decisions are before they leave.
    pub durability: Durability,
    /// How the journal is kept.
    pub journal: JournalConfig,
    /// Whether the thread spins on its sockets instead of sleeping: a core for some microseconds.
    pub spin: bool,
    /// Whether orders, fills and positions are kept in `store.sqlite` too.
    pub store: bool,
    /// A database that follows `store.sqlite`, and who may write to it.
    pub database: Option<DatabaseConfig>,
    /// Where the locks of accounts stand that this machine trades; `None` for no such locks.
    pub account_locks: Option<PathBuf>,
    /// How long a callback may take before the watchdog acts; `None` for as long as it likes.
    pub callback_limit: Option<Duration>,
    /// Whether the file `heartbeat` is renewed, for the dead man's switch.
    pub heartbeat: bool,
}

/// The checked addresses of a venue.
#[derive(Debug, Clone)]
pub struct Endpoints {
    /// Orders and questions.
    pub trading: Url,
    /// Reports.
    pub account: Url,
    /// Market data.
    pub market: Url,
}

impl LiveConfig {
    /// Checks what can be checked without the venue.
    ///
    /// # Errors
    /// [`LiveError::Config`] naming the key and the remedy.
    pub fn endpoints(&self) -> Result<Endpoints, LiveError> {
        if self.symbols.is_empty() {
            return Err(LiveError::Config(
                "`run.symbols` is empty: name at least one".to_string(),
            ));
        }
        if self.venue.order_connections == 0 {
            return Err(LiveError::Config(
                "`venue.order_connections` must be at least 1".to_string(),
            ));
        }
        let venue = &self.venue;
        let endpoints = Endpoints {
            trading: address("venue.trading_url", &venue.trading_url, ["http", "https"])?,
            account: address(
                "venue.account_stream_url",
                &venue.account_stream_url,
                ["ws", "wss"],
            )?,
            market: address(
                "venue.market_stream_url",
                &venue.market_stream_url,
                ["ws", "wss"],
            )?,
        };
        if venue.mode == Mode::Live && endpoints.trading.is_loopback() {
            return Err(LiveError::Config(
                "`venue.mode` is `live` and `venue.trading_url` is this machine: a venue on \
                 loopback is paper, write `mode = \"paper\"`"
                    .to_string(),
            ));
        }
        Ok(endpoints)
    }
}

fn address(key: &str, text: &str, [plain, secure]: [&str; 2]) -> Result<Url, LiveError> {
    let wrong = |why: &str| LiveError::Config(format!("`{key}` is `{text}`: {why}"));
    let url = Url::parse(text)
        .ok_or_else(|| wrong("write it as scheme://host:port/path, without user or password"))?;
    if url.scheme == secure || (url.scheme == plain && url.is_loopback()) {
        return Ok(url);
    }
    if url.scheme == plain {
        return Err(wrong(&format!(
            "keys do not travel in the clear: write {secure}://, {plain}:// is for loopback only"
        )));
    }
    Err(wrong(&format!("the scheme must be {plain} or {secure}")))
}
