//! The books of a run as bytes: what the next session starts from.
//!
//! Orders, parent orders, booked executions, cash, positions, what is foreign at the venue, the
//! breakers and the next order id. What is not in it: markets, bars, timers, targets and the
//! strategy; these start anew with the next session.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use py_rt_types::{InstrumentId, Money, Qty, UnixNanos, VenueOrderId};

use super::{Kernel, Own};
use crate::event::{Cause, TradingState};
use crate::execution::{ForeignOrder, Held, Order};
use crate::journal::bytes::{wire_struct, Malformed, Reader, Wire};
use crate::portfolio::{Pocket, Position};
use crate::risk::{DayImage, Risk};
use crate::signal::Strategy;

/// The number of this format.
const FORMAT: u16 = 7;
/// Closed orders that are carried over, for late reports.
const CLOSED_KEPT: usize = 2_048;

/// Executions of one order that were booked ahead of a gap: its sequence, and from and to.
type Early = (u64, Vec<(i64, i64)>);

/// The books of a run at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    next_sequence: u64,
    last_fill: UnixNanos,
    cash: Money,
    fees: Money,
    positions: Vec<Position>,
    open: Vec<Order>,
    closed: Vec<Order>,
    early: Vec<Early>,
    former: Vec<(VenueOrderId, u64)>,
    sync: SyncImage,
    breaker: BreakerImage,
    own: Vec<OwnImage>,
    /// What holds until a person resumes, and why.
    latch: Option<(TradingState, Cause)>,
    /// What the day brought, where guards count it.
    today: Option<DayImage>,
    parents: Vec<Held>,
    /// Cash by currency; empty where there is one.
    pockets: Vec<Pocket>,
}

/// Books and breakers of one of several strategies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwnImage {
    cash: Money,
    fees: Money,
    positions: Vec<Position>,
    breaker: BreakerImage,
    latch: Option<(TradingState, Cause)>,
    today: Option<DayImage>,
    pockets: Vec<Pocket>,
}

/// What reconciliation remembers between sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SyncImage {
    pub(crate) settled_once: bool,
    pub(crate) foreign: Vec<Qty>,
    pub(crate) rests: Vec<Money>,
    pub(crate) foreign_orders: Vec<(VenueOrderId, ForeignOrder)>,
}

/// What the breakers remember between sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BreakerImage {
    pub(crate) day: i64,
    pub(crate) day_start: Money,
    pub(crate) peak: Money,
    pub(crate) state: TradingState,
}

wire_struct!(SyncImage {
    settled_once,
    foreign,
    rests,
    foreign_orders
});
wire_struct!(ForeignOrder {
    instrument,
    cum_qty,
    counted,
    in_kind
});
wire_struct!(BreakerImage {
    day,
    day_start,
    peak,
    state
});
wire_struct!(OwnImage {
    cash,
    fees,
    positions,
    breaker,
    latch,
    today,
    pockets
});
wire_struct!(Snapshot {
    next_sequence,
    last_fill,
    cash,
    fees,
    positions,
    open,
    closed,
    early,
    former,
    sync,
    breaker,
    own,
    latch,
    today,
    parents,
    pockets
});

impl Snapshot {
    /// The books as bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        FORMAT.put(&mut out);
        self.put(&mut out);
        out
    }

    /// The books from bytes.
    ///
    /// # Errors
    /// [`Malformed`] naming the member that is missing, wrong or too much.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let unknown = reader.malformed("format");
        if u16::read(&mut reader, "format")? != FORMAT {
            return Err(unknown);
        }
        let snapshot = Self::read(&mut reader, "snapshot")?;
        reader.finish()?;
        Ok(snapshot)
    }

    /// The first order id that was never given.
    #[must_use]
    pub const fn next_sequence(&self) -> u64 {
        self.next_sequence
    }

    /// Orders that were open, by rising id.
    #[must_use]
    pub fn open(&self) -> &[Order] {
        &self.open
    }

    /// Whether anything of the instrument is held, known as foreign or on order.
    #[must_use]
    pub fn concerns(&self, instrument: InstrumentId) -> bool {
        let place = instrument.index();
        self.positions
            .get(place)
            .is_some_and(|held| held.qty.0 != 0)
            || self.open.iter().any(|order| order.instrument == instrument)
            || self.parents.iter().any(|held| held.concerns(instrument))
    }

    /// The same books for another list of `count` instruments: `places[i]` says where instrument
    /// `i` stands now. What has no place is left out; ask [`Snapshot::concerns`] before.
    #[must_use]
    pub fn rearranged(&self, places: &[Option<InstrumentId>], count: usize) -> Self {
        let place = |id: InstrumentId| places.get(id.index()).copied().flatten();
        let moved = |orders: &[Order]| -> Vec<Order> {
            orders
                .iter()
                .filter_map(|order| {
                    let instrument = place(order.instrument)?;
                    Some(Order {
                        instrument,
                        ..*order
                    })
                })
                .collect()
        };
        let own = self.own.iter().map(|own| OwnImage {
            positions: shifted(&own.positions, places, count),
            today: own
                .today
                .as_ref()
                .map(|today| moved_day(today, places, count)),
            ..own.clone()
        });
        let foreign = shifted(&self.sync.foreign, places, count);
        let rests = shifted(&self.sync.rests, places, count);
        let foreign_orders = self.sync.foreign_orders.iter();
        let foreign_orders = foreign_orders.filter_map(|&(id, order)| {
            let instrument = place(order.instrument)?;
            Some((
                id,
                ForeignOrder {
                    instrument,
                    ..order
                },
            ))
        });
        let today = self
            .today
            .as_ref()
            .map(|today| moved_day(today, places, count));
        let parents = self.parents.iter().filter_map(|held| {
            let mut held = held.clone();
            held.parent.instrument = place(held.parent.instrument)?;
            for leg in &mut held.legs {
                leg.instrument = place(leg.instrument)?;
            }
            Some(held)
        });
        Self {
            parents: parents.collect(),
            positions: shifted(&self.positions, places, count),
            own: own.collect(),
            today,
            open: moved(&self.open),
            closed: moved(&self.closed),
            sync: SyncImage {
                settled_once: self.sync.settled_once,
                foreign,
                rests,
                foreign_orders: foreign_orders.collect(),
            },
            ..self.clone()
        }
    }
}

/// What stands by instrument, at the places of another list of instruments.
fn shifted<T: Copy + Default>(held: &[T], places: &[Option<InstrumentId>], count: usize) -> Vec<T> {
    let mut moved = alloc::vec![T::default(); count];
    for (from, target) in held.iter().zip(places) {
        let target = target.map(InstrumentId::index);
        if let Some(to) = target.and_then(|target| moved.get_mut(target)) {
            *to = *from;
        }
    }
    moved
}

fn today(risk: &Risk) -> Option<DayImage> {
    risk.guard.as_ref().map(|guard| guard.image().clone())
}

fn moved_day(today: &DayImage, places: &[Option<InstrumentId>], count: usize) -> DayImage {
    let mut lots = alloc::vec![0; count];
    for (from, target) in today.lots.iter().zip(places) {
        let target = target.map(InstrumentId::index);
        if let Some(to) = target.and_then(|target| lots.get_mut(target)) {
            *to = *from;
        }
    }
    DayImage {
        lots,
        ..today.clone()
    }
}

impl OwnImage {
    fn of(own: &Own) -> Self {
        Self {
            cash: own.portfolio.cash(),
            fees: own.portfolio.fees(),
            positions: own.portfolio.positions().to_vec(),
            breaker: own.risk.breaker.image(),
            latch: own.risk.latch,
            today: today(&own.risk),
            pockets: own.portfolio.pockets().to_vec(),
        }
    }
}

impl<S> Kernel<S> {
    /// The books as they stand.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let orders = &self.execution.orders;
        let closed: Vec<Order> = orders.closed().copied().collect();
        let kept = closed.len().saturating_sub(CLOSED_KEPT);
        let early = orders.early().iter();
        let executed = closed.iter().take(kept).filter(|order| order.cum_qty.0 > 0);
        let executed = executed.map(|o| (o.venue_order_id, o.client_order_id.sequence));
        Snapshot {
            next_sequence: self.intents.next_sequence(),
            last_fill: self.last_fill,
            cash: self.books.account.cash(),
            fees: self.books.account.fees(),
            positions: self.books.account.positions().to_vec(),
            open: orders.open().to_vec(),
            closed: closed.get(kept..).unwrap_or_default().to_vec(),
            early: early.map(|(id, parts)| (*id, parts.clone())).collect(),
            former: executed.chain(orders.former()).collect(),
            sync: self.sync.image(),
            breaker: self.risk.breaker.image(),
            own: self.books.own.iter().map(OwnImage::of).collect(),
            latch: self.risk.latch,
            today: today(&self.risk),
            parents: self.execution.parents.held().clone(),
            pockets: self.books.account.pockets().to_vec(),
        }
    }
}

impl<S: Strategy> Kernel<S> {
    /// Takes over the books of an earlier session. Only for a kernel that has seen nothing.
    ///
    /// A breaker that had tripped is tripped again.
    ///
    /// # Errors
    /// [`Malformed`] when the books hold other instruments than the run, or do not add up.
    pub fn restore(&mut self, snapshot: &Snapshot) -> Result<(), Malformed> {
        let wrong = |field| Malformed { offset: 0, field };
        self.check_shape(snapshot)?;
        for (own, image) in self.books.own.iter_mut().zip(&snapshot.own) {
            own.portfolio
                .restore(image.cash, image.fees, &image.positions, &image.pockets)
                .map_err(|_| wrong("value"))?;
            own.risk.breaker.restore(image.breaker);
            own.risk.restore(image.latch, image.today.as_ref());
            own.risk.state = own.risk.state.max(image.breaker.state);
        }
        self.books
            .account
            .restore(
                snapshot.cash,
                snapshot.fees,
                &snapshot.positions,
                &snapshot.pockets,
            )
            .map_err(|_| wrong("value"))?;
        self.continue_exchange();
        let early: BTreeMap<u64, Vec<(i64, i64)>> = snapshot.early.iter().cloned().collect();
        self.execution
            .restore_orders(&snapshot.open, &snapshot.closed, early, &snapshot.former);
        let execution = &mut self.execution;
        let parents = snapshot.parents.clone();
        execution.parents.restore(parents, &mut execution.orders);
        self.refresh_watch();
        self.intents.skip_to(snapshot.next_sequence);
        self.sync.restore(&snapshot.sync);
        self.last_fill = snapshot.last_fill;
        self.risk.breaker.restore(snapshot.breaker);
        self.risk.restore(None, snapshot.today.as_ref());
        let breaker = match snapshot.breaker.state {
            TradingState::Active => None,
            TradingState::ReduceOnly => Some((TradingState::ReduceOnly, Cause::DailyLoss)),
            TradingState::Halted => Some((TradingState::Halted, Cause::Drawdown)),
        };
        for (state, cause) in snapshot.latch.into_iter().chain(breaker) {
            self.restrict(state, cause);
        }
        Ok(())
    }
    /// Refuses books of other instruments, strategies or currencies.
    fn check_shape(&self, snapshot: &Snapshot) -> Result<(), Malformed> {
        let wrong = |field| Malformed { offset: 0, field };
        let count = self.instruments.len();
        let sync = &snapshot.sync;
        let whole = sync.foreign.len() == count && sync.rests.len() == count;
        if snapshot.positions.len() != count || !whole {
            return Err(wrong("positions"));
        }
        let mut orders = snapshot.open.iter().chain(&snapshot.closed);
        if orders.any(|order| order.instrument.index() >= count) {
            return Err(wrong("instrument"));
        }
        let mut orders = snapshot.open.iter().chain(&snapshot.closed);
        let several = self.books.own.len();
        if snapshot.own.len() != several
            || orders.any(|order| usize::from(order.strategy.0) > several)
        {
            return Err(wrong("strategies"));
        }
        let pockets = self.books.account.pockets().len();
        if snapshot.pockets.len() != pockets {
            return Err(wrong("pockets"));
        }
        for image in &snapshot.own {
            if image.positions.len() != count || image.pockets.len() != pockets {
                return Err(wrong("positions"));
            }
        }
        if snapshot.parents.iter().any(|held| {
            let legs = held.legs.iter().map(|leg| leg.instrument);
            legs.chain([held.parent.instrument])
                .any(|id| id.index() >= count)
        }) {
            return Err(wrong("parents"));
        }
        Ok(())
    }
}
