//! The Hurst exponent of a path.

use crate::error::{checked, QuantError, Result};
use crate::linalg::lanes::{centre, dot, mean};
use crate::special::ln_gamma;

/// Which estimator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HurstMethod {
    /// Slope of the structure function of order 2 over lags 1 to 20.
    Structure,
    /// Rescaled range of the increments (Hurst 1951), less the expectation of Anis and Lloyd 1976.
    RescaledRange,
    /// Detrended fluctuation of the increments, order 1 (Peng et al. 1994).
    Dfa,
}

/// The exponent and the error of the slope it comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hurst {
    /// The exponent; 1/2 for a random walk.
    pub h: f64,
    /// Standard error of the regression.
    pub stderr: f64,
}

const LAG_MAX: usize = 20;

/// Estimates the exponent of the path `x`; increments are taken inside.
///
/// # Errors
/// Values that are not finite, fewer than 40 of them (rescaled range: 100, detrended fluctuation: 300), a constant.
pub fn hurst(x: &[f64], method: HurstMethod) -> Result<Hurst> {
    let needed = if method == HurstMethod::Structure {
        2 * LAG_MAX
    } else if method == HurstMethod::Dfa {
        300
    } else {
        100
    };
    checked("x", x, needed)?;
    let largest = x.iter().fold(0.0_f64, |m, v| m.max((v - x[0]).abs()));
    if largest == 0.0 {
        return Err(QuantError::constant("x", None));
    }
    let path: Vec<f64> = x.iter().map(|v| (v - x[0]) / largest).collect();
    match method {
        HurstMethod::Structure => structure(&path),
        HurstMethod::RescaledRange => rescaled_range(&path),
        HurstMethod::Dfa => fluctuation(&path),
    }
}

fn structure(path: &[f64]) -> Result<Hurst> {
    let points: Vec<(f64, f64)> = (1..=LAG_MAX)
        .map(|lag| {
            let moves: Vec<f64> = path[lag..].iter().zip(path).map(|(a, b)| a - b).collect();
            let square = dot(&moves, &moves) / moves.len() as f64;
            (libm::log(lag as f64), 0.5 * libm::log(square))
        })
        .collect();
    slope(&points)
}

fn increments(path: &[f64]) -> Vec<f64> {
    path.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

/// Window lengths that grow by a factor, without repetition.
fn windows(from: f64, to: f64, factor: f64) -> Vec<usize> {
    let mut lengths = Vec::new();
    let mut length = from;
    while length <= to {
        let whole = libm::floor(length) as usize;
        if lengths.last() != Some(&whole) {
            lengths.push(whole);
        }
        length *= factor;
    }
    lengths
}

fn rescaled_range(path: &[f64]) -> Result<Hurst> {
    let moves = increments(path);
    let mut points = Vec::new();
    for length in windows(10.0, moves.len() as f64 / 4.0, 1.25) {
        let ratios: Vec<f64> = moves.chunks_exact(length).filter_map(range_ratio).collect();
        if !ratios.is_empty() {
            let excess = libm::log(mean(&ratios)) - libm::log(expected_range(length));
            points.push((libm::log(length as f64), excess));
        }
    }
    let fit = slope(&points)?;
    Ok(Hurst {
        h: 0.5 + fit.h,
        stderr: fit.stderr,
    })
}

/// Range of the cumulated deviations over their standard deviation; none without variance.
fn range_ratio(chunk: &[f64]) -> Option<f64> {
    let middle = mean(chunk);
    let (mut sum, mut low, mut high, mut square) = (0.0_f64, 0.0_f64, 0.0_f64, 0.0);
    for value in chunk {
        let deviation = value - middle;
        sum += deviation;
        square += deviation * deviation;
        low = low.min(sum);
        high = high.max(sum);
    }
    let deviation = (square / chunk.len() as f64).sqrt();
    (deviation > 0.0).then(|| (high - low) / deviation)
}

/// Anis and Lloyd 1976: the expectation for independent normal increments.
fn expected_range(n: usize) -> f64 {
    let length = n as f64;
    let front = libm::exp(ln_gamma(0.5 * (length - 1.0)) - ln_gamma(0.5 * length))
        / core::f64::consts::PI.sqrt();
    let sum: f64 = (1..n)
        .map(|i| ((length - i as f64) / i as f64).sqrt())
        .sum();
    front * sum
}

fn fluctuation(path: &[f64]) -> Result<Hurst> {
    let mut moves = increments(path);
    centre(&mut moves);
    let mut walk = Vec::with_capacity(moves.len());
    let mut sum = 0.0;
    for value in moves {
        sum += value;
        walk.push(sum);
    }
    let mut points = Vec::new();
    for length in windows(16.0, 0.1 * walk.len() as f64, 1.2) {
        // Windows overlap by half, which uses every value about twice.
        let step = (length / 2).max(1);
        let squares: Vec<f64> = (0..=walk.len() - length)
            .step_by(step)
            .map(|start| detrended_square(&walk[start..start + length]))
            .collect();
        let square = mean(&squares);
        if square > 0.0 {
            points.push((libm::log(length as f64), 0.5 * libm::log(square)));
        }
    }
    slope(&points)
}

/// Mean square about the line of best fit.
fn detrended_square(chunk: &[f64]) -> f64 {
    let n = chunk.len() as f64;
    let (middle, level) = (0.5 * (n - 1.0), mean(chunk));
    let (mut cross, mut square) = (0.0, 0.0);
    for (i, value) in chunk.iter().enumerate() {
        cross += (i as f64 - middle) * (value - level);
        square += (value - level) * (value - level);
    }
    let times = n * (n * n - 1.0) / 12.0;
    ((square - cross * cross / times) / n).max(0.0)
}

fn slope(points: &[(f64, f64)]) -> Result<Hurst> {
    if points.len() < 3 || points.iter().any(|(_, y)| !y.is_finite()) {
        return Err(QuantError::constant("x", None));
    }
    let n = points.len() as f64;
    let mut a: Vec<f64> = points.iter().map(|p| p.0).collect();
    let mut b: Vec<f64> = points.iter().map(|p| p.1).collect();
    centre(&mut a);
    centre(&mut b);
    let square = dot(&a, &a);
    let h = dot(&a, &b) / square;
    let sse: f64 = a
        .iter()
        .zip(&b)
        .map(|(x, y)| (y - h * x) * (y - h * x))
        .sum();
    Ok(Hurst {
        h,
        stderr: (sse / (n - 2.0) / square).sqrt(),
    })
}
