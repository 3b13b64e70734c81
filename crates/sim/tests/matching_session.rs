//! Bands, halts, auctions and the end of the day; auctions against every price there is.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod flow;

use flow::Dice;
use py_rt_sim::matching::{
    EngineCommand, EngineReport, EngineReportKind, MatchingEngine, Phase, Reason, SelfTrade,
};
use py_rt_types::{Price, Qty, UnixNanos};

fn limit(order_id: u64, side: i8, price: i64, qty: i64) -> EngineCommand {
    EngineCommand {
        order_id,
        side,
        price: Price(price),
        qty: Qty(qty),
        ..EngineCommand::default()
    }
}

fn run(engine: &mut MatchingEngine, command: EngineCommand) -> Vec<EngineReport> {
    let mut reports = Vec::new();
    engine.handle_command(&command, &mut reports);
    reports
}

fn reason(engine: &mut MatchingEngine, command: EngineCommand) -> u8 {
    run(engine, command).last().unwrap().reason
}

/// Volume and what is left over at a price, from the orders themselves.
fn at(orders: &[EngineCommand], price: i64) -> (i64, i64) {
    let sum = |side: i8| -> i64 {
        let takes =
            |o: &&EngineCommand| o.side == side && (price - o.price.0) * i64::from(side) <= 0;
        orders.iter().filter(takes).map(|o| o.qty.0).sum()
    };
    let (demand, supply) = (sum(1), sum(-1));
    (demand.min(supply), demand - supply)
}

/// Who trades how much: best price first, then the earliest, until the volume is used up.
fn shares(orders: &[EngineCommand], side: i8, mut volume: i64) -> Vec<(u64, i64)> {
    let mut queue: Vec<&EngineCommand> = orders.iter().filter(|o| o.side == side).collect();
    queue.sort_by_key(|o| -o.price.0 * i64::from(side));
    let mut out = Vec::new();
    for order in queue {
        let qty = order.qty.0.min(volume);
        volume -= qty;
        if qty > 0 {
            out.push((order.order_id, qty));
        }
    }
    out
}

fn traded(reports: &[EngineReport], id: impl Fn(&EngineReport) -> u64) -> Vec<(u64, i64)> {
    let mut out: Vec<(u64, i64)> = Vec::new();
    for report in reports {
        match out.last_mut() {
            Some(last) if last.0 == id(report) => last.1 += report.qty.0,
            _ => out.push((id(report), report.qty.0)),
        }
    }
    out
}

fn auction(seed: u64) {
    let mut dice = Dice(seed);
    let mut engine = MatchingEngine::new(SelfTrade::None);
    assert!(engine.begin(Phase::Auction));
    let count = dice.between(0, 30) as u64;
    let orders: Vec<EngineCommand> = (0..count)
        .map(|id| {
            let side = if dice.one_in(2) { 1 } else { -1 };
            limit(id, side, 100 + dice.between(-9, 9), dice.between(1, 20))
        })
        .collect();
    for order in &orders {
        let reports = run(&mut engine, *order);
        assert_eq!(reports.len(), 1, "seed {seed}: nothing trades yet");
    }
    let reference = dice.between(85, 115);
    let mut reports = Vec::new();
    let found = engine.uncross(Some(Price(reference)), UnixNanos(7), &mut reports);
    let best = (80..=120).map(|price| at(&orders, price).0).max().unwrap();
    let Some(found) = found else {
        assert_eq!(best, 0, "seed {seed}");
        return assert!(reports.is_empty());
    };
    let (volume, over) = at(&orders, found.price.0);
    assert_eq!((volume, found.volume.0), (best, best), "seed {seed}");
    let tied: Vec<(i64, i64)> = (80..=120)
        .map(|price| (price, at(&orders, price)))
        .filter(|(_, row)| row.0 == best)
        .map(|(price, row)| (price, row.1))
        .collect();
    let least = tied.iter().map(|row| row.1.abs()).min().unwrap();
    assert_eq!(over.abs(), least, "seed {seed}");
    let good: Vec<_> = tied.iter().filter(|row| row.1.abs() == least).collect();
    if good.iter().all(|row| row.1 > 0) {
        let highest = good.iter().map(|row| row.0).max().unwrap();
        assert_eq!(found.price.0, highest, "seed {seed}: buyers are left over");
    } else if good.iter().all(|row| row.1 < 0) {
        let lowest = good.iter().map(|row| row.0).min().unwrap();
        assert_eq!(found.price.0, lowest, "seed {seed}: sellers are left over");
    } else {
        let away = |price: i64| (price - reference).abs();
        let nearest = good.iter().map(|row| away(row.0)).min().unwrap();
        assert_eq!(
            away(found.price.0),
            nearest,
            "seed {seed}: reference {reference}"
        );
    }
    assert!(reports.iter().all(|report| report.price == found.price));
    assert_eq!(traded(&reports, |r| r.order_id), shares(&orders, 1, best));
    assert_eq!(
        traded(&reports, |r| r.maker_order_id),
        shares(&orders, -1, best)
    );
    assert_eq!(engine.phase(), Phase::Continuous);
    assert!(
        engine.begin(Phase::Continuous),
        "seed {seed}: still crossed"
    );
}

#[test]
fn an_auction_finds_the_best_of_all_prices() {
    for seed in 0..20_000 {
        auction(seed);
    }
}

#[test]
fn collected_orders_must_be_uncrossed_before_trading_goes_on() {
    let mut engine = MatchingEngine::new(SelfTrade::None);
    assert!(engine.begin(Phase::Auction));
    run(&mut engine, limit(1, 1, 101, 5));
    run(&mut engine, limit(2, -1, 99, 5));
    assert!(!engine.begin(Phase::Continuous));
    let mut market = limit(3, 1, 0, 1);
    market.order_type = 1;
    assert_eq!(reason(&mut engine, market), Reason::Auction as u8);
    assert!(engine.begin(Phase::Halted));
    assert_eq!(reason(&mut engine, limit(4, 1, 1, 1)), Reason::Halted as u8);
    let mut cancel = limit(1, 0, 0, 0);
    cancel.op = 1;
    assert_eq!(
        run(&mut engine, cancel)[0].kind,
        EngineReportKind::Canceled as u8
    );
    assert!(engine.begin(Phase::Continuous));
}

#[test]
fn a_band_refuses_limits_and_stops_market_orders_at_its_end() {
    let mut engine = MatchingEngine::new(SelfTrade::None);
    run(&mut engine, limit(1, -1, 100, 5));
    run(&mut engine, limit(2, -1, 111, 5));
    engine.limit_prices(Some((Price(90), Price(110))));
    for price in [89, 111] {
        assert_eq!(
            reason(&mut engine, limit(3, 1, price, 1)),
            Reason::PriceBand as u8
        );
    }
    let mut replace = limit(1, 0, 111, 5);
    replace.op = 2;
    assert_eq!(reason(&mut engine, replace), Reason::PriceBand as u8);
    let mut market = limit(4, 1, 0, 9);
    market.order_type = 1;
    let reports = run(&mut engine, market);
    let done: Vec<(u8, i64)> = reports.iter().map(|r| (r.kind, r.qty.0)).collect();
    assert_eq!(done, [(0, 9), (2, 5), (3, 4)]);
}

#[test]
fn day_orders_end_with_the_day_and_others_stay() {
    let mut engine = MatchingEngine::new(SelfTrade::None);
    for (id, tif) in [(1, 0), (2, 3), (3, 3)] {
        run(
            &mut engine,
            EngineCommand {
                tif,
                ..limit(id, 1, 100, 5)
            },
        );
    }
    run(&mut engine, limit(9, -1, 100, 7));
    let mut moved = limit(3, 0, 101, 6);
    moved.op = 2;
    run(&mut engine, moved);
    let mut reports = Vec::new();
    engine.end_day(UnixNanos(1), &mut reports);
    let ended: Vec<(u64, i64, u8)> = reports
        .iter()
        .map(|r| (r.order_id, r.qty.0, r.reason))
        .collect();
    let expired = Reason::Expired as u8;
    assert_eq!(ended, [(3, 6, expired), (2, 3, expired)]);
    assert_eq!(engine.orders().len(), 0);
}

/// A published auction: MarketGrid, "Single-Price Auction", its order book and its result.
#[test]
fn a_published_auction_comes_out_as_published() {
    let bids = [
        (13_000, 45),
        (12_900, 95),
        (12_800, 25),
        (12_700, 35),
        (12_600, 25),
        (12_500, 55),
        (12_400, 200),
        (12_300, 80),
        (12_200, 60),
    ];
    let asks = [
        (13_100, 35),
        (13_000, 50),
        (12_900, 10),
        (12_800, 15),
        (12_700, 10),
        (12_600, 20),
        (12_500, 90),
        (12_400, 155),
        (12_300, 125),
        (12_200, 10),
    ];
    let mut engine = MatchingEngine::new(SelfTrade::None);
    assert!(engine.begin(Phase::Auction));
    for (id, (price, qty)) in bids.into_iter().enumerate() {
        run(&mut engine, limit(id as u64, 1, price, qty));
    }
    for (id, (price, qty)) in asks.into_iter().enumerate() {
        run(&mut engine, limit(100 + id as u64, -1, price, qty));
    }
    let found = engine.auction_price(None).unwrap();
    assert_eq!((found.price, found.volume), (Price(12_400), Qty(290)));
    assert_eq!(found.imbalance, Qty(480 - 290));
}

fn at_auction(order_id: u64, side: i8, order_type: u8, price: i64, qty: i64) -> EngineCommand {
    EngineCommand {
        tif: 4,
        order_type,
        ..limit(order_id, side, price, qty)
    }
}

#[test]
fn market_orders_move_an_auction_to_the_last_limit_there_is() {
    let mut engine = MatchingEngine::new(SelfTrade::None);
    assert!(engine.begin(Phase::Auction));
    run(&mut engine, limit(1, 1, 90, 5));
    run(&mut engine, limit(2, -1, 100, 5));
    run(&mut engine, limit(3, -1, 110, 5));
    assert_eq!(engine.auction_price(Some(Price(95))), None);
    run(&mut engine, at_auction(4, 1, 1, 0, 7));
    let of = |engine: &MatchingEngine, reference: Option<i64>| {
        let (price, volume, imbalance) = engine.indicative(reference.map(Price));
        (price.map_or(0, |price| price.0), volume.0, imbalance.0)
    };
    assert_eq!(of(&engine, None), (110, 7, -3));
    run(&mut engine, at_auction(5, 1, 1, 0, 9));
    assert_eq!(of(&engine, None), (110, 10, 6), "buyers are left over");
    run(&mut engine, at_auction(6, -1, 1, 0, 16));
    assert_eq!(of(&engine, Some(95)), (95, 16, 0), "market meets market");
    assert!(
        !engine.begin(Phase::Continuous),
        "they wait for the auction"
    );
    let mut reports = Vec::new();
    engine.uncross(Some(Price(95)), UnixNanos(0), &mut reports);
    let paired: Vec<_> = reports
        .iter()
        .map(|r| (r.order_id, r.maker_order_id, r.price.0, r.qty.0))
        .collect();
    assert_eq!(paired, [(4, 6, 95, 7), (5, 6, 95, 9)]);
    assert_eq!(engine.orders().len(), 3);
}

#[test]
fn market_orders_alone_trade_at_the_reference_or_the_last_price() {
    let mut engine = MatchingEngine::new(SelfTrade::None);
    run(&mut engine, limit(1, 1, 90, 5));
    run(&mut engine, limit(2, -1, 90, 5));
    assert!(engine.begin(Phase::Auction));
    run(&mut engine, at_auction(3, 1, 1, 0, 7));
    run(&mut engine, at_auction(4, -1, 1, 0, 4));
    let price = |reference| engine.indicative(reference).0;
    assert_eq!(price(None), Some(Price(90)), "that of the last trade");
    assert_eq!(price(Some(Price(80))), Some(Price(80)));
}

/// A reduce-only order never turns a position in an auction, whoever trades first.
#[test]
fn an_uncross_cuts_reduce_only_orders_first() {
    let mut engine = MatchingEngine::new(SelfTrade::None);
    let by = |owner, command| EngineCommand { owner, ..command };
    run(&mut engine, by(1, limit(1, 1, 100, 10)));
    run(&mut engine, by(2, limit(2, -1, 100, 10)));
    assert!(engine.begin(Phase::Auction));
    run(&mut engine, by(1, limit(3, -1, 99, 6)));
    let reduce = EngineCommand {
        flags: 2,
        ..limit(4, -1, 98, 10)
    };
    run(&mut engine, by(1, reduce));
    run(&mut engine, by(3, limit(5, 1, 100, 20)));
    let told = engine.auction_price(None).unwrap();
    let mut reports = Vec::new();
    let found = engine.uncross(None, UnixNanos(0), &mut reports).unwrap();
    assert_eq!(found, told);
    assert_eq!((found.volume, found.imbalance), (Qty(10), Qty(10)));
    let first = reports[0];
    let why = (first.order_id, first.qty, first.leaves_qty, first.reason);
    assert_eq!(why, (4, Qty(6), Qty(4), Reason::ReduceOnly as u8));
    assert_eq!(engine.position(1), 0);
}

/// An order that the cuts leave nothing of is no limit price of the auction.
#[test]
fn an_order_cut_to_nothing_names_no_price() {
    let mut engine = MatchingEngine::new(SelfTrade::None);
    let by = |owner, command| EngineCommand { owner, ..command };
    run(&mut engine, by(9, limit(1, 1, 100, 5)));
    run(&mut engine, by(8, limit(2, -1, 100, 5)));
    assert!(engine.begin(Phase::Auction));
    run(&mut engine, by(9, limit(3, -1, 100, 5)));
    let reduce = EngineCommand {
        flags: 2,
        ..limit(4, -1, 110, 5)
    };
    run(&mut engine, by(9, reduce));
    run(&mut engine, by(7, at_auction(5, 1, 1, 0, 10)));
    let found = engine.auction_price(None).unwrap();
    assert_eq!((found.price, found.volume), (Price(100), Qty(5)));
}
