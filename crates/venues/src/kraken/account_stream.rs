//! The channel `executions`: a token from a request connection, a subscription, rows.
//!
//! The token opens one connection: each connection asks for a fresh one, so that none grows old.
//! Source: Kraken, "WebSockets v2: executions".

use alloc::string::String;
use alloc::vec::Vec;

use py_rt_types::{Query, UnixNanos};

use crate::dialect::{Credentials, Dialect};
use crate::error::{DecodeError, Malformed};
use crate::feed::read::required_whole;
use crate::fees::warn_of_fee;
use crate::json::{Kind, Scanner, Slot};
use crate::kraken::executions::{KnownOrders, RawRow, Told};
use crate::link::LinkConfig;
use crate::numbered::{AccountWords, Greeting, Heard, NumberedStream, RefusedStream, Tale};
use crate::session::{Token, VenueEvent};

/// How long the connection is left alone after the venue refused it for too many requests.
const LIMITED_NS: i64 = 60_000_000_000;

/// The account's stream as a session.
pub type AccountStream = NumberedStream<KrakenAccount>;

/// See the module.
#[derive(Debug, Default)]
pub struct KrakenAccount {
    orders: KnownOrders,
}

/// A message: rows, or an answer.
#[derive(Debug, Default)]
pub struct Frame<'a> {
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
        Self::with_words(link, dialect, KrakenAccount::default())
    }
}

impl AccountWords for KrakenAccount {
    type Frame<'a> = Frame<'a>;

    fn scan<'a>(&self, bytes: &'a [u8]) -> Result<Frame<'a>, Malformed> {
        read_frame(bytes).map_err(|error| error.in_whole(bytes.len()))
    }

    fn sort(&self, frame: &Frame<'_>) -> Result<Heard, Malformed> {
        if let Some(method) = frame.method.text("method")? {
            if *method == *b"subscribe" && frame.success.flag("success")? == Some(false) {
                let error = frame.error.text("error")?.unwrap_or_default();
                return Ok(refused(String::from_utf8_lossy(&error).into_owned()));
            }
            return Ok(Heard::Nothing);
        }
        match &*frame.channel.required_text("channel")? {
            b"executions" => {}
            b"status" | b"heartbeat" => return Ok(Heard::Nothing),
            _ => return Ok(Heard::Foreign),
        }
        let snapshot = &*frame.kind.required_text("type")? == b"snapshot";
        Ok(Heard::Numbered {
            sequence: required_whole(&frame.sequence, "sequence")?,
            begins: snapshot,
            opens: snapshot,
        })
    }

    fn tell(&mut self, frame: &Frame<'_>, opens: bool, tale: &mut Tale<'_>) {
        for row in &frame.rows {
            match self.orders.read(row, tale.dialect, opens) {
                Ok(Told::Nothing) => tale.counters.foreign += 1,
                Ok(Told::Report(report, elsewhere)) => {
                    tale.events.push_back(VenueEvent::Report(report));
                    warn_of_fee(elsewhere, tale.events);
                }
                Ok(Told::Ask(query)) => tale.events.push_back(VenueEvent::Ask(query)),
                Err(malformed) => {
                    let id = row.order_id().ok();
                    let ask = id.map(|venue_order_id| Query::VenueOrder { venue_order_id });
                    tale.quarantine(malformed, ask);
                }
            }
        }
    }

    fn greet(&mut self, _now: UnixNanos, greeting: &mut Greeting<'_>) {
        greeting.say(VenueEvent::AskToken);
    }

    fn subscribe(&self, token: &Token) -> Option<Vec<u8>> {
        let mut text = b"{\"method\":\"subscribe\",\"params\":{\"channel\":\"executions\"".to_vec();
        text.extend_from_slice(b",\"token\":");
        Credentials::push_json(&token.0, &mut text);
        text.extend_from_slice(b",\"snap_orders\":true,\"snap_trades\":false");
        text.extend_from_slice(b",\"order_status\":true},\"req_id\":1}");
        Some(text)
    }

    fn clear(&mut self) {
        self.orders.clear();
    }
}

fn refused(text: String) -> Heard {
    let fatal =
        text.starts_with("EGeneral:Permission denied") || text.starts_with("EAPI:Invalid key");
    let limited = text.contains("Rate limit") || text.contains("lockout");
    Heard::Refused(RefusedStream {
        text,
        fatal,
        wait_ns: if limited { LIMITED_NS } else { 0 },
        asks: false,
    })
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
