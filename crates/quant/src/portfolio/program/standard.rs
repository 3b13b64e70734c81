//! The standard form: equalities, simple inequalities on one or two variables, dense inequalities.

use super::Program;
use crate::linalg::lanes::dot;
use crate::linalg::Matrix;

/// No variable.
pub(super) const NONE: usize = usize::MAX;

/// `core_sign * x[core] + aux_sign * x[aux] >= bound`; a variable may be [`NONE`].
#[derive(Debug, Clone)]
pub(super) struct Simple {
    pub(super) core: usize,
    pub(super) core_sign: f64,
    pub(super) aux: usize,
    pub(super) aux_sign: f64,
    pub(super) bound: f64,
}

impl Simple {
    pub(super) fn value(&self, x: &[f64]) -> f64 {
        let mut value = 0.0;
        if self.core != NONE {
            value += self.core_sign * x[self.core];
        }
        if self.aux != NONE {
            value += self.aux_sign * x[self.aux];
        }
        value
    }

    /// `out += k * row`.
    pub(super) fn add(&self, k: f64, out: &mut [f64]) {
        if self.core != NONE {
            out[self.core] += k * self.core_sign;
        }
        if self.aux != NONE {
            out[self.aux] += k * self.aux_sign;
        }
    }
}

/// `coefficients'x >= bound`, or `=`.
#[derive(Debug, Clone)]
pub(super) struct Dense {
    pub(super) coefficients: Vec<f64>,
    pub(super) bound: f64,
    /// The row or distance of the program that it comes from.
    pub(super) source: Source,
}

/// Where a dense row comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Lower(usize),
    Upper(usize),
    Equal(usize),
    Limit(usize),
}

/// minimise x'Px/2 + c'x. Variables: the core (n), then n auxiliaries for each distance, each the
/// amount bought. P touches the core only; auxiliaries meet each other in dense rows only.
#[derive(Debug, Clone)]
pub(super) struct Standard {
    pub(super) core: usize,
    pub(super) total: usize,
    pub(super) p: Matrix,
    pub(super) c: Vec<f64>,
    pub(super) simple: Vec<Simple>,
    pub(super) dense: Vec<Dense>,
    pub(super) equal: Vec<Dense>,
    /// Lower bound, upper bound of each core variable among `simple`, or [`NONE`].
    pub(super) ends: Vec<[usize; 2]>,
    /// Per distance and asset: the first of its two rows among `simple`.
    pub(super) kinks: Vec<usize>,
    /// P and c were divided by this.
    pub(super) scale: f64,
}

impl Standard {
    pub(super) fn new(program: &Program<'_>) -> Self {
        let core = program.linear.len();
        let total = core * (1 + program.distances.len());
        let diagonal = (0..core).map(|i| program.quadratic.at(i, i));
        let largest = diagonal.fold(0.0, f64::max);
        let steepest = program.linear.iter().fold(0.0_f64, |m, c| m.max(c.abs()));
        let scale = largest.max(steepest).max(f64::MIN_POSITIVE);
        let mut p = program.quadratic.clone();
        p.data_mut().iter_mut().for_each(|v| *v /= scale);
        let mut c: Vec<f64> = program.linear.iter().map(|v| v / scale).collect();
        c.resize(total, 0.0);
        let mut standard = Self {
            core,
            total,
            p,
            c,
            simple: Vec::new(),
            dense: Vec::new(),
            equal: Vec::new(),
            ends: vec![[NONE; 2]; core],
            kinks: Vec::new(),
            scale,
        };
        standard.add_bounds(&program.lower, &program.upper);
        standard.add_rows(program);
        standard.add_distances(program);
        standard
    }

    pub(super) fn add_bounds(&mut self, lower: &[f64], upper: &[f64]) {
        for i in 0..lower.len() {
            if lower[i] == upper[i] {
                let mut coefficients = vec![0.0; self.total];
                coefficients[i] = 1.0;
                let source = Source::Equal(NONE);
                self.equal.push(Dense {
                    coefficients,
                    bound: lower[i],
                    source,
                });
                continue;
            }
            for (end, (value, sign)) in [(lower[i], 1.0), (upper[i], -1.0)].into_iter().enumerate()
            {
                if value.is_finite() {
                    self.ends[i][end] = self.simple.len();
                    self.simple.push(Simple {
                        core: i,
                        core_sign: sign,
                        aux: NONE,
                        aux_sign: 0.0,
                        bound: sign * value,
                    });
                }
            }
        }
    }

    fn add_rows(&mut self, program: &Program<'_>) {
        for (at, row) in program.rows.iter().enumerate() {
            let coefficients = |sign: f64| {
                let mut all: Vec<f64> = row.coefficients.iter().map(|a| sign * a).collect();
                all.resize(self.total, 0.0);
                all
            };
            if row.lower == row.upper {
                let (coefficients, bound) = (coefficients(1.0), row.lower);
                let source = Source::Equal(at);
                self.equal.push(Dense {
                    coefficients,
                    bound,
                    source,
                });
                continue;
            }
            if row.lower.is_finite() {
                let (coefficients, bound) = (coefficients(1.0), row.lower);
                let source = Source::Lower(at);
                self.dense.push(Dense {
                    coefficients,
                    bound,
                    source,
                });
            }
            if row.upper.is_finite() {
                let (coefficients, bound) = (coefficients(-1.0), -row.upper);
                let source = Source::Upper(at);
                self.dense.push(Dense {
                    coefficients,
                    bound,
                    source,
                });
            }
        }
    }

    /// w - from = bought - sold; bought >= 0 and sold = bought - w + from >= 0.
    fn add_distances(&mut self, program: &Program<'_>) {
        for (at, distance) in program.distances.iter().enumerate() {
            let first = self.core * (1 + at);
            for i in 0..program.linear.len() {
                let aux = first + i;
                self.c[aux] += (distance.buy[i] + distance.sell[i]) / self.scale;
                self.c[i] -= distance.sell[i] / self.scale;
                self.kinks.push(self.simple.len());
                self.simple.push(Simple {
                    core: NONE,
                    core_sign: 0.0,
                    aux,
                    aux_sign: 1.0,
                    bound: 0.0,
                });
                self.simple.push(Simple {
                    core: i,
                    core_sign: -1.0,
                    aux,
                    aux_sign: 1.0,
                    bound: -distance.from[i],
                });
            }
            if distance.limit.is_finite() {
                let mut coefficients = vec![0.0; self.total];
                coefficients[..program.linear.len()].fill(1.0);
                coefficients[first..first + program.linear.len()].fill(-2.0);
                let bound = distance.from.iter().sum::<f64>() - distance.limit;
                let source = Source::Limit(at);
                self.dense.push(Dense {
                    coefficients,
                    bound,
                    source,
                });
            }
        }
    }

    /// P x + c.
    pub(super) fn gradient(&self, x: &[f64]) -> Vec<f64> {
        let mut gradient = self.c.clone();
        for (j, v) in x[..self.core].iter().enumerate() {
            crate::linalg::lanes::axpy(*v, self.p.col(j), &mut gradient[..self.core]);
        }
        gradient
    }

    /// x'Px/2 + c'x, given the gradient.
    pub(super) fn objective(&self, x: &[f64], gradient: &[f64]) -> f64 {
        0.5 * (dot(x, gradient) + dot(x, &self.c))
    }
}
