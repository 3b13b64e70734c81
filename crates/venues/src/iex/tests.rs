//! Captures by hand: packets of DEEP and DEEP+ behind the headers of a link.

use alloc::string::String;
use alloc::vec::Vec;

use py_rt_types::MarketEvent;

use super::{is_iex, IexFile};
use crate::error::Malformed;

fn about(kind: u8, second: u8) -> Vec<u8> {
    let mut message = alloc::vec![kind, second];
    message.extend(1_700_000_000_000_000_000i64.to_le_bytes());
    message.extend(b"IBKR    ");
    message
}

fn level(kind: u8, flags: u8, qty: u32, price: i64) -> Vec<u8> {
    let mut message = about(kind, flags);
    message.extend(qty.to_le_bytes());
    message.extend(price.to_le_bytes());
    message
}

fn order(kind: u8, second: u8, order_id: u64, qty: u32, price: i64) -> Vec<u8> {
    let mut message = about(kind, second);
    message.extend(order_id.to_le_bytes());
    message.extend(qty.to_le_bytes());
    message.extend(price.to_le_bytes());
    message
}

fn packet(protocol: u16, first: u64, messages: &[Vec<u8>]) -> Vec<u8> {
    let mut payload = Vec::new();
    for message in messages {
        payload.extend((message.len() as u16).to_le_bytes());
        payload.extend(message);
    }
    let mut packet = alloc::vec![1, 0];
    packet.extend(protocol.to_le_bytes());
    packet.extend(1u32.to_le_bytes());
    packet.extend(7u32.to_le_bytes());
    packet.extend((payload.len() as u16).to_le_bytes());
    packet.extend((messages.len() as u16).to_le_bytes());
    packet.extend(0i64.to_le_bytes());
    packet.extend(first.to_le_bytes());
    packet.extend(0i64.to_le_bytes());
    packet.extend(payload);
    packet
}

/// A capture with nanoseconds, raw IP, and a datagram of each packet.
fn capture(packets: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = alloc::vec![0x4d, 0x3c, 0xb2, 0xa1, 2, 0, 4, 0];
    bytes.extend([0u8; 8]);
    bytes.extend(65_535u32.to_le_bytes());
    bytes.extend(101u32.to_le_bytes());
    for (number, packet) in packets.iter().enumerate() {
        let total = 28 + packet.len();
        for field in [1_700_000_001, number as u32, total as u32, total as u32] {
            bytes.extend(field.to_le_bytes());
        }
        bytes.extend([0x45, 0]);
        bytes.extend((total as u16).to_be_bytes());
        bytes.extend([0, 0, 0, 0, 64, 17, 0, 0]);
        bytes.extend([0u8; 12]);
        bytes.extend((8 + packet.len() as u16).to_be_bytes());
        bytes.extend([0, 0]);
        bytes.extend(packet);
    }
    bytes
}

fn read(bytes: &[u8], piece: usize) -> Result<(Vec<MarketEvent>, IexFile), Malformed> {
    let (mut file, mut out, mut kept) = (IexFile::new(None), Vec::new(), Vec::new());
    for part in bytes.chunks(piece) {
        kept.extend_from_slice(part);
        let used = file.handle_input(&kept, &mut out)?;
        kept.drain(..used);
    }
    assert!(kept.is_empty());
    Ok((out, file))
}

fn told(rows: &[MarketEvent]) -> Vec<String> {
    rows.iter()
        .map(|row| {
            let end = if row.is_end() { "." } else { "" };
            let gap = if row.flags & 2 != 0 { "!" } else { "" };
            let (kind, id) = (row.event_kind().unwrap(), row.order_id);
            alloc::format!(
                "{kind:?} {id} {} {}@{}{end}{gap}",
                row.side,
                row.qty.0,
                row.price.0
            )
        })
        .collect()
}

#[test]
fn levels_end_where_the_transaction_does() {
    let mut trade = level(b'T', 0, 100, 900_000);
    trade.extend(5i64.to_le_bytes());
    let messages = [
        level(b'8', 0, 100, 900_000),
        level(b'8', 1, 0, 890_000),
        level(b'5', 1, 300, 910_000),
        trade,
    ];
    let bytes = capture(&[packet(0x8004, 1, &messages), packet(0x8004, 5, &[])]);
    assert!(is_iex(&bytes));
    for piece in [1, 40, 10_000] {
        let (rows, file) = read(&bytes, piece).unwrap();
        assert_eq!(
            told(&rows),
            [
                "Depth 0 1 100@900000",
                "Depth 0 1 0@890000.",
                "Depth 0 -1 300@910000.",
                "Trade 0 0 100@900000."
            ]
        );
        assert_eq!(file.symbols().collect::<Vec<_>>(), ["IBKR"]);
        assert_eq!(rows[0].ts_event.0, 1_700_000_000_000_000_000);
        assert_eq!(rows[0].ts_recv.0, 1_700_000_001_000_000_000);
    }
}

#[test]
fn single_orders_and_a_hole_in_the_numbers() {
    let mut executed = order(b'L', 0, 3, 40, 899_900);
    executed.extend(9i64.to_le_bytes());
    let mut gone = about(b'R', 0);
    gone.extend(3u64.to_le_bytes());
    let first = [
        order(b'a', b'8', 3, 100, 900_000),
        order(b'M', 1, 3, 90, 900_000),
        order(b'M', 0, 3, 80, 900_000),
    ];
    let second = [executed, gone.clone(), gone];
    let bytes = capture(&[
        packet(0x8005, 1, &first),
        packet(0x8005, 1, &first),
        packet(0x8005, 4, &second),
        packet(0x8005, 9, &[order(b'a', b'5', 4, 10, 910_000)]),
    ]);
    let (rows, file) = read(&bytes, 333).unwrap();
    assert_eq!(
        told(&rows),
        [
            "OrderAdd 3 1 100@900000.",
            "OrderReduce 3 1 10@900000.",
            "OrderDelete 3 1 90@900000",
            "OrderAdd 3 1 80@900000.",
            "OrderExecute 3 1 40@899900.",
            "OrderDelete 3 1 40@900000.",
            "OrderAdd 4 -1 10@910000.!",
        ]
    );
    assert_eq!((file.counts().missed, file.counts().unknown_orders), (2, 1));
}

#[test]
fn what_cannot_be_read_is_named() {
    let bad = |bytes: &[u8]| {
        let bad = read(bytes, 64).unwrap_err();
        (bad.offset, bad.field)
    };
    assert_eq!(bad(&[0u8; 64]), (0, "magic number"));
    let wrong = capture(&[packet(0x8004, 1, &[alloc::vec![b'?'; 30]])]);
    assert_eq!(bad(&wrong), (24 + 16 + 28 + 40 + 2, "message type"));
    let short = capture(&[packet(0x8004, 1, &[level(b'8', 1, 1, 1)[..29].to_vec()])]);
    assert_eq!(bad(&short).1, "length");
    assert_eq!(bad(&capture(&[packet(0x7777, 1, &[])])).1, "protocol");
}

#[test]
fn packets_that_come_late_count_and_packets_that_come_again_do_not() {
    let one = |price| alloc::vec![level(b'8', 1, 1, price)];
    let bytes = capture(&[
        packet(0x8004, 9, &one(9)),
        packet(0x8004, 3, &one(3)),
        packet(0x8004, 9, &one(9)),
        packet(0x8004, 10, &one(10)),
        packet(0x8004, 3, &[one(3), one(4)].concat()),
    ]);
    let (rows, file) = read(&bytes, 1_000).unwrap();
    let prices: Vec<i64> = rows.iter().map(|row| row.price.0).collect();
    assert_eq!(
        (prices, file.counts().missed),
        (alloc::vec![9, 3, 10, 4], 0)
    );
}
