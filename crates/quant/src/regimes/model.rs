//! The parameters, and what they say of a sample.

use super::emissions::Emissions;
use super::passes;
use crate::error::{Fault, QuantError, Result};

/// The largest number of states.
pub const STATES_MAX: usize = 32;

/// Observations in rows of `dims` values; `lengths` cuts them into sequences.
#[derive(Debug, Clone)]
pub struct Sample {
    values: Vec<f64>,
    dims: usize,
    lengths: Vec<usize>,
}

impl Sample {
    /// Checks and keeps the observations; no lengths mean one sequence.
    ///
    /// # Errors
    /// A value that is not finite, nothing at all, lengths that do not add up.
    pub fn try_new(values: Vec<f64>, dims: usize, lengths: Vec<usize>) -> Result<Self> {
        if dims == 0 || values.is_empty() {
            return Err(QuantError::too_short("x", 0, 1));
        }
        if let Some(at) = values.iter().position(|v| !v.is_finite()) {
            let fault = Fault::new(
                "x",
                format!("value is {}", values[at]),
                "drop or fill it before",
            );
            let fault = fault.at_row(at / dims);
            let fault = if dims > 1 {
                fault.in_column(at % dims)
            } else {
                fault
            };
            return Err(QuantError::Data(fault));
        }
        let rows = values.len() / dims;
        let lengths = if lengths.is_empty() {
            vec![rows]
        } else {
            lengths
        };
        if lengths.contains(&0) || lengths.iter().sum::<usize>() != rows {
            let problem = format!("do not add up to the {rows} rows of x, or one is 0");
            return Err(QuantError::parameter(
                "lengths",
                problem,
                "count every row once",
            ));
        }
        Ok(Self {
            values,
            dims,
            lengths,
        })
    }

    /// The values, row after row.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Values a row.
    #[must_use]
    pub fn dims(&self) -> usize {
        self.dims
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.values.len() / self.dims
    }

    /// The sample in other units.
    pub(super) fn rescaled(&self, means: &[f64], spreads: &[f64]) -> Self {
        let d = self.dims;
        let value = |(at, x): (usize, &f64)| (x - means[at % d]) / spreads[at % d];
        Self {
            values: self.values.iter().enumerate().map(value).collect(),
            dims: d,
            lengths: self.lengths.clone(),
        }
    }

    /// First row and length of every sequence.
    pub(super) fn sequences(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.lengths.iter().scan(0, |first, length| {
            let start = *first;
            *first += length;
            Some((start, *length))
        })
    }
}

/// A hidden Markov model with independent normal emissions.
#[derive(Debug, Clone, PartialEq)]
pub struct Hmm {
    /// Number of states.
    pub states: usize,
    /// Values an observation.
    pub dims: usize,
    /// Law of the first state.
    pub start: Vec<f64>,
    /// Transition probabilities, row after row.
    pub transitions: Vec<f64>,
    /// Means, state after state.
    pub means: Vec<f64>,
    /// Variances, state after state.
    pub variances: Vec<f64>,
}

/// What is expected some steps ahead.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecast {
    /// Of the states.
    pub probabilities: Vec<f64>,
    /// Of the observation.
    pub mean: Vec<f64>,
    /// Of the observation.
    pub variance: Vec<f64>,
}

/// Calls a function of a constant number of states: as many, or more of which some never occur.
macro_rules! by_states {
    ($states:expr, $function:ident($($argument:expr),*)) => {
        match $states {
            1 => passes::$function::<1>($($argument),*),
            2 => passes::$function::<2>($($argument),*),
            3 => passes::$function::<3>($($argument),*),
            4 => passes::$function::<4>($($argument),*),
            5 => passes::$function::<5>($($argument),*),
            6 => passes::$function::<6>($($argument),*),
            7 | 8 => passes::$function::<8>($($argument),*),
            9..=16 => passes::$function::<16>($($argument),*),
            _ => passes::$function::<32>($($argument),*),
        }
    };
}
pub(super) use by_states;

impl Hmm {
    /// Checks shapes and laws.
    ///
    /// # Errors
    /// [`QuantError::Parameter`] naming what is wrong.
    pub fn checked(self) -> Result<Self> {
        let (k, d) = (self.states, self.dims);
        if k == 0 || k > STATES_MAX {
            let problem = format!("is {k}, but must lie between 1 and {STATES_MAX}");
            return Err(QuantError::parameter("n_states", problem, "choose fewer"));
        }
        let law = |name, p: &[f64]| {
            let sum: f64 = p.iter().sum();
            if p.iter().all(|p| (0.0..=1.0).contains(p)) && (sum - 1.0).abs() < 1e-8 {
                return Ok(());
            }
            let problem = "is no probability law";
            Err(QuantError::parameter(name, problem, "let it add up to 1"))
        };
        let shape = |name, found: usize, expected: usize| {
            if found == expected {
                return Ok(());
            }
            let problem = format!("has {found} values, but must have {expected}");
            Err(QuantError::parameter(
                name,
                problem,
                "give one to each state",
            ))
        };
        shape("startprob", self.start.len(), k)?;
        shape("transmat", self.transitions.len(), k * k)?;
        shape("means", self.means.len(), k * d)?;
        shape("variances", self.variances.len(), k * d)?;
        law("startprob", &self.start)?;
        for row in self.transitions.chunks_exact(k) {
            law("transmat", row)?;
        }
        if !self.means.iter().all(|m| m.is_finite())
            || !self.variances.iter().all(|v| v.is_finite() && *v > 0.0)
        {
            let problem = "or means are not finite, or a variance is not positive";
            return Err(QuantError::parameter("variances", problem, "correct them"));
        }
        Ok(self)
    }

    fn fits(&self, sample: &Sample) -> Result<()> {
        if sample.dims() == self.dims {
            return Ok(());
        }
        let problem = format!("x has {} columns, the model {}", sample.dims(), self.dims);
        Err(QuantError::Data(Fault::new(
            "x",
            problem,
            "pass what it was fitted on",
        )))
    }

    /// P(state at t | observations to t), row after row, and the log likelihood.
    ///
    /// # Errors
    /// A sample of another width.
    pub fn filter(&self, sample: &Sample) -> Result<(Vec<f64>, f64)> {
        self.fits(sample)?;
        let emissions = Emissions::new(self, sample);
        Ok(by_states!(self.states, filter(self, sample, &emissions)))
    }

    /// P(state at t | all observations), row after row. Looks ahead.
    ///
    /// # Errors
    /// A sample of another width.
    pub fn smooth(&self, sample: &Sample) -> Result<Vec<f64>> {
        self.fits(sample)?;
        let emissions = Emissions::new(self, sample);
        Ok(by_states!(self.states, smooth(self, sample, &emissions)))
    }

    /// The most likely path and its log probability with the observations. Looks ahead.
    ///
    /// # Errors
    /// A sample of another width.
    pub fn viterbi(&self, sample: &Sample) -> Result<(Vec<u8>, f64)> {
        self.fits(sample)?;
        let emissions = Emissions::logarithms(self, sample);
        Ok(by_states!(self.states, viterbi(self, sample, &emissions)))
    }

    /// The log likelihood.
    ///
    /// # Errors
    /// A sample of another width.
    pub fn score(&self, sample: &Sample) -> Result<f64> {
        self.filter(sample).map(|(_, loglik)| loglik)
    }

    /// States and observation `steps` after the last row.
    ///
    /// # Errors
    /// A sample of another width.
    pub fn forecast(&self, sample: &Sample, steps: usize) -> Result<Forecast> {
        let (filtered, _) = self.filter(sample)?;
        let (k, d) = (self.states, self.dims);
        let mut law = filtered[filtered.len() - k..].to_vec();
        for _ in 0..steps {
            law = self.step(&law);
        }
        let mut mean = vec![0.0; d];
        let mut variance = vec![0.0; d];
        for i in 0..d {
            mean[i] = (0..k).map(|s| law[s] * self.means[s * d + i]).sum();
            variance[i] = (0..k)
                .map(|s| {
                    let apart = self.means[s * d + i] - mean[i];
                    law[s] * (self.variances[s * d + i] + apart * apart)
                })
                .sum();
        }
        Ok(Forecast {
            probabilities: law,
            mean,
            variance,
        })
    }

    /// The law of the next state.
    #[must_use]
    pub fn step(&self, law: &[f64]) -> Vec<f64> {
        let mut next = vec![0.0; self.states];
        for (row, p) in self.transitions.chunks_exact(self.states).zip(law) {
            for (next, a) in next.iter_mut().zip(row) {
                *next += p * a;
            }
        }
        next
    }

    /// The same model with states in order of rising variance (of the product over dimensions).
    #[must_use]
    pub(super) fn ordered(&self) -> Self {
        let (k, d) = (self.states, self.dims);
        let size = |s: usize| -> f64 {
            self.variances[s * d..(s + 1) * d]
                .iter()
                .map(|v| libm::log(*v))
                .sum()
        };
        let mut order: Vec<usize> = (0..k).collect();
        order.sort_by(|a, b| {
            let means = self.means[a * d].total_cmp(&self.means[b * d]);
            size(*a).total_cmp(&size(*b)).then(means)
        });
        let rows = |x: &[f64]| -> Vec<f64> {
            order
                .iter()
                .flat_map(|s| x[s * d..(s + 1) * d].to_vec())
                .collect()
        };
        let pairs = order
            .iter()
            .flat_map(|i| order.iter().map(move |j| (*i, *j)));
        Self {
            states: k,
            dims: d,
            start: order.iter().map(|s| self.start[*s]).collect(),
            transitions: pairs.map(|(i, j)| self.transitions[i * k + j]).collect(),
            means: rows(&self.means),
            variances: rows(&self.variances),
        }
    }
}
