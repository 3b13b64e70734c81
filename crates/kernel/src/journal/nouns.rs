//! The nouns of the house as bytes: orders, reports, market rows.

use alloc::vec::Vec;

use py_rt_types::{
    AccountReport, AssetClass, Bar, CancelOrder, FeeAsset, InstrumentSpec, Liquidity, MarketEvent,
    NewOrder, OrderStatus, OrderTick, OrderType, Query, RejectReason, ReplaceOrder, Report,
    ReportKind, Side, TimeInForce,
};

use super::bytes::{wire_enum, wire_struct, Malformed, Reader, Wire};
use super::Totals;
use crate::event::TradingState;
use crate::execution::{ExecutionTimes, Order, PendingReplace};
use crate::input::Session;
use crate::kernel::StrategySpec;
use crate::portfolio::Position;
use crate::risk::RiskLimits;

wire_enum!(Side { Buy = 1, Sell = 2 });
wire_enum!(OrderType { Market = 1, Limit = 2, Stop = 3 });
wire_enum!(TimeInForce { Day = 1, Gtc = 2, Ioc = 3, Fok = 4 });
wire_enum!(Liquidity { Maker = 1, Taker = 2 });
wire_enum!(FeeAsset { Quote = 1, Base = 2 });
wire_enum!(AssetClass { Equity = 1, Crypto = 2, Future = 3, Fx = 4, Other = 5 });
wire_enum!(TradingState { Active = 1, ReduceOnly = 2, Halted = 3 });
wire_enum!(OrderStatus {
    PendingNew = 1,
    New = 2,
    PartiallyFilled = 3,
    PendingReplace = 4,
    PendingCancel = 5,
    Unknown = 6,
    Filled = 7,
    DoneForDay = 8,
    Canceled = 9,
    Rejected = 10,
    Expired = 11,
});

wire_struct!(MarketEvent {
    ts_event,
    ts_recv,
    instrument,
    kind,
    side,
    flags,
    price,
    qty,
    order_id
});
wire_struct!(NewOrder {
    client_order_id,
    instrument,
    side,
    order_type,
    tif,
    order_qty,
    limit_price,
    stop_price,
    post_only,
    reduce_only
});
wire_struct!(CancelOrder {
    client_order_id,
    venue_order_id,
    instrument
});
wire_struct!(ReplaceOrder {
    client_order_id,
    venue_order_id,
    instrument,
    order_qty,
    limit_price
});
wire_struct!(Report {
    ts_event,
    client_order_id,
    venue_order_id,
    instrument,
    side,
    kind
});
wire_struct!(OrderTick { from, step });
wire_struct!(InstrumentSpec {
    symbol,
    venue,
    tick_size,
    order_tick,
    lot_size,
    min_qty,
    min_notional,
    multiplier,
    currency,
    asset_class,
    shortable,
    sessions
});
wire_struct!(RiskLimits {
    max_order_qty,
    max_order_notional,
    max_position_notional,
    max_gross_notional,
    max_open_orders,
    max_orders_per_second,
    price_collar_bps,
    reference_age_ns_max,
    max_daily_loss,
    max_drawdown_e9,
    max_leverage_e9,
    guards
});
wire_struct!(StrategySpec { name, limits });
wire_struct!(ExecutionTimes {
    ack_timeout_ns,
    query_pause_ns,
    settle_ns
});
wire_struct!(Position {
    qty,
    cost,
    realized_pnl,
    fees,
    value
});
wire_struct!(Totals {
    orders,
    fills,
    rejected
});
wire_struct!(PendingReplace {
    order_qty,
    limit_price,
    revision
});
wire_struct!(Order {
    client_order_id,
    venue_order_id,
    instrument,
    side,
    order_type,
    tif,
    order_qty,
    limit_price,
    stop_price,
    post_only,
    reduce_only,
    target,
    cum_qty,
    told_qty,
    cum_notional,
    status,
    reason,
    pending_replace,
    revisions_sent,
    cancel_requested,
    returned,
    not_found,
    alarm,
    tag,
    strategy,
    ts_created,
    ts_updated,
    parent
});

/// A bar, 64 bytes. The volume travels as its bits.
impl Wire for Bar {
    fn put(&self, out: &mut Vec<u8>) {
        self.ts_open.put(out);
        self.ts_close.put(out);
        self.instrument.put(out);
        self.flags.put(out);
        for price in [self.open, self.high, self.low, self.close] {
            price.put(out);
        }
        self.volume.to_bits().put(out);
    }
    fn read(reader: &mut Reader<'_>, _field: &'static str) -> Result<Self, Malformed> {
        Ok(Self {
            ts_open: Wire::read(reader, "ts_open")?,
            ts_close: Wire::read(reader, "ts_close")?,
            instrument: Wire::read(reader, "instrument")?,
            flags: Wire::read(reader, "flags")?,
            open: Wire::read(reader, "open")?,
            high: Wire::read(reader, "high")?,
            low: Wire::read(reader, "low")?,
            close: Wire::read(reader, "close")?,
            volume: f64::from_bits(Wire::read(reader, "volume")?),
        })
    }
}

const REASONS: [RejectReason; 13] = [
    RejectReason::Venue,
    RejectReason::WouldCross,
    RejectReason::UnknownOrder,
    RejectReason::TooLate,
    RejectReason::InsufficientFunds,
    RejectReason::BadPrice,
    RejectReason::BadQty,
    RejectReason::NotSupported,
    RejectReason::DuplicateId,
    RejectReason::NotAuthorized,
    RejectReason::NeverAccepted,
    RejectReason::NotFillable,
    RejectReason::Risk,
];

/// A reason by its place in the list; one that the list does not know is the venue's own.
impl Wire for RejectReason {
    fn put(&self, out: &mut Vec<u8>) {
        let place = REASONS
            .iter()
            .position(|reason| reason == self)
            .unwrap_or(0);
        (place as u8).put(out);
    }
    fn read(reader: &mut Reader<'_>, field: &'static str) -> Result<Self, Malformed> {
        let bad = reader.malformed(field);
        let place = usize::from(u8::read(reader, field)?);
        REASONS.get(place).copied().ok_or(bad)
    }
}

impl Wire for Query {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Order {
                client_order_id,
                instrument,
            } => {
                1u8.put(out);
                client_order_id.put(out);
                instrument.put(out);
            }
            Self::OpenOrders => 2u8.put(out),
            Self::Fills { since } => {
                3u8.put(out);
                since.put(out);
            }
            Self::Positions => 4u8.put(out),
            Self::Account => 5u8.put(out),
            Self::VenueOrder { venue_order_id } => {
                6u8.put(out);
                venue_order_id.put(out);
            }
        }
    }
    fn read(reader: &mut Reader<'_>, field: &'static str) -> Result<Self, Malformed> {
        let bad = reader.malformed(field);
        Ok(match u8::read(reader, field)? {
            1 => Self::Order {
                client_order_id: Wire::read(reader, "client_order_id")?,
                instrument: Wire::read(reader, "instrument")?,
            },
            2 => Self::OpenOrders,
            3 => Self::Fills {
                since: Wire::read(reader, "since")?,
            },
            4 => Self::Positions,
            5 => Self::Account,
            6 => Self::VenueOrder {
                venue_order_id: Wire::read(reader, "venue_order_id")?,
            },
            _ => return Err(bad),
        })
    }
}

impl Wire for AccountReport {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Position {
                instrument,
                qty,
                cost,
            } => {
                1u8.put(out);
                instrument.put(out);
                qty.put(out);
                cost.put(out);
            }
            Self::Cash(cash) => {
                2u8.put(out);
                cash.put(out);
            }
            Self::Done(query) => {
                3u8.put(out);
                query.put(out);
            }
            Self::Failed(query) => {
                4u8.put(out);
                query.put(out);
            }
        }
    }
    fn read(reader: &mut Reader<'_>, field: &'static str) -> Result<Self, Malformed> {
        let bad = reader.malformed(field);
        Ok(match u8::read(reader, field)? {
            1 => Self::Position {
                instrument: Wire::read(reader, "instrument")?,
                qty: Wire::read(reader, "qty")?,
                cost: Wire::read(reader, "cost")?,
            },
            2 => Self::Cash(Wire::read(reader, "cash")?),
            3 => Self::Done(Wire::read(reader, "query")?),
            4 => Self::Failed(Wire::read(reader, "query")?),
            _ => return Err(bad),
        })
    }
}

impl Wire for Session {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Connected => 1u8.put(out),
            Self::Disconnected => 2u8.put(out),
            Self::Restarted { next_sequence } => {
                3u8.put(out);
                next_sequence.put(out);
            }
        }
    }
    fn read(reader: &mut Reader<'_>, field: &'static str) -> Result<Self, Malformed> {
        let bad = reader.malformed(field);
        Ok(match u8::read(reader, field)? {
            1 => Self::Connected,
            2 => Self::Disconnected,
            3 => Self::Restarted {
                next_sequence: Wire::read(reader, "next_sequence")?,
            },
            _ => return Err(bad),
        })
    }
}

impl Wire for ReportKind {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(report_code(self));
        match self {
            Self::Fill {
                exec_id,
                last_qty,
                last_price,
                cum_qty,
                fee,
                fee_asset,
                liquidity,
            } => {
                exec_id.put(out);
                last_qty.put(out);
                last_price.put(out);
                cum_qty.put(out);
                fee.put(out);
                fee_asset.put(out);
                liquidity.put(out);
            }
            Self::Canceled { cum_qty }
            | Self::Expired { cum_qty }
            | Self::DoneForDay { cum_qty } => cum_qty.put(out),
            Self::Rejected { reason }
            | Self::CancelRejected { reason }
            | Self::ReplaceRejected { reason } => reason.put(out),
            Self::Replaced {
                order_qty,
                limit_price,
            } => {
                order_qty.put(out);
                limit_price.put(out);
            }
            Self::Snapshot {
                status,
                order_qty,
                cum_qty,
                order_type,
                tif,
                limit_price,
            } => {
                status.put(out);
                order_qty.put(out);
                cum_qty.put(out);
                order_type.put(out);
                tif.put(out);
                limit_price.put(out);
            }
            Self::Accepted
            | Self::PendingCancel
            | Self::PendingReplace
            | Self::NotFound
            | Self::NewUnanswered
            | Self::CancelUnanswered
            | Self::ReplaceUnanswered
            | Self::QueryUnanswered => {}
        }
    }

    fn read(reader: &mut Reader<'_>, field: &'static str) -> Result<Self, Malformed> {
        let bad = reader.malformed(field);
        Ok(match u8::read(reader, field)? {
            1 => Self::Accepted,
            2 => read_fill(reader)?,
            3 => Self::Canceled {
                cum_qty: Wire::read(reader, "cum_qty")?,
            },
            4 => Self::Expired {
                cum_qty: Wire::read(reader, "cum_qty")?,
            },
            5 => Self::DoneForDay {
                cum_qty: Wire::read(reader, "cum_qty")?,
            },
            6 => Self::Rejected {
                reason: Wire::read(reader, "reason")?,
            },
            7 => Self::Replaced {
                order_qty: Wire::read(reader, "order_qty")?,
                limit_price: Wire::read(reader, "limit_price")?,
            },
            8 => Self::PendingCancel,
            9 => Self::PendingReplace,
            10 => Self::CancelRejected {
                reason: Wire::read(reader, "reason")?,
            },
            11 => Self::ReplaceRejected {
                reason: Wire::read(reader, "reason")?,
            },
            12 => read_snapshot(reader)?,
            13 => Self::NotFound,
            14 => Self::NewUnanswered,
            15 => Self::CancelUnanswered,
            16 => Self::ReplaceUnanswered,
            17 => Self::QueryUnanswered,
            _ => return Err(bad),
        })
    }
}

const fn report_code(kind: &ReportKind) -> u8 {
    match kind {
        ReportKind::Accepted => 1,
        ReportKind::Fill { .. } => 2,
        ReportKind::Canceled { .. } => 3,
        ReportKind::Expired { .. } => 4,
        ReportKind::DoneForDay { .. } => 5,
        ReportKind::Rejected { .. } => 6,
        ReportKind::Replaced { .. } => 7,
        ReportKind::PendingCancel => 8,
        ReportKind::PendingReplace => 9,
        ReportKind::CancelRejected { .. } => 10,
        ReportKind::ReplaceRejected { .. } => 11,
        ReportKind::Snapshot { .. } => 12,
        ReportKind::NotFound => 13,
        ReportKind::NewUnanswered => 14,
        ReportKind::CancelUnanswered => 15,
        ReportKind::ReplaceUnanswered => 16,
        ReportKind::QueryUnanswered => 17,
    }
}

fn read_fill(reader: &mut Reader<'_>) -> Result<ReportKind, Malformed> {
    Ok(ReportKind::Fill {
        exec_id: Wire::read(reader, "exec_id")?,
        last_qty: Wire::read(reader, "last_qty")?,
        last_price: Wire::read(reader, "last_price")?,
        cum_qty: Wire::read(reader, "cum_qty")?,
        fee: Wire::read(reader, "fee")?,
        fee_asset: Wire::read(reader, "fee_asset")?,
        liquidity: Wire::read(reader, "liquidity")?,
    })
}

fn read_snapshot(reader: &mut Reader<'_>) -> Result<ReportKind, Malformed> {
    Ok(ReportKind::Snapshot {
        status: Wire::read(reader, "status")?,
        order_qty: Wire::read(reader, "order_qty")?,
        cum_qty: Wire::read(reader, "cum_qty")?,
        order_type: Wire::read(reader, "order_type")?,
        tif: Wire::read(reader, "tif")?,
        limit_price: Wire::read(reader, "limit_price")?,
    })
}
