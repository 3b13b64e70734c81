//! Controls, guards and market phases as bytes.

use alloc::vec::Vec;

use super::bytes::{wire_enum, wire_struct, Malformed, Reader, Wire};
use crate::event::Cause;
use crate::input::{Control, Person, Phase};
use crate::risk::{
    DayImage, GreekLimit, Greeks, GroupLimit, Guards, InstrumentLimit, Pace, TailLimit,
};

wire_enum!(Phase { Open = 1, Auction = 2, Halted = 3, Closed = 4 });
wire_enum!(Cause {
    Operator = 1,
    DailyLoss = 2,
    Drawdown = 3,
    Strategy = 4,
    Stopping = 5,
    Overflow = 6,
    PositionMismatch = 7,
    RepeatedExecutions = 8,
    Lease = 9,
});
wire_struct!(DayImage {
    day,
    notional,
    lots
});
wire_struct!(Pace { most, window_ns });
wire_struct!(InstrumentLimit {
    symbol,
    max_order_qty,
    max_order_notional,
    max_position_qty,
    max_position_notional,
    max_daily_qty,
    max_short_qty
});
wire_struct!(GroupLimit {
    name,
    symbols,
    max_gross_notional
});
wire_struct!(TailLimit {
    scenarios,
    level_e9,
    max_var,
    max_es
});
wire_struct!(Greeks {
    symbol,
    delta,
    gamma,
    vega
});
wire_struct!(GreekLimit {
    greeks,
    max_delta,
    max_gamma,
    max_vega
});
wire_struct!(Guards {
    duplicates,
    executions,
    instrument_orders,
    cancels,
    no_self_trade,
    price_move_bps,
    market_slippage_bps,
    phases,
    max_net_notional,
    max_daily_notional,
    max_concentration_e9,
    groups,
    instruments,
    tail,
    greeks
});

/// A name: its length as one byte, then its letters.
impl Wire for Person {
    fn put(&self, out: &mut Vec<u8>) {
        (self.name().len() as u8).put(out);
        out.extend_from_slice(self.name().as_bytes());
    }
    fn read(reader: &mut Reader<'_>, field: &'static str) -> Result<Self, Malformed> {
        let bad = reader.malformed(field);
        let length = usize::from(u8::read(reader, field)?);
        let name = core::str::from_utf8(reader.take(length, field)?).map_err(|_| bad)?;
        Self::parse(name).ok_or(bad)
    }
}

impl Wire for Control {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Start => 1u8.put(out),
            Self::Stop => 2u8.put(out),
            Self::Halt => 3u8.put(out),
            Self::ReduceOnly => 4u8.put(out),
            Self::Resume { by } => {
                5u8.put(out);
                by.put(out);
            }
            Self::CancelAll => 6u8.put(out),
            Self::Flatten => 7u8.put(out),
            Self::Loosen { by } => {
                8u8.put(out);
                by.put(out);
            }
            Self::LeaseLost => 9u8.put(out),
            Self::LeaseHeld => 10u8.put(out),
        }
    }
    fn read(reader: &mut Reader<'_>, field: &'static str) -> Result<Self, Malformed> {
        let bad = reader.malformed(field);
        Ok(match u8::read(reader, field)? {
            1 => Self::Start,
            2 => Self::Stop,
            3 => Self::Halt,
            4 => Self::ReduceOnly,
            5 => Self::Resume {
                by: Wire::read(reader, "by")?,
            },
            6 => Self::CancelAll,
            7 => Self::Flatten,
            8 => Self::Loosen {
                by: Wire::read(reader, "by")?,
            },
            9 => Self::LeaseLost,
            10 => Self::LeaseHeld,
            _ => return Err(bad),
        })
    }
}
