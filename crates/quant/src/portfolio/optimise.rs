//! Every method behind one door.

use super::hierarchical::Tree;
use super::{budgeting, hierarchical, long_only, ratio, Constraints, Universe};
use crate::error::{Fault, QuantError, Result};
use crate::linalg::lanes::dot;

/// How weights are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Largest expected return less half the risk aversion times the variance.
    Markowitz,
    /// Largest ratio of excess return to volatility.
    MaxSharpe,
    /// Least variance.
    MinVariance,
    /// Given shares of risk.
    RiskParity,
    /// The same weight for all.
    EqualWeight,
    /// Hierarchical risk parity.
    Hierarchical,
    /// Largest ratio of weighted volatility to volatility.
    MaxDiversification,
}

impl Method {
    /// The method of a name.
    ///
    /// # Errors
    /// [`QuantError::Parameter`] when there is none.
    pub fn parse(name: &str) -> Result<Self> {
        Ok(match name {
            "markowitz" => Self::Markowitz,
            "max_sharpe" => Self::MaxSharpe,
            "min_variance" => Self::MinVariance,
            "risk_parity" => Self::RiskParity,
            "equal_weight" => Self::EqualWeight,
            "hrp" => Self::Hierarchical,
            "max_diversification" => Self::MaxDiversification,
            _ => {
                let remedy = "choose markowitz, max_sharpe, min_variance, risk_parity, \
                              equal_weight, hrp or max_diversification";
                return Err(QuantError::parameter(
                    "method",
                    format!("is {name:?}"),
                    remedy,
                ));
            }
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Markowitz => "markowitz",
            Self::MaxSharpe => "max_sharpe",
            Self::MinVariance => "min_variance",
            Self::RiskParity => "risk_parity",
            Self::EqualWeight => "equal_weight",
            Self::Hierarchical => "hrp",
            Self::MaxDiversification => "max_diversification",
        }
    }
}

/// What is wanted of the weights.
#[derive(Debug, Clone)]
pub struct Objective {
    /// How they are chosen.
    pub method: Method,
    /// Of Markowitz: how much variance counts against return.
    pub risk_aversion: f64,
    /// Rate of return without risk, for the period of the mean.
    pub risk_free: f64,
    /// Of risk parity: the shares of risk, equal when absent.
    pub budgets: Option<Vec<f64>>,
}

/// Weights and what they mean.
#[derive(Debug, Clone)]
pub struct Portfolio {
    /// The weights.
    pub weights: Vec<f64>,
    /// Expected return, where means are known.
    pub expected_return: Option<f64>,
    /// Standard deviation.
    pub volatility: f64,
    /// Excess return over volatility, where means are known and there is a volatility.
    pub sharpe: Option<f64>,
    /// What each asset adds to the volatility.
    pub risk_contributions: Vec<f64>,
    /// What trading costs.
    pub costs: f64,
    /// Sweeps, pivots or steps.
    pub iterations: usize,
    /// How far the optimality conditions are from holding, relative to the size of the problem.
    pub residual: f64,
    /// Of HRP: the tree.
    pub tree: Option<Tree>,
}

/// What a method found: weights, iterations, residual, tree.
type Found = (Vec<f64>, usize, f64, Option<Tree>);

/// Chooses weights.
///
/// # Errors
/// [`QuantError::Infeasible`] naming the constraints, [`QuantError::Degenerate`],
/// [`QuantError::Parameter`], [`QuantError::NotConverged`] with the residual.
pub fn optimise(
    universe: &Universe,
    objective: &Objective,
    constraints: &Constraints,
) -> Result<Portfolio> {
    constraints.check(universe.assets())?;
    if constraints.least_return.is_finite() {
        universe.excess(0.0)?;
    }
    let found = find(universe, objective, constraints).map_err(|error| match error {
        QuantError::NotConverged { .. } | QuantError::Degenerate(_)
            if !universe.is_covariance() =>
        {
            let problem = "the matrix is no covariance: it has a negative eigenvalue";
            let remedy = "repair it (nearest_covariance), or shrink it";
            QuantError::Data(Fault::new("cov", problem, remedy))
        }
        other => other,
    });
    let found = found?;
    let (costs, _) = constraints.costs(&found.0);
    told(universe, found, objective.risk_free, costs)
}

/// Least variance with weights from zero on that add up to one, where the fast road leads to it;
/// None where [`optimise`] has more to say.
#[must_use]
pub fn least_variance_long_only(universe: &Universe) -> Option<Portfolio> {
    let (weights, iterations, residual) = simplex(universe, &vec![1.0; universe.assets()])?;
    told(universe, (weights, iterations, residual, None), 0.0, 0.0).ok()
}

/// What weights mean.
fn told(universe: &Universe, found: Found, risk_free: f64, costs: f64) -> Result<Portfolio> {
    let (weights, iterations, residual, tree) = found;
    let (variance, marginal) = universe.variance(&weights)?;
    let volatility = variance.sqrt();
    let share = |(w, m): (&f64, &f64)| {
        if volatility > 0.0 {
            w * m / volatility
        } else {
            0.0
        }
    };
    let expected_return = universe.mean().map(|mean| dot(mean, &weights));
    let rate = risk_free * weights.iter().sum::<f64>();
    let sharpe = expected_return
        .filter(|_| volatility > 0.0)
        .map(|r| (r - rate) / volatility);
    Ok(Portfolio {
        risk_contributions: weights.iter().zip(&marginal).map(share).collect(),
        expected_return,
        volatility,
        sharpe,
        costs,
        weights,
        iterations,
        residual,
        tree,
    })
}

fn find(universe: &Universe, objective: &Objective, constraints: &Constraints) -> Result<Found> {
    let n = universe.assets();
    let plain = |(weights, iterations, residual): (Vec<f64>, usize, f64)| {
        (weights, iterations, residual, None)
    };
    match objective.method {
        Method::Markowitz => markowitz(universe, objective, constraints).map(plain),
        Method::MinVariance => least_variance(universe, constraints).map(plain),
        Method::MaxSharpe => {
            let q = universe.excess(objective.risk_free)?;
            best_ratio(universe, &q, constraints).map(plain)
        }
        Method::MaxDiversification => {
            best_ratio(universe, universe.deviations(), constraints).map(plain)
        }
        Method::RiskParity => {
            let budgets = shares(objective, n)?;
            let found = budgeting::risk_budgets(universe.cov(), &budgets, 1e-11)?;
            constraints.admit(&found.weights, objective.method.name())?;
            Ok((found.weights, found.iterations, found.residual, None))
        }
        Method::EqualWeight => {
            let weights = vec![1.0 / n as f64; n];
            constraints.admit(&weights, objective.method.name())?;
            Ok((weights, 0, 0.0, None))
        }
        Method::Hierarchical => {
            let tree = Tree::single_linkage(universe);
            let weights = hierarchical::bisect(universe, &tree.order);
            constraints.admit(&weights, objective.method.name())?;
            Ok((weights, n.saturating_sub(1), 0.0, Some(tree)))
        }
    }
}

fn shares(objective: &Objective, n: usize) -> Result<Vec<f64>> {
    let Some(budgets) = &objective.budgets else {
        return Ok(vec![1.0; n]);
    };
    if budgets.len() != n {
        let problem = format!("has {} entries for {n} assets", budgets.len());
        return Err(QuantError::parameter(
            "budgets",
            problem,
            "pass one an asset",
        ));
    }
    if budgets.iter().any(|b| !b.is_finite() || *b <= 0.0) {
        let remedy = "leave assets out that shall carry no risk";
        return Err(QuantError::parameter("budgets", "must be positive", remedy));
    }
    Ok(budgets.clone())
}

fn markowitz(
    universe: &Universe,
    objective: &Objective,
    constraints: &Constraints,
) -> Result<(Vec<f64>, usize, f64)> {
    let aversion = objective.risk_aversion;
    if !aversion.is_finite() || aversion <= 0.0 {
        let remedy = "pass a positive number; small ones look at return only";
        return Err(QuantError::parameter(
            "risk_aversion",
            format!("is {aversion}"),
            remedy,
        ));
    }
    let linear = universe
        .excess(0.0)?
        .iter()
        .map(|m| -m / aversion)
        .collect();
    let mean = universe.mean();
    let program = constraints.program(universe.cov(), linear, mean, 1.0 / aversion);
    let solution = program.solve()?;
    Ok((solution.weights, solution.iterations, solution.residual))
}

fn least_variance(
    universe: &Universe,
    constraints: &Constraints,
) -> Result<(Vec<f64>, usize, f64)> {
    let n = universe.assets();
    if constraints.is_simplex() {
        if let Some(found) = simplex(universe, &vec![1.0; n]) {
            return Ok(found);
        }
    }
    let mean = universe.mean();
    let solution = constraints
        .program(universe.cov(), vec![0.0; n], mean, 1.0)
        .solve()?;
    Ok((solution.weights, solution.iterations, solution.residual))
}

fn best_ratio(
    universe: &Universe,
    q: &[f64],
    constraints: &Constraints,
) -> Result<(Vec<f64>, usize, f64)> {
    if constraints.is_simplex() && q.iter().any(|v| *v > 0.0) {
        if let Some(found) = simplex(universe, q) {
            return Ok(found);
        }
    }
    ratio::largest(universe, q, constraints)
}

/// The fast road; None where it does not lead to the end.
fn simplex(universe: &Universe, q: &[f64]) -> Option<(Vec<f64>, usize, f64)> {
    let mut held = long_only::solve(universe.cov(), universe.deviations(), q)?;
    let sum: f64 = held.x.iter().sum();
    if !sum.is_finite() || sum <= 0.0 {
        return None;
    }
    held.x.iter_mut().for_each(|x| *x /= sum);
    Some((held.x, held.iterations, held.residual))
}
