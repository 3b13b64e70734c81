//! Scaled recursions for a constant number of states (Rabiner 1989, eq. 91-92).
//!
//! With more places than states the rest are states that never occur.

#![allow(clippy::needless_range_loop)] // The subscripts are those of the formulas.

use super::emissions::Emissions;
use super::model::{Hmm, Sample};

/// Below this a sum of probabilities has lost digits; logarithms take its place for one step.
const TINY: f64 = 1e-250;

/// The parameters in places of constant number.
struct Chain<const K: usize> {
    start: [f64; K],
    a: [[f64; K]; K],
}

impl<const K: usize> Chain<K> {
    fn new(model: &Hmm) -> Self {
        let k = model.states;
        let mut chain = Self {
            start: [0.0; K],
            a: [[0.0; K]; K],
        };
        chain.start[..k].copy_from_slice(&model.start);
        for (row, from) in chain.a.iter_mut().zip(model.transitions.chunks_exact(k)) {
            row[..k].copy_from_slice(from);
        }
        chain
    }

    #[inline(always)]
    fn forward(&self, law: &[f64; K]) -> [f64; K] {
        let mut next = [0.0; K];
        for j in 0..K {
            for k in 0..K {
                next[k] += law[j] * self.a[j][k];
            }
        }
        next
    }

    #[inline(always)]
    fn backward(&self, weights: &[f64; K]) -> [f64; K] {
        let mut before = [0.0; K];
        for j in 0..K {
            for k in 0..K {
                before[j] += self.a[j][k] * weights[k];
            }
        }
        before
    }
}

#[inline(always)]
fn total<const K: usize>(x: &[f64; K]) -> f64 {
    let mut sum = x[0];
    for value in &x[1..] {
        sum += value;
    }
    sum
}

#[inline(always)]
fn row<const K: usize>(emissions: &Emissions, states: usize, t: usize) -> [f64; K] {
    let mut b = [0.0; K];
    for k in 0..states.min(K) {
        b[k] = emissions.values[k * emissions.rows + t];
    }
    b
}

/// A product of many small numbers as a logarithm.
struct LogProduct {
    logs: f64,
    product: f64,
}

impl LogProduct {
    #[inline(always)]
    fn push(&mut self, factor: f64) {
        if self.product < 1e-150 || factor < 1e-150 {
            self.logs += libm::log(self.product);
            self.product = 1.0;
            self.logs += libm::log(factor);
        } else {
            self.product *= factor;
        }
    }

    fn finish(self) -> f64 {
        self.logs + libm::log(self.product)
    }
}

/// Weights of one step where all products underflow: by logarithms, with the sum as logarithm.
#[cold]
fn rescued<const K: usize>(
    predicted: &[f64; K],
    model: &Hmm,
    sample: &Sample,
    (t, largest): (usize, f64),
) -> ([f64; K], f64) {
    let d = model.dims;
    let x = &sample.values()[t * d..(t + 1) * d];
    let mut logs = [f64::NEG_INFINITY; K];
    for k in 0..model.states {
        let mut log = libm::log(predicted[k]);
        for (i, x) in x.iter().enumerate() {
            let (m, v) = (model.means[k * d + i], model.variances[k * d + i]);
            log -= 0.5 * ((x - m) * (x - m) / v + libm::log(2.0 * core::f64::consts::PI * v));
        }
        logs[k] = log;
    }
    let most = logs.iter().fold(f64::NEG_INFINITY, |m, l| m.max(*l));
    let weights = logs.map(|l| libm::exp(l - most));
    (weights, most - largest)
}

/// Unnormalised forward weights of all rows with one over their sum, and the log likelihood.
pub(super) struct Forward<const K: usize> {
    pub weights: Vec<[f64; K]>,
    pub inverse: Vec<f64>,
    pub loglik: f64,
}

impl<const K: usize> Forward<K> {
    fn empty() -> Self {
        Self {
            weights: Vec::new(),
            inverse: Vec::new(),
            loglik: 0.0,
        }
    }

    #[inline(never)]
    fn run(&mut self, model: &Hmm, sample: &Sample, emissions: &Emissions) {
        let chain = Chain::<K>::new(model);
        self.weights.resize(emissions.rows, [0.0; K]);
        self.inverse.resize(emissions.rows, 0.0);
        let mut product = LogProduct {
            logs: 0.0,
            product: 1.0,
        };
        for (first, length) in sample.sequences() {
            let mut last = [0.0; K];
            let mut inverse = 1.0;
            for t in first..first + length {
                let predicted = if t == first {
                    chain.start
                } else {
                    chain.forward(&last)
                };
                let b = row::<K>(emissions, model.states, t);
                // The scale of the row before comes in last, off the longest chain of products.
                let mut weights = [0.0; K];
                for k in 0..K {
                    weights[k] = predicted[k] * b[k] * inverse;
                }
                let mut sum = total(&weights);
                if sum < TINY {
                    let scaled = predicted.map(|p| p * inverse);
                    let place = (t, emissions.largest[t]);
                    let (rescued, log) = rescued(&scaled, model, sample, place);
                    weights = rescued;
                    sum = total(&weights);
                    product.logs += log + libm::log(sum);
                } else {
                    product.push(sum);
                }
                inverse = 1.0 / sum;
                self.weights[t] = weights;
                self.inverse[t] = inverse;
                last = weights;
            }
        }
        self.loglik = product.finish() + crate::linalg::lanes::sum(&emissions.largest);
    }

    #[inline(always)]
    fn law(&self, t: usize) -> [f64; K] {
        self.weights[t].map(|w| w * self.inverse[t])
    }
}

pub(super) fn filter<const K: usize>(
    model: &Hmm,
    sample: &Sample,
    emissions: &Emissions,
) -> (Vec<f64>, f64) {
    let mut forward = Forward::<K>::empty();
    forward.run(model, sample, emissions);
    let mut laws = Vec::with_capacity(emissions.rows * model.states);
    for t in 0..emissions.rows {
        laws.extend_from_slice(&forward.law(t)[..model.states]);
    }
    (laws, forward.loglik)
}

/// Goes backwards through one sequence: hands over, row by row from the last, the law of the state
/// given everything, and between rows the weights of the later one, whose products with the law
/// before and the transitions are the laws of pairs.
#[inline(always)]
fn backward<const K: usize>(
    chain: &Chain<K>,
    forward: &Forward<K>,
    emissions: &Emissions,
    (first, length, states): (usize, usize, usize),
    mut hand: impl FnMut(usize, [f64; K], Option<([f64; K], [f64; K])>),
) {
    let last = first + length - 1;
    let mut after = [1.0; K];
    hand(last, forward.law(last), None);
    for t in (first..last).rev() {
        let b = row::<K>(emissions, states, t + 1);
        let mut weights = [0.0; K];
        for k in 0..K {
            weights[k] = b[k] * after[k];
        }
        let law = forward.law(t);
        let raw = chain.backward(&weights);
        let mut joint = [0.0; K];
        for k in 0..K {
            joint[k] = law[k] * raw[k];
        }
        let sum = total(&joint);
        if sum < TINY {
            // Where the forward pass was rescued the future says nothing that has digits left.
            after = [1.0; K];
            hand(t, law, None);
            continue;
        }
        // What the forward pass divided by, recomputed.
        let scale = 1.0 / sum;
        for k in 0..K {
            after[k] = raw[k] * scale;
            weights[k] *= scale;
        }
        hand(t, joint.map(|j| j * scale), Some((law, weights)));
    }
}

pub(super) fn smooth<const K: usize>(
    model: &Hmm,
    sample: &Sample,
    emissions: &Emissions,
) -> Vec<f64> {
    let chain = Chain::<K>::new(model);
    let mut forward = Forward::<K>::empty();
    forward.run(model, sample, emissions);
    let states = model.states;
    let mut laws = vec![0.0; emissions.rows * states];
    for (first, length) in sample.sequences() {
        backward(
            &chain,
            &forward,
            emissions,
            (first, length, states),
            |t, law, _| {
                laws[t * states..(t + 1) * states].copy_from_slice(&law[..states]);
            },
        );
    }
    laws
}

/// What one pass over the sample says about the parameters.
pub(super) struct Counts {
    pub loglik: f64,
    pub start: Vec<f64>,
    pub pairs: Vec<f64>,
    pub weight: Vec<f64>,
    pub sum: Vec<f64>,
    pub square: Vec<f64>,
}

/// Expected counts (eq. 109-111 for several sequences); squares about `centres`.
#[inline(never)]
pub(super) fn count<const K: usize>(model: &Hmm, sample: &Sample, emissions: &Emissions) -> Counts {
    let chain = Chain::<K>::new(model);
    let mut forward = Forward::<K>::empty();
    forward.run(model, sample, emissions);
    let (states, d, x) = (model.states, model.dims, sample.values());
    let mut pairs = [[0.0; K]; K];
    let mut start = [0.0; K];
    let mut weight = [0.0; K];
    let mut sum = vec![[0.0; K]; d];
    let mut square = vec![[0.0; K]; d];
    for (first, length) in sample.sequences() {
        let place = (first, length, states);
        backward(&chain, &forward, emissions, place, |t, law, pair| {
            if let Some((before, weights)) = pair {
                for j in 0..K {
                    for k in 0..K {
                        pairs[j][k] += before[j] * weights[k];
                    }
                }
            }
            if t == first {
                for k in 0..K {
                    start[k] += law[k];
                }
            }
            for k in 0..K {
                weight[k] += law[k];
            }
            for i in 0..d {
                let value = x[t * d + i];
                for k in 0..K {
                    let along = law[k] * value;
                    sum[i][k] += along;
                    square[i][k] += along * value;
                }
            }
        });
    }
    let by_state = |table: &[[f64; K]]| -> Vec<f64> {
        (0..states)
            .flat_map(|k| table.iter().map(move |row| row[k]))
            .collect()
    };
    Counts {
        loglik: forward.loglik,
        start: start[..states].to_vec(),
        pairs: (0..states * states)
            .map(|at| pairs[at / states][at % states] * chain.a[at / states][at % states])
            .collect(),
        weight: weight[..states].to_vec(),
        sum: by_state(&sum),
        square: by_state(&square),
    }
}

/// The most likely path; of equal ones the smaller state.
#[inline(never)]
pub(super) fn viterbi<const K: usize>(
    model: &Hmm,
    sample: &Sample,
    logs: &Emissions,
) -> (Vec<u8>, f64) {
    let chain = Chain::<K>::new(model);
    let a = chain.a.map(|row| row.map(libm::log));
    let start = chain.start.map(libm::log);
    let states = model.states;
    let mut path = vec![0_u8; logs.rows];
    let mut from: Vec<[u8; K]> = vec![[0; K]; logs.rows];
    let mut loglik = 0.0;
    for (first, length) in sample.sequences() {
        let last = first + length - 1;
        let mut best = [0.0; K];
        for t in first..=last {
            let b = row::<K>(logs, states, t);
            let mut next = [0.0; K];
            let mut origin = [0_u8; K];
            for k in 0..K {
                let (mut most, mut at) = (start[k], 0);
                if t > first {
                    most = best[0] + a[0][k];
                    for j in 1..K {
                        let value = best[j] + a[j][k];
                        let better = value > most;
                        most = if better { value } else { most };
                        at = if better { j as u8 } else { at };
                    }
                }
                next[k] = most + b[k];
                origin[k] = at;
            }
            from[t] = origin;
            best = next;
        }
        let mut state = 0;
        for k in 1..states {
            if best[k] > best[state] {
                state = k;
            }
        }
        loglik += best[state];
        for t in (first..=last).rev() {
            path[t] = state as u8;
            state = usize::from(from[t][state]);
        }
    }
    (path, loglik)
}
