//! Answers about the account: what is owned, trades, the clock, a token, the state of the venue.

use alloc::string::String;
use alloc::vec::Vec;

use py_rt_types::{Decimal, ExecId, Liquidity, UnixNanos, VenueOrderId};

use crate::error::{DecodeError, Malformed};
use crate::fees::{quote_of, Fee};
use crate::json::{Kind, Scanner, Slot};
use crate::kraken::envelope::{member, Envelope};
use crate::kraken::ids::decode_venue_id;
use crate::kraken::names::Names;
use crate::kraken::orders::{instant, side};
use crate::requests;
use crate::session::Token;
use crate::symbols::{price, qty, required_atto, required_decimal, SymbolTable};

/// What the account owns, by the venue's long names, in 1e-18.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Purse(Vec<(Vec<u8>, i128)>);

impl Purse {
    /// How much of an asset is owned, held back for orders or not.
    #[must_use]
    pub fn owned(&self, asset: &str) -> i128 {
        let found = self.0.iter().find(|row| row.0 == asset.as_bytes());
        found.map_or(0, |row| row.1)
    }
}

/// Reads `BalanceEx`.
///
/// # Errors
/// [`Malformed`] naming what is wrong.
pub fn decode_balances(body: &[u8]) -> Result<Purse, Malformed> {
    let mut purse = Purse::default();
    Envelope::each_member(body, b"", |asset, scanner| {
        let mut balance = Slot::default();
        scanner.begin_object()?;
        while let Some(name) = scanner.next_key()? {
            match name {
                b"balance" => balance.fill(scanner)?,
                _ => scanner.skip()?,
            }
        }
        let owned = required_atto(&balance, "balance")?;
        purse.0.push((asset.to_vec(), owned));
        Ok(())
    })?;
    Ok(purse)
}

/// One trade of the account, by the venue's number of it within its pair. Its fee is of what its
/// order says.
pub type Trade = requests::Trade<u64>;

/// A page of trades.
pub type TradesPage = requests::TradesPage<u64>;

/// Reads `TradesHistory` (`inside` is `trades`) or `QueryTrades` (the answer itself); returns how
/// many trades there are on all pages, where it is told.
///
/// # Errors
/// [`Malformed`] when the body is no such answer.
pub fn decode_trades(
    (symbols, names): (&SymbolTable, &Names),
    body: &[u8],
    inside: &[u8],
) -> Result<(TradesPage, Option<u64>), Malformed> {
    let mut page = TradesPage::default();
    let count = Envelope::each_member(body, inside, |id, scanner| {
        let row = RawTrade::scan(scanner)?;
        page.push(row.resolve(id, symbols, names));
        Ok(())
    })?;
    Ok((page, count))
}

#[derive(Default)]
struct RawTrade<'a> {
    order: Slot<'a>,
    pair: Slot<'a>,
    time: Slot<'a>,
    side: Slot<'a>,
    price: Slot<'a>,
    fee: Slot<'a>,
    qty: Slot<'a>,
    number: Slot<'a>,
    maker: Slot<'a>,
}

impl<'a> RawTrade<'a> {
    fn scan(scanner: &mut Scanner<'a>) -> Result<Self, DecodeError> {
        let mut trade = Self::default();
        scanner.begin_object()?;
        while let Some(name) = scanner.next_key()? {
            let slot = match name {
                b"ordertxid" => &mut trade.order,
                b"pair" => &mut trade.pair,
                b"time" => &mut trade.time,
                b"type" => &mut trade.side,
                b"price" => &mut trade.price,
                b"fee" => &mut trade.fee,
                b"vol" => &mut trade.qty,
                b"trade_id" => &mut trade.number,
                b"maker" => &mut trade.maker,
                _ => {
                    scanner.skip()?;
                    continue;
                }
            };
            slot.fill(scanner)?;
        }
        Ok(trade)
    }

    fn resolve(
        &self,
        id: &[u8],
        symbols: &SymbolTable,
        names: &Names,
    ) -> Result<Option<Trade>, Malformed> {
        let Some(listing) = names.find(symbols, &self.pair.required_text("pair")?) else {
            return Ok(None);
        };
        let order = decode_venue_id(&self.order.required_text("ordertxid")?);
        let last_qty = qty(&self.qty, "vol", listing)?;
        if last_qty.0 == 0 {
            return Err(self.qty.malformed("vol"));
        }
        let exec_id = decode_venue_id(id).ok_or_else(|| self.order.malformed("trade"))?;
        let maker = self.maker.flag("maker")?;
        self.fee.required_digits("fee")?;
        Ok(Some(Trade {
            exec_id: ExecId(exec_id),
            instrument: listing.id(),
            order: VenueOrderId(order.ok_or_else(|| self.order.malformed("ordertxid"))?),
            key: crate::feed::read::required_whole(&self.number, "trade_id")?,
            ts_event: instant(&self.time, "time")?,
            side: side(&self.side, "type")?,
            price: price(&self.price, "price", listing)?,
            qty: last_qty,
            fee: Fee::paid(Fee::amount(&self.fee)?, quote_of(listing), listing),
            liquidity: match maker.ok_or_else(|| self.maker.malformed("maker"))? {
                true => Liquidity::Maker,
                false => Liquidity::Taker,
            },
        }))
    }
}

/// Reads `unixtime`, which is cut to whole seconds: its middle.
///
/// # Errors
/// [`Malformed`] naming what is wrong.
pub fn decode_time(body: &[u8]) -> Result<UnixNanos, Malformed> {
    let raw = Envelope::decode(body)?.result()?;
    let slot = member(raw, b"unixtime")?;
    Ok(instant(&slot, "unixtime")?.plus(500_000_000))
}

/// Reads the token of `GetWebSocketsToken`.
///
/// # Errors
/// [`Malformed`] when there is none.
pub fn decode_token(body: &[u8]) -> Result<Token, Malformed> {
    Ok(Token(Envelope::decode(body)?.text(b"token", "token")?))
}

/// Reads `SystemStatus`: `online`, `maintenance`, `cancel_only`, `post_only` or a word of tomorrow.
///
/// # Errors
/// [`Malformed`] when there is none.
pub fn decode_system_status(body: &[u8]) -> Result<String, Malformed> {
    Envelope::decode(body)?.text(b"status", "status")
}

/// Reads the price of the last trade in `Ticker`, of one pair.
///
/// # Errors
/// [`Malformed`] when there is none.
pub fn decode_price(body: &[u8]) -> Result<Decimal, Malformed> {
    let mut last = Slot::default();
    Envelope::each_member(body, b"", |_, scanner| {
        scanner.begin_object()?;
        while let Some(name) = scanner.next_key()? {
            if name == b"c" && scanner.peek()? == Kind::Array {
                scanner.begin_array()?;
                let mut first = true;
                while scanner.next_element()? {
                    match core::mem::take(&mut first) {
                        true => last.fill(scanner)?,
                        false => scanner.skip()?,
                    }
                }
            } else {
                scanner.skip()?;
            }
        }
        Ok(())
    })?;
    required_decimal(&last, "c")
}
