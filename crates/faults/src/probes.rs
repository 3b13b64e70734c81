//! What really happened: a fault that never fires and a state that is never reached prove nothing.

use std::collections::BTreeMap;

use crate::plan::{Fault, FAULTS};

/// Counts of what happened, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probes {
    counts: BTreeMap<&'static str, u64>,
    faults: [u64; FAULTS.len()],
}

impl Default for Probes {
    fn default() -> Self {
        Self {
            counts: BTreeMap::new(),
            faults: [0; FAULTS.len()],
        }
    }
}

impl Probes {
    /// Counts a fault that happened.
    pub const fn count_fault(&mut self, fault: Fault) {
        self.faults[fault as usize] += 1;
    }

    /// Counts something worth having seen.
    pub fn count(&mut self, name: &'static str) {
        *self.counts.entry(name).or_default() += 1;
    }

    /// How often a fault happened.
    #[must_use]
    pub const fn fault(&self, fault: Fault) -> u64 {
        self.faults[fault as usize]
    }

    /// Everything counted, faults first, each by its name.
    #[must_use]
    pub fn rows(&self) -> Vec<(String, u64)> {
        let faults = FAULTS.iter().map(|&f| (format!("{f:?}"), self.fault(f)));
        let others = self
            .counts
            .iter()
            .map(|(name, n)| ((*name).to_string(), *n));
        faults.chain(others).collect()
    }

    /// Adds what another run saw.
    pub fn add(&mut self, other: &Self) {
        for (sum, more) in self.faults.iter_mut().zip(other.faults) {
            *sum += more;
        }
        for (name, more) in &other.counts {
            *self.counts.entry(name).or_default() += more;
        }
    }
}
