//! The Sharpe ratio and how much to believe it (Bailey-Lopez de Prado 2012, 2014).
//!
//! All ratios are per observation; skewness is the third and kurtosis the fourth standardised
//! moment (3 for a normal law).

use crate::error::{QuantError, Result};
use crate::risk::tail::Moments;
use crate::special::{normal_cdf, normal_quantile};

/// The constant of Euler and Mascheroni.
const EULER: f64 = 0.577_215_664_901_532_9;

/// What the statistics of a Sharpe ratio need to know of returns.
#[derive(Debug, Clone, Copy)]
pub struct Record {
    /// Mean over deviation (ddof 1).
    pub sharpe: f64,
    /// Third standardised moment.
    pub skewness: f64,
    /// Fourth standardised moment.
    pub kurtosis: f64,
    /// Number of returns.
    pub observations: f64,
}

impl Record {
    /// From returns.
    ///
    /// # Errors
    /// [`QuantError::Data`] for NaN or fewer than two, [`QuantError::Degenerate`] when constant.
    pub fn of(returns: &[f64]) -> Result<Self> {
        let moments = Moments::of(returns)?;
        Ok(Self {
            sharpe: moments.mean / moments.deviation,
            skewness: moments.skewness,
            kurtosis: moments.kurtosis,
            observations: returns.len() as f64,
        })
    }

    /// The variance of the estimate times (T - 1): `1 - g3 SR + (g4 - 1)/4 SR^2`, which moments of
    /// a sample keep positive.
    fn spread(&self) -> f64 {
        let sr = self.sharpe;
        1.0 - self.skewness * sr + 0.25 * (self.kurtosis - 1.0) * sr * sr
    }

    /// The probability that the true ratio exceeds `benchmark`.
    ///
    /// # Errors
    /// [`QuantError::Degenerate`] when the moments leave no variance to the estimate.
    pub fn probabilistic(&self, benchmark: f64) -> Result<f64> {
        let spread = self.positive_spread()?;
        Ok(normal_cdf(
            (self.sharpe - benchmark) * (self.observations - 1.0).sqrt() / spread.sqrt(),
        ))
    }

    fn positive_spread(&self) -> Result<f64> {
        let spread = self.spread();
        if spread > 0.0 {
            return Ok(spread);
        }
        Err(QuantError::Degenerate(crate::error::Fault::new(
            "returns",
            format!("skewness {} leaves no variance to the ratio", self.skewness),
            "pass more returns",
        )))
    }

    /// The probability that the true ratio exceeds what the best of `trials` independent trials
    /// without skill would show, whose ratios have variance `variance`.
    ///
    /// # Errors
    /// [`QuantError::Parameter`] for fewer than one trial or a negative variance.
    pub fn deflated(&self, trials: f64, variance: f64) -> Result<f64> {
        self.probabilistic(expected_maximum(trials, variance)?)
    }

    /// How many observations make the ratio exceed `benchmark` with probability `confidence`.
    ///
    /// # Errors
    /// [`QuantError::Parameter`] for the confidence, [`QuantError::Infeasible`] when the ratio does
    /// not exceed the benchmark.
    pub fn least_length(&self, benchmark: f64, confidence: f64) -> Result<f64> {
        if !(confidence > 0.0 && confidence < 1.0) {
            let remedy = "choose a number between 0 and 1, like 0.95";
            let problem = format!("is {confidence}");
            return Err(QuantError::parameter("confidence", problem, remedy));
        }
        let lead = self.sharpe - benchmark;
        if lead <= 0.0 {
            return Err(QuantError::Infeasible {
                problem: format!(
                    "a ratio of {} never proves to exceed {benchmark}",
                    self.sharpe
                ),
                remedy: "choose a lower benchmark",
            });
        }
        let z = normal_quantile(confidence);
        Ok(1.0 + self.positive_spread()? * (z / lead) * (z / lead))
    }
}

/// The largest ratio that `trials` trials without skill are expected to show (2014, eq. 5.5).
///
/// # Errors
/// [`QuantError::Parameter`] for fewer than one trial or a negative variance.
pub fn expected_maximum(trials: f64, variance: f64) -> Result<f64> {
    if !trials.is_finite() || trials < 1.0 {
        let remedy = "count every trial that was run, at least one";
        return Err(QuantError::parameter(
            "n_trials",
            format!("is {trials}"),
            remedy,
        ));
    }
    if !variance.is_finite() || variance < 0.0 {
        let remedy = "pass the variance of the trials' ratios, per observation";
        let problem = format!("is {variance}");
        return Err(QuantError::parameter("trials_variance", problem, remedy));
    }
    if trials <= 1.0 {
        return Ok(0.0);
    }
    let first = normal_quantile(1.0 - 1.0 / trials);
    let second = normal_quantile(1.0 - 1.0 / (trials * core::f64::consts::E));
    Ok(variance.sqrt() * ((1.0 - EULER) * first + EULER * second).max(0.0))
}
