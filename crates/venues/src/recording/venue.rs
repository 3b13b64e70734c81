//! Which venue a message is of.

use crate::binance::Binance;
use crate::bitfinex::Bitfinex;
use crate::bitstamp::Bitstamp;
use crate::coinbase::Coinbase;
use crate::deribit::Deribit;
use crate::error::{DecodeError, Malformed};
use crate::feed::grid::Grid;
use crate::feed::rules::{read_whole, Decoder, Rules};
use crate::feed::sheet::{Context, Sheet};
use crate::json::{Kind, Scalar, Scanner};
use crate::kraken::Kraken;
use crate::okx::Okx;

/// The decoder of one of the venues.
#[derive(Debug, Clone)]
pub enum Venue {
    /// Binance.
    Binance(Binance),
    /// Kraken.
    Kraken(Kraken),
    /// Coinbase.
    Coinbase(Coinbase),
    /// OKX.
    Okx(Okx),
    /// Bitstamp.
    Bitstamp(Bitstamp),
    /// Bitfinex.
    Bitfinex(Bitfinex),
    /// Deribit.
    Deribit(Deribit),
}

/// The venues by name.
pub const NAMES: [&str; 7] = [
    "binance", "kraken", "coinbase", "okx", "bitstamp", "bitfinex", "deribit",
];

macro_rules! each {
    ($venue:expr, $name:ident => $done:expr) => {
        match $venue {
            Venue::Binance($name) => $done,
            Venue::Kraken($name) => $done,
            Venue::Coinbase($name) => $done,
            Venue::Okx($name) => $done,
            Venue::Bitstamp($name) => $done,
            Venue::Bitfinex($name) => $done,
            Venue::Deribit($name) => $done,
        }
    };
}

const fn rules_of<D: Decoder>(_: &D) -> Rules {
    D::RULES
}

impl Venue {
    /// The decoder of a name, lower case.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        Some(match name {
            "binance" => Self::Binance(Binance),
            "kraken" => Self::Kraken(Kraken::default()),
            "coinbase" => Self::Coinbase(Coinbase),
            "okx" => Self::Okx(Okx),
            "bitstamp" => Self::Bitstamp(Bitstamp),
            "bitfinex" => Self::Bitfinex(Bitfinex::default()),
            "deribit" => Self::Deribit(Deribit),
            _ => return None,
        })
    }

    /// Its rules.
    #[must_use]
    pub const fn rules(&self) -> Rules {
        each!(self, one => rules_of(one))
    }

    /// Reads one message whole or not at all.
    ///
    /// # Errors
    /// Those of the decoder.
    #[inline]
    pub fn read<G: Grid>(
        &mut self,
        context: &Context<'_>,
        bytes: &[u8],
        sheet: &mut Sheet<G>,
    ) -> Result<(), Malformed> {
        each!(self, one => read_whole(one, context, bytes, sheet))
    }
}

/// The venue that writes messages of this form, if it can be told.
#[must_use]
pub fn recognise(payload: &[u8]) -> Option<&'static str> {
    let mut scanner = Scanner::new(payload);
    match scanner.peek().ok()? {
        Kind::Array => recognise_array(&mut scanner).ok().flatten(),
        Kind::Object => Marks::read(&mut scanner).unwrap_or_default().venue(),
        _ => None,
    }
}

fn recognise_array(scanner: &mut Scanner<'_>) -> Result<Option<&'static str>, DecodeError> {
    scanner.begin_array()?;
    if !scanner.next_element()? || scanner.peek()? != Kind::Number {
        return Ok(None);
    }
    scanner.skip()?;
    let (mut texts, mut others) = (0, 0);
    while scanner.next_element()? {
        match scanner.peek()? {
            Kind::Text => texts += 1,
            _ => others += 1,
        }
        scanner.skip()?;
    }
    Ok(match (texts, others) {
        (2, 1 | 2) => Some("kraken"),
        (0, 1..=3) | (1, 0..=3) => Some("bitfinex"),
        _ => None,
    })
}

/// Members that tell venues apart.
#[derive(Default)]
struct Marks(u32);

const MEMBERS: [&[u8]; 24] = [
    b"stream",
    b"e",
    b"lastUpdateId",
    b"channel",
    b"events",
    b"sequence_num",
    b"product_id",
    b"data",
    b"type",
    b"method",
    b"event",
    b"arg",
    b"microtimestamp",
    b"chanId",
    b"jsonrpc",
    b"connectionID",
    b"channelID",
    b"bids",
    b"u",
    b"version",
    b"flags",
    b"channels",
    b"client_id",
    b"pair",
];

impl Marks {
    fn read(scanner: &mut Scanner<'_>) -> Result<Self, DecodeError> {
        let mut marks = Self::default();
        scanner.begin_object()?;
        while let Some(name) = scanner.next_key()? {
            if let Some(at) = MEMBERS.iter().position(|known| *known == name) {
                marks.0 |= 1 << at;
            }
            if name == b"data" && scanner.peek()? == Kind::Object {
                let inner = Self::read(scanner)?;
                marks.0 |= inner.0 & Self::of(&[b"e", b"lastUpdateId"]);
                continue;
            }
            if name == b"event" || name == b"channel" {
                if let Scalar::Text(text) = scanner.scalar()? {
                    let word = text.plain().unwrap_or_default();
                    if word.starts_with(b"bts:") || word == b"heartbeats" || word == b"heartbeat" {
                        marks.0 |= match word {
                            b"heartbeats" => 1 << 30,
                            b"heartbeat" => 1 << 29,
                            _ => 1 << 31,
                        };
                    }
                }
                continue;
            }
            scanner.skip()?;
        }
        Ok(marks)
    }

    fn of(names: &[&[u8]]) -> u32 {
        let places = names
            .iter()
            .filter_map(|name| MEMBERS.iter().position(|known| known == name));
        places.fold(0, |bits, at| bits | 1 << at)
    }

    fn has(&self, names: &[&[u8]]) -> bool {
        let bits = Self::of(names);
        self.0 & bits == bits
    }

    fn venue(&self) -> Option<&'static str> {
        let rules: [(&'static str, &[&[u8]]); 21] = [
            ("deribit", &[b"jsonrpc"]),
            ("okx", &[b"arg"]),
            ("coinbase", &[b"events", b"channel"]),
            ("coinbase", &[b"sequence_num"]),
            ("coinbase", &[b"product_id", b"type"]),
            ("coinbase", &[b"channels", b"type"]),
            ("kraken", &[b"connectionID"]),
            ("kraken", &[b"channelID"]),
            ("bitfinex", &[b"chanId"]),
            ("bitfinex", &[b"event", b"version"]),
            ("bitfinex", &[b"event", b"flags"]),
            ("binance", &[b"stream", b"data"]),
            ("binance", &[b"e"]),
            ("binance", &[b"lastUpdateId"]),
            ("bitstamp", &[b"microtimestamp", b"bids"]),
            ("bitstamp", &[b"event", b"channel", b"data"]),
            ("kraken", &[b"channel", b"type", b"data"]),
            ("kraken", &[b"channel", b"data"]),
            ("kraken", &[b"method"]),
            ("kraken", &[b"event", b"pair"]),
            ("coinbase", &[b"client_id"]),
        ];
        if self.0 & (1 << 31) != 0 {
            return Some("bitstamp");
        }
        if self.0 & (1 << 29) != 0 {
            return Some("kraken");
        }
        let found = rules.into_iter().find(|(_, names)| self.has(names));
        found.map(|(venue, _)| venue)
    }
}
