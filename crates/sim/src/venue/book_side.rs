//! What a row of the recorded market does to resting orders.

use py_rt_types::{
    EventKind, Liquidity, MarketEvent, OrderType, Price, Qty, ReportKind, Side, TimeInForce,
    UnixNanos,
};

use super::resting::{queue_depth, queue_trade, Resting};
use super::{Desk, Impact, Listing};
use crate::queue::QueueModel;

impl Listing {
    /// Whether a row changes the book alone: no session is over, no order waits at its level or in
    /// reach of its print.
    #[inline(always)]
    pub(super) fn is_far(&self, now: UnixNanos, event: &MarketEvent) -> bool {
        (now < self.day_ends) & self.stops.is_empty() & !self.reach.is_near(event)
    }

    /// Whether a row is a print that an order may wait for.
    #[inline(always)]
    fn is_reached(&self, event: &MarketEvent) -> bool {
        let trade = event.kind == EventKind::Trade as u8;
        let prints = trade | (event.kind == EventKind::OrderExecute as u8);
        prints & (self.reach.is_reached(event.price) | !self.stops.is_empty())
    }

    pub(super) fn handle_event(&mut self, now: UnixNanos, event: &MarketEvent, desk: &mut Desk) {
        if now >= self.day_ends {
            self.expire_day_orders(now, desk);
        }
        if self.is_reached(event) {
            if let Some(print) = event.print() {
                self.handle_trade(now, &print, desk);
            }
        }
        if event.kind == EventKind::Trade as u8 {
            return;
        }
        if self.waits_at(event) {
            self.handle_level(event, desk.config.queue);
        } else {
            self.book_mut().apply(event);
        }
        let (bid, ask) = self.reach.touch();
        if self.book_mut().reaches(bid, ask) {
            self.fill_crossed(now, desk);
        }
    }

    /// Whether an order waits at the level that a row is about.
    #[inline(always)]
    fn waits_at(&self, event: &MarketEvent) -> bool {
        let orders = match event.side {
            1 => &self.bids,
            -1 => &self.asks,
            _ => return false,
        };
        let mut limits = orders.iter().map(Resting::limit);
        limits.any(|limit| limit == Some(event.price)) && is_of_level(event)
    }

    /// A row about a level where orders wait moves their queue.
    fn handle_level(&mut self, event: &MarketEvent, model: QueueModel) {
        let book = self.book_mut();
        let joined = match (model, book.by_order()) {
            (QueueModel::Fifo, Some(orders)) => orders.joined(event.order_id),
            _ => None,
        };
        book.apply(event);
        if let Some(side) = event.book_side() {
            let shown = book.qty_at(side, event.price);
            for resting in self.side(side).iter_mut() {
                if resting.limit() == Some(event.price) {
                    queue_depth(resting, model, shown, joined);
                }
            }
        }
    }

    /// Orders that the other side's best has moved across are filled at their own price.
    pub(super) fn fill_crossed(&mut self, now: UnixNanos, desk: &mut Desk) {
        let book = self.book_mut();
        let (bid, ask) = (book.best_bid(), book.best_ask());
        if let Some(bid) = bid {
            self.fill_where(now, Side::Sell, desk, |limit| limit <= bid);
        }
        if let Some(ask) = ask {
            self.fill_where(now, Side::Buy, desk, |limit| limit >= ask);
        }
    }

    /// Fills the resting orders of a side completely whose limit satisfies `reached`.
    fn fill_where(
        &mut self,
        now: UnixNanos,
        side: Side,
        desk: &mut Desk,
        reached: impl Fn(Price) -> bool,
    ) {
        if !self
            .side(side)
            .iter()
            .any(|resting| resting.limit().is_some_and(&reached))
        {
            return;
        }
        let mut orders = std::mem::take(self.side(side));
        orders.retain_mut(|resting| {
            let Some(limit) = resting.limit().filter(|&limit| reached(limit)) else {
                return true;
            };
            let leaves = resting.leaves();
            desk.fill(
                now,
                &self.instrument,
                resting,
                (limit, leaves),
                Liquidity::Maker,
            );
            self.working -= 1;
            false
        });
        *self.side(side) = orders;
    }

    fn handle_trade(&mut self, now: UnixNanos, trade: &MarketEvent, desk: &mut Desk) {
        let price = trade.price;
        if trade.side >= 0 {
            self.fill_where(now, Side::Sell, desk, |limit| limit < price);
        }
        if trade.side <= 0 {
            self.fill_where(now, Side::Buy, desk, |limit| limit > price);
        }
        if let Some(aggressor) = trade.book_side() {
            self.fill_at(now, aggressor.opposite(), trade, desk);
        }
        self.trigger_stops(now, price, desk);
    }

    /// A trade at the very price of resting orders moves their queue, first come first served.
    fn fill_at(&mut self, now: UnixNanos, side: Side, trade: &MarketEvent, desk: &mut Desk) {
        let partial_fills = desk.config.partial_fills;
        let mut left = trade.qty.0;
        let mut orders = std::mem::take(self.side(side));
        orders.retain_mut(|resting| {
            if resting.limit() != Some(trade.price) || left <= 0 {
                return true;
            }
            let executed = queue_trade(resting, left, partial_fills);
            if executed > 0 {
                left -= executed;
                let deal = (trade.price, executed);
                desk.fill(now, &self.instrument, resting, deal, Liquidity::Maker);
            }
            let open = resting.leaves() > 0;
            self.working -= usize::from(!open);
            open
        });
        *self.side(side) = orders;
    }

    fn trigger_stops(&mut self, now: UnixNanos, price: Price, desk: &mut Desk) {
        if self.stops.is_empty() {
            return;
        }
        let reached = |resting: &Resting| match (resting.order.side, resting.order.stop_price) {
            (Side::Buy, Some(stop)) => price >= stop,
            (Side::Sell, Some(stop)) => price <= stop,
            (_, None) => true,
        };
        let (triggered, waiting) = std::mem::take(&mut self.stops)
            .into_iter()
            .partition(reached);
        self.stops = waiting;
        let triggered: Vec<Resting> = triggered;
        for mut resting in triggered {
            if resting.elect() {
                self.arrive_limit(now, &mut resting, desk);
                self.refresh_reach();
            } else {
                self.take(now, &mut resting, desk);
                self.end_taker(now, &resting, desk);
            }
        }
    }

    /// Executes an order against what is shown, best level first, down to its limit.
    pub(super) fn take(&mut self, now: UnixNanos, resting: &mut Resting, desk: &mut Desk) {
        let Some(book) = self.book.as_deref_mut() else {
            return;
        };
        let against = resting.order.side.opposite();
        let mut taken: Vec<(Price, Qty)> = Vec::new();
        let removes = desk.config.impact == Impact::Removes;
        let side = resting.order.side;
        let limit = resting
            .limit()
            .filter(|_| resting.order.order_type == OrderType::Limit);
        let whole = !desk.config.partial_fills;
        book.visit(against, |level| {
            let acceptable = limit.is_none_or(|limit| is_at_or_better(side, level.price, limit));
            if !acceptable || resting.leaves() == 0 {
                return false;
            }
            let qty = if whole { resting.leaves() } else { level.qty.0 };
            if removes {
                taken.push((level.price, Qty(level.qty.0 - qty.min(resting.leaves()))));
            }
            let mut price = level.price;
            if let Some(law) = &self.law {
                let deal = (side, price, qty.min(resting.leaves()));
                price = capped(side, self.pressure.price(now, deal, law), limit);
            }
            let deal = (price, qty);
            desk.fill(now, &self.instrument, resting, deal, Liquidity::Taker);
            true
        });
        for (price, left) in taken {
            book.set(against, price, left);
        }
    }

    /// What is left of a market or stop order after taking is cancelled.
    pub(super) fn end_taker(&mut self, now: UnixNanos, resting: &Resting, desk: &mut Desk) {
        self.working -= 1;
        if resting.leaves() > 0 {
            let cum_qty = resting.cum_qty;
            desk.report(now, resting, ReportKind::Canceled { cum_qty });
        }
    }

    /// Quantity shown on the other side that an order could take.
    pub(super) fn shown_for(&self, side: Side, limit: Option<Price>) -> i64 {
        let mut shown = 0i64;
        if let Some(book) = self.book.as_deref() {
            book.visit(side.opposite(), |level| {
                let acceptable = limit.is_none_or(|l| is_at_or_better(side, level.price, l));
                shown = shown.saturating_add(if acceptable { level.qty.0 } else { 0 });
                acceptable
            });
        }
        shown
    }

    /// Whether a limit order would take.
    pub(super) fn crosses(&self, side: Side, limit: Price) -> bool {
        let best = self
            .book
            .as_deref()
            .and_then(|book| book.best(side.opposite()));
        best.is_some_and(|best| is_at_or_better(side, best, limit))
    }

    /// Quantity shown at a price on the order's own side.
    pub(super) fn shown_at(&self, side: Side, price: Price) -> Qty {
        self.book
            .as_deref()
            .map_or(Qty::ZERO, |book| book.qty_at(side, price))
    }

    fn expire_day_orders(&mut self, now: UnixNanos, desk: &mut Desk) {
        let (day, ends) = desk.session(&self.instrument, now);
        self.day_ends = ends;
        let mut ended = 0;
        for side in [&mut self.bids, &mut self.asks, &mut self.stops] {
            side.retain(|resting| {
                let over = resting.order.tif == TimeInForce::Day
                    && resting.session_day.is_some_and(|session| session != day);
                if over {
                    let cum_qty = resting.cum_qty;
                    desk.report(now, resting, ReportKind::Expired { cum_qty });
                    ended += 1;
                }
                !over
            });
        }
        self.working -= ended;
    }
}

/// Whether a row says what is left of a level, by price or by order.
fn is_of_level(event: &MarketEvent) -> bool {
    !matches!(
        event.event_kind(),
        None | Some(EventKind::Trade | EventKind::Clear | EventKind::Quote)
    )
}

/// A price, or the limit where that is less bad.
pub(super) fn capped(side: Side, price: Price, limit: Option<Price>) -> Price {
    match (side, limit) {
        (_, None) => price,
        (Side::Buy, Some(limit)) => price.min(limit),
        (Side::Sell, Some(limit)) => price.max(limit),
    }
}

/// Whether an order of `side` with this limit accepts `price`.
pub(super) fn is_at_or_better(side: Side, price: Price, limit: Price) -> bool {
    match side {
        Side::Buy => price <= limit,
        Side::Sell => price >= limit,
    }
}
