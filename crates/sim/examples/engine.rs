//! The engine alone, without Python.
//!
//! `cargo run --release -p py-rt-sim --example engine JOB ROWS [REPEAT]` prints one JSON line a
//! run: rows a second of processor time and the facts that must not change. Rows follow the law of
//! the benches' W1, drawn from a generator of its own. `benches/instructions.py` counts the
//! instructions of each job under callgrind and compares them with what is committed.
#![allow(clippy::disallowed_methods, clippy::print_stdout, clippy::expect_used)]

use std::time::Instant;

use py_rt_kernel::execution::ExecutionTimes;
use py_rt_kernel::market::ByPrice;
use py_rt_kernel::risk::{Guards, RiskLimits};
use py_rt_kernel::signal::Idle;
use py_rt_kernel::{KernelConfig, Strategy};
use py_rt_sim::{Backtest, BacktestConfig, BacktestData, Extras, Fees, Latency, VenueConfig};
use py_rt_strategies::bench::{BenchMaker, BenchTouch};
use py_rt_strategies::registry::{self, Compiled};
use py_rt_strategies::ParamValue;
use py_rt_types::{
    AssetClass, Bar, Decimal, Instrument, InstrumentId, InstrumentSpec, MarketEvent, Money, Price,
    Qty, UnixNanos,
};

const START: i64 = 1_700_000_000_000_000_000;
const WIDE: i128 = 10i128.pow(32);

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }
    /// Uniform in (0, 1].
    fn unit(&mut self) -> f64 {
        ((self.roll() >> 11) + 1) as f64 / (1u64 << 53) as f64
    }
    fn exponential(&mut self, mean: f64) -> f64 {
        -mean * self.unit().ln()
    }
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * self.unit().ln()).sqrt();
        radius * (core::f64::consts::TAU * self.unit()).cos()
    }
    /// Lots: ceil(lognormal(5, 1.2)).
    fn lots(&mut self) -> i64 {
        (5.0 + 1.2 * self.normal()).exp().ceil() as i64
    }
    /// min(geometric(.2) - 1, 49).
    fn away(&mut self) -> i64 {
        ((self.unit().ln() / 0.8f64.ln()) as i64).min(49)
    }
}

/// Rows by the law of W1.
fn rows(count: usize, distinct: bool) -> Vec<MarketEvent> {
    let mut dice = Dice(7);
    let mut out: Vec<MarketEvent> = Vec::with_capacity(count + 3);
    let mut now = 0f64;
    let mut seen = 0i64;
    let mut push = |dice: &mut Dice, ts: i64, kind: u8, side: i8, price: i64, qty: i64| {
        seen = seen.max(ts + 500_000 + dice.exponential(200_000.0) as i64);
        let spread = if distinct { out.len() as i64 } else { 0 };
        out.push(MarketEvent {
            ts_event: UnixNanos(ts),
            ts_recv: UnixNanos(seen + spread),
            instrument: InstrumentId(0),
            kind,
            side,
            flags: 1,
            price: Price(price),
            qty: Qty(qty),
            order_id: 0,
        });
        out.len()
    };
    for level in 0..50 {
        push(&mut dice, START - 1_000_000, 0, 1, 600_000 - level, 100);
    }
    for level in 0..50 {
        push(&mut dice, START - 1_000_000, 0, -1, 600_001 + level, 100);
    }
    let mut bid = 600_000i64;
    let mut made = 100;
    while made < count {
        now += dice.exponential(200_000.0);
        let ts = START + now as i64;
        let (u, ask) = (dice.unit(), dice.roll() % 2 == 0);
        let touched = bid + i64::from(ask);
        let (own, taker): (i8, i8) = if ask { (-1, 1) } else { (1, -1) };
        let (away, lots) = (dice.away(), dice.lots());
        if u < 0.76 {
            let gone = away > 0 && dice.unit() < 0.1;
            let price = touched + if ask { away } else { -away };
            made = push(&mut dice, ts, 0, own, price, if gone { 0 } else { lots });
            continue;
        }
        push(&mut dice, ts, 1, taker, touched, lots);
        if u < 0.92 {
            let left = dice.lots();
            made = push(&mut dice, ts, 0, own, touched, left);
        } else {
            push(&mut dice, ts, 0, own, touched, 0);
            let posted = dice.lots();
            made = push(&mut dice, ts, 0, taker, touched, posted);
            bid += if ask { 1 } else { -1 };
        }
    }
    out.truncate(count);
    out
}

/// Bars by the law of W3, of several symbols at the same minutes.
fn bars(count: usize, symbols: usize) -> Vec<Bar> {
    let mut dice = Dice(11);
    let mut walks = vec![0f64; symbols];
    let price = |walk: f64| Price((100.0 * walk.exp() * 1e8).round() as i64);
    let mut out = Vec::with_capacity(count);
    for index in 0..count {
        let (symbol, minute) = (index % symbols, (index / symbols) as i64);
        let open = price(walks[symbol]);
        walks[symbol] += 2e-4 * dice.normal();
        let close = price(walks[symbol]);
        out.push(Bar {
            ts_open: UnixNanos(START + minute * 60_000_000_000),
            ts_close: UnixNanos(START + (minute + 1) * 60_000_000_000),
            instrument: InstrumentId(symbol as u32),
            flags: 0,
            open,
            high: open.max(close),
            low: open.min(close),
            close,
            volume: 1.0,
        });
    }
    out
}

fn instrument(symbol: &str, tick: &str, lot: &str) -> Instrument {
    Instrument::try_new(InstrumentSpec {
        symbol: symbol.to_owned(),
        venue: "SIM".to_owned(),
        tick_size: Decimal::parse(tick).expect("a number"),
        order_tick: None,
        lot_size: Decimal::parse(lot).expect("a number"),
        min_qty: Decimal::ZERO,
        min_notional: Decimal::ZERO,
        multiplier: Decimal::parse("1").expect("a number"),
        currency: "USD".to_owned(),
        asset_class: AssetClass::Crypto,
        shortable: true,
        sessions: false,
    })
    .expect("an instrument")
}

fn config(instruments: Vec<Instrument>, latency_ns: i64) -> BacktestConfig {
    let limits = RiskLimits {
        max_order_qty: Decimal::parse("1000000").expect("a number"),
        max_order_notional: Money(WIDE),
        max_position_notional: Money(WIDE),
        max_gross_notional: Money(WIDE),
        max_open_orders: 1_000_000,
        max_orders_per_second: 1_000_000,
        price_collar_bps: 100_000,
        reference_age_ns_max: 60_000_000_000,
        max_daily_loss: Money(WIDE),
        max_drawdown_e9: 1_000_000_000,
        max_leverage_e9: 100_000_000_000,
        guards: Guards::default(),
    };
    BacktestConfig {
        kernel: KernelConfig {
            instruments,
            limits,
            times: ExecutionTimes::default(),
            cash: Money(10i128.pow(28)),
            reconciled: true,
            cancel_on_stop: true,
            bar_interval_ns: 0,
            strategies: Vec::new(),
            opens_at: UnixNanos::MIN,
            currencies: None,
            margin: None,
        },
        venue: VenueConfig {
            fees: Fees {
                maker_e9: -50_000,
                taker_e9: 700_000,
                ..Fees::default()
            },
            partial_fills: false,
            ..VenueConfig::default()
        },
        latency: Latency {
            feed_ns: 0,
            order_ns: latency_ns,
            report_ns: latency_ns,
        },
        extras: Extras::default(),
        laws: Vec::new(),
        sample_every_ns: 60_000_000_000,
    }
}

/// Nanoseconds that this process had a processor, where the system tells: what others on the same
/// machine take is not counted then.
fn on_cpu_ns() -> Option<u64> {
    let told = std::fs::read_to_string("/proc/self/schedstat").ok()?;
    told.split_whitespace().next()?.parse().ok()
}

fn seconds_since((wall, cpu): (Instant, Option<u64>)) -> f64 {
    match (cpu, on_cpu_ns()) {
        (Some(begin), Some(end)) if end > begin => (end - begin) as f64 / 1e9,
        _ => wall.elapsed().as_secs_f64(),
    }
}

fn run<S: Strategy>(config: BacktestConfig, data: &BacktestData<'_>, strategy: S) {
    let mut backtest = Backtest::new(config, data, strategy);
    let begin = (Instant::now(), on_cpu_ns());
    backtest.run(&mut |_, _| true);
    let seconds = seconds_since(begin);
    let (kernel, recording) = (backtest.kernel(), backtest.recording());
    let book = kernel
        .market()
        .instrument(InstrumentId(0))
        .and_then(|m| m.book());
    println!(
        "{{\"mrows_per_s\": {:.3}, \"rows\": {}, \"orders\": {}, \"fills\": {}, \"order_hash\": \
         \"{:032x}\", \"book_hash\": \"{:032x}\", \"equity\": \"{}\"}}",
        backtest.events() as f64 / seconds / 1e6,
        backtest.events(),
        recording.orders.len(),
        recording.fills.len(),
        kernel.order_hash(),
        book.map_or(0, ByPrice::state_hash),
        kernel.portfolio().equity().0,
    );
}

/// One book alone: every row applied, the touch read.
fn book_only(events: &[MarketEvent]) {
    let mut book = ByPrice::new();
    let begin = (Instant::now(), on_cpu_ns());
    let mut sum = 0i64;
    for event in events {
        book.apply(event);
        sum = sum.wrapping_add(book.best_bid().map_or(0, |price| price.0));
        sum = sum.wrapping_add(book.best_ask().map_or(0, |price| price.0));
    }
    let seconds = seconds_since(begin);
    println!(
        "{{\"mrows_per_s\": {:.3}, \"rows\": {}, \"touches\": {sum}, \"book_hash\": \"{:032x}\"}}",
        events.len() as f64 / seconds / 1e6,
        events.len(),
        book.state_hash(),
    );
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let job = words.first().map_or("none", String::as_str);
    let count = words
        .get(1)
        .map_or(1_000_000, |word| word.parse().expect("a count"));
    let repeat = words
        .get(2)
        .map_or(1, |word| word.parse().expect("a count"));
    let symbols = if job.ends_with("500") { 500 } else { 1 };
    let (events, bars) = match job {
        "bars" | "bars500" | "make_bars" | "make_bars500" => (Vec::new(), bars(count, symbols)),
        _ => (rows(count, job == "touch" || job == "maker"), Vec::new()),
    };
    let data = BacktestData {
        events: &events,
        bars: &bars,
    };
    for _ in 0..repeat {
        let btc = || vec![instrument("BTCUSDT", "0.1", "0.001")];
        let l2 = || config(btc(), 500_000);
        match job {
            "make" | "make_bars" | "make_bars500" => {
                println!("{{\"rows\": {}}}", events.len() + bars.len());
            }
            "book" => book_only(&events),
            "none" => run(l2(), &data, Idle),
            "touch" => run(l2(), &data, BenchTouch::default()),
            "maker10" => {
                let maker = BenchMaker::every_ten_ms(&btc()).expect("a maker");
                run(l2(), &data, maker);
            }
            "maker" => {
                let maker = BenchMaker::every_row(&btc()).expect("a maker");
                run(l2(), &data, maker);
            }
            "bars" | "bars500" => {
                let names = (0..symbols).map(|n| instrument(&format!("S{n}"), "0.00000001", "1"));
                let names: Vec<Instrument> = names.collect();
                let params = [("fast", 10), ("slow", 50), ("order_qty", 100)];
                let params = params.map(|(name, value)| (name.to_owned(), ParamValue::Int(value)));
                let made = registry::create("sma_cross", &params, &names).expect("a strategy");
                let Compiled::SmaCross(cross) = made else {
                    return;
                };
                let mut config = config(names, 0);
                config.sample_every_ns = 60_000_000_000 * (count / symbols / 20_000).max(1) as i64;
                run(config, &data, cross);
            }
            other => println!("{{\"error\": \"no job {other}\"}}"),
        }
    }
}
