//! Execution reports of the user data stream to reports.
//!
//! `l` and `L` are of this execution, `z` is the total after it: the total is the key of the
//! execution. On an end, `C` is the id of the order and `c` the one of the cancel.

use py_rt_types::{
    ClientOrderId, Liquidity, OrderStatus, Query, RejectReason, ReportKind, VenueOrderId,
};

use crate::binance::ids::{decode_making_way, exec_id, order_id};
use crate::binance::orders::{instant, limit, order_type, read_side, read_tif, status, whole};
use crate::dialect::Dialect;
use crate::error::{DecodeError, Malformed};
use crate::fees::Fee;
use crate::json::{Scanner, Slot};
use crate::requests::{Order, Reports};
use crate::symbols::{price, qty, Listing};

/// One event of the stream, as it was sent.
#[derive(Debug, Clone, Copy, Default)]
pub struct RawUpdate<'a> {
    /// The name of the event.
    pub event: Slot<'a>,
    symbol: Slot<'a>,
    id: Slot<'a>,
    first_id: Slot<'a>,
    side: Slot<'a>,
    order_type: Slot<'a>,
    tif: Slot<'a>,
    order_qty: Slot<'a>,
    limit_price: Slot<'a>,
    execution: Slot<'a>,
    status: Slot<'a>,
    reason: Slot<'a>,
    order: Slot<'a>,
    last_qty: Slot<'a>,
    cum_qty: Slot<'a>,
    last_price: Slot<'a>,
    fee: Slot<'a>,
    fee_asset: Slot<'a>,
    time: Slot<'a>,
    trade: Slot<'a>,
    maker: Slot<'a>,
}

impl<'a> RawUpdate<'a> {
    /// Scans the `event` object of a message.
    ///
    /// # Errors
    /// `Incomplete` or `Malformed` when the bytes are no JSON object.
    pub fn scan(scanner: &mut Scanner<'a>) -> Result<Self, DecodeError> {
        let mut update = Self::default();
        scanner.begin_object()?;
        while let Some(name) = scanner.next_key()? {
            let slot = match name {
                b"e" => &mut update.event,
                b"s" => &mut update.symbol,
                b"c" => &mut update.id,
                b"C" => &mut update.first_id,
                b"S" => &mut update.side,
                b"o" => &mut update.order_type,
                b"f" => &mut update.tif,
                b"q" => &mut update.order_qty,
                b"p" => &mut update.limit_price,
                b"x" => &mut update.execution,
                b"X" => &mut update.status,
                b"r" => &mut update.reason,
                b"i" => &mut update.order,
                b"l" => &mut update.last_qty,
                b"z" => &mut update.cum_qty,
                b"L" => &mut update.last_price,
                b"n" => &mut update.fee,
                b"N" => &mut update.fee_asset,
                b"T" => &mut update.time,
                b"t" => &mut update.trade,
                b"m" => &mut update.maker,
                _ => {
                    scanner.skip()?;
                    continue;
                }
            };
            slot.fill(scanner)?;
        }
        Ok(update)
    }

    /// Reads an execution report; the fee says whether it was paid in what is in no book. No report
    /// is an order of an instrument that is not in the run.
    ///
    /// # Errors
    /// [`Malformed`] naming the member that is absent, doubled or wrong.
    pub fn resolve(&self, dialect: &Dialect) -> Result<(Reports, Fee), Malformed> {
        let symbol = self.symbol.required_text("s")?;
        let Some(listing) = dialect.symbols.find(&symbol) else {
            return Ok((Reports::default(), Fee::NONE));
        };
        let order = self.order(dialect, &symbol, listing)?;
        let execution = self.execution.required_text("x")?;
        if *execution == *b"TRADE" {
            let (kind, fee) = self.fill(&symbol, listing, &order)?;
            return Ok((Reports::one(order.report(kind)), fee));
        }
        let reports = self.reports_of(&execution, dialect, &order)?;
        Ok((reports, Fee::NONE))
    }

    fn order(
        &self,
        dialect: &Dialect,
        symbol: &[u8],
        listing: &Listing,
    ) -> Result<Order, Malformed> {
        let kind = self.order_type.required_text("o")?;
        let cum_qty = qty(&self.cum_qty, "z", listing)?;
        // An order that was refused never got a number.
        let venue_order_id = match self.order.required_digits("i")? {
            b"-1" => VenueOrderId(0),
            _ => order_id(symbol, whole(&self.order, "i")?),
        };
        Ok(Order {
            ts_event: instant(&self.time, "T")?,
            client_order_id: self.client_order_id(dialect)?,
            venue_order_id,
            instrument: listing.id(),
            side: read_side(&self.side, "S")?,
            order_type: order_type(&kind).ok_or_else(|| self.order_type.malformed("o"))?,
            tif: read_tif(&self.tif, "f")?,
            order_qty: qty(&self.order_qty, "q", listing)?,
            cum_qty,
            limit_price: limit(&self.limit_price, &kind, listing)?,
            status: status(&self.status.required_text("X")?, cum_qty),
        })
    }

    fn client_order_id(&self, dialect: &Dialect) -> Result<ClientOrderId, Malformed> {
        let first = self.first_id.text("C")?.unwrap_or_default();
        let id = if first.is_empty() {
            self.id.required_text("c")?
        } else {
            first
        };
        Ok(dialect.lineage.decode_id(&id))
    }

    fn fill(
        &self,
        symbol: &[u8],
        listing: &Listing,
        order: &Order,
    ) -> Result<(ReportKind, Fee), Malformed> {
        let last_qty = qty(&self.last_qty, "l", listing)?;
        if last_qty.0 == 0 || last_qty > order.cum_qty {
            return Err(self.last_qty.malformed("l"));
        }
        let fee = Fee::read(&self.fee, &self.fee_asset, listing)?;
        let maker = self.maker.flag("m")?;
        let kind = ReportKind::Fill {
            exec_id: exec_id(symbol, whole(&self.trade, "t")?),
            last_qty,
            last_price: price(&self.last_price, "L", listing)?,
            cum_qty: order.cum_qty,
            fee: fee.amount,
            fee_asset: fee.asset,
            liquidity: match maker.ok_or_else(|| self.maker.malformed("m"))? {
                true => Liquidity::Maker,
                false => Liquidity::Taker,
            },
        };
        Ok((kind, fee))
    }

    /// The reports of every event but the executions.
    fn reports_of(
        &self,
        execution: &[u8],
        dialect: &Dialect,
        order: &Order,
    ) -> Result<Reports, Malformed> {
        let cum_qty = order.cum_qty;
        let replaces = order.client_order_id.revision > 0;
        let kind = match execution {
            b"NEW" if replaces => ReportKind::Replaced {
                order_qty: order.order_qty,
                limit_price: order.limit_price,
            },
            b"NEW" => ReportKind::Accepted,
            b"CANCELED" if self.makes_way(dialect)? => ReportKind::PendingReplace,
            b"CANCELED" => ReportKind::Canceled { cum_qty },
            // The order that it was to take the place of is gone by now, and is asked for.
            b"REJECTED" if replaces => ReportKind::ReplaceRejected {
                reason: RejectReason::TooLate,
            },
            b"REJECTED" => ReportKind::Rejected {
                reason: self.reject_reason()?,
            },
            b"EXPIRED" | b"TRADE_PREVENTION" if order.status == OrderStatus::Expired => {
                ReportKind::Expired { cum_qty }
            }
            _ => order.snapshot(),
        };
        Ok(Reports::one(order.report(kind)))
    }

    /// Whether the order was ended so that a replacement can take its place.
    fn makes_way(&self, dialect: &Dialect) -> Result<bool, Malformed> {
        let cancel = self.id.required_text("c")?;
        Ok(decode_making_way(dialect.lineage, &cancel).is_some())
    }

    fn reject_reason(&self) -> Result<RejectReason, Malformed> {
        Ok(match self.reason.text("r")?.as_deref() {
            Some(b"WOULD_MATCH_IMMEDIATELY") => RejectReason::WouldCross,
            Some(b"INSUFFICIENT_BALANCES" | b"INSUFFICIENT_BALANCE") => {
                RejectReason::InsufficientFunds
            }
            _ => RejectReason::Venue,
        })
    }

    /// The question to put to the venue when this report could not be read; `None` when it is not
    /// ours or does not even tell which order it is about.
    #[must_use]
    pub fn question(&self, dialect: &Dialect) -> Option<Query> {
        let symbol = self.symbol.text("s").ok()??;
        let instrument = dialect.symbols.find(&symbol)?.id();
        let client_order_id = self.client_order_id(dialect).ok()?;
        (client_order_id != ClientOrderId::FOREIGN).then_some(Query::Order {
            client_order_id,
            instrument,
        })
    }

    /// Whether the report says of itself that it is not about an order of ours.
    #[must_use]
    pub fn is_foreign(&self, dialect: &Dialect) -> bool {
        let id = self.client_order_id(dialect);
        id.is_ok_and(|id| id == ClientOrderId::FOREIGN)
    }
}
