//! What a run tells, to the last word, as it was when these hashes were written down. A change that
//! is meant to be faster only must leave them as they are; one of a documented rule renews them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod restless;
mod rig;

use py_rt_kernel::hash::OrderHash;
use py_rt_sim::backtest::{FillRow, OrderRow};
use py_rt_sim::{Backtest, BacktestConfig, BacktestData};
use restless::{latencies, two_bars, Restless};
use rig::{market, run_config, MS};

/// A hash over numbers of any width.
struct Told(OrderHash);

impl Told {
    fn write(&mut self, words: &[i128]) {
        for word in words {
            self.0.write(*word as u64);
            self.0.write((*word >> 64) as u64);
        }
    }

    fn write_fill(&mut self, f: &FillRow) {
        let (times, id) = ([f.ts_event.0, f.ts_recv.0], f.client_order_id.sequence);
        self.write(&times.map(i128::from));
        let (side, liquidity) = (f.side as i128, f.liquidity as i128);
        self.write(&[id.into(), f.exec_id.0 as i128, side, liquidity]);
        let lots = [f.last_qty.0, f.last_price.0, f.cum_qty.0, f.position_qty.0];
        self.write(&lots.map(i128::from));
        self.write(&[f.fee.0, f.instrument.0.into()]);
    }

    fn write_order(&mut self, row: &OrderRow) {
        let o = &row.order;
        let denial = row.denial.map_or(0, |denial| denial.control as i128 + 1);
        let reason = o.reason.map_or(0, |reason| reason as i128 + 1);
        let (id, venue_id) = (o.client_order_id, o.venue_order_id.0 as i128);
        let (sequence, revision) = (id.sequence.into(), id.revision.into());
        self.write(&[
            sequence,
            revision,
            venue_id,
            o.status as i128,
            reason,
            denial,
        ]);
        let limit = o.limit_price.map_or(-1, |p| p.0);
        self.write(&[o.order_qty.0, o.cum_qty.0, limit].map(i128::from));
        self.write(&[o.ts_created.0, o.ts_updated.0, i64::from(o.tag)].map(i128::from));
        self.write(&[o.cum_notional.0, o.target.into(), o.cancel_requested.into()]);
    }
}

fn told(config: &BacktestConfig, data: &BacktestData<'_>, seed: u64, eager: u64) -> u128 {
    let mut run = Backtest::new(config.clone(), data, Restless::new(seed, eager));
    run.run(&mut |_, _| true);
    let mut told = Told(OrderHash::new());
    for &(ts, word) in &run.strategy_mut().seen {
        told.0.write(ts as u64);
        told.0.write(word);
    }
    let recording = run.recording();
    recording
        .fills
        .iter()
        .for_each(|fill| told.write_fill(&fill));
    recording
        .orders
        .iter()
        .for_each(|row| told.write_order(&row));
    for point in &recording.equity {
        told.write(&[point.ts.0.into(), point.equity.0, point.cash.0]);
    }
    told.write(&[recording.denied as i128, recording.expired_unfilled as i128]);
    let p = run.kernel().portfolio();
    told.write(&[p.cash().0, p.equity().0, p.gross().0, p.fees().0]);
    for p in p.positions() {
        told.write(&[
            p.qty.0.into(),
            p.cost.0,
            p.realized_pnl.0,
            p.fees.0,
            p.value.0,
        ]);
    }
    let hash = run.kernel().order_hash() as i128;
    told.write(&[hash, run.kernel().decisions().into()]);
    told.0.finish()
}

/// Several rows a message, so that books are looked at in the middle of one.
fn in_messages(mut events: Vec<py_rt_types::MarketEvent>) -> Vec<py_rt_types::MarketEvent> {
    let mut last = None;
    for event in events.iter_mut().rev() {
        let same = last == Some((event.ts_event, event.instrument));
        last = Some((event.ts_event, event.instrument));
        event.flags = u16::from(!same);
    }
    events
}

#[test]
fn runs_on_level_2_tell_what_they_told() {
    let mut found = Vec::new();
    for (seed, instruments) in [(0x5eed_7100, 1), (0x5eed_7101, 2)] {
        let plain = market(seed, 6_000, instruments);
        let events = [plain.clone(), in_messages(plain)];
        for (place, latency) in latencies().into_iter().enumerate() {
            for events in &events {
                let data = BacktestData { events, bars: &[] };
                let mut config = run_config(instruments as usize, latency);
                config.sample_every_ns = [0, 3 * MS][place % 2];
                config.venue.partial_fills = place % 2 == 0;
                config.kernel.bar_interval_ns = [0, 40 * MS][place / 2];
                found.push(format!("{:032x}", told(&config, &data, seed, 9)));
            }
        }
    }
    assert_eq!(found, LEVEL_2);
}

#[test]
fn runs_on_bars_tell_what_they_told() {
    let bars = two_bars(0x5eed_7102, 400);
    let events: Vec<_> = market(0x5eed_7103, 3_000, 1);
    let mut found = Vec::new();
    for latency in latencies() {
        let mut config = run_config(2, latency);
        config.sample_every_ns = 90 * 1_000 * MS;
        let only = BacktestData {
            events: &[],
            bars: &bars,
        };
        found.push(format!("{:032x}", told(&config, &only, 3, 5)));
        let mixed = BacktestData {
            events: &events,
            bars: &bars,
        };
        found.push(format!("{:032x}", told(&config, &mixed, 4, 7)));
    }
    assert_eq!(found, BARS);
}

const LEVEL_2: [&str; 16] = [
    "deb651d9fc745aa00f417d0eb3213fb3",
    "14d353a8f73c0720869bb7655d4c4ccb",
    "1984048caa4397de40798c5d08c6e06a",
    "fb5197124a8316b6993b0d0b925c9833",
    "ec0c033f72b26aa9ea5e5358d6368cda",
    "f00cbfafa62e7bd46d38c6de097c8a7d",
    "17ea96a114b9478be426fc6d608d9f33",
    "790f566271d7c5bb30567d5c9128a887",
    "46901dc08df1db7a67e2403011c43d53",
    "3d276cf709b3eb481606a8488b8c63f5",
    "123ea50f1fa7f6e06500ca5b840cb238",
    "ec7894272090aef3c687c962fd537bb1",
    "27766f7e4987852c3c164d4d2e553144",
    "19fd204257147e7736afecaa67d86127",
    "e9a3ca587db856e1a127866b33618fd4",
    "4bd812d17f7d241c5cbb9492466c0e1c",
];
const BARS: [&str; 8] = [
    "b4c25c6ffda4ac2fd0629cc85e7a38e8",
    "ddddd829256ae726f16a85b2cb9ee45c",
    "7a8275d9c68ea87e3dae7acb7a28bce1",
    "f9c86153ba263e8561a070051e078d89",
    "95fa96b8517089f2dd5b1f6c2c20752f",
    "14d1e3a8689d87b2042bac829c77a044",
    "d169c9722f6d6cc369d4da82d4c2d918",
    "2427ce74694cea90286629d6482df1c8",
];
