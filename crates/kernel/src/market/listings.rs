//! The same product at several venues: which instruments those are, and what taking costs at each.

use alloc::vec::Vec;
use py_rt_types::{Instrument, InstrumentId, Money, Price, Qty, Side, UnixNanos};

use super::{InstrumentMarket, Market};
use crate::input::Phase;

/// Venues that one product may be listed at.
pub const VENUES_MAX: usize = 8;
/// Rates are parts of this.
const WHOLE_E9: i128 = 1_000_000_000;

/// An instrument's place in its product, and what an execution costs there beside its price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ListingTerms {
    /// Instruments of the same number are the same thing at other venues.
    pub product: u32,
    /// Rate for taking liquidity, in parts of 1e-9 of the traded value.
    pub taker_e9: i64,
    /// Fee of one unit of quantity.
    pub per_unit: Money,
    /// What an order takes to get there.
    pub order_ns: i64,
}

/// Why instruments cannot be one product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListingError {
    /// There are not as many terms as instruments, or a product's number is beyond their count.
    Count,
    /// Another currency or multiplier than the first of its product.
    Unlike(InstrumentId),
    /// Its lot is no whole number of the finest lots of its product.
    Lot(InstrumentId),
    /// More than [`VENUES_MAX`] venues list it.
    Many(InstrumentId),
}

/// One instrument among those of its product.
#[derive(Debug, Clone, Copy)]
struct Listing {
    terms: ListingTerms,
    /// Finest lots of the product in one lot.
    lots: i64,
    /// Lots in the quantity that all venues of the product can trade.
    span: i64,
    /// The fee by quantity of that, in parts of 1e-9.
    fee_e9: i128,
}

/// All products of a run; each instrument is its own where nothing was said.
#[derive(Debug, Clone, Default)]
pub struct Listings {
    listings: Vec<Listing>,
    /// The instruments of each product, by its number.
    products: Vec<Vec<InstrumentId>>,
}

impl Listings {
    /// Products of these instruments, with terms for each.
    ///
    /// # Errors
    /// [`ListingError`] names the instrument that does not fit.
    pub fn try_new(
        instruments: &[Instrument],
        terms: &[ListingTerms],
    ) -> Result<Self, ListingError> {
        let count = terms.len();
        let numbered = |terms: &ListingTerms| (terms.product as usize) < count;
        if instruments.len() != count || !terms.iter().all(numbered) {
            return Err(ListingError::Count);
        }
        let mut products = alloc::vec![Vec::new(); count];
        for (place, terms) in terms.iter().enumerate() {
            products[terms.product as usize].push(InstrumentId(place as u32));
        }
        let none = |terms: &ListingTerms| Listing {
            terms: *terms,
            lots: 1,
            span: 1,
            fee_e9: 0,
        };
        let mut listings: Vec<Listing> = terms.iter().map(none).collect();
        for members in &products {
            measure(instruments, members, &mut listings)?;
        }
        Ok(Self { listings, products })
    }

    /// The instruments of a product, by one of them, in the order of the run.
    #[must_use]
    pub fn members<'a>(&'a self, id: &'a InstrumentId) -> &'a [InstrumentId] {
        let listing = self.listings.get(id.index());
        let product = listing.and_then(|l| self.products.get(l.terms.product as usize));
        product.map_or(core::slice::from_ref(id), Vec::as_slice)
    }

    /// Finest lots of the product in one lot of an instrument.
    #[must_use]
    pub fn lots(&self, id: InstrumentId) -> i64 {
        self.listings.get(id.index()).map_or(1, |l| l.lots)
    }

    /// What an order takes to the venue of an instrument.
    #[must_use]
    pub fn order_ns(&self, id: InstrumentId) -> i64 {
        let listing = self.listings.get(id.index());
        listing.map_or(0, |l| l.terms.order_ns)
    }

    /// What taking at a price comes to after fees, for the quantity that all venues of the product
    /// can trade: money to pay for a buy, and money that is received, below 0, for a sell. In parts
    /// of 1e-27. The rate may be made worse by `extra_e9`. `None` when that does not fit.
    pub(crate) fn cost(
        &self,
        instrument: &Instrument,
        id: InstrumentId,
        (side, price): (Side, Price),
        extra_e9: i128,
    ) -> Option<i128> {
        let alone = Listing {
            terms: ListingTerms::default(),
            lots: 1,
            span: 1,
            fee_e9: 0,
        };
        let listing = self.listings.get(id.index()).copied().unwrap_or(alone);
        let value = instrument.notional(price, Qty(listing.span)).ok()?.0;
        let fees = i128::from(listing.terms.taker_e9).checked_add(extra_e9)?;
        let by_value = value.checked_abs()?.checked_mul(fees)?;
        let signed = value.checked_mul(WHOLE_E9 * i128::from(side.sign()))?;
        signed.checked_add(by_value)?.checked_add(listing.fee_e9)
    }

    /// The price after fees that belongs to a cost, in parts of 1e-9 of a tick of an instrument;
    /// `None` when that does not fit.
    pub(crate) fn net_e9(
        &self,
        instrument: &Instrument,
        id: InstrumentId,
        cost: i128,
    ) -> Option<i128> {
        let span = self.listings.get(id.index()).map_or(1, |l| l.span);
        let tick = instrument.tick_value().checked_mul(i128::from(span))?;
        cost.checked_abs()?.checked_div(tick)
    }
}

/// Finds out how the lots of a product relate, and what its fees by quantity come to.
fn measure(
    instruments: &[Instrument],
    members: &[InstrumentId],
    listings: &mut [Listing],
) -> Result<(), ListingError> {
    let spec = |id: InstrumentId| instruments[id.index()].spec();
    let atto = |id: InstrumentId| spec(id).lot_size.to_atto();
    let Some(&first) = members.first() else {
        return Ok(());
    };
    if let Some(&id) = members.get(VENUES_MAX) {
        return Err(ListingError::Many(id));
    }
    let finest = members.iter().filter_map(|&id| atto(id).ok()).min();
    let finest = finest.ok_or(ListingError::Lot(first))?;
    let mut span = 1i64;
    for &id in members {
        let (one, other) = (spec(first), spec(id));
        if one.currency != other.currency || one.multiplier != other.multiplier {
            return Err(ListingError::Unlike(id));
        }
        let lot = atto(id).ok().filter(|lot| lot % finest == 0);
        let lots = lot.and_then(|lot| i64::try_from(lot / finest).ok());
        let lots = lots.ok_or(ListingError::Lot(id))?;
        listings[id.index()].lots = lots;
        let all = span / divisor(span, lots);
        span = all.checked_mul(lots).ok_or(ListingError::Lot(id))?;
    }
    for &id in members {
        let listing = &mut listings[id.index()];
        listing.span = span / listing.lots;
        let lot = spec(id).lot_size;
        let fee = listing.terms.per_unit.0.checked_mul(WHOLE_E9);
        let fee = fee.and_then(|fee| fee.checked_mul(lot.mantissa()));
        let fee = fee.map(|fee| fee / 10i128.pow(lot.scale()));
        let fee = fee.and_then(|fee| fee.checked_mul(i128::from(listing.span)));
        listing.fee_e9 = fee.ok_or(ListingError::Lot(id))?;
    }
    Ok(())
}

/// Greatest common divisor of two positive numbers.
const fn divisor(mut a: i64, mut b: i64) -> i64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

impl Market {
    /// Whether a book counts among those of its product: it is there and valid, its market is open,
    /// and its last message is no older than `max_age_ns`.
    #[must_use]
    pub fn is_counted(&self, id: InstrumentId, now: UnixNanos, max_age_ns: i64) -> bool {
        let open = self.phases.get(id.index()).copied().unwrap_or_default() == Phase::Open;
        let fresh = |market: &InstrumentMarket| {
            let told = market.mark().map(|(_, at)| now.since(at) <= max_age_ns);
            market.book().is_some() && market.valid() && told == Some(true)
        };
        open && self.instrument(id).is_some_and(fresh)
    }
}
