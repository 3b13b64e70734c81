//! The stationary law of a chain, and the M-step that knows of it.

use crate::linalg::{Matrix, Qr};

/// The law that a transition matrix (row after row) leaves as it is, by least squares.
#[must_use]
pub fn stationary_law(transitions: &[f64], states: usize) -> Vec<f64> {
    // (A' - I) p = 0 with a row of ones for the sum.
    let mut system = Matrix::zeros(states + 1, states);
    for j in 0..states {
        for k in 0..states {
            let same = f64::from(u8::from(j == k));
            system.set(k, j, transitions[j * states + k] - same);
        }
        system.set(states, j, 1.0);
    }
    let mut right = vec![0.0; states + 1];
    right[states] = 1.0;
    let (law, _) = Qr::new(&system).solve(&right);
    let positive: Vec<f64> = law.iter().map(|p| p.max(0.0)).collect();
    let sum: f64 = positive.iter().sum();
    positive.iter().map(|p| p / sum).collect()
}

/// Transitions that do not lower `sum pairs ln a + sum first ln p(a)`: the counts alone stop below
/// the maximum when the first law is the stationary one. Gradient steps on the logits, by halving.
pub(super) fn improve(transitions: &mut Vec<f64>, pairs: &[f64], first: &[f64], states: usize) {
    let goal = |a: &[f64]| -> f64 {
        let law = stationary_law(a, states);
        let term = |n: &f64, p: &f64| {
            if *n > 0.0 {
                n * libm::log(p.max(1e-300))
            } else {
                0.0
            }
        };
        let moves: f64 = pairs.iter().zip(a).map(|(n, p)| term(n, p)).sum();
        moves + first.iter().zip(&law).map(|(n, p)| term(n, p)).sum::<f64>()
    };
    let from = |logits: &[f64]| -> Vec<f64> {
        let mut a = Vec::with_capacity(logits.len());
        for row in logits.chunks_exact(states) {
            let most = row.iter().fold(f64::NEG_INFINITY, |m, v| m.max(*v));
            let weights: Vec<f64> = row.iter().map(|v| libm::exp(v - most)).collect();
            let sum: f64 = weights.iter().sum();
            a.extend(weights.iter().map(|w| w / sum));
        }
        a
    };
    let mut logits: Vec<f64> = transitions
        .iter()
        .map(|p| libm::log(p.max(1e-12)))
        .collect();
    let mut value = goal(transitions);
    let mut step = 1.0;
    for _ in 0..30 {
        let mut gradient = vec![0.0; logits.len()];
        for i in 0..logits.len() {
            let mut moved = logits.clone();
            moved[i] += 1e-5;
            let above = goal(&from(&moved));
            moved[i] -= 2e-5;
            // Curvature is about the count of the row, so the step is in units of it.
            let row = i / states;
            let size: f64 = pairs[row * states..(row + 1) * states].iter().sum();
            gradient[i] = (above - goal(&from(&moved))) / 2e-5 / size.max(1.0);
        }
        let mut better = false;
        while step > 1e-6 {
            let moved: Vec<f64> = logits
                .iter()
                .zip(&gradient)
                .map(|(l, g)| l + step * g)
                .collect();
            let candidate = from(&moved);
            let next = goal(&candidate);
            if next > value {
                better = next - value > 1e-10 * value.abs().max(1.0);
                (logits, value, *transitions) = (moved, next, candidate);
                step *= 2.0;
                break;
            }
            step *= 0.5;
        }
        if !better {
            return;
        }
    }
}
