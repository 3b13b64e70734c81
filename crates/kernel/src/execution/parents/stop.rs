//! Stops that the kernel holds: what reaches them, and how a trailing one follows.

use py_rt_types::{Price, Side};

use super::held::Held;
use super::{Algorithm, Trigger};
use crate::market::InstrumentMarket;

impl Held {
    /// A trailing stop without a price begins at its distance from the market.
    pub(super) fn begin_trail(&mut self, market: &InstrumentMarket) {
        let from = match self.trigger() {
            Some(Trigger::Touch) => self.touch(market),
            _ => self.last_price(market),
        };
        if let Some(price) = from {
            self.follow(price, price);
        }
    }

    const fn trigger(&self) -> Option<Trigger> {
        match self.parent.algorithm {
            Algorithm::Stop { trigger, .. } => Some(trigger),
            _ => None,
        }
    }

    fn last_price(&self, market: &InstrumentMarket) -> Option<Price> {
        let bar = || market.last_bar().map(|bar| bar.close);
        market.last_trade().map(|(price, _)| price).or_else(bar)
    }

    /// The price that the order would take.
    fn touch(&self, market: &InstrumentMarket) -> Option<Price> {
        let (bid, ask) = market.touch().filter(|_| market.valid())?;
        Some(match self.parent.side {
            Side::Buy => ask,
            Side::Sell => bid,
        })
    }

    /// Looks at the market; true once, when it reaches the stop. `range` is what traded, from low
    /// to high. Within a range the stop is met before it follows: the worse way is assumed.
    pub(super) fn see_prices(
        &mut self,
        market: &InstrumentMarket,
        range: Option<(Price, Price)>,
    ) -> bool {
        let Some(trigger) = self.trigger() else {
            return false;
        };
        if self.triggered || self.ending.is_some() || !market.valid() {
            return false;
        }
        let seen = match trigger {
            Trigger::LastTrade => range,
            Trigger::Touch if market.book().is_some() => {
                self.touch(market).map(|price| (price, price))
            }
            Trigger::Touch => range,
        };
        let Some((low, high)) = seen else {
            return false;
        };
        if self.is_reached(low, high) {
            self.triggered = true;
            return true;
        }
        self.follow(low, high);
        false
    }

    fn is_reached(&self, low: Price, high: Price) -> bool {
        let Algorithm::Stop {
            stop_price: Some(stop),
            ..
        } = self.parent.algorithm
        else {
            return false;
        };
        match self.parent.side {
            Side::Buy => high >= stop,
            Side::Sell => low <= stop,
        }
    }

    /// Moves a trailing stop behind the best price; never back.
    fn follow(&mut self, low: Price, high: Price) {
        let side = self.parent.side;
        let Algorithm::Stop {
            stop_price,
            trail_ticks: Some(trail),
            ..
        } = &mut self.parent.algorithm
        else {
            return;
        };
        let best = match side {
            Side::Buy => Price(low.0.saturating_add(*trail)),
            Side::Sell => Price(high.0.saturating_sub(*trail)),
        };
        let moved = match (*stop_price, side) {
            (None, _) => best,
            (Some(stop), Side::Buy) => stop.min(best),
            (Some(stop), Side::Sell) => stop.max(best),
        };
        *stop_price = Some(moved);
    }
}
