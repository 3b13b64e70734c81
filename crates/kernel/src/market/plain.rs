//! Which rows are about a level or a trade and nothing else: asked of all their fields at once.

use py_rt_types::{EventKind, InstrumentId, MarketEvent, END, GAP};

const CLEAR: u8 = EventKind::Clear as u8;
const FLAGS_AT: u32 = 48;
/// The bits of a head that are the same in all plain rows: the instrument, and those of a kind
/// beyond [`EventKind::Depth`], `Trade`, `Clear` and `Snapshot`.
const FIXED: u64 = u32::MAX as u64 | 0xfc << 32;

/// A question about rows: whether they are of one instrument, by price, have a side and no gap.
#[derive(Debug, Clone, Copy)]
pub struct Plain {
    instrument: u64,
}

impl Plain {
    pub(super) const fn new(instrument: InstrumentId) -> Self {
        let instrument = instrument.0 as u64;
        Self { instrument }
    }

    /// Whether a row is one of these.
    #[inline(always)]
    #[must_use]
    pub const fn holds(self, event: &MarketEvent) -> bool {
        self.is(event, 0, GAP)
    }

    /// Whether a row is one of these and a message of its own.
    #[inline(always)]
    #[must_use]
    pub(super) const fn holds_alone(self, event: &MarketEvent) -> bool {
        self.is(event, END, u16::MAX)
    }

    #[inline(always)]
    const fn is(self, event: &MarketEvent, flags: u16, of: u16) -> bool {
        let head = self.instrument | (flags as u64) << FLAGS_AT;
        let fixed = FIXED | (of as u64) << FLAGS_AT;
        // Each question is answered alike for nearly all rows, so they are asked one by one.
        ((event.head() ^ head) & fixed) | event.order_id == 0
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
        for of in ids {
            let plain = Plain::new(InstrumentId(of));
            for id in ids {
                for kind in 0..=u8::MAX {
                    for side in [-128, -1, 0, 1, 2, 127] {
                        for flags in [0, END, GAP, END | GAP, 4, u16::MAX] {
                            for order_id in [0, 1, u64::MAX] {
                                let row = row(id, kind, side, flags, order_id);
                                let about = [0, 1, 3].contains(&kind) && side != 0;
                                let ours = id == of && order_id == 0;
                                let whole = about && ours && flags & GAP == 0;
                                assert_eq!(plain.holds(&row), whole, "{row:?}");
                                let alone = whole && flags == END;
                                assert_eq!(plain.holds_alone(&row), alone, "{row:?}");
                            }
                        }
                    }
                }
            }
        }
    }
}
