//! What is listed: an instrument, and what each dialect says about it.

use py_rt_types::{AssetClass, Decimal, Instrument, InstrumentSpec};

use crate::config::PaperInstrument;
use crate::ids::Uuid;
use crate::PaperError;

/// A dialect that the venue speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dialect {
    /// Alpaca's trading and market data API.
    Alpaca,
    /// Binance's spot API.
    Binance,
}

/// What the Binance dialect calls a coin.
#[derive(Debug, Clone)]
pub(crate) struct Pair {
    /// Such as `BTCUSDT`.
    pub(crate) symbol: String,
    /// The same in small letters, as streams are named.
    pub(crate) lower: String,
    /// What is bought, such as `BTC`.
    pub(crate) base: String,
    /// What it is paid in, such as `USDT`.
    pub(crate) quote: String,
    /// `LOT_SIZE`'s step: eight decimals at most.
    pub(crate) step: Decimal,
}

/// Currencies that a symbol may end with, longest first.
const QUOTES: [&str; 9] = [
    "FDUSD", "USDT", "USDC", "TUSD", "BUSD", "BTC", "ETH", "BNB", "USD",
];
/// The step of coins whose lot is finer than the dialect can write.
const STEP: &str = "0.00001";

impl Pair {
    fn of(raw: &PaperInstrument, lot: Decimal) -> Option<Self> {
        let (base, quote) = raw.symbol.split_once('/').unwrap_or((&raw.symbol, ""));
        let by_default = format!("{base}{}", if quote == "USD" { "USDT" } else { quote });
        let symbol = plain_symbol(raw.binance_symbol.as_deref().unwrap_or(&by_default));
        let (base, quote) = match symbol.strip_prefix(base) {
            Some(quote) if !quote.is_empty() => (base, quote),
            _ => QUOTES
                .iter()
                .find_map(|quote| Some((symbol.strip_suffix(quote)?, *quote)))
                .filter(|(base, _)| !base.is_empty())?,
        };
        let step = if lot.scale() > 8 {
            Decimal::parse(STEP).ok()?
        } else {
            lot
        };
        Some(Self {
            lower: symbol.to_ascii_lowercase(),
            base: base.to_owned(),
            quote: quote.to_owned(),
            symbol: symbol.clone(),
            step,
        })
    }
}

/// The two classes of the dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Equity,
    Crypto,
}

impl Class {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Equity => "us_equity",
            Self::Crypto => "crypto",
        }
    }
}

/// A checked instrument with what the dialect says about it.
#[derive(Debug, Clone)]
pub(crate) struct Listing {
    pub(crate) instrument: Instrument,
    pub(crate) class: Class,
    pub(crate) asset_id: Uuid,
    /// The symbol without its slash: how positions write it.
    pub(crate) plain: String,
    /// What is bought, such as `BTC`.
    pub(crate) base: String,
    /// The name that it has taken since.
    pub(crate) renamed: Option<String>,
    /// Coins have a name in the Binance dialect.
    pub(crate) pair: Option<Pair>,
}

impl Listing {
    pub(crate) fn symbol(&self) -> &str {
        let renamed = self.renamed.as_deref();
        renamed.unwrap_or_else(|| self.instrument.symbol())
    }

    pub(crate) fn is_crypto(&self) -> bool {
        self.class == Class::Crypto
    }

    pub(crate) fn try_new(raw: &PaperInstrument, place: usize) -> Result<Self, PaperError> {
        let wrong = |field: &str, problem: &str, remedy: &str| {
            PaperError::config(format!("instrument[{place}].{field}"), problem, remedy)
        };
        let class = match raw.asset_class.as_str() {
            "us_equity" | "equity" => Class::Equity,
            "crypto" => Class::Crypto,
            _ => {
                return Err(wrong(
                    "asset_class",
                    "unknown class",
                    "use us_equity or crypto",
                ))
            }
        };
        let bad_symbol = |c: char| !(c.is_ascii_alphanumeric() || "./-".contains(c));
        if raw.symbol.is_empty() || raw.symbol.contains(bad_symbol) {
            return Err(wrong(
                "symbol",
                "not a symbol",
                "use letters, as in AAPL or BTC/USD",
            ));
        }
        let number = |field: &str, text: &str| {
            Decimal::parse(text).map_err(|e| wrong(field, &e.to_string(), "write it as \"0.01\""))
        };
        let spec = InstrumentSpec {
            symbol: raw.symbol.clone(),
            venue: "PAPER".to_owned(),
            tick_size: number("tick_size", &raw.tick_size)?,
            order_tick: None,
            lot_size: number("lot_size", &raw.lot_size)?,
            min_qty: number("min_qty", &raw.min_qty)?,
            min_notional: number("min_notional", &raw.min_notional)?,
            multiplier: number("multiplier", "1")?,
            currency: "USD".to_owned(),
            asset_class: match class {
                Class::Equity => AssetClass::Equity,
                Class::Crypto => AssetClass::Crypto,
            },
            shortable: raw.shortable && class == Class::Equity,
            sessions: class == Class::Equity,
        };
        let instrument = Instrument::try_new(spec)
            .map_err(|e| wrong("tick_size", &e.to_string(), "choose a larger tick or lot"))?;
        let pair = match class {
            Class::Crypto => Pair::of(raw, instrument.spec().lot_size),
            Class::Equity => None,
        };
        if raw.binance_symbol.is_some() && pair.is_none() {
            let remedy = "write it as \"BTCUSDT\", for coins only";
            return Err(wrong("binance_symbol", "not a pair of coins", remedy));
        }
        Ok(Self {
            renamed: None,
            pair,
            instrument,
            class,
            asset_id: Uuid::of_name(&raw.symbol),
            plain: plain_symbol(&raw.symbol),
            base: raw.symbol.split('/').next().unwrap_or_default().to_owned(),
        })
    }
}

/// `BTC/USD`, `BTCUSD` and `btc-usd` are one symbol.
pub(crate) fn plain_symbol(symbol: &str) -> String {
    symbol
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '.')
        .map(|c| c.to_ascii_uppercase())
        .collect()
}
