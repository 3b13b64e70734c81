//! Charges, margins, rates of exchange and pockets as bytes.

use alloc::vec::Vec;
use py_rt_types::Ratio;

use super::bytes::{wire_struct, Malformed, Reader, Wire};
use crate::charges::{Charge, ChargeKind};
use crate::currency::{Currencies, CurrencyId, CurrencySpec, ExchangeRate, RateMarket};
use crate::margin::{Margin, MarginRate, MarginRates};
use crate::portfolio::Pocket;

wire_struct!(Charge { instrument, kind });
wire_struct!(MarginRate { long, short });
wire_struct!(MarginRates {
    initial,
    maintenance
});
wire_struct!(Margin { rates, grace_ns });
wire_struct!(ExchangeRate { currency, rate });
wire_struct!(RateMarket {
    instrument,
    inverse
});
wire_struct!(CurrencySpec { code, cash, market });
wire_struct!(Currencies { base, others });
wire_struct!(Pocket {
    cash,
    fees,
    value,
    gross,
    rate
});

impl Wire for CurrencyId {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
    }
    fn read(reader: &mut Reader<'_>, field: &'static str) -> Result<Self, Malformed> {
        u8::read(reader, field).map(Self)
    }
}

impl Wire for Ratio {
    fn put(&self, out: &mut Vec<u8>) {
        self.numerator().put(out);
        self.denominator().put(out);
    }
    fn read(reader: &mut Reader<'_>, field: &'static str) -> Result<Self, Malformed> {
        let bad = reader.malformed(field);
        let (numerator, denominator) = (i64::read(reader, field)?, i64::read(reader, field)?);
        Self::try_new(numerator, denominator).map_err(|_| bad)
    }
}

impl Wire for ChargeKind {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Borrow { rate } => {
                1u8.put(out);
                rate.put(out);
            }
            Self::Funding { rate, mark } => {
                2u8.put(out);
                rate.put(out);
                mark.put(out);
            }
            Self::Interest { rate } => {
                3u8.put(out);
                rate.put(out);
            }
        }
    }
    fn read(reader: &mut Reader<'_>, field: &'static str) -> Result<Self, Malformed> {
        let bad = reader.malformed(field);
        Ok(match u8::read(reader, field)? {
            1 => Self::Borrow {
                rate: Wire::read(reader, "rate")?,
            },
            2 => Self::Funding {
                rate: Wire::read(reader, "rate")?,
                mark: Wire::read(reader, "mark")?,
            },
            3 => Self::Interest {
                rate: Wire::read(reader, "rate")?,
            },
            _ => return Err(bad),
        })
    }
}
