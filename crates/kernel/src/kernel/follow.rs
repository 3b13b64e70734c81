//! What rows and bars lead to beside callbacks, where anybody waits for that.

use py_rt_types::{Bar, InstrumentId, MarketEvent};

use super::Kernel;
use crate::event::Event;
use crate::market::Change;
use crate::signal::Strategy;

impl<S: Strategy> Kernel<S> {
    /// Rows that bars are built from, that parent orders wait for, that have a worth in several
    /// currencies, or that a margin depends on.
    #[inline(never)]
    pub(super) fn follow_row(&mut self, event: &MarketEvent, change: Change) {
        if self.exchange.is_some() && change.has(Change::MARK) {
            self.mark_money(event.instrument);
        }
        if self.margin.is_some() && (change.has(Change::MARK) || self.is_called()) {
            self.watch_margin(true);
        }
        if self.bars.is_some() && change.has(Change::TRADE) {
            self.handle_bar_trade(event);
        }
        if self.execution.parents.watches() {
            self.show_parents(event, change);
        }
    }

    /// [`Kernel::follow_row`] for a bar.
    #[inline(never)]
    pub(super) fn follow_bar(&mut self, bar: &Bar, change: Change) {
        if self.exchange.is_some() && change.has(Change::MARK) {
            self.mark_money(bar.instrument);
        }
        if self.margin.is_some() {
            self.watch_margin(true);
        }
        if self.running && self.execution.parents.watches() {
            self.show_parents_bar(bar);
        }
    }

    #[cold]
    pub(super) fn publish_validity(&mut self, instrument: InstrumentId) {
        let market = self.market.instrument(instrument);
        let valid = market.is_some_and(|market| market.valid());
        self.outbox.emit(Event::BookValidity { instrument, valid });
    }
}
