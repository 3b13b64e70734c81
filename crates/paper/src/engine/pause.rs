//! When an instrument trades: sessions by the calendar, halts by command.
//!
//! What may not trade now is parked: it is in no book, and goes there when it may. It loses its
//! place in the queue, as on exchanges that open with an auction.

use py_rt_types::{CancelOrder, ClientOrderId, InstrumentId, UnixNanos, VenueOrderId};

use super::Engine;
use crate::civil;
use crate::listing::Class as AssetClass;
use crate::node::Node;
use crate::order::{Class, Order, Status};

const HOUR: i64 = 3_600_000_000_000;
/// From four in the morning.
const BEFORE: i64 = 5 * HOUR + HOUR / 2;
/// For four hours after the close.
const AFTER: i64 = 4 * HOUR;

/// The part of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Closed,
    Extended,
    Open,
}

/// The phase at a moment, and when it ends.
pub(super) fn phase_at(at: UnixNanos) -> (Phase, UnixNanos) {
    let last = civil::trading_day(civil::eastern_day(at));
    if let Some(today) = last.filter(|day| at >= day.close && at < day.close.plus(AFTER)) {
        return (Phase::Extended, today.close.plus(AFTER));
    }
    let next = civil::current_or_next(at);
    let begins = next.open.plus(-BEFORE);
    if at < begins {
        (Phase::Closed, begins)
    } else if at < next.open {
        (Phase::Extended, next.open)
    } else {
        (Phase::Open, next.close)
    }
}

impl Engine {
    /// The phase of an instrument; coins, and everything where no sessions are kept, never close.
    pub(crate) fn phase(&self, place: usize) -> Phase {
        match self.listings[place].class {
            AssetClass::Equity if self.keep_sessions => self.phase,
            _ => Phase::Open,
        }
    }

    /// Whether orders of an instrument are executed now.
    pub(crate) fn is_trading(&self, place: usize) -> bool {
        !self.halted[place] && self.phase(place) == Phase::Open
    }

    pub(super) fn may_work(&self, order: &Order) -> bool {
        let place = order.instrument;
        let extended = order.extended_hours && self.phase(place) == Phase::Extended;
        self.is_trading(place) || (extended && !self.halted[place])
    }

    /// A phase has begun.
    pub(super) fn begin_phase(&mut self, at: UnixNanos) {
        (self.phase, self.phase_ends) = phase_at(at);
        for place in 0..self.listings.len() {
            if self.listings[place].class == AssetClass::Equity {
                self.sort_orders(place);
            }
        }
    }

    /// Parks what may not trade now, and sends what may.
    pub(crate) fn sort_orders(&mut self, place: usize) {
        let all = 0..self.orders.len();
        let open: Vec<usize> = all
            .filter(|at| self.orders[*at].instrument == place)
            .filter(|at| self.orders[*at].status.is_open() && !self.orders[*at].held)
            .filter(|at| self.orders[*at].status != Status::Held)
            .collect();
        for at in open {
            match (self.may_work(&self.orders[at]), self.orders[at].parked) {
                (true, true) => self.unpark(at),
                (false, false) => {
                    self.withdraw(at);
                    self.orders[at].parked = true;
                }
                _ => {}
            }
        }
    }

    /// A new order comes while its instrument does not trade.
    pub(super) fn park(&mut self, place: usize) {
        let order = &mut self.orders[place];
        order.parked = true;
        order.status = Status::Accepted;
        order.updated_at = self.now;
        self.tell(place, "accepted", None);
    }

    fn unpark(&mut self, place: usize) {
        let order = &mut self.orders[place];
        order.parked = false;
        if order.status == Status::Accepted {
            order.status = Status::PendingNew;
        }
        if order.kind.waits() {
            self.hold(place);
        } else {
            self.send(place);
        }
        if self.orders[place].class == Class::Oco {
            self.release_legs(place);
        }
    }

    /// Takes an order out of the matching engine without a word.
    pub(crate) fn withdraw(&mut self, place: usize) {
        let order = &self.orders[place];
        if order.held {
            return self.open_gate(place);
        }
        if order.parked {
            self.orders[place].parked = false;
            return;
        }
        let cancel = CancelOrder {
            client_order_id: ClientOrderId::new(order.sequence),
            venue_order_id: VenueOrderId(0),
            instrument: InstrumentId(order.instrument as u32),
        };
        let (owner, sequence) = (order.account as u32, order.sequence);
        self.by_sequence.remove(&sequence);
        self.venue.handle_cancel(self.now, owner, &cancel);
        // The report finds no order: its number stands for nothing any more.
        self.drain_reports();
    }

    /// Halts an instrument, or lets it trade again.
    pub(crate) fn set_halted(&mut self, place: usize, halted: bool) {
        if self.halted[place] == halted {
            return;
        }
        self.halted[place] = halted;
        self.sort_orders(place);
        let (code, text) = if halted {
            ("H", "Trading Halt")
        } else {
            ("T", "Trading Resumption")
        };
        let listing = &self.listings[place];
        let at = Node::Time(self.now);
        self.hub.publish_status(listing, || {
            Node::map([
                ("T", "s".into()),
                ("S", Node::text(listing.symbol())),
                ("sc", code.into()),
                ("sm", text.into()),
                ("rc", "".into()),
                ("rm", "".into()),
                ("t", at),
                ("z", "C".into()),
            ])
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_phases_of_a_half_day() {
        let cases = [
            (
                "2026-11-27T03:59:59-05:00",
                Phase::Closed,
                "2026-11-27T04:00:00-05:00",
            ),
            (
                "2026-11-27T04:00:00-05:00",
                Phase::Extended,
                "2026-11-27T09:30:00-05:00",
            ),
            (
                "2026-11-27T09:30:00-05:00",
                Phase::Open,
                "2026-11-27T13:00:00-05:00",
            ),
            (
                "2026-11-27T13:00:00-05:00",
                Phase::Extended,
                "2026-11-27T17:00:00-05:00",
            ),
            (
                "2026-11-27T17:00:00-05:00",
                Phase::Closed,
                "2026-11-30T04:00:00-05:00",
            ),
            (
                "2026-11-26T12:00:00-05:00",
                Phase::Closed,
                "2026-11-27T04:00:00-05:00",
            ),
            (
                "2026-03-09T09:30:00-04:00",
                Phase::Open,
                "2026-03-09T16:00:00-04:00",
            ),
        ];
        for (at, phase, ends) in cases {
            let time = |text: &str| civil::parse_time(text).unwrap();
            assert_eq!(phase_at(time(at)), (phase, time(ends)), "{at}");
        }
    }
}
