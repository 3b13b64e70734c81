//! The data of a regression, centred, with a Gram matrix that grows as it is needed.

use crate::error::{Fault, QuantError, Result};
use crate::linalg::lanes::{centre, dot, dot_in, dots_in, wide};
use crate::linalg::Matrix;

/// Below this part of its largest value, what is left of a centred column is rounding.
const ROUNDING: f64 = 8.0 * f64::EPSILON;

/// Centred columns and response, inner products divided by the number of rows.
#[derive(Debug, Clone)]
pub struct Design {
    x: Matrix,
    y: Vec<f64>,
    means: Vec<f64>,
    y_mean: f64,
    /// |x_j|^2/n.
    pub(super) squares: Vec<f64>,
    /// x_j'y/n.
    pub(super) correlations: Vec<f64>,
    /// |y|^2/n.
    pub(super) y_square: f64,
    gram: Vec<Option<Vec<f64>>>,
}

impl Design {
    /// Centres `x` and `y` (when there is an intercept), and checks them.
    ///
    /// # Errors
    /// [`QuantError::Data`] for NaN or wrong sizes, [`QuantError::Degenerate`] naming a constant
    /// column.
    pub fn try_new(mut x: Matrix, mut y: Vec<f64>, intercept: bool) -> Result<Self> {
        let (n, p) = (x.rows(), x.cols());
        x.checked("X")?;
        crate::error::checked("y", &y, 2)?;
        if y.len() != n {
            let problem = format!("{} values, but X has {n} rows", y.len());
            let fault = Fault::new("y", problem, "pass one value a row of X");
            return Err(QuantError::Data(fault));
        }
        if p == 0 {
            return Err(QuantError::Data(Fault::new(
                "X",
                "no columns",
                "pass at least one",
            )));
        }
        let samples = n as f64;
        let means = (0..p)
            .map(|j| centred("X", x.col_mut(j), intercept, Some(j)))
            .collect::<Result<Vec<f64>>>()?;
        let y_mean = centred("y", &mut y, intercept, None)?;
        let squares: Vec<f64> = (0..p).map(|j| dot(x.col(j), x.col(j)) / samples).collect();
        let correlations: Vec<f64> = (0..p).map(|j| dot(x.col(j), &y) / samples).collect();
        let y_square = dot(&y, &y) / samples;
        let bad = |v: f64| !v.is_finite() || v < f64::MIN_POSITIVE;
        if let Some(j) = squares.iter().position(|v| bad(*v)) {
            let fault = Fault::new(
                "X",
                "squares leave the range of float64",
                "scale the column",
            );
            return Err(QuantError::Data(fault.in_column(j)));
        }
        if bad(y_square) || correlations.iter().any(|v| !v.is_finite()) {
            let fault = Fault::new("y", "squares leave the range of float64", "scale it");
            return Err(QuantError::Data(fault));
        }
        Ok(Self {
            gram: vec![None; p],
            x,
            y,
            means,
            y_mean,
            squares,
            correlations,
            y_square,
        })
    }

    /// Number of columns.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.x.cols()
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.x.rows()
    }

    /// The same data with every column multiplied by its factor.
    #[must_use]
    pub fn scaled(&self, factors: &[f64]) -> Self {
        let mut other = self.clone();
        for (j, k) in factors.iter().enumerate() {
            other.x.col_mut(j).iter_mut().for_each(|v| *v *= k);
            other.squares[j] *= k * k;
            other.correlations[j] *= k;
            other.means[j] *= k;
        }
        other.gram = vec![None; factors.len()];
        other
    }

    /// x_j'x_i/n for every i; computed once.
    pub(super) fn gram_column(&mut self, j: usize) -> &[f64] {
        let x = &self.x;
        self.gram[j].get_or_insert_with(|| {
            let (own, samples) = (x.col(j), x.rows() as f64);
            let mut products = vec![0.0; x.cols()];
            wide(
                #[inline(always)]
                || {
                    for (i, product) in products.iter_mut().enumerate() {
                        *product = dot_in(x.col(i), own) / samples;
                    }
                },
            );
            products
        })
    }

    /// The same for several columns: four at a time read the data once.
    pub(super) fn gram_columns(&mut self, wanted: &[usize]) {
        let missing = wanted.iter().copied().filter(|j| self.gram[*j].is_none());
        let missing: Vec<usize> = missing.collect();
        let (x, samples) = (&self.x, self.x.rows() as f64);
        let fours = missing.chunks_exact(4);
        let rest = fours.remainder().to_vec();
        for four in fours {
            let own: [&[f64]; 4] = core::array::from_fn(|k| x.col(four[k]));
            let mut products: [Vec<f64>; 4] = core::array::from_fn(|_| vec![0.0; x.cols()]);
            wide(
                #[inline(always)]
                || {
                    for i in 0..x.cols() {
                        for (column, value) in products.iter_mut().zip(dots_in(x.col(i), own)) {
                            column[i] = value / samples;
                        }
                    }
                },
            );
            for (j, column) in four.iter().zip(products) {
                self.gram[*j] = Some(column);
            }
        }
        for j in rest {
            self.gram_column(j);
        }
    }

    /// A column that was computed before; empty when it was not.
    pub(super) fn known(&self, j: usize) -> &[f64] {
        self.gram[j].as_deref().unwrap_or(&[])
    }

    /// y - X b, on the centred data.
    pub(super) fn residual(&self, coef: &[f64]) -> Vec<f64> {
        let mut residual = self.y.clone();
        for (j, b) in coef.iter().enumerate().filter(|(_, b)| **b != 0.0) {
            crate::linalg::lanes::axpy(-b, self.x.col(j), &mut residual);
        }
        residual
    }

    /// X'r/n.
    pub(super) fn correlate(&self, residual: &[f64]) -> Vec<f64> {
        let samples = self.x.rows() as f64;
        (0..self.x.cols())
            .map(|j| dot(self.x.col(j), residual) / samples)
            .collect()
    }

    /// The intercept that belongs to coefficients.
    #[must_use]
    pub fn intercept(&self, coef: &[f64]) -> f64 {
        self.y_mean - dot(&self.means, coef)
    }
}

fn centred(field: &'static str, x: &mut [f64], centring: bool, at: Option<usize>) -> Result<f64> {
    let size = |x: &[f64]| x.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    let level = size(x);
    let mean = if centring { centre(x) } else { 0.0 };
    if size(x) <= ROUNDING * level {
        return Err(QuantError::constant(field, at));
    }
    Ok(mean)
}
