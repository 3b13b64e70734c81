//! Limits over sums: one instrument's own, net, concentration, groups, the day, tail and greeks.

use alloc::vec::Vec;
use py_rt_types::{Instrument, InstrumentId, Money, Qty, Side, TypeError};

use super::checks::{denial, fits, require, whole, within_money, Ask, Desk};
use super::guard::{lots_of, order_value, part_of_equity, within};
use super::tail::Tail;
use super::{Control, GreekLimit, Guards, InstrumentLimit, Notes};
use crate::event::Denial;

/// Limits of one instrument, in lots.
#[derive(Debug, Clone, Default)]
pub(super) struct Lots {
    max_order: Option<i64>,
    max_position: Option<i64>,
    max_daily: Option<i64>,
    max_short: Option<i64>,
    max_order_notional: Option<Money>,
    max_position_notional: Option<Money>,
}

impl Lots {
    pub(super) fn new(limit: &InstrumentLimit, instrument: &Instrument) -> Self {
        let lots = |units: Option<_>| units.map(|units| lots_of(units, instrument));
        Self {
            max_order: lots(limit.max_order_qty),
            max_position: lots(limit.max_position_qty),
            max_daily: lots(limit.max_daily_qty),
            max_short: lots(limit.max_short_qty),
            max_order_notional: limit.max_order_notional,
            max_position_notional: limit.max_position_notional,
        }
    }

    pub(super) fn check<N: Notes>(
        &self,
        desk: &Desk<'_>,
        ask: &Ask<'_>,
        executed: i64,
        notes: &mut N,
    ) -> Result<(), Denial> {
        let mut within_lots = |limit: Option<i64>, control, value: i64| {
            let Some(limit) = limit else {
                return Ok(());
            };
            let text = |lots| ask.instrument.qty_decimal(Qty(lots)).unwrap_or_default();
            let found = || denial(control, text(limit), text(value));
            notes.note(value <= limit, found);
            if value > limit {
                return Err(found());
            }
            Ok(())
        };
        within_lots(self.max_order, Control::MaxOrderQty, ask.leaves)?;
        let (low, high) = outermost(desk, ask, ask.id);
        let worst = low.saturating_abs().max(high.saturating_abs());
        within_lots(self.max_position, Control::MaxPositionQty, worst)?;
        if ask.side == Side::Sell {
            let short = low.saturating_neg().max(0);
            within_lots(self.max_short, Control::NotShortable, short)?;
        }
        let working = desk.exposure(ask.id);
        let on_its_way = working.buy.saturating_add(working.sell);
        let day = executed
            .saturating_add(on_its_way)
            .saturating_add(ask.added());
        within_lots(self.max_daily, Control::MaxDailyQty, day)?;
        within(
            notes,
            self.max_order_notional,
            Control::MaxOrderNotional,
            || order_value(desk, ask),
        )?;
        within(
            notes,
            self.max_position_notional,
            Control::MaxPositionNotional,
            || {
                let (low, high) = reach(desk, ask, ask.id)?;
                Ok(low.abs().max(high.abs()))
            },
        )
    }
}

/// Places of the instruments of a group, and what they may be worth together.
#[derive(Debug, Clone)]
struct Group {
    places: Vec<usize>,
    max_gross: Money,
}

/// Sensitivities of one lot, by place.
#[derive(Debug, Clone)]
struct Sensitivity {
    place: usize,
    /// Delta, gamma, vega.
    per_lot: [i128; 3],
}

/// The limits over several instruments.
#[derive(Debug, Clone)]
pub(super) struct Sums {
    max_net: Option<Money>,
    max_daily: Option<Money>,
    max_concentration_e9: Option<i64>,
    groups: Vec<Group>,
    tail: Option<Tail>,
    greeks: Vec<Sensitivity>,
    max_greeks: [Option<Money>; 3],
}

impl Sums {
    pub(super) fn new(guards: &Guards, instruments: &[Instrument]) -> Self {
        let place = |symbol: &str| instruments.iter().position(|i| i.symbol() == symbol);
        let groups = guards.groups.iter().map(|group| Group {
            places: group.symbols.iter().filter_map(|s| place(s)).collect(),
            max_gross: group.max_gross_notional,
        });
        let none = GreekLimit::default();
        let limit = guards.greeks.as_ref().unwrap_or(&none);
        let greeks = limit.greeks.iter().filter_map(|greeks| {
            let place = place(&greeks.symbol)?;
            let lot = instruments.get(place)?.spec().lot_size;
            let scale = 10i128.checked_pow(lot.scale())?;
            let per_lot = [greeks.delta, greeks.gamma, greeks.vega]
                .map(|unit| unit.0.saturating_mul(lot.mantissa()) / scale);
            Some(Sensitivity { place, per_lot })
        });
        Self {
            max_net: guards.max_net_notional,
            max_daily: guards.max_daily_notional,
            max_concentration_e9: guards.max_concentration_e9,
            groups: groups.collect(),
            tail: guards
                .tail
                .as_ref()
                .map(|tail| Tail::new(tail, instruments)),
            greeks: greeks.collect(),
            max_greeks: [limit.max_delta, limit.max_gamma, limit.max_vega],
        }
    }

    pub(super) fn check<N: Notes>(
        &self,
        desk: &Desk<'_>,
        ask: &Ask<'_>,
        executed: Money,
        notes: &mut N,
    ) -> Result<(), Denial> {
        within(notes, self.max_net, Control::MaxNetNotional, || {
            net(desk, ask)
        })?;
        let share = self.max_concentration_e9;
        let limit = share.map(|part| part_of_equity(desk, part));
        within(notes, limit, Control::MaxConcentration, || {
            let (low, high) = reach(desk, ask, ask.id)?;
            Ok(low.abs().max(high.abs()))
        })?;
        for group in &self.groups {
            if group.places.contains(&ask.id.index()) {
                within(
                    notes,
                    Some(group.max_gross),
                    Control::MaxGroupNotional,
                    || gross(desk, ask, &group.places),
                )?;
            }
        }
        within(notes, self.max_daily, Control::MaxDailyNotional, || {
            let open = on_its_way(desk, ask)?;
            fits(executed.checked_add(open))
        })?;
        self.check_tail(desk, ask, notes)?;
        self.check_greeks(desk, ask, notes)
    }

    fn check_tail<N: Notes>(
        &self,
        desk: &Desk<'_>,
        ask: &Ask<'_>,
        notes: &mut N,
    ) -> Result<(), Denial> {
        let Some(tail) = &self.tail else {
            return Ok(());
        };
        let covered = tail.covers(ask.id.index());
        require(notes, covered, Control::MaxVar, 1, i64::from(covered))?;
        let mut failed = None;
        let measured = tail.measure(|place| {
            let reached = reach(desk, ask, InstrumentId(place as u32));
            reached.map_err(|denial| failed = Some(denial)).ok()
        });
        if let Some(denial) = failed {
            return Err(denial);
        }
        let measured = fits(measured.ok_or(TypeError::Overflow))?;
        within(notes, tail.max_var, Control::MaxVar, || Ok(measured.var))?;
        within(notes, tail.max_es, Control::MaxExpectedShortfall, || {
            Ok(measured.es)
        })
    }

    fn check_greeks<N: Notes>(
        &self,
        desk: &Desk<'_>,
        ask: &Ask<'_>,
        notes: &mut N,
    ) -> Result<(), Denial> {
        const CONTROLS: [Control; 3] = [Control::MaxDelta, Control::MaxGamma, Control::MaxVega];
        for (which, control) in CONTROLS.into_iter().enumerate() {
            let Some(limit) = self.max_greeks[which] else {
                continue;
            };
            let (mut least, mut most) = (0i128, 0i128);
            for row in &self.greeks {
                let id = InstrumentId(row.place as u32);
                let (low, high) = outermost(desk, ask, id);
                let of = |lots: i64| {
                    let product = i128::from(lots).checked_mul(row.per_lot[which]);
                    fits(product.ok_or(TypeError::Overflow))
                };
                let (a, b) = (of(low)?, of(high)?);
                least = least.saturating_add(a.min(b));
                most = most.saturating_add(a.max(b));
            }
            let worst = Money(least.saturating_abs().max(most.saturating_abs()));
            within_money(notes, worst <= limit, control, limit, worst)?;
        }
        Ok(())
    }
}

/// The positions of an instrument in lots once all open sells, or all open buys, are executed.
pub(super) fn outermost(desk: &Desk<'_>, ask: &Ask<'_>, id: InstrumentId) -> (i64, i64) {
    let held = desk.portfolio.position(id).qty.0;
    let working = desk.exposure(id);
    let (mut buy, mut sell) = (working.buy, working.sell);
    if id == ask.id {
        let side = if ask.side == Side::Buy {
            &mut buy
        } else {
            &mut sell
        };
        *side = side.saturating_add(ask.added());
    }
    (held.saturating_sub(sell), held.saturating_add(buy))
}

/// [`outermost`] in money at the mark.
pub(super) fn reach(
    desk: &Desk<'_>,
    ask: &Ask<'_>,
    id: InstrumentId,
) -> Result<(Money, Money), Denial> {
    let (low, high) = outermost(desk, ask, id);
    if low == 0 && high == 0 {
        return Ok((Money::ZERO, Money::ZERO));
    }
    let mark = desk.market.instrument(id).and_then(|market| market.mark());
    let (Some((mark, _)), Some(instrument)) = (mark, desk.instruments.get(id.index())) else {
        let held = desk.portfolio.position(id);
        let still = low == high;
        require(&mut (), still, Control::ReferencePrice, 0, -1)?;
        let value = desk.in_base(id, held.value)?;
        return Ok((value, value));
    };
    let value = |lots: i64| {
        let value = fits(instrument.value_at_mid(mark, Qty(lots)))?;
        desk.in_base(id, value)
    };
    Ok((value(low)?, value(high)?))
}

fn all(desk: &Desk<'_>) -> impl Iterator<Item = InstrumentId> {
    (0..desk.instruments.len() as u32).map(InstrumentId)
}

/// The largest sum of signed values, without its sign, that open orders could make.
fn net(desk: &Desk<'_>, ask: &Ask<'_>) -> Result<Money, Denial> {
    let (mut least, mut most) = (Money::ZERO, Money::ZERO);
    for id in all(desk) {
        let (low, high) = reach(desk, ask, id)?;
        least = fits(least.checked_add(low))?;
        most = fits(most.checked_add(high))?;
    }
    Ok(least.abs().max(most.abs()))
}

fn gross(desk: &Desk<'_>, ask: &Ask<'_>, places: &[usize]) -> Result<Money, Denial> {
    let mut sum = Money::ZERO;
    for &place in places {
        let (low, high) = reach(desk, ask, InstrumentId(place as u32))?;
        sum = fits(sum.checked_add(low.abs().max(high.abs())))?;
    }
    Ok(sum)
}

/// The value of everything on its way, the order included.
fn on_its_way(desk: &Desk<'_>, ask: &Ask<'_>) -> Result<Money, Denial> {
    let mut sum = Money::ZERO;
    for id in all(desk) {
        let (low, high) = outermost(desk, ask, id);
        let lots = high.saturating_sub(low);
        if lots == 0 {
            continue;
        }
        let mark = desk.market.instrument(id).and_then(|market| market.mark());
        let (Some((mark, _)), Some(instrument)) = (mark, desk.instruments.get(id.index())) else {
            return Err(denial(Control::ReferencePrice, whole(0), whole(-1)));
        };
        let value = fits(instrument.value_at_mid(mark, Qty(lots)))?;
        let value = desk.in_base(id, value)?;
        sum = fits(sum.checked_add(value.abs()))?;
    }
    Ok(sum)
}
