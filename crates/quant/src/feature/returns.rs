//! Features of returns: variance with and without jumps and noise, illiquidity, implied spread.

use core::f64::consts::PI;

use crate::indicator::folds::{Cross, Total, Totals};
use crate::indicator::window::{Delay, Window};
use crate::indicator::{period, Indicator, IndicatorError};

/// Log return against the value before; None for the first.
#[inline]
fn log_return(last: &mut Option<f64>, x: f64) -> Option<f64> {
    let last = last.replace(x)?;
    Some(libm::log(x / last))
}

/// Realised variance: sum of the last squared log returns.
///
/// # Source
/// Andersen, Bollerslev, Diebold and Labys 2003, Modeling and forecasting realized volatility.
#[derive(Debug, Clone)]
pub struct RealizedVariance {
    window: Window<Total>,
    last: Option<f64>,
}

impl RealizedVariance {
    /// Over `len` returns, 1 or more.
    ///
    /// # Errors
    /// `Period` when `len` is outside 1..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        Ok(Self {
            window: Window::new(period("period", len, 1)?),
            last: None,
        })
    }
}

impl Indicator for RealizedVariance {
    type Row = f64;
    type Value = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        let r = log_return(&mut self.last, x)?;
        Some(self.window.push(r * r)?.sum())
    }

    fn reset(&mut self) {
        self.window.reset();
        self.last = None;
    }
}

/// Products of neighbouring absolute log returns beside their squares, over a window of returns.
#[derive(Debug, Clone)]
struct Neighbours {
    squares: Window<Total>,
    products: Window<Total>,
    last: Option<f64>,
    last_return: Option<f64>,
    period: f64,
}

impl Neighbours {
    fn new(len: usize) -> Result<Self, IndicatorError> {
        let len = period("period", len, 2)?;
        Ok(Self {
            squares: Window::new(len),
            products: Window::new(len - 1),
            last: None,
            last_return: None,
            period: len as f64,
        })
    }

    /// (realised variance, bipower variation) of the last `period` returns.
    #[inline]
    fn update(&mut self, x: f64) -> Option<(f64, f64)> {
        let r = log_return(&mut self.last, x)?.abs();
        let squares = self.squares.push(r * r);
        let products = self.products.push(r * self.last_return.replace(r)?);
        let scale = PI / 2.0 * (self.period / (self.period - 1.0));
        Some((squares?.sum(), scale * products?.sum()))
    }

    fn reset(&mut self) {
        self.squares.reset();
        self.products.reset();
        self.last = None;
        self.last_return = None;
    }
}

/// Bipower variation: pi / 2 * n / (n - 1) * sum of products of neighbouring absolute log returns.
///
/// Variance without the jumps: one of a pair is small.
///
/// # Source
/// Barndorff-Nielsen and Shephard 2004, Power and bipower variation with stochastic volatility and
/// jumps, with the correction n / (n - 1) for the missing pair.
#[derive(Debug, Clone)]
pub struct BipowerVariation(Neighbours);

impl BipowerVariation {
    /// Over `len` returns, 2 or more.
    ///
    /// # Errors
    /// `Period` when `len` is outside 2..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        Neighbours::new(len).map(Self)
    }
}

impl Indicator for BipowerVariation {
    type Row = f64;
    type Value = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        self.0.update(x).map(|(_, bipower)| bipower)
    }

    fn reset(&mut self) {
        self.0.reset();
    }
}

/// Share of jumps in the realised variance: max(0, 1 - bipower / realised); 0 without variance.
///
/// # Source
/// Huang and Tauchen 2005, The relative contribution of jumps to total price variance.
#[derive(Debug, Clone)]
pub struct JumpShare(Neighbours);

impl JumpShare {
    /// Over `len` returns, 2 or more.
    ///
    /// # Errors
    /// `Period` when `len` is outside 2..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        Neighbours::new(len).map(Self)
    }
}

impl Indicator for JumpShare {
    type Row = f64;
    type Value = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        let (realized, bipower) = self.0.update(x)?;
        Some(if realized > 0.0 {
            (1.0 - bipower / realized).max(0.0)
        } else {
            0.0
        })
    }

    fn reset(&mut self) {
        self.0.reset();
    }
}

/// Two-scale realised variance: that of slow returns, averaged over their grids, less the noise.
///
/// Of n returns: (1 / K sum of (x_i - x_(i-K))^2 - m / n RV) / (1 - m / n), m = (n - K + 1) / K, in
/// logs. Noise of the quotes cancels; it can be negative in a short window.
///
/// # Source
/// Zhang, Mykland and Aït-Sahalia 2005, A tale of two time scales, equations 55 and 64.
#[derive(Debug, Clone)]
pub struct TwoScaleVariance {
    fast: Window<Total>,
    slow: Window<Total>,
    past: Delay,
    last: Option<f64>,
    period: f64,
    scale: f64,
}

impl TwoScaleVariance {
    /// Over `len` returns, of which `scale` make a slow one; 2 <= `scale` < `len`.
    ///
    /// # Errors
    /// `Period` or `Order` when a parameter is outside its range.
    pub fn new(len: usize, scale: usize) -> Result<Self, IndicatorError> {
        let (len, scale) = (period("period", len, 3)?, period("scale", scale, 2)?);
        if scale >= len {
            return Err(IndicatorError::Order {
                fast: scale,
                slow: len,
            });
        }
        Ok(Self {
            fast: Window::new(len),
            slow: Window::new(len - scale + 1),
            past: Delay::new(scale),
            last: None,
            period: len as f64,
            scale: scale as f64,
        })
    }
}

impl Indicator for TwoScaleVariance {
    type Row = f64;
    type Value = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        let past = self.past.push(x);
        let fast = log_return(&mut self.last, x).and_then(|r| self.fast.push(r * r));
        let slow = libm::log(x / past?);
        let slow = self.slow.push(slow * slow);
        let share = (self.period - self.scale + 1.0) / self.scale / self.period;
        let averaged = slow?.sum() / self.scale;
        Some((averaged - share * fast?.sum()) / (1.0 - share))
    }

    fn reset(&mut self) {
        self.fast.reset();
        self.slow.reset();
        self.past.reset();
        self.last = None;
    }
}

/// Amihud's illiquidity: mean of |return| / (close * volume) of the last bars with volume.
///
/// Bars without volume are left out; 0 where a window has none with it.
///
/// # Source
/// Amihud 2002, Illiquidity and stock returns, equation 1.
#[derive(Debug, Clone)]
pub struct Amihud {
    window: Window<Totals>,
    last: Option<f64>,
}

impl Amihud {
    /// Over `len` returns, 1 or more.
    ///
    /// # Errors
    /// `Period` when `len` is outside 1..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        Ok(Self {
            window: Window::new(period("period", len, 1)?),
            last: None,
        })
    }
}

impl Indicator for Amihud {
    type Row = [f64; 2];
    type Value = f64;

    #[inline]
    fn update(&mut self, [close, volume]: [f64; 2]) -> Option<f64> {
        let last = self.last.replace(close)?;
        let value = close * volume;
        let pair = if value > 0.0 {
            ((close / last - 1.0).abs() / value, 1.0)
        } else {
            (0.0, 0.0)
        };
        let (sum, bars) = self.window.push(pair)?.sums();
        Some(if bars > 0.0 { sum / bars } else { 0.0 })
    }

    fn reset(&mut self) {
        self.window.reset();
        self.last = None;
    }
}

/// Roll's spread: 2 sqrt(-cov) of neighbouring price changes; 0 where the covariance is positive.
///
/// Covariance with ddof 1 over the last `period` pairs of changes.
///
/// # Source
/// Roll 1984, A simple implicit measure of the effective bid-ask spread, equation 3.
#[derive(Debug, Clone)]
pub struct Roll {
    window: Window<Cross>,
    last: Option<f64>,
    last_change: Option<f64>,
    period: f64,
}

impl Roll {
    /// Over `len` pairs of changes, 2 or more.
    ///
    /// # Errors
    /// `Period` when `len` is outside 2..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        let len = period("period", len, 2)?;
        Ok(Self {
            window: Window::new(len),
            last: None,
            last_change: None,
            period: len as f64,
        })
    }
}

impl Indicator for Roll {
    type Row = f64;
    type Value = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        let change = x - self.last.replace(x)?;
        let before = self.last_change.replace(change)?;
        let [a, b, _, _, ab] = self.window.push((before, change))?.all();
        let covariance = (ab - a * b / self.period) / (self.period - 1.0);
        Some(2.0 * libm::sqrt((-covariance).max(0.0)))
    }

    fn reset(&mut self) {
        self.window.reset();
        self.last = None;
        self.last_change = None;
    }
}
