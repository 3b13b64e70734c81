//! Parent orders on the bench.

use py_rt_kernel::execution::parents::{Algorithm, Parent, ParentRequest, ParentTerms, Trigger};
use py_rt_types::{ClientOrderId, NewOrder, Price, Qty, Side, UnixNanos};

use super::{fill, row, told, Rig, FIRST, SECOND};

pub const START: i64 = 10 * SECOND;

pub fn ask(order_qty: i64, algorithm: Algorithm, seconds: i64) -> ParentRequest {
    let end = if seconds == 0 {
        UnixNanos::MAX
    } else {
        UnixNanos(START + seconds * SECOND)
    };
    ParentRequest {
        instrument: FIRST,
        side: Side::Buy,
        order_qty: Qty(order_qty),
        limit_price: None,
        algorithm,
        terms: ParentTerms::between(UnixNanos(START), end),
        weights: Vec::new(),
        tag: 7,
    }
}

pub fn twap(order_qty: i64, slices: usize, seconds: i64) -> ParentRequest {
    let mut request = ask(order_qty, Algorithm::Twap, seconds);
    request.weights = vec![1; slices];
    request
}

pub fn stop(side: Side, price: i64) -> ParentRequest {
    let algorithm = Algorithm::Stop {
        stop_price: Some(Price(price)),
        trail_ticks: None,
        trigger: Trigger::LastTrade,
    };
    ParentRequest {
        side,
        ..ask(100, algorithm, 0)
    }
}

impl Rig {
    /// Every order that was sent since the last look is executed at once, completely.
    pub fn fill_all(&mut self) -> Vec<(i64, Option<i64>)> {
        let orders = self.new_orders();
        self.forget();
        for order in &orders {
            let qty = order.order_qty.0;
            let mut report = told(
                order.client_order_id.sequence,
                self.now,
                fill(qty, qty, 10_001),
            );
            report.side = order.side;
            self.report(&report);
        }
        let row = |o: &NewOrder| (o.order_qty.0, o.limit_price.map(|p| p.0));
        orders.iter().map(row).collect()
    }

    pub fn print(&mut self, price: i64, qty: i64) {
        let event = row(FIRST, self.now, 1, 1, price, qty);
        self.market(&event);
    }

    /// Lets the strategy ask for a parent order; returns its sequence.
    pub fn execute(&mut self, request: ParentRequest) -> u64 {
        self.kernel.strategy_mut().wanted.push(request);
        let sequence = self.kernel.next_sequence();
        self.trade();
        sequence
    }

    pub fn parent(&self, sequence: u64) -> Parent {
        let id = ClientOrderId::new(sequence);
        *self.kernel.parent(id).expect("a parent")
    }
}
