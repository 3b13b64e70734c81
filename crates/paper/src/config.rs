//! What a paper venue is made of, as plain values: `venue.toml` is read elsewhere.

use std::net::{IpAddr, Ipv4Addr};

use py_rt_sim::VenueConfig;
use py_rt_types::{AssetClass, Decimal, Instrument, InstrumentSpec, MarketEvent, UnixNanos};

use crate::ids::Uuid;
use crate::PaperError;

/// A paper venue.
#[derive(Debug, Clone)]
pub struct PaperConfig {
    /// Who may trade.
    pub accounts: Vec<PaperAccount>,
    /// What is listed.
    pub instruments: Vec<PaperInstrument>,
    /// Recorded markets of the instruments that have no synthetic one.
    pub recordings: Vec<Recording>,
    /// Virtual time at the start.
    pub clock: StartClock,
    /// Virtual seconds per real second.
    pub speed: f64,
    /// Everything random comes from it: ids and synthetic markets.
    pub seed: u64,
    /// Begin a recording again when it ends; else its book stands still from there on.
    pub repeat: bool,
    /// Assumptions of the matching engine. Fees are zero by default, as on Alpaca's paper venue.
    pub venue: VenueConfig,
    /// Buying power for shares, in multiples of equity.
    pub margin_multiplier: u32,
    /// Where to listen.
    pub host: IpAddr,
    /// Allow a host that other machines reach.
    pub allow_remote: bool,
    /// Port of the Alpaca dialect; 0 for any free one.
    pub alpaca_port: u16,
    /// Port of the administration; 0 for any free one.
    pub admin_port: u16,
}

impl Default for PaperConfig {
    fn default() -> Self {
        Self {
            accounts: vec![PaperAccount::default()],
            instruments: Vec::new(),
            recordings: Vec::new(),
            clock: StartClock::Wall,
            speed: 1.0,
            seed: 0,
            repeat: false,
            venue: VenueConfig::default(),
            margin_multiplier: 4,
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            allow_remote: false,
            alpaca_port: 0,
            admin_port: 0,
        }
    }
}

/// An account and its keys.
#[derive(Clone)]
pub struct PaperAccount {
    /// The key.
    pub key: String,
    /// Its secret.
    pub secret: String,
    /// Cash at the start, decimal text in dollars.
    pub cash: String,
}

impl Default for PaperAccount {
    fn default() -> Self {
        Self {
            key: "PAPERKEY".to_owned(),
            secret: "PAPERSECRET".to_owned(),
            cash: "1000000".to_owned(),
        }
    }
}

impl std::fmt::Debug for PaperAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let cash = &self.cash;
        write!(f, "PaperAccount {{ key: ***, secret: ***, cash: {cash} }}")
    }
}

/// Virtual time at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartClock {
    /// The wall clock.
    Wall,
    /// A fixed moment.
    At(UnixNanos),
}

/// An instrument; numbers are decimal text.
#[derive(Debug, Clone)]
pub struct PaperInstrument {
    /// Symbol in the dialect, such as `AAPL` or `BTC/USD`.
    pub symbol: String,
    /// `us_equity` (or `equity`) or `crypto`.
    pub asset_class: String,
    /// Smallest price step.
    pub tick_size: String,
    /// Smallest quantity step.
    pub lot_size: String,
    /// Smallest order quantity.
    pub min_qty: String,
    /// Smallest order value; `0` for none.
    pub min_notional: String,
    /// Whether it may be sold short; coins never.
    pub shortable: bool,
    /// A market made by the venue itself.
    pub synthetic: Option<Synthetic>,
}

impl PaperInstrument {
    /// A share: cents, a billionth of a share.
    #[must_use]
    pub fn equity(symbol: &str) -> Self {
        Self {
            symbol: symbol.to_owned(),
            asset_class: "us_equity".to_owned(),
            tick_size: "0.01".to_owned(),
            lot_size: "0.000000001".to_owned(),
            min_qty: "0".to_owned(),
            min_notional: "0".to_owned(),
            shortable: true,
            synthetic: None,
        }
    }

    /// A coin: cents, a billionth of a coin.
    #[must_use]
    pub fn crypto(symbol: &str) -> Self {
        Self {
            asset_class: "crypto".to_owned(),
            shortable: false,
            ..Self::equity(symbol)
        }
    }
}

/// A seeded two-sided market that moves, trades and fills resting orders.
#[derive(Debug, Clone)]
pub struct Synthetic {
    /// First price, decimal text.
    pub price: String,
    /// Distance of ask and bid.
    pub spread_ticks: i64,
    /// Typical quantity of a level, decimal text.
    pub depth_qty: String,
    /// Standard deviation of the return of one event.
    pub volatility: f64,
    /// Events in a virtual second, on average.
    pub events_per_s: f64,
}

impl Default for Synthetic {
    fn default() -> Self {
        Self {
            price: "100".to_owned(),
            spread_ticks: 2,
            depth_qty: "500".to_owned(),
            volatility: 0.0001,
            events_per_s: 20.0,
        }
    }
}

/// A recorded market. Its prices and quantities are in tick and lot of the venue's instruments.
#[derive(Debug, Clone, Default)]
pub struct Recording {
    /// Rows in the order of their receipt.
    pub events: Vec<MarketEvent>,
    /// For each instrument number of the rows the place in [`PaperConfig::instruments`], or
    /// `None` to leave it out.
    pub instruments: Vec<Option<usize>>,
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
}

impl Listing {
    pub(crate) fn symbol(&self) -> &str {
        self.instrument.symbol()
    }

    pub(crate) fn is_crypto(&self) -> bool {
        self.class == Class::Crypto
    }

    fn try_new(raw: &PaperInstrument, place: usize) -> Result<Self, PaperError> {
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
        Ok(Self {
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

impl PaperConfig {
    /// Checks the whole configuration and lists the instruments.
    pub(crate) fn listings(&self) -> Result<Vec<Listing>, PaperError> {
        self.check_venue()?;
        let mut listings: Vec<Listing> = Vec::with_capacity(self.instruments.len());
        for (place, raw) in self.instruments.iter().enumerate() {
            let listing = Listing::try_new(raw, place)?;
            if listings.iter().any(|other| other.plain == listing.plain) {
                let field = format!("instrument[{place}].symbol");
                let problem = format!("{} is listed twice", raw.symbol);
                return Err(PaperError::config(field, problem, "list every symbol once"));
            }
            listings.push(listing);
        }
        Ok(listings)
    }

    fn check_venue(&self) -> Result<(), PaperError> {
        if !self.host.is_loopback() && !self.allow_remote {
            return Err(PaperError::NotLoopback {
                address: self.host.to_string(),
            });
        }
        if !(self.speed.is_finite() && self.speed > 0.0 && self.speed <= 1e6) {
            let problem = format!("{} is not a speed", self.speed);
            let remedy = "use virtual seconds per real second, above 0 and up to 1000000";
            return Err(PaperError::config("speed", problem, remedy));
        }
        if self.instruments.is_empty() {
            let remedy = "add an [[instrument]] or give --data";
            return Err(PaperError::config(
                "instrument",
                "nothing is listed",
                remedy,
            ));
        }
        if self.accounts.is_empty() {
            let remedy = "add an [[account]]";
            return Err(PaperError::config("account", "nobody can trade", remedy));
        }
        for (place, account) in self.accounts.iter().enumerate() {
            let field = |name: &str| format!("account[{place}].{name}");
            if account.key.is_empty() || account.secret.is_empty() {
                let remedy = "give both key and secret";
                return Err(PaperError::config(field("key"), "a key is empty", remedy));
            }
            if self.accounts[..place].iter().any(|a| a.key == account.key) {
                let remedy = "give every account its own key";
                return Err(PaperError::config(
                    field("key"),
                    "the key is used twice",
                    remedy,
                ));
            }
            let cash = Decimal::parse(&account.cash).and_then(Decimal::to_atto);
            if !cash.is_ok_and(|atto| atto >= 0) {
                let problem = format!("'{}' is not an amount of money", account.cash);
                let remedy = "write it as \"100000\"";
                return Err(PaperError::config(field("cash"), problem, remedy));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(symbol: &str) -> PaperConfig {
        PaperConfig {
            instruments: vec![PaperInstrument::equity(symbol)],
            ..PaperConfig::default()
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_remedy() {
        let mut cases: Vec<(&str, PaperConfig)> = vec![
            ("instrument", PaperConfig::default()),
            ("symbol", listed("A B")),
        ];
        let mut fast = listed("AAPL");
        fast.speed = f64::NAN;
        cases.push(("speed", fast));
        let mut open = listed("AAPL");
        open.host = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        cases.push(("allow_remote", open));
        let mut poor = listed("AAPL");
        poor.accounts[0].cash = "-1".to_owned();
        cases.push(("account[0].cash", poor));
        let mut twice = listed("BTCUSD");
        twice.instruments.push(PaperInstrument::crypto("BTC/USD"));
        cases.push(("instrument[1].symbol", twice));
        for (word, config) in cases {
            let text = config.listings().unwrap_err().to_string();
            assert!(text.contains(word), "{text}");
        }
        assert!(listed("AAPL").listings().is_ok());
    }

    #[test]
    fn secrets_print_as_stars() {
        assert!(!format!("{:?}", PaperConfig::default()).contains("SECRET"));
    }
}
