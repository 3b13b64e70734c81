//! What each dialect says, for the same things.

use py_rt_venues::{alpaca, binance, coinbase, kraken, Requests, Session};

use crate::{binance_support, coinbase_support, kraken_support, support};

/// What a dialect says, for the same things.
pub(crate) struct Script {
    pub(crate) name: &'static str,
    pub(crate) make: fn() -> Box<dyn Requests>,
    pub(crate) account: fn() -> Box<dyn Session>,
    pub(crate) instrument: py_rt_types::InstrumentId,
    pub(crate) accepted: String,
    /// The answer to a question about the order.
    pub(crate) found: String,
    pub(crate) refused: (u16, &'static str),
    pub(crate) no_such_order: (u16, &'static str),
    pub(crate) refused_key: (u16, &'static str),
    /// The answers to the question for all open orders, in turn.
    pub(crate) open_orders: Vec<String>,
    /// What a stream says of an execution, after what it says first.
    pub(crate) greeting: &'static [&'static str],
    pub(crate) fill: String,
    /// The answers to what it asks then, in turn, where it tells of no execution itself.
    pub(crate) asked: Vec<String>,
    /// The answers to the question for executions, in turn.
    pub(crate) fills: Vec<String>,
    /// Quantity and total of that execution, in lots.
    pub(crate) executed: (i64, i64),
}

fn alpaca_script() -> Script {
    Script {
        name: "alpaca",
        make: || Box::new(support::rest::live()),
        account: || {
            let link = py_rt_venues::LinkConfig::websocket(1);
            let (credentials, dialect) = (support::credentials(), support::dialect());
            Box::new(alpaca::TradingStream::new(link, credentials, dialect))
        },
        instrument: support::AAPL,
        accepted: support::order(&[]),
        found: support::order(&[]),
        refused: (
            403,
            r#"{"code":40310000,"message":"insufficient buying power"}"#,
        ),
        no_such_order: (404, r#"{"code":40410000,"message":"order not found"}"#),
        refused_key: (401, r#"{"message":"unauthorized."}"#),
        open_orders: vec![format!("[{}]", support::order(&[]))],
        greeting: &[
            r#"{"stream":"authorization","data":{"status":"authorized","action":"authenticate"}}"#,
            r#"{"stream":"listening","data":{"streams":["trade_updates"]}}"#,
        ],
        fill: support::fill_update(),
        asked: Vec::new(),
        // Read in `rest_lists.rs`.
        fills: Vec::new(),
        executed: (100_000_000_000, 100_000_000_000),
    }
}

fn binance_script() -> Script {
    Script {
        name: "binance",
        make: || Box::new(binance_support::live()),
        account: || {
            let link = py_rt_venues::LinkConfig::websocket(1);
            let (credentials, dialect) = (support::credentials(), binance_support::dialect());
            Box::new(binance::UserStream::new(link, &credentials, dialect))
        },
        instrument: binance_support::BTCUSDT,
        accepted: binance_support::order(&[]),
        found: binance_support::order(&[]),
        refused: (
            400,
            r#"{"code":-2010,"msg":"Account has insufficient balance for requested action."}"#,
        ),
        no_such_order: (400, r#"{"code":-2013,"msg":"Order does not exist."}"#),
        refused_key: (
            401,
            r#"{"code":-2015,"msg":"Invalid API-key, IP, or permissions for action."}"#,
        ),
        open_orders: vec![format!("[{}]", binance_support::order(&[]))],
        greeting: &[r#"{"id":"subscribe","status":200,"result":{"subscriptionId":0}}"#],
        fill: binance_support::report(
            "TRADE",
            &[
                ("X", "\"PARTIALLY_FILLED\""),
                ("l", "\"0.04000000\""),
                ("z", "\"0.04000000\""),
                ("L", "\"89000.00000000\""),
                ("n", "\"0.00004000\""),
                ("N", "\"BTC\""),
                ("t", "58"),
                ("m", "true"),
            ],
        ),
        asked: Vec::new(),
        fills: vec![
            r#"{"serverTime":1795186801000}"#.to_string(),
            binance_support::TRADES.to_string(),
            format!(
                "[{}]",
                binance_support::order(&[("executedQty", "\"0.04000000\"")])
            ),
        ],
        executed: (4_000, 4_000),
    }
}

fn kraken_script() -> Script {
    let executed = ("\"vol_exec\":\"0.00000000\"", "\"vol_exec\":\"0.04000000\"");
    let found = kraken_support::orders("open", &kraken_support::order(&[]));
    Script {
        name: "kraken",
        make: || Box::new(kraken_support::live()),
        account: || {
            let link = py_rt_venues::LinkConfig::websocket(1);
            Box::new(kraken::AccountStream::new(link, kraken_support::dialect()))
        },
        instrument: kraken_support::XBT,
        accepted: r#"{"error":[],"result":{"txid":["OK4GJX-KSTLS-7DZZO5"]}}"#.to_string(),
        found: found.clone(),
        refused: (200, r#"{"error":["EOrder:Insufficient funds"]}"#),
        no_such_order: (200, r#"{"error":["EOrder:Unknown order"]}"#),
        refused_key: (200, r#"{"error":["EAPI:Invalid key"]}"#),
        open_orders: vec![found],
        greeting: &[
            r#"{"method":"subscribe","success":true,"result":{"channel":"executions"}}"#,
            r#"{"channel":"executions","type":"snapshot","data":[],"sequence":1}"#,
        ],
        fill: kraken_support::message("update", 2, kraken_support::FILL),
        asked: Vec::new(),
        fills: vec![
            kraken_support::TRADES.to_string(),
            kraken_support::orders("", &kraken_support::order(&[executed])),
        ],
        executed: (4_000_000, 4_000_000),
    }
}

fn coinbase_script() -> Script {
    use coinbase_support::{fill, fills, one, order, orders, state, user, FILLED};
    let found = orders(&order(&[]));
    let listed = fills(&fill(&[]));
    Script {
        name: "coinbase",
        make: || Box::new(coinbase_support::live()),
        account: || {
            let link = py_rt_venues::LinkConfig::websocket(1);
            let signer = Box::<coinbase_support::PlainSigner>::default();
            Box::new(coinbase::AccountStream::new(
                link,
                coinbase_support::dialect(),
                signer,
            ))
        },
        instrument: coinbase_support::BTC_USD,
        accepted: r#"{"success":true,"success_response":{"order_id":
            "11111111-0000-4000-8000-000000000001","client_order_id":"rt-abcdef27-5"}}"#
            .to_string(),
        found: found.clone(),
        refused: (
            200,
            r#"{"success":false,"error_response":{"error":"INSUFFICIENT_FUND"}}"#,
        ),
        no_such_order: (404, r#"{"error":"NOT_FOUND","message":"order not found"}"#),
        refused_key: (403, r#"{"error":"PERMISSION_DENIED","message":""}"#),
        open_orders: vec![found, orders("")],
        greeting: &[
            r#"{"channel":"user","timestamp":"2026-11-20T15:00:00Z","sequence_num":0,
            "events":[{"type":"snapshot","orders":[]}]}"#,
        ],
        // A state tells of no execution: it asks, and this is answered.
        fill: user("update", 1, &state("OPEN", "0.04", "0.06")),
        asked: vec![one(&order(&[FILLED])), listed.clone()],
        fills: vec![listed, orders(&order(&[FILLED]))],
        executed: (4_000_000, 4_000_000),
    }
}

pub(crate) fn scripts() -> [Script; 4] {
    [
        alpaca_script(),
        binance_script(),
        kraken_script(),
        coinbase_script(),
    ]
}
