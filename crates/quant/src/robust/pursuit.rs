//! The alternating method of multipliers for principal component pursuit.
//!
//! minimise |L|_* + lambda |S|_1 subject to |M - L - S|_F <= delta. Two blocks, L against S and the
//! noise together, so convergence is that of the standard method; the penalty grows as in the
//! inexact method of Lin, Chen and Ma 2010, but only while the duals keep up with the primals.

use super::leading::{Above, Leading};
use crate::error::{Fault, QuantError, Result};
use crate::linalg::lanes::{axpy, dot, wide};
use crate::linalg::{product, Matrix};

/// What to find.
#[derive(Debug, Clone, Copy)]
pub struct Pursuit {
    /// Weight of the sparse part; see [`default_penalty`].
    pub lambda: f64,
    /// Frobenius norm that the noise may have: zero for none.
    pub delta: f64,
    /// First penalty, in units of one over the spectral norm; 1.25 is usual.
    pub mu: f64,
    /// Relative residual at which to stop.
    pub tol: f64,
    /// Most steps.
    pub max_iter: usize,
}

/// The parts.
#[derive(Debug, Clone)]
pub struct Parts {
    /// L.
    pub low_rank: Matrix,
    /// S.
    pub sparse: Matrix,
    /// The multipliers: spectral norm at most one, entries at most lambda, and `<dual, M>` less
    /// delta times their Frobenius norm is the objective, up to the residuals.
    pub dual: Matrix,
    /// Rank of L.
    pub rank: usize,
    /// Singular values of L.
    pub singular_values: Vec<f64>,
    /// |L|_* + lambda |S|_1.
    pub objective: f64,
    /// Steps.
    pub iterations: usize,
    /// By how much |M - L - S|_F exceeds delta, relative to |M|_F.
    pub residual: f64,
    /// How far the duals moved in the last step, relative to their size.
    pub dual_residual: f64,
    /// Both residuals are small enough.
    pub converged: bool,
}

/// 1/sqrt(max(rows, columns)).
#[must_use]
pub fn default_penalty(rows: usize, cols: usize) -> f64 {
    1.0 / (rows.max(cols) as f64).sqrt()
}

const GROWTH: f64 = 1.5;
/// Largest dual residual at the end.
const DUAL: f64 = 1e-5;

/// Splits a matrix. `watch` is told the steps and may say stop.
///
/// # Errors
/// [`QuantError::Data`] for NaN or an empty matrix, [`QuantError::Degenerate`] for zeros,
/// [`QuantError::Parameter`], [`QuantError::Interrupted`].
pub fn pursue(
    m: &Matrix,
    asked: Pursuit,
    watch: &mut dyn FnMut(usize, usize) -> bool,
) -> Result<Parts> {
    m.checked("M")?;
    check(&asked)?;
    if m.rows() == 0 || m.cols() == 0 {
        return Err(QuantError::Data(Fault::new(
            "M",
            "the matrix is empty",
            "pass values",
        )));
    }
    let largest = m.data().iter().fold(0.0_f64, |a, v| a.max(v.abs()));
    if largest == 0.0 {
        return Err(QuantError::Degenerate(Fault::new(
            "M",
            "every value is zero",
            "pass data",
        )));
    }
    // Upright, and in units of the largest value, so that squares stay in range.
    let turned = m.rows() < m.cols();
    let mut data = if turned { m.transposed() } else { m.clone() };
    data.data_mut().iter_mut().for_each(|v| *v /= largest);
    let asked = Pursuit {
        delta: asked.delta / largest,
        ..asked
    };
    let mut parts = State::new(&data, asked)?.run(watch)?;
    for part in [&mut parts.low_rank, &mut parts.sparse] {
        part.data_mut().iter_mut().for_each(|v| *v *= largest);
        if turned {
            *part = part.transposed();
        }
    }
    if turned {
        parts.dual = parts.dual.transposed();
    }
    parts.singular_values.iter_mut().for_each(|s| *s *= largest);
    parts.objective *= largest;
    Ok(parts)
}

fn check(asked: &Pursuit) -> Result<()> {
    let positive = [("lam", asked.lambda), ("mu", asked.mu), ("tol", asked.tol)];
    for (name, value) in positive {
        if !value.is_finite() || value <= 0.0 {
            return Err(QuantError::parameter(
                name,
                format!("is {value}"),
                "must be positive",
            ));
        }
    }
    if !asked.delta.is_finite() || asked.delta < 0.0 {
        let problem = format!("is {}", asked.delta);
        return Err(QuantError::parameter(
            "noise",
            problem,
            "must be zero or positive",
        ));
    }
    if asked.max_iter == 0 {
        return Err(QuantError::parameter(
            "max_iter",
            "is 0",
            "must be at least 1",
        ));
    }
    Ok(())
}

struct State<'a> {
    m: &'a Matrix,
    asked: Pursuit,
    norm: f64,
    mu: f64,
    mu_most: f64,
    l: Matrix,
    s: Matrix,
    /// Noise; only where it is allowed.
    z: Option<Matrix>,
    y: Matrix,
    values: Vec<f64>,
    leading: Leading,
}

impl<'a> State<'a> {
    fn new(m: &'a Matrix, asked: Pursuit) -> Result<Self> {
        let (rows, cols) = (m.rows(), m.cols());
        let mut spectral = 0.0_f64;
        let mut v = vec![1.0; cols];
        for _ in 0..60 {
            let u = product::apply(m, &v);
            let next = product::transposed_apply(m, &u);
            let size = dot(&next, &next).sqrt();
            if size == 0.0 {
                v = (0..cols).map(|i| 1.0 + i as f64).collect();
                continue;
            }
            let now = (dot(&u, &u) / dot(&v, &v)).sqrt();
            v = next.iter().map(|x| x / size).collect();
            // It only sets the scale of the start.
            if (now - spectral).abs() <= 1e-3 * now {
                spectral = now;
                break;
            }
            spectral = now;
        }
        let norm = dot(m.data(), m.data()).sqrt();
        let spectral = if spectral > 0.0 { spectral } else { norm };
        let peak = m.data().iter().fold(0.0_f64, |a, v| a.max(v.abs()));
        let dual = spectral.max(peak / asked.lambda);
        let mut y = m.clone();
        y.data_mut().iter_mut().for_each(|v| *v /= dual);
        let mu = asked.mu / spectral;
        Ok(Self {
            m,
            asked,
            norm,
            mu,
            mu_most: mu * 1e7,
            l: Matrix::zeros(rows, cols),
            s: Matrix::zeros(rows, cols),
            z: (asked.delta > 0.0).then(|| Matrix::zeros(rows, cols)),
            y,
            values: Vec::new(),
            leading: Leading::new(cols, 10.min(cols)),
        })
    }

    fn run(mut self, watch: &mut dyn FnMut(usize, usize) -> bool) -> Result<Parts> {
        let (mut residual, mut dual) = (f64::INFINITY, f64::INFINITY);
        let mut iterations = 0;
        while iterations < self.asked.max_iter {
            iterations += 1;
            (residual, dual) = self.step(residual)?;
            if residual <= self.asked.tol && dual <= DUAL {
                break;
            }
            self.balance(iterations, residual / self.asked.tol, dual / DUAL);
            if !watch(iterations, self.asked.max_iter) {
                return Err(QuantError::Interrupted);
            }
        }
        let sparse: f64 = self.s.data().iter().map(|v| v.abs()).sum();
        Ok(Parts {
            rank: self.values.len(),
            objective: self.values.iter().sum::<f64>() + self.asked.lambda * sparse,
            singular_values: self.values,
            low_rank: self.l,
            dual: self.y,
            sparse: self.s,
            iterations,
            residual,
            dual_residual: dual,
            converged: residual <= self.asked.tol && dual <= DUAL,
        })
    }

    /// The primal residual shrinks as the penalty grows, the dual one as it rests or falls. It may
    /// fall only now and then: each change disturbs the iteration.
    fn balance(&mut self, step: usize, primal: f64, dual: f64) {
        if primal > 3.0 * dual {
            self.mu = (self.mu * GROWTH).min(self.mu_most);
        } else if dual > 3.0 * primal && step % 8 == 0 {
            self.mu /= 2.0;
        }
    }

    /// One round: L, then S with the noise, then the multipliers.
    fn step(&mut self, residual: f64) -> Result<(f64, f64)> {
        let inverse = 1.0 / self.mu;
        let mut w = combined(self.m, &self.s, &self.y, inverse);
        if let Some(z) = &self.z {
            subtract(&mut w, z);
        }
        // The method converges from any L, so the first one may be rough: nothing is known of the
        // sparse part yet, and many values lie close above the threshold.
        let precision = (0.02 * residual).max(1e-11) * self.norm;
        let above = self.leading.above(&w, inverse, precision)?;
        self.values = above.s.iter().map(|s| s - inverse).collect();
        self.l = rebuilt(&above, &self.values);
        // What is left for S and the noise: M - L + Y/mu.
        let mut rest = combined(self.m, &self.l, &self.y, inverse);
        let threshold = match &mut self.z {
            None => self.asked.lambda * inverse,
            Some(_) => noise_threshold(rest.data(), self.asked.lambda, self.mu, self.asked.delta),
        };
        let mut moved = shrink(rest.data(), threshold, self.s.data_mut());
        if let Some(z) = &mut self.z {
            let delta = self.asked.delta;
            moved += noise(rest.data(), self.s.data(), delta, z.data_mut());
        }
        // Y/mu after the step is what S and the noise did not take.
        subtract(&mut rest, &self.s);
        if let Some(z) = &self.z {
            subtract(&mut rest, z);
        }
        let (left, size) = multiply_on(rest.data(), self.mu, self.y.data_mut());
        let left = left.sqrt() * inverse;
        let size = size.sqrt().max(1e-300);
        Ok((left / self.norm, self.mu * moved.sqrt() / size))
    }
}

/// `m - part + k y`.
fn combined(m: &Matrix, part: &Matrix, y: &Matrix, k: f64) -> Matrix {
    let mut data = vec![0.0; m.data().len()];
    wide(
        #[inline(always)]
        || {
            let known = m.data().iter().zip(part.data()).zip(y.data());
            for (out, ((m, part), y)) in data.iter_mut().zip(known) {
                *out = m - part + k * y;
            }
        },
    );
    Matrix::from_columns(m.rows(), m.cols(), data)
}

/// Sets `y` to `k rest`; returns the squares of what changed, and of what it is now.
fn multiply_on(rest: &[f64], k: f64, y: &mut [f64]) -> (f64, f64) {
    wide(
        #[inline(always)]
        || {
            let (mut moved, mut size) = ([0.0_f64; 8], [0.0_f64; 8]);
            for (i, (y, r)) in y.iter_mut().zip(rest).enumerate() {
                let next = k * r;
                let change = next - *y;
                moved[i % 8] += change * change;
                size[i % 8] += next * next;
                *y = next;
            }
            (moved.iter().sum(), size.iter().sum())
        },
    )
}

fn subtract(a: &mut Matrix, b: &Matrix) {
    axpy(-1.0, b.data(), a.data_mut());
}

fn rebuilt(above: &Above, values: &[f64]) -> Matrix {
    let mut scaled = above.u.clone();
    for (j, s) in values.iter().enumerate() {
        scaled.col_mut(j).iter_mut().for_each(|v| *v *= s);
    }
    let mut l = Matrix::zeros(above.u.rows(), above.v.rows());
    product::gemm(1.0, (&scaled, false), (&above.v, true), 0.0, &mut l);
    l
}

/// Soft thresholding; returns the square of what changed.
fn shrink(rest: &[f64], threshold: f64, s: &mut [f64]) -> f64 {
    wide(
        #[inline(always)]
        || {
            let mut moved = [0.0_f64; 8];
            for (i, (s, r)) in s.iter_mut().zip(rest).enumerate() {
                let next = r - r.clamp(-threshold, threshold);
                let change = next - *s;
                moved[i % 8] += change * change;
                *s = next;
            }
            moved.iter().sum()
        },
    )
}

/// The threshold t at which S = soft(R, t) and the noise, R - S cut to norm delta, are the joint
/// minimum: mu (1 - delta/h) t = lambda with h = |min(|R|, t)|.
fn noise_threshold(rest: &[f64], lambda: f64, mu: f64, delta: f64) -> f64 {
    let largest = rest.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    let capped = |t: f64| {
        let square = |v: &f64| {
            let v = v.abs().min(t);
            v * v
        };
        rest.iter().map(square).sum::<f64>().sqrt()
    };
    if capped(largest) <= delta {
        return largest;
    }
    let (mut low, mut high) = (0.0, largest + lambda / mu);
    if mu * (1.0 - delta / capped(high)) * high <= lambda {
        return largest;
    }
    for _ in 0..50 {
        let t = 0.5 * (low + high);
        let h = capped(t);
        if h > delta && mu * (1.0 - delta / h) * t > lambda {
            high = t;
        } else {
            low = t;
        }
    }
    high
}

/// Sets the noise to what is left, cut to its norm; returns the square of what changed.
fn noise(rest: &[f64], s: &[f64], delta: f64, z: &mut [f64]) -> f64 {
    let left: Vec<f64> = rest.iter().zip(s).map(|(r, s)| r - s).collect();
    let size = dot(&left, &left).sqrt();
    let scale = if size > delta { delta / size } else { 1.0 };
    let mut moved = 0.0;
    for (z, l) in z.iter_mut().zip(&left) {
        let next = scale * l;
        moved += (next - *z) * (next - *z);
        *z = next;
    }
    moved
}
