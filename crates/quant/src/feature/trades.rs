//! Features of trades: spreads that were paid, impact, toxicity, intensity.

use crate::indicator::folds::{Cross, Total};
use crate::indicator::window::{Delay, Window};
use crate::indicator::{period, width, within, Indicator, IndicatorError};

/// Effective spread: 2 side (price - mid), the mid just before the trade.
///
/// # Source
/// Huang and Stoll 1996, Dealer versus auction markets, section 3; Hasbrouck 2009.
#[derive(Debug, Clone, Default)]
pub struct EffectiveSpread;

impl Indicator for EffectiveSpread {
    type Row = [f64; 3];
    type Value = f64;

    #[inline]
    fn update(&mut self, [price, side, mid]: [f64; 3]) -> Option<f64> {
        Some(2.0 * side * (price - mid))
    }

    fn reset(&mut self) {}
}

/// The trade and the mid of `lag` trades ago.
#[derive(Debug, Clone)]
struct Past {
    sides: Delay,
    prices: Delay,
}

impl Past {
    fn new(lag: usize) -> Result<Self, IndicatorError> {
        let lag = period("lag", lag, 1)?;
        Ok(Self {
            sides: Delay::new(lag),
            prices: Delay::new(lag),
        })
    }

    /// Keeps the side and a price; those of `lag` trades ago.
    #[inline]
    fn push(&mut self, side: f64, price: f64) -> Option<(f64, f64)> {
        let side = self.sides.push(side);
        side.zip(self.prices.push(price))
    }

    fn reset(&mut self) {
        self.sides.reset();
        self.prices.reset();
    }
}

/// Realised spread of the trade `lag` trades ago: 2 side (price - mid now).
///
/// What the one who gave the price keeps, when the mid has had time to move. The value belongs to
/// the older trade and is told when it is known, so nothing looks ahead.
///
/// # Source
/// Huang and Stoll 1996, Dealer versus auction markets, section 3.
#[derive(Debug, Clone)]
pub struct RealizedSpread(Past);

impl RealizedSpread {
    /// How many trades later the mid is looked at, 1 or more.
    ///
    /// # Errors
    /// `Period` when `lag` is outside 1..=`PERIOD_MAX`.
    pub fn new(lag: usize) -> Result<Self, IndicatorError> {
        Past::new(lag).map(Self)
    }
}

impl Indicator for RealizedSpread {
    type Row = [f64; 3];
    type Value = f64;

    #[inline]
    fn update(&mut self, [price, side, mid]: [f64; 3]) -> Option<f64> {
        let (side, price) = self.0.push(side, price)?;
        Some(2.0 * side * (price - mid))
    }

    fn reset(&mut self) {
        self.0.reset();
    }
}

/// Price impact of the trade `lag` trades ago: 2 side (mid now - mid then).
///
/// Effective spread = realised spread + price impact.
///
/// # Source
/// Huang and Stoll 1996, Dealer versus auction markets, section 3.
#[derive(Debug, Clone)]
pub struct PriceImpact(Past);

impl PriceImpact {
    /// How many trades later the mid is looked at, 1 or more.
    ///
    /// # Errors
    /// `Period` when `lag` is outside 1..=`PERIOD_MAX`.
    pub fn new(lag: usize) -> Result<Self, IndicatorError> {
        Past::new(lag).map(Self)
    }
}

impl Indicator for PriceImpact {
    type Row = [f64; 3];
    type Value = f64;

    #[inline]
    fn update(&mut self, [_, side, mid]: [f64; 3]) -> Option<f64> {
        let (side, past) = self.0.push(side, mid)?;
        Some(2.0 * side * (mid - past))
    }

    fn reset(&mut self) {
        self.0.reset();
    }
}

/// Kyle's lambda: slope of price changes on the signed quantity that came with them.
///
/// Ordinary least squares with a constant over the last `period` changes; 0 without variance.
///
/// # Source
/// Kyle 1985, Continuous auctions and insider trading; as a regression in Hasbrouck 2009, Trading
/// costs and returns for U.S. equities.
#[derive(Debug, Clone)]
pub struct KyleLambda {
    window: Window<Cross>,
    period: f64,
    last: Option<f64>,
}

impl KyleLambda {
    /// Over `len` changes, 2 or more.
    ///
    /// # Errors
    /// `Period` when `len` is outside 2..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        let len = period("period", len, 2)?;
        Ok(Self {
            window: Window::new(len),
            period: len as f64,
            last: None,
        })
    }
}

impl Indicator for KyleLambda {
    type Row = [f64; 2];
    type Value = f64;

    #[inline]
    fn update(&mut self, [price, signed_qty]: [f64; 2]) -> Option<f64> {
        let last = self.last.replace(price)?;
        let parts = self.window.push((signed_qty, price - last))?;
        let [x, y, xx, _, xy] = parts.all();
        let spread = xx - x * x / self.period;
        Some(if spread > 0.0 {
            (xy - x * y / self.period) / spread
        } else {
            0.0
        })
    }

    fn reset(&mut self) {
        self.window.reset();
        self.last = None;
    }
}

/// Probability of informed trading by volume: mean |bought - sold| of the last buckets, over their
/// size.
///
/// Trades fill buckets of equal volume, one trade as many as it reaches into; a trade of unknown
/// side counts for both by halves. The value changes when a bucket is full.
///
/// # Source
/// Easley, López de Prado and O'Hara 2012, Flow toxicity and liquidity in a high-frequency world,
/// equation 9.
#[derive(Debug, Clone)]
pub struct Vpin {
    bucket: f64,
    buckets: usize,
    filled: f64,
    signed: f64,
    window: Window<Total>,
    value: Option<f64>,
}

impl Vpin {
    /// Volume of a bucket, above 0, and how many are averaged, 1 or more; usual are a fiftieth of
    /// a day's volume and 50.
    ///
    /// # Errors
    /// `Width` or `Period` when a parameter is outside its range.
    pub fn new(bucket: f64, buckets: usize) -> Result<Self, IndicatorError> {
        let buckets = period("buckets", buckets, 1)?;
        Ok(Self {
            bucket: width("bucket", bucket)?,
            buckets,
            filled: 0.0,
            signed: 0.0,
            window: Window::new(buckets),
            value: None,
        })
    }

    fn close_bucket(&mut self, imbalance: f64) {
        let total = self.buckets as f64 * self.bucket;
        if let Some(parts) = self.window.push(imbalance) {
            self.value = Some(parts.sum() / total);
        }
    }
}

impl Indicator for Vpin {
    type Row = [f64; 2];
    type Value = f64;

    fn update(&mut self, [qty, side]: [f64; 2]) -> Option<f64> {
        let mut rest = qty;
        let room = self.bucket - self.filled;
        if rest >= room {
            self.close_bucket((self.signed + side * room).abs());
            rest -= room;
            // A trade of many buckets fills as many with its own side alone; more than the window
            // holds would only push out their like.
            let whole = (rest / self.bucket).floor();
            for _ in 0..(whole.min(self.buckets as f64) as usize) {
                self.close_bucket(side.abs() * self.bucket);
            }
            rest = (rest - whole * self.bucket).max(0.0);
            self.filled = 0.0;
            self.signed = 0.0;
        }
        self.filled += rest;
        self.signed += side * rest;
        self.value
    }

    fn reset(&mut self) {
        self.filled = 0.0;
        self.signed = 0.0;
        self.window.reset();
        self.value = None;
    }
}

/// Intensity of a self-exciting process just after each event [events per second].
///
/// mu + alpha * sum over events of exp(-beta * age), by the recursion
/// A' = exp(-beta * elapsed) A + 1.
///
/// # Source
/// Hawkes 1971, Spectra of some self-exciting and mutually exciting point processes; Ozaki 1979,
/// Maximum likelihood estimation of Hawkes' self-exciting point processes, equation 3 (recursion).
#[derive(Debug, Clone)]
pub struct Hawkes {
    mu: f64,
    alpha: f64,
    beta: f64,
    excitement: f64,
}

impl Hawkes {
    /// Base rate and jump [1/s], 0 or more, and decay [1/s], above 0.
    ///
    /// # Errors
    /// `Range` or `Width` when a parameter is outside its range.
    pub fn new(mu: f64, alpha: f64, beta: f64) -> Result<Self, IndicatorError> {
        Ok(Self {
            mu: within("mu", mu, 0.0, f64::MAX)?,
            alpha: within("alpha", alpha, 0.0, f64::MAX)?,
            beta: width("beta", beta)?,
            excitement: 0.0,
        })
    }

    /// The intensity `elapsed` seconds after the last event, before any other.
    #[must_use]
    pub fn after(&self, elapsed: f64) -> f64 {
        self.mu + self.alpha * (self.excitement * libm::exp(-self.beta * elapsed))
    }
}

impl Indicator for Hawkes {
    type Row = f64;
    type Value = f64;

    #[inline]
    fn update(&mut self, elapsed: f64) -> Option<f64> {
        self.excitement = self.excitement * libm::exp(-self.beta * elapsed) + 1.0;
        Some(self.mu + self.alpha * self.excitement)
    }

    fn reset(&mut self) {
        self.excitement = 0.0;
    }
}
