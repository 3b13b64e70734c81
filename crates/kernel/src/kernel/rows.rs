//! The hot road: market rows one after the other, and whom they are told.

use py_rt_types::{EventKind, MarketEvent, UnixNanos};

use super::Kernel;
use crate::market::{Change, Stop};
use crate::signal::{Interests, Quote, Strategy};

impl<S: Strategy> Kernel<S> {
    /// Takes rows one after the other, until there are no more or one has led to something that a
    /// driver has to look at: an output, or another alarm.
    #[inline(always)]
    pub fn handle_rows<'e>(
        &mut self,
        rows: &mut impl Iterator<Item = (UnixNanos, &'e MarketEvent)>,
    ) {
        let per_row = Change::TRADE
            .with(Change::BOOK, true)
            .with(Change::QUOTE, true);
        if !self.watched.has(per_row) {
            return self.handle_quiet_rows(rows);
        }
        let alarm = self.alarm;
        for (now, event) in rows {
            self.advance(now);
            let change = self.market.handle_event(self.now, event);
            if change.has(self.watched) {
                self.follow(event, change);
            }
            if self.has_output() | (self.alarm != alarm) {
                return;
            }
        }
    }

    /// [`Kernel::handle_rows`] while nobody waits for every row: what only the last one of many
    /// leaves behind is left to the last one.
    #[inline(always)]
    fn handle_quiet_rows<'e>(
        &mut self,
        rows: &mut impl Iterator<Item = (UnixNanos, &'e MarketEvent)>,
    ) {
        let alarm = self.alarm;
        while let Some(row) = rows.next() {
            let (last, stop) = self.market.take_quiet(alarm, row, rows);
            self.now = self.now.max(last);
            match stop {
                Stop::End => return,
                Stop::Odd((now, event)) => self.handle_market(now, event),
                Stop::Moved(event, change) if change.has(self.watched) => {
                    self.follow_market(event, change);
                }
                Stop::Moved(..) => {}
            }
            if self.has_output() | (self.alarm != alarm) {
                return;
            }
        }
    }

    /// What a row that somebody waits for leads to.
    #[inline(never)]
    pub(super) fn follow_market(&mut self, event: &MarketEvent, change: Change) {
        self.follow(event, change);
    }

    /// [`Kernel::follow_market`] in the loop over many rows.
    #[inline(always)]
    fn follow(&mut self, event: &MarketEvent, change: Change) {
        let rare = Change::MARK.with(Change::VALIDITY, true);
        if change.has(rare) | self.follows {
            self.follow_rare(event, change);
        }
        if self.running {
            self.call_for_market(event, change);
        }
        if self.has_unsettled() {
            self.settle();
        }
    }

    #[inline(never)]
    fn follow_rare(&mut self, event: &MarketEvent, change: Change) {
        if change.has(Change::MARK) && self.books.account.is_marked(event.instrument) {
            self.mark(event.instrument);
        }
        if self.follows {
            self.follow_row(event, change);
        }
        if change.has(Change::VALIDITY) {
            self.publish_validity(event.instrument);
        }
    }

    #[inline(always)]
    fn call_for_market(&mut self, event: &MarketEvent, change: Change) {
        let wants = self.interests;
        if change.has(Change::TRADE) && wants.has(Interests::TRADE) {
            let print;
            let trade = if event.kind == EventKind::Trade as u8 {
                event
            } else {
                print = event.print().unwrap_or(*event);
                &print
            };
            self.call(|strategy, ctx| strategy.on_trade(ctx, trade));
        }
        if change.has(Change::QUOTE) && wants.has(Interests::QUOTE) {
            if let Some(top) = self.market.instrument(event.instrument).map(|m| m.top()) {
                let (instrument, ts_event) = (event.instrument, event.ts_event);
                let quote = Quote {
                    instrument,
                    ts_event,
                    top,
                };
                self.call(|strategy, ctx| strategy.on_quote(ctx, &quote));
            }
        }
        if change.has(Change::BOOK) && wants.has(Interests::BOOK) {
            self.call(|strategy, ctx| strategy.on_book(ctx, event));
        }
    }
}
