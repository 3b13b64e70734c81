//! A venue that is asked for everything.

use std::collections::BTreeMap;

use super::{fill, money, snapshot, told, Rig, FIRST};
use py_rt_kernel::{Input, Request};
use py_rt_types::{
    AccountReport, ClientOrderId, Money, OrderStatus, Qty, Query, ReportKind, Side, UnixNanos,
};

/// What the venue really holds.
#[derive(Default)]
pub struct Venue {
    pub orders: BTreeMap<u64, Held>,
    pub fills: Vec<(i64, u64, ReportKind)>,
    pub position: i64,
    pub foreign: i64,
    /// The list of fills names orders by the venue's id only.
    pub anonymous: bool,
}

pub struct Held {
    pub qty: i64,
    pub cum: i64,
    pub status: OrderStatus,
    pub side: Side,
}

impl Venue {
    pub fn report(&self, rig: &Rig, sequence: u64, kind: ReportKind) -> py_rt_types::Report {
        let mut report = told(sequence, rig.now, kind);
        if let Some(held) = self.orders.get(&sequence) {
            report.side = held.side;
        }
        report
    }

    /// Answers every question that was asked, until none is left; returns them.
    pub fn answer(&self, rig: &mut Rig) -> Vec<Query> {
        let mut asked = Vec::new();
        loop {
            let queries = rig.queries();
            rig.sent
                .retain(|request| !matches!(request, Request::Query(_)));
            if queries.is_empty() {
                return asked;
            }
            asked.extend(&queries);
            for query in queries {
                self.answer_one(rig, query);
            }
        }
    }

    pub fn answer_one(&self, rig: &mut Rig, query: Query) {
        match query {
            Query::Order {
                client_order_id, ..
            } => {
                let sequence = client_order_id.sequence;
                let kind = match self.orders.get(&sequence) {
                    Some(held) => snapshot(held.status, held.qty, held.cum),
                    None => ReportKind::NotFound,
                };
                let report = self.report(rig, sequence, kind);
                return rig.report(&report);
            }
            Query::OpenOrders => {
                for (sequence, held) in self.orders.iter().filter(|o| !o.1.status.is_terminal()) {
                    let kind = snapshot(held.status, held.qty, held.cum);
                    let report = self.report(rig, *sequence, kind);
                    rig.report(&report);
                }
            }
            Query::Fills { since } => {
                for (ts, sequence, kind) in self.fills.iter().filter(|fill| fill.0 >= since.0) {
                    let mut report = self.report(rig, *sequence, *kind);
                    report.ts_event = UnixNanos(*ts);
                    if self.anonymous {
                        report.client_order_id = ClientOrderId::FOREIGN;
                    }
                    rig.report(&report);
                }
            }
            Query::Positions => {
                let qty = Qty(self.position + self.foreign);
                let report = AccountReport::Position {
                    instrument: FIRST,
                    qty,
                    cost: Money::ZERO,
                };
                rig.input(Input::Account(&report));
            }
            Query::VenueOrder { venue_order_id } => {
                let now = rig.now;
                let at_venue = |sequence| told(sequence, now, ReportKind::Accepted).venue_order_id;
                let found = self.orders.iter();
                let found = found.filter(|one| at_venue(*one.0) == venue_order_id);
                for (sequence, held) in found {
                    let kind = snapshot(held.status, held.qty, held.cum);
                    let report = self.report(rig, *sequence, kind);
                    rig.report(&report);
                }
            }
            Query::Account => rig.input(Input::Account(&AccountReport::Cash(money("5000")))),
        }
        rig.input(Input::Account(&AccountReport::Done(query)));
    }

    pub fn execute(&mut self, now: i64, sequence: u64, last: i64) -> ReportKind {
        let held = self.orders.get_mut(&sequence).unwrap();
        held.cum += last;
        held.status = if held.cum == held.qty {
            OrderStatus::Filled
        } else {
            OrderStatus::PartiallyFilled
        };
        self.position += last * held.side.sign();
        let kind = fill(last, held.cum, 10_000);
        self.fills.push((now, sequence, kind));
        kind
    }
}
