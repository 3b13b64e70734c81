//! Distance from the middle of a causal window, in units of its spread.

use crate::error::{checked, QuantError, Result};
use crate::indicator::{Indicator, ZScore};

/// Which middle and spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZScoreMethod {
    /// Mean and standard deviation (ddof 1).
    Standard,
    /// Median and 1.4826 times the median absolute deviation.
    Robust,
    /// Exponentially weighted mean and deviation, weights `1 - 2 / (window + 1)`.
    Ewma,
}

/// The z-score of every value in its window, NaN before the first full one, 0 without spread.
///
/// # Errors
/// Values that are not finite, a window below 2 or longer than the series.
pub fn zscore(x: &[f64], window: usize, method: ZScoreMethod) -> Result<Vec<f64>> {
    checked("x", x, 0)?;
    if window < 2 || window > x.len() {
        let problem = format!("is {window}, but must lie between 2 and {}", x.len());
        return Err(QuantError::parameter(
            "window",
            problem,
            "choose a shorter window",
        ));
    }
    match method {
        ZScoreMethod::Standard => {
            let bad = |_| QuantError::parameter("window", "is too long", "shorten it");
            let mut scores = vec![f64::NAN; x.len()];
            ZScore::new(window)
                .map_err(bad)?
                .write_lines(&[x], &mut [&mut scores]);
            Ok(scores)
        }
        ZScoreMethod::Robust => Ok(robust(x, window)),
        ZScoreMethod::Ewma => Ok(weighted(x, window)),
    }
}

fn robust(x: &[f64], window: usize) -> Vec<f64> {
    let mut sorted: Vec<f64> = Vec::with_capacity(window);
    let mut distances = vec![0.0; window];
    let mut scores = Vec::with_capacity(x.len());
    for (t, value) in x.iter().enumerate() {
        if t >= window {
            let gone = sorted.partition_point(|v| *v < x[t - window]);
            sorted.remove(gone);
        }
        sorted.insert(sorted.partition_point(|v| v < value), *value);
        if t + 1 < window {
            scores.push(f64::NAN);
            continue;
        }
        let middle = median(&sorted);
        for (distance, v) in distances.iter_mut().zip(&sorted) {
            *distance = (v - middle).abs();
        }
        distances.sort_by(f64::total_cmp);
        let spread = 1.482_6 * median(&distances);
        scores.push(if spread > 0.0 {
            (value - middle) / spread
        } else {
            0.0
        });
    }
    scores
}

fn median(sorted: &[f64]) -> f64 {
    let half = sorted.len() / 2;
    if sorted.len() % 2 == 1 {
        sorted[half]
    } else {
        0.5 * sorted[half - 1] + 0.5 * sorted[half]
    }
}

/// Weighted moments with the correction for the sum of squared weights (as pandas, adjusted).
fn weighted(x: &[f64], window: usize) -> Vec<f64> {
    let keep = 1.0 - 2.0 / (window as f64 + 1.0);
    let (mut total, mut squares, mut centre, mut sum) = (0.0, 0.0, x[0], 0.0);
    let mut scores = Vec::with_capacity(x.len());
    for (t, value) in x.iter().enumerate() {
        total = keep * total + 1.0;
        squares = keep * keep * squares + 1.0;
        let apart = value - centre;
        centre += apart / total;
        sum = keep * sum + apart * (value - centre);
        let variance = sum / (total - squares / total);
        scores.push(match t + 1 < window {
            true => f64::NAN,
            false if variance > 0.0 => (value - centre) / variance.sqrt(),
            false => 0.0,
        });
    }
    scores
}
