//! Cancels and replaces, the plain way.

use py_rt_sim::matching::EngineCommand;

use super::naive::{limit_is_bad, too_many_parts, Naive, Resting, CANCELED, REPLACED};

impl Naive {
    pub fn handle_cancel(&mut self, c: &EngineCommand) -> Result<(), (u8, i64)> {
        if let Some(at) = self.book.iter().position(|order| order.id == c.order_id) {
            let order = self.book.remove(at);
            self.tell((CANCELED, order.id, 0, order.named, order.leaves, 0, 0));
            return Ok(());
        }
        let found = self.stops.iter().position(|s| s.1.order_id == c.order_id);
        let (_, stop) = self.stops.remove(found.ok_or((1, 0))?);
        let told = (CANCELED, c.order_id, 0, stop.price.0, stop.qty.0, 0, 0);
        self.tell(told);
        Ok(())
    }

    pub fn handle_replace(&mut self, c: &EngineCommand) -> Result<(), (u8, i64)> {
        let Some(at) = self.book.iter().position(|order| order.id == c.order_id) else {
            return self.replace_stop(c);
        };
        let order = self.book[at];
        let display = match c.display_qty.0 {
            0 => order.display,
            display => display,
        };
        let leaves = (c.qty.0 - order.cum).max(0);
        let checked = self.may_change(c, &order, (display, leaves));
        checked.map_err(|reason| (reason, order.leaves))?;
        let total = c.qty.0.max(order.cum);
        self.tell((REPLACED, order.id, 0, c.price.0, total, leaves, 0));
        let keeps = Some(c.price.0) == order.price && display == order.display;
        if leaves == 0 {
            self.book.remove(at);
        } else if keeps && leaves <= order.leaves {
            self.shrink(at, order.leaves - leaves);
        } else {
            self.book.remove(at);
            let mut taker = Resting {
                price: Some(c.price.0),
                named: c.price.0,
                leaves,
                display,
                ..order
            };
            self.fit(&mut taker);
            let left = self.trade(taker, Some(c.price.0));
            if left.leaves > 0 {
                self.rest(left);
            }
        }
        Ok(())
    }

    pub fn may_change(
        &self,
        c: &EngineCommand,
        order: &Resting,
        (display, leaves): (i64, i64),
    ) -> Result<(), u8> {
        let claims = c.flags & 2 != 0 && !order.reduces;
        if order.price.is_none() || c.flags > 3 || claims || c.stop_price.0 != 0 {
            return Err(5);
        }
        if c.qty.0 <= 0 {
            return Err(3);
        }
        if too_many_parts(display, leaves) {
            return Err(15);
        }
        if limit_is_bad(c.price.0) {
            return Err(4);
        }
        self.out_of_steps([c.price.0, 0], c.qty.0)?;
        if self.phase == 5 {
            return Err(10);
        }
        self.out_of_band(c.price.0)?;
        let crosses = self.would_trade(order.side, Some(c.price.0));
        if c.flags & 1 != 0 && crosses && leaves > 0 {
            return Err(6);
        }
        Ok(())
    }

    pub fn replace_stop(&mut self, c: &EngineCommand) -> Result<(), (u8, i64)> {
        let found = self.stops.iter().position(|s| s.1.order_id == c.order_id);
        let at = found.ok_or((1, 0))?;
        let old = self.stops[at].1;
        let refuse = |reason| Err((reason, old.qty.0));
        let mut new = old;
        let priced = old.order_type == 3;
        if priced {
            new.price = c.price;
        }
        new.qty = c.qty;
        new.flags = (old.flags & 2) | (c.flags & 1);
        if c.stop_price.0 != 0 {
            new.stop_price = c.stop_price;
        }
        if c.display_qty.0 != 0 {
            new.display_qty = c.display_qty;
        }
        let rests = priced && old.tif != 1 && old.tif != 2;
        let claims = c.flags & 2 != 0 && old.flags & 2 == 0;
        if c.flags > 3 || claims || (c.display_qty.0 != 0 && !rests) {
            return refuse(5);
        }
        if c.qty.0 <= 0 {
            return refuse(3);
        }
        if too_many_parts(new.display_qty.0, new.qty.0) {
            return refuse(15);
        }
        if (priced && limit_is_bad(new.price.0)) || limit_is_bad(new.stop_price.0) {
            return refuse(4);
        }
        let limit = if priced { new.price.0 } else { 0 };
        let stepped = self.out_of_steps([limit, new.stop_price.0], new.qty.0);
        if let Err(reason) = stepped.and_then(|()| self.may_wait(&new)) {
            return refuse(reason);
        }
        self.tell((REPLACED, c.order_id, 0, c.price.0, c.qty.0, c.qty.0, 0));
        let same = new.stop_price == old.stop_price && new.price == old.price;
        if same && new.display_qty == old.display_qty && new.qty <= old.qty {
            self.stops[at].1 = new;
        } else {
            self.stops.remove(at);
            self.wait(new);
        }
        Ok(())
    }

    // ----------------------------------------------------------------------------------- state
}
