//! All orders of a run: the open ones, the last closed ones, and which executions are booked.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;
use py_rt_types::{
    ClientOrderId, InstrumentId, Qty, Report, ReportKind, Side, UnixNanos, VenueOrderId,
};

use super::{life, Order};
use crate::signal::StrategyId;

/// Closed orders that are remembered, for late reports.
const CLOSED_KEPT: usize = 8_192;
/// Former venue ids that are remembered; the oldest goes first.
const FORMER_KEPT: usize = 65_536;

/// Quantity on its way for one instrument, by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Exposure {
    /// Sum of what open buy orders may still execute.
    pub buy: i64,
    /// Sum of what open sell orders may still execute.
    pub sell: i64,
}

impl Exposure {
    fn shift(&mut self, side: Side, by: i64) {
        let sum = if side == Side::Buy {
            &mut self.buy
        } else {
            &mut self.sell
        };
        *sum = sum.saturating_add(by);
    }
}

/// Whose exposure an order is, and on which side.
#[derive(Clone, Copy)]
struct Line {
    instrument: InstrumentId,
    side: Side,
    strategy: StrategyId,
}

impl Line {
    #[inline]
    const fn of(order: &Order) -> Self {
        Self {
            instrument: order.instrument,
            side: order.side,
            strategy: order.strategy,
        }
    }
}

/// The order table. Few are open at a time, so it is an array by rising id.
#[derive(Debug, Clone, Default)]
pub struct Orders {
    open: Vec<Order>,
    closed: VecDeque<Order>,
    early: BTreeMap<u64, Vec<(i64, i64)>>,
    /// By instrument: a row for the account, then one for each of several strategies.
    exposures: Vec<Exposure>,
    instruments: usize,
    /// Venue ids that executions may still name, with their orders, oldest first: of orders before
    /// they were replaced, and of executed orders that are no longer remembered.
    former: VecDeque<(VenueOrderId, u64)>,
}

impl Orders {
    pub(crate) fn new(instruments: usize, strategies: usize) -> Self {
        Self {
            open: Vec::with_capacity(64),
            closed: VecDeque::new(),
            early: BTreeMap::new(),
            exposures: alloc::vec![Exposure::default(); instruments * (strategies + 1)],
            instruments,
            former: VecDeque::new(),
        }
    }

    /// Quantity of a strategy on its way, for every instrument.
    #[inline]
    pub(crate) fn exposures(&self, strategy: StrategyId) -> &[Exposure] {
        if strategy == StrategyId::ACCOUNT {
            return self.exposures.get(..self.instruments).unwrap_or_default();
        }
        let first = usize::from(strategy.0) * self.instruments;
        let row = first..first + self.instruments;
        self.exposures.get(row).unwrap_or_default()
    }

    /// Quantity of a strategy on its way for one instrument.
    #[inline]
    pub(crate) fn exposure_of(&self, strategy: StrategyId, instrument: InstrumentId) -> Exposure {
        let place = usize::from(strategy.0) * self.instruments + instrument.index();
        self.exposures.get(place).copied().unwrap_or_default()
    }

    /// How many orders of a strategy are open; of all for the account.
    pub(crate) fn count_open(&self, strategy: StrategyId) -> usize {
        match strategy {
            StrategyId::ACCOUNT => self.open.len(),
            own => self.open.iter().filter(|o| o.strategy == own).count(),
        }
    }

    /// Quantity on its way for one instrument.
    #[must_use]
    pub fn exposure(&self, instrument: InstrumentId) -> Exposure {
        self.exposures
            .get(instrument.index())
            .copied()
            .unwrap_or_default()
    }

    #[inline]
    fn shift(&mut self, line: Line, by: i64) {
        if by == 0 {
            return;
        }
        let place = line.instrument.index();
        if let Some(exposure) = self.exposures.get_mut(place) {
            exposure.shift(line.side, by);
        }
        if line.strategy != StrategyId::ACCOUNT {
            self.shift_own(line, by);
        }
    }

    /// Counts what a stop that the kernel holds would send, as if it were on its way.
    pub(crate) fn count_held(
        &mut self,
        instrument: InstrumentId,
        side: Side,
        strategy: StrategyId,
        by: i64,
    ) {
        let line = Line {
            instrument,
            side,
            strategy,
        };
        self.shift(line, by);
    }

    #[cold]
    #[inline(never)]
    fn shift_own(&mut self, line: Line, by: i64) {
        let first = usize::from(line.strategy.0) * self.instruments;
        if let Some(exposure) = self.exposures.get_mut(first + line.instrument.index()) {
            exposure.shift(line.side, by);
        }
    }

    /// Orders that the venue works or may work, by rising id; among them those that ended here and
    /// returned ([`Order::returned`]).
    #[inline]
    #[must_use]
    pub fn open(&self) -> &[Order] {
        &self.open
    }

    /// The last closed orders, oldest first.
    pub fn closed(&self) -> impl Iterator<Item = &Order> {
        self.closed.iter()
    }

    /// An open order by id, whatever its revision.
    #[inline]
    #[must_use]
    pub fn find_open(&self, id: ClientOrderId) -> Option<&Order> {
        self.place(id.sequence).map(|place| &self.open[place])
    }

    /// An open or remembered order by id.
    #[must_use]
    pub fn find(&self, id: ClientOrderId) -> Option<&Order> {
        self.find_open(id).or_else(|| {
            self.closed
                .iter()
                .rev()
                .find(|order| order.client_order_id.sequence == id.sequence)
        })
    }

    /// Executions booked ahead of a gap, by sequence.
    pub(crate) const fn early(&self) -> &BTreeMap<u64, Vec<(i64, i64)>> {
        &self.early
    }

    /// Takes over the table of an earlier session.
    pub(crate) fn restore(
        &mut self,
        open: &[Order],
        closed: &[Order],
        early: BTreeMap<u64, Vec<(i64, i64)>>,
        former: &[(VenueOrderId, u64)],
    ) {
        for &(venue_order_id, sequence) in former {
            self.remember_former(venue_order_id, ClientOrderId::new(sequence));
        }
        for order in closed {
            self.shift(Line::of(order), order.leaves_qty().0);
            self.insert_closed(*order);
        }
        open.iter().for_each(|order| self.insert(*order));
        self.early = early;
    }

    /// The id of an order of ours that the venue names by its own id only.
    #[must_use]
    pub fn id_at_venue(&self, venue_order_id: VenueOrderId) -> Option<ClientOrderId> {
        if venue_order_id.0 == 0 {
            return None;
        }
        let known = |order: &&Order| order.venue_order_id == venue_order_id;
        let order = self
            .open
            .iter()
            .find(known)
            .or_else(|| self.closed.iter().rev().find(known));
        let known = |former: &&(VenueOrderId, u64)| former.0 == venue_order_id;
        let former = || self.former.iter().rev().find(known).map(|former| former.1);
        order
            .map(|order| order.client_order_id)
            .or_else(|| former().map(ClientOrderId::new))
    }

    /// Remembers the venue id that an order had before it was replaced.
    pub(crate) fn remember_former(&mut self, venue_order_id: VenueOrderId, id: ClientOrderId) {
        if self.former.len() == FORMER_KEPT {
            self.former.pop_front();
        }
        self.former.push_back((venue_order_id, id.sequence));
    }

    /// Remembers a venue id that a report gives to an order of ours as it was before a replace.
    pub(crate) fn note_former(&mut self, report: &Report) {
        let (id, venue_order_id) = (report.client_order_id, report.venue_order_id);
        let older = |order: &Order| id.revision < order.client_order_id.revision;
        let unknown = venue_order_id.0 != 0 && self.id_at_venue(venue_order_id).is_none();
        if unknown && self.find(id).is_some_and(older) {
            self.remember_former(venue_order_id, id);
        }
    }

    /// Former venue ids with the sequences of their orders, oldest first.
    pub(crate) fn former(&self) -> impl Iterator<Item = (VenueOrderId, u64)> + '_ {
        self.former.iter().copied()
    }

    /// What is missing to a wanted position, beside what is held and on its way. A stop that waits
    /// at the venue is not on its way.
    #[inline]
    pub(crate) fn missing(
        &self,
        strategy: StrategyId,
        instrument: InstrumentId,
        held: Qty,
        wanted: Qty,
    ) -> i64 {
        let exposure = self.exposure_of(strategy, instrument);
        let missing = wanted.0 - held.0 - exposure.buy + exposure.sell;
        if (exposure.buy | exposure.sell) == 0 {
            return missing;
        }
        missing + self.waiting(strategy, instrument)
    }

    /// What stops may buy, less what they may sell.
    fn waiting(&self, strategy: StrategyId, instrument: InstrumentId) -> i64 {
        let waits = |order: &&Order| {
            order.stop_price.is_some()
                && order.instrument == instrument
                && order.strategy == strategy
        };
        let stops = self.open.iter().filter(waits);
        stops.map(Order::signed_leaves).sum()
    }

    #[inline]
    fn place(&self, sequence: u64) -> Option<usize> {
        self.open
            .binary_search_by_key(&sequence, |order| order.client_order_id.sequence)
            .ok()
    }

    pub(crate) fn insert(&mut self, order: Order) {
        self.shift(Line::of(&order), order.leaves_qty().0);
        let sequence = order.client_order_id.sequence;
        let before = |o: &Order| o.client_order_id.sequence < sequence;
        if self.open.last().is_none_or(before) {
            return self.open.push(order);
        }
        let place = self.open.partition_point(before);
        self.open.insert(place, order);
    }

    /// Records an order that is not open. What it executed and did not book yet stays exposure.
    pub(crate) fn insert_closed(&mut self, order: Order) {
        if self.closed.len() == CLOSED_KEPT {
            if let Some(gone) = self.closed.pop_front() {
                self.shift(Line::of(&gone), -gone.leaves_qty().0);
                if !self.early.is_empty() {
                    self.early.remove(&gone.client_order_id.sequence);
                }
                if gone.cum_qty.0 > 0 {
                    self.remember_former(gone.venue_order_id, gone.client_order_id);
                }
            }
        }
        self.closed.push_back(order);
    }

    /// Moves an open order by a report on one of the plain ways of [`life::apply_plain`]. Returns
    /// the quantity that is newly executed, or `None` when nothing was done.
    #[inline]
    pub(crate) fn apply_plain(&mut self, now: UnixNanos, report: &Report) -> Option<Qty> {
        let place = self.place(report.client_order_id.sequence)?;
        let order = self.open.get_mut(place)?;
        let fresh_qty = match report.kind {
            ReportKind::Fill {
                last_qty, cum_qty, ..
            } if (last_qty.0 > 0) & self.early.is_empty() => {
                let follows = cum_qty.0.checked_sub(last_qty.0)? == order.cum_qty.0;
                follows.then_some(last_qty)?
            }
            ReportKind::Fill { .. } => return None,
            _ => Qty::ZERO,
        };
        let line = Line::of(order);
        if (line.instrument != report.instrument) | (line.side != report.side) {
            return None;
        }
        let before = order.leaves_qty().0;
        if !life::apply_plain(order, now, report, fresh_qty) {
            return None;
        }
        let (by, ended) = (order.leaves_qty().0 - before, order.is_terminal());
        self.shift(line, by);
        if ended {
            let order = self.open.remove(place);
            self.insert_closed(order);
        }
        Some(fresh_qty)
    }

    /// Changes an order, open or remembered; closes or reopens it as its state then says.
    pub(crate) fn update<R>(
        &mut self,
        id: ClientOrderId,
        change: impl FnOnce(&mut Order) -> R,
    ) -> Option<R> {
        if let Some(place) = self.place(id.sequence) {
            let order = &mut self.open[place];
            let before = order.leaves_qty().0;
            let result = change(order);
            let (by, closed) = (order.leaves_qty().0 - before, order.is_closed());
            let line = Line::of(order);
            self.shift(line, by);
            if closed {
                let order = self.open.remove(place);
                self.insert_closed(order);
            }
            return Some(result);
        }
        let place = self
            .closed
            .iter()
            .rposition(|o| o.client_order_id.sequence == id.sequence)?;
        let before = self.closed[place].leaves_qty().0;
        let result = change(&mut self.closed[place]);
        let order = self.closed[place];
        if order.is_closed() {
            self.shift(Line::of(&order), order.leaves_qty().0 - before);
        } else if let Some(order) = self.closed.remove(place) {
            self.shift(Line::of(&order), -before);
            self.insert(order);
        }
        Some(result)
    }

    /// Books the interval `(cum_qty - last_qty, cum_qty]` of an order's executions.
    ///
    /// The interval is the key of an execution: executions of one order never overlap, so a part
    /// that was booked before is not booked again. Returns the quantity that is new.
    pub(crate) fn book_interval(&mut self, id: ClientOrderId, last_qty: Qty, cum_qty: Qty) -> Qty {
        if last_qty.0 <= 0 {
            return Qty::ZERO;
        }
        let Some(order) = self.find(id) else {
            return last_qty;
        };
        let (from, to) = (cum_qty.0.saturating_sub(last_qty.0), cum_qty.0);
        let parts = self.early.get(&id.sequence).map_or(&[][..], Vec::as_slice);
        if parts.is_empty() && from == order.cum_qty.0 {
            return last_qty;
        }
        let ahead: i64 = parts.iter().map(|(a, b)| b - a).sum();
        let floor = order.cum_qty.0 - ahead;
        let start = from.max(floor);
        let overlap: i64 = parts
            .iter()
            .map(|&(a, b)| (b.min(to) - a.max(start)).max(0))
            .sum();
        let fresh = (to - start - overlap).max(0);
        if fresh > 0 {
            let merged = merge(parts, (start, to), floor);
            if merged.is_empty() {
                self.early.remove(&id.sequence);
            } else {
                self.early.insert(id.sequence, merged);
            }
        }
        Qty(fresh)
    }

    /// The earliest alarm of any open order.
    pub(crate) fn next_alarm(&self) -> UnixNanos {
        self.open
            .iter()
            .map(|order| order.alarm)
            .min()
            .unwrap_or(UnixNanos::MAX)
    }
}

/// Adds an interval to sorted intervals above `floor`, joining what touches; what has become
/// contiguous with `floor` is no longer early and left out.
fn merge(parts: &[(i64, i64)], added: (i64, i64), floor: i64) -> Vec<(i64, i64)> {
    let mut all: Vec<(i64, i64)> = parts.to_vec();
    all.push(added);
    all.sort_unstable();
    let mut joined: Vec<(i64, i64)> = Vec::new();
    for (from, to) in all {
        match joined.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => joined.push((from, to)),
        }
    }
    if joined.first().is_some_and(|first| first.0 <= floor) {
        joined.remove(0);
    }
    joined
}
