//! Draws from the posterior of a model, with uniform priors.

use py_rt_quant::random::Random;
use py_rt_quant::sampling::diagnostics::diagnose;
use py_rt_quant::sampling::{self, Density, Method, SamplePlan};
use py_rt_quant::QuantError;

use super::models::Model;
use super::{affordable, moments, whole, Watch};
use crate::proto::{ParameterPosterior, ParameterRange, RunMcmcRequest, RunMcmcResponse};
use crate::refusal::Refusal;

const MOST_NUMBERS: u64 = 8_000_000;
/// Looks for a place where a chain can start.
const TRIES: usize = 10_000;
/// Evaluations between two looks whether anybody still waits.
const PATIENCE: usize = 64;
/// The stream of starts lies beyond those of the chains.
const STARTS: u64 = 1 << 32;

/// The density that is sampled: the likelihood within the box of the priors.
struct Posterior<'a, 'w> {
    model: Model,
    data: &'a [f64],
    /// Where each parameter of the model stands in a draw; absent ones are 0.
    places: Vec<Option<usize>>,
    ranges: &'a [ParameterRange],
    scratch: Vec<f64>,
    evaluations: usize,
    progress: (usize, usize),
    watch: Watch<'w>,
}

impl Density for Posterior<'_, '_> {
    fn log_density(&mut self, x: &[f64]) -> Result<f64, QuantError> {
        self.evaluations += 1;
        if self.evaluations.is_multiple_of(PATIENCE)
            && !(self.watch)(self.progress.0, self.progress.1)
        {
            return Err(QuantError::Interrupted);
        }
        let mut bounds = x.iter().zip(self.ranges);
        if bounds.any(|(value, range)| !(range.lower..=range.upper).contains(value)) {
            return Ok(f64::NEG_INFINITY);
        }
        for (slot, place) in self.scratch.iter_mut().zip(&self.places) {
            *slot = place.map_or(0.0, |at| x[at]);
        }
        Ok(self.model.loglik(&self.scratch, self.data))
    }
}

/// Draws from the posterior of a model by name.
///
/// # Errors
/// NaN with its row, too few data, an unknown model or parameter, a range that is none, ranges
/// without any point of the support.
pub fn run_mcmc(request: &RunMcmcRequest, watch: Watch<'_>) -> Result<RunMcmcResponse, Refusal> {
    let model = Model::named(&request.model)?;
    py_rt_quant::error::checked("data", &request.data, 4)?;
    let ranges = &request.parameters;
    let places = places(model, ranges)?;
    let dim = ranges.len();
    let draws = whole(request.n_samples.unwrap_or(2000), "n_samples", 4, u32::MAX)?;
    let burn_in = whole(request.burn_in.unwrap_or(1000), "burn_in", 0, u32::MAX)?;
    let chains = whole(request.chains.unwrap_or(4), "chains", 1, 1000)?;
    let size = (draws as u64).saturating_mul((chains * dim) as u64);
    affordable(size, MOST_NUMBERS, "n_samples")?;
    let widths = ranges.iter().map(|r| r.upper - r.lower);
    let plan = SamplePlan {
        method: Method::Adaptive,
        draws,
        burn_in,
        seed: request.seed.unwrap_or(0),
        scale: widths.map(|w| 0.1 * w / (dim as f64).sqrt()).collect(),
    };
    let mut density = Posterior {
        model,
        data: &request.data,
        scratch: vec![0.0; places.len()],
        places,
        ranges,
        evaluations: 0,
        progress: (0, chains),
        watch,
    };
    let (mut samples, mut accepted) = (Vec::with_capacity(size as usize), 0.0);
    for chain in 0..chains {
        density.progress.0 = chain;
        let start = start(&mut density, plan.seed, chain)?;
        let found = sampling::sample(&mut density, &start, &plan, chain)?;
        samples.extend_from_slice(&found.draws);
        accepted += found.acceptance;
    }
    Ok(judged(
        ranges,
        samples,
        (chains, draws),
        accepted / chains as f64,
    ))
}

fn places(model: Model, ranges: &[ParameterRange]) -> Result<Vec<Option<usize>>, Refusal> {
    let known = model.parameters();
    let wrong = |what: String, remedy: &str| Err(Refusal::parameter("parameters", what, remedy));
    for (at, range) in ranges.iter().enumerate() {
        let name = range.name.as_str();
        if !known.contains(&name) {
            let what = format!("{name:?} is no parameter of the model");
            return wrong(what, &format!("known are {}", known.join(", ")));
        }
        if ranges[..at].iter().any(|other| other.name == name) {
            return wrong(format!("{name} is named twice"), "name each once");
        }
        let (low, high) = (range.lower, range.upper);
        if !(low.is_finite() && high.is_finite() && low < high) {
            let what = format!("the range of {name} is ({low}, {high})");
            return wrong(what, "pass a finite lower end below a finite upper end");
        }
    }
    let place = |name: &&str| ranges.iter().position(|range| range.name == *name);
    let places: Vec<_> = known.iter().map(place).collect();
    let missing = known.iter().zip(&places);
    let mut missing = missing.filter(|(name, at)| at.is_none() && !model.is_optional(name));
    match missing.next() {
        Some((name, _)) => wrong(
            format!("{name} has no range"),
            "pass {name: (lower, upper)}",
        ),
        None => Ok(places),
    }
}

/// A place in the support, drawn from the prior.
fn start(density: &mut Posterior<'_, '_>, seed: u64, chain: usize) -> Result<Vec<f64>, Refusal> {
    let mut random = Random::new(seed, STARTS + chain as u64);
    for _ in 0..TRIES {
        let ranges = density.ranges.iter();
        let x: Vec<f64> = ranges
            .map(|r| r.lower + (r.upper - r.lower) * random.open_uniform())
            .collect();
        if density.log_density(&x)?.is_finite() {
            return Ok(x);
        }
    }
    Err(Refusal::new(
        "infeasible",
        "no point of these ranges belongs to the model",
        "move the ranges: sigma, omega and theta are positive, alpha + beta is below 1",
    ))
}

fn judged(
    ranges: &[ParameterRange],
    samples: Vec<f64>,
    (chains, draws): (usize, usize),
    acceptance_rate: f64,
) -> RunMcmcResponse {
    let dim = ranges.len();
    let column = |j: usize| -> Vec<Vec<f64>> {
        let chain = |c: usize| samples[c * draws * dim..(c + 1) * draws * dim].chunks_exact(dim);
        (0..chains)
            .map(|c| chain(c).map(|draw| draw[j]).collect())
            .collect()
    };
    let judge = |(j, range): (usize, &ParameterRange)| {
        let of_chains = column(j);
        let found = diagnose(&of_chains);
        let (mean, std) = moments(&of_chains.concat());
        ParameterPosterior {
            name: range.name.clone(),
            mean,
            std,
            rhat: found.rhat,
            ess_bulk: found.ess_bulk,
            ess_tail: found.ess_tail,
            mcse: found.mcse,
        }
    };
    let posteriors: Vec<ParameterPosterior> = ranges.iter().enumerate().map(judge).collect();
    let enough = 100.0 * chains as f64;
    let good = |p: &ParameterPosterior| p.rhat < 1.01 && p.ess_bulk.min(p.ess_tail) >= enough;
    RunMcmcResponse {
        converged: posteriors.iter().all(good),
        posteriors,
        samples,
        chains: chains as u32,
        draws: draws as u32,
        acceptance_rate,
    }
}
