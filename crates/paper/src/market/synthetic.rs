//! A made-up market: a seeded two-sided book that moves, trades and fills resting orders.
//!
//! A fair price walks at random; the touch stands `spread_ticks` apart around it, with levels of
//! random depth behind. Of ten messages five let the price walk, three trade at the touch and two
//! refresh a level. Messages come at random (exponential) distances.

use std::collections::{BTreeMap, VecDeque};

use py_rt_types::{
    Decimal, EventKind, Instrument, InstrumentId, MarketEvent, Price, Qty, UnixNanos, END,
};

use crate::config::Synthetic;
use crate::ids::Random;
use crate::PaperError;

const LEVELS: i64 = 10;

/// Makes a market.
pub(crate) struct Maker {
    instrument: InstrumentId,
    random: Random,
    /// Fair price in ticks.
    fair: f64,
    spread: i64,
    /// Smallest quantity it uses, in lots: a whole share, or a hundredth of the depth.
    grain: i64,
    depth: i64,
    volatility: f64,
    gap_ns: f64,
    bids: BTreeMap<i64, i64>,
    asks: BTreeMap<i64, i64>,
    next: UnixNanos,
    queue: VecDeque<MarketEvent>,
}

impl Maker {
    pub(crate) fn try_new(
        raw: &Synthetic,
        listing: &Instrument,
        place: usize,
        seed: u64,
    ) -> Result<Self, PaperError> {
        let wrong = |field: &str, problem: &str, remedy: &str| {
            PaperError::config(
                format!("instrument[{place}].market.{field}"),
                problem,
                remedy,
            )
        };
        let price = Decimal::parse(&raw.price)
            .ok()
            .and_then(|price| listing.parse_price(price).ok())
            .filter(|price| price.0 > 10 * LEVELS)
            .ok_or_else(|| wrong("price", "not a price on the tick", "write it as \"190.00\""))?;
        let depth = Decimal::parse(&raw.depth_qty)
            .ok()
            .and_then(|qty| listing.parse_qty(qty).ok())
            .filter(|qty| qty.0 > 0)
            .ok_or_else(|| wrong("depth_qty", "not a quantity on the lot", "write \"500\""))?;
        if raw.spread_ticks < 1 {
            return Err(wrong("spread_ticks", "below 1", "use 1 or more"));
        }
        if !(raw.volatility.is_finite() && (0.0..0.1).contains(&raw.volatility)) {
            return Err(wrong("volatility", "not within 0 to 0.1", "use 0.0001"));
        }
        if !(raw.events_per_s.is_finite() && raw.events_per_s > 0.0 && raw.events_per_s <= 1e5) {
            return Err(wrong("events_per_s", "not within 0 to 100000", "use 20"));
        }
        let whole = Decimal::parse("1")
            .ok()
            .and_then(|one| listing.parse_qty(one).ok());
        let grain = match whole {
            Some(one) if depth.0 % one.0 == 0 => one.0,
            _ => (depth.0 / 100).max(1),
        };
        Ok(Self {
            instrument: InstrumentId(u32::try_from(place).unwrap_or(u32::MAX)),
            random: Random::new(seed, listing.symbol()),
            fair: price.0 as f64,
            spread: raw.spread_ticks,
            grain,
            depth: (depth.0 / grain).max(2),
            volatility: raw.volatility,
            gap_ns: 1e9 / raw.events_per_s,
            bids: BTreeMap::new(),
            asks: BTreeMap::new(),
            next: UnixNanos::MAX,
            queue: VecDeque::new(),
        })
    }

    pub(crate) fn preroll(&mut self, start: UnixNanos) -> Vec<MarketEvent> {
        self.next = start;
        self.row(EventKind::Clear, 0, 0, 0);
        self.requote();
        let touch = self.touch();
        self.row(EventKind::Trade, 1, touch.1, self.grain);
        self.finish();
        self.schedule();
        self.queue.drain(..).collect()
    }

    pub(crate) fn due(&self) -> UnixNanos {
        self.queue.front().map_or(self.next, |event| event.ts_event)
    }

    pub(crate) fn skip(&mut self, step: i64) {
        self.next = self.next.plus(step);
        for event in &mut self.queue {
            event.ts_event = event.ts_event.plus(step);
            event.ts_recv = event.ts_event;
        }
    }

    pub(crate) const fn is_of(&self, place: usize) -> bool {
        self.instrument.index() == place
    }

    /// A split: the price is another one from now on; returns the rows of the new book.
    pub(crate) fn rescale(&mut self, at: UnixNanos, new: i64, old: i64) -> Vec<MarketEvent> {
        let next = std::mem::replace(&mut self.next, at);
        self.queue.clear();
        let lowest = (10 * LEVELS) as f64;
        self.fair = (self.fair * old as f64 / new as f64).max(lowest);
        self.requote();
        let touch = self.touch();
        self.row(EventKind::Trade, 1, touch.1, self.grain);
        self.finish();
        self.next = next;
        self.queue.drain(..).collect()
    }

    pub(crate) fn pop(&mut self) -> Option<MarketEvent> {
        if self.queue.is_empty() {
            match self.random.below(10) {
                0..=4 => self.walk(),
                5..=7 => self.trade(),
                _ => self.refresh(),
            }
            self.finish();
            self.schedule();
        }
        self.queue.pop_front()
    }

    fn schedule(&mut self) {
        let wait = -(1.0 - self.random.uniform()).ln() * self.gap_ns;
        self.next = self.next.plus((wait as i64).max(1));
    }

    fn row(&mut self, kind: EventKind, side: i8, price: i64, qty: i64) {
        self.queue.push_back(MarketEvent {
            ts_event: self.next,
            ts_recv: self.next,
            instrument: self.instrument,
            kind: kind as u8,
            side,
            flags: 0,
            price: Price(price),
            qty: Qty(qty),
            order_id: 0,
        });
    }

    fn finish(&mut self) {
        if self.queue.is_empty() {
            self.refresh();
        }
        if let Some(last) = self.queue.back_mut() {
            last.flags |= END;
        }
    }

    /// Where the touch belongs around the fair price.
    fn touch(&self) -> (i64, i64) {
        let bid = (self.fair - self.spread as f64 / 2.0).round() as i64;
        (bid, bid + self.spread)
    }

    fn random_qty(&mut self) -> i64 {
        (self.depth / 2 + self.random.below(self.depth)).max(1) * self.grain
    }

    fn side(&mut self, side: i8) -> &mut BTreeMap<i64, i64> {
        if side > 0 {
            &mut self.bids
        } else {
            &mut self.asks
        }
    }

    fn set(&mut self, side: i8, price: i64, qty: i64) {
        let levels = self.side(side);
        if qty > 0 {
            levels.insert(price, qty);
        } else {
            levels.remove(&price);
        }
        self.row(EventKind::Depth, side, price, qty);
    }

    /// Moves both sides to the touch: first away what is out of place, then in what is missing.
    fn requote(&mut self) {
        let (bid, ask) = self.touch();
        let sides = [(1i8, bid, -1), (-1i8, ask, 1)];
        for (side, best, step) in sides {
            let reach = |price: i64| (price - best) * step;
            let stale: Vec<i64> = self
                .side(side)
                .keys()
                .copied()
                .filter(|price| !(0..LEVELS).contains(&reach(*price)))
                .collect();
            stale.into_iter().for_each(|price| self.set(side, price, 0));
        }
        for (side, best, step) in sides {
            for level in 0..LEVELS {
                let price = best + level * step;
                if !self.side(side).contains_key(&price) {
                    let qty = self.random_qty();
                    self.set(side, price, qty);
                }
            }
        }
    }

    fn walk(&mut self) {
        let step = self.volatility * self.random.normal();
        let lowest = (10 * LEVELS) as f64;
        self.fair = (self.fair * (1.0 + step)).max(lowest);
        self.requote();
    }

    /// A trade takes part of the touch, or all of it and the level fills up behind.
    fn trade(&mut self) {
        let side: i8 = if self.random.below(2) == 0 { 1 } else { -1 };
        let level = if side > 0 {
            self.asks.first_key_value()
        } else {
            self.bids.last_key_value()
        };
        let Some((&price, &shown)) = level else {
            return self.requote();
        };
        let wanted = (1 + self.random.below(self.depth)) * self.grain;
        let qty = wanted.min(shown);
        self.row(EventKind::Trade, side, price, qty);
        let left = match shown - qty {
            0 => self.random_qty(),
            left => left,
        };
        self.set(-side, price, left);
    }

    fn refresh(&mut self) {
        let side: i8 = if self.random.below(2) == 0 { 1 } else { -1 };
        let (bid, ask) = self.touch();
        let level = self.random.below(LEVELS);
        let price = if side > 0 { bid - level } else { ask + level };
        let qty = self.random_qty();
        self.set(side, price, qty);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{PaperConfig, PaperInstrument};

    fn maker(seed: u64) -> Maker {
        let config = PaperConfig {
            instruments: vec![PaperInstrument::equity("AAPL")],
            ..PaperConfig::default()
        };
        let listings = config.listings().unwrap();
        let raw = Synthetic {
            price: "190.00".to_owned(),
            ..Synthetic::default()
        };
        Maker::try_new(&raw, &listings[0].instrument, 0, seed).unwrap()
    }

    fn rows(seed: u64, count: usize) -> Vec<MarketEvent> {
        let mut maker = maker(seed);
        let mut rows = maker.preroll(UnixNanos(0));
        rows.extend((0..count).filter_map(|_| maker.pop()));
        rows
    }

    #[test]
    fn the_seed_makes_the_market() {
        assert_eq!(rows(7, 5000), rows(7, 5000));
        assert_ne!(rows(7, 100), rows(8, 100));
    }

    #[test]
    fn the_book_is_never_crossed_at_the_end_of_a_message_and_time_goes_on() {
        let (mut bids, mut asks) = (BTreeMap::new(), BTreeMap::new());
        let (mut latest, mut trades) = (UnixNanos(0), 0);
        for row in rows(7, 20_000) {
            assert!(row.ts_event >= latest);
            latest = row.ts_event;
            trades += i32::from(row.kind == EventKind::Trade as u8);
            if row.kind == EventKind::Depth as u8 {
                let side = if row.side > 0 { &mut bids } else { &mut asks };
                if row.qty.0 > 0 {
                    side.insert(row.price.0, row.qty.0);
                } else {
                    side.remove(&row.price.0);
                }
            }
            if row.is_end() {
                assert_eq!((bids.len() as i64, asks.len() as i64), (LEVELS, LEVELS));
                assert!(bids.last_key_value().unwrap().0 < asks.first_key_value().unwrap().0);
            }
        }
        assert!(trades > 500 && latest > UnixNanos(60_000_000_000));
    }
}
