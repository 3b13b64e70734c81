//! What a venue's day does to orders: price bands, steps, halts, phases, the end of the day.

use py_rt_kernel::market::Slot;
use py_rt_types::{Price, Qty, Side, UnixNanos};

use super::command::{op, order_type, tif, EngineCommand, EngineReport, EngineReportKind, Reason};
use super::engine::{is_limit, report, stays, MatchingEngine, Taker};
use super::intake::end_of_band;
use super::shown::canceled;

/// Mark of an order that ends with the day.
pub(super) const DAY: u8 = 1;
/// Mark of an order that ends with the auction.
pub(super) const AUCTION: u8 = 8;

/// What the venue does with orders now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Phase {
    /// Orders trade as they come.
    #[default]
    Continuous,
    /// Orders are collected; nothing trades until [`MatchingEngine::uncross`].
    Auction,
    /// Only cancels are taken.
    Halted,
}

/// Rules of the day beside price and time; looked at only when one is in force.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct DayRules {
    pub(super) phase: Phase,
    band: Option<(Price, Price)>,
    /// Steps of prices and quantities, in ticks and lots; below 2 none.
    steps: (Price, Qty),
}

impl DayRules {
    pub(super) const fn in_force(&self) -> bool {
        !matches!(self.phase, Phase::Continuous)
            || self.band.is_some()
            || self.steps.0 .0 > 1
            || self.steps.1 .0 > 1
    }

    /// Whether an order may come in; a market order gets the end of the band as its limit.
    pub(super) fn admit(&self, command: &EngineCommand, taker: &mut Taker) -> Result<(), Reason> {
        let for_auction = command.tif == tif::AUCTION;
        match self.phase {
            Phase::Halted => return Err(Reason::Halted),
            Phase::Auction if !stays(command) && !for_auction => return Err(Reason::Auction),
            Phase::Continuous if for_auction => return Err(Reason::Auction),
            Phase::Auction | Phase::Continuous => {}
        }
        if command.order_type == order_type::LIMIT {
            return self.admit_price(taker.limit);
        }
        if let Some(band) = self.band {
            taker.limit = end_of_band(taker.side, band);
        }
        Ok(())
    }

    /// Whether a limit price lies within the band.
    pub(super) fn admit_price(&self, limit: Price) -> Result<(), Reason> {
        match self.band {
            Some((low, high)) if limit < low || limit > high => Err(Reason::PriceBand),
            _ => Ok(()),
        }
    }

    /// Whether prices (0 for none) and a quantity are multiples of their steps.
    pub(super) fn admit_steps(&self, prices: [Price; 2], qty: Qty) -> Result<(), Reason> {
        let (price_step, qty_step) = self.steps;
        if price_step.0 > 1 && prices.iter().any(|price| price.0 % price_step.0 != 0) {
            return Err(Reason::Tick);
        }
        if qty_step.0 > 1 && qty.0 % qty_step.0 != 0 {
            return Err(Reason::Lot);
        }
        Ok(())
    }
}

impl MatchingEngine {
    /// What the venue does with orders now.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        self.day.phase
    }

    /// Takes a command about the market.
    #[cold]
    pub(super) fn handle_control(
        &mut self,
        command: &EngineCommand,
        reports: &mut Vec<EngineReport>,
    ) -> Result<(), (Reason, Qty)> {
        let refused = |reason| Err((reason, Qty(0)));
        match command.op {
            op::CONTINUOUS | op::AUCTION | op::HALT => {
                let phase = match command.op {
                    op::CONTINUOUS => Phase::Continuous,
                    op::AUCTION => Phase::Auction,
                    _ => Phase::Halted,
                };
                if !self.begin(phase) {
                    return refused(Reason::Phase);
                }
            }
            op::UNCROSS => return self.handle_uncross(command, reports),
            op::CLOSE => {
                reports.push(status(command));
                self.end_day(command.ts, reports);
                return Ok(());
            }
            op::BAND => {
                let (low, high) = (command.price, command.stop_price);
                let any = low.0 == 0 && high.0 == 0;
                let band = is_limit(low) && is_limit(high) && low <= high;
                if !any && !band {
                    return refused(Reason::BadPrice);
                }
                self.limit_prices((!any).then_some((low, high)));
            }
            op::STEPS => {
                if !is_limit(command.price) {
                    return refused(Reason::BadPrice);
                }
                if command.qty.0 <= 0 {
                    return refused(Reason::BadQty);
                }
                self.step_by(command.price, command.qty);
            }
            _ => return refused(Reason::Malformed),
        }
        reports.push(status(command));
        Ok(())
    }

    fn handle_uncross(
        &mut self,
        command: &EngineCommand,
        reports: &mut Vec<EngineReport>,
    ) -> Result<(), (Reason, Qty)> {
        if self.day.phase != Phase::Auction {
            return Err((Reason::Phase, Qty(0)));
        }
        let reference = match command.price.0 {
            0 => None,
            _ if is_limit(command.price) => Some(command.price),
            _ => return Err((Reason::BadPrice, Qty(0))),
        };
        let (price, volume, imbalance) = self.indicative(reference);
        reports.push(EngineReport {
            price: price.unwrap_or_default(),
            qty: volume,
            leaves_qty: imbalance,
            ..status(command)
        });
        self.uncross(reference, command.ts, reports);
        Ok(())
    }

    /// Begins another phase. False, and nothing changes, where orders would trade continuously that
    /// were collected, or wait for an auction: [`MatchingEngine::uncross`] them first.
    #[must_use]
    pub fn begin(&mut self, phase: Phase) -> bool {
        let allowed = phase != Phase::Continuous || !self.has_collected();
        if allowed {
            self.day.phase = phase;
            self.note_rules();
        }
        allowed
    }

    /// Limits of the prices that are taken from now on, both included; none without.
    pub fn limit_prices(&mut self, band: Option<(Price, Price)>) {
        self.day.band = band;
        self.note_rules();
    }

    /// Steps of the prices and quantities that are taken from now on, in ticks and lots.
    pub fn step_by(&mut self, price: Price, qty: Qty) {
        self.day.steps = (price, qty);
        self.note_rules();
    }

    fn has_collected(&self) -> bool {
        let best = (self.orders.best(Side::Buy), self.orders.best(Side::Sell));
        let crossed = matches!(best, (Some(bid), Some(ask)) if bid >= ask);
        crossed || self.awaits_auction()
    }

    /// Whether an order is open that is for an auction only.
    fn awaits_auction(&self) -> bool {
        if self.day.phase == Phase::Continuous {
            return false;
        }
        let queued = self.parked.as_ref().is_some_and(|p| !p.queued.is_empty());
        let mut found = queued;
        for side in [Side::Buy, Side::Sell] {
            self.orders.visit(side, |slot| {
                found |= self.orders.order(slot).marks & AUCTION != 0;
                !found
            });
        }
        found
    }

    /// Cancels every order that was for the day, or for an auction only.
    pub fn end_day(&mut self, ts: UnixNanos, reports: &mut Vec<EngineReport>) {
        self.cancel_marked(DAY | AUCTION, (Reason::Expired, ts), reports);
        self.expire_stops(ts, reports);
    }

    /// Cancels the orders with one of these marks: bids, then asks, market orders first, each by
    /// price and time.
    pub(super) fn cancel_marked(
        &mut self,
        marks: u8,
        why: (Reason, UnixNanos),
        reports: &mut Vec<EngineReport>,
    ) {
        for side in [Side::Buy, Side::Sell] {
            if let (Some(parked), true) = (&mut self.parked, marks & AUCTION != 0) {
                parked.queued.visit(side, |slot| {
                    let order = parked.queued.order(slot);
                    let mut told = canceled(order, order.leaves_qty, Qty(0), why);
                    told.price = Price(0);
                    reports.push(told);
                    true
                });
                parked.queued.clear_side(side);
            }
            let mut over: Vec<Slot> = Vec::new();
            self.orders.visit(side, |slot| {
                if self.orders.order(slot).marks & marks != 0 {
                    over.push(slot);
                }
                true
            });
            for slot in over {
                let (order, open) = (*self.orders.order(slot), self.leaves_of(slot));
                reports.push(canceled(&order, open, Qty(0), why));
                self.take_out(slot);
            }
        }
        self.note_rules();
    }
}

/// The report that a command about the market was taken.
fn status(command: &EngineCommand) -> EngineReport {
    report(command, EngineReportKind::Status, Reason::None, Qty(0))
}
