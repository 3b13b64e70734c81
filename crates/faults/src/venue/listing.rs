//! What is traded, and its numbers as text: written apart from the code that is judged.

use crate::plan::Dialect;

/// One instrument with its steps, as `number / 10^scale`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Listing {
    pub(crate) symbol: &'static str,
    /// The symbol in positions: without the slash.
    pub(crate) bare: &'static str,
    /// The symbol where prices are in a coin that is worth a dollar.
    pub(crate) pair: &'static str,
    pub(crate) tick: (i64, u32),
    pub(crate) lot: (i64, u32),
    /// Twice the price in ticks at which the market starts.
    pub(crate) start: i64,
}

/// The instruments of a run, the first so many of these.
pub(crate) const LISTINGS: [Listing; 3] = [
    Listing {
        symbol: "BTC/USD",
        bare: "BTCUSD",
        pair: "BTCUSDT",
        tick: (5, 1),
        lot: (1, 3),
        start: 240_000,
    },
    Listing {
        symbol: "ETH/USD",
        bare: "ETHUSD",
        pair: "ETHUSDT",
        tick: (1, 2),
        lot: (1, 2),
        start: 600_000,
    },
    Listing {
        symbol: "SOL/USD",
        bare: "SOLUSD",
        pair: "SOLUSDT",
        tick: (25, 4),
        lot: (1, 0),
        start: 120_000,
    },
];

const ATTO: u32 = 18;

impl Listing {
    /// The symbol as a session is told to trade it.
    pub(crate) const fn name(&self, dialect: Dialect) -> &'static str {
        match dialect {
            Dialect::Alpaca => self.symbol,
            Dialect::Binance => self.pair,
        }
    }

    /// The name of what is traded.
    pub(crate) fn base(&self) -> &'static str {
        self.symbol.split('/').next().unwrap_or_default()
    }

    /// One lot, in 1e-18.
    pub(crate) fn lot_atto(&self) -> i128 {
        i128::from(self.lot.0) * 10i128.pow(ATTO - self.lot.1)
    }

    pub(crate) fn price_text(&self, ticks: i64) -> String {
        text(ticks * self.tick.0, self.tick.1)
    }

    pub(crate) fn qty_text(&self, lots: i64) -> String {
        text(lots * self.lot.0, self.lot.1)
    }

    pub(crate) fn ticks(&self, text: &str) -> Option<i64> {
        steps(text, self.tick)
    }

    pub(crate) fn lots(&self, text: &str) -> Option<i64> {
        steps(text, self.lot)
    }

    /// What so many lots at so many ticks are worth, in 1e-18.
    pub(crate) fn value(&self, ticks: i64, lots: i64) -> i128 {
        let unit = 10i128.pow(ATTO - self.tick.1 - self.lot.1);
        i128::from(self.tick.0)
            * i128::from(self.lot.0)
            * unit
            * i128::from(ticks)
            * i128::from(lots)
    }
}

/// A number of 1e-18 as decimal text, no digit too many.
pub(crate) fn money_text(atto: i128) -> String {
    let sign = if atto < 0 { "-" } else { "" };
    let unit = 10u128.pow(ATTO);
    let (whole, part) = (atto.unsigned_abs() / unit, atto.unsigned_abs() % unit);
    let digits = format!("{part:018}");
    let digits = digits.trim_end_matches('0');
    if digits.is_empty() {
        return format!("{sign}{whole}");
    }
    format!("{sign}{whole}.{digits}")
}

fn text(number: i64, scale: u32) -> String {
    if scale == 0 {
        return number.to_string();
    }
    let sign = if number < 0 { "-" } else { "" };
    let unit = 10u64.pow(scale);
    let (whole, part) = (number.unsigned_abs() / unit, number.unsigned_abs() % unit);
    format!("{sign}{whole}.{part:0width$}", width = scale as usize)
}

/// The text as a whole number of steps; `None` when it is no number or lies between two steps.
fn steps(text: &str, (step, scale): (i64, u32)) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let part = part.trim_end_matches('0');
    if part.len() > scale as usize
        || !(whole.to_string() + part)
            .bytes()
            .all(|b| b.is_ascii_digit())
    {
        return None;
    }
    let filled = format!("{whole}{part:0<width$}", width = scale as usize);
    let number: i64 = filled.parse().ok()?;
    (number % step == 0).then_some(sign * number / step)
}
