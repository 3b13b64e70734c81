//! A market data stream as a session: greet, authenticate, subscribe, rows.
//!
//! A book is valid from a snapshot on, as long as every change could be read. When one could not,
//! or the connection ends, a `GAP` row says so at once, changes are dropped until the next
//! snapshot, and the session asks for one by subscribing anew.

use alloc::collections::{BTreeSet, VecDeque};
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use py_rt_types::{AssetClass, InstrumentId, UnixNanos};

use crate::alpaca::market::{gap, Message, RawMessage};
use crate::alpaca::{Counters, Credentials};
use crate::error::{DecodeError, Malformed};
use crate::json::Scanner;
use crate::link::{Link, LinkConfig, Wish};
use crate::outbox::Outbox;
use crate::session::{Fatal, MarketSession, Session, Transmit, VenueEvent};
use crate::symbols::SymbolTable;

/// How long the venue needs to drop an old session after "connection limit exceeded".
const LIMIT_WAIT_NS: i64 = 30_000_000_000;
/// How long a broken book waits for its snapshot before it is asked for, again and again.
const REPAIR_NS: i64 = 1_000_000_000;

/// Which stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feed {
    /// Stocks: trades, quotes, bars.
    Stocks,
    /// Crypto: trades, quotes, bars, books.
    Crypto,
}

/// What to listen to.
#[derive(Debug, Clone)]
pub struct MarketStreamConfig {
    /// The link.
    pub link: LinkConfig,
    /// The key.
    pub credentials: Credentials,
    /// Which stream; it takes the instruments of its asset class.
    pub feed: Feed,
    /// Trades.
    pub trades: bool,
    /// Best bid and ask.
    pub quotes: bool,
    /// Minute bars.
    pub bars: bool,
    /// Books by price; crypto only.
    pub books: bool,
}

/// See the module.
#[derive(Debug)]
pub struct MarketStream {
    config: MarketStreamConfig,
    symbols: Arc<SymbolTable>,
    link: Link,
    outbox: Outbox,
    events: VecDeque<VenueEvent>,
    valid: BTreeSet<InstrumentId>,
    broken: BTreeSet<InstrumentId>,
    repair_at: UnixNanos,
    counters: Counters,
}

impl MarketStream {
    /// A session that opens its connection at the first `handle_timeout`.
    #[must_use]
    pub fn new(config: MarketStreamConfig, symbols: Arc<SymbolTable>) -> Self {
        Self {
            link: Link::new(config.link),
            config,
            symbols,
            outbox: Outbox::default(),
            events: VecDeque::new(),
            valid: BTreeSet::new(),
            broken: BTreeSet::new(),
            repair_at: UnixNanos::MAX,
            counters: Counters::default(),
        }
    }

    /// What was read and what was set aside.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    /// The symbols that this stream listens to, as the venue writes them.
    #[must_use]
    pub fn wire_symbols(&self) -> Vec<String> {
        let crypto = self.config.feed == Feed::Crypto;
        let listings = self.symbols.listings().iter();
        listings
            .filter(|one| (one.instrument().spec().asset_class == AssetClass::Crypto) == crypto)
            .map(|one| one.wire_symbol())
            .collect()
    }

    fn send_auth(&mut self) {
        let credentials = &self.config.credentials;
        let mut text = b"{\"action\":\"auth\",\"key\":".to_vec();
        Credentials::push_json(&credentials.key_id, &mut text);
        text.extend_from_slice(b",\"secret\":");
        Credentials::push_json(&credentials.secret_key, &mut text);
        text.push(b'}');
        self.outbox.push(text);
    }

    fn send_subscribe(&mut self) {
        let symbols = self.wire_symbols();
        let books = self.config.books && self.config.feed == Feed::Crypto;
        let mut text = b"{\"action\":\"subscribe\"".to_vec();
        for (channel, wanted) in [
            ("trades", self.config.trades),
            ("quotes", self.config.quotes),
            ("bars", self.config.bars),
            ("orderbooks", books),
        ] {
            if wanted {
                push_channel(channel, &symbols, &mut text);
            }
        }
        text.push(b'}');
        self.outbox.push(text);
    }

    /// Subscribes anew to the books that broke: the answer is a snapshot each.
    fn send_repair(&mut self, now: UnixNanos) {
        let listings = self
            .broken
            .iter()
            .filter_map(|id| self.symbols.listing(*id));
        let symbols: Vec<String> = listings.map(|one| one.wire_symbol()).collect();
        if symbols.is_empty() {
            self.repair_at = UnixNanos::MAX;
            return;
        }
        for action in ["unsubscribe", "subscribe"] {
            let mut text = alloc::format!("{{\"action\":\"{action}\"").into_bytes();
            push_channel("orderbooks", &symbols, &mut text);
            text.push(b'}');
            self.outbox.push(text);
        }
        self.repair_at = now.plus(10 * REPAIR_NS);
    }

    fn break_book(&mut self, now: UnixNanos, id: InstrumentId) {
        self.broken.insert(id);
        self.repair_at = self.repair_at.min(now.plus(REPAIR_NS));
        if self.valid.remove(&id) {
            self.events.push_back(VenueEvent::Market(gap(id, now)));
        }
    }

    fn break_all(&mut self, now: UnixNanos) {
        for id in core::mem::take(&mut self.valid) {
            self.broken.insert(id);
            self.repair_at = self.repair_at.min(now.plus(REPAIR_NS));
            self.events.push_back(VenueEvent::Market(gap(id, now)));
        }
    }

    fn handle_message(&mut self, now: UnixNanos, raw: &RawMessage<'_>) {
        self.counters.messages += 1;
        let start = self.events.len();
        match raw.resolve(&self.symbols, now, &mut self.events) {
            Ok(Message::Data) => {}
            Ok(Message::Foreign) => self.counters.foreign += 1,
            Ok(Message::Snapshot(id)) => {
                self.valid.insert(id);
                self.broken.remove(&id);
            }
            Ok(Message::Change(id)) => {
                if !self.valid.contains(&id) {
                    self.events.truncate(start);
                    self.counters.foreign += 1;
                }
            }
            Ok(Message::Connected) => self.send_auth(),
            Ok(Message::Authenticated) => self.send_subscribe(),
            Ok(Message::Subscribed) => {
                if !self.link.is_live() {
                    self.link.handle_live(now);
                    self.events.push_back(VenueEvent::Up);
                }
            }
            Ok(Message::Refused { code }) => self.handle_refusal(now, code),
            Err(malformed) => {
                self.quarantine(malformed);
                match raw.book_of(&self.symbols) {
                    Some(id) => self.break_book(now, id),
                    None if raw.is_bookless() => {}
                    None => self.break_all(now),
                }
            }
        }
    }

    fn handle_refusal(&mut self, now: UnixNanos, code: u32) {
        let text = alloc::format!("the market data stream answered with error {code}");
        self.events.push_back(VenueEvent::Notice(text));
        let fatal = match code {
            403 => return,
            400 | 401 | 410 => Some(Fatal::Protocol),
            402 | 411 => Some(Fatal::NotAuthorized),
            405 | 408 | 409 => Some(Fatal::NotSubscribed),
            _ => None,
        };
        let wait_ns = if code == 406 { LIMIT_WAIT_NS } else { 0 };
        self.give_up(now, true, wait_ns);
        if let Some(fatal) = fatal {
            self.events.push_back(VenueEvent::Fatal(fatal));
            self.link.handle_stop();
        }
    }

    fn quarantine(&mut self, malformed: Malformed) {
        self.counters.malformed += 1;
        self.events.push_back(VenueEvent::Quarantined(malformed));
    }

    fn give_up(&mut self, now: UnixNanos, close: bool, wait_ns: i64) {
        if close {
            self.events.push_back(VenueEvent::Close);
        }
        self.break_all(now);
        self.broken.clear();
        self.repair_at = UnixNanos::MAX;
        if self.link.is_live() {
            self.events.push_back(VenueEvent::Down);
        }
        self.outbox.clear();
        self.link.handle_closed(now, wait_ns);
    }

    fn read_frame(&mut self, now: UnixNanos, bytes: &[u8]) -> Result<(), DecodeError> {
        let mut scanner = Scanner::new(bytes);
        scanner.begin_array()?;
        while scanner.next_element()? {
            let raw = RawMessage::scan(&mut scanner)?;
            self.handle_message(now, &raw);
            if !self.link.is_connected() {
                return Ok(());
            }
        }
        scanner.finish()
    }
}

fn push_channel(channel: &str, symbols: &[String], text: &mut Vec<u8>) {
    text.extend_from_slice(b",\"");
    text.extend_from_slice(channel.as_bytes());
    text.extend_from_slice(b"\":[");
    for (place, symbol) in symbols.iter().enumerate() {
        if place > 0 {
            text.push(b',');
        }
        Credentials::push_json(symbol, text);
    }
    text.push(b']');
}

impl Session for MarketStream {
    fn handle_connected(&mut self, now: UnixNanos) {
        self.link.handle_connected(now);
    }

    fn handle_disconnected(&mut self, now: UnixNanos) {
        self.give_up(now, false, 0);
    }

    fn handle_input(&mut self, now: UnixNanos, bytes: &[u8]) {
        if !self.link.is_connected() {
            return;
        }
        self.link.handle_heard(now);
        if let Err(error) = self.read_frame(now, bytes) {
            self.quarantine(error.in_whole(bytes.len()));
            self.break_all(now);
        }
    }

    fn handle_pong(&mut self, now: UnixNanos) {
        self.link.handle_heard(now);
    }

    fn handle_timeout(&mut self, now: UnixNanos) {
        if self.repair_at <= now {
            self.send_repair(now);
        }
        match self.link.poll_wish(now) {
            Wish::Open => self.events.push_back(VenueEvent::Open),
            Wish::Ping => self.outbox.ping(),
            Wish::Close => {
                let told = self.link.tell_close("market stream");
                self.events.push_back(VenueEvent::Notice(told));
                self.give_up(now, true, 0);
            }
            Wish::Nothing => {}
        }
    }

    fn poll_transmit(&mut self, _now: UnixNanos) -> Option<Transmit<'_>> {
        self.outbox.poll()
    }

    fn poll_event(&mut self) -> Option<VenueEvent> {
        self.events.pop_front()
    }

    fn poll_timeout(&self) -> UnixNanos {
        self.link.poll_timeout().min(self.repair_at)
    }
}

impl MarketSession for MarketStream {}
