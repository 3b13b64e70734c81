//! Reconciliation: ask the venue for orders, fills, positions and cash; trade only once they agree.
//!
//! The order of asking matters: open orders, then each order of ours that was not among them, then
//! fills, then positions, so that what happens meanwhile is seen by a later answer.
//!
//! After a restart the end of the journal may be lost; and an order that the venue said it did not
//! have may have arrived since. When such an order was executed completely, it is in no list but
//! that of fills, which names it by the venue's id only. So each order there that we do not know is
//! asked for once: it may be ours.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use py_rt_types::{
    AccountReport, ClientOrderId, Instrument, InstrumentId, Money, Qty, Query, UnixNanos,
    VenueOrderId,
};

use super::{life, Order, Orders};
use crate::event::SyncEvent;
use crate::kernel::SyncImage;
use crate::portfolio::Portfolio;

const RETRY_NS: i64 = 1_000_000_000;
const TRIES: u8 = 5;
/// An order may be silent so long; then the venue is asked whether it still stands as we know it:
/// one message of a stream may be lost although the connection holds.
const AUDIT_NS: i64 = 15_000_000_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Offline,
    OpenOrders,
    Orders,
    Fills,
    Strangers,
    Positions,
    Account,
    Online,
}

/// What the kernel has to do after an answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum SyncOutcome {
    /// Wait for more.
    Wait,
    /// Ask these.
    Ask(Vec<Query>),
    /// Books agree; the cash to start from, when this is the first time.
    Reconciled(Option<Money>),
    /// Books differ for good.
    Mismatch(SyncEvent),
}

/// An order at the venue whose executions were listed and which is none of ours, as far as we know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct ForeignOrder {
    pub(crate) instrument: InstrumentId,
    /// Executed so far.
    pub(crate) cum_qty: Qty,
    /// What of it was added to the foreign position, with its sign.
    pub(crate) counted: Qty,
    /// Fees in kind that went with that.
    pub(crate) in_kind: Money,
}

/// The reconciliation with one venue account.
#[derive(Debug, Clone)]
pub(crate) struct Sync {
    step: Step,
    /// Whether books agreed once before; from then on nothing foreign is taken for granted.
    settled_once: bool,
    retry_at: UnixNanos,
    /// When silent orders are looked for next, while books agree.
    audit_at: UnixNanos,
    tries: u8,
    fills_since: UnixNanos,
    /// Orders that the venue was asked about and has not told of yet.
    unverified: Vec<ClientOrderId>,
    theirs: Vec<Qty>,
    foreign: Vec<Qty>,
    foreign_orders: BTreeMap<VenueOrderId, ForeignOrder>,
    /// What is owned of each instrument beyond whole lots, in 1e-18: fees in kind leave it.
    rests: Vec<Money>,
    cash: Option<Money>,
    /// There was a life before, and books did not agree since: orders may be missing.
    restarted: bool,
    /// When we knew for certain what we had sent.
    known_at: UnixNanos,
    /// Whether an unknown order may be ours, all considered.
    unsure: bool,
    /// Orders that were executed and are unknown, and how many of them were asked for.
    strangers: Vec<VenueOrderId>,
    looked_up: usize,
    pub(crate) adopted_orders: u32,
    pub(crate) booked_fills: u32,
}

impl Sync {
    /// `online` when the venue is in agreement by construction, as in a backtest.
    pub(crate) fn new(instruments: usize, online: bool) -> Self {
        Self {
            step: if online { Step::Online } else { Step::Offline },
            settled_once: online,
            retry_at: UnixNanos::MAX,
            audit_at: UnixNanos::MAX,
            tries: 0,
            fills_since: UnixNanos(0),
            unverified: Vec::new(),
            theirs: alloc::vec![Qty::ZERO; instruments],
            foreign: alloc::vec![Qty::ZERO; instruments],
            rests: alloc::vec![Money::ZERO; instruments],
            foreign_orders: BTreeMap::new(),
            cash: None,
            restarted: false,
            known_at: UnixNanos(0),
            strangers: Vec::new(),
            looked_up: 0,
            unsure: false,
            adopted_orders: 0,
            booked_fills: 0,
        }
    }

    #[inline]
    pub(crate) fn is_online(&self) -> bool {
        self.step == Step::Online
    }

    /// Whether answers are being collected, so that what they bring counts as recovered.
    pub(crate) const fn is_asking(&self) -> bool {
        !matches!(self.step, Step::Online | Step::Offline)
    }

    /// Whether the open orders were listed and fills are being told: an order of ours that is
    /// not known by now and was executed is closed.
    pub(crate) const fn lists_fills(&self) -> bool {
        matches!(
            self.step,
            Step::Fills | Step::Strangers | Step::Positions | Step::Account
        )
    }

    /// Whether the venue was asked about orders of ours and has not told of all of them.
    pub(crate) const fn awaits_orders(&self) -> bool {
        self.is_asking() || !self.unverified.is_empty()
    }

    #[inline]
    pub(crate) fn poll_timeout(&self) -> UnixNanos {
        self.retry_at.min(self.audit_at)
    }

    pub(crate) fn handle_lost(&mut self) {
        self.step = Step::Offline;
        self.retry_at = UnixNanos::MAX;
        self.audit_at = UnixNanos::MAX;
        self.unverified.clear();
    }

    /// The journal ends here, and more may have been sent.
    pub(crate) fn handle_restart(&mut self) {
        self.handle_lost();
        self.restarted = true;
    }

    /// Since when something may have been sent that the journal does not know.
    pub(crate) fn unsure_since(&self) -> Option<UnixNanos> {
        (self.restarted && self.known_at.0 > 0).then_some(self.known_at)
    }

    /// Starts asking. Fills from `since` on are of interest.
    pub(crate) fn start(
        &mut self,
        now: UnixNanos,
        orders: &Orders,
        since: UnixNanos,
    ) -> Vec<Query> {
        self.step = Step::OpenOrders;
        self.retry_at = UnixNanos::MAX;
        self.audit_at = UnixNanos::MAX;
        self.tries = 0;
        self.adopted_orders = 0;
        self.booked_fills = 0;
        if !self.restarted {
            self.known_at = now;
        }
        self.restart(now, orders, since)
    }

    fn restart(&mut self, _now: UnixNanos, orders: &Orders, since: UnixNanos) -> Vec<Query> {
        self.step = Step::OpenOrders;
        self.fills_since = since;
        self.strangers.clear();
        self.looked_up = 0;
        self.unsure = self.restarted || orders.closed().any(Order::is_disowned);
        self.unverified = orders
            .open()
            .iter()
            .map(|order| order.client_order_id)
            .collect();
        self.theirs.fill(Qty::ZERO);
        alloc::vec![Query::OpenOrders]
    }

    /// The pause after a failed answer is over: ask all again. Or orders were silent for long: ask
    /// for the open ones, and next for each that is not among them.
    pub(crate) fn handle_timeout(&mut self, now: UnixNanos, orders: &Orders) -> Vec<Query> {
        if now >= self.audit_at {
            self.audit_at = now.plus(AUDIT_NS);
            let silent = orders.open().iter().filter(|order| {
                order.alarm == UnixNanos::MAX && now.since(order.ts_updated) >= AUDIT_NS
            });
            self.unverified = silent.map(|order| order.client_order_id).collect();
            if !self.unverified.is_empty() {
                return alloc::vec![Query::OpenOrders];
            }
        }
        if now < self.retry_at {
            return Vec::new();
        }
        self.retry_at = UnixNanos::MAX;
        if self.is_online() {
            let since = self.fills_since;
            return alloc::vec![Query::Fills { since }];
        }
        self.restart(now, orders, self.fills_since)
    }

    /// The venue said how an order of ours stands, or that it has no such order for good.
    pub(crate) fn handle_verified(&mut self, id: ClientOrderId) -> SyncOutcome {
        self.unverified
            .retain(|waiting| waiting.sequence != id.sequence);
        if self.step == Step::Orders && self.unverified.is_empty() {
            return self.ask_fills();
        }
        SyncOutcome::Wait
    }

    fn ask_fills(&mut self) -> SyncOutcome {
        self.step = Step::Fills;
        SyncOutcome::Ask(alloc::vec![Query::Fills {
            since: self.fills_since
        }])
    }

    /// Asks for the next unknown order; when one was ours, for its fills again; else for positions.
    fn ask_stranger(&mut self, orders: &Orders) -> SyncOutcome {
        if let Some(&venue_order_id) = self.strangers.get(self.looked_up) {
            self.step = Step::Strangers;
            return SyncOutcome::Ask(alloc::vec![Query::VenueOrder { venue_order_id }]);
        }
        let ours = |&id: &VenueOrderId| orders.id_at_venue(id).is_some();
        let found = self.strangers.iter().any(ours);
        self.strangers.clear();
        self.looked_up = 0;
        if found {
            return self.ask_fills();
        }
        self.step = Step::Positions;
        SyncOutcome::Ask(alloc::vec![Query::Positions])
    }

    /// Takes an execution that is not ours; each changes what is foreign once.
    pub(crate) fn handle_foreign_fill(
        &mut self,
        instrument: InstrumentId,
        venue_order_id: VenueOrderId,
        (signed_qty, in_kind): (Qty, Money),
        cum_qty: Qty,
    ) {
        let unknown = self.unsure && self.step == Step::Fills;
        if unknown && !self.strangers.contains(&venue_order_id) {
            self.strangers.push(venue_order_id);
        }
        let order = self.foreign_orders.entry(venue_order_id).or_default();
        order.instrument = instrument;
        let fresh = cum_qty > order.cum_qty;
        order.cum_qty = order.cum_qty.max(cum_qty);
        if !fresh || !self.settled_once {
            return;
        }
        order.in_kind.0 = order.in_kind.0.saturating_add(in_kind.0);
        order.counted.0 = order.counted.0.saturating_add(signed_qty.0);
        if let Some(foreign) = self.foreign.get_mut(instrument.index()) {
            foreign.0 = foreign.0.saturating_add(signed_qty.0);
        }
    }

    /// An order turns out to be ours: an execution may be listed before the venue's answer tells
    /// which id it gave the order. What was counted as foreign is taken back.
    pub(crate) fn handle_own_order(&mut self, venue_order_id: VenueOrderId) {
        if self.foreign_orders.is_empty() {
            return;
        }
        let Some(order) = self.foreign_orders.remove(&venue_order_id) else {
            return;
        };
        if let Some(foreign) = self.foreign.get_mut(order.instrument.index()) {
            foreign.0 = foreign.0.saturating_sub(order.counted.0);
        }
    }

    /// Takes an answer about the account.
    pub(crate) fn handle_account(
        &mut self,
        now: UnixNanos,
        report: &AccountReport,
        orders: &Orders,
        books: (&Portfolio, &[Instrument]),
    ) -> SyncOutcome {
        match *report {
            AccountReport::Position {
                instrument, qty, ..
            } => {
                if let Some(theirs) = self.theirs.get_mut(instrument.index()) {
                    *theirs = qty;
                }
                SyncOutcome::Wait
            }
            AccountReport::Cash(cash) => {
                self.cash = Some(cash);
                SyncOutcome::Wait
            }
            AccountReport::Failed(query) => {
                if self.is_asking() {
                    self.retry_at = now.plus(RETRY_NS);
                } else if let (true, Query::Fills { since }) = (self.is_online(), query) {
                    // Fills that an order misses: only their answer can bring them.
                    let waits = self.retry_at != UnixNanos::MAX;
                    self.fills_since = if waits {
                        since.min(self.fills_since)
                    } else {
                        since
                    };
                    self.retry_at = now.plus(RETRY_NS);
                }
                SyncOutcome::Wait
            }
            AccountReport::Done(query) => self.handle_done(now, query, orders, books),
        }
    }

    fn handle_done(
        &mut self,
        now: UnixNanos,
        query: Query,
        orders: &Orders,
        books: (&Portfolio, &[Instrument]),
    ) -> SyncOutcome {
        let asked = self.unverified.iter();
        let asked = asked.filter_map(|&id| orders.find_open(id));
        let asked: Vec<Query> = asked.map(life::query).collect();
        match (self.step, query) {
            (Step::OpenOrders, Query::OpenOrders) => {
                self.step = Step::Orders;
                if self.unverified.is_empty() {
                    return self.ask_fills();
                }
                SyncOutcome::Ask(asked)
            }
            (Step::Online, Query::OpenOrders) => {
                self.unverified.clear();
                SyncOutcome::Ask(asked)
            }
            (Step::Fills, Query::Fills { .. }) => self.ask_stranger(orders),
            (Step::Strangers, Query::VenueOrder { .. }) => {
                self.looked_up += 1;
                self.ask_stranger(orders)
            }
            (Step::Positions, Query::Positions) => {
                self.step = Step::Account;
                SyncOutcome::Ask(alloc::vec![Query::Account])
            }
            (Step::Account, Query::Account) => self.compare(now, books),
            _ => SyncOutcome::Wait,
        }
    }

    /// Takes a fee in kind from what is owned beyond whole lots, each of `lot`; returns how many
    /// lots it takes besides. A rebate gives them.
    pub(crate) fn take_in_kind(&mut self, id: InstrumentId, fee: Money, lot: i128) -> Qty {
        let Some(rest) = self.rests.get_mut(id.index()) else {
            return Qty::ZERO;
        };
        let left = rest.0.saturating_sub(fee.0);
        *rest = Money(left.rem_euclid(lot.max(1)));
        let lots = left.div_euclid(lot.max(1)).saturating_neg();
        Qty(i64::try_from(lots).unwrap_or(i64::MAX))
    }

    /// Whole lots in what fees in kind left over, of ours and of what is foreign, and whether there
    /// is more beyond them: the venue's own fraction of a lot may then make one more.
    fn left_over(&self, index: usize, instruments: &[Instrument]) -> (i64, bool) {
        let foreign = self.foreign_orders.values();
        let foreign = foreign.filter(|order| order.instrument.index() == index);
        let charged = foreign.fold(0i128, |sum, order| sum.saturating_add(order.in_kind.0));
        let rest = self.rests.get(index).map_or(0, |rest| rest.0);
        let left = rest.saturating_sub(charged);
        let lot = instruments.get(index);
        let lot = lot.and_then(|one| one.spec().lot_size.to_atto().ok());
        let lot = lot.unwrap_or(1).max(1);
        let lots = i64::try_from(left.div_euclid(lot)).unwrap_or(0);
        (lots, left.rem_euclid(lot) != 0)
    }

    fn compare(
        &mut self,
        now: UnixNanos,
        (portfolio, instruments): (&Portfolio, &[Instrument]),
    ) -> SyncOutcome {
        let over: Vec<(i64, bool)> = (0..self.theirs.len())
            .map(|index| self.left_over(index, instruments))
            .collect();
        let held = |index: usize| {
            let held = portfolio.position(InstrumentId(index as u32)).qty.0;
            held.saturating_add(over[index].0)
        };
        if !self.settled_once {
            for (index, foreign) in self.foreign.iter_mut().enumerate() {
                foreign.0 = self.theirs[index].0.saturating_sub(held(index));
            }
            self.settled_once = true;
            self.go_online(now);
            return SyncOutcome::Reconciled(self.cash);
        }
        let differs = |&index: &usize| {
            let more = held(index).saturating_add(self.foreign[index].0);
            let more = self.theirs[index].0.saturating_sub(more);
            more != 0 && !(more == 1 && over[index].1)
        };
        let Some(index) = (0..self.theirs.len()).find(differs) else {
            self.go_online(now);
            return SyncOutcome::Reconciled(None);
        };
        self.tries += 1;
        if self.tries < TRIES {
            self.retry_at = now.plus(RETRY_NS);
            return SyncOutcome::Wait;
        }
        self.step = Step::Offline;
        SyncOutcome::Mismatch(SyncEvent::Mismatch {
            instrument: InstrumentId(index as u32),
            ours: Qty(held(index).saturating_add(self.foreign[index].0)),
            theirs: self.theirs[index],
        })
    }

    fn go_online(&mut self, now: UnixNanos) {
        self.step = Step::Online;
        self.restarted = false;
        self.known_at = now;
        self.audit_at = now.plus(AUDIT_NS);
    }

    /// What is remembered between sessions.
    pub(crate) fn image(&self) -> SyncImage {
        let orders = self.foreign_orders.iter();
        SyncImage {
            settled_once: self.settled_once,
            foreign: self.foreign.clone(),
            rests: self.rests.clone(),
            foreign_orders: orders.map(|(id, order)| (*id, *order)).collect(),
        }
    }

    /// Takes over what an earlier session remembered.
    pub(crate) fn restore(&mut self, image: &SyncImage) {
        self.settled_once = image.settled_once;
        self.foreign.clone_from(&image.foreign);
        self.rests.clone_from(&image.rests);
        self.foreign_orders = image.foreign_orders.iter().copied().collect();
    }

    /// What the venue holds beyond ours, by instrument.
    pub(crate) fn foreign(&self) -> impl Iterator<Item = (InstrumentId, Qty)> + '_ {
        self.foreign
            .iter()
            .enumerate()
            .filter(|(_, qty)| qty.0 != 0)
            .map(|(index, &qty)| (InstrumentId(index as u32), qty))
    }
}
