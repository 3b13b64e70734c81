//! Rows of the channel `executions` to reports.
//!
//! A row holds the members that changed, so what an order is is remembered from its first row on.
//! Executions are told by rows of type `trade` and by no other: the row that closes an order
//! repeats its totals.

use alloc::collections::BTreeMap;

use py_rt_types::{
    ClientOrderId, ExecId, Liquidity, OrderType, Query, ReportKind, UnixNanos, VenueOrderId,
};

use crate::dialect::Dialect;
use crate::error::{DecodeError, Malformed};
use crate::feed::instant::optional_text;
use crate::fees::Fee;
use crate::json::{Kind, Scanner, Slot};
use crate::kraken::ids::{decode_client_id, decode_venue_id};
use crate::kraken::orders::{order_type, side, status, tif};
use crate::requests::Order;
use crate::symbols::{price, qty, Listing};

/// One row, as it was sent.
#[derive(Debug, Clone, Copy, Default)]
pub struct RawRow<'a> {
    execution: Slot<'a>,
    order: Slot<'a>,
    client_id: Slot<'a>,
    symbol: Slot<'a>,
    side: Slot<'a>,
    order_type: Slot<'a>,
    tif: Slot<'a>,
    limit_price: Slot<'a>,
    order_qty: Slot<'a>,
    cum_qty: Slot<'a>,
    status: Slot<'a>,
    exec_id: Slot<'a>,
    last_qty: Slot<'a>,
    last_price: Slot<'a>,
    liquidity: Slot<'a>,
    fee: Slot<'a>,
    fee_asset: Slot<'a>,
    /// There is more than one fee: they cannot be booked as one.
    fees: usize,
    tells_fees: bool,
    time: Slot<'a>,
}

/// What a row comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// Nothing that the kernel needs, or nothing of this run.
    Nothing,
    /// This, of an order; and whether its fee was paid in what is in no book.
    Report(py_rt_types::Report, bool),
    /// Something of an order that is not known here.
    Ask(Query),
}

impl<'a> RawRow<'a> {
    /// Scans one row.
    ///
    /// # Errors
    /// `Incomplete` or `Malformed` when the bytes are no JSON object.
    pub fn scan(scanner: &mut Scanner<'a>) -> Result<Self, DecodeError> {
        let mut row = Self::default();
        scanner.begin_object()?;
        while let Some(name) = scanner.next_key()? {
            let slot = match name {
                b"exec_type" => &mut row.execution,
                b"order_id" => &mut row.order,
                b"cl_ord_id" => &mut row.client_id,
                b"symbol" => &mut row.symbol,
                b"side" => &mut row.side,
                b"order_type" => &mut row.order_type,
                b"time_in_force" => &mut row.tif,
                b"limit_price" => &mut row.limit_price,
                b"order_qty" => &mut row.order_qty,
                b"cum_qty" => &mut row.cum_qty,
                b"order_status" => &mut row.status,
                b"exec_id" => &mut row.exec_id,
                b"last_qty" => &mut row.last_qty,
                b"last_price" => &mut row.last_price,
                b"liquidity_ind" => &mut row.liquidity,
                b"timestamp" => &mut row.time,
                b"fees" if scanner.peek()? == Kind::Array => {
                    row.scan_fees(scanner)?;
                    continue;
                }
                _ => {
                    scanner.skip()?;
                    continue;
                }
            };
            slot.fill(scanner)?;
        }
        Ok(row)
    }

    fn scan_fees(&mut self, scanner: &mut Scanner<'a>) -> Result<(), DecodeError> {
        self.tells_fees = true;
        scanner.begin_array()?;
        while scanner.next_element()? {
            self.fees += 1;
            scanner.begin_object()?;
            while let Some(name) = scanner.next_key()? {
                match name {
                    b"asset" => self.fee_asset.fill(scanner)?,
                    b"qty" => self.fee.fill(scanner)?,
                    _ => scanner.skip()?,
                }
            }
        }
        Ok(())
    }

    /// The venue's id of the order.
    ///
    /// # Errors
    /// [`Malformed`] when there is none.
    pub fn order_id(&self) -> Result<VenueOrderId, Malformed> {
        let id = decode_venue_id(&self.order.required_text("order_id")?);
        id.map(VenueOrderId)
            .ok_or_else(|| self.order.malformed("order_id"))
    }

    /// Whether it says what the order is.
    const fn is_whole(&self) -> bool {
        !(self.order_qty.is_empty() || self.order_type.is_empty() || self.side.is_empty())
    }

    fn instant(&self) -> Result<UnixNanos, Malformed> {
        match optional_text(&self.time, "timestamp")? {
            UnixNanos(0) => Err(self.time.malformed("timestamp")),
            time => Ok(time),
        }
    }

    fn fill(
        &self,
        listing: &Listing,
        cum_qty: py_rt_types::Qty,
    ) -> Result<(ReportKind, bool), Malformed> {
        let last_qty = qty(&self.last_qty, "last_qty", listing)?;
        if last_qty.0 == 0 || last_qty > cum_qty {
            return Err(self.last_qty.malformed("last_qty"));
        }
        // What was paid is told once, and never by saying nothing.
        if self.fees > 1 || !self.tells_fees || (self.fees == 1 && self.fee.is_empty()) {
            return Err(self.fee.malformed("fees"));
        }
        let fee = Fee::read(&self.fee, &self.fee_asset, listing)?;
        let id = decode_venue_id(&self.exec_id.required_text("exec_id")?);
        let kind = ReportKind::Fill {
            exec_id: ExecId(id.ok_or_else(|| self.exec_id.malformed("exec_id"))?),
            last_qty,
            last_price: price(&self.last_price, "last_price", listing)?,
            cum_qty,
            fee: fee.amount,
            fee_asset: fee.asset,
            liquidity: match &*self.liquidity.required_text("liquidity_ind")? {
                b"m" => Liquidity::Maker,
                b"t" => Liquidity::Taker,
                _ => return Err(self.liquidity.malformed("liquidity_ind")),
            },
        };
        Ok((kind, fee.elsewhere))
    }
}

/// The orders that rows are about, as far as rows told of them.
#[derive(Debug, Clone, Default)]
pub struct KnownOrders(BTreeMap<VenueOrderId, Order>);

impl KnownOrders {
    /// Forgets all.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Reads a row: what it says and what is remembered of its order from now on. `listens_only`
    /// is for the rows of a snapshot, which are asked for elsewhere.
    ///
    /// # Errors
    /// [`Malformed`] naming the member that is absent, doubled or wrong.
    pub fn read(
        &mut self,
        row: &RawRow<'_>,
        dialect: &Dialect,
        listens_only: bool,
    ) -> Result<Told, Malformed> {
        let id = row.order_id()?;
        let execution = row.execution.required_text("exec_type")?;
        let known = self.0.get(&id).copied();
        let listing = match known {
            Some(order) => dialect.symbols.listing(order.instrument),
            None => match row.symbol.text("symbol")? {
                Some(symbol) => match dialect.symbols.find(&symbol) {
                    Some(listing) => Some(listing),
                    None => return Ok(Told::Nothing),
                },
                None => None,
            },
        };
        let Some(listing) = listing else {
            // An order from before this connection that was in no snapshot.
            return Ok(Told::Ask(Query::VenueOrder { venue_order_id: id }));
        };
        let Some(order) = merge(known, id, row, (dialect, listing))? else {
            return Ok(Told::Ask(Query::VenueOrder { venue_order_id: id }));
        };
        if order.status.is_terminal() {
            self.0.remove(&id);
        } else if known.is_some() || row.is_whole() {
            let cum_qty = known.map_or(order.cum_qty, |known| known.cum_qty.max(order.cum_qty));
            self.0.insert(id, Order { cum_qty, ..order });
        }
        if listens_only {
            return Ok(Told::Nothing);
        }
        let (kind, elsewhere) = match &*execution {
            b"pending_new" | b"iceberg_refill" => return Ok(Told::Nothing),
            b"new" if order.cum_qty.0 == 0 => (ReportKind::Accepted, false),
            b"trade" => row.fill(listing, order.cum_qty)?,
            b"canceled" => (
                ReportKind::Canceled {
                    cum_qty: order.cum_qty,
                },
                false,
            ),
            b"expired" => (
                ReportKind::Expired {
                    cum_qty: order.cum_qty,
                },
                false,
            ),
            // How the order stands: also `filled`, so that an execution that is missing is seen.
            _ => (order.snapshot(), false),
        };
        Ok(Told::Report(order.report(kind), elsewhere))
    }
}

/// What an order is after a row. `None` when neither the row nor what is known says it all, but for
/// an execution, which says enough.
fn merge(
    known: Option<Order>,
    id: VenueOrderId,
    row: &RawRow<'_>,
    (dialect, listing): (&Dialect, &Listing),
) -> Result<Option<Order>, Malformed> {
    let is_trade = row.execution.text("exec_type")?.as_deref() == Some(b"trade");
    if known.is_none() && !row.is_whole() && !is_trade {
        return Ok(None);
    }
    let before = known.unwrap_or(Order {
        ts_event: UnixNanos(0),
        client_order_id: ClientOrderId::FOREIGN,
        venue_order_id: id,
        instrument: listing.id(),
        side: py_rt_types::Side::Buy,
        order_type: OrderType::Limit,
        tif: py_rt_types::TimeInForce::Gtc,
        order_qty: py_rt_types::Qty(i64::MAX),
        cum_qty: py_rt_types::Qty::ZERO,
        limit_price: None,
        status: py_rt_types::OrderStatus::Unknown,
    });
    let mut order = before;
    order.ts_event = row.instant()?;
    if let Some(text) = row.client_id.text("cl_ord_id")? {
        order.client_order_id = decode_client_id(dialect.lineage, &text);
    }
    if known.is_none() || row.side.text("side")?.is_some() {
        order.side = side(&row.side, "side")?;
    }
    if let Some(word) = row.order_type.text("order_type")? {
        order.order_type =
            order_type(&word).ok_or_else(|| row.order_type.malformed("order_type"))?;
    }
    if row.tif.text("time_in_force")?.is_some() {
        order.tif = tif(&row.tif, "time_in_force")?;
    }
    if row.limit_price.digits("limit_price")?.is_some() {
        order.limit_price = Some(price(&row.limit_price, "limit_price", listing)?);
    }
    if row.order_qty.digits("order_qty")?.is_some() {
        order.order_qty = qty(&row.order_qty, "order_qty", listing)?;
    }
    if row.cum_qty.digits("cum_qty")?.is_some() {
        let cum_qty = qty(&row.cum_qty, "cum_qty", listing)?;
        // A row that comes late never takes anything back; an execution names its own total.
        order.cum_qty = if is_trade {
            cum_qty
        } else {
            cum_qty.max(before.cum_qty)
        };
    } else if is_trade {
        return Err(row.cum_qty.malformed("cum_qty"));
    }
    let quantities = (order.order_qty, order.cum_qty);
    if let Some(word) = row.status.text("order_status")? {
        order.status = status(&word, quantities);
    }
    Ok(Some(order))
}
