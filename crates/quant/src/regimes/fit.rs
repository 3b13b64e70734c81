//! Baum-Welch from several starts; the best ends.

use std::sync::atomic::{AtomicBool, Ordering};

use super::em::{climb, Climb};
use super::model::{Hmm, Sample, STATES_MAX};
use super::starts::{moments, start};
use crate::error::{QuantError, Result};

/// The law of the first state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartLaw {
    /// Its own parameters.
    Free,
    /// The stationary law of the chain.
    Stationary,
}

/// What is asked of a fit.
#[derive(Debug, Clone, Copy)]
pub struct FitPlan {
    /// Number of states.
    pub states: usize,
    /// Starts; the best end counts.
    pub restarts: usize,
    /// Steps of one climb.
    pub max_iter: usize,
    /// A climb ends when a step gains less log likelihood than this, per observation.
    pub tol: f64,
    /// Seed of the starts.
    pub seed: u64,
    /// Law of the first state.
    pub start: StartLaw,
    /// One variance for all states.
    pub common_variance: bool,
    /// Threads; the result does not depend on them.
    pub threads: usize,
}

/// The best model found.
#[derive(Debug, Clone)]
pub struct Fit {
    /// Its parameters, states by rising variance.
    pub model: Hmm,
    /// Log likelihood.
    pub loglik: f64,
    /// Whether its climb ended by itself.
    pub converged: bool,
    /// Steps of its climb.
    pub iterations: usize,
    /// Gain of the last step, per observation.
    pub residual: f64,
    /// Whether a state holds three observations a dimension or fewer, or a variance its floor.
    pub collapsed: bool,
    /// Log likelihoods of all starts.
    pub ends: Vec<f64>,
}

/// Fits a model; `from` is one more start.
///
/// # Errors
/// Fewer observations than twice the states, a constant column, a parameter outside its range, an
/// interruption.
pub fn fit(
    sample: &Sample,
    plan: FitPlan,
    from: Option<Hmm>,
    watch: &mut dyn FnMut(usize, usize) -> bool,
) -> Result<Fit> {
    let k = plan.states;
    if k == 0 || k > STATES_MAX {
        let problem = format!("is {k}, but must lie between 1 and {STATES_MAX}");
        return Err(QuantError::parameter("n_states", problem, "choose fewer"));
    }
    let needed = (2 * k).max(3);
    if sample.rows() < needed {
        return Err(QuantError::too_short("x", sample.rows(), needed));
    }
    let (_, variances) = moments(sample);
    for (column, variance) in variances.iter().enumerate() {
        let values = sample.values().iter().skip(column).step_by(sample.dims());
        let largest = values.fold(0.0_f64, |m, v| m.max(v.abs()));
        if variance.sqrt() <= 1e-14 * largest || *variance == 0.0 {
            let column = (sample.dims() > 1).then_some(column);
            return Err(QuantError::constant("x", column));
        }
    }
    let units = Units::of(sample);
    let scaled = sample.rescaled(&units.means, &units.spreads);
    let mut starts: Vec<Hmm> = from.iter().map(|model| units.enter(model)).collect();
    starts.extend((0..plan.restarts).map(|r| start(&scaled, k, r, plan.seed)));
    let ends = climbs(&scaled, starts, &plan, watch)?;
    let shift = units.log_volume() * sample.rows() as f64;
    let mut best = 0;
    for (at, end) in ends.iter().enumerate() {
        if end.loglik > ends[best].loglik {
            best = at;
        }
    }
    let few = 3.0 * sample.dims() as f64;
    let logliks = ends.iter().map(|end| end.loglik - shift).collect();
    let winner = &ends[best];
    Ok(Fit {
        model: units.leave(&winner.model).ordered(),
        loglik: winner.loglik - shift,
        converged: winner.converged,
        iterations: winner.iterations,
        residual: winner.residual,
        collapsed: winner.floored || winner.weight.iter().any(|w| *w <= few),
        ends: logliks,
    })
}

/// Centre and size of the columns: a climb runs on standard ones, so that neither matters.
struct Units {
    means: Vec<f64>,
    spreads: Vec<f64>,
}

impl Units {
    fn of(sample: &Sample) -> Self {
        let (means, variances) = moments(sample);
        Self {
            means,
            spreads: variances.iter().map(|v| v.sqrt()).collect(),
        }
    }

    fn log_volume(&self) -> f64 {
        self.spreads.iter().map(|s| libm::log(*s)).sum()
    }

    fn enter(&self, model: &Hmm) -> Hmm {
        let mut model = model.clone();
        let d = model.dims;
        for i in 0..model.means.len() {
            let (mean, spread) = (self.means[i % d], self.spreads[i % d]);
            model.means[i] = (model.means[i] - mean) / spread;
            model.variances[i] /= spread * spread;
        }
        model
    }

    fn leave(&self, model: &Hmm) -> Hmm {
        let mut model = model.clone();
        let d = model.dims;
        for i in 0..model.means.len() {
            let (mean, spread) = (self.means[i % d], self.spreads[i % d]);
            model.means[i] = mean + spread * model.means[i];
            model.variances[i] *= spread * spread;
        }
        model
    }
}

/// Climbs from all starts, in parallel; only this thread asks the caller whether to go on.
fn climbs(
    sample: &Sample,
    starts: Vec<Hmm>,
    plan: &FitPlan,
    watch: &mut dyn FnMut(usize, usize) -> bool,
) -> Result<Vec<Climb>> {
    let stop = AtomicBool::new(false);
    let total = starts.len();
    let mut ends = Vec::with_capacity(total);
    let mut queue = starts.into_iter();
    while ends.len() < total {
        let batch: Vec<Hmm> = queue.by_ref().take(plan.threads.max(1)).collect();
        let mut found: Vec<Option<Climb>> = std::thread::scope(|scope| {
            let stop = &stop;
            let mut models = batch.into_iter();
            let own = models.next();
            let others: Vec<_> = models
                .map(|model| {
                    let mut go_on = || !stop.load(Ordering::Relaxed);
                    scope.spawn(move || climb(sample, model, plan, &mut go_on))
                })
                .collect();
            let done = ends.len();
            let mut go_on = || {
                let on = watch(done, total);
                stop.fetch_or(!on, Ordering::Relaxed);
                on
            };
            let mut found = Vec::new();
            if let Some(model) = own {
                found.push(climb(sample, model, plan, &mut go_on));
            }
            for other in others {
                let climbed = other.join();
                found.push(climbed.unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
            found
        });
        for climbed in found.drain(..) {
            ends.push(climbed.ok_or(QuantError::Interrupted)?);
        }
    }
    Ok(ends)
}
