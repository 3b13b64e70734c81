//! What each venue would send: the same little market in every dialect.
//!
//! Snapshot: bids 100.5 x 1.25 and 100.0 x 2; asks 101.0 x 3 and 101.5 x 4. First change: bid 100.6
//! x 0.5 comes, ask 101.5 goes. Second change: bid 100.6 goes, ask 101.0 becomes 1.

/// A message and the address that it answers.
#[derive(Clone, Debug)]
pub struct Sent {
    pub url: Option<&'static str>,
    pub text: String,
}

pub fn sent(text: impl Into<String>) -> Sent {
    let text = text.into();
    Sent { url: None, text }
}

/// The market of one venue.
pub struct Script {
    pub name: &'static str,
    pub symbol: &'static str,
    /// What comes before any book.
    pub prelude: Vec<Sent>,
    pub snapshot: Sent,
    pub changes: [Sent; 2],
    /// A change (or any message) with a hole in front of it, where the venue can show one.
    pub gap: Option<Sent>,
    /// A change with a wrong sum.
    pub wrong_sum: Option<Sent>,
    /// A change that crosses the book, where that breaks it.
    pub crossing: Option<Sent>,
    /// A snapshot after a break.
    pub again: Sent,
    pub trade: Option<Sent>,
}

/// CRC-32 bit by bit: a second opinion.
pub fn crc32(text: &str) -> u32 {
    let mut sum = u32::MAX;
    for byte in text.bytes() {
        sum ^= u32::from(byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 {
                (sum >> 1) ^ 0xedb8_8320
            } else {
                sum >> 1
            };
        }
    }
    !sum
}

fn binance_depth(first: u64, last: u64, more: &str, bids: &str, asks: &str) -> Sent {
    sent(format!(
        r#"{{"stream":"xusd@depth","data":{{"e":"depthUpdate","E":5,"s":"XUSD","U":{first},"u":{last},{more}"b":[{bids}],"a":[{asks}]}}}}"#
    ))
}

fn binance_snapshot(last: u64) -> Sent {
    Sent {
        url: Some("https://x/api/v3/depth?symbol=XUSD&limit=1000"),
        text: format!(
            r#"{{"lastUpdateId":{last},"bids":[["100.50","1.250"],["100.00","2.000"]],"asks":[["101.00","3.000"],["101.50","4.000"]]}}"#
        ),
    }
}

const BINANCE_TRADE: &str = r#"{"stream":"xusd@trade","data":{"e":"trade","E":9,"s":"XUSD","t":1,"p":"101.00","q":"0.5","T":8,"m":false,"M":true}}"#;

pub fn binance_spot() -> Script {
    Script {
        name: "binance spot",
        symbol: "XUSD",
        prelude: vec![],
        snapshot: binance_snapshot(10),
        changes: [
            binance_depth(9, 12, "", r#"["100.60","0.500"]"#, r#"["101.50","0.000"]"#),
            binance_depth(13, 13, "", r#"["100.60","0"]"#, r#"["101.00","1.000"]"#),
        ],
        gap: Some(binance_depth(15, 16, "", r#"["99.00","1"]"#, "")),
        wrong_sum: None,
        crossing: Some(binance_depth(14, 14, "", r#"["101.00","1"]"#, "")),
        again: binance_snapshot(90),
        trade: Some(sent(BINANCE_TRADE)),
    }
}

pub fn binance_usdm() -> Script {
    let change = |first, last, previous: u64, bids, asks| {
        binance_depth(
            first,
            last,
            &format!("\"T\":4,\"pu\":{previous},"),
            bids,
            asks,
        )
    };
    Script {
        name: "binance usd-m",
        changes: [
            change(5, 20, 4, r#"["100.60","0.500"]"#, r#"["101.50","0"]"#),
            change(31, 40, 20, r#"["100.60","0"]"#, r#"["101.00","1.000"]"#),
        ],
        gap: Some(change(60, 70, 50, r#"["99.00","1"]"#, "")),
        crossing: Some(change(60, 70, 40, r#"["101.00","1"]"#, "")),
        ..binance_spot()
    }
}

fn kraken_v2(kind: &str, bids: &[(&str, &str)], asks: &[(&str, &str)], sum: u32) -> Sent {
    let list = |levels: &[(&str, &str)]| {
        let levels: Vec<String> = levels
            .iter()
            .map(|(price, qty)| format!(r#"{{"price":{price},"qty":{qty}}}"#))
            .collect();
        levels.join(",")
    };
    sent(format!(
        r#"{{"channel":"book","type":"{kind}","data":[{{"symbol":"X/USD","bids":[{}],"asks":[{}],"checksum":{sum},"timestamp":"2026-07-19T17:54:39.753424Z"}}]}}"#,
        list(bids),
        list(asks)
    ))
}

pub fn kraken() -> Script {
    let whole = crc32("101003000101504000100501250100002000");
    let snapshot = || {
        kraken_v2(
            "snapshot",
            &[("100.50", "1.250"), ("100.00", "2.000")],
            &[("101.00", "3.000"), ("101.50", "4.000")],
            whole,
        )
    };
    let first = crc32(
        "101003000100605001005012501000020 00"
            .replace(' ', "")
            .as_str(),
    );
    let second = crc32("10100100010050125010000200 0".replace(' ', "").as_str());
    let change =
        |bids: &[(&str, &str)], asks: &[(&str, &str)], sum| kraken_v2("update", bids, asks, sum);
    Script {
        name: "kraken v2",
        symbol: "X/USD",
        prelude: vec![sent(
            r#"{"method":"subscribe","result":{"channel":"book","depth":10,"snapshot":true,"symbol":"X/USD"},"success":true}"#,
        )],
        snapshot: snapshot(),
        changes: [
            change(&[("100.60", "0.500")], &[("101.50", "0.000")], first),
            change(&[("100.60", "0.000")], &[("101.00", "1.000")], second),
        ],
        gap: None,
        wrong_sum: Some(change(&[("99.00", "1.000")], &[], 7)),
        crossing: Some(change(
            &[("101.00", "1.000")],
            &[],
            crc32("101001000101001000100501250100002000"),
        )),
        again: snapshot(),
        trade: Some(sent(
            r#"{"channel":"trade","type":"update","data":[{"symbol":"X/USD","side":"buy","price":101.00,"qty":0.500,"ord_type":"market","trade_id":4,"timestamp":"2026-07-19T17:54:39.753424Z"}]}"#,
        )),
    }
}

pub fn kraken_v1() -> Script {
    let t = "1618678133.365913";
    let change = |payload: String, sum: u32| {
        sent(format!(
            r#"[992,{{{payload},"c":"{sum}"}},"book-10","X/USD"]"#
        ))
    };
    let snapshot = || {
        sent(format!(
            r#"[992,{{"as":[["101.00","3.000","{t}"],["101.50","4.000","{t}"]],"bs":[["100.50","1.250","{t}"],["100.00","2.000","{t}"]]}},"book-10","X/USD"]"#
        ))
    };
    let first = crc32("10100300010060500100501250100002000");
    let second = crc32("101001000100501250100002000");
    Script {
        name: "kraken v1",
        prelude: vec![sent(
            r#"{"channelID":992,"channelName":"book-10","event":"subscriptionStatus","pair":"X/USD","status":"subscribed","subscription":{"depth":10,"name":"book"}}"#,
        )],
        snapshot: snapshot(),
        changes: [
            sent(format!(
                r#"[992,{{"a":[["101.50","0.000","{t}"]]}},{{"b":[["100.60","0.500","{t}"]],"c":"{first}"}},"book-10","X/USD"]"#
            )),
            change(
                format!(r#""b":[["100.60","0.000","{t}"]],"a":[["101.00","1.000","{t}","r"]]"#),
                second,
            ),
        ],
        wrong_sum: Some(change(format!(r#""b":[["99.00","1.000","{t}"]]"#), 7)),
        crossing: Some(change(
            format!(r#""b":[["101.00","1.000","{t}"]]"#),
            crc32("101001000101001000100501250100002000"),
        )),
        again: snapshot(),
        trade: Some(sent(format!(
            r#"[993,[["101.00","0.500","{t}","b","m",""]],"trade","X/USD"]"#
        ))),
        ..kraken()
    }
}

fn coinbase_frame(number: u64, channel: &str, events: &str) -> Sent {
    sent(format!(
        r#"{{"channel":"{channel}","client_id":"","timestamp":"2026-11-20T15:00:00.100Z","sequence_num":{number},"events":[{events}]}}"#
    ))
}

fn coinbase_book(number: u64, kind: &str, levels: &[(&str, &str, &str)]) -> Sent {
    let levels: Vec<String> = levels
        .iter()
        .map(|(side, price, qty)| {
            format!(
                r#"{{"side":"{side}","event_time":"1970-01-01T00:00:00Z","price_level":"{price}","new_quantity":"{qty}"}}"#
            )
        })
        .collect();
    let event = format!(
        r#"{{"type":"{kind}","product_id":"X-USD","updates":[{}]}}"#,
        levels.join(",")
    );
    coinbase_frame(number, "l2_data", &event)
}

const COINBASE_BOOK: [(&str, &str, &str); 4] = [
    ("bid", "100.50", "1.25"),
    ("bid", "100.00", "2"),
    ("offer", "101.00", "3"),
    ("offer", "101.50", "4"),
];

pub fn coinbase() -> Script {
    Script {
        name: "coinbase advanced trade",
        symbol: "X-USD",
        prelude: vec![coinbase_frame(
            0,
            "subscriptions",
            r#"{"subscriptions":{}}"#,
        )],
        snapshot: coinbase_book(1, "snapshot", &COINBASE_BOOK),
        changes: [
            coinbase_book(
                2,
                "update",
                &[("bid", "100.6", "0.5"), ("offer", "101.5", "0")],
            ),
            coinbase_book(3, "update", &[("bid", "100.6", "0"), ("offer", "101", "1")]),
        ],
        gap: Some(coinbase_frame(
            5,
            "heartbeats",
            r#"{"current_time":"x","heartbeat_counter":7}"#,
        )),
        wrong_sum: None,
        crossing: Some(coinbase_book(4, "update", &[("bid", "101", "1")])),
        again: coinbase_book(6, "snapshot", &COINBASE_BOOK),
        trade: Some(coinbase_frame(
            4,
            "market_trades",
            r#"{"type":"update","trades":[{"product_id":"X-USD","trade_id":"1","price":"101.00","size":"0.5","time":"2026-11-20T15:00:00.090Z","side":"SELL"}]}"#,
        )),
    }
}

pub fn coinbase_exchange() -> Script {
    let change = |list: &str| {
        sent(format!(
            r#"{{"type":"l2update","product_id":"X-USD","changes":[{list}],"time":"2026-11-20T15:00:00.100Z"}}"#
        ))
    };
    let snapshot = || {
        sent(
            r#"{"type":"snapshot","product_id":"X-USD","bids":[["100.50","1.25"],["100.00","2"]],"asks":[["101.00","3"],["101.50","4"]]}"#,
        )
    };
    Script {
        name: "coinbase exchange",
        prelude: vec![sent(r#"{"type":"subscriptions","channels":[]}"#)],
        snapshot: snapshot(),
        changes: [
            change(r#"["buy","100.6","0.5"],["sell","101.5","0"]"#),
            change(r#"["buy","100.6","0"],["sell","101","1"]"#),
        ],
        gap: None,
        crossing: Some(change(r#"["buy","101","1"]"#)),
        again: snapshot(),
        trade: Some(sent(
            r#"{"type":"match","product_id":"X-USD","side":"sell","price":"101.00","size":"0.5","time":"2026-11-20T15:00:00.090Z"}"#,
        )),
        ..coinbase()
    }
}

pub fn okx() -> Script {
    let row = |action: &str, bids: &str, asks: &str, ids: [i64; 2], sum: u32| {
        sent(format!(
            r#"{{"arg":{{"channel":"books","instId":"X-USD"}},"action":"{action}","data":[{{"asks":[{asks}],"bids":[{bids}],"ts":"1652459225464","checksum":{},"prevSeqId":{},"seqId":{}}}]}}"#,
            sum as i32, ids[0], ids[1]
        ))
    };
    let whole = crc32("100.5:1.25:101:3:100:2:101.5:4");
    let bids = r#"["100.5","1.25","0","1"],["100","2","0","1"]"#;
    let asks = r#"["101","3","0","1"],["101.5","4","0","2"]"#;
    let first = crc32("100.6:0.5:101:3:100.5:1.25:100:2");
    let second = crc32("100.5:1.25:101:1:100:2");
    let crossed = crc32("101:1:101:1:100.5:1.25:100:2");
    Script {
        name: "okx",
        symbol: "X-USD",
        prelude: vec![sent(
            r#"{"event":"subscribe","arg":{"channel":"books","instId":"X-USD"}}"#,
        )],
        snapshot: row("snapshot", bids, asks, [-1, 10], whole),
        changes: [
            row(
                "update",
                r#"["100.6","0.5","0","1"]"#,
                r#"["101.5","0","0","0"]"#,
                [10, 15],
                first,
            ),
            row(
                "update",
                r#"["100.6","0","0","0"]"#,
                r#"["101","1","0","1"]"#,
                [15, 16],
                second,
            ),
        ],
        gap: Some(row("update", r#"["99","1","0","1"]"#, "", [18, 19], 0)),
        wrong_sum: Some(row("update", r#"["99","1","0","1"]"#, "", [16, 19], 5)),
        crossing: Some(row(
            "update",
            r#"["101","1","0","1"]"#,
            "",
            [16, 19],
            crossed,
        )),
        again: row("snapshot", bids, asks, [-1, 50], whole),
        trade: Some(sent(
            r#"{"arg":{"channel":"trades","instId":"X-USD"},"data":[{"instId":"X-USD","tradeId":"1","px":"101","sz":"0.5","side":"buy","ts":"1652459215150"}]}"#,
        )),
    }
}

pub fn bitstamp() -> Script {
    let snapshot = |micros: u64| Sent {
        url: Some("https://x/api/v2/order_book/xusd"),
        text: format!(
            r#"{{"timestamp":"1641343695","microtimestamp":"{micros}","bids":[["100.50","1.25"],["100.00","2"]],"asks":[["101.00","3"],["101.50","4"]]}}"#
        ),
    };
    let change = |micros: u64, bids: &str, asks: &str| {
        sent(format!(
            r#"{{"data":{{"timestamp":"1641343691","microtimestamp":"{micros}","bids":[{bids}],"asks":[{asks}]}},"channel":"diff_order_book_xusd","event":"data"}}"#
        ))
    };
    let base = 1_641_343_691_000_000;
    Script {
        name: "bitstamp",
        symbol: "xusd",
        prelude: vec![sent(
            r#"{"event":"bts:subscription_succeeded","channel":"diff_order_book_xusd","data":{}}"#,
        )],
        snapshot: snapshot(base),
        changes: [
            change(base + 1, r#"["100.60","0.5"]"#, r#"["101.50","0.00"]"#),
            change(base + 2, r#"["100.60","0.00"]"#, r#"["101.00","1"]"#),
        ],
        gap: None,
        wrong_sum: None,
        crossing: None,
        again: snapshot(base + 9),
        trade: Some(sent(
            r#"{"data":{"id":2,"timestamp":"1641343699","amount":0.5,"amount_str":"0.50","price":101.0,"price_str":"101.00","type":0,"microtimestamp":"1641343699596000"},"channel":"live_trades_xusd","event":"trade"}"#,
        )),
    }
}

pub fn bitfinex() -> Script {
    let subscribed = |id: u32, channel: &str, more: &str| {
        sent(format!(
            r#"{{"event":"subscribed","channel":"{channel}","chanId":{id},"symbol":"tXUSD","pair":"XUSD"{more}}}"#
        ))
    };
    let snapshot = |number: u32| {
        sent(format!(
            "[7,[[100.5,1,1.25],[100,2,2],[101,1,-3],[101.5,1,-4]],{number}]"
        ))
    };
    Script {
        name: "bitfinex by price",
        symbol: "XUSD",
        prelude: vec![
            sent(r#"{"event":"info","version":2,"serverId":"x","platform":{"status":1}}"#),
            sent(r#"{"event":"conf","status":"OK","flags":196608}"#),
            subscribed(7, "book", r#","prec":"P0","freq":"F0","len":"25""#),
            subscribed(8, "trades", ""),
        ],
        snapshot: snapshot(1),
        changes: [sent("[7,[100.6,1,0.5],2]"), sent("[7,[101.5,0,-1],3]")],
        gap: Some(sent(r#"[8,"hb",6]"#)),
        wrong_sum: Some(sent(r#"[7,"cs",-12345,4]"#)),
        crossing: None,
        again: snapshot(7),
        trade: Some(sent(r#"[8,"te",[5,1618677535660,0.5,101],4]"#)),
    }
}

pub fn deribit() -> Script {
    let book = |kind: &str, ids: &str, bids: &str, asks: &str| {
        sent(format!(
            r#"{{"jsonrpc":"2.0","method":"subscription","params":{{"channel":"book.X-USD.raw","data":{{"type":"{kind}","timestamp":1626993723632,"instrument_name":"X-USD",{ids},"bids":[{bids}],"asks":[{asks}]}}}}}}"#
        ))
    };
    let bids = r#"["new",100.5,1.25],["new",100.0,2.0]"#;
    let asks = r#"["new",101.0,3.0],["new",101.5,4.0]"#;
    Script {
        name: "deribit",
        symbol: "X-USD",
        prelude: vec![sent(
            r#"{"jsonrpc":"2.0","id":0,"result":["book.X-USD.raw"]}"#,
        )],
        snapshot: book("snapshot", r#""change_id":10"#, bids, asks),
        changes: [
            book(
                "change",
                r#""prev_change_id":10,"change_id":12"#,
                r#"["new",100.6,0.5]"#,
                r#"["delete",101.5,0.0]"#,
            ),
            book(
                "change",
                r#""prev_change_id":12,"change_id":13"#,
                r#"["delete",100.6,0.0]"#,
                r#"["change",101.0,1.0]"#,
            ),
        ],
        gap: Some(book(
            "change",
            r#""prev_change_id":14,"change_id":15"#,
            r#"["new",99.0,1.0]"#,
            "",
        )),
        wrong_sum: None,
        crossing: Some(book(
            "change",
            r#""prev_change_id":13,"change_id":15"#,
            r#"["new",101.0,1.0]"#,
            "",
        )),
        again: book("snapshot", r#""change_id":30"#, bids, asks),
        trade: Some(sent(
            r#"{"jsonrpc":"2.0","method":"subscription","params":{"channel":"trades.X-USD.raw","data":[{"trade_id":"1","timestamp":1626993723632,"price":101.0,"amount":0.5,"direction":"buy","instrument_name":"X-USD"}]}}"#,
        )),
    }
}
