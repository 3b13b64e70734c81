//! Orders that wait beside the book: stop orders, and market orders for an auction.
//!
//! Stop orders are elected by the price of the last trade: a buy once it is at the stop price or
//! above, a sell at it or below. Elected are, after a command has been worked off, all that any of
//! its trades reached: buys by rising, then sells by falling stop price, at one price the oldest
//! first. They are worked off one after the other as if they had just come in, and whom their
//! trades reach joins the end of the line. (FIX 5.0 SP2, OrdType 3 and 4 with a trigger on the last
//! trade; CME Globex, stop-limit orders.) Nothing waits that the last trade has reached.

use std::collections::VecDeque;

use py_rt_kernel::hash::OrderHash;
use py_rt_kernel::market::{RestingOrder, RestingOrders, Slot, NO_SLOT};
use py_rt_types::{Price, Qty, Side, UnixNanos};

use super::command::{order_type, tif, EngineCommand, EngineReport, EngineReportKind, Reason};
use super::engine::{cancel_rest, report, side_of, MatchingEngine, Taker};
use super::session::AUCTION;
use super::shown::NO_PRICE;

/// Orders beside the book.
#[derive(Debug, Clone, Default)]
pub(super) struct Parked {
    /// By stop price; buys stand on the sell side, where the lowest price is the best.
    pub(super) stops: RestingOrders,
    /// The commands of the stop orders, by slot.
    waiting: Vec<EngineCommand>,
    elected: VecDeque<EngineCommand>,
    /// Lowest and highest price of the trades that stops were not yet held against.
    reach: Option<(Price, Price)>,
    /// Market orders of an auction, all at one price.
    pub(super) queued: RestingOrders,
}

impl Parked {
    pub(super) fn clear(&mut self) {
        self.stops.clear();
        self.elected.clear();
        self.reach = None;
        self.queued.clear();
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.stops.is_empty() && self.queued.is_empty()
    }

    /// The command of a stop order that waits.
    pub(super) fn waiting(&self, slot: Slot) -> &EngineCommand {
        &self.waiting[slot as usize]
    }

    /// Changes a stop order that keeps its place.
    pub(super) fn amend(&mut self, slot: Slot, command: EngineCommand) {
        self.waiting[slot as usize] = command;
    }

    /// Slots of the stop orders that would be elected by `side`, the first to be elected first.
    pub(super) fn visit(&self, side: Side, visit: impl FnMut(Slot) -> bool) {
        self.stops.visit(side.opposite(), visit);
    }

    /// Lines up what the trades since the last time have reached.
    fn gather(&mut self) {
        let Some((low, high)) = self.reach.take() else {
            return;
        };
        while self.stops.best(Side::Sell).is_some_and(|stop| stop <= high) {
            self.line_up(Side::Sell);
        }
        while self.stops.best(Side::Buy).is_some_and(|stop| stop >= low) {
            self.line_up(Side::Buy);
        }
    }

    fn line_up(&mut self, held_as: Side) {
        let slot = self.stops.first(held_as);
        self.elected.push_back(self.waiting[slot as usize]);
        self.stops.remove(slot);
    }

    pub(super) fn write_hash(&self, hash: &mut OrderHash) {
        for side in [Side::Buy, Side::Sell] {
            self.visit(side, |slot| {
                let command = self.waiting(slot);
                let kind = u64::from(command.order_type) << 16
                    | u64::from(command.tif) << 8
                    | u64::from(command.flags);
                hash.write(command.order_id);
                hash.write(u64::from(command.owner));
                hash.write(kind);
                hash.write(command.stop_price.0 as u64);
                hash.write(command.price.0 as u64);
                hash.write(command.qty.0 as u64);
                hash.write(command.display_qty.0 as u64);
                true
            });
        }
        for side in [Side::Buy, Side::Sell] {
            self.queued.visit(side, |slot| {
                let order = self.queued.order(slot);
                hash.write(order.order_id);
                hash.write(u64::from(order.owner));
                hash.write(order.leaves_qty.0 as u64);
                true
            });
        }
    }
}

impl MatchingEngine {
    /// Whether an order beside the book has this id.
    pub(super) fn is_parked(&self, order_id: u64) -> bool {
        self.parked.as_ref().is_some_and(|parked| {
            parked.stops.find(order_id) != NO_SLOT || parked.queued.find(order_id) != NO_SLOT
        })
    }

    /// Whether the last trade is at the stop price or beyond.
    pub(super) fn has_reached(&self, command: &EngineCommand) -> bool {
        let stop = command.stop_price;
        self.last.is_some_and(|last| match side_of(command.side) {
            Some(Side::Buy) => last >= stop,
            _ => last <= stop,
        })
    }

    /// The stop orders that wait, buys first, each side in the order of election.
    pub fn visit_stops(&self, mut visit: impl FnMut(&EngineCommand)) {
        if let Some(parked) = &self.parked {
            for side in [Side::Buy, Side::Sell] {
                parked.visit(side, |slot| {
                    visit(parked.waiting(slot));
                    true
                });
            }
        }
    }

    /// The market orders that wait for the end of the auction, the oldest first.
    pub fn visit_queued(&self, side: Side, mut visit: impl FnMut(&RestingOrder)) {
        if let Some(parked) = &self.parked {
            parked.queued.visit(side, |slot| {
                visit(parked.queued.order(slot));
                true
            });
        }
    }

    pub(super) fn note_rules(&mut self) {
        let parked = self.parked.as_ref();
        self.unusual = self.day.in_force()
            || self.owners.any_reducing()
            || parked.is_some_and(|parked| !parked.is_empty());
    }

    /// Notes that trades went from `low` to `high`, or back.
    #[cold]
    pub(super) fn note_reach(&mut self, low: Price, high: Price) {
        let Some(parked) = &mut self.parked else {
            return;
        };
        if !parked.stops.is_empty() {
            parked.reach = Some((low, high));
            self.moved = true;
        }
    }

    /// Lets a stop order wait; it is elected at once where the last trade has reached it.
    pub(super) fn park(&mut self, command: &EngineCommand, reports: &mut Vec<EngineReport>) {
        let side = side_of(command.side).unwrap_or(Side::Buy);
        let parked = self.parked.get_or_insert_with(Box::default);
        let slot = parked.stops.insert(RestingOrder {
            order_id: command.order_id,
            price: command.stop_price,
            leaves_qty: Qty(1),
            cum_qty: Qty(0),
            owner: command.owner,
            side: side.opposite(),
            marks: 0,
        });
        if slot == NO_SLOT {
            let why = Reason::BadQty;
            reports.push(report(command, EngineReportKind::Canceled, why, Qty(0)));
            return;
        }
        let at = slot as usize;
        if parked.waiting.len() <= at {
            parked.waiting.resize(at + 1, EngineCommand::default());
        }
        parked.waiting[at] = *command;
        self.unusual = true;
        if let (Some(last), true) = (self.last, self.has_reached(command)) {
            self.note_reach(last, last);
        }
    }

    /// Lets a market order wait for the end of the auction.
    pub(super) fn queue_market(&mut self, taker: &Taker, reports: &mut Vec<EngineReport>) {
        let parked = self.parked.get_or_insert_with(Box::default);
        let slot = parked.queued.insert(RestingOrder {
            price: NO_PRICE,
            marks: AUCTION,
            ..taker.resting()
        });
        if slot == NO_SLOT {
            cancel_rest(taker, Reason::BadQty, reports);
        }
        self.unusual = true;
    }

    #[cold]
    pub(super) fn cancel_parked(
        &mut self,
        command: &EngineCommand,
        reports: &mut Vec<EngineReport>,
    ) -> Result<(), (Reason, Qty)> {
        let unknown = (Reason::UnknownOrder, Qty(0));
        let parked = self.parked.as_mut().ok_or(unknown)?;
        let stop = parked.stops.find(command.order_id);
        let queued = parked.queued.find(command.order_id);
        let (price, qty) = if stop != NO_SLOT {
            let waiting = parked.waiting[stop as usize];
            parked.stops.remove(stop);
            (waiting.price, waiting.qty)
        } else if queued != NO_SLOT {
            let qty = parked.queued.order(queued).leaves_qty;
            parked.queued.remove(queued);
            (Price(0), qty)
        } else {
            return Err(unknown);
        };
        reports.push(EngineReport {
            price,
            qty,
            ..report(command, EngineReportKind::Canceled, Reason::None, Qty(0))
        });
        self.note_rules();
        Ok(())
    }

    /// Works off the stop orders that trades have reached, and whom their own trades reach.
    #[cold]
    pub(super) fn elect(&mut self, ts: UnixNanos, reports: &mut Vec<EngineReport>) {
        while let Some(parked) = &mut self.parked {
            parked.gather();
            let Some(stop) = parked.elected.pop_front() else {
                break;
            };
            let order = EngineCommand {
                order_type: match stop.order_type {
                    order_type::STOP_LIMIT => order_type::LIMIT,
                    _ => order_type::MARKET,
                },
                stop_price: Price(0),
                ts,
                ..stop
            };
            let kind = EngineReportKind::Triggered;
            reports.push(report(&order, kind, Reason::None, order.qty));
            self.enter_elected(&order, reports);
        }
        self.moved = false;
        self.note_rules();
    }

    /// Cancels the stop orders that were for the day.
    pub(super) fn expire_stops(&mut self, ts: UnixNanos, reports: &mut Vec<EngineReport>) {
        let Some(parked) = &mut self.parked else {
            return;
        };
        let mut over = Vec::new();
        for side in [Side::Buy, Side::Sell] {
            parked.visit(side, |slot| {
                if parked.waiting(slot).tif == tif::DAY {
                    over.push(slot);
                }
                true
            });
        }
        for slot in over {
            let waiting = EngineCommand {
                ts,
                ..parked.waiting[slot as usize]
            };
            parked.stops.remove(slot);
            let kind = EngineReportKind::Canceled;
            reports.push(report(&waiting, kind, Reason::Expired, Qty(0)));
        }
        self.note_rules();
    }
}
