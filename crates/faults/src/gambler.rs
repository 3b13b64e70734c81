//! A strategy that wants anything at any time: a function of what it is told and of its seed.

use py_rt_kernel::event::{FillEvent, OrderEvent};
use py_rt_kernel::{Context, Interests, OrderRequest, Strategy};
use py_rt_types::{
    ClientOrderId, InstrumentId, MarketEvent, Price, Qty, Side, TimeInForce, UnixNanos,
};

use crate::dice::Dice;
use crate::patient;

/// See the module.
#[derive(Debug)]
pub struct Gambler {
    dice: Dice,
    /// For the fifth of gamblers that also asks for what no limit allows.
    reckless: Option<Dice>,
    /// For those that also ask for parent orders and stops.
    patient: Option<Dice>,
    wishes: u32,
    /// From then on it wants nothing more.
    until: UnixNanos,
}

impl Gambler {
    /// One that wants something in `wishes` of a thousand callbacks, until a time.
    #[must_use]
    pub fn new(seed: u64, wishes: u32, until: UnixNanos) -> Self {
        let mut odd = Dice::new(seed).fork(8);
        Self {
            dice: Dice::new(seed).fork(3),
            reckless: odd.falls(200).then_some(odd),
            patient: None,
            wishes,
            until,
        }
    }

    /// Lets it ask for parent orders and stops too.
    #[must_use]
    pub fn with_parents(mut self, parents: bool) -> Self {
        self.patient = parents.then(|| self.dice.fork(9));
        self
    }

    /// Asks for a parent order, or for the end or other terms of one. False when it does not.
    fn delegate(&mut self, ctx: &mut Context<'_>, instrument: InstrumentId) -> bool {
        let Some(dice) = &mut self.patient else {
            return false;
        };
        if !dice.falls(150) {
            return false;
        }
        let open: Vec<_> = ctx.parents().map(|parent| parent.client_order_id).collect();
        let place = dice.between(0, open.len().max(1) as i64 - 1) as usize;
        match (dice.between(0, 9), open.get(place)) {
            (0, Some(id)) => ctx.cancel(*id),
            (1, Some(id)) => ctx.replace(*id, Some(Qty(dice.between(1, 80))), None),
            _ => {
                let Some(touch) = ctx.market(instrument).and_then(|market| market.touch()) else {
                    return false;
                };
                ctx.execute(patient::any(dice, ctx.now(), instrument, touch));
            }
        }
        true
    }

    fn any_open(&mut self, ctx: &Context<'_>) -> Option<ClientOrderId> {
        let open: Vec<_> = ctx.orders().map(|order| order.client_order_id).collect();
        if open.is_empty() {
            return None;
        }
        let place = self.dice.between(0, open.len() as i64 - 1);
        Some(open[place as usize])
    }

    fn wish(&mut self, ctx: &mut Context<'_>, instrument: InstrumentId) {
        if ctx.now() >= self.until || !self.dice.falls(self.wishes) {
            return;
        }
        if self.delegate(ctx, instrument) {
            return;
        }
        match self.dice.between(0, 19) {
            0..=10 => self.order(ctx, instrument),
            11..=14 => {
                if let Some(id) = self.any_open(ctx) {
                    ctx.cancel(id);
                }
            }
            15..=17 => self.replace(ctx),
            18 => ctx.target(instrument, Qty(self.dice.between(-30, 30))),
            _ if self.dice.falls(100) => ctx.cancel_all(None),
            _ => ctx.set_timer(1, ctx.now().plus(self.dice.between(1, 500) * 1_000_000), 0),
        }
    }

    fn order(&mut self, ctx: &mut Context<'_>, instrument: InstrumentId) {
        let Some(top) = ctx.market(instrument).map(|market| market.top()) else {
            return;
        };
        if top.bid_price.0 <= 0 || top.ask_price.0 <= 0 {
            return;
        }
        let side = if self.dice.falls(500) {
            Side::Buy
        } else {
            Side::Sell
        };
        let touch = if side == Side::Buy {
            top.bid_price
        } else {
            top.ask_price
        };
        let mut qty = Qty(self.dice.between(1, 40));
        let mut away = self.dice.between(-3, 6);
        if let Some(odd) = &mut self.reckless {
            match odd.between(0, 19) {
                0 => qty = Qty(odd.between(40, 300)),
                1 | 2 => away = odd.between(-400, 400),
                _ => {}
            }
        }
        let price = Price(touch.0 - away * side.sign());
        let mut request = match self.dice.between(0, 5) {
            0 => OrderRequest::market(instrument, side, qty),
            _ => OrderRequest::limit(instrument, side, qty, price),
        };
        if self.dice.falls(150) {
            request.tif = Some(TimeInForce::Ioc);
        }
        request.reduce_only = self.dice.falls(60);
        ctx.submit(request);
    }

    fn replace(&mut self, ctx: &mut Context<'_>) {
        let Some(id) = self.any_open(ctx) else {
            return;
        };
        let price = ctx
            .orders()
            .find(|order| order.client_order_id == id)
            .and_then(|order| order.limit_price);
        let moved = price.map(|price| Price(price.0 + self.dice.between(-4, 4)));
        let qty = self.dice.falls(500).then(|| Qty(self.dice.between(1, 60)));
        ctx.replace(id, qty, moved);
    }
}

impl Strategy for Gambler {
    fn interests(&self) -> Interests {
        Interests::BOOK
            .and(Interests::ORDER)
            .and(Interests::FILL)
            .and(Interests::TIMER)
    }

    fn on_book(&mut self, ctx: &mut Context<'_>, event: &MarketEvent) {
        self.wish(ctx, event.instrument);
    }

    fn on_order(&mut self, ctx: &mut Context<'_>, event: &OrderEvent) {
        if self.dice.falls(100) {
            self.wish(ctx, event.order.instrument);
        }
    }

    fn on_fill(&mut self, ctx: &mut Context<'_>, fill: &FillEvent) {
        self.wish(ctx, fill.instrument);
    }

    fn on_timer(&mut self, ctx: &mut Context<'_>, _timer: u32) {
        self.wish(ctx, InstrumentId(0));
    }
}
