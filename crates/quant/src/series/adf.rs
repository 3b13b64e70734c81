//! The augmented Dickey-Fuller test (Dickey-Fuller 1979, Said-Dickey 1984).
//!
//! `dx_t = d_t + g x_{t-1} + sum c_i dx_{t-i} + e`; the statistic is `g / se(g)`.
//!
//! All lag orders are prefixes of one factorisation: the moments of the differences at lag (i, j)
//! depend on i - j and on a few rows at the edges, so the matrix costs O(n p), and one Cholesky
//! factor gives the residual sum of every order. Where the factor loses digits, a QR of the
//! columns themselves takes its place.

use super::mackinnon::{critical_values, p_value, Trend};
use crate::error::{checked, Fault, QuantError, Result};
use crate::linalg::lanes::{axpy, centre, dot, is_constant, sum};
use crate::linalg::{Cholesky, Matrix, Qr};

/// Below this part of a column the moments have lost too many digits.
const PIVOT_MIN: f64 = 1e-6;
/// A residual sum below this part of the target's is rounding.
const EXACT: f64 = 1e-24;
/// |t| at which a lag stays, for the rule that drops lags from the end (10 %, two sides).
const T_STOP: f64 = 1.644_853_626_951_472_2;

/// How the number of lagged differences is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LagRule {
    /// As many as the maximum says.
    Fixed,
    /// Akaike's criterion.
    Aic,
    /// Schwarz's criterion.
    Bic,
    /// From the maximum down to the first whose t exceeds 1.645.
    TStat,
}

/// The statistic of a unit-root regression.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UnitRoot {
    /// `g / se(g)`.
    pub statistic: f64,
    /// Lagged differences in the regression.
    pub lags: usize,
    /// Rows of the regression.
    pub nobs: usize,
    /// The coefficient of the level.
    pub slope: f64,
    /// The chosen value of the criterion, on the common sample; NaN when nothing was chosen.
    pub criterion: f64,
}

/// What the test says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adf {
    /// The regression.
    pub root: UnitRoot,
    /// MacKinnon's asymptotic p-value.
    pub pvalue: f64,
    /// Critical values at 1, 5, 10 % for this number of rows.
    pub critical: [f64; 3],
}

/// Tests for a unit root; `max_lag` None is Schwert's rule.
///
/// # Errors
/// A value that is not finite, too few of them, a lag beyond half the sample, a series that is
/// constant or follows its trend exactly.
pub fn adf(x: &[f64], trend: Trend, max_lag: Option<usize>, rule: LagRule) -> Result<Adf> {
    checked("x", x, 0)?;
    let root = unit_root("x", x, trend, max_lag, rule)?;
    Ok(Adf {
        root,
        pvalue: p_value(root.statistic, trend, 1),
        critical: critical_values(trend, 1, root.nobs as f64),
    })
}

/// The largest number of lags that `n` observations can carry.
fn lag_limit(n: usize, trend: Trend) -> Option<usize> {
    (n / 2).checked_sub(1 + trend.terms())
}

/// Chooses the lags and tests, without tables.
pub(crate) fn unit_root(
    field: &'static str,
    x: &[f64],
    trend: Trend,
    max_lag: Option<usize>,
    rule: LagRule,
) -> Result<UnitRoot> {
    let needed = 4 + 2 * trend.terms();
    if x.len() < needed {
        return Err(QuantError::too_short(field, x.len(), needed));
    }
    let limit = lag_limit(x.len(), trend).unwrap_or(0);
    let max_lag = match max_lag {
        Some(lag) if lag > limit => {
            let problem = format!("is {lag}, but must be at most {limit} for this sample");
            return Err(QuantError::parameter("lags", problem, "ask for fewer lags"));
        }
        Some(lag) => lag,
        None => schwert(x.len()).min(limit),
    };
    let series = standardised(field, x, trend)?;
    let (lags, criterion) = if rule == LagRule::Fixed || max_lag == 0 && rule == LagRule::TStat {
        (max_lag, f64::NAN)
    } else {
        choose(&series, trend, max_lag, rule)
    };
    let (statistic, slope) = test(field, &series, trend, lags)?;
    Ok(UnitRoot {
        statistic,
        lags,
        nobs: x.len() - 1 - lags,
        slope,
        criterion,
    })
}

/// Schwert 1989: ceil(12 (n / 100)^(1/4)).
fn schwert(n: usize) -> usize {
    libm::ceil(12.0 * libm::pow(n as f64 / 100.0, 0.25)) as usize
}

/// The series in units of its largest value, less its deterministic part, which the regression
/// takes out anyway: that costs no digits later.
fn standardised(field: &'static str, x: &[f64], trend: Trend) -> Result<Vec<f64>> {
    let largest = x.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    if is_constant(x) {
        return Err(QuantError::constant(field, None));
    }
    let mut series: Vec<f64> = x.iter().map(|v| v / largest).collect();
    if trend != Trend::None {
        centre(&mut series);
        for column in trends(x.len(), trend.terms()).iter().skip(1) {
            let square = dot(column, column);
            for _ in 0..2 {
                axpy(-dot(column, &series) / square, column, &mut series);
            }
        }
    }
    let left = series.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    if left < 1e-13 {
        let fault = Fault::new(
            field,
            "the series follows its deterministic trend exactly",
            "test the series without its trend, or leave it out",
        );
        return Err(QuantError::Degenerate(fault));
    }
    for value in &mut series {
        *value /= left;
    }
    Ok(series)
}

/// Orthogonal polynomials on n points: 1, t, t^2, as many as asked for.
fn trends(n: usize, terms: usize) -> Vec<Vec<f64>> {
    let middle = 0.5 * (n as f64 - 1.0);
    let t: Vec<f64> = (0..n).map(|i| (i as f64 - middle) / n as f64).collect();
    let mut columns = vec![vec![1.0; n]];
    let mut square: Vec<f64> = t.iter().map(|t| t * t).collect();
    centre(&mut square);
    columns.push(t);
    columns.push(square);
    columns.truncate(terms);
    columns
}

/// The columns of a regression with `p` lags: deterministic terms, then the level first or last of
/// the rest, then the target.
struct Design<'a> {
    x: &'a [f64],
    differences: Vec<f64>,
    deterministic: Vec<Vec<f64>>,
    lags: usize,
    rows: usize,
    level_first: bool,
}

impl<'a> Design<'a> {
    fn new(x: &'a [f64], trend: Trend, lags: usize, level_first: bool) -> Self {
        let rows = x.len() - 1 - lags;
        Self {
            x,
            differences: x.windows(2).map(|pair| pair[1] - pair[0]).collect(),
            deterministic: trends(rows, trend.terms()),
            lags,
            rows,
            level_first,
        }
    }

    fn width(&self) -> usize {
        self.deterministic.len() + 1 + self.lags + 1
    }

    fn level_at(&self) -> usize {
        let d = self.deterministic.len();
        if self.level_first {
            d
        } else {
            d + self.lags
        }
    }

    /// Where the difference of a lag stands; lag 0 is the target.
    fn lag_at(&self, lag: usize) -> usize {
        let d = self.deterministic.len();
        match lag {
            0 => self.width() - 1,
            _ if self.level_first => d + lag,
            _ => d + lag - 1,
        }
    }

    fn level(&self) -> &[f64] {
        &self.x[self.lags..self.lags + self.rows]
    }

    fn difference(&self, lag: usize) -> &[f64] {
        &self.differences[self.lags - lag..self.lags - lag + self.rows]
    }

    /// The moments of all columns.
    fn gram(&self) -> Matrix {
        let mut g = Matrix::zeros(self.width(), self.width());
        let mut put = |i: usize, j: usize, value: f64| {
            g.set(i, j, value);
            g.set(j, i, value);
        };
        let (level_at, level) = (self.level_at(), self.level());
        for (i, column) in self.deterministic.iter().enumerate() {
            put(i, i, dot(column, column));
            put(i, level_at, dot(column, level));
        }
        put(level_at, level_at, dot(level, level));
        for lag in 0..=self.lags {
            let (at, column) = (self.lag_at(lag), self.difference(lag));
            put(level_at, at, dot(level, column));
            for (i, trend) in self.deterministic.iter().enumerate() {
                let value = if i == 0 {
                    sum(column)
                } else {
                    dot(trend, column)
                };
                put(i, at, value);
            }
        }
        for apart in 0..=self.lags {
            self.at_distance(apart, |i, j, value| {
                put(self.lag_at(i), self.lag_at(j), value)
            });
        }
        g
    }

    /// Moments of lags (i, i + apart): one sum over the rows all share, and the edges added.
    fn at_distance(&self, apart: usize, mut put: impl FnMut(usize, usize, f64)) {
        let (d, free) = (&self.differences, self.lags - apart);
        let product = |u: usize| d[u] * d[u + apart];
        if self.rows <= free {
            for i in 0..=free {
                put(
                    i,
                    i + apart,
                    dot(self.difference(i), self.difference(i + apart)),
                );
            }
            return;
        }
        let shared = dot(&d[free..self.rows], &d[free + apart..self.rows + apart]);
        let mut heads = vec![0.0; free + 1];
        for start in (0..free).rev() {
            heads[start] = heads[start + 1] + product(start);
        }
        let mut tail = 0.0;
        for (start, head) in heads.iter().enumerate() {
            let i = free - start;
            put(i, i + apart, shared + (head + tail));
            if start < free {
                tail += product(self.rows + start);
            }
        }
    }

    fn columns(&self) -> Matrix {
        let mut all = Matrix::zeros(self.rows, self.width() - 1);
        for (i, column) in self.deterministic.iter().enumerate() {
            all.col_mut(i).copy_from_slice(column);
        }
        all.col_mut(self.level_at()).copy_from_slice(self.level());
        for lag in 1..=self.lags {
            all.col_mut(self.lag_at(lag))
                .copy_from_slice(self.difference(lag));
        }
        all
    }

    /// Coordinates of the target along the orthogonalised columns, and the residual sum; the
    /// columns that depend on those before them count nothing.
    fn coordinates(&self) -> (Vec<f64>, f64) {
        let target = self.width() - 1;
        if let Some(l) = self.factor() {
            let z: Vec<f64> = (0..target).map(|j| l.at(target, j)).collect();
            return (z, l.at(target, target) * l.at(target, target));
        }
        let columns = self.columns();
        let qr = Qr::in_order(&columns);
        let mut rotated = self.difference(0).to_vec();
        qr.rotate(&mut rotated);
        let mut z = vec![0.0; target];
        for (step, column) in qr.order()[..qr.rank()].iter().enumerate() {
            z[*column] = rotated[step];
        }
        let tail = &rotated[qr.rank()..];
        (z, dot(tail, tail))
    }

    /// The Cholesky factor of the moments, unless it lost too many digits.
    fn factor(&self) -> Option<Matrix> {
        let factor = Cholesky::with_threshold(&self.gram(), PIVOT_MIN).ok()?;
        Some(factor.factor().clone())
    }
}

fn choose(x: &[f64], trend: Trend, max_lag: usize, rule: LagRule) -> (usize, f64) {
    let design = Design::new(x, trend, max_lag, true);
    let (z, sse) = design.coordinates();
    let n = design.rows as f64;
    let fixed = design.deterministic.len() + 1;
    // Residual sums from the last lag to none.
    let mut sums = vec![sse; max_lag + 1];
    for lag in (0..max_lag).rev() {
        let along = z[fixed + lag];
        sums[lag] = sums[lag + 1] + along * along;
    }
    if rule == LagRule::TStat {
        for lag in (1..=max_lag).rev() {
            let freedom = n - (fixed + lag) as f64;
            let t = z[fixed + lag - 1] / (sums[lag] / freedom).sqrt();
            if t.abs() >= T_STOP {
                return (lag, t.abs());
            }
        }
        return (0, f64::NAN);
    }
    let price = if rule == LagRule::Aic {
        2.0
    } else {
        libm::log(n)
    };
    let mut best = (0, f64::INFINITY);
    for (lag, sse) in sums.iter().enumerate() {
        let criterion = n * libm::log(sse / n) + price * (fixed + lag) as f64;
        if criterion < best.1 {
            best = (lag, criterion);
        }
    }
    best
}

/// The statistic and the slope on the longest sample for a number of lags.
fn test(field: &'static str, x: &[f64], trend: Trend, lags: usize) -> Result<(f64, f64)> {
    let design = Design::new(x, trend, lags, false);
    let parameters = design.width() - 1;
    if design.rows <= parameters {
        return Err(QuantError::too_short(field, x.len(), parameters + lags + 2));
    }
    let freedom = (design.rows - parameters) as f64;
    if let Some(l) = design.factor() {
        let (level, target) = (design.level_at(), parameters);
        let residual = l.at(target, target);
        let (along, own) = (l.at(target, level), l.at(level, level));
        return Ok((along / (residual / freedom.sqrt()), along / own));
    }
    let columns = design.columns();
    let qr = Qr::in_order(&columns);
    let target = design.difference(0);
    let (coefficients, sse) = qr.solve(target);
    if qr.rank() < parameters || sse <= EXACT * dot(target, target) {
        let fault = Fault::new(
            field,
            "the regression fits exactly, so the statistic means nothing",
            "use fewer lags, or another trend",
        );
        return Err(QuantError::Degenerate(fault));
    }
    let slope = coefficients[design.level_at()];
    let spread = (sse / freedom * qr.inverse_diagonal(design.level_at())).sqrt();
    Ok((slope / spread, slope))
}
