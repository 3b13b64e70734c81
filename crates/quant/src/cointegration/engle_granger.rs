//! Engle and Granger's test (1987).

use crate::error::{checked, Fault, QuantError, Result};
use crate::linalg::lanes::{axpy, centre, dot};
use crate::linalg::{Matrix, Qr};
use crate::series::mackinnon::{critical_values, p_value, CRITICAL_MAX};
use crate::series::{unit_root, LagRule, Trend, UnitRoot};

/// What the test says.
#[derive(Debug, Clone, PartialEq)]
pub struct EngleGranger {
    /// The unit-root regression of the residual, without deterministic terms.
    pub root: UnitRoot,
    /// MacKinnon's asymptotic p-value; NaN beyond six series.
    pub pvalue: f64,
    /// Critical values at 1, 5, 10 % for n - 1 rows; NaN without a constant.
    pub critical: [f64; 3],
    /// Coefficients of the columns of x.
    pub hedge: Vec<f64>,
    /// Constant; 0 without one.
    pub intercept: f64,
    /// What the regression leaves.
    pub residual: Vec<f64>,
}

/// Tests whether `y` and the columns of `x` are cointegrated; `trend` belongs to the regression.
///
/// # Errors
/// Values that are not finite, lengths that differ, constant or collinear columns, more than 11
/// columns, too short a sample, an exact fit.
pub fn engle_granger(
    y: &[f64],
    x: &Matrix,
    trend: Trend,
    max_lag: Option<usize>,
    rule: LagRule,
) -> Result<EngleGranger> {
    let series = x.cols() + 1;
    if x.rows() != y.len() {
        let problem = format!("x has {} rows, but y has {}", x.rows(), y.len());
        return Err(QuantError::Data(Fault::new(
            "x",
            problem,
            "align them before",
        )));
    }
    if !(2..=CRITICAL_MAX).contains(&series) {
        let problem = format!(
            "has {} columns, but must have 1 to {}",
            x.cols(),
            CRITICAL_MAX - 1
        );
        return Err(QuantError::parameter("x", problem, "choose fewer series"));
    }
    checked("y", y, 6 + 2 * trend.terms() + x.cols())?;
    x.checked("x")?;
    let fit = regress(y, x, trend)?;
    let root = unit_root("y", &fit.residual, Trend::None, max_lag, rule)?;
    Ok(EngleGranger {
        root,
        pvalue: p_value(root.statistic, trend, series),
        critical: critical_values(trend, series, y.len() as f64 - 1.0),
        hedge: fit.hedge,
        intercept: fit.intercept,
        residual: fit.residual,
    })
}

pub(super) struct Regression {
    pub hedge: Vec<f64>,
    pub intercept: f64,
    pub residual: Vec<f64>,
}

fn largest(column: &[f64]) -> f64 {
    column.iter().fold(0.0_f64, |m, v| m.max(v.abs()))
}

/// Least squares by QR; columns in units of themselves and, with a constant, centred.
pub(super) fn regress(y: &[f64], x: &Matrix, trend: Trend) -> Result<Regression> {
    let (n, k) = (y.len(), x.cols());
    let powers = trend.terms().saturating_sub(1);
    let mut columns = Matrix::zeros(n, powers + k);
    for power in 0..powers {
        for (t, value) in columns.col_mut(power).iter_mut().enumerate() {
            *value = (2.0 * t as f64 / n as f64 - 1.0).powi(power as i32 + 1);
        }
    }
    let mut units = vec![1.0; powers + k];
    let mut means = vec![0.0; powers + k];
    for j in 0..k {
        let unit = largest(x.col(j));
        if unit == 0.0 {
            return Err(QuantError::constant("x", Some(j)));
        }
        units[powers + j] = unit;
        for (to, from) in columns.col_mut(powers + j).iter_mut().zip(x.col(j)) {
            *to = from / unit;
        }
    }
    let unit_y = largest(y).max(f64::MIN_POSITIVE);
    let mut target: Vec<f64> = y.iter().map(|v| v / unit_y).collect();
    let mut mean_y = 0.0;
    if trend != Trend::None {
        mean_y = centre(&mut target);
        for (j, mean) in means.iter_mut().enumerate() {
            *mean = centre(columns.col_mut(j));
            let left = largest(columns.col(j));
            if j >= powers && left < 1e-14 {
                return Err(QuantError::constant("x", Some(j - powers)));
            }
        }
    }
    if largest(&target) < 1e-14 {
        return Err(QuantError::constant("y", None));
    }
    let qr = Qr::in_order(&columns);
    if let Some(column) = qr.dependent() {
        return Err(QuantError::collinear(
            "x",
            Some(column.saturating_sub(powers)),
        ));
    }
    let (coefficients, _) = qr.solve(&target);
    let size = dot(&target, &target);
    for (j, coefficient) in coefficients.iter().enumerate() {
        axpy(-coefficient, columns.col(j), &mut target);
    }
    if dot(&target, &target) <= 1e-25 * size {
        let problem = "y is an exact linear combination of x";
        let remedy = "leave one of them out";
        return Err(QuantError::Degenerate(Fault::new("y", problem, remedy)));
    }
    let constant: f64 = coefficients.iter().zip(&means).map(|(c, m)| c * m).sum();
    Ok(Regression {
        hedge: (powers..powers + k)
            .map(|j| coefficients[j] * (unit_y / units[j]))
            .collect(),
        intercept: (mean_y - constant) * unit_y,
        residual: target.iter().map(|v| v * unit_y).collect(),
    })
}
