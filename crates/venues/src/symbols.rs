//! Venue symbols to instruments, decimal text to ticks and lots.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use py_rt_types::{
    AssetClass, Decimal, Instrument, InstrumentId, InstrumentSpec, Price, Qty, TypeError,
};

use crate::error::Malformed;
use crate::json::Slot;

static POWERS: [i64; 19] = {
    let mut powers = [1; 19];
    let mut at = 1;
    while at < 19 {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};

/// A step as a small decimal, for the fast way from text to a count of steps.
#[derive(Debug, Clone, Copy)]
struct Step {
    mantissa: i64,
    scale: u32,
}

impl Step {
    fn new(step: Decimal) -> Self {
        Self {
            mantissa: i64::try_from(step.mantissa()).unwrap_or(0),
            scale: step.scale(),
        }
    }

    /// How many steps a text is, or `None` when the slow way has to say.
    #[inline]
    fn count(self, text: &[u8]) -> Option<i64> {
        let (mantissa, scale) = small_decimal(text)?;
        let (value, unit) = if self.scale >= scale {
            let factor = *POWERS.get((self.scale - scale) as usize)?;
            (mantissa.checked_mul(factor)?, self.mantissa)
        } else {
            let factor = *POWERS.get((scale - self.scale) as usize)?;
            (mantissa, self.mantissa.checked_mul(factor)?)
        };
        if unit <= 0 || value % unit != 0 {
            return None;
        }
        Some(value / unit)
    }
}

/// Digits and scale of plain decimal text of at most 18 digits.
#[inline]
fn small_decimal(text: &[u8]) -> Option<(i64, u32)> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    if digits.is_empty() || digits.len() > 19 {
        return None;
    }
    let (mut mantissa, mut scale, mut seen, mut behind) = (0i64, 0u32, 0u32, false);
    for &byte in digits {
        match byte {
            b'0'..=b'9' => {
                seen += 1;
                scale += u32::from(behind);
                if seen > 18 {
                    return None;
                }
                mantissa = mantissa * 10 + i64::from(byte - b'0');
            }
            b'.' if !behind => behind = true,
            _ => return None,
        }
    }
    if seen == 0 {
        return None;
    }
    Some((if negative { -mantissa } else { mantissa }, scale))
}

/// An instrument with its place and the fast way to its ticks and lots.
#[derive(Debug, Clone)]
pub struct Listing {
    id: InstrumentId,
    instrument: Instrument,
    tick: Step,
    lot: Step,
}

impl Listing {
    /// Its place in the run's list.
    #[inline]
    #[must_use]
    pub const fn id(&self) -> InstrumentId {
        self.id
    }

    /// The instrument.
    #[must_use]
    pub const fn instrument(&self) -> &Instrument {
        &self.instrument
    }

    /// Ticks of decimal text, exactly.
    ///
    /// # Errors
    /// Those of [`Decimal::parse`] and [`Instrument::parse_price`].
    #[inline]
    pub fn price(&self, text: &[u8]) -> Result<Price, TypeError> {
        match self.tick.count(text) {
            Some(ticks) => Ok(Price(ticks)),
            None => self.instrument.parse_price(decimal(text)?),
        }
    }

    /// Lots of decimal text, exactly.
    ///
    /// # Errors
    /// Those of [`Decimal::parse`] and [`Instrument::parse_qty`].
    #[inline]
    pub fn qty(&self, text: &[u8]) -> Result<Qty, TypeError> {
        match self.lot.count(text) {
            Some(lots) => Ok(Qty(lots)),
            None => self.instrument.parse_qty(decimal(text)?),
        }
    }

    /// The symbol as orders and subscriptions write it: crypto with a slash.
    #[must_use]
    pub fn wire_symbol(&self) -> String {
        let (symbol, spec) = (self.instrument.symbol(), self.instrument.spec());
        if spec.asset_class == AssetClass::Crypto && !symbol.contains('/') {
            if let Some(base) = symbol.strip_suffix(spec.currency.as_str()) {
                if !base.is_empty() && !spec.currency.is_empty() {
                    return alloc::format!("{base}/{}", spec.currency);
                }
            }
        }
        symbol.to_string()
    }
}

/// A pair of coins as an instrument, with steps that are still to be told. Spot is not sold short
/// and never closes.
pub(crate) fn spot(venue: &str, symbol: &str, currency: &str) -> InstrumentSpec {
    InstrumentSpec {
        symbol: symbol.into(),
        venue: venue.into(),
        tick_size: Decimal::ZERO,
        order_tick: None,
        lot_size: Decimal::ZERO,
        min_qty: Decimal::ZERO,
        min_notional: Decimal::ZERO,
        multiplier: Decimal::try_new(1, 0).unwrap_or(Decimal::ZERO),
        currency: currency.into(),
        asset_class: AssetClass::Crypto,
        shortable: false,
        sessions: false,
    }
}

/// Exact decimal text of any length.
pub(crate) fn decimal(text: &[u8]) -> Result<Decimal, TypeError> {
    Decimal::parse(core::str::from_utf8(text).map_err(|_| TypeError::NotDecimal)?)
}

/// A decimal that must be there.
pub(crate) fn required_decimal(slot: &Slot<'_>, field: &'static str) -> Result<Decimal, Malformed> {
    decimal(slot.required_digits(field)?).map_err(|_| slot.malformed(field))
}

/// An amount in 1e-18, where one is told.
pub(crate) fn optional_atto(
    slot: &Slot<'_>,
    field: &'static str,
) -> Result<Option<i128>, Malformed> {
    let Some(digits) = slot.digits(field)? else {
        return Ok(None);
    };
    let atto = decimal(digits).and_then(Decimal::to_atto);
    atto.map(Some).map_err(|_| slot.malformed(field))
}

/// An amount in 1e-18 that must be there.
pub(crate) fn required_atto(slot: &Slot<'_>, field: &'static str) -> Result<i128, Malformed> {
    optional_atto(slot, field)?.ok_or_else(|| slot.malformed(field))
}

/// A price that must be there.
pub(crate) fn price(
    slot: &Slot<'_>,
    field: &'static str,
    listing: &Listing,
) -> Result<Price, Malformed> {
    let digits = slot.required_digits(field)?;
    listing.price(digits).map_err(|_| slot.malformed(field))
}

/// A quantity that must be there and must not be negative.
pub(crate) fn qty(
    slot: &Slot<'_>,
    field: &'static str,
    listing: &Listing,
) -> Result<Qty, Malformed> {
    match listing.qty(slot.required_digits(field)?) {
        Ok(qty) if qty.0 >= 0 => Ok(qty),
        _ => Err(slot.malformed(field)),
    }
}

/// Why a list of instruments makes no table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SymbolError {
    /// A symbol is empty.
    Empty,
    /// Two instruments have the same symbol once slashes are left out.
    Duplicate(String),
}

impl fmt::Display for SymbolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("an instrument has no symbol; give it the venue's string"),
            Self::Duplicate(symbol) => write!(
                f,
                "two instruments are `{symbol}` at this venue; leave one out"
            ),
        }
    }
}

impl core::error::Error for SymbolError {}

/// The instruments of one venue by symbol. `BTC/USD` and `BTCUSD` are the same one.
///
/// Cost: symbols of up to 16 letters are compared as one integer, binary search.
#[derive(Debug, Clone)]
pub struct SymbolTable {
    listings: Vec<Listing>,
    packed: Vec<(u128, u32)>,
    long: BTreeMap<Vec<u8>, u32>,
}

impl SymbolTable {
    /// Makes a table; each instrument's id is its place in the run's list.
    ///
    /// # Errors
    /// [`SymbolError`] for an empty symbol or one that is there twice.
    pub fn try_new<I>(instruments: I) -> Result<Self, SymbolError>
    where
        I: IntoIterator<Item = (InstrumentId, Instrument)>,
    {
        let mut table = Self {
            listings: Vec::new(),
            packed: Vec::new(),
            long: BTreeMap::new(),
        };
        for (id, instrument) in instruments {
            table.add(id, instrument)?;
        }
        table.packed.sort_unstable();
        for pair in table.packed.windows(2) {
            if let [a, b] = pair {
                if a.0 == b.0 {
                    return Err(table.duplicate(b.1));
                }
            }
        }
        Ok(table)
    }

    fn add(&mut self, id: InstrumentId, instrument: Instrument) -> Result<(), SymbolError> {
        let place = u32::try_from(self.listings.len()).unwrap_or(u32::MAX);
        let symbol = instrument.symbol().as_bytes().to_vec();
        let (tick, lot) = {
            let spec = instrument.spec();
            (Step::new(spec.tick_size), Step::new(spec.lot_size))
        };
        self.listings.push(Listing {
            id,
            instrument,
            tick,
            lot,
        });
        match pack(&symbol) {
            Some(0) => Err(SymbolError::Empty),
            Some(key) => {
                self.packed.push((key, place));
                Ok(())
            }
            None => match self.long.insert(without_slash(&symbol), place) {
                None => Ok(()),
                Some(_) => Err(self.duplicate(place)),
            },
        }
    }

    /// Makes an instrument known under one more name, where nothing else is known under it.
    pub fn name_too(&mut self, id: InstrumentId, name: &str) {
        let place = self.listings.iter().position(|listing| listing.id == id);
        let place = place.and_then(|place| u32::try_from(place).ok());
        let (Some(place), None) = (place, self.place(name.as_bytes())) else {
            return;
        };
        match pack(name.as_bytes()) {
            Some(key) => {
                let at = self.packed.partition_point(|entry| entry.0 < key);
                self.packed.insert(at, (key, place));
            }
            None => {
                self.long.insert(without_slash(name.as_bytes()), place);
            }
        }
    }

    fn duplicate(&self, place: u32) -> SymbolError {
        let symbol = self
            .listings
            .get(place as usize)
            .map_or("", |listing| listing.instrument.symbol());
        SymbolError::Duplicate(symbol.to_string())
    }

    /// The instrument of a symbol as the venue wrote it.
    #[inline]
    #[must_use]
    pub fn find(&self, symbol: &[u8]) -> Option<&Listing> {
        self.listings.get(self.place(symbol)? as usize)
    }

    /// Where [`listings`](Self::listings) holds a symbol as the venue wrote it.
    #[inline]
    #[must_use]
    pub fn place(&self, symbol: &[u8]) -> Option<u32> {
        match pack(symbol) {
            Some(key) => {
                let at = self.packed.binary_search_by_key(&key, |entry| entry.0);
                Some(self.packed.get(at.ok()?)?.1)
            }
            None => self.long.get(&without_slash(symbol)).copied(),
        }
    }

    /// The listing of an instrument.
    #[must_use]
    pub fn listing(&self, id: InstrumentId) -> Option<&Listing> {
        self.listings.iter().find(|listing| listing.id == id)
    }

    /// All listings, in the order they were given.
    #[must_use]
    pub fn listings(&self) -> &[Listing] {
        &self.listings
    }
}

/// The letters of a symbol without slashes as one integer; `None` above 16 letters.
#[inline]
fn pack(symbol: &[u8]) -> Option<u128> {
    let (mut key, mut letters) = (0u128, 0);
    for &byte in symbol {
        if byte == b'/' {
            continue;
        }
        letters += 1;
        if letters > 16 {
            return None;
        }
        key = (key << 8) | u128::from(byte);
    }
    Some(key)
}

fn without_slash(symbol: &[u8]) -> Vec<u8> {
    symbol.iter().copied().filter(|&b| b != b'/').collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::feed::number::tests::TEXTS;

    fn instrument(symbol: &str, tick: &str, lot: &str, asset_class: AssetClass) -> Instrument {
        Instrument::try_new(InstrumentSpec {
            symbol: symbol.into(),
            venue: "ALPACA".into(),
            tick_size: Decimal::parse(tick).unwrap(),
            order_tick: None,
            lot_size: Decimal::parse(lot).unwrap(),
            min_qty: Decimal::ZERO,
            min_notional: Decimal::ZERO,
            multiplier: Decimal::parse("1").unwrap(),
            currency: "USD".into(),
            asset_class,
            shortable: true,
            sessions: true,
        })
        .unwrap()
    }

    #[test]
    fn a_slash_makes_no_other_instrument() {
        let btc = instrument("BTC/USD", "0.5", "0.0001", AssetClass::Crypto);
        let table = SymbolTable::try_new([(InstrumentId(7), btc.clone())]).unwrap();
        for symbol in ["BTC/USD", "BTCUSD"] {
            assert_eq!(table.find(symbol.as_bytes()).unwrap().id(), InstrumentId(7));
        }
        assert!(table.find(b"ETH/USD").is_none());
        let twin = instrument("BTCUSD", "1", "1", AssetClass::Crypto);
        assert_eq!(
            SymbolTable::try_new([(InstrumentId(0), twin.clone())])
                .unwrap()
                .listings()[0]
                .wire_symbol(),
            "BTC/USD"
        );
        let both = SymbolTable::try_new([(InstrumentId(0), btc), (InstrumentId(1), twin)]);
        assert!(matches!(both, Err(SymbolError::Duplicate(_))));
    }

    #[test]
    fn an_instrument_may_have_more_names_but_not_those_of_others() {
        let symbols = ["BTC-USDC", "ETH-USD", "ETH-USDC"];
        let made = symbols.map(|symbol| instrument(symbol, "0.01", "1", AssetClass::Crypto));
        let listed = (0..).map(InstrumentId).zip(made);
        let mut table = SymbolTable::try_new(listed).unwrap();
        let long = "A-PRODUCT-LONGER-THAN-SIXTEEN";
        for (id, name) in [(0, "BTC-USD"), (1, "ETH-USDC"), (2, long), (9, "SOL-USD")] {
            table.name_too(InstrumentId(id), name);
        }
        let found = ["BTC-USD", "BTC-USDC", "ETH-USDC", long, "SOL-USD"];
        let found = found.map(|name| table.find(name.as_bytes()).map(|one| one.id().0));
        assert_eq!(found, [Some(0), Some(0), Some(2), Some(2), None]);
    }

    #[test]
    fn long_symbols_are_found_too() {
        let name = "A_SYMBOL/LONGER_THAN_SIXTEEN";
        let one = instrument(name, "1", "1", AssetClass::Other);
        let table = SymbolTable::try_new([(InstrumentId(0), one)]).unwrap();
        assert!(table.find(name.as_bytes()).is_some());
        assert!(table.find(b"A_SYMBOLLONGER_THAN_SIXTEEN").is_some());
    }

    #[test]
    fn the_fast_way_and_the_slow_way_agree() {
        let steps = ["0.01", "0.25", "1", "25", "0.000000001", "0.5"];
        for step in steps {
            let one = instrument("X", step, step, AssetClass::Equity);
            let table = SymbolTable::try_new([(InstrumentId(0), one.clone())]).unwrap();
            let listing = table.find(b"X").unwrap();
            for text in TEXTS {
                let slow = Decimal::parse(text).and_then(|d| one.parse_price(d));
                assert_eq!(listing.price(text.as_bytes()), slow, "{text} by {step}");
                let slow = Decimal::parse(text).and_then(|d| one.parse_qty(d));
                assert_eq!(listing.qty(text.as_bytes()), slow, "{text} by {step}");
            }
        }
    }
}
