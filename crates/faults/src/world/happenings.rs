//! What goes on at the venue and around it: orders are worked, the market moves, trouble comes.

use super::{Due, World, ACCOUNT, LISTINGS, MARKET};
use crate::mouths::binance::streams::ending;
use crate::mouths::{alpaca, Began};
use crate::plan::{Dialect, Fault};
use crate::venue::truth::{Status, Ticket};
use crate::world::MS;

impl World {
    /// What an accepted request leads to at the venue, sooner or later.
    pub(super) fn set_in_motion(&mut self, began: Began) {
        match began {
            Began::Nothing => {}
            Began::Order(order) | Began::Replace(_, order) if self.is_synchronous() => {
                self.disturb(order);
            }
            Began::Order(order) => self.work(order),
            Began::Cancel(order) => {
                let delay = self.dice.between(0, 40);
                if self.strikes(Fault::FillWhileCanceling) {
                    let qty = self.dice.between(1, 5);
                    self.at(delay / 2, Due::Fill(order, qty));
                }
                self.at(delay, Due::Cancel(order));
            }
            Began::Replace(old, new) => {
                let late = self.strikes(Fault::ReplaceLate);
                let longest = if late { 6_000 } else { 60 };
                let delay = self.dice.between(0, longest);
                self.at(delay, Due::Replace(old, new));
            }
        }
    }

    /// Whether what is asked for has happened when it is answered.
    const fn is_synchronous(&self) -> bool {
        matches!(self.plan.dialect, Dialect::Binance)
    }

    /// The venue, or another program of the same account, may end what was accepted.
    fn disturb(&mut self, order: usize) {
        if self.strikes(Fault::RejectedLater) {
            let delay = self.dice.between(1, 200);
            self.at(delay, Due::End(order, Status::Expired));
        }
        if self.strikes(Fault::UnsolicitedCancel) {
            let delay = self.dice.between(1, 900);
            self.at(delay, Due::End(order, Status::Canceled));
        }
    }

    /// Ends an order by nobody's request of ours.
    pub(super) fn end(&mut self, order: usize, status: Status) {
        if self.is_synchronous() && status == Status::Canceled {
            self.truth.orders[order].ender = format!("web_{order}");
        }
        self.truth.end(order, status);
    }

    fn work(&mut self, order: usize) {
        let one = &self.truth.orders[order];
        let qty = one.qty;
        let crosses = self.truth.crosses(order);
        let at_once = one.limit.is_none() || matches!(one.tif.as_str(), "ioc" | "fok");
        if self.strikes(Fault::RejectedLater) {
            let delay = self.dice.between(1, 200);
            return self.at(delay, Due::End(order, Status::Rejected));
        }
        if self.strikes(Fault::UnsolicitedCancel) {
            let delay = self.dice.between(1, 900);
            self.at(delay, Due::End(order, Status::Canceled));
        }
        if crosses {
            let first = self.dice.between(1, qty);
            let delay = self.dice.between(0, 5);
            self.at(delay, Due::Fill(order, first));
            let rest = delay + self.dice.between(0, 60);
            self.at(rest, Due::Fill(order, qty - first));
            if at_once {
                self.at(rest + 1, Due::End(order, Status::Canceled));
            }
        } else if at_once {
            self.at(1, Due::End(order, Status::Canceled));
        }
    }

    pub(super) fn finish_cancel(&mut self, order: usize) {
        let live = self.truth.orders[order].status == Status::PendingCancel;
        self.truth.end(order, Status::Canceled);
        if live && self.strikes(Fault::FillAfterCancel) {
            let (delay, qty) = (self.dice.between(1, 300), self.dice.between(1, 5));
            self.at(delay, Due::LateFill(order, qty));
        }
    }

    pub(super) fn tick(&mut self, instrument: usize) {
        let pause = if self.is_quiet() { 150 } else { 15 };
        let delay = self.dice.between(pause / 3, pause);
        self.at(delay, Due::Market(instrument));
        let start = LISTINGS[instrument].start;
        let moved = self.truth.mids[instrument] + 2 * self.dice.between(-2, 2);
        self.truth.mids[instrument] = moved.clamp(start - start / 50, start + start / 50);
        self.trade_with_resting(instrument);
        if self.subscribed {
            let crossed = self.strikes_rarely(Fault::CrossedBook);
            match self.plan.dialect {
                Dialect::Alpaca => {
                    let text = alpaca::json::book(&self.truth, instrument, crossed);
                    self.say(MARKET, 1, &text);
                }
                Dialect::Binance => self.tell_change(instrument, crossed),
            }
        }
        self.trouble(instrument);
        if self.is_synchronous() {
            self.trouble_of_streams();
        }
    }

    fn tell_change(&mut self, instrument: usize, crossed: bool) {
        let (bid, ask) = (self.truth.bid(instrument), self.truth.ask(instrument));
        let shown = if crossed { (ask, bid) } else { (bid, ask) };
        let clock = self.truth.clock();
        let text = self.books[instrument].move_to(instrument, shown, clock);
        if !self.strikes_rarely(Fault::ChangeLost) {
            self.say(MARKET, 1, &text);
        }
    }

    /// What can only go wrong at Binance, and less often: who is always away does not trade.
    fn trouble_of_streams(&mut self) {
        if !self.dice.falls(200) {
            return;
        }
        if self.strikes_rarely(Fault::ClockJump) {
            self.truth.skew_ns += self.dice.between(200, 4_000) * MS;
        }
        if !self.strikes_rarely(Fault::StreamEnded) {
            return;
        }
        let clock = self.truth.clock();
        match self.dice.between(0, 2) {
            0 => {
                self.say(ACCOUNT, 1, &ending(true, clock));
                self.listening = false;
            }
            place => {
                let lane = if place == 1 { ACCOUNT } else { MARKET };
                self.say(lane, 1, &ending(false, clock));
                let life = self.lanes[lane].life;
                self.at(1_000, Due::Cut(lane, life));
            }
        }
    }

    fn trade_with_resting(&mut self, instrument: usize) {
        let (bid, ask) = (self.truth.bid(instrument), self.truth.ask(instrument));
        for order in 0..self.truth.orders.len() {
            let one = &self.truth.orders[order];
            let Some(limit) = one.limit.filter(|_| one.instrument == instrument) else {
                continue;
            };
            if !one.status.is_live() {
                continue;
            }
            let through = if one.buy { limit >= ask } else { limit <= bid };
            let near = if one.buy { limit >= bid } else { limit <= ask };
            let leaves = one.qty - one.cum;
            if through {
                self.truth.fill(order, leaves, false);
            } else if near && self.dice.falls(200) {
                let qty = self.dice.between(1, leaves);
                self.truth.fill(order, qty, false);
            }
        }
    }

    fn trouble(&mut self, instrument: usize) {
        if self.strikes_rarely(Fault::StreamCut) {
            self.cut(ACCOUNT);
        }
        if self.strikes_rarely(Fault::StreamMute) {
            self.lanes[ACCOUNT].mute = true;
        }
        if self.strikes_rarely(Fault::MarketCut) {
            self.cut(MARKET);
        }
        if self.traded && self.strikes_rarely(Fault::ForeignOrder) {
            self.place_foreign(instrument);
        }
        if self.strikes_rarely(Fault::KillWord) {
            let words = ["halt", "reduce_only", "cancel_all", "resume by ada"];
            self.word = Some(words[self.dice.between(0, 3) as usize]);
        }
    }

    fn place_foreign(&mut self, instrument: usize) {
        self.foreign += 1;
        let buy = self.dice.falls(500);
        let qty = self.dice.between(1, 5);
        let placed = self.truth.place(Ticket {
            client: format!("somebody-{}", self.foreign),
            instrument,
            buy,
            qty,
            limit: None,
            tif: "gtc".to_string(),
            visible_from: self.now(),
            foreign: true,
            ..Ticket::default()
        });
        if let Some(order) = placed {
            self.at(3, Due::Fill(order, qty));
        }
    }
}
