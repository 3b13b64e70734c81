//! Resting orders by price in time priority: what the book by order and a matching engine share.
//!
//! Idea: orders live in one array and are chained, first in first out, through indices; a level
//! holds the two ends of its chain and the displayed sum; an open-addressing table leads from an
//! order id to its place. Costs: O(1) an operation near the touch. Nothing is allocated once the
//! array, the table and the levels have grown. Slot 0 is nobody, so that chains need no option.

mod index;
mod ladder;

use alloc::vec::Vec;
use py_rt_types::{Price, Qty, Side};

use self::index::OrderIndex;
use self::ladder::{Ladder, Level, NO_KEY};
use super::Level as PriceLevel;

/// The place of an order in [`RestingOrders`]; valid until the order is gone.
pub type Slot = u32;

/// No order.
pub const NO_SLOT: Slot = 0;

/// Ticks beyond which a price is no price: sums of two prices still fit.
const TICKS_MAX: u64 = 1 << 61;
/// Orders that fit: slots are 32 bits wide.
const ORDERS_MAX: usize = u32::MAX as usize;

/// One resting order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RestingOrder {
    /// The id it is found by.
    pub order_id: u64,
    /// Price in ticks.
    pub price: Price,
    /// What is still open and displayed, in lots.
    pub leaves_qty: Qty,
    /// What was executed so far, in lots.
    pub cum_qty: Qty,
    /// Whose it is; the caller's own number.
    pub owner: u32,
    /// Which side it is on.
    pub side: Side,
    /// The caller's own marks.
    pub marks: u8,
}

/// As long as a cache line, and on one: a visit costs one miss.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Node {
    order: RestingOrder,
    /// Found by its id; an order without one is found by its level.
    known: bool,
    prev: Slot,
    next: Slot,
}

const NOBODY: Node = Node {
    order: RestingOrder {
        order_id: 0,
        price: Price(0),
        leaves_qty: Qty(0),
        cum_qty: Qty(0),
        owner: 0,
        side: Side::Buy,
        marks: 0,
    },
    known: false,
    prev: NO_SLOT,
    next: NO_SLOT,
};

/// All resting orders of one instrument.
#[derive(Debug, Clone)]
pub struct RestingOrders {
    nodes: Vec<Node>,
    /// Head of the chain of free slots, through `next`.
    free: Slot,
    count: usize,
    index: OrderIndex,
    /// Bids, then asks.
    ladders: [Ladder; 2],
}

impl Default for RestingOrders {
    fn default() -> Self {
        Self::new()
    }
}

/// "Better" is "greater" on both sides.
#[inline]
const fn key_of(side: Side, price: Price) -> i64 {
    match side {
        Side::Buy => price.0,
        Side::Sell => price.0.wrapping_neg(),
    }
}

impl RestingOrders {
    /// No orders.
    #[must_use]
    pub fn new() -> Self {
        Self {
            nodes: alloc::vec![NOBODY],
            free: NO_SLOT,
            count: 0,
            index: OrderIndex::new(),
            ladders: [Ladder::new(), Ladder::new()],
        }
    }

    /// Whether a price can be held here.
    #[inline]
    #[must_use]
    pub const fn is_price(price: Price) -> bool {
        price.0.unsigned_abs() < TICKS_MAX
    }

    /// How many orders rest, those without an id included.
    #[inline]
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether nothing rests.
    #[inline]
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    #[inline]
    const fn ladder(&self, side: Side) -> &Ladder {
        &self.ladders[((1 - side as i8) / 2) as usize]
    }

    #[inline]
    fn ladder_mut(&mut self, side: Side) -> &mut Ladder {
        &mut self.ladders[((1 - side as i8) / 2) as usize]
    }

    /// The slot of an order id, or [`NO_SLOT`].
    #[inline]
    #[must_use]
    pub fn find(&self, order_id: u64) -> Slot {
        let nodes = &self.nodes;
        self.index.find(order_id, |slot| {
            nodes[slot as usize].order.order_id == order_id
        })
    }

    /// The order in a slot.
    #[inline]
    #[must_use]
    pub fn order(&self, slot: Slot) -> &RestingOrder {
        &self.nodes[slot as usize].order
    }

    /// Whether the order in a slot can be found by its id.
    #[inline]
    #[must_use]
    pub fn is_known(&self, slot: Slot) -> bool {
        self.nodes[slot as usize].known
    }

    /// The first in the queue of the best price, or [`NO_SLOT`].
    #[inline]
    #[must_use]
    pub fn first(&self, side: Side) -> Slot {
        self.ladder(side).best_level().head
    }

    /// The first in the queue of a price, or [`NO_SLOT`].
    #[inline]
    #[must_use]
    pub fn first_at(&self, side: Side, price: Price) -> Slot {
        self.ladder(side).level(key_of(side, price)).head
    }

    /// The next in the same queue, or [`NO_SLOT`].
    #[inline]
    #[must_use]
    pub fn next(&self, slot: Slot) -> Slot {
        self.nodes[slot as usize].next
    }

    /// Best price of a side.
    #[inline]
    #[must_use]
    pub const fn best(&self, side: Side) -> Option<Price> {
        match (self.ladder(side).best(), side) {
            (NO_KEY, _) => None,
            (key, Side::Buy) => Some(Price(key)),
            (key, Side::Sell) => Some(Price(-key)),
        }
    }

    /// Quantity at the best price of a side, 0 without one.
    #[inline]
    #[must_use]
    pub fn best_qty(&self, side: Side) -> Qty {
        Qty(self.ladder(side).best_level().qty)
    }

    /// Quantity at a price, 0 where there is none.
    #[inline]
    #[must_use]
    pub fn qty_at(&self, side: Side, price: Price) -> Qty {
        Qty(self.ladder(side).level(key_of(side, price)).qty)
    }

    /// Puts an order at the end of the queue of its price.
    ///
    /// Returns [`NO_SLOT`] and changes nothing when the price cannot be held, nothing is open, the
    /// sum of the level would overflow, or there is no room. The id must not be here already.
    #[inline]
    pub fn insert(&mut self, order: RestingOrder) -> Slot {
        let key = key_of(order.side, order.price);
        let good = order.leaves_qty.0 > 0 && Self::is_price(order.price);
        let ladder = &mut self.ladders[((1 - order.side as i8) / 2) as usize];
        let (Some(level), true) = (ladder.inside_mut(key), good) else {
            return self.add(order, true, false);
        };
        let (prev, sum) = (level.tail, level.qty.checked_add(order.leaves_qty.0));
        let (Some(sum), true) = (sum, self.nodes.len() < ORDERS_MAX) else {
            return NO_SLOT;
        };
        let slot = match self.free {
            NO_SLOT => self.nodes.len() as Slot,
            slot => slot,
        };
        level.qty = sum;
        level.tail = slot;
        if prev == NO_SLOT {
            level.head = slot;
            ladder.mark_inside(key);
        } else {
            self.nodes[prev as usize].next = slot;
        }
        let slot = self.take_slot(Node {
            order,
            known: true,
            prev,
            next: NO_SLOT,
        });
        let nodes = &self.nodes;
        self.index.insert(order.order_id, slot, |slot| {
            nodes[slot as usize].order.order_id
        });
        self.count += 1;
        slot
    }

    /// Executes `qty` of the first order of the best price, at most what is open of it.
    #[inline]
    pub fn execute_first(&mut self, side: Side, qty: Qty) {
        let ladder = &mut self.ladders[((1 - side as i8) / 2) as usize];
        if ladder.best() == NO_KEY {
            return;
        }
        let level = ladder.best_mut();
        let slot = level.head;
        let node = &mut self.nodes[slot as usize];
        let done = qty.0.clamp(0, node.order.leaves_qty.0);
        node.order.leaves_qty.0 -= done;
        node.order.cum_qty.0 = node.order.cum_qty.0.saturating_add(done);
        level.qty -= done;
        if node.order.leaves_qty.0 > 0 {
            return;
        }
        let (order_id, known, next) = (node.order.order_id, node.known, node.next);
        node.next = self.free;
        self.free = slot;
        self.count -= 1;
        level.head = next;
        if next == NO_SLOT {
            level.tail = NO_SLOT;
            ladder.remove_best();
        } else {
            self.nodes[next as usize].prev = NO_SLOT;
        }
        if known {
            self.index.remove(order_id, slot);
        }
    }

    /// Puts quantity whose order is not known in front of the queue of its price.
    pub fn insert_unknown(&mut self, side: Side, price: Price, qty: Qty) -> Slot {
        let order = RestingOrder {
            price,
            leaves_qty: qty,
            side,
            ..NOBODY.order
        };
        self.add(order, false, true)
    }

    #[inline]
    fn add(&mut self, order: RestingOrder, known: bool, in_front: bool) -> Slot {
        let key = key_of(order.side, order.price);
        let mut level = self.ladder(order.side).level(key);
        let sum = level.qty.checked_add(order.leaves_qty.0);
        let (Some(sum), true) = (sum, order.leaves_qty.0 > 0 && Self::is_price(order.price)) else {
            return NO_SLOT;
        };
        let mut node = Node {
            order,
            known,
            prev: NO_SLOT,
            next: NO_SLOT,
        };
        if in_front {
            node.next = level.head;
        } else {
            node.prev = level.tail;
        }
        let slot = self.take_slot(node);
        if slot == NO_SLOT {
            return NO_SLOT;
        }
        level.qty = sum;
        if in_front {
            self.link_front(&mut level, slot);
        } else {
            match level.tail {
                NO_SLOT => level.head = slot,
                tail => self.nodes[tail as usize].next = slot,
            }
            level.tail = slot;
        }
        self.ladder_mut(order.side).put(key, level);
        if known {
            let nodes = &self.nodes;
            self.index.insert(order.order_id, slot, |slot| {
                nodes[slot as usize].order.order_id
            });
        }
        self.count += 1;
        slot
    }

    fn link_front(&mut self, level: &mut Level, slot: Slot) {
        match level.head {
            NO_SLOT => level.tail = slot,
            head => self.nodes[head as usize].prev = slot,
        }
        level.head = slot;
    }

    #[inline]
    fn take_slot(&mut self, node: Node) -> Slot {
        match self.free {
            NO_SLOT => {
                if self.nodes.len() >= ORDERS_MAX {
                    return NO_SLOT;
                }
                self.nodes.push(node);
                (self.nodes.len() - 1) as Slot
            }
            slot => {
                let freed = &mut self.nodes[slot as usize];
                self.free = freed.next;
                *freed = node;
                slot
            }
        }
    }

    /// Executes `qty` of an order, at most what is open; it is gone when nothing is left.
    #[inline]
    pub fn execute(&mut self, slot: Slot, qty: Qty) {
        let order = &mut self.nodes[slot as usize].order;
        let done = qty.0.clamp(0, order.leaves_qty.0);
        order.cum_qty.0 = order.cum_qty.0.saturating_add(done);
        self.take(slot, done);
    }

    /// Cancels `qty` of an order, at most what is open; the rest keeps its place.
    #[inline]
    pub fn reduce(&mut self, slot: Slot, qty: Qty) {
        let done = qty.0.clamp(0, self.order(slot).leaves_qty.0);
        self.take(slot, done);
    }

    /// Adds `qty` to what is open of an order, in its place; false, and nothing changes, where the
    /// sum of its level would overflow.
    pub fn extend(&mut self, slot: Slot, qty: Qty) -> bool {
        let order = &self.nodes[slot as usize].order;
        let (key, side) = (key_of(order.side, order.price), order.side);
        let mut level = self.ladder(side).level(key);
        let (Some(sum), true) = (level.qty.checked_add(qty.0), slot != NO_SLOT && qty.0 >= 0)
        else {
            return false;
        };
        level.qty = sum;
        // The sum of the level holds the order's own part.
        self.nodes[slot as usize].order.leaves_qty.0 += qty.0;
        self.ladder_mut(side).change(key, level);
        true
    }

    /// Takes an order out.
    #[inline]
    pub fn remove(&mut self, slot: Slot) {
        let all = self.order(slot).leaves_qty.0;
        self.take(slot, all);
    }

    /// Takes `done` of what is open in a slot, at most all of it.
    #[inline]
    fn take(&mut self, slot: Slot, done: i64) {
        let node = &mut self.nodes[slot as usize];
        node.order.leaves_qty.0 -= done;
        let Node {
            order,
            known,
            prev,
            next,
        } = *node;
        let key = key_of(order.side, order.price);
        let mut level = self.ladder(order.side).level(key);
        level.qty -= done;
        if order.leaves_qty.0 == 0 && slot != NO_SLOT {
            match prev {
                NO_SLOT => level.head = next,
                _ => self.nodes[prev as usize].next = next,
            }
            match next {
                NO_SLOT => level.tail = prev,
                _ => self.nodes[next as usize].prev = prev,
            }
            if known {
                self.index.remove(order.order_id, slot);
            }
            self.nodes[slot as usize].next = self.free;
            self.free = slot;
            self.count -= 1;
        }
        self.ladder_mut(order.side).change(key, level);
    }

    /// Takes every order of one side out.
    pub fn clear_side(&mut self, side: Side) {
        loop {
            let slot = self.first(side);
            if slot == NO_SLOT {
                return;
            }
            self.remove(slot);
        }
    }

    /// Takes every order out, at once.
    pub fn clear(&mut self) {
        self.nodes.truncate(1);
        self.free = NO_SLOT;
        self.count = 0;
        self.index.clear();
        self.ladders.iter_mut().for_each(Ladder::clear);
    }

    /// Calls `visit` for the levels of a side from the best on, until it returns false.
    pub fn visit_levels(&self, side: Side, mut visit: impl FnMut(PriceLevel) -> bool) {
        self.ladder(side).visit(|key, level| {
            let price = match side {
                Side::Buy => Price(key),
                Side::Sell => Price(-key),
            };
            visit(PriceLevel {
                price,
                qty: Qty(level.qty),
            })
        });
    }

    /// Calls `visit` for the slots of a side by priority, until it returns false.
    pub fn visit(&self, side: Side, mut visit: impl FnMut(Slot) -> bool) {
        self.ladder(side).visit(|_, level| {
            let mut slot = level.head;
            while slot != NO_SLOT {
                if !visit(slot) {
                    return false;
                }
                slot = self.next(slot);
            }
            true
        });
    }
}
