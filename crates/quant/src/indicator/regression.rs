//! Straight lines through a window, and two series beside each other.

use super::column::write_windows;
use super::error::{period, IndicatorError};
use super::folds::{Cross, RampSum};
use super::momentum::ratio;
use super::stream::Indicator;
use super::window::{Parts, Window};

/// The least-squares line through the last values at the places 0, 1, ..., n - 1.
#[derive(Debug, Clone)]
struct Line {
    window: Window<RampSum>,
    period: usize,
}

impl Line {
    fn new(len: usize) -> Result<Self, IndicatorError> {
        let period = period("period", len, 2)?;
        Ok(Self {
            window: Window::new(period),
            period,
        })
    }

    /// Takes one value in; (value at place 0, slope).
    #[inline]
    fn update(&mut self, x: f64) -> Option<(f64, f64)> {
        self.window.push(x).map(|parts| self.through(parts))
    }

    #[inline(always)]
    fn through(&self, parts: Parts<(f64, f64), f64>) -> (f64, f64) {
        let n = self.period as f64;
        let (sum, ramp) = parts.sum_and_ramp(self.period);
        // Places counted from their middle sum to 0 and have n (n^2 - 1) / 12 as sum of squares.
        let middle = (n + 1.0) / 2.0;
        let slope = (ramp - middle * sum) / (n * (n * n - 1.0) / 12.0);
        let mean = sum / n;
        (parts.anchor + (mean - slope * (n - 1.0) / 2.0), slope)
    }
}

/// One number out of the line.
macro_rules! of_line {
    ($(#[$doc:meta])* $name:ident, |$start:ident, $slope:ident, $n:ident| $value:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name(Line);

        impl $name {
            /// Through `len` values, 2 or more; usual is 14.
            ///
            /// # Errors
            /// `Period` when `len` is outside 2..=`PERIOD_MAX`.
            pub fn new(len: usize) -> Result<Self, IndicatorError> {
                Line::new(len).map(Self)
            }
        }

        impl Indicator for $name {
            type Row = f64;
            type Value = f64;

            #[inline]
            fn update(&mut self, x: f64) -> Option<f64> {
                let ($start, $slope) = self.0.update(x)?;
                let $n = self.0.period as f64;
                Some($value)
            }

            fn reset(&mut self) {
                self.0.window.reset();
            }

            fn write_lines(&self, columns: &[&[f64]], lines: &mut [&mut [f64]]) {
                if let (&[xs], [line]) = (columns, lines) {
                    let $n = self.0.period as f64;
                    let told = |_, parts| {
                        let ($start, $slope) = self.0.through(parts);
                        $value
                    };
                    write_windows::<RampSum>(self.0.period, |i| xs[i], line, told);
                }
            }
        }
    };
}

of_line!(
    /// Least-squares line at the newest value.
    LinearReg, |start, slope, n| start + slope * (n - 1.0)
);
of_line!(
    /// Slope of the least-squares line, per bar.
    LinearRegSlope, |_start, slope, _n| slope
);
of_line!(
    /// Least-squares line at the oldest value of the window.
    LinearRegIntercept, |start, _slope, _n| start
);
of_line!(
    /// Angle of the least-squares line in degrees.
    LinearRegAngle, |_start, slope, _n| libm::atan(slope) * (180.0 / core::f64::consts::PI)
);
of_line!(
    /// Time series forecast: the least-squares line one bar on.
    Tsf, |start, slope, n| start + slope * n
);

/// Centred sums of two series from their sums of offsets: xx, yy, xy.
#[inline]
fn centred([x, y, xx, yy, xy]: [f64; 5], n: f64) -> (f64, f64, f64) {
    (
        (xx - x * x / n).max(0.0),
        (yy - y * y / n).max(0.0),
        xy - x * y / n,
    )
}

/// Pearson's correlation of the last values of two series; 0 where one has no variance.
#[derive(Debug, Clone)]
pub struct Correl {
    window: Window<Cross>,
    period: f64,
}

impl Correl {
    /// Over `len` pairs, 1 or more; usual is 30.
    ///
    /// # Errors
    /// `Period` when `len` is outside 1..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        let len = period("period", len, 1)?;
        Ok(Self {
            window: Window::new(len),
            period: len as f64,
        })
    }
}

impl Indicator for Correl {
    type Row = [f64; 2];
    type Value = f64;

    #[inline]
    fn update(&mut self, [x, y]: [f64; 2]) -> Option<f64> {
        let sums = self.window.push((x, y))?.all();
        let (xx, yy, xy) = centred(sums, self.period);
        let scale = libm::sqrt(xx) * libm::sqrt(yy);
        Some(if scale > 0.0 {
            (xy / scale).clamp(-1.0, 1.0)
        } else {
            0.0
        })
    }

    fn reset(&mut self) {
        self.window.reset();
    }
}

/// Slope of the returns of y on those of x; 0 where x does not move.
#[derive(Debug, Clone)]
pub struct Beta {
    window: Window<Cross>,
    period: f64,
    last: Option<[f64; 2]>,
}

impl Beta {
    /// Over `len` returns, 1 or more; usual is 5.
    ///
    /// # Errors
    /// `Period` when `len` is outside 1..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        let len = period("period", len, 1)?;
        Ok(Self {
            window: Window::new(len),
            period: len as f64,
            last: None,
        })
    }
}

impl Indicator for Beta {
    type Row = [f64; 2];
    type Value = f64;

    #[inline]
    fn update(&mut self, [x, y]: [f64; 2]) -> Option<f64> {
        let [last_x, last_y] = self.last.replace([x, y])?;
        let returns = (ratio(x - last_x, last_x), ratio(y - last_y, last_y));
        let sums = self.window.push(returns)?.all();
        let (xx, _, xy) = centred(sums, self.period);
        Some(if xx > 0.0 { xy / xx } else { 0.0 })
    }

    fn reset(&mut self) {
        self.window.reset();
        self.last = None;
    }
}
