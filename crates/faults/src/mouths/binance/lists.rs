//! Answers to questions. Lists show what can be found by now, and nothing is remembered of what
//! was refused.

use py_rt_types::UnixNanos;

use super::call::Call;
use super::orders::{free, locked, named};
use super::spell::{self, amount, millis};
use super::{refusal, Answer};
use crate::venue::listing::LISTINGS;
use crate::venue::truth::Truth;
use crate::world::MS;

/// Rows of a page where nobody asks for more, and the most that may be asked for.
const PAGE: i64 = 500;
const PAGE_MAX: i64 = 1_000;
/// The longest time that may be asked for, in milliseconds.
const DAY_MS: i64 = 24 * 3_600_000;

pub(super) fn time(clock: UnixNanos) -> String {
    format!("{{\"serverTime\":{}}}", millis(clock))
}

pub(super) fn account(truth: &Truth) -> String {
    let mut rows: Vec<String> = Vec::new();
    let mut push = |asset: &str, free: i128, locked: i128| {
        if free != 0 || locked != 0 {
            let (free, locked) = (amount(free), amount(locked));
            let row =
                format!("{{\"asset\":\"{asset}\",\"free\":\"{free}\",\"locked\":\"{locked}\"}}");
            rows.push(row);
        }
    };
    for (place, listing) in LISTINGS[..truth.mids.len()].iter().enumerate() {
        push(listing.base(), free(truth, place), locked(truth, place));
    }
    let rests = truth.orders.iter();
    let rests = rests.filter(|one| one.buy && one.status.is_live());
    let bound: i128 = rests
        .map(|one| LISTINGS[one.instrument].value(one.limit.unwrap_or(0), one.qty - one.cum))
        .sum();
    push("USDT", truth.cash(false) - bound, bound);
    push("BNB", 10i128.pow(20), 0);
    format!(
        "{{\"makerCommission\":10,\"takerCommission\":10,\"canTrade\":true,\"canWithdraw\":false,\
         \"accountType\":\"SPOT\",\"balances\":[{}],\"permissions\":[\"SPOT\"],\"uid\":7}}",
        rows.join(",")
    )
}

fn rows(found: impl Iterator<Item = String>) -> String {
    format!("[{}]", found.collect::<Vec<_>>().join(","))
}

pub(super) fn open_orders(truth: &Truth, instrument: Option<usize>) -> String {
    let listed = (0..truth.orders.len()).filter(|&at| {
        let one = &truth.orders[at];
        let of = instrument.is_none_or(|wanted| one.instrument == wanted);
        of && one.status.is_live() && one.visible_from <= truth.now
    });
    rows(listed.map(|at| spell::order(truth, at)))
}

pub(super) fn order(truth: &Truth, call: &Call, instrument: usize) -> Answer {
    let (number, client) = (call.number("orderId"), call.parameter("origClientOrderId"));
    let found = named(truth, instrument, number, client);
    match found.filter(|&at| truth.orders[at].visible_from <= truth.now) {
        Some(at) => Answer::say(200, spell::order(truth, at)),
        None => refusal(400, -2013, "Order does not exist."),
    }
}

fn limit(call: &Call) -> usize {
    let asked = call.number("limit").unwrap_or(PAGE);
    asked.clamp(1, PAGE_MAX) as usize
}

pub(super) fn all_orders(truth: &Truth, call: &Call, instrument: usize) -> Answer {
    let from = call.number("orderId").unwrap_or(1);
    let listed = (0..truth.orders.len()).filter(|&at| {
        let one = &truth.orders[at];
        let found = one.instrument == instrument && one.visible_from <= truth.now;
        found && one.number as i64 >= from
    });
    let page = listed.take(limit(call));
    Answer::say(200, rows(page.map(|at| spell::order(truth, at))))
}

pub(super) fn my_trades(truth: &Truth, call: &Call, instrument: usize) -> Answer {
    let (start, end) = (call.number("startTime"), call.number("endTime"));
    if let (Some(start), Some(end)) = (start, end) {
        if end - start > DAY_MS {
            return refusal(
                400,
                -1127,
                "More than 24 hours between startTime and endTime.",
            );
        }
    }
    let (order, from) = (call.number("orderId"), call.number("fromId"));
    let listed = (0..truth.executions.len()).filter(|&at| {
        let one = &truth.executions[at];
        let of = &truth.orders[one.order];
        let stamp = one.stamp.0 / MS;
        of.instrument == instrument
            && of.visible_from <= truth.now
            && order.is_none_or(|wanted| of.number as i64 == wanted)
            && from.is_none_or(|from| one.number as i64 >= from)
            && start.is_none_or(|start| stamp >= start)
            && end.is_none_or(|end| stamp <= end)
    });
    let page = listed.take(limit(call));
    Answer::say(200, rows(page.map(|at| spell::trade(truth, at))))
}
