//! The venue's names of one pair: `BTC/USD` in streams, `XBTUSD` and `XXBTZUSD` in requests.
//!
//! Instruments bear the name of the streams. The short name of requests follows from it, since two
//! assets only are called otherwise there; the long ones and the assets' own follow no rule and are
//! read from the venue's list.

use alloc::string::String;
use alloc::vec::Vec;

use py_rt_types::{Decimal, InstrumentId, InstrumentSpec};

use crate::error::{DecodeError, Malformed};
use crate::json::{Scanner, Slot};
use crate::kraken::envelope::Envelope;
use crate::symbols::{required_decimal, spot, Listing, SymbolTable};

/// Assets that streams and requests call differently. Source: Kraken, "WebSockets v2: changes".
const RENAMED: [(&str, &str); 2] = [("BTC", "XBT"), ("DOGE", "XDG")];

/// The short name of a pair, as requests write it.
#[must_use]
pub fn short_name(symbol: &str) -> String {
    let (base, quote) = symbol.split_once('/').unwrap_or((symbol, ""));
    [base, quote].map(request_name).concat()
}

fn request_name(asset: &str) -> &str {
    let found = RENAMED.iter().find(|(stream, _)| *stream == asset);
    found.map_or(asset, |(_, request)| request)
}

fn stream_name(asset: &str) -> &str {
    let found = RENAMED.iter().find(|(_, request)| *request == asset);
    found.map_or(asset, |(stream, _)| stream)
}

/// What the venue says about a pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The name in streams.
    pub symbol: String,
    /// The long name.
    pub key: String,
    /// The long name of what is traded.
    pub base: String,
    /// The long name of what prices are in.
    pub quote: String,
    /// `online`, or why not.
    pub status: String,
    /// Price step.
    pub tick_size: Decimal,
    /// Quantity step.
    pub lot_size: Decimal,
    /// Smallest order.
    pub min_qty: Decimal,
    /// Smallest value of an order; 0 where nothing is said.
    pub min_notional: Decimal,
}

impl Pair {
    /// The currency of its prices, as streams and fees name it.
    #[must_use]
    pub fn currency(&self) -> &str {
        self.symbol.split_once('/').map_or("", |(_, quote)| quote)
    }

    /// The instrument that this pair makes. Spot is not sold short here and never closes.
    #[must_use]
    pub fn spec(&self, venue: &str) -> InstrumentSpec {
        InstrumentSpec {
            tick_size: self.tick_size,
            lot_size: self.lot_size,
            min_qty: self.min_qty,
            min_notional: self.min_notional,
            ..spot(venue, &self.symbol, self.currency())
        }
    }
}

/// Reads the pairs of `AssetPairs`.
///
/// # Errors
/// [`Malformed`] naming what is wrong.
pub fn decode_pairs(body: &[u8]) -> Result<Vec<Pair>, Malformed> {
    let mut pairs = Vec::new();
    Envelope::each_member(body, b"", |key, scanner| {
        pairs.push(pair(key, scanner)?);
        Ok(())
    })?;
    Ok(pairs)
}

fn pair(key: &[u8], scanner: &mut Scanner<'_>) -> Result<Pair, DecodeError> {
    let [mut name, mut base, mut quote, mut status] = [Slot::default(); 4];
    let [mut tick, mut prices, mut lots, mut least, mut worth] = [Slot::default(); 5];
    scanner.begin_object()?;
    while let Some(member) = scanner.next_key()? {
        let slot = match member {
            b"wsname" => &mut name,
            b"base" => &mut base,
            b"quote" => &mut quote,
            b"status" => &mut status,
            b"tick_size" => &mut tick,
            b"pair_decimals" => &mut prices,
            b"lot_decimals" => &mut lots,
            b"ordermin" => &mut least,
            b"costmin" => &mut worth,
            _ => {
                scanner.skip()?;
                continue;
            }
        };
        slot.fill(scanner)?;
    }
    let step = |slot: &Slot<'_>, field| -> Result<Decimal, Malformed> {
        let places = core::str::from_utf8(slot.required_digits(field)?).ok();
        let places = places.and_then(|text| text.parse::<u32>().ok());
        let step = places.and_then(|places| Decimal::try_new(1, places).ok());
        step.ok_or_else(|| slot.malformed(field))
    };
    let written = name.required_string("wsname")?;
    let sides = written.split_once('/').ok_or(name.malformed("wsname"))?;
    Ok(Pair {
        symbol: alloc::format!("{}/{}", stream_name(sides.0), stream_name(sides.1)),
        key: String::from_utf8_lossy(key).into_owned(),
        base: base.required_string("base")?,
        quote: quote.required_string("quote")?,
        status: status.required_string("status")?,
        tick_size: match tick.digits("tick_size")? {
            None => step(&prices, "pair_decimals")?,
            Some(_) => required_decimal(&tick, "tick_size")?,
        },
        lot_size: step(&lots, "lot_decimals")?,
        min_qty: required_decimal(&least, "ordermin")?,
        min_notional: match worth.digits("costmin")? {
            None => Decimal::ZERO,
            Some(_) => required_decimal(&worth, "costmin")?,
        },
    })
}

/// The long names of the pairs of a run.
#[derive(Debug, Clone, Default)]
pub struct Names {
    pairs: Vec<(InstrumentId, Pair)>,
}

impl Names {
    /// Takes those that are in the table.
    #[must_use]
    pub fn of(symbols: &SymbolTable, pairs: Vec<Pair>) -> Self {
        let listed = pairs.into_iter().filter_map(|pair| {
            let id = symbols.find(pair.symbol.as_bytes())?.id();
            Some((id, pair))
        });
        Self {
            pairs: listed.collect(),
        }
    }

    /// Whether all pairs of a table are there.
    #[must_use]
    pub fn cover(&self, symbols: &SymbolTable) -> bool {
        self.pairs.len() == symbols.listings().len()
    }

    /// What is known of an instrument.
    #[must_use]
    pub fn pair(&self, id: InstrumentId) -> Option<&Pair> {
        let found = self.pairs.iter().find(|(known, _)| *known == id);
        found.map(|(_, pair)| pair)
    }

    /// The instrument of a pair in an answer, whichever of its names that used.
    #[must_use]
    pub fn find<'a>(&self, symbols: &'a SymbolTable, name: &[u8]) -> Option<&'a Listing> {
        let long = |one: &&(InstrumentId, Pair)| one.1.key.as_bytes() == name;
        if let Some((id, _)) = self.pairs.iter().find(long) {
            return symbols.listing(*id);
        }
        let mut listings = symbols.listings().iter();
        listings.find(|one| {
            let symbol = one.instrument().symbol();
            short_name(symbol).as_bytes() == name || symbol.as_bytes() == name
        })
    }
}
