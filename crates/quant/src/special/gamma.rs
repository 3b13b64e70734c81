//! The gamma and chi-squared distributions.

const STEPS: usize = 10_000;
const TINY: f64 = 1e-300;

/// The logarithm of the gamma function, for positive `x`.
#[must_use]
pub fn ln_gamma(x: f64) -> f64 {
    libm::lgamma(x)
}

/// The probability that a gamma variable of this shape and scale 1 lies below `x`.
#[must_use]
pub fn gamma_cdf(shape: f64, x: f64) -> f64 {
    if x <= 0.0 {
        0.0
    } else if x < shape + 1.0 {
        series(shape, x)
    } else {
        1.0 - fraction(shape, x)
    }
}

/// The probability that it lies above `x`; the upper tail keeps its digits.
#[must_use]
pub fn gamma_sf(shape: f64, x: f64) -> f64 {
    if x <= 0.0 {
        1.0
    } else if x < shape + 1.0 {
        1.0 - series(shape, x)
    } else {
        fraction(shape, x)
    }
}

/// The probability that a chi-squared variable lies below `x`.
#[must_use]
pub fn chi_squared_cdf(degrees: f64, x: f64) -> f64 {
    gamma_cdf(0.5 * degrees, 0.5 * x)
}

/// The probability that a chi-squared variable lies above `x`.
#[must_use]
pub fn chi_squared_sf(degrees: f64, x: f64) -> f64 {
    gamma_sf(0.5 * degrees, 0.5 * x)
}

fn front(a: f64, x: f64) -> f64 {
    libm::exp(a * libm::log(x) - x - ln_gamma(a))
}

/// The lower function as a power series.
fn series(a: f64, x: f64) -> f64 {
    let (mut term, mut sum) = (1.0 / a, 1.0 / a);
    for n in 1..STEPS {
        term *= x / (a + n as f64);
        sum += term;
        if term.abs() < sum.abs() * 1e-17 {
            break;
        }
    }
    sum * front(a, x)
}

/// The upper function as a continued fraction (Lentz).
fn fraction(a: f64, x: f64) -> f64 {
    let mut b = x + 1.0 - a;
    let mut c = 1.0 / TINY;
    let mut d = 1.0 / b;
    let mut h = d;
    for n in 1..STEPS {
        let n = n as f64;
        let an = -n * (n - a);
        b += 2.0;
        let low = an * d + b;
        d = 1.0 / if low.abs() < TINY { TINY } else { low };
        let next = b + an / c;
        c = if next.abs() < TINY { TINY } else { next };
        h *= d * c;
        if (d * c - 1.0).abs() < 1e-16 {
            break;
        }
    }
    h * front(a, x)
}
