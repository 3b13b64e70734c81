//! The venue against a naive twin of its rules, over random markets and commands.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod rig;

use std::collections::BTreeMap;

use py_rt_sim::VenueConfig;
use py_rt_types::{NewOrder, OrderType, Price, RejectReason, Side, TimeInForce};
use rig::{limit, market_order, row, stop, Bench, Dice, Said, DAY, SECOND};

use Said::{
    Accepted, CancelRejected, Canceled, Expired, Fill, Rejected, ReplaceRejected, Replaced,
};

#[derive(Clone)]
struct Resting {
    id: u64,
    order: NewOrder,
    cum: i64,
    front: i64,
    day: i64,
}

impl Resting {
    fn left(&self) -> i64 {
        self.order.order_qty.0 - self.cum
    }
    fn limit(&self) -> i64 {
        self.order.limit_price.unwrap().0
    }
}

/// One list of orders in the order of their places, one map of levels, and the rules as said in
/// the venue's documentation.
#[derive(Default)]
struct Twin {
    levels: BTreeMap<(i8, i64), i64>,
    orders: Vec<Resting>,
    told: Vec<(u64, i64, Said)>,
    now: i64,
}

impl Twin {
    fn say(&mut self, id: u64, said: Said) {
        self.told.push((id, self.now, said));
    }

    /// Levels of a side, best first.
    fn side(&self, side: i8) -> Vec<(i64, i64)> {
        let levels = self.levels.iter().filter(|level| level.0 .0 == side);
        let mut levels: Vec<(i64, i64)> = levels.map(|(key, qty)| (key.1, *qty)).collect();
        if side > 0 {
            levels.reverse();
        }
        levels
    }

    fn accepts(side: Side, price: i64, limit: Option<i64>) -> bool {
        limit.is_none_or(|limit| price * side.sign() <= limit * side.sign())
    }

    fn crosses(&self, side: Side, limit: i64) -> bool {
        let best = self.side(-(side.sign() as i8)).first().map(|level| level.0);
        best.is_some_and(|best| Self::accepts(side, best, Some(limit)))
    }

    fn take(&mut self, order: &mut Resting, limit: Option<i64>) {
        let side = order.order.side;
        for (price, shown) in self.side(-(side.sign() as i8)) {
            let qty = shown.min(order.left());
            if !Self::accepts(side, price, limit) || qty == 0 {
                return;
            }
            order.cum += qty;
            self.say(order.id, Fill(qty, price, order.cum, false));
        }
    }

    fn arrive(&mut self, mut order: Resting) {
        let (side, tif) = (order.order.side, order.order.tif);
        match order.order.order_type {
            OrderType::Stop => return self.orders.push(order),
            OrderType::Market => {
                self.take(&mut order, None);
                if order.left() > 0 {
                    self.say(order.id, Canceled(order.cum));
                }
                return;
            }
            OrderType::Limit => {}
        }
        let limit = order.limit();
        let levels = self.side(-(side.sign() as i8)).into_iter();
        let shown: i64 = levels
            .filter(|l| Self::accepts(side, l.0, Some(limit)))
            .map(|l| l.1)
            .sum();
        if tif != TimeInForce::Fok || shown >= order.left() {
            self.take(&mut order, Some(limit));
        }
        if order.left() == 0 {
            return;
        }
        if matches!(tif, TimeInForce::Ioc | TimeInForce::Fok) {
            return self.say(order.id, Canceled(order.cum));
        }
        let own = (side.sign() as i8, limit);
        order.front = self.levels.get(&own).copied().unwrap_or(0);
        self.orders.push(order);
    }

    fn new_order(&mut self, id: u64, order: NewOrder) {
        let limit = order.limit_price.map(|price| price.0);
        if order.post_only && limit.is_some_and(|limit| self.crosses(order.side, limit)) {
            return self.say(id, Rejected(RejectReason::WouldCross));
        }
        self.say(id, Accepted);
        let day = self.now.div_euclid(DAY);
        self.arrive(Resting {
            id,
            order,
            cum: 0,
            front: 0,
            day,
        });
    }

    fn cancel(&mut self, id: u64) {
        match self.orders.iter().position(|order| order.id == id) {
            Some(place) => {
                let order = self.orders.remove(place);
                self.say(id, Canceled(order.cum));
            }
            None => self.say(id, CancelRejected),
        }
    }

    fn replace(&mut self, id: u64, qty: i64, price: Option<i64>) {
        let limits = |o: &Resting| o.id == id && o.order.order_type == OrderType::Limit;
        let Some(place) = self.orders.iter().position(limits) else {
            return self.say(id, ReplaceRejected(RejectReason::TooLate));
        };
        let mut order = self.orders[place].clone();
        let limit = price.unwrap_or(order.limit());
        if order.order.post_only && self.crosses(order.order.side, limit) {
            return self.say(id, ReplaceRejected(RejectReason::WouldCross));
        }
        let keeps = limit == order.limit() && qty <= order.order.order_qty.0;
        order.order.order_qty.0 = qty;
        order.order.limit_price = Some(Price(limit));
        self.say(id, Replaced(qty, Some(limit)));
        if order.left() <= 0 {
            self.orders.remove(place);
        } else if keeps {
            self.orders[place] = order;
        } else {
            self.orders.remove(place);
            self.arrive(order);
        }
    }

    /// Fills resting limit orders of a side whose limit satisfies `reached`, all of what is left.
    fn sweep(&mut self, side: Side, reached: impl Fn(i64) -> bool) {
        for mut order in std::mem::take(&mut self.orders) {
            let resting = order.order.order_type == OrderType::Limit && order.order.side == side;
            if resting && reached(order.limit()) {
                let (left, limit) = (order.left(), order.limit());
                order.cum += left;
                self.say(order.id, Fill(left, limit, order.cum, true));
            } else {
                self.orders.push(order);
            }
        }
    }

    fn next_day(&mut self) {
        let day = self.now.div_euclid(DAY);
        let orders = std::mem::take(&mut self.orders);
        let over = |o: &Resting| o.order.tif == TimeInForce::Day && o.day != day;
        let rank = |o: &Resting| match (o.order.order_type, o.order.side) {
            (OrderType::Limit, Side::Buy) => 0,
            (OrderType::Limit, Side::Sell) => 1,
            _ => 2,
        };
        let mut ended: Vec<Resting> = orders.iter().filter(|o| over(o)).cloned().collect();
        ended.sort_by_key(rank);
        ended
            .iter()
            .for_each(|order| self.say(order.id, Expired(order.cum)));
        self.orders = orders.into_iter().filter(|o| !over(o)).collect();
    }

    fn depth(&mut self, side: i8, price: i64, qty: i64) {
        self.next_day();
        self.levels.remove(&(side, price));
        if qty > 0 {
            self.levels.insert((side, price), qty);
        }
        for order in &mut self.orders {
            let here = order
                .order
                .limit_price
                .is_some_and(|limit| limit.0 == price);
            if here && order.order.side.sign() as i8 == side {
                order.front = order.front.min(qty);
            }
        }
        if let Some(bid) = self.side(1).first().map(|level| level.0) {
            self.sweep(Side::Sell, |limit| limit <= bid);
        }
        if let Some(ask) = self.side(-1).first().map(|level| level.0) {
            self.sweep(Side::Buy, |limit| limit >= ask);
        }
    }

    fn trade(&mut self, aggressor: i8, price: i64, qty: i64) {
        self.next_day();
        if aggressor >= 0 {
            self.sweep(Side::Sell, |limit| limit < price);
        }
        if aggressor <= 0 {
            self.sweep(Side::Buy, |limit| limit > price);
        }
        let mut left = if aggressor == 0 { 0 } else { qty };
        for mut order in std::mem::take(&mut self.orders) {
            let resting = order.order.order_type == OrderType::Limit
                && order.order.side.sign() as i8 == -aggressor
                && order.limit() == price;
            if resting && left > 0 {
                let through = (left - order.front).max(0).min(order.left());
                order.front = (order.front - left).max(0);
                left -= through;
                order.cum += through;
                if through > 0 {
                    self.say(order.id, Fill(through, price, order.cum, true));
                }
            }
            if order.left() > 0 {
                self.orders.push(order);
            }
        }
        let reached = |o: &Resting| {
            let sign = o.order.side.sign();
            o.order
                .stop_price
                .is_some_and(|stop| price * sign >= stop.0 * sign)
        };
        let orders = std::mem::take(&mut self.orders);
        let (hit, waiting): (Vec<_>, Vec<_>) = orders.into_iter().partition(reached);
        self.orders = waiting;
        for mut order in hit {
            order.order.stop_price = None;
            if order.order.limit_price.is_some() {
                order.order.order_type = OrderType::Limit;
                self.arrive(order);
                continue;
            }
            self.take(&mut order, None);
            if order.left() > 0 {
                self.say(order.id, Canceled(order.cum));
            }
        }
    }
}

fn any_order(dice: &mut Dice, id: u64) -> NewOrder {
    let side = if dice.one_in(2) {
        Side::Buy
    } else {
        Side::Sell
    };
    let (qty, price) = (dice.between(1, 25), 100 + dice.between(-8, 8));
    let tifs = [
        TimeInForce::Gtc,
        TimeInForce::Gtc,
        TimeInForce::Day,
        TimeInForce::Ioc,
        TimeInForce::Fok,
    ];
    let tif = tifs[dice.between(0, 4) as usize];
    let order = match dice.between(0, 9) {
        0 => market_order(id, side, qty),
        1 => NewOrder {
            limit_price: dice.one_in(2).then(|| Price(100 + dice.between(-8, 8))),
            ..stop(id, side, qty, price)
        },
        2..=3 => NewOrder {
            post_only: true,
            ..limit(id, side, qty, price)
        },
        _ => limit(id, side, qty, price),
    };
    NewOrder { tif, ..order }
}

fn duel(seed: u64, steps: usize) {
    let mut dice = Dice(seed);
    let mut bench = Bench::new(VenueConfig::default());
    let mut twin = Twin {
        now: bench.now,
        ..Twin::default()
    };
    let mut newest = 0u64;
    for step in 0..steps {
        bench.now += dice.between(0, 2) * SECOND;
        if dice.one_in(300) {
            bench.now += DAY;
        }
        twin.now = bench.now;
        let any = dice.between(
            newest.saturating_sub(12).max(1) as i64,
            newest.max(1) as i64,
        ) as u64;
        match dice.between(0, 19) {
            0..=3 => {
                newest += 1;
                let order = any_order(&mut dice, newest);
                bench.new_order(&order);
                twin.new_order(newest, order);
            }
            4 => {
                bench.cancel(any);
                twin.cancel(any);
            }
            5..=6 => {
                let qty = dice.between(1, 30);
                let price = dice.one_in(2).then(|| 100 + dice.between(-8, 8));
                bench.replace(any, 1, qty, price);
                twin.replace(any, qty, price);
            }
            7..=10 => {
                let (side, price) = (dice.between(-1, 1) as i8, 100 + dice.between(-7, 7));
                let qty = dice.between(1, 30);
                bench.trade(side, price, qty);
                twin.trade(side, price, qty);
            }
            kind => {
                let side: i8 = if dice.one_in(2) { 1 } else { -1 };
                let price = 100 - i64::from(side) * dice.between(-1, 9);
                let qty = if dice.one_in(3) {
                    0
                } else {
                    dice.between(1, 30)
                };
                let kind = if kind == 11 { 3 } else { 0 };
                bench.row(&row(0, bench.now, kind, side, price, qty));
                twin.depth(side, price, qty);
            }
        }
        let at = format!("seed {seed:#x} step {step}");
        assert_eq!(bench.told(), std::mem::take(&mut twin.told), "{at}");
    }
}

#[test]
fn random_markets_and_commands_get_equal_reports() {
    for seed in 0x5eed_9000..0x5eed_9028 {
        duel(seed, 3_000);
    }
}
