//! Faults on demand: what goes wrong between a venue and its clients, asked for by name.
//!
//! The administration posts rules; every rule has a number and a seed of its own, and counts how
//! often it was met and how often it struck. Rules about requests are asked before and after the
//! engine answers; rules about streams by every outbox; rules about orders where orders live; the
//! others happen at once. `docs/paper_venue.md` lists them all.

mod admin;
pub(crate) mod cut;
mod fields;
mod http;
mod life;
mod market;
mod mutate;
mod orders;
mod spec;
pub(crate) mod stream;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use py_rt_types::UnixNanos;

use crate::ids::Random;
use crate::listing::Dialect;

use cut::{Breach, Cut};
pub(crate) use http::{Ending, Served};
pub(crate) use life::Requests;
pub(crate) use market::Distortion;
pub(crate) use spec::Deed;
use spec::{Rule, FAULTS};

#[derive(Debug, Default)]
struct Rules {
    /// The oldest first.
    rules: Vec<Rule>,
    /// Number of the last rule.
    last: u64,
    /// How often each fault struck, F1 first; those of rules that are gone included.
    struck: [u64; FAULTS],
}

/// All rules; outboxes hold copies of the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Faults {
    rules: Arc<Mutex<Rules>>,
    /// There is any rule at all: without one nothing is looked at.
    armed: Arc<AtomicBool>,
    /// Real time in nanoseconds until which no connection is taken.
    down_until: Arc<AtomicU64>,
    /// All connections of the dialects.
    wires: Arc<Mutex<Vec<Cut>>>,
}

impl Faults {
    fn lock(&self) -> MutexGuard<'_, Rules> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection was made; those that are gone are forgotten.
    pub(crate) fn register(&self, cut: &Cut) {
        let mut wires = self.wires.lock().unwrap_or_else(PoisonError::into_inner);
        wires.retain(|wire| !wire.is_alone());
        wires.push(cut.clone());
    }

    /// Breaks all connections; returns how many.
    fn cut_wires(&self, breach: Breach) -> u64 {
        let mut wires = self.wires.lock().unwrap_or_else(PoisonError::into_inner);
        wires.retain(|wire| !wire.is_alone());
        wires.iter().for_each(|wire| wire.set(breach));
        wires.len() as u64
    }

    /// Whether a moment of real time lies in an outage.
    pub(crate) fn is_down(&self, wall: UnixNanos) -> bool {
        let until = self.down_until.load(Ordering::Relaxed);
        u64::try_from(wall.0).is_ok_and(|wall| wall < until)
    }

    fn is_armed(&self) -> bool {
        self.armed.load(Ordering::Relaxed)
    }

    /// Shows something to the rules; the first that strikes counts.
    fn strike(&self, meets: impl Fn(&Rule) -> bool) -> Option<(Deed, Random)> {
        if !self.is_armed() {
            return None;
        }
        let mut guard = self.lock();
        let rules = &mut *guard;
        for rule in rules.rules.iter_mut().filter(|rule| meets(rule)) {
            if rule.meet() {
                rules.struck[rule.fault - 1] += 1;
                rule.random.next();
                return Some((rule.deed.clone(), rule.random.clone()));
            }
        }
        None
    }

    /// Shows an order to the rules about orders.
    pub(crate) fn strike_order(
        &self,
        (dialect, symbol, client): (Dialect, &str, &str),
        wanted: impl Fn(&Deed) -> bool,
    ) -> Option<Deed> {
        let found = self.strike(|rule| {
            wanted(&rule.deed)
                && rule.filter.takes_dialect(dialect)
                && rule.filter.takes_symbol(symbol)
                && rule.filter.takes_client(client)
        });
        found.map(|(deed, _)| deed)
    }

    /// Shows a book to the rules about books.
    pub(crate) fn strike_book(&self, symbols: [&str; 2], kind: &str) -> bool {
        let found = self.strike(|rule| {
            let named = symbols
                .iter()
                .any(|symbol| rule.filter.takes_symbol(symbol));
            named && rule.deed == Deed::Book(rule.kind()) && rule.kind() == kind
        });
        found.is_some()
    }
}
