//! Coordinate descent on a working set (Friedman et al. 2010), stopped by the duality gap.
//!
//! Gradients of all columns are kept; only columns that enter the working set need their column of
//! the Gram matrix. Columns that the gap proves to be zero are left out (Ndiaye et al. 2017,
//! gap-safe rule). On the working set, once signs have settled, one Cholesky solve ends the inner
//! problem exactly.

use super::design::Design;
use crate::error::{QuantError, Result};
use crate::linalg::lanes::{axpy, axpy_in, dot, wide};
use crate::linalg::{Cholesky, Matrix};

/// Weights of the two penalties.
#[derive(Debug, Clone, Copy)]
pub struct Penalty {
    /// Of the sum of absolute coefficients; positive.
    pub l1: f64,
    /// Of half the sum of squares.
    pub l2: f64,
}

/// When to stop.
#[derive(Debug, Clone, Copy)]
pub struct Stop {
    /// Largest duality gap, as a part of the mean square of y.
    pub tol: f64,
    /// Most sweeps over the working set.
    pub max_iter: usize,
}

/// Coefficients with their certificate.
#[derive(Debug, Clone)]
pub struct Fit {
    /// Coefficients.
    pub coef: Vec<f64>,
    /// Objective less a lower bound of its minimum.
    pub dual_gap: f64,
    /// The objective.
    pub objective: f64,
    /// Sweeps over the working set.
    pub iterations: usize,
    /// Whether the gap is small enough.
    pub converged: bool,
}

/// Sweeps before the exact solve is tried, and between two tries.
const BETWEEN: usize = 4;
/// Exact steps times columns, at most, beyond ten steps.
const EXACT_WORK: usize = 20_000;

/// Asked now and then whether to go on.
pub type Going<'a> = &'a mut dyn FnMut() -> bool;

/// Minimises the objective, starting from `start` (zeros when it is empty).
///
/// # Errors
/// [`QuantError::Interrupted`] when `going` says stop.
pub fn solve(
    design: &mut Design,
    penalty: Penalty,
    stop: Stop,
    start: &[f64],
    going: Going<'_>,
) -> Result<Fit> {
    let mut state = State::new(design, start);
    let target = stop.tol * design.y_square;
    let mut sweeps = 0;
    let mut gap = state.gap(design, penalty);
    let mut fresh = false;
    while gap.size > target && sweeps < stop.max_iter {
        let (work, more) = state.working_set(design, penalty, &gap);
        if work.is_empty() {
            break;
        }
        let limits = (target, stop.max_iter - sweeps);
        sweeps += state.inner(design, penalty, limits, &work, going)?;
        gap = state.gap(design, penalty);
        if gap.size > target && !more {
            // Nothing is missing, so gradients have drifted, or the tolerance is beyond float64.
            if fresh {
                break;
            }
            state.refresh(design);
            gap = state.gap(design, penalty);
        }
        fresh = !more;
    }
    Ok(Fit {
        coef: state.coef,
        dual_gap: gap.size,
        objective: gap.primal,
        iterations: sweeps,
        converged: gap.size <= target,
    })
}

/// The same fit with its gap computed anew from the residual, free of what accumulated.
#[must_use]
pub fn certified(design: &Design, penalty: Penalty, stop: Stop, fit: Fit) -> Fit {
    let slope = design.correlate(&design.residual(&fit.coef));
    let state = State {
        coef: fit.coef,
        slope,
    };
    let gap = state.gap(design, penalty);
    Fit {
        coef: state.coef,
        dual_gap: gap.size,
        objective: gap.primal,
        converged: gap.size <= stop.tol * design.y_square,
        ..fit
    }
}

struct Gap {
    size: f64,
    primal: f64,
    /// By how much the residual shrinks to become dual feasible.
    shrink: f64,
}

struct State {
    coef: Vec<f64>,
    /// x_j'r/n.
    slope: Vec<f64>,
}

impl State {
    fn new(design: &mut Design, start: &[f64]) -> Self {
        let p = design.columns();
        let mut state = Self {
            coef: vec![0.0; p],
            slope: design.correlations.clone(),
        };
        for (j, b) in start.iter().enumerate().filter(|(_, b)| **b != 0.0) {
            state.coef[j] = *b;
            axpy(-b, design.gram_column(j), &mut state.slope);
        }
        state
    }

    fn refresh(&mut self, design: &Design) {
        self.slope = design.correlate(&design.residual(&self.coef));
    }

    fn gap(&self, design: &Design, penalty: Penalty) -> Gap {
        let all = || self.coef.iter().zip(&self.slope).zip(&design.correlations);
        // |r|^2/n = y'y - b'(c + g), y'r/n = y'y - b'c, from gradients alone.
        let (mut fitted, mut left, mut size, mut square) = (0.0, 0.0, 0.0, 0.0);
        let mut largest = 0.0_f64;
        for ((b, g), c) in all() {
            fitted += b * c;
            left += b * g;
            size += b.abs();
            square += b * b;
            largest = largest.max((g - penalty.l2 * b).abs());
        }
        let residual = (design.y_square - fitted - left).max(0.0);
        let shrink = if largest > penalty.l1 {
            penalty.l1 / largest
        } else {
            1.0
        };
        let primal = 0.5 * residual + penalty.l1 * size + 0.5 * penalty.l2 * square;
        let dual = shrink * (design.y_square - fitted)
            - 0.5 * shrink * shrink * (residual + penalty.l2 * square);
        Gap {
            size: (primal - dual).max(0.0),
            primal,
            shrink,
        }
    }

    /// Columns that are not zero, and those whose gradient says that they should not be; true when
    /// there are such.
    fn working_set(&self, design: &Design, penalty: Penalty, gap: &Gap) -> (Vec<usize>, bool) {
        let radius = (2.0 * gap.size).sqrt();
        let can_be = |j: &usize| {
            let at = gap.shrink * (self.slope[*j] - penalty.l2 * self.coef[*j]).abs();
            at + radius * (design.squares[*j] + penalty.l2).sqrt() >= penalty.l1
        };
        let mut held: Vec<usize> = (0..self.coef.len())
            .filter(|j| self.coef[*j] != 0.0)
            .collect();
        let mut outside: Vec<usize> = (0..self.coef.len())
            .filter(|j| self.coef[*j] == 0.0 && self.slope[*j].abs() > penalty.l1)
            .filter(can_be)
            .collect();
        // The most violated first, no more than doubles the set.
        outside.sort_by(|a, b| self.slope[*b].abs().total_cmp(&self.slope[*a].abs()));
        outside.truncate(held.len().max(10));
        let more = !outside.is_empty();
        held.extend(outside);
        held.sort_unstable();
        (held, more)
    }

    /// Solves the problem of the working set; gradients of all columns follow.
    fn inner(
        &mut self,
        design: &mut Design,
        penalty: Penalty,
        (target, most): (f64, usize),
        work: &[usize],
        going: Going<'_>,
    ) -> Result<usize> {
        for (at, some) in work.chunks(64).enumerate() {
            if at > 0 && !going() {
                return Err(QuantError::Interrupted);
            }
            design.gram_columns(some);
        }
        let k = work.len();
        let mut gram = Matrix::zeros(k, k);
        for (to, j) in work.iter().enumerate() {
            let known = design.known(*j);
            for (row, i) in work.iter().enumerate() {
                gram.set(row, to, known[*i]);
            }
        }
        let pick = |v: &[f64]| -> Vec<f64> { work.iter().map(|j| v[*j]).collect() };
        let before = pick(&self.coef);
        let mut block = Block {
            right: pick(&design.correlations),
            coef: before.clone(),
            slope: pick(&self.slope),
            gram,
            penalty,
        };
        let mut sweeps = 0;
        while sweeps < most {
            let moved = block.sweep();
            sweeps += 1;
            let settle = moved == 0.0 || sweeps % BETWEEN == 0;
            if settle && (block.solve_exactly(going) || block.gap(design.y_square) <= 0.3 * target)
            {
                break;
            }
            if !going() {
                return Err(QuantError::Interrupted);
            }
        }
        for ((j, b), old) in work.iter().zip(&block.coef).zip(&before) {
            self.coef[*j] = *b;
            if (b - old).abs() > 0.0 {
                axpy(old - b, design.known(*j), &mut self.slope);
            }
        }
        Ok(sweeps)
    }
}

fn sign(value: f64) -> f64 {
    if value > 0.0 {
        1.0
    } else if value < 0.0 {
        -1.0
    } else {
        0.0
    }
}

struct Block {
    gram: Matrix,
    right: Vec<f64>,
    coef: Vec<f64>,
    slope: Vec<f64>,
    penalty: Penalty,
}

impl Block {
    fn sweep(&mut self) -> f64 {
        let Self {
            gram,
            coef,
            slope,
            penalty,
            ..
        } = self;
        wide(
            #[inline(always)]
            || {
                let mut moved = 0.0_f64;
                for j in 0..coef.len() {
                    let column = gram.col(j);
                    let square = column[j];
                    let aim = slope[j] + square * coef[j];
                    let next = if aim > penalty.l1 {
                        (aim - penalty.l1) / (square + penalty.l2)
                    } else if aim < -penalty.l1 {
                        (aim + penalty.l1) / (square + penalty.l2)
                    } else {
                        0.0
                    };
                    let change = next - coef[j];
                    if change != 0.0 {
                        coef[j] = next;
                        axpy_in(-change, column, slope);
                        moved = moved.max(change.abs());
                    }
                }
                moved
            },
        )
    }

    /// Feature-sign search (Lee et al. 2007): with the signs of now, (G + l2) b = c - l1 sign;
    /// where a sign would turn, the best point on the way; a zero that should not be one joins.
    /// True when all conditions of optimality hold; false when the held columns are dependent, or
    /// when so many signs are wrong that sweeps are the cheaper way: a step costs k^3.
    fn solve_exactly(&mut self, going: Going<'_>) -> bool {
        let mut signs: Vec<f64> = self.coef.iter().map(|b| sign(*b)).collect();
        let steps = (3 * signs.len() + 10).min(10 + EXACT_WORK / signs.len().max(1));
        for _ in 0..steps {
            if !going() {
                return false;
            }
            let held: Vec<usize> = (0..signs.len()).filter(|j| signs[*j] != 0.0).collect();
            if !held.is_empty() {
                let Some(aim) = self.aim(&held, &signs) else {
                    return false;
                };
                if !self.approach(&held, &aim, &mut signs) {
                    continue;
                }
            }
            let within = self.penalty.l1 * (1.0 + 1e-12);
            let mut worst = (0, within);
            for (j, g) in self.slope.iter().enumerate() {
                if signs[j] == 0.0 && g.abs() > worst.1 {
                    worst = (j, g.abs());
                }
            }
            if worst.1 <= within {
                return true;
            }
            signs[worst.0] = sign(self.slope[worst.0]);
        }
        false
    }

    /// The minimum over the held columns for given signs.
    fn aim(&self, held: &[usize], signs: &[f64]) -> Option<Vec<f64>> {
        let mut block = Matrix::zeros(held.len(), held.len());
        for (to, j) in held.iter().enumerate() {
            for (row, i) in held.iter().enumerate().skip(to) {
                block.set(row, to, self.gram.at(*i, *j));
            }
            block.set(to, to, block.at(to, to) + self.penalty.l2);
        }
        let factor = Cholesky::try_new(&block).ok()?;
        let right: Vec<f64> = held
            .iter()
            .map(|j| self.right[*j] - self.penalty.l1 * signs[*j])
            .collect();
        Some(factor.solve(&right))
    }

    /// Goes to the aim, or to the best of the points before it at which a coefficient is zero. True
    /// when the aim was reached with the signs that it was made for.
    fn approach(&mut self, held: &[usize], aim: &[f64], signs: &mut [f64]) -> bool {
        let from: Vec<f64> = held.iter().map(|j| self.coef[*j]).collect();
        let mut stops: Vec<f64> = from
            .iter()
            .zip(aim)
            .filter(|(b, a)| *b * *a < 0.0)
            .map(|(b, a)| b / (b - a))
            .collect();
        let agrees = held.iter().zip(aim).all(|(j, a)| a * signs[*j] > 0.0);
        let mut reach = 1.0;
        if !agrees {
            stops.push(1.0);
            stops.sort_by(f64::total_cmp);
            let mut least = f64::INFINITY;
            for t in stops {
                let value = self.along(held, (&from, aim), t);
                if value < least {
                    (least, reach) = (value, t);
                }
            }
        }
        for (at, j) in held.iter().enumerate() {
            let next = from[at] + reach * (aim[at] - from[at]);
            // At a stop the coefficient that makes it is zero, not rounding.
            let turned = from[at] * aim[at] < 0.0
                && (from[at] / (from[at] - aim[at]) - reach).abs() <= 1e-12;
            self.coef[*j] = if turned { 0.0 } else { next };
            signs[*j] = sign(self.coef[*j]);
        }
        self.slope = self.right.clone();
        for (j, b) in self.coef.iter().enumerate().filter(|(_, b)| **b != 0.0) {
            axpy(-b, self.gram.col(j), &mut self.slope);
        }
        agrees
    }

    /// The objective, up to a constant, part of the way from one point to another.
    fn along(&self, held: &[usize], (from, aim): (&[f64], &[f64]), t: f64) -> f64 {
        let Penalty { l1, l2 } = self.penalty;
        let step: Vec<f64> = from.iter().zip(aim).map(|(b, a)| t * (a - b)).collect();
        let mut value = 0.0;
        for (at, j) in held.iter().enumerate() {
            let next = from[at] + step[at];
            let bent: f64 = held
                .iter()
                .zip(&step)
                .map(|(i, d)| self.gram.at(*i, *j) * d)
                .sum();
            value += step[at] * (0.5 * bent - self.slope[*j]);
            value += l1 * next.abs() + 0.5 * l2 * next * next;
        }
        value
    }

    fn gap(&self, y_square: f64) -> f64 {
        let fitted = dot(&self.coef, &self.right);
        let residual = (y_square - fitted - dot(&self.coef, &self.slope)).max(0.0);
        let size: f64 = self.coef.iter().map(|b| b.abs()).sum();
        let square = dot(&self.coef, &self.coef);
        let Penalty { l1, l2 } = self.penalty;
        let pairs = self.slope.iter().zip(&self.coef);
        let largest = pairs.map(|(g, b)| (g - l2 * b).abs()).fold(0.0, f64::max);
        let shrink = if largest > l1 { l1 / largest } else { 1.0 };
        let primal = 0.5 * residual + l1 * size + 0.5 * l2 * square;
        let dual = shrink * (y_square - fitted) - 0.5 * shrink * shrink * (residual + l2 * square);
        (primal - dual).max(0.0)
    }
}
