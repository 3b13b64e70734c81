//! Weights of a portfolio from prices.

use py_rt_quant::linalg::Matrix;
use py_rt_quant::portfolio::shrinkage::{self, Shrinkage};
use py_rt_quant::portfolio::{self, Constraints, Group, Method, Objective, Universe};

use super::{real, rows};
use crate::proto::{
    OptimizePortfolioRequest, OptimizePortfolioResponse, PortfolioParameters, Table,
};
use crate::refusal::{Place, Refusal};

/// Chooses weights.
///
/// # Errors
/// Prices that are not positive, an asset that never moves (by name), constraints that cannot hold
/// together, an unknown method.
pub fn optimize_portfolio(
    request: &OptimizePortfolioRequest,
) -> Result<OptimizePortfolioResponse, Refusal> {
    let (no_prices, usual) = (Table::default(), PortfolioParameters::default());
    let prices = request.prices.as_ref().unwrap_or(&no_prices);
    let wanted = request.parameters.as_ref().unwrap_or(&usual);
    let names = &prices.names;
    let n = names.len();
    let method = match request.method.as_str() {
        "" => "markowitz",
        name => name,
    };
    let objective = Objective {
        method: Method::parse(method)?,
        risk_aversion: real(
            wanted.risk_aversion.unwrap_or(1.0),
            "risk_aversion",
            0.0,
            f64::INFINITY,
        )?,
        risk_free: wanted.risk_free.unwrap_or(0.0),
        budgets: some(&wanted.budgets, "budgets", n)?,
    };
    let constraints = constraints(wanted, names)?;
    let returns = simple_returns(prices)?;
    let shrunk = shrinkage::estimate(&returns, shrinkage_named(&wanted.shrinkage)?)
        .map_err(|e| Refusal::from(e).naming(names))?;
    let universe = Universe::try_new(Some(shrunk.mean), shrunk.cov)
        .map_err(|e| Refusal::from(e).naming(names))?;
    let chosen = portfolio::optimise(&universe, &objective, &constraints)
        .map_err(|e| Refusal::from(e).naming(names))?;
    let scale = wanted.periods_per_year.unwrap_or(1.0);
    let scale = real(scale, "periods_per_year", 0.0, f64::INFINITY)?;
    let root = scale.sqrt();
    let rule = matches!(method, "equal_weight" | "hrp");
    Ok(OptimizePortfolioResponse {
        weights: chosen.weights,
        expected_return: chosen.expected_return.unwrap_or(f64::NAN) * scale,
        volatility: chosen.volatility * root,
        sharpe_ratio: chosen.sharpe.map(|s| s * root),
        risk_contributions: chosen.risk_contributions.iter().map(|c| c * root).collect(),
        costs: chosen.costs,
        iterations: chosen.iterations as u32,
        residual: chosen.residual,
        shrinkage: shrunk.intensity,
        status: if rule { "rule" } else { "optimal" }.to_owned(),
    })
}

fn shrinkage_named(name: &str) -> Result<Shrinkage, Refusal> {
    match name {
        "" | "ledoit_wolf" => Ok(Shrinkage::LedoitWolf),
        "oas" => Ok(Shrinkage::Oas),
        "sample" => Ok(Shrinkage::Sample),
        other => Err(Refusal::parameter(
            "shrinkage",
            format!("shrinkage is {other:?}, which is unknown"),
            "choose ledoit_wolf, oas or sample",
        )),
    }
}

fn simple_returns(prices: &Table) -> Result<Matrix, Refusal> {
    let count = rows(prices, "prices")?;
    let (k, values) = (prices.names.len(), &prices.values);
    if let Some(at) = values.iter().position(|p| !(p.is_finite() && *p > 0.0)) {
        let what = format!(
            "price is {}, and simple returns need positive ones",
            values[at]
        );
        let mut refusal = Refusal::data("prices", what, "correct or drop it before");
        let row = Place::Number((at / k) as u64);
        let column = Place::Name(prices.names[at % k].clone());
        refusal.place = vec![("column".to_owned(), column), ("row".to_owned(), row)];
        return Err(refusal);
    }
    if count < 3 {
        let what = format!("{count} prices, but at least 3 are needed");
        return Err(Refusal::data("prices", what, "pass more"));
    }
    let later = values[k..].iter().zip(values);
    let returns: Vec<f64> = later.map(|(now, before)| now / before - 1.0).collect();
    Ok(Matrix::from_rows(count - 1, k, &returns))
}

fn constraints(wanted: &PortfolioParameters, names: &[String]) -> Result<Constraints, Refusal> {
    let n = names.len();
    let usual = Constraints::long_only(n);
    let costs = |of: &[f64]| -> Result<_, Refusal> {
        Ok(some(of, "costs", n)?.unwrap_or_else(|| vec![0.0; n]))
    };
    let positive = |value: Option<f64>, name| match value {
        Some(v) if v.is_nan() || v < 0.0 => Err(Refusal::parameter(
            name,
            format!("{name} is {v}"),
            "pass zero or more",
        )),
        other => Ok(other.unwrap_or(f64::INFINITY)),
    };
    Ok(Constraints {
        lower: ends(&wanted.lower, "bounds", n)?.unwrap_or(usual.lower),
        upper: ends(&wanted.upper, "bounds", n)?.unwrap_or(usual.upper),
        budget: (
            wanted.budget_lower.unwrap_or(1.0),
            wanted.budget_upper.unwrap_or(1.0),
        ),
        groups: groups(wanted, names)?,
        least_return: wanted.target_return.unwrap_or(f64::NEG_INFINITY),
        gross: positive(wanted.gross, "gross")?,
        previous: some(&wanted.previous, "previous", n)?,
        turnover: positive(wanted.turnover, "turnover")?,
        buy: costs(&wanted.buy_costs)?,
        sell: costs(&wanted.sell_costs)?,
    })
}

fn groups(wanted: &PortfolioParameters, names: &[String]) -> Result<Vec<Group>, Refusal> {
    let member = |group: &str, name: &String| {
        names.iter().position(|n| n == name).ok_or_else(|| {
            let what = format!("group {group:?} names {name:?}, which is no asset");
            Refusal::parameter("groups", what, "choose among the names of the prices")
        })
    };
    let group = |told: &crate::proto::WeightGroup| {
        let members = told.members.iter().map(|name| member(&told.name, name));
        Ok(Group {
            name: told.name.clone(),
            members: members.collect::<Result<_, Refusal>>()?,
            lower: told.lower.unwrap_or(f64::NEG_INFINITY),
            upper: told.upper.unwrap_or(f64::INFINITY),
        })
    };
    wanted.groups.iter().map(group).collect()
}

/// A list with one entry an asset, or one for all; infinities are welcome, NaN is not.
fn ends(values: &[f64], name: &str, n: usize) -> Result<Option<Vec<f64>>, Refusal> {
    if values.iter().any(|v| v.is_nan()) {
        let what = format!("{name} holds NaN");
        return Err(Refusal::parameter(name, what, "pass numbers"));
    }
    match values {
        [] => Ok(None),
        [one] => Ok(Some(vec![*one; n])),
        all if all.len() == n => Ok(Some(all.to_vec())),
        all => Err(Refusal::parameter(
            name,
            format!("{name} has {} entries for {n} assets", all.len()),
            "pass one an asset, in the order of the columns",
        )),
    }
}

fn some(values: &[f64], name: &str, n: usize) -> Result<Option<Vec<f64>>, Refusal> {
    let given = ends(values, name, n)?;
    if given.iter().flatten().any(|v| v.is_infinite()) {
        let what = format!("{name} holds an infinity");
        return Err(Refusal::parameter(name, what, "pass finite numbers"));
    }
    Ok(given)
}
