//! An account's stream as a session, at any venue that numbers the messages of a connection.
//!
//! A message that is missing is a hole, and everything since has to be asked for: it comes out as
//! `Down` and `Up`. One that comes again, or late, is left out: the hole was filled by asking. What
//! differs from venue to venue is in [`AccountWords`].

use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;

use py_rt_types::UnixNanos;

use crate::dialect::{Counters, Dialect};
use crate::error::Malformed;
use crate::link::{Link, LinkConfig, Wish};
use crate::outbox::Outbox;
use crate::session::{AccountSession, Fatal, Session, Token, Transmit, VenueEvent};

/// What a message is, before its rows are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// Nothing of use, and it bears no number.
    Nothing,
    /// Nothing that we know.
    Foreign,
    /// A subscription was refused.
    Refused(RefusedStream),
    /// A message with a number.
    Numbered {
        /// Its number.
        sequence: u64,
        /// The numbers begin with it.
        begins: bool,
        /// With it the stream is live.
        opens: bool,
    },
}

/// Why a subscription was refused, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedStream {
    /// The venue's words.
    pub text: String,
    /// Nothing will help but a person.
    pub fatal: bool,
    /// How long the connection is left alone, in nanoseconds.
    pub wait_ns: i64,
    /// A word is asked for before the next connection.
    pub asks: bool,
}

/// Where what rows say goes.
#[derive(Debug)]
pub struct Tale<'a> {
    /// Whose orders, and which instruments.
    pub dialect: &'a Dialect,
    /// What is told.
    pub events: &'a mut VecDeque<VenueEvent>,
    /// What is counted.
    pub counters: &'a mut Counters,
    /// Something is missing that can only be found by asking for everything.
    pub lost: bool,
}

impl Tale<'_> {
    /// A row could not be read: `ask` of its order, or of everything.
    pub fn quarantine(&mut self, malformed: Malformed, ask: Option<py_rt_types::Query>) {
        self.counters.malformed += 1;
        self.events.push_back(VenueEvent::Quarantined(malformed));
        match ask {
            Some(query) => self.events.push_back(VenueEvent::Ask(query)),
            None => self.lost = true,
        }
    }
}

/// What differs from venue to venue.
pub trait AccountWords: core::fmt::Debug {
    /// A message, scanned.
    type Frame<'a>;

    /// Scans a message, grammar only.
    ///
    /// # Errors
    /// [`Malformed`] when it is none.
    fn scan<'a>(&self, bytes: &'a [u8]) -> Result<Self::Frame<'a>, Malformed>;

    /// What a message is.
    ///
    /// # Errors
    /// [`Malformed`] when it does not say.
    fn sort(&self, frame: &Self::Frame<'_>) -> Result<Heard, Malformed>;

    /// Tells what the rows of a message say. Those of one that opens the stream are asked for
    /// elsewhere.
    fn tell(&mut self, frame: &Self::Frame<'_>, opens: bool, tale: &mut Tale<'_>);

    /// The connection has opened: messages that subscribe, or a word that is asked for first.
    fn greet(&mut self, now: UnixNanos, greeting: &mut Greeting<'_>);

    /// The message that subscribes with a word.
    fn subscribe(&self, _token: &Token) -> Option<alloc::vec::Vec<u8>> {
        None
    }

    /// The connection is gone.
    fn clear(&mut self);
}

/// What is said at the beginning of a connection.
#[derive(Debug)]
pub struct Greeting<'a> {
    events: &'a mut VecDeque<VenueEvent>,
    outbox: &'a mut Outbox,
}

impl Greeting<'_> {
    /// Sends a message.
    pub fn send(&mut self, text: alloc::vec::Vec<u8>) {
        self.outbox.push(text);
    }

    /// Asks for something, or says something for the log.
    pub fn say(&mut self, event: VenueEvent) {
        self.events.push_back(event);
    }
}

/// See the module.
#[derive(Debug)]
pub struct NumberedStream<W> {
    link: Link,
    dialect: Dialect,
    words: W,
    outbox: Outbox,
    events: VecDeque<VenueEvent>,
    counters: Counters,
    /// The number that the next message bears.
    next: Option<u64>,
}

impl<W: AccountWords> NumberedStream<W> {
    /// A session that opens its connection at the first `handle_timeout`.
    #[must_use]
    pub fn with_words(link: LinkConfig, dialect: Dialect, words: W) -> Self {
        Self {
            link: Link::new(link),
            dialect,
            words,
            outbox: Outbox::default(),
            events: VecDeque::new(),
            counters: Counters::default(),
            next: None,
        }
    }

    /// What was read and what was set aside.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    fn handle_message(&mut self, now: UnixNanos, bytes: &[u8]) -> Result<(), Malformed> {
        let frame = self.words.scan(bytes)?;
        let (sequence, begins, opens) = match self.words.sort(&frame)? {
            Heard::Nothing => return Ok(()),
            Heard::Foreign => {
                self.counters.foreign += 1;
                return Ok(());
            }
            Heard::Refused(refused) => {
                self.handle_refused(now, &refused);
                return Ok(());
            }
            Heard::Numbered {
                sequence,
                begins,
                opens,
            } => (sequence, begins, opens),
        };
        let expected = self.next.filter(|_| !begins).unwrap_or(sequence);
        if sequence < expected {
            self.counters.foreign += 1;
            return Ok(());
        }
        self.next = sequence.checked_add(1);
        let mut tale = Tale {
            dialect: &self.dialect,
            events: &mut self.events,
            counters: &mut self.counters,
            lost: false,
        };
        self.words.tell(&frame, opens, &mut tale);
        let lost = tale.lost;
        if opens && !self.link.is_live() {
            self.link.handle_live(now);
            self.events.push_back(VenueEvent::Up);
        } else if sequence > expected {
            let count = sequence - expected;
            let text = format!("{count} messages of the account are missing");
            self.events.push_back(VenueEvent::Notice(text));
            self.resynchronise();
        } else if lost {
            self.resynchronise();
        }
        Ok(())
    }

    fn handle_refused(&mut self, now: UnixNanos, refused: &RefusedStream) {
        let text = format!(
            "the account stream refused the subscription: {}",
            refused.text
        );
        self.events.push_back(VenueEvent::Notice(text));
        if refused.fatal {
            self.events
                .push_back(VenueEvent::Fatal(Fatal::NotAuthorized));
        }
        if refused.asks {
            self.events.push_back(VenueEvent::AskToken);
        }
        self.give_up(now, true, refused.wait_ns);
        if refused.fatal {
            self.link.handle_stop();
        }
    }

    fn resynchronise(&mut self) {
        if self.link.is_live() {
            self.events.push_back(VenueEvent::Down);
            self.events.push_back(VenueEvent::Up);
        }
    }

    fn give_up(&mut self, now: UnixNanos, close: bool, wait_ns: i64) {
        if close {
            self.events.push_back(VenueEvent::Close);
        }
        if self.link.is_live() {
            self.events.push_back(VenueEvent::Down);
        }
        self.outbox.clear();
        self.words.clear();
        self.next = None;
        self.link.handle_closed(now, wait_ns);
    }
}

impl<W: AccountWords> Session for NumberedStream<W> {
    fn handle_connected(&mut self, now: UnixNanos) {
        self.link.handle_connected(now);
        let mut greeting = Greeting {
            events: &mut self.events,
            outbox: &mut self.outbox,
        };
        self.words.greet(now, &mut greeting);
    }

    fn handle_disconnected(&mut self, now: UnixNanos) {
        self.give_up(now, false, 0);
    }

    fn handle_input(&mut self, now: UnixNanos, bytes: &[u8]) {
        if !self.link.is_connected() {
            return;
        }
        self.link.handle_heard(now);
        self.counters.messages += 1;
        if let Err(malformed) = self.handle_message(now, bytes) {
            self.counters.malformed += 1;
            self.events.push_back(VenueEvent::Quarantined(malformed));
            self.resynchronise();
        }
    }

    fn handle_pong(&mut self, now: UnixNanos) {
        self.link.handle_heard(now);
    }

    fn handle_timeout(&mut self, now: UnixNanos) {
        match self.link.poll_wish(now) {
            Wish::Open => self.events.push_back(VenueEvent::Open),
            Wish::Ping => self.outbox.ping(),
            Wish::Close => {
                let told = self.link.tell_close("account stream");
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
        self.link.poll_timeout()
    }
}

impl<W: AccountWords> AccountSession for NumberedStream<W> {
    fn handle_token(&mut self, _now: UnixNanos, token: &Token) {
        if self.link.is_connected() && !self.link.is_live() {
            let text = self.words.subscribe(token);
            text.into_iter().for_each(|text| self.outbox.push(text));
        }
    }
}
