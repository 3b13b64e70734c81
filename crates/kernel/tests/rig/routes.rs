//! Parents that are routed, on the bench.

use py_rt_kernel::execution::parents::{Algorithm, ParentRequest, ParentTerms};
use py_rt_kernel::market::{ListingTerms, Listings};
use py_rt_kernel::{Control, Kernel, KernelConfig};
use py_rt_types::{
    Decimal, Instrument, InstrumentId, Money, NewOrder, Qty, ReportKind, Side, UnixNanos,
};

use super::{config, instrument, row, spec, told, Rig, Script, FIRST, MS, SECOND};

/// One product with these taker rates [1e-9] at as many venues.
pub fn terms(rates: &[i64]) -> Vec<ListingTerms> {
    let one = |&taker_e9: &i64| ListingTerms {
        product: 0,
        taker_e9,
        per_unit: Money::ZERO,
        order_ns: 0,
    };
    rates.iter().map(one).collect()
}

pub fn venue(symbol: &str, tick: &str, lot: &str, min_qty: &str) -> Instrument {
    let decimal = |text| Decimal::parse(text).unwrap();
    let mut spec = spec(symbol);
    spec.tick_size = decimal(tick);
    spec.lot_size = decimal(lot);
    spec.min_qty = decimal(min_qty);
    Instrument::try_new(spec).unwrap()
}

pub fn listed(config: KernelConfig, terms: &[ListingTerms], script: Script) -> Rig {
    let listings = Listings::try_new(&config.instruments, terms).unwrap();
    let count = config.instruments.len() as u32;
    let mut rig = Rig::silent(config.clone(), Script::default());
    rig.kernel = Kernel::new(config, script).with_listings(listings);
    (0..count).for_each(|id| rig.book(InstrumentId(id), 9_999, 10_001));
    rig.control(Control::Start);
    rig.forget();
    rig
}

/// As many venues with the same ticks and lots, at 99.99 and 100.01 for 1,000.
pub fn venues(rates: &[i64]) -> Rig {
    let instruments = (0..rates.len()).map(|i| instrument(&format!("AAA@{i}")));
    listed(
        config(instruments.collect()),
        &terms(rates),
        Script::default(),
    )
}

pub fn route(order_qty: i64) -> ParentRequest {
    ParentRequest {
        instrument: FIRST,
        side: Side::Buy,
        order_qty: Qty(order_qty),
        limit_price: None,
        algorithm: Algorithm::Route {
            every_ns: 100 * MS,
            max_age_ns: 60 * SECOND,
            latency_cost_bps: 0,
        },
        terms: ParentTerms::between(UnixNanos(0), UnixNanos::MAX),
        weights: Vec::new(),
        tag: 0,
    }
}

impl Rig {
    /// Sets a level to sell.
    pub fn offer(&mut self, venue: u32, price: i64, qty: i64) {
        let event = row(InstrumentId(venue), self.now, 0, -1, price, qty);
        self.market(&event);
    }

    /// Each order that was sent since the last look: sequence, venue, quantity and limit.
    pub fn routed(&mut self) -> Vec<(u64, u32, i64, i64)> {
        let orders = self.new_orders();
        self.forget();
        let row = |o: &NewOrder| {
            let limit = o.limit_price.map_or(0, |price| price.0);
            let sequence = o.client_order_id.sequence;
            (sequence, o.instrument.0, o.order_qty.0, limit)
        };
        orders.iter().map(row).collect()
    }

    /// A venue says this about an order to buy.
    pub fn tell_at(&mut self, venue: u32, sequence: u64, kind: ReportKind) {
        let mut report = told(sequence, self.now, kind);
        report.instrument = InstrumentId(venue);
        self.report(&report);
    }
}
