//! Messages of the `trade_updates` stream to reports.
//!
//! `qty` and `price` are of this execution, `order.filled_qty` is the total after it: the total is
//! the key of the execution. Wherever the total moved and the event cannot carry it, a `Snapshot`
//! is reported in front, so that a lost fill message is noticed.

use py_rt_types::{ExecId, Liquidity, Money, OrderStatus, RejectReason, ReportKind, UnixNanos};

use crate::alpaca::ids::parse_uuid;
use crate::alpaca::orders::{price, Order, RawOrder};
use crate::alpaca::time::parse_instant;
use crate::alpaca::Dialect;
use crate::error::{DecodeError, Malformed};
use crate::json::{Scanner, Slot};
use crate::symbols::{optional_atto, qty, Listing};

pub use crate::requests::Reports;

/// One `trade_updates` message, as it was sent.
#[derive(Debug, Clone, Copy, Default)]
pub struct RawUpdate<'a> {
    event: Slot<'a>,
    execution_id: Slot<'a>,
    price: Slot<'a>,
    qty: Slot<'a>,
    fee: Slot<'a>,
    liquidity: Slot<'a>,
    ts_event: Slot<'a>,
    order: Option<RawOrder<'a>>,
    twice: bool,
    offset: usize,
}

impl<'a> RawUpdate<'a> {
    /// Scans the `data` object of a message.
    ///
    /// # Errors
    /// `Incomplete` or `Malformed` when the bytes are no JSON object with an order in it.
    pub fn scan(scanner: &mut Scanner<'a>) -> Result<Self, DecodeError> {
        let mut update = Self {
            offset: scanner.offset(),
            ..Self::default()
        };
        scanner.begin_object()?;
        while let Some(name) = scanner.next_key()? {
            let slot = match name {
                b"event" => &mut update.event,
                b"execution_id" => &mut update.execution_id,
                b"price" => &mut update.price,
                b"qty" => &mut update.qty,
                b"fee" => &mut update.fee,
                b"liquidity" => &mut update.liquidity,
                b"timestamp" => &mut update.ts_event,
                b"order" => {
                    update.twice |= update.order.is_some();
                    update.order = Some(RawOrder::scan(scanner)?);
                    continue;
                }
                _ => {
                    scanner.skip()?;
                    continue;
                }
            };
            slot.fill(scanner)?;
        }
        Ok(update)
    }

    /// The order of the message, if it has one.
    #[must_use]
    pub const fn order(&self) -> Option<&RawOrder<'a>> {
        self.order.as_ref()
    }

    /// Reads the message. No report is an order of an instrument that is not in the run.
    ///
    /// # Errors
    /// [`Malformed`] naming the member that is absent, doubled or wrong.
    pub fn resolve(&self, dialect: &Dialect) -> Result<Reports, Malformed> {
        let no_order = Malformed {
            offset: self.offset,
            field: "order",
        };
        let raw = self
            .order
            .as_ref()
            .filter(|_| !self.twice)
            .ok_or(no_order)?;
        let Some(mut order) = raw.resolve(dialect)? else {
            return Ok(Reports::default());
        };
        if let Some(ts_event) = self.ts_event()? {
            order.ts_event = ts_event;
        }
        let event = self.event.required_text("event")?;
        if matches!(&*event, b"fill" | b"partial_fill") {
            let listing = raw.listing(dialect).ok_or(no_order)?;
            let fill = self.fill(&order, listing)?;
            return Ok(Reports::one(order.report(fill)));
        }
        Ok(reports_of(&event, &order))
    }

    fn ts_event(&self) -> Result<Option<UnixNanos>, Malformed> {
        const FIELD: &str = "timestamp";
        self.ts_event
            .text(FIELD)?
            .map(|text| parse_instant(&text).ok_or_else(|| self.ts_event.malformed(FIELD)))
            .transpose()
    }

    fn fill(&self, order: &Order, listing: &Listing) -> Result<ReportKind, Malformed> {
        let id = self.execution_id.required_text("execution_id")?;
        let exec_id = parse_uuid(&id)
            .map(ExecId)
            .ok_or_else(|| self.execution_id.malformed("execution_id"))?;
        let last_qty = qty(&self.qty, "qty", listing)?;
        if last_qty.0 == 0 || last_qty > order.cum_qty {
            return Err(self.qty.malformed("qty"));
        }
        let last_price =
            price(&self.price, "price", listing)?.ok_or_else(|| self.price.malformed("price"))?;
        Ok(ReportKind::Fill {
            exec_id,
            last_qty,
            last_price,
            cum_qty: order.cum_qty,
            fee: read_fee(&self.fee)?,
            fee_asset: py_rt_types::FeeAsset::Quote,
            liquidity: read_liquidity(&self.liquidity)?,
        })
    }
}

/// The fee of an execution. Alpaca books fees at the end of the day and never says them here; a
/// local venue may, under this name.
pub(super) fn read_fee(slot: &Slot<'_>) -> Result<Money, Malformed> {
    Ok(optional_atto(slot, "fee")?.map_or(Money::ZERO, Money))
}

/// Whether an execution added or took liquidity: not said by Alpaca, where taker is assumed.
pub(super) fn read_liquidity(slot: &Slot<'_>) -> Result<Liquidity, Malformed> {
    match slot.text("liquidity")?.as_deref() {
        None | Some(b"taker") => Ok(Liquidity::Taker),
        Some(b"maker") => Ok(Liquidity::Maker),
        Some(_) => Err(slot.malformed("liquidity")),
    }
}

/// The reports of every event but the fills.
fn reports_of(event: &[u8], order: &Order) -> Reports {
    let cum_qty = order.cum_qty;
    let reason = RejectReason::Venue;
    let kind = match event {
        b"new" if order.is_replacement() => order.replaced(),
        b"accepted" | b"pending_new" if order.is_replacement() => ReportKind::PendingReplace,
        b"new" | b"accepted" | b"pending_new" => ReportKind::Accepted,
        b"canceled" => ReportKind::Canceled { cum_qty },
        b"expired" => ReportKind::Expired { cum_qty },
        b"done_for_day" => ReportKind::DoneForDay { cum_qty },
        b"rejected" if order.is_replacement() => ReportKind::ReplaceRejected { reason },
        b"rejected" => ReportKind::Rejected { reason },
        b"order_cancel_rejected" => ReportKind::CancelRejected { reason },
        b"order_replace_rejected" => ReportKind::ReplaceRejected { reason },
        b"pending_cancel" => ReportKind::PendingCancel,
        b"pending_replace" | b"replaced" => ReportKind::PendingReplace,
        _ => return Reports::one(order.report(order.snapshot())),
    };
    if cum_qty.0 == 0 || carries_total(kind) {
        return Reports::one(order.report(kind));
    }
    if matches!(kind, ReportKind::Accepted) {
        return Reports::one(order.report(order.snapshot()));
    }
    let progress = order.report(progress(order, kind));
    match kind {
        // The terms first: the total belongs to the order that goes on.
        ReportKind::Replaced { .. } => Reports::two(order.report(kind), progress),
        _ => Reports::two(progress, order.report(kind)),
    }
}

const fn carries_total(kind: ReportKind) -> bool {
    matches!(
        kind,
        ReportKind::Canceled { .. } | ReportKind::Expired { .. } | ReportKind::DoneForDay { .. }
    )
}

/// The snapshot that carries the total in front of a report which cannot.
fn progress(order: &Order, kind: ReportKind) -> ReportKind {
    match (kind, order.snapshot()) {
        // An order that goes on elsewhere has no state of its own to show.
        (
            ReportKind::PendingReplace,
            ReportKind::Snapshot {
                status: OrderStatus::Unknown,
                order_qty,
                cum_qty,
                order_type,
                tif,
                limit_price,
            },
        ) => ReportKind::Snapshot {
            status: OrderStatus::PendingReplace,
            order_qty,
            cum_qty,
            order_type,
            tif,
            limit_price,
        },
        (_, snapshot) => snapshot,
    }
}
