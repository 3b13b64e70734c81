//! The observer of risk: every question with its limit and value. Off but where a journal is read
//! to explain an order; then the same checks are asked once more, with somebody listening.

use alloc::vec::Vec;
use py_rt_types::{ClientOrderId, NewOrder, ReplaceOrder};

use super::own::signed;
use super::Kernel;
use crate::event::Denial;
use crate::execution::Order;
use crate::risk::{Check, Review};
use crate::signal::{Strategy, StrategyId};

impl<S> Kernel<S> {
    /// Keeps from now on what risk asks of every order; [`Kernel::take_reviews`] hands it out.
    pub fn review_orders(&mut self) {
        self.reviews.get_or_insert_default();
    }

    /// What risk asked since the last time, where [`Kernel::review_orders`] was called.
    pub fn take_reviews(&mut self) -> Vec<Review> {
        self.reviews
            .as_mut()
            .map(core::mem::take)
            .unwrap_or_default()
    }

    fn keep_review(&mut self, client_order_id: ClientOrderId, checks: Vec<Check>) {
        let now = self.now;
        if let Some(reviews) = &mut self.reviews {
            reviews.push(Review {
                now,
                client_order_id,
                checks,
            });
        }
    }
}

impl<S: Strategy> Kernel<S> {
    #[cold]
    #[inline(never)]
    pub(super) fn review_new(&mut self, strategy: StrategyId, order: &NewOrder) {
        let mut checks = Vec::new();
        if let Some(own) = self.own(strategy) {
            // Its own limits held, or the account's would not be asked.
            let asked = own
                .risk
                .check_new(&self.desk_of(strategy, own), order, &mut checks);
            debug_assert!(asked.is_ok());
            sign(&mut checks, strategy);
        }
        // Its answer is the one that the caller is about to get.
        let _answer = self.risk.check_new(&self.desk(), order, &mut checks);
        self.keep_review(order.client_order_id, checks);
    }

    #[cold]
    #[inline(never)]
    pub(super) fn review_replace(&mut self, order: &Order, replace: &ReplaceOrder) {
        let (mut checks, strategy) = (Vec::new(), order.strategy);
        let mut own_holds = true;
        if let Some(own) = self.own(strategy) {
            let desk = self.desk_of(strategy, own);
            own_holds = own
                .risk
                .check_replace(&desk, order, replace, &mut checks)
                .is_ok();
            sign(&mut checks, strategy);
        }
        if own_holds {
            // Its answer is the one that the caller is about to get.
            let _answer = self
                .risk
                .check_replace(&self.desk(), order, replace, &mut checks);
        }
        self.keep_review(replace.client_order_id, checks);
    }

    /// An order that was refused before the account's limits were asked.
    pub(super) fn review_refused(&mut self, id: ClientOrderId, found: Denial) {
        if self.reviews.is_some() {
            let check = Check {
                holds: false,
                found,
            };
            self.keep_review(id, [check].to_vec());
        }
    }
}

fn sign(checks: &mut [Check], strategy: StrategyId) {
    for check in checks {
        check.found = signed(check.found, strategy);
    }
}
