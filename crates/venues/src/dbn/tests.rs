//! Files by hand.

use alloc::string::String;
use alloc::vec::Vec;

use py_rt_types::MarketEvent;

use super::DbnFile;
use crate::error::Malformed;

fn prelude(version: u8) -> Vec<u8> {
    let width = if version == 1 { 22 } else { 71 };
    let mut body = b"GLBX.MDP3\0\0\0\0\0\0\0".to_vec();
    body.extend(0u16.to_le_bytes());
    body.extend([0u8; 24]); // start, end, limit
    if version == 1 {
        body.extend([0u8; 8]);
    }
    body.extend([1, 0, 0]);
    if version > 1 {
        body.extend((width as u16).to_le_bytes());
    }
    body.resize(100, 0);
    body.extend(0u32.to_le_bytes()); // schema definition
    body.extend([0u8; 12]); // asked for, partly found, not found
    body.extend(1u32.to_le_bytes());
    let name = |text: &str| {
        let mut name = text.as_bytes().to_vec();
        name.resize(width, 0);
        name
    };
    body.extend(name("ESH4"));
    body.extend(1u32.to_le_bytes());
    body.extend([0u8; 8]);
    body.extend(name("17077"));
    let mut file = b"DBN".to_vec();
    file.push(version);
    file.extend((body.len() as u32).to_le_bytes());
    file.extend(body);
    file
}

fn by_order(action: u8, side: u8, order_id: u64, price: i64, qty: u32, flags: u8) -> Vec<u8> {
    let mut record = alloc::vec![14, 0xA0, 1, 0];
    record.extend(17_077u32.to_le_bytes());
    record.extend(1_000u64.to_le_bytes());
    record.extend(order_id.to_le_bytes());
    record.extend((price * 1_000_000_000).to_le_bytes());
    record.extend(qty.to_le_bytes());
    record.extend([flags, 0, action, side]);
    record.extend(2_000u64.to_le_bytes());
    record.extend([0u8; 8]);
    record
}

fn read(file: &[u8], piece: usize) -> Result<(Vec<MarketEvent>, DbnFile), Malformed> {
    let (mut dbn, mut out, mut kept) = (DbnFile::new(), Vec::new(), Vec::new());
    for part in file.chunks(piece) {
        kept.extend_from_slice(part);
        let used = dbn.handle_input(&kept, false, &mut out)?;
        kept.drain(..used);
    }
    dbn.handle_input(&kept, true, &mut out)?;
    Ok((out, dbn))
}

fn told(rows: &[MarketEvent]) -> Vec<String> {
    rows.iter()
        .map(|row| {
            let end = if row.is_end() { "." } else { "" };
            let gap = if row.flags & 2 != 0 { "!" } else { "" };
            let (kind, id) = (row.event_kind().unwrap(), row.order_id);
            let price = row.price.0 / 1_000_000_000;
            alloc::format!("{kind:?} {id} {} {}@{price}{end}{gap}", row.side, row.qty.0)
        })
        .collect()
}

#[test]
fn an_execution_is_one_row_whatever_the_records_behind_it_say() {
    for version in 1..=3 {
        let mut file = prelude(version);
        let records = [
            by_order(b'R', b'N', 0, 0, 0, 0x20),
            by_order(b'A', b'B', 1, 100, 5, 0x20),
            by_order(b'A', b'B', 2, 100, 7, 0xA0),
            // Somebody sells 9: order 1 is filled, 4 of order 2, and 1 more that nobody fills.
            by_order(b'T', b'A', 0, 100, 10, 0),
            by_order(b'F', b'B', 1, 100, 5, 0),
            by_order(b'F', b'B', 2, 100, 4, 0),
            by_order(b'C', b'B', 1, 100, 5, 0),
            by_order(b'M', b'B', 2, 100, 3, 0x80),
            // Less at the same price keeps the place, more loses it.
            by_order(b'M', b'B', 2, 100, 2, 0x80),
            by_order(b'M', b'B', 2, 100, 6, 0x80),
            by_order(b'M', b'B', 2, 101, 6, 0x80),
            by_order(b'C', b'B', 2, 101, 2, 0x80),
            by_order(b'C', b'B', 9, 101, 2, 0x80),
            by_order(b'C', b'B', 2, 101, 4, 0x80),
            // A fill without a change of the book is a trade.
            by_order(b'T', b'B', 0, 102, 3, 0),
            by_order(b'F', b'A', 8, 102, 3, 0x80),
        ];
        file.extend(records.concat());
        for piece in [1, 13, 56, 10_000] {
            let (rows, dbn) = read(&file, piece).unwrap();
            assert_eq!(
                told(&rows),
                [
                    "Clear 0 0 0@0",
                    "OrderAdd 1 1 5@100",
                    "OrderAdd 2 1 7@100.",
                    "Trade 0 -1 1@100",
                    "OrderExecute 1 1 5@100",
                    "OrderExecute 2 1 4@100.",
                    "OrderReduce 2 1 1@100.",
                    "OrderDelete 2 1 2@100",
                    "OrderAdd 2 1 6@100.",
                    "OrderDelete 2 1 6@100",
                    "OrderAdd 2 1 6@101.",
                    "OrderReduce 2 1 2@101.",
                    "OrderDelete 2 1 4@101.!",
                    "Trade 0 1 3@102.",
                ]
            );
            assert_eq!(dbn.symbols(), ["ESH4"]);
            assert_eq!(
                (dbn.rows().resting(), dbn.rows().counts().unknown_orders),
                (0, 1)
            );
            assert_eq!((rows[0].ts_event.0, rows[0].ts_recv.0), (1_000, 2_000));
        }
    }
}

/// A record of ten levels: an action at 101, and bids and asks as it left them.
fn depth(action: u8, flags: u8, ts: u64, bids: &[(i64, u32)], asks: &[(i64, u32)]) -> Vec<u8> {
    let mut record = alloc::vec![92, 0x0A, 1, 0];
    record.extend(17_077u32.to_le_bytes());
    record.extend(ts.to_le_bytes());
    record.extend(101_000_000_000i64.to_le_bytes());
    record.extend(3u32.to_le_bytes());
    record.extend([action, b'B', flags, 0]);
    record.extend((ts + 1_000).to_le_bytes());
    record.extend([0u8; 8]);
    for at in 0..10 {
        let level = |side: &[(i64, u32)]| {
            let found = side.get(at).copied();
            found.map_or((i64::MAX, 0), |(price, qty)| (price * 1_000_000_000, qty))
        };
        let ((bid, bid_qty), (ask, ask_qty)) = (level(bids), level(asks));
        record.extend(bid.to_le_bytes());
        record.extend(ask.to_le_bytes());
        record.extend(bid_qty.to_le_bytes());
        record.extend(ask_qty.to_le_bytes());
        record.extend([0u8; 8]);
    }
    record
}

#[test]
fn ten_levels_are_told_as_what_an_event_changed() {
    let bids = [(100, 5), (99, 7)];
    let mut file = prelude(3);
    let records = [
        depth(b'A', 0x80, 1_000, &bids, &[(101, 3)]),
        depth(b'T', 0, 2_000, &bids, &[(101, 3)]),
        depth(b'C', 0x80, 2_000, &bids, &[(102, 4)]),
        // Behind a gap nothing is believed, and the next record is a snapshot.
        depth(b'A', 0x84, 3_000, &bids, &[(102, 5)]),
        // An event that does not say that it ends, ends before the next time.
        depth(b'A', 0, 4_000, &[(100, 1)], &[]),
        depth(b'R', 0x80, 5_000, &[], &[]),
    ];
    file.extend(records.concat());
    for piece in [1, 13, 368, 10_000] {
        let (rows, dbn) = read(&file, piece).unwrap();
        assert_eq!(
            told(&rows),
            [
                "Clear 0 0 0@0",
                "Snapshot 0 1 5@100",
                "Snapshot 0 1 7@99",
                "Snapshot 0 -1 3@101.",
                "Trade 0 1 3@101.",
                "Depth 0 -1 0@101",
                "Depth 0 -1 4@102.",
                "Clear 0 0 0@0.!",
                "Clear 0 0 0@0",
                "Snapshot 0 1 1@100.",
                "Clear 0 0 0@0.",
            ]
        );
        assert_eq!(dbn.rows().counts().marked, 1);
        assert_eq!((rows[6].ts_event.0, rows[6].ts_recv.0), (2_000, 3_000));
    }
}

#[test]
fn bars_have_the_length_of_their_type() {
    let mut file = prelude(2);
    for (kind, publisher) in [(0x20, 1), (0x21, 1), (0x22, 2), (0x23, 1)] {
        let mut record = alloc::vec![14, kind, publisher, 0];
        record.extend(17_077u32.to_le_bytes());
        record.extend(60_000_000_000u64.to_le_bytes());
        for price in [10i64, 12, 9, 11] {
            record.extend((price * 1_000_000_000).to_le_bytes());
        }
        record.extend(7u64.to_le_bytes());
        file.extend(record);
    }
    let (rows, dbn) = read(&file, 100).unwrap();
    assert_eq!(rows, []);
    let bars = dbn.rows().bars();
    let seconds = bars.iter().map(|bar| bar.ohlcv.interval / 1_000_000_000);
    assert_eq!(seconds.collect::<Vec<_>>(), [1, 60, 3_600, 86_400]);
    let bar = bars[0];
    assert_eq!((bar.place, bar.ts_open), (0, 60_000_000_000));
    assert_eq!((bar.ohlcv.close, bar.ohlcv.volume), (11_000_000_000, 7));
    assert_eq!(dbn.symbols(), ["ESH4.1", "ESH4.2"]);
}

#[test]
fn what_is_no_file_is_refused_with_its_byte() {
    let bad = |file: &[u8]| {
        let bad = read(file, 64).unwrap_err();
        (bad.offset, bad.field)
    };
    let good = prelude(2);
    let mut torn = good.clone();
    torn.extend(&by_order(b'A', b'B', 1, 100, 5, 0x80)[..50]);
    assert_eq!(bad(&torn), (torn.len(), "end"));
    assert_eq!(bad(&good[..90]), (90, "end"));
    assert_eq!(bad(b"DBZ\x01aaaaaaaa"), (0, "magic number"));
    assert_eq!(bad(b"DBN\x09aaaaaaaa"), (3, "version"));
    assert_eq!(bad(b"DBN\x02\xff\xff\xff\xffaaaa"), (4, "metadata length"));
    let mut zeros = good.clone();
    zeros.extend([0u8; 64]);
    assert_eq!(bad(&zeros), (good.len(), "record length"));
    assert_eq!(read(&good, 5).unwrap().0, []);
}
