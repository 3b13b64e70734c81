//! How far rows of the market must reach to matter to orders that wait.

use py_rt_types::{EventKind, MarketEvent, Price};

use super::resting::Resting;

/// Worse than every limit.
const NOWHERE: i64 = -i64::MAX;

/// The limits that wait, as keys: prices, negated on the ask side, so that greater is better.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reach {
    /// The best limit of each side, bids first.
    best: [i64; 2],
    /// A level of a side below this key is behind every order, of both sides.
    worst: [i64; 2],
}

impl Reach {
    /// Of nothing.
    pub(super) const NONE: Self = Self {
        best: [NOWHERE; 2],
        worst: [-NOWHERE; 2],
    };

    /// Of what waits on both sides.
    pub(super) fn of(bids: &[Resting], asks: &[Resting]) -> Self {
        let mut reach = Self::NONE;
        for (limits, side) in [(bids, 0), (asks, 1)] {
            for limit in limits.iter().filter_map(Resting::limit) {
                let key = if side == 0 {
                    limit.0
                } else {
                    limit.0.saturating_neg()
                };
                reach.best[side] = reach.best[side].max(key);
                reach.worst[side] = reach.worst[side].min(key);
            }
        }
        let [bid, ask] = reach.best.map(i64::saturating_neg);
        reach.worst[0] = reach.worst[0].min(ask);
        reach.worst[1] = reach.worst[1].min(bid);
        reach
    }

    /// The highest limit that waits to buy, and the lowest that waits to sell.
    #[inline(always)]
    pub(super) const fn touch(&self) -> (Price, Price) {
        (Price(self.best[0]), Price(self.best[1].saturating_neg()))
    }

    /// Whether a print at a price may reach an order.
    #[inline(always)]
    pub(super) const fn is_reached(&self, price: Price) -> bool {
        let (bid, ask) = self.touch();
        (price.0 <= bid.0) | (price.0 >= ask.0)
    }

    /// Whether a row may matter: a print that an order may wait for, a level with an order, or one
    /// across orders of the other side. Never false when it does.
    #[inline(always)]
    pub(super) const fn is_near(&self, event: &MarketEvent) -> bool {
        let prints =
            (event.kind == EventKind::Trade as u8) | (event.kind == EventKind::OrderExecute as u8);
        let ask = event.side < 0;
        let sign = (event.side >> 7) as i64;
        let key = (event.price.0 ^ sign).wrapping_sub(sign);
        self.is_reached(event.price) & (prints | (key >= self.worst[ask as usize]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::roll;
    use py_rt_types::{
        ClientOrderId, InstrumentId, NewOrder, OrderType, Qty, Side, TimeInForce, UnixNanos,
        VenueOrderId,
    };

    fn waiting(side: Side, limit: i64) -> Resting {
        let order = NewOrder {
            client_order_id: ClientOrderId::new(1),
            instrument: InstrumentId(0),
            side,
            order_type: OrderType::Limit,
            tif: TimeInForce::Gtc,
            order_qty: Qty(1),
            limit_price: Some(Price(limit)),
            stop_price: None,
            post_only: false,
            reduce_only: false,
        };
        Resting::new(0, &order, VenueOrderId(1))
    }

    fn row(kind: u8, side: i8, price: i64) -> MarketEvent {
        MarketEvent {
            ts_event: UnixNanos(0),
            ts_recv: UnixNanos(0),
            instrument: InstrumentId(0),
            kind,
            side,
            flags: 1,
            price: Price(price),
            qty: Qty(1),
            order_id: 0,
        }
    }

    #[test]
    fn what_matters_is_near_and_what_lies_between_or_behind_is_far() {
        let mut state = 0x5eed_9000;
        let mut die = |faces: u64| (roll(&mut state) >> 32) % faces;
        let mut far = 0;
        for _ in 0..20_000 {
            let mut orders = |side| -> Vec<Resting> {
                let count = die(3);
                (0..count).map(|_| waiting(side, die(9) as i64)).collect()
            };
            let (bids, asks) = (orders(Side::Buy), orders(Side::Sell));
            let kind = [0, 1, 3, 8][die(4) as usize];
            let event = row(kind, [1, -1][die(2) as usize], die(9) as i64);
            let near = Reach::of(&bids, &asks).is_near(&event);
            let buys = |reached: &dyn Fn(i64) -> bool| {
                bids.iter()
                    .filter_map(Resting::limit)
                    .any(|limit| reached(limit.0))
            };
            let sells = |reached: &dyn Fn(i64) -> bool| {
                asks.iter()
                    .filter_map(Resting::limit)
                    .any(|limit| reached(limit.0))
            };
            let price = event.price.0;
            let prints = kind == 1 || kind == 8;
            let matters = match event.side {
                _ if prints => buys(&|limit| price <= limit) || sells(&|limit| price >= limit),
                1 => buys(&|limit| price == limit) || sells(&|limit| price >= limit),
                _ => sells(&|limit| price == limit) || buys(&|limit| price <= limit),
            };
            assert!(near || !matters, "{bids:?} {asks:?} {event:?}");
            far += u32::from(!near);
        }
        assert!(far > 5_000, "{far}");
    }
}
