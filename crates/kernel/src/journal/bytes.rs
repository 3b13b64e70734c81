//! Little-endian bytes: appended on the way out, read in order and totally on the way in.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::signal::StrategyId;

use py_rt_types::{
    ClientOrderId, Decimal, ExecId, InstrumentId, Money, Price, Qty, UnixNanos, VenueOrderId,
};

/// Bytes that are no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed {
    /// Where, in bytes from the start of the record.
    pub offset: usize,
    /// The member that is wrong or missing.
    pub field: &'static str,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "malformed `{}` at byte {}", self.field, self.offset)
    }
}

impl core::error::Error for Malformed {}

/// A place in the bytes of a record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(crate) const fn malformed(&self, field: &'static str) -> Malformed {
        Malformed {
            offset: self.at,
            field,
        }
    }

    pub(crate) fn take(
        &mut self,
        length: usize,
        field: &'static str,
    ) -> Result<&'a [u8], Malformed> {
        let end = self.at.checked_add(length);
        let found = end.and_then(|end| self.bytes.get(self.at..end));
        let Some(found) = found else {
            return Err(self.malformed(field));
        };
        self.at += length;
        Ok(found)
    }

    /// The record must end here.
    pub(crate) fn finish(&self) -> Result<(), Malformed> {
        if self.at == self.bytes.len() {
            return Ok(());
        }
        Err(self.malformed("end"))
    }
}

/// A value with one spelling in bytes.
pub(crate) trait Wire: Sized {
    fn put(&self, out: &mut Vec<u8>);
    fn read(reader: &mut Reader<'_>, field: &'static str) -> Result<Self, Malformed>;
}

macro_rules! wire_integer {
    ($($integer:ty),+) => {$(
        impl Wire for $integer {
            #[inline]
            fn put(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }
            #[inline]
            fn read(reader: &mut Reader<'_>, field: &'static str) -> Result<Self, Malformed> {
                let mut bytes = [0; size_of::<$integer>()];
                bytes.copy_from_slice(reader.take(size_of::<$integer>(), field)?);
                Ok(<$integer>::from_le_bytes(bytes))
            }
        }
    )+};
}

wire_integer!(u8, i8, u16, u32, u64, i64, u128, i128);

macro_rules! wire_newtype {
    ($($name:ident($inner:ty)),+) => {$(
        impl Wire for $name {
            #[inline]
            fn put(&self, out: &mut Vec<u8>) {
                self.0.put(out);
            }
            #[inline]
            fn read(reader: &mut Reader<'_>, field: &'static str) -> Result<Self, Malformed> {
                <$inner>::read(reader, field).map($name)
            }
        }
    )+};
}

wire_newtype!(
    UnixNanos(i64),
    Price(i64),
    Qty(i64),
    Money(i128),
    InstrumentId(u32),
    VenueOrderId(u128),
    ExecId(u128),
    StrategyId(u8)
);

/// A structure: its members in the order of writing, each named in errors.
macro_rules! wire_struct {
    ($name:ty { $($field:ident),+ $(,)? }) => {
        impl Wire for $name {
            fn put(&self, out: &mut Vec<u8>) {
                $(self.$field.put(out);)+
            }
            fn read(
                reader: &mut Reader<'_>,
                _field: &'static str,
            ) -> Result<Self, Malformed> {
                Ok(Self { $($field: Wire::read(reader, stringify!($field))?),+ })
            }
        }
    };
}

/// An enumeration without members: one byte.
macro_rules! wire_enum {
    ($name:ident { $($variant:ident = $code:literal),+ $(,)? }) => {
        impl Wire for $name {
            fn put(&self, out: &mut Vec<u8>) {
                let code: u8 = match self { $($name::$variant => $code),+ };
                code.put(out);
            }
            fn read(
                reader: &mut Reader<'_>,
                field: &'static str,
            ) -> Result<Self, Malformed> {
                let bad = reader.malformed(field);
                Ok(match u8::read(reader, field)? {
                    $($code => $name::$variant,)+
                    _ => return Err(bad),
                })
            }
        }
    };
}

pub(crate) use {wire_enum, wire_struct};

wire_struct!(ClientOrderId { sequence, revision });

impl Wire for bool {
    fn put(&self, out: &mut Vec<u8>) {
        u8::from(*self).put(out);
    }
    fn read(reader: &mut Reader<'_>, field: &'static str) -> Result<Self, Malformed> {
        let bad = reader.malformed(field);
        match u8::read(reader, field)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(bad),
        }
    }
}

impl<T: Wire> Wire for Option<T> {
    fn put(&self, out: &mut Vec<u8>) {
        self.is_some().put(out);
        if let Some(value) = self {
            value.put(out);
        }
    }
    fn read(reader: &mut Reader<'_>, field: &'static str) -> Result<Self, Malformed> {
        if bool::read(reader, field)? {
            return T::read(reader, field).map(Some);
        }
        Ok(None)
    }
}

impl<A: Wire, B: Wire> Wire for (A, B) {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
        self.1.put(out);
    }
    fn read(reader: &mut Reader<'_>, field: &'static str) -> Result<Self, Malformed> {
        Ok((A::read(reader, field)?, B::read(reader, field)?))
    }
}

impl<T: Wire> Wire for Vec<T> {
    fn put(&self, out: &mut Vec<u8>) {
        (self.len() as u32).put(out);
        self.iter().for_each(|value| value.put(out));
    }
    fn read(reader: &mut Reader<'_>, field: &'static str) -> Result<Self, Malformed> {
        let count = u32::read(reader, field)?;
        let mut values = Self::new();
        for _ in 0..count {
            values.push(T::read(reader, field)?);
        }
        Ok(values)
    }
}

impl Wire for String {
    fn put(&self, out: &mut Vec<u8>) {
        (self.len() as u32).put(out);
        out.extend_from_slice(self.as_bytes());
    }
    fn read(reader: &mut Reader<'_>, field: &'static str) -> Result<Self, Malformed> {
        let bad = reader.malformed(field);
        let length = u32::read(reader, field)? as usize;
        let text = core::str::from_utf8(reader.take(length, field)?).map_err(|_| bad)?;
        Ok(text.into())
    }
}

impl Wire for Decimal {
    fn put(&self, out: &mut Vec<u8>) {
        self.mantissa().put(out);
        self.scale().put(out);
    }
    fn read(reader: &mut Reader<'_>, field: &'static str) -> Result<Self, Malformed> {
        let bad = reader.malformed(field);
        let (mantissa, scale) = (i128::read(reader, field)?, u32::read(reader, field)?);
        if scale > 38 {
            return Err(bad);
        }
        Self::try_new(mantissa, scale).map_err(|_| bad)
    }
}
