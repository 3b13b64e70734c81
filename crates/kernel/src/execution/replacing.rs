//! Replaces of an order: which sign proves that one happened, that one was refused, or nothing yet.

use py_rt_types::{OrderStatus, Price, Qty, Report, ReportKind, UnixNanos};

use super::life::{settle, stand};
use super::{ExecutionTimes, Order, PendingReplace};

/// An execution or an end under the id of a replace proves that the replace happened.
pub(super) fn imply_replaced(order: &mut Order, report: &Report) {
    let proves = matches!(
        report.kind,
        ReportKind::Fill { .. }
            | ReportKind::Canceled { .. }
            | ReportKind::Expired { .. }
            | ReportKind::DoneForDay { .. }
    );
    if let Some(pending) = order.pending_replace {
        if proves && report.client_order_id.revision == pending.revision {
            apply_replaced(
                order,
                pending.revision,
                pending.order_qty,
                pending.limit_price,
            );
        }
    }
}

/// The replace happened.
pub(super) fn apply_replaced(
    order: &mut Order,
    revision: u16,
    order_qty: Qty,
    limit_price: Option<Price>,
) {
    if revision < order.client_order_id.revision {
        return;
    }
    order.client_order_id.revision = revision;
    order.order_qty = order_qty;
    order.limit_price = limit_price.or(order.limit_price);
    // One sent later is still on its way when this is told again; of its own terms it is the proof.
    let terms = (order.order_qty, order.limit_price);
    order.pending_replace = order.pending_replace.filter(|later| {
        let wanted = (later.order_qty, later.limit_price.or(order.limit_price));
        later.revision > revision && wanted != terms
    });
    settle(order);
}

/// The venue shows terms that it has not decided on yet: both outcomes count until it is asked.
pub(super) fn await_replaced(
    order: &mut Order,
    now: UnixNanos,
    terms: PendingReplace,
    times: &ExecutionTimes,
) {
    if order.is_terminal() {
        return;
    }
    // Also those of a replace that the journal lost.
    order.revisions_sent = order.revisions_sent.max(terms.revision);
    order.pending_replace.get_or_insert(terms);
    settle(order);
    order.alarm = now.plus(times.query_pause_ns.max(1));
}

/// Whether these terms are those that a replace on its way is to bring, and not those of now: it
/// has happened then, also at a venue that keeps the id of the order.
pub(super) fn shows_replaced(order: &Order, order_qty: Qty, limit_price: Option<Price>) -> bool {
    let now = (order.order_qty, order.limit_price);
    order.pending_replace.is_some_and(|pending| {
        let wanted = (pending.order_qty, pending.limit_price.or(now.1));
        wanted == (order_qty, limit_price) && wanted != now
    })
}

/// A look at the venue shows terms as refused that a replace would have given to the order.
pub(super) fn apply_refused_terms(
    order: &mut Order,
    now: UnixNanos,
    revision: u16,
    times: &ExecutionTimes,
) {
    let stands = order.client_order_id.revision;
    if revision > stands {
        apply_refused_replace(order, now, revision, times);
    } else if revision == stands && !order.is_terminal() {
        // A list had shown the replace as taken. The order before it may work on, and nobody can
        // say on which terms: it is asked for, and what is said of it holds.
        let before = revision - 1;
        order.client_order_id.revision = before;
        order.pending_replace = Some(PendingReplace {
            order_qty: order.order_qty,
            limit_price: order.limit_price,
            revision: before,
        });
        order.status = OrderStatus::Unknown;
        order.alarm = now.plus(times.query_pause_ns.max(1));
    }
}

/// A replace was refused: the order goes on as it was, and is asked for next.
fn apply_refused_replace(order: &mut Order, now: UnixNanos, revision: u16, times: &ExecutionTimes) {
    let pending = order.pending_replace.map(|pending| pending.revision);
    if order.is_terminal() || pending != Some(revision) {
        return;
    }
    order.pending_replace = None;
    stand(order);
    if !order.is_terminal() {
        order.alarm = now.plus(times.query_pause_ns.max(1));
    }
}
