//! What an execution costs, and in what.

use py_rt_types::{FeeAsset, Money};

use crate::error::Malformed;
use crate::json::Slot;
use crate::symbols::{decimal, Listing};

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

    /// Reads `commission` and `commissionAsset`, or `n` and `N`.
    ///
    /// # Errors
    /// [`Malformed`] when the amount is no decimal or nobody says of what it is.
    pub fn read(amount: &Slot<'_>, asset: &Slot<'_>, listing: &Listing) -> Result<Self, Malformed> {
        const FIELD: &str = "commission";
        let Some(digits) = amount.digits(FIELD)? else {
            return Ok(Self::NONE);
        };
        let paid = decimal(digits).and_then(|fee| fee.to_atto());
        let paid = paid.map_err(|_| amount.malformed(FIELD))?;
        if paid == 0 {
            return Ok(Self::NONE);
        }
        let named = asset.required_text("commissionAsset")?;
        let quote = listing.instrument().spec().currency.as_bytes();
        Ok(if *named == *quote {
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
        })
    }
}

/// What is traded: the symbol without the currency of its prices.
#[must_use]
pub fn base_of(listing: &Listing) -> &[u8] {
    let spec = listing.instrument().spec();
    let base = spec.symbol.strip_suffix(spec.currency.as_str());
    base.unwrap_or(&spec.symbol)
        .trim_end_matches('/')
        .as_bytes()
}
