//! Which order works which parent, by what the kernel told, and the law about both (I6).

use std::collections::BTreeMap;

use py_rt_kernel::event::Event;
use py_rt_types::UnixNanos;

use crate::oracle::{Breach, Oracle};

/// Parents and their children, over all lives.
#[derive(Debug, Default)]
pub(crate) struct Family {
    /// Quantities that were asked for one after the other, and when, by parent.
    asked: BTreeMap<u64, Vec<(UnixNanos, i64)>>,
    /// Parent by child.
    parents: BTreeMap<u64, u64>,
}

impl Family {
    pub(crate) fn parent_of(&self, sequence: u64) -> Option<u64> {
        self.parents.get(&sequence).copied()
    }

    pub(crate) fn asked(&self, parent: u64) -> Option<i64> {
        self.asked.get(&parent)?.last().map(|terms| terms.1)
    }

    /// A new life begins with a journal that ends at `until`: what was asked for later was never
    /// written, and nothing came of it. At the same moment it may have been, or not.
    pub(crate) fn forget_after(&mut self, until: UnixNanos) {
        for terms in self.asked.values_mut() {
            terms.retain(|(at, _)| *at <= until);
            let sure = terms.iter().rposition(|(at, _)| *at < until).unwrap_or(0);
            let most = terms[sure.min(terms.len())..].iter().map(|terms| terms.1);
            if let Some(most) = most.max() {
                terms.push((until, most));
            }
        }
    }

    /// Notes what was told; a new child is judged together with all others of its parent.
    pub(crate) fn handle_event(&mut self, event: &Event, oracle: &Oracle) -> Option<Breach> {
        match event {
            Event::Parent(event) => {
                let id = event.parent.client_order_id.sequence;
                let terms = (event.parent.ts_updated, event.parent.order_qty.0);
                self.asked.entry(id).or_default().push(terms);
                None
            }
            Event::Order(event) if event.order.parent > 0 && event.denial.is_none() => {
                let (child, parent) = (event.order.client_order_id.sequence, event.order.parent);
                match self.parents.insert(child, parent) {
                    None => self.judge(parent, oracle),
                    Some(_) => None,
                }
            }
            _ => None,
        }
    }

    fn judge(&self, parent: u64, oracle: &Oracle) -> Option<Breach> {
        let asked = self.asked(parent)?;
        let children = self.parents.iter().filter(|(_, of)| **of == parent);
        let may: i64 = children.map(|(child, _)| oracle.may_execute(*child)).sum();
        (may > asked).then(|| Breach {
            invariant: "I6",
            what: format!("{may} may come of parent {parent} of {asked}"),
        })
    }
}
