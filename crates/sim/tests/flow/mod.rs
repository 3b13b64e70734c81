//! A naive matching engine that is obviously right, and random commands for it.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use py_rt_kernel::hash::OrderHash;
use py_rt_sim::matching::{EngineCommand, EngineReport, SelfTrade};
use py_rt_types::{Price, Qty, UnixNanos};

/// SplitMix64 (Steele, Lea, Flood 2014): the seed stands in every failure message.
#[derive(Debug, Clone)]
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }
    /// From `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        low + (self.roll() % (high - low + 1) as u64) as i64
    }
    pub fn one_in(&mut self, n: u64) -> bool {
        self.roll() % n == 0
    }
}

/// An order in the naive engine: one list of all of them, the oldest first.
#[derive(Debug, Clone, Copy)]
struct Resting {
    id: u64,
    owner: u32,
    side: i8,
    price: i64,
    leaves: i64,
    cum: i64,
}

/// One list, searched from end to end for everything.
pub struct Naive {
    book: Vec<Resting>,
    self_trade: SelfTrade,
    reports: Vec<EngineReport>,
}

const ACCEPTED: u8 = 0;
const REJECTED: u8 = 1;
const TRADE: u8 = 2;
const CANCELED: u8 = 3;
const REPLACED: u8 = 4;

fn limit_is_bad(price: i64) -> bool {
    price <= 0 || price >= 1 << 61
}

/// What a report is about, before it is stamped.
type Told = (u8, u64, u64, i64, i64, i64, u8);

impl Naive {
    pub fn new(self_trade: SelfTrade) -> Self {
        Self {
            book: Vec::new(),
            self_trade,
            reports: Vec::new(),
        }
    }

    pub fn orders(&self) -> usize {
        self.book.len()
    }

    fn tell(&mut self, ts: UnixNanos, told: Told) {
        let (kind, order_id, maker_order_id, price, qty, leaves, reason) = told;
        self.reports.push(EngineReport {
            order_id,
            maker_order_id,
            price: Price(price),
            qty: Qty(qty),
            leaves_qty: Qty(leaves),
            ts,
            kind,
            reason,
        });
    }

    /// Where the order is that trades first with one of `side` at `limit` (none: at any price).
    fn best_against(&self, side: i8, limit: Option<i64>) -> Option<usize> {
        let mut best: Option<usize> = None;
        for (at, order) in self.book.iter().enumerate() {
            if order.side == side {
                continue;
            }
            let good = limit.is_none_or(|limit| match side {
                1 => order.price <= limit,
                _ => order.price >= limit,
            });
            let better = best.is_none_or(|old| match side {
                1 => order.price < self.book[old].price,
                _ => order.price > self.book[old].price,
            });
            if good && better {
                best = Some(at);
            }
        }
        best
    }

    /// What could trade at once, tried out on a copy.
    fn fills_whole(&self, taker: Resting, limit: Option<i64>) -> bool {
        let mut copy = Self {
            book: self.book.clone(),
            self_trade: self.self_trade,
            reports: Vec::new(),
        };
        copy.trade(taker, limit, UnixNanos(0));
        let traded: i64 = copy
            .reports
            .iter()
            .filter(|report| report.kind == TRADE)
            .map(|report| report.qty.0)
            .sum();
        traded == taker.leaves
    }

    fn trade(&mut self, mut taker: Resting, limit: Option<i64>, ts: UnixNanos) -> Resting {
        while taker.leaves > 0 {
            let Some(at) = self.best_against(taker.side, limit) else {
                break;
            };
            let maker = self.book[at];
            if maker.owner == taker.owner && self.self_trade != SelfTrade::None {
                taker = self.meet_own(taker, at, ts);
                continue;
            }
            let qty = taker.leaves.min(maker.leaves);
            taker.leaves -= qty;
            taker.cum += qty;
            self.tell(
                ts,
                (TRADE, taker.id, maker.id, maker.price, qty, taker.leaves, 0),
            );
            self.book[at].leaves -= qty;
            self.book[at].cum += qty;
            if self.book[at].leaves == 0 {
                self.book.remove(at);
            }
        }
        taker
    }

    fn meet_own(&mut self, mut taker: Resting, at: usize, ts: UnixNanos) -> Resting {
        let maker = self.book[at];
        let smaller = taker.leaves.min(maker.leaves);
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
            self.tell(ts, (CANCELED, maker.id, 0, maker.price, off_maker, left, 9));
            self.book[at].leaves = left;
            if left == 0 {
                self.book.remove(at);
            }
        }
        if off_taker > 0 {
            taker.leaves -= off_taker;
            let left = taker.leaves;
            self.tell(ts, (CANCELED, taker.id, 0, taker.price, off_taker, left, 9));
        }
        taker
    }

    fn reject(&mut self, c: &EngineCommand, reason: u8, leaves: i64) {
        let told = (REJECTED, c.order_id, 0, c.price.0, c.qty.0, leaves, reason);
        self.tell(c.ts, told);
    }

    pub fn handle(&mut self, c: &EngineCommand) -> Vec<EngineReport> {
        self.reports.clear();
        match c.op {
            0 => self.handle_new(c),
            1 => self.handle_cancel(c),
            2 => self.handle_replace(c),
            _ => self.reject(c, 5, 0),
        }
        self.reports.clone()
    }

    fn handle_new(&mut self, c: &EngineCommand) {
        let (market, known) = (c.order_type == 1, c.order_type <= 1);
        if !(c.side == 1 || c.side == -1) || !known || c.tif > 3 || c.flags > 1 {
            return self.reject(c, 5, 0);
        }
        if c.qty.0 <= 0 {
            return self.reject(c, 3, 0);
        }
        if !market && limit_is_bad(c.price.0) {
            return self.reject(c, 4, 0);
        }
        if self.book.iter().any(|order| order.id == c.order_id) {
            return self.reject(c, 2, 0);
        }
        let limit = (!market).then_some(c.price.0);
        if c.flags == 1 && self.best_against(c.side, limit).is_some() {
            return self.reject(c, 6, 0);
        }
        let taker = Resting {
            id: c.order_id,
            owner: c.owner,
            side: c.side,
            price: c.price.0,
            leaves: c.qty.0,
            cum: 0,
        };
        let (id, price, qty) = (c.order_id, c.price.0, c.qty.0);
        self.tell(c.ts, (ACCEPTED, id, 0, price, qty, qty, 0));
        if c.tif == 2 && !self.fills_whole(taker, limit) {
            return self.tell(c.ts, (CANCELED, id, 0, price, qty, 0, 7));
        }
        let left = self.trade(taker, limit, c.ts);
        if left.leaves == 0 {
            return;
        }
        if market || c.tif == 1 || c.tif == 2 {
            self.tell(c.ts, (CANCELED, id, 0, price, left.leaves, 0, 8));
        } else {
            self.book.push(left);
        }
    }

    fn handle_cancel(&mut self, c: &EngineCommand) {
        let Some(at) = self.book.iter().position(|order| order.id == c.order_id) else {
            return self.reject(c, 1, 0);
        };
        let order = self.book.remove(at);
        let told = (CANCELED, order.id, 0, order.price, order.leaves, 0, 0);
        self.tell(c.ts, told);
    }

    fn handle_replace(&mut self, c: &EngineCommand) {
        let Some(at) = self.book.iter().position(|order| order.id == c.order_id) else {
            return self.reject(c, 1, 0);
        };
        let order = self.book[at];
        if c.flags > 1 {
            return self.reject(c, 5, order.leaves);
        }
        if c.qty.0 <= 0 {
            return self.reject(c, 3, order.leaves);
        }
        if limit_is_bad(c.price.0) {
            return self.reject(c, 4, order.leaves);
        }
        let leaves = (c.qty.0 - order.cum).max(0);
        let crosses = self.best_against(order.side, Some(c.price.0)).is_some();
        if c.flags == 1 && crosses && leaves > 0 {
            return self.reject(c, 6, order.leaves);
        }
        let total = c.qty.0.max(order.cum);
        self.tell(c.ts, (REPLACED, order.id, 0, c.price.0, total, leaves, 0));
        if leaves == 0 {
            self.book.remove(at);
        } else if c.price.0 == order.price && leaves <= order.leaves {
            self.book[at].leaves = leaves;
        } else {
            self.book.remove(at);
            let mut taker = order;
            taker.price = c.price.0;
            taker.leaves = leaves;
            let left = self.trade(taker, Some(c.price.0), c.ts);
            if left.leaves > 0 {
                self.book.push(left);
            }
        }
    }

    pub fn state_hash(&self) -> u128 {
        let mut hash = OrderHash::new();
        for side in [1i8, -1] {
            hash.write(i64::from(side) as u64);
            let mut queue: Vec<&Resting> = self.book.iter().filter(|o| o.side == side).collect();
            queue.sort_by_key(|order| -order.price * i64::from(side));
            for order in queue {
                hash.write(order.id);
                hash.write(u64::from(order.owner));
                hash.write(order.price as u64);
                hash.write(order.leaves as u64);
                hash.write(order.cum as u64);
            }
        }
        hash.finish()
    }
}

/// Random commands around a wandering middle: mostly sensible, some far off, some nonsense.
pub struct Flow {
    pub dice: Dice,
    middle: i64,
    ids: i64,
    stretch: u64,
    ts: i64,
}

impl Flow {
    /// `ids` bounds how many orders can rest; `stretch` spreads the ids over 64 bits.
    pub fn new(seed: u64, ids: i64, stretch: u64) -> Self {
        Self {
            dice: Dice(seed),
            middle: 1_000_000,
            ids,
            stretch,
            ts: 0,
        }
    }

    fn price(&mut self) -> i64 {
        if self.dice.one_in(400) {
            return match self.dice.between(0, 4) {
                0 => 0,
                1 => -self.dice.between(1, 1_000),
                2 => 1 << 61,
                3 => self.dice.between(1, 5_000_000),
                _ => self.middle + self.dice.between(-40_000, 40_000),
            };
        }
        if self.dice.one_in(3_000) {
            self.middle = self.dice.between(100_000, 2_000_000);
        }
        self.middle += self.dice.between(-1, 1);
        self.middle + self.dice.between(-12, 12)
    }

    pub fn command(&mut self) -> EngineCommand {
        let price = self.price();
        let dice = &mut self.dice;
        self.ts += dice.between(-2, 10);
        let op = match dice.between(0, 19) {
            0..=9 => 0,
            10..=13 => 1,
            14..=18 => 2,
            _ if dice.one_in(20) => dice.between(3, 255) as u8,
            _ => 0,
        };
        let odd = dice.one_in(300);
        EngineCommand {
            order_id: (dice.between(0, self.ids) as u64).wrapping_mul(self.stretch),
            price: Price(price),
            qty: Qty(if dice.one_in(150) {
                dice.between(-3, 0)
            } else if dice.one_in(20) {
                dice.between(100, 1_000)
            } else {
                dice.between(1, 60)
            }),
            ts: UnixNanos(self.ts),
            owner: dice.between(0, 5) as u32,
            op,
            side: match dice.between(0, 1) {
                _ if odd && dice.one_in(3) => dice.between(-9, 9) as i8,
                0 => -1,
                _ => 1,
            },
            order_type: if odd && dice.one_in(3) {
                dice.between(0, 9) as u8
            } else {
                u8::from(dice.one_in(12))
            },
            tif: match dice.between(0, 9) {
                _ if odd && dice.one_in(3) => dice.between(0, 9) as u8,
                0 => 1,
                1 => 2,
                _ => 0,
            },
            flags: if odd {
                dice.between(0, 255) as u8
            } else {
                u8::from(dice.one_in(6))
            },
        }
    }
}
