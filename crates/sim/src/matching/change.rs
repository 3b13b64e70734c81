//! What a replace changes, and when it costs the place in the queue.
//!
//! The place is kept where only the quantity falls: price, stop price and shown quantity stay, and
//! what is open does not grow. Otherwise the order goes to the end of its new queue, after trading
//! where it crosses (Nasdaq OUCH 5.0, Modify and Replace Order; CME Globex, order cancel/replace).

use py_rt_kernel::market::{RestingOrder, Slot, NO_SLOT};
use py_rt_types::{Price, Qty};

use super::command::{
    order_type, tif, EngineCommand, EngineReport, EngineReportKind, Reason, POST_ONLY, REDUCE_ONLY,
};
use super::engine::{is_limit, report, MatchingEngine, Taker};
use super::session::Phase;
use super::shown::{may_show, ICEBERG, REDUCE};

/// What a replace leaves of the order's quantity, and what it shows of it.
#[derive(Debug, Clone, Copy)]
struct Change {
    leaves_qty: Qty,
    display: Qty,
}

impl MatchingEngine {
    pub(super) fn handle_replace(
        &mut self,
        command: &EngineCommand,
        reports: &mut Vec<EngineReport>,
    ) -> Result<(), (Reason, Qty)> {
        let slot = self.orders.find(command.order_id);
        if slot == NO_SLOT {
            return self.replace_parked(command, reports);
        }
        let order = *self.orders.order(slot);
        let open = self.leaves_of(slot);
        let change = self.admit_change(command, slot);
        let Change {
            leaves_qty,
            display,
        } = change.map_err(|reason| (reason, open))?;
        reports.push(EngineReport {
            qty: command.qty.max(order.cum_qty),
            ..report(
                command,
                EngineReportKind::Replaced,
                Reason::None,
                leaves_qty,
            )
        });
        let same = command.price == order.price && display == self.display_of(slot);
        if same && leaves_qty <= open {
            self.cut(slot, Qty(open.0 - leaves_qty.0));
            return Ok(());
        }
        self.take_out(slot);
        let iceberg = if display.0 > 0 { ICEBERG } else { 0 };
        let mut taker = Taker {
            order_id: order.order_id,
            owner: order.owner,
            side: order.side,
            price: command.price,
            limit: command.price,
            leaves_qty,
            cum_qty: order.cum_qty,
            display,
            marks: order.marks & !ICEBERG | iceberg,
            ts: command.ts,
        };
        self.fit_position(&mut taker, reports);
        self.trade::<false>(&mut taker, reports);
        if taker.leaves_qty.0 > 0 {
            self.rest(&taker, reports);
        }
        Ok(())
    }

    /// What a replace of the order in `slot` comes to, or why it may not be.
    fn admit_change(&self, command: &EngineCommand, slot: Slot) -> Result<Change, Reason> {
        let order: &RestingOrder = self.orders.order(slot);
        let claims = command.flags & REDUCE_ONLY != 0 && order.marks & REDUCE == 0;
        if command.flags > POST_ONLY | REDUCE_ONLY || claims || command.stop_price.0 != 0 {
            return Err(Reason::Malformed);
        }
        if command.qty.0 <= 0 {
            return Err(Reason::BadQty);
        }
        let leaves_qty = Qty(command.qty.0.saturating_sub(order.cum_qty.0).max(0));
        let display = match command.display_qty.0 {
            0 => self.display_of(slot),
            _ => command.display_qty,
        };
        if !may_show(display, leaves_qty) {
            return Err(Reason::BadDisplay);
        }
        if !is_limit(command.price) {
            return Err(Reason::BadPrice);
        }
        if self.unusual {
            self.day
                .admit_steps([command.price, Price(0)], command.qty)?;
            if self.day.phase == Phase::Halted {
                return Err(Reason::Halted);
            }
            self.day.admit_price(command.price)?;
        }
        let post_only = leaves_qty.0 > 0 && command.flags & POST_ONLY != 0;
        if post_only && self.would_trade(order.side, command.price) {
            return Err(Reason::PostOnly);
        }
        Ok(Change {
            leaves_qty,
            display,
        })
    }

    /// Changes a stop order; a market order that waits for an auction cannot be changed.
    #[cold]
    fn replace_parked(
        &mut self,
        command: &EngineCommand,
        reports: &mut Vec<EngineReport>,
    ) -> Result<(), (Reason, Qty)> {
        let unknown = (Reason::UnknownOrder, Qty(0));
        let parked = self.parked.as_ref().ok_or(unknown)?;
        let queued = parked.queued.find(command.order_id);
        if queued != NO_SLOT {
            let open = parked.queued.order(queued).leaves_qty;
            return Err((Reason::Malformed, open));
        }
        let slot = parked.stops.find(command.order_id);
        if slot == NO_SLOT {
            return Err(unknown);
        }
        let old = *parked.waiting(slot);
        let changed = self.admit_stop_change(command, &old);
        let new = changed.map_err(|reason| (reason, old.qty))?;
        let kind = EngineReportKind::Replaced;
        reports.push(report(command, kind, Reason::None, command.qty));
        let same = new.stop_price == old.stop_price
            && new.price == old.price
            && new.display_qty == old.display_qty;
        let Some(parked) = &mut self.parked else {
            return Ok(());
        };
        if same && new.qty <= old.qty {
            parked.amend(slot, new);
        } else {
            parked.stops.remove(slot);
            self.park(&new, reports);
        }
        Ok(())
    }

    /// A stop order as a replace leaves it, or why it may not be.
    fn admit_stop_change(
        &self,
        command: &EngineCommand,
        old: &EngineCommand,
    ) -> Result<EngineCommand, Reason> {
        let or_old = |new: i64, old: i64| if new == 0 { old } else { new };
        let priced = old.order_type == order_type::STOP_LIMIT;
        let new = EngineCommand {
            price: if priced { command.price } else { old.price },
            qty: command.qty,
            stop_price: Price(or_old(command.stop_price.0, old.stop_price.0)),
            display_qty: Qty(or_old(command.display_qty.0, old.display_qty.0)),
            flags: old.flags & REDUCE_ONLY | command.flags & POST_ONLY,
            ts: command.ts,
            ..*old
        };
        let rests = priced && (old.tif == tif::GTC || old.tif == tif::DAY);
        let claims = command.flags & REDUCE_ONLY != 0 && old.flags & REDUCE_ONLY == 0;
        let flags = command.flags > POST_ONLY | REDUCE_ONLY || claims;
        if flags || (command.display_qty.0 != 0 && !rests) {
            return Err(Reason::Malformed);
        }
        if command.qty.0 <= 0 {
            return Err(Reason::BadQty);
        }
        if !may_show(new.display_qty, new.qty) {
            return Err(Reason::BadDisplay);
        }
        if (priced && !is_limit(new.price)) || !is_limit(new.stop_price) {
            return Err(Reason::BadPrice);
        }
        let limit = if priced { new.price } else { Price(0) };
        self.day.admit_steps([limit, new.stop_price], new.qty)?;
        self.admit_stop(&new)?;
        Ok(new)
    }
}
