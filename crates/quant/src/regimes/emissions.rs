//! Densities of the observations in every state.

use super::model::{Hmm, Sample};
use crate::linalg::lanes::wide;
use crate::special::exp_down;

/// One column a state: densities over the largest of their row, and that largest, as logarithm.
pub(super) struct Emissions {
    pub rows: usize,
    pub values: Vec<f64>,
    pub largest: Vec<f64>,
}

impl Emissions {
    pub(super) fn new(model: &Hmm, sample: &Sample) -> Self {
        let mut emissions = Self {
            rows: sample.rows(),
            values: Vec::new(),
            largest: Vec::new(),
        };
        emissions.refresh(model, sample);
        emissions
    }

    /// Log densities, not yet divided by anything.
    pub(super) fn logarithms(model: &Hmm, sample: &Sample) -> Self {
        let mut emissions = Self {
            rows: sample.rows(),
            values: vec![0.0; sample.rows() * model.states],
            largest: Vec::new(),
        };
        emissions.log_densities(model, sample);
        emissions
    }

    /// The same, for other parameters, in the same memory.
    pub(super) fn refresh(&mut self, model: &Hmm, sample: &Sample) {
        self.values.resize(self.rows * model.states, 0.0);
        self.largest.resize(self.rows, 0.0);
        self.log_densities(model, sample);
        let (rows, values, largest) = (self.rows, &mut self.values, &mut self.largest);
        wide(
            #[inline(always)]
            || {
                largest.copy_from_slice(&values[..rows]);
                for column in values.chunks_exact(rows).skip(1) {
                    for (most, value) in largest.iter_mut().zip(column) {
                        *most = if *value > *most { *value } else { *most };
                    }
                }
                for column in values.chunks_exact_mut(rows) {
                    for (value, most) in column.iter_mut().zip(largest.iter()) {
                        *value = exp_down(*value - most);
                    }
                }
            },
        );
    }

    fn log_densities(&mut self, model: &Hmm, sample: &Sample) {
        let (d, x) = (model.dims, sample.values());
        let rows = self.rows;
        for (state, column) in self.values.chunks_exact_mut(rows).enumerate() {
            let means = &model.means[state * d..(state + 1) * d];
            let variances = &model.variances[state * d..(state + 1) * d];
            let constant: f64 = variances
                .iter()
                .map(|v| -0.5 * libm::log(2.0 * core::f64::consts::PI * v))
                .sum();
            if let ([mean], [variance]) = (means, variances) {
                let (mean, half) = (*mean, -0.5 / variance);
                wide(
                    #[inline(always)]
                    || {
                        for (value, x) in column.iter_mut().zip(x) {
                            *value = constant + half * (x - mean) * (x - mean);
                        }
                    },
                );
                continue;
            }
            for (value, row) in column.iter_mut().zip(x.chunks_exact(d)) {
                let mut sum = constant;
                for ((x, m), v) in row.iter().zip(means).zip(variances) {
                    sum -= 0.5 * (x - m) * (x - m) / v;
                }
                *value = sum;
            }
        }
    }
}
