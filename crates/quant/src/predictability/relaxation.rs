//! The semidefinite relaxation (d'Aspremont 2011, eq. 8; Cuturi-d'Aspremont 2015, section 4).
//!
//! minimise <M, Y> + squares over Y positive semidefinite, <G, Y> = 1, sum |Y_ij| <= k tr Y. Any
//! portfolio x of k assets gives Y = xx', so its minimum bounds them all. Three projections in turn
//! (consensus ADMM); at any iterate the multiplier of the cardinality cone, put into the dual, gives
//! a bound that holds whatever the iteration still lacks.

use super::criterion::{whitened, Candidate, Problem};
use super::greedy;
use crate::error::{QuantError, Result};
use crate::linalg::lanes::{axpy, dot};
use crate::linalg::{product, Cholesky, Matrix, SymmetricEigen};

/// Assets up to which the relaxation is solved.
const MOST: usize = 60;
const STEPS: usize = 4000;
/// Steps between two looks at the bound, at the portfolio of the moment and at the penalty.
const LOOK: usize = 25;

/// The best portfolio found, and a bound of all.
pub(super) fn find(
    problem: &Problem<'_>,
    k: usize,
    watch: &mut dyn FnMut(usize, usize) -> bool,
) -> Result<(Candidate, f64)> {
    let n = problem.process.assets();
    if n > MOST {
        let about = format!("sdp takes up to {MOST} assets, not {n}");
        return Err(QuantError::parameter("method", about, "choose greedy"));
    }
    let mut best = problem.exchanged(greedy::grow(problem, k)?)?;
    let mut cone = Consensus::new(problem, k);
    let mut bound = f64::NEG_INFINITY;
    for step in 1..=STEPS {
        let (apart, moved) = cone.step()?;
        let open = apart.max(moved).sqrt();
        if step % LOOK != 0 && open > 1e-9 {
            continue;
        }
        cone.balance(apart, moved);
        bound = bound.max(cone.bound()?);
        let rounded = problem.best(&cone.largest(k)?)?;
        if rounded.value < best.value - 1e-12 {
            best = problem.exchanged(rounded)?;
        }
        if best.value - bound <= 1e-8 * (best.value.abs() + 1e-3) || open <= 1e-9 {
            break;
        }
        if !watch(step, STEPS) {
            return Err(QuantError::Interrupted);
        }
    }
    let bound = bound.min(best.value);
    Ok((best, bound))
}

struct Consensus<'a, 'p> {
    problem: &'a Problem<'p>,
    k: f64,
    n: usize,
    /// Weight of the distance from the consensus.
    rho: f64,
    z: Matrix,
    /// Scaled multipliers of the three copies.
    u: [Matrix; 3],
    positive: Matrix,
    affine: Matrix,
    /// rho times the multiplier of the cardinality cone.
    normal: Matrix,
}

impl<'a, 'p> Consensus<'a, 'p> {
    fn new(problem: &'a Problem<'p>, k: usize) -> Self {
        let n = problem.process.assets();
        let zero = Matrix::zeros(n, n);
        let mut z = Matrix::identity(n);
        z.data_mut().iter_mut().for_each(|v| *v /= n as f64);
        Self {
            problem,
            k: k as f64,
            n,
            rho: 1.0,
            z,
            u: [zero.clone(), zero.clone(), zero.clone()],
            positive: zero.clone(),
            affine: zero.clone(),
            normal: zero,
        }
    }

    /// One round; says how much the copies still differ and the consensus still moves, squared.
    fn step(&mut self) -> Result<(f64, f64)> {
        self.positive = positive_part(&minus(&self.z, &self.u[0]))?;
        self.affine = self.proximal(&minus(&self.z, &self.u[1]));
        let point = minus(&self.z, &self.u[2]);
        let sparse = cardinality_cone(&point, self.k);
        self.normal = minus(&point, &sparse);
        let rho = self.rho;
        self.normal.data_mut().iter_mut().for_each(|v| *v *= rho);
        let copies = [&self.positive, &self.affine, &sparse];
        let mut next = Matrix::zeros(self.n, self.n);
        for (copy, u) in copies.iter().zip(&self.u) {
            axpy(1.0 / 3.0, copy.data(), next.data_mut());
            axpy(1.0 / 3.0, u.data(), next.data_mut());
        }
        let mut apart = 0.0;
        for (copy, u) in copies.iter().zip(&mut self.u) {
            let gap = minus(copy, &next);
            apart += dot(gap.data(), gap.data());
            axpy(1.0, gap.data(), u.data_mut());
        }
        let drift = minus(&next, &self.z);
        let moved = 3.0 * rho * rho * dot(drift.data(), drift.data());
        self.z = next;
        let size = dot(self.z.data(), self.z.data()).max(1e-30);
        Ok((apart / size, moved / size))
    }

    /// Keeps the two residuals within a factor of ten.
    fn balance(&mut self, apart: f64, moved: f64) {
        let factor = if apart > 100.0 * moved {
            2.0
        } else if moved > 100.0 * apart {
            0.5
        } else {
            return;
        };
        self.rho = (self.rho * factor).clamp(1e-4, 1e4);
        for u in &mut self.u {
            u.data_mut().iter_mut().for_each(|v| *v /= factor);
        }
    }

    /// minimise <M, Y> + sum w <G_k, Y>^2 + rho/2 |Y - V|^2 over <G, Y> = 1.
    fn proximal(&self, v: &Matrix) -> Matrix {
        // Y = V - (M + sum 2 w q_k G_k - l G)/rho with q_k = <G_k, Y>: linear in (q, l).
        let gamma = &self.problem.process.gamma;
        let squares = &self.problem.squares;
        let mut base = v.clone();
        if let Some(m) = &self.problem.linear {
            axpy(-1.0 / self.rho, m.data(), base.data_mut());
        }
        let mut sides: Vec<&Matrix> = squares.iter().map(|(_, g)| *g).collect();
        sides.push(gamma);
        let count = sides.len();
        // With t_k = 2 w_k q_k and t_last = -l: Y = base - sum t_k side_k / rho.
        let mut system = Matrix::zeros(count, count);
        let mut right: Vec<f64> = sides.iter().map(|s| dot(s.data(), base.data())).collect();
        right[count - 1] -= 1.0;
        for i in 0..count {
            for j in 0..count {
                system.set(i, j, dot(sides[i].data(), sides[j].data()) / self.rho);
            }
            if i + 1 < count {
                let own = 1.0 / (2.0 * squares[i].0.max(1e-300));
                system.set(i, i, system.at(i, i) + own);
            }
        }
        if let Ok(factor) = Cholesky::with_threshold(&system, 0.0) {
            for (side, t) in sides.iter().zip(factor.solve(&right)) {
                axpy(-t / self.rho, side.data(), base.data_mut());
            }
        }
        base
    }

    /// A number that no portfolio of k assets falls below.
    fn bound(&self) -> Result<f64> {
        // Squares are convex: at the consensus they lie above their tangent.
        let mut m = match &self.problem.linear {
            Some(m) => m.clone(),
            None => Matrix::zeros(self.n, self.n),
        };
        let mut constant = 0.0;
        for (w, g) in &self.problem.squares {
            let q = dot(g.data(), self.affine.data());
            axpy(2.0 * w * q, g.data(), m.data_mut());
            constant -= w * q * q;
        }
        axpy(1.0, self.normal.data(), m.data_mut());
        let least = SymmetricEigen::try_new(&whitened(&self.problem.process.factor, &m))?;
        Ok(constant + least.values[0])
    }

    /// The k assets on which the leading eigenvector of the relaxation leans most.
    fn largest(&self, k: usize) -> Result<Vec<usize>> {
        let eigen = SymmetricEigen::try_new(&self.positive)?;
        let leading = eigen.vectors.col(self.n - 1);
        let mut order: Vec<usize> = (0..self.n).collect();
        order.sort_by(|a, b| leading[*b].abs().total_cmp(&leading[*a].abs()));
        order.truncate(k);
        order.sort_unstable();
        Ok(order)
    }
}

fn minus(a: &Matrix, b: &Matrix) -> Matrix {
    let mut out = a.clone();
    axpy(-1.0, b.data(), out.data_mut());
    out
}

fn positive_part(m: &Matrix) -> Result<Matrix> {
    let eigen = SymmetricEigen::try_new(m)?;
    let mut scaled = eigen.vectors.clone();
    for (j, value) in eigen.values.iter().enumerate() {
        let value = value.max(0.0);
        scaled.col_mut(j).iter_mut().for_each(|v| *v *= value);
    }
    let mut out = Matrix::zeros(m.rows(), m.cols());
    product::gemm(1.0, (&scaled, false), (&eigen.vectors, true), 0.0, &mut out);
    product::mirror(&mut out);
    Ok(out)
}

/// Projects onto sum |Y_ij| <= k tr Y: soft thresholding of V + r k I by r, r by bisection.
fn cardinality_cone(v: &Matrix, k: f64) -> Matrix {
    let n = v.cols();
    let at = |r: f64| {
        let mut y = v.clone();
        for i in 0..n {
            y.set(i, i, y.at(i, i) + r * k);
        }
        y.data_mut()
            .iter_mut()
            .for_each(|x| *x = x.signum() * (x.abs() - r).max(0.0));
        let total: f64 = y.data().iter().map(|x| x.abs()).sum();
        let trace: f64 = (0..n).map(|i| y.at(i, i)).sum();
        (total - k * trace, y)
    };
    let (excess, y) = at(0.0);
    if excess <= 0.0 {
        return y;
    }
    let largest = v.data().iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    let (mut low, mut high) = (0.0, largest);
    for _ in 0..60 {
        let r = 0.5 * (low + high);
        if at(r).0 > 0.0 {
            low = r;
        } else {
            high = r;
        }
    }
    at(high).1
}
