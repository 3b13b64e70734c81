//! Small days by hand, and the sample day when it lies beside the repository.

use alloc::collections::BTreeMap;
use alloc::format;
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

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((word ^ (word >> 31)) >> 32) % most
    }
}

/// Orders of a market: side, price and quantity by id.
type Market = BTreeMap<u64, (i8, i64, i64)>;

/// The best levels as the book file writes them.
fn shown(orders: &Market, depth: usize) -> Vec<i64> {
    let mut sides: [BTreeMap<i64, i64>; 2] = [BTreeMap::new(), BTreeMap::new()];
    for &(side, price, qty) in orders.values() {
        let key = price * i64::from(-side); // best first on both sides
        *sides[usize::from(side > 0)].entry(key).or_default() += qty;
    }
    let mut cells = Vec::new();
    for level in 0..depth {
        for (levels, none) in sides.iter().zip([9_999_999_999, -9_999_999_999]) {
            let level = levels.iter().nth(level);
            let (price, qty) = level.map_or((none, 0), |(key, qty)| (key.abs(), *qty));
            cells.extend([price, qty]);
        }
    }
    cells
}

/// A day of random orders, of which the files show what touches the best levels.
fn day(seed: u64, depth: usize) -> (String, String) {
    let (mut dice, mut orders) = (Dice(seed), Market::new());
    let (mut messages, mut book) = (String::new(), String::new());
    let mut next_id = 1_000_000_000u64;
    for at in 0..3_000 {
        let side: i8 = if dice.below(2) == 0 { 1 } else { -1 };
        let away = dice.below(2 * depth as u64 + 2) as i64;
        let price = 5_000_000 + i64::from(side) * -100 * (away + 1);
        let picked = orders
            .keys()
            .nth(dice.below(orders.len().max(1) as u64) as usize);
        let (kind, id, told) = match (dice.below(10), picked.copied()) {
            (0..=4, _) | (_, None) => {
                next_id += 1 + dice.below(3);
                let qty = 1 + dice.below(9) as i64 * 10i64.pow(dice.below(4) as u32);
                orders.insert(next_id, (side, price, qty));
                (1, next_id, (side, price, qty))
            }
            (5, _) => (5, 0, (side, price, 7)),
            (6..=7, Some(id)) => (3, id, orders.remove(&id).unwrap()),
            (cut, Some(id)) => {
                let known = orders.get_mut(&id).unwrap();
                let qty = 1 + dice.below(known.2 as u64) as i64;
                known.2 -= qty;
                let told = (known.0, known.1, qty);
                orders.retain(|_, order| order.2 > 0);
                let kind = if cut == 8 { 2 } else { 4 };
                (kind, id, told)
            }
        };
        // What rests before the first message, or happens behind the depth, is not told.
        let cells = shown(&orders, depth);
        let line = cells
            .iter()
            .map(|cell| format!("{cell}"))
            .collect::<Vec<_>>()
            .join(",");
        let before = book.trim_end().rsplit('\n').next().unwrap_or_default() != line;
        if at > 200 && (before || kind == 5) {
            let (side, price, qty) = told;
            let time = format!("{}.{:09}", 34_200 + at, dice.below(1_000_000_000));
            messages.push_str(&format!("{time},{kind},{id},{qty},{price},{side}\n"));
            book.push_str(&line);
            book.push('\n');
        }
    }
    (messages, book)
}

/// Rows into a market, in which what belongs to no known order has an id of its own.
fn apply(orders: &mut Market, row: &MarketEvent) {
    let (side, price, qty) = (row.side, row.price.0, row.qty.0);
    match row.event_kind().unwrap() {
        EventKind::Clear => orders.clear(),
        EventKind::OrderAdd => {
            assert_eq!(orders.insert(row.order_id, (side, price, qty)), None);
        }
        EventKind::Depth => {
            let unknown = u64::MAX - price as u64;
            orders.remove(&unknown);
            let known = orders
                .values()
                .filter(|order| (order.0, order.1) == (side, price));
            let rest = qty - known.map(|order| order.2).sum::<i64>();
            assert!(rest >= 0, "{row:?}");
            orders.insert(unknown, (side, price, rest));
        }
        EventKind::Trade => {}
        _ => {
            let order = orders.get_mut(&row.order_id).unwrap();
            assert_eq!((order.0, order.1), (side, price));
            order.2 -= qty;
            assert!(order.2 >= 0, "{row:?}");
        }
    }
    orders.retain(|_, order| order.2 > 0);
}

/// Lines that end in `\r\n` are read column by column, others as a whole: rows are the same, and
/// each book is the line of the file.
#[test]
fn every_row_of_random_days_is_the_line_of_the_file_on_both_roads() {
    for (seed, depth) in [(1, 1), (2, 2), (3, 5), (4, 10), (5, 3)] {
        let (messages, book) = day(seed, depth);
        let all = rows(&messages, &book, 4_096).unwrap();
        let careful = rows(
            &messages.replace('\n', "\r\n"),
            &book.replace('\n', "\r\n"),
            1_000,
        );
        assert_eq!(all, careful.unwrap(), "seed {seed}");
        let (mut market, mut lines) = (Market::new(), book.lines());
        for row in &all {
            apply(&mut market, row);
            if row.is_end() {
                let cells: Vec<i64> = lines
                    .next()
                    .unwrap()
                    .split(',')
                    .map(|c| c.parse().unwrap())
                    .collect();
                assert_eq!(shown(&market, depth), cells, "seed {seed} {row:?}");
            }
        }
        assert_eq!(lines.next(), None);
        assert!(all.len() > 500, "seed {seed}: {}", all.len());
    }
}

/// What is written otherwise than the venue's own files write it means the same.
#[test]
fn other_ways_to_write_a_message_mean_the_same() {
    let read = |text: &str| {
        let mut messages = LobsterMessages::default();
        messages
            .handle_input(text.as_bytes(), true)
            .map(|_| messages.into_messages())
    };
    let plain = read("34200.004,1,16113575,18,5853300,1\n34200.1234567,4,7,1,1,-1\n").unwrap();
    assert_eq!(
        (plain[0].ns, plain[0].order_id),
        (34_200_004_000_000, 16_113_575)
    );
    assert_eq!((plain[1].ns, plain[1].side), (34_200_123_456_700, -1));
    for other in [
        "34200.0040000004,1,16113575,18,5853300,1\n34200.12345670,4,7,1,1,-1",
        "034200.004,1,016113575,018,5853300,1\r\n0034200.1234567,4,7,1,1,-1\r\n",
    ] {
        assert_eq!(read(other).unwrap(), plain, "{other}");
    }
    for bad in [
        "86400.000000001,1,1,1,1,1\n",
        "34200.,,1,1,1,1\n",
        "34200.5,8,1,1,1,1\n",
        "1.5,1,1,1,0,1\n",
    ] {
        assert!(read(bad).is_err(), "{bad}");
    }
}
