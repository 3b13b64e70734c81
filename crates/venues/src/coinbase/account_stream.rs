//! The channel `user`: a subscription with a token, and how orders stand.
//!
//! The channel tells the state of an order and not its executions: neither their prices nor their
//! ids. So a state in which more is executed than before is no report: the order is asked for with
//! its fills, which are what is booked. States that are sent again say nothing. Every message of
//! the connection bears a number, those of `heartbeats` too, of which there is one a second: a lost
//! state is noticed within that time.
//!
//! Source: Coinbase, "Advanced Trade WebSocket: user, heartbeats".

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use py_rt_types::{
    ClientOrderId, OrderStatus, Qty, Query, RejectReason, Report, ReportKind, UnixNanos,
    VenueOrderId,
};

use crate::coinbase::orders::{or_zero, order_id, side, status_of};
use crate::coinbase::sign::{Sign, LIFETIME_S};
use crate::dialect::{Credentials, Dialect};
use crate::error::{DecodeError, Malformed};
use crate::feed::instant::optional_text;
use crate::feed::read::required_whole;
use crate::json::{Kind, Scanner, Slot};
use crate::link::LinkConfig;
use crate::numbered::{AccountWords, Greeting, Heard, NumberedStream, RefusedStream, Tale};
use crate::session::VenueEvent;

/// Orders of which the last state is remembered.
const ORDERS_MAX: usize = 4096;

/// The account's stream as a session.
pub type AccountStream = NumberedStream<CoinbaseAccount>;

/// See the module.
#[derive(Debug)]
pub struct CoinbaseAccount {
    signer: Box<dyn Sign>,
    products: Vec<String>,
    known: BTreeMap<VenueOrderId, State>,
}

/// How an order stood last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    status: OrderStatus,
    cum_qty: Qty,
    /// Executed and left together.
    total: Qty,
}

/// A message.
#[derive(Debug, Default)]
pub struct Frame<'a> {
    channel: Slot<'a>,
    kind: Slot<'a>,
    message: Slot<'a>,
    time: Slot<'a>,
    sequence: Slot<'a>,
    snapshot: bool,
    rows: Vec<RawRow<'a>>,
}

/// One order, as it was sent.
#[derive(Debug, Clone, Copy, Default)]
struct RawRow<'a> {
    id: Slot<'a>,
    client_id: Slot<'a>,
    symbol: Slot<'a>,
    side: Slot<'a>,
    status: Slot<'a>,
    cum_qty: Slot<'a>,
    left: Slot<'a>,
}

impl AccountStream {
    /// A session that opens its connection at the first `handle_timeout`.
    #[must_use]
    pub fn new(link: LinkConfig, dialect: Dialect, signer: Box<dyn Sign>) -> Self {
        let listings = dialect.symbols.listings().iter();
        let products = listings.map(|one| one.instrument().symbol().into());
        let words = CoinbaseAccount {
            signer,
            products: products.collect(),
            known: BTreeMap::new(),
        };
        Self::with_words(link, dialect, words)
    }
}

impl AccountWords for CoinbaseAccount {
    type Frame<'a> = Frame<'a>;

    fn scan<'a>(&self, bytes: &'a [u8]) -> Result<Frame<'a>, Malformed> {
        Frame::read(bytes).map_err(|error| error.in_whole(bytes.len()))
    }

    fn sort(&self, frame: &Frame<'_>) -> Result<Heard, Malformed> {
        if frame.channel.is_empty() {
            if &*frame.kind.required_text("type")? != b"error" {
                return Ok(Heard::Foreign);
            }
            let message = frame.message.text("message")?.unwrap_or_default();
            return Ok(Heard::Refused(RefusedStream {
                text: String::from_utf8_lossy(&message).into_owned(),
                // A key that is refused is told by the answers to requests, and so is the time,
                // by which the next token is made.
                fatal: false,
                wait_ns: 0,
                asks: true,
            }));
        }
        let user = &*frame.channel.required_text("channel")? == b"user";
        Ok(Heard::Numbered {
            sequence: required_whole(&frame.sequence, "sequence_num")?,
            begins: false,
            opens: user && frame.snapshot,
        })
    }

    fn tell(&mut self, frame: &Frame<'_>, opens: bool, tale: &mut Tale<'_>) {
        let now = match optional_text(&frame.time, "timestamp") {
            Ok(UnixNanos(0)) if !frame.rows.is_empty() => Err(frame.time.malformed("timestamp")),
            other => other,
        };
        for row in &frame.rows {
            let read = now.and_then(|now| self.read(row, now, opens, tale.dialect));
            match read {
                Ok(None) => tale.counters.foreign += 1,
                Ok(Some(event)) => tale.events.push_back(event),
                Err(malformed) => {
                    let id = order_id(&row.id).ok();
                    let ask = id.map(|venue_order_id| Query::VenueOrder { venue_order_id });
                    tale.quarantine(malformed, ask);
                }
            }
        }
    }

    fn greet(&mut self, now: UnixNanos, greeting: &mut Greeting<'_>) {
        for channel in ["user", "heartbeats"] {
            let mut token = Vec::new();
            if !self.signer.token(now, None, LIFETIME_S, &mut token) {
                let text = "no token could be signed: the system gave no random numbers";
                greeting.say(VenueEvent::Notice(text.into()));
                return;
            }
            let products = self.products.iter().map(String::as_str);
            let token = String::from_utf8_lossy(&token);
            greeting.send(subscription(channel, products, Some(&token)));
        }
    }

    fn clear(&mut self) {
        self.known.clear();
    }
}

/// A message that subscribes to a channel, with a token where one is needed.
pub(super) fn subscription<'a>(
    channel: &str,
    products: impl Iterator<Item = &'a str>,
    token: Option<&str>,
) -> Vec<u8> {
    let mut text = b"{\"type\":\"subscribe\",\"product_ids\":[".to_vec();
    for (place, product) in products.enumerate() {
        if place > 0 {
            text.push(b',');
        }
        Credentials::push_json(product, &mut text);
    }
    text.extend_from_slice(b"],\"channel\":");
    Credentials::push_json(channel, &mut text);
    if let Some(token) = token {
        text.extend_from_slice(b",\"jwt\":");
        Credentials::push_json(token, &mut text);
    }
    text.push(b'}');
    text
}

impl CoinbaseAccount {
    /// What a row comes to; `None` for nothing new. Those of a snapshot are only remembered.
    fn read(
        &mut self,
        row: &RawRow<'_>,
        now: UnixNanos,
        opens: bool,
        dialect: &Dialect,
    ) -> Result<Option<VenueEvent>, Malformed> {
        let id = order_id(&row.id)?;
        let Some(listing) = dialect
            .symbols
            .find(&row.symbol.required_text("product_id")?)
        else {
            return Ok(None);
        };
        let cum_qty = or_zero(&row.cum_qty, "cumulative_quantity", listing)?;
        let left = or_zero(&row.left, "leaves_quantity", listing)?;
        let total = Qty(cum_qty.0.saturating_add(left.0));
        let word = row.status.required_text("status")?;
        let side = side(&row.side, "order_side")?;
        let client_id = row.client_id.text("client_order_id")?.unwrap_or_default();
        let state = State {
            // What is left is nothing at every end, so that the word alone says which it is.
            status: status_of(&word, (total, cum_qty)),
            cum_qty,
            total,
        };
        let before = self.known.get(&id).copied();
        if before.is_some_and(|before| cum_qty < before.cum_qty) {
            return Ok(None);
        }
        if state.status.is_terminal() {
            self.known.remove(&id);
        } else {
            if self.known.len() >= ORDERS_MAX {
                self.known.pop_first();
            }
            self.known.insert(id, state);
        }
        if opens {
            return Ok(None);
        }
        let report = |kind| {
            VenueEvent::Report(Report {
                ts_event: now,
                client_order_id: dialect.lineage.decode_id(&client_id),
                venue_order_id: id,
                instrument: listing.id(),
                side,
                kind,
            })
        };
        let foreign = dialect.lineage.decode_id(&client_id) == ClientOrderId::FOREIGN;
        Ok(match news(before, state) {
            News::Nothing => None,
            News::Report(_) if foreign => None,
            News::Report(kind) => Some(report(kind)),
            News::Ask => Some(VenueEvent::Ask(Query::VenueOrder { venue_order_id: id })),
        })
    }
}

enum News {
    Nothing,
    Report(ReportKind),
    Ask,
}

/// What is new in a state.
fn news(before: Option<State>, state: State) -> News {
    if before == Some(state) {
        return News::Nothing;
    }
    let executed = before.map_or(Qty::ZERO, |before| before.cum_qty);
    let cum_qty = state.cum_qty;
    let terms_changed = before.is_some_and(|before| before.total != state.total);
    match state.status {
        _ if cum_qty > executed => News::Ask,
        OrderStatus::Canceled if cum_qty.0 == 0 => News::Report(ReportKind::Canceled { cum_qty }),
        OrderStatus::Expired if cum_qty.0 == 0 => News::Report(ReportKind::Expired { cum_qty }),
        OrderStatus::Rejected => News::Report(ReportKind::Rejected {
            reason: RejectReason::Venue,
        }),
        OrderStatus::PendingCancel => News::Report(ReportKind::PendingCancel),
        OrderStatus::PendingReplace => News::Nothing,
        OrderStatus::New if before.is_none() => News::Report(ReportKind::Accepted),
        OrderStatus::New | OrderStatus::PartiallyFilled
            if !terms_changed && before.is_some_and(|one| rests(one.status)) =>
        {
            News::Nothing
        }
        _ => News::Ask,
    }
}

const fn rests(status: OrderStatus) -> bool {
    matches!(status, OrderStatus::New | OrderStatus::PartiallyFilled)
}

impl<'a> Frame<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut frame = Self::default();
        let mut scanner = Scanner::new(bytes);
        let mut listed = false;
        scanner.begin_object()?;
        while let Some(name) = scanner.next_key()? {
            match name {
                b"channel" => frame.channel.fill(&mut scanner)?,
                b"type" => frame.kind.fill(&mut scanner)?,
                b"message" => frame.message.fill(&mut scanner)?,
                b"timestamp" => frame.time.fill(&mut scanner)?,
                b"sequence_num" => frame.sequence.fill(&mut scanner)?,
                b"events" if listed => {
                    return Err(DecodeError::malformed(scanner.offset(), "events"));
                }
                b"events" => {
                    listed = true;
                    scanner.begin_array()?;
                    while scanner.next_element()? {
                        frame.read_event(&mut scanner)?;
                    }
                }
                _ => scanner.skip()?,
            }
        }
        scanner.finish()?;
        if !frame.channel.is_empty() && !listed {
            return Err(DecodeError::malformed(0, "events"));
        }
        Ok(frame)
    }

    fn read_event(&mut self, scanner: &mut Scanner<'a>) -> Result<(), DecodeError> {
        let (mut kind, mut listed) = (Slot::default(), false);
        let mut named = false;
        scanner.begin_object()?;
        while let Some(name) = scanner.next_key()? {
            match name {
                b"type" => kind.fill(scanner)?,
                b"orders" if listed || scanner.peek()? != Kind::Array => {
                    return Err(DecodeError::malformed(scanner.offset(), "orders"));
                }
                b"orders" => {
                    listed = true;
                    scanner.begin_array()?;
                    while scanner.next_element()? {
                        self.rows.push(RawRow::scan(scanner)?);
                    }
                }
                _ => {
                    named = true;
                    scanner.skip()?;
                }
            }
        }
        if let Some(word) = kind.text("type")? {
            self.snapshot |= &*word == b"snapshot";
            if !listed && !named {
                return Err(DecodeError::malformed(scanner.offset(), "orders"));
            }
        }
        Ok(())
    }
}

impl<'a> RawRow<'a> {
    fn scan(scanner: &mut Scanner<'a>) -> Result<Self, DecodeError> {
        let mut row = Self::default();
        scanner.begin_object()?;
        while let Some(name) = scanner.next_key()? {
            let slot = match name {
                b"order_id" => &mut row.id,
                b"client_order_id" => &mut row.client_id,
                b"product_id" => &mut row.symbol,
                b"order_side" => &mut row.side,
                b"status" => &mut row.status,
                b"cumulative_quantity" => &mut row.cum_qty,
                b"leaves_quantity" => &mut row.left,
                _ => {
                    scanner.skip()?;
                    continue;
                }
            };
            slot.fill(scanner)?;
        }
        Ok(row)
    }
}
