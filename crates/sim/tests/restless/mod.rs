//! A strategy that does everything, decided by what it has seen.
#![allow(dead_code, unreachable_pub)]

use py_rt_kernel::event::{FillEvent, OrderEvent};
use py_rt_kernel::hash::OrderHash;
use py_rt_kernel::signal::Quote;
use py_rt_kernel::{Context, Interests, OrderRequest, Strategy};
use py_rt_sim::Latency;
use py_rt_types::{Bar, InstrumentId, MarketEvent, Price, Qty, Side, TimeInForce};

use super::rig::{bar, Dice, MINUTE, MS};

/// Does everything that a strategy can do, decided by what it has seen; keeps all it was told.
pub struct Restless {
    dice: Dice,
    interests: Interests,
    eager: u64,
    pub seen: Vec<(i64, u64)>,
}

impl Restless {
    pub fn new(seed: u64, eager: u64) -> Self {
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

pub fn latencies() -> [Latency; 4] {
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

/// Bars of two instruments, some of them missing.
pub fn two_bars(seed: u64, count: usize) -> Vec<Bar> {
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
