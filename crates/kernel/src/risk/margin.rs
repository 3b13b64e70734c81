//! The initial margin: what equity has to cover before an order leaves.

use alloc::boxed::Box;
use py_rt_types::{InstrumentId, Money};

use super::checks::{denial, fits, whole, within_money, Ask, Desk};
use super::sums::reach;
use super::{Control, Notes};
use crate::event::Denial;
use crate::margin::MarginRate;

/// Initial rates by place of the instrument.
pub(super) type InitialRates = Box<[MarginRate]>;

/// Every instrument counts with the worse of its two outermost positions, so equity covers what is
/// held whichever of the open orders are executed.
pub(super) fn check<N: Notes>(
    rates: &[MarginRate],
    desk: &Desk<'_>,
    ask: &Ask<'_>,
    notes: &mut N,
) -> Result<(), Denial> {
    let mut required = Money::ZERO;
    for place in 0..desk.instruments.len() {
        let (low, high) = reach(desk, ask, InstrumentId(place as u32))?;
        if (low, high) == (Money::ZERO, Money::ZERO) {
            continue;
        }
        let Some(rate) = rates.get(place) else {
            return Err(denial(Control::InitialMargin, whole(0), whole(0)));
        };
        let worse = fits(rate.of(low))?.max(fits(rate.of(high))?);
        required = fits(required.checked_add(worse))?;
    }
    let equity = desk.portfolio.equity().max(Money::ZERO);
    within_money(
        notes,
        required <= equity,
        Control::InitialMargin,
        equity,
        required,
    )
}
