//! One climb of Baum-Welch.

use super::emissions::Emissions;
use super::fit::{FitPlan, StartLaw};
use super::model::{by_states, Hmm, Sample};
use super::passes::{self, Counts};
use super::stationary::{improve, stationary_law};

/// Smallest variance of a state, as a part of that of the sample (which is 1 here).
const FLOOR: f64 = 1e-6;

/// Where a climb ended.
#[derive(Debug, Clone)]
pub(super) struct Climb {
    pub model: Hmm,
    pub loglik: f64,
    pub converged: bool,
    pub iterations: usize,
    /// Gain of the last step, per observation.
    pub residual: f64,
    pub weight: Vec<f64>,
    pub floored: bool,
}

/// Climbs on a standardised sample until a step gains too little; `go_on` is asked before every step.
pub(super) fn climb(
    sample: &Sample,
    mut model: Hmm,
    plan: &FitPlan,
    go_on: &mut dyn FnMut() -> bool,
) -> Option<Climb> {
    let rows = sample.rows() as f64;
    let mut emissions = Emissions::new(&model, sample);
    let mut counts = by_states!(model.states, count(&model, sample, &emissions));
    let mut climbed = Climb {
        model: model.clone(),
        loglik: counts.loglik,
        converged: false,
        iterations: 0,
        residual: f64::INFINITY,
        weight: counts.weight.clone(),
        floored: false,
    };
    while climbed.iterations < plan.max_iter {
        if !go_on() {
            return None;
        }
        let floored = maximise(&mut model, &counts, plan);
        emissions.refresh(&model, sample);
        counts = by_states!(model.states, count(&model, sample, &emissions));
        climbed.iterations += 1;
        climbed.residual = (counts.loglik - climbed.loglik) / rows;
        // Rounding may take a last digit away; the better parameters stay.
        if counts.loglik < climbed.loglik {
            climbed.converged = climbed.residual > -1e-9;
            return Some(climbed);
        }
        climbed.model = model.clone();
        climbed.loglik = counts.loglik;
        climbed.weight.clone_from(&counts.weight);
        climbed.floored = floored;
        if climbed.residual <= plan.tol {
            climbed.converged = true;
            return Some(climbed);
        }
    }
    Some(climbed)
}

/// The parameters that the counts ask for; whether a variance met its floor.
fn maximise(model: &mut Hmm, counts: &Counts, plan: &FitPlan) -> bool {
    let (k, d) = (model.states, model.dims);
    for (row, new) in model
        .transitions
        .chunks_exact_mut(k)
        .zip(counts.pairs.chunks_exact(k))
    {
        let sum: f64 = new.iter().sum();
        if sum > 0.0 {
            for (a, n) in row.iter_mut().zip(new) {
                *a = n / sum;
            }
        }
    }
    if plan.start == StartLaw::Stationary {
        improve(&mut model.transitions, &counts.pairs, &counts.start, k);
        model.start = stationary_law(&model.transitions, k);
    } else {
        let sum: f64 = counts.start.iter().sum();
        model.start = counts.start.iter().map(|p| p / sum).collect();
    }
    for s in 0..k {
        if counts.weight[s] > 0.0 {
            for i in s * d..(s + 1) * d {
                model.means[i] = counts.sum[i] / counts.weight[s];
            }
        }
    }
    let mut floored = false;
    let total: f64 = counts.weight.iter().sum();
    let left = |i: usize| counts.square[i] - model.means[i] * counts.sum[i];
    for i in 0..d {
        let common: f64 = (0..k).map(|s| left(s * d + i)).sum::<f64>() / total;
        for s in 0..k {
            if plan.common_variance {
                model.variances[s * d + i] = common.max(FLOOR);
            } else if counts.weight[s] > 0.0 {
                let own = left(s * d + i) / counts.weight[s];
                floored |= own <= FLOOR;
                model.variances[s * d + i] = own.max(FLOOR);
            }
        }
    }
    floored
}
