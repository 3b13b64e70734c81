//! What an execution costs, and in what.

use alloc::collections::VecDeque;
use alloc::string::ToString;

use py_rt_types::{FeeAsset, Money};

use crate::error::Malformed;
use crate::json::Slot;
use crate::session::VenueEvent;
use crate::symbols::{optional_atto, Listing};

/// A commission as the kernel books it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fee {
    /// In 1e-18 of `asset`.
    pub amount: Money,
    /// In what.
    pub asset: FeeAsset,
    /// It was paid in a third asset: no position and no cash of this run changes by it, and
    /// `amount` is 0.
    pub elsewhere: bool,
}

impl Fee {
    /// Nothing.
    pub const NONE: Self = Self {
        amount: Money::ZERO,
        asset: FeeAsset::Quote,
        elsewhere: false,
    };

    /// Reads an amount and the name of its asset.
    ///
    /// # Errors
    /// [`Malformed`] when the amount is no decimal or nobody says of what it is.
    pub fn read(amount: &Slot<'_>, asset: &Slot<'_>, listing: &Listing) -> Result<Self, Malformed> {
        let paid = Self::amount(amount)?;
        if paid == 0 {
            return Ok(Self::NONE);
        }
        let named = asset.required_text("commissionAsset")?;
        Ok(Self::paid(paid, &named, listing))
    }

    /// Reads an amount in 1e-18; 0 where none is told.
    ///
    /// # Errors
    /// [`Malformed`] when it is no decimal.
    pub fn amount(slot: &Slot<'_>) -> Result<i128, Malformed> {
        Ok(optional_atto(slot, "commission")?.unwrap_or(0))
    }

    /// What was paid, by the name of its asset.
    #[must_use]
    pub fn paid(paid: i128, named: &[u8], listing: &Listing) -> Self {
        if *named == *quote_of(listing) {
            Self {
                amount: Money(paid),
                ..Self::NONE
            }
        } else if *named == *base_of(listing) {
            Self {
                amount: Money(paid),
                asset: FeeAsset::Base,
                elsewhere: false,
            }
        } else {
            Self {
                elsewhere: true,
                ..Self::NONE
            }
        }
    }
}

/// A fee in a third asset is in no book of this run.
pub(crate) fn warn_of_fee(elsewhere: bool, events: &mut VecDeque<VenueEvent>) {
    if elsewhere {
        let text = "a fee was paid in an asset that is not traded in this run, such as BNB: it \
                    is booked as nothing; switch such fees off in the account's settings";
        events.push_back(VenueEvent::Notice(text.to_string()));
    }
}

/// What its prices are in.
#[must_use]
pub(crate) fn quote_of(listing: &Listing) -> &[u8] {
    listing.instrument().spec().currency.as_bytes()
}

/// What is traded: the symbol without the currency of its prices.
#[must_use]
pub fn base_of(listing: &Listing) -> &[u8] {
    let spec = listing.instrument().spec();
    let base = spec.symbol.strip_suffix(spec.currency.as_str());
    base.unwrap_or(&spec.symbol)
        .trim_end_matches(['/', '-'])
        .as_bytes()
}
