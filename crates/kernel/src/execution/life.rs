//! The life of one order: which report moves it where.
//!
//! Rules: only the venue ends an unanswered order; a terminal order stays terminal but books late
//! executions; the executed quantity is the arbiter between states that disagree. An order that
//! ended because the venue did not know it, and that the venue works after all, stays terminal for
//! its strategy; it is cancelled and looked after until the venue has ended it.

use py_rt_types::{
    OrderStatus, Qty, Query, RejectReason, Report, ReportKind, TimeInForce, UnixNanos, VenueOrderId,
};

use super::replacing::{
    apply_refused_terms, apply_replaced, await_replaced, imply_replaced, shows_replaced,
};
use super::{ExecutionTimes, Order, PendingReplace};

/// Looks for an unknown order before "no such order" is believed.
const LOOKS: u8 = 2;
const PAUSE_NS_MAX: i64 = 2_000_000_000;
/// Silence after which an order of the day that the venue no longer has is taken for expired: there
/// are venues that remember the day's orders and no others.
const DAY_NS: i64 = 12 * 3_600_000_000_000;

/// What a report led to.
pub(super) struct Step {
    pub(super) order: Order,
    pub(super) changed: bool,
    /// It had ended here, and only its end at the venue is new: nothing for its strategy.
    pub(super) afterwards: bool,
    pub(super) send_cancel: bool,
    pub(super) query: bool,
    pub(super) missing_fills: bool,
    /// The venue id that the order had until now.
    pub(super) former: Option<VenueOrderId>,
}

/// Whether the venue has not confirmed the order yet.
pub(super) const fn is_unconfirmed(order: &Order) -> bool {
    matches!(order.status, OrderStatus::PendingNew | OrderStatus::Unknown)
}

/// The question that settles what became of an order.
pub(super) fn query(order: &Order) -> Query {
    let mut id = order.client_order_id;
    if let Some(pending) = order.pending_replace {
        id.revision = pending.revision;
    }
    Query::Order {
        client_order_id: id,
        instrument: order.instrument,
    }
}

/// The ways that nearly all orders take, without the questions that the others need: accepted as
/// sent, executed completely, ended. False when it is none of them: nothing was done then.
#[inline]
pub(super) fn apply_plain(
    order: &mut Order,
    now: UnixNanos,
    report: &Report,
    fresh_qty: Qty,
) -> bool {
    let known = order.venue_order_id.0 == 0 || order.venue_order_id == report.venue_order_id;
    let odd = order.pending_replace.is_some() | order.reason.is_some() | order.is_terminal();
    if odd | !known | (report.venue_order_id.0 == 0) | !is_of_its_terms(order, report) {
        return false;
    }
    let executed = Qty(order.cum_qty.0.saturating_add(fresh_qty.0));
    match report.kind {
        ReportKind::Accepted
            if (order.status == OrderStatus::PendingNew)
                & !order.cancel_requested
                & (order.cum_qty.0 == 0)
                & (order.order_qty.0 > 0) =>
        {
            order.not_found = 0;
            order.status = OrderStatus::New;
        }
        ReportKind::Fill { cum_qty, .. }
            if (executed >= order.order_qty)
                & (executed >= cum_qty)
                & (executed >= order.told_qty) =>
        {
            order.cum_qty = executed;
            order.told_qty = executed;
            order.status = OrderStatus::Filled;
        }
        ReportKind::Canceled { cum_qty }
            if (cum_qty <= order.cum_qty)
                & (order.told_qty <= order.cum_qty)
                & (order.cum_qty < order.order_qty) =>
        {
            order.status = OrderStatus::Canceled;
        }
        _ => return false,
    }
    order.alarm = UnixNanos::MAX;
    order.venue_order_id = report.venue_order_id;
    order.ts_updated = now;
    true
}

/// Applies a report to an order. `fresh_qty` is the part of a fill that was not booked before.
pub(super) fn apply(
    order: &mut Order,
    now: UnixNanos,
    report: &Report,
    fresh_qty: Qty,
    times: &ExecutionTimes,
) -> Step {
    let before = *order;
    if let Some(cum_qty) = venue_cum(report) {
        order.told_qty = order.told_qty.max(cum_qty);
    }
    imply_replaced(order, report);
    let (mut query, mut cancel_lost) = (false, false);
    match report.kind {
        ReportKind::Accepted | ReportKind::PendingCancel | ReportKind::PendingReplace => {
            confirm(order);
        }
        ReportKind::Fill { cum_qty, .. } => apply_fill(order, fresh_qty, cum_qty),
        ReportKind::Canceled { .. } => end(order, OrderStatus::Canceled, None),
        ReportKind::Expired { .. } => end(order, OrderStatus::Expired, None),
        ReportKind::DoneForDay { .. } => end(order, OrderStatus::DoneForDay, None),
        ReportKind::Rejected { reason } => end(order, OrderStatus::Rejected, Some(reason)),
        ReportKind::Replaced {
            order_qty,
            limit_price,
        } => {
            let revision = report.client_order_id.revision;
            apply_replaced(order, revision, order_qty, limit_price);
        }
        ReportKind::CancelRejected { reason } => {
            order.cancel_requested = false;
            stand(order);
            query = reason != RejectReason::Venue && !order.is_closed();
        }
        ReportKind::ReplaceRejected { reason } => {
            order.pending_replace = None;
            stand(order);
            let gone = matches!(reason, RejectReason::UnknownOrder | RejectReason::TooLate);
            query = gone && !order.is_terminal();
        }
        ReportKind::Snapshot { .. } => cancel_lost = apply_snapshot(order, now, report, times),
        ReportKind::NotFound => apply_not_found(order, now, report, times),
        ReportKind::NewUnanswered => {
            if order.status == OrderStatus::PendingNew {
                order.status = OrderStatus::Unknown;
            }
            order.alarm = now.plus(times.query_pause_ns);
        }
        ReportKind::CancelUnanswered
        | ReportKind::ReplaceUnanswered
        | ReportKind::QueryUnanswered => order.alarm = now.plus(times.query_pause_ns),
    }
    if report.venue_order_id.0 != 0 && is_of_its_terms(order, report) {
        order.venue_order_id = report.venue_order_id;
    }
    note_return(order, report);
    let send_cancel = must_cancel(&before, order, report, cancel_lost);
    let due = now.plus(times.ack_timeout_ns);
    arm(&before, order, send_cancel || query, due);
    let changed = differs(&before, order);
    if changed && !is_silence(order, report) {
        order.ts_updated = now;
    }
    let replaced = before.venue_order_id.0 != 0 && before.venue_order_id != order.venue_order_id;
    let missing_fills = venue_cum(report).is_some_and(|cum| cum > order.cum_qty);
    Step {
        order: *order,
        changed,
        afterwards: before.is_disowned() && ended_alike(&before, order),
        send_cancel,
        query,
        missing_fills,
        former: replaced.then_some(before.venue_order_id),
    }
}

/// Whether anything but our own book-keeping about silence is different.
fn differs(before: &Order, order: &Order) -> bool {
    let mut same = *before;
    (same.alarm, same.not_found) = (order.alarm, order.not_found);
    same != *order
}

fn ended_alike(before: &Order, order: &Order) -> bool {
    before.status == order.status && before.cum_qty == order.cum_qty
}

/// Whether the report is no sign of the order: it is not known, which proves nothing yet.
fn is_silence(order: &Order, report: &Report) -> bool {
    report.kind == ReportKind::NotFound && !order.is_terminal()
}

/// Notes that the venue works an order that it had disowned, and when it has ended that one too.
fn note_return(order: &mut Order, report: &Report) {
    if !order.is_disowned() {
        order.returned = false;
        return;
    }
    match report.kind {
        ReportKind::Accepted | ReportKind::PendingCancel | ReportKind::PendingReplace => {
            order.returned = true;
        }
        ReportKind::Fill { cum_qty, .. } => order.returned |= cum_qty < order.order_qty,
        ReportKind::Snapshot { status, .. } => order.returned = !status.is_terminal(),
        ReportKind::Canceled { .. }
        | ReportKind::Expired { .. }
        | ReportKind::DoneForDay { .. }
        | ReportKind::Rejected { .. } => order.returned = false,
        _ => {}
    }
}

/// Whether the report speaks of the order as it now stands, not of terms before or after.
fn is_of_its_terms(order: &Order, report: &Report) -> bool {
    report.client_order_id.revision == order.client_order_id.revision
}

/// Whether a cancel has to leave now: one that waited for the venue's id or for the end of a
/// replace, one that was lost, or one for an order that the venue works after disowning it.
fn must_cancel(before: &Order, order: &Order, report: &Report, cancel_lost: bool) -> bool {
    if order.returned {
        return match report.kind {
            ReportKind::Snapshot { status, .. } => status != OrderStatus::PendingCancel,
            _ => !before.returned,
        };
    }
    let waited = is_waiting(before) && !is_waiting(order);
    order.cancel_requested && !order.is_terminal() && (waited || cancel_lost)
}

/// Whether a cancel must wait: the venue has not confirmed the order, or a replace is on its way
/// and nobody knows under which id the order goes on.
pub(super) fn is_waiting(order: &Order) -> bool {
    is_unconfirmed(order) || order.pending_replace.is_some()
}

/// Sets the alarm after a report: none for what is settled, `due` for what was asked.
fn arm(before: &Order, order: &mut Order, asked: bool, due: UnixNanos) {
    if order.is_closed() {
        order.alarm = UnixNanos::MAX;
    } else if asked {
        order.alarm = due;
    } else if is_unconfirmed(before) && !is_waiting(order) {
        order.alarm = UnixNanos::MAX;
    }
}

fn confirm(order: &mut Order) {
    if is_unconfirmed(order) {
        order.not_found = 0;
        settle(order);
    }
}

/// Puts a live order into the state that its facts imply: working, or filled when no replace
/// can make it larger.
pub(super) fn settle(order: &mut Order) {
    if order.is_terminal() {
        return;
    }
    if order.pending_replace.is_none() && order.cum_qty >= order.order_qty {
        order.status = OrderStatus::Filled;
        return;
    }
    order.status = order.working_status();
    if !order.cancel_requested && order.pending_replace.is_none() {
        order.alarm = UnixNanos::MAX;
    }
}

/// A request about the order was refused: a confirmed order stands, the others are no wiser.
pub(super) fn stand(order: &mut Order) {
    if !is_unconfirmed(order) {
        settle(order);
    }
}

fn apply_fill(order: &mut Order, fresh_qty: Qty, cum_qty: Qty) {
    order.cum_qty = Qty(order.cum_qty.0.saturating_add(fresh_qty.0));
    if order.cum_qty >= order.order_qty && order.pending_replace.is_none() {
        order.status = OrderStatus::Filled;
        order.reason = None;
    } else if !order.is_terminal() && (fresh_qty.0 > 0 || cum_qty.0 > 0) {
        order.not_found = 0;
        order.status = order.working_status();
    }
}

fn end(order: &mut Order, status: OrderStatus, reason: Option<RejectReason>) {
    if order.is_terminal() {
        return;
    }
    order.status = if order.cum_qty >= order.order_qty {
        OrderStatus::Filled
    } else {
        status
    };
    order.reason = reason;
    order.pending_replace = None;
}

/// Takes over how the venue says the order stands. True when a cancel of ours was lost: the venue
/// has the order and is not ending it.
fn apply_snapshot(
    order: &mut Order,
    now: UnixNanos,
    report: &Report,
    times: &ExecutionTimes,
) -> bool {
    let ReportKind::Snapshot {
        status,
        order_qty,
        limit_price,
        ..
    } = report.kind
    else {
        return false;
    };
    order.not_found = 0;
    let revision = report.client_order_id.revision;
    if status == OrderStatus::Rejected && revision > 0 {
        apply_refused_terms(order, now, revision, times);
        return false;
    }
    if status == OrderStatus::PendingReplace && revision > order.client_order_id.revision {
        let terms = PendingReplace {
            order_qty,
            limit_price,
            revision,
        };
        await_replaced(order, now, terms, times);
        return false;
    }
    let pending = order.pending_replace.map(|pending| pending.revision);
    let shown = pending.filter(|_| shows_replaced(order, order_qty, limit_price));
    let revision = shown.unwrap_or(revision);
    let next = order.client_order_id.revision.saturating_add(1);
    if revision >= pending.unwrap_or(next) {
        // Also a replace that was given up for lost, or that the journal lost: its terms hold.
        order.revisions_sent = order.revisions_sent.max(revision);
        apply_replaced(order, revision, order_qty, limit_price);
    } else if order.pending_replace.is_some() && !is_settled(order, now, times) {
        // The answer may be older than the replace: it counts until there was time to see it.
        order.alarm = now.plus(times.query_pause_ns.max(1));
    } else if status != OrderStatus::PendingReplace {
        order.pending_replace = None;
    }
    if order.is_terminal() {
        return false;
    }
    if status.is_terminal() {
        let reason = (status == OrderStatus::Rejected).then_some(RejectReason::Venue);
        end(order, status, reason);
        return false;
    }
    settle(order);
    order.cancel_requested && status != OrderStatus::PendingCancel
}

fn apply_not_found(order: &mut Order, now: UnixNanos, report: &Report, times: &ExecutionTimes) {
    if order.is_closed() {
        return;
    }
    order.not_found = order.not_found.saturating_add(1);
    // A look proves what was so when it began, and may have waited for its answer.
    let looked_at = report.ts_event.min(now);
    if report.client_order_id.revision > order.client_order_id.revision {
        if is_settled(order, looked_at, times) && order.not_found >= LOOKS {
            // The replace never arrived; the order itself is asked for next.
            order.pending_replace = None;
            order.not_found = 0;
            stand(order);
        }
        order.alarm = now.plus(pause_ns(order, times));
        return;
    }
    let never_seen = order.venue_order_id.0 == 0 && order.cum_qty.0 == 0;
    let settled = looked_at.since(order.ts_created) >= times.settle_ns;
    if never_seen && settled && order.not_found >= LOOKS {
        give_up(order, OrderStatus::Rejected, RejectReason::NeverAccepted);
        return;
    }
    order.alarm = now.plus(pause_ns(order, times));
    let of_the_day = order.tif != TimeInForce::Gtc && order.pending_replace.is_none();
    if !never_seen && of_the_day && looked_at.since(order.ts_updated) >= DAY_NS {
        // Until it is proved the order stays as it was, and so does the time of its last sign.
        if order.not_found >= LOOKS {
            give_up(order, OrderStatus::Expired, RejectReason::UnknownOrder);
        }
        return;
    }
    if !order.is_terminal() {
        order.status = OrderStatus::Unknown;
    }
}

/// The venue does not know the order, and would by now.
fn give_up(order: &mut Order, status: OrderStatus, reason: RejectReason) {
    order.returned = false;
    end(order, status, Some(reason));
}

/// Whether what was last sent or told of the order is so old that the venue must show it.
fn is_settled(order: &Order, now: UnixNanos, times: &ExecutionTimes) -> bool {
    now.since(order.ts_updated) >= times.settle_ns
}

/// The order was silent for too long: from now on it is unknown, or asked for once more.
pub(super) fn ring(order: &mut Order, now: UnixNanos, times: &ExecutionTimes) -> bool {
    let was = order.status;
    if was == OrderStatus::PendingNew {
        order.status = OrderStatus::Unknown;
    }
    order.alarm = now.plus(pause_ns(order, times).max(times.query_pause_ns));
    if order.status != was {
        order.ts_updated = now;
    }
    order.status != was
}

fn pause_ns(order: &Order, times: &ExecutionTimes) -> i64 {
    let doubled = times
        .query_pause_ns
        .saturating_mul(1 << order.not_found.min(10));
    doubled.clamp(1, PAUSE_NS_MAX)
}

fn venue_cum(report: &Report) -> Option<Qty> {
    match report.kind {
        ReportKind::Fill { cum_qty, .. }
        | ReportKind::Canceled { cum_qty }
        | ReportKind::Expired { cum_qty }
        | ReportKind::DoneForDay { cum_qty }
        | ReportKind::Snapshot { cum_qty, .. } => Some(cum_qty),
        _ => None,
    }
}
