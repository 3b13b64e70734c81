//! The cheapest split of a quantity over the levels that several venues show.
//!
//! Taking the cheapest levels first is the optimum as long as every venue gets either nothing or at
//! least its smallest order. Where that fails, each set of venues is tried: those in it get their
//! smallest order first and the cheapest levels fill up the rest, which is the optimum of that set;
//! the best set wins. At most 2^[`VENUES_MAX`](crate::market::VENUES_MAX) sets, each one pass over
//! the levels.
//!
//! The most that can be had comes first, then what it costs. Where lots differ between venues, what
//! is left below a coarse lot goes to the venues with finer ones, so the split may then lie above
//! the optimum by less than a coarse lot's worth.

use alloc::vec::Vec;
use py_rt_types::{Money, Price, Qty};

/// What one venue offers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Offer {
    /// Lots of the parent in a lot here.
    pub(super) lots: i64,
    /// The smallest order, in lots here.
    pub(super) least: i64,
    /// The smallest value of an order, and that of one tick of one lot.
    pub(super) least_value: Money,
    pub(super) tick_value: i128,
    /// What an order takes to get here.
    pub(super) order_ns: i64,
    /// Best first: what the parent's lots cost in common units, the limit price that reaches the
    /// level, and the quantity in lots here.
    pub(super) levels: Vec<(i128, Price, i64)>,
}

/// What one venue gets: its place among the offers, how much in its lots, up to which price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) place: usize,
    pub(super) qty: Qty,
    pub(super) limit: Price,
}

/// A split, and how good it is.
struct Split {
    shares: Vec<Share>,
    /// In lots of the parent.
    filled: i64,
    cost: i128,
}

impl Offer {
    const fn value(&self, price: Price, qty: i64) -> Option<i128> {
        match (price.0 as i128).checked_mul(qty as i128) {
            Some(ticks) => ticks.checked_mul(self.tick_value),
            None => None,
        }
    }

    /// Whether an order of this quantity, up to this price, is large enough.
    fn is_enough(&self, price: Price, qty: i64) -> bool {
        let value = self.value(price, qty);
        qty >= self.least && value.is_some_and(|value| value.abs() >= self.least_value.0)
    }

    /// The smallest order that is large enough, if there is enough to take for one.
    fn smallest(&self) -> Option<i64> {
        let mut before = 0i64;
        for &(_, price, shown) in &self.levels {
            let end = before.saturating_add(shown);
            let one = self.value(price, 1)?.abs().max(1);
            let by_value = (self.least_value.0 + one - 1) / one;
            let by_value = i64::try_from(by_value).unwrap_or(i64::MAX);
            let wanted = self.least.max(by_value).max(before.saturating_add(1));
            if wanted <= end {
                return Some(wanted);
            }
            before = end;
        }
        None
    }
}

/// The cheapest split of `free` lots of the parent.
pub(super) fn split(offers: &[Offer], free: i64) -> Vec<Share> {
    let order = by_cost(offers);
    let none = alloc::vec![0; offers.len()];
    let all = (1u32 << offers.len()) - 1;
    let enough = |split: &Split| {
        let share = |share: &Share| offers[share.place].is_enough(share.limit, share.qty.0);
        split.shares.iter().all(share)
    };
    if let Some(split) = fill(offers, &order, (all, &none), free).filter(enough) {
        return split.shares;
    }
    let smallest: Vec<Option<i64>> = offers.iter().map(Offer::smallest).collect();
    let first: Vec<i64> = smallest.iter().map(|least| least.unwrap_or(0)).collect();
    let possible = |set: &u32| {
        let of_set = smallest.iter().enumerate();
        let mut of_set = of_set.filter(|(place, _)| set & (1 << place) != 0);
        of_set.all(|(_, least)| least.is_some())
    };
    let sets = (1..=all).filter(possible);
    let splits = sets.filter_map(|set| fill(offers, &order, (set, &first), free));
    let best = splits.filter(enough).reduce(|best, other| {
        let better = (other.filled, -other.cost) > (best.filled, -best.cost);
        if better {
            other
        } else {
            best
        }
    });
    best.map(|split| split.shares).unwrap_or_default()
}

/// Every level of every offer, the cheapest first; at equal costs the venue that is reached sooner,
/// then the one that is named first.
fn by_cost(offers: &[Offer]) -> Vec<(usize, usize)> {
    let places = offers.iter().enumerate();
    let levels = places.flat_map(|(place, offer)| (0..offer.levels.len()).map(move |l| (place, l)));
    let mut order: Vec<(usize, usize)> = levels.collect();
    order.sort_by_key(|&(place, level)| {
        let offer = &offers[place];
        (offer.levels[level].0, offer.order_ns, place, level)
    });
    order
}

/// Takes the cheapest levels of a set of venues, `first` of each in any case. `None` when that is
/// more than is free.
fn fill(
    offers: &[Offer],
    order: &[(usize, usize)],
    (set, first): (u32, &[i64]),
    free: i64,
) -> Option<Split> {
    let in_set = |place: usize| set & (1 << place) != 0;
    let mut due: Vec<i64> = first.to_vec();
    let mut left = free;
    for (place, offer) in offers.iter().enumerate().filter(|(p, _)| in_set(*p)) {
        left = left.checked_sub(due[place].checked_mul(offer.lots)?)?;
    }
    if left < 0 {
        return None;
    }
    let mut taken = alloc::vec![(0i64, Price(0)); offers.len()];
    let mut cost = 0i128;
    for &(place, level) in order.iter().filter(|(place, _)| in_set(*place)) {
        let offer = &offers[place];
        let (each, price, shown) = offer.levels[level];
        let owed = due[place].min(shown);
        let more = (shown - owed).min(left / offer.lots);
        due[place] -= owed;
        left -= more * offer.lots;
        let qty = owed + more;
        if qty > 0 {
            taken[place] = (taken[place].0 + qty, price);
            let lots = i128::from(qty) * i128::from(offer.lots);
            cost = cost.checked_add(each.checked_mul(lots)?)?;
        }
    }
    let shares = taken.iter().enumerate();
    let shares = shares.filter(|(_, (qty, _))| *qty > 0);
    let shares = shares.map(|(place, &(qty, limit))| Share {
        place,
        qty: Qty(qty),
        limit,
    });
    Some(Split {
        shares: shares.collect(),
        filled: free - left,
        cost,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(levels: &[(i128, i64)], least: i64) -> Offer {
        let level = |&(price, qty): &(i128, i64)| (price, Price(price as i64), qty);
        Offer {
            lots: 1,
            least,
            least_value: Money::ZERO,
            tick_value: 1,
            order_ns: 0,
            levels: levels.iter().map(level).collect(),
        }
    }

    fn quantities(offers: &[Offer], free: i64) -> Vec<(usize, i64, i64)> {
        let shares = split(offers, free);
        let row = |share: &Share| (share.place, share.qty.0, share.limit.0);
        shares.iter().map(row).collect()
    }

    #[test]
    fn the_cheapest_levels_go_first_and_ties_to_the_sooner_venue() {
        let mut far = offer(&[(100, 5), (102, 5)], 1);
        far.order_ns = 9;
        let offers = [far, offer(&[(100, 5), (101, 5)], 1)];
        assert_eq!(quantities(&offers, 3), [(1, 3, 100)]);
        assert_eq!(quantities(&offers, 12), [(0, 5, 100), (1, 7, 101)]);
        assert_eq!(quantities(&offers, 99), [(0, 10, 102), (1, 10, 101)]);
    }

    #[test]
    fn a_smallest_order_is_kept_or_the_venue_left_out() {
        let offers = [offer(&[(100, 3), (109, 9)], 5), offer(&[(101, 20)], 1)];
        // Three here are cheaper, five are not: 2 at 109 cost more than they save.
        assert_eq!(quantities(&offers, 10), [(1, 10, 101)]);
        let offers = [offer(&[(100, 3), (102, 9)], 5), offer(&[(101, 20)], 1)];
        assert_eq!(quantities(&offers, 10), [(0, 5, 102), (1, 5, 101)]);
        assert_eq!(quantities(&offers, 2), [(1, 2, 101)]);
    }

    #[test]
    fn a_smallest_value_is_kept() {
        let mut dear = offer(&[(10, 100)], 1);
        dear.least_value = Money(95);
        let offers = [dear, offer(&[(11, 100)], 1)];
        assert_eq!(quantities(&offers, 9), [(1, 9, 11)]);
        assert_eq!(quantities(&offers, 10), [(0, 10, 10)]);
    }

    #[test]
    fn what_lies_below_a_coarse_lot_goes_to_a_finer_venue() {
        let mut coarse = offer(&[(100, 3)], 1);
        coarse.lots = 10;
        let offers = [coarse, offer(&[(101, 50)], 1)];
        assert_eq!(quantities(&offers, 27), [(0, 2, 100), (1, 7, 101)]);
    }
}
