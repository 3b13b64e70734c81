//! Stop orders, the plain way.

use py_rt_sim::matching::EngineCommand;
use py_rt_types::Price;

use super::naive::{Naive, CANCELED, TRIGGERED};

impl Naive {
    pub fn may_wait(&self, c: &EngineCommand) -> Result<(), u8> {
        if self.phase == 5 {
            return Err(10);
        }
        if self.phase == 4 && self.last.is_some_and(|last| reached(c, last)) {
            return Err(11);
        }
        if c.order_type == 3 {
            return self.out_of_band(c.price.0);
        }
        Ok(())
    }

    pub fn wait(&mut self, c: EngineCommand) {
        let now = self.now();
        self.stops.push((now, c));
        if self.phase == 3 {
            self.prints.extend(self.last);
        }
    }

    /// Stop orders that any print reached line up; the first in line trades; and again.
    pub fn elect(&mut self) {
        let mut line: Vec<EngineCommand> = Vec::new();
        loop {
            let prints = std::mem::take(&mut self.prints);
            let hit = |c: &EngineCommand| prints.iter().any(|&print| reached(c, print));
            let mut hits: Vec<(u64, EngineCommand)> = Vec::new();
            if self.phase == 3 {
                hits.extend(self.stops.iter().filter(|(_, c)| hit(c)));
                self.stops.retain(|(_, c)| !hit(c));
            }
            hits.sort_by_key(|(age, c)| {
                let side = i64::from(c.side);
                (-side, c.stop_price.0 * side, *age)
            });
            line.extend(hits.iter().map(|(_, c)| *c));
            if line.is_empty() {
                return;
            }
            let mut c = line.remove(0);
            c.order_type = u8::from(c.order_type == 2);
            c.stop_price = Price(0);
            let (id, price, qty) = (c.order_id, c.price.0, c.qty.0);
            self.tell((TRIGGERED, id, 0, price, qty, qty, 0));
            match self.may_enter(&c) {
                Ok(limit) => self.enter(&c, limit),
                Err(reason) => self.tell((CANCELED, id, 0, price, qty, 0, reason)),
            }
        }
    }
}

/// Whether a trade at `price` elects the stop order.
fn reached(c: &EngineCommand, price: i64) -> bool {
    (price - c.stop_price.0) * i64::from(c.side) >= 0
}
