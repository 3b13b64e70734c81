//! Structured rows: commands read at the caller's own offsets, reports as words of 64 bits.

use py_rt_sim::matching::{EngineCommand, EngineReport};
use py_rt_types::{Price, Qty, UnixNanos};

/// Where the fields of a command stand in a row of the caller's array.
pub(super) struct CommandLayout {
    pub(super) row: usize,
    offsets: [usize; 10],
    /// Stop price and displayed quantity, where the rows have them.
    more: [Option<usize>; 2],
}

/// The order of the offsets; `py_rt.mechanics.COMMAND_DTYPE` has the same.
const WIDTHS: [usize; 10] = [1, 8, 4, 1, 1, 1, 1, 8, 8, 8];

impl CommandLayout {
    /// None when a field would reach beyond its row.
    pub(super) fn new(row: usize, offsets: [usize; 10], more: [Option<usize>; 2]) -> Option<Self> {
        let known = offsets.iter().copied().zip(WIDTHS);
        let mut fields = known.chain(more.into_iter().flatten().map(|offset| (offset, 8)));
        let fits =
            fields.all(|(offset, width)| offset.checked_add(width).is_some_and(|end| end <= row));
        (fits && row > 0).then_some(Self { row, offsets, more })
    }

    /// One command out of the bytes of one row.
    #[inline]
    pub(super) fn read(&self, row: &[u8]) -> EngineCommand {
        let [op, order_id, owner, side, order_type, tif, flags, price, qty, ts] = self.offsets;
        let [stop_price, display_qty] = self
            .more
            .map(|offset| offset.map_or(0, |offset| i64::from_le_bytes(bytes_at(row, offset))));
        EngineCommand {
            order_id: u64::from_le_bytes(bytes_at(row, order_id)),
            price: Price(i64::from_le_bytes(bytes_at(row, price))),
            qty: Qty(i64::from_le_bytes(bytes_at(row, qty))),
            ts: UnixNanos(i64::from_le_bytes(bytes_at(row, ts))),
            owner: u32::from_le_bytes(bytes_at(row, owner)),
            op: row[op],
            side: row[side] as i8,
            order_type: row[order_type],
            tif: row[tif],
            flags: row[flags],
            stop_price: Price(stop_price),
            display_qty: Qty(display_qty),
        }
    }
}

#[inline]
fn bytes_at<const N: usize>(row: &[u8], at: usize) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&row[at..at + N]);
    bytes
}

/// Words of 64 bits in a report.
const REPORT_WORDS: usize = size_of::<EngineReport>() / 8;

/// Reports as little-endian words, in the layout of `py_rt.mechanics.REPORT_DTYPE`.
pub(super) fn append_words(words: &mut Vec<u64>, reports: &[EngineReport]) {
    words.reserve(reports.len() * REPORT_WORDS);
    for report in reports {
        words.extend_from_slice(&[
            u64::from(report.kind),
            report.order_id,
            report.maker_order_id,
            report.price.0 as u64,
            report.qty.0 as u64,
            report.leaves_qty.0 as u64,
            u64::from(report.reason),
            report.ts.0 as u64,
        ]);
    }
}
