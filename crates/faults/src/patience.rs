//! Liveness while a session runs: once faults have ceased and books agreed, what the venue knows of
//! an order of ours is known here within a while, also when nobody ever told it.

use std::collections::BTreeSet;

use py_rt_kernel::event::{Event, SyncEvent};
use py_rt_types::UnixNanos;

use crate::oracle::{Breach, Oracle};
use crate::plan::Fault;
use crate::wire::sequence_of;
use crate::world::{World, MS};

/// Two rounds of the kernel's audit of silent orders, and some.
const PATIENCE_NS: i64 = 35_000 * MS;
/// How often is looked, since every look goes through all orders.
const PAUSE_NS: i64 = 2_000 * MS;

/// What the kernel told in this life.
#[derive(Debug)]
pub(crate) struct Patience {
    open: BTreeSet<u64>,
    agreed_at: Option<UnixNanos>,
    next: UnixNanos,
}

impl Patience {
    pub(crate) const fn new() -> Self {
        Self {
            open: BTreeSet::new(),
            agreed_at: None,
            next: UnixNanos::MIN,
        }
    }

    pub(crate) fn handle_event(&mut self, now: UnixNanos, event: &Event) {
        match event {
            Event::Order(event) => {
                let sequence = event.order.client_order_id.sequence;
                if event.order.is_closed() {
                    self.open.remove(&sequence);
                } else {
                    self.open.insert(sequence);
                }
            }
            Event::Sync(SyncEvent::Reconciled { .. }) => self.agreed_at = Some(now),
            Event::Sync(SyncEvent::Started | SyncEvent::Lost) => self.agreed_at = None,
            _ => {}
        }
    }

    /// What the kernel should know by now and does not.
    pub(crate) fn judge(&mut self, world: &World, oracle: &Oracle) -> Option<Breach> {
        let now = world.now();
        let since = self.agreed_at?.max(world.quiet_from());
        if now < self.next || now.since(since) < PATIENCE_NS {
            return None;
        }
        self.next = now.plus(PAUSE_NS);
        let what = self
            .find_ended(world)
            .or_else(|| find_unbooked(world, oracle))?;
        Some(Breach {
            invariant: "I30",
            what,
        })
    }

    /// An order that is open here and has ended at the venue long ago.
    fn find_ended(&self, world: &World) -> Option<String> {
        let orders = || world.truth.orders.iter();
        self.open.iter().find_map(|&sequence| {
            let ours = orders().filter(|one| sequence_of(&one.client) == Some(sequence));
            let recent = |at: UnixNanos| world.now().since(at) < PATIENCE_NS;
            let (mut seen, mut over) = (false, true);
            for one in ours {
                seen = true;
                over &= !one.status.is_open() && !recent(one.updated);
            }
            (seen && over).then(|| format!("order {sequence} ended and is open here"))
        })
    }
}

/// An execution of long ago that is booked nowhere. That an order which had ended was executed is
/// known to nobody when the message is lost: the books are compared at the end.
///
/// So is it when an order arrived after the venue had said for seconds that it has none.
fn find_unbooked(world: &World, oracle: &Oracle) -> Option<String> {
    if world.plan.may_arrive_too_late() && world.plan.rate(Fault::ReportLost) > 0 {
        return None;
    }
    let truth = &world.truth;
    truth.executions.iter().find_map(|one| {
        let order = &truth.orders[one.order];
        let sequence = sequence_of(&order.client).filter(|_| !order.foreign)?;
        let old = world.now().since(one.at) >= PATIENCE_NS && !one.late;
        let missing = old && oracle.execution(sequence, one.cum).is_none();
        missing.then(|| format!("{one:?} of order {sequence} is not booked"))
    })
}
