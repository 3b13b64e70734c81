//! Features of the best bid and ask.

/// (a - b) / (a + b); 0 when there is nothing of either.
#[inline]
pub(super) fn balance(a: f64, b: f64) -> f64 {
    let both = a + b;
    if both > 0.0 {
        (a - b) / both
    } else {
        0.0
    }
}

/// Best price and quantity of one side.
pub(super) type Side = (f64, f64);

/// What came to the bid less what left it, less the same of the ask, from one state to the next.
///
/// # Source
/// Cont, Kukanov and Stoikov 2014, The price impact of order book events, equation 10.
#[inline]
pub(super) fn flow(bid: (Side, Side), ask: (Side, Side)) -> f64 {
    let ((last_bid, last_bid_qty), (bid, bid_qty)) = bid;
    let ((last_ask, last_ask_qty), (ask, ask_qty)) = ask;
    let mut flow = 0.0;
    if bid >= last_bid {
        flow += bid_qty;
    }
    if bid <= last_bid {
        flow -= last_bid_qty;
    }
    if ask <= last_ask {
        flow -= ask_qty;
    }
    if ask >= last_ask {
        flow += last_ask_qty;
    }
    flow
}
