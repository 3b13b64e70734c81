//! A venue in virtual time, a transport to it, a fuse that blows at a chosen moment.
#![allow(dead_code, unreachable_pub)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod asserts;
pub mod faults;
pub mod venue;
pub mod wire;
mod words;

use std::cell::{Cell, RefCell};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

use py_rt_kernel::execution::ExecutionTimes;
use py_rt_kernel::risk::{Guards, RiskLimits};
use py_rt_kernel::signal::Context;
use py_rt_kernel::{Event, Interests, OrderRequest, Strategy};
use py_rt_live::config::{Durability, JournalConfig, LiveConfig, Mode, VenueConfig};
use py_rt_live::driver::Hooks;
use py_rt_live::journal::segment::{sibling, Preamble, PREAMBLE};
use py_rt_live::journal::{FileTape, Tape};
use py_rt_live::session::{open_lanes_seeded, open_session, run_session, SessionSummary};
use py_rt_live::state::StateDir;
use py_rt_live::watchdog::Pulse;
use py_rt_live::{LiveError, Secret};
use py_rt_types::{
    AssetClass, Decimal, Instrument, InstrumentId, InstrumentSpec, MarketEvent, Money, Price, Qty,
    Side, UnixNanos,
};

pub use venue::World;
pub use wire::FakeTransport;

static NEXT: AtomicU64 = AtomicU64::new(0);

/// A folder of its own for one test, removed at the end.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new(name: &str) -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let own = format!("py-rt-live-{name}-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(own);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _removed = fs::remove_dir_all(&self.0);
    }
}

/// Blows after so many steps; whoever burns it then is dead.
#[derive(Debug, Clone)]
pub struct Fuse(Rc<Cell<u64>>);

impl Fuse {
    pub fn of(steps: u64) -> Self {
        Self(Rc::new(Cell::new(steps)))
    }

    pub fn burn(&self) -> io::Result<()> {
        match self.0.get().checked_sub(1) {
            Some(left) => {
                self.0.set(left);
                Ok(())
            }
            None => Err(io::Error::other("the process is dead")),
        }
    }

    pub fn is_blown(&self) -> bool {
        self.0.get() == 0
    }

    pub fn left(&self) -> u64 {
        self.0.get()
    }
}

/// A file that takes nothing more once the fuse has blown; the last write may be torn.
#[derive(Debug)]
pub struct FusedTape {
    pub file: FileTape,
    pub fuse: Fuse,
    pub torn_at: Option<usize>,
    /// With the process the power goes: what was not synced is lost.
    pub power: bool,
    pub length: u64,
    pub synced: u64,
}

impl FusedTape {
    fn new(file: FileTape, fuse: Fuse, death: Death) -> Self {
        let length = fs::metadata(file.path()).unwrap().len();
        Self {
            file,
            fuse,
            torn_at: death.torn_at,
            power: death.power,
            length,
            synced: length,
        }
    }

    fn lose_unsynced(&mut self) {
        if std::mem::take(&mut self.power) {
            let file = fs::OpenOptions::new().write(true).open(self.file.path());
            file.unwrap().set_len(self.synced).unwrap();
        }
    }
}

impl Drop for FusedTape {
    fn drop(&mut self) {
        if self.fuse.is_blown() {
            self.lose_unsynced();
        }
    }
}

/// How a process dies.
#[derive(Debug, Clone, Copy, Default)]
pub struct Death {
    /// The last write gets so far.
    pub torn_at: Option<usize>,
    /// The power goes too.
    pub power: bool,
}

impl Tape for FusedTape {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Err(error) = self.fuse.burn() {
            if let Some(at) = self.torn_at.take() {
                self.file.append(&bytes[..at.min(bytes.len())])?;
            }
            return Err(error);
        }
        self.length += bytes.len() as u64;
        self.file.append(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.fuse.burn()?;
        self.synced = self.length;
        Ok(())
    }

    fn rotate(&mut self, preamble: &Preamble) -> io::Result<()> {
        if let Err(error) = self.fuse.burn() {
            if let Some(at) = self.torn_at.take() {
                let head = preamble.encode();
                let path = sibling(self.file.path(), preamble.segment);
                fs::write(path, &head[..at.min(PREAMBLE)])?;
            }
            return Err(error);
        }
        self.file.rotate(preamble)?;
        self.length = PREAMBLE as u64;
        self.synced = self.length;
        Ok(())
    }
}

pub fn decimal(text: &str) -> Decimal {
    Decimal::parse(text).unwrap()
}

pub fn bitcoin() -> Instrument {
    Instrument::try_new(InstrumentSpec {
        symbol: "BTC/USD".to_string(),
        venue: "alpaca".to_string(),
        tick_size: decimal("0.5"),
        order_tick: None,
        lot_size: decimal("0.001"),
        min_qty: decimal("0.001"),
        min_notional: Decimal::ZERO,
        multiplier: decimal("1"),
        currency: "USD".to_string(),
        asset_class: AssetClass::Crypto,
        shortable: true,
        sessions: false,
    })
    .unwrap()
}

pub fn config(state_dir: &Path, seconds: u64) -> LiveConfig {
    let money = |units: i128| Money(units * Money::ONE.0);
    LiveConfig {
        state_dir: state_dir.to_path_buf(),
        strategy: "quoter".to_string(),
        parameters: b"{}".to_vec(),
        config_hash: "config".to_string(),
        strategies: Vec::new(),
        code_hash: "code".to_string(),
        symbols: vec!["BTC/USD".to_string()],
        venue: VenueConfig {
            dialect: py_rt_live::Dialect::Alpaca,
            mode: Mode::Paper,
            trading_url: "http://127.0.0.1:1".to_string(),
            account_stream_url: "ws://127.0.0.1:1/stream".to_string(),
            market_stream_url: "ws://127.0.0.1:1/v1beta3/crypto/us".to_string(),
            key: Secret::new("K".to_string()),
            secret: Secret::new("S".to_string()),
            channels: None,
            fractional: false,
            order_connections: 1,
            answer_timeout_ns: 5_000_000_000,
            tier: py_rt_live::config::Tier::Starter,
        },
        limits: RiskLimits {
            max_order_qty: decimal("10"),
            max_order_notional: money(1_000_000),
            max_position_notional: money(10_000_000),
            max_gross_notional: money(10_000_000),
            max_open_orders: 50,
            max_orders_per_second: 1_000,
            price_collar_bps: 1_000,
            reference_age_ns_max: i64::MAX,
            max_daily_loss: money(1_000_000),
            max_drawdown_e9: 900_000_000,
            max_leverage_e9: 100_000_000_000,
            guards: Guards::default(),
        },
        times: ExecutionTimes::default(),
        bar_interval_ns: 0,
        seconds,
        cancel_on_stop: true,
        durability: Durability::Process,
        journal: JournalConfig::default(),
        spin: false,
        store: false,
        database: None,
        account_locks: None,
        callback_limit: None,
        heartbeat: false,
    }
}

/// Quotes both sides of the market, cancels now and then, and remembers what it did.
#[derive(Debug, Default)]
pub struct Quoter {
    messages: u64,
}

impl Strategy for Quoter {
    fn interests(&self) -> Interests {
        Interests::BOOK
    }

    fn on_book(&mut self, ctx: &mut Context<'_>, event: &MarketEvent) {
        self.messages += 1;
        let Some(top) = ctx.market(event.instrument).map(|market| market.top()) else {
            return;
        };
        let open: Vec<_> = ctx.orders().map(|order| order.client_order_id).collect();
        if open.len() < 3 && top.bid_price.0 > 0 {
            let side = if self.messages % 2 == 0 {
                Side::Buy
            } else {
                Side::Sell
            };
            let price = match side {
                Side::Buy => Price(top.bid_price.0 - 2),
                Side::Sell => Price(top.ask_price.0 + 2),
            };
            let qty = Qty(2 + (self.messages % 3) as i64);
            ctx.submit(OrderRequest::limit(InstrumentId(0), side, qty, price));
        }
        if self.messages % 7 == 0 {
            if let Some(first) = open.first() {
                ctx.cancel(*first);
            }
        }
    }
}

/// A caller that remembers what it heard.
#[derive(Debug, Default)]
pub struct Listener {
    pub events: Vec<Event>,
    pub notices: Vec<String>,
    pub stop: bool,
}

impl Hooks for Listener {
    fn should_stop(&mut self) -> bool {
        self.stop
    }
    fn on_event(&mut self, event: &Event) {
        self.events.push(*event);
    }
    fn on_notice(&mut self, text: &str) {
        self.notices.push(text.to_string());
    }
}

/// One life of a process against a world: opens what was left, runs, ends or dies.
pub fn live(
    world: &Rc<RefCell<World>>,
    config: &LiveConfig,
    fuse: &Fuse,
    death: Death,
    listener: &mut Listener,
) -> Result<SessionSummary, LiveError> {
    live_with(world, config, fuse, death, listener, Quoter::default)
}

/// A session that nobody kills.
pub fn undisturbed(
    world: &Rc<RefCell<World>>,
    config: &LiveConfig,
    listener: &mut Listener,
) -> Result<SessionSummary, LiveError> {
    let never = Fuse::of(u64::MAX);
    live(world, config, &never, Death::default(), listener)
}

pub fn live_with<S: Strategy>(
    world: &Rc<RefCell<World>>,
    config: &LiveConfig,
    fuse: &Fuse,
    death: Death,
    listener: &mut Listener,
    make: impl Fn() -> S,
) -> Result<SessionSummary, LiveError> {
    let state = StateDir::lock(&config.state_dir)?;
    let lineage = state.lineage()?;
    let endpoints = config.endpoints()?;
    world.borrow_mut().restart_clients();
    loop {
        let now: UnixNanos = world.borrow().now;
        let opened = open_session(
            config,
            &state,
            now,
            &mut || Ok(vec![bitcoin()]),
            &mut |_| make(),
            |file| FusedTape::new(file, fuse.clone(), death),
        )?;
        let ending = opened.ending;
        let seed = world.borrow().faults.seed;
        let lanes = open_lanes_seeded(config, &endpoints, lineage, &opened.instruments, seed)?;
        let transport = FakeTransport::new(Rc::clone(world), fuse.clone());
        let summary = run_session(config, opened, lanes, transport, listener, Pulse::default())?;
        if !ending || summary.reason != "interrupted" {
            return Ok(summary);
        }
    }
}
