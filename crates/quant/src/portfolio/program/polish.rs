//! The exact solve on the constraints that bind.
//!
//! The interior point shows which constraints hold with equality. With those fixed, the optimum is
//! one symmetric solve, good to the last digits and with exact zeros. It is checked against all
//! optimality conditions and taken only if they hold better than before.

use super::interior::Point;
use super::standard::{Source, Standard, NONE};
use super::Program;
use crate::linalg::lanes::dot;
use crate::linalg::{Cholesky, Matrix};

/// Rounds of exchanging constraints that turned out not to bind, or to be crossed.
const ROUNDS: usize = 25;

/// The exact solution, and how it moves.
#[derive(Debug, Clone)]
pub struct Polished {
    /// The weights.
    pub weights: Vec<f64>,
    free: Vec<usize>,
    /// Of the free block, divided by the scale.
    factor: Cholesky,
    scale: f64,
    rows: Vec<Vec<f64>>,
    pub(super) residual: f64,
}

/// Where a weight stands.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Place {
    Free,
    Lower,
    Upper,
    /// At the origin of a distance.
    Kink(usize),
}

struct Active {
    place: Vec<Place>,
    /// Per distance and asset: +1 above its origin, -1 below, 0 at it.
    side: Vec<f64>,
    /// Dense rows that hold with equality.
    dense: Vec<bool>,
}

impl Polished {
    /// dw/dt when the linear term becomes `c - t mu`, as long as the same constraints bind.
    #[must_use]
    pub fn slope(&self, mu: &[f64]) -> Option<Vec<f64>> {
        let right: Vec<f64> = self.free.iter().map(|i| mu[*i] / self.scale).collect();
        let (free, _) = bordered(
            &self.factor,
            &self.rows,
            &right,
            &vec![0.0; self.rows.len()],
        )?;
        let mut slope = vec![0.0; mu.len()];
        for (i, v) in self.free.iter().zip(free) {
            slope[*i] = v;
        }
        Some(slope)
    }
}

pub(super) fn polish(
    program: &Program<'_>,
    standard: &Standard,
    point: &Point,
) -> Option<Polished> {
    let mut active = Active::new(program, standard, point);
    for _ in 0..ROUNDS {
        let (polished, changed) = active.solve(program, standard)?;
        if !changed {
            return (polished.residual <= point.residual.max(1e-12)).then_some(polished);
        }
    }
    None
}

impl Active {
    fn new(program: &Program<'_>, standard: &Standard, point: &Point) -> Self {
        let binds = |row: usize| row != NONE && point.z[row] > point.s[row];
        let n = standard.core;
        let mut place: Vec<Place> = standard
            .ends
            .iter()
            .map(|[lower, upper]| match (binds(*lower), binds(*upper)) {
                (true, _) => Place::Lower,
                (_, true) => Place::Upper,
                _ => Place::Free,
            })
            .collect();
        for i in 0..n {
            if program.lower[i] == program.upper[i] {
                place[i] = Place::Lower;
            }
        }
        let mut side = vec![0.0; standard.kinks.len()];
        for (at, row) in standard.kinks.iter().enumerate() {
            let (asset, distance) = (at % n, at / n);
            let away = point.x[asset] - program.distances[distance].from[asset];
            side[at] = if away >= 0.0 { 1.0 } else { -1.0 };
            if binds(*row) && binds(row + 1) && place[asset] == Place::Free {
                place[asset] = Place::Kink(distance);
                side[at] = 0.0;
            }
        }
        let first = standard.simple.len();
        let dense = (0..standard.dense.len())
            .map(|k| binds(first + k))
            .collect();
        Self { place, side, dense }
    }

    /// The value of a weight that is not free.
    fn fixed(&self, program: &Program<'_>, asset: usize) -> Option<f64> {
        match self.place[asset] {
            Place::Free => None,
            Place::Lower => Some(program.lower[asset]),
            Place::Upper => Some(program.upper[asset]),
            Place::Kink(distance) => Some(program.distances[distance].from[asset]),
        }
    }

    /// The rows that hold with equality, over weights, and what they must give.
    fn rows(&self, program: &Program<'_>, standard: &Standard) -> Vec<(Vec<f64>, f64)> {
        let n = standard.core;
        let equal = standard
            .equal
            .iter()
            .filter(|r| r.source != Source::Equal(NONE));
        let mut rows: Vec<(Vec<f64>, f64)> = equal
            .map(|r| (r.coefficients[..n].to_vec(), r.bound))
            .collect();
        for (row, _) in standard
            .dense
            .iter()
            .zip(&self.dense)
            .filter(|(_, on)| **on)
        {
            rows.push(match row.source {
                Source::Limit(k) => {
                    let distance = &program.distances[k];
                    let sides = &self.side[k * n..(k + 1) * n];
                    // Minus the sum of distances, so that its multiplier is positive.
                    let a: Vec<f64> = sides.iter().map(|s| -s).collect();
                    let bound = dot(&a, &distance.from) - distance.limit;
                    (a, bound)
                }
                _ => (row.coefficients[..n].to_vec(), row.bound),
            });
        }
        rows
    }

    /// The linear term with the costs of the sides on which the weights stand.
    fn linear(&self, program: &Program<'_>, scale: f64) -> Vec<f64> {
        let n = program.linear.len();
        let mut c: Vec<f64> = program.linear.iter().map(|v| v / scale).collect();
        for (k, distance) in program.distances.iter().enumerate() {
            for i in 0..n {
                let side = self.side[k * n + i];
                if side > 0.0 {
                    c[i] += distance.buy[i] / scale;
                } else if side < 0.0 {
                    c[i] -= distance.sell[i] / scale;
                }
            }
        }
        c
    }

    fn solve(&mut self, program: &Program<'_>, standard: &Standard) -> Option<(Polished, bool)> {
        let n = standard.core;
        let free: Vec<usize> = (0..n).filter(|i| self.place[*i] == Place::Free).collect();
        let mut w: Vec<f64> = (0..n)
            .map(|i| self.fixed(program, i).unwrap_or(0.0))
            .collect();
        let rows = self.rows(program, standard);
        let c = self.linear(program, standard.scale);
        let mut block = Matrix::zeros(free.len(), free.len());
        for (to, j) in free.iter().enumerate() {
            for (row, i) in free.iter().enumerate() {
                block.set(row, to, standard.p.at(*i, *j));
            }
        }
        let pull = crate::linalg::product::apply(&standard.p, &w);
        let right: Vec<f64> = free.iter().map(|i| -c[*i] - pull[*i]).collect();
        let bounds: Vec<f64> = rows.iter().map(|(a, b)| b - dot(a, &w)).collect();
        let cut = |a: &[f64]| -> Vec<f64> { free.iter().map(|i| a[*i]).collect() };
        let edges: Vec<Vec<f64>> = rows.iter().map(|(a, _)| cut(a)).collect();
        let factor = Cholesky::try_new(&block).ok()?;
        let (values, multipliers) = bordered(&factor, &edges, &right, &bounds)?;
        for (i, v) in free.iter().zip(values) {
            w[*i] = v;
        }
        let (residual, changed) = self.check(program, standard, &w, &rows, (&c, &multipliers));
        let polished = Polished {
            weights: w,
            free,
            factor,
            scale: standard.scale,
            rows: edges,
            residual,
        };
        Some((polished, changed))
    }

    /// Compares with all optimality conditions; constraints that fail change their state.
    fn check(
        &mut self,
        program: &Program<'_>,
        standard: &Standard,
        w: &[f64],
        rows: &[(Vec<f64>, f64)],
        (c, multipliers): (&[f64], &[f64]),
    ) -> (f64, bool) {
        let n = standard.core;
        let mut gradient = crate::linalg::product::apply(&standard.p, w);
        gradient.iter_mut().zip(c).for_each(|(g, c)| *g += c);
        let size = 1.0 + gradient.iter().fold(0.0_f64, |m, g| m.max(g.abs()));
        for ((a, _), v) in rows.iter().zip(multipliers) {
            crate::linalg::lanes::axpy(-v, a, &mut gradient);
        }
        let tolerance = 1e-11 * size;
        let (mut residual, mut changed) = (0.0_f64, false);
        for (a, b) in rows {
            residual = residual.max((dot(a, w) - b).abs());
        }
        let prices = self.prices(program, standard, multipliers);
        for i in 0..n {
            let (wrong, place) = self.asset(program, (i, w[i], gradient[i]), &prices);
            residual = residual.max(wrong);
            if wrong > tolerance && place != self.place[i] {
                self.place[i] = place;
                changed = true;
            }
        }
        changed |= self.distances(program, w, &prices);
        let on: Vec<usize> = (0..self.dense.len()).filter(|k| self.dense[*k]).collect();
        let first = rows.len() - on.len();
        for (at, k) in on.iter().enumerate() {
            let wrong = -multipliers[first + at];
            residual = residual.max(wrong);
            if wrong > tolerance {
                self.dense[*k] = false;
                changed = true;
            }
        }
        for (k, wrong) in crossed(program, standard, w) {
            residual = residual.max(wrong);
            if wrong > 1e-11 && !self.dense[k] {
                self.dense[k] = true;
                changed = true;
            }
        }
        (residual, changed)
    }

    /// How wrong an asset stands, and where it should.
    fn asset(
        &mut self,
        program: &Program<'_>,
        (i, w, gradient): (usize, f64, f64),
        prices: &[[f64; 2]],
    ) -> (f64, Place) {
        let (lower, upper) = (program.lower[i], program.upper[i]);
        match self.place[i] {
            Place::Free if w < lower => (lower - w, Place::Lower),
            Place::Free if w > upper => (w - upper, Place::Upper),
            Place::Free => (gradient.abs(), Place::Free),
            _ if lower == upper => (0.0, self.place[i]),
            Place::Lower => ((-gradient).max(0.0), Place::Free),
            Place::Upper => (gradient.max(0.0), Place::Free),
            Place::Kink(k) => {
                let at = k * program.lower.len() + i;
                let [buy, sell] = prices[at];
                let (up, down) = (-gradient - buy, gradient - sell);
                let wrong = up.max(down).max(0.0);
                if wrong > 0.0 {
                    self.side[at] = if up > down { 1.0 } else { -1.0 };
                }
                (wrong, Place::Free)
            }
        }
    }

    /// What a unit more and a unit less of each asset costs beyond the gradient, per distance: its
    /// costs, and the multiplier of the limit.
    fn prices(
        &self,
        program: &Program<'_>,
        standard: &Standard,
        multipliers: &[f64],
    ) -> Vec<[f64; 2]> {
        let n = program.lower.len();
        let mut limits = vec![0.0; program.distances.len()];
        let on = standard
            .dense
            .iter()
            .zip(&self.dense)
            .filter(|(_, on)| **on);
        let first = multipliers.len() - on.clone().count();
        for ((row, _), v) in on.zip(&multipliers[first..]) {
            if let Source::Limit(k) = row.source {
                limits[k] = v.max(0.0);
            }
        }
        let price = |(at, _): (usize, &f64)| {
            let (asset, distance) = (at % n, &program.distances[at / n]);
            let of = |cost: f64| cost / standard.scale + limits[at / n];
            [of(distance.buy[asset]), of(distance.sell[asset])]
        };
        self.side.iter().enumerate().map(price).collect()
    }

    /// Free weights that went through an origin stay at it, if passing it costs anything.
    fn distances(&mut self, program: &Program<'_>, w: &[f64], prices: &[[f64; 2]]) -> bool {
        let n = w.len();
        let mut changed = false;
        for at in 0..self.side.len() {
            let (asset, k) = (at % n, at / n);
            let away = w[asset] - program.distances[k].from[asset];
            if self.side[at] == 0.0 || away * self.side[at] >= -1e-13 {
                continue;
            }
            changed = true;
            self.side[at] = -self.side[at];
            let [buy, sell] = prices[at];
            if self.place[asset] == Place::Free && buy + sell > 0.0 {
                self.place[asset] = Place::Kink(k);
                self.side[at] = 0.0;
            }
        }
        changed
    }
}

/// By how much each dense row is violated; distances are taken at their true size.
fn crossed(program: &Program<'_>, standard: &Standard, w: &[f64]) -> Vec<(usize, f64)> {
    let rows = standard.dense.iter().enumerate();
    rows.map(|(k, row)| {
        let wrong = match row.source {
            Source::Limit(at) => {
                let distance = &program.distances[at];
                let pairs = w.iter().zip(&distance.from);
                pairs.map(|(w, f)| (w - f).abs()).sum::<f64>() - distance.limit
            }
            _ => row.bound - dot(&row.coefficients[..w.len()], w),
        };
        (k, wrong.max(0.0))
    })
    .collect()
}

/// Solves P x - A' v = r, A x = b by the Schur complement.
fn bordered(
    factor: &Cholesky,
    rows: &[Vec<f64>],
    r: &[f64],
    b: &[f64],
) -> Option<(Vec<f64>, Vec<f64>)> {
    let mut x = factor.solve(r);
    if rows.is_empty() {
        return Some((x, Vec::new()));
    }
    let columns: Vec<Vec<f64>> = rows.iter().map(|a| factor.solve(a)).collect();
    let mut schur = Matrix::zeros(rows.len(), rows.len());
    for (i, a) in rows.iter().enumerate() {
        for (j, column) in columns.iter().enumerate() {
            schur.set(i, j, dot(a, column));
        }
    }
    let right: Vec<f64> = rows.iter().zip(b).map(|(a, b)| b - dot(a, &x)).collect();
    let v = Cholesky::try_new(&schur).ok()?.solve(&right);
    for (column, v) in columns.iter().zip(&v) {
        crate::linalg::lanes::axpy(*v, column, &mut x);
    }
    Some((x, v))
}
