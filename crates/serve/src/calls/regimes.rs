//! Regimes of returns, and hidden Markov models.

use py_rt_quant::regimes::{self, FitPlan, Sample, StartLaw, STATES_MAX};

use super::{affordable, flat, matrix, real, whole, Watch};
use crate::proto::{
    DetectRegimeRequest, DetectRegimeResponse, Matrix, Regime, RunHmmRequest, RunHmmResponse,
};
use crate::refusal::Refusal;

const MOST_PROBABILITIES: u64 = 16_000_000;

fn plan(states: usize, seed: u64, threads: usize) -> FitPlan {
    FitPlan {
        states,
        restarts: 10,
        max_iter: 500,
        tol: 1e-8,
        seed,
        start: StartLaw::Free,
        one_variance: false,
        threads,
    }
}

/// Volatility regimes of returns, and which one rules at the end.
///
/// # Errors
/// NaN with its row, too few or constant returns, a number of regimes outside its range.
pub fn detect_regime(
    request: &DetectRegimeRequest,
    threads: usize,
    watch: Watch<'_>,
) -> Result<DetectRegimeResponse, Refusal> {
    let count = request.n_regimes.unwrap_or(3);
    let count = whole(count, "n_regimes", 1, STATES_MAX as u32)?;
    let named = |e| Refusal::from(e).renamed("x", "returns");
    let sample = Sample::try_new(request.returns.clone(), 1, Vec::new()).map_err(named)?;
    let plan = plan(count, request.seed.unwrap_or(0), threads);
    let found = regimes::fit(&sample, plan, None, watch).map_err(named)?;
    let (filtered, _) = found.model.filter(&sample).map_err(named)?;
    let last = filtered[filtered.len() - count..].to_vec();
    let model = &found.model;
    Ok(DetectRegimeResponse {
        current_regime: largest(&last) as u32,
        regime_probabilities: last,
        regimes: (0..count)
            .map(|k| Regime {
                mean: model.means[k],
                volatility: model.variances[k].sqrt(),
                persistence: model.transitions[k * count + k],
            })
            .collect(),
        loglik: found.loglik,
        converged: found.converged,
    })
}

/// The position of the first largest value.
fn largest(values: &[f64]) -> usize {
    let mut best = 0;
    for (at, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = at;
        }
    }
    best
}

/// A hidden Markov model with normal emissions, fitted.
///
/// # Errors
/// NaN with row and column, too few observations, a constant column, a parameter outside its range.
pub fn run_hmm(
    request: &RunHmmRequest,
    threads: usize,
    watch: Watch<'_>,
) -> Result<RunHmmResponse, Refusal> {
    let states = request.n_states.unwrap_or(2);
    let states = whole(states, "n_states", 1, STATES_MAX as u32)?;
    let empty = Matrix::default();
    let given = request.observations.as_ref().unwrap_or(&empty);
    let (rows, dims) = (given.rows as usize, given.columns as usize);
    matrix(given, "observations")?;
    affordable((rows * states) as u64, MOST_PROBABILITIES, "observations")?;
    let named = |e| Refusal::from(e).renamed("x", "observations");
    let sample = Sample::try_new(given.values.clone(), dims, Vec::new()).map_err(named)?;
    let plan = FitPlan {
        max_iter: whole(
            request.max_iterations.unwrap_or(500),
            "max_iterations",
            1,
            u32::MAX,
        )?,
        tol: real(
            request.tolerance.unwrap_or(1e-8),
            "tolerance",
            -1.0,
            f64::INFINITY,
        )?,
        restarts: whole(request.n_restarts.unwrap_or(10), "n_restarts", 1, 10_000)?,
        ..plan(states, request.seed.unwrap_or(0), threads)
    };
    let found = regimes::fit(&sample, plan, None, watch).map_err(named)?;
    let (filtered, _) = found.model.filter(&sample).map_err(named)?;
    let (path, _) = found.model.viterbi(&sample).map_err(named)?;
    let model = found.model;
    Ok(RunHmmResponse {
        start_probabilities: model.start,
        transition_matrix: Some(flat(states, states, model.transitions)),
        means: Some(flat(states, dims, model.means)),
        variances: Some(flat(states, dims, model.variances)),
        loglik: found.loglik,
        converged: found.converged,
        iterations: found.iterations as u32,
        filtered_probabilities: Some(flat(rows, states, filtered)),
        states: path.into_iter().map(u32::from).collect(),
    })
}
