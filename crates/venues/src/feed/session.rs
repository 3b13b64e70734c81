//! A stream of market data as a session, at any venue whose messages [`feed`](crate::feed) decodes:
//! subscribe, rows, and the repair of books that break.
//!
//! What differs from venue to venue is in [`Words`]: how a subscription is written, what a message
//! says that is no market data, and how a broken book is made whole: by a request for all of it
//! ([`VenueEvent::AskBook`]), or by another subscription.

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt::Debug;

use py_rt_types::market::GAP;
use py_rt_types::{InstrumentId, MarketEvent, UnixNanos};

use crate::feed::rules::Decoder;
use crate::feed::sheet::Context;
use crate::feed::stream::{Stream, StreamCounters};
use crate::link::{Link, LinkConfig, Wish};
use crate::outbox::Outbox;
use crate::session::{BookAnswer, MarketSession, Session, Transmit, VenueEvent};
use crate::symbols::{Listing, SymbolTable};

/// How long a book waits until it is repaired, once it has broken.
const REPAIR_NS: i64 = 250_000_000;
/// How long a repair may take until it is tried again.
const ANSWER_NS: i64 = 5_000_000_000;

/// What to listen to.
#[derive(Debug, Clone)]
pub struct FeedConfig {
    /// The link.
    pub link: LinkConfig,
    /// Trades.
    pub trades: bool,
    /// Best bid and ask.
    pub quotes: bool,
    /// Books by price.
    pub books: bool,
}

/// What a message says beside market data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Control {
    /// Nothing: it is for the decoder.
    Data,
    /// Nothing of use.
    Aside,
    /// All that was asked for is subscribed to; and whether the decoder wants to see it too.
    Subscribed {
        /// It says something that the decoder has to know.
        decode: bool,
    },
    /// A word for the log.
    Notice(String),
    /// A subscription was refused: a word for the log.
    Refused(String),
    /// The venue ends the connection.
    Ending,
}

/// How a broken book is made whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repair {
    /// By a request for all of it.
    Ask,
    /// By these messages.
    Send(Vec<Vec<u8>>),
}

/// What differs from venue to venue.
pub trait Words: Debug + Default {
    /// Reads the messages.
    type Decoder: Decoder + Debug;
    /// Whether the subscription brings whole books.
    const SENDS_BOOKS: bool;
    /// So many repairs of one book in a row, then another connection.
    const REPAIRS_MAX: u32;

    /// The messages that subscribe, on a connection that has just opened.
    fn subscribe(&mut self, config: &FeedConfig, symbols: &SymbolTable) -> Vec<Vec<u8>>;

    /// What a message says beside market data.
    fn control(&mut self, bytes: &[u8]) -> Control;

    /// How a broken book is made whole.
    fn repair(&mut self, listing: &Listing) -> Repair;

    /// The address under which a whole book was asked for, where the decoder has to know it.
    fn book_url(&self, _listing: &Listing) -> Option<Vec<u8>> {
        None
    }
}

/// A book that is not valid.
#[derive(Debug, Clone, Copy)]
struct Broken {
    id: InstrumentId,
    /// When it is repaired.
    due: UnixNanos,
    /// How often that was tried.
    tries: u32,
}

/// See the module.
#[derive(Debug)]
pub struct FeedSession<W: Words> {
    config: FeedConfig,
    symbols: Arc<SymbolTable>,
    words: W,
    link: Link,
    feed: Stream<W::Decoder>,
    outbox: Outbox,
    events: VecDeque<VenueEvent>,
    rows: Vec<MarketEvent>,
    broken: Vec<Broken>,
}

impl<W: Words> FeedSession<W> {
    /// A session that opens its connection at the first `handle_timeout`.
    #[must_use]
    pub fn new(config: FeedConfig, symbols: Arc<SymbolTable>) -> Self {
        let feed = Stream::new(Arc::clone(&symbols));
        Self {
            link: Link::new(config.link),
            feed: if config.quotes {
                feed.with_quotes()
            } else {
                feed
            },
            config,
            symbols,
            words: W::default(),
            outbox: Outbox::default(),
            events: VecDeque::new(),
            rows: Vec::new(),
            broken: Vec::new(),
        }
    }

    /// What was read and what was set aside.
    #[must_use]
    pub const fn counters(&self) -> StreamCounters {
        self.feed.counters()
    }

    fn handle_subscribed(&mut self, now: UnixNanos) {
        if self.link.is_live() {
            return;
        }
        self.link.handle_live(now);
        self.events.push_back(VenueEvent::Up);
        if self.config.books {
            // Where the stream itself sends whole books, they are on their way or here.
            let wait_ns = if W::SENDS_BOOKS { ANSWER_NS } else { 0 };
            let ids = self.symbols.listings().iter().map(Listing::id);
            let due = now.plus(wait_ns);
            self.broken = ids.map(|id| Broken { id, due, tries: 0 }).collect();
            self.take_rows(now);
        }
    }

    fn handle_message(&mut self, context: &Context<'_>, bytes: &[u8]) {
        let result = self.feed.handle_message(context, bytes, &mut self.rows);
        if let Err(malformed) = result {
            self.events.push_back(VenueEvent::Quarantined(malformed));
        }
        self.take_rows(context.ts_recv);
    }

    fn take_rows(&mut self, now: UnixNanos) {
        for row in self.rows.drain(..) {
            let id = row.instrument;
            if row.flags & GAP != 0 && !self.broken.iter().any(|one| one.id == id) {
                let due = now.plus(REPAIR_NS);
                self.broken.push(Broken { id, due, tries: 0 });
            }
            self.events.push_back(VenueEvent::Market(row));
        }
        if !self.broken.is_empty() {
            let mut broken = core::mem::take(&mut self.broken);
            broken.retain(|one| !self.is_valid(one.id));
            self.broken = broken;
        }
    }

    fn is_valid(&mut self, id: InstrumentId) -> bool {
        let listing = self.symbols.listing(id);
        let symbol = listing.map(|one| one.instrument().symbol());
        symbol.is_some_and(|symbol| self.feed.valid(symbol.as_bytes()))
    }

    /// Repairs what is due; false when that was tried too often.
    fn repair(&mut self, now: UnixNanos) -> bool {
        for one in self.broken.iter_mut().filter(|one| one.due <= now) {
            if one.tries == W::REPAIRS_MAX {
                return false;
            }
            (one.due, one.tries) = (now.plus(ANSWER_NS), one.tries.saturating_add(1));
            let listing = self.symbols.listing(one.id);
            match listing.map(|listing| self.words.repair(listing)) {
                Some(Repair::Ask) => self.events.push_back(VenueEvent::AskBook(one.id)),
                Some(Repair::Send(texts)) => {
                    texts.into_iter().for_each(|text| self.outbox.push(text));
                }
                None => {}
            }
        }
        true
    }

    fn give_up(&mut self, now: UnixNanos, close: bool) {
        if close {
            self.events.push_back(VenueEvent::Close);
        }
        self.feed.handle_disconnected(0, now, &mut self.rows);
        self.take_rows(now);
        self.broken.clear();
        if self.link.is_live() {
            self.events.push_back(VenueEvent::Down);
        }
        self.outbox.clear();
        self.link.handle_closed(now, 0);
    }
}

impl<W: Words> Session for FeedSession<W> {
    fn handle_connected(&mut self, now: UnixNanos) {
        self.link.handle_connected(now);
        let texts = self.words.subscribe(&self.config, &self.symbols);
        texts.into_iter().for_each(|text| self.outbox.push(text));
    }

    fn handle_disconnected(&mut self, now: UnixNanos) {
        self.give_up(now, false);
    }

    fn handle_input(&mut self, now: UnixNanos, bytes: &[u8]) {
        if !self.link.is_connected() {
            return;
        }
        self.link.handle_heard(now);
        let context = Context {
            ts_recv: now,
            ..Context::default()
        };
        match self.words.control(bytes) {
            Control::Data => self.handle_message(&context, bytes),
            Control::Aside => {}
            Control::Notice(text) => self.events.push_back(VenueEvent::Notice(text)),
            Control::Subscribed { decode } => {
                if decode {
                    self.handle_message(&context, bytes);
                }
                self.handle_subscribed(now);
            }
            Control::Refused(text) => {
                self.events.push_back(VenueEvent::Notice(text));
                self.give_up(now, true);
            }
            Control::Ending => self.give_up(now, true),
        }
    }

    fn handle_pong(&mut self, now: UnixNanos) {
        self.link.handle_heard(now);
    }

    fn handle_timeout(&mut self, now: UnixNanos) {
        if self.link.is_live() && !self.repair(now) {
            self.give_up(now, true);
        }
        match self.link.poll_wish(now) {
            Wish::Open => self.events.push_back(VenueEvent::Open),
            Wish::Ping => self.outbox.ping(),
            Wish::Close => {
                let told = self.link.tell_close("market stream");
                self.events.push_back(VenueEvent::Notice(told));
                self.give_up(now, true);
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
        let link = self.link.poll_timeout();
        if !self.link.is_live() {
            return link;
        }
        let due = self.broken.iter().map(|one| one.due);
        due.fold(link, UnixNanos::min)
    }
}

impl<W: Words> MarketSession for FeedSession<W> {
    fn handle_book(&mut self, now: UnixNanos, answer: &BookAnswer) {
        let known = self.symbols.listing(answer.instrument);
        let (Some(listing), true) = (known, self.link.is_live()) else {
            return;
        };
        let url = self.words.book_url(listing);
        let context = Context {
            ts_recv: now,
            conn: 0,
            url: url.as_deref(),
        };
        self.handle_message(&context, &answer.body);
        if !self.is_valid(answer.instrument) {
            // The whole book was older than the first change that waited for it.
            let (id, due) = (answer.instrument, now.plus(REPAIR_NS));
            self.broken.retain(|one| one.id != id);
            self.broken.push(Broken { id, due, tries: 0 });
        }
    }
}
