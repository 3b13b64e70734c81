//! What weights may be.

use super::program::{Distance, Program, Row};
use crate::error::{QuantError, Result};
use crate::linalg::Matrix;

/// Assets whose weights add up to something between two numbers.
#[derive(Debug, Clone)]
pub struct Group {
    /// What to call it in a message.
    pub name: String,
    /// The assets, by index.
    pub members: Vec<usize>,
    /// Least sum.
    pub lower: f64,
    /// Largest sum.
    pub upper: f64,
}

/// Bounds, sums, and what trading costs and may amount to.
#[derive(Debug, Clone)]
pub struct Constraints {
    /// Least weights; minus infinity for none.
    pub lower: Vec<f64>,
    /// Largest weights; infinity for none.
    pub upper: Vec<f64>,
    /// Least and largest sum of all weights.
    pub budget: (f64, f64),
    /// Sums of some weights.
    pub groups: Vec<Group>,
    /// Least expected return; minus infinity for none.
    pub least_return: f64,
    /// Largest sum of absolute weights; infinity for none.
    pub gross: f64,
    /// The weights held now, from which trading counts.
    pub previous: Option<Vec<f64>>,
    /// Largest sum of absolute changes; infinity for none.
    pub turnover: f64,
    /// What a unit bought costs, per asset.
    pub buy: Vec<f64>,
    /// What a unit sold costs, per asset.
    pub sell: Vec<f64>,
}

impl Constraints {
    /// Weights of `n` assets between zero and one that add up to one.
    #[must_use]
    pub fn long_only(n: usize) -> Self {
        Self {
            lower: vec![0.0; n],
            upper: vec![1.0; n],
            budget: (1.0, 1.0),
            groups: Vec::new(),
            least_return: f64::NEG_INFINITY,
            gross: f64::INFINITY,
            previous: None,
            turnover: f64::INFINITY,
            buy: vec![0.0; n],
            sell: vec![0.0; n],
        }
    }

    /// Nothing but weights from zero on that add up to one: upper bounds hold by themselves.
    #[must_use]
    pub fn is_simplex(&self) -> bool {
        self.lower.iter().all(|l| *l == 0.0)
            && self.upper.iter().all(|u| *u >= 1.0)
            && self.budget == (1.0, 1.0)
            && self.is_plain()
    }

    /// No groups, no limits, no trading.
    fn is_plain(&self) -> bool {
        self.groups.is_empty()
            && self.least_return == f64::NEG_INFINITY
            && self.gross == f64::INFINITY
            && !self.trades()
    }

    /// Trading is limited or costs something.
    #[must_use]
    pub fn trades(&self) -> bool {
        self.previous.is_some() && (self.turnover.is_finite() || self.is_costly())
    }

    fn is_costly(&self) -> bool {
        self.buy.iter().chain(&self.sell).any(|c| *c > 0.0)
    }

    /// Checks sizes and signs for `n` assets.
    ///
    /// # Errors
    /// [`QuantError::Parameter`] naming what is wrong.
    pub fn check(&self, n: usize) -> Result<()> {
        let sizes = [
            ("bounds", self.lower.len()),
            ("bounds", self.upper.len()),
            ("costs", self.buy.len()),
            ("costs", self.sell.len()),
            ("previous", self.previous.as_ref().map_or(n, Vec::len)),
        ];
        for (name, size) in sizes {
            if size != n {
                let problem = format!("has {size} entries for {n} assets");
                return Err(QuantError::parameter(name, problem, "pass one an asset"));
            }
        }
        if self
            .buy
            .iter()
            .chain(&self.sell)
            .any(|c| !c.is_finite() || *c < 0.0)
        {
            return Err(QuantError::parameter(
                "costs",
                "must not be negative",
                "pass zero or more",
            ));
        }
        let needs_previous = self.turnover.is_finite() || self.is_costly();
        if needs_previous && self.previous.is_none() {
            let problem = "is missing, but turnover or costs count from it";
            return Err(QuantError::parameter(
                "previous",
                problem,
                "pass the weights held now",
            ));
        }
        for group in &self.groups {
            if let Some(i) = group.members.iter().find(|i| **i >= n) {
                let problem = format!("name asset {i} of {n}");
                return Err(QuantError::parameter("groups", problem, "number from 0"));
            }
        }
        Ok(())
    }

    /// The program with quadratic `p`, linear `c` and trading costs times `weight`.
    pub(super) fn program<'a>(
        &self,
        p: &'a Matrix,
        c: Vec<f64>,
        mean: Option<&[f64]>,
        weight: f64,
    ) -> Program<'a> {
        let n = c.len();
        let row = |name: &str, coefficients: Vec<f64>, (lower, upper): (f64, f64)| Row {
            name: name.into(),
            coefficients,
            lower,
            upper,
        };
        let mut rows = Vec::new();
        if self.budget.0.is_finite() || self.budget.1.is_finite() {
            rows.push(row("budget", vec![1.0; n], self.budget));
        }
        for group in &self.groups {
            let mut members = vec![0.0; n];
            group.members.iter().for_each(|i| members[*i] = 1.0);
            rows.push(row(&group.name, members, (group.lower, group.upper)));
        }
        if let (Some(mean), true) = (mean, self.least_return.is_finite()) {
            rows.push(row(
                "target_return",
                mean.to_vec(),
                (self.least_return, f64::INFINITY),
            ));
        }
        let mut distances = Vec::new();
        let times = |costs: &[f64]| costs.iter().map(|c| c * weight).collect();
        if let (Some(from), true) = (&self.previous, self.trades()) {
            distances.push(Distance {
                name: "turnover".into(),
                from: from.clone(),
                buy: times(&self.buy),
                sell: times(&self.sell),
                limit: self.turnover,
            });
        }
        if self.gross.is_finite() {
            distances.push(Distance {
                name: "gross".into(),
                from: vec![0.0; n],
                buy: vec![0.0; n],
                sell: vec![0.0; n],
                limit: self.gross,
            });
        }
        Program {
            quadratic: p,
            linear: c,
            lower: self.lower.clone(),
            upper: self.upper.clone(),
            rows,
            distances,
        }
    }

    /// What it costs to go to `weights`, and what one unit more of each costs there.
    pub(super) fn costs(&self, weights: &[f64]) -> (f64, Vec<f64>) {
        let mut marginal = vec![0.0; weights.len()];
        let mut total = 0.0;
        let Some(from) = self.previous.as_ref().filter(|_| self.trades()) else {
            return (total, marginal);
        };
        for i in 0..weights.len() {
            let away = weights[i] - from[i];
            marginal[i] = if away > 0.0 {
                self.buy[i]
            } else if away < 0.0 {
                -self.sell[i]
            } else {
                0.0
            };
            total += away * marginal[i];
        }
        (total, marginal)
    }

    /// Checks weights that were not made with the constraints in mind.
    ///
    /// # Errors
    /// [`QuantError::Infeasible`] naming the first constraint that they break.
    pub(super) fn admit(&self, weights: &[f64], method: &str) -> Result<()> {
        let broken = |what: String| QuantError::Infeasible {
            problem: format!("{method} has one answer, and it breaks {what}"),
            remedy: "drop the constraint, or choose another method",
        };
        for (i, w) in weights.iter().enumerate() {
            if *w < self.lower[i] - 1e-12 || *w > self.upper[i] + 1e-12 {
                let (l, u) = (self.lower[i], self.upper[i]);
                return Err(broken(format!("the bounds [{l}, {u}] of asset {i} ({w})")));
            }
        }
        let sum: f64 = weights.iter().sum();
        if sum < self.budget.0 - 1e-9 || sum > self.budget.1 + 1e-9 {
            return Err(broken(format!("the budget ({sum})")));
        }
        if self.is_plain() {
            return Ok(());
        }
        Err(broken(
            "groups, limits or costs, which it cannot heed".into(),
        ))
    }
}
