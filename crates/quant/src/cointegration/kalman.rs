//! A hedge ratio that moves: `y_t = b_t x_t + a_t + e_t`, `(b, a)` a random walk.
//!
//! The noise variances come from the likelihood of a training part; afterwards the filter only
//! predicts, so that what stands at t is known before t.

use super::engle_granger::regress;
use crate::error::{checked, Fault, QuantError, Result};
use crate::linalg::lanes::{is_constant, mean, variance};
use crate::linalg::Matrix;
use crate::series::Trend;

/// Variances of the noises; those of the states per step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HedgeNoise {
    /// Of the observation.
    pub observation: f64,
    /// Of the ratio.
    pub beta: f64,
    /// Of the intercept.
    pub intercept: f64,
}

/// The filter: feed it pairs, it says what it expected.
#[derive(Debug, Clone, PartialEq)]
pub struct HedgeFilter {
    noise: HedgeNoise,
    state: [f64; 2],
    // Symmetric covariance: beta, both, intercept.
    spread: [f64; 3],
}

/// Predictions after the training part, and what the filter was made of.
#[derive(Debug, Clone, PartialEq)]
pub struct HedgeFit {
    /// One a pair.
    pub predictions: Vec<Hedge>,
    /// The fitted noises.
    pub noise: HedgeNoise,
    /// Log likelihood of the training part.
    pub loglik: f64,
    /// Size of x.
    pub scale: f64,
    /// Ratio and intercept to start about.
    pub start: [f64; 2],
}

/// One prediction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hedge {
    /// The ratio expected before the observation.
    pub beta: f64,
    /// The intercept expected.
    pub intercept: f64,
    /// `y` less its prediction.
    pub spread: f64,
    /// Standard deviation of the prediction error.
    pub spread_std: f64,
}

/// Observations before the likelihood counts: they fix the two states.
const BURN_IN: usize = 2;
/// Variance of the unknown first states, in units of the observation noise.
const DIFFUSE: f64 = 1e7;

impl HedgeFilter {
    /// A filter that knows little of its states: about `start`; `scale` is the size of x.
    #[must_use]
    pub fn new(noise: HedgeNoise, scale: f64, start: [f64; 2]) -> Self {
        let vague = DIFFUSE * noise.observation.max(f64::MIN_POSITIVE);
        Self {
            noise,
            state: start,
            spread: [vague / (scale * scale), 0.0, vague],
        }
    }

    /// Predicts `y` from `x`, then learns from it.
    pub fn update(&mut self, y: f64, x: f64) -> Hedge {
        let [mut bb, ba, mut aa] = self.spread;
        bb += self.noise.beta;
        aa += self.noise.intercept;
        let (gain_b, gain_a) = (bb * x + ba, ba * x + aa);
        let variance = gain_b * x + gain_a + self.noise.observation;
        let [beta, intercept] = self.state;
        let spread = y - beta * x - intercept;
        let (kb, ka) = (gain_b / variance, gain_a / variance);
        self.state = [beta + kb * spread, intercept + ka * spread];
        self.spread = [
            (bb - kb * gain_b).max(0.0),
            ba - kb * gain_a,
            (aa - ka * gain_a).max(0.0),
        ];
        Hedge {
            beta,
            intercept,
            spread,
            spread_std: variance.sqrt(),
        }
    }
}

/// The likelihood of the training part, the observation variance concentrated out.
struct Training<'a> {
    y: &'a [f64],
    x: &'a [f64],
    scale: f64,
    start: [f64; 2],
}

impl Training<'_> {
    /// Log likelihood and observation variance for log ratios of the state variances to it.
    fn evaluate(&self, ratios: [f64; 2]) -> (f64, f64) {
        let noise = HedgeNoise {
            observation: 1.0,
            beta: libm::exp(ratios[0]) / (self.scale * self.scale),
            intercept: libm::exp(ratios[1]),
        };
        let mut filter = HedgeFilter::new(noise, self.scale, self.start);
        let (mut squares, mut logs) = (0.0, 0.0);
        for (t, (y, x)) in self.y.iter().zip(self.x).enumerate() {
            let seen = filter.update(*y, *x);
            if t >= BURN_IN {
                let ratio = seen.spread / seen.spread_std;
                squares += ratio * ratio;
                logs += 2.0 * libm::log(seen.spread_std);
            }
        }
        let n = (self.y.len() - BURN_IN) as f64;
        let observation = squares / n;
        let loglik =
            -0.5 * (n * (libm::log(2.0 * core::f64::consts::PI * observation) + 1.0) + logs);
        (loglik, observation)
    }

    /// A grid, then shrinking steps along both axes and diagonals: two dimensions need no more.
    fn maximise(&self) -> ([f64; 2], f64, usize) {
        let mut best = ([0.0; 2], f64::NEG_INFINITY);
        let mut evaluations = 0;
        let mut look = |point: [f64; 2], best: &mut ([f64; 2], f64)| {
            evaluations += 1;
            let point = [point[0].clamp(-46.0, 7.0), point[1].clamp(-46.0, 7.0)];
            let (value, _) = self.evaluate(point);
            if value > best.1 {
                *best = (point, value);
                return true;
            }
            false
        };
        for i in 0..6 {
            for j in 0..6 {
                look(
                    [-30.0 + 6.0 * f64::from(i), -30.0 + 6.0 * f64::from(j)],
                    &mut best,
                );
            }
        }
        let mut step = 3.0;
        while step > 1e-4 {
            let [a, b] = best.0;
            let mut moved = false;
            for (i, j) in [
                (1, 0),
                (0, 1),
                (-1, 0),
                (0, -1),
                (1, 1),
                (-1, -1),
                (1, -1),
                (-1, 1),
            ] {
                let next = [a + step * f64::from(i), b + step * f64::from(j)];
                moved |= look(next, &mut best);
            }
            if !moved {
                step *= 0.5;
            }
        }
        (best.0, best.1, evaluations)
    }
}

/// Fits the noises on the first `train` pairs and predicts from there on.
///
/// The filter starts about the regression of the training part, which is past by then.
///
/// # Errors
/// Values that are not finite, lengths that differ, a constant series, too short a training part,
/// an exact relation.
pub fn kalman_hedge(y: &[f64], x: &[f64], train: usize) -> Result<HedgeFit> {
    checked("y", y, 0)?;
    checked("x", x, 0)?;
    if x.len() != y.len() {
        let problem = format!("x has {} values, but y has {}", x.len(), y.len());
        return Err(QuantError::Data(Fault::new(
            "x",
            problem,
            "align them before",
        )));
    }
    if train < 10 || train >= y.len() {
        let problem = format!("is {train}, but must lie between 10 and {}", y.len() - 1);
        let remedy = "pass a longer sample, or train on less of it";
        return Err(QuantError::parameter("train", problem, remedy));
    }
    let (past_y, past_x) = (&y[..train], &x[..train]);
    for (field, past) in [("y", past_y), ("x", past_x)] {
        if is_constant(past) {
            return Err(QuantError::constant(field, None));
        }
    }
    let column = Matrix::from_columns(train, 1, past_x.to_vec());
    let line = regress(past_y, &column, Trend::Constant)?;
    let (beta, intercept) = (line.hedge[0], line.intercept);
    let unit = variance(past_y, 1).sqrt();
    let scaled: Vec<f64> = past_y.iter().map(|v| v / unit).collect();
    let training = Training {
        y: &scaled,
        x: past_x,
        scale: (variance(past_x, 0) + mean(past_x) * mean(past_x)).sqrt(),
        start: [beta / unit, intercept / unit],
    };
    let (ratios, loglik, _) = training.maximise();
    let (_, observation) = training.evaluate(ratios);
    if observation < 1e-24 {
        let problem = "y follows x exactly, so there is no noise to estimate";
        return Err(QuantError::Degenerate(Fault::new(
            "y",
            problem,
            "use the ratio itself",
        )));
    }
    let observation = observation * unit * unit;
    let noise = HedgeNoise {
        observation,
        beta: observation * libm::exp(ratios[0]) / (training.scale * training.scale),
        intercept: observation * libm::exp(ratios[1]),
    };
    let start = [beta, intercept];
    let mut filter = HedgeFilter::new(noise, training.scale, start);
    let all: Vec<Hedge> = y
        .iter()
        .zip(x)
        .map(|(y, x)| filter.update(*y, *x))
        .collect();
    Ok(HedgeFit {
        predictions: all[train..].to_vec(),
        noise,
        loglik: loglik - (train - BURN_IN) as f64 * libm::log(unit),
        scale: training.scale,
        start,
    })
}
