//! A venue on a bench, and markets made from a seed.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

use py_rt_kernel::execution::ExecutionTimes;
use py_rt_kernel::risk::{Guards, RiskLimits};
use py_rt_kernel::KernelConfig;
use py_rt_sim::{BacktestConfig, Extras, Latency, SimVenue, VenueConfig};
use py_rt_types::{
    AssetClass, Bar, CancelOrder, ClientOrderId, Decimal, Instrument, InstrumentId, InstrumentSpec,
    Liquidity, MarketEvent, Money, NewOrder, OrderType, Price, Qty, RejectReason, ReplaceOrder,
    ReportKind, Side, TimeInForce, UnixNanos, VenueOrderId,
};

pub const MS: i64 = 1_000_000;
pub const SECOND: i64 = 1_000 * MS;
pub const MINUTE: i64 = 60 * SECOND;
pub const DAY: i64 = 86_400 * SECOND;
pub const FIRST: InstrumentId = InstrumentId(0);

/// SplitMix64 (Steele, Lea, Flood 2014): the seed stands in every failure message.
#[derive(Debug, Clone)]
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }
    /// From `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        low + (self.roll() % (high - low + 1) as u64) as i64
    }
    pub fn one_in(&mut self, n: u64) -> bool {
        self.roll() % n == 0
    }
}

pub fn money(text: &str) -> Money {
    Money(Decimal::parse(text).unwrap().to_atto().unwrap())
}

pub fn instrument(symbol: &str) -> Instrument {
    Instrument::try_new(InstrumentSpec {
        symbol: symbol.into(),
        venue: "SIM".into(),
        tick_size: Decimal::parse("0.01").unwrap(),
        order_tick: None,
        lot_size: Decimal::parse("1").unwrap(),
        min_qty: Decimal::ZERO,
        min_notional: Decimal::ZERO,
        multiplier: Decimal::parse("1").unwrap(),
        currency: "USD".into(),
        asset_class: AssetClass::Equity,
        shortable: true,
        sessions: true,
    })
    .unwrap()
}

pub fn run_config(instruments: usize, latency: Latency) -> BacktestConfig {
    let limits = RiskLimits {
        max_order_qty: Decimal::parse("1000000").unwrap(),
        max_order_notional: money("1000000000000"),
        max_position_notional: money("1000000000000"),
        max_gross_notional: money("1000000000000"),
        max_open_orders: 1_000,
        max_orders_per_second: 100_000,
        price_collar_bps: 100_000,
        reference_age_ns_max: i64::MAX,
        max_daily_loss: money("1000000000000"),
        max_drawdown_e9: 1_000_000_000,
        max_leverage_e9: 1_000_000_000_000,
        guards: Guards::default(),
    };
    let kernel = KernelConfig {
        instruments: (0..instruments)
            .map(|n| instrument(&format!("I{n}")))
            .collect(),
        limits,
        times: ExecutionTimes::default(),
        cash: money("1000000"),
        reconciled: true,
        cancel_on_stop: true,
        bar_interval_ns: 0,
        strategies: Vec::new(),
        opens_at: UnixNanos::MIN,
        currencies: None,
        margin: None,
    };
    BacktestConfig {
        kernel,
        venue: VenueConfig::default(),
        latency,
        extras: Extras::default(),
        laws: Vec::new(),
        sample_every_ns: 0,
    }
}

pub fn row(id: u32, ts: i64, kind: u8, side: i8, price: i64, qty: i64) -> MarketEvent {
    MarketEvent {
        ts_event: UnixNanos(ts),
        ts_recv: UnixNanos(0),
        instrument: InstrumentId(id),
        kind,
        side,
        flags: 1,
        price: Price(price),
        qty: Qty(qty),
        order_id: 0,
    }
}

pub fn bar(ts_open: i64, ts_close: i64, prices: [i64; 4]) -> Bar {
    Bar {
        ts_open: UnixNanos(ts_open),
        ts_close: UnixNanos(ts_close),
        instrument: FIRST,
        flags: 0,
        open: Price(prices[0]),
        high: Price(prices[1]),
        low: Price(prices[2]),
        close: Price(prices[3]),
        volume: 1.0,
    }
}

/// A book that walks and trades: rows in time order, several a message at times.
pub fn market(seed: u64, rows: usize, instruments: u32) -> Vec<MarketEvent> {
    let mut dice = Dice(seed);
    let mut touch = vec![10_000i64; instruments as usize];
    let (mut out, mut now) = (Vec::new(), 1_000 * SECOND);
    for id in 0..instruments {
        for level in 1..=10 {
            out.push(row(id, now, 0, 1, 10_000 - level, 20));
            out.push(row(id, now, 0, -1, 10_000 + level, 20));
        }
    }
    while out.len() < rows {
        let id = dice.between(0, i64::from(instruments) - 1) as u32;
        let middle = &mut touch[id as usize];
        now += dice.between(0, 20) * MS / 4;
        let side: i8 = if dice.one_in(2) { 1 } else { -1 };
        match dice.between(0, 9) {
            0..=2 => {
                let at = *middle + i64::from(side);
                out.push(row(id, now, 1, side, at, dice.between(1, 12)));
            }
            3 => {
                let gone = *middle + i64::from(side);
                let mut first = row(id, now, 0, -side, gone, 0);
                first.flags = 0;
                out.push(first);
                *middle += i64::from(side);
                out.push(row(
                    id,
                    now,
                    0,
                    side,
                    *middle - i64::from(side),
                    dice.between(1, 30),
                ));
            }
            _ => {
                let price = *middle - i64::from(side) * dice.between(1, 8);
                out.push(row(id, now, 0, side, price, dice.between(0, 30)));
            }
        }
    }
    out
}

pub fn limit(sequence: u64, side: Side, qty: i64, price: i64) -> NewOrder {
    NewOrder {
        client_order_id: ClientOrderId::new(sequence),
        instrument: FIRST,
        side,
        order_type: OrderType::Limit,
        tif: TimeInForce::Gtc,
        order_qty: Qty(qty),
        limit_price: Some(Price(price)),
        stop_price: None,
        post_only: false,
        reduce_only: false,
    }
}

pub fn market_order(sequence: u64, side: Side, qty: i64) -> NewOrder {
    NewOrder {
        order_type: OrderType::Market,
        limit_price: None,
        ..limit(sequence, side, qty, 0)
    }
}

pub fn stop(sequence: u64, side: Side, qty: i64, price: i64) -> NewOrder {
    let plain = market_order(sequence, side, qty);
    NewOrder {
        order_type: OrderType::Stop,
        stop_price: Some(Price(price)),
        ..plain
    }
}

/// What a report says, without ids and fees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    Accepted,
    Fill(i64, i64, i64, bool),
    Canceled(i64),
    Expired(i64),
    Rejected(RejectReason),
    Replaced(i64, Option<i64>),
    CancelRejected,
    ReplaceRejected(RejectReason),
    Other,
}

pub fn said(kind: &ReportKind) -> Said {
    match *kind {
        ReportKind::Accepted => Said::Accepted,
        ReportKind::Fill {
            last_qty,
            last_price,
            cum_qty,
            liquidity,
            ..
        } => Said::Fill(
            last_qty.0,
            last_price.0,
            cum_qty.0,
            liquidity == Liquidity::Maker,
        ),
        ReportKind::Canceled { cum_qty } => Said::Canceled(cum_qty.0),
        ReportKind::Expired { cum_qty } => Said::Expired(cum_qty.0),
        ReportKind::Rejected { reason } => Said::Rejected(reason),
        ReportKind::Replaced {
            order_qty,
            limit_price,
        } => Said::Replaced(order_qty.0, limit_price.map(|price| price.0)),
        ReportKind::CancelRejected { .. } => Said::CancelRejected,
        ReportKind::ReplaceRejected { reason } => Said::ReplaceRejected(reason),
        _ => Said::Other,
    }
}

/// The venue with its own clock.
pub struct Bench {
    pub venue: SimVenue,
    pub now: i64,
}

impl Bench {
    pub fn new(config: VenueConfig) -> Self {
        Self {
            venue: SimVenue::new(&[instrument("I0")], config),
            now: 1_000 * SECOND,
        }
    }
    pub fn plain() -> Self {
        Self::new(VenueConfig::default())
    }
    /// 9 999 x 50, 9 998 x 50 against 10 001 x 10, 10 002 x 20.
    pub fn booked() -> Self {
        let mut bench = Self::plain();
        for (side, price, qty) in [
            (1, 9_999, 50),
            (1, 9_998, 50),
            (-1, 10_001, 10),
            (-1, 10_002, 20),
        ] {
            bench.depth(side, price, qty);
        }
        bench
    }
    pub fn depth(&mut self, side: i8, price: i64, qty: i64) {
        self.row(&row(0, self.now, 0, side, price, qty));
    }
    pub fn trade(&mut self, aggressor: i8, price: i64, qty: i64) {
        self.row(&row(0, self.now, 1, aggressor, price, qty));
    }
    pub fn row(&mut self, event: &MarketEvent) {
        self.venue.handle_market(UnixNanos(self.now), event);
    }
    pub fn new_order(&mut self, order: &NewOrder) {
        self.venue.handle_new(UnixNanos(self.now), 0, order);
    }
    pub fn cancel(&mut self, sequence: u64) {
        let cancel = CancelOrder {
            client_order_id: ClientOrderId::new(sequence),
            venue_order_id: VenueOrderId(0),
            instrument: FIRST,
        };
        self.venue.handle_cancel(UnixNanos(self.now), 0, &cancel);
    }
    pub fn replace(&mut self, sequence: u64, revision: u16, qty: i64, price: Option<i64>) {
        let replace = ReplaceOrder {
            client_order_id: ClientOrderId { sequence, revision },
            venue_order_id: VenueOrderId(0),
            instrument: FIRST,
            order_qty: Qty(qty),
            limit_price: price.map(Price),
        };
        self.venue.handle_replace(UnixNanos(self.now), 0, &replace);
    }
    pub fn open(&mut self, bar: &Bar) {
        self.now = bar.ts_open.0;
        self.venue.handle_bar_open(bar);
    }
    pub fn close(&mut self, bar: &Bar) {
        self.now = bar.ts_close.0;
        self.venue.handle_bar_close(bar);
    }
    /// All reports since the last look: order, time and what was said.
    pub fn told(&mut self) -> Vec<(u64, i64, Said)> {
        std::iter::from_fn(|| self.venue.poll_report())
            .map(|told| {
                let report = told.report;
                (
                    report.client_order_id.sequence,
                    report.ts_event.0,
                    said(&report.kind),
                )
            })
            .collect()
    }
    /// The same without order and time.
    pub fn says(&mut self) -> Vec<Said> {
        self.told().into_iter().map(|(_, _, said)| said).collect()
    }
}
