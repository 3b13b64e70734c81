//! One list of orders, searched from end to end for everything.

use std::collections::BTreeMap;

use py_rt_kernel::hash::OrderHash;
use py_rt_sim::matching::{EngineCommand, EngineReport, SelfTrade};
use py_rt_types::{Price, Qty, UnixNanos};

pub const ACCEPTED: u8 = 0;
pub const REJECTED: u8 = 1;
pub const TRADE: u8 = 2;
pub const CANCELED: u8 = 3;
pub const REPLACED: u8 = 4;
pub const TRIGGERED: u8 = 5;
pub const STATUS: u8 = 6;

/// An order that rests, or is about to. `price` none: a market order of an auction.
#[derive(Debug, Clone, Copy)]
pub struct Resting {
    pub id: u64,
    pub owner: u32,
    pub side: i8,
    pub price: Option<i64>,
    pub named: i64,
    /// All that is open, and what of it is shown.
    pub leaves: i64,
    pub shown: i64,
    pub display: i64,
    pub cum: i64,
    pub tif: u8,
    pub reduces: bool,
    /// Its place in time; a refreshed iceberg takes a new one.
    pub age: u64,
    /// When it came to rest.
    pub since: u64,
}

impl Resting {
    fn show(&mut self) {
        self.shown = match self.display {
            0 => self.leaves,
            display => display.min(self.leaves),
        };
    }
}

/// The whole venue.
#[derive(Clone)]
pub struct Naive {
    pub book: Vec<Resting>,
    /// Stop orders with their place in time.
    pub stops: Vec<(u64, EngineCommand)>,
    pub positions: BTreeMap<u32, i128>,
    pub self_trade: SelfTrade,
    pub reports: Vec<EngineReport>,
    pub ts: UnixNanos,
    pub phase: u8,
    pub band: Option<(i64, i64)>,
    pub steps: (i64, i64),
    pub last: Option<i64>,
    /// Prices of trades that stop orders were not yet held against.
    pub prints: Vec<i64>,
    pub clock: u64,
}

pub fn limit_is_bad(price: i64) -> bool {
    price <= 0 || price >= 1 << 61
}

/// Whether an order of `side` at `limit` takes `price`.
pub fn takes(side: i8, limit: i64, price: i64) -> bool {
    (limit - price) * i64::from(side) >= 0
}

pub fn too_many_parts(display: i64, qty: i64) -> bool {
    display < 0 || (display > 0 && (qty + display - 1) / display > 100)
}

/// What a report is about, before it is stamped.
type Told = (u8, u64, u64, i64, i64, i64, u8);

impl Naive {
    pub fn new(self_trade: SelfTrade) -> Self {
        Self {
            book: Vec::new(),
            stops: Vec::new(),
            positions: BTreeMap::new(),
            self_trade,
            reports: Vec::new(),
            ts: UnixNanos(0),
            phase: 3,
            band: None,
            steps: (1, 1),
            last: None,
            prints: Vec::new(),
            clock: 0,
        }
    }

    /// Orders in the book.
    pub fn orders(&self) -> usize {
        self.book.iter().filter(|o| o.price.is_some()).count()
    }

    pub fn now(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }

    pub fn tell(&mut self, told: Told) {
        let (kind, order_id, maker_order_id, price, qty, leaves, reason) = told;
        self.reports.push(EngineReport {
            order_id,
            maker_order_id,
            price: Price(price),
            qty: Qty(qty),
            leaves_qty: Qty(leaves),
            ts: self.ts,
            kind,
            reason,
        });
    }

    pub fn reject(&mut self, c: &EngineCommand, (reason, leaves): (u8, i64)) {
        let told = (REJECTED, c.order_id, 0, c.price.0, c.qty.0, leaves, reason);
        self.tell(told);
    }

    pub fn handle(&mut self, c: &EngineCommand) -> Vec<EngineReport> {
        self.reports.clear();
        self.ts = c.ts;
        let done = match c.op {
            0 => self.handle_new(c).map_err(|reason| (reason, 0)),
            1 => self.handle_cancel(c),
            2 => self.handle_replace(c),
            _ => self.handle_control(c).map_err(|reason| (reason, 0)),
        };
        if let Err(why) = done {
            self.reject(c, why);
        }
        self.elect();
        self.reports.clone()
    }

    // ------------------------------------------------------------------------------- positions

    pub fn reducible(&self, owner: u32, side: i8) -> i64 {
        let position = self.positions.get(&owner).copied().unwrap_or(0);
        (-position * i128::from(side)).max(0) as i64
    }

    pub fn book_position(&mut self, owner: u32, side: i8, qty: i64) {
        *self.positions.entry(owner).or_insert(0) += i128::from(side) * i128::from(qty);
    }

    /// Every reduce-only order of an owner, the one that rests longest first, is cut down.
    pub fn trim(&mut self, owner: u32) {
        let mut ids: Vec<(u64, u64)> = self
            .book
            .iter()
            .filter(|o| o.owner == owner && o.reduces)
            .map(|o| (o.since, o.id))
            .collect();
        ids.sort_unstable();
        for (_, id) in ids {
            let at = self.book.iter().position(|o| o.id == id).unwrap();
            let order = self.book[at];
            let allowed = self.reducible(owner, order.side);
            if order.leaves > allowed {
                let over = order.leaves - allowed;
                self.tell((CANCELED, id, 0, order.named, over, allowed, 14));
                self.shrink(at, over);
            }
        }
    }

    /// Takes `qty` off an order, from what is not shown first.
    pub fn shrink(&mut self, at: usize, qty: i64) {
        let order = &mut self.book[at];
        order.leaves -= qty;
        order.shown = order.shown.min(order.leaves);
        if order.leaves == 0 {
            self.book.remove(at);
        }
    }

    // --------------------------------------------------------------------------------- trading

    /// Where the order is that trades first with one of `side` at `limit` (none: at any price).
    pub fn best_against(&self, side: i8, limit: Option<i64>) -> Option<usize> {
        let mut best: Option<usize> = None;
        for (at, order) in self.book.iter().enumerate() {
            let Some(price) = order.price.filter(|_| order.side != side) else {
                continue;
            };
            if !limit.is_none_or(|limit| takes(side, limit, price)) {
                continue;
            }
            let better = best.is_none_or(|old| {
                let old = &self.book[old];
                let ahead = (old.price.unwrap() - price) * i64::from(side);
                ahead > 0 || (ahead == 0 && order.age < old.age)
            });
            if better {
                best = Some(at);
            }
        }
        best
    }

    pub fn would_trade(&self, side: i8, limit: Option<i64>) -> bool {
        self.phase == 3 && self.best_against(side, limit).is_some()
    }

    /// What could trade at once, tried out on a copy.
    pub fn fills_whole(&self, taker: Resting, limit: Option<i64>) -> bool {
        let mut copy = self.clone();
        copy.reports.clear();
        copy.trade(taker, limit);
        let trades = copy.reports.iter().filter(|report| report.kind == TRADE);
        trades.map(|report| report.qty.0).sum::<i64>() == taker.leaves
    }

    /// Takes `qty` of what is shown; the next part goes to the end of its queue.
    pub fn use_up(&mut self, at: usize, qty: i64, executed: bool) {
        let now = self.now();
        let order = &mut self.book[at];
        order.leaves -= qty;
        order.shown -= qty;
        order.cum += if executed { qty } else { 0 };
        if order.leaves == 0 {
            self.book.remove(at);
        } else if order.shown == 0 {
            order.age = now;
            order.show();
        }
    }

    pub fn trade(&mut self, mut taker: Resting, limit: Option<i64>) -> Resting {
        while taker.leaves > 0 && self.phase == 3 {
            let Some(at) = self.best_against(taker.side, limit) else {
                break;
            };
            let maker = self.book[at];
            if maker.owner == taker.owner && self.self_trade != SelfTrade::None {
                taker = self.meet_own(taker, at);
                continue;
            }
            let qty = taker.leaves.min(maker.shown);
            taker.leaves -= qty;
            taker.cum += qty;
            let price = maker.price.unwrap();
            self.tell((TRADE, taker.id, maker.id, price, qty, taker.leaves, 0));
            self.last = Some(price);
            self.prints.push(price);
            self.use_up(at, qty, true);
            if maker.owner != taker.owner {
                self.book_position(taker.owner, taker.side, qty);
                self.book_position(maker.owner, maker.side, qty);
                self.trim(taker.owner);
                self.trim(maker.owner);
            }
        }
        taker
    }

    pub fn meet_own(&mut self, mut taker: Resting, at: usize) -> Resting {
        let maker = self.book[at];
        let smaller = taker.leaves.min(maker.shown);
        let off_maker = match self.self_trade {
            SelfTrade::CancelMaker | SelfTrade::CancelBoth => maker.leaves,
            SelfTrade::Decrement => smaller,
            _ => 0,
        };
        let off_taker = match self.self_trade {
            SelfTrade::CancelTaker | SelfTrade::CancelBoth => taker.leaves,
            SelfTrade::Decrement => smaller,
            _ => 0,
        };
        if off_maker > 0 {
            let left = maker.leaves - off_maker;
            self.tell((CANCELED, maker.id, 0, maker.named, off_maker, left, 9));
            if left == 0 {
                self.book.remove(at);
            } else {
                self.use_up(at, off_maker, false);
            }
        }
        if off_taker > 0 {
            taker.leaves -= off_taker;
            let left = taker.leaves;
            self.tell((CANCELED, taker.id, 0, taker.named, off_taker, left, 9));
        }
        taker
    }

    pub fn rest(&mut self, mut order: Resting) {
        order.age = self.now();
        order.since = order.age;
        order.show();
        self.book.push(order);
    }

    // ------------------------------------------------------------------------------ new orders

    pub fn out_of_steps(&self, prices: [i64; 2], qty: i64) -> Result<(), u8> {
        if prices.iter().any(|price| price % self.steps.0 != 0) {
            return Err(16);
        }
        if qty % self.steps.1 != 0 {
            return Err(17);
        }
        Ok(())
    }

    pub fn out_of_band(&self, price: i64) -> Result<(), u8> {
        match self.band {
            Some((low, high)) if price < low || price > high => Err(12),
            _ => Ok(()),
        }
    }

    pub fn handle_new(&mut self, c: &EngineCommand) -> Result<(), u8> {
        let (stop, priced) = (
            c.order_type >= 2,
            c.order_type % 2 == 0 && c.order_type != 2,
        );
        let priced = priced || c.order_type == 3;
        let rests = priced && c.tif != 1 && c.tif != 2;
        let sided = c.side == 1 || c.side == -1;
        if !sided || c.order_type > 3 || c.tif > 4 || c.flags > 3 {
            return Err(5);
        }
        if (!stop && c.stop_price.0 != 0) || (!rests && c.display_qty.0 != 0) {
            return Err(5);
        }
        if c.tif == 4 && (stop || c.flags & 2 != 0) {
            return Err(5);
        }
        if c.qty.0 <= 0 {
            return Err(3);
        }
        if too_many_parts(c.display_qty.0, c.qty.0) {
            return Err(15);
        }
        if (priced && limit_is_bad(c.price.0)) || (stop && limit_is_bad(c.stop_price.0)) {
            return Err(4);
        }
        let limit = if priced { c.price.0 } else { 0 };
        self.out_of_steps([limit, c.stop_price.0], c.qty.0)?;
        let open = self.book.iter().any(|order| order.id == c.order_id);
        if open
            || self
                .stops
                .iter()
                .any(|(_, stop)| stop.order_id == c.order_id)
        {
            return Err(2);
        }
        let accepted = (ACCEPTED, c.order_id, 0, c.price.0, c.qty.0, c.qty.0, 0);
        if stop {
            self.may_wait(c)?;
            self.tell(accepted);
            self.wait(*c);
            return Ok(());
        }
        let limit = self.may_enter(c)?;
        self.tell(accepted);
        self.enter(c, limit);
        Ok(())
    }

    /// The limit an order trades at, none for any.
    pub fn may_enter(&self, c: &EngineCommand) -> Result<Option<i64>, u8> {
        let priced = c.order_type == 0;
        if self.phase == 5 {
            return Err(10);
        }
        let collected = c.tif == 4 || (priced && (c.tif == 0 || c.tif == 3));
        if (self.phase == 4 && !collected) || (self.phase == 3 && c.tif == 4) {
            return Err(11);
        }
        let mut limit = priced.then_some(c.price.0);
        if priced {
            self.out_of_band(c.price.0)?;
        } else if let Some((low, high)) = self.band {
            limit = Some(if c.side == 1 { high } else { low });
        }
        if c.flags & 2 != 0 && self.reducible(c.owner, c.side) == 0 {
            return Err(14);
        }
        if c.flags & 1 != 0 && self.would_trade(c.side, limit) {
            return Err(6);
        }
        Ok(limit)
    }

    /// An accepted or elected order: trade, then rest or be canceled.
    pub fn enter(&mut self, c: &EngineCommand, limit: Option<i64>) {
        let market = c.order_type == 1;
        let mut taker = Resting {
            id: c.order_id,
            owner: c.owner,
            side: c.side,
            price: (!market).then_some(c.price.0),
            named: c.price.0,
            leaves: c.qty.0,
            shown: 0,
            display: c.display_qty.0,
            cum: 0,
            tif: c.tif,
            reduces: c.flags & 2 != 0,
            age: 0,
            since: 0,
        };
        self.fit(&mut taker);
        if c.tif == 2 && !self.fills_whole(taker, limit) {
            return self.tell((CANCELED, taker.id, 0, taker.named, taker.leaves, 0, 7));
        }
        if !(market && c.tif == 4) {
            taker = self.trade(taker, limit);
        }
        if taker.leaves == 0 {
            return;
        }
        if c.tif == 1 || c.tif == 2 || (market && c.tif != 4) {
            self.tell((CANCELED, taker.id, 0, taker.named, taker.leaves, 0, 8));
        } else {
            if market {
                taker.named = 0;
            }
            self.rest(taker);
        }
    }

    pub fn fit(&mut self, taker: &mut Resting) {
        let allowed = self.reducible(taker.owner, taker.side);
        if taker.reduces && taker.leaves > allowed {
            let over = taker.leaves - allowed;
            taker.leaves = allowed;
            self.tell((CANCELED, taker.id, 0, taker.named, over, allowed, 14));
        }
    }

    // ----------------------------------------------------------------------------------- stops

    // ---------------------------------------------------------------------- cancel and replace

    pub fn state_hash(&self) -> u128 {
        let mut hash = OrderHash::new();
        for side in [1i8, -1] {
            hash.write(i64::from(side) as u64);
            for order in self.line_up(side).iter().filter(|o| o.price.is_some()) {
                hash.write(order.id);
                hash.write(u64::from(order.owner));
                hash.write(order.named as u64);
                hash.write(order.shown as u64);
                hash.write(order.cum as u64);
                let marks = 2 * u64::from(order.reduces) + 4 * u64::from(order.display > 0);
                if marks > 0 {
                    hash.write(marks);
                    hash.write(order.display as u64);
                    hash.write((order.leaves - order.shown) as u64);
                }
            }
        }
        for side in [1i8, -1] {
            let mut stops: Vec<_> = self.stops.iter().filter(|s| s.1.side == side).collect();
            stops.sort_by_key(|(age, c)| (c.stop_price.0 * i64::from(side), *age));
            for (_, c) in stops {
                hash.write(c.order_id);
                hash.write(u64::from(c.owner));
                hash.write(
                    u64::from(c.order_type) << 16 | u64::from(c.tif) << 8 | u64::from(c.flags),
                );
                for word in [c.stop_price.0, c.price.0, c.qty.0, c.display_qty.0] {
                    hash.write(word as u64);
                }
            }
        }
        for side in [1i8, -1] {
            for order in self.line_up(side).iter().filter(|o| o.price.is_none()) {
                hash.write(order.id);
                hash.write(u64::from(order.owner));
                hash.write(order.leaves as u64);
            }
        }
        hash.finish()
    }
}
