//! The channel `executions` as a session: a token from a request connection, a subscription, rows.
//!
//! The token opens one connection: each connection asks for a fresh one, so that none grows old.
//! Messages are numbered: one that is missing is a hole, and everything since has to be asked for:
//! it comes out as `Down` and `Up`. One that comes again, or late, is left out: the hole was filled
//! by asking. Source: Kraken, "WebSockets v2: executions".

use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use py_rt_types::UnixNanos;

use crate::dialect::{Counters, Credentials, Dialect};
use crate::error::{DecodeError, Malformed};
use crate::feed::read::optional_whole;
use crate::fees::warn_of_fee;
use crate::json::{Kind, Scanner, Slot};
use crate::kraken::executions::{KnownOrders, RawRow, Told};
use crate::link::{Link, LinkConfig, Wish};
use crate::outbox::Outbox;
use crate::session::{AccountSession, Fatal, Session, Token, Transmit, VenueEvent};

/// How long the connection is left alone after the venue refused it for too many requests.
const LIMITED_NS: i64 = 60_000_000_000;

/// See the module.
#[derive(Debug)]
pub struct AccountStream {
    link: Link,
    dialect: Dialect,
    outbox: Outbox,
    events: VecDeque<VenueEvent>,
    counters: Counters,
    orders: KnownOrders,
    /// The number that the next message bears.
    next: Option<u64>,
}

/// A message: rows, or an answer.
#[derive(Default)]
struct Frame<'a> {
    channel: Slot<'a>,
    kind: Slot<'a>,
    method: Slot<'a>,
    success: Slot<'a>,
    error: Slot<'a>,
    sequence: Slot<'a>,
    rows: Vec<RawRow<'a>>,
}

impl AccountStream {
    /// A session that opens its connection at the first `handle_timeout`.
    #[must_use]
    pub fn new(link: LinkConfig, dialect: Dialect) -> Self {
        Self {
            link: Link::new(link),
            dialect,
            outbox: Outbox::default(),
            events: VecDeque::new(),
            counters: Counters::default(),
            orders: KnownOrders::default(),
            next: None,
        }
    }

    /// What was read and what was set aside.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    fn handle_frame(&mut self, now: UnixNanos, frame: &Frame<'_>) -> Result<(), Malformed> {
        if let Some(method) = frame.method.text("method")? {
            if *method == *b"subscribe" && frame.success.flag("success")? == Some(false) {
                let error = frame.error.text("error")?.unwrap_or_default();
                self.handle_refusal(now, &String::from_utf8_lossy(&error));
            }
            return Ok(());
        }
        match &*frame.channel.required_text("channel")? {
            b"executions" => {}
            b"status" | b"heartbeat" => return Ok(()),
            _ => {
                self.counters.foreign += 1;
                return Ok(());
            }
        }
        let snapshot = &*frame.kind.required_text("type")? == b"snapshot";
        let sequence = optional_whole(&frame.sequence, "sequence")?;
        let sequence = sequence.ok_or_else(|| frame.sequence.malformed("sequence"))?;
        let expected = self.next.filter(|_| !snapshot).unwrap_or(sequence);
        if sequence < expected {
            self.counters.foreign += 1;
            return Ok(());
        }
        self.next = sequence.checked_add(1);
        for row in &frame.rows {
            self.handle_row(row, snapshot);
        }
        if snapshot && !self.link.is_live() {
            self.link.handle_live(now);
            self.events.push_back(VenueEvent::Up);
        } else if sequence > expected {
            let text = format!(
                "{} messages of the account are missing",
                sequence - expected
            );
            self.events.push_back(VenueEvent::Notice(text));
            self.resynchronise();
        }
        Ok(())
    }

    fn handle_row(&mut self, row: &RawRow<'_>, snapshot: bool) {
        match self.orders.read(row, &self.dialect, snapshot) {
            Ok(Told::Nothing) => self.counters.foreign += 1,
            Ok(Told::Report(report, elsewhere)) => {
                self.events.push_back(VenueEvent::Report(report));
                warn_of_fee(elsewhere, &mut self.events);
            }
            Ok(Told::Ask(query)) => self.events.push_back(VenueEvent::Ask(query)),
            Err(malformed) => {
                self.quarantine(malformed);
                match row.order_id() {
                    Ok(venue_order_id) => {
                        let query = py_rt_types::Query::VenueOrder { venue_order_id };
                        self.events.push_back(VenueEvent::Ask(query));
                    }
                    Err(_) => self.resynchronise(),
                }
            }
        }
    }

    fn handle_refusal(&mut self, now: UnixNanos, error: &str) {
        let text = format!("the account stream refused the subscription: {error}");
        self.events.push_back(VenueEvent::Notice(text));
        if error.starts_with("EGeneral:Permission denied") || error.starts_with("EAPI:Invalid key")
        {
            let fatal = VenueEvent::Fatal(Fatal::NotAuthorized);
            self.events.push_back(fatal);
            self.give_up(now, true, 0);
            return self.link.handle_stop();
        }
        let limited = error.contains("Rate limit") || error.contains("lockout");
        self.give_up(now, true, if limited { LIMITED_NS } else { 0 });
    }

    fn quarantine(&mut self, malformed: Malformed) {
        self.counters.malformed += 1;
        self.events.push_back(VenueEvent::Quarantined(malformed));
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
        self.orders.clear();
        self.next = None;
        self.link.handle_closed(now, wait_ns);
    }
}

fn read_frame(bytes: &[u8]) -> Result<Frame<'_>, DecodeError> {
    let mut frame = Frame::default();
    let mut scanner = Scanner::new(bytes);
    let mut listed = false;
    scanner.begin_object()?;
    while let Some(name) = scanner.next_key()? {
        match name {
            b"channel" => frame.channel.fill(&mut scanner)?,
            b"type" => frame.kind.fill(&mut scanner)?,
            b"method" => frame.method.fill(&mut scanner)?,
            b"success" => frame.success.fill(&mut scanner)?,
            b"error" => frame.error.fill(&mut scanner)?,
            b"sequence" => frame.sequence.fill(&mut scanner)?,
            b"data" if listed => return Err(DecodeError::malformed(scanner.offset(), "data")),
            b"data" if scanner.peek()? == Kind::Array => {
                listed = true;
                scanner.begin_array()?;
                while scanner.next_element()? {
                    frame.rows.push(RawRow::scan(&mut scanner)?);
                }
            }
            _ => scanner.skip()?,
        }
    }
    scanner.finish()?;
    let rows = frame.channel.text("channel")?.as_deref() == Some(b"executions");
    if rows && !listed {
        return Err(DecodeError::malformed(0, "data"));
    }
    Ok(frame)
}

impl Session for AccountStream {
    fn handle_connected(&mut self, now: UnixNanos) {
        self.link.handle_connected(now);
        self.events.push_back(VenueEvent::AskToken);
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
        let frame = read_frame(bytes).map_err(|error| error.in_whole(bytes.len()));
        if let Err(malformed) = frame.and_then(|frame| self.handle_frame(now, &frame)) {
            self.quarantine(malformed);
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
            Wish::Close => self.give_up(now, true, 0),
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

impl AccountSession for AccountStream {
    fn handle_token(&mut self, _now: UnixNanos, token: &Token) {
        if !self.link.is_connected() || self.link.is_live() {
            return;
        }
        let mut text = b"{\"method\":\"subscribe\",\"params\":{\"channel\":\"executions\"".to_vec();
        text.extend_from_slice(b",\"token\":");
        Credentials::push_json(&token.0, &mut text);
        text.extend_from_slice(b",\"snap_orders\":true,\"snap_trades\":false");
        text.extend_from_slice(b",\"order_status\":true},\"req_id\":1}");
        self.outbox.push(text);
    }
}
