//! Alpaca's words: [`rest`] answers requests, [`json`] spells, and here is what streams greet with.

pub(crate) mod json;
pub(crate) mod rest;

use crate::venue::listing::LISTINGS;

/// What is said when the account's stream hears a message.
pub(crate) fn greet_account(text: &str) -> Option<String> {
    if text.contains("authenticate") {
        let heard = "{\"stream\":\"authorization\",\"data\":{\"status\":\"authorized\",\
                     \"action\":\"authenticate\"}}";
        Some(heard.to_string())
    } else if text.contains("listen") {
        let heard = "{\"stream\":\"listening\",\"data\":{\"streams\":[\"trade_updates\"]}}";
        Some(heard.to_string())
    } else {
        None
    }
}

/// What is said when the market stream hears a message, and whether it subscribes.
pub(crate) fn greet_market(text: &str, instruments: usize) -> Option<(String, bool)> {
    if text.contains("\"auth\"") {
        let heard = "[{\"T\":\"success\",\"msg\":\"authenticated\"}]";
        return Some((heard.to_string(), false));
    }
    if !text.contains("subscribe") {
        return None;
    }
    let names = LISTINGS[..instruments].iter();
    let names: Vec<String> = names.map(|l| format!("\"{}\"", l.symbol)).collect();
    let heard = format!(
        "[{{\"T\":\"subscription\",\"orderbooks\":[{}]}}]",
        names.join(",")
    );
    Some((heard, true))
}
