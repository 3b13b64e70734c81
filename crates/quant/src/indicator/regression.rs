//! Straight lines through a window, and two series beside each other.

use super::column::{each_row, each_row_twice, SCRATCH};
use super::error::{period, IndicatorError};
use super::folds::{above_zero, Cross, RampSum};
use super::momentum::ratio;
use super::stream::Indicator;
use super::window::Window;

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
        let parts = self.window.push(x)?;
        let (sum, ramp) = parts.sum_and_ramp(self.period);
        Some(self.through([sum, ramp, parts.anchor]))
    }

    #[inline(always)]
    fn through(&self, [sum, ramp, anchor]: [f64; 3]) -> (f64, f64) {
        let n = self.period as f64;
        // Places counted from their middle sum to 0 and have n (n^2 - 1) / 12 as sum of squares.
        let middle = (n + 1.0) / 2.0;
        let slope = (ramp - middle * sum) / (n * (n * n - 1.0) / 12.0);
        let mean = sum / n;
        (anchor + (mean - slope * (n - 1.0) / 2.0), slope)
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

            fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
                let (&[xs], [line]) = (columns, lines) else {
                    return 0;
                };
                let $n = self.0.period as f64;
                let mut sums = [SCRATCH; 3];
                let slots = sums.each_mut().map(|sums| &mut sums[..xs.len()]);
                let untold = self.0.window.run([xs], slots);
                let sums = sums.each_ref().map(|sums| &sums[untold..xs.len()]);
                let told = |sums| {
                    let ($start, $slope) = self.0.through(sums);
                    $value
                };
                each_row(sums, &mut line[untold..], told);
                untold
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
#[inline(always)]
fn centred([x, y, xx, yy, xy]: [f64; 5], n: f64) -> (f64, f64, f64) {
    (
        above_zero(xx - x * x / n),
        above_zero(yy - y * y / n),
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
        Some(correlation(sums, self.period))
    }

    fn reset(&mut self) {
        self.window.reset();
    }

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        let (&[x, y], [line]) = (columns, lines) else {
            return 0;
        };
        run_cross((&mut self.window, self.period), [x, y], line, correlation)
    }
}

/// Writes what is told of the sums of two series over a stretch; returns how many of the first rows
/// have no full window.
fn run_cross(
    (window, period): (&mut Window<Cross>, f64),
    columns: [&[f64]; 2],
    line: &mut [f64],
    told: impl Fn([f64; 5], f64) -> f64,
) -> usize {
    let n = line.len();
    let mut sums = [SCRATCH; 5];
    let untold = window.run(columns, sums.each_mut().map(|sums| &mut sums[..n]));
    let sums = sums.each_ref().map(|sums| &sums[untold..n]);
    each_row(sums, &mut line[untold..], |sums| told(sums, period));
    untold
}

#[inline(always)]
fn correlation(sums: [f64; 5], n: f64) -> f64 {
    let (xx, yy, xy) = centred(sums, n);
    let scale = xx.sqrt() * yy.sqrt();
    let share = (xy / scale).clamp(-1.0, 1.0);
    if scale > 0.0 {
        share
    } else {
        0.0
    }
}

#[inline(always)]
fn slope(sums: [f64; 5], n: f64) -> f64 {
    let (xx, _, xy) = centred(sums, n);
    let slope = xy / xx;
    if xx > 0.0 {
        slope
    } else {
        0.0
    }
}

/// Returns of two series by the values before.
#[inline(always)]
fn returns([x, y, last_x, last_y]: [f64; 4]) -> (f64, f64) {
    (ratio(x - last_x, last_x), ratio(y - last_y, last_y))
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
        let returns = returns([x, y, last_x, last_y]);
        let sums = self.window.push(returns)?.all();
        Some(slope(sums, self.period))
    }

    fn reset(&mut self) {
        self.window.reset();
        self.last = None;
    }

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        let (&[x, y], [line]) = (columns, lines) else {
            return 0;
        };
        let (&[.., end_x], &[.., end_y]) = (x, y) else {
            return 0;
        };
        let n = x.len();
        let (mut of_x, mut of_y) = (SCRATCH, SCRATCH);
        let pairs = [&x[1..], &y[1..], x, y];
        each_row_twice(pairs, [&mut of_x[1..n], &mut of_y[1..n]], returns);
        // The first pair of all has none before it.
        let before = self.last.replace([end_x, end_y]);
        let first = usize::from(before.is_none());
        if let Some([last_x, last_y]) = before {
            (of_x[0], of_y[0]) = returns([x[0], y[0], last_x, last_y]);
        }
        let moves = [&of_x[first..n], &of_y[first..n]];
        first
            + run_cross(
                (&mut self.window, self.period),
                moves,
                &mut line[first..],
                slope,
            )
    }
}
