//! The portfolio with the largest ratio of net excess return to risk, under any constraints.
//!
//! It lies on the frontier: it maximises `t N(w) - V(w)/2` for t = V/N at itself (N net excess
//! return, V variance). On the constraints that bind, w moves linearly in t and the best t has a
//! closed form; so a handful of quadratic programs end exactly on it.

use super::program::Solution;
use super::{Constraints, Universe};
use crate::error::{QuantError, Result};
use crate::linalg::lanes::{axpy, dot};
use crate::linalg::product;

const STEPS: usize = 60;

/// Finds the weights; also the iterations and the residual.
pub(super) fn largest(
    universe: &Universe,
    q: &[f64],
    constraints: &Constraints,
) -> Result<(Vec<f64>, usize, f64)> {
    let mut search = Search {
        universe,
        q,
        constraints,
        iterations: 0,
    };
    let (mut t, most) = search.start()?;
    let (mut low, mut high) = (0.0_f64, f64::INFINITY);
    let mut moved = f64::INFINITY;
    for _ in 0..STEPS {
        let solution = search.solve(t)?;
        let (net, variance) = search.figures(&solution.weights)?;
        if net <= 0.0 {
            low = low.max(t);
            t = if high.is_finite() {
                0.5 * (low + high)
            } else {
                8.0 * t
            };
            if t > most {
                return Err(nothing());
            }
            continue;
        }
        let fixed = variance / net;
        if fixed > t {
            low = low.max(t);
        } else {
            high = high.min(t);
        }
        let (step, direction) = search.step(t, &solution, (net, variance));
        let next = t + step;
        moved = (next - t).abs() / t;
        if moved <= 1e-9 {
            let mut weights = solution.weights;
            if let Some(direction) = direction {
                axpy(step, &direction, &mut weights);
            }
            return Ok((weights, search.iterations, solution.residual.max(moved)));
        }
        t = if next > low && next < high {
            next.min(10.0 * t)
        } else if high.is_finite() && low > 0.0 {
            (low * high).sqrt()
        } else {
            fixed.min(10.0 * t)
        };
    }
    Err(QuantError::NotConverged {
        problem: "the largest ratio was not found".into(),
        iterations: search.iterations,
        residual: moved,
    })
}

fn nothing() -> QuantError {
    QuantError::Infeasible {
        problem: "no allowed portfolio earns more than the risk-free rate".into(),
        remedy: "choose min_variance, or check mean and risk_free",
    }
}

struct Search<'a> {
    universe: &'a Universe,
    q: &'a [f64],
    constraints: &'a Constraints,
    iterations: usize,
}

impl Search<'_> {
    /// A first t, and one beyond which the weights no longer change.
    fn start(&mut self) -> Result<(f64, f64)> {
        let least = self.solve(0.0)?;
        let (net, variance) = self.figures(&least.weights)?;
        let deviations = self.universe.deviations();
        if self.universe.is_riskless(&least.weights, variance.sqrt()) {
            return Err(QuantError::Degenerate(crate::error::Fault::new(
                "cov",
                "an allowed portfolio has no risk at all, so ratios have no maximum",
                "leave one of the assets out, or shrink the covariance",
            )));
        }
        let size = self.q.iter().fold(0.0_f64, |m, q| m.max(q.abs()));
        if size == 0.0 {
            return Err(nothing());
        }
        let largest = deviations.iter().fold(0.0_f64, |m, d| m.max(d * d));
        Ok((
            variance / if net > 0.0 { net } else { size },
            1e9 * largest / size,
        ))
    }

    fn solve(&mut self, t: f64) -> Result<Solution> {
        let linear = self.q.iter().map(|q| -t * q).collect();
        let mean = self.universe.mean();
        let program = self
            .constraints
            .program(self.universe.cov(), linear, mean, t);
        let solution = program.solve()?;
        self.iterations += solution.iterations;
        Ok(solution)
    }

    fn figures(&self, weights: &[f64]) -> Result<(f64, f64)> {
        let (variance, _) = self.universe.variance(weights)?;
        let (costs, _) = self.constraints.costs(weights);
        Ok((dot(self.q, weights) - costs, variance))
    }

    /// The change of t that makes the ratio stationary, and dw/dt.
    fn step(
        &self,
        t: f64,
        solution: &Solution,
        (net, variance): (f64, f64),
    ) -> (f64, Option<Vec<f64>>) {
        let plain = (variance / net - t, None);
        let (_, marginal) = self.constraints.costs(&solution.weights);
        let gain: Vec<f64> = self.q.iter().zip(marginal).map(|(q, m)| q - m).collect();
        let polished = solution.polished.as_ref();
        let Some(direction) = polished.and_then(|p| p.slope(&gain)) else {
            return plain;
        };
        let marginal = product::apply(self.universe.cov(), &direction);
        let (n1, v1, v2) = (
            dot(&gain, &direction),
            dot(&solution.weights, &marginal),
            dot(&direction, &marginal),
        );
        let below = net * v2 - n1 * v1;
        let step = (n1 * variance - net * v1) / below;
        // At a corner nothing moves, and the direction is rounding.
        let still = v2 * t * t <= 1e-18 * variance;
        if still || below <= 0.0 || !step.is_finite() {
            return plain;
        }
        (step, Some(direction))
    }
}
