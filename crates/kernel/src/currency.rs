//! Currencies of an account: which there are, and where their rates of exchange come from.
//!
//! The first is the base: equity, limits and breakers are in it. A rate is units of the base for
//! one unit of a currency. It is told from outside ([`ExchangeRate`]) or read off a market of the
//! run; either way it holds from the moment at which the kernel learns it, until the next one.

use alloc::string::String;
use alloc::vec::Vec;
use py_rt_types::{InstrumentId, Money, Ratio};

/// The place of a currency; 0 is the base.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct CurrencyId(pub u8);

impl CurrencyId {
    /// The place as an index.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A market of the run whose mark is a rate of exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateMarket {
    /// Which.
    pub instrument: InstrumentId,
    /// Whether its price is units of the currency for one of the base.
    pub inverse: bool,
}

/// A currency beside the base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CurrencySpec {
    /// Its code, as instruments name it.
    pub code: String,
    /// Cash to start with.
    pub cash: Money,
    /// Where its rate is read; `None` where it is told.
    pub market: Option<RateMarket>,
}

/// The currencies of an account. Cash of the base is the cash of the kernel's configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Currencies {
    /// Code of the base.
    pub base: String,
    /// The others, at most 255.
    pub others: Vec<CurrencySpec>,
}

/// A rate of exchange that was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExchangeRate {
    /// Of which currency.
    pub currency: CurrencyId,
    /// Units of the base for one of it; positive.
    pub rate: Ratio,
}
