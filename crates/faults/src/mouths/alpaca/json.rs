//! What the venue writes: Alpaca's messages (its documentation of orders and `trade_updates`).

use py_rt_types::UnixNanos;
use py_rt_venues::alpaca::ids::encode_uuid;
use py_rt_venues::alpaca::time::encode_instant;

use crate::venue::listing::{money_text, LISTINGS};
use crate::venue::truth::{Execution, Status, Truth, VenueOrder, What, Word};

fn uuid(value: u128) -> String {
    let mut text = Vec::new();
    encode_uuid(value, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

pub(crate) fn instant(at: UnixNanos) -> String {
    let mut text = Vec::new();
    encode_instant(at, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

const fn side(buy: bool) -> &'static str {
    if buy {
        "buy"
    } else {
        "sell"
    }
}

fn optional(id: u128) -> String {
    if id == 0 {
        return "null".to_string();
    }
    format!("\"{}\"", uuid(id))
}

/// One order object.
pub(crate) fn order(one: &VenueOrder) -> String {
    let listing = &LISTINGS[one.instrument];
    let status = match one.status {
        Status::Accepted => "accepted",
        Status::Working if one.cum > 0 => "partially_filled",
        Status::Working => "new",
        Status::PendingCancel => "pending_cancel",
        Status::PendingReplace => "pending_replace",
        Status::Filled => "filled",
        Status::Canceled => "canceled",
        Status::Expired => "expired",
        Status::Rejected => "rejected",
        Status::Replaced => "replaced",
    };
    let limit = one.limit.map_or("null".to_string(), |ticks| {
        format!("\"{}\"", listing.price_text(ticks))
    });
    let kind = if one.limit.is_some() {
        "limit"
    } else {
        "market"
    };
    format!(
        "{{\"id\":\"{}\",\"client_order_id\":\"{}\",\"symbol\":\"{}\",\"side\":\"{}\",\
         \"type\":\"{kind}\",\"time_in_force\":\"{}\",\"qty\":\"{}\",\"filled_qty\":\"{}\",\
         \"limit_price\":{limit},\"stop_price\":null,\"status\":\"{status}\",\"replaces\":{},\
         \"replaced_by\":{},\"updated_at\":\"{}\"}}",
        uuid(one.id),
        one.client,
        listing.symbol,
        side(one.buy),
        one.tif,
        listing.qty_text(one.qty),
        listing.qty_text(one.cum),
        optional(one.replaces),
        optional(one.replaced_by),
        instant(one.updated)
    )
}

/// One message of the account stream.
pub(crate) fn update(truth: &Truth, word: &Word) -> String {
    let (one, listing) = (&word.order, &LISTINGS[word.order.instrument]);
    let event = match word.what {
        What::New => "new",
        What::PendingCancel => "pending_cancel",
        What::PendingReplace => "pending_replace",
        What::Executed(_) if one.cum == one.qty => "fill",
        What::Executed(_) => "partial_fill",
        What::Ended if one.status == Status::Rejected => "rejected",
        What::Ended => "canceled",
        What::Replaced => "replaced",
        What::ReplaceRejected => "order_replace_rejected",
    };
    let fill = match word.what {
        What::Executed(at) => {
            let one = &truth.executions[at];
            format!(
                "\"execution_id\":\"{}\",\"price\":\"{}\",\"qty\":\"{}\",",
                uuid(one.id),
                listing.price_text(one.price),
                listing.qty_text(one.qty)
            )
        }
        _ => String::new(),
    };
    format!(
        "{{\"stream\":\"trade_updates\",\"data\":{{\"event\":\"{event}\",{fill}\
         \"timestamp\":\"{}\",\"order\":{}}}}}",
        instant(word.stamp),
        order(one)
    )
}

pub(crate) fn activity_id(number: usize, one: &Execution) -> String {
    format!("2026092000{number:07}::{}", uuid(one.id))
}

/// One row of the list of executions.
pub(crate) fn activity(truth: &Truth, number: usize) -> String {
    let one = &truth.executions[number];
    let (order, listing) = (&truth.orders[one.order], truth.listing(one.order));
    format!(
        "{{\"activity_type\":\"FILL\",\"id\":\"{}\",\"transaction_time\":\"{}\",\"price\":\"{}\",\
         \"qty\":\"{}\",\"cum_qty\":\"{}\",\"side\":\"{}\",\"symbol\":\"{}\",\"order_id\":\"{}\"}}",
        activity_id(number, one),
        instant(one.at),
        listing.price_text(one.price),
        listing.qty_text(one.qty),
        listing.qty_text(one.cum),
        side(order.buy),
        listing.symbol,
        uuid(order.id)
    )
}

/// All positions that are not flat.
pub(crate) fn positions(truth: &Truth) -> String {
    let rows = (0..truth.mids.len()).filter_map(|instrument| {
        let lots = truth.position(instrument, false);
        let side = if lots < 0 { "short" } else { "long" };
        let listing = &LISTINGS[instrument];
        (lots != 0).then(|| {
            format!(
                "{{\"symbol\":\"{}\",\"qty\":\"{}\",\"side\":\"{side}\",\"cost_basis\":\"1\"}}",
                listing.bare,
                listing.qty_text(lots)
            )
        })
    });
    format!("[{}]", rows.collect::<Vec<_>>().join(","))
}

pub(crate) fn account(truth: &Truth) -> String {
    let cash = money_text(truth.cash(false));
    format!("{{\"account_number\":\"PA1\",\"cash\":\"{cash}\"}}")
}

/// One full book of one level a side; a crossed one on request.
pub(crate) fn book(truth: &Truth, instrument: usize, crossed: bool) -> String {
    let listing = &LISTINGS[instrument];
    let (mut bid, mut ask) = (truth.bid(instrument), truth.ask(instrument));
    if crossed {
        core::mem::swap(&mut bid, &mut ask);
    }
    format!(
        "[{{\"T\":\"o\",\"S\":\"{}\",\"t\":\"{}\",\"b\":[{{\"p\":{},\"s\":{}}}],\
         \"a\":[{{\"p\":{},\"s\":{}}}],\"r\":true}}]",
        listing.symbol,
        instant(truth.now),
        listing.price_text(bid),
        listing.qty_text(40),
        listing.price_text(ask),
        listing.qty_text(60)
    )
}
