//! The naive oracle: reads the journal and recomputes everything the plain way.
//!
//! It shares no code with the kernel but the nouns and the journal's spelling. Where the kernel may
//! know better it counts less, so that what it finds wrong is wrong.

use std::collections::BTreeMap;

use py_rt_kernel::journal::{Decision, Entry, OwnedInput};
use py_rt_kernel::{Control, Session};
use py_rt_types::{
    AccountReport, EventKind, NewOrder, OrderType, Query, ReplaceOrder, Side, UnixNanos,
    VenueOrderId, END,
};

use crate::plan::GuardPlan;
use crate::venue::listing::LISTINGS;
use guarded::Guarded;

mod guarded;
mod reports;

const SECOND_NS: i64 = 1_000_000_000;
/// Longer than all trouble of a run: until then every cancel has left that was asked for.
const DOOM_NS: i64 = 30 * SECOND_NS;

/// What the oracle holds against the kernel: the limits of the run, plainly.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) max_position_notional: i128,
    pub(crate) max_order_notional: i128,
    pub(crate) max_open_orders: usize,
    pub(crate) max_orders_per_second: usize,
    pub(crate) price_collar_bps: i128,
    /// Whether more may be sold than is held.
    pub(crate) shortable: bool,
    pub(crate) guards: GuardPlan,
}

#[derive(Debug, Clone)]
struct Known {
    instrument: usize,
    side: i64,
    /// The least of the terms that may be in force.
    qty: i64,
    revision: u16,
    /// The last that was asked for.
    asked: u16,
    cum: i64,
    /// Ended by the venue's word, for good.
    over: bool,
    /// The venue said that it has no such order; it may be wrong.
    gone: bool,
    market: bool,
    reduce_only: bool,
    /// Its limit, as long as it is certain.
    price: Option<i64>,
}

impl Known {
    fn leaves(&self) -> i64 {
        if self.over || self.gone {
            0
        } else {
            (self.qty - self.cum).max(0)
        }
    }
}

#[derive(Debug, Clone, Default)]
struct Sides {
    bids: BTreeMap<i64, i64>,
    asks: BTreeMap<i64, i64>,
    /// Best bid plus best ask of the last whole message that was not crossed.
    mid: Option<i64>,
}

/// A rule that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// The number of the invariant in the catalogue, such as `I10`.
    pub invariant: &'static str,
    /// What was seen.
    pub what: String,
}

/// See the module.
#[derive(Debug, Clone)]
pub(crate) struct Oracle {
    rules: Rules,
    orders: BTreeMap<u64, Known>,
    booked: BTreeMap<(u64, i64), (i64, i64)>,
    at_venue: BTreeMap<VenueOrderId, u64>,
    /// What of each instrument is ours, in 1e-18: executions, less the fees paid in kind.
    owned: Vec<i128>,
    /// The same in whole lots.
    held: Vec<i64>,
    /// The same before the last input: what a timer went by that rang within it.
    held_before: Vec<i64>,
    paid: i128,
    /// The account's cash when books were compared first, and what was paid until then.
    first_cash: Option<(i128, i128)>,
    told_cash: i128,
    books: Vec<Sides>,
    sent: Vec<UnixNanos>,
    guarded: Guarded,
    reserved: u64,
    restricted: bool,
    /// The venue was asked for everything since the connection came back or a life began.
    compared: bool,
    /// Orders that were open when all had to be cancelled, with the time of that.
    doomed: BTreeMap<u64, UnixNanos>,
    /// Orders that were decided before the restriction that holds now, each with its last terms.
    stale: BTreeMap<u64, u16>,
    breaches: Vec<Breach>,
}

impl Oracle {
    pub(crate) fn new(rules: Rules, instruments: usize) -> Self {
        Self {
            rules,
            orders: BTreeMap::new(),
            booked: BTreeMap::new(),
            at_venue: BTreeMap::new(),
            owned: vec![0; instruments],
            held: vec![0; instruments],
            held_before: vec![0; instruments],
            paid: 0,
            first_cash: None,
            told_cash: 0,
            books: vec![Sides::default(); instruments],
            sent: Vec::new(),
            guarded: Guarded::default(),
            reserved: 0,
            restricted: false,
            compared: false,
            doomed: BTreeMap::new(),
            stale: BTreeMap::new(),
            breaches: Vec::new(),
        }
    }

    pub(crate) fn take_breaches(&mut self) -> Vec<Breach> {
        std::mem::take(&mut self.breaches)
    }

    /// Whether a decision about this order is in the journal.
    pub(crate) fn knows(&self, sequence: u64) -> bool {
        self.orders.contains_key(&sequence)
    }

    /// Whether an order was decided before trading was restricted, and must not leave any more.
    pub(crate) fn is_stale(&self, sequence: u64, revision: u16) -> bool {
        self.stale
            .get(&sequence)
            .is_some_and(|&last| revision <= last)
    }

    /// The first id that is not reserved.
    pub(crate) const fn reserved(&self) -> u64 {
        self.reserved
    }

    /// Whether an execution is booked: order and total after it, to quantity and price.
    pub(crate) fn execution(&self, sequence: u64, cum: i64) -> Option<(i64, i64)> {
        self.booked.get(&(sequence, cum)).copied()
    }

    /// What an order executed and may yet: all of it, until the venue's word ended it.
    pub(crate) fn may_execute(&self, sequence: u64) -> i64 {
        let known = self.orders.get(&sequence);
        known.map_or(0, |known| {
            if known.over {
                known.cum
            } else {
                known.qty.max(known.cum)
            }
        })
    }

    pub(crate) fn executions(&self) -> usize {
        self.booked.len()
    }

    pub(crate) fn held(&self, instrument: usize) -> i64 {
        self.held[instrument]
    }

    /// Cash by the journal alone, in 1e-18: what there was first, less what was paid since.
    pub(crate) fn cash(&self) -> i128 {
        let (cash, paid) = self.first_cash.unwrap_or_default();
        cash + paid - self.paid
    }

    fn breach(&mut self, invariant: &'static str, what: String) {
        self.breaches.push(Breach { invariant, what });
    }

    /// Takes the next record of the journal.
    pub(crate) fn handle_entry(&mut self, entry: &Entry) {
        if let Entry::Input(now, input) = entry {
            self.held_before.clone_from(&self.held);
            self.judge_doomed(*now);
            if let OwnedInput::Control(Control::Halt | Control::CancelAll | Control::Flatten) =
                input
            {
                let open = self.orders.iter().filter(|(_, known)| known.leaves() > 0);
                let open: Vec<u64> = open.map(|(sequence, _)| *sequence).collect();
                for sequence in open {
                    self.doomed.entry(sequence).or_insert(*now);
                }
            }
        }
        match entry {
            Entry::IdBlock { end } => self.reserved = self.reserved.max(*end),
            Entry::Input(now, OwnedInput::Report(report)) => self.handle_report(*now, report),
            Entry::Input(_, OwnedInput::Market(row)) => self.handle_row(row),
            Entry::Input(_, OwnedInput::Control(control)) => match control {
                Control::Halt | Control::Flatten | Control::ReduceOnly | Control::Stop => {
                    if std::mem::replace(&mut self.restricted, true) {
                        return;
                    }
                    let increasing = self.orders.iter().filter(|(_, known)| !known.reduce_only);
                    self.stale = increasing.map(|(id, known)| (*id, known.asked)).collect();
                }
                Control::Resume { .. } | Control::Start => {
                    if *control != Control::Start {
                        self.guarded.resume();
                    }
                    self.restricted = false;
                    self.stale.clear();
                }
                Control::CancelAll
                | Control::Loosen { .. }
                | Control::LeaseLost
                | Control::LeaseHeld => {}
            },
            Entry::Input(_, OwnedInput::Session(session)) => {
                self.compared = false;
                if matches!(session, Session::Restarted { .. }) {
                    self.sent.clear();
                    self.guarded.restart();
                }
            }
            Entry::Input(_, OwnedInput::Account(AccountReport::Done(Query::Account))) => {
                self.compared = true;
                self.first_cash.get_or_insert((self.told_cash, self.paid));
            }
            Entry::Input(_, OwnedInput::Account(AccountReport::Cash(cash))) => {
                self.told_cash = cash.0;
            }
            Entry::Decision(now, Decision::New(order)) => self.handle_new(*now, order),
            Entry::Decision(_, Decision::Cancel(order)) => {
                self.doomed.remove(&order.client_order_id.sequence);
            }
            Entry::Decision(now, Decision::Replace(order)) => self.handle_replace(*now, order),
            _ => {}
        }
    }

    fn handle_row(&mut self, row: &py_rt_types::MarketEvent) {
        let Some(book) = self.books.get_mut(row.instrument.index()) else {
            return;
        };
        let level = |levels: &mut BTreeMap<i64, i64>| {
            if row.qty.0 > 0 {
                levels.insert(row.price.0, row.qty.0);
            } else {
                levels.remove(&row.price.0);
            }
        };
        match (row.event_kind(), row.side) {
            (Some(EventKind::Clear), _) => {
                book.bids.clear();
                book.asks.clear();
            }
            (Some(EventKind::Depth | EventKind::Snapshot), 1) => level(&mut book.bids),
            (Some(EventKind::Depth | EventKind::Snapshot), -1) => level(&mut book.asks),
            _ => {}
        }
        let best = (book.bids.keys().next_back(), book.asks.keys().next());
        if let (true, (Some(bid), Some(ask))) = (row.flags & END != 0, best) {
            if bid < ask {
                book.mid = Some(bid + ask);
            }
        }
    }

    fn handle_new(&mut self, now: UnixNanos, order: &NewOrder) {
        let sequence = order.client_order_id.sequence;
        if self.orders.contains_key(&sequence) {
            self.breach("I1", format!("order {sequence} was decided twice"));
        }
        if sequence >= self.reserved {
            self.breach("I1", format!("order {sequence} has no reserved id"));
        }
        self.judge_books(sequence);
        let (instrument, side) = (order.instrument.index(), order.side.sign());
        let asked = (instrument, side, order.order_qty.0);
        let price = order.limit_price.map(|price| price.0);
        if !self.reduces(None, instrument, side, order.order_qty.0) {
            self.check(now, sequence, asked, price);
            self.check_new_guards(now, (instrument, side, order.order_qty.0, price), sequence);
            let open = self.orders.values().filter(|known| known.leaves() > 0);
            let open = open.count();
            if open >= self.rules.max_open_orders {
                let open = self.orders.iter().filter(|(_, known)| known.leaves() > 0);
                let open: Vec<u64> = open.map(|(sequence, _)| *sequence).collect();
                self.breach("I10", format!("order {sequence} while {open:?} are open"));
            }
        }
        self.sent.push(now);
        self.guarded
            .sent(now, (instrument, side, order.order_qty.0, price), true);
        let known = Known {
            instrument,
            side,
            qty: order.order_qty.0,
            revision: 0,
            asked: 0,
            cum: 0,
            over: false,
            gone: false,
            market: order.order_type == OrderType::Market,
            reduce_only: order.reduce_only,
            price,
        };
        self.orders.insert(sequence, known);
    }

    fn judge_books(&mut self, sequence: u64) {
        if !self.compared {
            let what = format!("order {sequence} left before the books were compared");
            self.breach("I30", what);
        }
    }

    fn handle_replace(&mut self, now: UnixNanos, order: &ReplaceOrder) {
        let sequence = order.client_order_id.sequence;
        let Some(known) = self.orders.get(&sequence).cloned() else {
            return self.breach("I1", format!("replace of {sequence}, which nobody sent"));
        };
        self.judge_books(sequence);
        if known.over || known.market {
            self.breach("I2", format!("replace of {sequence}, which is over"));
        }
        let leaves = order.order_qty.0 - known.cum;
        let (instrument, side) = (known.instrument, known.side);
        if !self.reduces(Some(sequence), instrument, side, leaves) {
            let price = order.limit_price.map(|price| price.0);
            self.check(now, sequence, (instrument, side, leaves), price);
        }
        self.sent.push(now);
        self.guarded.sent(now, (instrument, side, 0, None), false);
        if let Some(known) = self.orders.get_mut(&sequence) {
            known.qty = known.qty.min(order.order_qty.0);
            known.asked = known.asked.max(order.client_order_id.revision);
            known.price = None;
        }
    }

    fn check(
        &mut self,
        now: UnixNanos,
        sequence: u64,
        (instrument, side, leaves): (usize, i64, i64),
        price: Option<i64>,
    ) {
        if self.restricted {
            self.breach("I18", format!("order {sequence} left while restricted"));
        }
        if !self.rules.shortable && side < 0 {
            self.breach("I10", format!("order {sequence} sells what is not held"));
        }
        let recent = self.sent.iter().rev();
        let recent = recent.take_while(|at| now.since(**at) < SECOND_NS).count();
        if recent >= self.rules.max_orders_per_second {
            let held = self.held[instrument];
            let others = self.working(Some(sequence), instrument, side);
            let what = format!(
                "order {sequence} is number {recent} in a second; {held} held, {others} on its \
                 way, {leaves} more"
            );
            self.breach("I13", what);
        }
        let listing = &LISTINGS[instrument];
        let Some(mid) = self.books[instrument].mid else {
            return self.breach("I11", format!("order {sequence} without a reference"));
        };
        let value = |lots: i64| listing.value(mid, lots) / 2;
        if let Some(price) = price {
            let away = i128::from(2 * price - mid).abs() * 10_000;
            if away > self.rules.price_collar_bps * i128::from(mid) {
                self.breach(
                    "I11",
                    format!("order {sequence} at {price}, twice the mid {mid}"),
                );
            }
        }
        let notional = price.map_or(value(leaves), |price| listing.value(price, leaves));
        if notional > self.rules.max_order_notional {
            self.breach("I9", format!("order {sequence} is worth {notional}"));
        }
        let others = self.working(Some(sequence), instrument, side);
        let worst = self.held[instrument] + side * (others + leaves);
        if value(worst.abs()) > self.rules.max_position_notional {
            self.breach("I10", format!("order {sequence} may make {worst} lots"));
        }
        self.check_guards(now, sequence, (instrument, side, leaves), price);
    }

    /// The side of an order that was decided.
    pub(crate) fn side(&self, sequence: u64) -> Option<Side> {
        let side = self.orders.get(&sequence)?.side;
        Some(if side > 0 { Side::Buy } else { Side::Sell })
    }
}
