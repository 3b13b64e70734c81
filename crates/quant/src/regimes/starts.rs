//! Where Baum-Welch starts.

use super::model::{Hmm, Sample};
use crate::linalg::lanes::{mean, variance};
use crate::random::Random;

/// Variances of the columns (ddof 0) and their means.
pub(super) fn moments(sample: &Sample) -> (Vec<f64>, Vec<f64>) {
    let d = sample.dims();
    let column =
        |i: usize| -> Vec<f64> { sample.values().iter().skip(i).step_by(d).copied().collect() };
    (0..d)
        .map(|i| {
            let column = column(i);
            (mean(&column), variance(&column, 0))
        })
        .unzip()
}

/// A start: rows put into groups by k-means, of the values or of their distances from the mean
/// (regimes often differ in variance only), and perturbed from the third on.
pub(super) fn start(sample: &Sample, states: usize, restart: usize, seed: u64) -> Hmm {
    let mut random = Random::new(seed, restart as u64);
    let (d, rows) = (sample.dims(), sample.rows());
    let (means, variances) = moments(sample);
    let by_distance = restart % 2 == 0;
    let features: Vec<f64> = sample
        .values()
        .iter()
        .enumerate()
        .map(|(at, x)| {
            let z = (x - means[at % d]) / variances[at % d].sqrt();
            let z = if by_distance {
                libm::log(z.abs() + 0.1)
            } else {
                z
            };
            z + if restart < 2 {
                0.0
            } else {
                0.5 * random.normal()
            }
        })
        .collect();
    let groups = k_means(&features, d, states, &mut random);
    let mut weight = vec![1e-9; states];
    let mut sum = vec![0.0; states * d];
    let mut square = vec![0.0; states * d];
    for t in 0..rows {
        let k = groups[t];
        weight[k] += 1.0;
        for i in 0..d {
            let apart = sample.values()[t * d + i] - means[i];
            sum[k * d + i] += apart;
            square[k * d + i] += apart * apart;
        }
    }
    let stay = 0.5 + 0.45 * random.uniform();
    let leave = (1.0 - stay) / (states.max(2) - 1) as f64;
    let at = |i: usize| (i / d, i % d);
    Hmm {
        states,
        dims: d,
        start: vec![1.0 / states as f64; states],
        transitions: (0..states * states)
            .map(|i| match i / states == i % states {
                true if states == 1 => 1.0,
                true => stay,
                false => leave,
            })
            .collect(),
        means: (0..states * d)
            .map(|i| means[at(i).1] + sum[i] / weight[at(i).0])
            .collect(),
        variances: (0..states * d)
            .map(|i| {
                let (k, column) = at(i);
                let middle = sum[i] / weight[k];
                (square[i] / weight[k] - middle * middle).max(0.02 * variances[column])
            })
            .collect(),
    }
}

/// Lloyd's algorithm with the seeding of Arthur and Vassilvitskii 2007, on at most 20 rounds.
fn k_means(features: &[f64], d: usize, states: usize, random: &mut Random) -> Vec<usize> {
    let rows = features.len() / d;
    let row = |t: usize| &features[t * d..(t + 1) * d];
    let apart =
        |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum() };
    let mut centres: Vec<Vec<f64>> = vec![row(random.below(rows)).to_vec()];
    let mut nearest: Vec<f64> = (0..rows).map(|t| apart(row(t), &centres[0])).collect();
    while centres.len() < states {
        let mut left = random.uniform() * nearest.iter().sum::<f64>();
        let chosen = nearest.iter().position(|distance| {
            left -= distance;
            left <= 0.0
        });
        let centre = row(chosen.unwrap_or(rows - 1)).to_vec();
        for (t, distance) in nearest.iter_mut().enumerate() {
            *distance = distance.min(apart(row(t), &centre));
        }
        centres.push(centre);
    }
    let mut groups = vec![0; rows];
    for _ in 0..20 {
        let mut moved = false;
        for (t, group) in groups.iter_mut().enumerate() {
            let mut best = (0, f64::INFINITY);
            for (k, centre) in centres.iter().enumerate() {
                let distance = apart(row(t), centre);
                if distance < best.1 {
                    best = (k, distance);
                }
            }
            moved |= *group != best.0;
            *group = best.0;
        }
        if !moved {
            break;
        }
        let mut counts = vec![0.0; states];
        let mut sums = vec![vec![0.0; d]; states];
        for (t, group) in groups.iter().enumerate() {
            counts[*group] += 1.0;
            for (sum, x) in sums[*group].iter_mut().zip(row(t)) {
                *sum += x;
            }
        }
        for ((centre, sum), count) in centres.iter_mut().zip(&sums).zip(&counts) {
            if *count > 0.0 {
                *centre = sum.iter().map(|s| s / count).collect();
            }
        }
    }
    groups
}
