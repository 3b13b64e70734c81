//! Markets that are halted, distorted or late, and shares that split.

use std::collections::BTreeMap;

use py_rt_types::{EventKind, MarketEvent, Price, Qty, Side, END};

use super::fields::{wrong, Fields};
use super::spec::Rule;
use crate::answer::Refusal;
use crate::engine::Engine;
use crate::stream::wire::book_levels;

/// How a book is shown otherwise than it is: bids, then asks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Lens {
    hide: [bool; 2],
    shift: [i64; 2],
}

/// A book seen through a lens, and what it really is.
#[derive(Debug, Default)]
pub(crate) struct Distortion {
    lens: Lens,
    levels: [BTreeMap<Price, Qty>; 2],
}

const fn place_of(side: i8) -> usize {
    (side < 0) as usize
}

impl Distortion {
    /// Notes what really happens, and says what is seen of it.
    pub(crate) fn see(&mut self, event: &MarketEvent) -> MarketEvent {
        let at = place_of(event.side);
        let kind = event.event_kind();
        let levels = matches!(kind, Some(EventKind::Depth | EventKind::Snapshot));
        if levels && event.qty.0 > 0 {
            self.levels[at].insert(event.price, event.qty);
        } else if levels {
            self.levels[at].remove(&event.price);
        } else if kind == Some(EventKind::Clear) {
            self.levels = Default::default();
        }
        let mut seen = *event;
        // Buyers take at the ask: their trades move with that side.
        let moved = if kind == Some(EventKind::Trade) {
            1 - at
        } else {
            at
        };
        if levels || kind == Some(EventKind::Trade) {
            seen.price.0 = (seen.price.0 + self.lens.shift[moved]).max(1);
        }
        if self.lens.hide[moved] && kind != Some(EventKind::Clear) {
            // The row may end a message: it stays, with nothing in it.
            seen.kind = EventKind::Depth as u8;
            seen.side = if moved == 0 { 1 } else { -1 };
            seen.qty = Qty::ZERO;
        }
        seen
    }
}

impl Engine {
    /// Places of the instruments that a rule names.
    pub(super) fn named_places(&self, rule: &Rule) -> Result<Vec<usize>, Refusal> {
        let Some(symbol) = rule.filter.symbol.as_deref() else {
            return Ok((0..self.listings.len()).collect());
        };
        let found = self.listings.iter().position(|listing| {
            let pair = listing.pair.as_ref();
            listing.plain == symbol || pair.is_some_and(|pair| pair.symbol == symbol)
        });
        let unknown = || wrong("symbol", "is not listed", "use a symbol of the venue");
        Ok(vec![found.ok_or_else(unknown)?])
    }

    /// F7: the market of some instruments.
    pub(super) fn act_on_market(&mut self, rule: &Rule) -> Result<u64, Refusal> {
        let fields = Fields(&rule.written);
        let places = self.named_places(rule)?;
        let ticks = fields.signed("ticks")?.unwrap_or(100);
        let side = match fields.text("side")? {
            None | Some("bid" | "buy") => 0,
            Some("ask" | "sell") => 1,
            Some(_) => return Err(wrong("side", "is not known", "use bid or ask")),
        };
        let percent = fields.number("percent")?.unwrap_or(5.0);
        if !(percent > 0.0 && percent < 100.0) {
            return Err(wrong("percent", "is not within 0 to 100", "use 5"));
        }
        let hidden = |hide| Lens {
            hide,
            ..Lens::default()
        };
        let shifted = |shift| Lens {
            shift,
            ..Lens::default()
        };
        let kind = rule.kind();
        for place in &places {
            let place = *place;
            match kind {
                "halt" | "resume" => self.set_halted(place, kind == "halt"),
                "limit_bands" => {
                    let mark = self.mark(place).unwrap_or_default();
                    let width = (mark.0 as f64 * percent / 100.0) as i64;
                    self.bands[place] = Some((Price(mark.0 - width), Price(mark.0 + width)));
                }
                "empty_book" => self.distort(place, Some(hidden([true, true]))),
                "one_sided" => self.distort(place, Some(hidden([side == 0, side == 1]))),
                "gap" => self.distort(place, Some(shifted([ticks, ticks]))),
                "wide_spread" => self.distort(place, Some(shifted([-ticks, ticks]))),
                _ => {
                    self.distort(place, None);
                    self.bands[place] = None;
                    self.set_halted(place, false);
                }
            }
        }
        Ok(places.len() as u64)
    }

    /// Shows the book through another lens, or as it is.
    fn distort(&mut self, place: usize, lens: Option<Lens>) {
        let shown = [Side::Buy, Side::Sell].map(|side| book_levels(&self.venue, place, side));
        let levels = match self.distorted[place].take() {
            Some(before) => before.levels,
            None => [&shown[0], &shown[1]].map(|levels| levels.iter().copied().collect()),
        };
        let seen = lens.unwrap_or_default();
        let mut rows = Vec::new();
        for (at, side) in [1i8, -1].into_iter().enumerate() {
            rows.extend(shown[at].iter().map(|level| (side, level.0, Qty::ZERO)));
        }
        for (at, side) in [1i8, -1].into_iter().enumerate() {
            let moved = |price: &Price| Price((price.0 + seen.shift[at]).max(1));
            let real = levels[at].iter().filter(|_| !seen.hide[at]);
            rows.extend(real.map(|(price, qty)| (side, moved(price), *qty)));
        }
        self.distorted[place] = None;
        let last = rows.len().saturating_sub(1);
        for (number, (side, price, qty)) in rows.into_iter().enumerate() {
            let event = MarketEvent {
                ts_event: self.now,
                ts_recv: self.now,
                instrument: py_rt_types::InstrumentId(u32::try_from(place).unwrap_or(u32::MAX)),
                kind: EventKind::Depth as u8,
                side,
                flags: if number == last { END } else { 0 },
                price,
                qty,
                order_id: 0,
            };
            self.handle_market(&event);
        }
        self.distorted[place] = lens.map(|lens| Distortion { lens, levels });
    }

    /// Whether a price lies outside the bands of its instrument.
    pub(crate) fn is_beyond_bands(&self, place: usize, limit: Option<Price>) -> bool {
        match (self.bands[place], limit) {
            (Some((low, high)), Some(limit)) => limit < low || limit > high,
            _ => false,
        }
    }
}
