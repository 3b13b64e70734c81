//! A session by hand, in all framings, and every message type cut short.

use alloc::string::String;
use alloc::vec::Vec;

use py_rt_types::{MarketEvent, UnixNanos};

use super::message::length_of;
use super::{ItchFile, ItchFraming, ItchRows, Message};
use crate::error::{DecodeError, Malformed};

const ABC: &[u8; 8] = b"ABC     ";

fn head(kind: u8, locate: u16, ns: u64) -> Vec<u8> {
    let mut bytes = alloc::vec![kind];
    bytes.extend(locate.to_be_bytes());
    bytes.extend([0, 0]);
    bytes.extend(&ns.to_be_bytes()[2..]);
    bytes
}

fn add(locate: u16, order_id: u64, side: u8, qty: u32, stock: &[u8; 8], price: u32) -> Vec<u8> {
    let mut bytes = head(b'A', locate, 5);
    bytes.extend(order_id.to_be_bytes());
    bytes.push(side);
    bytes.extend(qty.to_be_bytes());
    bytes.extend(stock);
    bytes.extend(price.to_be_bytes());
    bytes
}

fn about(kind: u8, order_id: u64, rest: &[&[u8]]) -> Vec<u8> {
    let mut bytes = head(kind, 1, 6);
    bytes.extend(order_id.to_be_bytes());
    bytes.extend(rest.concat());
    bytes
}

fn session() -> Vec<Vec<u8>> {
    let (qty, number) = (40u32.to_be_bytes(), 9u64.to_be_bytes());
    let price = 1_000_500u32.to_be_bytes();
    let mut start = head(b'S', 0, 1);
    start.push(b'O');
    let mut hidden = head(b'P', 1, 7);
    hidden.extend(0u64.to_be_bytes());
    hidden.extend(b"S");
    hidden.extend(7u32.to_be_bytes());
    hidden.extend(ABC);
    hidden.extend(price);
    hidden.extend(number);
    let mut cross = head(b'Q', 1, 8);
    cross.extend(900u64.to_be_bytes());
    cross.extend(ABC);
    cross.extend(price);
    cross.extend(number);
    cross.push(b'C');
    alloc::vec![
        start,
        add(1, 10, b'B', 100, ABC, 1_000_000),
        add(2, 11, b'S', 100, b"OTHER   ", 500_000),
        add(1, 12, b'S', 50, ABC, 1_010_000),
        about(b'E', 10, &[&qty, &number]),
        about(b'C', 12, &[&10u32.to_be_bytes(), &number, b"Y", &price]),
        about(b'X', 10, &[&20u32.to_be_bytes()]),
        about(
            b'U',
            10,
            &[&13u64.to_be_bytes(), &30u32.to_be_bytes(), &price]
        ),
        about(b'X', 13, &[&30u32.to_be_bytes()]),
        hidden,
        cross,
        about(b'D', 12, &[]),
        about(b'D', 99, &[]),
        add(1, 14, b'B', 1, ABC, 1_000_000),
    ]
}

const TOLD: [&str; 12] = [
    "0 OrderAdd 10 1 100@1000000.",
    "1 OrderAdd 11 -1 100@500000.",
    "0 OrderAdd 12 -1 50@1010000.",
    "0 OrderExecute 10 1 40@1000000.",
    "0 OrderExecute 12 -1 10@1000500.",
    "0 OrderReduce 10 1 20@1000000.",
    "0 OrderDelete 10 1 40@1000000",
    "0 OrderAdd 13 1 30@1000500.",
    "0 OrderDelete 13 1 30@1000500.",
    "0 Trade 0 1 7@1000500.",
    "0 Trade 0 0 900@1000500.",
    "0 OrderDelete 12 -1 40@1010000.",
];

fn prefixed(messages: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for message in messages {
        bytes.extend((message.len() as u16).to_be_bytes());
        bytes.extend(message);
    }
    bytes
}

fn soup(messages: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = b"\0\x01H".to_vec();
    for message in messages {
        bytes.extend((message.len() as u16 + 1).to_be_bytes());
        bytes.push(b'S');
        bytes.extend(message);
    }
    bytes.extend(b"\0\x01Z");
    bytes
}

/// A capture on Ethernet with a VLAN tag, two messages a packet, each packet twice.
fn capture(messages: &[Vec<u8>], skipped: usize) -> Vec<u8> {
    let mut bytes = alloc::vec![0xa1, 0xb2, 0xc3, 0xd4, 0, 2, 0, 4];
    bytes.extend([0u8; 8]);
    bytes.extend(65_535u32.to_be_bytes());
    bytes.extend(1u32.to_be_bytes());
    for (number, pair) in messages
        .chunks(2)
        .enumerate()
        .filter(|(at, _)| *at != skipped)
    {
        let mut mold = b"SESSION001".to_vec();
        mold.extend((2 * number as u64 + 1).to_be_bytes());
        mold.extend((pair.len() as u16).to_be_bytes());
        mold.extend(prefixed(pair));
        let mut frame = alloc::vec![0u8; 12];
        frame.extend([0x81, 0, 0, 5, 8, 0, 0x45, 0]);
        frame.extend((28 + mold.len() as u16).to_be_bytes());
        frame.extend([0, 0, 0x40, 0, 64, 17, 0, 0]);
        frame.extend([0u8; 12]);
        frame.extend((8 + mold.len() as u16).to_be_bytes());
        frame.extend([0, 0]);
        frame.extend(mold);
        frame.extend([0xee; 3]); // what a link adds behind
        for _ in 0..2 {
            for field in [100, number as u32, frame.len() as u32, frame.len() as u32] {
                bytes.extend(field.to_be_bytes());
            }
            bytes.extend(&frame);
        }
    }
    bytes
}

fn read(
    bytes: &[u8],
    piece: usize,
    wanted: Option<&[&str]>,
) -> Result<(Vec<MarketEvent>, ItchFile, usize), Malformed> {
    let framing = ItchFraming::recognise(bytes).unwrap_or(ItchFraming::Prefixed);
    let mut file = ItchFile::new(framing, ItchRows::new(UnixNanos(1_000), wanted));
    let (mut out, mut kept) = (Vec::new(), Vec::new());
    for part in bytes.chunks(piece) {
        kept.extend_from_slice(part);
        let used = file.handle_input(&kept, &mut out)?;
        kept.drain(..used);
    }
    Ok((out, file, kept.len()))
}

fn told(rows: &[MarketEvent]) -> Vec<String> {
    rows.iter()
        .map(|row| {
            let end = if row.is_end() { "." } else { "" };
            let gap = if row.flags & 2 != 0 { "!" } else { "" };
            let (kind, at, id) = (row.event_kind().unwrap(), row.instrument.0, row.order_id);
            let (qty, price) = (row.qty.0, row.price.0);
            alloc::format!("{at} {kind:?} {id} {} {qty}@{price}{end}{gap}", row.side)
        })
        .collect()
}

#[test]
fn every_framing_gives_the_same_rows() {
    let messages = session();
    let files = [
        (prefixed(&messages), ItchFraming::Prefixed),
        (soup(&messages), ItchFraming::Soup),
        (capture(&messages, usize::MAX), ItchFraming::Capture),
    ];
    for (bytes, framing) in files {
        assert_eq!(ItchFraming::recognise(&bytes), Some(framing));
        for piece in [1, 7, 100_000] {
            let (rows, file, left) = read(&bytes, piece, None).unwrap();
            let mut all: Vec<&str> = TOLD.to_vec();
            all.push("0 OrderAdd 14 1 1@1000000.!"); // order 99 was never added
            assert_eq!(told(&rows), all, "{framing:?}");
            assert_eq!(file.rows().symbols().collect::<Vec<_>>(), ["ABC", "OTHER"]);
            let counts = file.rows().counts();
            assert_eq!((counts.messages, counts.unknown_orders), (14, 1));
            assert_eq!((file.missed(), file.rows().resting(), left), (0, 2, 0));
            assert_eq!(rows[0].ts_event, UnixNanos(1_005));
        }
    }
}

#[test]
fn only_the_symbols_that_are_wanted() {
    let (rows, file, _) = read(&prefixed(&session()), 50, Some(&["OTHER"])).unwrap();
    assert_eq!(told(&rows), ["0 OrderAdd 11 -1 100@500000."]);
    assert_eq!(file.rows().symbols().collect::<Vec<_>>(), ["OTHER"]);
    let (rows, file, _) = read(&prefixed(&session()), 50, Some(&["NONE"])).unwrap();
    assert_eq!((rows.len(), file.rows().counts().messages), (0, 14));
}

#[test]
fn a_hole_in_the_numbers_makes_the_books_invalid() {
    let (rows, file, _) = read(&capture(&session(), 2), 64, None).unwrap();
    assert_eq!(file.missed(), 2);
    assert_eq!(told(&rows)[3], "0 OrderReduce 10 1 20@1000000.!"); // not the execution
}

#[test]
fn a_session_ends_once() {
    let mut bytes = prefixed(&session());
    let whole = bytes.len();
    bytes.extend([0, 0]);
    assert!(read(&bytes, 10, None).is_ok());
    bytes.extend([0, 0]);
    let bad = read(&bytes, 10, None).unwrap_err();
    assert_eq!((bad.offset, bad.field), (whole + 2, "message length"));
}

#[test]
fn what_is_no_itch_is_refused_at_its_byte() {
    assert_eq!(ItchFraming::recognise(&[0; 4_096]), None);
    assert_eq!(ItchFraming::recognise(b"time,price\n1,2\n"), None);
    let bad = |bytes: &[u8]| {
        let bad = read(bytes, 1_000, None).unwrap_err();
        (bad.offset, bad.field)
    };
    assert_eq!(bad(&[0; 64]), (0, "message length"));
    let mut bytes = prefixed(&session());
    let at = bytes.len();
    bytes.extend([0, 2, b'?', 0, 0]);
    assert_eq!(bad(&bytes), (at + 2, "length"));
    let mut wrong = session();
    wrong[1][19] = b'?';
    assert_eq!(bad(&prefixed(&wrong)), (14 + 2 + 19, "side"));
    wrong[1].pop();
    assert_eq!(bad(&prefixed(&wrong)), (14 + 2 + 35, "length"));
    let (_, file, left) = read(&bytes[..at - 1], 1_000, None).unwrap();
    assert_eq!((left, file.used() as usize + left), (37, at - 1));
}

#[test]
fn every_type_of_the_specification_has_one_length() {
    let mut known = 0;
    for kind in 0..=255u8 {
        let Some(length) = length_of(kind) else {
            let error = Message::decode(&[kind; 30]);
            assert_eq!(
                error,
                Err(DecodeError::malformed(0, "message type")),
                "{kind}"
            );
            continue;
        };
        known += 1;
        let bytes = alloc::vec![kind; length + 1];
        assert!(
            Message::decode(&bytes[..length]).is_ok(),
            "{}",
            char::from(kind)
        );
        for wrong in (1..length).chain([length + 1]) {
            assert!(
                Message::decode(&bytes[..wrong]).is_err(),
                "{}",
                char::from(kind)
            );
        }
    }
    assert_eq!(known, 23);
}
