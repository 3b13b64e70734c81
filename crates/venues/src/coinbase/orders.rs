//! Orders in answers to reports.
//!
//! An order is scanned first, grammar only, and read afterwards, so that a wrong member spoils that
//! order and nothing else. Its terms are those of its newest edit, or those that it was sent with.

use alloc::vec::Vec;

use py_rt_types::{
    ClientOrderId, OrderStatus, OrderType, Price, Qty, Side, TimeInForce, UnixNanos, VenueOrderId,
};

use crate::alpaca::ids::parse_uuid;
use crate::dialect::Dialect;
use crate::error::{DecodeError, Malformed};
use crate::feed::instant::optional_text;
use crate::json::{Kind, Scanner, Slot};
use crate::requests::Order;
use crate::symbols::{price, qty, Listing};

/// The members of an order that matter, as they were sent.
#[derive(Debug, Clone, Copy, Default)]
pub struct RawOrder<'a> {
    id: Slot<'a>,
    client_id: Slot<'a>,
    symbol: Slot<'a>,
    side: Slot<'a>,
    status: Slot<'a>,
    created: Slot<'a>,
    last_fill: Slot<'a>,
    cum_qty: Slot<'a>,
    /// The name of its configuration, which says what it is.
    configuration: &'a [u8],
    configurations: u8,
    base_size: Slot<'a>,
    limit_price: Slot<'a>,
    edit: Edit<'a>,
}

/// The newest edit.
#[derive(Debug, Clone, Copy, Default)]
struct Edit<'a> {
    at: Slot<'a>,
    price: Slot<'a>,
    size: Slot<'a>,
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
                b"order_id" => &mut order.id,
                b"client_order_id" => &mut order.client_id,
                b"product_id" => &mut order.symbol,
                b"side" => &mut order.side,
                b"status" => &mut order.status,
                b"created_time" => &mut order.created,
                b"last_fill_time" => &mut order.last_fill,
                b"filled_size" => &mut order.cum_qty,
                b"order_configuration" if scanner.peek()? == Kind::Object => {
                    order.scan_configuration(scanner)?;
                    continue;
                }
                b"edit_history" if scanner.peek()? != Kind::Null => {
                    order.scan_edits(scanner)?;
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

    fn scan_configuration(&mut self, scanner: &mut Scanner<'a>) -> Result<(), DecodeError> {
        scanner.begin_object()?;
        while let Some(name) = scanner.next_key()? {
            if scanner.peek()? != Kind::Object {
                scanner.skip()?;
                continue;
            }
            self.configurations = self.configurations.saturating_add(1);
            self.configuration = name;
            scanner.begin_object()?;
            while let Some(name) = scanner.next_key()? {
                match name {
                    b"base_size" => self.base_size.fill(scanner)?,
                    b"limit_price" => self.limit_price.fill(scanner)?,
                    _ => scanner.skip()?,
                }
            }
        }
        Ok(())
    }

    fn scan_edits(&mut self, scanner: &mut Scanner<'a>) -> Result<(), DecodeError> {
        scanner.begin_array()?;
        while scanner.next_element()? {
            let mut edit = Edit::default();
            scanner.begin_object()?;
            while let Some(name) = scanner.next_key()? {
                match name {
                    b"replace_accept_timestamp" => edit.at.fill(scanner)?,
                    b"price" => edit.price.fill(scanner)?,
                    b"size" => edit.size.fill(scanner)?,
                    _ => scanner.skip()?,
                }
            }
            let time = |edit: &Edit<'_>| optional_text(&edit.at, "replace_accept_timestamp").ok();
            if self.edit.price.is_empty() || time(&edit) >= time(&self.edit) {
                self.edit = edit;
            }
        }
        Ok(())
    }

    /// The venue's id.
    ///
    /// # Errors
    /// [`Malformed`] when it is no UUID.
    pub fn venue_order_id(&self) -> Result<VenueOrderId, Malformed> {
        order_id(&self.id)
    }

    /// When it was made; 0 where it does not say.
    #[must_use]
    pub fn created(&self) -> UnixNanos {
        optional_text(&self.created, "created_time").unwrap_or(UnixNanos(0))
    }

    /// Our id of it, or [`ClientOrderId::FOREIGN`].
    ///
    /// # Errors
    /// [`Malformed`] when it is no text.
    pub fn client_order_id(&self, dialect: &Dialect) -> Result<ClientOrderId, Malformed> {
        let id = self.client_id.text("client_order_id")?.unwrap_or_default();
        Ok(dialect.lineage.decode_id(&id))
    }

    /// Whether the order says of itself that it is not ours.
    #[must_use]
    pub fn is_foreign(&self, dialect: &Dialect) -> bool {
        let id = self.client_order_id(dialect);
        id.is_ok_and(|id| id == ClientOrderId::FOREIGN)
    }

    /// Reads the members. `Ok(None)` is an order of an instrument that is not in the run.
    ///
    /// # Errors
    /// [`Malformed`] naming the member that is absent, doubled or wrong.
    pub fn resolve(&self, dialect: &Dialect) -> Result<Option<Order>, Malformed> {
        let symbol = self.symbol.required_text("product_id")?;
        let Some(listing) = dialect.symbols.find(&symbol) else {
            return Ok(None);
        };
        let (order_type, tif) = kind_of(self.configuration)
            .filter(|_| self.configurations == 1)
            .ok_or_else(|| self.symbol.malformed("order_configuration"))?;
        let cum_qty = or_zero(&self.cum_qty, "filled_size", listing)?;
        let edited = self.edit.size.digits("size")?;
        let order_qty = match (edited, self.base_size.digits("base_size")?) {
            (Some(_), _) => qty(&self.edit.size, "size", listing)?,
            (_, Some(_)) => qty(&self.base_size, "base_size", listing)?,
            // Sized in money: never ours, and what it comes to is what was executed.
            _ => cum_qty,
        };
        let created = optional_text(&self.created, "created_time")?;
        if created.0 == 0 {
            return Err(self.created.malformed("created_time"));
        }
        let last_fill = time_or_none(&self.last_fill, "last_fill_time")?;
        let status = self.status.required_text("status")?;
        Ok(Some(Order {
            ts_event: created.max(last_fill),
            client_order_id: self.client_order_id(dialect)?,
            venue_order_id: self.venue_order_id()?,
            instrument: listing.id(),
            side: side(&self.side, "side")?,
            order_type,
            tif,
            order_qty,
            cum_qty,
            limit_price: self.limit(order_type, listing)?,
            status: status_of(&status, (order_qty, cum_qty)),
        }))
    }

    fn limit(&self, kind: OrderType, listing: &Listing) -> Result<Option<Price>, Malformed> {
        let is_stop = kind == OrderType::Stop && !self.limit_price.is_empty();
        if kind != OrderType::Limit && !is_stop {
            return Ok(None);
        }
        match self.edit.price.digits("price")? {
            Some(_) => price(&self.edit.price, "price", listing),
            None => price(&self.limit_price, "limit_price", listing),
        }
        .map(Some)
    }
}

/// A page of orders.
#[derive(Debug, Clone, Default)]
pub struct OrdersPage {
    /// Those of instruments in the run, as far as they can be read, and when each was made.
    pub orders: Vec<(Order, UnixNanos)>,
    /// How many rows there were.
    pub rows: usize,
    /// Where the next page begins; empty on the last.
    pub cursor: Vec<u8>,
    /// The first row that could not be read and may be ours.
    pub wrong: Option<Malformed>,
}

/// Reads a list of orders (`{"orders": […]}`), or one (`{"order": {…}}`).
///
/// # Errors
/// [`Malformed`] when the body is no such answer.
pub fn decode_orders(dialect: &Dialect, body: &[u8]) -> Result<OrdersPage, Malformed> {
    let mut page = OrdersPage::default();
    let mut found = false;
    let row = |page: &mut OrdersPage, scanner: &mut Scanner<'_>| -> Result<(), DecodeError> {
        let raw = RawOrder::scan(scanner)?;
        page.rows += 1;
        match raw.resolve(dialect) {
            Ok(Some(order)) => page.orders.push((order, raw.created())),
            Err(malformed) if !raw.is_foreign(dialect) => {
                page.wrong = page.wrong.or(Some(malformed));
            }
            Ok(None) | Err(_) => {}
        }
        Ok(())
    };
    let cursor = super::lists::each_page(body, |name, scanner| {
        match name {
            b"orders" if !found && scanner.peek()? == Kind::Array => {
                found = true;
                scanner.begin_array()?;
                while scanner.next_element()? {
                    row(&mut page, scanner)?;
                }
            }
            b"order" if !found && scanner.peek()? == Kind::Object => {
                found = true;
                row(&mut page, scanner)?;
            }
            b"orders" | b"order" => {
                return Err(DecodeError::malformed(scanner.offset(), "orders"));
            }
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    if !found {
        return Err(Malformed {
            offset: 0,
            field: "orders",
        });
    }
    page.cursor = cursor;
    Ok(page)
}

/// The venue's id of an order in a member.
pub(super) fn order_id(slot: &Slot<'_>) -> Result<VenueOrderId, Malformed> {
    let id = parse_uuid(&slot.required_text("order_id")?).filter(|id| *id != 0);
    id.map(VenueOrderId)
        .ok_or_else(|| slot.malformed("order_id"))
}

pub(super) fn side(slot: &Slot<'_>, field: &'static str) -> Result<Side, Malformed> {
    match &*slot.required_text(field)? {
        b"BUY" => Ok(Side::Buy),
        b"SELL" => Ok(Side::Sell),
        _ => Err(slot.malformed(field)),
    }
}

/// A quantity that must be there; `""` is none.
pub(super) fn or_zero(
    slot: &Slot<'_>,
    field: &'static str,
    listing: &Listing,
) -> Result<Qty, Malformed> {
    match slot.required_digits(field)? {
        b"" => Ok(Qty::ZERO),
        _ => qty(slot, field, listing),
    }
}

/// A time; 0 where it is absent, `null` or `""`.
fn time_or_none(slot: &Slot<'_>, field: &'static str) -> Result<UnixNanos, Malformed> {
    match slot.text(field)?.as_deref() {
        None | Some(b"") => Ok(UnixNanos(0)),
        Some(_) => optional_text(slot, field),
    }
}

/// What an order is, from the name of its configuration.
fn kind_of(name: &[u8]) -> Option<(OrderType, TimeInForce)> {
    let order_type = if name.starts_with(b"market_") {
        OrderType::Market
    } else if name.starts_with(b"stop_") || name.starts_with(b"trigger_") {
        OrderType::Stop
    } else if name.starts_with(b"limit_") || name.starts_with(b"sor_limit_") {
        OrderType::Limit
    } else {
        return None;
    };
    let tif = match name.rsplit(|&byte| byte == b'_').next()? {
        b"ioc" => TimeInForce::Ioc,
        b"fok" => TimeInForce::Fok,
        _ => TimeInForce::Gtc,
    };
    Some((order_type, tif))
}

/// The state of an order, from its word, its quantity and what of it was executed. One that is
/// said to be filled and of which less is shown works on: the rest is on its way.
pub(super) fn status_of(word: &[u8], (order_qty, cum_qty): (Qty, Qty)) -> OrderStatus {
    match word {
        b"FILLED" if cum_qty >= order_qty => OrderStatus::Filled,
        b"PENDING" | b"OPEN" | b"QUEUED" | b"FILLED" if cum_qty.0 > 0 => {
            OrderStatus::PartiallyFilled
        }
        b"PENDING" | b"OPEN" | b"QUEUED" | b"FILLED" => OrderStatus::New,
        b"CANCELLED" => OrderStatus::Canceled,
        b"EXPIRED" => OrderStatus::Expired,
        b"FAILED" if cum_qty.0 == 0 => OrderStatus::Rejected,
        b"FAILED" => OrderStatus::Canceled,
        b"CANCEL_QUEUED" => OrderStatus::PendingCancel,
        b"EDIT_QUEUED" => OrderStatus::PendingReplace,
        _ => OrderStatus::Unknown,
    }
}
