//! The account stream as a session: authenticate, listen, `trade_updates`.
//!
//! The stream has no sequence numbers and no replay. `Up` therefore means: from here on reports
//! come, and everything before has to be asked for. A message that cannot be read and does not
//! tell which order it is about is a hole of the same kind: it comes out as `Down` and `Up`.

use alloc::collections::VecDeque;

use py_rt_types::UnixNanos;

use crate::alpaca::updates::RawUpdate;
use crate::alpaca::{Counters, Credentials, Dialect};
use crate::error::{DecodeError, Malformed};
use crate::json::{Raw, Scanner, Slot};
use crate::link::{Link, LinkConfig, Wish};
use crate::outbox::Outbox;
use crate::session::{AccountSession, Fatal, Session, Transmit, VenueEvent};

/// See the module.
#[derive(Debug)]
pub struct TradingStream {
    link: Link,
    credentials: Credentials,
    dialect: Dialect,
    outbox: Outbox,
    events: VecDeque<VenueEvent>,
    counters: Counters,
}

/// What the `data` of a message is about, once it was scanned.
#[derive(Debug, Clone, Copy, Default)]
struct Greeting<'a> {
    status: Slot<'a>,
    action: Slot<'a>,
    listens: bool,
}

#[allow(clippy::large_enum_variant, reason = "lives on the stack for one call")]
enum Frame<'a> {
    Authorization(Greeting<'a>),
    Listening(Greeting<'a>),
    Update(RawUpdate<'a>),
    Other,
}

impl TradingStream {
    /// A session that opens its connection at the first `handle_timeout`.
    #[must_use]
    pub fn new(link: LinkConfig, credentials: Credentials, dialect: Dialect) -> Self {
        Self {
            link: Link::new(link),
            credentials,
            dialect,
            outbox: Outbox::default(),
            events: VecDeque::new(),
            counters: Counters::default(),
        }
    }

    /// What was read and what was set aside.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    fn send_authenticate(&mut self) {
        let mut text = b"{\"action\":\"authenticate\",\"data\":{\"key_id\":".to_vec();
        Credentials::push_json(&self.credentials.key_id, &mut text);
        text.extend_from_slice(b",\"secret_key\":");
        Credentials::push_json(&self.credentials.secret_key, &mut text);
        text.extend_from_slice(b"}}");
        self.outbox.push(text);
    }

    fn handle_authorization(&mut self, now: UnixNanos, greeting: &Greeting<'_>) {
        let status = greeting.status.text("status").ok().flatten();
        let action = greeting.action.text("action").ok().flatten();
        if status.as_deref() == Some(b"authorized") {
            let listen = b"{\"action\":\"listen\",\"data\":{\"streams\":[\"trade_updates\"]}}";
            self.outbox.push(listen.to_vec());
        } else if action.as_deref() == Some(b"listen") {
            self.give_up(now, true);
        } else {
            self.events
                .push_back(VenueEvent::Fatal(Fatal::NotAuthorized));
            self.give_up(now, true);
            self.link.handle_stop();
        }
    }

    fn handle_update(&mut self, now: UnixNanos, update: &RawUpdate<'_>) {
        match update.resolve(&self.dialect) {
            Ok(reports) => {
                self.counters.foreign += u64::from(reports.first.is_none());
                self.events.extend(reports.iter().map(VenueEvent::Report));
            }
            Err(malformed) => self.handle_unread(now, update, malformed),
        }
    }

    fn handle_unread(&mut self, now: UnixNanos, update: &RawUpdate<'_>, malformed: Malformed) {
        self.quarantine(malformed);
        let order = update.order();
        if let Some(question) = order.and_then(|order| order.question(&self.dialect)) {
            self.events.push_back(VenueEvent::Ask(question));
        } else if !order.is_some_and(|order| order.is_foreign(&self.dialect)) {
            self.resynchronise(now);
        }
    }

    fn quarantine(&mut self, malformed: Malformed) {
        self.counters.malformed += 1;
        self.events.push_back(VenueEvent::Quarantined(malformed));
    }

    fn resynchronise(&mut self, _now: UnixNanos) {
        if self.link.is_live() {
            self.events.push_back(VenueEvent::Down);
            self.events.push_back(VenueEvent::Up);
        }
    }

    fn give_up(&mut self, now: UnixNanos, close: bool) {
        if close {
            self.events.push_back(VenueEvent::Close);
        }
        if self.link.is_live() {
            self.events.push_back(VenueEvent::Down);
        }
        self.outbox.clear();
        self.link.handle_closed(now, 0);
    }
}

fn read_frame(bytes: &[u8]) -> Result<Frame<'_>, DecodeError> {
    let mut scanner = Scanner::new(bytes);
    let mut stream = Slot::default();
    let mut data: Option<Raw<'_>> = None;
    let mut update = None;
    scanner.begin_object()?;
    while let Some(name) = scanner.next_key()? {
        match name {
            b"stream" => stream.fill(&mut scanner)?,
            b"data" if data.is_some() || update.is_some() => {
                return Err(DecodeError::malformed(scanner.offset(), "data"));
            }
            // The usual order of members: the payload is scanned once, where it stands.
            b"data" if stream.text("stream")?.as_deref() == Some(b"trade_updates") => {
                update = Some(RawUpdate::scan(&mut scanner)?);
            }
            b"data" => data = Some(scanner.raw()?),
            _ => scanner.skip()?,
        }
    }
    scanner.finish()?;
    let stream = stream.required_text("stream")?;
    let missing = DecodeError::malformed(0, "data");
    match (&*stream, update, data) {
        (b"trade_updates", Some(update), _) => Ok(Frame::Update(update)),
        (b"trade_updates", None, Some(raw)) => {
            RawUpdate::scan(&mut Scanner::within(raw)).map(Frame::Update)
        }
        (b"authorization", _, Some(raw)) => read_greeting(raw).map(Frame::Authorization),
        (b"listening", _, Some(raw)) => read_greeting(raw).map(Frame::Listening),
        (b"trade_updates" | b"authorization" | b"listening", ..) => Err(missing),
        _ => Ok(Frame::Other),
    }
}

fn read_greeting(raw: Raw<'_>) -> Result<Greeting<'_>, DecodeError> {
    let mut scanner = Scanner::within(raw);
    let mut greeting = Greeting::default();
    scanner.begin_object()?;
    while let Some(name) = scanner.next_key()? {
        match name {
            b"status" => greeting.status.fill(&mut scanner)?,
            b"action" => greeting.action.fill(&mut scanner)?,
            b"streams" => {
                scanner.begin_array()?;
                while scanner.next_element()? {
                    let mut name = Slot::default();
                    name.fill(&mut scanner)?;
                    let name = name.text("streams")?;
                    greeting.listens |= name.as_deref() == Some(b"trade_updates");
                }
            }
            _ => scanner.skip()?,
        }
    }
    Ok(greeting)
}

impl Session for TradingStream {
    fn handle_connected(&mut self, now: UnixNanos) {
        self.link.handle_connected(now);
        self.send_authenticate();
    }

    fn handle_disconnected(&mut self, now: UnixNanos) {
        self.give_up(now, false);
    }

    fn handle_input(&mut self, now: UnixNanos, bytes: &[u8]) {
        if !self.link.is_connected() {
            return;
        }
        self.link.handle_heard(now);
        self.counters.messages += 1;
        match read_frame(bytes) {
            Ok(Frame::Update(update)) => self.handle_update(now, &update),
            Ok(Frame::Authorization(greeting)) => self.handle_authorization(now, &greeting),
            Ok(Frame::Listening(greeting)) if greeting.listens => {
                if !self.link.is_live() {
                    self.link.handle_live(now);
                    self.events.push_back(VenueEvent::Up);
                }
            }
            Ok(Frame::Listening(_)) => self.give_up(now, true),
            Ok(Frame::Other) => self.counters.foreign += 1,
            Err(error) => {
                self.quarantine(error.in_whole(bytes.len()));
                self.resynchronise(now);
            }
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
        self.link.poll_timeout()
    }
}

impl AccountSession for TradingStream {}
