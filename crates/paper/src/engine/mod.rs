//! The engine: the one owner of accounts, orders, executions, positions, cash and virtual time.
//!
//! It is a state machine without sockets or clocks. One law of driving: [`Engine::advance`] to the
//! virtual time now, hand in one request or stream message, send what it answers, wait until
//! [`Engine::poll_timeout`].

mod change;
mod class;
mod funds;
mod gate;
mod intake;
mod life;
pub(crate) mod pause;
#[cfg(test)]
pub(crate) mod tests;
pub(crate) mod wallet;

use std::collections::{BTreeMap, BTreeSet};

use pause::Phase;
use py_rt_sim::SimVenue;
use py_rt_types::{
    Decimal, EventKind, InstrumentId, MarketEvent, Money, Price, Qty, Side, UnixNanos,
};

use crate::binance::Desk;
use crate::config::{Commission, Dialect, PaperConfig};
use crate::fault::{Distortion, Faults, Requests};
use crate::ids::{Random, Uuid};
use crate::listing::{plain_symbol, Listing};
use crate::market::tape::{Quote, Tape};
use crate::market::{Maker, Replay, Source};
use crate::order::{Execution, Order, Position};
use crate::stream::{wire, Hub};
use crate::PaperError;

/// An account.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) id: Uuid,
    pub(crate) dialect: Dialect,
    pub(crate) key: String,
    pub(crate) secret: String,
    pub(crate) public_key: Option<[u8; 32]>,
    pub(crate) cash: Money,
    pub(crate) initial_cash: Money,
    /// What a Binance account owns, by asset, in 1e-18 of it.
    pub(crate) wallet: BTreeMap<String, i128>,
    pub(crate) initial_wallet: BTreeMap<String, i128>,
    /// By place of the instrument.
    pub(crate) positions: Vec<Position>,
    /// Places of its orders, oldest first.
    pub(crate) orders: Vec<usize>,
    pub(crate) open: BTreeSet<usize>,
    /// Places of its executions, oldest first.
    pub(crate) executions: Vec<usize>,
    pub(crate) suspended: bool,
    pub(crate) no_shorting: bool,
}

/// The engine.
pub(crate) struct Engine {
    pub(crate) listings: Vec<Listing>,
    pub(crate) accounts: Vec<Account>,
    pub(crate) orders: Vec<Order>,
    pub(crate) executions: Vec<Execution>,
    pub(crate) tapes: Vec<Tape>,
    /// First price seen of each instrument: what "today" is measured from.
    pub(crate) first_prices: Vec<Option<Price>>,
    pub(crate) hub: Hub,
    /// The Binance side: its streams, quotas and book ids.
    pub(crate) desk: Desk,
    pub(crate) commission: Commission,
    pub(crate) ids: Random,
    pub(crate) seed: u64,
    pub(crate) speed: f64,
    pub(crate) margin_multiplier: u32,
    pub(crate) started_at: UnixNanos,
    pub(crate) now: UnixNanos,
    pub(crate) by_id: BTreeMap<Uuid, usize>,
    pub(crate) by_client: BTreeMap<(usize, String), usize>,
    sources: Vec<Source>,
    pub(crate) venue: SimVenue,
    /// Place of the order that a number of the matching engine stands for.
    by_sequence: BTreeMap<u64, usize>,
    next_sequence: u64,
    /// The replacement that is being made: its place.
    replacement: Option<usize>,
    /// When open orders expire; rows of orders that ended otherwise are skipped.
    deadlines: BTreeSet<(UnixNanos, usize)>,
    /// Stop orders that wait for their price, by place of the instrument.
    gates: Vec<Vec<usize>>,
    changes: Vec<Changes>,
    pub(crate) faults: Faults,
    pub(crate) requests: Requests,
    pub(crate) connections_most: usize,
    /// Instruments that are halted, their limit bands, and how their books are distorted.
    pub(crate) halted: Vec<bool>,
    pub(crate) bands: Vec<Option<(Price, Price)>>,
    pub(crate) distorted: Vec<Option<Distortion>>,
    /// How far the clock that the venue shows is off, and since when it drifts by how many ppm.
    pub(crate) skew_ns: i64,
    pub(crate) drift: (UnixNanos, i64),
    /// Shares trade by the calendar only.
    pub(crate) keep_sessions: bool,
    pub(crate) phase: Phase,
    phase_ends: UnixNanos,
    jumped_to: Option<UnixNanos>,
}

/// What the current message did to a book, for those who follow it level by level.
#[derive(Debug, Default)]
struct Changes {
    reset: bool,
    levels: Vec<(Side, Price, Qty)>,
}

impl Engine {
    /// A venue whose virtual time begins at `start`, with a first book of every recording.
    pub(crate) fn try_new(mut config: PaperConfig, start: UnixNanos) -> Result<Self, PaperError> {
        let listings = config.listings()?;
        let sources = make_sources(&mut config, &listings)?;
        let instruments: Vec<_> = listings.iter().map(|l| l.instrument.clone()).collect();
        let mut ids = Random::new(config.seed, "ids");
        let count = listings.len();
        let accounts = open_accounts(&config, &mut ids, count);
        let mut engine = Self {
            venue: SimVenue::new(&instruments, config.venue),
            listings,
            accounts,
            orders: Vec::new(),
            executions: Vec::new(),
            tapes: (0..count).map(|_| Tape::default()).collect(),
            first_prices: vec![None; count],
            hub: Hub::default(),
            desk: Desk::new(count, config.binance_port.is_some()),
            commission: config.commission,
            ids,
            seed: config.seed,
            speed: config.speed,
            margin_multiplier: config.margin_multiplier.max(1),
            started_at: start,
            now: start,
            by_id: BTreeMap::new(),
            by_client: BTreeMap::new(),
            sources,
            by_sequence: BTreeMap::new(),
            next_sequence: 1,
            replacement: None,
            deadlines: BTreeSet::new(),
            gates: vec![Vec::new(); count],
            changes: (0..count).map(|_| Changes::default()).collect(),
            faults: Faults::default(),
            requests: Requests::default(),
            connections_most: usize::MAX,
            halted: vec![false; count],
            bands: vec![None; count],
            distorted: (0..count).map(|_| None).collect(),
            skew_ns: 0,
            drift: (start, 0),
            keep_sessions: config.keep_sessions,
            phase: pause::phase_at(start).0,
            phase_ends: pause::phase_at(start).1,
            jumped_to: None,
        };
        for place in 0..engine.sources.len() {
            let rows = engine.sources[place].preroll(start);
            rows.iter().for_each(|row| engine.handle_market(row));
        }
        Ok(engine)
    }

    /// When something happens next by itself.
    pub(crate) fn poll_timeout(&self) -> UnixNanos {
        let minutes = self.tapes.iter().map(Tape::minute_ends).min();
        let expiry = self.deadlines.first().map_or(UnixNanos::MAX, |d| d.0);
        self.poll_market()
            .min(expiry)
            .min(minutes.unwrap_or(UnixNanos::MAX))
            .min(self.desk.poll_timeout())
            .min(if self.keep_sessions {
                self.phase_ends
            } else {
                UnixNanos::MAX
            })
    }

    /// When the next market event is due; `MAX` when all recordings are over.
    pub(crate) fn poll_market(&self) -> UnixNanos {
        let sources = self.sources.iter().map(Source::due);
        sources.min().unwrap_or(UnixNanos::MAX)
    }

    /// Lets happen what is due by `now`, at most `budget` steps; says whether more is due.
    pub(crate) fn advance(&mut self, now: UnixNanos, budget: usize) -> bool {
        for _ in 0..budget {
            let at = self.poll_timeout();
            if at > now || at == UnixNanos::MAX {
                self.now = self.now.max(now);
                return false;
            }
            self.now = self.now.max(at);
            self.step(at);
        }
        true
    }

    fn step(&mut self, at: UnixNanos) {
        if self.deadlines.first().is_some_and(|d| d.0 <= at) {
            return self.expire_next();
        }
        if self.keep_sessions && self.phase_ends <= at {
            return self.begin_phase(at);
        }
        if let Some(place) = self.tapes.iter().position(|tape| tape.minute_ends() <= at) {
            if let Some(bar) = self.tapes[place].close_minute() {
                self.hub.publish_bar(&self.listings[place], &bar);
            }
            return;
        }
        if self.desk.poll_timeout() <= at {
            return self.publish_samples(at);
        }
        let next = self.sources.iter_mut().min_by_key(|source| source.due());
        if let Some(event) = next.and_then(Source::pop) {
            let place = event.instrument.index();
            match self.distorted.get_mut(place) {
                Some(Some(distortion)) => {
                    let seen = distortion.see(&event);
                    self.handle_market(&seen);
                }
                _ => self.handle_market(&event),
            }
        }
    }

    /// Virtual time goes on from a later moment; the market has stood still meanwhile.
    pub(crate) fn jump(&mut self, to: UnixNanos) {
        let step = to.since(self.now).max(0);
        self.sources.iter_mut().for_each(|source| source.skip(step));
        self.jumped_to = Some(to);
        self.desk.rewind(to);
        // What ends on the way ends in its order; no market event is due before the end.
        while self.advance(to, 10_000) {}
    }

    /// Where the clock shall go on from.
    pub(crate) fn take_jump(&mut self) -> Option<UnixNanos> {
        self.jumped_to.take()
    }

    /// Forgets what stands for orders in the matching engine.
    pub(crate) fn drop_books(&mut self) {
        self.by_sequence.clear();
        self.deadlines.clear();
        self.gates.iter_mut().for_each(Vec::clear);
        self.replacement = None;
    }

    /// A synthetic market goes on at another price; says whether it is one.
    pub(crate) fn rescale_market(&mut self, place: usize, new: i64, old: i64) -> bool {
        let at = self.now;
        let found = self.sources.iter_mut().find_map(|source| match source {
            Source::Synthetic(maker) if maker.is_of(place) => Some(maker),
            _ => None,
        });
        let Some(maker) = found else {
            return false;
        };
        let rows = maker.rescale(at, new, old);
        rows.iter().for_each(|row| self.handle_market(row));
        true
    }

    /// The market moves by one row.
    pub(crate) fn handle_market(&mut self, event: &MarketEvent) {
        let place = event.instrument.index();
        if place >= self.listings.len() {
            return;
        }
        self.venue.handle_market(event.ts_event, event);
        if self.venue.has_report() {
            self.drain_reports();
        }
        let changes = &mut self.changes[place];
        changes.reset |= event.flags & py_rt_types::GAP != 0;
        match event.event_kind() {
            Some(EventKind::Trade) => self.note_trade(place, event),
            Some(EventKind::Depth) => {
                if let Some(side) = event.book_side() {
                    changes.levels.push((side, event.price, event.qty));
                }
            }
            Some(_) => changes.reset = true,
            None => {}
        }
        if event.is_end() {
            self.end_message(place, event.ts_event);
        }
    }

    fn note_trade(&mut self, place: usize, event: &MarketEvent) {
        let at = event.ts_event;
        let print = self.tapes[place].note_print(at, event.price, event.qty, event.side);
        self.first_prices[place].get_or_insert(event.price);
        self.hub.publish_trade(&self.listings[place], &print);
        self.desk.publish_trade(&self.listings[place], &print);
        self.pass_gates(place, event.price);
    }

    /// A venue message is complete: its book may be shown.
    fn end_message(&mut self, place: usize, at: UnixNanos) {
        let book = self.venue.book(InstrumentId(place as u32));
        let Some(book) = book.filter(|book| book.valid()) else {
            // What changed meanwhile is not shown: the next good book is shown whole.
            self.changes[place].reset |= !self.changes[place].levels.is_empty();
            self.changes[place].levels.clear();
            return;
        };
        let quote = Quote {
            at,
            bid: book.best_bid().unwrap_or_default(),
            bid_qty: book.bid_qty(),
            ask: book.best_ask().unwrap_or_default(),
            ask_qty: book.ask_qty(),
        };
        let listing = &self.listings[place];
        if self.tapes[place].note_quote(quote) {
            self.hub.publish_quote(listing, &quote);
            self.desk.publish_quote(place, listing, &quote);
        }
        let changes = &mut self.changes[place];
        if changes.reset {
            self.desk.note_book(place, &self.venue);
        } else {
            self.desk.note_levels(place, &changes.levels);
        }
        if changes.reset {
            let venue = &self.venue;
            let side = |side| wire::book_levels(venue, place, side);
            self.hub
                .publish_book(listing, at, || (side(Side::Buy), side(Side::Sell)));
        } else if !changes.levels.is_empty() {
            self.hub.publish_levels(listing, at, &changes.levels);
        }
        changes.reset = false;
        changes.levels.clear();
    }

    /// The place of a symbol, with or without its slash.
    pub(crate) fn place_of(&self, symbol: &str) -> Option<usize> {
        let plain = plain_symbol(symbol);
        self.listings
            .iter()
            .position(|listing| listing.plain == plain)
    }

    /// What one lot is worth now in ticks: the last trade, else the middle of the touch.
    pub(crate) fn mark(&self, place: usize) -> Option<Price> {
        let tape = &self.tapes[place];
        if let Some(print) = tape.last_print() {
            return Some(print.price);
        }
        let quote = tape.last_quote()?;
        match (quote.bid_qty.0, quote.ask_qty.0) {
            (0, 0) => None,
            (_, 0) => Some(quote.bid),
            (0, _) => Some(quote.ask),
            _ => Some(Price((quote.bid.0 + quote.ask.0) / 2)),
        }
    }
}

/// The accounts as they begin.
fn open_accounts(config: &PaperConfig, ids: &mut Random, count: usize) -> Vec<Account> {
    let opened = config.accounts.iter().map(|raw| {
        let cash = Decimal::parse(&raw.cash).and_then(Decimal::to_atto);
        let cash = Money(cash.unwrap_or_default());
        Account {
            id: ids.uuid(),
            dialect: raw.dialect,
            wallet: wallet::opened(&raw.balances),
            initial_wallet: wallet::opened(&raw.balances),
            key: raw.key.clone(),
            secret: raw.secret.clone(),
            public_key: raw.public_key,
            cash,
            initial_cash: cash,
            positions: vec![Position::default(); count],
            orders: Vec::new(),
            open: BTreeSet::new(),
            executions: Vec::new(),
            suspended: false,
            no_shorting: false,
        }
    });
    opened.collect()
}

/// A market for every instrument: its recording, else its synthetic one.
fn make_sources(config: &mut PaperConfig, listings: &[Listing]) -> Result<Vec<Source>, PaperError> {
    let mut sources = Vec::new();
    let mut recorded = vec![false; listings.len()];
    for (number, recording) in config.recordings.drain(..).enumerate() {
        for place in recording.instruments.iter().flatten() {
            let Some(seen) = recorded.get_mut(*place) else {
                let field = format!("recordings[{number}]");
                let problem = format!("instrument {place} is not listed");
                return Err(PaperError::config(
                    field,
                    problem,
                    "use a place in the list",
                ));
            };
            *seen = true;
        }
        sources.push(Source::Recorded(Replay::new(recording, config.repeat)));
    }
    for (place, raw) in config.instruments.iter().enumerate() {
        match (&raw.synthetic, recorded[place]) {
            (Some(synthetic), false) => {
                let instrument = &listings[place].instrument;
                let maker = Maker::try_new(synthetic, instrument, place, config.seed)?;
                sources.push(Source::Synthetic(maker));
            }
            (None, true) => {}
            (Some(_), true) => {
                let field = format!("instrument[{place}].market");
                let problem = "both recorded and synthetic";
                return Err(PaperError::config(field, problem, "choose one of them"));
            }
            (None, false) => {
                let field = format!("instrument[{place}].market");
                let problem = "has no market";
                let remedy = "add market = { kind = \"synthetic\", … } or a recording";
                return Err(PaperError::config(field, problem, remedy));
            }
        }
    }
    Ok(sources)
}
