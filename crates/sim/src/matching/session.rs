//! What a venue's day does to orders: price bands, halts, auctions, the end of the day.
//!
//! Auction: orders are collected without trading, then all trade at one price. That is the price
//! with the largest volume; of several the one that leaves least over; of several of these the
//! highest when buyers are left over, the lowest when sellers are, else the one nearest to the
//! reference price. Price, then time decides who trades. This is the order of rules of the call
//! auctions of Xetra and Euronext (their trading manuals, "price determination").

use py_rt_kernel::market::{Slot, NO_SLOT};
use py_rt_types::{Price, Qty, Side, UnixNanos};

use super::command::{order_type, tif, EngineCommand, EngineReport, EngineReportKind, Reason};
use super::engine::{MatchingEngine, Taker};

/// Mark of an order that ends with the day.
pub(super) const DAY: u8 = 1;

/// What the venue does with orders now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Phase {
    /// Orders trade as they come.
    #[default]
    Continuous,
    /// Limit orders are collected; nothing trades until [`MatchingEngine::uncross`].
    Auction,
    /// Only cancels are taken.
    Halted,
}

/// Rules of the day beside price and time; looked at only when one is in force.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct DayRules {
    pub(super) phase: Phase,
    band: Option<(Price, Price)>,
}

impl DayRules {
    pub(super) const fn in_force(&self) -> bool {
        !matches!(self.phase, Phase::Continuous) || self.band.is_some()
    }

    /// Whether an order may come in; a market order gets the end of the band as its limit.
    pub(super) fn admit(&self, command: &EngineCommand, taker: &mut Taker) -> Result<(), Reason> {
        let priced = command.order_type == order_type::LIMIT;
        let stays = priced && (command.tif == tif::GTC || command.tif == tif::DAY);
        match self.phase {
            Phase::Halted => return Err(Reason::Halted),
            Phase::Auction if !stays => return Err(Reason::Auction),
            Phase::Auction | Phase::Continuous => {}
        }
        let Some((low, high)) = self.band else {
            return Ok(());
        };
        if priced {
            return self.admit_price(taker.limit);
        }
        taker.limit = match taker.side {
            Side::Buy => high,
            Side::Sell => low,
        };
        Ok(())
    }

    /// Whether a limit price lies within the band.
    pub(super) fn admit_price(&self, limit: Price) -> Result<(), Reason> {
        match self.band {
            Some((low, high)) if limit < low || limit > high => Err(Reason::PriceBand),
            _ => Ok(()),
        }
    }

    pub(super) fn admit_replace(&self, limit: Price) -> Result<(), Reason> {
        if self.phase == Phase::Halted {
            return Err(Reason::Halted);
        }
        self.admit_price(limit)
    }
}

/// What an auction came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uncrossing {
    /// The one price, in ticks.
    pub price: Price,
    /// What traded, in lots.
    pub volume: Qty,
}

impl MatchingEngine {
    /// What the venue does with orders now.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        self.day.phase
    }

    /// Begins another phase. False, and nothing changes, where orders would trade continuously that
    /// were collected: [`MatchingEngine::uncross`] them first.
    #[must_use]
    pub fn begin(&mut self, phase: Phase) -> bool {
        let allowed = phase != Phase::Continuous || !self.is_crossed();
        if allowed {
            self.day.phase = phase;
        }
        allowed
    }

    /// Limits of the prices that are taken from now on, both included; none without.
    pub fn limit_prices(&mut self, band: Option<(Price, Price)>) {
        self.day.band = band;
    }

    fn is_crossed(&self) -> bool {
        let best = (self.orders.best(Side::Buy), self.orders.best(Side::Sell));
        matches!(best, (Some(bid), Some(ask)) if bid >= ask)
    }

    /// Cancels every order that was for the day.
    pub fn end_day(&mut self, ts: UnixNanos, reports: &mut Vec<EngineReport>) {
        for side in [Side::Buy, Side::Sell] {
            let mut over: Vec<Slot> = Vec::new();
            self.orders.visit(side, |slot| {
                if self.orders.order(slot).marks & DAY != 0 {
                    over.push(slot);
                }
                true
            });
            for slot in over {
                let order = *self.orders.order(slot);
                self.orders.remove(slot);
                reports.push(EngineReport {
                    kind: EngineReportKind::Canceled as u8,
                    order_id: order.order_id,
                    maker_order_id: 0,
                    price: order.price,
                    qty: order.leaves_qty,
                    leaves_qty: Qty(0),
                    reason: Reason::Expired as u8,
                    ts,
                });
            }
        }
    }

    /// The price and volume at which an auction would end now; none when nothing crosses.
    #[must_use]
    pub fn auction_price(&self, reference: Option<Price>) -> Option<Uncrossing> {
        let (bids, asks) = (self.curve(Side::Buy), self.curve(Side::Sell));
        let (best_bid, best_ask) = (bids.first()?.0, asks.first()?.0);
        // Both sums are steps: they change only at a bid's price and above it, an ask's and below.
        let steps = bids.iter().flat_map(|bid| [bid.0, bid.0 + 1]);
        let mut prices: Vec<i64> = steps
            .chain(asks.iter().flat_map(|ask| [ask.0 - 1, ask.0]))
            .collect();
        prices.retain(|&price| (best_ask..=best_bid).contains(&price));
        prices.sort_unstable();
        prices.dedup();
        // Demand at a price: what is bid at it or above. Supply: what is asked at it or below.
        let demand = |price: i64| {
            bids.iter()
                .take_while(|b| b.0 >= price)
                .map(|b| b.1)
                .sum::<i128>()
        };
        let supply = |price: i64| {
            asks.iter()
                .take_while(|a| a.0 <= price)
                .map(|a| a.1)
                .sum::<i128>()
        };
        let all: Vec<(i64, i128, i128)> = prices
            .iter()
            .map(|&price| (price, demand(price), supply(price)))
            .collect();
        let volume = all.iter().map(|(_, d, s)| *d.min(s)).max()?;
        let left = |(_, d, s): &(i64, i128, i128)| (d - s).abs();
        let most = all.iter().filter(|(_, d, s)| *d.min(s) == volume);
        let least = most.clone().map(left).min()?;
        let tied: Vec<_> = most.filter(|row| left(row) == least).collect();
        let (low, high) = (tied.first()?.0, tied.last()?.0);
        let price = if tied.iter().all(|(_, d, s)| d > s) {
            high
        } else if tied.iter().all(|(_, d, s)| d < s) {
            low
        } else {
            let middle = low + (high - low) / 2;
            reference.map_or(middle, |price| price.0).clamp(low, high)
        };
        Some(Uncrossing {
            price: Price(price),
            volume: Qty(i64::try_from(volume).unwrap_or(i64::MAX)),
        })
    }

    /// Levels of a side, best first, with exact sums.
    fn curve(&self, side: Side) -> Vec<(i64, i128)> {
        let mut levels = Vec::new();
        self.orders.visit_levels(side, |level| {
            levels.push((level.price.0, i128::from(level.qty.0)));
            true
        });
        levels
    }

    /// Ends an auction: trades what crosses at one price, then goes on continuously.
    ///
    /// In its trades `order_id` is the buy order, `maker_order_id` the sell order. Orders of one
    /// owner trade with each other as anybody's.
    pub fn uncross(
        &mut self,
        reference: Option<Price>,
        ts: UnixNanos,
        reports: &mut Vec<EngineReport>,
    ) -> Option<Uncrossing> {
        let found = self.auction_price(reference);
        let mut left = found.map_or(0, |found| found.volume.0);
        while let (Some(found), true) = (found, left > 0) {
            let (buy, sell) = (self.orders.first(Side::Buy), self.orders.first(Side::Sell));
            if buy == NO_SLOT || sell == NO_SLOT {
                break;
            }
            let (bid, ask) = (*self.orders.order(buy), *self.orders.order(sell));
            let qty = Qty(left).min(bid.leaves_qty).min(ask.leaves_qty);
            left -= qty.0;
            reports.push(EngineReport {
                kind: EngineReportKind::Trade as u8,
                order_id: bid.order_id,
                maker_order_id: ask.order_id,
                price: found.price,
                qty,
                leaves_qty: Qty(bid.leaves_qty.0 - qty.0),
                reason: Reason::None as u8,
                ts,
            });
            self.orders.execute(buy, qty);
            self.orders.execute(sell, qty);
        }
        self.day.phase = Phase::Continuous;
        found
    }
}
