//! Value at risk and expected shortfall. Losses are positive numbers.

use crate::error::{Fault, QuantError, Result};
use crate::linalg::lanes::{centre, dot};
use crate::special::{normal_pdf, normal_quantile};

/// How the tail is described.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Tail {
    /// The sample itself.
    Historical,
    /// A normal law with the moments of the sample.
    Parametric,
    /// A normal quantile corrected for skewness and kurtosis (Cornish-Fisher 1937).
    CornishFisher,
    /// The sample, each return divided by the volatility expected for it, times the volatility
    /// expected next (Barone-Adesi et al. 1999; Hull-White 1998). Volatility is exponentially
    /// weighted.
    Filtered {
        /// Weight of yesterday's variance, between 0 and 1.
        decay: f64,
    },
}

/// Both numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TailRisk {
    /// The loss that is exceeded with probability one less the level.
    pub value_at_risk: f64,
    /// The mean loss in that part of the tail.
    pub expected_shortfall: f64,
}

/// Measures the tail of returns.
///
/// # Errors
/// [`QuantError::Parameter`] for the level, [`QuantError::Data`] for NaN or too few returns,
/// [`QuantError::Degenerate`] for constant returns, and where Cornish-Fisher quantiles would fall
/// with rising probability within five deviations.
pub fn tail_risk(returns: &[f64], level: f64, tail: Tail) -> Result<TailRisk> {
    crate::error::checked("returns", returns, 2)?;
    if !(level > 0.0 && level < 1.0) {
        let remedy = "choose a number between 0 and 1, like 0.95";
        return Err(QuantError::parameter(
            "level",
            format!("is {level}"),
            remedy,
        ));
    }
    match tail {
        Tail::Historical => {
            let losses = returns.iter().map(|r| -r).collect();
            Ok(historical(losses, level))
        }
        Tail::Parametric => {
            let moments = Moments::of(returns)?;
            let z = normal_quantile(level);
            Ok(TailRisk {
                value_at_risk: moments.deviation * z - moments.mean,
                expected_shortfall: moments.deviation * normal_pdf(z) / (1.0 - level)
                    - moments.mean,
            })
        }
        Tail::CornishFisher => cornish_fisher(&Moments::of(returns)?, level),
        Tail::Filtered { decay } => filtered(returns, level, decay),
    }
}

/// Sample moments; the deviation divides by n - 1, the standardised moments by n.
#[derive(Debug, Clone, Copy)]
pub struct Moments {
    /// Mean.
    pub mean: f64,
    /// Standard deviation, ddof 1.
    pub deviation: f64,
    /// Third standardised moment.
    pub skewness: f64,
    /// Fourth standardised moment: 3 for a normal law.
    pub kurtosis: f64,
}

impl Moments {
    /// The moments of a sample.
    ///
    /// # Errors
    /// [`QuantError::Data`] for NaN or fewer than two values, [`QuantError::Degenerate`] when it is
    /// constant.
    pub fn of(returns: &[f64]) -> Result<Self> {
        crate::error::checked("returns", returns, 2)?;
        let n = returns.len() as f64;
        let largest = |x: &[f64]| x.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        let level = largest(returns);
        let mut centred = returns.to_vec();
        let mean = centre(&mut centred);
        let spread = largest(&centred);
        if spread <= 8.0 * f64::EPSILON * level {
            return Err(QuantError::constant("returns", None));
        }
        centred.iter_mut().for_each(|v| *v /= spread);
        let squares: Vec<f64> = centred.iter().map(|v| v * v).collect();
        let second = dot(&centred, &centred) / n;
        let third = dot(&squares, &centred) / n;
        let fourth = dot(&squares, &squares) / n;
        Ok(Self {
            mean,
            deviation: spread * (second * n / (n - 1.0)).sqrt(),
            skewness: third / second.powf(1.5),
            kurtosis: fourth / (second * second),
        })
    }
}

/// The least loss that at most `1 - level` of the sample exceed, and the mean of the worst
/// `(1 - level) n` losses, the one at the boundary counted by its part (Acerbi-Tasche 2002).
fn historical(mut losses: Vec<f64>, level: f64) -> TailRisk {
    losses.sort_by(|a, b| b.total_cmp(a));
    let n = losses.len();
    let exact = (1.0 - level) * n as f64;
    // 0.05 * 100 is five observations, whatever 1 - 0.95 is in binary.
    let near = exact.round();
    let count = if (exact - near).abs() <= 1e-9 * n as f64 {
        near
    } else {
        exact
    };
    let whole = count.floor() as usize;
    let part = count - count.floor();
    let mut total: f64 = losses[..whole.min(n)].iter().sum();
    if part > 0.0 && whole < n {
        total += part * losses[whole];
    }
    let at = losses[whole.min(n - 1)];
    TailRisk {
        value_at_risk: at,
        expected_shortfall: if count > 0.0 { total / count } else { at },
    }
}

/// Deviations within which the Cornish-Fisher quantile must rise; less than 1e-6 lies beyond.
const FAR: f64 = 5.0;

fn cornish_fisher(moments: &Moments, level: f64) -> Result<TailRisk> {
    // Losses: the sign of the skewness turns.
    let (s, k) = (-moments.skewness, moments.kurtosis - 3.0);
    // dq/dz = a z^2 + b z + c must be positive, out to five deviations.
    let a = k / 8.0 - s * s / 6.0;
    let (b, c) = (s / 3.0, 1.0 - k / 8.0 + 5.0 * s * s / 36.0);
    let slope = |z: f64| (a * z + b) * z + c;
    let lowest = if a > 0.0 {
        (-0.5 * b / a).clamp(-FAR, FAR)
    } else {
        FAR
    };
    if !(slope(lowest) > 0.0 && slope(FAR) > 0.0 && slope(-FAR) > 0.0) {
        let problem = format!(
            "skewness {:.3} and excess kurtosis {k:.3} lie where the Cornish-Fisher quantile is \
             not monotone",
            moments.skewness
        );
        let fault = Fault::new(
            "returns",
            problem,
            "choose historical or filtered_historical",
        );
        return Err(QuantError::Degenerate(fault));
    }
    let z = normal_quantile(level);
    let quantile = z + (z * z - 1.0) * s / 6.0 + (z * z * z - 3.0 * z) * k / 24.0
        - (2.0 * z * z * z - 5.0 * z) * s * s / 36.0;
    // The mean of the tail: integrals of Hermite polynomials against the normal density.
    let beyond = 1.0 + z * s / 6.0 + (z * z - 1.0) * k / 24.0 - (2.0 * z * z - 1.0) * s * s / 36.0;
    let mean_beyond = normal_pdf(z) / (1.0 - level) * beyond;
    Ok(TailRisk {
        value_at_risk: moments.deviation * quantile - moments.mean,
        expected_shortfall: moments.deviation * mean_beyond - moments.mean,
    })
}

fn filtered(returns: &[f64], level: f64, decay: f64) -> Result<TailRisk> {
    if !(decay > 0.0 && decay < 1.0) {
        let remedy = "choose a number between 0 and 1, like 0.94";
        return Err(QuantError::parameter(
            "decay",
            format!("is {decay}"),
            remedy,
        ));
    }
    Moments::of(returns)?;
    let size = returns.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    // The variance before the first return: the mean square of all of them.
    let scaled: Vec<f64> = returns.iter().map(|r| r / size).collect();
    let mut variance = dot(&scaled, &scaled) / scaled.len() as f64;
    let mut losses = Vec::with_capacity(scaled.len());
    for r in &scaled {
        losses.push(-r / variance.sqrt());
        variance = decay * variance + (1.0 - decay) * r * r;
    }
    let next = variance.sqrt() * size;
    let standard = historical(losses, level);
    Ok(TailRisk {
        value_at_risk: standard.value_at_risk * next,
        expected_shortfall: standard.expected_shortfall * next,
    })
}
