//! The naive venue's day: phases, band, steps, and an auction that tries every price.

use std::collections::BTreeMap;

use py_rt_sim::matching::EngineCommand;

use super::naive::{limit_is_bad, takes, Naive, Resting, CANCELED, STATUS, TRADE};

impl Naive {
    /// A side in its order: market orders, then by price and time.
    pub fn line_up(&self, side: i8) -> Vec<Resting> {
        let mut line: Vec<Resting> = self
            .book
            .iter()
            .filter(|o| o.side == side)
            .copied()
            .collect();
        line.sort_by_key(|o| (o.price.map(|price| -price * i64::from(side)), o.age));
        line
    }

    pub fn handle_control(&mut self, c: &EngineCommand) -> Result<(), u8> {
        let status = (STATUS, c.order_id, 0, c.price.0, c.qty.0, 0, 0);
        match c.op {
            3 => {
                let waiting = self.book.iter().any(|o| o.tif == 4);
                let best = |side: i8| {
                    let prices = self.book.iter().filter(|o| o.side == side);
                    let keys = prices.filter_map(|o| o.price.map(|p| p * i64::from(side)));
                    keys.max().map(|key| key * i64::from(side))
                };
                let crossed = matches!((best(1), best(-1)), (Some(b), Some(a)) if b >= a);
                if waiting || crossed {
                    return Err(18);
                }
                self.phase = 3;
            }
            4 | 5 => self.phase = c.op,
            6 => return self.handle_uncross(c),
            7 => {
                self.tell(status);
                self.expire(&[3, 4], 13);
                let mut over: Vec<_> = self.stops.clone();
                over.retain(|(_, c)| c.tif == 3);
                self.stops.retain(|(_, c)| c.tif != 3);
                over.sort_by_key(|(age, c)| (-c.side, c.stop_price.0 * i64::from(c.side), *age));
                for (_, c) in over {
                    self.tell((CANCELED, c.order_id, 0, c.price.0, c.qty.0, 0, 13));
                }
                return Ok(());
            }
            8 => {
                let (low, high) = (c.price.0, c.stop_price.0);
                if (low, high) == (0, 0) {
                    self.band = None;
                } else if limit_is_bad(low) || limit_is_bad(high) || low > high {
                    return Err(4);
                } else {
                    self.band = Some((low, high));
                }
            }
            9 => {
                if limit_is_bad(c.price.0) {
                    return Err(4);
                }
                if c.qty.0 <= 0 {
                    return Err(3);
                }
                self.steps = (c.price.0, c.qty.0);
            }
            _ => return Err(5),
        }
        self.tell(status);
        Ok(())
    }

    /// Cancels every order with one of these times in force, in line.
    fn expire(&mut self, tifs: &[u8], reason: u8) {
        for side in [1, -1] {
            for order in self.line_up(side) {
                if tifs.contains(&order.tif) {
                    self.tell((CANCELED, order.id, 0, order.named, order.leaves, 0, reason));
                    self.book.retain(|o| o.id != order.id);
                }
            }
        }
    }

    fn handle_uncross(&mut self, c: &EngineCommand) -> Result<(), u8> {
        if self.phase != 4 {
            return Err(18);
        }
        if c.price.0 != 0 && limit_is_bad(c.price.0) {
            return Err(4);
        }
        let reference = (c.price.0 != 0).then_some(c.price.0);
        let cuts = self.cuts();
        let mut after = self.clone();
        for &(id, cut) in &cuts {
            let at = after.book.iter().position(|o| o.id == id).unwrap();
            after.shrink(at, cut);
        }
        let (price, volume, imbalance) = after.indicative(reference);
        let shown = price.unwrap_or(0);
        self.tell((STATUS, c.order_id, 0, shown, volume, imbalance, 0));
        for (id, cut) in cuts {
            let at = self.book.iter().position(|o| o.id == id).unwrap();
            let order = self.book[at];
            self.tell((CANCELED, id, 0, order.named, cut, order.leaves - cut, 14));
            self.shrink(at, cut);
        }
        if let Some(price) = price {
            self.trade_all(price, volume);
            self.last = Some(price);
            self.prints.push(price);
        }
        self.expire(&[4], 8);
        let owners: Vec<u32> = self.positions.keys().copied().collect();
        for owner in owners {
            self.trim(owner);
        }
        self.phase = 3;
        Ok(())
    }

    /// What each reduce-only order that could trade loses, given all else of its owner that could.
    fn cuts(&self) -> Vec<(u64, i64)> {
        let mut cuts = Vec::new();
        for side in [1, -1] {
            let line = self.line_up(side);
            let against = self.line_up(-side);
            let could = |o: &Resting| {
                let Some(price) = o.price else { return true };
                let meets = |other: &Resting| other.price.is_none_or(|p| takes(side, price, p));
                against.iter().any(meets)
            };
            let mut wanted: BTreeMap<u32, i64> = BTreeMap::new();
            for order in line.iter().filter(|o| could(o) && !o.reduces) {
                *wanted.entry(order.owner).or_insert(0) += order.leaves;
            }
            for order in line.iter().filter(|o| could(o) && o.reduces) {
                let others = wanted.entry(order.owner).or_insert(0);
                let room = (self.reducible(order.owner, side) - *others).max(0);
                let stays = order.leaves.min(room);
                *others += stays;
                if stays < order.leaves {
                    cuts.push((order.id, order.leaves - stays));
                }
            }
        }
        cuts
    }

    /// Demand and supply at a price.
    fn wants(&self, price: i64) -> (i64, i64) {
        let sum = |side: i8| -> i64 {
            let takers = self.book.iter().filter(|o| {
                o.side == side && o.price.is_none_or(|limit| takes(side, limit, price))
            });
            takers.map(|o| o.leaves).sum()
        };
        (sum(1), sum(-1))
    }

    /// Price, volume and imbalance: every limit, its neighbours and the reference are tried.
    pub fn indicative(&self, reference: Option<i64>) -> (Option<i64>, i64, i64) {
        let limits: Vec<i64> = self.book.iter().filter_map(|o| o.price).collect();
        let market = |side: i8| -> i64 {
            let orders = self
                .book
                .iter()
                .filter(|o| o.side == side && o.price.is_none());
            orders.map(|o| o.leaves).sum()
        };
        let (buys, sells) = (market(1), market(-1));
        let (Some(&low), Some(&high)) = (limits.iter().min(), limits.iter().max()) else {
            let price = reference.or(self.last).filter(|_| buys.min(sells) > 0);
            let volume = if price.is_some() { buys.min(sells) } else { 0 };
            return (price, volume, buys - sells);
        };
        let mut tried: Vec<i64> = limits.iter().flat_map(|p| [p - 1, *p, p + 1]).collect();
        tried.extend(reference);
        tried.retain(|p| (low..=high).contains(p));
        tried.sort_unstable();
        tried.dedup();
        let rows: Vec<(i64, i64, i64)> = tried
            .iter()
            .map(|&p| {
                let (demand, supply) = self.wants(p);
                (p, demand.min(supply), demand - supply)
            })
            .collect();
        let volume = rows.iter().map(|r| r.1).max().unwrap();
        if volume == 0 {
            return (None, 0, buys - sells);
        }
        let most = || rows.iter().filter(|r| r.1 == volume);
        let least = most().map(|r| r.2.abs()).min().unwrap();
        let good: Vec<_> = most().filter(|r| r.2.abs() == least).collect();
        let (low, high) = (good[0].0, good[good.len() - 1].0);
        let price = if good.iter().all(|r| r.2 > 0) {
            high
        } else if good.iter().all(|r| r.2 < 0) {
            low
        } else if let Some(reference) = reference {
            good.iter()
                .min_by_key(|r| (r.0 - reference).abs())
                .unwrap()
                .0
        } else {
            (low + high) / 2
        };
        let (demand, supply) = self.wants(price);
        (Some(price), volume, demand - supply)
    }

    fn trade_all(&mut self, price: i64, mut volume: i64) {
        let mut lines = [1, -1].map(|side| {
            let mut line = self.line_up(side);
            line.retain(|o| o.price.is_none_or(|limit| takes(side, limit, price)));
            line
        });
        while volume > 0 {
            let [bid, ask] = [lines[0][0], lines[1][0]];
            let qty = volume.min(bid.leaves).min(ask.leaves);
            volume -= qty;
            self.tell((TRADE, bid.id, ask.id, price, qty, bid.leaves - qty, 0));
            for (line, order) in lines.iter_mut().zip([bid, ask]) {
                line[0].leaves -= qty;
                if line[0].leaves == 0 {
                    line.remove(0);
                }
                let at = self.book.iter().position(|o| o.id == order.id).unwrap();
                let resting = &mut self.book[at];
                resting.leaves -= qty;
                resting.cum += qty;
                resting.shown = match resting.display {
                    0 => resting.leaves,
                    display => display.min(resting.leaves),
                };
                if resting.leaves == 0 {
                    self.book.remove(at);
                }
                if bid.owner != ask.owner {
                    self.book_position(order.owner, order.side, qty);
                }
            }
        }
    }
}
