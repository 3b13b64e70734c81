//! Models by name: parameters and the log likelihood of data, given their first value.

use crate::refusal::Refusal;

/// What generates the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    /// `x ~ N(mu, sigma^2)`.
    Normal,
    /// `x_t - mu = phi (x_{t-1} - mu) + sigma e`.
    Autoregressive,
    /// `dX = theta (mu - X) dt + sigma dW`, one unit of time between values.
    OrnsteinUhlenbeck,
    /// `r_t = mu + sqrt(h_t) e`, `h_t = omega + alpha (r_{t-1} - mu)^2 + beta h_{t-1}`, from the
    /// variance of the sample.
    Garch,
}

impl Model {
    /// The model of a name; none is normal.
    ///
    /// # Errors
    /// An unknown name.
    pub fn named(name: &str) -> Result<Self, Refusal> {
        match name {
            "" | "normal" => Ok(Self::Normal),
            "ar1" => Ok(Self::Autoregressive),
            "ou" => Ok(Self::OrnsteinUhlenbeck),
            "garch11" => Ok(Self::Garch),
            other => Err(Refusal::parameter(
                "model",
                format!("model is {other:?}, which is unknown"),
                "choose normal, ar1, ou or garch11",
            )),
        }
    }

    /// Its parameters, in the order that [`Model::loglik`] takes.
    #[must_use]
    pub const fn parameters(self) -> &'static [&'static str] {
        match self {
            Self::Normal => &["mu", "sigma"],
            Self::Autoregressive => &["phi", "sigma", "mu"],
            Self::OrnsteinUhlenbeck => &["theta", "mu", "sigma"],
            Self::Garch => &["omega", "alpha", "beta", "mu"],
        }
    }

    /// Whether a parameter may be left out, and is 0 then.
    #[must_use]
    pub fn is_optional(self, parameter: &str) -> bool {
        parameter == "mu" && matches!(self, Self::Autoregressive | Self::Garch)
    }

    /// The log likelihood of data up to a constant; minus infinity outside the support.
    #[must_use]
    pub fn loglik(self, parameters: &[f64], data: &[f64]) -> f64 {
        match (self, parameters) {
            (Self::Normal, &[mu, sigma]) if sigma > 0.0 => {
                normal(data.iter().map(|x| x - mu), sigma)
            }
            (Self::Autoregressive, &[phi, sigma, mu]) if sigma > 0.0 => {
                let pairs = data.windows(2);
                normal(pairs.map(|p| p[1] - mu - phi * (p[0] - mu)), sigma)
            }
            (Self::OrnsteinUhlenbeck, &[theta, mu, sigma]) if theta > 0.0 && sigma > 0.0 => {
                let phi = (-theta).exp();
                let spread = sigma * ((1.0 - phi * phi) / (2.0 * theta)).sqrt();
                let pairs = data.windows(2);
                normal(pairs.map(|p| p[1] - mu - phi * (p[0] - mu)), spread)
            }
            (Self::Garch, &[omega, alpha, beta, mu])
                if omega > 0.0 && alpha >= 0.0 && beta >= 0.0 && alpha + beta < 1.0 =>
            {
                garch(data, [omega, alpha, beta, mu])
            }
            _ => f64::NEG_INFINITY,
        }
    }
}

fn normal(residuals: impl Iterator<Item = f64>, sigma: f64) -> f64 {
    let (mut count, mut squares) = (0.0, 0.0);
    for e in residuals {
        count += 1.0;
        squares += e * e;
    }
    -count * sigma.ln() - squares / (2.0 * sigma * sigma)
}

fn garch(data: &[f64], [omega, alpha, beta, mu]: [f64; 4]) -> f64 {
    let n = data.len() as f64;
    let mean = data.iter().sum::<f64>() / n;
    let mut h = data.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n;
    let mut sum = 0.0;
    for x in data {
        let square = (x - mu) * (x - mu);
        sum -= 0.5 * (h.ln() + square / h);
        h = omega + alpha * square + beta * h;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATA: [f64; 5] = [0.1, -0.3, 0.25, 0.4, -0.2];

    fn near(found: f64, wanted: f64) {
        assert!((found - wanted).abs() < 1e-12, "{found} for {wanted}");
    }

    #[test]
    fn likelihoods_are_those_of_scipy_up_to_their_constant() {
        // scipy.stats.norm.logpdf, summed, plus n log(2 pi) / 2.
        let constant = 0.5 * (2.0 * std::f64::consts::PI).ln();
        near(
            Model::Normal.loglik(&[0.05, 0.3], &DATA),
            NORMAL + 5.0 * constant,
        );
        near(
            Model::Autoregressive.loglik(&[0.5, 0.3, 0.1], &DATA),
            AR1 + 4.0 * constant,
        );
        near(
            Model::OrnsteinUhlenbeck.loglik(&[0.7, 0.1, 0.4], &DATA),
            OU + 4.0 * constant,
        );
        near(
            Model::Garch.loglik(&[0.02, 0.1, 0.6, 0.01], &DATA),
            GARCH + 5.0 * constant,
        );
    }

    #[test]
    fn outside_the_support_there_is_nothing() {
        for (model, at) in [
            (Model::Normal, vec![0.0, 0.0]),
            (Model::Garch, vec![0.1, 0.6, 0.4, 0.0]),
            (Model::OrnsteinUhlenbeck, vec![0.0, 0.0, 1.0]),
        ] {
            let found = model.loglik(&at, &DATA);
            assert!(found.is_infinite() && found < 0.0);
        }
    }
    const NORMAL: f64 = -0.5192730888381278;
    const AR1: f64 = -1.835557359959391;
    const OU: f64 = -1.8721539884832104;
    const GARCH: f64 = -0.5731755768158713;
}
