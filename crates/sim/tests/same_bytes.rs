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
    "7d83ef6e2c583b0583ed15da70d2a867",
    "f13adf856b52fd9ed6a4713e1808c04c",
    "9e4782d04209bbdef522acdd39f9fc0c",
    "776a0ce2c9b57a0633bb9e3320f2efa2",
    "44d49b68a080ffe737c8f55a2797f894",
    "79c3a34d6ab170fb9046ad715669baaa",
    "792bb262cfa1550fd2bdb1bde2b2ba0f",
    "3ea44ddc355886f6b9494ae3ecd8ac70",
    "b8ff249fc01a37b08f0ef599db0ee1fe",
    "28c654abc63b3fe583a4acdb8d55413b",
    "d5626cc95b612487de631100c763c326",
    "6ec225a6f40e6e7e39feade32139bd50",
    "19547c24edb384634a5db84cfc55db05",
    "36b944f7f853a98f6d14dc549e514d58",
    "355b5b1bb9942b1d47ae1fe1597d74fb",
    "8e7c125c3b3ce1933528475a6eaf74c0",
];
const BARS: [&str; 8] = [
    "69698bdc41c244a0223fbc8a7e6e1c28",
    "f2cd5d6661263873eb0ef3a747307d97",
    "7d71e8141f7f347b4b9cd1a020708544",
    "19555fd3ebbee6cc4c690bc4ea38c9ec",
    "2c1edd0ab2a96f94e6916ebf1fd04d21",
    "5d1612858e0dd053a0ed2780878b9df8",
    "88103f3033d3e28ce46df85ee3550030",
    "74e8376aa5afd809a16475ea313dfed9",
];
