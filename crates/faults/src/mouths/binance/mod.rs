//! Binance's words: [`call`] takes requests apart, [`orders`] and [`lists`] answer them, [`spell`]
//! writes, [`streams`] is what the two WebSockets say.
//!
//! What is asked of an order has happened when it is answered: it is matched at once, its end is
//! its answer, and a replacement is a cancel and a new order.

pub(crate) mod call;
mod lists;
mod orders;
pub(crate) mod spell;
pub(crate) mod streams;
pub(crate) mod weights;

use py_rt_types::UnixNanos;

use super::Answer;
use crate::venue::truth::Truth;
use call::Call;

/// What befalls a request while it is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fate {
    /// From when on a new order can be found.
    pub(crate) visible_from: UnixNanos,
    /// Of what could be executed at once, so many thousandths are.
    pub(crate) part: i64,
    /// So many lots are executed just before the end of the order.
    pub(crate) before: i64,
    /// That is told so many milliseconds late.
    pub(crate) told_late_ms: i64,
    /// Of a replacement, the cancel succeeds and the new order is refused.
    pub(crate) refuse_new: bool,
}

/// A refusal in the venue's form.
fn refusal(status: u16, code: i64, text: &str) -> Answer {
    Answer::say(status, format!("{{\"code\":{code},\"msg\":\"{text}\"}}"))
}

/// Applies a request to the venue's books.
pub(crate) fn answer(
    truth: &mut Truth,
    call: &Call,
    fate: Fate,
    book: &[streams::Shown],
) -> Answer {
    let clock = truth.clock();
    if let Some((code, text)) = call.refusal(clock) {
        let status = if code == -2015 { 401 } else { 400 };
        return refusal(status, code, text);
    }
    let instrument = call.instrument(truth.mids.len());
    match (call.verb.as_str(), call.path.as_str(), instrument) {
        ("GET", "/api/v3/time", _) => Answer::say(200, lists::time(clock)),
        ("GET", "/api/v3/account", _) => Answer::say(200, lists::account(truth)),
        ("GET", "/api/v3/openOrders", one) => Answer::say(200, lists::open_orders(truth, one)),
        (_, _, None) => refusal(400, -1121, "Invalid symbol."),
        ("GET", "/api/v3/depth", Some(one)) => Answer::say(200, book[one].whole(one)),
        ("GET", "/api/v3/order", Some(one)) => lists::order(truth, call, one),
        ("GET", "/api/v3/allOrders", Some(one)) => lists::all_orders(truth, call, one),
        ("GET", "/api/v3/myTrades", Some(one)) => lists::my_trades(truth, call, one),
        ("POST", "/api/v3/order", Some(one)) => orders::place(truth, call, one, fate),
        ("DELETE", "/api/v3/order", Some(one)) => orders::cancel(truth, call, one, fate),
        ("POST", "/api/v3/order/cancelReplace", Some(one)) => {
            orders::replace(truth, call, one, fate)
        }
        _ => refusal(404, -1100, "No such endpoint."),
    }
}
