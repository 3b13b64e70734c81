//! Several venues in one run: each is as if it were alone, and the kernel sees all in order.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod rig;

use py_rt_kernel::execution::parents::{Algorithm, ParentRequest, ParentTerms};
use py_rt_kernel::market::{ListingTerms, Listings};
use py_rt_kernel::{Context, Interests, OrderRequest, Strategy};
use py_rt_sim::{
    Backtest, BacktestConfig, BacktestData, Extra, Extras, Fees, Latency, OtherVenue, VenueConfig,
};
use py_rt_types::{InstrumentId, MarketEvent, Money, Price, Qty, Side, TimeInForce, UnixNanos};
use rig::{market, run_config, Dice, MS, SECOND};

const BEGIN: i64 = 1_000 * SECOND;

/// Sends orders at fixed times, whatever it sees.
struct Clockwork {
    /// The seed of each instrument.
    seeds: Vec<u64>,
    seen: Vec<i64>,
}

impl Strategy for Clockwork {
    fn interests(&self) -> Interests {
        Interests(Interests::TIMER.0 | Interests::BOOK.0)
    }
    fn on_start(&mut self, ctx: &mut Context<'_>) {
        ctx.set_timer(1, UnixNanos(BEGIN + 50 * MS), 7 * MS);
    }
    fn on_book(&mut self, ctx: &mut Context<'_>, _event: &MarketEvent) {
        self.seen.push(ctx.now().0);
    }
    fn on_timer(&mut self, ctx: &mut Context<'_>, _timer: u32) {
        let beat = (ctx.now().0 - BEGIN) as u64;
        for (place, seed) in self.seeds.iter().enumerate() {
            let mut dice = Dice(seed ^ beat);
            let (id, qty) = (InstrumentId(place as u32), Qty(dice.between(1, 40)));
            let side = if dice.one_in(2) {
                Side::Buy
            } else {
                Side::Sell
            };
            let price = Price(10_000 + dice.between(-12, 12));
            let mut order = OrderRequest::limit(id, side, qty, price);
            order.tif = Some(if dice.one_in(3) {
                TimeInForce::Gtc
            } else {
                TimeInForce::Ioc
            });
            ctx.submit(order);
        }
    }
}

/// What was filled of an instrument: when we heard, when it happened, price, quantity, fee.
type Fill = (i64, i64, i64, i64, i128);

fn fills<S: Strategy>(run: &Backtest<'_, S>, place: u32) -> Vec<Fill> {
    let fills = run.recording().fills.iter();
    let fills = fills.filter(|fill| fill.instrument == InstrumentId(place));
    let row = |f: py_rt_sim::backtest::FillRow| {
        (
            f.ts_recv.0,
            f.ts_event.0,
            f.last_price.0,
            f.last_qty.0,
            f.fee.0,
        )
    };
    fills.map(row).collect()
}

fn venues() -> [(VenueConfig, Latency, Extras); 3] {
    let venue = |taker_e9| VenueConfig {
        fees: Fees {
            taker_e9,
            ..Fees::default()
        },
        ..VenueConfig::default()
    };
    let latency = |feed_ns, order_ns, report_ns| Latency {
        feed_ns,
        order_ns,
        report_ns,
    };
    let extra = Extra::drawn((0..9).map(|n| n * MS).collect(), 5);
    let drawn = Extras {
        order: extra.clone(),
        report: extra,
    };
    [
        (venue(100_000), latency(MS, MS, MS), Extras::default()),
        (venue(0), latency(900 * MS, 20 * MS, 0), Extras::default()),
        (venue(-20_000), latency(0, 0, 3 * MS), drawn),
    ]
}

/// The rows of each venue, as one instrument each.
fn recordings() -> Vec<Vec<MarketEvent>> {
    let made = |place: u64| market(0x5eed_7100 + place, 3_000, 1);
    (0..3).map(made).collect()
}

fn config(count: usize, place: usize) -> BacktestConfig {
    let (venue, latency, extras) = venues()[place].clone();
    let mut config = run_config(count, latency);
    config.venue = venue;
    config.extras = extras;
    config.kernel.limits.max_open_orders = 100_000;
    config
}

/// All rows as they happen, and as they are seen.
fn joined() -> (Vec<MarketEvent>, Vec<MarketEvent>) {
    let mut happens = Vec::new();
    for (place, mut rows) in recordings().into_iter().enumerate() {
        for row in &mut rows {
            row.instrument = InstrumentId(place as u32);
            row.ts_recv = row.ts_event.plus(venues()[place].1.feed_ns);
        }
        happens.extend(rows);
    }
    let mut sees = happens.clone();
    happens.sort_by_key(|row| row.ts_event);
    sees.sort_by_key(|row| row.ts_recv);
    (happens, sees)
}

fn others() -> Vec<OtherVenue> {
    let other = |place: usize| {
        let (venue, latency, extras) = venues()[place].clone();
        OtherVenue {
            listed: vec![InstrumentId(place as u32)],
            venue,
            latency,
            extras,
            closes: Vec::new(),
        }
    };
    (1..3).map(other).collect()
}

#[test]
fn each_venue_is_as_if_it_were_alone() {
    let (happens, sees) = joined();
    let data = BacktestData {
        events: &sees,
        bars: &[],
    };
    let strategy = Clockwork {
        seeds: vec![1, 2, 3],
        seen: Vec::new(),
    };
    let run = Backtest::new(config(3, 0), &data, strategy);
    let mut run = run.with_others(others(), &happens);
    run.run(&mut |_, _| true);
    let seen = std::mem::take(&mut run.strategy_mut().seen);
    assert!(seen.len() > 5_000 && seen.is_sorted(), "{}", seen.len());
    for (place, rows) in recordings().iter().enumerate() {
        let alone = BacktestData {
            events: rows,
            bars: &[],
        };
        let strategy = Clockwork {
            seeds: vec![place as u64 + 1],
            seen: Vec::new(),
        };
        let mut single = Backtest::new(config(1, place), &alone, strategy);
        single.run(&mut |_, _| true);
        // The last ones may arrive after the data of the venue that is alone are over.
        let end = rows.last().unwrap().ts_event.0;
        let before = |fill: &Fill| fill.0 <= end;
        let expected: Vec<Fill> = fills(&single, 0).into_iter().filter(before).collect();
        let found: Vec<Fill> = fills(&run, place as u32)
            .into_iter()
            .filter(before)
            .collect();
        assert!(expected.len() > 200, "{} fills", expected.len());
        let differs = found.iter().zip(&expected).position(|(f, e)| f != e);
        assert_eq!(
            (found.len(), differs),
            (expected.len(), None),
            "venue {place}"
        );
    }
}

#[test]
fn a_run_ends_although_its_strategy_never_stops_sending() {
    let rows = &recordings()[1];
    let data = BacktestData {
        events: rows,
        bars: &[],
    };
    let strategy = Clockwork {
        seeds: vec![2],
        seen: Vec::new(),
    };
    // A beat every 7 ms, and 20 ms to the venue: there is always one on its way.
    let mut run = Backtest::new(config(1, 1), &data, strategy);
    run.run(&mut |_, _| true);
    let end = rows.last().unwrap().ts_event.0;
    let last = run
        .recording()
        .orders
        .iter()
        .map(|row| row.order.ts_created.0);
    let last = last.max().unwrap();
    assert!(last > end && last <= end + 920 * MS, "{}", last - end);
}

/// Hands one parent after the other to the router.
struct Buyer {
    bought: i64,
}

impl Strategy for Buyer {
    fn interests(&self) -> Interests {
        Interests::TIMER
    }
    fn on_start(&mut self, ctx: &mut Context<'_>) {
        ctx.set_timer(1, UnixNanos(BEGIN + 2_000 * MS), 500 * MS);
    }
    fn on_timer(&mut self, ctx: &mut Context<'_>, _timer: u32) {
        self.bought += 900;
        ctx.execute(ParentRequest {
            instrument: InstrumentId(0),
            side: Side::Buy,
            order_qty: Qty(900),
            limit_price: None,
            algorithm: Algorithm::Route {
                every_ns: 10 * MS,
                max_age_ns: SECOND,
                latency_cost_bps: 0,
            },
            terms: ParentTerms::between(ctx.now(), UnixNanos::MAX),
            weights: Vec::new(),
            tag: 0,
        });
    }
}

#[test]
fn a_routed_run_is_the_same_twice_and_uses_every_venue() {
    let (happens, sees) = joined();
    let data = BacktestData {
        events: &sees,
        bars: &[],
    };
    let terms = |place: usize| {
        let (venue, latency, _) = venues()[place].clone();
        ListingTerms {
            product: 0,
            taker_e9: venue.fees.taker_e9,
            per_unit: Money::ZERO,
            order_ns: latency.order_ns,
        }
    };
    let terms: Vec<ListingTerms> = (0..3).map(terms).collect();
    let once = || {
        let listings = Listings::try_new(&config(3, 0).kernel.instruments, &terms).unwrap();
        let mut run = Backtest::new(config(3, 0), &data, Buyer { bought: 0 })
            .with_others(others(), &happens)
            .with_listings(listings);
        run.run(&mut |_, _| true);
        let bought = run.strategy_mut().bought;
        let used = [0, 1, 2].map(|place| fills(&run, place).len());
        let held: i64 = (0..3)
            .map(|place| run.kernel().portfolio().position(InstrumentId(place)).qty.0)
            .sum();
        assert!(held <= bought && held > bought / 2, "{held} of {bought}");
        (run.kernel().order_hash(), used)
    };
    let (one, two) = (once(), once());
    assert_eq!(one, two);
    assert!(one.1.iter().all(|count| *count > 0), "{:?}", one.1);
}
