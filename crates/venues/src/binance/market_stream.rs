//! A market data stream as a session: subscribe, rows.
//!
//! Changes of a book come by the stream, the whole book by a request: the session asks for one with
//! [`VenueEvent::AskBook`] when it has subscribed, and again whenever the chain of changes breaks.
//! Until then changes wait, see [`crate::feed`].

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;

use py_rt_types::market::GAP;
use py_rt_types::{InstrumentId, MarketEvent, UnixNanos};

use crate::binance::encode::push_symbol;
use crate::binance::Binance;
use crate::dialect::Credentials;
use crate::feed::{Context, Stream, StreamCounters};
use crate::json::{Kind, Scanner, Slot};
use crate::link::{Link, LinkConfig, Wish};
use crate::outbox::Outbox;
use crate::session::{BookAnswer, MarketSession, Session, Transmit, VenueEvent};
use crate::symbols::SymbolTable;

/// How long a book waits until it is asked for, once it has broken.
const REPAIR_NS: i64 = 250_000_000;
/// How long an answer may take until the book is asked for again.
const ANSWER_NS: i64 = 5_000_000_000;

/// What to listen to.
#[derive(Debug, Clone)]
pub struct MarketStreamConfig {
    /// The link.
    pub link: LinkConfig,
    /// Trades.
    pub trades: bool,
    /// Best bid and ask.
    pub quotes: bool,
    /// Books by price, a change each 100 ms.
    pub books: bool,
}

/// See the module.
#[derive(Debug)]
pub struct MarketStream {
    config: MarketStreamConfig,
    symbols: Arc<SymbolTable>,
    link: Link,
    feed: Stream<Binance>,
    outbox: Outbox,
    events: VecDeque<VenueEvent>,
    rows: Vec<MarketEvent>,
    /// Books that are not valid, and when they are asked for.
    broken: Vec<(InstrumentId, UnixNanos)>,
}

impl MarketStream {
    /// A session that opens its connection at the first `handle_timeout`.
    #[must_use]
    pub fn new(config: MarketStreamConfig, symbols: Arc<SymbolTable>) -> Self {
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

    fn send_subscribe(&mut self) {
        let channels = [
            ("@trade", self.config.trades),
            ("@bookTicker", self.config.quotes),
            ("@depth@100ms", self.config.books),
        ];
        let mut text = b"{\"method\":\"SUBSCRIBE\",\"params\":[".to_vec();
        let mut first = true;
        for listing in self.symbols.listings() {
            let mut symbol = Vec::new();
            push_symbol(listing, &mut symbol);
            symbol.make_ascii_lowercase();
            let name = alloc::string::String::from_utf8_lossy(&symbol).into_owned();
            for (channel, _) in channels.iter().filter(|(_, wanted)| *wanted) {
                if !core::mem::take(&mut first) {
                    text.push(b',');
                }
                Credentials::push_json(&alloc::format!("{name}{channel}"), &mut text);
            }
        }
        text.extend_from_slice(b"],\"id\":1}");
        self.outbox.push(text);
    }

    fn handle_live(&mut self, now: UnixNanos) {
        self.link.handle_live(now);
        self.events.push_back(VenueEvent::Up);
        if self.config.books {
            let listings = self.symbols.listings().iter();
            self.broken = listings.map(|one| (one.id(), now)).collect();
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
            if row.flags & GAP != 0 && !self.broken.iter().any(|one| one.0 == id) {
                self.broken.push((id, now.plus(REPAIR_NS)));
            }
            self.events.push_back(VenueEvent::Market(row));
        }
    }

    fn is_valid(&mut self, id: InstrumentId) -> bool {
        let symbol = self
            .symbols
            .listing(id)
            .map(|one| one.instrument().symbol());
        symbol.is_some_and(|symbol| self.feed.valid(symbol.as_bytes()))
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

/// What a message that is no market data says: the answer to the subscription, or a refusal.
enum Control {
    Subscribed,
    Refused,
    Ending,
    None,
}

fn control(bytes: &[u8]) -> Control {
    let mut scanner = Scanner::new(bytes);
    let mut found = Control::None;
    if scanner.begin_object().is_err() {
        return found;
    }
    while let Ok(Some(name)) = scanner.next_key() {
        match name {
            b"result" if matches!(scanner.peek(), Ok(Kind::Null)) => found = Control::Subscribed,
            b"error" | b"code" => found = Control::Refused,
            b"e" => {
                let mut event = Slot::default();
                let read = event.fill(&mut scanner);
                let name = read.ok().and_then(|()| event.text("e").ok().flatten());
                return match name.as_deref() {
                    Some(b"serverShutdown") => Control::Ending,
                    _ => Control::None,
                };
            }
            b"stream" | b"data" => return found,
            _ => {}
        }
        if scanner.skip().is_err() {
            break;
        }
    }
    found
}

impl Session for MarketStream {
    fn handle_connected(&mut self, now: UnixNanos) {
        self.link.handle_connected(now);
        self.send_subscribe();
    }

    fn handle_disconnected(&mut self, now: UnixNanos) {
        self.give_up(now, false);
    }

    fn handle_input(&mut self, now: UnixNanos, bytes: &[u8]) {
        if !self.link.is_connected() {
            return;
        }
        self.link.handle_heard(now);
        match control(bytes) {
            Control::Subscribed if !self.link.is_live() => self.handle_live(now),
            Control::Subscribed => {}
            Control::Refused => {
                let text = "the market data stream refused the subscription".into();
                self.events.push_back(VenueEvent::Notice(text));
                self.give_up(now, true);
            }
            Control::Ending => self.give_up(now, true),
            Control::None => {
                let context = Context {
                    ts_recv: now,
                    ..Context::default()
                };
                self.handle_message(&context, bytes);
            }
        }
    }

    fn handle_pong(&mut self, now: UnixNanos) {
        self.link.handle_heard(now);
    }

    fn handle_timeout(&mut self, now: UnixNanos) {
        if self.link.is_live() {
            for (id, due) in self.broken.iter_mut().filter(|one| one.1 <= now) {
                self.events.push_back(VenueEvent::AskBook(*id));
                *due = now.plus(ANSWER_NS);
            }
        }
        match self.link.poll_wish(now) {
            Wish::Open => self.events.push_back(VenueEvent::Open),
            Wish::Ping => self.outbox.ping(),
            Wish::Close => self.give_up(now, true),
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
        let due = self.broken.iter().map(|one| one.1);
        due.fold(link, UnixNanos::min)
    }
}

impl MarketSession for MarketStream {
    fn handle_book(&mut self, now: UnixNanos, answer: &BookAnswer) {
        let known = self.symbols.listing(answer.instrument);
        let (Some(listing), true) = (known, self.link.is_live()) else {
            return;
        };
        let mut url = b"/api/v3/depth?symbol=".to_vec();
        push_symbol(listing, &mut url);
        let context = Context {
            ts_recv: now,
            conn: 0,
            url: Some(&url),
        };
        self.handle_message(&context, &answer.body);
        let valid = self.is_valid(answer.instrument);
        self.broken.retain(|one| one.0 != answer.instrument);
        if !valid {
            // The whole book was older than the first change that waited for it.
            self.broken.push((answer.instrument, now.plus(REPAIR_NS)));
        }
    }
}
