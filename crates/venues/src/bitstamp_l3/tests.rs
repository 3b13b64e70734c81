//! Lines of the recording of 2015-05-01 (data set of obAnalytics), and lines by hand.

use alloc::string::String;
use alloc::vec::Vec;

use py_rt_types::MarketEvent;

use super::BitstampFile;
use crate::columns::BadLine;

fn read(text: &str, piece: usize) -> Result<(Vec<MarketEvent>, BitstampFile), BadLine> {
    let (mut file, mut out, mut kept) = (BitstampFile::new(), Vec::new(), Vec::new());
    for part in text.as_bytes().chunks(piece) {
        kept.extend_from_slice(part);
        let used = file.handle_input(&kept, false, &mut out)?;
        kept.drain(..used);
    }
    file.handle_input(&kept, true, &mut out)?;
    Ok((out, file))
}

fn told(rows: &[MarketEvent]) -> Vec<String> {
    rows.iter()
        .map(|row| {
            let end = if row.is_end() { "." } else { "" };
            let (kind, id) = (row.event_kind().unwrap(), row.order_id % 100_000);
            let price = row.price.0 / 1_000_000;
            alloc::format!("{kind:?} {id} {} {}@{price}{end}", row.side, row.qty.0)
        })
        .collect()
}

const TABLE: &str = "\
id,timestamp,exchange.timestamp,price,volume,action,direction
65595247,1430438404518,1430438404000,236.47,200000000,created,bid
65595247,1430438404635,1430438404000,236.47,178855669,changed,bid
65595187,1430438404637,1430438340000,236.47,0,deleted,ask
65595250,1430438406223,1430438405000,236.46,671355612,created,ask
65595247,1430438406337,1430438404000,236.47,0,deleted,bid
65595250,1430438406339,1430438405000,236.46,492499943,changed,ask
65595250,1430438411132,1430438405000,236.46,492499943,deleted,ask
";

/// The same as messages, with a print between.
fn log() -> String {
    let order = |ms: u32, what: &str, price: &str, amount: &str, id: u32, side: u8| {
        alloc::format!(
            "14304384{ms:05} order_{what} {{\"price\": \"{price}\", \"amount\": \"{amount}\", \
             \"datetime\": \"1430438404\", \"id\": {id}, \"order_type\": {side}}}\n"
        )
    };
    [
        order(4518, "created", "236.47", "2.00000000", 65595247, 0),
        order(4635, "changed", "236.47", "1.78855669", 65595247, 0),
        order(4637, "deleted", "236.47", "0.00000000", 65595187, 1),
        String::from(
            "1430438404645 trade {\"price\": 236.47, \"amount\": 0.21144331, \"id\": 8111041}\n",
        ),
        order(6223, "created", "236.46", "6.71355612", 65595250, 1),
        order(6337, "deleted", "236.47", "0.00000000", 65595247, 0),
        order(6339, "changed", "236.46", "4.92499943", 65595250, 1),
        order(11132, "deleted", "236.46", "4.92499943", 65595250, 1),
    ]
    .concat()
}

#[test]
fn table_and_log_give_the_same_rows_and_one_execution_is_one_row() {
    for (text, others) in [(TABLE, 0), (&log()[..], 1)] {
        for piece in [1, 50, 10_000] {
            let (rows, file) = read(text, piece).unwrap();
            assert_eq!(
                told(&rows),
                [
                    "OrderAdd 95247 1 200000000@23647.",
                    "OrderExecute 95247 1 21144331@23647.",
                    "OrderAdd 95250 -1 671355612@23646.",
                    "OrderExecute 95247 1 178855669@23647.",
                    "OrderReduce 95250 -1 178855669@23646.",
                    "OrderDelete 95250 -1 492499943@23646.",
                ]
            );
            let counts = file.counts();
            assert_eq!((counts.created, counts.changed, counts.deleted), (2, 2, 3));
            assert_eq!(
                (counts.unknown, counts.others, file.resting()),
                (1, others, 0)
            );
            assert_eq!(rows[0].ts_recv.0, 1_430_438_404_518_000_000);
        }
    }
}

#[test]
fn the_order_that_came_is_no_execution_also_when_it_is_told_first() {
    let text = "id,timestamp,exchange.timestamp,price,volume,action,direction\n\
        1,1,0,100,500,created,ask\n2,2,0,101,300,created,bid\n\
        2,3,0,101,0,deleted,bid\n1,4,0,100,200,changed,ask\n1,5,0,102,200,changed,ask\n";
    let (rows, _) = read(text, 1_000).unwrap();
    assert_eq!(
        told(&rows)[2..],
        [
            "OrderDelete 2 1 300@10100.",
            "OrderExecute 1 -1 300@10000.",
            "OrderDelete 1 -1 200@10000",
            "OrderAdd 1 -1 200@10200.",
        ]
    );
}

#[test]
fn bad_lines_are_named() {
    let bad = |text: &str| {
        let bad = read(text, 7).unwrap_err();
        (bad.line, bad.malformed.field)
    };
    let table = |line: &str| alloc::format!("{}{line}\n", TABLE);
    assert_eq!(bad("id,price\n"), (1, "first line"));
    assert_eq!(bad(&table("1,2,3")), (9, "price"));
    assert_eq!(bad(&table("1,1430438411133,0,1,1,gone,bid")), (9, "action"));
    assert_eq!(
        bad(&table("1,1430438411133,0,1,1,created,left")),
        (9, "direction")
    );
    assert_eq!(
        bad(&table("1,1430438411133,0,1,0,created,bid")),
        (9, "volume")
    );
    assert_eq!(bad(&table("1,1,0,1,1,created,bid")), (9, "time"));
    assert_eq!(
        bad(&table("1,1430438411133,0,1,1,created,bid,8")),
        (9, "number of columns")
    );
    let log = |line: &str| alloc::format!("{}{line}\n", log());
    assert_eq!(
        bad(&log("1430438411133 order_created {\"id\": 1}")),
        (9, "price")
    );
    assert_eq!(bad(&log("1430438411133 order_lost {}")), (9, "kind"));
    assert_eq!(bad(&log("x order_created {}")), (9, "time"));
    assert_eq!(
        bad(&log("1430438411133 order_created {\"id\": 1")),
        (9, "end")
    );
}
