//! Doors of sparse regression.

use numpy::{PyArray1, PyArray2, PyArrayMethods};
use py_rt_quant::regression::{self, Design, Penalty, Stop};
use pyo3::prelude::*;

use super::{detached, matrix, size, values, Column, Table};

type Fitted<'py> = (Bound<'py, PyArray1<f64>>, f64, f64, f64, usize, bool);
type Traced<'py> = (
    Bound<'py, PyArray1<f64>>,
    Bound<'py, PyArray2<f64>>,
    Bound<'py, PyArray1<f64>>,
    Bound<'py, PyArray1<f64>>,
    usize,
    bool,
);

/// Fits the elastic net: coefficients, intercept, gap, objective, iterations, converged.
#[pyfunction]
pub(crate) fn elastic_net<'py>(
    py: Python<'py>,
    data: (Table<'py>, Column<'py>),
    penalty: (f64, f64),
    adaptive: Option<f64>,
    intercept: bool,
    stop: (f64, usize),
) -> PyResult<Fitted<'py>> {
    let (x, y) = (matrix(&data.0)?, values(&data.1)?.to_vec());
    let penalty = Penalty {
        l1: penalty.0,
        l2: penalty.1,
    };
    let stop = Stop {
        tol: stop.0,
        max_iter: stop.1,
    };
    // It looks at the caller between sweeps: a thread of its own is for much larger tables.
    let (fit, coef, level) = detached(py, None, size(&x) / 8, move |watch| {
        let mut going = || watch(0, 1);
        let mut design = Design::try_new(x, y, intercept)?;
        let factors = adaptive
            .map(|gamma| regression::adaptive_weights(&mut design, gamma, &mut going))
            .transpose()?;
        let mut scaled = match &factors {
            Some(factors) => design.scaled(factors),
            None => design,
        };
        let fit = regression::solve(&mut scaled, penalty, stop, &[], &mut going)?;
        let fit = regression::certified(&scaled, penalty, stop, fit);
        let level = scaled.intercept(&fit.coef);
        let coef = match factors {
            Some(factors) => fit.coef.iter().zip(factors).map(|(b, k)| b * k).collect(),
            None => fit.coef.clone(),
        };
        Ok((fit, coef, level))
    })?;
    let coef = PyArray1::from_vec(py, coef);
    Ok((
        coef,
        level,
        fit.dual_gap,
        fit.objective,
        fit.iterations,
        fit.converged,
    ))
}

/// Fits down a path: alphas, coefficients, intercepts, gaps, iterations, converged.
#[pyfunction]
pub(crate) fn lasso_path<'py>(
    py: Python<'py>,
    data: (Table<'py>, Column<'py>),
    alphas: Option<Vec<f64>>,
    grid: (usize, f64),
    l1_ratio: f64,
    settings: (bool, f64, usize),
) -> PyResult<Traced<'py>> {
    let (x, y) = (matrix(&data.0)?, values(&data.1)?.to_vec());
    let (intercept, tol, max_iter) = settings;
    let (path, levels, columns) = detached(py, None, size(&x), move |watch| {
        let mut design = Design::try_new(x, y, intercept)?;
        let alphas = alphas.unwrap_or_else(|| {
            let (count, eps) = grid;
            regression::falling(regression::largest_penalty(&design, l1_ratio), eps, count)
        });
        let stop = Stop { tol, max_iter };
        let path = regression::path(&mut design, alphas, l1_ratio, stop, watch)?;
        let levels: Vec<f64> = path
            .fits
            .iter()
            .map(|f| design.intercept(&f.coef))
            .collect();
        let columns = design.columns();
        Ok((path, levels, columns))
    })?;
    let mut coef = Vec::with_capacity(path.fits.len() * columns);
    path.fits
        .iter()
        .for_each(|f| coef.extend_from_slice(&f.coef));
    let gaps = path.fits.iter().map(|f| f.dual_gap).collect();
    let iterations = path.fits.iter().map(|f| f.iterations).sum();
    let converged = path.fits.iter().all(|f| f.converged);
    let coef = PyArray1::from_vec(py, coef).reshape([path.fits.len(), columns])?;
    Ok((
        PyArray1::from_vec(py, path.alphas),
        coef,
        PyArray1::from_vec(py, levels),
        PyArray1::from_vec(py, gaps),
        iterations,
        converged,
    ))
}

/// The least alpha that empties the LASSO.
#[pyfunction]
pub(crate) fn largest_penalty(x: Table<'_>, y: Column<'_>, intercept: bool) -> PyResult<f64> {
    let design = Design::try_new(matrix(&x)?, values(&y)?.to_vec(), intercept);
    let design = design.map_err(|e| crate::error::quant(x.py(), e))?;
    Ok(regression::largest_penalty(&design, 1.0))
}

/// Loadings, objective, alpha, iterations, converged.
type Component<'py> = (Bound<'py, PyArray1<f64>>, f64, f64, usize, bool);

/// The first sparse component: loadings, objective, alpha, iterations, converged.
#[pyfunction]
pub(crate) fn sparse_component<'py>(
    py: Python<'py>,
    x: Table<'py>,
    alpha: Option<f64>,
    tol: f64,
    max_iter: usize,
) -> PyResult<Component<'py>> {
    let x = matrix(&x)?;
    let found = detached(py, None, size(&x), move |_| {
        regression::sparse_component(&x, alpha, tol, max_iter)
    })?;
    let loadings = PyArray1::from_vec(py, found.loadings);
    Ok((
        loadings,
        found.objective,
        found.alpha,
        found.iterations,
        found.converged,
    ))
}
