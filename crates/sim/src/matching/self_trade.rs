//! What happens when an order meets one of its own owner.

use py_rt_kernel::market::Slot;
use py_rt_types::{Price, Qty, Side};

use super::command::{EngineReport, EngineReportKind, Reason};
use super::engine::{accepts, MatchingEngine, Taker};

/// How trades of an owner with itself are prevented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SelfTrade {
    /// They are not: both sides trade.
    #[default]
    None,
    /// What is left of the incoming order is canceled; the resting one stays.
    CancelTaker,
    /// The resting order is canceled; the incoming one goes on.
    CancelMaker,
    /// Both are canceled.
    CancelBoth,
    /// Both lose the smaller quantity of the two, without a trade.
    Decrement,
}

impl SelfTrade {
    /// Every mode, and the name it is asked for by.
    pub const NAMES: [(Self, &'static str); 5] = [
        (Self::None, "none"),
        (Self::CancelTaker, "cancel_taker"),
        (Self::CancelMaker, "cancel_maker"),
        (Self::CancelBoth, "cancel_both"),
        (Self::Decrement, "decrement"),
    ];

    /// The mode of a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let found = Self::NAMES.iter().find(|(_, known)| *known == name);
        found.map(|(mode, _)| *mode)
    }
}

impl MatchingEngine {
    /// `taker` meets `slot` of its own owner; reports what that costs whom.
    #[cold]
    pub(super) fn prevent_self_trade(
        &mut self,
        taker: &mut Taker,
        slot: Slot,
        reports: &mut Vec<EngineReport>,
    ) {
        let maker = *self.orders.order(slot);
        let both = taker.leaves_qty.min(maker.leaves_qty);
        let (from_maker, from_taker) = match self.self_trade {
            SelfTrade::None => (Qty(0), Qty(0)),
            SelfTrade::CancelTaker => (Qty(0), taker.leaves_qty),
            SelfTrade::CancelMaker => (maker.leaves_qty, Qty(0)),
            SelfTrade::CancelBoth => (maker.leaves_qty, taker.leaves_qty),
            SelfTrade::Decrement => (both, both),
        };
        let left = Qty(maker.leaves_qty.0 - from_maker.0);
        self.orders.reduce(slot, from_maker);
        taker.leaves_qty.0 -= from_taker.0;
        let mut tell = |order_id: u64, price: Price, (qty, leaves_qty): (Qty, Qty)| {
            if qty.0 > 0 {
                reports.push(EngineReport {
                    order_id,
                    maker_order_id: 0,
                    price,
                    qty,
                    leaves_qty,
                    ts: taker.ts,
                    kind: EngineReportKind::Canceled as u8,
                    reason: Reason::SelfTrade as u8,
                });
            }
        };
        tell(maker.order_id, maker.price, (from_maker, left));
        tell(taker.order_id, taker.price, (from_taker, taker.leaves_qty));
    }

    /// Whether all of `taker` can trade at once, with the orders that would be in its way.
    pub(super) fn can_fill(&self, taker: &Taker) -> bool {
        let against = taker.side.opposite();
        if self.self_trade == SelfTrade::None {
            return self.displayed_covers(taker, against);
        }
        let mut wanted = taker.leaves_qty.0;
        self.orders.visit(against, |slot| {
            let maker = self.orders.order(slot);
            if !accepts(taker.side, taker.limit, maker.price) {
                return false;
            }
            if maker.owner == taker.owner {
                return self.self_trade == SelfTrade::CancelMaker;
            }
            wanted -= maker.leaves_qty.0;
            wanted > 0
        });
        wanted <= 0
    }

    fn displayed_covers(&self, taker: &Taker, against: Side) -> bool {
        let mut wanted = taker.leaves_qty.0;
        self.orders.visit_levels(against, |level| {
            if !accepts(taker.side, taker.limit, level.price) {
                return false;
            }
            wanted = wanted.saturating_sub(level.qty.0);
            wanted > 0
        });
        wanted <= 0
    }
}
