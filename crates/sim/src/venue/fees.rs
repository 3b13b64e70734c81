//! What an execution costs.

use std::collections::VecDeque;

use py_rt_types::number::divide_half_even;
use py_rt_types::{Instrument, Liquidity, Money, Price, Qty, TypeError, UnixNanos};

use super::VenueConfig;

/// A fee schedule. Rates are parts of 1e-9 of the traded value; a negative rate is a rebate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fees {
    /// Rate for adding liquidity.
    pub maker_e9: i64,
    /// Rate for taking liquidity.
    pub taker_e9: i64,
    /// Per unit of quantity (a share, a coin).
    pub per_share: Money,
    /// Least of one order that was executed at all.
    pub minimum: Money,
    /// Step to which the fee of an execution is rounded, half to even; 0 for none.
    pub rounding: Money,
}

/// What one order was charged so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Charged {
    /// Sum of the fees of its executions, before the least of the order.
    pub due: Money,
    /// Sum of what it paid.
    pub paid: Money,
}

/// Rates from some traded value on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tier {
    /// From this traded value on.
    pub from: Money,
    /// Rate for adding liquidity.
    pub maker_e9: i64,
    /// Rate for taking liquidity.
    pub taker_e9: i64,
}

/// Rates that go by the value that was traded in the days before today.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tiers {
    /// By rising value; places after the last have the value 0.
    pub rows: [Tier; 12],
    /// How many days before today count.
    pub days: i64,
}

/// What was traded by day in UTC, and the rates of today.
#[derive(Debug, Default)]
pub(super) struct Traded {
    days: VecDeque<(i64, Money)>,
    today: Option<(i64, Fees)>,
}

impl Traded {
    /// The schedule that holds at a time.
    pub(super) fn fees_at(&mut self, now: UnixNanos, config: &VenueConfig) -> Fees {
        if config.tiers.days == 0 {
            return config.fees;
        }
        let day = now.day();
        if let Some((of, fees)) = self.today {
            if of == day {
                return fees;
            }
        }
        let first = day - config.tiers.days;
        self.days.retain(|(of, _)| *of >= first);
        let sum = self.days.iter().map(|(_, value)| value.0).sum::<i128>();
        let mut fees = config.fees;
        let reached = |tier: &&Tier| tier.from.0 > 0 && tier.from.0 <= sum;
        if let Some(tier) = config.tiers.rows.iter().rfind(reached) {
            fees.maker_e9 = tier.maker_e9;
            fees.taker_e9 = tier.taker_e9;
        }
        self.today = Some((day, fees));
        self.days.push_back((day, Money::ZERO));
        fees
    }

    /// Counts an execution of today.
    pub(super) fn add(
        &mut self,
        config: &VenueConfig,
        instrument: &Instrument,
        (price, qty): (Price, Qty),
    ) {
        if config.tiers.days > 0 {
            let value = instrument.notional(price, qty).unwrap_or(Money::ZERO).abs();
            if let Some((_, sum)) = self.days.back_mut() {
                sum.0 = sum.0.saturating_add(value.0);
            }
        }
    }
}

impl Fees {
    /// The fee of one execution of an order. `charged` is what its executions so far came to before
    /// the least of the order was applied, and what it paid; both move on.
    ///
    /// # Errors
    /// [`TypeError::Overflow`] when a number does not fit.
    pub fn fee(
        &self,
        instrument: &Instrument,
        price: Price,
        qty: Qty,
        liquidity: Liquidity,
        charged: &mut Charged,
    ) -> Result<Money, TypeError> {
        let rate = match liquidity {
            Liquidity::Maker => self.maker_e9,
            Liquidity::Taker => self.taker_e9,
        };
        let by_value = instrument.notional(price, qty)?.abs().checked_rate(rate)?;
        let by_qty = if self.per_share == Money::ZERO {
            Money::ZERO
        } else {
            let units = instrument.qty_decimal(qty)?;
            let product = self.per_share.0.checked_mul(units.mantissa());
            let unit = 10i128.pow(units.scale());
            Money(divide_half_even(product.ok_or(TypeError::Overflow)?, unit))
        };
        let mut fee = by_value.checked_add(by_qty)?;
        let due = charged.due.checked_add(fee)?;
        if self.minimum.0 > 0 {
            fee = due.max(self.minimum).checked_sub(charged.paid)?;
        }
        if self.rounding.0 > 0 {
            fee = Money(divide_half_even(fee.0, self.rounding.0) * self.rounding.0);
        }
        let paid = charged.paid.checked_add(fee)?;
        *charged = Charged { due, paid };
        Ok(fee)
    }
}
