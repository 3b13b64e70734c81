//! Fees in kind: who buys coins is charged in coins, and owns fewer than he bought.
//!
//! The books hold whole lots, and what is held can be sold. So a fee in kind first takes from what
//! is owned beyond whole lots, and then as many lots as it needs: these are sold at the execution's
//! price, and what they bring is the fee. Cash does not change, and nothing is lost in rounding.

use py_rt_types::{FeeAsset, Instrument, InstrumentId, Money, Price, Qty, TypeError};

use super::Kernel;
use crate::portfolio::{Portfolio, Position};

/// An execution's fee, as it is booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Commission {
    /// What it is worth, in the instrument's currency.
    pub(super) value: Money,
    /// In 1e-18 of what is traded, where it is paid in kind.
    pub(super) in_kind: Money,
    /// The part that is paid from cash.
    from_cash: Money,
    /// Lots that it takes out of the position, and what these are worth.
    lots: Qty,
    lots_value: Money,
}

impl Commission {
    /// Books an execution and its fee.
    pub(super) fn book(
        &self,
        portfolio: &mut Portfolio,
        (instrument, id): (&Instrument, InstrumentId),
        qty: Qty,
        price: Price,
    ) -> Result<Position, TypeError> {
        let position = portfolio.handle_fill(instrument, id, qty, price, self.from_cash)?;
        if self.lots.0 == 0 {
            return Ok(position);
        }
        let given = Qty(self.lots.0.saturating_neg());
        portfolio.handle_fill(instrument, id, given, price, self.lots_value)
    }
}

impl<S> Kernel<S> {
    /// What a fee comes to; one in kind changes what is owned beyond whole lots.
    pub(super) fn commission(
        &mut self,
        id: InstrumentId,
        price: Price,
        (fee, asset): (Money, FeeAsset),
    ) -> Result<Commission, TypeError> {
        let Some(instrument) = self.instruments.get(id.index()) else {
            return Ok(Commission::default());
        };
        if asset == FeeAsset::Quote || fee.0 == 0 {
            return Ok(Commission {
                value: fee,
                from_cash: fee,
                ..Commission::default()
            });
        }
        let lot = instrument.spec().lot_size.to_atto()?;
        let one = instrument.notional(price, Qty(1))?.0;
        let whole = one.checked_mul(fee.0 / lot);
        let part = one.checked_mul(fee.0 % lot).map(|part| part / lot);
        let value = whole.zip(part).and_then(|(a, b)| a.checked_add(b));
        let lots = self.sync.take_in_kind(id, fee, lot);
        Ok(Commission {
            value: Money(value.ok_or(TypeError::Overflow)?),
            in_kind: fee,
            from_cash: Money::ZERO,
            lots,
            lots_value: instrument.notional(price, lots)?,
        })
    }
}
