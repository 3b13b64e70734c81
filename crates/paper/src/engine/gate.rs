//! The gate: stop orders wait here until a trade reaches their price, then meet the market.

use py_rt_types::{Price, Side};

use super::Engine;
use crate::order::{Order, Trail};

impl Engine {
    /// A stop order is taken: it waits.
    pub(super) fn hold(&mut self, place: usize) {
        self.close_gate(place);
        self.apply_accepted(place);
    }

    pub(super) fn close_gate(&mut self, place: usize) {
        self.orders[place].held = true;
        self.gates[self.orders[place].instrument].push(place);
    }

    pub(super) fn open_gate(&mut self, place: usize) {
        self.orders[place].held = false;
        self.gates[self.orders[place].instrument].retain(|held| *held != place);
    }

    /// A trade printed: stops that it reaches go to the market, oldest first.
    pub(super) fn pass_gates(&mut self, instrument: usize, price: Price) {
        if self.gates[instrument].is_empty() || !self.is_trading(instrument) {
            return;
        }
        for place in self.gates[instrument].clone() {
            let mut order = self.orders[place].clone();
            self.follow(&mut order, price);
            let reached = order.stop.is_some_and(|stop| order.is_reached(stop, price));
            self.orders[place] = order;
            if reached {
                self.open_gate(place);
                self.clear_twins(place);
                self.send(place);
            }
        }
    }

    /// Lets a trailing stop follow the best price seen.
    fn follow(&self, order: &mut Order, price: Price) {
        if order.trail.is_none() {
            return;
        }
        let better = match (order.high_water, order.side) {
            (None, _) => true,
            (Some(best), Side::Sell) => price > best,
            (Some(best), Side::Buy) => price < best,
        };
        if better {
            order.high_water = Some(price);
            self.trail_stop(order);
        }
    }

    /// Sets the stop price of a trailing stop from its best price.
    pub(super) fn trail_stop(&self, order: &mut Order) {
        let (Some(trail), Some(best)) = (order.trail, order.high_water) else {
            return;
        };
        let listing = &self.listings[order.instrument].instrument;
        let distance = match trail {
            Trail::Price(step) => listing.parse_price(step).map_or(0, |ticks| ticks.0),
            Trail::Percent(percent) => {
                // Atto of a percent over 1e20 is the share; the ticks are rounded down.
                let share = percent.to_atto().unwrap_or_default() / 1_000_000_000;
                let scaled = i128::from(best.0).saturating_mul(share);
                i64::try_from(scaled / 100_000_000_000).unwrap_or(i64::MAX)
            }
        };
        let step = distance.saturating_mul(order.side.sign());
        order.stop = Some(Price(best.0.saturating_add(step)));
    }
}
