//! An order as a venue describes it in an answer, and what is said of it then.

use py_rt_types::{
    ClientOrderId, InstrumentId, OrderStatus, OrderType, Price, Qty, RejectReason, Report,
    ReportKind, Side, TimeInForce, UnixNanos, VenueOrderId,
};

/// An order as the venue describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// When it last changed, as far as is told.
    pub ts_event: UnixNanos,
    /// Our id, or [`ClientOrderId::FOREIGN`].
    pub client_order_id: ClientOrderId,
    /// The venue's id; 0 for an order that it never took.
    pub venue_order_id: VenueOrderId,
    /// Its instrument.
    pub instrument: InstrumentId,
    /// Its side.
    pub side: Side,
    /// Its type; every type that waits for a price counts as a stop order.
    pub order_type: OrderType,
    /// Its time in force.
    pub tif: TimeInForce,
    /// Total quantity.
    pub order_qty: Qty,
    /// Total executed.
    pub cum_qty: Qty,
    /// Limit price, if any.
    pub limit_price: Option<Price>,
    /// How it stands; `Unknown` for a word that we do not know.
    pub status: OrderStatus,
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

    /// The order's whole state: the answer to a question.
    #[must_use]
    pub const fn snapshot(&self) -> ReportKind {
        ReportKind::Snapshot {
            status: self.status,
            order_qty: self.order_qty,
            cum_qty: self.cum_qty,
            order_type: self.order_type,
            tif: self.tif,
            limit_price: self.limit_price,
        }
    }

    /// What is left to say of a new order (or of the replacement of one) once its executions were
    /// told.
    #[must_use]
    pub const fn outcome(&self, replaces: bool) -> Option<ReportKind> {
        let cum_qty = self.cum_qty;
        let reason = RejectReason::Venue;
        Some(match self.status {
            OrderStatus::New | OrderStatus::PartiallyFilled | OrderStatus::Filled if replaces => {
                ReportKind::Replaced {
                    order_qty: self.order_qty,
                    limit_price: self.limit_price,
                }
            }
            OrderStatus::New => ReportKind::Accepted,
            OrderStatus::PartiallyFilled | OrderStatus::Filled => return None,
            OrderStatus::Canceled => ReportKind::Canceled { cum_qty },
            OrderStatus::Expired => ReportKind::Expired { cum_qty },
            OrderStatus::Rejected if cum_qty.0 == 0 && replaces => {
                ReportKind::ReplaceRejected { reason }
            }
            OrderStatus::Rejected if cum_qty.0 == 0 => ReportKind::Rejected { reason },
            _ => self.snapshot(),
        })
    }
}
