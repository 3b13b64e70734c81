//! The orders that rest, by id: what a decoder must know to fill in price, side and quantity.
//!
//! Idea: open addressing with linear probing in one array of 32-byte slots, and deletion that moves
//! followers back, so that there are no gravestones. Venues count ids upwards and most messages are
//! about young orders, so sixteen neighbouring ids share a place: young orders stay in the cache,
//! while the places themselves are scattered by a multiplicative hash. Nothing is iterated in hash
//! order. Costs: about one cache line an operation; grows at half full, and allocates only
//! then.

use alloc::vec;
use alloc::vec::Vec;

/// One resting order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Resting {
    /// The venue's id.
    pub order_id: u64,
    /// Price in the decoder's unit.
    pub price: i64,
    /// What is left of it; never 0.
    pub qty: i64,
    /// Whose book it rests in.
    pub instrument: u32,
    /// +1 bid, -1 ask.
    pub side: i8,
}

/// Orders by id.
#[derive(Debug, Clone)]
pub struct OrderTable {
    slots: Vec<Resting>,
    shift: u32,
    len: usize,
}

const SMALLEST: usize = 1 << 10;
const LARGE: usize = 1 << 18;

impl Default for OrderTable {
    fn default() -> Self {
        Self::new()
    }
}

impl OrderTable {
    /// An empty table.
    #[must_use]
    pub fn new() -> Self {
        Self {
            slots: vec![Resting::default(); SMALLEST],
            shift: 64 - (SMALLEST.trailing_zeros() - 4),
            len: 0,
        }
    }

    /// How many orders rest.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether none rests.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Forgets all orders.
    pub fn clear(&mut self) {
        self.slots.fill(Resting::default());
        self.len = 0;
    }

    /// Forgets the orders of one instrument.
    pub fn clear_instrument(&mut self, instrument: u32) {
        let kept: Vec<Resting> = self
            .slots
            .iter()
            .filter(|slot| slot.qty != 0 && slot.instrument != instrument)
            .copied()
            .collect();
        self.clear();
        for order in kept {
            self.insert(order);
        }
    }

    #[inline]
    const fn home(&self, order_id: u64) -> usize {
        let group = (order_id >> 4).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> self.shift;
        ((group << 4) | (order_id & 15)) as usize
    }

    /// The slot of an order, or the free slot where it belongs.
    #[inline]
    fn find(&self, order_id: u64) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = self.home(order_id);
        loop {
            let slot = &self.slots[at & mask];
            if slot.qty == 0 || slot.order_id == order_id {
                return at & mask;
            }
            at += 1;
        }
    }

    /// One order.
    #[inline]
    #[must_use]
    pub fn find_order(&self, order_id: u64) -> Option<&Resting> {
        let slot = &self.slots[self.find(order_id)];
        (slot.qty != 0).then_some(slot)
    }

    /// Puts an order in; returns the one of the same id that was there.
    #[inline]
    pub fn insert(&mut self, order: Resting) -> Option<Resting> {
        if order.qty == 0 {
            return self.remove(order.order_id);
        }
        if self.len * 2 >= self.slots.len() {
            self.grow();
        }
        let at = self.find(order.order_id);
        let before = core::mem::replace(&mut self.slots[at], order);
        if before.qty == 0 {
            self.len += 1;
            return None;
        }
        Some(before)
    }

    /// Takes up to `qty` away from an order, which goes when nothing is left. Returns the order as
    /// it was, and what was taken.
    #[inline]
    pub fn reduce(&mut self, order_id: u64, qty: i64) -> Option<(Resting, i64)> {
        let at = self.find(order_id);
        let before = self.slots[at];
        if before.qty == 0 {
            return None;
        }
        if qty < before.qty {
            self.slots[at].qty = before.qty - qty;
            return Some((before, qty));
        }
        self.vacate(at);
        Some((before, before.qty))
    }

    /// Takes an order out.
    #[inline]
    pub fn remove(&mut self, order_id: u64) -> Option<Resting> {
        let at = self.find(order_id);
        let before = self.slots[at];
        if before.qty == 0 {
            return None;
        }
        self.vacate(at);
        Some(before)
    }

    /// Frees a slot and moves back those that were pushed past it.
    fn vacate(&mut self, at: usize) {
        let mask = self.slots.len() - 1;
        let (mut hole, mut next) = (at, at);
        loop {
            next = (next + 1) & mask;
            let slot = self.slots[next];
            if slot.qty == 0 {
                break;
            }
            let distance = next.wrapping_sub(self.home(slot.order_id)) & mask;
            if distance >= next.wrapping_sub(hole) & mask {
                self.slots[hole] = slot;
                hole = next;
            }
        }
        self.slots[hole].qty = 0;
        self.len -= 1;
    }

    fn grow(&mut self) {
        // Small tables by four at once: what is moved then is moved half as often.
        let bits = if self.slots.len() < LARGE { 2 } else { 1 };
        let larger = vec![Resting::default(); self.slots.len() << bits];
        let old = core::mem::replace(&mut self.slots, larger);
        self.shift -= bits;
        for slot in old.into_iter().filter(|slot| slot.qty != 0) {
            let at = self.find(slot.order_id);
            self.slots[at] = slot;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeMap;

    /// Random commands against a map of the standard library, ids packed so that runs collide.
    #[test]
    fn agrees_with_a_tree() {
        for stretch in [1, 16, 1 << 20, 0x1_0000_0001] {
            walk(stretch);
        }
    }

    fn walk(stretch: u64) {
        let (mut table, mut tree) = (OrderTable::new(), BTreeMap::<u64, Resting>::new());
        let mut state = 7u64;
        for step in 0..200_000u64 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(step | 1);
            let order_id = ((state >> 33) % 6_000).wrapping_mul(stretch);
            let qty = ((state >> 20) % 90 + 1) as i64;
            match (state >> 50) % 4 {
                0 | 1 => {
                    let order = Resting {
                        order_id,
                        price: qty * 3,
                        qty,
                        instrument: 1,
                        side: 1,
                    };
                    assert_eq!(table.insert(order), tree.insert(order_id, order));
                }
                2 => assert_eq!(table.remove(order_id), tree.remove(&order_id)),
                _ => {
                    let known = tree.get(&order_id).copied();
                    let taken = known.map(|order| (order, qty.min(order.qty)));
                    assert_eq!(table.reduce(order_id, qty), taken);
                    if let Some(order) = tree.get_mut(&order_id) {
                        order.qty -= qty.min(order.qty);
                        if order.qty == 0 {
                            tree.remove(&order_id);
                        }
                    }
                }
            }
            assert_eq!(table.len(), tree.len(), "step {step}");
        }
        assert!(tree.len() > 1_000, "{}", tree.len());
        for (order_id, order) in &tree {
            assert_eq!(table.find_order(*order_id), Some(order));
        }
        table.clear_instrument(1);
        assert!(table.is_empty());
    }
}
