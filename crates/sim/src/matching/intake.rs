//! New orders that ask for more than limit or market in an undisturbed market.
//!
//! Checked, in this order: fields that are in their lists and go together, quantity, shown
//! quantity, prices, steps, id, phase, band, reduce-only, post-only. A stop order is checked for
//! the last two, and for the band again, when it is elected; what fails then is canceled.

use py_rt_types::{Price, Qty, Side};

use super::command::{
    order_type, tif, EngineCommand, EngineReport, EngineReportKind, Reason, POST_ONLY, REDUCE_ONLY,
};
use super::engine::{cancel_rest, is_limit, report, stays, taker_of, MatchingEngine, Taker};
use super::session::{Phase, AUCTION, DAY};
use super::shown::{canceled, may_show, ICEBERG, REDUCE};

/// Whether an order waits for a trade at its stop price.
pub(super) const fn is_stop(order: u8) -> bool {
    order == order_type::STOP || order == order_type::STOP_LIMIT
}

/// What an order is marked with as long as it rests.
const fn marks_of(command: &EngineCommand) -> u8 {
    let mut marks = match command.tif {
        tif::DAY => DAY,
        tif::AUCTION => AUCTION,
        _ => 0,
    };
    if command.flags & REDUCE_ONLY != 0 {
        marks |= REDUCE;
    }
    if command.display_qty.0 > 0 {
        marks |= ICEBERG;
    }
    marks
}

/// The command as it will be worked off: a stop order as what it becomes.
fn worked_off(command: &EngineCommand) -> EngineCommand {
    EngineCommand {
        order_type: match command.order_type {
            order_type::STOP => order_type::MARKET,
            order_type::STOP_LIMIT => order_type::LIMIT,
            other => other,
        },
        ..*command
    }
}

impl MatchingEngine {
    /// Takes any new order in.
    #[cold]
    pub(super) fn handle_any(
        &mut self,
        command: &EngineCommand,
        reports: &mut Vec<EngineReport>,
    ) -> Result<(), (Reason, Qty)> {
        let refused = |reason| (reason, Qty(0));
        let mut taker = self.admit_any(command).map_err(refused)?;
        if is_stop(command.order_type) {
            self.admit_stop(command).map_err(refused)?;
        } else {
            self.may_enter(command, &mut taker).map_err(refused)?;
        }
        reports.push(report(
            command,
            EngineReportKind::Accepted,
            Reason::None,
            command.qty,
        ));
        if is_stop(command.order_type) {
            self.park(command, reports);
        } else {
            self.enter(command, taker, reports);
        }
        Ok(())
    }

    /// Whether a new order is well formed, in steps, and not here already.
    fn admit_any(&self, command: &EngineCommand) -> Result<Taker, Reason> {
        let order = worked_off(command);
        taker_of(&order, 0).ok_or(Reason::Malformed)?;
        let stop = is_stop(command.order_type);
        let for_auction = command.tif == tif::AUCTION;
        let together = (stop || command.stop_price.0 == 0)
            && (stays(&order) || command.display_qty.0 == 0)
            && !(for_auction && (stop || command.flags & REDUCE_ONLY != 0));
        if command.tif > tif::AUCTION || command.flags > POST_ONLY | REDUCE_ONLY || !together {
            return Err(Reason::Malformed);
        }
        if command.qty.0 <= 0 {
            return Err(Reason::BadQty);
        }
        if !may_show(command.display_qty, command.qty) {
            return Err(Reason::BadDisplay);
        }
        let priced = order.order_type == order_type::LIMIT;
        if (priced && !is_limit(command.price)) || (stop && !is_limit(command.stop_price)) {
            return Err(Reason::BadPrice);
        }
        let limit = if priced { command.price } else { Price(0) };
        self.day
            .admit_steps([limit, command.stop_price], command.qty)?;
        // The rest is what every order is checked for.
        let taker = self.admit(&order, marks_of(command))?;
        if self.is_parked(command.order_id) {
            return Err(Reason::DuplicateId);
        }
        Ok(Taker {
            display: command.display_qty,
            ..taker
        })
    }

    /// Whether a stop order may wait.
    pub(super) fn admit_stop(&self, command: &EngineCommand) -> Result<(), Reason> {
        match self.day.phase {
            Phase::Halted => return Err(Reason::Halted),
            Phase::Auction if self.has_reached(command) => return Err(Reason::Auction),
            Phase::Auction | Phase::Continuous => {}
        }
        if command.order_type == order_type::STOP_LIMIT {
            return self.day.admit_price(command.price);
        }
        Ok(())
    }

    /// Whether a well formed order may come into the market now.
    fn may_enter(&self, command: &EngineCommand, taker: &mut Taker) -> Result<(), Reason> {
        self.day.admit(command, taker)?;
        if taker.marks & REDUCE != 0 && self.owners.reducible(taker.owner, taker.side) == 0 {
            return Err(Reason::ReduceOnly);
        }
        if command.flags & POST_ONLY != 0 && self.would_trade(taker.side, taker.limit) {
            return Err(Reason::PostOnly);
        }
        Ok(())
    }

    /// Works off an order that was accepted or elected.
    fn enter(
        &mut self,
        command: &EngineCommand,
        mut taker: Taker,
        reports: &mut Vec<EngineReport>,
    ) {
        self.fit_position(&mut taker, reports);
        if command.order_type == order_type::MARKET && command.tif == tif::AUCTION {
            self.queue_market(&taker, reports);
        } else {
            self.work::<false>(command, &mut taker, reports);
        }
    }

    /// Works off a stop order that was elected.
    pub(super) fn enter_elected(
        &mut self,
        command: &EngineCommand,
        reports: &mut Vec<EngineReport>,
    ) {
        let Some(mut taker) = taker_of(command, marks_of(command)) else {
            return;
        };
        taker.display = command.display_qty;
        match self.may_enter(command, &mut taker) {
            Ok(()) => self.enter(command, taker, reports),
            Err(reason) => cancel_rest(&taker, reason, reports),
        }
    }

    /// Cuts a reduce-only order on its way down to what reduces its owner's position.
    pub(super) fn fit_position(&self, taker: &mut Taker, reports: &mut Vec<EngineReport>) {
        if taker.marks & REDUCE == 0 {
            return;
        }
        let allowed = self.owners.reducible(taker.owner, taker.side);
        let over = taker.leaves_qty.0 - allowed;
        if over > 0 {
            let why = (Reason::ReduceOnly, taker.ts);
            reports.push(canceled(&taker.resting(), Qty(over), Qty(allowed), why));
            taker.leaves_qty = Qty(allowed);
        }
    }
}

/// The end of the band that a market order of `side` trades up to.
pub(super) const fn end_of_band(side: Side, (low, high): (Price, Price)) -> Price {
    match side {
        Side::Buy => high,
        Side::Sell => low,
    }
}
