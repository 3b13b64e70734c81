//! Answers about the account and what is listed: balances, trades, instruments, the clock.
//!
//! Lists are read as far as their grammar goes; a row that cannot be read is named and the rest
//! stands, so that the caller can use what was said and still know that it is not everything.

use alloc::string::String;
use alloc::vec::Vec;

use py_rt_types::{Decimal, InstrumentSpec, Liquidity, Qty, Report, Side, UnixNanos};

use crate::binance::ids::{exec_id, order_id};
use crate::binance::orders::{instant, whole, RawOrder};
use crate::dialect::Dialect;
use crate::error::{DecodeError, Malformed};
use crate::fees::Fee;
use crate::json::{each_element, each_member, members, Scanner, Slot};
use crate::requests;
use crate::symbols::{price, qty, required_atto, required_decimal, spot, Listing};

/// An asset that the account owns, free and locked together, in 1e-18.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Balance {
    /// Its name.
    pub asset: Vec<u8>,
    /// How much.
    pub atto: i128,
}

/// What `GET /api/v3/account` says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Account {
    /// The venue's number of the account; empty when it does not say.
    pub uid: String,
    /// Whether orders are taken.
    pub can_trade: bool,
    /// What is owned.
    pub balances: Vec<Balance>,
}

impl Account {
    /// How much of an asset is owned, in 1e-18.
    #[must_use]
    pub fn owned(&self, asset: &[u8]) -> i128 {
        let found = self.balances.iter().find(|row| row.asset == asset);
        found.map_or(0, |row| row.atto)
    }
}

/// Reads the account.
///
/// # Errors
/// [`Malformed`] naming what is wrong.
pub fn decode_account(body: &[u8]) -> Result<Account, Malformed> {
    let mut account = Account::default();
    let (mut uid, mut can_trade) = (Slot::default(), Slot::default());
    let mut listed = false;
    each_member(body, |name, scanner| match name {
        b"uid" => uid.fill(scanner),
        b"canTrade" => can_trade.fill(scanner),
        b"balances" => {
            listed = true;
            scanner.begin_array()?;
            while scanner.next_element()? {
                account.balances.push(balance(scanner)?);
            }
            Ok(())
        }
        _ => scanner.skip(),
    })?;
    if !listed {
        return Err(Malformed {
            offset: body.len(),
            field: "balances",
        });
    }
    let digits = uid.digits("uid")?.unwrap_or_default();
    account.uid = String::from_utf8_lossy(digits).into_owned();
    account.can_trade = can_trade.flag("canTrade")?.unwrap_or(true);
    Ok(account)
}

fn balance(scanner: &mut Scanner<'_>) -> Result<Balance, DecodeError> {
    let [mut asset, mut free, mut locked] = [Slot::default(); 3];
    scanner.begin_object()?;
    while let Some(name) = scanner.next_key()? {
        match name {
            b"asset" => asset.fill(scanner)?,
            b"free" => free.fill(scanner)?,
            b"locked" => locked.fill(scanner)?,
            _ => scanner.skip()?,
        }
    }
    let free_atto = required_atto(&free, "free")?;
    let atto = free_atto.checked_add(required_atto(&locked, "locked")?);
    Ok(Balance {
        asset: asset.required_text("asset")?.into_owned(),
        atto: atto.ok_or_else(|| locked.malformed("locked"))?,
    })
}

/// One trade of the account, by the venue's number of it within its symbol.
pub type Trade = requests::Trade<u64>;

/// A page of trades.
pub type TradesPage = requests::TradesPage<u64>;

/// Reads a page of `GET /api/v3/myTrades`.
///
/// # Errors
/// [`Malformed`] when the body is no array of objects.
pub fn decode_trades(listing: &Listing, body: &[u8]) -> Result<TradesPage, Malformed> {
    let mut page = TradesPage::default();
    each_element(body, |scanner| {
        let row = RawTrade::scan(scanner)?;
        page.push(row.resolve(listing).map(Some));
        Ok(())
    })?;
    Ok(page)
}

#[derive(Default)]
struct RawTrade<'a> {
    id: Slot<'a>,
    order: Slot<'a>,
    price: Slot<'a>,
    qty: Slot<'a>,
    fee: Slot<'a>,
    asset: Slot<'a>,
    time: Slot<'a>,
    buyer: Slot<'a>,
    maker: Slot<'a>,
}

impl<'a> RawTrade<'a> {
    fn scan(scanner: &mut Scanner<'a>) -> Result<Self, DecodeError> {
        let mut trade = Self::default();
        scanner.begin_object()?;
        while let Some(name) = scanner.next_key()? {
            let slot = match name {
                b"id" => &mut trade.id,
                b"orderId" => &mut trade.order,
                b"price" => &mut trade.price,
                b"qty" => &mut trade.qty,
                b"commission" => &mut trade.fee,
                b"commissionAsset" => &mut trade.asset,
                b"time" => &mut trade.time,
                b"isBuyer" => &mut trade.buyer,
                b"isMaker" => &mut trade.maker,
                _ => {
                    scanner.skip()?;
                    continue;
                }
            };
            slot.fill(scanner)?;
        }
        Ok(trade)
    }

    fn resolve(&self, listing: &Listing) -> Result<Trade, Malformed> {
        let last_qty = qty(&self.qty, "qty", listing)?;
        if last_qty.0 == 0 {
            return Err(self.qty.malformed("qty"));
        }
        let symbol = listing.instrument().symbol().as_bytes();
        let number = whole(&self.id, "id")?;
        Ok(Trade {
            key: number,
            exec_id: exec_id(symbol, number),
            order: order_id(symbol, whole(&self.order, "orderId")?),
            instrument: listing.id(),
            ts_event: instant(&self.time, "time")?,
            side: if self.buyer.required_flag("isBuyer")? {
                Side::Buy
            } else {
                Side::Sell
            },
            price: price(&self.price, "price", listing)?,
            qty: last_qty,
            fee: Fee::read(&self.fee, &self.asset, listing)?,
            liquidity: if self.maker.required_flag("isMaker")? {
                Liquidity::Maker
            } else {
                Liquidity::Taker
            },
        })
    }
}

/// Reads a list of orders: a `Snapshot` each, and the first row that could not be read and may be
/// ours.
///
/// # Errors
/// [`Malformed`] when the body is no array of objects; forget the reports then.
pub fn decode_orders(
    dialect: &Dialect,
    body: &[u8],
    reports: &mut Vec<Report>,
) -> Result<Option<Malformed>, Malformed> {
    let mut wrong = None;
    each_element(body, |scanner| {
        let raw = RawOrder::scan(scanner)?;
        match raw.resolve(dialect) {
            Ok(Some(order)) => reports.push(order.report(order.snapshot())),
            Err(malformed) if !raw.is_foreign(dialect) => wrong = wrong.or(Some(malformed)),
            Ok(None) | Err(_) => {}
        }
        Ok(())
    })?;
    Ok(wrong)
}

/// Reads a page of `GET /api/v3/allOrders`: the numbers of the orders and how much of each was
/// executed, as far as they can be read, and how many rows there were.
///
/// # Errors
/// [`Malformed`] when the body is no array of objects.
pub fn decode_executed(
    listing: &Listing,
    body: &[u8],
) -> Result<(Vec<(u64, Qty)>, usize), Malformed> {
    let (mut found, mut rows) = (Vec::new(), 0);
    each_element(body, |scanner| {
        let raw = RawOrder::scan(scanner)?;
        rows += 1;
        found.extend(raw.executed(listing));
        Ok(())
    })?;
    Ok((found, rows))
}

/// Reads `serverTime`.
///
/// # Errors
/// [`Malformed`] naming what is wrong.
pub fn decode_time(body: &[u8]) -> Result<UnixNanos, Malformed> {
    let [time] = members(body, ["serverTime"])?;
    instant(&time, "serverTime")
}

/// Reads the `price` of a ticker.
///
/// # Errors
/// [`Malformed`] naming what is wrong.
pub fn decode_price(body: &[u8]) -> Result<Decimal, Malformed> {
    let [price] = members(body, ["price"])?;
    required_decimal(&price, "price")
}

/// What the venue says about a pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The venue's string.
    pub symbol: String,
    /// `TRADING`, or why not.
    pub status: String,
    /// What prices are in.
    pub quote: String,
    /// Price step.
    pub tick_size: Decimal,
    /// Quantity step.
    pub step_size: Decimal,
    /// Smallest order.
    pub min_qty: Decimal,
    /// Smallest value of an order; 0 where nothing is said.
    pub min_notional: Decimal,
}

impl Pair {
    /// The instrument that this pair makes. Spot cannot be sold short and never closes.
    #[must_use]
    pub fn spec(&self, venue: &str) -> InstrumentSpec {
        InstrumentSpec {
            tick_size: self.tick_size,
            lot_size: self.step_size,
            min_qty: self.min_qty,
            min_notional: self.min_notional,
            ..spot(venue, &self.symbol, &self.quote)
        }
    }
}

/// Reads the pairs of `GET /api/v3/exchangeInfo`.
///
/// # Errors
/// [`Malformed`] naming what is wrong, a filter that every order needs among them.
pub fn decode_exchange_info(body: &[u8]) -> Result<Vec<Pair>, Malformed> {
    let mut pairs = Vec::new();
    each_member(body, |name, scanner| {
        if name != b"symbols" {
            return scanner.skip();
        }
        scanner.begin_array()?;
        while scanner.next_element()? {
            pairs.push(pair(scanner)?);
        }
        Ok(())
    })?;
    Ok(pairs)
}

fn pair(scanner: &mut Scanner<'_>) -> Result<Pair, DecodeError> {
    let [mut symbol, mut status, mut quote] = [Slot::default(); 3];
    let [mut tick, mut step, mut least, mut worth] = [Slot::default(); 4];
    scanner.begin_object()?;
    while let Some(name) = scanner.next_key()? {
        match name {
            b"symbol" => symbol.fill(scanner)?,
            b"status" => status.fill(scanner)?,
            b"quoteAsset" => quote.fill(scanner)?,
            b"filters" => {
                scanner.begin_array()?;
                while scanner.next_element()? {
                    filter(scanner, [&mut tick, &mut step, &mut least, &mut worth])?;
                }
            }
            _ => scanner.skip()?,
        }
    }
    Ok(Pair {
        symbol: symbol.required_string("symbol")?,
        status: status.required_string("status")?,
        quote: quote.required_string("quoteAsset")?,
        tick_size: required_decimal(&tick, "tickSize")?,
        step_size: required_decimal(&step, "stepSize")?,
        min_qty: required_decimal(&least, "minQty")?,
        min_notional: match worth.is_empty() {
            true => Decimal::ZERO,
            false => required_decimal(&worth, "minNotional")?,
        },
    })
}

/// The members of a filter that orders must keep to: tick, step, smallest quantity and value.
fn filter<'a>(
    scanner: &mut Scanner<'a>,
    [tick, step, least, worth]: [&mut Slot<'a>; 4],
) -> Result<(), DecodeError> {
    let [mut kind, mut tick_size, mut step_size, mut min_qty, mut min_notional] =
        [Slot::default(); 5];
    scanner.begin_object()?;
    while let Some(name) = scanner.next_key()? {
        match name {
            b"filterType" => kind.fill(scanner)?,
            b"tickSize" => tick_size.fill(scanner)?,
            b"stepSize" => step_size.fill(scanner)?,
            b"minQty" => min_qty.fill(scanner)?,
            b"minNotional" => min_notional.fill(scanner)?,
            _ => scanner.skip()?,
        }
    }
    match &*kind.required_text("filterType")? {
        b"PRICE_FILTER" => *tick = tick_size,
        b"LOT_SIZE" => (*step, *least) = (step_size, min_qty),
        b"NOTIONAL" | b"MIN_NOTIONAL" => *worth = min_notional,
        _ => {}
    }
    Ok(())
}
