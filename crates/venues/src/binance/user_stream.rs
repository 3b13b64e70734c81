//! The user data stream as a session: subscribe by a signed frame of the WebSocket API, listen.
//!
//! The stream has no sequence numbers and no replay. `Up` therefore means: from here on reports
//! come, and everything before has to be asked for. A message that cannot be read and does not
//! tell which order it is about is a hole of the same kind: it comes out as `Down` and `Up`.
//! Source: Binance spot API, "User Data Stream"; `listenKey` was removed on 2026-02-20.

use alloc::collections::VecDeque;
use alloc::string::ToString;

use py_rt_types::UnixNanos;

use crate::binance::encode::stamp_ms;
use crate::binance::errors::{ErrorBody, WRONG_TIME};
use crate::binance::lists::decode_time;
use crate::binance::sign::Signer;
use crate::binance::updates::RawUpdate;
use crate::dialect::{Counters, Credentials, Dialect};
use crate::error::{DecodeError, Malformed};
use crate::fees::warn_of_fee;
use crate::ids::push_decimal;
use crate::json::{Raw, Scanner, Slot};
use crate::link::{Link, LinkConfig, Wish};
use crate::outbox::Outbox;
use crate::requests::clock::offset_ns;
use crate::session::{AccountSession, Fatal, Session, Transmit, VenueEvent};

const WINDOW_MS: u64 = 5000;
/// How long the connection is left alone after the venue refused it for too many requests.
const LIMITED_NS: i64 = 60_000_000_000;

/// See the module.
#[derive(Debug)]
pub struct UserStream {
    link: Link,
    credentials: Credentials,
    signer: Signer,
    dialect: Dialect,
    offset_ns: i64,
    /// When the venue was asked for its time, within this connection.
    time_asked: Option<UnixNanos>,
    outbox: Outbox,
    events: VecDeque<VenueEvent>,
    counters: Counters,
}

/// A message: an event, or an answer.
#[derive(Default)]
struct Frame<'a> {
    id: Slot<'a>,
    status: Slot<'a>,
    subscription: Slot<'a>,
    result: Option<Raw<'a>>,
    error: Option<Raw<'a>>,
    update: Option<RawUpdate<'a>>,
}

impl UserStream {
    /// A session that opens its connection at the first `handle_timeout`.
    #[must_use]
    pub fn new(link: LinkConfig, credentials: &Credentials, dialect: Dialect) -> Self {
        Self {
            link: Link::new(link),
            credentials: credentials.clone(),
            signer: Signer::new(&credentials.secret_key),
            dialect,
            offset_ns: 0,
            time_asked: None,
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

    /// All parameters but the signature are signed, by name.
    fn send_subscribe(&mut self, now: UnixNanos) {
        let mut payload = b"apiKey=".to_vec();
        payload.extend_from_slice(self.credentials.key_id.as_bytes());
        payload.extend_from_slice(b"&recvWindow=");
        push_decimal(WINDOW_MS, &mut payload);
        payload.extend_from_slice(b"&timestamp=");
        let stamp = stamp_ms(now, self.offset_ns);
        push_decimal(stamp, &mut payload);
        let mut text = b"{\"id\":\"subscribe\",\"method\":".to_vec();
        text.extend_from_slice(b"\"userDataStream.subscribe.signature\",\"params\":{\"apiKey\":");
        Credentials::push_json(&self.credentials.key_id, &mut text);
        text.extend_from_slice(b",\"recvWindow\":");
        push_decimal(WINDOW_MS, &mut text);
        text.extend_from_slice(b",\"timestamp\":");
        push_decimal(stamp, &mut text);
        text.extend_from_slice(b",\"signature\":\"");
        self.signer.sign(&payload, &mut text);
        text.extend_from_slice(b"\"}}");
        self.outbox.push(text);
    }

    fn handle_answer(&mut self, now: UnixNanos, frame: &Frame<'_>) {
        let id = frame.id.text("id").ok().flatten().unwrap_or_default();
        match (&*id, frame.result, frame.error) {
            (b"time", Some(result), _) => match decode_time(result.bytes) {
                Ok(time) => {
                    let asked = self.time_asked.unwrap_or(now);
                    self.offset_ns = offset_ns(time, asked, now);
                    self.send_subscribe(now);
                }
                Err(malformed) => {
                    self.quarantine(malformed);
                    self.give_up(now, true, 0);
                }
            },
            (b"subscribe", Some(_), _) => {
                if !self.link.is_live() {
                    self.link.handle_live(now);
                    self.events.push_back(VenueEvent::Up);
                }
            }
            (_, _, Some(error)) => self.handle_refusal(now, error),
            _ => self.counters.foreign += 1,
        }
    }

    fn handle_refusal(&mut self, now: UnixNanos, error: Raw<'_>) {
        let body = ErrorBody::scan(&mut Scanner::within(error));
        let code = body.map_or(0, |body| body.code);
        match code {
            WRONG_TIME if self.time_asked.is_none() => {
                self.time_asked = Some(now);
                let text = b"{\"id\":\"time\",\"method\":\"time\"}";
                self.outbox.push(text.to_vec());
            }
            -1002 | -1022 | -2008 | -2014 | -2015 => {
                let fatal = VenueEvent::Fatal(Fatal::NotAuthorized);
                self.events.push_back(fatal);
                self.give_up(now, true, 0);
                self.link.handle_stop();
            }
            _ => {
                let text = alloc::format!("the user data stream answered with error {code}");
                self.events.push_back(VenueEvent::Notice(text));
                let wait_ns = if code == -1003 { LIMITED_NS } else { 0 };
                self.give_up(now, true, wait_ns);
            }
        }
    }

    fn handle_update(&mut self, now: UnixNanos, update: &RawUpdate<'_>) {
        let event = update.event.text("e").ok().flatten().unwrap_or_default();
        match &*event {
            b"executionReport" => match update.resolve(&self.dialect) {
                Ok((reports, fee)) => {
                    self.counters.foreign += u64::from(reports.first.is_none());
                    self.events.extend(reports.iter().map(VenueEvent::Report));
                    warn_of_fee(fee.elsewhere, &mut self.events);
                }
                Err(malformed) => self.handle_unread(now, update, malformed),
            },
            b"eventStreamTerminated" | b"serverShutdown" => {
                let text = "the venue ends the user data stream: opening another".to_string();
                self.events.push_back(VenueEvent::Notice(text));
                self.give_up(now, true, 0);
            }
            _ => self.counters.foreign += 1,
        }
    }

    fn handle_unread(&mut self, now: UnixNanos, update: &RawUpdate<'_>, malformed: Malformed) {
        self.quarantine(malformed);
        if let Some(question) = update.question(&self.dialect) {
            self.events.push_back(VenueEvent::Ask(question));
        } else if !update.is_foreign(&self.dialect) {
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

    fn give_up(&mut self, now: UnixNanos, close: bool, wait_ns: i64) {
        if close {
            self.events.push_back(VenueEvent::Close);
        }
        if self.link.is_live() {
            self.events.push_back(VenueEvent::Down);
        }
        self.outbox.clear();
        self.time_asked = None;
        self.link.handle_closed(now, wait_ns);
    }
}

fn read_frame(bytes: &[u8]) -> Result<Frame<'_>, DecodeError> {
    let mut frame = Frame::default();
    let mut scanner = Scanner::new(bytes);
    scanner.begin_object()?;
    while let Some(name) = scanner.next_key()? {
        match name {
            b"id" => frame.id.fill(&mut scanner)?,
            b"status" => frame.status.fill(&mut scanner)?,
            b"subscriptionId" => frame.subscription.fill(&mut scanner)?,
            b"result" => frame.result = Some(scanner.raw()?),
            b"error" => frame.error = Some(scanner.raw()?),
            b"event" if frame.update.is_none() => {
                frame.update = Some(RawUpdate::scan(&mut scanner)?);
            }
            b"event" => return Err(DecodeError::malformed(scanner.offset(), "event")),
            // `serverShutdown` comes without a frame around it.
            b"e" => {
                let mut update = RawUpdate::default();
                update.event.fill(&mut scanner)?;
                frame.update = Some(update);
            }
            _ => scanner.skip()?,
        }
    }
    scanner.finish()?;
    Ok(frame)
}

impl Session for UserStream {
    fn handle_connected(&mut self, now: UnixNanos) {
        self.link.handle_connected(now);
        self.send_subscribe(now);
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
        match read_frame(bytes) {
            Ok(Frame {
                update: Some(update),
                ..
            }) => self.handle_update(now, &update),
            Ok(frame) => self.handle_answer(now, &frame),
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

impl AccountSession for UserStream {}
