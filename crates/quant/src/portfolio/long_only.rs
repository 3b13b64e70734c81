//! Long-only quadratic problems: minimise `x'Cx/2 - q'x` over `x >= 0`.
//!
//! Minimum variance (q = 1), maximum Sharpe (q = excess returns) and maximum diversification
//! (q = volatilities) are this problem up to scale. A few coordinate sweeps find the assets that
//! are held; block pivoting (Portugal, Judice, Vicente 1994) with one Cholesky factor of the held
//! block settles them exactly. Few names are held out of many, so the factor is small.

use crate::linalg::lanes::{axpy_in, wide};
use crate::linalg::{Cholesky, Matrix};

/// Coordinate sweeps before pivoting.
const SWEEPS: usize = 12;
/// Of few assets, whose factor costs no more than some sweeps.
const SWEEPS_FEW: usize = 3;
/// As many are few.
const FEW: usize = 32;
/// Exchanges of whole blocks that may pass without progress before single exchanges begin.
const PATIENCE: usize = 3;

/// The solution and how it was certified.
#[derive(Debug, Clone)]
pub struct Held {
    /// The solution, not normalised; exact zeros outside of the held block.
    pub x: Vec<f64>,
    /// Sweeps and factorisations.
    pub iterations: usize,
    /// The largest violation of the optimality conditions, relative to `q` in units of risk.
    pub residual: f64,
}

/// Solves the problem for positive semidefinite `c` with a positive diagonal, whose roots are
/// `deviations`.
///
/// None when the held block is singular to working precision or pivoting does not end: the caller
/// has a general solver for that.
#[must_use]
pub fn solve(c: &Matrix, deviations: &[f64], q: &[f64]) -> Option<Held> {
    let n = q.len();
    let mut x = vec![0.0; n];
    let mut gradient: Vec<f64> = q.iter().map(|v| -v).collect();
    let inverses: Vec<f64> = (0..n).map(|i| 1.0 / c.at(i, i)).collect();
    let mut iterations = 0;
    for _ in 0..if n > FEW { SWEEPS } else { SWEEPS_FEW } {
        iterations += 1;
        if sweep(c, &inverses, &mut x, &mut gradient) == 0 {
            break;
        }
    }
    let mut held: Vec<usize> = (0..n).filter(|i| x[*i] > 0.0).collect();
    pivot(c, (q, deviations), &mut held, iterations)
}

/// One round over all coordinates; says how many were freed or left. It finds who is held, not how
/// much, so that inverses of the diagonal are good enough.
fn sweep(c: &Matrix, inverses: &[f64], x: &mut [f64], gradient: &mut [f64]) -> usize {
    wide(
        #[inline(always)]
        || {
            let mut exchanged = 0;
            for i in 0..x.len() {
                if x[i] <= 0.0 && gradient[i] >= 0.0 {
                    continue;
                }
                let column = c.col(i);
                let next = (x[i] - gradient[i] * inverses[i]).max(0.0);
                let change = next - x[i];
                exchanged += usize::from((next > 0.0) != (x[i] > 0.0));
                x[i] = next;
                axpy_in(change, column, gradient);
            }
            exchanged
        },
    )
}

fn pivot(
    c: &Matrix,
    (q, deviations): (&[f64], &[f64]),
    held: &mut Vec<usize>,
    mut iterations: usize,
) -> Option<Held> {
    let n = q.len();
    // The scale of `q` in units of risk.
    let sizes = q.iter().zip(deviations).map(|(q, d)| q.abs() / d);
    let scale = sizes.fold(0.0, f64::max);
    let tolerance = 1e-12 * scale;
    let mut fewest = usize::MAX;
    let mut patience = PATIENCE;
    for _ in 0..10 * n + 100 {
        iterations += 1;
        let values = solve_held(c, q, held)?;
        let gradient = slope(c, q, held, &values);
        let mut inside = held.iter().zip(&values).peekable();
        let is_bad = |i: &usize| match inside.next_if(|(j, _)| *j == i) {
            Some((_, value)) => *value <= 0.0,
            None => gradient[*i] < -tolerance * deviations[*i],
        };
        let bad: Vec<usize> = (0..n).filter(is_bad).collect();
        if bad.is_empty() {
            let found = (held.as_slice(), values.as_slice());
            return Some(finished(found, deviations, &gradient, (iterations, scale)));
        }
        let exchange = if bad.len() < fewest {
            fewest = bad.len();
            patience = PATIENCE;
            &bad[..]
        } else if patience > 0 {
            patience -= 1;
            &bad[..]
        } else {
            &bad[bad.len() - 1..]
        };
        toggle(held, exchange);
    }
    None
}

fn toggle(held: &mut Vec<usize>, exchange: &[usize]) {
    for i in exchange {
        match held.binary_search(i) {
            Ok(at) => {
                held.remove(at);
            }
            Err(at) => held.insert(at, *i),
        }
    }
}

fn solve_held(c: &Matrix, q: &[f64], held: &[usize]) -> Option<Vec<f64>> {
    let k = held.len();
    let mut block = Matrix::zeros(k, k);
    for (to, j) in held.iter().enumerate() {
        let column = c.col(*j);
        for (row, i) in held.iter().enumerate().skip(to) {
            block.set(row, to, column[*i]);
        }
    }
    let right: Vec<f64> = held.iter().map(|i| q[*i]).collect();
    Some(Cholesky::take(block).ok()?.solve(&right))
}

/// The gradient `C x - q`.
fn slope(c: &Matrix, q: &[f64], held: &[usize], values: &[f64]) -> Vec<f64> {
    let mut gradient: Vec<f64> = q.iter().map(|v| -v).collect();
    wide(
        #[inline(always)]
        || {
            for (j, value) in held.iter().zip(values) {
                axpy_in(*value, c.col(*j), &mut gradient);
            }
        },
    );
    gradient
}

fn finished(
    (held, values): (&[usize], &[f64]),
    deviations: &[f64],
    gradient: &[f64],
    (iterations, scale): (usize, f64),
) -> Held {
    let mut x = vec![0.0; gradient.len()];
    for (i, value) in held.iter().zip(values) {
        x[*i] = *value;
    }
    let residual = (0..x.len())
        .map(|i| {
            let wrong = if x[i] > 0.0 {
                gradient[i].abs()
            } else {
                (-gradient[i]).max(0.0)
            };
            wrong / deviations[i]
        })
        .fold(0.0, f64::max);
    Held {
        x,
        iterations,
        residual: if scale > 0.0 {
            residual / scale
        } else {
            residual
        },
    }
}
