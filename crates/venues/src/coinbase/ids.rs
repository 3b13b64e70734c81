//! Ids as the venue writes them: UUIDs of orders and trades. Our own are those of [`crate::ids`],
//! which the venue takes as they are, and an edit keeps: there is no revision in them.

use py_rt_types::{ClientOrderId, ExecId};

use crate::alpaca::ids::parse_uuid;

/// An id of ours as the venue is told it: its first terms name the order for good.
#[must_use]
pub const fn first_of(id: ClientOrderId) -> ClientOrderId {
    ClientOrderId::new(id.sequence)
}

/// The id of a trade: a UUID, or of any other text its FNV-1a sum of 128 bits. It is a name and no
/// key: an execution is told from others by its order and the total after it.
/// Source: G. Fowler, L. Noll, K.-P. Vo, "The FNV Non-Cryptographic Hash Algorithm".
#[must_use]
pub fn decode_trade_id(text: &[u8]) -> ExecId {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let hashed = || {
        let step = |sum: u128, byte: &u8| (sum ^ u128::from(*byte)).wrapping_mul(PRIME);
        text.iter().fold(BASIS, step)
    };
    ExecId(parse_uuid(text).unwrap_or_else(hashed))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sums of the draft's test vectors.
    #[test]
    fn ids_that_are_no_uuid_are_told_apart() {
        let uuid = decode_trade_id(b"cdc39e45-bbd3-44ec-bf02-61742dfb16a1");
        assert_eq!(uuid.0, 0xcdc3_9e45_bbd3_44ec_bf02_6174_2dfb_16a1);
        let sum = |text: &[u8]| decode_trade_id(text).0;
        assert_eq!(sum(b""), 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d);
        assert_eq!(sum(b"a"), 0xd228_cb69_6f1a_8caf_7891_2b70_4e4a_8964);
        assert_eq!(sum(b"foobar"), 0x343e_1662_793c_64bf_6f0d_3597_ba44_6f18);
        assert_ne!(sum(b"t-1"), sum(b"t-2"));
    }
}
