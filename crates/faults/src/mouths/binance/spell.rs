//! How Binance writes orders and executions.

use py_rt_types::UnixNanos;

use crate::venue::listing::{money_text, Listing, LISTINGS};
use crate::venue::truth::{Execution, Fee, Status, Truth, VenueOrder, What, Word};
use crate::world::MS;

/// Decimals of every price and quantity.
const DECIMALS: usize = 8;

pub(super) const fn millis(at: UnixNanos) -> i64 {
    at.0 / MS
}

/// A decimal with all of its decimals.
pub(super) fn eight(text: &str) -> String {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}.{part:0<DECIMALS$}")
}

/// An amount of 1e-18, what is beyond its decimals cut off.
pub(super) fn amount(atto: i128) -> String {
    let text = money_text(atto);
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let part = &part[..part.len().min(DECIMALS)];
    format!("{whole}.{part:0<DECIMALS$}")
}

pub(super) fn price(listing: &Listing, ticks: i64) -> String {
    eight(&listing.price_text(ticks))
}

pub(super) fn qty(listing: &Listing, lots: i64) -> String {
    eight(&listing.qty_text(lots))
}

pub(super) const fn side(buy: bool) -> &'static str {
    if buy {
        "BUY"
    } else {
        "SELL"
    }
}

const fn kind(one: &VenueOrder) -> &'static str {
    match (one.limit.is_some(), one.post_only) {
        (true, true) => "LIMIT_MAKER",
        (true, false) => "LIMIT",
        (false, _) => "MARKET",
    }
}

const fn status(one: &VenueOrder) -> &'static str {
    match one.status {
        Status::Filled => "FILLED",
        Status::Canceled | Status::Replaced => "CANCELED",
        Status::Expired => "EXPIRED",
        Status::Rejected => "REJECTED",
        _ if one.cum > 0 => "PARTIALLY_FILLED",
        _ => "NEW",
    }
}

/// What of an order was paid or received, fees aside.
fn worth(truth: &Truth, place: usize) -> i128 {
    let (listing, done) = (truth.listing(place), truth.executions.iter());
    let done = done.filter(|one| one.order == place);
    done.map(|one| listing.value(one.price, one.qty)).sum()
}

/// Amount and asset of a fee.
fn fee(one: &Execution, listing: &Listing) -> (String, &'static str) {
    match one.fee {
        Fee::Base(atto) => (amount(atto), listing.base()),
        Fee::Quote(atto) => (amount(atto), "USDT"),
        Fee::Third(atto) => (amount(atto), "BNB"),
    }
}

/// The members that every description of an order has, but its id.
fn members(truth: &Truth, place: usize) -> String {
    let (one, listing) = (&truth.orders[place], truth.listing(place));
    let limit = one.limit.unwrap_or(0);
    format!(
        "\"price\":\"{}\",\"origQty\":\"{}\",\"executedQty\":\"{}\",\
         \"origQuoteOrderQty\":\"0.00000000\",\"cummulativeQuoteQty\":\"{}\",\"status\":\"{}\",\
         \"timeInForce\":\"{}\",\"type\":\"{}\",\"side\":\"{}\"",
        price(listing, limit),
        qty(listing, one.qty),
        qty(listing, one.cum),
        amount(worth(truth, place)),
        status(one),
        one.tif.to_ascii_uppercase(),
        kind(one),
        side(one.buy)
    )
}

/// An order in a list, or in the answer to a question.
pub(super) fn order(truth: &Truth, place: usize) -> String {
    let one = &truth.orders[place];
    let stamp = millis(one.stamp);
    format!(
        "{{\"symbol\":\"{}\",\"orderId\":{},\"orderListId\":-1,\"clientOrderId\":\"{}\",{},\
         \"stopPrice\":\"0.00000000\",\"icebergQty\":\"0.00000000\",\"time\":{stamp},\
         \"updateTime\":{stamp},\"isWorking\":true,\"selfTradePreventionMode\":\"NONE\"}}",
        truth.listing(place).pair,
        one.number,
        one.client,
        members(truth, place)
    )
}

/// A new order, with its executions.
pub(super) fn placed(truth: &Truth, place: usize) -> String {
    let (one, listing) = (&truth.orders[place], truth.listing(place));
    let done = truth.executions.iter().filter(|done| done.order == place);
    let fills = done.map(|done| {
        let (paid, asset) = fee(done, listing);
        format!(
            "{{\"price\":\"{}\",\"qty\":\"{}\",\"commission\":\"{paid}\",\
             \"commissionAsset\":\"{asset}\",\"tradeId\":{}}}",
            price(listing, done.price),
            qty(listing, done.qty),
            done.number
        )
    });
    let fills: Vec<String> = fills.collect();
    format!(
        "{{\"symbol\":\"{}\",\"orderId\":{},\"orderListId\":-1,\"clientOrderId\":\"{}\",\
         \"transactTime\":{},{},\"workingTime\":-1,\"fills\":[{}],\
         \"selfTradePreventionMode\":\"NONE\"}}",
        listing.pair,
        one.number,
        one.client,
        millis(one.stamp),
        members(truth, place),
        fills.join(",")
    )
}

/// An order that was cancelled by a request.
pub(super) fn canceled(truth: &Truth, place: usize) -> String {
    let one = &truth.orders[place];
    format!(
        "{{\"symbol\":\"{}\",\"origClientOrderId\":\"{}\",\"orderId\":{},\"orderListId\":-1,\
         \"clientOrderId\":\"{}\",\"transactTime\":{},{},\"selfTradePreventionMode\":\"NONE\"}}",
        truth.listing(place).pair,
        one.client,
        one.number,
        one.ender,
        millis(one.stamp),
        members(truth, place)
    )
}

/// A row of the list of trades.
pub(super) fn trade(truth: &Truth, number: usize) -> String {
    let one = &truth.executions[number];
    let (order, listing) = (&truth.orders[one.order], truth.listing(one.order));
    let (paid, asset) = fee(one, listing);
    format!(
        "{{\"symbol\":\"{}\",\"id\":{},\"orderId\":{},\"orderListId\":-1,\"price\":\"{}\",\
         \"qty\":\"{}\",\"quoteQty\":\"{}\",\"commission\":\"{paid}\",\
         \"commissionAsset\":\"{asset}\",\"time\":{},\"isBuyer\":{},\"isMaker\":{},\
         \"isBestMatch\":true}}",
        listing.pair,
        one.number,
        order.number,
        price(listing, one.price),
        qty(listing, one.qty),
        amount(listing.value(one.price, one.qty)),
        millis(one.stamp),
        order.buy,
        one.maker
    )
}

/// The execution type, and why an order was refused.
const fn execution(word: &Word) -> (&'static str, &'static str) {
    match word.what {
        What::New => ("NEW", "NONE"),
        What::Executed(_) => ("TRADE", "NONE"),
        What::ReplaceRejected => ("REJECTED", "INSUFFICIENT_BALANCES"),
        _ => match word.order.status {
            Status::Expired => ("EXPIRED", "NONE"),
            Status::Rejected => ("REJECTED", "INSUFFICIENT_BALANCES"),
            _ => ("CANCELED", "NONE"),
        },
    }
}

/// One message of the user data stream.
pub(crate) fn report(truth: &Truth, word: &Word) -> String {
    let (one, listing) = (&word.order, &LISTINGS[word.order.instrument]);
    let (execution, reason) = execution(word);
    let done = match word.what {
        What::Executed(at) => Some(&truth.executions[at]),
        _ => None,
    };
    let last = done.map_or((0, 0), |done| (done.qty, done.price));
    let (paid, asset) = done.map_or(("0".to_string(), "null".to_string()), |done| {
        let (paid, asset) = fee(done, listing);
        (paid, format!("\"{asset}\""))
    });
    let (id, first) = if one.ender.is_empty() {
        (&one.client, "")
    } else {
        (&one.ender, one.client.as_str())
    };
    let number = if execution == "REJECTED" {
        -1
    } else {
        one.number as i64
    };
    let stamp = millis(word.stamp);
    format!(
        "{{\"subscriptionId\":0,\"event\":{{\"e\":\"executionReport\",\"E\":{stamp},\
         \"s\":\"{}\",\"c\":\"{id}\",\"S\":\"{}\",\"o\":\"{}\",\"f\":\"{}\",\"q\":\"{}\",\
         \"p\":\"{}\",\"P\":\"0.00000000\",\"F\":\"0.00000000\",\"g\":-1,\"C\":\"{first}\",\
         \"x\":\"{execution}\",\"X\":\"{}\",\"r\":\"{reason}\",\"i\":{number},\"l\":\"{}\",\
         \"z\":\"{}\",\"L\":\"{}\",\"n\":\"{paid}\",\"N\":{asset},\"T\":{stamp},\"t\":{},\
         \"I\":{},\"w\":{},\"m\":{},\"M\":false,\"O\":{stamp},\"V\":\"NONE\"}}}}",
        listing.pair,
        side(one.buy),
        kind(one),
        one.tif.to_ascii_uppercase(),
        qty(listing, one.qty),
        price(listing, one.limit.unwrap_or(0)),
        status(one),
        qty(listing, last.0),
        qty(listing, one.cum),
        price(listing, last.1),
        done.map_or(-1, |done| done.number as i64),
        1_000_000 + one.number * 8 + one.cum.unsigned_abs(),
        one.status.is_open(),
        done.is_some_and(|done| done.maker)
    )
}
