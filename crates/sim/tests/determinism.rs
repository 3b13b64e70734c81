//! Same inputs, same outputs; and the future never changes the past.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod rig;

use py_rt_kernel::event::{FillEvent, OrderEvent};
use py_rt_kernel::hash::OrderHash;
use py_rt_kernel::signal::Quote;
use py_rt_kernel::{Context, Interests, OrderRequest, Strategy};
use py_rt_sim::{Backtest, BacktestConfig, BacktestData, Latency};
use py_rt_types::{Bar, InstrumentId, MarketEvent, Price, Qty, Side, TimeInForce};
use rig::{bar, market, run_config, Dice, MINUTE, MS};

/// Does everything that a strategy can do, decided by what it has seen; keeps all it was told.
struct Restless {
    dice: Dice,
    interests: Interests,
    eager: u64,
    seen: Vec<(i64, u64)>,
}

impl Restless {
    fn new(seed: u64, eager: u64) -> Self {
        Self {
            dice: Dice(seed),
            interests: Interests::ALL,
            eager,
            seen: Vec::new(),
        }
    }

    fn note(&mut self, ctx: &mut Context<'_>, words: &[i64]) {
        let mut hash = OrderHash::new();
        words.iter().for_each(|word| hash.write(*word as u64));
        hash.write(ctx.cash().0 as u64);
        hash.write(ctx.equity().0 as u64);
        for order in ctx.orders() {
            hash.write(order.client_order_id.sequence);
            hash.write(order.cum_qty.0 as u64);
            hash.write(order.status as u64);
        }
        let word = hash.finish() as u64;
        self.seen.push((ctx.now().0, word));
        self.dice.0 ^= word;
        if self.dice.one_in(self.eager) {
            self.act(ctx);
        }
    }

    fn act(&mut self, ctx: &mut Context<'_>) {
        let dice = &mut self.dice;
        let instrument = InstrumentId(dice.between(0, ctx.instruments().len() as i64 - 1) as u32);
        let side = if dice.one_in(2) {
            Side::Buy
        } else {
            Side::Sell
        };
        let mark = ctx
            .market(instrument)
            .and_then(|m| m.mark())
            .map_or(20_000, |m| m.0);
        let price = Price(mark / 2 - side.sign() * dice.between(-2, 6));
        let mut request = OrderRequest::limit(instrument, side, Qty(dice.between(1, 9)), price);
        let open: Vec<_> = ctx.orders().map(|order| order.client_order_id).collect();
        let any = open
            .get(dice.between(0, open.len().max(1) as i64 - 1) as usize)
            .copied();
        match (dice.between(0, 9), any) {
            (0..=1, Some(id)) => ctx.cancel(id),
            (2..=3, Some(id)) => ctx.replace(id, Some(Qty(dice.between(1, 12))), Some(price)),
            (4, _) => ctx.target(instrument, Qty(dice.between(-8, 8))),
            (5, _) => ctx.set_timer(1, ctx.now().plus(dice.between(0, 50) * MS), 0),
            (6, _) => {
                (request.stop_price, request.limit_price) = (request.limit_price, None);
                ctx.submit(request);
            }
            (kind, _) => {
                let tifs = [
                    TimeInForce::Gtc,
                    TimeInForce::Ioc,
                    TimeInForce::Fok,
                    TimeInForce::Day,
                ];
                request.tif = Some(tifs[dice.between(0, 3) as usize]);
                request.post_only = kind == 7;
                ctx.submit(request);
            }
        }
    }
}

impl Strategy for Restless {
    fn interests(&self) -> Interests {
        self.interests
    }
    fn on_start(&mut self, ctx: &mut Context<'_>) {
        self.note(ctx, &[0]);
    }
    fn on_trade(&mut self, ctx: &mut Context<'_>, trade: &MarketEvent) {
        self.note(ctx, &[1, trade.ts_event.0, trade.price.0, trade.qty.0]);
    }
    fn on_quote(&mut self, ctx: &mut Context<'_>, quote: &Quote) {
        let top = quote.top;
        self.note(
            ctx,
            &[
                2,
                top.bid_price.0,
                top.bid_qty.0,
                top.ask_price.0,
                top.ask_qty.0,
            ],
        );
    }
    fn on_book(&mut self, ctx: &mut Context<'_>, event: &MarketEvent) {
        assert!(event.ts_event.0 <= ctx.now().0);
        self.note(ctx, &[3, event.ts_event.0, event.price.0, event.qty.0]);
    }
    fn on_bar(&mut self, ctx: &mut Context<'_>, bar: &Bar) {
        assert!(
            bar.ts_close <= ctx.now(),
            "a bar is seen when it has closed"
        );
        self.note(
            ctx,
            &[
                4,
                bar.ts_open.0,
                bar.open.0,
                bar.high.0,
                bar.low.0,
                bar.close.0,
            ],
        );
    }
    fn on_order(&mut self, ctx: &mut Context<'_>, event: &OrderEvent) {
        self.note(
            ctx,
            &[
                5,
                event.order.client_order_id.sequence as i64,
                event.order.cum_qty.0,
            ],
        );
    }
    fn on_fill(&mut self, ctx: &mut Context<'_>, fill: &FillEvent) {
        assert!(fill.ts_event <= ctx.now());
        self.note(
            ctx,
            &[6, fill.last_price.0, fill.last_qty.0, fill.ts_event.0],
        );
    }
    fn on_timer(&mut self, ctx: &mut Context<'_>, timer: u32) {
        self.note(ctx, &[7, i64::from(timer)]);
    }
}

struct Outcome {
    seen: Vec<(i64, u64)>,
    fills: Vec<(i64, i64, i64, u64)>,
    order_hash: u128,
    decisions: u64,
}

fn run(config: &BacktestConfig, data: &BacktestData<'_>, seed: u64, eager: u64) -> Outcome {
    let mut run = Backtest::new(config.clone(), data, Restless::new(seed, eager));
    run.run(&mut |_, _| true);
    let fills = run.recording().fills.iter();
    let fills = fills
        .map(|f| {
            (
                f.ts_recv.0,
                f.last_price.0,
                f.last_qty.0,
                f.client_order_id.sequence,
            )
        })
        .collect();
    let (order_hash, decisions) = (run.kernel().order_hash(), run.kernel().decisions());
    let seen = std::mem::take(&mut run.strategy_mut().seen);
    Outcome {
        seen,
        fills,
        order_hash,
        decisions,
    }
}

fn latencies() -> [Latency; 4] {
    let of = |feed_ns, order_ns, report_ns| Latency {
        feed_ns,
        order_ns,
        report_ns,
    };
    [
        of(0, 0, 0),
        of(MS, MS, MS),
        of(7 * MS, 2 * MS, 0),
        of(0, 30 * MS, 11 * MS),
    ]
}

#[test]
fn two_runs_are_equal() {
    let events = market(0x5eed_7000, 6_000, 2);
    let data = BacktestData {
        events: &events,
        bars: &[],
    };
    for latency in latencies() {
        let config = run_config(2, latency);
        let (one, two) = (run(&config, &data, 1, 10), run(&config, &data, 1, 10));
        assert!(
            one.decisions > 100 && !one.fills.is_empty(),
            "{}",
            one.decisions
        );
        assert_eq!(
            (one.order_hash, one.decisions),
            (two.order_hash, two.decisions)
        );
        assert_eq!(one.seen, two.seen);
        assert_eq!(one.fills, two.fills);
        let other = run(&config, &data, 2, 10);
        assert_ne!(one.order_hash, other.order_hash);
    }
}

/// Looking at the equity curve is no part of the run.
#[test]
fn sampling_does_not_change_what_is_traded() {
    let events = market(0x5eed_7001, 6_000, 2);
    let data = BacktestData {
        events: &events,
        bars: &[],
    };
    for latency in latencies() {
        let plain = run_config(2, latency);
        let expected = run(&plain, &data, 1, 10);
        for sample_every_ns in [MS, 5 * MS, 100 * MS] {
            let sampled = BacktestConfig {
                sample_every_ns,
                ..plain.clone()
            };
            let found = run(&sampled, &data, 1, 10);
            let place = found
                .seen
                .iter()
                .zip(&expected.seen)
                .position(|(a, b)| a != b);
            assert_eq!(place, None, "{latency:?} every {sample_every_ns}");
            assert_eq!(
                found.order_hash, expected.order_hash,
                "{latency:?} {sample_every_ns}"
            );
        }
    }
}

fn assert_same_past(one: &Outcome, two: &Outcome, before: i64, at: &str) {
    let past = |outcome: &Outcome| -> Vec<(i64, u64)> {
        outcome
            .seen
            .iter()
            .copied()
            .filter(|seen| seen.0 < before)
            .collect()
    };
    let fills = |outcome: &Outcome| -> Vec<(i64, i64, i64, u64)> {
        outcome
            .fills
            .iter()
            .copied()
            .filter(|fill| fill.0 < before)
            .collect()
    };
    let (one_past, two_past) = (past(one), past(two));
    let differs = one_past.iter().zip(&two_past).position(|(a, b)| a != b);
    assert_eq!(differs, None, "{at}");
    assert_eq!(one_past.len(), two_past.len(), "{at}");
    assert_eq!(fills(one), fills(two), "{at}");
}

#[test]
fn cutting_or_changing_later_rows_never_changes_the_past() {
    let events = market(0x5eed_7002, 4_000, 2);
    let mut dice = Dice(0x5eed_7003);
    for latency in latencies() {
        let config = run_config(2, latency);
        let whole = run(
            &config,
            &BacktestData {
                events: &events,
                bars: &[],
            },
            1,
            10,
        );
        for _ in 0..8 {
            let mut place = dice.between(100, 3_900) as usize;
            while events[place].ts_event == events[place - 1].ts_event {
                place += 1;
            }
            let (before, at) = (
                events[place].ts_event.0,
                format!("{latency:?} from row {place}"),
            );
            let cut = BacktestData {
                events: &events[..place],
                bars: &[],
            };
            let end = events[place - 1].ts_event.0;
            assert_same_past(&whole, &run(&config, &cut, 1, 10), end, &at);
            let mut altered = events.clone();
            for event in &mut altered[place..] {
                event.price.0 += dice.between(-3, 3);
                event.qty.0 = dice.between(0, 40);
            }
            let altered = BacktestData {
                events: &altered,
                bars: &[],
            };
            assert_same_past(&whole, &run(&config, &altered, 1, 10), before, &at);
        }
    }
}

fn bars(seed: u64, count: usize) -> Vec<Bar> {
    let (mut dice, mut price, mut out) = (Dice(seed), 10_000i64, Vec::new());
    for minute in 0..count as i64 {
        for id in 0..2 {
            let open = price + dice.between(-8, 8);
            let close = open + dice.between(-12, 12);
            let (high, low) = (
                open.max(close) + dice.between(0, 9),
                open.min(close) - dice.between(0, 9),
            );
            let mut bar = bar(
                minute * MINUTE,
                (minute + 1) * MINUTE,
                [open, high, low, close],
            );
            bar.instrument = InstrumentId(id);
            if !dice.one_in(10) {
                out.push(bar);
            }
            price = close;
        }
    }
    out
}

const EAGER: u64 = 5;

fn on_bars(config: &BacktestConfig, bars: &[Bar]) -> Outcome {
    run(config, &BacktestData { events: &[], bars }, 1, EAGER)
}

/// The rest of a bar is the future until it closes, and its open until it opens.
#[test]
fn cutting_or_changing_later_bars_never_changes_the_past() {
    let bars = bars(0x5eed_7004, 300);
    let mut dice = Dice(0x5eed_7005);
    for latency in latencies() {
        let config = run_config(2, latency);
        let whole = on_bars(&config, &bars);
        assert!(
            whole.decisions > 50 && !whole.fills.is_empty(),
            "{}",
            whole.decisions
        );
        for _ in 0..6 {
            let minute = dice.between(10, 280);
            let at = format!("{latency:?} minute {minute}");
            let mut insides = bars.clone();
            for bar in insides
                .iter_mut()
                .filter(|bar| bar.ts_close.0 > minute * MINUTE)
            {
                if bar.ts_open.0 > minute * MINUTE {
                    bar.open.0 += 50;
                }
                bar.high.0 += dice.between(20, 90);
                bar.low.0 -= dice.between(20, 90);
                bar.close = bar.low;
            }
            let insides = on_bars(&config, &insides);
            assert_same_past(&whole, &insides, (minute + 1) * MINUTE, &at);
            let opens: Vec<Bar> = bars
                .iter()
                .map(|bar| match bar.ts_open.0 >= minute * MINUTE {
                    true => rig::bar(bar.ts_open.0, bar.ts_close.0, [7_000, 7_100, 6_900, 7_000]),
                    false => *bar,
                })
                .collect();
            let opens = on_bars(&config, &opens);
            assert_same_past(&whole, &opens, minute * MINUTE, &at);
            let cut: Vec<Bar> = bars
                .iter()
                .copied()
                .filter(|bar| bar.ts_open.0 < minute * MINUTE)
                .collect();
            let end = cut.last().unwrap().ts_close.0;
            let cut = on_bars(&config, &cut);
            assert_same_past(&whole, &cut, end, &at);
        }
    }
}

/// What the clock of the recorder says is believed when it is later than event and latency.
#[test]
fn a_row_is_seen_no_earlier_than_it_was_received() {
    let mut events = market(0x5eed_7006, 500, 1);
    for event in &mut events {
        event.ts_recv = event.ts_event.plus(40 * MS);
    }
    let data = BacktestData {
        events: &events,
        bars: &[],
    };
    let outcome = run(&run_config(1, latencies()[1]), &data, 1, 1_000_000_000);
    let first = outcome
        .seen
        .iter()
        .find(|seen| seen.0 > events[0].ts_event.0)
        .unwrap();
    assert_eq!(first.0, events[0].ts_recv.0);
}
