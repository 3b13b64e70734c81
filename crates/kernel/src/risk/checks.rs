//! The checks, in the order in which they are asked.

use alloc::boxed::Box;
use alloc::vec::Vec;
use py_rt_types::{
    Decimal, Instrument, InstrumentId, Money, NewOrder, Price, Qty, ReplaceOrder, Side, TypeError,
    UnixNanos,
};

pub(crate) use super::desk::Desk;
use super::guard::{is_immediate, DayImage, Guard};
use super::margin::{self, InitialRates};
use super::rate::RateWindow;
use super::{Approved, Breaker, Control, Notes, RiskLimits};
use crate::event::{Cause, Denial, TradingState};
use crate::execution::Order;
use crate::signal::StrategyId;

pub(super) const E9: i128 = 1_000_000_000;
pub(super) const BPS: i128 = 10_000;

/// The risk stage.
#[derive(Debug, Clone)]
pub(crate) struct Risk {
    limits: RiskLimits,
    max_lots: Vec<i64>,
    rate: RateWindow,
    /// What is set beyond the limits; `None` where nothing is.
    pub(crate) guard: Option<Box<Guard>>,
    /// Parts of what is held that equity has to cover; `None` without a margin.
    margin: Option<InitialRates>,
    /// What holds until a person resumes, also in the next session, and why.
    pub(crate) latch: Option<(TradingState, Cause)>,
    pub(crate) breaker: Breaker,
    pub(crate) state: TradingState,
}

/// An order as the checks see it: the same for a new order and for a replace.
pub(super) struct Ask<'a> {
    pub(super) instrument: &'a Instrument,
    pub(super) id: InstrumentId,
    pub(super) side: Side,
    /// Quantity that may be executed because of this order.
    pub(super) leaves: i64,
    /// Quantity of the same order that is already counted as exposure.
    pub(super) counted: i64,
    /// Its limit, or where a stop has none its stop price.
    pub(super) price: Option<Price>,
    pub(super) limit: Option<Price>,
    pub(super) is_stop: bool,
    pub(super) is_immediate: bool,
    /// The order itself, where it is new.
    pub(super) new: Option<&'a NewOrder>,
    reduce_only: bool,
    opens_order: bool,
}

impl Risk {
    pub(crate) fn new(limits: RiskLimits, instruments: &[Instrument], cash: Money) -> Self {
        let lots = |i: &Instrument| {
            let (most, lot) = (limits.max_order_qty.to_atto(), i.spec().lot_size.to_atto());
            match (most, lot) {
                (Ok(most), Ok(lot)) => i64::try_from(most / lot).unwrap_or(i64::MAX),
                _ => i64::MAX,
            }
        };
        Self {
            max_lots: instruments.iter().map(lots).collect(),
            rate: RateWindow::new(limits.max_orders_per_second),
            breaker: Breaker::new(&limits, cash),
            guard: (!limits.guards.is_unset())
                .then(|| Box::new(Guard::new(&limits.guards, instruments))),
            margin: None,
            latch: None,
            limits,
            state: TradingState::Active,
        }
    }

    /// Lets no order pass after which equity would not cover these parts of what is held.
    pub(crate) fn hold_to_margin(&mut self, initial: InitialRates) {
        self.margin = Some(initial);
    }

    /// Takes over what an earlier session was held by, and what its day brought.
    pub(crate) fn restore(
        &mut self,
        latch: Option<(TradingState, Cause)>,
        today: Option<&DayImage>,
    ) {
        if let Some((state, _)) = latch {
            self.state = self.state.max(state);
            self.latch = latch;
        }
        if let (Some(guard), Some(today)) = (&mut self.guard, today) {
            guard.restore(today);
        }
    }

    /// Tightens what is allowed; never loosens it. False when it was as tight before.
    pub(crate) fn restrict(&mut self, state: TradingState, cause: Cause) -> bool {
        if cause.latches() && self.latch.is_none_or(|(held, _)| state > held) {
            self.latch = Some((state, cause));
        }
        if state <= self.state {
            return false;
        }
        self.state = state;
        true
    }

    /// The largest order in lots, by quantity and by value, where a lot is worth `one`.
    pub(crate) fn most_lots(&self, id: InstrumentId, one: Money) -> i64 {
        let by_qty = self.max_lots.get(id.index()).copied().unwrap_or(0);
        let by_value = self.limits.max_order_notional.0.checked_div(one.0);
        let by_value = by_value.and_then(|lots| i64::try_from(lots).ok());
        by_qty.min(by_value.unwrap_or(i64::MAX))
    }

    /// How far a price may lie from the reference.
    pub(crate) const fn collar_bps(&self) -> u32 {
        self.limits.price_collar_bps
    }

    /// Everything within limits again, by the word of a person.
    pub(crate) fn resume(&mut self, now: UnixNanos, equity: Money) {
        self.breaker.reset(now, equity);
        self.latch = None;
        self.state = TradingState::Active;
        if let Some(guard) = &mut self.guard {
            guard.resume();
        }
    }

    /// Forgets what was sent more than a second ago.
    #[inline]
    pub(crate) fn advance(&mut self, now: UnixNanos) {
        self.rate.advance(now);
    }

    /// Counts an order or replace that was sent.
    pub(crate) fn record_sent(&mut self, now: UnixNanos) {
        self.rate.record(now);
    }

    /// Approves a new order or says which control refused it.
    pub(crate) fn check_new<N: Notes>(
        &self,
        desk: &Desk<'_>,
        order: &NewOrder,
        notes: &mut N,
    ) -> Result<Approved<NewOrder>, Denial> {
        let instrument = known(desk, order.instrument)?;
        let ask = Ask {
            instrument,
            id: order.instrument,
            side: order.side,
            leaves: order.order_qty.0,
            counted: 0,
            price: order.limit_price.or(order.stop_price),
            limit: order.limit_price,
            is_stop: order.stop_price.is_some(),
            is_immediate: is_immediate(order.tif),
            new: Some(order),
            reduce_only: order.reduce_only,
            opens_order: true,
        };
        self.check(desk, &ask, notes)?;
        Ok(Approved::grant(*order))
    }

    /// Approves other terms for an order or says which control refused them.
    pub(crate) fn check_replace<N: Notes>(
        &self,
        desk: &Desk<'_>,
        order: &Order,
        replace: &ReplaceOrder,
        notes: &mut N,
    ) -> Result<Approved<ReplaceOrder>, Denial> {
        let instrument = known(desk, order.instrument)?;
        let ask = Ask {
            instrument,
            id: order.instrument,
            side: order.side,
            leaves: replace.order_qty.0.saturating_sub(order.cum_qty.0),
            counted: order.leaves_qty().0,
            price: replace.limit_price,
            limit: replace.limit_price,
            is_stop: order.stop_price.is_some(),
            is_immediate: is_immediate(order.tif),
            new: None,
            reduce_only: order.reduce_only,
            opens_order: false,
        };
        self.check(desk, &ask, notes)?;
        Ok(Approved::grant(*replace))
    }

    fn check<N: Notes>(&self, desk: &Desk<'_>, ask: &Ask<'_>, notes: &mut N) -> Result<(), Denial> {
        let agreed = i64::from(desk.reconciled);
        require(notes, desk.reconciled, Control::NotReconciled, 1, agreed)?;
        let min_qty = ask.instrument.min_qty().0.max(1);
        require(
            notes,
            ask.leaves >= min_qty,
            Control::MinQty,
            min_qty,
            ask.leaves,
        )?;
        if reduces(desk, ask) {
            return Ok(());
        }
        let may_open = !ask.reduce_only | desk.shared;
        let allowed = i64::from(may_open);
        require(notes, may_open, Control::ReduceOnly, 1, allowed)?;
        let state = self.state;
        require(
            notes,
            state == TradingState::Active,
            Control::TradingState,
            0,
            state as i64,
        )?;
        self.check_size(desk, ask, notes)?;
        self.check_exposure(desk, ask, notes)?;
        if let Some(rates) = &self.margin {
            margin::check(rates, desk, ask, notes)?;
        }
        let open = desk.open_orders as i64;
        let most = i64::from(self.limits.max_open_orders);
        require(
            notes,
            !ask.opens_order || open < most,
            Control::MaxOpenOrders,
            most,
            open + 1,
        )?;
        let most = i64::from(self.limits.max_orders_per_second);
        let sent = self.rate.count(desk.now) as i64;
        require(
            notes,
            sent < most,
            Control::MaxOrdersPerSecond,
            most,
            sent + 1,
        )?;
        match &self.guard {
            Some(guard) => guard.check(desk, ask, notes),
            None => Ok(()),
        }
    }

    fn check_size<N: Notes>(
        &self,
        desk: &Desk<'_>,
        ask: &Ask<'_>,
        notes: &mut N,
    ) -> Result<(), Denial> {
        let most = self.max_lots.get(ask.id.index()).copied().unwrap_or(0);
        let qty_check = || {
            let value = ask.instrument.qty_decimal(Qty(ask.leaves));
            let value = value.unwrap_or_default();
            denial(Control::MaxOrderQty, self.limits.max_order_qty, value)
        };
        notes.note(ask.leaves <= most, qty_check);
        if ask.leaves > most {
            return Err(qty_check());
        }
        let mark = self.reference(desk, ask.id, notes)?;
        if let Some(price) = ask.price {
            let (twice, mark) = (i128::from(price.0) * 2, i128::from(mark));
            let away = (twice - mark).abs() * BPS;
            let limit = i128::from(self.limits.price_collar_bps);
            let collar_check = || {
                let bps = away / mark.abs().max(1);
                denial(Control::PriceCollar, whole(limit), whole(bps))
            };
            notes.note(away <= limit * mark.abs(), collar_check);
            if away > limit * mark.abs() {
                return Err(collar_check());
            }
        }
        let notional = fits(match ask.price {
            Some(price) => ask.instrument.notional(price, Qty(ask.leaves)),
            None => ask.instrument.value_at_mid(mark, Qty(ask.leaves)),
        })?
        .abs();
        let floor = ask.instrument.min_notional();
        within_money(
            notes,
            floor.0 <= notional.0,
            Control::MinNotional,
            floor,
            notional,
        )?;
        let notional = desk.in_base(ask.id, notional)?;
        let limit = self.limits.max_order_notional;
        within_money(
            notes,
            notional <= limit,
            Control::MaxOrderNotional,
            limit,
            notional,
        )
    }

    fn check_exposure<N: Notes>(
        &self,
        desk: &Desk<'_>,
        ask: &Ask<'_>,
        notes: &mut N,
    ) -> Result<(), Denial> {
        let added = ask.leaves.saturating_sub(ask.counted).max(0);
        let worst = worst_position(desk, ask.id, ask.side, added);
        if ask.side == Side::Sell && !ask.instrument.spec().shortable {
            let short = worst_short(desk, ask.id, added);
            require(notes, short >= 0, Control::NotShortable, 0, short)?;
        }
        let exposure = self.exposure(desk, ask.id, worst)?;
        let limit = self.limits.max_position_notional;
        within_money(
            notes,
            exposure <= limit,
            Control::MaxPositionNotional,
            limit,
            exposure,
        )?;
        let mut gross = desk.portfolio.gross();
        for id in desk.working().filter(|&id| id != ask.id) {
            let other = self.exposure(desk, id, worst_position(desk, id, Side::Buy, 0))?;
            let held = desk.in_base(id, desk.portfolio.position(id).value.abs())?;
            gross = fits(
                gross
                    .checked_add(other)
                    .and_then(|sum| sum.checked_sub(held)),
            )?;
        }
        let held = desk.in_base(ask.id, desk.portfolio.position(ask.id).value.abs())?;
        gross = fits(
            gross
                .checked_add(exposure)
                .and_then(|sum| sum.checked_sub(held)),
        )?;
        let limit = self.limits.max_gross_notional;
        within_money(
            notes,
            gross <= limit,
            Control::MaxGrossNotional,
            limit,
            gross,
        )?;
        let equity = desk.portfolio.equity().0.max(0);
        let power = Money((equity / E9).saturating_mul(i128::from(self.limits.max_leverage_e9)));
        within_money(notes, gross <= power, Control::BuyingPower, power, gross)
    }

    fn exposure(&self, desk: &Desk<'_>, id: InstrumentId, lots: i64) -> Result<Money, Denial> {
        let mark = match desk.market.instrument(id).and_then(|market| market.mark()) {
            Some((mark, _)) => mark,
            None => return Err(denial(Control::ReferencePrice, whole(0), whole(0))),
        };
        let instrument = known(desk, id)?;
        let value = fits(instrument.value_at_mid(mark, Qty(lots)))?;
        desk.in_base(id, value.abs())
    }

    fn reference<N: Notes>(
        &self,
        desk: &Desk<'_>,
        id: InstrumentId,
        notes: &mut N,
    ) -> Result<i64, Denial> {
        let limit = i128::from(self.limits.reference_age_ns_max);
        let mark = desk.market.instrument(id).and_then(|market| market.mark());
        let age = mark.map_or(-1, |(_, ts)| i128::from(desk.now.since(ts)));
        let age_check = || denial(Control::ReferencePrice, whole(limit), whole(age));
        let fresh = mark.filter(|_| age <= limit);
        notes.note(fresh.is_some(), age_check);
        fresh.map(|(mark, _)| mark).ok_or_else(age_check)
    }
}

/// Whether the order can only make the position smaller, whatever else is on its way.
fn reduces(desk: &Desk<'_>, ask: &Ask<'_>) -> bool {
    let held = desk.portfolio.position(ask.id).qty.0;
    if held == 0 || held.signum() == ask.side.sign() {
        return false;
    }
    let working = desk.exposure(ask.id);
    let same_side = if ask.side == Side::Buy {
        working.buy
    } else {
        working.sell
    };
    let on_its_way = i128::from(same_side) - i128::from(ask.counted) + i128::from(ask.leaves);
    on_its_way <= i128::from(held).abs()
}

/// The largest position, without its sign, that open orders and `added` on `side` could make.
fn worst_position(desk: &Desk<'_>, id: InstrumentId, side: Side, added: i64) -> i64 {
    let held = desk.portfolio.position(id).qty.0;
    let working = desk.exposure(id);
    let (buy, sell) = match side {
        Side::Buy => (working.buy.saturating_add(added), working.sell),
        Side::Sell => (working.buy, working.sell.saturating_add(added)),
    };
    held.saturating_add(buy)
        .saturating_abs()
        .max(held.saturating_sub(sell).saturating_abs())
}

fn worst_short(desk: &Desk<'_>, id: InstrumentId, added: i64) -> i64 {
    let held = desk.portfolio.position(id).qty.0;
    held.saturating_sub(desk.exposure(id).sell)
        .saturating_sub(added)
}

fn known<'a>(desk: &Desk<'a>, id: InstrumentId) -> Result<&'a Instrument, Denial> {
    desk.instruments
        .get(id.index())
        .ok_or(denial(Control::Overflow, whole(0), whole(0)))
}

pub(super) fn fits<T>(value: Result<T, TypeError>) -> Result<T, Denial> {
    value.map_err(|_| denial(Control::Overflow, whole(0), whole(0)))
}

pub(super) fn whole(value: i128) -> Decimal {
    Decimal::try_new(value, 0).unwrap_or_default()
}

pub(super) const fn denial(control: Control, limit: Decimal, value: Decimal) -> Denial {
    Denial {
        control,
        limit,
        value,
        strategy: StrategyId::ACCOUNT,
    }
}

pub(super) fn require<N: Notes>(
    notes: &mut N,
    holds: bool,
    control: Control,
    limit: i64,
    value: i64,
) -> Result<(), Denial> {
    let found = || {
        let (limit, value) = (i128::from(limit), i128::from(value));
        denial(control, whole(limit), whole(value))
    };
    notes.note(holds, found);
    if holds {
        return Ok(());
    }
    Err(found())
}

pub(super) fn within_money<N: Notes>(
    notes: &mut N,
    holds: bool,
    control: Control,
    limit: Money,
    value: Money,
) -> Result<(), Denial> {
    let found = || {
        let (limit, value) = (Decimal::from_atto(limit.0), Decimal::from_atto(value.0));
        denial(control, limit, value)
    };
    notes.note(holds, found);
    if holds {
        return Ok(());
    }
    Err(found())
}
