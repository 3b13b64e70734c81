//! Primal-dual interior point method with Mehrotra's predictor and corrector (1992).
//!
//! One Cholesky factor of the core a step: auxiliaries are eliminated one by one, dense rows and
//! equalities border the system and end in a factor of their own number.

use super::standard::{Simple, Standard, NONE};
use crate::linalg::lanes::{axpy, dot};
use crate::linalg::{Cholesky, Matrix};

const STEPS: usize = 100;
const TARGET: f64 = 1e-11;
/// Added to the diagonal of the core, relative to its largest entry.
const RIDGE: f64 = 1e-13;

/// Where the method ended.
#[derive(Debug, Clone)]
pub(super) struct Point {
    pub(super) x: Vec<f64>,
    /// Slacks and multipliers of simple rows, then of dense rows.
    pub(super) s: Vec<f64>,
    pub(super) z: Vec<f64>,
    /// Multipliers of the equalities.
    pub(super) y: Vec<f64>,
    pub(super) iterations: usize,
    pub(super) residual: f64,
}

/// What is still wrong at a point.
struct Wrong {
    dual: Vec<f64>,
    equal: Vec<f64>,
    slack: Vec<f64>,
    size: f64,
}

pub(super) fn solve(problem: &Standard) -> Point {
    let mut point = start(problem);
    let mut best = point.clone();
    for step in 0..STEPS {
        let wrong = wrong(problem, &point);
        point.residual = wrong.size;
        point.iterations = step;
        if !wrong.size.is_finite() {
            break;
        }
        if wrong.size < best.residual {
            best = point.clone();
        }
        if wrong.size <= TARGET || step > best.iterations + 15 {
            break;
        }
        let Some(system) = System::factored(problem, &point.s, &point.z) else {
            break;
        };
        advance(problem, &system, &wrong, &mut point);
    }
    best
}

fn rows(problem: &Standard) -> usize {
    problem.simple.len() + problem.dense.len()
}

/// Least squares for x, slacks and multipliers pushed inside.
fn start(problem: &Standard) -> Point {
    let m = rows(problem);
    let mut point = Point {
        x: vec![0.0; problem.total],
        s: vec![1.0; m],
        z: vec![1.0; m],
        y: vec![0.0; problem.equal.len()],
        iterations: 0,
        residual: f64::INFINITY,
    };
    let Some(system) = System::factored(problem, &point.s, &point.z) else {
        return point;
    };
    let mut right: Vec<f64> = problem.c.iter().map(|c| -c).collect();
    for row in &problem.simple {
        row.add(row.bound, &mut right);
    }
    let equal: Vec<f64> = problem.equal.iter().map(|r| r.bound).collect();
    let dense: Vec<f64> = problem.dense.iter().map(|r| r.bound).collect();
    let (x, border) = system.solve(problem, &right, &[equal, dense].concat());
    point.y.copy_from_slice(&border[..problem.equal.len()]);
    let distance: Vec<f64> = values(problem, &x);
    point.x = x;
    let push = |values: Vec<f64>| -> Vec<f64> {
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let mean = values.iter().map(|v| v.abs()).sum::<f64>() / m.max(1) as f64;
        let shift = if least > 1e-3 * mean {
            0.0
        } else {
            mean.max(1e-3) - least
        };
        values.into_iter().map(|v| v + shift).collect()
    };
    point.s = push(distance.clone());
    point.z = push(distance.iter().map(|d| -d).collect());
    point
}

/// Distance of every inequality from its bound.
fn values(problem: &Standard, x: &[f64]) -> Vec<f64> {
    let simple = problem.simple.iter().map(|r| r.value(x) - r.bound);
    let dense = problem
        .dense
        .iter()
        .map(|r| dot(&r.coefficients, x) - r.bound);
    simple.chain(dense).collect()
}

fn wrong(problem: &Standard, point: &Point) -> Wrong {
    let mut dual = problem.gradient(&point.x);
    let objective = problem.objective(&point.x, &dual);
    let scale = 1.0 + dual.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    for (row, z) in problem.simple.iter().zip(&point.z) {
        row.add(-z, &mut dual);
    }
    let dense = problem.dense.iter().zip(&point.z[problem.simple.len()..]);
    for (row, v) in dense.chain(problem.equal.iter().zip(&point.y)) {
        axpy(-v, &row.coefficients, &mut dual);
    }
    let equal: Vec<f64> = problem
        .equal
        .iter()
        .map(|r| dot(&r.coefficients, &point.x) - r.bound)
        .collect();
    let slack: Vec<f64> = values(problem, &point.x)
        .iter()
        .zip(&point.s)
        .map(|(v, s)| v - s)
        .collect();
    let largest = |v: &[f64]| {
        v.iter()
            .fold(0.0_f64, |m, x| if x.is_nan() { *x } else { m.max(x.abs()) })
    };
    let gap = dot(&point.s, &point.z) / (1e-2 + objective.abs());
    let size = (largest(&dual) / scale)
        .max(largest(&equal))
        .max(largest(&slack))
        .max(gap);
    let finite = dual
        .iter()
        .chain(&equal)
        .chain(&slack)
        .all(|v| v.is_finite());
    Wrong {
        dual,
        equal,
        slack,
        size: if finite { size } else { f64::INFINITY },
    }
}

fn advance(problem: &Standard, system: &System, wrong: &Wrong, point: &mut Point) {
    let m = point.s.len();
    let mu = dot(&point.s, &point.z) / m.max(1) as f64;
    let product: Vec<f64> = point.s.iter().zip(&point.z).map(|(s, z)| s * z).collect();
    let affine = direction(problem, system, wrong, point, &product);
    let reach = longest(&point.s, &affine.s).min(longest(&point.z, &affine.z));
    let after: f64 = (0..m)
        .map(|i| (point.s[i] + reach * affine.s[i]) * (point.z[i] + reach * affine.z[i]))
        .sum::<f64>()
        / m.max(1) as f64;
    let centre = if mu > 0.0 { (after / mu).powi(3) } else { 0.0 };
    let corrected: Vec<f64> = (0..m)
        .map(|i| product[i] + affine.s[i] * affine.z[i] - centre * mu)
        .collect();
    let step = direction(problem, system, wrong, point, &corrected);
    let reach = 0.99 * longest(&point.s, &step.s).min(longest(&point.z, &step.z));
    let reach = if reach > 0.98 { reach.min(1.0) } else { reach };
    axpy(reach, &step.x, &mut point.x);
    axpy(reach, &step.s, &mut point.s);
    axpy(reach, &step.z, &mut point.z);
    axpy(reach, &step.y, &mut point.y);
}

struct Step {
    x: Vec<f64>,
    s: Vec<f64>,
    z: Vec<f64>,
    y: Vec<f64>,
}

/// The Newton direction for `s z = s z - product`.
fn direction(
    problem: &Standard,
    system: &System,
    wrong: &Wrong,
    point: &Point,
    product: &[f64],
) -> Step {
    let simple = problem.simple.len();
    let mut right: Vec<f64> = wrong.dual.iter().map(|v| -v).collect();
    for (i, row) in problem.simple.iter().enumerate() {
        let pull = (-product[i] - point.z[i] * wrong.slack[i]) / point.s[i];
        row.add(pull, &mut right);
    }
    let mut border: Vec<f64> = wrong.equal.iter().map(|v| -v).collect();
    border.extend((simple..point.s.len()).map(|i| -wrong.slack[i] - product[i] / point.z[i]));
    let (x, v) = system.solve(problem, &right, &border);
    let mut step = Step {
        s: vec![0.0; point.s.len()],
        z: vec![0.0; point.s.len()],
        y: v[..problem.equal.len()].to_vec(),
        x,
    };
    for (i, row) in problem.simple.iter().enumerate() {
        step.s[i] = row.value(&step.x) + wrong.slack[i];
        step.z[i] = (-product[i] - point.z[i] * step.s[i]) / point.s[i];
    }
    for (k, row) in problem.dense.iter().enumerate() {
        let i = simple + k;
        step.s[i] = dot(&row.coefficients, &step.x) + wrong.slack[i];
        step.z[i] = v[problem.equal.len() + k];
    }
    step
}

/// The longest step that keeps values from turning negative, at most 1/0.99.
fn longest(values: &[f64], change: &[f64]) -> f64 {
    values
        .iter()
        .zip(change)
        .filter(|(_, c)| **c < 0.0)
        .map(|(v, c)| -v / c)
        .fold(1.0 / 0.99, f64::min)
}

/// The factored Newton system: [H A'; A -D] with H = core, auxiliaries eliminated.
struct System {
    core: Cholesky,
    /// Diagonal of every auxiliary, and its coupling with its core variable.
    aux: Vec<f64>,
    coupling: Vec<(usize, f64)>,
    /// H^-1 of every border row, and the factor of the border.
    columns: Vec<Vec<f64>>,
    border: Option<Cholesky>,
}

impl System {
    fn factored(problem: &Standard, s: &[f64], z: &[f64]) -> Option<Self> {
        let n = problem.core;
        let mut h = problem.p.clone();
        let mut aux = vec![0.0; problem.total - n];
        let mut coupling = vec![(NONE, 0.0); problem.total - n];
        for (i, row) in problem.simple.iter().enumerate() {
            let d = z[i] / s[i];
            place(row, d, n, (&mut h, &mut aux, &mut coupling));
        }
        for (d, (core, k)) in aux.iter().zip(&coupling) {
            if *core != NONE {
                h.set(*core, *core, h.at(*core, *core) - k * k / d);
            }
        }
        let largest = (0..n).map(|i| h.at(i, i)).fold(0.0, f64::max);
        for i in 0..n {
            h.set(i, i, h.at(i, i) + RIDGE * largest.min(1.0).max(1e-3));
        }
        let mut system = Self {
            core: Cholesky::with_threshold(&h, 0.0).ok()?,
            aux,
            coupling,
            columns: Vec::new(),
            border: None,
        };
        let edges = || problem.equal.iter().chain(&problem.dense);
        system.columns = edges().map(|r| system.inner(n, &r.coefficients)).collect();
        let m = system.columns.len();
        let mut schur = Matrix::zeros(m, m);
        for (i, row) in edges().enumerate() {
            for j in 0..m {
                schur.set(i, j, dot(&row.coefficients, &system.columns[j]));
            }
        }
        for k in 0..problem.dense.len() {
            let (at, i) = (problem.equal.len() + k, problem.simple.len() + k);
            schur.set(at, at, schur.at(at, at) + s[i] / z[i]);
        }
        if m > 0 {
            let largest = (0..m).map(|i| schur.at(i, i)).fold(0.0, f64::max);
            for i in 0..m {
                schur.set(i, i, schur.at(i, i) + 1e-15 * largest);
            }
            system.border = Some(Cholesky::with_threshold(&schur, 0.0).ok()?);
        }
        Some(system)
    }

    /// H^-1 r.
    fn inner(&self, n: usize, r: &[f64]) -> Vec<f64> {
        let mut x = r.to_vec();
        let (head, tail) = x.split_at_mut(n);
        for (t, (d, (core, k))) in tail.iter().zip(self.aux.iter().zip(&self.coupling)) {
            if *core != NONE {
                head[*core] -= k * t / d;
            }
        }
        self.core.forward(head);
        self.core.backward(head);
        for (t, (d, (core, k))) in tail.iter_mut().zip(self.aux.iter().zip(&self.coupling)) {
            let pull = if *core == NONE { 0.0 } else { k * head[*core] };
            *t = (*t - pull) / d;
        }
        x
    }

    /// Solves H x - A' v = r, A x + D v = b.
    fn solve(&self, problem: &Standard, r: &[f64], b: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let mut x = self.inner(problem.core, r);
        let Some(border) = &self.border else {
            return (x, Vec::new());
        };
        let edges = problem.equal.iter().chain(&problem.dense);
        let right: Vec<f64> = edges
            .zip(b)
            .map(|(row, b)| b - dot(&row.coefficients, &x))
            .collect();
        let v = border.solve(&right);
        for (column, v) in self.columns.iter().zip(&v) {
            axpy(*v, column, &mut x);
        }
        (x, v)
    }
}

/// Adds `d` times the square of a simple row to the system.
fn place(
    row: &Simple,
    d: f64,
    n: usize,
    (h, aux, coupling): (&mut Matrix, &mut [f64], &mut [(usize, f64)]),
) {
    if row.core != NONE {
        h.set(row.core, row.core, h.at(row.core, row.core) + d);
    }
    if row.aux != NONE {
        aux[row.aux - n] += d * row.aux_sign * row.aux_sign;
        if row.core != NONE {
            let (core, k) = &mut coupling[row.aux - n];
            *core = row.core;
            *k += d * row.core_sign * row.aux_sign;
        }
    }
}
