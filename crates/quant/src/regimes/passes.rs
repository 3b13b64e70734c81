//! Scaled recursions for a constant number of states (Rabiner 1989, eq. 91-92).
//!
//! With more places than states the rest are states that never occur.

#![allow(clippy::needless_range_loop)] // The subscripts are those of the formulas.

use super::emissions::Emissions;
use super::model::{Hmm, Sample};
use crate::linalg::lanes::wide;

/// Below this a sum of probabilities has lost digits; logarithms take its place for one step.
const TINY: f64 = 1e-250;
/// Below this weights are scaled up, by a power of two: exactly.
const SMALL: f64 = 1.0 / UP;
const UP: f64 = 1.606_938_044_258_990_3e60;

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
        let mut next = self.a[0].map(|a| law[0] * a);
        for j in 1..K {
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
            before[j] = self.a[j][0] * weights[0];
            for k in 1..K {
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

/// Forward weights of all rows: the law of the state, times whatever keeps them in range.
///
/// They are scaled by a power of two when they grow small, so no row waits for a division.
pub(super) struct Forward<const K: usize> {
    pub weights: Vec<[f64; K]>,
    pub loglik: f64,
}

impl<const K: usize> Forward<K> {
    fn run(model: &Hmm, sample: &Sample, emissions: &Emissions) -> Self {
        Self::along(&Chain::new(model), model, sample, emissions)
    }

    fn along(chain: &Chain<K>, model: &Hmm, sample: &Sample, emissions: &Emissions) -> Self {
        wide(
            #[inline(always)]
            || Self::along_in(chain, model, sample, emissions),
        )
    }

    #[inline(always)]
    fn along_in(chain: &Chain<K>, model: &Hmm, sample: &Sample, emissions: &Emissions) -> Self {
        let mut all = vec![[0.0; K]; emissions.rows];
        let mut log_scale = crate::linalg::lanes::sum(&emissions.largest);
        for (first, length) in sample.sequences() {
            let mut last = [0.0; K];
            for (t, slot) in all.iter_mut().enumerate().skip(first).take(length) {
                let predicted = if t == first {
                    chain.start
                } else {
                    chain.forward(&last)
                };
                let b = row::<K>(emissions, model.states, t);
                let mut weights = [0.0; K];
                for k in 0..K {
                    weights[k] = predicted[k] * b[k];
                }
                let sum = total(&weights);
                if sum < SMALL {
                    if sum < TINY {
                        let before = total(&predicted);
                        let law = predicted.map(|p| p / before);
                        let place = (t, emissions.largest[t]);
                        let (rescued, log) = rescued(&law, model, sample, place);
                        weights = rescued;
                        log_scale += libm::log(before) + log;
                    } else {
                        weights = weights.map(|w| w * UP);
                        log_scale -= libm::log(UP);
                    }
                }
                *slot = weights;
                last = weights;
            }
            log_scale += libm::log(total(&last));
        }
        Self {
            weights: all,
            loglik: log_scale,
        }
    }
}

pub(super) fn filter<const K: usize>(
    model: &Hmm,
    sample: &Sample,
    emissions: &Emissions,
) -> (Vec<f64>, f64) {
    let forward = Forward::<K>::run(model, sample, emissions);
    let mut laws = Vec::with_capacity(emissions.rows * model.states);
    for weights in &forward.weights {
        let sum = total(weights);
        laws.extend(weights[..model.states].iter().map(|w| w / sum));
    }
    (laws, forward.loglik)
}

/// Forward weights of the only row of a sample, given those of the row before it.
pub(super) fn advance<const K: usize>(
    model: &Hmm,
    before: Option<&[f64]>,
    sample: &Sample,
    emissions: &Emissions,
) -> Vec<f64> {
    let mut chain = Chain::<K>::new(model);
    if let Some(weights) = before {
        let mut last = [0.0; K];
        last[..model.states].copy_from_slice(weights);
        chain.start = chain.forward(&last);
    }
    Forward::along(&chain, model, sample, emissions).weights[0][..model.states].to_vec()
}

/// One row of the backward pass: the law of the state given everything is `joint` times `inverse`;
/// that of a pair of states `before[j] a[j][k] after[k]` times `inverse`.
struct Backward<const K: usize> {
    joint: [f64; K],
    inverse: f64,
    pair: Option<([f64; K], [f64; K])>,
}

/// Goes backwards through one sequence and hands over row by row from the last.
#[inline(always)]
fn backward<const K: usize>(
    chain: &Chain<K>,
    forward: &Forward<K>,
    emissions: &Emissions,
    (first, length, states): (usize, usize, usize),
    mut hand: impl FnMut(usize, Backward<K>),
) {
    let last = first + length - 1;
    let alone = |t: usize| Backward {
        joint: forward.weights[t],
        inverse: 1.0 / total(&forward.weights[t]),
        pair: None,
    };
    let mut after = [1.0; K];
    hand(last, alone(last));
    for t in (first..last).rev() {
        let b = row::<K>(emissions, states, t + 1);
        let mut weights = [0.0; K];
        for k in 0..K {
            weights[k] = b[k] * after[k];
        }
        let before = forward.weights[t];
        after = chain.backward(&weights);
        let mut joint = [0.0; K];
        for k in 0..K {
            joint[k] = before[k] * after[k];
        }
        let sum = total(&joint);
        if sum < TINY {
            // Where the forward pass was rescued the future says nothing that has digits left.
            after = [1.0; K];
            hand(t, alone(t));
            continue;
        }
        hand(
            t,
            Backward {
                joint,
                inverse: 1.0 / sum,
                pair: Some((before, weights)),
            },
        );
        if total(&after) < SMALL {
            after = after.map(|a| a * UP);
        }
    }
}

pub(super) fn smooth<const K: usize>(
    model: &Hmm,
    sample: &Sample,
    emissions: &Emissions,
) -> Vec<f64> {
    let chain = Chain::<K>::new(model);
    let forward = Forward::<K>::run(model, sample, emissions);
    let states = model.states;
    let mut laws = vec![0.0; emissions.rows * states];
    for (first, length) in sample.sequences() {
        let place = (first, length, states);
        backward(&chain, &forward, emissions, place, |t, seen| {
            for k in 0..states {
                laws[t * states + k] = seen.joint[k] * seen.inverse;
            }
        });
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
pub(super) fn count<const K: usize>(model: &Hmm, sample: &Sample, emissions: &Emissions) -> Counts {
    wide(
        #[inline(always)]
        || count_in::<K>(model, sample, emissions),
    )
}

#[inline(always)]
fn count_in<const K: usize>(model: &Hmm, sample: &Sample, emissions: &Emissions) -> Counts {
    let chain = Chain::<K>::new(model);
    let forward = Forward::<K>::run(model, sample, emissions);
    let (states, d, x) = (model.states, model.dims, sample.values());
    let mut pairs = [[0.0; K]; K];
    let mut start = [0.0; K];
    let mut weight = [0.0; K];
    let mut sum = vec![[0.0; K]; d];
    let mut square = vec![[0.0; K]; d];
    for (first, length) in sample.sequences() {
        let place = (first, length, states);
        backward(&chain, &forward, emissions, place, |t, seen| {
            let law = seen.joint.map(|j| j * seen.inverse);
            if let Some((before, after)) = seen.pair {
                let after = after.map(|a| a * seen.inverse);
                for j in 0..K {
                    for k in 0..K {
                        pairs[j][k] += before[j] * after[k];
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
            for (i, (sum, square)) in sum.iter_mut().zip(&mut square).enumerate() {
                let value = x[t * d + i];
                for k in 0..K {
                    let along = law[k] * value;
                    sum[k] += along;
                    square[k] += along * value;
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
