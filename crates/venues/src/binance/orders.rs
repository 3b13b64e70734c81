//! Order JSON to reports: answers to new orders, cancels, replacements and questions.
//!
//! An order is scanned first, grammar only, and read afterwards, so that a wrong member spoils that
//! order and nothing else.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use py_rt_types::{
    ClientOrderId, OrderStatus, OrderType, Price, Qty, Report, ReportKind, Side, TimeInForce,
    UnixNanos,
};

use crate::binance::ids::{exec_id, order_id};
use crate::dialect::Dialect;
use crate::error::{DecodeError, Malformed};
use crate::feed::instant::from_millis;
use crate::fees::Fee;
use crate::json::{read_whole, Raw, Scanner, Slot};
use crate::requests::Order;
use crate::symbols::{price, qty, Listing};

/// The members of an order that matter, as they were sent.
#[derive(Debug, Clone, Copy, Default)]
pub struct RawOrder<'a> {
    symbol: Slot<'a>,
    order_id: Slot<'a>,
    client_order_id: Slot<'a>,
    first_client_order_id: Slot<'a>,
    price: Slot<'a>,
    order_qty: Slot<'a>,
    cum_qty: Slot<'a>,
    status: Slot<'a>,
    tif: Slot<'a>,
    order_type: Slot<'a>,
    side: Slot<'a>,
    updated: Slot<'a>,
    transacted: Slot<'a>,
    fills: Option<Raw<'a>>,
}

/// What a replacement takes over of an order, in the venue's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms<'a> {
    /// Buy or sell.
    pub side: Side,
    /// `LIMIT` or `LIMIT_MAKER`.
    pub kind: &'a [u8],
    /// `GTC` and its like.
    pub tif: &'a [u8],
}

impl<'a> RawOrder<'a> {
    /// Scans one order object.
    ///
    /// # Errors
    /// `Incomplete` or `Malformed` when the bytes are no JSON object.
    pub fn scan(scanner: &mut Scanner<'a>) -> Result<Self, DecodeError> {
        let mut order = Self::default();
        scanner.begin_object()?;
        while let Some(name) = scanner.next_key()? {
            let slot = match name {
                b"symbol" => &mut order.symbol,
                b"orderId" => &mut order.order_id,
                b"clientOrderId" => &mut order.client_order_id,
                b"origClientOrderId" => &mut order.first_client_order_id,
                b"price" => &mut order.price,
                b"origQty" => &mut order.order_qty,
                b"executedQty" => &mut order.cum_qty,
                b"status" => &mut order.status,
                b"timeInForce" => &mut order.tif,
                b"type" => &mut order.order_type,
                b"side" => &mut order.side,
                b"updateTime" => &mut order.updated,
                b"transactTime" => &mut order.transacted,
                b"fills" if order.fills.is_none() => {
                    order.fills = Some(scanner.raw()?);
                    continue;
                }
                _ => {
                    scanner.skip()?;
                    continue;
                }
            };
            slot.fill(scanner)?;
        }
        Ok(order)
    }

    /// Reads a whole body.
    ///
    /// # Errors
    /// [`Malformed`] when it is no JSON object.
    pub fn decode(body: &'a [u8]) -> Result<Self, Malformed> {
        read_whole(body, Self::scan)
    }

    /// The id that the order was sent under: answers to cancels name another one beside it.
    fn sent_as(&self) -> Result<Cow<'a, [u8]>, Malformed> {
        match self.first_client_order_id.text("origClientOrderId")? {
            Some(first) => Ok(first),
            None => self.client_order_id.required_text("clientOrderId"),
        }
    }

    /// Reads the members. `Ok(None)` is an order of an instrument that is not in the run.
    ///
    /// # Errors
    /// [`Malformed`] naming the member that is absent, doubled or wrong.
    pub fn resolve(&self, dialect: &Dialect) -> Result<Option<Order>, Malformed> {
        let symbol = self.symbol.required_text("symbol")?;
        let Some(listing) = dialect.symbols.find(&symbol) else {
            return Ok(None);
        };
        let kind = self.order_type.required_text("type")?;
        let order_type = order_type(&kind).ok_or_else(|| self.order_type.malformed("type"))?;
        let (order_qty, cum_qty) = (
            qty(&self.order_qty, "origQty", listing)?,
            qty(&self.cum_qty, "executedQty", listing)?,
        );
        let time = if self.updated.is_empty() {
            &self.transacted
        } else {
            &self.updated
        };
        Ok(Some(Order {
            ts_event: instant(time, "updateTime")?,
            client_order_id: dialect.lineage.decode_id(&self.sent_as()?),
            venue_order_id: order_id(&symbol, whole(&self.order_id, "orderId")?),
            instrument: listing.id(),
            side: read_side(&self.side, "side")?,
            order_type,
            tif: read_tif(&self.tif, "timeInForce")?,
            order_qty,
            cum_qty,
            limit_price: limit(&self.price, &kind, listing)?,
            status: status(&self.status.required_text("status")?, cum_qty),
        }))
    }

    /// The venue's number of the order, and how much of it was executed; whosever it is.
    #[must_use]
    pub fn executed(&self, listing: &Listing) -> Option<(u64, Qty)> {
        let number = whole(&self.order_id, "orderId").ok()?;
        Some((number, qty(&self.cum_qty, "executedQty", listing).ok()?))
    }

    /// Whether the order says of itself that it is not ours.
    #[must_use]
    pub fn is_foreign(&self, dialect: &Dialect) -> bool {
        let sent_as = self.sent_as();
        sent_as.is_ok_and(|id| dialect.lineage.decode_id(&id) == ClientOrderId::FOREIGN)
    }

    /// What a replacement takes over, when this is a limit order of which nothing was executed.
    #[must_use]
    pub fn replaceable(&self, order: &Order) -> Option<Terms<'a>> {
        let open = order.status == OrderStatus::New && order.cum_qty.0 == 0;
        let plain = |slot: &Slot<'a>, name| slot.digits(name).ok().flatten();
        let kind = plain(&self.order_type, "type")?;
        let limits = kind == b"LIMIT" || kind == b"LIMIT_MAKER";
        (open && limits).then_some(Terms {
            side: order.side,
            kind,
            tif: plain(&self.tif, "timeInForce")?,
        })
    }

    /// The executions that the answer to a new order tells, when they add up to its total: what is
    /// executed at once is the first of the order, so the sum so far is its total after each.
    ///
    /// # Errors
    /// [`Malformed`] naming what is wrong.
    pub fn fills(
        &self,
        dialect: &Dialect,
        order: &Order,
    ) -> Result<Option<Vec<(Report, Fee)>>, Malformed> {
        let (Some(raw), Some(listing)) = (self.fills, dialect.symbols.listing(order.instrument))
        else {
            return Ok(None);
        };
        let symbol = self.symbol.required_text("symbol")?;
        let mut found = Vec::new();
        let mut total = Qty::ZERO;
        let mut scanner = Scanner::within(raw);
        let grammar = |error: DecodeError| error.in_whole(usize::MAX);
        scanner.begin_array().map_err(grammar)?;
        while scanner.next_element().map_err(grammar)? {
            let mut row = RawFill::default();
            row.scan(&mut scanner).map_err(grammar)?;
            let (kind, fee) = row.resolve(&symbol, listing, total)?;
            if let ReportKind::Fill { cum_qty, .. } = kind {
                total = cum_qty;
            }
            found.push((order.report(kind), fee));
        }
        Ok((total == order.cum_qty).then_some(found))
    }
}

/// One of the executions in the answer to a new order.
#[derive(Default)]
struct RawFill<'a> {
    price: Slot<'a>,
    qty: Slot<'a>,
    fee: Slot<'a>,
    asset: Slot<'a>,
    trade: Slot<'a>,
}

impl<'a> RawFill<'a> {
    fn scan(&mut self, scanner: &mut Scanner<'a>) -> Result<(), DecodeError> {
        scanner.begin_object()?;
        while let Some(name) = scanner.next_key()? {
            let slot = match name {
                b"price" => &mut self.price,
                b"qty" => &mut self.qty,
                b"commission" => &mut self.fee,
                b"commissionAsset" => &mut self.asset,
                b"tradeId" => &mut self.trade,
                _ => {
                    scanner.skip()?;
                    continue;
                }
            };
            slot.fill(scanner)?;
        }
        Ok(())
    }

    fn resolve(
        &self,
        symbol: &[u8],
        listing: &Listing,
        before: Qty,
    ) -> Result<(ReportKind, Fee), Malformed> {
        let last_qty = qty(&self.qty, "qty", listing)?;
        let cum_qty = before.checked_add(last_qty);
        let fee = Fee::read(&self.fee, &self.asset, listing)?;
        let kind = ReportKind::Fill {
            exec_id: exec_id(symbol, whole(&self.trade, "tradeId")?),
            last_qty,
            last_price: price(&self.price, "price", listing)?,
            cum_qty: cum_qty.map_err(|_| self.qty.malformed("qty"))?,
            fee: fee.amount,
            fee_asset: fee.asset,
            // What is executed within the answer met orders that rested.
            liquidity: py_rt_types::Liquidity::Taker,
        };
        Ok((kind, fee))
    }
}

pub(super) fn read_side(slot: &Slot<'_>, field: &'static str) -> Result<Side, Malformed> {
    match &*slot.required_text(field)? {
        b"BUY" => Ok(Side::Buy),
        b"SELL" => Ok(Side::Sell),
        _ => Err(slot.malformed(field)),
    }
}

pub(super) fn read_tif(slot: &Slot<'_>, field: &'static str) -> Result<TimeInForce, Malformed> {
    match &*slot.required_text(field)? {
        b"GTC" => Ok(TimeInForce::Gtc),
        b"IOC" => Ok(TimeInForce::Ioc),
        b"FOK" => Ok(TimeInForce::Fok),
        _ => Err(slot.malformed(field)),
    }
}

/// The type of an order, from its name.
pub(super) fn order_type(word: &[u8]) -> Option<OrderType> {
    match word {
        b"MARKET" => Some(OrderType::Market),
        b"LIMIT" | b"LIMIT_MAKER" => Some(OrderType::Limit),
        b"STOP_LOSS" | b"STOP_LOSS_LIMIT" | b"TAKE_PROFIT" | b"TAKE_PROFIT_LIMIT" => {
            Some(OrderType::Stop)
        }
        _ => None,
    }
}

/// The state of an order, from its name.
pub(super) const fn status(word: &[u8], cum_qty: Qty) -> OrderStatus {
    match word {
        b"NEW" | b"PENDING_NEW" if cum_qty.0 > 0 => OrderStatus::PartiallyFilled,
        b"NEW" | b"PENDING_NEW" => OrderStatus::New,
        b"PARTIALLY_FILLED" => OrderStatus::PartiallyFilled,
        b"FILLED" => OrderStatus::Filled,
        b"CANCELED" => OrderStatus::Canceled,
        b"PENDING_CANCEL" => OrderStatus::PendingCancel,
        b"REJECTED" => OrderStatus::Rejected,
        b"EXPIRED" | b"EXPIRED_IN_MATCH" => OrderStatus::Expired,
        _ => OrderStatus::Unknown,
    }
}

/// The limit of an order whose type has one; the others show a price of zero.
pub(super) fn limit(
    slot: &Slot<'_>,
    kind: &[u8],
    listing: &Listing,
) -> Result<Option<Price>, Malformed> {
    if kind.starts_with(b"LIMIT") || kind.ends_with(b"_LIMIT") {
        return price(slot, "price", listing).map(Some);
    }
    Ok(None)
}

/// A whole number that must be there.
pub(super) fn whole(slot: &Slot<'_>, field: &'static str) -> Result<u64, Malformed> {
    let digits = core::str::from_utf8(slot.required_digits(field)?).ok();
    digits
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| slot.malformed(field))
}

/// A time in milliseconds that must be there.
pub(super) fn instant(slot: &Slot<'_>, field: &'static str) -> Result<UnixNanos, Malformed> {
    from_millis(whole(slot, field)?).ok_or_else(|| slot.malformed(field))
}
