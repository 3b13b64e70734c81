//! Convex quadratic programs of portfolio choice.
//!
//! minimise `w'Pw/2 + c'w + costs of trading` over bounds, linear rows, and limits on distances
//! (turnover, gross exposure). An interior point method ([`interior`]) that never sees the
//! auxiliary variables of trading as a dense block, then an exact solve on the constraints that
//! turned out to bind ([`polish`]). What cannot be satisfied is proved so by its own program
//! ([`feasible`]), which names the rows.

mod feasible;
mod interior;
mod polish;
mod standard;

use crate::error::{QuantError, Result};
use crate::linalg::Matrix;

pub use polish::Polished;
use standard::Standard;

/// `lower <= coefficients'w <= upper`.
#[derive(Debug, Clone)]
pub struct Row {
    /// What to call it in a message.
    pub name: String,
    /// One for each asset.
    pub coefficients: Vec<f64>,
    /// May be minus infinity.
    pub lower: f64,
    /// May be infinity; equal to `lower` for an equality.
    pub upper: f64,
}

/// Distances from given weights: what they cost, and how far they may go in all.
#[derive(Debug, Clone)]
pub struct Distance {
    /// What to call its limit in a message.
    pub name: String,
    /// The weights from which distances count.
    pub from: Vec<f64>,
    /// Cost of a unit more of each asset.
    pub buy: Vec<f64>,
    /// Cost of a unit less of each asset.
    pub sell: Vec<f64>,
    /// Largest sum of absolute distances; infinity for none.
    pub limit: f64,
}

/// A convex quadratic program over portfolio weights.
#[derive(Debug, Clone)]
pub struct Program<'a> {
    /// P, positive semidefinite.
    pub quadratic: &'a Matrix,
    /// c.
    pub linear: Vec<f64>,
    /// Least weights; may be minus infinity.
    pub lower: Vec<f64>,
    /// Largest weights; may be infinity.
    pub upper: Vec<f64>,
    /// Linear rows.
    pub rows: Vec<Row>,
    /// Distances.
    pub distances: Vec<Distance>,
}

/// A solution with its certificate.
#[derive(Debug, Clone)]
pub struct Solution {
    /// The weights.
    pub weights: Vec<f64>,
    /// Steps of the interior point method.
    pub iterations: usize,
    /// The largest violation of the optimality conditions, relative to the size of the problem.
    pub residual: f64,
    /// How the weights change with the linear term `-mu`, where the exact solve succeeded.
    pub polished: Option<Polished>,
}

/// What is accepted when the interior point method cannot go on.
const ACCEPTED: f64 = 1e-7;

impl Program<'_> {
    /// Solves the program.
    ///
    /// # Errors
    /// [`QuantError::Infeasible`] naming the rows that cannot hold together,
    /// [`QuantError::NotConverged`] with the residual.
    pub fn solve(&self) -> Result<Solution> {
        self.box_holds()?;
        let standard = Standard::new(self);
        let point = interior::solve(&standard);
        if point.residual > ACCEPTED {
            feasible::prove(self)?;
            return Err(QuantError::NotConverged {
                problem: "the quadratic program did not reach its optimum".into(),
                iterations: point.iterations,
                residual: point.residual,
            });
        }
        let (weights, polished, residual) = match polish::polish(self, &standard, &point) {
            Some(polished) => {
                let residual = polished.residual;
                (polished.weights.clone(), Some(polished), residual)
            }
            None => (self.clipped(&point.x), None, point.residual),
        };
        Ok(Solution {
            weights,
            iterations: point.iterations,
            residual,
            polished,
        })
    }

    /// Bounds that contradict each other, or a row that no point between them reaches.
    fn box_holds(&self) -> Result<()> {
        for (i, (l, u)) in self.lower.iter().zip(&self.upper).enumerate() {
            if l > u {
                return Err(QuantError::Infeasible {
                    problem: format!("bounds of asset {i}: {l} is above {u}"),
                    remedy: "exchange them",
                });
            }
        }
        for row in &self.rows {
            let (mut least, mut most) = (0.0, 0.0);
            for (i, a) in row
                .coefficients
                .iter()
                .enumerate()
                .filter(|(_, a)| **a != 0.0)
            {
                let ends = (a * self.lower[i], a * self.upper[i]);
                least += ends.0.min(ends.1);
                most += ends.0.max(ends.1);
            }
            let slack = 1e-12 * (1.0 + least.abs().min(most.abs()));
            if least > row.upper + slack || most < row.lower - slack {
                return Err(QuantError::Infeasible {
                    problem: format!(
                        "{}: between {least} and {most} within the bounds, must be in [{}, {}]",
                        row.name, row.lower, row.upper
                    ),
                    remedy: "widen the bounds or the row",
                });
            }
        }
        Ok(())
    }

    fn clipped(&self, x: &[f64]) -> Vec<f64> {
        let ends = self.lower.iter().zip(&self.upper);
        x.iter()
            .zip(ends)
            .map(|(v, (l, u))| v.max(*l).min(*u))
            .collect()
    }
}
