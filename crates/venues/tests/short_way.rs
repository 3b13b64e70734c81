//! The short way of Binance messages says what the general way says: a space in front makes a
//! message take the general one.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use py_rt_types::{
    AssetClass, Decimal, Instrument, InstrumentId, InstrumentSpec, MarketEvent, UnixNanos,
};
use py_rt_venues::binance::Binance;
use py_rt_venues::feed::{Context, Stream};
use py_rt_venues::{Malformed, SymbolTable};

fn table() -> Arc<SymbolTable> {
    let decimal = |text| Decimal::parse(text).unwrap();
    let instrument = Instrument::try_new(InstrumentSpec {
        symbol: "BTCUSDT".into(),
        venue: "TEST".into(),
        tick_size: decimal("0.01"),
        order_tick: None,
        lot_size: decimal("0.001"),
        min_qty: Decimal::ZERO,
        min_notional: Decimal::ZERO,
        multiplier: decimal("1"),
        currency: "USDT".into(),
        asset_class: AssetClass::Crypto,
        shortable: true,
        sessions: false,
    });
    Arc::new(SymbolTable::try_new([(InstrumentId(2), instrument.unwrap())]).unwrap())
}

const SNAPSHOT: &[u8] =
    br#"{"lastUpdateId":10,"bids":[["61800.10","1"]],"asks":[["61900.20","2"]]}"#;

fn read(message: &[u8]) -> (Result<(), Malformed>, Vec<MarketEvent>) {
    let mut stream = Stream::<Binance>::new(table()).with_quotes();
    let mut rows = Vec::new();
    let context = |url| Context {
        ts_recv: UnixNanos(5),
        conn: 0,
        url,
    };
    let asked: &[u8] = b"https://x/api/v3/depth?symbol=BTCUSDT";
    stream
        .handle_message(&context(Some(asked)), SNAPSHOT, &mut rows)
        .unwrap();
    let result = stream.handle_message(&context(None), message, &mut rows);
    (result, rows)
}

const MESSAGES: [&str; 6] = [
    r#"{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1723161255208,"s":"BTCUSDT",
"U":11,"u":12,"b":[["61737.63000000","0.00000000"],["61800.1","1.5"]],"a":[["61837.64000000",
"1.54600000"]]}}"#,
    r#"{"e":"depthUpdate","E":1723161255208,"T":1723161255207,"s":"BTCUSDT","U":11,"u":14,"pu":10,
"b":[],"a":[["61837.6","12345678.125"],["61838","0"]]}"#,
    r#"{"stream":"btcusdt@trade","data":{"e":"trade","E":1723161256322,"T":1723161256321,
"s":"BTCUSDT","t":5266583935,"p":"61800.30","q":"0.006","X":"MARKET","m":false}}"#,
    r#"{"stream":"btcusdt@trade","data":{"e":"trade","E":1723161256322,"s":"BTCUSDT","t":1,
"p":"61800.30000000","q":"0.00600000","T":1723161256321,"m":true,"M":true}}"#,
    r#"{"stream":"btcusdt@bookTicker","data":{"u":50093239212,"s":"BTCUSDT","b":"61837.63000000",
"B":"3.78800000","a":"61837.64000000","A":"1.54600000"}}"#,
    r#"{"stream":"btcusdt@bookTicker","data":{"e":"bookTicker","u":5123107839020,"s":"BTCUSDT",
"b":"61800.20","B":"2.507","a":"61800.30","A":"2.510","T":1723161256313,"E":1723161256313}}"#,
];

#[test]
fn both_ways_say_the_same() {
    for message in MESSAGES {
        let message = message.replace('\n', "");
        let bytes = message.as_bytes();
        let spaced = [b" ", bytes].concat();
        let (result, rows) = read(bytes);
        assert!(result.is_ok() && rows.len() > 3, "{message}");
        assert_eq!(read(&spaced).1, rows, "{message}");
        // Every byte changed in some ways, and every cut.
        for at in 0..bytes.len() {
            for byte in [
                b'0', b'9', b'"', b',', b'}', b']', b'.', b'-', b'e', b' ', b'\\', 0xff,
            ] {
                let mut bent = bytes.to_vec();
                bent[at] = byte;
                let (short, rows) = read(&bent);
                let (general, expected) = read(&[b" ", &bent[..]].concat());
                let bent = String::from_utf8_lossy(&bent).into_owned();
                assert_eq!(rows, expected, "{bent}");
                assert_eq!(short.is_ok(), general.is_ok(), "{bent}");
            }
            let (short, rows) = read(&bytes[..at]);
            let (general, expected) = read(&[b" ", &bytes[..at]].concat());
            assert_eq!(
                (short.is_ok(), rows),
                (general.is_ok(), expected),
                "cut at {at}"
            );
        }
    }
}
