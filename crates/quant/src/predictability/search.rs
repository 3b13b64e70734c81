//! The door of the search for few assets.

use super::criterion::{Candidate, Criterion, Problem};
use super::process::Process;
use super::{exhaustive, greedy, relaxation};
use crate::error::{QuantError, Result};

/// How the assets are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// One by one.
    Greedy,
    /// All of them.
    Exhaustive,
    /// By a semidefinite relaxation, which also bounds what any choice could reach.
    Sdp,
}

/// A portfolio of few assets.
#[derive(Debug, Clone)]
pub struct Sparse {
    /// Weights of all assets, absolute values adding up to one.
    pub weights: Vec<f64>,
    /// The assets held.
    pub support: Vec<usize>,
    /// The criterion.
    pub value: f64,
    /// A number that no portfolio of so many assets can fall below, where one is known.
    pub bound: Option<f64>,
    /// Whether the value is proved to be the least possible.
    pub optimal: bool,
    /// Periods until half of a deviation is gone.
    pub half_life: f64,
}

/// Periods until half of a deviation is gone, for the slope of an autoregression: infinite from one
/// on, zero where it does not stay on its side.
#[must_use]
pub fn half_life(slope: f64) -> f64 {
    if slope >= 1.0 {
        f64::INFINITY
    } else if slope <= 0.0 {
        0.0
    } else {
        -core::f64::consts::LN_2 / slope.ln()
    }
}

/// Finds a portfolio of at most `k` assets that minimises the criterion.
///
/// # Errors
/// [`QuantError::Parameter`] when `k` is out of range or the question is too large,
/// [`QuantError::Interrupted`].
pub fn search(
    process: &Process,
    k: usize,
    method: Method,
    criterion: Criterion,
    watch: &mut dyn FnMut(usize, usize) -> bool,
) -> Result<Sparse> {
    let n = process.assets();
    if k == 0 || k > n {
        let problem = format!("is {k}, but there are {n} assets");
        return Err(QuantError::parameter(
            "k",
            problem,
            "choose between 1 and their number",
        ));
    }
    let problem = Problem::new(process, criterion);
    let (found, bound, optimal) = match method {
        Method::Greedy => {
            let found = greedy::grow(&problem, k)?;
            // With all assets there is no choice to get wrong.
            (found, None, k == n && problem.is_spectral())
        }
        Method::Exhaustive => {
            let (found, proved) = exhaustive::find(&problem, k, watch)?;
            let bound = proved.then_some(found.value);
            (found, bound, proved)
        }
        Method::Sdp => {
            let (found, bound) = relaxation::find(&problem, k, watch)?;
            let proved = found.value - bound <= 1e-6 * (found.value.abs() + 1e-3);
            (found, Some(bound), proved)
        }
    };
    Ok(finished(process, &found, bound, optimal))
}

fn finished(process: &Process, found: &Candidate, bound: Option<f64>, optimal: bool) -> Sparse {
    let mut x = vec![0.0; process.assets()];
    for (i, v) in found.support.iter().zip(&found.x) {
        x[*i] = *v;
    }
    Sparse {
        weights: process.weights(&x),
        support: found.support.clone(),
        value: found.value,
        bound,
        optimal,
        half_life: half_life(process.slope(&x)),
    }
}
