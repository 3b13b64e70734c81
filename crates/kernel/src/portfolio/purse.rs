//! Cash in several currencies: a pocket for each, valued in the first one.
//!
//! What happens in a currency is booked in its pocket, exactly. The sums in the base currency are
//! made anew from all pockets at the rates that are known at that moment, so they never drift.

use alloc::string::String;
use alloc::vec::Vec;
use py_rt_types::{Instrument, InstrumentId, Money, Qty, Ratio, TypeError};

use super::Portfolio;
use crate::currency::CurrencyId;

/// What there is of one currency, in that currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pocket {
    /// Cash.
    pub cash: Money,
    /// Fees paid so far.
    pub fees: Money,
    /// Positions at their marks.
    pub value: Money,
    /// The same without their signs.
    pub gross: Money,
    /// Units of the base currency for one of this one; `None` before one is known.
    pub rate: Option<Ratio>,
}

impl Pocket {
    const fn is_empty(&self) -> bool {
        self.cash.0 == 0 && self.gross.0 == 0
    }

    fn in_base(&self, amount: Money) -> Result<Money, TypeError> {
        self.rate.map_or(Ok(Money::ZERO), |rate| rate.of(amount))
    }
}

/// The pockets, and which one each instrument pays from.
#[derive(Debug, Clone)]
pub(crate) struct Purse {
    pub(crate) codes: Vec<String>,
    pub(crate) places: Vec<CurrencyId>,
    pockets: Vec<Pocket>,
}

/// Cash, value and gross in the base currency.
type Sums = (Money, Money, Money);

impl Purse {
    /// Pockets that hold this cash; the first is that of the base currency.
    pub(crate) fn new(codes: Vec<String>, cash: &[Money], places: Vec<CurrencyId>) -> Self {
        let pockets = cash.iter().map(|cash| Pocket {
            cash: *cash,
            ..Pocket::default()
        });
        let mut pockets: Vec<Pocket> = pockets.collect();
        if let Some(base) = pockets.first_mut() {
            base.rate = Some(Ratio::ONE);
        }
        Self {
            codes,
            places,
            pockets,
        }
    }

    fn place(&self, id: InstrumentId) -> usize {
        self.places.get(id.index()).map_or(0, |place| place.index())
    }

    /// Sums once one pocket has become `changed`.
    fn sums(&self, place: usize, changed: &Pocket) -> Result<Sums, TypeError> {
        let mut sums = (Money::ZERO, Money::ZERO, Money::ZERO);
        for (at, pocket) in self.pockets.iter().enumerate() {
            let pocket = if at == place { changed } else { pocket };
            sums.0 = sums.0.checked_add(pocket.in_base(pocket.cash)?)?;
            sums.1 = sums.1.checked_add(pocket.in_base(pocket.value)?)?;
            sums.2 = sums.2.checked_add(pocket.in_base(pocket.gross)?)?;
        }
        Ok(sums)
    }

    /// Whether a rate is known of everything that there is.
    fn is_valued(&self) -> bool {
        let known = |pocket: &Pocket| pocket.rate.is_some() || pocket.is_empty();
        self.pockets.iter().all(known)
    }
}

impl Portfolio {
    /// Keeps cash in several currencies.
    pub(crate) fn with_purse(mut self, purse: Purse) -> Self {
        let base = purse.pockets.first().copied().unwrap_or_default();
        (self.cash, self.value, self.gross) = purse.sums(0, &base).unwrap_or_default();
        // What is marked here is not marked on the road of a run with one currency.
        self.marked.fill(false);
        self.purse = Some(alloc::boxed::Box::new(purse));
        self
    }

    /// The pockets by currency, the base first; none where all money is in one currency.
    #[must_use]
    pub fn pockets(&self) -> &[Pocket] {
        self.purse.as_ref().map_or(&[], |purse| &purse.pockets)
    }

    /// Codes of the currencies, in the order of the pockets.
    #[must_use]
    pub fn currencies(&self) -> &[String] {
        self.purse.as_ref().map_or(&[], |purse| &purse.codes)
    }

    /// Which pocket an instrument pays from.
    #[must_use]
    pub fn currency_of(&self, id: InstrumentId) -> CurrencyId {
        let purse = self.purse.as_ref();
        let place = purse.and_then(|purse| purse.places.get(id.index()));
        place.copied().unwrap_or_default()
    }

    /// Whether everything that there is has a known worth in the base currency.
    #[must_use]
    pub fn is_valued(&self) -> bool {
        self.purse.as_ref().is_none_or(|purse| purse.is_valued())
    }

    /// An amount of an instrument's currency in the base currency; `None` before its rate is known.
    pub(crate) fn in_base(
        &self,
        id: InstrumentId,
        amount: Money,
    ) -> Result<Option<Money>, TypeError> {
        let Some(purse) = &self.purse else {
            return Ok(Some(amount));
        };
        let pocket = purse.pockets.get(purse.place(id));
        let rate = pocket.and_then(|pocket| pocket.rate);
        rate.map(|rate| rate.of(amount)).transpose()
    }

    /// Cash, value and gross of the currency of an instrument.
    fn of_currency(&self, id: InstrumentId) -> (Money, Money, Money) {
        let pocket = self.pockets().get(self.currency_of(id).index());
        pocket.map_or((self.cash, self.value, self.gross), |pocket| {
            (pocket.cash, pocket.value, pocket.gross)
        })
    }

    /// What is owed in the currency of an instrument, 0 or below: what cash is below zero once the
    /// worth of short positions is taken from it.
    pub(crate) fn owed(&self, id: InstrumentId) -> Result<Money, TypeError> {
        let (cash, value, gross) = self.of_currency(id);
        let shorts = Money(gross.checked_sub(value)?.0 / 2);
        Ok(cash.checked_sub(shorts)?.min(Money::ZERO))
    }

    /// The worth of what is held long in the currency of an instrument.
    pub(crate) fn long(&self, id: InstrumentId) -> Result<Money, TypeError> {
        let (_, value, gross) = self.of_currency(id);
        Ok(Money(gross.checked_add(value)?.0 / 2))
    }

    /// Takes the rate of a currency; that of the base is one.
    pub(crate) fn handle_rate(&mut self, id: CurrencyId, rate: Ratio) -> Result<(), TypeError> {
        let Some(purse) = &mut self.purse else {
            return Ok(());
        };
        let place = id.index();
        let (1.., Some(pocket)) = (place, purse.pockets.get(place)) else {
            return Ok(());
        };
        let changed = Pocket {
            rate: Some(rate),
            ..*pocket
        };
        (self.cash, self.value, self.gross) = purse.sums(place, &changed)?;
        purse.pockets[place] = changed;
        Ok(())
    }

    /// Books in the pocket of an instrument; nothing changes when a number overflows.
    #[cold]
    pub(super) fn book_pocket(
        &mut self,
        id: InstrumentId,
        (cash, fee): (Money, Money),
        (old, new): (Money, Money),
    ) -> Result<(), TypeError> {
        let Some(purse) = &mut self.purse else {
            return Ok(());
        };
        let place = purse.place(id);
        let Some(pocket) = purse.pockets.get(place) else {
            return Err(TypeError::Overflow);
        };
        let gross = pocket.gross.checked_add(new.abs())?;
        let changed = Pocket {
            cash: pocket.cash.checked_add(cash)?,
            fees: pocket.fees.checked_add(fee)?,
            value: pocket.value.checked_add(new)?.checked_sub(old)?,
            gross: gross.checked_sub(old.abs())?,
            rate: pocket.rate,
        };
        let fees = self.fees.checked_add(pocket.in_base(fee)?)?;
        let sums = purse.sums(place, &changed)?;
        purse.pockets[place] = changed;
        (self.cash, self.value, self.gross) = sums;
        self.fees = fees;
        Ok(())
    }

    /// [`Portfolio::handle_mark`], in whichever currency.
    pub(crate) fn remark(
        &mut self,
        instrument: &Instrument,
        id: InstrumentId,
        bid_plus_ask: i64,
    ) -> Result<(), TypeError> {
        if self.purse.is_none() {
            return self.handle_mark(instrument, id, bid_plus_ask);
        }
        let Some(held) = self.positions.get(id.index()).copied() else {
            return Ok(());
        };
        if held.qty == Qty::ZERO && held.value == Money::ZERO {
            return Ok(());
        }
        let value = instrument.value_at_mid(bid_plus_ask, held.qty)?;
        self.book_pocket(id, (Money::ZERO, Money::ZERO), (held.value, value))?;
        self.positions[id.index()].value = value;
        Ok(())
    }

    /// Takes over the pockets of an earlier session; values follow from the positions.
    pub(super) fn restore_purse(&mut self, kept: &[Pocket]) -> Result<(), TypeError> {
        let Some(purse) = &mut self.purse else {
            return Ok(());
        };
        let mut pockets = kept.to_vec();
        for pocket in &mut pockets {
            (pocket.value, pocket.gross) = (Money::ZERO, Money::ZERO);
        }
        for (place, held) in self.positions.iter().enumerate() {
            let of = purse.places.get(place).map_or(0, |place| place.index());
            if let Some(pocket) = pockets.get_mut(of) {
                pocket.value = pocket.value.checked_add(held.value)?;
                pocket.gross = pocket.gross.checked_add(held.value.abs())?;
            }
        }
        purse.pockets = pockets;
        let base = purse.pockets.first().copied().unwrap_or_default();
        (self.cash, self.value, self.gross) = purse.sums(0, &base)?;
        self.marked.fill(false);
        Ok(())
    }

    pub(super) fn set_pocket_cash(&mut self, cash: Money) {
        let Some(purse) = &mut self.purse else {
            return;
        };
        if let Some(base) = purse.pockets.first_mut() {
            base.cash = cash;
            let base = *base;
            (self.cash, self.value, self.gross) = purse.sums(0, &base).unwrap_or_default();
        }
    }
}

/// The rate that the mark of an instrument is, which is a price in ticks, twice.
pub(crate) fn rate_of_mark(
    instrument: &Instrument,
    bid_plus_ask: i64,
    inverse: bool,
) -> Result<Option<Ratio>, TypeError> {
    let tick = instrument.spec().tick_size;
    let numerator = i128::from(bid_plus_ask).checked_mul(tick.mantissa());
    let denominator = 10i128
        .checked_pow(tick.scale())
        .and_then(|unit| unit.checked_mul(2));
    let whole = |value: Option<i128>| {
        let value = value.ok_or(TypeError::Overflow)?;
        i64::try_from(value).map_err(|_| TypeError::Overflow)
    };
    let (numerator, denominator) = (whole(numerator)?, whole(denominator)?);
    if numerator <= 0 {
        return Ok(None);
    }
    let rate = Ratio::try_new(numerator, denominator)?;
    if inverse {
        return rate.inverse().map(Some);
    }
    Ok(Some(rate))
}
