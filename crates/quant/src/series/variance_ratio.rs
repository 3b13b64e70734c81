//! The variance ratio test (Lo-MacKinlay 1988): overlapping, unbiased, robust to
//! heteroskedasticity.

use crate::error::{checked, QuantError, Result};
use crate::linalg::lanes::dot;
use crate::special::normal_cdf;

/// The ratio of the variance over q steps to q times that of one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VarianceRatio {
    /// The ratio; 1 for a random walk, below it when the path comes back.
    pub vr: f64,
    /// The robust statistic, standard normal for a random walk.
    pub z: f64,
    /// Two-sided.
    pub pvalue: f64,
}

/// Tests a path (log prices) for a random walk over `q` steps.
///
/// # Errors
/// Values that are not finite, `q` below 2 or too large for the sample, a path without noise.
pub fn variance_ratio(x: &[f64], q: usize) -> Result<VarianceRatio> {
    checked("x", x, 4)?;
    let steps = x.len() - 1;
    if q < 2 || q > steps / 2 {
        let problem = format!("is {q}, but must lie between 2 and {}", steps / 2);
        return Err(QuantError::parameter(
            "q",
            problem,
            "choose a value in that range",
        ));
    }
    let scale = x.iter().fold(0.0_f64, |m, v| m.max((v - x[0]).abs()));
    if scale == 0.0 {
        return Err(QuantError::constant("x", None));
    }
    let path: Vec<f64> = x.iter().map(|v| (v - x[0]) / scale).collect();
    let (n, span) = (steps as f64, q as f64);
    let drift = path[steps] / n;
    let short: Vec<f64> = path.windows(2).map(|p| p[1] - p[0] - drift).collect();
    let long: Vec<f64> = (q..=steps)
        .map(|t| path[t] - path[t - q] - span * drift)
        .collect();
    let total = dot(&short, &short);
    if total <= 1e-26 * n * drift * drift {
        return Err(QuantError::constant("x", None));
    }
    let one = total / (n - 1.0);
    let many = dot(&long, &long) / (span * (n - span + 1.0) * (1.0 - span / n));
    let vr = many / one;
    let squares: Vec<f64> = short.iter().map(|v| v * v).collect();
    let mut variance = 0.0;
    for lag in 1..q {
        let weight = 2.0 * (span - lag as f64) / span;
        let both = dot(&squares[lag..], &squares[..steps - lag]);
        variance += weight * weight * both / (total * total);
    }
    let z = (vr - 1.0) / variance.sqrt();
    Ok(VarianceRatio {
        vr,
        z,
        pvalue: 2.0 * normal_cdf(-z.abs()),
    })
}
