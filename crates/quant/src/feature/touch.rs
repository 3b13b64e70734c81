//! Features of the best bid and ask.

use crate::indicator::Indicator;

/// (bid quantity - ask quantity) / (bid quantity + ask quantity), -1 to 1; 0 without quantity.
///
/// # Source
/// Gould and Bonart 2016, Queue imbalance as a one-tick-ahead price predictor, equation 1.
#[derive(Debug, Clone, Default)]
pub struct QueueImbalance;

impl Indicator for QueueImbalance {
    type Row = [f64; 4];
    type Value = f64;

    #[inline]
    fn update(&mut self, [_, bid_qty, _, ask_qty]: [f64; 4]) -> Option<f64> {
        Some(balance(bid_qty, ask_qty))
    }

    fn reset(&mut self) {}
}

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

/// Mid weighted by the opposite queues: ask * share + bid * (1 - share), share that of the bid.
///
/// Without quantity the mid. The first guess that Stoikov's micro-price improves upon.
///
/// # Source
/// Stoikov 2018, The micro-price, section 2 (weighted mid-price).
#[derive(Debug, Clone, Default)]
pub struct WeightedMid;

impl Indicator for WeightedMid {
    type Row = [f64; 4];
    type Value = f64;

    #[inline]
    fn update(&mut self, [bid, bid_qty, ask, ask_qty]: [f64; 4]) -> Option<f64> {
        let share = (1.0 + balance(bid_qty, ask_qty)) / 2.0;
        Some(bid + share * (ask - bid))
    }

    fn reset(&mut self) {}
}

/// Best price and quantity of one side.
pub(super) type Side = (f64, f64);

/// What came to the bid less what left it, less the same of the ask, from one state to the next.
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

/// Order flow imbalance of the best level, from one row to the next; ready after two rows.
///
/// # Source
/// Cont, Kukanov and Stoikov 2014, The price impact of order book events, equation 10.
#[derive(Debug, Clone, Default)]
pub struct OrderFlowImbalance {
    last: Option<[f64; 4]>,
}

impl Indicator for OrderFlowImbalance {
    type Row = [f64; 4];
    type Value = f64;

    #[inline]
    fn update(&mut self, row: [f64; 4]) -> Option<f64> {
        let last = self.last.replace(row)?;
        Some(flow(
            ((last[0], last[1]), (row[0], row[1])),
            ((last[2], last[3]), (row[2], row[3])),
        ))
    }

    fn reset(&mut self) {
        self.last = None;
    }
}
