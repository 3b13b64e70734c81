//! Portfolios of few assets, and matrices as low rank plus sparse.

use py_rt_quant::linalg::Matrix;
use py_rt_quant::regression::{self, Design, Penalty, Stop};
use py_rt_quant::robust::{self, Pursuit};

use super::{matrix, real, rows, told, whole, Watch};
use crate::proto::{
    BoxTaoDecompositionRequest, BoxTaoDecompositionResponse, CalculateSparsePortfolioRequest,
    CalculateSparsePortfolioResponse, Table,
};
use crate::refusal::Refusal;

const STOP: Stop = Stop {
    tol: 1e-8,
    max_iter: 10_000,
};

/// A portfolio of few assets: what follows a target, or the first sparse component.
///
/// # Errors
/// NaN, a constant or collinear asset by name, an unknown method or target.
pub fn calculate_sparse_portfolio(
    request: &CalculateSparsePortfolioRequest,
    watch: Watch<'_>,
) -> Result<CalculateSparsePortfolioResponse, Refusal> {
    let empty = Table::default();
    let prices = request.prices.as_ref().unwrap_or(&empty);
    let names = &prices.names;
    let count = rows(prices, "prices")?;
    let lambda = match request.lambda {
        Some(value) => Some(real(value, "lambda_param", 0.0, f64::INFINITY)?),
        None => None,
    };
    let share = request.alpha.unwrap_or(0.5);
    if !(share > 0.0 && share <= 1.0) {
        let what = format!("alpha is {share}, but must be in (0, 1]");
        return Err(Refusal::parameter("alpha", what, "1 is the LASSO"));
    }
    match request.method.as_str() {
        "" | "lasso" => follow(request, prices, lambda, (1.0, false), watch),
        "elastic_net" => follow(request, prices, lambda, (share, false), watch),
        "adaptive_lasso" => follow(request, prices, lambda, (1.0, true), watch),
        "sparse_pca" => {
            let x = Matrix::from_rows(count, names.len(), &prices.values);
            let found = regression::sparse_component(&x, lambda, STOP.tol, STOP.max_iter)
                .map_err(|e| Refusal::from(e).renamed("X", "prices").naming(names))?;
            let size: f64 = found.loadings.iter().map(|w| w.abs()).sum();
            let weights: Vec<f64> = found.loadings.iter().map(|w| w / size).collect();
            let ended = (found.converged, found.iterations);
            Ok(portfolio(weights, found.objective, found.alpha, ended))
        }
        other => Err(Refusal::parameter(
            "method",
            format!("method is {other:?}, which is unknown"),
            "choose lasso, elastic_net, adaptive_lasso or sparse_pca",
        )),
    }
}

fn follow(
    request: &CalculateSparsePortfolioRequest,
    prices: &Table,
    lambda: Option<f64>,
    (share, adaptive): (f64, bool),
    watch: Watch<'_>,
) -> Result<CalculateSparsePortfolioResponse, Refusal> {
    let (names, values) = (&prices.names, &prices.values);
    let (k, n) = (names.len(), values.len() / names.len().max(1));
    if k < 2 {
        let what = "one asset has none to follow";
        return Err(Refusal::data("prices", what, "pass two or more"));
    }
    let at = target(request, names)?;
    let others: Vec<usize> = (0..k).filter(|j| *j != at).collect();
    let called: Vec<String> = others.iter().map(|j| names[*j].clone()).collect();
    let row = |t: usize| others.iter().map(move |j| values[t * k + j]);
    let rest: Vec<f64> = (0..n).flat_map(row).collect();
    let own: Vec<f64> = (0..n).map(|t| values[t * k + at]).collect();
    let x = Matrix::from_rows(n, k - 1, &rest);
    let mut design = Design::try_new(x, own, true).map_err(|e| Refusal::from(e).naming(&called))?;
    let lambda = lambda.unwrap_or_else(|| 0.1 * regression::largest_penalty(&design, 1.0));
    if lambda <= 0.0 {
        let what = "no asset moves with the target";
        return Err(Refusal::data("prices", what, "choose another"));
    }
    let penalty = Penalty {
        l1: lambda * share,
        l2: lambda * (1.0 - share),
    };
    let mut going = || watch(0, 0);
    let factors = match adaptive {
        true => Some(regression::adaptive_weights(&mut design, 1.0, &mut going)?),
        false => None,
    };
    let mut scaled = match &factors {
        Some(factors) => design.scaled(factors),
        None => design,
    };
    let fit = regression::solve(&mut scaled, penalty, STOP, &[], &mut going)?;
    let fit = regression::certified(&scaled, penalty, STOP, fit);
    let mut weights = vec![0.0; k];
    weights[at] = 1.0;
    for (place, j) in others.iter().enumerate() {
        let factor = factors.as_ref().map_or(1.0, |factors| factors[place]);
        weights[*j] = -(fit.coef[place] * factor);
    }
    let size: f64 = weights.iter().map(|w| w.abs()).sum();
    weights.iter_mut().for_each(|w| *w /= size);
    let ended = (fit.converged, fit.iterations);
    Ok(portfolio(weights, fit.objective, lambda, ended))
}

fn target(request: &CalculateSparsePortfolioRequest, names: &[String]) -> Result<usize, Refusal> {
    let Some(name) = &request.target else {
        return Ok(0);
    };
    names.iter().position(|n| n == name).ok_or_else(|| {
        let what = format!("target is {name:?}, which is no column");
        Refusal::parameter("target", what, "choose one of the names")
    })
}

fn portfolio(
    weights: Vec<f64>,
    objective: f64,
    lambda: f64,
    (converged, iterations): (bool, usize),
) -> CalculateSparsePortfolioResponse {
    CalculateSparsePortfolioResponse {
        n_selected: weights.iter().filter(|w| **w != 0.0).count() as u32,
        weights,
        objective,
        lambda,
        converged,
        iterations: iterations as u32,
    }
}

/// A matrix as low rank plus sparse.
///
/// # Errors
/// NaN, an empty matrix, a matrix of zeros, parameters that are not positive.
pub fn box_tao_decomposition(
    request: &BoxTaoDecompositionRequest,
    watch: Watch<'_>,
) -> Result<BoxTaoDecompositionResponse, Refusal> {
    let empty = crate::proto::Matrix::default();
    let m = matrix(request.data.as_ref().unwrap_or(&empty), "prices")?;
    let positive = |value: f64, name| real(value, name, 0.0, f64::INFINITY);
    let lambda = match request.lambda {
        Some(value) => positive(value, "lambda_param")?,
        None => robust::default_penalty(m.rows(), m.cols()),
    };
    let asked = Pursuit {
        lambda,
        delta: 0.0,
        mu: positive(request.mu.unwrap_or(1.25), "mu")?,
        tol: positive(request.tolerance.unwrap_or(1e-7), "tolerance")?,
        max_iter: whole(
            request.max_iterations.unwrap_or(1000),
            "max_iterations",
            1,
            u32::MAX,
        )?,
    };
    let parts =
        robust::pursue(&m, asked, watch).map_err(|e| Refusal::from(e).renamed("M", "prices"))?;
    Ok(BoxTaoDecompositionResponse {
        low_rank: Some(told(&parts.low_rank)),
        sparse: Some(told(&parts.sparse)),
        rank: parts.rank as u32,
        iterations: parts.iterations as u32,
        converged: parts.converged,
        residual: parts.residual,
        objective: parts.objective,
        singular_values: parts.singular_values,
        lambda,
    })
}
