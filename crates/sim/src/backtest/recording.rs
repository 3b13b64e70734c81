//! What a run leaves behind: orders as they ended, fills, the equity curve.

use py_rt_kernel::actions::ActionEvent;
use py_rt_kernel::charges::ChargeEvent;
use py_rt_kernel::event::{Event, OrderEvent};
use py_rt_kernel::execution::parents::Parent;
use py_rt_kernel::margin::MarginEvent;
use py_rt_kernel::portfolio::Portfolio;
use py_rt_kernel::Kernel;
use py_rt_types::{Money, Ratio, UnixNanos};

use super::kept::{FillRows, OrderRows};

/// One point of the equity curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EquityPoint {
    /// When.
    pub ts: UnixNanos,
    /// Cash and positions at their marks.
    pub equity: Money,
    /// Cash.
    pub cash: Money,
}

/// Rows of a run.
#[derive(Debug, Default)]
pub struct Recording {
    /// Orders by their sequence.
    pub orders: OrderRows,
    /// Executions in the order in which they were booked.
    pub fills: FillRows,
    /// Corporate actions and what they did.
    pub actions: Vec<ActionEvent>,
    /// Charges and what they did to cash.
    pub charges: Vec<ChargeEvent>,
    /// Steps of margin calls.
    pub margin_calls: Vec<MarginEvent>,
    /// Units of the base currency for one of each fill's, and of each charge's, when it was booked;
    /// empty where all money is in one currency.
    pub fill_rates: Vec<Ratio>,
    /// See there.
    pub charge_rates: Vec<Ratio>,
    /// Cash by currency at each point of the equity curve; empty where there is one currency.
    pub pockets: Vec<Vec<Money>>,
    /// Parent orders as they last stood, by their sequence.
    pub parents: Vec<Parent>,
    /// The equity curve.
    pub equity: Vec<EquityPoint>,
    /// The curve of each of several strategies, at the same times: that of an account with the same
    /// cash in which it trades alone.
    pub own: Vec<Vec<EquityPoint>>,
    /// Orders that were refused because the run had not warmed up; they have no row.
    pub warmup_refused: usize,
    /// Orders that risk refused.
    pub denied: usize,
    /// Orders that were still working when the data ended.
    pub expired_unfilled: usize,
    sample_every_ns: i64,
    next_sample: UnixNanos,
    opens_at: UnixNanos,
}

impl Recording {
    /// Rows and points begin at `opens_at`, when the run has warmed up.
    pub(super) fn new(sample_every_ns: i64, opens_at: UnixNanos, strategies: usize) -> Self {
        Self {
            sample_every_ns,
            opens_at,
            own: vec![Vec::new(); strategies],
            next_sample: UnixNanos::MAX,
            ..Self::default()
        }
    }

    #[inline]
    pub(super) fn next_sample(&self) -> UnixNanos {
        self.next_sample
    }

    pub(super) const fn add_expired(&mut self, expired: usize) {
        self.expired_unfilled += expired;
    }

    pub(super) fn sample<S>(&mut self, now: UnixNanos, kernel: &Kernel<S>) {
        if now < self.opens_at {
            self.next_sample = self.opens_at;
            return;
        }
        if !kernel.portfolio().is_valued() {
            self.next_sample = now.plus(1);
            return;
        }
        let point = |portfolio: &Portfolio| EquityPoint {
            ts: now,
            equity: portfolio.equity(),
            cash: portfolio.cash(),
        };
        let again = self.equity.last().is_some_and(|last| last.ts == now);
        if again {
            self.equity.pop();
            self.pockets.pop();
        }
        self.equity.push(point(kernel.portfolio()));
        let pockets = kernel.portfolio().pockets();
        if !pockets.is_empty() {
            self.pockets.push(pockets.iter().map(|p| p.cash).collect());
        }
        for (own, strategy) in self.own.iter_mut().zip(kernel.strategies()) {
            if again {
                own.pop();
            }
            own.push(point(kernel.portfolio_of(strategy)));
        }
        if self.sample_every_ns > 0 {
            let step = now.0.div_euclid(self.sample_every_ns) + 1;
            self.next_sample = UnixNanos(step.saturating_mul(self.sample_every_ns));
        }
    }

    pub(super) fn record(&mut self, event: &Event, books: &Portfolio) {
        let rate = |id| {
            let pocket = books.pockets().get(books.currency_of(id).index());
            pocket.and_then(|pocket| pocket.rate)
        };
        match event {
            Event::Order(event) => self.record_order(event),
            Event::Fill(fill) => {
                self.fills.push(fill);
                self.fill_rates.extend(rate(fill.instrument));
            }
            Event::Action(action) => self.actions.push(*action),
            Event::Charge(charge) => {
                self.charges.push(*charge);
                self.charge_rates.extend(rate(charge.charge.instrument));
            }
            Event::Margin(event) => self.margin_calls.push(*event),
            Event::Parent(event) => self.record_parent(event.parent),
            _ => {}
        }
    }

    fn record_parent(&mut self, parent: Parent) {
        let sequence = |parent: &Parent| parent.client_order_id.sequence;
        let id = sequence(&parent);
        match self.parents.binary_search_by_key(&id, sequence) {
            Ok(place) => self.parents[place] = parent,
            Err(place) => self.parents.insert(place, parent),
        }
    }

    /// Takes the orders that have not ended as they stand now.
    pub(super) fn keep_open<S>(&mut self, kernel: &Kernel<S>) {
        for order in kernel.orders().open() {
            self.orders.keep(order);
        }
    }

    fn record_order(&mut self, event: &OrderEvent) {
        if event.ts_recv < self.opens_at {
            self.warmup_refused += 1;
            return;
        }
        self.denied += usize::from(event.denial.is_some());
        self.orders.record(event);
    }
}
