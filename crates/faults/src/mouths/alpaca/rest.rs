//! What the venue answers to a request, faults aside.

use py_rt_types::UnixNanos;
use py_rt_venues::alpaca::ids::parse_uuid;
use py_rt_venues::alpaca::time::parse_instant;

use super::json;
use crate::mouths::{Answer, Began};
use crate::venue::listing::LISTINGS;
use crate::venue::truth::{Ticket, Truth};

/// Rows on a page of executions.
const PAGE: usize = 100;

impl Answer {
    fn refusal(status: u16, code: u32, message: &str) -> Self {
        let body = format!("{{\"code\":{code},\"message\":\"{message}\"}}");
        Self::say(status, body)
    }

    fn unknown() -> Self {
        Self::refusal(404, 40_410_000, "order not found")
    }
}

/// A request, taken apart.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) verb: String,
    pub(crate) path: String,
    query: String,
    body: String,
}

impl Call {
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let text = String::from_utf8(bytes.to_vec()).ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        let mut words = head.lines().next()?.split(' ');
        let (verb, target) = (words.next()?, words.next()?);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Some(Self {
            verb: verb.to_string(),
            path: path.to_string(),
            query: query.to_string(),
            body: body.to_string(),
        })
    }

    /// A text member of the body.
    pub(crate) fn member(&self, name: &str) -> Option<&str> {
        let start = self.body.find(&format!("\"{name}\":\""))? + name.len() + 4;
        self.body[start..].split('"').next()
    }

    fn parameter(&self, name: &str) -> Option<String> {
        let found = self.query.split('&').find_map(|pair| {
            let (key, value) = pair.split_once('=')?;
            (key == name).then_some(value)
        })?;
        Some(found.replace("%3A", ":").replace("%2B", "+"))
    }

    /// Instrument, whether it buys, and quantity, when this asks for a new order.
    pub(crate) fn new_order(&self) -> Option<(usize, bool, i64)> {
        let symbol = self.member("symbol").filter(|_| self.verb == "POST")?;
        let instrument = LISTINGS.iter().position(|l| l.symbol == symbol)?;
        let qty = LISTINGS[instrument].lots(self.member("qty")?)?;
        Some((instrument, self.member("side") == Some("buy"), qty))
    }

    pub(crate) fn is_order_call(&self) -> bool {
        self.verb != "GET"
    }
}

/// Applies a request to the venue's books.
pub(crate) fn answer(truth: &mut Truth, call: &Call, hidden_until: UnixNanos) -> Answer {
    match (call.verb.as_str(), call.path.as_str()) {
        ("POST", "/v2/orders") => place(truth, call, hidden_until),
        ("GET", "/v2/orders") => Answer::say(200, open_orders(truth)),
        ("GET", "/v2/orders:by_client_order_id") => {
            let client = call.parameter("client_order_id").unwrap_or_default();
            match truth.find_client(&client) {
                Some(at) => Answer::say(200, json::order(&truth.orders[at])),
                None => Answer::unknown(),
            }
        }
        ("GET", "/v2/account/activities/FILL") => Answer::say(200, activities(truth, call)),
        ("GET", "/v2/positions") => Answer::say(200, json::positions(truth)),
        ("GET", "/v2/account") => Answer::say(200, json::account(truth)),
        (verb, path) => {
            let id = path.rsplit('/').next();
            let id = id.and_then(|id| parse_uuid(id.as_bytes()));
            let Some(at) = id.and_then(|id| truth.find(id)) else {
                return Answer::unknown();
            };
            match verb {
                "GET" => Answer::say(200, json::order(&truth.orders[at])),
                "DELETE" => cancel(truth, at),
                _ => replace(truth, call, at),
            }
        }
    }
}

fn place(truth: &mut Truth, call: &Call, visible_from: UnixNanos) -> Answer {
    let refused = |what: &str| Answer::refusal(422, 42_210_000, what);
    let symbol = call.member("symbol").unwrap_or_default();
    let Some(instrument) = LISTINGS.iter().position(|l| l.symbol == symbol) else {
        return refused("symbol not found");
    };
    let listing = &LISTINGS[instrument];
    let Some(qty) = call.member("qty").and_then(|text| listing.lots(text)) else {
        return refused("invalid qty");
    };
    let limit = call.member("limit_price").map(|text| listing.ticks(text));
    if qty <= 0 || limit == Some(None) {
        return refused("invalid limit_price");
    }
    let placed = truth.place(Ticket {
        client: call
            .member("client_order_id")
            .unwrap_or_default()
            .to_string(),
        instrument,
        buy: call.member("side") == Some("buy"),
        qty,
        limit: limit.flatten(),
        post_only: false,
        tif: call.member("time_in_force").unwrap_or("gtc").to_string(),
        visible_from,
        foreign: false,
    });
    let Some(at) = placed else {
        return Answer::refusal(422, 40_010_001, "client_order_id must be unique");
    };
    Answer {
        status: 200,
        body: json::order(&truth.orders[at]),
        began: Began::Order(at),
    }
}

fn cancel(truth: &mut Truth, at: usize) -> Answer {
    if !truth.begin_cancel(at) {
        return Answer::refusal(422, 42_210_000, "order is not cancelable");
    }
    Answer {
        status: 204,
        body: String::new(),
        began: Began::Cancel(at),
    }
}

fn replace(truth: &mut Truth, call: &Call, old: usize) -> Answer {
    let listing = truth.listing(old);
    let qty = call.member("qty").and_then(|text| listing.lots(text));
    let limit = call
        .member("limit_price")
        .and_then(|text| listing.ticks(text));
    let client = call.member("client_order_id").unwrap_or_default();
    let begun = qty.and_then(|qty| truth.begin_replace(old, client.to_string(), qty, limit));
    let Some(new) = begun else {
        return Answer::refusal(422, 42_210_000, "cannot replace order");
    };
    Answer {
        status: 200,
        body: json::order(&truth.orders[new]),
        began: Began::Replace(old, new),
    }
}

fn open_orders(truth: &Truth) -> String {
    let now = truth.now;
    let open = |&at: &usize| {
        let order = &truth.orders[at];
        order.status.is_open() && order.visible_from <= now
    };
    let rows = (0..truth.orders.len()).filter(open);
    let rows: Vec<String> = rows.map(|at| json::order(&truth.orders[at])).collect();
    format!("[{}]", rows.join(","))
}

fn activities(truth: &Truth, call: &Call) -> String {
    let after = call.parameter("after");
    let after = after.and_then(|text| parse_instant(text.as_bytes()));
    let after = after.unwrap_or(UnixNanos(0));
    let token = call.parameter("page_token").unwrap_or_default();
    let rows = (0..truth.executions.len()).filter(|&at| truth.executions[at].at >= after);
    let rows: Vec<usize> = rows.collect();
    let seen = |&at: &usize| json::activity_id(at, &truth.executions[at]) == token;
    let from = rows.iter().position(seen).map_or(0, |place| place + 1);
    let page = rows[from..].iter().take(PAGE);
    let page: Vec<String> = page.map(|&at| json::activity(truth, at)).collect();
    format!("[{}]", page.join(","))
}
