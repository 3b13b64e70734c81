//! Householder QR with column pivoting.

use super::lanes::{axpy, dot};
use super::Matrix;

/// `a P = Q R`; the order of the columns shows which ones carry information.
#[derive(Debug, Clone)]
pub struct Qr {
    factors: Matrix,
    scale: Vec<f64>,
    order: Vec<usize>,
    rank: usize,
}

impl Qr {
    /// Factors `a`, exchanging columns so that the largest remaining one comes next.
    #[must_use]
    pub fn new(a: &Matrix) -> Self {
        Self::factored(a, true)
    }

    /// Factors `a` in the order of its columns; a dependent column is passed over at its turn.
    #[must_use]
    pub fn in_order(a: &Matrix) -> Self {
        Self::factored(a, false)
    }

    fn factored(a: &Matrix, pivoting: bool) -> Self {
        let (n, k) = (a.rows(), a.cols());
        let norms: Vec<f64> = (0..k).map(|j| dot(a.col(j), a.col(j)).sqrt()).collect();
        let tolerance = f64::EPSILON * n.max(k) as f64 * 8.0;
        let mut qr = Self {
            factors: a.clone(),
            scale: Vec::new(),
            order: (0..k).collect(),
            rank: 0,
        };
        // Columns are compared in units of themselves, so that a small one is no dependent one.
        let mut end = k;
        while qr.rank < end.min(n) {
            let step = qr.rank;
            let left = |j: usize| {
                let rest = &qr.factors.col(j)[step..];
                let norm = norms[qr.order[j]];
                if norm > 0.0 {
                    dot(rest, rest).sqrt() / norm
                } else {
                    0.0
                }
            };
            let next = if pivoting {
                let best = |best: (usize, f64), j: usize| {
                    let size = left(j);
                    if size > best.1 {
                        (j, size)
                    } else {
                        best
                    }
                };
                (step..end).fold((step, -1.0), best)
            } else {
                (step, left(step))
            };
            if next.1 <= tolerance {
                if pivoting {
                    break;
                }
                end -= 1;
                for j in step..end {
                    qr.exchange(j, j + 1);
                }
                continue;
            }
            if next.0 != step {
                qr.exchange(step, next.0);
            }
            qr.reflect(step);
        }
        qr
    }

    fn exchange(&mut self, a: usize, b: usize) {
        let (first, second) = self.factors.two_cols_mut(a, b);
        first.swap_with_slice(second);
        self.order.swap(a, b);
    }

    fn reflect(&mut self, step: usize) {
        let column = &mut self.factors.col_mut(step)[step..];
        // Scaled, so that neither 1e300 nor 1e-300 leaves the range when squared.
        let largest = column.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
        let norm = largest
            * column
                .iter()
                .map(|x| (x / largest) * (x / largest))
                .sum::<f64>()
                .sqrt();
        let alpha = if column[0] > 0.0 { -norm } else { norm };
        let head = column[0] - alpha;
        for value in column.iter_mut().skip(1) {
            *value /= head;
        }
        let beta = -head / alpha;
        column[0] = alpha;
        let reflector: Vec<f64> = column[1..].to_vec();
        for j in step + 1..self.factors.cols() {
            let rest = &mut self.factors.col_mut(j)[step..];
            let along = beta * (rest[0] + dot(&reflector, &rest[1..]));
            rest[0] -= along;
            axpy(-along, &reflector, &mut rest[1..]);
        }
        self.scale.push(beta);
        self.rank += 1;
    }

    /// How many columns are independent.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// Which column of the original stands where.
    #[must_use]
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// The first column (in the order of the factor) that depends on those before it.
    #[must_use]
    pub fn dependent(&self) -> Option<usize> {
        self.order.get(self.rank).copied()
    }

    /// The absolute diagonal of R at a step.
    #[must_use]
    pub fn diagonal(&self, step: usize) -> f64 {
        self.factors.at(step, step).abs()
    }

    /// An entry of R, in the order of the factor.
    #[must_use]
    pub fn r(&self, row: usize, col: usize) -> f64 {
        if row <= col {
            self.factors.at(row, col)
        } else {
            0.0
        }
    }

    /// Multiplies `b` by `Q'` in place.
    pub fn rotate(&self, b: &mut [f64]) {
        for (step, beta) in self.scale.iter().enumerate() {
            let reflector = &self.factors.col(step)[step + 1..];
            let rest = &mut b[step..];
            let along = beta * (rest[0] + dot(reflector, &rest[1..]));
            rest[0] -= along;
            axpy(-along, reflector, &mut rest[1..]);
        }
    }

    /// Least squares: the coefficients in the original order (zero for dependent columns) and the
    /// sum of squared residuals.
    #[must_use]
    pub fn solve(&self, b: &[f64]) -> (Vec<f64>, f64) {
        let mut rotated = b.to_vec();
        self.rotate(&mut rotated);
        let tail = &rotated[self.rank..];
        let sse = dot(tail, tail);
        let mut x = rotated[..self.rank].to_vec();
        self.back_substitute(&mut x);
        let mut coefficients = vec![0.0; self.order.len()];
        for (step, value) in x.into_iter().enumerate() {
            coefficients[self.order[step]] = value;
        }
        (coefficients, sse)
    }

    fn back_substitute(&self, x: &mut [f64]) {
        for j in (0..x.len()).rev() {
            let column = self.factors.col(j);
            x[j] /= column[j];
            let (head, tail) = x.split_at_mut(j);
            axpy(-tail[0], &column[..j], head);
        }
    }

    /// The diagonal entry of `(a' a)^-1` for a column of the original, infinite when dependent.
    #[must_use]
    pub fn inverse_diagonal(&self, column: usize) -> f64 {
        let step = self.order.iter().position(|c| *c == column);
        let Some(step) = step.filter(|s| *s < self.rank) else {
            return f64::INFINITY;
        };
        // Row `step` of R^-1, by solving R' z = e.
        let mut z = vec![0.0; self.rank];
        z[step] = 1.0 / self.factors.at(step, step);
        for j in step + 1..self.rank {
            let above = &self.factors.col(j)[step..j];
            z[j] = -dot(above, &z[step..j]) / self.factors.at(j, j);
        }
        dot(&z, &z)
    }
}
