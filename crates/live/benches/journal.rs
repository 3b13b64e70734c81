//! What the journal costs: records a second, a strict group commit beside one fdatasync, and how
//! long a day's journal takes to recover. `make bench-journal` runs it and writes its rows.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a bench measures the clock, prints, and ends where something is wrong"
)]

use std::fs::{self, File, OpenOptions};
use std::hint::black_box;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use py_rt_kernel::execution::ExecutionTimes;
use py_rt_kernel::journal::{Decision, Entry, Header, OwnedInput, Totals};
use py_rt_kernel::risk::{Guards, RiskLimits};
use py_rt_kernel::{
    Context, Control, Input, Interests, Kernel, KernelConfig, OrderRequest, Output, Request,
    Session, Strategy,
};
use py_rt_live::config::{Dialect, Durability, JournalConfig, LiveConfig, Mode, VenueConfig};
use py_rt_live::journal::frame::Chain;
use py_rt_live::journal::{FileTape, Journal, Place};
use py_rt_live::session::open_session;
use py_rt_live::state::StateDir;
use py_rt_live::Secret;
use py_rt_types::{
    AssetClass, Decimal, ExecId, Instrument, InstrumentId, InstrumentSpec, Liquidity, MarketEvent,
    Money, NewOrder, OrderType, Price, Qty, Report, ReportKind, Side, TimeInForce, UnixNanos,
    VenueOrderId,
};

const ROWS: u64 = 2_000_000;
const COMMITS: usize = 400;
/// Quotes of a day of 6.5 hours at 85 a second, or of 24 hours at 23 a second.
const DAY: u64 = 2_000_000;
/// One order in so many quotes.
const ORDER_EVERY: u64 = 500;

fn main() {
    let folder = scratch();
    let mut rows = Vec::new();
    rows.push(("append", append(&folder), "records/s"));
    let (commit_us, sync_us, ratio) = strict(&folder);
    rows.push(("strict commit", commit_us, "us"));
    rows.push(("one fdatasync", sync_us, "us"));
    rows.push(("strict commit / fdatasync", ratio, "x"));
    let (records, bytes, seconds) = recover(&folder);
    rows.push(("day: records", records, ""));
    rows.push(("day: size", bytes / 1e6, "MB"));
    rows.push(("day: recovery", seconds, "s"));
    for (name, value, unit) in &rows {
        let row = format!("\"row\": \"{name}\", \"value\": {value}, \"unit\": \"{unit}\"");
        println!("{{\"bench\": \"journal\", {row}}}");
    }
    fs::remove_dir_all(folder).unwrap();
}

/// Beside the build, not in memory: a sync must reach a disk.
fn scratch() -> PathBuf {
    let target = std::env::current_exe().unwrap();
    let folder = target
        .parent()
        .unwrap()
        .join(format!("bench-journal-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn row(n: u64) -> MarketEvent {
    let wave = (n % 2_000) as i64 - 1_000;
    MarketEvent {
        ts_event: UnixNanos(n as i64 * 43_000_000),
        ts_recv: UnixNanos(n as i64 * 43_000_000 + 1_000),
        instrument: InstrumentId(0),
        kind: 4,
        side: if n % 2 == 0 { 1 } else { -1 },
        flags: 1,
        price: Price(120_000 + wave.abs() / 10 + i64::from(n % 2 != 0)),
        qty: Qty(5_000 + wave.abs()),
        order_id: 0,
    }
}

/// Records a second, a commit each twenty, in the grade `process`, segments of 64 MiB.
fn append(folder: &Path) -> f64 {
    let place = Place::new_session(1, Chain::START);
    let own = folder.join("append");
    fs::create_dir_all(&own).unwrap();
    let tape = FileTape::create(&own.join("00000001.journal"), &place.preamble()).unwrap();
    let mut journal = Journal::new(tape, place, false).with_segments_of(64 << 20);
    let started = Instant::now();
    for n in 0..ROWS {
        let row = row(n);
        journal.append_input(row.ts_recv, &Input::Market(&row));
        if n % 20 == 0 {
            journal.commit().unwrap();
            if journal.is_full() {
                journal.rotate(&Entry::Snapshot(vec![0; 4_096])).unwrap();
            }
        }
    }
    journal.commit().unwrap();
    let took = started.elapsed().as_secs_f64();
    drop(journal);
    fs::remove_dir_all(own).unwrap();
    ROWS as f64 / took
}

fn order(sequence: u64) -> NewOrder {
    NewOrder {
        client_order_id: py_rt_types::ClientOrderId::new(sequence),
        instrument: InstrumentId(0),
        side: Side::Buy,
        order_type: OrderType::Limit,
        tif: TimeInForce::Gtc,
        order_qty: Qty(1),
        limit_price: Some(Price(120_000)),
        stop_price: None,
        post_only: false,
        reduce_only: false,
    }
}

/// Medians: a strict commit of twenty market rows and one order, and one write of as many bytes
/// with its fdatasync, taken in turns so that both meet the same disk.
fn strict(folder: &Path) -> (f64, f64, f64) {
    let place = Place::new_session(1, Chain::START);
    let path = folder.join("strict.journal");
    let tape = FileTape::create(&path, &place.preamble()).unwrap();
    let mut journal = Journal::new(tape, place, true);
    let mut bare = bare_file(&folder.join("bare"));
    let (mut commits, mut syncs) = (Vec::new(), Vec::new());
    let mut length = fs::metadata(&path).unwrap().len();
    for n in 0..COMMITS as u64 {
        let started = Instant::now();
        for at in 0..20 {
            let row = row(n * 20 + at);
            journal.append_input(row.ts_recv, &Input::Market(&row));
        }
        journal.append_decision(UnixNanos(n as i64), &Decision::New(order(n + 1)));
        journal.commit().unwrap();
        commits.push(started.elapsed().as_secs_f64() * 1e6);
        let grown = fs::metadata(&path).unwrap().len() - length;
        length += grown;
        let bytes = vec![7u8; grown as usize];
        let started = Instant::now();
        bare.write_all(black_box(&bytes)).unwrap();
        bare.sync_data().unwrap();
        syncs.push(started.elapsed().as_secs_f64() * 1e6);
    }
    let (commit, sync) = (median(&mut commits), median(&mut syncs));
    (commit, sync, commit / sync)
}

fn bare_file(path: &Path) -> File {
    OpenOptions::new()
        .append(true)
        .create_new(true)
        .open(path)
        .unwrap()
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Buys and sells one lot in turns.
#[derive(Debug, Default)]
struct Trader {
    quotes: u64,
}

impl Strategy for Trader {
    fn interests(&self) -> Interests {
        Interests::QUOTE
    }

    fn on_quote(&mut self, ctx: &mut Context<'_>, quote: &py_rt_kernel::signal::Quote) {
        self.quotes += 1;
        if self.quotes % ORDER_EVERY == 0 {
            let side = if ctx.position(quote.instrument).qty.0 > 0 {
                Side::Sell
            } else {
                Side::Buy
            };
            ctx.submit(OrderRequest::market(quote.instrument, side, Qty(1)));
        }
    }
}

fn instrument() -> Instrument {
    let decimal = |text: &str| Decimal::parse(text).unwrap();
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

fn limits() -> RiskLimits {
    let money = |units: i128| Money(units * Money::ONE.0);
    RiskLimits {
        max_order_qty: Decimal::parse("10").unwrap(),
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
    }
}

fn config(state_dir: &Path) -> LiveConfig {
    LiveConfig {
        state_dir: state_dir.to_path_buf(),
        strategy: "trader".to_string(),
        parameters: b"{}".to_vec(),
        config_hash: "config".to_string(),
        strategies: Vec::new(),
        code_hash: "code".to_string(),
        symbols: vec!["BTC/USD".to_string()],
        venue: VenueConfig {
            dialect: Dialect::Alpaca,
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
        limits: limits(),
        times: ExecutionTimes::default(),
        bar_interval_ns: 0,
        seconds: 0,
        cancel_on_stop: true,
        durability: Durability::Process,
        journal: JournalConfig::default(),
        spin: false,
        store: true,
        database: None,
        account_locks: None,
        callback_limit: None,
        heartbeat: false,
    }
}

/// A day that a real kernel has traded, in segments of 64 MiB, with no clean end.
fn write_day(state: &StateDir) -> u64 {
    let settings = KernelConfig {
        instruments: vec![instrument()],
        limits: limits(),
        times: ExecutionTimes::default(),
        cash: Money(1_000_000 * Money::ONE.0),
        reconciled: true,
        cancel_on_stop: true,
        bar_interval_ns: 0,
        strategies: Vec::new(),
        opens_at: UnixNanos::MIN,
        currencies: None,
        margin: None,
    };
    let header = Header {
        lineage: state.lineage().unwrap().to_string(),
        session: 1,
        ts_start: UnixNanos(0),
        first_sequence: 1,
        strategy: "trader".to_string(),
        parameters: b"{}".to_vec(),
        config_hash: "config".to_string(),
        code_hash: "code".to_string(),
        strict: false,
        totals_before: Totals::default(),
        kernel: settings.clone(),
    };
    let place = Place::new_session(1, Chain::START);
    let tape = FileTape::create(&state.segment(1), &place.preamble()).unwrap();
    let mut journal = Journal::new(tape, place, false).with_segments_of(64 << 20);
    journal.append(&Entry::Header(Box::new(header)));
    journal.reserve_id(1).unwrap();
    let mut day = Day {
        kernel: Kernel::new(settings, Trader::default()),
        journal,
    };
    day.feed(UnixNanos(0), OwnedInput::Control(Control::Start));
    for n in 1..=DAY {
        let row = row(n);
        day.feed(row.ts_recv, OwnedInput::Market(row));
        if day.journal.is_full() {
            let books = Entry::Snapshot(day.kernel.snapshot().encode());
            day.journal.rotate(&books).unwrap();
        }
    }
    day.journal.sync().unwrap();
    day.journal.records()
}

struct Day {
    kernel: Kernel<Trader>,
    journal: Journal<FileTape>,
}

impl Day {
    /// One input, and what a venue that fills at once says to what comes of it.
    fn feed(&mut self, now: UnixNanos, input: OwnedInput) {
        self.journal.append_input(now, &input.as_input());
        self.kernel.handle_input(now, input.as_input());
        let mut sent = Vec::new();
        while let Some(output) = self.kernel.poll_output() {
            if let Output::Send(request) = output {
                let decision = Decision::from(&request);
                if let Request::New(approved) = request {
                    let id = approved.order().client_order_id.sequence;
                    self.journal.reserve_id(id).unwrap();
                    sent.push(*approved.order());
                }
                self.journal.append_decision(now, &decision);
            }
        }
        self.journal.commit().unwrap();
        for order in sent {
            self.answer(now.plus(900_000), &order);
        }
    }

    fn answer(&mut self, now: UnixNanos, order: &NewOrder) {
        let id = u128::from(order.client_order_id.sequence);
        let report = |kind| {
            OwnedInput::Report(Report {
                ts_event: now,
                client_order_id: order.client_order_id,
                venue_order_id: VenueOrderId(id),
                instrument: order.instrument,
                side: order.side,
                kind,
            })
        };
        self.feed(now, report(ReportKind::Accepted));
        let fill = ReportKind::Fill {
            exec_id: ExecId(id),
            last_qty: order.order_qty,
            last_price: Price(120_050),
            cum_qty: order.order_qty,
            fee: Money::ZERO,
            fee_asset: py_rt_types::FeeAsset::Quote,
            liquidity: Liquidity::Taker,
        };
        self.feed(now, report(fill));
    }
}

/// Records, bytes, and the seconds from the call of `open_session` until it could trade: the best
/// of three, since the first one warms the page cache.
fn recover(folder: &Path) -> (f64, f64, f64) {
    let own = folder.join("day");
    let state = StateDir::lock(&own).unwrap();
    let records = write_day(&state);
    let files = fs::read_dir(state.journal()).unwrap();
    let bytes: u64 = files
        .map(|file| file.unwrap().metadata().unwrap().len())
        .sum();
    let config = config(&own);
    let mut best = f64::MAX;
    for _ in 0..3 {
        let started = Instant::now();
        let opened = open_session(
            &config,
            &state,
            UnixNanos(1),
            &mut || unreachable!("an unfinished session asks for no instruments"),
            &mut |_| Trader::default(),
            |tape| tape,
        )
        .unwrap();
        best = best.min(started.elapsed().as_secs_f64());
        assert!(opened.from_journal >= DAY);
        assert!(matches!(opened.restarted, Some(Session::Restarted { .. })));
        black_box(&opened.kernel);
    }
    (records as f64, bytes as f64, best)
}
