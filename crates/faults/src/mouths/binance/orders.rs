//! New orders, cancels and replacements: done when they are answered.

use super::call::Call;
use super::{refusal, spell, Fate};
use crate::mouths::{Answer, Began};
use crate::venue::listing::LISTINGS;
use crate::venue::truth::{Status, Ticket, Truth, What};
use crate::wire::sequence_of;

/// A refusal with its code and its words.
type Refused = (i64, &'static str);

const NO_BALANCE: Refused = (
    -2010,
    "Account has insufficient balance for requested action.",
);
const DUPLICATE: Refused = (-2010, "Duplicate order sent.");
const UNKNOWN: Refused = (-2011, "Unknown order sent.");
const RESTRICTED: Refused = (-2011, "Order was not canceled due to cancel restrictions.");

/// The order that a request asks for.
fn ticket(truth: &Truth, call: &Call, instrument: usize) -> Result<Ticket, Refused> {
    let listing = &LISTINGS[instrument];
    let text = |name: &str| call.parameter(name).unwrap_or_default();
    let qty = listing.lots(text("quantity")).filter(|&qty| qty > 0);
    let qty = qty.ok_or((-1013, "Filter failure: LOT_SIZE"))?;
    let limit = match text("type") {
        "MARKET" => None,
        "LIMIT" | "LIMIT_MAKER" => {
            let limit = listing.ticks(text("price")).filter(|&price| price > 0);
            Some(limit.ok_or((-1013, "Filter failure: PRICE_FILTER"))?)
        }
        _ => return Err((-1116, "Invalid orderType.")),
    };
    let post_only = text("type") == "LIMIT_MAKER";
    let tif = match (text("timeInForce"), text("type")) {
        ("", "LIMIT") => return Err((-1102, "Mandatory parameter 'timeInForce' was not sent.")),
        ("", _) => "GTC",
        (_, "MARKET") => return Err((-1106, "Parameter 'timeInForce' sent when not required.")),
        (word, _) => word,
    };
    let buy = match text("side") {
        "BUY" => true,
        "SELL" => false,
        _ => return Err((-1117, "Invalid side.")),
    };
    let touch = if buy {
        truth.ask(instrument)
    } else {
        truth.bid(instrument)
    };
    let takes = limit.is_none_or(|limit| if buy { limit >= touch } else { limit <= touch });
    if post_only && takes {
        return Err((-2010, "Order would immediately match and take."));
    }
    if !buy && i128::from(qty) * listing.lot_atto() > free(truth, instrument) {
        return Err(NO_BALANCE);
    }
    Ok(Ticket {
        client: text("newClientOrderId").to_string(),
        instrument,
        buy,
        qty,
        limit,
        post_only,
        tif: tif.to_string(),
        ..Ticket::default()
    })
}

/// What is not locked in sales, in 1e-18.
pub(super) fn free(truth: &Truth, instrument: usize) -> i128 {
    let owned = truth.before[instrument] + truth.owned(instrument, false);
    owned - locked(truth, instrument)
}

/// What is locked in sales, in 1e-18.
pub(super) fn locked(truth: &Truth, instrument: usize) -> i128 {
    let rests = truth
        .orders
        .iter()
        .filter(|one| one.instrument == instrument && !one.buy && one.status.is_live());
    let lots: i64 = rests.map(|one| one.qty - one.cum).sum();
    i128::from(lots) * LISTINGS[instrument].lot_atto()
}

/// Takes an order and matches it.
fn take(truth: &mut Truth, ticket: Ticket, fate: Fate) -> Result<usize, Refused> {
    let visible_from = fate.visible_from;
    // A replacement comes when the order before it is gone: never two for one intent.
    let intent = sequence_of(&ticket.client);
    let mut working = truth.orders.iter().filter(|one| one.status.is_live());
    let twin = working.any(|one| intent.is_some() && sequence_of(&one.client) == intent);
    truth.duplicates += u64::from(twin);
    let ticket = Ticket {
        visible_from,
        ..ticket
    };
    let at = truth.place(ticket).ok_or(DUPLICATE)?;
    let one = &truth.orders[at];
    let (tif, qty) = (one.tif.clone(), one.qty);
    let at_once = one.limit.is_none() || tif != "GTC";
    if truth.crosses(at) {
        let part = match (tif.as_str(), fate.part) {
            ("FOK", part) if part < 500 => 0,
            ("FOK", _) => qty,
            (_, part) => qty * part / 1_000,
        };
        truth.fill(at, part / 2, false);
        truth.fill(at, part - part / 2, false);
    }
    if at_once {
        truth.end(at, Status::Expired);
    }
    Ok(at)
}

pub(super) fn place(truth: &mut Truth, call: &Call, instrument: usize, fate: Fate) -> Answer {
    let taken = ticket(truth, call, instrument).and_then(|ticket| take(truth, ticket, fate));
    match taken {
        Ok(at) => Answer {
            status: 200,
            body: spell::placed(truth, at),
            began: Began::Order(at),
        },
        Err((code, text)) => refusal(400, code, text),
    }
}

/// The order that a request names, by either id.
pub(super) fn named(
    truth: &Truth,
    instrument: usize,
    number: Option<i64>,
    client: Option<&str>,
) -> Option<usize> {
    let mut orders = truth.orders.iter();
    orders.position(|one| {
        let same = match (number, client) {
            (Some(number), _) => one.number as i64 == number,
            (None, Some(client)) => one.client == client,
            (None, None) => false,
        };
        same && one.instrument == instrument
    })
}

/// Ends an order, after what was executed of it just before.
fn end(
    truth: &mut Truth,
    found: Option<usize>,
    (ender, only_new): (String, bool),
    fate: Fate,
) -> Result<usize, Refused> {
    let at = found.ok_or(UNKNOWN)?;
    if fate.before > 0 && truth.orders[at].limit.is_some() {
        let told = truth.told.len();
        truth.fill(at, fate.before, false);
        let late = truth.told.iter_mut().skip(told);
        late.for_each(|word| word.late_ms = fate.told_late_ms);
    }
    let one = &mut truth.orders[at];
    if !one.status.is_live() {
        return Err(UNKNOWN);
    }
    if only_new && one.cum > 0 {
        return Err(RESTRICTED);
    }
    one.ender = ender;
    truth.end(at, Status::Canceled);
    Ok(at)
}

pub(super) fn cancel(truth: &mut Truth, call: &Call, instrument: usize, fate: Fate) -> Answer {
    let (number, client) = (call.number("orderId"), call.parameter("origClientOrderId"));
    let found = named(truth, instrument, number, client);
    let ender = format!("cancel{}", truth.told.len() + truth.orders.len() * 100);
    match end(truth, found, (ender, false), fate) {
        Ok(at) => Answer::say(200, spell::canceled(truth, at)),
        Err((code, text)) => refusal(400, code, text),
    }
}

/// `cancelReplace` that stops where the cancel fails.
pub(super) fn replace(truth: &mut Truth, call: &Call, instrument: usize, fate: Fate) -> Answer {
    let text = |name: &str| call.parameter(name).unwrap_or_default();
    if text("cancelReplaceMode") != "STOP_ON_FAILURE" {
        return refusal(
            400,
            -1102,
            "Mandatory parameter 'cancelReplaceMode' was not sent.",
        );
    }
    let number = call.number("cancelOrderId");
    let found = named(truth, instrument, number, None);
    let only_new = text("cancelRestrictions") == "ONLY_NEW";
    let ender = text("cancelNewClientOrderId").to_string();
    let old = match end(truth, found, (ender, only_new), fate) {
        Ok(old) => old,
        Err((code, text)) => {
            let body = format!(
                "{{\"code\":-2022,\"msg\":\"Order cancel-replace failed.\",\"data\":{{\
                 \"cancelResult\":\"FAILURE\",\"newOrderResult\":\"NOT_ATTEMPTED\",\
                 \"cancelResponse\":{{\"code\":{code},\"msg\":\"{text}\"}},\
                 \"newOrderResponse\":null}}}}"
            );
            return Answer::say(400, body);
        }
    };
    let canceled = spell::canceled(truth, old);
    let asked = ticket(truth, call, instrument);
    let refused = asked.clone().and(Err(NO_BALANCE));
    let wanted = if fate.refuse_new { refused } else { asked };
    match wanted.and_then(|ticket| take(truth, ticket, fate)) {
        Ok(new) => {
            truth.orders[new].replaces = truth.orders[old].id;
            truth.orders[old].replaced_by = truth.orders[new].id;
            let body = format!(
                "{{\"cancelResult\":\"SUCCESS\",\"newOrderResult\":\"SUCCESS\",\
                 \"cancelResponse\":{canceled},\"newOrderResponse\":{}}}",
                spell::placed(truth, new)
            );
            Answer {
                status: 200,
                body,
                began: Began::Replace(old, new),
            }
        }
        Err((code, text)) => {
            tell_refused(truth, call, old);
            let body = format!(
                "{{\"code\":-2021,\"msg\":\"Order cancel-replace partially failed.\",\"data\":{{\
                 \"cancelResult\":\"SUCCESS\",\"newOrderResult\":\"FAILURE\",\
                 \"cancelResponse\":{canceled},\
                 \"newOrderResponse\":{{\"code\":{code},\"msg\":\"{text}\"}}}}}}"
            );
            Answer::say(409, body)
        }
    }
}

/// The stream tells of a new order that was refused only where a cancel came before it.
fn tell_refused(truth: &mut Truth, call: &Call, old: usize) {
    let client = call.parameter("newClientOrderId").unwrap_or_default();
    truth.tell(old, What::ReplaceRejected);
    if let Some(word) = truth.told.last_mut() {
        word.order.client = client.to_string();
        word.order.ender = String::new();
        word.order.status = Status::Rejected;
    }
}
