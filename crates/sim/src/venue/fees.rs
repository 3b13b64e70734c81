//! What an execution costs.

use py_rt_types::number::divide_half_even;
use py_rt_types::{Instrument, Liquidity, Money, Price, Qty, TypeError};

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
