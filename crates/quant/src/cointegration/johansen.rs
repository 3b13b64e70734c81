//! Johansen's rank tests (1988, 1991), five deterministic cases, centred seasonal dummies.
//!
//! One Cholesky factor of the moments of (what is partialled out, the level, the difference) holds
//! everything: with its lower right blocks `L22` (level) and `L32`, `L33` (difference), the
//! eigenvalues are those of `L32' S^-1 L32` with `S = L32 L32' + L33 L33'`, a symmetric matrix.

use super::critical::{critical_values, DIMENSION_MAX};
use crate::error::{Fault, QuantError, Result};
use crate::linalg::lanes::{centre, dot, is_constant};
use crate::linalg::{product, Cholesky, Matrix, Qr, SymmetricEigen};

/// Below this part of a column its moments have lost too many digits.
const PIVOT_MIN: f64 = 1e-7;

/// What the tests say.
#[derive(Debug, Clone, PartialEq)]
pub struct Johansen {
    /// Squared canonical correlations, falling.
    pub eigenvalues: Vec<f64>,
    /// Relations as columns, `b' S11 b = I`; a last row for a restricted constant or trend.
    pub eigenvectors: Matrix,
    /// Trace statistics for ranks 0, 1, ...
    pub trace: Vec<f64>,
    /// Maximum eigenvalue statistics.
    pub max_eig: Vec<f64>,
    /// Critical values of the trace at 10, 5, 1 %.
    pub trace_crit: Vec<[f64; 3]>,
    /// Critical values of the maximum eigenvalue.
    pub max_eig_crit: Vec<[f64; 3]>,
    /// Rows of the regression.
    pub nobs: usize,
}

impl Johansen {
    /// The smallest rank that a test does not reject, by column of its critical values.
    #[must_use]
    pub fn rank(statistics: &[f64], critical: &[[f64; 3]], column: usize) -> usize {
        let accepted = |(s, c): (&f64, &[f64; 3])| *s <= c[column];
        let first = statistics.iter().zip(critical).position(accepted);
        first.unwrap_or(statistics.len())
    }
}

/// Tests the rank; `x` holds levels in columns, `lags` counts lagged differences.
///
/// # Errors
/// Values that are not finite, more than 12 columns, an unknown case, too short a sample, constant
/// or collinear columns.
pub fn johansen(x: &Matrix, case: usize, lags: usize, seasons: usize) -> Result<Johansen> {
    let p = x.cols();
    if !(1..=5).contains(&case) {
        let problem = format!("is {case}, but must lie between 1 and 5");
        return Err(QuantError::parameter("case", problem, "3 is the usual one"));
    }
    if p == 0 || p > DIMENSION_MAX {
        let problem = format!("has {p} columns, but must have 1 to {DIMENSION_MAX}");
        return Err(QuantError::parameter("x", problem, "choose fewer series"));
    }
    x.checked("x")?;
    let dummies = seasons.saturating_sub(1);
    let unrestricted = [0, 0, 1, 1, 2][case - 1];
    let restricted = usize::from(case == 2 || case == 4);
    let out = unrestricted + dummies + p * lags;
    let width = out + restricted + 2 * p;
    let needed = lags + 2 + width;
    if x.rows() < needed {
        return Err(QuantError::too_short("x", x.rows(), needed));
    }
    let scaled = Scaled::new(x, case)?;
    let columns = columns(&scaled.levels, case, lags, seasons);
    let l = factor(&columns, out, p)?;
    solve(&l, &scaled, case, (out, columns.rows()))
}

/// Levels in units of themselves, centred where a constant takes care of it.
struct Scaled {
    levels: Matrix,
    units: Vec<f64>,
    means: Vec<f64>,
}

impl Scaled {
    fn new(x: &Matrix, case: usize) -> Result<Self> {
        let mut scaled = Self {
            levels: x.clone(),
            units: Vec::new(),
            means: Vec::new(),
        };
        for j in 0..x.cols() {
            let column = scaled.levels.col_mut(j);
            let largest = column.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
            if is_constant(column) {
                return Err(QuantError::constant("x", Some(j)));
            }
            for value in column.iter_mut() {
                *value /= largest;
            }
            let mean = if case == 1 { 0.0 } else { centre(column) };
            let spread = (dot(column, column) / column.len() as f64).sqrt();
            if spread < 1e-14 {
                return Err(QuantError::constant("x", Some(j)));
            }
            for value in column.iter_mut() {
                *value /= spread;
            }
            scaled.units.push(largest * spread);
            scaled.means.push(mean * largest);
        }
        Ok(scaled)
    }
}

/// What is partialled out, then the level (with a restricted term), then the difference.
fn columns(levels: &Matrix, case: usize, lags: usize, seasons: usize) -> Matrix {
    let (n, p) = (levels.rows(), levels.cols());
    let rows = n - 1 - lags;
    let middle = 0.5 * (rows as f64 - 1.0);
    let time = |t: usize| (t as f64 - middle) / rows as f64;
    let difference = |j: usize, lag: usize, t: usize| {
        let at = lags + 1 + t - lag;
        let column = levels.col(j);
        column[at] - column[at - 1]
    };
    let mut data: Vec<f64> = Vec::new();
    if case >= 3 {
        data.extend((0..rows).map(|_| 1.0));
    }
    if case == 5 {
        data.extend((0..rows).map(time));
    }
    for season in 1..seasons {
        let share = 1.0 / seasons as f64;
        data.extend((0..rows).map(|t| f64::from(u8::from(t % seasons == season)) - share));
    }
    for lag in 1..=lags {
        for j in 0..p {
            data.extend((0..rows).map(|t| difference(j, lag, t)));
        }
    }
    for j in 0..p {
        data.extend_from_slice(&levels.col(j)[lags..lags + rows]);
    }
    match case {
        2 => data.extend((0..rows).map(|_| 1.0)),
        4 => data.extend((0..rows).map(time)),
        _ => {}
    }
    for j in 0..p {
        data.extend((0..rows).map(|t| difference(j, 0, t)));
    }
    let width = data.len() / rows;
    Matrix::from_columns(rows, width, data)
}

/// The lower factor of the moments, by QR of the columns when the moments lose digits.
fn factor(columns: &Matrix, out: usize, p: usize) -> Result<Matrix> {
    if let Ok(factor) = Cholesky::with_threshold(&product::gram(columns), PIVOT_MIN) {
        return Ok(factor.factor().clone());
    }
    let qr = Qr::in_order(columns);
    let width = columns.cols();
    if let Some(column) = qr.dependent() {
        let series = if column < out { column } else { column - out } % p;
        let fault = Fault::new(
            "x",
            "the levels or their differences are collinear",
            "leave the series out, or use fewer lags",
        );
        return Err(QuantError::Degenerate(fault.in_column(series)));
    }
    let mut l = Matrix::zeros(width, width);
    for j in 0..width {
        for i in 0..=j {
            l.set(j, i, qr.r(i, j));
        }
    }
    Ok(l)
}

fn solve(
    l: &Matrix,
    scaled: &Scaled,
    case: usize,
    (out, rows): (usize, usize),
) -> Result<Johansen> {
    let p = scaled.units.len();
    let q = l.rows() - out - p;
    let l22 = l.block(out, out, q, q);
    let l32 = l.block(out + q, out, p, q);
    let l33 = l.block(out + q, out + q, p, p);
    let mut s = Matrix::zeros(p, p);
    product::gemm(1.0, (&l32, false), (&l32, true), 0.0, &mut s);
    product::gemm(1.0, (&l33, false), (&l33, true), 1.0, &mut s);
    let collinear = |column| QuantError::collinear("x", Some(column));
    let root = Cholesky::with_threshold(&s, 1e-20).map_err(collinear)?;
    let mut w = l32;
    for j in 0..q {
        root.forward(w.col_mut(j));
    }
    let eigen = SymmetricEigen::try_new(&product::gram(&w))?;
    let t = rows as f64;
    let eigenvalues: Vec<f64> = (0..p)
        .map(|r| eigen.values[q - 1 - r].clamp(0.0, 1.0))
        .collect();
    let max_eig: Vec<f64> = eigenvalues.iter().map(|v| -t * libm::log1p(-v)).collect();
    let trace = (0..p).map(|r| max_eig[r..].iter().rev().sum()).collect();
    let mut eigenvectors = Matrix::zeros(q, p);
    for r in 0..p {
        let relation = relation(&l22, eigen.vectors.col(q - 1 - r), scaled, case, rows);
        eigenvectors.col_mut(r).copy_from_slice(&relation);
    }
    let table = |max| (0..p).map(|r| critical_values(case, p - r, max)).collect();
    Ok(Johansen {
        eigenvalues,
        eigenvectors,
        trace,
        max_eig,
        trace_crit: table(false),
        max_eig_crit: table(true),
        nobs: rows,
    })
}

/// One relation in the units of the data.
fn relation(l22: &Matrix, v: &[f64], scaled: &Scaled, case: usize, rows: usize) -> Vec<f64> {
    let p = scaled.units.len();
    let mut b = v.to_vec();
    for j in (0..b.len()).rev() {
        let column = l22.col(j);
        b[j] = (b[j] - dot(&column[j + 1..], &b[j + 1..])) / column[j];
    }
    // The sign is that of the largest coefficient of standard columns: units do not change it.
    let first = b[..p]
        .iter()
        .fold(0.0_f64, |m, v| if v.abs() > m.abs() { *v } else { m });
    let root = (rows as f64).sqrt().copysign(first);
    for (j, value) in b.iter_mut().enumerate() {
        *value *= root;
        if j < p {
            *value /= scaled.units[j];
        }
    }
    match case {
        // The levels were centred: what the relation took of the means is in its constant.
        2 => b[p] -= dot(&b[..p], &scaled.means),
        4 => b[p] /= rows as f64,
        _ => {}
    }
    b
}
