//! What the venue says about its products: steps, flags, aliases.

use alloc::string::String;
use alloc::vec::Vec;

use py_rt_types::{Decimal, InstrumentId, InstrumentSpec};

use crate::coinbase::lists::rows;
use crate::error::{DecodeError, Malformed};
use crate::json::{Scanner, Slot};
use crate::symbols::{required_decimal, spot, SymbolTable};

/// Flags that keep a product from being traded as a session trades, each with its name.
const CLOSING: [&str; 7] = [
    "is_disabled",
    "trading_disabled",
    "view_only",
    "cancel_only",
    "auction_mode",
    "limit_only",
    "post_only",
];

/// What the venue says about a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// Its name.
    pub symbol: String,
    /// What prices are in.
    pub quote: String,
    /// `online`, or the first word or flag that says why not.
    pub status: String,
    /// The product whose book it shares under another name; empty for none.
    pub alias: String,
    /// Price step.
    pub tick_size: Decimal,
    /// Quantity step.
    pub lot_size: Decimal,
    /// Smallest order.
    pub min_qty: Decimal,
    /// Smallest value of an order.
    pub min_notional: Decimal,
}

impl Product {
    /// The instrument that this product makes. Spot is not sold short and never closes.
    #[must_use]
    pub fn spec(&self, venue: &str) -> InstrumentSpec {
        InstrumentSpec {
            tick_size: self.tick_size,
            lot_size: self.lot_size,
            min_qty: self.min_qty,
            min_notional: self.min_notional,
            ..spot(venue, &self.symbol, &self.quote)
        }
    }

    /// Whether the name under which its messages come is the one that is expected.
    #[must_use]
    pub fn alias_is_known(&self) -> bool {
        self.alias.is_empty() || twin(&self.symbol).as_deref() == Some(self.alias.as_str())
    }
}

/// Reads the list of products.
///
/// # Errors
/// [`Malformed`] naming what is wrong.
pub fn decode_products(body: &[u8]) -> Result<Vec<Product>, Malformed> {
    let mut products = Vec::new();
    rows(body, "products", |scanner| {
        products.push(product(scanner)?);
        Ok(())
    })?;
    Ok(products)
}

fn product(scanner: &mut Scanner<'_>) -> Result<Product, DecodeError> {
    let [mut symbol, mut quote, mut status, mut alias] = [Slot::default(); 4];
    let [mut tick, mut lot, mut least, mut worth] = [Slot::default(); 4];
    let mut flags = [Slot::default(); CLOSING.len()];
    scanner.begin_object()?;
    while let Some(name) = scanner.next_key()? {
        let slot = match name {
            b"product_id" => &mut symbol,
            b"quote_currency_id" => &mut quote,
            b"status" => &mut status,
            b"alias" => &mut alias,
            b"price_increment" => &mut tick,
            b"base_increment" => &mut lot,
            b"base_min_size" => &mut least,
            b"quote_min_size" => &mut worth,
            _ => {
                let place = CLOSING.iter().position(|flag| flag.as_bytes() == name);
                match place.and_then(|place| flags.get_mut(place)) {
                    Some(flag) => flag,
                    None => {
                        scanner.skip()?;
                        continue;
                    }
                }
            }
        };
        slot.fill(scanner)?;
    }
    let mut word = status.required_string("status")?;
    for (flag, slot) in CLOSING.iter().zip(&flags) {
        if slot.required_flag(flag)? && word == "online" {
            word = String::from(*flag);
        }
    }
    Ok(Product {
        symbol: symbol.required_string("product_id")?,
        quote: quote.required_string("quote_currency_id")?,
        status: word,
        alias: match alias.text("alias")? {
            Some(name) => String::from_utf8_lossy(&name).into_owned(),
            None => String::new(),
        },
        tick_size: required_decimal(&tick, "price_increment")?,
        lot_size: required_decimal(&lot, "base_increment")?,
        min_qty: required_decimal(&least, "base_min_size")?,
        min_notional: required_decimal(&worth, "quote_min_size")?,
    })
}

/// The product with which another one may share its book: that in dollars and that in USDC.
#[must_use]
pub fn twin(symbol: &str) -> Option<String> {
    match symbol.rsplit_once('-')? {
        (base, "USDC") => Some(alloc::format!("{base}-USD")),
        (base, "USD") => Some(alloc::format!("{base}-USDC")),
        _ => None,
    }
}

/// Makes every instrument known under the name of its twin too, where that is not traded itself:
/// messages about a shared book come under one of the two names, whichever was asked for.
pub fn name_twins(symbols: &mut SymbolTable) {
    let listings = symbols.listings().iter();
    let twins: Vec<(InstrumentId, String)> = listings
        .filter_map(|one| Some((one.id(), twin(one.instrument().symbol())?)))
        .collect();
    for (id, name) in twins {
        symbols.name_too(id, &name);
    }
}
