//! Orders in answers to reports.
//!
//! An order is scanned first, grammar only, and read afterwards, so that a wrong member spoils that
//! order and nothing else. The venue's id stands before it, as the name of the member that it is.

use alloc::vec::Vec;

use py_rt_types::{
    ClientOrderId, OrderStatus, OrderType, Price, Qty, Report, Side, TimeInForce, UnixNanos,
    VenueOrderId,
};

use crate::dialect::Dialect;
use crate::error::{DecodeError, Malformed};
use crate::feed::instant::from_decimal;
use crate::json::{Kind, Scanner, Slot};
use crate::kraken::envelope::Envelope;
use crate::kraken::ids::{decode_client_id, decode_venue_id};
use crate::kraken::names::Names;
use crate::requests::Order;
use crate::symbols::{price, qty, Listing};

/// The members of an order that matter, as they were sent.
#[derive(Debug, Clone, Default)]
pub struct RawOrder<'a> {
    id: &'a [u8],
    client_id: Slot<'a>,
    status: Slot<'a>,
    opened: Slot<'a>,
    closed: Slot<'a>,
    pair: Slot<'a>,
    side: Slot<'a>,
    order_type: Slot<'a>,
    price: Slot<'a>,
    second_price: Slot<'a>,
    tif: Slot<'a>,
    order_qty: Slot<'a>,
    cum_qty: Slot<'a>,
    flags: Slot<'a>,
    /// The ids of its trades, where they were asked for.
    pub trades: Vec<Slot<'a>>,
}

impl<'a> RawOrder<'a> {
    /// Scans one order object; `id` is the name that stood before it.
    ///
    /// # Errors
    /// `Incomplete` or `Malformed` when the bytes are no JSON object.
    pub fn scan(id: &'a [u8], scanner: &mut Scanner<'a>) -> Result<Self, DecodeError> {
        let mut order = Self {
            id,
            ..Self::default()
        };
        scanner.begin_object()?;
        while let Some(name) = scanner.next_key()? {
            let slot = match name {
                b"cl_ord_id" => &mut order.client_id,
                b"status" => &mut order.status,
                b"opentm" => &mut order.opened,
                b"closetm" => &mut order.closed,
                b"vol" => &mut order.order_qty,
                b"vol_exec" => &mut order.cum_qty,
                b"oflags" => &mut order.flags,
                b"timeinforce" => &mut order.tif,
                b"descr" => {
                    order.scan_terms(scanner)?;
                    continue;
                }
                b"trades" if scanner.peek()? == Kind::Array => {
                    scanner.begin_array()?;
                    while scanner.next_element()? {
                        let mut slot = Slot::default();
                        slot.fill(scanner)?;
                        order.trades.push(slot);
                    }
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

    fn scan_terms(&mut self, scanner: &mut Scanner<'a>) -> Result<(), DecodeError> {
        scanner.begin_object()?;
        while let Some(name) = scanner.next_key()? {
            let slot = match name {
                b"pair" => &mut self.pair,
                b"type" => &mut self.side,
                b"ordertype" => &mut self.order_type,
                b"price" => &mut self.price,
                b"price2" => &mut self.second_price,
                _ => {
                    scanner.skip()?;
                    continue;
                }
            };
            slot.fill(scanner)?;
        }
        Ok(())
    }

    /// The instrument of the order; `None` when it is not in the run.
    ///
    /// # Errors
    /// [`Malformed`] when there is no pair.
    pub fn listing<'d>(
        &self,
        dialect: &'d Dialect,
        names: &Names,
    ) -> Result<Option<&'d Listing>, Malformed> {
        let pair = self.pair.required_text("pair")?;
        Ok(names.find(&dialect.symbols, &pair))
    }

    /// The venue's id.
    ///
    /// # Errors
    /// [`Malformed`] when it is none.
    pub fn venue_order_id(&self) -> Result<VenueOrderId, Malformed> {
        let id = decode_venue_id(self.id).map(VenueOrderId);
        id.ok_or_else(|| self.pair.malformed("txid"))
    }

    /// Total executed.
    ///
    /// # Errors
    /// [`Malformed`] when it is no quantity of the instrument.
    pub fn executed(&self, listing: &Listing) -> Result<Qty, Malformed> {
        qty(&self.cum_qty, "vol_exec", listing)
    }

    /// Whether its fees are paid in what is traded. The orders of a session ask for the other.
    #[must_use]
    pub fn pays_in_base(&self) -> bool {
        let flags = self.flags.text("oflags").ok().flatten().unwrap_or_default();
        let mut words = flags.split(|&byte| byte == b',');
        words.any(|word| word == b"fcib")
    }

    /// Reads the members. `Ok(None)` is an order of an instrument that is not in the run.
    ///
    /// # Errors
    /// [`Malformed`] naming the member that is absent, doubled or wrong.
    pub fn resolve(&self, dialect: &Dialect, names: &Names) -> Result<Option<Order>, Malformed> {
        let Some(listing) = self.listing(dialect, names)? else {
            return Ok(None);
        };
        let kind = self.order_type.required_text("ordertype")?;
        let order_type = order_type(&kind).ok_or_else(|| self.order_type.malformed("ordertype"))?;
        let order_qty = qty(&self.order_qty, "vol", listing)?;
        let cum_qty = self.executed(listing)?;
        let time = match self.closed.digits("closetm")? {
            None => instant(&self.opened, "opentm")?,
            Some(_) => instant(&self.closed, "closetm")?,
        };
        Ok(Some(Order {
            ts_event: time,
            client_order_id: self.client_order_id(dialect)?,
            venue_order_id: self.venue_order_id()?,
            instrument: listing.id(),
            side: side(&self.side, "type")?,
            order_type,
            tif: tif(&self.tif, "timeinforce")?,
            order_qty,
            cum_qty,
            limit_price: self.limit(&kind, listing)?,
            status: status(&self.status.required_text("status")?, (order_qty, cum_qty)),
        }))
    }

    /// The limit of an order whose type has one; the others show a price of zero, or their stop.
    fn limit(&self, kind: &[u8], listing: &Listing) -> Result<Option<Price>, Malformed> {
        match kind {
            b"limit" => price(&self.price, "price", listing).map(Some),
            b"stop-loss-limit" | b"take-profit-limit" => {
                price(&self.second_price, "price2", listing).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn client_order_id(&self, dialect: &Dialect) -> Result<ClientOrderId, Malformed> {
        let id = self.client_id.text("cl_ord_id")?.unwrap_or_default();
        Ok(decode_client_id(dialect.lineage, &id))
    }

    /// Whether the order says of itself that it is not ours.
    #[must_use]
    pub fn is_foreign(&self, dialect: &Dialect) -> bool {
        let id = self.client_order_id(dialect);
        id.is_ok_and(|id| id == ClientOrderId::FOREIGN)
    }
}

/// Reads a list of orders, which stands in the member `inside` of the answer (or is the answer): a
/// `Snapshot` each, and the first row that could not be read and may be ours.
///
/// # Errors
/// [`Malformed`] when the body is no such answer; forget the reports then.
pub fn decode_orders(
    (dialect, names): (&Dialect, &Names),
    body: &[u8],
    inside: &[u8],
    reports: &mut Vec<Report>,
) -> Result<Option<Malformed>, Malformed> {
    let mut wrong = None;
    Envelope::each_member(body, inside, |id, scanner| {
        let raw = RawOrder::scan(id, scanner)?;
        match raw.resolve(dialect, names) {
            Ok(Some(order)) => reports.push(order.report(order.snapshot())),
            Err(malformed) if !raw.is_foreign(dialect) => wrong = wrong.or(Some(malformed)),
            Ok(None) | Err(_) => {}
        }
        Ok(())
    })?;
    Ok(wrong)
}

pub(super) fn side(slot: &Slot<'_>, field: &'static str) -> Result<Side, Malformed> {
    match &*slot.required_text(field)? {
        b"buy" => Ok(Side::Buy),
        b"sell" => Ok(Side::Sell),
        _ => Err(slot.malformed(field)),
    }
}

/// The time in force; answers to questions do not say it, and what rests is GTC.
pub(super) fn tif(slot: &Slot<'_>, field: &'static str) -> Result<TimeInForce, Malformed> {
    let word = slot.text(field)?.unwrap_or_default();
    Ok(if word.eq_ignore_ascii_case(b"IOC") {
        TimeInForce::Ioc
    } else {
        TimeInForce::Gtc
    })
}

/// The type of an order, from its name.
pub(super) fn order_type(word: &[u8]) -> Option<OrderType> {
    match word {
        b"market" => Some(OrderType::Market),
        b"limit" | b"iceberg" => Some(OrderType::Limit),
        _ if word.starts_with(b"stop-loss")
            || word.starts_with(b"take-profit")
            || word.starts_with(b"trailing-stop") =>
        {
            Some(OrderType::Stop)
        }
        _ => None,
    }
}

/// The state of an order, from its name in requests or streams, its quantity and what of it was
/// executed.
pub(super) fn status(word: &[u8], (order_qty, cum_qty): (Qty, Qty)) -> OrderStatus {
    match word {
        b"pending" | b"open" | b"pending_new" | b"new" | b"partially_filled" if cum_qty.0 > 0 => {
            OrderStatus::PartiallyFilled
        }
        b"pending" | b"open" | b"pending_new" | b"new" => OrderStatus::New,
        b"closed" | b"filled" if cum_qty >= order_qty => OrderStatus::Filled,
        b"closed" | b"canceled" => OrderStatus::Canceled,
        b"expired" => OrderStatus::Expired,
        _ => OrderStatus::Unknown,
    }
}

/// A time in seconds that must be there.
pub(super) fn instant(slot: &Slot<'_>, field: &'static str) -> Result<UnixNanos, Malformed> {
    let seconds = slot.required_digits(field)?;
    from_decimal(seconds).ok_or_else(|| slot.malformed(field))
}
