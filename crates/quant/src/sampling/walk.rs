//! Random walk Metropolis, with a fixed or a learnt proposal.

use super::{Chain, Density, SamplePlan};
use crate::error::Result;
use crate::linalg::{Cholesky, Matrix};
use crate::random::Random;

/// Acceptance that is best for one dimension, and for many.
const TARGETS: (f64, f64) = (0.44, 0.234);

/// A normal proposal: a factor of its covariance, and a size.
struct Proposal {
    factor: Matrix,
    log_size: f64,
    mean: Vec<f64>,
    covariance: Matrix,
    seen: usize,
}

impl Proposal {
    fn new(scale: &[f64], start: &[f64]) -> Self {
        let d = scale.len();
        let mut factor = Matrix::zeros(d, d);
        let mut covariance = Matrix::zeros(d, d);
        for (i, s) in scale.iter().enumerate() {
            factor.set(i, i, *s);
            covariance.set(i, i, s * s);
        }
        Self {
            factor,
            log_size: 0.0,
            mean: start.to_vec(),
            covariance,
            seen: 1,
        }
    }

    fn draw(&self, from: &[f64], random: &mut Random) -> Vec<f64> {
        let size = libm::exp(self.log_size);
        let noise: Vec<f64> = from.iter().map(|_| size * random.normal()).collect();
        (0..from.len())
            .map(|i| {
                let along: f64 = (0..=i).map(|j| self.factor.at(i, j) * noise[j]).sum();
                from[i] + along
            })
            .collect()
    }

    /// Learns of a state and of how its proposal was received; by ever smaller steps.
    fn learn(&mut self, state: &[f64], accepted: f64, step: usize) {
        let d = state.len();
        let target = if d == 1 { TARGETS.0 } else { TARGETS.1 };
        self.log_size += (accepted - target) / (step as f64 + 1.0).powf(0.6);
        self.seen += 1;
        let weight = 1.0 / self.seen as f64;
        let apart: Vec<f64> = state.iter().zip(&self.mean).map(|(x, m)| x - m).collect();
        for (mean, apart) in self.mean.iter_mut().zip(&apart) {
            *mean += weight * apart;
        }
        for j in 0..d {
            for i in 0..d {
                let old = self.covariance.at(i, j);
                let new = (1.0 - weight) * (apart[i] * apart[j]);
                self.covariance.set(i, j, old + weight * (new - old));
            }
        }
        // A factor now and then: early ones rest on too few states.
        if self.seen >= 20 * d && self.seen % (10 * d) == 0 {
            let mut ridged = self.covariance.clone();
            for i in 0..d {
                ridged.set(i, i, self.covariance.at(i, i) * (1.0 + 1e-9) + 1e-300);
            }
            if let Ok(factor) = Cholesky::try_new(&ridged) {
                if self.seen < 30 * d {
                    // The size was in units of the first guess.
                    self.log_size = libm::log(2.38 / (d as f64).sqrt());
                }
                self.factor = factor.factor().clone();
            }
        }
    }
}

pub(super) fn run(
    density: &mut dyn Density,
    (start, value): (&[f64], f64),
    plan: &SamplePlan,
    mut random: Random,
    adaptive: bool,
) -> Result<Chain> {
    let mut proposal = Proposal::new(&plan.scale, start);
    let (mut state, mut value) = (start.to_vec(), value);
    let mut draws = Vec::with_capacity(plan.draws * state.len());
    let mut accepted = 0_usize;
    for step in 0..plan.burn_in + plan.draws {
        let candidate = proposal.draw(&state, &mut random);
        let new = density.log_density(&candidate)?;
        let ratio = if new.is_nan() {
            0.0
        } else {
            libm::exp((new - value).min(0.0))
        };
        let taken = random.uniform() < ratio;
        if taken {
            (state, value) = (candidate, new);
        }
        if step < plan.burn_in {
            if adaptive {
                proposal.learn(&state, ratio, step);
            }
        } else {
            accepted += usize::from(taken);
            draws.extend_from_slice(&state);
        }
    }
    Ok(Chain {
        draws,
        acceptance: accepted as f64 / plan.draws as f64,
        divergences: 0,
    })
}
