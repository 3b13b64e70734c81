//! Inputs and decisions as bytes and back: the record payloads of the journal.
//!
//! What it is: one spelling for each record, little-endian, without padding. What it is not: the
//! framing (length, checksum, sequence, hash chain) and the files belong to the driver.
//!
//! A payload is one byte that says its kind, then the members in order:
//!
//! | kind | record | members |
//! |---|---|---|
//! | 1 | header | `u16` format, then [`Header`] |
//! | 2 | snapshot | length `u32`, the bytes of [`Snapshot`](crate::kernel::Snapshot) |
//! | 3 | id block | `u64`: order ids below it are reserved |
//! | 4 | synced | `u64`: so many bytes of the segment were on the disk by then |
//! | 5 | end | time, order hash `u128`, decisions `u64` |
//! | 16 | market row | time, the 48 bytes of [`MarketEvent`] |
//! | 17 | bar | time, the 64 bytes of [`Bar`] |
//! | 18 | report | time, [`Report`] |
//! | 19 | account report | time, [`AccountReport`] |
//! | 20 | session | time, [`Session`] |
//! | 21 | control | time, [`Control`] |
//! | 22 | timer | time |
//! | 23 | corporate action | time, [`CorporateAction`] |
//! | 24 | market phase | time, instrument, [`Phase`] |
//! | 25 | charge | time, [`Charge`] |
//! | 26 | rate of exchange | time, [`ExchangeRate`] |
//! | 32 .. 35 | decision | time, the new order, replace, cancel or query as sent |
//!
//! Times are `i64` nanoseconds UTC and are the `now` of the call. An optional member has a byte 0
//! or 1 before it, a list its count as `u32`, a text its length in bytes as `u32`, a decimal is an
//! `i128` mantissa and a `u32` scale. A reader refuses unknown kinds, codes and trailing bytes with
//! [`Malformed`]; it never guesses.

mod actions;
pub(crate) mod bytes;
mod charges;
mod controls;
mod header;
mod nouns;
mod parents;

#[cfg(test)]
pub(crate) mod tests;

use alloc::boxed::Box;
use alloc::vec::Vec;

use py_rt_types::{
    AccountReport, Bar, CancelOrder, InstrumentId, MarketEvent, NewOrder, Query, ReplaceOrder,
    Report, UnixNanos,
};

use crate::actions::CorporateAction;
use crate::charges::Charge;
use crate::currency::ExchangeRate;
use crate::input::{Control, Input, Phase, Session};
pub use crate::output::DecisionHash;
use crate::output::Request;
pub use bytes::Malformed;
use bytes::{Reader, Wire};
pub use header::Header;

/// The number of this format.
pub const FORMAT: u16 = 8;

const HEADER: u8 = 1;
const SNAPSHOT: u8 = 2;
const ID_BLOCK: u8 = 3;
const SYNCED: u8 = 4;
const END: u8 = 5;
const MARKET: u8 = 16;
const BAR: u8 = 17;
const REPORT: u8 = 18;
const ACCOUNT: u8 = 19;
const SESSION: u8 = 20;
const CONTROL: u8 = 21;
const TIMER: u8 = 22;
const ACTION: u8 = 23;
const PHASE: u8 = 24;
const CHARGE: u8 = 25;
const RATE: u8 = 26;
const NEW: u8 = 32;
const REPLACE: u8 = 33;
const CANCEL: u8 = 34;
const QUERY: u8 = 35;

/// An input that owns what it says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum OwnedInput {
    /// A market row.
    Market(MarketEvent),
    /// A closed bar.
    Bar(Bar),
    /// The venue said something about an order.
    Report(Report),
    /// The venue said something about the account.
    Account(AccountReport),
    /// The connection to the account changed.
    Session(Session),
    /// A person or a program steers.
    Control(Control),
    /// A company did something to its shares.
    Action(CorporateAction),
    /// Holding an instrument costs or earns something.
    Charge(Charge),
    /// A rate of exchange.
    Rate(ExchangeRate),
    /// The market of an instrument opened, closed or was halted.
    Phase(InstrumentId, Phase),
    /// Nothing but time passed.
    Timer,
}

impl OwnedInput {
    /// The input as the kernel takes it.
    #[inline]
    #[must_use]
    pub const fn as_input(&self) -> Input<'_> {
        match self {
            Self::Market(event) => Input::Market(event),
            Self::Bar(bar) => Input::Bar(bar),
            Self::Report(report) => Input::Report(report),
            Self::Account(report) => Input::Account(report),
            Self::Session(session) => Input::Session(*session),
            Self::Control(control) => Input::Control(*control),
            Self::Action(action) => Input::Action(action),
            Self::Charge(charge) => Input::Charge(charge),
            Self::Rate(rate) => Input::Rate(*rate),
            Self::Phase(instrument, phase) => Input::Phase(*instrument, *phase),
            Self::Timer => Input::Timer,
        }
    }
}

/// What was sent to the venue: a [`Request`] without the proof of its approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// A new order.
    New(NewOrder),
    /// Other terms for an order.
    Replace(ReplaceOrder),
    /// The end of an order.
    Cancel(CancelOrder),
    /// A question.
    Query(Query),
}

impl From<&Request> for Decision {
    fn from(request: &Request) -> Self {
        match request {
            Request::New(approved) => Self::New(*approved.order()),
            Request::Replace(approved) => Self::Replace(*approved.order()),
            Request::Cancel(order) => Self::Cancel(*order),
            Request::Query(query) => Self::Query(*query),
        }
    }
}

/// The clean end of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct End {
    /// When.
    pub now: UnixNanos,
    /// The kernel's order hash over the whole journal.
    pub order_hash: u128,
    /// Orders, replaces and cancels in it.
    pub decisions: u64,
    /// What happened since the first session of the state directory.
    pub totals: Totals,
}

/// What happened, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// New orders that were sent.
    pub orders: u64,
    /// Executions that were booked.
    pub fills: u64,
    /// Orders that were refused, by us or by the venue.
    pub rejected: u64,
}

/// One record of a journal.
#[derive(Debug, Clone)]
pub enum Entry {
    /// What the session is: always the first record.
    Header(Box<Header>),
    /// The books to start from, or those at the end.
    Snapshot(Vec<u8>),
    /// Order ids below `end` are reserved.
    IdBlock {
        /// First id beyond the block.
        end: u64,
    },
    /// So many bytes of the segment were on the disk when this was written: what is broken before
    /// that was not torn by a loss of power.
    Synced {
        /// Bytes from the beginning of the segment.
        offset: u64,
    },
    /// Something happened.
    Input(UnixNanos, OwnedInput),
    /// Something was sent.
    Decision(UnixNanos, Decision),
    /// The session ended cleanly: always the last record.
    End(End),
}

/// Appends an input with the time at which the kernel learned it.
#[inline]
pub fn encode_input(now: UnixNanos, input: &Input<'_>, out: &mut Vec<u8>) {
    let mut start = |kind: u8| {
        out.push(kind);
        now.put(out);
    };
    match input {
        Input::Market(event) => {
            start(MARKET);
            event.put(out);
        }
        Input::Bar(bar) => {
            start(BAR);
            bar.put(out);
        }
        Input::Report(report) => {
            start(REPORT);
            report.put(out);
        }
        Input::Account(report) => {
            start(ACCOUNT);
            report.put(out);
        }
        Input::Session(session) => {
            start(SESSION);
            session.put(out);
        }
        Input::Control(control) => {
            start(CONTROL);
            control.put(out);
        }
        Input::Action(action) => {
            start(ACTION);
            action.put(out);
        }
        Input::Phase(instrument, phase) => {
            start(PHASE);
            instrument.put(out);
            phase.put(out);
        }
        Input::Charge(charge) => {
            start(CHARGE);
            charge.put(out);
        }
        Input::Rate(rate) => {
            start(RATE);
            rate.put(out);
        }
        Input::Timer => start(TIMER),
    }
}

/// Appends a request as it is sent.
pub fn encode_decision(now: UnixNanos, decision: &Decision, out: &mut Vec<u8>) {
    let mut start = |kind: u8| {
        out.push(kind);
        now.put(out);
    };
    match decision {
        Decision::New(order) => {
            start(NEW);
            order.put(out);
        }
        Decision::Replace(order) => {
            start(REPLACE);
            order.put(out);
        }
        Decision::Cancel(order) => {
            start(CANCEL);
            order.put(out);
        }
        Decision::Query(query) => {
            start(QUERY);
            query.put(out);
        }
    }
}

impl Entry {
    /// Appends this record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Header(header) => {
                out.push(HEADER);
                FORMAT.put(out);
                header.put(out);
            }
            Self::Snapshot(bytes) => {
                out.push(SNAPSHOT);
                (bytes.len() as u32).put(out);
                out.extend_from_slice(bytes);
            }
            Self::IdBlock { end } => {
                out.push(ID_BLOCK);
                end.put(out);
            }
            Self::Synced { offset } => {
                out.push(SYNCED);
                offset.put(out);
            }
            Self::Input(now, input) => encode_input(*now, &input.as_input(), out),
            Self::Decision(now, decision) => encode_decision(*now, decision, out),
            Self::End(end) => {
                out.push(END);
                end.now.put(out);
                end.order_hash.put(out);
                end.decisions.put(out);
                end.totals.put(out);
            }
        }
    }

    /// Reads one whole record.
    ///
    /// # Errors
    /// [`Malformed`] naming the member that is missing, wrong or too much.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let kind = u8::read(&mut reader, "kind")?;
        let entry = match kind {
            HEADER..=END => Self::decode_frame(kind, &mut reader)?,
            MARKET..=RATE => {
                let now = Wire::read(&mut reader, "now")?;
                Self::Input(now, decode_input(kind, &mut reader)?)
            }
            NEW..=QUERY => {
                let now = Wire::read(&mut reader, "now")?;
                Self::Decision(now, decode_decision(kind, &mut reader)?)
            }
            _ => {
                return Err(Malformed {
                    offset: 0,
                    field: "kind",
                })
            }
        };
        reader.finish()?;
        Ok(entry)
    }

    fn decode_frame(kind: u8, reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(match kind {
            HEADER => {
                let unknown = reader.malformed("format");
                if u16::read(reader, "format")? != FORMAT {
                    return Err(unknown);
                }
                Self::Header(Box::new(Wire::read(reader, "header")?))
            }
            SNAPSHOT => {
                let length = u32::read(reader, "snapshot")? as usize;
                Self::Snapshot(reader.take(length, "snapshot")?.to_vec())
            }
            ID_BLOCK => Self::IdBlock {
                end: Wire::read(reader, "end")?,
            },
            SYNCED => Self::Synced {
                offset: Wire::read(reader, "offset")?,
            },
            _ => Self::End(End {
                now: Wire::read(reader, "now")?,
                order_hash: Wire::read(reader, "order_hash")?,
                decisions: Wire::read(reader, "decisions")?,
                totals: Wire::read(reader, "totals")?,
            }),
        })
    }
}

fn decode_input(kind: u8, reader: &mut Reader<'_>) -> Result<OwnedInput, Malformed> {
    Ok(match kind {
        MARKET => OwnedInput::Market(Wire::read(reader, "market")?),
        BAR => OwnedInput::Bar(Wire::read(reader, "bar")?),
        REPORT => OwnedInput::Report(Wire::read(reader, "report")?),
        ACCOUNT => OwnedInput::Account(Wire::read(reader, "account")?),
        SESSION => OwnedInput::Session(Wire::read(reader, "session")?),
        CONTROL => OwnedInput::Control(Wire::read(reader, "control")?),
        ACTION => OwnedInput::Action(Wire::read(reader, "action")?),
        PHASE => OwnedInput::Phase(
            Wire::read(reader, "instrument")?,
            Wire::read(reader, "phase")?,
        ),
        CHARGE => OwnedInput::Charge(Wire::read(reader, "charge")?),
        RATE => OwnedInput::Rate(Wire::read(reader, "rate")?),
        _ => OwnedInput::Timer,
    })
}

fn decode_decision(kind: u8, reader: &mut Reader<'_>) -> Result<Decision, Malformed> {
    Ok(match kind {
        NEW => Decision::New(Wire::read(reader, "new")?),
        REPLACE => Decision::Replace(Wire::read(reader, "replace")?),
        CANCEL => Decision::Cancel(Wire::read(reader, "cancel")?),
        _ => Decision::Query(Wire::read(reader, "query")?),
    })
}
