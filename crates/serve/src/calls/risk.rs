//! Losses in the tail, volatility, drawdown.

use py_rt_quant::risk::tail::{self, Tail};

use super::{moments, rows};
use crate::proto::{RiskAnalyticsRequest, RiskAnalyticsResponse, Table, TailRisk};
use crate::refusal::Refusal;

/// Weight of yesterday's variance in filtered historical simulation.
const DECAY: f64 = 0.94;

/// The tail by each method asked for, and what the returns were like.
///
/// # Errors
/// NaN, fewer than two rows, weights that do not fit, an unknown method.
pub fn risk_analytics(request: &RiskAnalyticsRequest) -> Result<RiskAnalyticsResponse, Refusal> {
    let returns = portfolio(request)?;
    let level = request.level.unwrap_or(0.95);
    let usual = ["historical".to_owned()];
    let methods = match request.methods.as_slice() {
        [] => &usual[..],
        given => given,
    };
    let tails = methods.iter().map(|name| {
        let found = tail::tail_risk(&returns, level, method(name)?)?;
        Ok(TailRisk {
            method: name.clone(),
            value_at_risk: found.value_at_risk,
            expected_shortfall: found.expected_shortfall,
        })
    });
    Ok(RiskAnalyticsResponse {
        tails: tails.collect::<Result<_, Refusal>>()?,
        volatility: moments(&returns).1,
        max_drawdown: drawdown(&returns),
    })
}

fn method(name: &str) -> Result<Tail, Refusal> {
    Ok(match name {
        "historical" => Tail::Historical,
        "parametric" => Tail::Parametric,
        "cornish_fisher" => Tail::CornishFisher,
        "filtered_historical" => Tail::Filtered { decay: DECAY },
        other => {
            return Err(Refusal::parameter(
                "methods",
                format!("method {other:?} is unknown"),
                "choose historical, parametric, cornish_fisher or filtered_historical",
            ))
        }
    })
}

/// The returns of the portfolio: one asset's, or those of all of them by their weights.
fn portfolio(request: &RiskAnalyticsRequest) -> Result<Vec<f64>, Refusal> {
    let empty = Table::default();
    let table = request.returns.as_ref().unwrap_or(&empty);
    let (count, weights) = (rows(table, "returns")?, &request.weights);
    let k = table.names.len();
    if let Some(at) = table.values.iter().position(|v| !v.is_finite()) {
        let fault = py_rt_quant::Fault::new(
            "returns",
            format!("value is {}", table.values[at]),
            "drop or fill it before",
        );
        let fault = fault.at_row(at / k).in_column(at % k);
        let refusal = Refusal::from(py_rt_quant::QuantError::Data(fault));
        return Err(refusal.naming(&table.names));
    }
    if weights.is_empty() && k == 1 {
        return Ok(table.values.clone());
    }
    if weights.len() != k || weights.iter().any(|w| !w.is_finite()) {
        return Err(Refusal::parameter(
            "weights",
            format!("weights must be {k} finite numbers, not {}", weights.len()),
            "pass one an asset, in the order of the columns",
        ));
    }
    let weighed = |row: &[f64]| row.iter().zip(weights).map(|(r, w)| r * w).sum();
    Ok((0..count)
        .map(|t| weighed(&table.values[t * k..(t + 1) * k]))
        .collect())
}

/// The deepest fall of wealth below its top, as a part of the top: 0 or negative.
fn drawdown(returns: &[f64]) -> f64 {
    let (mut wealth, mut top, mut deepest) = (1.0_f64, 1.0_f64, 0.0_f64);
    for r in returns {
        wealth *= 1.0 + r;
        top = top.max(wealth);
        deepest = deepest.min(wealth / top - 1.0);
    }
    deepest
}
