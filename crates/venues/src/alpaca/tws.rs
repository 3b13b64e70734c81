//! What the bridge to Interactive Brokers says in Alpaca's words, where its ids are not Alpaca's.
//!
//! `python/py_rt/trade/ib` makes UUIDs of TWS's ids. An order's is its `permId`, in the lowest 64
//! bits. An execution's is its `execId`: four hexadecimal numbers of 8, 8, 2 and 2 digits, the last
//! of which counts corrections, in the lowest 80 bits behind a mark; anything else is hashed, and
//! has no mark.

use alloc::vec::Vec;

/// How long after its sending the bridge may hand an order on.
pub const DEADLINE_NS: i64 = 3_000_000_000;

/// The bits of a `permId`.
pub const PERM_BITS: u128 = (1 << 64) - 1;

/// The first 48 bits of an execution that keeps its text: "TWS" and the form.
const MARK: u128 = 0x5457_5300_8000;
const TEXT_BITS: u32 = 80;

/// Appends an execution's id as TWS writes it; as hexadecimal digits where the bridge had to hash.
pub fn decode_exec_text(id: u128, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let kept = id >> TEXT_BITS == MARK;
    let places = if kept { 20u32 } else { 32 };
    for place in 0..places {
        if kept && matches!(place, 8 | 16 | 18) {
            out.push(b'.');
        }
        let digit = (id >> (4 * (places - 1 - place))) & 15;
        out.push(HEX[digit as usize]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(id: u128) -> Vec<u8> {
        let mut out = Vec::new();
        decode_exec_text(id, &mut out);
        out
    }

    #[test]
    fn an_execution_is_shown_as_tws_wrote_it() {
        let id = (MARK << TEXT_BITS) | 0x0000_0001_4a2b_3c4d_0102;
        assert_eq!(text(id), b"00000001.4a2b3c4d.01.02");
        assert_eq!(text(0x00ab), b"000000000000000000000000000000ab");
    }
}
