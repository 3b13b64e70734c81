//! Messages of the Kraken dialect, and a request session that is asked and answered.
#![allow(dead_code, unreachable_pub)]
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::sync::Arc;

use py_rt_types::{Instrument, InstrumentId, NewOrder, Price, Qty, UnixNanos, VenueOrderId};
use py_rt_venues::kraken::counters::{Counter, Tier};
use py_rt_venues::kraken::ids::decode_venue_id;
use py_rt_venues::kraken::names::{decode_pairs, Names};
use py_rt_venues::kraken::sign::Sign;
use py_rt_venues::kraken::{Allowance, Encoder, RestSession};
use py_rt_venues::{Credentials, Dialect, Lineage, SymbolTable, VenueRequest};

use crate::support::requests::{cancel_of, changed, limit_order, replacement, session_of};
use crate::support::{fixture_of, written, T0};

pub const XBT: InstrumentId = InstrumentId(0);
/// Our order 5 as the venue is told it.
pub const OWN: &str = "72740044-3217-45f0-8000-000000000005";
/// The venue's id of it.
pub const TXID: &str = "OK4GJX-KSTLS-7DZZO5";

/// As the venue lists it.
pub const PAIRS: &str = r#"{"error":[],"result":{"XXBTZUSD":{"altname":"XBTUSD","wsname":"XBT/USD",
    "aclass_base":"currency","base":"XXBT","quote":"ZUSD","cost_decimals":5,"pair_decimals":1,
    "lot_decimals":8,"fees":[[0,0.4],[10000,0.35]],"ordermin":"0.00005","costmin":"0.5",
    "tick_size":"0.1","status":"online"}}}"#;

/// The trades of the documentation's order, newest first.
pub const TRADES: &str = r#"{"error":[],"result":{"trades":{"T5DIUI-5N4KO-Z5BPX1":{
    "ordertxid":"OK4GJX-KSTLS-7DZZO5","postxid":"TKH2SE-M7IF5-CFI7LT","pair":"XXBTZUSD",
    "time":1795186802.1,"type":"buy","ordertype":"limit","price":"45283.50000",
    "cost":"1811.34000","fee":"4.52835","vol":"0.04000000","margin":"0.00000","misc":"",
    "trade_id":8253473,"maker":true}},"count":1}}"#;

/// Counts nonces up from 1 and signs with the path, so that a test can read what was signed.
#[derive(Debug, Default)]
pub struct PlainSigner(u64);

impl Sign for PlainSigner {
    fn take(&mut self, now: UnixNanos, points: i64, questions: &mut Counter) -> Option<u64> {
        questions.add(now, points);
        self.0 += 1;
        Some(self.0)
    }

    fn look(&self, _now: UnixNanos, _questions: &mut Counter) {}

    fn tell(&mut self, _questions: &Counter) {}

    fn sign(&mut self, path: &str, nonce: u64, _form: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(format!("{path}:{nonce}").as_bytes());
    }
}

pub fn dialect() -> Dialect {
    let pair = decode_pairs(PAIRS.as_bytes()).unwrap();
    let one = Instrument::try_new(pair[0].spec("kraken")).unwrap();
    Dialect {
        lineage: Lineage::parse("abcdef27").unwrap(),
        symbols: Arc::new(SymbolTable::try_new([(XBT, one)]).unwrap()),
    }
}

pub fn names() -> Names {
    Names::of(&dialect().symbols, decode_pairs(PAIRS.as_bytes()).unwrap())
}

/// A session that knows no names of pairs yet.
pub fn nameless() -> RestSession {
    session(Names::default())
}

pub fn live() -> RestSession {
    session(names())
}

fn session(names: Names) -> RestSession {
    let credentials = Credentials {
        key_id: "KEY".into(),
        secret_key: "SECRET".into(),
    };
    let allowance = Allowance {
        tier: Tier::Starter,
        share: 1,
    };
    let signer = Box::<PlainSigner>::default();
    let host = "127.0.0.1:9";
    let mut encoder = Encoder::try_new(host, &credentials, signer, dialect(), allowance).unwrap();
    encoder.set_names(names);
    session_of(encoder)
}

/// An order of ours in an answer, with some members set.
pub fn order(changes: &[(&str, &str)]) -> String {
    let text = format!(
        r#"{{"refid":null,"userref":0,"cl_ord_id":"{OWN}","status":"open",
        "opentm":1795186800.8648,"starttm":0,"expiretm":0,"descr":{{"pair":"XBTUSD","type":"buy",
        "ordertype":"limit","price":"45283.5","price2":"0","leverage":"none",
        "order":"buy 0.10000000 XBTUSD @ limit 45283.5","close":""}},"vol":"0.10000000",
        "vol_exec":"0.00000000","cost":"0.00000","fee":"0.00000","price":"0.0",
        "stopprice":"0.00000","limitprice":"0.00000","misc":"","oflags":"fciq"}}"#
    );
    changed(text, changes)
}

/// An answer that lists orders in a member, or is the list.
pub fn orders(inside: &str, order: &str) -> String {
    let list = format!(r#"{{"{TXID}":{order}}}"#);
    match inside {
        "" => format!(r#"{{"error":[],"result":{list}}}"#),
        _ => format!(r#"{{"error":[],"result":{{"{inside}":{list}}}}}"#),
    }
}

pub fn error(words: &str) -> String {
    format!(r#"{{"error":["{words}"]}}"#)
}

/// A message of the account's channel.
pub fn message(kind: &str, sequence: u64, rows: &str) -> String {
    format!(r#"{{"channel":"executions","type":"{kind}","data":[{rows}],"sequence":{sequence}}}"#)
}

/// An execution of our order.
pub const FILL: &str = r#"{"order_id":"OK4GJX-KSTLS-7DZZO5","exec_id":"T5DIUI-5N4KO-Z5BPX1",
    "exec_type":"trade","trade_id":8253473,"symbol":"BTC/USD","side":"buy","last_qty":0.04000000,
    "last_price":45283.5,"liquidity_ind":"m","cost":1811.34,"cum_qty":0.04000000,
    "cum_cost":1811.34,"avg_price":45283.5,"order_status":"partially_filled",
    "fees":[{"asset":"USD","qty":4.52835}],"timestamp":"2026-11-20T15:00:02.100000Z"}"#;

/// A fixture of the protocol references, or `None` with a word when they are not there.
pub fn fixture(name: &str) -> Option<String> {
    fixture_of("kraken", name)
}

pub fn new_order() -> NewOrder {
    limit_order(XBT, Qty(10_000_000), Price(452_835))
}

pub fn txid() -> VenueOrderId {
    VenueOrderId(decode_venue_id(TXID.as_bytes()).unwrap())
}

pub fn replace() -> VenueRequest {
    replacement(XBT, txid(), Qty(5_000_000), Price(452_830))
}

pub fn cancel(venue_order_id: VenueOrderId) -> VenueRequest {
    cancel_of(XBT, venue_order_id)
}

/// Method and form of the one request that is due, without its nonce, which is checked: it is what
/// was signed.
pub fn call(session: &mut RestSession) -> (String, String) {
    let all = written(session, T0);
    assert_eq!(all.len(), 1, "{all:?}");
    let (head, form) = all[0].split_once("\r\n\r\n").unwrap();
    let path = head.split(' ').nth(1).unwrap();
    let method = path.rsplit('/').next().unwrap().to_string();
    if path.starts_with("/0/public/") {
        return (method, form.to_string());
    }
    assert!(head.contains("\r\nAPI-Key: KEY\r\n"), "{head}");
    assert!(head.contains("\r\nContent-Type: application/x-www-form-urlencoded\r\n"));
    let rest = form.strip_prefix("nonce=").unwrap();
    let (nonce, rest) = rest.split_once('&').unwrap_or((rest, ""));
    assert!(
        head.contains(&format!("\r\nAPI-Sign: {path}:{nonce}\r\n")),
        "{head}"
    );
    (method, rest.to_string())
}

pub fn ask(request: VenueRequest) -> RestSession {
    let mut session = live();
    session.handle_request(T0, request);
    session
}
