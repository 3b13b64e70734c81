//! The verbs and the events that every venue session shares.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Debug};

use py_rt_types::{AccountReport, Bar, InstrumentId, MarketEvent, Query, Report, UnixNanos};

use crate::alpaca::rest::{Asset, Clock};
use crate::error::Malformed;

/// A connection to a venue as a state machine: it owns no socket and no clock.
///
/// The driver's whole duty, for each session:
/// 1. call one `handle_*`;
/// 2. write what `poll_transmit` returns until it returns `None`;
/// 3. act on `poll_event` until it returns `None`;
/// 4. sleep until bytes come or `poll_timeout` rings, then call `handle_timeout`.
///
/// A failed attempt to open, a closed and a broken connection are all `handle_disconnected`.
pub trait Session: Debug {
    /// The connection is open (for a WebSocket: after its handshake).
    fn handle_connected(&mut self, now: UnixNanos);
    /// The connection is gone or could not be opened.
    fn handle_disconnected(&mut self, now: UnixNanos);
    /// Bytes came: any piece of a stream, or the payload of one whole WebSocket message.
    fn handle_input(&mut self, now: UnixNanos, bytes: &[u8]);
    /// A WebSocket pong came.
    fn handle_pong(&mut self, now: UnixNanos);
    /// The time that `poll_timeout` named has come.
    fn handle_timeout(&mut self, now: UnixNanos);
    /// What to write next, in full and in order. Handed out once.
    fn poll_transmit(&mut self, now: UnixNanos) -> Option<Transmit<'_>>;
    /// What happened.
    fn poll_event(&mut self) -> Option<VenueEvent>;
    /// When to call `handle_timeout`; `UnixNanos::MAX` for never.
    fn poll_timeout(&self) -> UnixNanos;
}

/// A session that brings market rows.
pub trait MarketSession: Session {
    /// The answer to [`VenueEvent::AskBook`]. Venues that send whole books by the same stream never
    /// ask.
    fn handle_book(&mut self, _now: UnixNanos, _answer: &BookAnswer) {}
}

/// A session that brings reports.
pub trait AccountSession: Session {
    /// The answer to [`VenueEvent::AskToken`]. Venues whose streams take the key never ask.
    fn handle_token(&mut self, _now: UnixNanos, _token: &Token) {}
}

/// A word that opens a stream; prints stars.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(pub String);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(***)")
    }
}

/// A whole book as the venue wrote it, for the session that keeps its changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookAnswer {
    /// Whose.
    pub instrument: InstrumentId,
    /// The body of the answer.
    pub body: Vec<u8>,
}

/// Something to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transmit<'a> {
    /// Bytes for the stream.
    Bytes(&'a [u8]),
    /// The payload of a WebSocket text message.
    Text(&'a [u8]),
    /// A WebSocket ping.
    Ping,
}

/// Something that happened at a venue session.
#[derive(Debug, Clone, PartialEq)]
pub enum VenueEvent {
    /// Open the connection now; answer with `handle_connected` or `handle_disconnected`.
    Open,
    /// Close the connection now and forget it; no answer is due.
    Close,
    /// The session is live: authenticated and subscribed.
    Up,
    /// The session is live no more; everything since is unknown until it is asked for.
    Down,
    /// The session stopped for good; a person has to act.
    Fatal(Fatal),
    /// What the venue said about an order: for the kernel.
    Report(Report),
    /// What the venue said about the account: for the kernel.
    Account(AccountReport),
    /// A market row; `ts_recv` is set. For the kernel.
    Market(MarketEvent),
    /// A finished bar: for the kernel.
    Bar(Bar),
    /// A message about an order could not be read: put this question to the venue.
    Ask(Query),
    /// Changes of this book wait for a whole one: ask for it by a request connection.
    AskBook(InstrumentId),
    /// The whole book: for the market session.
    Book(BookAnswer),
    /// The account's stream wants a word to open it: ask for it by a request connection.
    AskToken,
    /// The word: for the account session.
    Token(Token),
    /// A message was set aside and counted: for the log.
    Quarantined(Malformed),
    /// The venue refuses requests until then: for the log.
    Limited {
        /// When requests pass again.
        retry_at: UnixNanos,
    },
    /// A word for the log, such as why an order was refused before it was sent.
    Notice(String),
    /// The venue's clock.
    Clock(Clock),
    /// What the venue says about an instrument.
    Asset(Box<Asset>),
}

/// Why a session stopped for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fatal {
    /// Credentials or rights.
    NotAuthorized,
    /// The plan of the account does not include it.
    NotSubscribed,
    /// The venue does not understand us: a defect of ours.
    Protocol,
}

impl Fatal {
    /// What to do.
    #[must_use]
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::NotAuthorized => "check the key, the secret and whether they are for this host",
            Self::NotSubscribed => "choose a feed that the account's plan includes",
            Self::Protocol => "report it with the log; the venue refused a request of ours",
        }
    }
}

/// The quota as the venue's last answer told it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RateLimit {
    /// Requests a minute.
    pub limit: Option<u32>,
    /// Requests left until the reset.
    pub remaining: Option<u32>,
    /// When the count starts again.
    pub reset: Option<UnixNanos>,
}
