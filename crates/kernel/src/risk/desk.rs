//! What the checks look at.

use py_rt_types::{Instrument, InstrumentId, Money, UnixNanos};

use super::checks::{denial, fits, whole};
use super::Control;
use crate::event::Denial;
use crate::execution::{Exposure, Order};
use crate::input::Phase;
use crate::market::Market;
use crate::portfolio::Portfolio;

/// Exposures that are looked at together.
const BLOCK: usize = 16;

/// What risk looks at: the stages before it, by reference. Portfolio and orders are those of whom
/// the limits belong to: the account, or one of several strategies.
#[derive(Clone, Copy)]
pub(crate) struct Desk<'a> {
    pub(crate) now: UnixNanos,
    pub(crate) instruments: &'a [Instrument],
    pub(crate) market: &'a Market,
    pub(crate) portfolio: &'a Portfolio,
    /// Quantity on its way, by instrument.
    pub(crate) exposures: &'a [Exposure],
    pub(crate) open_orders: usize,
    /// The open orders of the account.
    pub(crate) open: &'a [Order],
    /// The phases of the markets, by instrument, as far as they were told.
    pub(crate) phases: &'a [Phase],
    pub(crate) reconciled: bool,
    /// Whether several strategies share the account: then each of them is held to its reduce-only
    /// orders by its own limits.
    pub(crate) shared: bool,
}

impl Desk<'_> {
    #[inline]
    pub(super) fn exposure(&self, id: InstrumentId) -> Exposure {
        self.exposures.get(id.index()).copied().unwrap_or_default()
    }

    /// Instruments with a quantity on its way. Few have one: blocks without any are left out at
    /// once.
    #[inline]
    pub(super) fn working(&self) -> impl Iterator<Item = InstrumentId> + '_ {
        let busy = |block: &[Exposure]| block.iter().fold(0, |any, e| any | e.buy | e.sell) != 0;
        self.exposures
            .chunks(BLOCK)
            .enumerate()
            .filter(move |(_, block)| busy(block))
            .flat_map(|(number, block)| {
                let works = |(_, e): &(usize, &Exposure)| e.buy != 0 || e.sell != 0;
                let place = move |(at, _)| InstrumentId((number * BLOCK + at) as u32);
                block.iter().enumerate().filter(works).map(place)
            })
    }

    /// A value in the currency of an instrument, in the base currency: what limits are in.
    #[inline]
    pub(super) fn in_base(&self, id: InstrumentId, value: Money) -> Result<Money, Denial> {
        if self.portfolio.pockets().is_empty() {
            return Ok(value);
        }
        self.converted(id, value)
    }

    #[cold]
    #[inline(never)]
    fn converted(&self, id: InstrumentId, value: Money) -> Result<Money, Denial> {
        let unknown = || denial(Control::ExchangeRate, whole(1), whole(0));
        if !self.portfolio.is_valued() {
            return Err(unknown());
        }
        fits(self.portfolio.in_base(id, value))?.ok_or_else(unknown)
    }
}
