//! Tables by hand.

use alloc::string::String;
use alloc::vec::Vec;

use super::{Table, TardisFile};
use crate::columns::BadLine;

fn read(texts: &[&str], piece: usize) -> Result<(Vec<String>, TardisFile), BadLine> {
    let mut file = TardisFile::new();
    for text in texts {
        let mut kept = Vec::new();
        for part in text.as_bytes().chunks(piece) {
            kept.extend_from_slice(part);
            let used = file.handle_input(&kept, false)?;
            kept.drain(..used);
        }
        file.handle_input(&kept, true)?;
    }
    let (rows, places) = file.clone().finish().unwrap();
    let told = rows.iter().map(|row| {
        let end = if row.is_end() { "." } else { "" };
        let gap = if row.flags & 2 != 0 { "!" } else { "" };
        let (kind, at) = (row.event_kind().unwrap(), row.instrument.0);
        let (qty, price) = (row.qty.0, row.price.0);
        alloc::format!(
            "{at} {kind:?} {} {qty}e-{}@{price}e-{}{end}{gap}",
            row.side,
            places.qty,
            places.price
        )
    });
    Ok((told.collect(), file))
}

const HEAD: &str = "exchange,symbol,timestamp,local_timestamp,";

#[test]
fn trades_and_quotes_at_the_finest_scale_of_all_files() {
    let trades = alloc::format!(
        "{HEAD}id,side,price,amount\nbinance,BTCUSDT,1,2,7,buy,9671,0.5\n\
        binance,ETHUSDT,3,4,8,sell,250.25,2\nbinance,BTCUSDT,3,4,8,unknown,1,1\n"
    );
    let quotes = alloc::format!(
        "{HEAD}ask_amount,ask_price,bid_price,bid_amount\n\
        binance,BTCUSDT,5,6,1.5,9671.5,9670.125,3\nbinance,BTCUSDT,7,8,,,9670,3\n"
    );
    for piece in [1, 17, 10_000] {
        let (told, file) = read(&[&trades, &quotes], piece).unwrap();
        assert_eq!(
            told,
            [
                "0 Trade 1 5e-1@9671000e-3.",
                "1 Trade -1 20e-1@250250e-3.",
                "0 Trade 0 10e-1@1000e-3.",
                "0 Quote 1 30e-1@9670125e-3",
                "0 Quote -1 15e-1@9671500e-3.",
                "0 Quote 1 30e-1@9670000e-3",
                "0 Quote -1 0e-1@0e-3.",
            ]
        );
        assert_eq!(
            (file.symbols(), file.venue()),
            (
                alloc::vec![String::from("BTCUSDT"), String::from("ETHUSDT")],
                String::from("binance")
            )
        );
    }
}

#[test]
fn changes_of_one_receive_time_are_one_message_and_snapshots_begin_afresh() {
    let text = alloc::format!(
        "{HEAD}is_snapshot,side,price,amount\n\
        x,A,1,10,false,bid,5,1\nx,A,2,20,true,bid,5,2\nx,A,2,20,true,ask,6,2\n\
        x,A,3,30,false,bid,5,0\nx,A,3,30,false,bid,4,7\nx,A,4,40,false,ask,6,1\n\
        x,A,5,50,true,bid,4,1\n"
    );
    let (told, _) = read(&[&text], 9).unwrap();
    assert_eq!(
        told,
        [
            "0 Depth 1 1e-0@5e-0.!",
            "0 Clear 0 0e-0@0e-0",
            "0 Snapshot 1 2e-0@5e-0",
            "0 Snapshot -1 2e-0@6e-0.",
            "0 Depth 1 0e-0@5e-0",
            "0 Depth 1 7e-0@4e-0.",
            "0 Depth -1 1e-0@6e-0.",
            "0 Clear 0 0e-0@0e-0",
            "0 Snapshot 1 1e-0@4e-0.",
        ]
    );
}

#[test]
fn snapshots_of_a_book_with_levels_that_are_not_there() {
    let names = "asks[0].price,asks[0].amount,bids[0].price,bids[0].amount,\
        asks[1].price,asks[1].amount,bids[1].price,bids[1].amount";
    let text = alloc::format!("{HEAD}{names}\nx,A,1,10,6,1,5,2,7,3,,\n");
    assert_eq!(
        Table::recognise(text.lines().next().unwrap().as_bytes()),
        Some(Table::Snapshots { depth: 2 })
    );
    let (told, _) = read(&[&text], 9).unwrap();
    assert_eq!(
        told,
        [
            "0 Clear 0 0e-0@0e-0",
            "0 Snapshot -1 1e-0@6e-0",
            "0 Snapshot 1 2e-0@5e-0",
            "0 Snapshot -1 3e-0@7e-0."
        ]
    );
}

#[test]
fn bad_lines_are_named() {
    let bad = |names: &str, line: &str| {
        let bad = read(&[&alloc::format!("{HEAD}{names}\n{line}\n")], 64).err();
        bad.map(|bad| (bad.line, bad.malformed.field))
    };
    let trades = "id,side,price,amount";
    assert_eq!(bad("funding_rate", "x"), Some((1, "names of columns")));
    assert_eq!(bad(trades, "x,A,1,2,7,buy,1,1"), None);
    assert_eq!(bad(trades, "x,A,1,2,7,buy,1"), Some((2, "amount")));
    assert_eq!(
        bad(trades, "x,A,1,2,7,buy,1,1,1"),
        Some((2, "number of columns"))
    );
    assert_eq!(bad(trades, "x,A,1,2,7,buy,,1"), Some((2, "price")));
    assert_eq!(bad(trades, "x,A,1,2,7,buy,nan,1"), Some((2, "price")));
    assert_eq!(bad(trades, "x,A,1,2,7,buy,1,-1"), Some((2, "amount")));
    assert_eq!(bad(trades, "x,A,1,2,7,long,1,1"), Some((2, "side")));
    assert_eq!(bad(trades, "x,A,z,2,7,buy,1,1"), Some((2, "timestamp")));
    assert_eq!(
        bad("is_snapshot,side,price,amount", "x,A,1,2,maybe,bid,1,1"),
        Some((2, "is_snapshot"))
    );
}
