//! From an order id to its slot: open addressing, the same order of everything in every run.
//!
//! Idea: one word an entry, its upper half 32 bits of the id's hash, its lower half the slot; the
//! home of an entry is the top of its hash, so an entry can be moved without asking for its id.
//! Linear probing at no more than half load; a removal shifts the run behind it back, so there
//! are no tombstones (Knuth, TAOCP vol. 3, 6.4, algorithm R). Costs: O(1), one cache line mostly.

use alloc::boxed::Box;
use alloc::vec;

use super::{Slot, NO_SLOT};

const BITS_MIN: u32 = 6;

/// Slots by order id.
#[derive(Debug, Clone)]
pub(super) struct OrderIndex {
    entries: Box<[u64]>,
    bits: u32,
    count: usize,
}

/// 32 bits that every bit of the id has a part in.
#[inline]
const fn tag_of(order_id: u64) -> u32 {
    let folded = order_id ^ (order_id >> 32);
    (folded.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u32
}

#[inline]
const fn slot_of(entry: u64) -> Slot {
    entry as u32
}

impl OrderIndex {
    pub(super) fn new() -> Self {
        Self {
            entries: vec![0; 1 << BITS_MIN].into_boxed_slice(),
            bits: BITS_MIN,
            count: 0,
        }
    }

    #[inline]
    const fn home(&self, tag: u32) -> usize {
        (tag >> (32 - self.bits)) as usize
    }

    /// The slot of an id, or [`NO_SLOT`]; `is_it` says whether a slot holds the id.
    #[inline]
    pub(super) fn find(&self, order_id: u64, is_it: impl Fn(Slot) -> bool) -> Slot {
        let tag = tag_of(order_id);
        let mask = self.entries.len() - 1;
        let mut at = self.home(tag);
        loop {
            let entry = self.entries[at & mask];
            if slot_of(entry) == NO_SLOT {
                return NO_SLOT;
            }
            if (entry >> 32) as u32 == tag && is_it(slot_of(entry)) {
                return slot_of(entry);
            }
            at += 1;
        }
    }

    /// Adds an id that is not in it.
    #[inline]
    pub(super) fn insert(&mut self, order_id: u64, slot: Slot) {
        if self.count * 2 >= self.entries.len() {
            self.grow();
        }
        let tag = tag_of(order_id);
        self.place((u64::from(tag) << 32) | u64::from(slot));
        self.count += 1;
    }

    #[inline]
    fn place(&mut self, entry: u64) {
        let mask = self.entries.len() - 1;
        let mut at = self.home((entry >> 32) as u32) & mask;
        while slot_of(self.entries[at]) != NO_SLOT {
            at = (at + 1) & mask;
        }
        self.entries[at] = entry;
    }

    #[cold]
    fn grow(&mut self) {
        let larger = vec![0; self.entries.len() * 2].into_boxed_slice();
        let old = core::mem::replace(&mut self.entries, larger);
        self.bits += 1;
        for &entry in &old {
            if slot_of(entry) != NO_SLOT {
                self.place(entry);
            }
        }
    }

    /// Takes an id out that is in it, at `slot`.
    #[inline]
    pub(super) fn remove(&mut self, order_id: u64, slot: Slot) {
        let mask = self.entries.len() - 1;
        let mut hole = self.home(tag_of(order_id)) & mask;
        while slot_of(self.entries[hole]) != slot {
            if slot_of(self.entries[hole]) == NO_SLOT {
                return;
            }
            hole = (hole + 1) & mask;
        }
        self.count -= 1;
        let mut at = hole;
        loop {
            at = (at + 1) & mask;
            let entry = self.entries[at];
            if slot_of(entry) == NO_SLOT {
                break;
            }
            let home = self.home((entry >> 32) as u32) & mask;
            if at.wrapping_sub(home) & mask >= at.wrapping_sub(hole) & mask {
                self.entries[hole] = entry;
                hole = at;
            }
        }
        self.entries[hole] = 0;
    }

    pub(super) fn clear(&mut self) {
        self.entries.fill(0);
        self.count = 0;
    }
}
