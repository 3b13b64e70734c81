//! A column-major matrix.

use super::lanes::all_finite;
use crate::error::{Fault, QuantError, Result};

const TILE: usize = 16;

/// A dense matrix of float64, stored column after column.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    rows: usize,
    cols: usize,
    data: Vec<f64>,
}

impl Matrix {
    /// A matrix of zeros.
    #[must_use]
    pub fn zeros(rows: usize, cols: usize) -> Self {
        Self {
            rows,
            cols,
            data: vec![0.0; rows * cols],
        }
    }

    /// The identity.
    #[must_use]
    pub fn identity(n: usize) -> Self {
        let mut identity = Self::zeros(n, n);
        for i in 0..n {
            identity.set(i, i, 1.0);
        }
        identity
    }

    /// A matrix from values in column order; `data` has `rows * cols` of them.
    #[must_use]
    pub fn from_columns(rows: usize, cols: usize, data: Vec<f64>) -> Self {
        assert_eq!(data.len(), rows * cols, "a matrix has rows times columns");
        Self { rows, cols, data }
    }

    /// A matrix from values in row order, as NumPy stores them.
    #[must_use]
    pub fn from_rows(rows: usize, cols: usize, values: &[f64]) -> Self {
        assert_eq!(values.len(), rows * cols, "a matrix has rows times columns");
        let mut matrix = Self::zeros(rows, cols);
        // Tile by tile, so that neither side is walked across the cache.
        for first in (0..rows).step_by(TILE) {
            let last = (first + TILE).min(rows);
            for left in (0..cols).step_by(TILE) {
                for j in left..(left + TILE).min(cols) {
                    let column = &mut matrix.data[j * rows + first..j * rows + last];
                    for (value, i) in column.iter_mut().zip(first..) {
                        *value = values[i * cols + j];
                    }
                }
            }
        }
        matrix
    }

    /// The values in row order, as NumPy stores them.
    #[must_use]
    pub fn to_rows(&self) -> Vec<f64> {
        let mut values = Vec::with_capacity(self.data.len());
        for i in 0..self.rows {
            values.extend((0..self.cols).map(|j| self.at(i, j)));
        }
        values
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    #[must_use]
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// All values, column after column.
    #[must_use]
    pub fn data(&self) -> &[f64] {
        &self.data
    }

    /// All values, column after column, to be changed.
    pub fn data_mut(&mut self) -> &mut [f64] {
        &mut self.data
    }

    /// One value.
    #[must_use]
    #[inline]
    pub fn at(&self, row: usize, col: usize) -> f64 {
        self.data[col * self.rows + row]
    }

    /// Sets one value.
    #[inline]
    pub fn set(&mut self, row: usize, col: usize, value: f64) {
        self.data[col * self.rows + row] = value;
    }

    /// One column.
    #[must_use]
    #[inline]
    pub fn col(&self, col: usize) -> &[f64] {
        &self.data[col * self.rows..(col + 1) * self.rows]
    }

    /// One column, to be changed.
    #[inline]
    pub fn col_mut(&mut self, col: usize) -> &mut [f64] {
        &mut self.data[col * self.rows..(col + 1) * self.rows]
    }

    /// Two different columns, both to be changed.
    #[inline]
    pub fn two_cols_mut(&mut self, a: usize, b: usize) -> (&mut [f64], &mut [f64]) {
        let rows = self.rows;
        if a < b {
            let (head, tail) = self.data.split_at_mut(b * rows);
            (&mut head[a * rows..(a + 1) * rows], &mut tail[..rows])
        } else {
            let (head, tail) = self.data.split_at_mut(a * rows);
            (&mut tail[..rows], &mut head[b * rows..(b + 1) * rows])
        }
    }

    /// The transpose, as a copy.
    #[must_use]
    pub fn transposed(&self) -> Self {
        Self {
            rows: self.cols,
            cols: self.rows,
            data: self.to_rows(),
        }
    }

    /// A copy of the block that begins at (`row`, `col`).
    #[must_use]
    pub fn block(&self, row: usize, col: usize, rows: usize, cols: usize) -> Self {
        let mut data = Vec::with_capacity(rows * cols);
        for j in col..col + cols {
            data.extend_from_slice(&self.col(j)[row..row + rows]);
        }
        Self { rows, cols, data }
    }

    /// Checks that every value is finite.
    ///
    /// # Errors
    /// [`QuantError::Data`] with the row and the column of the first NaN or infinity.
    pub fn checked(&self, field: &'static str) -> Result<()> {
        if all_finite(&self.data) {
            return Ok(());
        }
        for j in 0..self.cols {
            if let Some(row) = self.col(j).iter().position(|v| !v.is_finite()) {
                let problem = format!("value is {}", self.at(row, j));
                let fault = Fault::new(field, problem, "drop or fill it before");
                return Err(QuantError::Data(fault.at_row(row).in_column(j)));
            }
        }
        Ok(())
    }
}
