//! Order JSON to reports.
//!
//! An order is scanned into [`RawOrder`] first, grammar only, and read afterwards by
//! [`RawOrder::resolve`]: a wrong member spoils that order and nothing else, and the order's
//! identity can often still be told ([`RawOrder::question`]) so that the venue can be asked.

use py_rt_types::{
    ClientOrderId, InstrumentId, OrderStatus, OrderType, Price, Qty, Query, RejectReason, Report,
    ReportKind, Side, TimeInForce, UnixNanos, VenueOrderId,
};

use crate::alpaca::ids::parse_uuid;
use crate::alpaca::time::parse_instant;
use crate::alpaca::Dialect;
use crate::error::{DecodeError, Malformed};
use crate::json::{Scanner, Slot};
use crate::symbols::{qty, Listing};

/// The members of an order that matter, as they were sent.
#[derive(Debug, Clone, Copy, Default)]
pub struct RawOrder<'a> {
    id: Slot<'a>,
    client_order_id: Slot<'a>,
    symbol: Slot<'a>,
    side: Slot<'a>,
    order_type: Slot<'a>,
    tif: Slot<'a>,
    qty: Slot<'a>,
    filled_qty: Slot<'a>,
    limit_price: Slot<'a>,
    stop_price: Slot<'a>,
    status: Slot<'a>,
    replaces: Slot<'a>,
    replaced_by: Slot<'a>,
    updated_at: Slot<'a>,
}

/// How the venue says an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderState {
    /// A state that the kernel knows; `Unknown` for a word that we do not know.
    Status(OrderStatus),
    /// Received, not working yet: `accepted`, `pending_new`, `held` and their like.
    Received,
    /// It goes on as another order.
    Replaced,
}

/// An order as the venue describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// When it last changed.
    pub ts_event: UnixNanos,
    /// Our id, or [`ClientOrderId::FOREIGN`].
    pub client_order_id: ClientOrderId,
    /// The venue's id, never 0.
    pub venue_order_id: VenueOrderId,
    /// Its instrument.
    pub instrument: InstrumentId,
    /// Its side.
    pub side: Side,
    /// Its type; a stop-limit order counts as a stop order with a limit price.
    pub order_type: OrderType,
    /// Its time in force.
    pub tif: TimeInForce,
    /// Total quantity.
    pub order_qty: Qty,
    /// Total executed.
    pub cum_qty: Qty,
    /// Limit price, if any.
    pub limit_price: Option<Price>,
    /// Stop price, if any.
    pub stop_price: Option<Price>,
    /// How it stands.
    pub state: OrderState,
    /// The order that it took the place of; 0 for none.
    pub replaces: VenueOrderId,
    /// The order that took its place; 0 for none.
    pub replaced_by: VenueOrderId,
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
            match order.slot(name) {
                Some(slot) => slot.fill(scanner)?,
                None => scanner.skip()?,
            }
        }
        Ok(order)
    }

    /// The place of a member. By length first: most of the forty members are none of ours.
    #[inline]
    fn slot(&mut self, name: &[u8]) -> Option<&mut Slot<'a>> {
        Some(match (name.len(), name) {
            (2, b"id") => &mut self.id,
            (3, b"qty") => &mut self.qty,
            (4, b"side") => &mut self.side,
            (4, b"type") => &mut self.order_type,
            (6, b"symbol") => &mut self.symbol,
            (6, b"status") => &mut self.status,
            (8, b"replaces") => &mut self.replaces,
            (10, b"filled_qty") => &mut self.filled_qty,
            (10, b"stop_price") => &mut self.stop_price,
            (10, b"updated_at") => &mut self.updated_at,
            (11, b"limit_price") => &mut self.limit_price,
            (11, b"replaced_by") => &mut self.replaced_by,
            (13, b"time_in_force") => &mut self.tif,
            (15, b"client_order_id") => &mut self.client_order_id,
            _ => return None,
        })
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
        let client = self.client_order_id.required_text("client_order_id")?;
        let venue_order_id = uuid(&self.id, "id")?.ok_or_else(|| self.id.malformed("id"))?;
        let updated_at = self.updated_at.required_text("updated_at")?;
        let ts_event =
            parse_instant(&updated_at).ok_or_else(|| self.updated_at.malformed("updated_at"))?;
        let order_qty = qty(&self.qty, "qty", listing)?;
        let cum_qty = qty(&self.filled_qty, "filled_qty", listing)?;
        let none = VenueOrderId(0);
        Ok(Some(Order {
            ts_event,
            client_order_id: dialect.lineage.decode_id(&client),
            venue_order_id,
            instrument: listing.id(),
            side: read_side(&self.side)?,
            order_type: word(&self.order_type, "type", order_type)?,
            tif: word(&self.tif, "time_in_force", time_in_force)?,
            order_qty,
            cum_qty,
            limit_price: price(&self.limit_price, "limit_price", listing)?,
            stop_price: price(&self.stop_price, "stop_price", listing)?,
            state: state(&self.status.required_text("status")?, order_qty, cum_qty),
            replaces: uuid(&self.replaces, "replaces")?.unwrap_or(none),
            replaced_by: uuid(&self.replaced_by, "replaced_by")?.unwrap_or(none),
        }))
    }

    /// The question to put to the venue when this order could not be read; `None` when it is not
    /// ours or does not even tell which it is.
    #[must_use]
    pub fn question(&self, dialect: &Dialect) -> Option<Query> {
        let client = self.client_order_id.text("client_order_id").ok()??;
        let symbol = self.symbol.text("symbol").ok()??;
        let client_order_id = dialect.lineage.decode_id(&client);
        let instrument = dialect.symbols.find(&symbol)?.id();
        (client_order_id != ClientOrderId::FOREIGN).then_some(Query::Order {
            client_order_id,
            instrument,
        })
    }

    /// Whether the order says of itself that it is not ours.
    #[must_use]
    pub fn is_foreign(&self, dialect: &Dialect) -> bool {
        let Ok(Some(client)) = self.client_order_id.text("client_order_id") else {
            return false;
        };
        dialect.lineage.decode_id(&client) == ClientOrderId::FOREIGN
    }

    /// The listing of the order's symbol.
    pub(super) fn listing<'t>(&self, dialect: &'t Dialect) -> Option<&'t Listing> {
        let symbol = self.symbol.text("symbol").ok()??;
        dialect.symbols.find(&symbol)
    }

    /// The order's venue id, as far as it can be told.
    #[must_use]
    pub fn venue_order_id(&self) -> Option<VenueOrderId> {
        uuid(&self.id, "id").ok()?
    }
}

impl Order {
    /// A report about this order.
    #[must_use]
    pub const fn report(&self, kind: ReportKind) -> Report {
        Report {
            ts_event: self.ts_event,
            client_order_id: self.client_order_id,
            venue_order_id: self.venue_order_id,
            instrument: self.instrument,
            side: self.side,
            kind,
        }
    }

    /// The order's whole state: the answer to a query.
    ///
    /// An order that was replaced has no state of its own; it shows as `Unknown` here, and whoever
    /// asked must ask for `replaced_by`. One that is to take the place of another and was only
    /// received shows as `PendingReplace`: whether it does, that other one tells.
    #[must_use]
    pub const fn snapshot(&self) -> ReportKind {
        ReportKind::Snapshot {
            status: self.status(),
            order_qty: self.order_qty,
            cum_qty: self.cum_qty,
            order_type: self.order_type,
            tif: self.tif,
            limit_price: self.limit_price,
        }
    }

    const fn status(&self) -> OrderStatus {
        match self.state {
            OrderState::Status(status) => status,
            OrderState::Received if self.is_replacement() => OrderStatus::PendingReplace,
            OrderState::Received if self.cum_qty.0 > 0 => OrderStatus::PartiallyFilled,
            OrderState::Received => OrderStatus::New,
            OrderState::Replaced => OrderStatus::Unknown,
        }
    }

    /// What the answer to a new order says.
    #[must_use]
    pub const fn new_answer(&self) -> ReportKind {
        let cum_qty = self.cum_qty;
        match self.state {
            OrderState::Received | OrderState::Status(OrderStatus::New) if cum_qty.0 == 0 => {
                ReportKind::Accepted
            }
            OrderState::Status(OrderStatus::Rejected) if cum_qty.0 == 0 => ReportKind::Rejected {
                reason: RejectReason::Venue,
            },
            _ => self.snapshot(),
        }
    }

    /// What the answer to a replace says. The venue's 200 is no replacement yet: only an order
    /// that already works proves that the one before it is gone.
    #[must_use]
    pub const fn replace_answer(&self) -> ReportKind {
        match self.state {
            OrderState::Status(OrderStatus::New | OrderStatus::PartiallyFilled) => self.replaced(),
            OrderState::Status(OrderStatus::Rejected) => ReportKind::ReplaceRejected {
                reason: RejectReason::Venue,
            },
            OrderState::Received
            | OrderState::Replaced
            | OrderState::Status(OrderStatus::PendingReplace | OrderStatus::PendingNew) => {
                ReportKind::PendingReplace
            }
            OrderState::Status(_) => self.snapshot(),
        }
    }

    /// The replacement of an order by this one.
    #[must_use]
    pub const fn replaced(&self) -> ReportKind {
        ReportKind::Replaced {
            order_qty: self.order_qty,
            limit_price: self.limit_price,
        }
    }

    /// Whether this order took the place of another, or is to take it.
    #[must_use]
    pub const fn is_replacement(&self) -> bool {
        self.replaces.0 != 0
    }

    /// Whether it is not known yet that this order takes the place of another.
    #[must_use]
    pub fn is_undecided(&self) -> bool {
        self.is_replacement() && self.state == OrderState::Received
    }

    /// The same order, where the one before it is known to be gone.
    #[must_use]
    pub const fn in_place(mut self) -> Self {
        self.replaces = VenueOrderId(0);
        self
    }
}

/// A side; the venue's words for shorts count as sells.
pub(super) fn read_side(slot: &Slot<'_>) -> Result<Side, Malformed> {
    word(slot, "side", |text| match text {
        b"buy" => Some(Side::Buy),
        b"sell" | b"sell_short" => Some(Side::Sell),
        _ => None,
    })
}

fn word<T>(
    slot: &Slot<'_>,
    field: &'static str,
    read: impl Fn(&[u8]) -> Option<T>,
) -> Result<T, Malformed> {
    read(&slot.required_text(field)?).ok_or_else(|| slot.malformed(field))
}

/// A price that may be absent.
pub(super) fn price(
    slot: &Slot<'_>,
    field: &'static str,
    listing: &Listing,
) -> Result<Option<Price>, Malformed> {
    slot.digits(field)?
        .map(|digits| listing.price(digits).map_err(|_| slot.malformed(field)))
        .transpose()
}

/// A UUID that may be absent, and is not all zeros.
pub(super) fn uuid(
    slot: &Slot<'_>,
    field: &'static str,
) -> Result<Option<VenueOrderId>, Malformed> {
    match slot.text(field)? {
        None => Ok(None),
        Some(text) => match parse_uuid(&text) {
            Some(value) if value != 0 => Ok(Some(VenueOrderId(value))),
            _ => Err(slot.malformed(field)),
        },
    }
}

fn order_type(word: &[u8]) -> Option<OrderType> {
    match word {
        b"market" => Some(OrderType::Market),
        b"limit" => Some(OrderType::Limit),
        b"stop" | b"stop_limit" => Some(OrderType::Stop),
        _ => None,
    }
}

fn time_in_force(word: &[u8]) -> Option<TimeInForce> {
    match word {
        b"day" => Some(TimeInForce::Day),
        b"gtc" => Some(TimeInForce::Gtc),
        b"ioc" => Some(TimeInForce::Ioc),
        b"fok" => Some(TimeInForce::Fok),
        _ => None,
    }
}

fn state(word: &[u8], order_qty: Qty, cum_qty: Qty) -> OrderState {
    OrderState::Status(match word {
        b"new" if cum_qty.0 > 0 => OrderStatus::PartiallyFilled,
        b"new" => OrderStatus::New,
        b"partially_filled" => OrderStatus::PartiallyFilled,
        b"filled" => OrderStatus::Filled,
        b"done_for_day" => OrderStatus::DoneForDay,
        b"canceled" => OrderStatus::Canceled,
        b"expired" => OrderStatus::Expired,
        b"rejected" => OrderStatus::Rejected,
        b"pending_cancel" => OrderStatus::PendingCancel,
        b"pending_replace" => OrderStatus::PendingReplace,
        b"calculated" if cum_qty == order_qty => OrderStatus::Filled,
        b"accepted"
        | b"pending_new"
        | b"accepted_for_bidding"
        | b"held"
        | b"pending_review"
        | b"stopped"
        | b"suspended" => return OrderState::Received,
        b"replaced" => return OrderState::Replaced,
        _ => OrderStatus::Unknown,
    })
}
