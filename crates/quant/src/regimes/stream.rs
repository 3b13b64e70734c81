//! The filter of a model, one observation at a time.

use super::emissions::Emissions;
use super::model::{by_states, Hmm, Sample};
use super::passes;
use crate::error::{Fault, QuantError, Result};

/// A filter that is fed observation by observation; to the bit what [`Hmm::filter`] says.
#[derive(Debug, Clone)]
pub struct HmmStream {
    model: Hmm,
    weights: Option<Vec<f64>>,
}

impl HmmStream {
    /// Starts before the first observation.
    ///
    /// # Errors
    /// [`QuantError::Parameter`] naming what is wrong with the model.
    pub fn try_new(model: Hmm) -> Result<Self> {
        Ok(Self {
            model: model.checked()?,
            weights: None,
        })
    }

    /// Takes an observation in: P(state | observations so far).
    ///
    /// # Errors
    /// A value that is not finite, another width than the model's; nothing is taken in then.
    pub fn update(&mut self, x: &[f64]) -> Result<Vec<f64>> {
        let model = &self.model;
        if x.len() != model.dims {
            let problem = format!("x has {} values, the model {}", x.len(), model.dims);
            let remedy = "pass one row of what it was fitted on";
            return Err(QuantError::Data(Fault::new("x", problem, remedy)));
        }
        let row = Sample::try_new(x.to_vec(), model.dims, Vec::new())?;
        let emissions = Emissions::new(model, &row);
        let before = self.weights.as_deref();
        let weights = by_states!(model.states, advance(model, before, &row, &emissions));
        let law = self.law_of(&weights);
        self.weights = Some(weights);
        Ok(law)
    }

    /// P(state of the next observation | observations so far).
    #[must_use]
    pub fn expected(&self) -> Vec<f64> {
        match &self.weights {
            None => self.model.start.clone(),
            Some(weights) => self.model.step(&self.law_of(weights)),
        }
    }

    fn law_of(&self, weights: &[f64]) -> Vec<f64> {
        // In the order of the batch filter, whose rows are padded with zeros: the same sum.
        let sum: f64 = weights.iter().skip(1).fold(weights[0], |sum, w| sum + w);
        weights.iter().map(|w| w / sum).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_the_batch_filter_to_the_bit() {
        for states in [1_usize, 2, 3, 7, 20] {
            let k = states as f64;
            let model = Hmm {
                states,
                dims: 1,
                start: vec![1.0 / k; states],
                transitions: vec![1.0 / k; states * states],
                means: (0..states).map(|s| s as f64).collect(),
                variances: (0..states).map(|s| 0.1 + s as f64).collect(),
            };
            // Far outliers, so that weights are scaled up and rescued on the way.
            let x: Vec<f64> = (0..400_u32)
                .map(|t| f64::from(t % 13) * if t % 97 == 0 { 1e3 } else { 0.3 })
                .collect();
            let sample = Sample::try_new(x.clone(), 1, Vec::new()).unwrap();
            let (batch, _) = model.filter(&sample).unwrap();
            let mut stream = HmmStream::try_new(model).unwrap();
            for (t, value) in x.iter().enumerate() {
                let law = stream.update(&[*value]).unwrap();
                assert_eq!(law, batch[t * states..(t + 1) * states], "row {t}");
            }
            assert!(stream.update(&[f64::NAN]).is_err());
            assert!(stream.update(&[]).is_err());
            let next: f64 = stream.expected().iter().sum();
            assert!((next - 1.0).abs() < 1e-12);
        }
    }
}
