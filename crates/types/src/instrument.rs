//! What is traded: names, steps and rules.

use alloc::string::String;

use crate::number::halve_to_even;
use crate::{Decimal, Money, Price, Qty, TypeError};

/// The place of an instrument in the run's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(transparent)]
pub struct InstrumentId(pub u32);

impl InstrumentId {
    /// The place as an index.
    #[inline]
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// The kind of thing that is traded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum AssetClass {
    /// Shares and funds.
    #[default]
    Equity,
    /// Coins.
    Crypto,
    /// Futures and perpetuals.
    Future,
    /// Currencies.
    Fx,
    /// Anything else.
    Other,
}

/// From a price up, orders lie on this step: executions of stocks can be finer than the cent that
/// orders of a dollar and more must be in (17 CFR 242.612).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderTick {
    /// The lowest price that it is about.
    pub from: Decimal,
    /// The step.
    pub step: Decimal,
}

/// An instrument as it is written, before it is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstrumentSpec {
    /// The venue's own string.
    pub symbol: String,
    /// Where it trades.
    pub venue: String,
    /// Smallest price step.
    pub tick_size: Decimal,
    /// Where orders must lie on a coarser step than executions do.
    pub order_tick: Option<OrderTick>,
    /// Smallest quantity step.
    pub lot_size: Decimal,
    /// Smallest order quantity; 0 for none.
    pub min_qty: Decimal,
    /// Smallest order value; 0 for none.
    pub min_notional: Decimal,
    /// Value of one unit per unit of price.
    pub multiplier: Decimal,
    /// Currency of price and money.
    pub currency: String,
    /// The kind of thing.
    pub asset_class: AssetClass,
    /// Whether a position may go below zero.
    pub shortable: bool,
    /// Whether the venue has sessions; false where it never closes.
    pub sessions: bool,
}

/// A checked instrument: steps are positive and one tick times one lot is a whole money unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instrument {
    spec: InstrumentSpec,
    min_qty: Qty,
    min_notional: Money,
    /// The lowest price whose orders lie on a coarser step, and the step [ticks].
    coarse: (i64, i64),
    tick_value: i128,
    /// The same, where it fits; else 0.
    tick_value_small: i64,
}

impl Instrument {
    /// Checks a specification.
    ///
    /// # Errors
    /// [`TypeError::BadStep`] when tick, lot or multiplier is not positive or the order tick does
    /// not lie on the tick, [`TypeError::TooFine`] when one tick of one lot is worth less than
    /// 1e-18, [`TypeError::Overflow`] when it is huge.
    pub fn try_new(spec: InstrumentSpec) -> Result<Self, TypeError> {
        let steps = [spec.tick_size, spec.lot_size, spec.multiplier];
        if steps.iter().any(|step| step.mantissa() <= 0) {
            return Err(TypeError::BadStep);
        }
        let scale: u32 = steps.iter().map(|step| step.scale()).sum();
        if scale > Money::SCALE {
            return Err(TypeError::TooFine);
        }
        let product = steps
            .iter()
            .try_fold(1i128, |acc, step| acc.checked_mul(step.mantissa()))
            .ok_or(TypeError::Overflow)?;
        let tick_value = 10i128
            .checked_pow(Money::SCALE - scale)
            .and_then(|factor| product.checked_mul(factor))
            .ok_or(TypeError::Overflow)?;
        let lot = spec.lot_size.to_atto()?;
        let min_lots = spec.min_qty.to_atto()?.max(0);
        let whole_lots = min_lots / lot + i128::from(min_lots % lot != 0);
        let min_qty = i64::try_from(whole_lots).map_err(|_| TypeError::Overflow)?;
        let min_notional = Money(spec.min_notional.to_atto()?.max(0));
        let in_ticks = |value: Decimal| value.steps(spec.tick_size)?.ok_or(TypeError::BadStep);
        let coarse = match spec.order_tick {
            Some(orders) => (in_ticks(orders.from)?, in_ticks(orders.step)?),
            None => (i64::MAX, 1),
        };
        if coarse.1 <= 0 {
            return Err(TypeError::BadStep);
        }
        Ok(Self {
            min_qty: Qty(min_qty),
            min_notional,
            coarse,
            tick_value,
            tick_value_small: i64::try_from(tick_value).unwrap_or(0),
            spec,
        })
    }

    /// The specification it was made from.
    #[must_use]
    pub const fn spec(&self) -> &InstrumentSpec {
        &self.spec
    }

    /// The venue's own string.
    #[must_use]
    pub fn symbol(&self) -> &str {
        &self.spec.symbol
    }

    /// The step on which a price of an order lies [ticks].
    #[inline]
    #[must_use]
    pub const fn order_step(&self, price: Price) -> i64 {
        if price.0 >= self.coarse.0 {
            self.coarse.1
        } else {
            1
        }
    }

    /// The nearest price of an order that is not above `price`.
    #[inline]
    #[must_use]
    pub const fn floor_price(&self, price: Price) -> Price {
        match self.order_step(price) {
            1 => price,
            step => Price(price.0 - price.0.rem_euclid(step)),
        }
    }

    /// The nearest price of an order that is not below `price`.
    #[inline]
    #[must_use]
    pub const fn ceil_price(&self, price: Price) -> Price {
        match self.order_step(price) {
            1 => price,
            step => Price(price.0 + (step - price.0.rem_euclid(step)) % step),
        }
    }

    /// The nearest price of an order; the lower one from halfway.
    #[inline]
    #[must_use]
    pub const fn nearest_price(&self, price: Price) -> Price {
        let (low, high) = (self.floor_price(price), self.ceil_price(price));
        if price.0 - low.0 <= high.0 - price.0 {
            low
        } else {
            high
        }
    }

    /// Smallest order quantity in lots.
    #[must_use]
    pub const fn min_qty(&self) -> Qty {
        self.min_qty
    }

    /// Smallest order value.
    #[must_use]
    pub const fn min_notional(&self) -> Money {
        self.min_notional
    }

    /// Money units of one tick times one lot.
    #[inline]
    #[must_use]
    pub const fn tick_value(&self) -> i128 {
        self.tick_value
    }

    /// Price times quantity times multiplier; the sign follows both.
    ///
    /// # Errors
    /// [`TypeError::Overflow`] when the value does not fit.
    #[inline]
    pub const fn notional(&self, price: Price, qty: Qty) -> Result<Money, TypeError> {
        // Two factors of 64 bits fit into 128.
        let product = (price.0 as i128) * (qty.0 as i128);
        let small = product as i64;
        if small as i128 == product && self.tick_value_small != 0 {
            return Ok(Money((small as i128) * (self.tick_value_small as i128)));
        }
        match product.checked_mul(self.tick_value) {
            Some(value) => Ok(Money(value)),
            None => Err(TypeError::Overflow),
        }
    }

    /// Value of `qty` at a mid given as the sum of bid and ask, rounded half to even.
    ///
    /// # Errors
    /// [`TypeError::Overflow`] when the value does not fit.
    #[inline]
    pub const fn value_at_mid(&self, bid_plus_ask: i64, qty: Qty) -> Result<Money, TypeError> {
        match self.notional(Price(bid_plus_ask), qty) {
            Ok(twice) => Ok(Money(halve_to_even(twice.0))),
            Err(error) => Err(error),
        }
    }

    /// Decimal text of a price.
    ///
    /// # Errors
    /// [`TypeError::Overflow`] when the product does not fit.
    pub fn price_decimal(&self, price: Price) -> Result<Decimal, TypeError> {
        self.spec.tick_size.times(price.0)
    }

    /// Decimal text of a quantity.
    ///
    /// # Errors
    /// [`TypeError::Overflow`] when the product does not fit.
    pub fn qty_decimal(&self, qty: Qty) -> Result<Decimal, TypeError> {
        self.spec.lot_size.times(qty.0)
    }

    /// Ticks of an exact decimal price.
    ///
    /// # Errors
    /// [`TypeError::OffTick`] when it does not lie on the tick.
    pub fn parse_price(&self, value: Decimal) -> Result<Price, TypeError> {
        value
            .steps(self.spec.tick_size)?
            .map(Price)
            .ok_or(TypeError::OffTick)
    }

    /// Lots of an exact decimal quantity.
    ///
    /// # Errors
    /// [`TypeError::OffLot`] when it does not lie on the lot.
    pub fn parse_qty(&self, value: Decimal) -> Result<Qty, TypeError> {
        value
            .steps(self.spec.lot_size)?
            .map(Qty)
            .ok_or(TypeError::OffLot)
    }
}
