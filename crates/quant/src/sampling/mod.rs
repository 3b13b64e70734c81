//! Markov chain Monte Carlo, and how far its draws can be trusted.
//!
//! - [`sample`]: random walk (fixed or adapted) and the no-U-turn sampler.
//! - [`diagnostics`]: rank-normalised split R-hat, bulk and tail effective sample size, error of
//!   the mean (Vehtari et al. 2021).

pub mod diagnostics;
mod nuts;
mod walk;

use crate::error::{QuantError, Result};
use crate::random::Random;

/// Which sampler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Random walk with the proposal of the caller.
    Walk,
    /// Random walk whose covariance and size are learnt while burning in (Haario et al. 2001).
    Adaptive,
    /// No-U-turn sampler with dual averaging and a diagonal metric (Hoffman and Gelman 2014;
    /// multinomial as in Betancourt 2017).
    Nuts,
}

/// A log density; it may end the run by an error.
pub trait Density {
    /// Log density at a point, up to a constant; NaN and -infinity refuse it.
    ///
    /// # Errors
    /// Whatever ends the run.
    fn log_density(&mut self, x: &[f64]) -> Result<f64>;

    /// Its gradient; by central differences unless something better is known.
    ///
    /// # Errors
    /// Whatever ends the run.
    fn gradient(&mut self, x: &[f64], gradient: &mut [f64]) -> Result<()> {
        let mut moved = x.to_vec();
        for i in 0..x.len() {
            let step = 6e-6 * x[i].abs().max(1.0);
            moved[i] = x[i] + step;
            let above = self.log_density(&moved)?;
            moved[i] = x[i] - step;
            let below = self.log_density(&moved)?;
            moved[i] = x[i];
            gradient[i] = (above - below) / (2.0 * step);
        }
        Ok(())
    }
}

/// What is asked of a run.
#[derive(Debug, Clone)]
pub struct SamplePlan {
    /// The sampler.
    pub method: Method,
    /// Draws of a chain that are kept.
    pub draws: usize,
    /// Draws of a chain before them.
    pub burn_in: usize,
    /// Seed; every chain has a stream of its own.
    pub seed: u64,
    /// Standard deviations of the proposal, or their first guess.
    pub scale: Vec<f64>,
}

/// One chain.
#[derive(Debug, Clone, PartialEq)]
pub struct Chain {
    /// Kept draws, one after the other.
    pub draws: Vec<f64>,
    /// Share of proposals accepted (NUTS: mean acceptance statistic) after burning in.
    pub acceptance: f64,
    /// Trajectories that left the level set (NUTS).
    pub divergences: usize,
}

/// Runs one chain from `start`.
///
/// # Errors
/// A start without density, or an error of the density.
pub fn sample(
    density: &mut dyn Density,
    start: &[f64],
    plan: &SamplePlan,
    chain: usize,
) -> Result<Chain> {
    let value = density.log_density(start)?;
    if !value.is_finite() {
        let problem = format!("of chain {chain} has log density {value}");
        let remedy = "start where the density is positive";
        return Err(QuantError::parameter("x0", problem, remedy));
    }
    let random = Random::new(plan.seed, chain as u64);
    match plan.method {
        Method::Walk => walk::run(density, (start, value), plan, random, false),
        Method::Adaptive => walk::run(density, (start, value), plan, random, true),
        Method::Nuts => nuts::run(density, (start, value), plan, random),
    }
}
