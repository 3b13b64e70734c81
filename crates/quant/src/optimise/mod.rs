//! Minima without derivatives, deterministic for a seed.
//!
//! - [`differential_evolution`]: Storn and Price 1997; L-SHADE (Tanabe and Fukunaga 2014).
//! - [`genetic`]: tournaments, simulated binary crossover, polynomial mutation (Deb), elitism.

mod evolution;
mod genetic;

pub use evolution::{differential_evolution, Strategy};
pub use genetic::genetic;

use crate::error::{QuantError, Result};
use crate::random::Random;

/// The function to be made small; it may end the run by an error. NaN counts as the worst value.
pub type Objective<'a> = &'a mut dyn FnMut(&[f64]) -> Result<f64>;

/// What is asked of a run.
#[derive(Debug, Clone)]
pub struct SearchPlan {
    /// Lower and upper end of every coordinate.
    pub bounds: Vec<(f64, f64)>,
    /// Members of the population.
    pub population: usize,
    /// Generations at most.
    pub generations: usize,
    /// Evaluations at most.
    pub evaluations: usize,
    /// The run converges when the values of the population spread less than this, relatively.
    pub tol: f64,
    /// Seed.
    pub seed: u64,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The best point.
    pub x: Vec<f64>,
    /// Its value.
    pub value: f64,
    /// Evaluations made.
    pub evaluations: usize,
    /// Generations made.
    pub iterations: usize,
    /// Whether the population came together.
    pub converged: bool,
    /// Its last spread over the tolerated one.
    pub residual: f64,
    /// The best value after every generation.
    pub history: Vec<f64>,
}

impl SearchPlan {
    /// Checks ranges.
    ///
    /// # Errors
    /// [`QuantError::Parameter`] naming what is wrong.
    pub fn checked(&self) -> Result<()> {
        let good = |(low, high): &(f64, f64)| low.is_finite() && high.is_finite() && low <= high;
        if self.bounds.is_empty() || !self.bounds.iter().all(good) {
            let problem = "are empty, not finite, or the wrong way round";
            return Err(QuantError::parameter(
                "bounds",
                problem,
                "give (low, high) pairs",
            ));
        }
        if self.population < 4 {
            let problem = format!("is {}, but must be at least 4", self.population);
            return Err(QuantError::parameter(
                "population",
                problem,
                "take more members",
            ));
        }
        Ok(())
    }
}

/// A population with its values, and the bookkeeping of a run.
pub(crate) struct Swarm<'a> {
    objective: Objective<'a>,
    pub plan: &'a SearchPlan,
    pub members: Vec<Vec<f64>>,
    pub values: Vec<f64>,
    pub evaluations: usize,
    pub history: Vec<f64>,
}

impl<'a> Swarm<'a> {
    /// A Latin hypercube over the bounds, evaluated.
    pub(crate) fn new(
        objective: Objective<'a>,
        plan: &'a SearchPlan,
        random: &mut Random,
    ) -> Result<Self> {
        plan.checked()?;
        let size = plan.population;
        let mut members = vec![vec![0.0; plan.bounds.len()]; size];
        for (i, (low, high)) in plan.bounds.iter().enumerate() {
            let mut cells: Vec<usize> = (0..size).collect();
            random.shuffle(&mut cells);
            for (member, cell) in members.iter_mut().zip(cells) {
                let share = (cell as f64 + random.uniform()) / size as f64;
                member[i] = low + share * (high - low);
            }
        }
        let mut swarm = Self {
            objective,
            plan,
            members: Vec::new(),
            values: Vec::new(),
            evaluations: 0,
            history: Vec::new(),
        };
        for member in members {
            if swarm.spent() && !swarm.members.is_empty() {
                break;
            }
            let value = swarm.evaluate(&member)?;
            swarm.members.push(member);
            swarm.values.push(value);
        }
        Ok(swarm)
    }

    pub(crate) fn evaluate(&mut self, x: &[f64]) -> Result<f64> {
        self.evaluations += 1;
        let value = (self.objective)(x)?;
        Ok(if value.is_nan() { f64::INFINITY } else { value })
    }

    pub(crate) fn spent(&self) -> bool {
        self.evaluations >= self.plan.evaluations
    }

    /// The first of the best.
    pub(crate) fn best(&self) -> usize {
        let mut best = 0;
        for (at, value) in self.values.iter().enumerate() {
            if *value < self.values[best] {
                best = at;
            }
        }
        best
    }

    /// Spread of the values over what is tolerated; small when the population came together.
    pub(crate) fn spread(&self) -> f64 {
        if self.values.iter().any(|v| !v.is_finite()) {
            return f64::INFINITY;
        }
        let spread = crate::linalg::lanes::variance(&self.values, 0).sqrt();
        spread / (self.plan.tol * crate::linalg::lanes::mean(&self.values).abs() + 1e-12)
    }

    pub(crate) fn finish(self) -> Found {
        let (best, residual) = (self.best(), self.spread());
        Found {
            x: self.members[best].clone(),
            value: self.values[best],
            evaluations: self.evaluations,
            iterations: self.history.len(),
            converged: residual <= 1.0,
            residual,
            history: self.history,
        }
    }
}

/// Brings a coordinate back between its bounds by reflection.
pub(crate) fn reflected(x: f64, (low, high): (f64, f64)) -> f64 {
    let width = high - low;
    if width <= 0.0 || !x.is_finite() {
        return low;
    }
    let turns = (x - low).rem_euclid(2.0 * width);
    low + if turns > width {
        2.0 * width - turns
    } else {
        turns
    }
}
