//! The question for one order by the venue's id: whose it is, and how it stands.

use alloc::vec::Vec;
use py_rt_types::{AccountReport, Query, ReportKind, VenueOrderId};

use super::{Job, RestSession, Step, HOPS_MAX};
use crate::alpaca::encode::VenueRequest;
use crate::alpaca::orders::OrderState;
use crate::alpaca::rest::decode_order;
use crate::error::Malformed;
use crate::session::VenueEvent;

impl RestSession {
    /// Takes the answer. An order that was replaced is followed to what it is now; its executions
    /// from before name the id that it had then, so that id is told as well.
    pub(super) fn read_venue_order(
        &mut self,
        job: &Job,
        asked: VenueOrderId,
        body: &[u8],
    ) -> Result<(), Malformed> {
        let Some(order) = decode_order(self.encoder.dialect(), body)? else {
            self.end_lookup(job);
            return Ok(());
        };
        if order.state == OrderState::Replaced && order.replaced_by.0 != 0 {
            self.follow(job, order.replaced_by);
            return Ok(());
        }
        let mut reports = Vec::from([order.report(order.snapshot())]);
        if order.venue_order_id != asked {
            let mut before = order.report(ReportKind::Accepted);
            before.client_order_id.revision = 0;
            before.venue_order_id = asked;
            reports.push(before);
        }
        self.events
            .extend(reports.into_iter().map(VenueEvent::Report));
        self.end_lookup(job);
        Ok(())
    }

    /// Ends the answer, when this was asked.
    pub(super) fn end_lookup(&mut self, job: &Job) -> bool {
        let VenueRequest::Query(query @ Query::VenueOrder { .. }) = job.request else {
            return false;
        };
        let end = AccountReport::Done(query);
        self.events.push_back(VenueEvent::Account(end));
        true
    }

    fn follow(&mut self, job: &Job, id: VenueOrderId) {
        let mut next = job.clone();
        next.step = Step::Read(id);
        next.hops += 1;
        if next.hops <= HOPS_MAX {
            self.queue.push_front(next);
        } else if let VenueRequest::Query(query) = job.request {
            let end = AccountReport::Failed(query);
            self.events.push_back(VenueEvent::Account(end));
        }
    }
}
