//! The guards that are set: what they remember, and their checks in the order in which they are
//! asked. A limit over positions holds whichever of the open orders are executed.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use py_rt_types::{
    Decimal, Instrument, InstrumentId, Money, NewOrder, OrderType, Price, Qty, Side, TimeInForce,
    UnixNanos,
};

use super::checks::{denial, fits, require, whole, within_money, Ask, Desk, BPS, E9};
use super::sums::{Lots, Sums};
use super::window::{Extremes, Window};
use super::{Control, Guards, Notes, Pace};
use crate::event::Denial;
use crate::input::Phase;

/// Instrument, side, quantity and price of a new order.
type Terms = (u32, bool, i64, Option<i64>);
/// Kinds of equal orders that are remembered before those that are over are looked for.
const TERMS_KEPT: usize = 256;

/// What a day (UTC) brought, kept between sessions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct DayImage {
    pub(crate) day: i64,
    pub(crate) notional: Money,
    pub(crate) lots: Vec<i64>,
}

/// What is remembered of one instrument.
#[derive(Debug, Clone, Default)]
struct Seen {
    orders: Window,
    executions: Window,
    references: Extremes,
}

/// The guards of one account or strategy.
#[derive(Debug, Clone)]
pub(crate) struct Guard {
    guards: Guards,
    lots: Vec<Lots>,
    sums: Sums,
    equal: BTreeMap<Terms, Window>,
    seen: Vec<Seen>,
    cancels: Window,
    today: DayImage,
}

impl Guard {
    pub(super) fn new(guards: &Guards, instruments: &[Instrument]) -> Self {
        let lots = |one: &Instrument| {
            let named = guards.instruments.iter();
            let limit = named.rev().find(|limit| limit.symbol == one.symbol());
            limit.map_or_else(Lots::default, |limit| Lots::new(limit, one))
        };
        Self {
            lots: instruments.iter().map(lots).collect(),
            sums: Sums::new(guards, instruments),
            equal: BTreeMap::new(),
            seen: alloc::vec![Seen::default(); instruments.len()],
            cancels: Window::default(),
            today: DayImage {
                lots: alloc::vec![0; instruments.len()],
                ..DayImage::default()
            },
            guards: guards.clone(),
        }
    }

    pub(crate) const fn image(&self) -> &DayImage {
        &self.today
    }

    pub(crate) fn restore(&mut self, image: &DayImage) {
        if image.lots.len() == self.today.lots.len() {
            self.today = image.clone();
        }
    }

    /// Remembers an order or other terms that left.
    pub(crate) fn record_order(
        &mut self,
        now: UnixNanos,
        id: InstrumentId,
        mark: Option<i64>,
        new: Option<&NewOrder>,
    ) {
        if let (Some(pace), Some(order)) = (self.guards.duplicates, new) {
            if self.equal.len() >= TERMS_KEPT {
                self.equal.retain(|_, window| !window.is_over(pace, now));
            }
            self.equal
                .entry(terms(order))
                .or_default()
                .record(pace, now);
        }
        let Some(seen) = self.seen.get_mut(id.index()) else {
            return;
        };
        if let Some(pace) = self.guards.instrument_orders {
            seen.orders.record(pace, now);
        }
        if let (Some(pace), Some(mark)) = (self.guards.price_move_bps, mark) {
            seen.references.record(pace.window_ns, now, mark);
        }
    }

    /// Remembers a cancel that was asked for.
    pub(crate) fn record_cancel(&mut self, now: UnixNanos) {
        if let Some(pace) = self.guards.cancels {
            self.cancels.record(pace, now);
        }
    }

    /// Counts an execution; true when it is one order too many that was executed.
    pub(crate) fn record_fill(
        &mut self,
        now: UnixNanos,
        id: InstrumentId,
        (notional, qty): (Money, Qty),
        first: bool,
    ) -> bool {
        self.begin_day(now);
        let total = self
            .today
            .notional
            .0
            .saturating_add(notional.0.saturating_abs());
        self.today.notional = Money(total);
        if let Some(lots) = self.today.lots.get_mut(id.index()) {
            *lots = lots.saturating_add(qty.0.saturating_abs());
        }
        let (Some(pace), Some(seen)) = (self.guards.executions, self.seen.get_mut(id.index()))
        else {
            return false;
        };
        if !first {
            return false;
        }
        let crossed = !seen.executions.admits(pace, now);
        seen.executions.record(pace, now);
        crossed
    }

    /// Lets every count of executions begin anew, as a person does who resumes trading.
    pub(crate) fn resume(&mut self) {
        for seen in &mut self.seen {
            seen.executions = Window::default();
        }
    }

    fn begin_day(&mut self, now: UnixNanos) {
        if now.day() != self.today.day {
            self.today.day = now.day();
            self.today.notional = Money::ZERO;
            self.today.lots.fill(0);
        }
    }

    /// What was executed on the day of `now`: its value, and the lots of one instrument.
    fn executed(&self, now: UnixNanos, id: InstrumentId) -> (Money, i64) {
        if now.day() != self.today.day {
            return (Money::ZERO, 0);
        }
        let lots = self.today.lots.get(id.index()).copied().unwrap_or(0);
        (self.today.notional, lots)
    }

    /// All guards, in order.
    pub(super) fn check<N: Notes>(
        &self,
        desk: &Desk<'_>,
        ask: &Ask<'_>,
        notes: &mut N,
    ) -> Result<(), Denial> {
        self.check_phase(desk, ask, notes)?;
        self.check_paces(desk, ask, notes)?;
        self.check_prices(desk, ask, notes)?;
        if self.guards.no_self_trade {
            check_self_trade(desk, ask, notes)?;
        }
        if let Some(lots) = self.lots.get(ask.id.index()) {
            let (_, executed) = self.executed(desk.now, ask.id);
            lots.check(desk, ask, executed, notes)?;
        }
        let (executed, _) = self.executed(desk.now, ask.id);
        self.sums.check(desk, ask, executed, notes)
    }

    fn check_phase<N: Notes>(
        &self,
        desk: &Desk<'_>,
        ask: &Ask<'_>,
        notes: &mut N,
    ) -> Result<(), Denial> {
        if !self.guards.phases {
            return Ok(());
        }
        let phase = desk.phases.get(ask.id.index()).copied();
        let holds = match phase.unwrap_or_default() {
            Phase::Open => true,
            Phase::Auction => ask.price.is_some() && !ask.is_immediate,
            Phase::Halted | Phase::Closed => false,
        };
        let phase = phase.unwrap_or_default() as i64;
        require(notes, holds, Control::MarketPhase, 0, phase)
    }

    fn check_paces<N: Notes>(
        &self,
        desk: &Desk<'_>,
        ask: &Ask<'_>,
        notes: &mut N,
    ) -> Result<(), Denial> {
        let mut admit = |control, pace: Option<Pace>, window: Option<&Window>| {
            let Some(pace) = pace else {
                return Ok(());
            };
            let seen = window.map_or(0, |window| window.count(pace, desk.now)) as i64;
            let most = i64::from(pace.most);
            require(notes, seen < most, control, most, seen + 1)
        };
        if let Some(order) = ask.new {
            let equal = self.equal.get(&terms(order));
            admit(Control::MaxDuplicates, self.guards.duplicates, equal)?;
        }
        let seen = self.seen.get(ask.id.index());
        let orders = seen.map(|seen| &seen.orders);
        admit(
            Control::MaxInstrumentOrders,
            self.guards.instrument_orders,
            orders,
        )?;
        admit(
            Control::MaxCancels,
            self.guards.cancels,
            Some(&self.cancels),
        )
    }

    fn check_prices<N: Notes>(
        &self,
        desk: &Desk<'_>,
        ask: &Ask<'_>,
        notes: &mut N,
    ) -> Result<(), Denial> {
        let market = desk.market.instrument(ask.id);
        let mark = market.and_then(|market| market.mark());
        if let (Some(pace), Some((mark, _))) = (self.guards.price_move_bps, mark) {
            let asked = ask.price.map_or(i128::from(mark), |p| i128::from(p.0) * 2);
            let range = self.seen.get(ask.id.index());
            let range = range.and_then(|seen| seen.references.range(pace.window_ns, desk.now));
            let (low, high) = range.unwrap_or((mark, mark));
            for reference in [low, high].map(i128::from) {
                let away = (asked - reference).abs() * BPS;
                let bps = away / reference.abs().max(1);
                let limit = i128::from(pace.most);
                let found = || denial(Control::MaxPriceMove, whole(limit), whole(bps));
                let holds = away <= limit * reference.abs();
                notes.note(holds, found);
                if !holds {
                    return Err(found());
                }
            }
        }
        match (self.guards.market_slippage_bps, ask.price, mark) {
            (Some(bps), None, Some((mark, _))) => check_depth(desk, ask, (mark, bps), notes),
            _ => Ok(()),
        }
    }
}

fn terms(order: &NewOrder) -> Terms {
    let price = order.limit_price.or(order.stop_price);
    (
        order.instrument.0,
        order.side == Side::Buy,
        order.order_qty.0,
        price.map(|price| price.0),
    )
}

/// A market order finds its whole quantity in the visible book, no farther from the reference than
/// allowed. Where one level a side is all that is known, that level must be near enough; where
/// there is no book, the reference itself is what is known.
fn check_depth<N: Notes>(
    desk: &Desk<'_>,
    ask: &Ask<'_>,
    (mark, bps): (i64, u32),
    notes: &mut N,
) -> Result<(), Denial> {
    let Some(market) = desk.market.instrument(ask.id) else {
        return Ok(());
    };
    let Some(book) = market.book() else {
        return Ok(());
    };
    let (mut within, mut levels) = (0i64, 0u32);
    let farthest = i128::from(bps) * i128::from(mark).abs();
    book.visit(ask.side.opposite(), |level| {
        let away = (i128::from(level.price.0) * 2 - i128::from(mark)).abs() * BPS;
        levels += 1;
        if away <= farthest {
            within = within.saturating_add(level.qty.0);
        }
        (away <= farthest && within < ask.leaves) || levels < 2
    });
    let enough = within >= ask.leaves || (levels == 1 && within > 0);
    let holds = market.valid() && enough;
    require(notes, holds, Control::MarketDepth, within, ask.leaves)
}

/// An order may not meet one of our own that rests, at its present terms or those on their way. A
/// stop is not looked at: it rests nowhere until it is triggered.
fn check_self_trade<N: Notes>(desk: &Desk<'_>, ask: &Ask<'_>, notes: &mut N) -> Result<(), Denial> {
    let meets = |price: Option<Price>| match (price, ask.limit) {
        (Some(rests), Some(asked)) if ask.side == Side::Buy => rests <= asked,
        (Some(rests), Some(asked)) => rests >= asked,
        (Some(_), None) => true,
        (None, _) => false,
    };
    if ask.is_stop {
        return Ok(());
    }
    let own = desk.open.iter().filter(|order| {
        order.instrument == ask.id
            && order.side != ask.side
            && order.order_type == OrderType::Limit
            && order.stop_price.is_none()
    });
    for order in own {
        let pending = order
            .pending_replace
            .and_then(|pending| pending.limit_price);
        if meets(order.limit_price) || meets(pending) {
            let value = order.client_order_id.sequence as i64;
            return require(notes, false, Control::SelfTrade, 0, value);
        }
    }
    require(notes, true, Control::SelfTrade, 0, 0)
}

impl Ask<'_> {
    /// Quantity that the order adds to what is on its way.
    pub(super) fn added(&self) -> i64 {
        self.leaves.saturating_sub(self.counted).max(0)
    }
}

/// Units as lots, rounded down.
pub(super) fn lots_of(units: Decimal, instrument: &Instrument) -> i64 {
    let lot = instrument.spec().lot_size.to_atto();
    match (units.to_atto(), lot) {
        (Ok(units), Ok(lot)) if lot > 0 => i64::try_from(units / lot).unwrap_or(i64::MAX),
        _ => i64::MAX,
    }
}

/// Whether a time in force says now or never.
pub(super) const fn is_immediate(tif: TimeInForce) -> bool {
    matches!(tif, TimeInForce::Ioc | TimeInForce::Fok)
}

/// A part of equity, in parts of 1e-9.
pub(super) fn part_of_equity(desk: &Desk<'_>, part_e9: i64) -> Money {
    let equity = desk.portfolio.equity().0.max(0);
    Money((equity / E9).saturating_mul(i128::from(part_e9)))
}

/// A money limit that may be unset.
pub(super) fn within<N: Notes>(
    notes: &mut N,
    limit: Option<Money>,
    control: Control,
    value: impl FnOnce() -> Result<Money, Denial>,
) -> Result<(), Denial> {
    let Some(limit) = limit else {
        return Ok(());
    };
    let value = value()?;
    within_money(notes, value <= limit, control, limit, value)
}

/// The value of an order at its price, or at the mark where it has none.
pub(super) fn order_value(desk: &Desk<'_>, ask: &Ask<'_>) -> Result<Money, Denial> {
    let mark = desk.market.instrument(ask.id).and_then(|m| m.mark());
    let value = match (ask.price, mark) {
        (Some(price), _) => ask.instrument.notional(price, Qty(ask.leaves)),
        (None, Some((mark, _))) => ask.instrument.value_at_mid(mark, Qty(ask.leaves)),
        (None, None) => return Err(denial(Control::ReferencePrice, whole(0), whole(-1))),
    };
    desk.in_base(ask.id, fits(value)?.abs())
}
