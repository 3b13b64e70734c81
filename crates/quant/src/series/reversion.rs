//! The AR(1) regression `x_t = a + phi x_{t-1} + e` and what it says in continuous time.

use core::f64::consts::{LN_2, PI};

use crate::error::{checked, Fault, QuantError, Result};
use crate::linalg::lanes::{centre, dot};
use crate::special::student_quantile;

/// Least squares of a series on its past.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ar1 {
    /// Coefficient of the last value.
    pub phi: f64,
    /// Constant.
    pub constant: f64,
    /// Standard error of `phi` (ddof 2).
    pub stderr: f64,
    /// Sum of squared residuals.
    pub sse: f64,
    /// Pairs of neighbours.
    pub pairs: usize,
}

impl Ar1 {
    /// Regresses a series on its past.
    ///
    /// # Errors
    /// Values that are not finite, fewer than four of them, a constant series.
    pub fn fit(x: &[f64]) -> Result<Self> {
        checked("x", x, 4)?;
        let largest = x.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        let unit = if largest > 0.0 { largest } else { 1.0 };
        let pairs = x.len() - 1;
        let mut past: Vec<f64> = x[..pairs].iter().map(|v| v / unit).collect();
        let mut now: Vec<f64> = x[1..].iter().map(|v| v / unit).collect();
        let (mean_past, mean_now) = (centre(&mut past), centre(&mut now));
        let square = dot(&past, &past);
        if square <= 1e-30 * pairs as f64 {
            return Err(QuantError::constant("x", None));
        }
        let phi = dot(&past, &now) / square;
        let sse: f64 = past
            .iter()
            .zip(&now)
            .map(|(p, n)| (n - phi * p) * (n - phi * p))
            .sum();
        Ok(Self {
            phi,
            constant: (mean_now - phi * mean_past) * unit,
            stderr: (sse / (pairs as f64 - 2.0) / square).sqrt(),
            sse: sse * unit * unit,
            pairs,
        })
    }
}

/// From slope to half-life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HalfLifeMethod {
    /// `-ln 2 / ln(1 + slope)`.
    Exact,
    /// `-ln 2 / slope`, the limit for small slopes.
    OuEuler,
}

/// What is done about the downward bias of `phi`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bias {
    /// Nothing.
    None,
    /// Kendall 1954: `phi + (1 + 3 phi) / T`.
    Kendall,
    /// Quenouille's jackknife with two halves: `2 phi - (phi_1 + phi_2) / 2`.
    Jackknife,
}

/// Whether there is a half-life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reverting {
    /// 0 < phi < 1: it comes back, in a known time.
    Reverting,
    /// phi >= 1: it does not; the half-life is infinite.
    None,
    /// phi <= 0: it jumps over the mean; the half-life is 0.
    Oscillating,
}

/// Half-life of a deviation from the mean [observations].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HalfLife {
    /// The half-life.
    pub half_life: f64,
    /// Lower end of the interval.
    pub lower: f64,
    /// Upper end of the interval.
    pub upper: f64,
    /// `phi - 1`, after the correction.
    pub slope: f64,
    /// The coefficient after the correction.
    pub phi: f64,
    /// Which of the three it is.
    pub status: Reverting,
}

/// Estimates the half-life with an interval from the error of `phi` at a `level` of confidence.
///
/// # Errors
/// As [`Ar1::fit`]; a level outside (0, 1).
pub fn half_life(x: &[f64], method: HalfLifeMethod, bias: Bias, level: f64) -> Result<HalfLife> {
    if !(level > 0.0 && level < 1.0) {
        let problem = format!("is {level}, but must lie between 0 and 1");
        return Err(QuantError::parameter("level", problem, "use 0.95"));
    }
    let fit = Ar1::fit(x)?;
    let largest = 1.0 - f64::EPSILON / 2.0;
    let phi = match bias {
        Bias::None => fit.phi,
        Bias::Kendall => (fit.phi + (1.0 + 3.0 * fit.phi) / fit.pairs as f64).min(largest),
        Bias::Jackknife => {
            checked("x", x, 10)?;
            let half = x.len() / 2;
            let (first, second) = (Ar1::fit(&x[..half])?, Ar1::fit(&x[half..])?);
            (2.0 * fit.phi - 0.5 * (first.phi + second.phi)).min(largest)
        }
    };
    let quantile = student_quantile(fit.pairs as f64 - 2.0, 0.5 + 0.5 * level);
    let reach = quantile * fit.stderr;
    Ok(HalfLife {
        half_life: duration(phi, method),
        lower: duration(phi - reach, method),
        upper: duration(phi + reach, method),
        slope: phi - 1.0,
        phi,
        status: if phi >= 1.0 {
            Reverting::None
        } else if phi <= 0.0 {
            Reverting::Oscillating
        } else {
            Reverting::Reverting
        },
    })
}

/// The half-life of a coefficient: infinite from 1 on, 0 up to 0.
pub(crate) fn duration(phi: f64, method: HalfLifeMethod) -> f64 {
    if phi >= 1.0 {
        f64::INFINITY
    } else if phi <= 0.0 {
        0.0
    } else if method == HalfLifeMethod::Exact {
        -LN_2 / libm::log(phi)
    } else {
        LN_2 / (1.0 - phi)
    }
}

/// An Ornstein-Uhlenbeck process `dX = theta (mu - X) dt + sigma dW`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OuFit {
    /// Speed of reversion [1 / time].
    pub theta: f64,
    /// Mean.
    pub mu: f64,
    /// Volatility [x / sqrt(time)].
    pub sigma: f64,
    /// Log likelihood given the first value.
    pub loglik: f64,
    /// The coefficient of the discrete regression.
    pub phi: f64,
}

/// Fits the process by exact maximum likelihood given the first value.
///
/// # Errors
/// As [`Ar1::fit`]; `dt` not positive; a series that does not come back (`phi` outside (0, 1)).
pub fn ou_fit(x: &[f64], dt: f64) -> Result<OuFit> {
    positive("dt", dt)?;
    let fit = Ar1::fit(x)?;
    let fault = |problem: String| {
        let remedy = "difference the series, or test it for a unit root first";
        Err(QuantError::Degenerate(Fault::new("x", problem, remedy)))
    };
    if !(fit.phi > 0.0 && fit.phi < 1.0) {
        return fault(format!(
            "no mean reversion: the coefficient of the last value is {}, outside (0, 1)",
            fit.phi
        ));
    }
    let pairs = fit.pairs as f64;
    let variance = fit.sse / pairs;
    let scale = x.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    if variance.sqrt() <= 1e-14 * scale {
        return fault("the series has no noise".into());
    }
    let theta = -libm::log(fit.phi) / dt;
    Ok(OuFit {
        theta,
        mu: fit.constant / (1.0 - fit.phi),
        sigma: (2.0 * theta / (1.0 - fit.phi * fit.phi)).sqrt() * variance.sqrt(),
        loglik: -0.5 * pairs * (libm::log(2.0 * PI) + 2.0 * libm::log(variance.sqrt()) + 1.0),
        phi: fit.phi,
    })
}

/// The log likelihood of an Ornstein-Uhlenbeck process given the first value.
///
/// # Errors
/// Values that are not finite, or a parameter that is not positive.
pub fn ou_loglik(x: &[f64], theta: f64, mu: f64, sigma: f64, dt: f64) -> Result<f64> {
    checked("x", x, 2)?;
    positive("theta", theta)?;
    positive("sigma", sigma)?;
    positive("dt", dt)?;
    let phi = libm::exp(-theta * dt);
    let variance = sigma * sigma * -libm::expm1(-2.0 * theta * dt) / (2.0 * theta);
    let squares: f64 = x
        .windows(2)
        .map(|pair| {
            let error = pair[1] - mu - phi * (pair[0] - mu);
            error * error
        })
        .sum();
    let pairs = x.len() as f64 - 1.0;
    Ok(-0.5 * (pairs * libm::log(2.0 * PI * variance) + squares / variance))
}

fn positive(name: &'static str, value: f64) -> Result<()> {
    if value.is_finite() && value > 0.0 {
        return Ok(());
    }
    let problem = format!("is {value}, but must be positive and finite");
    Err(QuantError::parameter(
        name,
        problem,
        "choose a positive number",
    ))
}
