//! Corporate actions as bytes.

use alloc::vec::Vec;

use super::bytes::{wire_struct, Malformed, Reader, Wire};
use crate::actions::{ActionKind, CorporateAction, Split};

wire_struct!(Split { to, from });
wire_struct!(CorporateAction { instrument, kind });

impl Wire for ActionKind {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Split(split) => {
                1u8.put(out);
                split.put(out);
            }
            Self::Dividend { per_unit } => {
                2u8.put(out);
                per_unit.put(out);
            }
        }
    }
    fn read(reader: &mut Reader<'_>, field: &'static str) -> Result<Self, Malformed> {
        let bad = reader.malformed(field);
        Ok(match u8::read(reader, field)? {
            1 => Self::Split(Wire::read(reader, "split")?),
            2 => Self::Dividend {
                per_unit: Wire::read(reader, "per_unit")?,
            },
            _ => return Err(bad),
        })
    }
}
