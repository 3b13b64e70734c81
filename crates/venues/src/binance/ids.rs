//! The venue's numbers as ids of ours.
//!
//! Orders and executions are numbered by symbol. An id of ours is the number with a hash of the
//! symbol above it, the same in every session, whatever else is traded.

use alloc::vec::Vec;

use py_rt_types::{ClientOrderId, ExecId, VenueOrderId};

use crate::ids::{push_decimal, Lineage};
use crate::symbols::{Listing, SymbolTable};

/// The longest client order id that the venue takes.
pub const CLIENT_ID_MAX: usize = 36;

/// FNV-1a over the letters of a symbol, without slashes.
const fn hash(symbol: &[u8]) -> u64 {
    let (mut value, mut at) = (0xcbf2_9ce4_8422_2325u64, 0);
    while at < symbol.len() {
        if symbol[at] != b'/' {
            value = (value ^ symbol[at] as u64).wrapping_mul(0x0100_0000_01b3);
        }
        at += 1;
    }
    value
}

const fn numbered(symbol: &[u8], number: u64) -> u128 {
    ((hash(symbol) as u128) << 64) | number as u128
}

/// The id of an order.
#[must_use]
pub const fn order_id(symbol: &[u8], number: u64) -> VenueOrderId {
    VenueOrderId(numbered(symbol, number))
}

/// The id of an execution.
#[must_use]
pub const fn exec_id(symbol: &[u8], trade: u64) -> ExecId {
    ExecId(numbered(symbol, trade))
}

/// The venue's number in an id.
#[must_use]
pub const fn number_of(id: u128) -> u64 {
    id as u64
}

/// The instrument whose order this is.
#[must_use]
pub fn listing_of(symbols: &SymbolTable, id: VenueOrderId) -> Option<&Listing> {
    let wanted = (id.0 >> 64) as u64;
    let mut listings = symbols.listings().iter();
    listings.find(|one| hash(one.instrument().symbol().as_bytes()) == wanted)
}

/// Appends the id that the cancel before a replacement is sent under: the replacement's own, and
/// a mark. The stream shows it, so that this end of an order is told from any other.
pub fn encode_making_way(lineage: Lineage, id: ClientOrderId, out: &mut Vec<u8>) {
    lineage.encode_id(id, out);
    out.extend_from_slice(b"_");
}

/// The replacement that an order made way for, when its cancel was sent under such an id.
#[must_use]
pub fn decode_making_way(lineage: Lineage, text: &[u8]) -> Option<ClientOrderId> {
    let id = lineage.decode_id(text.strip_suffix(b"_")?);
    (id != ClientOrderId::FOREIGN).then_some(id)
}

/// Appends a number of the venue's as text.
pub fn encode_number(id: u128, out: &mut Vec<u8>) {
    push_decimal(number_of(id), out);
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn numbers_survive_and_symbols_are_told_apart() {
        let one = order_id(b"BTCUSDT", u64::MAX);
        assert_eq!(number_of(one.0), u64::MAX);
        assert_eq!(one, order_id(b"BTC/USDT", u64::MAX));
        assert_ne!(one, order_id(b"ETHUSDT", u64::MAX));
        let mut text = Vec::new();
        encode_number(one.0, &mut text);
        assert_eq!(text, b"18446744073709551615");
        // The published value of FNV-1a for "a".
        assert_eq!(hash(b"a"), 0xaf63_dc4c_8601_ec8c);
    }

    #[test]
    fn an_order_that_makes_way_is_told_from_one_that_is_cancelled() {
        let lineage = Lineage::parse("abcdef27").unwrap();
        let id = ClientOrderId {
            sequence: 7,
            revision: 2,
        };
        let mut text = Vec::new();
        encode_making_way(lineage, id, &mut text);
        assert_eq!(text, b"rt-abcdef27-7-2_");
        assert_eq!(decode_making_way(lineage, &text), Some(id));
        for other in [&b"rt-abcdef27-7-2"[..], b"_", b"web_123_", b""] {
            assert_eq!(decode_making_way(lineage, other), None);
        }
    }
}
