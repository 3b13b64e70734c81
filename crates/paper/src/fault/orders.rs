//! Orders that end otherwise than they should.

use py_rt_types::{Liquidity, Qty};

use super::spec::{Deed, Rule, When};
use crate::engine::Engine;
use crate::listing::{plain_symbol, Dialect};
use crate::order::Status;

impl Engine {
    /// Shows an order to the rules; symbols are known in both dialects' writing.
    pub(crate) fn struck(&self, place: usize, wanted: impl Fn(&Deed) -> bool) -> Option<Deed> {
        if !self.faults.is_armed() {
            return None;
        }
        let order = &self.orders[place];
        let dialect = self.accounts[order.account].dialect;
        let listing = &self.listings[order.instrument];
        let symbol = match (dialect, &listing.pair) {
            (Dialect::Binance, Some(pair)) => pair.symbol.as_str(),
            _ => listing.plain.as_str(),
        };
        let named = (dialect, symbol, order.client_order_id.as_str());
        self.faults.strike_order(named, wanted)
    }

    /// How many parts an execution comes in.
    pub(crate) fn parts_of_fill(&self, place: usize) -> usize {
        match self.struck(place, |deed| matches!(deed, Deed::SplitFill(_))) {
            Some(Deed::SplitFill(parts)) => parts,
            _ => 1,
        }
    }

    /// A new order was taken: it may be thrown out again.
    pub(crate) fn fault_after_accept(&mut self, place: usize) {
        if !self.orders[place].status.is_open() {
            return;
        }
        let reject = Deed::RejectAfterAccept { after_fill: false };
        if self.struck(place, |deed| *deed == reject).is_some() {
            self.withdraw(place);
            return self.end(place, Status::Rejected);
        }
        if self
            .struck(place, |deed| *deed == Deed::UnsolicitedCancel)
            .is_some()
        {
            self.end_unasked(place);
        }
    }

    /// An order was executed in part: it may be thrown out with the rest.
    pub(crate) fn fault_after_fill(&mut self, place: usize) {
        let reject = Deed::RejectAfterAccept { after_fill: true };
        if self.orders[place].status.is_open()
            && self.struck(place, |deed| *deed == reject).is_some()
        {
            self.withdraw(place);
            self.end(place, Status::Rejected);
        }
    }

    fn end_unasked(&mut self, place: usize) {
        self.orders[place].cancel_id = Some(self.ids.word());
        self.end_open(place, Status::Canceled);
    }

    /// Ends all open orders that a rule names; returns how many.
    pub(super) fn cancel_unasked(&mut self, rule: &Rule) -> u64 {
        let open: Vec<usize> = self.open_named(rule).collect();
        let count = open.len();
        open.into_iter().for_each(|place| self.end_unasked(place));
        count as u64
    }

    fn is_named(&self, place: usize, rule: &Rule) -> bool {
        let order = &self.orders[place];
        let listing = &self.listings[order.instrument];
        let pair = listing.pair.as_ref();
        let symbols = [listing.plain.as_str(), pair.map_or("", |pair| &pair.symbol)];
        rule.filter
            .takes_dialect(self.accounts[order.account].dialect)
            && rule.filter.takes_client(&order.client_order_id)
            && symbols
                .iter()
                .any(|symbol| rule.filter.takes_symbol(&plain_symbol(symbol)))
    }

    fn open_named<'a>(&'a self, rule: &'a Rule) -> impl Iterator<Item = usize> + 'a {
        let all = 0..self.orders.len();
        all.filter(|place| self.orders[*place].status.is_open() && self.is_named(*place, rule))
    }

    /// Takes the last execution back that a rule names; returns how many: 1 or 0.
    pub(super) fn bust(&mut self, rule: &Rule) -> u64 {
        let found = (0..self.executions.len()).rev().find(|at| {
            let execution = &self.executions[*at];
            !execution.busted && self.is_named(execution.order, rule)
        });
        match found {
            Some(at) => {
                self.take_back(at);
                1
            }
            None => 0,
        }
    }

    /// A cancel is asked for: the order may be executed before it ends. Says whether it was.
    pub(crate) fn fault_before_cancel(&mut self, place: usize) {
        let deed = Deed::FillOnCancel(When::Before);
        if self.struck(place, |found| *found == deed).is_some() {
            let leaves = self.orders[place].leaves().0;
            self.fill_by_force(place, Qty((leaves / 2).max(1)));
        }
    }

    /// A cancel stays pending; asking once more ends the order. Binance knows no such state.
    pub(crate) fn is_held_by_fault(&self, place: usize) -> bool {
        let order = &self.orders[place];
        self.accounts[order.account].dialect == Dialect::Alpaca
            && order.status != Status::PendingCancel
            && self
                .struck(place, |deed| *deed == Deed::HoldCancel)
                .is_some()
    }

    /// A cancel was acknowledged: the order may be executed all the same.
    pub(crate) fn fault_after_cancel(&mut self, place: usize) {
        let deed = Deed::FillOnCancel(When::After);
        if self.struck(place, |found| *found == deed).is_some() {
            self.fill_by_force(place, self.orders[place].leaves());
        }
    }

    fn fill_by_force(&mut self, place: usize, qty: Qty) {
        let order = &self.orders[place];
        let price = order.limit.or_else(|| self.mark(order.instrument));
        if let (Some(price), true) = (price, qty.0 > 0) {
            self.book_fill(place, qty, price, Liquidity::Maker);
        }
    }
}
