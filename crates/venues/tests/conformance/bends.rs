//! Every member of every message bent in every way, on a book that stands.
//!
//! Members by which a message says what it is may be left out: the message then says nothing.

use py_rt_types::market::GAP;
use py_rt_venues::feed::Decoder;

use crate::scripts::{Script, Sent};
use crate::support::bend::{bend, Reading};
use crate::Session;

/// Without them a message says less, or nothing, never something else.
const OPTIONAL: [&str; 34] = [
    "stream",
    "data",
    "e",
    "E",
    "T",
    "pu",
    "arg",
    "channel",
    "action",
    "instId",
    "event",
    "type",
    "method",
    "params",
    "jsonrpc",
    "timestamp",
    "time",
    "ts",
    "checksum",
    "c",
    "seqId",
    "prevSeqId",
    "change_id",
    "sequence_num",
    "microtimestamp",
    "events",
    "client_id",
    "a",
    "b",
    "bids",
    "asks",
    "amount_str",
    "price_str",
    "element",
];

fn read<D: Decoder>(script: &Script, message: &Sent, bytes: &[u8]) -> Reading {
    let mut session = match script.trade.as_ref() {
        Some(trade) if trade.text == message.text => Session::<D>::after_changes(script),
        _ => Session::<D>::up(script),
    };
    session.rows.clear();
    let aside = session.read_bytes(message.url, bytes).is_err();
    let broken = !session.valid();
    let facts = session.rows.iter().filter(|row| row.flags & GAP == 0);
    let facts: Vec<String> = facts.map(|row| format!("{row:?}")).collect();
    assert!(facts.is_empty() || !aside, "half-applied: {}", script.name);
    (facts, aside || broken)
}

/// Bends the first change, the snapshot and the trade of a venue.
pub(crate) fn every_member<D: Decoder>(script: &Script) {
    let messages = [&script.changes[0], &script.again];
    for message in messages.into_iter().chain(&script.trade) {
        bend(&OPTIONAL, &message.text, &|bytes| {
            read::<D>(script, message, bytes)
        });
    }
}
