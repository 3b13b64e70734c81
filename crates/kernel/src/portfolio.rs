//! Portfolio: cash, positions at average cost, marks. Exact; conserves to the last unit.
//!
//! For every instrument: realised + unrealised = money received - money paid + value at the mark,
//! whatever the rounding of the average, because what is removed from the cost is what is booked.

mod purse;

use crate::actions::Split;
use alloc::boxed::Box;
use alloc::vec::Vec;
pub use purse::Pocket;
pub(crate) use purse::{rate_of_mark, Purse};
use py_rt_types::{Instrument, InstrumentId, Money, Price, Qty, TypeError};

/// One instrument's position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Position {
    /// Signed quantity in lots.
    pub qty: Qty,
    /// What was paid for it, signed as the quantity.
    pub cost: Money,
    /// Realised profit so far, before fees; dividends are part of it.
    pub realized_pnl: Money,
    /// Fees so far.
    pub fees: Money,
    /// Value at the mark.
    pub value: Money,
}

impl Position {
    /// Value at the mark less what was paid.
    #[must_use]
    pub const fn unrealized_pnl(&self) -> Money {
        Money(self.value.0.saturating_sub(self.cost.0))
    }

    fn apply(&mut self, instrument: &Instrument, qty: Qty, price: Price) -> Result<(), TypeError> {
        let held = self.qty.0;
        let closes = held.signum() == -qty.0.signum();
        let closing = if closes {
            qty.0.signum() * qty.0.abs().min(held.abs())
        } else {
            0
        };
        if closing != 0 {
            let removed = if closing.abs() == held.abs() {
                self.cost
            } else {
                let part = self.cost.0.checked_mul(i128::from(closing.abs()));
                Money(part.ok_or(TypeError::Overflow)? / i128::from(held.abs()))
            };
            let paid = instrument.notional(price, Qty(closing))?;
            let gained = Money::ZERO.checked_sub(paid)?.checked_sub(removed)?;
            self.realized_pnl = self.realized_pnl.checked_add(gained)?;
            self.cost = self.cost.checked_sub(removed)?;
        }
        let opening = Qty(qty.0.checked_sub(closing).ok_or(TypeError::Overflow)?);
        self.cost = self
            .cost
            .checked_add(instrument.notional(price, opening)?)?;
        self.qty = self.qty.checked_add(qty)?;
        Ok(())
    }
}

/// Cash and positions of a run.
#[derive(Debug, Clone)]
pub struct Portfolio {
    cash: Money,
    fees: Money,
    value: Money,
    gross: Money,
    positions: Vec<Position>,
    /// Which instruments are to be marked: those that are held, or all.
    marked: Vec<bool>,
    marks_all: bool,
    /// What is in which currency, where there are several: then the sums are in the base currency.
    purse: Option<Box<Purse>>,
}

impl Portfolio {
    /// A portfolio of `count` instruments, flat, with this cash.
    #[must_use]
    pub fn new(cash: Money, count: usize) -> Self {
        Self {
            cash,
            fees: Money::ZERO,
            value: Money::ZERO,
            gross: Money::ZERO,
            positions: alloc::vec![Position::default(); count],
            marked: alloc::vec![false; count],
            marks_all: false,
            purse: None,
        }
    }

    /// Says that all instruments are to be marked, held or not: those who share the account may
    /// hold what the account as a whole does not.
    pub(crate) fn with_all_marked(mut self) -> Self {
        self.marks_all = true;
        self.marked.fill(true);
        self
    }

    /// Cash.
    #[inline]
    #[must_use]
    pub const fn cash(&self) -> Money {
        self.cash
    }

    /// Fees paid so far.
    #[must_use]
    pub const fn fees(&self) -> Money {
        self.fees
    }

    /// Cash and positions at their marks, saturating.
    #[inline]
    #[must_use]
    pub const fn equity(&self) -> Money {
        Money(self.cash.0.saturating_add(self.value.0))
    }

    /// Sum of the positions' values without their signs.
    #[inline]
    #[must_use]
    pub const fn gross(&self) -> Money {
        self.gross
    }

    /// One instrument's position; flat for an id outside the run.
    #[inline]
    #[must_use]
    pub fn position(&self, instrument: InstrumentId) -> Position {
        self.positions
            .get(instrument.index())
            .copied()
            .unwrap_or_default()
    }

    /// All positions, in the order of the instruments.
    #[must_use]
    pub fn positions(&self) -> &[Position] {
        &self.positions
    }

    /// Whether the instrument is to be marked: something of it is held, here or by one of several
    /// who share the account.
    #[inline]
    pub(crate) fn is_marked(&self, instrument: InstrumentId) -> bool {
        let marked = self.marked.get(instrument.index());
        marked.copied().unwrap_or_default()
    }

    fn note_held(&mut self, place: usize) {
        if let (Some(marked), Some(position)) =
            (self.marked.get_mut(place), self.positions.get(place))
        {
            *marked = (self.marks_all | (position.qty.0 != 0)) & self.purse.is_none();
        }
    }

    /// Takes over cash and positions of an earlier session, at their last marks.
    pub(crate) fn restore(
        &mut self,
        cash: Money,
        fees: Money,
        positions: &[Position],
        pockets: &[Pocket],
    ) -> Result<(), TypeError> {
        let (mut value, mut gross) = (Money::ZERO, Money::ZERO);
        for position in positions {
            value = value.checked_add(position.value)?;
            gross = gross.checked_add(position.value.abs())?;
        }
        (self.cash, self.fees) = (cash, fees);
        (self.value, self.gross) = (value, gross);
        self.positions = positions.to_vec();
        (0..positions.len()).for_each(|place| self.note_held(place));
        self.restore_purse(pockets)
    }

    /// Cash as the venue says it is; where there are several currencies, that of the base.
    pub(crate) fn set_cash(&mut self, cash: Money) {
        self.cash = cash;
        self.set_pocket_cash(cash);
    }

    /// Books one execution of `qty` (signed) at `price`; nothing changes when a number overflows.
    pub(crate) fn handle_fill(
        &mut self,
        instrument: &Instrument,
        id: InstrumentId,
        qty: Qty,
        price: Price,
        fee: Money,
    ) -> Result<Position, TypeError> {
        let Some(held) = self.positions.get(id.index()) else {
            return Err(TypeError::Overflow);
        };
        let mut after = *held;
        after.apply(instrument, qty, price)?;
        after.fees = after.fees.checked_add(fee)?;
        let paid = instrument.notional(price, qty)?.checked_add(fee)?;
        let cash = Money::ZERO.checked_sub(paid)?;
        let old = core::mem::replace(&mut after.value, instrument.notional(price, after.qty)?);
        self.book(id, (cash, fee), (old, after.value))?;
        self.positions[id.index()] = after;
        self.note_held(id.index());
        Ok(after)
    }

    /// Turns a position into `after` new lots and `cash` for what is left of a share. Its worth
    /// stays what it was, and so does its cost but for what was paid out.
    pub(crate) fn handle_split(
        &mut self,
        id: InstrumentId,
        split: Split,
        after: Qty,
        cash: Money,
    ) -> Result<(), TypeError> {
        let Some(held) = self.positions.get(id.index()).copied() else {
            return Ok(());
        };
        let whole = i128::from(held.qty.0) * i128::from(split.to);
        let part = held.cost.0.checked_mul(split.rest(held.qty, after));
        let part = part.ok_or(TypeError::Overflow)?;
        let removed = Money(part.checked_div(whole).unwrap_or(0));
        let value = held.value.checked_sub(cash)?;
        let gained = cash.checked_sub(removed)?;
        let position = Position {
            qty: after,
            cost: held.cost.checked_sub(removed)?,
            realized_pnl: held.realized_pnl.checked_add(gained)?,
            value,
            ..held
        };
        self.book(id, (cash, Money::ZERO), (held.value, value))?;
        self.positions[id.index()] = position;
        self.note_held(id.index());
        Ok(())
    }

    /// Books a dividend: cash, and a profit of the position.
    pub(crate) fn handle_dividend(
        &mut self,
        id: InstrumentId,
        cash: Money,
    ) -> Result<(), TypeError> {
        let Some(held) = self.positions.get(id.index()) else {
            return Ok(());
        };
        let realized_pnl = held.realized_pnl.checked_add(cash)?;
        self.handle_charge(id, cash)?;
        self.positions[id.index()].realized_pnl = realized_pnl;
        Ok(())
    }

    /// Books cash in the currency of an instrument that is no profit of a position: what was
    /// charged for holding it, or paid to us for it.
    pub(crate) fn handle_charge(&mut self, id: InstrumentId, cash: Money) -> Result<(), TypeError> {
        let nothing = (Money::ZERO, Money::ZERO);
        self.book(id, (cash, Money::ZERO), nothing)
    }

    /// Marks an instrument at a mid given as the sum of bid and ask; nothing changes when a number
    /// overflows.
    #[inline]
    pub(crate) fn handle_mark(
        &mut self,
        instrument: &Instrument,
        id: InstrumentId,
        bid_plus_ask: i64,
    ) -> Result<(), TypeError> {
        let Some(held) = self.positions.get(id.index()) else {
            return Ok(());
        };
        let value = instrument.value_at_mid(bid_plus_ask, held.qty)?;
        (self.value, self.gross) = self.revalued(held.value, value)?;
        self.positions[id.index()].value = value;
        Ok(())
    }

    /// Books cash that came in and a fee that is part of it, in the currency of an instrument whose
    /// position's value goes from `old` to `new`; nothing changes when a number overflows.
    #[inline]
    fn book(
        &mut self,
        id: InstrumentId,
        (cash, fee): (Money, Money),
        (old, new): (Money, Money),
    ) -> Result<(), TypeError> {
        if self.purse.is_some() {
            return self.book_pocket(id, (cash, fee), (old, new));
        }
        let cash = self.cash.checked_add(cash)?;
        let fees = self.fees.checked_add(fee)?;
        (self.value, self.gross) = self.revalued(old, new)?;
        (self.cash, self.fees) = (cash, fees);
        Ok(())
    }

    /// Value and gross once a position's value has gone from `old` to `new`.
    #[inline]
    fn revalued(&self, old: Money, new: Money) -> Result<(Money, Money), TypeError> {
        let value = self.value.checked_add(new)?.checked_sub(old)?;
        let gross = self.gross.checked_add(new.abs())?.checked_sub(old.abs())?;
        Ok((value, gross))
    }
}
