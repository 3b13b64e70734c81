//! Small days by hand, and the sample day when it lies beside the repository.

use alloc::string::String;
use alloc::vec::Vec;

use py_rt_types::{EventKind, MarketEvent, UnixNanos};

use super::{LobsterMessages, LobsterSession};
use crate::columns::BadLine;

/// Rows of a day given as text, the bytes in pieces of some size.
fn rows(messages: &str, book: &str, piece: usize) -> Result<Vec<MarketEvent>, BadLine> {
    let mut read = LobsterMessages::default();
    let mut kept = Vec::new();
    for part in messages.as_bytes().chunks(piece) {
        kept.extend_from_slice(part);
        let used = read.handle_input(&kept, false)?;
        kept.drain(..used);
    }
    read.handle_input(&kept, true)?;
    let mut session = LobsterSession::new(UnixNanos(0), read.into_messages());
    let (mut out, mut kept) = (Vec::new(), Vec::new());
    for part in book.as_bytes().chunks(piece) {
        kept.extend_from_slice(part);
        let used = session.handle_book(&kept, false, &mut out)?;
        kept.drain(..used);
    }
    session.handle_book(&kept, true, &mut out)?;
    Ok(out)
}

/// What a row says, in one line a row.
fn told(rows: &[MarketEvent]) -> Vec<String> {
    rows.iter()
        .map(|row| {
            let kind = row.event_kind().unwrap();
            let end = if row.is_end() { "." } else { "" };
            let (id, side) = (row.order_id, row.side);
            alloc::format!("{kind:?} {id} {side} {}@{}{end}", row.qty.0, row.price.0)
        })
        .collect()
}

#[test]
fn orders_from_before_the_first_message_come_from_the_book_and_the_future() {
    // Two orders rest at 100: 7 (heard of later) and 30 of nobody known; 9 rests at 101.
    let messages = "1.5,1,11,5,1000000,1\n2,4,7,20,1000000,1\n3,3,9,8,1010000,-1\n";
    let book = alloc::format!(
        "1010000,8,1000000,55\n1010000,8,1000000,35\n{},1000000,35\n",
        "9999999999,0"
    );
    let all = rows(messages, &book, 7).unwrap();
    assert_eq!(
        told(&all),
        [
            "Clear 0 0 0@0",
            "OrderAdd 7 1 20@1000000",
            "Depth 0 1 50@1000000",
            "OrderAdd 9 -1 8@1010000",
            "OrderAdd 11 1 5@1000000.",
            "OrderExecute 7 1 20@1000000.",
            "OrderDelete 9 -1 8@1010000.",
        ]
    );
    assert_eq!(all[0].ts_event, UnixNanos(1_500_000_000));
}

#[test]
fn a_level_that_comes_back_is_brought_to_what_the_book_shows() {
    // Level 1 only. 100 x 10 (order 1) is hidden behind 101 (order 2); meanwhile 4 of it goes and
    // 6 of an unknown order come.
    let messages = "1,1,1,10,1000000,1\n2,1,2,5,1010000,1\n3,3,2,5,1010000,1\n4,3,1,6,1000000,1\n";
    let book = alloc::format!(
        "{0},1000000,10\n{0},1010000,5\n{0},1000000,12\n{0},1000000,6\n",
        "9999999999,0"
    );
    let all = rows(messages, &book, 1_000).unwrap();
    assert_eq!(
        told(&all),
        [
            "Clear 0 0 0@0",
            "OrderAdd 1 1 10@1000000.",
            "OrderAdd 2 1 5@1010000.",
            "Depth 0 1 12@1000000",
            "OrderDelete 2 1 5@1010000.",
            "OrderDelete 1 1 10@1000000",
            "Depth 0 1 12@1000000",
            "Depth 0 1 6@1000000",
            "OrderAdd 1 1 6@1000000",
            "OrderDelete 1 1 6@1000000.",
        ]
    );
}

#[test]
fn hidden_executions_crosses_and_halts_leave_the_book_alone() {
    let messages = "1,1,1,10,1000000,1\n2,5,0,3,1000050,1\n3,6,-1,900,1000000,-1\n4,7,0,0,-1,-1\n";
    let line = "9999999999,0,1000000,10\n";
    let all = rows(messages, &line.repeat(4), 3).unwrap();
    assert_eq!(
        told(&all)[2..],
        [
            "Trade 0 -1 3@1000050.",
            "Trade 0 0 900@1000000.",
            "Depth 0 1 10@1000000."
        ]
    );
}

#[test]
fn bad_lines_are_named() {
    let line = "9999999999,0,1000000,10\n";
    let bad = |messages: &str, book: &str| {
        let bad = rows(messages, book, 64).unwrap_err();
        (bad.line, bad.malformed.field)
    };
    let good = "1,1,1,10,1000000,1\n";
    assert_eq!(bad("1,9,1,10,1000000,1\n", line), (1, "type"));
    assert_eq!(bad("x,1,1,10,1000000,1\n", line), (1, "time"));
    assert_eq!(
        bad("1,1,1,10,1000000,1,8\n", line),
        (1, "number of columns")
    );
    assert_eq!(bad("1,1,1,10,1000000\n", line), (1, "direction"));
    assert_eq!(bad("1,1,1,0,1000000,1\n", line), (1, "size"));
    assert_eq!(
        bad("2,1,1,10,1000000,1\n1,1,2,10,1000000,1\n", line),
        (2, "time")
    );
    assert_eq!(bad("\n", line), (1, "time"));
    assert_eq!(bad(good, "1,2,3\n"), (1, "number of columns"));
    assert_eq!(bad(good, "1000000,1\n"), (1, "number of columns"));
    assert_eq!(bad(good, "9999999999,0,1000000,x\n"), (1, "bid size"));
    assert_eq!(bad(good, &line.repeat(2)), (2, "message of this row"));
    assert_eq!(bad(good, "5,1,4,1,5,1,3,1\n"), (1, "ask price"));
}

#[test]
fn kinds_of_rows_agree_with_what_they_name() {
    assert!(EventKind::OrderAdd.is_by_order() && !EventKind::Depth.is_by_order());
}
