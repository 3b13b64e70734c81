//! Auctions: orders are collected without trading, then all trade at one price.
//!
//! That is the price with the largest volume; of several the one that leaves least over; of several
//! of these the highest when buyers are left over, the lowest when sellers are, else the nearest to
//! the reference price. Prices run from the best ask to the best bid; with market orders up to
//! the highest, or down to the lowest limit there is. Market orders alone trade at the reference
//! price, without one at that of the last trade. Market orders first, then price, then time decides
//! who trades. This is the order of rules of Xetra (Market Model Equities, price determination in
//! auctions), Euronext (Trading Manual, call auctions) and ASX (the four steps of its auctions).
//!
//! Icebergs take part with all they have, shown or not (Xetra); what is left shows a part again, in
//! its place. Reduce-only orders that could trade are cut before the price is found, the last in
//! priority first, to what reduces the position even if all other orders of the owner on that side
//! that could trade do: so none can turn a position, whoever trades first.

use std::collections::BTreeMap;

use py_rt_kernel::market::{Slot, NO_SLOT};
use py_rt_types::{Price, Qty, Side, UnixNanos};

use super::command::{EngineReport, EngineReportKind, Reason};
use super::engine::{accepts, MatchingEngine};
use super::session::{Phase, AUCTION};
use super::shown::{canceled, ICEBERG, REDUCE};

/// What an auction came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uncrossing {
    /// The one price, in ticks.
    pub price: Price,
    /// What traded, in lots.
    pub volume: Qty,
    /// What buyers want more than sellers at the price, in lots; below 0 the other way.
    pub imbalance: Qty,
}

/// What reduce-only orders lose before an auction ends.
type Cuts = BTreeMap<Slot, i64>;

/// One side of an auction: what wants to trade at any price, and the sums up to each limit.
struct Curve {
    side: Side,
    any: i128,
    /// Price, and what wants to trade at it or better, the best price first.
    sums: Vec<(i64, i128)>,
}

impl Curve {
    /// What wants to trade at `price`.
    fn at(&self, price: i64) -> i128 {
        let takes = |row: &(i64, i128)| accepts(self.side, Price(row.0), Price(price));
        match self.sums.partition_point(takes) {
            0 => self.any,
            count => self.any + self.sums[count - 1].1,
        }
    }
}

/// The first order in line on a side of an auction.
#[derive(Debug, Clone, Copy)]
struct Head {
    queued: bool,
    slot: Slot,
    order_id: u64,
    owner: u32,
    leaves_qty: Qty,
}

fn lots(exact: i128) -> Qty {
    Qty(exact.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64)
}

impl MatchingEngine {
    /// Price, volume and imbalance at which an auction would end now; none when nothing crosses.
    #[must_use]
    pub fn auction_price(&self, reference: Option<Price>) -> Option<Uncrossing> {
        let (price, volume, imbalance) = self.indicative(reference);
        Some(Uncrossing {
            price: price?,
            volume,
            imbalance,
        })
    }

    /// As [`MatchingEngine::auction_price`]; when nothing crosses, how many lots of market orders
    /// more want to buy than to sell.
    #[must_use]
    pub fn indicative(&self, reference: Option<Price>) -> (Option<Price>, Qty, Qty) {
        let cuts = self.cuts();
        let bids = self.curve(Side::Buy, &cuts);
        let asks = self.curve(Side::Sell, &cuts);
        let alone = (None, Qty(0), lots(bids.any - asks.any));
        let Some(prices) = candidates(&bids, &asks) else {
            let only = reference.or(self.last);
            let volume = bids.any.min(asks.any);
            return match only {
                Some(_) if volume > 0 && bids.sums.is_empty() && asks.sums.is_empty() => {
                    (only, lots(volume), alone.2)
                }
                _ => alone,
            };
        };
        let all: Vec<(i64, i128, i128)> = prices
            .iter()
            .map(|&price| (price, bids.at(price), asks.at(price)))
            .collect();
        let volume = all.iter().map(|(_, d, s)| *d.min(s)).max().unwrap_or(0);
        let most = all.iter().filter(|(_, d, s)| *d.min(s) == volume);
        let least = most.clone().map(|(_, d, s)| (d - s).abs()).min();
        let tied: Vec<_> = most
            .filter(|(_, d, s)| Some((d - s).abs()) == least)
            .collect();
        let (Some(first), Some(end), true) = (tied.first(), tied.last(), volume > 0) else {
            return alone;
        };
        let (low, high) = (first.0, end.0);
        let price = if tied.iter().all(|(_, d, s)| d > s) {
            high
        } else if tied.iter().all(|(_, d, s)| d < s) {
            low
        } else {
            let middle = low + (high - low) / 2;
            reference.map_or(middle, |price| price.0).clamp(low, high)
        };
        let imbalance = lots(bids.at(price) - asks.at(price));
        (Some(Price(price)), lots(volume), imbalance)
    }

    /// One side with exact sums, less what is cut.
    fn curve(&self, side: Side, cuts: &Cuts) -> Curve {
        let mut any = 0;
        self.visit_queued(side, |order| any += i128::from(order.leaves_qty.0));
        let mut sums: Vec<(i64, i128)> = Vec::new();
        let mut sum = 0;
        let mut add = |price: Price, qty: i64| {
            sum += i128::from(qty);
            match sums.last_mut() {
                Some(last) if last.0 == price.0 => last.1 = sum,
                _ => sums.push((price.0, sum)),
            }
        };
        if self.icebergs.count == 0 && cuts.is_empty() {
            self.orders.visit_levels(side, |level| {
                add(level.price, level.qty.0);
                true
            });
        } else {
            self.orders.visit(side, |slot| {
                let cut = cuts.get(&slot).copied().unwrap_or(0);
                let open = self.leaves_of(slot).0 - cut;
                if open > 0 {
                    add(self.orders.order(slot).price, open);
                }
                true
            });
        }
        Curve { side, any, sums }
    }

    /// What reduce-only orders lose so that none turns a position, whoever trades first.
    fn cuts(&self) -> Cuts {
        let mut cuts = Cuts::new();
        if !self.owners.any_reducing() {
            return cuts;
        }
        for side in [Side::Buy, Side::Sell] {
            let against = side.opposite();
            let mut anything = false;
            self.visit_queued(against, |_| anything = true);
            let best = self.orders.best(against);
            let could =
                |price: Price| anything || best.is_some_and(|best| accepts(side, price, best));
            let mut used: BTreeMap<u32, i128> = BTreeMap::new();
            self.visit_queued(side, |order| {
                *used.entry(order.owner).or_default() += i128::from(order.leaves_qty.0);
            });
            for reduces in [false, true] {
                self.orders.visit(side, |slot| {
                    let order = self.orders.order(slot);
                    if !could(order.price) {
                        return false;
                    }
                    if (order.marks & REDUCE != 0) != reduces {
                        return true;
                    }
                    let open = i128::from(self.leaves_of(slot).0);
                    let used = used.entry(order.owner).or_default();
                    let allowed = i128::from(self.owners.reducible(order.owner, side));
                    let keep = if reduces {
                        (allowed - *used).clamp(0, open)
                    } else {
                        open
                    };
                    *used += keep;
                    if keep < open {
                        cuts.insert(slot, (open - keep) as i64);
                    }
                    true
                });
            }
        }
        cuts
    }

    /// Ends an auction: trades what crosses at one price, then goes on continuously.
    ///
    /// In its trades `order_id` is the buy order, `maker_order_id` the sell order. Orders of one
    /// owner trade with each other as anybody's. What was for the auction only is canceled; then
    /// stop orders are elected by the auction's price.
    pub fn uncross(
        &mut self,
        reference: Option<Price>,
        ts: UnixNanos,
        reports: &mut Vec<EngineReport>,
    ) -> Option<Uncrossing> {
        let found = self.auction_price(reference);
        self.apply_cuts(ts, reports);
        if let Some(found) = found {
            self.pair(&found, ts, reports);
        }
        self.cancel_marked(AUCTION, (Reason::Immediate, ts), reports);
        for owner in self.owners.with_reducing() {
            self.trim(owner, ts, reports);
        }
        self.day.phase = Phase::Continuous;
        self.note_rules();
        if let Some(found) = found {
            self.last = Some(found.price);
            self.note_reach(found.price, found.price);
        }
        if self.moved {
            self.elect(ts, reports);
        }
        found
    }

    /// Cuts reduce-only orders, bids first, each side by price and time.
    fn apply_cuts(&mut self, ts: UnixNanos, reports: &mut Vec<EngineReport>) {
        let cuts = self.cuts();
        if cuts.is_empty() {
            return;
        }
        let mut rows = Vec::with_capacity(cuts.len());
        for side in [Side::Buy, Side::Sell] {
            self.orders.visit(side, |slot| {
                rows.extend(cuts.get(&slot).map(|&cut| (slot, Qty(cut))));
                true
            });
        }
        for (slot, cut) in rows {
            let order = *self.orders.order(slot);
            let left = Qty(self.leaves_of(slot).0 - cut.0);
            reports.push(canceled(&order, cut, left, (Reason::ReduceOnly, ts)));
            self.cut(slot, cut);
        }
    }

    /// Pairs buyers and sellers in line until the volume is used up.
    fn pair(&mut self, found: &Uncrossing, ts: UnixNanos, reports: &mut Vec<EngineReport>) {
        let mut left = found.volume.0;
        while left > 0 {
            let heads = (
                self.head(Side::Buy, found.price),
                self.head(Side::Sell, found.price),
            );
            let (Some(bid), Some(ask)) = heads else {
                break;
            };
            let qty = Qty(left).min(bid.leaves_qty).min(ask.leaves_qty);
            left -= qty.0;
            reports.push(EngineReport {
                kind: EngineReportKind::Trade as u8,
                order_id: bid.order_id,
                maker_order_id: ask.order_id,
                price: found.price,
                qty,
                leaves_qty: Qty(bid.leaves_qty.0 - qty.0),
                reason: Reason::None as u8,
                ts,
            });
            if bid.owner != ask.owner {
                self.owners.book(bid.owner, Side::Buy, qty.0);
                self.owners.book(ask.owner, Side::Sell, qty.0);
            }
            for head in [bid, ask] {
                self.take_from(head, qty, ts, reports);
            }
        }
        for side in [Side::Buy, Side::Sell] {
            self.fold(side);
        }
    }

    fn take_from(&mut self, head: Head, qty: Qty, ts: UnixNanos, reports: &mut Vec<EngineReport>) {
        match &mut self.parked {
            Some(parked) if head.queued => parked.queued.execute(head.slot, qty),
            _ => self.use_up(head.slot, qty, true, (ts, reports)),
        }
    }

    /// Who trades next on a side at `price`; an iceberg with all it has.
    fn head(&mut self, side: Side, price: Price) -> Option<Head> {
        let queued = self.parked.as_ref().map(|parked| &parked.queued);
        if let Some(queued) = queued.filter(|queued| queued.first(side) != NO_SLOT) {
            let slot = queued.first(side);
            let order = queued.order(slot);
            return Some(Head {
                queued: true,
                slot,
                order_id: order.order_id,
                owner: order.owner,
                leaves_qty: order.leaves_qty,
            });
        }
        let slot = self.orders.first(side);
        if slot == NO_SLOT || !accepts(side, self.orders.order(slot).price, price) {
            return None;
        }
        if self.orders.order(slot).marks & ICEBERG != 0 {
            self.unfold(slot);
        }
        let order = self.orders.order(slot);
        Some(Head {
            queued: false,
            slot,
            order_id: order.order_id,
            owner: order.owner,
            leaves_qty: order.leaves_qty,
        })
    }

    /// Shows all of an iceberg, unless its level cannot hold that.
    fn unfold(&mut self, slot: Slot) {
        let mut part = self.icebergs.part(slot);
        if part.hidden > 0 && self.orders.extend(slot, Qty(part.hidden)) {
            part.hidden = 0;
            self.icebergs.put(slot, part);
        }
    }

    /// Hides again what an iceberg at the touch does not show.
    fn fold(&mut self, side: Side) {
        let slot = self.orders.first(side);
        let mut part = self.icebergs.part(slot);
        let over = self.orders.order(slot).leaves_qty.0 - part.display;
        if slot != NO_SLOT && part.display > 0 && over > 0 {
            part.hidden += over;
            self.icebergs.put(slot, part);
            self.orders.reduce(slot, Qty(over));
        }
    }
}

/// Prices at which either sum can change, from the lowest to the highest that may be the one; none
/// where no limit order is there to set one.
fn candidates(bids: &Curve, asks: &Curve) -> Option<Vec<i64>> {
    let limits = || bids.sums.iter().chain(&asks.sums).map(|row| row.0);
    let (lowest, highest) = (limits().min()?, limits().max()?);
    let low = match asks.sums.first() {
        Some(best) if asks.any == 0 => best.0,
        _ => lowest,
    };
    let high = match bids.sums.first() {
        Some(best) if bids.any == 0 => best.0,
        _ => highest,
    };
    // Both sums are steps: they change only at a bid's price and above it, an ask's and below.
    let steps = bids.sums.iter().flat_map(|bid| [bid.0, bid.0 + 1]);
    let mut prices: Vec<i64> = steps
        .chain(asks.sums.iter().flat_map(|ask| [ask.0 - 1, ask.0]))
        .filter(|price| (low..=high).contains(price))
        .collect();
    prices.sort_unstable();
    prices.dedup();
    Some(prices)
}
