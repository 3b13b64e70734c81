//! Answers about the account: what is owned, trades, the clock, the rights of a key.

use alloc::string::String;
use alloc::vec::Vec;

use py_rt_types::{Decimal, ExecId, Liquidity, Qty, UnixNanos};

use crate::coinbase::ids::decode_trade_id;
use crate::coinbase::orders::{order_id, side};
use crate::error::{DecodeError, Malformed};
use crate::feed::instant::{from_decimal, optional_text};
use crate::fees::{quote_of, Fee};
use crate::json::{each_member, members, Kind, Scanner, Slot};
use crate::requests;
use crate::symbols::{price, qty, required_atto, required_decimal, Listing, SymbolTable};

/// Calls `read` with every member of a page but its cursor; false when it did not take the value.
/// Returns the cursor of the next page, which is empty on the last.
pub(super) fn each_page<'a>(
    body: &'a [u8],
    mut read: impl FnMut(&'a [u8], &mut Scanner<'a>) -> Result<bool, DecodeError>,
) -> Result<Vec<u8>, Malformed> {
    let (mut cursor, mut more) = (Slot::default(), Slot::default());
    each_member(body, |name, scanner| match name {
        b"cursor" => cursor.fill(scanner),
        b"has_next" => more.fill(scanner),
        _ if read(name, scanner)? => Ok(()),
        _ => scanner.skip(),
    })?;
    let cursor = cursor.text("cursor")?.unwrap_or_default().into_owned();
    Ok(match more.flag("has_next")? {
        Some(false) => Vec::new(),
        _ => cursor,
    })
}

/// Scans the array of a page once; calls `row` at every element.
pub(super) fn rows<'a>(
    body: &'a [u8],
    wanted: &'static str,
    mut row: impl FnMut(&mut Scanner<'a>) -> Result<(), DecodeError>,
) -> Result<Vec<u8>, Malformed> {
    let mut found = false;
    let cursor = each_page(body, |name, scanner| {
        if name != wanted.as_bytes() {
            return Ok(false);
        }
        if core::mem::replace(&mut found, true) || scanner.peek()? != Kind::Array {
            return Err(DecodeError::malformed(scanner.offset(), wanted));
        }
        scanner.begin_array()?;
        while scanner.next_element()? {
            row(scanner)?;
        }
        Ok(true)
    })?;
    let missing = Malformed {
        offset: 0,
        field: wanted,
    };
    found.then_some(cursor).ok_or(missing)
}

/// What the account owns, by currency, in 1e-18.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Purse(Vec<(Vec<u8>, i128)>);

impl Purse {
    /// How much of an asset is owned, held back for orders or not.
    #[must_use]
    pub fn owned(&self, asset: &[u8]) -> i128 {
        let rows = self.0.iter().filter(|row| row.0 == asset);
        rows.fold(0, |sum, row| sum.saturating_add(row.1))
    }

    /// Takes in what another page shows.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }
}

/// Reads a page of accounts; returns where the next one begins.
///
/// # Errors
/// [`Malformed`] naming what is wrong.
pub fn decode_accounts(body: &[u8]) -> Result<(Purse, Vec<u8>), Malformed> {
    let mut purse = Purse::default();
    let cursor = rows(body, "accounts", |scanner| {
        let mut currency = Slot::default();
        let mut amounts = [Slot::default(); 2];
        scanner.begin_object()?;
        while let Some(name) = scanner.next_key()? {
            match name {
                b"currency" => currency.fill(scanner)?,
                b"available_balance" => scan_amount(scanner, &mut amounts[0])?,
                b"hold" => scan_amount(scanner, &mut amounts[1])?,
                _ => scanner.skip()?,
            }
        }
        let mut owned = 0i128;
        for slot in &amounts {
            owned = owned.saturating_add(required_atto(slot, "value")?);
        }
        let currency = currency.required_text("currency")?.into_owned();
        purse.0.push((currency, owned));
        Ok(())
    })?;
    Ok((purse, cursor))
}

fn scan_amount<'a>(scanner: &mut Scanner<'a>, slot: &mut Slot<'a>) -> Result<(), DecodeError> {
    scanner.begin_object()?;
    while let Some(name) = scanner.next_key()? {
        match name {
            b"value" => slot.fill(scanner)?,
            _ => scanner.skip()?,
        }
    }
    Ok(())
}

/// What brings the fills of an order into their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Its place among those of its order that were told before; the largest for a new one.
    pub told: u32,
    /// When it came into the venue's books.
    pub booked: UnixNanos,
    /// Its id.
    pub exec_id: ExecId,
}

/// One trade of the account; its fee is in the quote currency.
pub type Trade = requests::Trade<Place>;

/// A page of trades.
pub type TradesPage = requests::TradesPage<Place>;

/// Reads a page of fills; returns where the next one begins.
///
/// # Errors
/// [`Malformed`] when the body is no such answer.
pub fn decode_fills(
    symbols: &SymbolTable,
    body: &[u8],
) -> Result<(TradesPage, Vec<u8>), Malformed> {
    let mut page = TradesPage::default();
    let cursor = rows(body, "fills", |scanner| {
        let row = RawTrade::scan(scanner)?;
        page.push(row.resolve(symbols));
        Ok(())
    })?;
    Ok((page, cursor))
}

#[derive(Default)]
struct RawTrade<'a> {
    id: Slot<'a>,
    order: Slot<'a>,
    symbol: Slot<'a>,
    kind: Slot<'a>,
    time: Slot<'a>,
    booked: Slot<'a>,
    side: Slot<'a>,
    price: Slot<'a>,
    fee: Slot<'a>,
    qty: Slot<'a>,
    in_quote: Slot<'a>,
    liquidity: Slot<'a>,
}

impl<'a> RawTrade<'a> {
    fn scan(scanner: &mut Scanner<'a>) -> Result<Self, DecodeError> {
        let mut trade = Self::default();
        scanner.begin_object()?;
        while let Some(name) = scanner.next_key()? {
            let slot = match name {
                b"trade_id" => &mut trade.id,
                b"order_id" => &mut trade.order,
                b"product_id" => &mut trade.symbol,
                b"trade_type" => &mut trade.kind,
                b"trade_time" => &mut trade.time,
                b"sequence_timestamp" => &mut trade.booked,
                b"side" => &mut trade.side,
                b"price" => &mut trade.price,
                b"commission" => &mut trade.fee,
                b"size" => &mut trade.qty,
                b"size_in_quote" => &mut trade.in_quote,
                b"liquidity_indicator" => &mut trade.liquidity,
                _ => {
                    scanner.skip()?;
                    continue;
                }
            };
            slot.fill(scanner)?;
        }
        Ok(trade)
    }

    /// `Ok(None)` is a trade of an instrument that is not in the run.
    fn resolve(&self, symbols: &SymbolTable) -> Result<Option<Trade>, Malformed> {
        let Some(listing) = symbols.find(&self.symbol.required_text("product_id")?) else {
            return Ok(None);
        };
        if &*self.kind.required_text("trade_type")? != b"FILL" {
            // A correction or a bust: nobody can book it by itself.
            return Err(self.kind.malformed("trade_type"));
        }
        let last_price = price(&self.price, "price", listing)?;
        let last_qty = match self.in_quote.flag("size_in_quote")? {
            Some(true) => bought_for(&self.qty, &self.price, listing)?,
            _ => qty(&self.qty, "size", listing)?,
        };
        if last_qty.0 == 0 || last_price.0 <= 0 {
            return Err(self.qty.malformed("size"));
        }
        self.fee.required_digits("commission")?;
        let ts_event = required_time(&self.time, "trade_time")?;
        let exec_id = decode_trade_id(&self.id.required_text("trade_id")?);
        let order = order_id(&self.order)?;
        Ok(Some(Trade {
            key: Place {
                told: u32::MAX,
                booked: required_time(&self.booked, "sequence_timestamp")?,
                exec_id,
            },
            exec_id,
            order,
            instrument: listing.id(),
            ts_event,
            side: side(&self.side, "side")?,
            price: last_price,
            qty: last_qty,
            fee: Fee::paid(Fee::amount(&self.fee)?, quote_of(listing), listing),
            liquidity: match &*self.liquidity.required_text("liquidity_indicator")? {
                b"MAKER" => Liquidity::Maker,
                _ => Liquidity::Taker,
            },
        }))
    }
}

/// How many lots an amount of money bought; only orders that are not ours are sized in money.
fn bought_for(size: &Slot<'_>, price: &Slot<'_>, listing: &Listing) -> Result<Qty, Malformed> {
    let lot = listing.instrument().spec().lot_size.to_atto().unwrap_or(0);
    let one_lot = required_atto(price, "size")?.checked_mul(lot);
    let one_lot = one_lot.map(|cost| cost / ATTO);
    let lots = one_lot.and_then(|cost| required_atto(size, "size").ok()?.checked_div(cost));
    let lots = lots.and_then(|lots| i64::try_from(lots).ok());
    lots.map(Qty).ok_or_else(|| size.malformed("size"))
}

const ATTO: i128 = 1_000_000_000_000_000_000;

fn required_time(slot: &Slot<'_>, field: &'static str) -> Result<UnixNanos, Malformed> {
    match optional_text(slot, field)? {
        UnixNanos(0) => Err(slot.malformed(field)),
        time => Ok(time),
    }
}

/// Reads the venue's time.
///
/// # Errors
/// [`Malformed`] naming what is wrong.
pub fn decode_time(body: &[u8]) -> Result<UnixNanos, Malformed> {
    let [millis] = members(body, ["epochMillis"])?;
    let time = from_decimal(millis.required_digits("epochMillis")?);
    time.ok_or_else(|| millis.malformed("epochMillis"))
}

/// What a key may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rights {
    /// Orders.
    pub trade: bool,
    /// Withdrawals.
    pub transfer: bool,
    /// Of which portfolio.
    pub portfolio: String,
}

/// Reads the rights of a key.
///
/// # Errors
/// [`Malformed`] naming what is wrong.
pub fn decode_rights(body: &[u8]) -> Result<Rights, Malformed> {
    let wanted = ["can_trade", "can_transfer", "portfolio_uuid"];
    let [trade, transfer, portfolio] = members(body, wanted)?;
    let portfolio = portfolio.required_string("portfolio_uuid")?;
    Ok(Rights {
        trade: trade.required_flag("can_trade")?,
        transfer: transfer.required_flag("can_transfer")?,
        portfolio,
    })
}

/// Reads the price of the last trade from what the venue says of a product.
///
/// # Errors
/// [`Malformed`] when there is none.
pub fn decode_price(body: &[u8]) -> Result<Decimal, Malformed> {
    let [price] = members(body, ["price"])?;
    required_decimal(&price, "price")
}
