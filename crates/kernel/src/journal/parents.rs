//! Parent orders as bytes.

use alloc::vec::Vec;

use super::bytes::{wire_enum, wire_struct, Malformed, Reader, Wire};
use crate::execution::parents::{
    Algorithm, Benchmark, EndPolicy, Parent, ParentTerms, Style, Trigger,
};
use crate::execution::{Held, Leg};

wire_enum!(Trigger { LastTrade = 1, Touch = 2 });
wire_enum!(Style { Passive = 1, Aggressive = 2 });
wire_enum!(Benchmark { Arrival = 1, Mid = 2 });
wire_enum!(EndPolicy { Expire = 1, Complete = 2 });
wire_struct!(ParentTerms {
    start,
    end,
    min_child_qty,
    style,
    catch_up,
    max_slippage_bps,
    benchmark,
    end_policy,
    reduce_only,
    tif
});
wire_struct!(Parent {
    client_order_id,
    strategy,
    instrument,
    side,
    algorithm,
    order_qty,
    limit_price,
    cum_qty,
    cum_notional,
    arrival,
    behind_max,
    children,
    status,
    reason,
    tag,
    end,
    ts_created,
    ts_updated
});
wire_struct!(Held {
    parent,
    terms,
    sums,
    live,
    ending,
    volume,
    slice,
    due,
    overdue,
    triggered,
    not_before,
    refusals,
    alarm,
    held_qty,
    legs
});
wire_struct!(Leg {
    instrument,
    lots,
    not_before,
    refusals
});

impl Wire for Algorithm {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Twap => 1u8.put(out),
            Self::Vwap => 2u8.put(out),
            Self::ImplementationShortfall => 3u8.put(out),
            Self::Pov {
                participation_bps,
                every_ns,
            } => {
                4u8.put(out);
                participation_bps.put(out);
                every_ns.put(out);
            }
            Self::Iceberg { shown_qty } => {
                5u8.put(out);
                shown_qty.put(out);
            }
            Self::Stop {
                stop_price,
                trail_ticks,
                trigger,
            } => {
                6u8.put(out);
                stop_price.put(out);
                trail_ticks.put(out);
                trigger.put(out);
            }
            Self::Route {
                every_ns,
                max_age_ns,
                latency_cost_bps,
            } => {
                7u8.put(out);
                every_ns.put(out);
                max_age_ns.put(out);
                latency_cost_bps.put(out);
            }
        }
    }
    fn read(reader: &mut Reader<'_>, field: &'static str) -> Result<Self, Malformed> {
        let bad = reader.malformed(field);
        Ok(match u8::read(reader, field)? {
            1 => Self::Twap,
            2 => Self::Vwap,
            3 => Self::ImplementationShortfall,
            4 => Self::Pov {
                participation_bps: Wire::read(reader, "participation_bps")?,
                every_ns: Wire::read(reader, "every_ns")?,
            },
            5 => Self::Iceberg {
                shown_qty: Wire::read(reader, "shown_qty")?,
            },
            6 => Self::Stop {
                stop_price: Wire::read(reader, "stop_price")?,
                trail_ticks: Wire::read(reader, "trail_ticks")?,
                trigger: Wire::read(reader, "trigger")?,
            },
            7 => Self::Route {
                every_ns: Wire::read(reader, "every_ns")?,
                max_age_ns: Wire::read(reader, "max_age_ns")?,
                latency_cost_bps: Wire::read(reader, "latency_cost_bps")?,
            },
            _ => return Err(bad),
        })
    }
}
