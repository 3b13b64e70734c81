//! From an order id to its slot: the same order of everything in every run.
//!
//! Idea: ids mostly count upwards, so the first place to look is the id's own low bits in a direct
//! table: no probing, neighbours in one cache line. It grows while it is half full, and also while
//! many ids find their place taken, up to 16 places an order. Such ids go to a second,
//! open-addressing table (Fibonacci hash, linear probing at no more than quarter load; removal
//! shifts the run back, so there are no tombstones: Knuth, TAOCP vol. 3, 6.4, algorithm R). While
//! that is empty it is never looked at. An entry is one word: 32 bits of the id's hash, and the
//! slot. Costs: O(1); ids of any pattern are at worst an ordinary hash table.

use alloc::boxed::Box;
use alloc::vec;

use super::{Slot, NO_SLOT};

const BITS_MIN: u32 = 6;
/// Places of the direct table an order, at most.
const PLACES_MAX: usize = 16;

/// Slots by order id.
#[derive(Debug, Clone)]
pub(super) struct OrderIndex {
    direct: Box<[u64]>,
    direct_count: usize,
    spilled: Spilled,
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

#[inline]
const fn entry_of(tag: u32, slot: Slot) -> u64 {
    ((tag as u64) << 32) | slot as u64
}

impl OrderIndex {
    pub(super) fn new() -> Self {
        Self {
            direct: vec![0; 1 << BITS_MIN].into_boxed_slice(),
            direct_count: 0,
            spilled: Spilled::new(),
        }
    }

    #[inline]
    const fn place(&self, order_id: u64) -> usize {
        order_id as usize & (self.direct.len() - 1)
    }

    /// The slot of an id, or [`NO_SLOT`]; `is_it` says whether a slot holds the id.
    #[inline]
    pub(super) fn find(&self, order_id: u64, is_it: impl Fn(Slot) -> bool) -> Slot {
        let tag = tag_of(order_id);
        let entry = self.direct[self.place(order_id)];
        if (entry >> 32) as u32 == tag && slot_of(entry) != NO_SLOT && is_it(slot_of(entry)) {
            return slot_of(entry);
        }
        if self.spilled.count == 0 {
            return NO_SLOT;
        }
        self.spilled.find(tag, is_it)
    }

    /// Adds an id that is not in it; `id_of` names the ids of the slots that are.
    #[inline]
    pub(super) fn insert(&mut self, order_id: u64, slot: Slot, id_of: impl Fn(Slot) -> u64) {
        if self.direct_count * 2 >= self.direct.len() || self.is_crowded() {
            self.grow(id_of);
        }
        self.put(order_id, slot);
    }

    /// Whether more than one in 64 found their place taken, and a larger table may help.
    #[inline]
    const fn is_crowded(&self) -> bool {
        let (spilled, direct) = (self.spilled.count, self.direct_count);
        spilled * 64 > direct + 512 && self.direct.len() < (spilled + direct) * PLACES_MAX
    }

    #[inline]
    fn put(&mut self, order_id: u64, slot: Slot) {
        let entry = entry_of(tag_of(order_id), slot);
        let place = self.place(order_id);
        if slot_of(self.direct[place]) == NO_SLOT {
            self.direct[place] = entry;
            self.direct_count += 1;
        } else {
            self.spilled.insert(entry);
        }
    }

    /// Doubles the direct table; what was spilled may find room in it.
    #[cold]
    fn grow(&mut self, id_of: impl Fn(Slot) -> u64) {
        let larger = vec![0; self.direct.len() * 2].into_boxed_slice();
        let old = core::mem::replace(&mut self.direct, larger);
        let spilled = core::mem::replace(&mut self.spilled, Spilled::new());
        self.direct_count = 0;
        for &entry in old.iter().chain(&spilled.entries) {
            if slot_of(entry) != NO_SLOT {
                self.put(id_of(slot_of(entry)), slot_of(entry));
            }
        }
    }

    /// Takes an id out that is in it, at `slot`.
    #[inline]
    pub(super) fn remove(&mut self, order_id: u64, slot: Slot) {
        let place = self.place(order_id);
        if slot_of(self.direct[place]) == slot {
            self.direct[place] = 0;
            self.direct_count -= 1;
        } else {
            self.spilled.remove(tag_of(order_id), slot);
        }
    }

    pub(super) fn clear(&mut self) {
        self.direct.fill(0);
        self.direct_count = 0;
        self.spilled.entries.fill(0);
        self.spilled.count = 0;
    }
}

/// What found its direct place taken. The home of an entry is the top of its hash.
#[derive(Debug, Clone)]
struct Spilled {
    entries: Box<[u64]>,
    bits: u32,
    count: usize,
}

impl Spilled {
    fn new() -> Self {
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

    fn find(&self, tag: u32, is_it: impl Fn(Slot) -> bool) -> Slot {
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

    fn insert(&mut self, entry: u64) {
        if self.count * 4 >= self.entries.len() {
            self.grow();
        }
        self.put(entry);
        self.count += 1;
    }

    fn put(&mut self, entry: u64) {
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
                self.put(entry);
            }
        }
    }

    fn remove(&mut self, tag: u32, slot: Slot) {
        let mask = self.entries.len() - 1;
        let mut hole = self.home(tag) & mask;
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
}
