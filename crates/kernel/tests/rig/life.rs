//! Orders on their way.

use py_rt_types::{ClientOrderId, Price, Qty, Query, Report, ReportKind};

use super::{buy, told, Rig, Wish, FIRST};

pub fn sent(wish: Wish) -> Rig {
    let mut rig = Rig::one();
    rig.ask(&[wish]);
    rig
}

pub fn working() -> Rig {
    let mut rig = sent(buy(10, 9_990));
    rig.tell(1, ReportKind::Accepted);
    rig.forget();
    rig
}

pub fn asks_for(sequence: u64, revision: u16) -> Query {
    Query::Order {
        client_order_id: ClientOrderId { sequence, revision },
        instrument: FIRST,
    }
}

pub fn revised(revision: u16, now: i64, kind: ReportKind) -> Report {
    let mut report = told(1, now, kind);
    report.client_order_id.revision = revision;
    report
}

pub fn replaced(order_qty: i64, price: i64) -> ReportKind {
    ReportKind::Replaced {
        order_qty: Qty(order_qty),
        limit_price: Some(Price(price)),
    }
}
