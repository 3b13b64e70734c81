//! Random commands for a matching engine, and a naive one that is obviously right.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

mod naive;
mod naive_auction;
mod naive_change;
mod naive_stops;

#[allow(unused_imports)] // not by every test that shares this
pub use naive::Naive;

use py_rt_sim::matching::EngineCommand;
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

/// Random commands around a wandering middle: mostly sensible, some far off, some nonsense.
pub struct Flow {
    pub dice: Dice,
    middle: i64,
    ids: i64,
    stretch: u64,
    ts: i64,
    rich: bool,
    /// What was commanded last about phase, band and steps.
    phase: u8,
    band: bool,
    steps: bool,
}

impl Flow {
    /// Plain orders only. `ids` bounds how many can rest; `stretch` spreads them over 64 bits.
    pub fn new(seed: u64, ids: i64, stretch: u64) -> Self {
        Self {
            dice: Dice(seed),
            middle: 1_000_000,
            ids,
            stretch,
            ts: 0,
            rich: false,
            phase: 3,
            band: false,
            steps: false,
        }
    }

    /// Every kind of order, and commands about the market.
    pub fn rich(seed: u64, ids: i64, stretch: u64) -> Self {
        Self {
            rich: true,
            ..Self::new(seed, ids, stretch)
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
        let mut command = self.plain();
        if self.rich {
            match self.control() {
                Some(op) => self.about_market(&mut command, op),
                None => self.enrich(&mut command),
            }
        }
        command
    }

    fn plain(&mut self) -> EngineCommand {
        let price = self.price();
        let dice = &mut self.dice;
        self.ts += dice.between(-2, 10);
        let op = match dice.between(0, 19) {
            0..=9 => 0,
            10..=13 => 1,
            14..=18 => 2,
            _ if dice.one_in(20) => dice.between(10, 255) as u8,
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
            ..EngineCommand::default()
        }
    }

    /// Stops, icebergs, reduce-only, orders for the day or an auction, on top of a plain order.
    fn enrich(&mut self, command: &mut EngineCommand) {
        let near = self.middle + self.dice.between(-9, 9);
        let dice = &mut self.dice;
        let new = command.op == 0;
        if new && dice.one_in(7) {
            command.order_type = dice.between(2, 3) as u8;
        }
        if dice.one_in(if command.order_type > 1 { 1 } else { 60 }) {
            command.stop_price = Price(if dice.one_in(90) { -near } else { near });
        }
        let waits_for_auction = self.phase == 4 && dice.one_in(4);
        match dice.between(0, 7) {
            _ if waits_for_auction || dice.one_in(60) => command.tif = 4,
            0 => command.tif = 3,
            _ => {}
        }
        if dice.one_in(6) {
            command.flags |= 2;
        }
        let shows = if command.tif == 1 || command.tif == 2 || command.order_type == 1 {
            90
        } else {
            5
        };
        if dice.one_in(shows) {
            command.display_qty = Qty(if dice.one_in(40) {
                -dice.between(0, 3)
            } else {
                dice.between(1, 15)
            });
        }
        if self.steps && !dice.one_in(4) {
            command.qty.0 *= 5;
            command.price.0 &= !1;
            command.stop_price.0 &= !1;
        }
    }

    /// Now and then a command about the market; what was begun is mostly ended soon.
    fn control(&mut self) -> Option<u8> {
        let dice = &mut self.dice;
        match self.phase {
            4 if dice.one_in(30) => return Some(6),
            5 if dice.one_in(12) => return Some(3),
            _ => {}
        }
        if (self.band && dice.one_in(120)) || dice.one_in(900) {
            return Some(8);
        }
        if (self.steps && dice.one_in(60)) || dice.one_in(1_500) {
            return Some(9);
        }
        dice.one_in(200).then(|| match dice.between(0, 9) {
            0..=4 => 4,
            5 => 5,
            6 => 3,
            7 => 6,
            _ => 7,
        })
    }

    fn about_market(&mut self, command: &mut EngineCommand, op: u8) {
        let dice = &mut self.dice;
        command.op = op;
        match op {
            3..=5 => self.phase = op,
            6 => {
                command.price = Price(match dice.between(0, 20) {
                    0 => -5,
                    1..=9 => 0,
                    _ => self.middle + dice.between(-15, 15),
                });
                self.phase = 3;
            }
            8 => {
                let set = !self.band && !dice.one_in(30);
                self.band = set;
                let ends = (dice.between(3, 30), dice.between(-1, 30));
                (command.price, command.stop_price) = if set {
                    (Price(self.middle - ends.0), Price(self.middle + ends.1))
                } else {
                    (Price(0), Price(0))
                };
            }
            9 => {
                self.steps = !self.steps && !dice.one_in(30);
                let (price, qty) = if self.steps { (2, 5) } else { (1, 1) };
                command.price = Price(price);
                command.qty = Qty(if dice.one_in(20) { 0 } else { qty });
            }
            _ => {}
        }
    }
}
