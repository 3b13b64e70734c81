//! Orders on bars.
//!
//! An order that was decided on a closed bar fills at the open of the next one, stamped with that
//! open, as long as its latency is below one bar; it may not know that open. Afterwards the bar's
//! range can reach it, which the venue tells at the bar's close: a limit fills at its price when
//! the bar trades through it (or touches it, if so configured), a stop at its price, or at the
//! open where the bar gaps beyond it. Inside one bar nobody knows the way the price took, so the
//! worse way is assumed: stops first, and a limit on the same side as a stop that was hit does
//! not fill in that bar. A stop with a limit is that limit order once it is reached: it fills at
//! the stop where its limit allows that, and else waits for a better price from the next bar on.

use py_rt_types::{
    Bar, Liquidity, OrderType, Price, RejectReason, ReportKind, Side, TimeInForce, UnixNanos,
};

use super::book_side::{capped, is_at_or_better};
use super::resting::Resting;
use super::{BarFill, Desk, Listing};

impl Listing {
    /// An order arrives between bars or inside one.
    pub(super) fn arrive_on_bars(&mut self, now: UnixNanos, resting: Resting, desk: &mut Desk) {
        let grace = desk.config.bar_grace_ns;
        let current = self.bar.filter(|bar| {
            let decided = now.plus(-grace);
            grace < bar.ts_close.since(bar.ts_open) && decided <= bar.ts_open
        });
        match current {
            Some(bar) => self.meet_open(resting, &bar, desk),
            None => self.wait(resting),
        }
    }

    fn wait(&mut self, resting: Resting) {
        match resting.order.order_type {
            OrderType::Stop | OrderType::Market => self.stops.push(resting),
            OrderType::Limit => self.side(resting.order.side).push(resting),
        }
    }

    #[inline]
    pub(super) fn begin_bar(&mut self, bar: &Bar) {
        self.on_bars = true;
        self.bar = Some(*bar);
    }

    pub(super) fn handle_bar_open(&mut self, bar: &Bar, desk: &mut Desk) {
        self.begin_bar(bar);
        if self.working == 0 || self.book.is_some() {
            return;
        }
        let waiting: Vec<Resting> = [&mut self.stops, &mut self.bids, &mut self.asks]
            .into_iter()
            .flat_map(std::mem::take)
            .collect();
        for resting in waiting {
            self.meet_open(resting, bar, desk);
        }
    }

    fn meet_open(&mut self, mut resting: Resting, bar: &Bar, desk: &mut Desk) {
        let at = bar.ts_open;
        let (day, _) = desk.session(&self.instrument, at);
        if resting.order.tif == TimeInForce::Day && resting.session_day.is_some_and(|d| d != day) {
            self.working -= 1;
            let cum_qty = resting.cum_qty;
            return desk.report(at, &resting, ReportKind::Expired { cum_qty });
        }
        resting.session_day = Some(day);
        let rested = std::mem::replace(&mut resting.in_bar, true);
        let side = resting.order.side;
        let is_stop = resting.order.order_type == OrderType::Stop;
        let elected = is_stop && stop_reached(&resting, bar.open) && resting.elect();
        let fills = match (resting.order.order_type, desk.config.bar_fill) {
            (OrderType::Market, BarFill::NextOpen) => true,
            (OrderType::Market, BarFill::NextClose) => false,
            (OrderType::Stop, _) => stop_reached(&resting, bar.open),
            (OrderType::Limit, _) => resting
                .limit()
                .is_some_and(|limit| is_at_or_better(side, bar.open, limit)),
        };
        let maker = resting.order.post_only && rested && !elected;
        if fills && resting.order.post_only && !maker {
            self.working -= 1;
            let kind = ReportKind::Rejected {
                reason: RejectReason::WouldCross,
            };
            return desk.report(at, &resting, kind);
        }
        if fills {
            let liquidity = if maker {
                Liquidity::Maker
            } else {
                Liquidity::Taker
            };
            self.execute(at, resting, bar.open, liquidity, desk);
        } else if matches!(resting.order.tif, TimeInForce::Ioc | TimeInForce::Fok)
            && resting.order.order_type != OrderType::Market
        {
            self.end_taker(at, &resting, desk);
        } else {
            self.wait(resting);
        }
    }

    fn execute(
        &mut self,
        at: UnixNanos,
        mut resting: Resting,
        price: Price,
        liquidity: Liquidity,
        desk: &mut Desk,
    ) {
        let leaves = resting.leaves();
        let side = resting.order.side;
        let price = match &self.law {
            Some(law) if liquidity == Liquidity::Taker => {
                let moved = self.pressure.price(at, (side, price, leaves), law);
                capped(side, moved, resting.limit())
            }
            _ => price,
        };
        desk.fill(
            at,
            &self.instrument,
            &mut resting,
            (price, leaves),
            liquidity,
        );
        self.working -= 1;
    }

    pub(super) fn handle_bar_close(&mut self, bar: &Bar, desk: &mut Desk) {
        self.bar = None;
        if self.working == 0 || self.book.is_some() {
            return;
        }
        let mut stopped = [false; 2];
        for resting in std::mem::take(&mut self.stops) {
            let side = resting.order.side;
            let at_close = resting.order.order_type == OrderType::Market && resting.in_bar;
            let extreme = if side == Side::Buy { bar.high } else { bar.low };
            if at_close {
                self.execute(bar.ts_close, resting, bar.close, Liquidity::Taker, desk);
            } else if resting.in_bar && stop_reached(&resting, extreme) {
                stopped[usize::from(side == Side::Sell)] = true;
                let price = resting.order.stop_price.unwrap_or(extreme);
                self.stop_inside(bar, (resting, price), desk);
            } else {
                self.stops.push(resting);
            }
        }
        for side in [Side::Buy, Side::Sell] {
            if !stopped[usize::from(side == Side::Sell)] {
                self.fill_limits_inside(side, bar, desk);
            }
        }
    }

    /// A stop is reached inside a bar, at its price.
    fn stop_inside(&mut self, bar: &Bar, (mut resting, price): (Resting, Price), desk: &mut Desk) {
        let side = resting.order.side;
        let refuses = |limit| !is_at_or_better(side, price, limit);
        if resting.limit().is_some_and(refuses) && resting.elect() {
            resting.in_bar = false;
            self.wait(resting);
        } else {
            self.execute(bar.ts_close, resting, price, Liquidity::Taker, desk);
        }
    }

    fn fill_limits_inside(&mut self, side: Side, bar: &Bar, desk: &mut Desk) {
        let touch = desk.config.bar_touch_fills;
        for resting in std::mem::take(self.side(side)) {
            let reached = resting.limit().filter(|&limit| {
                resting.in_bar
                    && match side {
                        Side::Buy => bar.low < limit || (touch && bar.low == limit),
                        Side::Sell => bar.high > limit || (touch && bar.high == limit),
                    }
            });
            match reached {
                Some(limit) => {
                    self.execute(bar.ts_close, resting, limit, Liquidity::Maker, desk);
                }
                None => self.side(side).push(resting),
            }
        }
    }
}

fn stop_reached(resting: &Resting, price: Price) -> bool {
    match (resting.order.side, resting.order.stop_price) {
        (Side::Buy, Some(stop)) => price >= stop,
        (Side::Sell, Some(stop)) => price <= stop,
        (_, None) => false,
    }
}
