//! Realised kernel: variance from noisy returns by their autocovariances.

use core::fmt;

/// What can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KernelError {
    /// There are not more prices than the bandwidth and one.
    Short {
        /// Prices needed.
        needed: usize,
        /// Prices given.
        found: usize,
    },
    /// A price is not above 0 or not finite.
    Price {
        /// Its row, from 0.
        row: usize,
    },
}

impl fmt::Display for KernelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short { needed, found } => {
                write!(f, "{found} prices, but there must be at least {needed}")
            }
            Self::Price { row } => write!(f, "price of row {row} is not a finite number above 0"),
        }
    }
}

impl core::error::Error for KernelError {}

/// Parzen's weight at x from 0 to 1.
fn parzen(x: f64) -> f64 {
    if x <= 0.5 {
        1.0 - 6.0 * x * x + 6.0 * x * x * x
    } else if x <= 1.0 {
        let rest = 1.0 - x;
        2.0 * rest * rest * rest
    } else {
        0.0
    }
}

/// Realised kernel of log returns: sum over |h| <= H of parzen(|h| / (H + 1)) gamma_h.
///
/// gamma_h is the sum of the products of returns h apart. Never negative, robust to noise; with
/// H = 0 the realised variance.
///
/// # Source
/// Barndorff-Nielsen, Hansen, Lunde and Shephard 2009, Realized kernels in practice: trades and
/// quotes, equation 1 (without the averaging of the ends).
///
/// # Errors
/// `Short` when there are not at least `bandwidth + 2` prices, `Price` when one is not usable.
pub fn realized_kernel(prices: &[f64], bandwidth: usize) -> Result<f64, KernelError> {
    let (needed, found) = (bandwidth.saturating_add(2), prices.len());
    if found < needed {
        return Err(KernelError::Short { needed, found });
    }
    let is_bad = |x: &f64| !(x.is_finite() && *x > 0.0);
    if let Some(row) = prices.iter().position(is_bad) {
        return Err(KernelError::Price { row });
    }
    let returns: Vec<f64> = prices
        .windows(2)
        .map(|pair| libm::log(pair[1] / pair[0]))
        .collect();
    let gamma = |lag: usize| -> f64 {
        let later = returns.iter().skip(lag);
        later.zip(&returns).map(|(a, b)| a * b).sum()
    };
    let span = bandwidth as f64 + 1.0;
    let sides: f64 = (1..=bandwidth)
        .map(|lag| 2.0 * parzen(lag as f64 / span) * gamma(lag))
        .sum();
    Ok(gamma(0) + sides)
}
