//! Which rows are about a level or a trade and nothing else: asked of all their fields at once.

use py_rt_types::{EventKind, InstrumentId, MarketEvent, END, GAP};

const CLEAR: u8 = EventKind::Clear as u8;
const KIND_AT: u32 = 32;
/// The bits of a kind beyond those of [`EventKind::Depth`], `Trade`, `Clear` and `Snapshot`.
const HIGH_KIND: u64 = 0xfc << KIND_AT;
/// All bits of a kind: which must be [`EventKind::Clear`] and must not, so that no row is plain.
const NO_KIND: u64 = 0xff << KIND_AT;
const FLAGS_AT: u32 = 48;

/// A question about rows: whether they are of one instrument, by price, have a side and no gap.
#[derive(Debug, Clone, Copy)]
pub struct Plain {
    /// What the head of such a row is, in the bits of `fixed`.
    head: u64,
    fixed: u64,
}

impl Plain {
    /// Of an instrument; where there are orders beside the levels, no row is plain.
    pub(super) const fn new(instrument: InstrumentId, by_price: bool) -> Self {
        let (kind, bits) = if by_price {
            (0, HIGH_KIND)
        } else {
            ((CLEAR as u64) << KIND_AT, NO_KIND)
        };
        Self {
            head: instrument.0 as u64 | kind,
            fixed: u32::MAX as u64 | bits | (GAP as u64) << FLAGS_AT,
        }
    }

    /// Only rows that are a message of their own.
    #[must_use]
    pub(super) const fn alone(self) -> Self {
        Self {
            head: self.head | (END as u64) << FLAGS_AT,
            fixed: self.fixed | (u16::MAX as u64) << FLAGS_AT,
        }
    }

    /// Whether a row is one of these.
    #[inline(always)]
    #[must_use]
    pub const fn holds(self, event: &MarketEvent) -> bool {
        // Each question is answered alike for nearly all rows, so they are asked one by one.
        ((event.head() ^ self.head) & self.fixed) | event.order_id == 0
            && event.kind != CLEAR
            && event.side != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use py_rt_types::{Price, Qty, UnixNanos};

    fn row(instrument: u32, kind: u8, side: i8, flags: u16, order_id: u64) -> MarketEvent {
        MarketEvent {
            ts_event: UnixNanos(0),
            ts_recv: UnixNanos(0),
            instrument: InstrumentId(instrument),
            kind,
            side,
            flags,
            price: Price(1),
            qty: Qty(1),
            order_id,
        }
    }

    #[test]
    fn one_question_is_as_good_as_many() {
        let ids = [0u32, 1, 7, u32::MAX];
        for (of, by_price) in ids.into_iter().flat_map(|id| [(id, true), (id, false)]) {
            let plain = Plain::new(InstrumentId(of), by_price);
            for id in ids {
                for kind in 0..=u8::MAX {
                    for side in [-128, -1, 0, 1, 2, 127] {
                        for flags in [0, END, GAP, END | GAP, 4, u16::MAX] {
                            for order_id in [0, 1, u64::MAX] {
                                let row = row(id, kind, side, flags, order_id);
                                let about = [0, 1, 3].contains(&kind) && side != 0;
                                let ours = id == of && by_price && order_id == 0;
                                let whole = about && ours && flags & GAP == 0;
                                assert_eq!(plain.holds(&row), whole, "{row:?}");
                                let alone = whole && flags == END;
                                assert_eq!(plain.alone().holds(&row), alone, "{row:?}");
                            }
                        }
                    }
                }
            }
        }
    }
}
