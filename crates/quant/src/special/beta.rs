//! The beta distribution and Student's t.

use super::{ln_gamma, normal_quantile};

const STEPS: usize = 10_000;
const TINY: f64 = 1e-300;

/// The probability that a beta variable lies below `x` (the regularised incomplete beta function).
#[must_use]
pub fn beta_cdf(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let ln_front =
        ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * libm::log(x) + b * libm::log1p(-x);
    let front = libm::exp(ln_front);
    if x < (a + 1.0) / (a + b + 2.0) {
        front * fraction(a, b, x) / a
    } else {
        1.0 - front * fraction(b, a, 1.0 - x) / b
    }
}

/// The probability that Student's t lies below `x`; the lower tail keeps its digits.
#[must_use]
pub fn student_cdf(degrees: f64, x: f64) -> f64 {
    if x.is_infinite() {
        return if x < 0.0 { 0.0 } else { 1.0 };
    }
    let tail = 0.5 * beta_cdf(0.5 * degrees, 0.5, degrees / (degrees + x * x));
    if x < 0.0 {
        tail
    } else {
        1.0 - tail
    }
}

/// The value below which Student's t lies with probability `p`.
///
/// Bracketed Newton steps from the normal quantile.
#[must_use]
pub fn student_quantile(degrees: f64, p: f64) -> f64 {
    if p.is_nan() || !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    if p > 0.5 {
        return -student_quantile(degrees, 1.0 - p);
    }
    if p == 0.0 {
        return f64::NEG_INFINITY;
    }
    let (mut low, mut high) = (-1.0, 0.0);
    while student_cdf(degrees, low) > p {
        high = low;
        low *= 2.0;
    }
    let ln_scale = ln_gamma(0.5 * (degrees + 1.0))
        - ln_gamma(0.5 * degrees)
        - 0.5 * libm::log(degrees * core::f64::consts::PI);
    let mut x = normal_quantile(p).clamp(low, high);
    for _ in 0..200 {
        let error = student_cdf(degrees, x) - p;
        if error > 0.0 {
            high = x;
        } else {
            low = x;
        }
        let ln_density = ln_scale - 0.5 * (degrees + 1.0) * libm::log1p(x * x / degrees);
        let newton = x - error / libm::exp(ln_density);
        let next = if newton > low && newton < high {
            newton
        } else {
            0.5 * (low + high)
        };
        if (next - x).abs() <= 1e-15 * x.abs() {
            return next;
        }
        x = next;
    }
    x
}

fn fraction(a: f64, b: f64, x: f64) -> f64 {
    let guard = |v: f64| if v.abs() < TINY { TINY } else { v };
    let mut c = 1.0;
    let mut d = 1.0 / guard(1.0 - (a + b) * x / (a + 1.0));
    let mut h = d;
    for m in 1..STEPS {
        let m = m as f64;
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / guard(1.0 + even * d);
        c = guard(1.0 + even / c);
        h *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / guard(1.0 + odd * d);
        c = guard(1.0 + odd / c);
        h *= d * c;
        if (d * c - 1.0).abs() < 1e-16 {
            break;
        }
    }
    h
}
