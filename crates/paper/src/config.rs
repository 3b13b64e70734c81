//! What a paper venue is made of, as plain values: `venue.toml` is read elsewhere.

use std::net::{IpAddr, Ipv4Addr};

use py_rt_sim::VenueConfig;
use py_rt_types::{Decimal, MarketEvent, UnixNanos};

use crate::listing::Listing;
use crate::PaperError;

pub use crate::listing::Dialect;

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
    /// Shares trade by the calendar only; else around the clock.
    pub keep_sessions: bool,
    /// Begin a recording again when it ends; else its book stands still from there on.
    pub repeat: bool,
    /// Assumptions of the matching engine. Fees are zero by default, as on Alpaca's paper venue.
    pub venue: VenueConfig,
    /// What an execution costs on the Binance side, in the asset received: hundredths of a percent.
    pub commission: Commission,
    /// Buying power for shares, in multiples of equity.
    pub margin_multiplier: u32,
    /// Where to listen.
    pub host: IpAddr,
    /// Allow a host that other machines reach.
    pub allow_remote: bool,
    /// Port of the Alpaca dialect; 0 for any free one, `None` when it is not spoken.
    pub alpaca_port: Option<u16>,
    /// Port of the Binance dialect, likewise.
    pub binance_port: Option<u16>,
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
            keep_sessions: false,
            repeat: false,
            venue: VenueConfig::default(),
            commission: Commission::default(),
            margin_multiplier: 4,
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            allow_remote: false,
            alpaca_port: Some(0),
            binance_port: None,
            admin_port: 0,
        }
    }
}

/// Basis points of what is received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Commission {
    /// Of an order that rested.
    pub maker_bps: u32,
    /// Of an order that took.
    pub taker_bps: u32,
}

impl Default for Commission {
    fn default() -> Self {
        Self {
            maker_bps: 10,
            taker_bps: 10,
        }
    }
}

/// An account and its keys.
#[derive(Clone)]
pub struct PaperAccount {
    /// Which dialect its keys open.
    pub dialect: Dialect,
    /// The key.
    pub key: String,
    /// Its secret; empty where a public key stands in its place.
    pub secret: String,
    /// The Ed25519 key that signatures of a Binance account are checked with: 32 bytes.
    pub public_key: Option<[u8; 32]>,
    /// Cash at the start of an Alpaca account, decimal text in dollars.
    pub cash: String,
    /// Assets at the start of a Binance account: name and decimal text.
    pub balances: Vec<(String, String)>,
}

impl Default for PaperAccount {
    fn default() -> Self {
        Self {
            dialect: Dialect::Alpaca,
            key: "PAPERKEY".to_owned(),
            secret: "PAPERSECRET".to_owned(),
            public_key: None,
            cash: "1000000".to_owned(),
            balances: Vec::new(),
        }
    }
}

impl std::fmt::Debug for PaperAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (dialect, cash, assets) = (self.dialect, &self.cash, &self.balances);
        write!(
            f,
            "PaperAccount {{ {dialect:?}, key: ***, secret: ***, cash: {cash}, {assets:?} }}"
        )
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
    /// Symbol in the Binance dialect; by default `BTC/USD` is `BTCUSDT`.
    pub binance_symbol: Option<String>,
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
            binance_symbol: None,
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
        if self.alpaca_port.is_none() && self.binance_port.is_none() {
            let remedy = "give alpaca_port or binance_port; 0 is any free port";
            return Err(PaperError::config("venue", "no dialect listens", remedy));
        }
        for place in 0..self.accounts.len() {
            self.check_account(place)?;
        }
        Ok(())
    }

    fn check_account(&self, place: usize) -> Result<(), PaperError> {
        let account = &self.accounts[place];
        let field = |name: &str| format!("account[{place}].{name}");
        let signs = !account.secret.is_empty() || account.public_key.is_some();
        if account.key.is_empty() || !signs {
            let remedy = "give both key and secret";
            return Err(PaperError::config(field("key"), "a key is empty", remedy));
        }
        let same = |a: &PaperAccount| a.key == account.key && a.dialect == account.dialect;
        if self.accounts[..place].iter().any(same) {
            let remedy = "give every account its own key";
            return Err(PaperError::config(
                field("key"),
                "the key is used twice",
                remedy,
            ));
        }
        let cash = (String::from("cash"), &account.cash);
        let named = account.balances.iter();
        let balances = named.map(|(asset, amount)| (format!("balances.{asset}"), amount));
        for (name, amount) in std::iter::once(cash).chain(balances) {
            let value = Decimal::parse(amount).and_then(Decimal::to_atto);
            if !value.is_ok_and(|atto| atto >= 0) {
                let problem = format!("'{amount}' is not an amount of money");
                let remedy = "write it as \"100000\"";
                return Err(PaperError::config(field(&name), problem, remedy));
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
