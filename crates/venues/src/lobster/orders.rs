//! The orders of a day, each with what rests of it and what the rest of the day takes away from it.
//!
//! Idea: ids are named once, by small numbers in the order of their first message; from then on an
//! order is a place in an array, and young orders are neighbours there. The table of names holds
//! numbers only: sixteen of ids that follow one another share a cache line. Costs: one look into
//! the table a message, when the day is read; none afterwards.

use alloc::vec;
use alloc::vec::Vec;

use crate::resting::Resting;

use super::message::{LobsterKind, LobsterMessage};

/// The number of an order; 0 is nobody.
pub type Place = u32;

/// Numbers by id, from 1 on.
#[derive(Debug, Clone)]
struct Names {
    table: Vec<Place>,
    shift: u32,
}

const SMALLEST: usize = 1 << 10;

impl Names {
    fn new() -> Self {
        Self {
            table: vec![0; SMALLEST],
            shift: 64 - (SMALLEST.trailing_zeros() - 4),
        }
    }

    /// Where the number of an id stands, or has room.
    #[inline]
    fn find(&self, order_id: u64, known: &[Known]) -> usize {
        let group = (order_id >> 4).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> self.shift;
        let mask = self.table.len() - 1;
        let mut at = ((group << 4) | (order_id & 15)) as usize;
        loop {
            let place = self.table[at & mask];
            if place == 0 || known[place as usize].order_id == order_id {
                return at & mask;
            }
            at += 1;
        }
    }

    #[cold]
    fn grow(&mut self, known: &[Known]) {
        self.table = vec![0; self.table.len() * 4];
        self.shift -= 2;
        for (place, order) in known.iter().enumerate().skip(1) {
            let at = self.find(order.order_id, known);
            self.table[at] = place as Place;
        }
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Known {
    order_id: u64,
    price: i64,
    /// What rests of it, 0 for nothing.
    qty: i64,
    /// What is still taken away from it.
    future: i64,
    side: i8,
}

/// All orders of a day.
#[derive(Debug, Clone)]
pub struct Orders {
    known: Vec<Known>,
    /// The order of each message.
    places: Vec<Place>,
    strangers: Vec<Stranger>,
}

/// An order that the file speaks about without ever adding it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Stranger {
    key: (i8, i64),
    first: usize,
    order_id: u64,
    place: Place,
}

impl Orders {
    /// Reads a whole day.
    #[must_use]
    pub fn new(messages: &[LobsterMessage]) -> Self {
        let mut names = Names::new();
        let mut known = Vec::with_capacity(messages.len() / 2 + 2);
        known.push(Known::default());
        let (mut places, mut strangers) = (Vec::with_capacity(messages.len()), Vec::new());
        for (first, message) in messages.iter().enumerate() {
            let rests = message.is_about_resting();
            if !rests && message.kind != LobsterKind::Add {
                places.push(0);
                continue;
            }
            let (order_id, qty) = (message.order_id, i64::from(message.qty));
            let at = names.find(order_id, &known);
            let mut place = names.table[at];
            if place == 0 {
                place = known.len() as Place;
                names.table[at] = place;
                known.push(Known {
                    order_id,
                    ..Known::default()
                });
                if rests {
                    let key = (message.side, message.price * i64::from(message.side));
                    strangers.push(Stranger {
                        key,
                        first,
                        order_id,
                        place,
                    });
                }
                if known.len() * 2 > names.table.len() {
                    names.grow(&known);
                }
            }
            if rests {
                known[place as usize].future += qty;
            }
            places.push(place);
        }
        strangers.sort_unstable();
        Self {
            known,
            places,
            strangers,
        }
    }

    /// The order of a message, by its number in the day.
    #[inline]
    #[must_use]
    pub fn of_message(&self, at: usize) -> Place {
        self.places.get(at).copied().unwrap_or(0)
    }

    /// What rests of an order.
    #[inline]
    #[must_use]
    pub fn find(&self, place: Place) -> Option<Resting> {
        let known = self.known.get(place as usize)?;
        (known.qty != 0).then_some(Resting {
            order_id: known.order_id,
            price: known.price,
            qty: known.qty,
            instrument: 0,
            side: known.side,
        })
    }

    /// An order rests.
    #[inline]
    pub fn put(&mut self, place: Place, order: &Resting) {
        if let Some(known) = self.known.get_mut(place as usize) {
            (known.price, known.qty, known.side) = (order.price, order.qty, order.side);
        }
    }

    /// Takes up to `qty` away from what rests; whether that was all of it.
    #[inline]
    pub fn reduce(&mut self, place: Place, qty: i64) -> bool {
        let Some(known) = self.known.get_mut(place as usize) else {
            return false;
        };
        let rested = known.qty > 0;
        known.qty = (known.qty - qty).max(0);
        rested && known.qty == 0
    }

    /// Quantity that is still taken from this order.
    #[must_use]
    pub fn future_of(&self, place: Place) -> i64 {
        self.known
            .get(place as usize)
            .map_or(0, |known| known.future)
    }

    /// The message was read: its part lies behind.
    #[inline]
    pub fn pass(&mut self, place: Place, message: &LobsterMessage) {
        if let Some(known) = self.known.get_mut(place as usize) {
            known.future += message.change().min(0);
        }
    }

    /// Orders of a level that are never added, first spoken about at `now` or later, soonest first.
    pub fn strangers(
        &self,
        side: i8,
        key: i64,
        now: usize,
    ) -> impl Iterator<Item = (Place, u64)> + '_ {
        let wanted = (side, key);
        let from = self
            .strangers
            .partition_point(|s| (s.key, s.first) < (wanted, now));
        let rest = self.strangers.get(from..).unwrap_or_default();
        rest.iter()
            .take_while(move |s| s.key == wanted)
            .map(|s| (s.place, s.order_id))
    }
}
