//! Are exceptions as frequent as promised, and independent? Likelihood ratios.

use crate::error::{Fault, QuantError, Result};
use crate::special::chi_squared_sf;

/// Kupiec 1995: unconditional coverage.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kupiec {
    /// Likelihood ratio.
    pub lr: f64,
    /// Its probability under chi squared with one degree of freedom.
    pub pvalue: f64,
}

/// Christoffersen 1998: coverage and independence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Christoffersen {
    /// Coverage.
    pub lr_uc: f64,
    /// Independence from the day before.
    pub lr_ind: f64,
    /// Both.
    pub lr_cc: f64,
    /// Probability of both under chi squared with two degrees of freedom.
    pub pvalue: f64,
}

/// Tests whether exceptions come with probability `p`.
///
/// # Errors
/// [`QuantError::Parameter`] unless 0 < p < 1, [`QuantError::Data`] without observations.
pub fn kupiec(exceptions: &[bool], p: f64) -> Result<Kupiec> {
    let lr = coverage(exceptions, p)?;
    Ok(Kupiec {
        lr,
        pvalue: chi_squared_sf(1.0, lr),
    })
}

/// Tests coverage and independence together.
///
/// # Errors
/// As [`kupiec`]; at least two observations.
pub fn christoffersen(exceptions: &[bool], p: f64) -> Result<Christoffersen> {
    if exceptions.len() < 2 {
        return Err(QuantError::too_short("exceptions", exceptions.len(), 2));
    }
    let lr_uc = coverage(exceptions, p)?;
    let mut counts = [[0.0_f64; 2]; 2];
    for pair in exceptions.windows(2) {
        counts[usize::from(pair[0])][usize::from(pair[1])] += 1.0;
    }
    let [[n00, n01], [n10, n11]] = counts;
    let share = |hit: f64, miss: f64| {
        if hit + miss > 0.0 {
            hit / (hit + miss)
        } else {
            0.0
        }
    };
    let all = share(n01 + n11, n00 + n10);
    let together = likelihood(n01 + n11, n00 + n10, all);
    let apart = likelihood(n01, n00, share(n01, n00)) + likelihood(n11, n10, share(n11, n10));
    let lr_ind = (2.0 * (apart - together)).max(0.0);
    let lr_cc = lr_uc + lr_ind;
    Ok(Christoffersen {
        lr_uc,
        lr_ind,
        lr_cc,
        pvalue: chi_squared_sf(2.0, lr_cc),
    })
}

fn coverage(exceptions: &[bool], p: f64) -> Result<f64> {
    if !(p > 0.0 && p < 1.0) {
        let remedy = "choose the probability of an exception, like 0.01";
        return Err(QuantError::parameter("p", format!("is {p}"), remedy));
    }
    if exceptions.is_empty() {
        let fault = Fault::new("exceptions", "no observations", "pass one value a day");
        return Err(QuantError::Data(fault));
    }
    let hits = exceptions.iter().filter(|e| **e).count() as f64;
    let misses = exceptions.len() as f64 - hits;
    let found = likelihood(hits, misses, hits / (hits + misses));
    Ok((2.0 * (found - likelihood(hits, misses, p))).max(0.0))
}

/// hits ln p + misses ln(1 - p), with 0 ln 0 = 0.
fn likelihood(hits: f64, misses: f64, p: f64) -> f64 {
    let term = |count: f64, log: f64| if count > 0.0 { count * log } else { 0.0 };
    term(hits, p.ln()) + term(misses, libm::log1p(-p))
}
