//! Every portfolio of k assets: by branch and bound where a bound exists, one by one elsewhere.
//!
//! Leaving an asset out can only raise the least eigenvalue, so the eigenvalue of all assets that
//! may still be used bounds every portfolio of k among them.

use super::criterion::{Candidate, Problem};
use super::greedy;
use crate::error::{QuantError, Result};

/// Sets of assets that are looked at before the question counts as too large.
const MOST: usize = 200_000;
const MOST_LOCAL: usize = 20_000;

/// Told how much is done; answers whether to go on.
pub(super) type Watch<'a> = &'a mut dyn FnMut(usize, usize) -> bool;

/// The best portfolio; true when that is proved.
pub(super) fn find(problem: &Problem<'_>, k: usize, watch: Watch<'_>) -> Result<(Candidate, bool)> {
    let start = greedy::grow(problem, k)?;
    if !problem.is_spectral() {
        return Ok((one_by_one(problem, k, start, watch)?, false));
    }
    let mut tree = Tree {
        problem,
        k,
        best: problem.exchanged(start)?,
        looked: 0,
        watch,
    };
    let all: Vec<usize> = (0..problem.process.assets()).collect();
    tree.branch(&[], &all)?;
    Ok((tree.best, true))
}

struct Tree<'a, 'w> {
    problem: &'a Problem<'a>,
    k: usize,
    best: Candidate,
    looked: usize,
    watch: Watch<'w>,
}

impl Tree<'_, '_> {
    /// Looks at all portfolios that hold `inside` and no asset that is not in `allowed`.
    fn branch(&mut self, inside: &[usize], allowed: &[usize]) -> Result<()> {
        self.looked += 1;
        if self.looked > MOST {
            return Err(too_many(self.problem.process.assets(), self.k));
        }
        if self.looked % 256 == 0 && !(self.watch)(self.looked, MOST) {
            return Err(QuantError::Interrupted);
        }
        let set = if inside.len() == self.k {
            inside
        } else {
            allowed
        };
        let relaxed = self.problem.best(set)?;
        let margin = 1e-12 * (1.0 + self.best.value.abs());
        if relaxed.value >= self.best.value - margin {
            return Ok(());
        }
        if set.len() <= self.k {
            self.best = relaxed;
            return Ok(());
        }
        // The asset that the relaxed portfolio leans on most.
        let mut heaviest = (0, -1.0);
        for (i, x) in set.iter().zip(&relaxed.x) {
            if !inside.contains(i) && x.abs() > heaviest.1 {
                heaviest = (*i, x.abs());
            }
        }
        let without: Vec<usize> = allowed
            .iter()
            .copied()
            .filter(|i| *i != heaviest.0)
            .collect();
        let mut with = inside.to_vec();
        with.push(heaviest.0);
        with.sort_unstable();
        self.branch(&with, allowed)?;
        self.branch(inside, &without)
    }
}

fn one_by_one(
    problem: &Problem<'_>,
    k: usize,
    start: Candidate,
    watch: Watch<'_>,
) -> Result<Candidate> {
    let n = problem.process.assets();
    let sets = (0..k).fold(1.0, |c, i| c * (n - i) as f64 / (i + 1) as f64);
    if sets > MOST_LOCAL as f64 {
        return Err(too_many(n, k));
    }
    let mut best = start;
    let mut support: Vec<usize> = (0..k).collect();
    for done in 0.. {
        let next = problem.best(&support)?;
        if next.value < best.value {
            best = next;
        }
        if done % 64 == 0 && !watch(done, sets as usize) {
            return Err(QuantError::Interrupted);
        }
        let Some(at) = (0..k).rev().find(|i| support[*i] < n - k + i) else {
            break;
        };
        support[at] += 1;
        for i in at + 1..k {
            support[i] = support[i - 1] + 1;
        }
    }
    Ok(best)
}

fn too_many(n: usize, k: usize) -> QuantError {
    QuantError::parameter(
        "method",
        format!("exhaustive would look at too many sets of {k} out of {n} assets"),
        "choose greedy or sdp, or fewer assets",
    )
}
