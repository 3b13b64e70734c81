//! What the two WebSockets say: the account's, which is asked in frames, and the market's.

use py_rt_types::UnixNanos;

use super::call::refuse_stamp;
use super::spell::{millis, price, qty};
use crate::venue::listing::LISTINGS;

/// What is shown of a book: one level a side, and the number of its last change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Shown {
    bid: i64,
    ask: i64,
    last: u64,
}

const BID_LOTS: i64 = 40;
const ASK_LOTS: i64 = 60;

impl Shown {
    /// Moves to other prices; the message of that change.
    pub(crate) fn move_to(
        &mut self,
        instrument: usize,
        (bid, ask): (i64, i64),
        clock: UnixNanos,
    ) -> String {
        let listing = &LISTINGS[instrument];
        let level = |ticks: i64, lots: i64| {
            format!("[\"{}\",\"{}\"]", price(listing, ticks), qty(listing, lots))
        };
        let side = |old: i64, new: i64, lots: i64| {
            let mut levels = Vec::new();
            if old != 0 && old != new {
                levels.push(level(old, 0));
            }
            levels.push(level(new, lots));
            levels.join(",")
        };
        let bids = side(self.bid, bid, BID_LOTS);
        let asks = side(self.ask, ask, ASK_LOTS);
        let first = self.last + 1;
        (self.bid, self.ask, self.last) = (bid, ask, self.last + 3);
        format!(
            "{{\"stream\":\"{}@depth@100ms\",\"data\":{{\"e\":\"depthUpdate\",\"E\":{},\
             \"s\":\"{}\",\"U\":{first},\"u\":{},\"b\":[{bids}],\"a\":[{asks}]}}}}",
            listing.pair.to_ascii_lowercase(),
            millis(clock),
            listing.pair,
            self.last
        )
    }

    /// All of the book.
    pub(super) fn whole(&self, instrument: usize) -> String {
        let listing = &LISTINGS[instrument];
        let side = |ticks: i64, lots: i64| {
            if ticks == 0 {
                return String::new();
            }
            format!("[\"{}\",\"{}\"]", price(listing, ticks), qty(listing, lots))
        };
        format!(
            "{{\"lastUpdateId\":{},\"bids\":[{}],\"asks\":[{}]}}",
            self.last,
            side(self.bid, BID_LOTS),
            side(self.ask, ASK_LOTS)
        )
    }
}

/// A number in a frame.
fn number(text: &str, name: &str) -> Option<i64> {
    let start = text.find(&format!("\"{name}\":"))? + name.len() + 3;
    let digits = text[start..].split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

/// What the account's connection answers to a frame, and whether reports come from now on.
pub(crate) fn greet_account(text: &str, clock: UnixNanos) -> Option<(String, bool)> {
    if text.contains("\"method\":\"time\"") {
        let now = millis(clock);
        let heard =
            format!("{{\"id\":\"time\",\"status\":200,\"result\":{{\"serverTime\":{now}}}}}");
        return Some((heard, false));
    }
    if !text.contains("\"userDataStream.subscribe.signature\"") {
        return None;
    }
    let window_ms = number(text, "recvWindow").unwrap_or(5_000);
    Some(
        match refuse_stamp(clock, number(text, "timestamp"), window_ms) {
            None => {
                let heard =
                    "{\"id\":\"subscribe\",\"status\":200,\"result\":{\"subscriptionId\":0},\
                         \"rateLimits\":[]}";
                (heard.to_string(), true)
            }
            Some((code, text)) => {
                let heard = format!(
                    "{{\"id\":\"subscribe\",\"status\":400,\"error\":{{\"code\":{code},\
                 \"msg\":\"{text}\"}},\"rateLimits\":[]}}"
                );
                (heard, false)
            }
        },
    )
}

/// What the market's connection answers to a subscription.
pub(crate) fn greet_market(text: &str) -> Option<&'static str> {
    text.contains("\"SUBSCRIBE\"")
        .then_some("{\"result\":null,\"id\":1}")
}

/// How an account's stream ends although its connection holds, or a connection that will end.
pub(crate) fn ending(of_stream: bool, clock: UnixNanos) -> String {
    let now = millis(clock);
    if of_stream {
        return format!(
            "{{\"subscriptionId\":0,\"event\":{{\"e\":\"eventStreamTerminated\",\"E\":{now}}}}}"
        );
    }
    format!("{{\"e\":\"serverShutdown\",\"E\":{now}}}")
}
