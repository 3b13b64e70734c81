//! What is asked of a venue before and beside a session: whose account it is, what the instruments
//! are, what is open, what is held.
//!
//! [`Bootstrap`] is the connection and the patience; what is asked, and how the answers read, is
//! the dialect's: [`alpaca`], [`binance`], [`coinbase`] and [`kraken`] answer the same
//! [`Questions`].

use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use py_rt_types::{AssetClass, Decimal, Instrument, InstrumentId, InstrumentSpec, NewOrder, Qty};
use py_rt_venues::http::{Response, ResponseReader};
use py_rt_venues::{Credentials, Lineage};
use rustls::ClientConfig;

use crate::clock::pause_for;
use crate::coinbase_key::CoinbaseKey;
use crate::config::{Dialect, LiveConfig, Mode, VenueConfig};
use crate::error::LiveError;
use crate::kraken_key::KrakenKey;
use crate::net::{open_stream, Stream, Url};

mod alpaca;
mod binance;
mod coinbase;
mod coins;
mod kraken;

/// Answers before a session are small.
const BODY_MAX: usize = 1 << 20;
/// How often a question is put when its answer is lost, late or of no use.
const TRIES: u32 = 5;
/// The first pause between two tries; it doubles.
const PAUSE: Duration = Duration::from_millis(200);

/// An instrument that is held, how much, and the venue's price of it.
pub(crate) type Held = (InstrumentId, Qty, Decimal);

/// What a venue says about an account: its number, and whether it is nobody's money.
struct Account {
    number: String,
    paper: bool,
}

/// What every dialect can be asked over a [`Wire`].
trait Questions: std::fmt::Debug {
    /// Whose account the key belongs to.
    fn account(&mut self, wire: &mut Wire) -> Result<Account, LiveError>;

    /// The instruments of these symbols, as the venue describes them.
    fn instruments(
        &mut self,
        wire: &mut Wire,
        symbols: &[String],
        fractional: bool,
    ) -> Result<Vec<Instrument>, LiveError>;

    /// Cancels the open orders of this lineage; returns how many there were.
    fn cancel_open(
        &mut self,
        wire: &mut Wire,
        instruments: &[Instrument],
    ) -> Result<usize, LiveError>;

    /// What the account holds of these instruments, with the venue's own price of each.
    fn held(&mut self, wire: &mut Wire, instruments: &[Instrument])
        -> Result<Vec<Held>, LiveError>;

    /// Sends an order, once.
    fn send(
        &mut self,
        wire: &mut Wire,
        instruments: &[Instrument],
        order: &NewOrder,
    ) -> Result<(), LiveError>;
}

/// Who asks whom, and where what must outlive the asking is kept.
#[derive(Debug, Clone)]
pub struct Purpose {
    /// The venue.
    pub venue: VenueConfig,
    /// Whose orders are ours.
    pub lineage: Lineage,
    /// The state directory.
    pub state_dir: PathBuf,
}

impl Purpose {
    /// That of a session.
    #[must_use]
    pub fn of(config: &LiveConfig, lineage: Lineage) -> Self {
        Self {
            venue: config.venue.clone(),
            lineage,
            state_dir: config.state_dir.clone(),
        }
    }
}

/// Asks one host, one question after the other, waiting for each answer.
#[derive(Debug)]
pub struct Bootstrap {
    wire: Wire,
    questions: Box<dyn Questions>,
}

impl Bootstrap {
    /// Connects.
    ///
    /// # Errors
    /// [`LiveError::Connection`] when the venue cannot be reached.
    pub fn open(
        url: &Url,
        tls: Option<&Arc<ClientConfig>>,
        purpose: &Purpose,
    ) -> Result<Self, LiveError> {
        let stream = open_stream(url, tls).map_err(|error| {
            LiveError::Connection(format!(
                "the venue at {} cannot be reached: {error}; check `venue.trading_url` and that \
                 the venue runs",
                url.text()
            ))
        })?;
        let desk = Desk {
            host: url.authority(),
            credentials: credentials(&purpose.venue),
            lineage: purpose.lineage,
        };
        let (questions, judge): (Box<dyn Questions>, Judge) = match purpose.venue.dialect {
            venue @ (Dialect::Alpaca | Dialect::Ib) => {
                (Box::new(alpaca::Alpaca { desk, venue }), judge)
            }
            Dialect::Binance => (Box::new(binance::Binance::new(desk)), binance::judge),
            Dialect::Coinbase => {
                let key = CoinbaseKey::open(&purpose.venue.key, &purpose.venue.secret)?;
                (
                    Box::new(coinbase::Coinbase::new(desk, key)),
                    coinbase::judge,
                )
            }
            Dialect::Kraken => {
                let key = KrakenKey::open(&purpose.state_dir, &purpose.venue.secret)?;
                (
                    Box::new(kraken::Kraken::new(desk, key, purpose.venue.tier)),
                    kraken::judge,
                )
            }
        };
        Ok(Self {
            wire: Wire {
                url: url.clone(),
                tls: tls.cloned(),
                stream,
                judge,
            },
            questions,
        })
    }

    /// Checks that the account is what the configuration says; returns its number.
    ///
    /// # Errors
    /// [`LiveError::Config`] when paper and live are mixed up, [`LiveError::Venue`] when the venue
    /// refuses the key.
    pub fn check_mode(&mut self, mode: Mode) -> Result<String, LiveError> {
        let Account { number, paper } = self.questions.account(&mut self.wire)?;
        let host = &self.wire.url.host;
        match (mode, paper) {
            (Mode::Paper, true) | (Mode::Live, false) => Ok(number),
            (Mode::Paper, false) => Err(LiveError::Config(format!(
                "`venue.mode` is `paper` and the key belongs to a live account at {host}: use a \
                 paper key and host, or write `mode = \"live\"`"
            ))),
            (Mode::Live, true) => Err(LiveError::Config(format!(
                "`venue.mode` is `live` and the key belongs to a paper account at {host}: write \
                 `mode = \"paper\"`, or use the live key and host"
            ))),
        }
    }

    /// The instruments of these symbols, as the venue describes them.
    ///
    /// # Errors
    /// [`LiveError::Config`] naming a symbol that the venue does not trade, [`LiveError::Venue`]
    /// when it refuses to answer.
    pub fn instruments(
        &mut self,
        symbols: &[String],
        fractional: bool,
    ) -> Result<Vec<Instrument>, LiveError> {
        self.questions
            .instruments(&mut self.wire, symbols, fractional)
    }

    /// Cancels the open orders of this state directory, and no others of the account; returns how
    /// many there were.
    ///
    /// # Errors
    /// [`LiveError`] when the venue could not be asked, or not be told about one of them.
    pub fn cancel_open(&mut self, instruments: &[Instrument]) -> Result<usize, LiveError> {
        self.questions.cancel_open(&mut self.wire, instruments)
    }

    /// What the account holds of these instruments, with the venue's own price of each.
    ///
    /// # Errors
    /// [`LiveError`] when the venue could not be asked or its answer is not understood.
    pub(crate) fn held(&mut self, instruments: &[Instrument]) -> Result<Vec<Held>, LiveError> {
        self.questions.held(&mut self.wire, instruments)
    }

    /// Sends an order, once: whether it arrived is seen in what is held.
    ///
    /// # Errors
    /// [`LiveError`] when the venue refuses it or does not answer.
    pub fn send(&mut self, instruments: &[Instrument], order: &NewOrder) -> Result<(), LiveError> {
        self.questions.send(&mut self.wire, instruments, order)
    }
}

/// Who asks.
#[derive(Debug)]
struct Desk {
    host: String,
    credentials: Credentials,
    lineage: Lineage,
}

impl Desk {
    /// What a dialect's encoder has to know to speak about these instruments.
    fn dialect(
        &self,
        venue: Dialect,
        instruments: Vec<Instrument>,
    ) -> Result<py_rt_venues::Dialect, LiveError> {
        Ok(py_rt_venues::Dialect {
            lineage: self.lineage,
            symbols: Arc::new(venue.table(instruments)?),
        })
    }
}

/// A connection to one host, made anew when an answer is lost.
#[derive(Debug)]
struct Wire {
    url: Url,
    tls: Option<Arc<ClientConfig>>,
    stream: Stream,
    judge: Judge,
}

/// Whether an answer is of use, by what the dialect says of it.
type Judge = fn(&Response<'_>, &str) -> Result<(), Failure>;

impl Wire {
    /// Asks until there is an answer of use, on a new connection each time: a session that has
    /// orders at the venue must not stay away because one answer was lost. `make` appends the
    /// request, anew for each try.
    fn ask<T>(
        &mut self,
        make: &mut dyn FnMut(&mut Vec<u8>),
        about: &str,
        read: impl Fn(&[u8]) -> Result<T, LiveError>,
    ) -> Result<T, LiveError> {
        self.try_ask(make, about, &read)
            .map_err(Failure::into_error)
    }

    fn try_ask<T>(
        &mut self,
        make: &mut dyn FnMut(&mut Vec<u8>),
        about: &str,
        read: &impl Fn(&[u8]) -> Result<T, LiveError>,
    ) -> Result<T, Failure> {
        let mut pause = PAUSE;
        let mut request = Vec::new();
        for _ in 1..TRIES {
            request.clear();
            make(&mut request);
            match self.ask_once(&request, about, read) {
                Err(Failure::Passing(_)) => {}
                other => return other,
            }
            pause_for(pause);
            pause *= 2;
            if let Ok(stream) = open_stream(&self.url, self.tls.as_ref()) {
                self.stream = stream;
            }
        }
        request.clear();
        make(&mut request);
        self.ask_once(&request, about, read)
    }

    fn ask_once<T>(
        &mut self,
        request: &[u8],
        about: &str,
        read: &impl Fn(&[u8]) -> Result<T, LiveError>,
    ) -> Result<T, Failure> {
        let lost = |error: std::io::Error| {
            let text = format!("asking the venue about {about}: {error}");
            Failure::Passing(LiveError::Connection(text))
        };
        if request.is_empty() {
            let text = format!("the question about {about} could not be put: is the disk full?");
            return Err(Failure::Final(LiveError::Journal(text)));
        }
        self.stream.write_all(request).map_err(lost)?;
        let mut reader = ResponseReader::new(BODY_MAX);
        let mut bytes = [0; 8192];
        loop {
            let count = self.stream.read(&mut bytes).map_err(lost)?;
            if count == 0 {
                reader.handle_close();
            }
            reader.handle_input(&bytes[..count]);
            match reader.poll_response() {
                Ok(Some(response)) => {
                    (self.judge)(&response, about)?;
                    return read(response.body).map_err(Failure::Passing);
                }
                Ok(None) if count > 0 => {}
                _ => {
                    return Err(Failure::Passing(LiveError::Connection(format!(
                        "the venue's answer about {about} is no HTTP answer"
                    ))))
                }
            }
        }
    }
}

/// Why there is no answer of use.
enum Failure {
    /// The venue has spoken.
    Final(LiveError),
    /// The next try may bring one.
    Passing(LiveError),
    /// The venue's clock and ours differ too much; the request was not looked at.
    WrongTime(LiveError),
}

impl Failure {
    fn into_error(self) -> LiveError {
        match self {
            Self::Final(error) | Self::Passing(error) | Self::WrongTime(error) => error,
        }
    }
}

fn judge(response: &Response<'_>, about: &str) -> Result<(), Failure> {
    match response.status {
        200 | 204 => Ok(()),
        401 | 403 => Err(Failure::Final(LiveError::Venue(
            "the venue refuses the key: check `venue.key_env` and `venue.secret_env`, and that \
             they are for this host"
                .to_string(),
        ))),
        404 => Err(Failure::Final(LiveError::Config(format!(
            "the venue does not know `{about}`: correct `run.symbols`"
        )))),
        status => {
            let body = String::from_utf8_lossy(response.body);
            let start: String = body.chars().take(200).collect();
            let text = format!("the venue answers {status} about {about}: {start}");
            let error = LiveError::Venue(text);
            Err(match status {
                408 | 429 | 500.. => Failure::Passing(error),
                _ => Failure::Final(error),
            })
        }
    }
}

/// Key and secret in the form that the sessions take.
#[must_use]
pub fn credentials(venue: &VenueConfig) -> Credentials {
    Credentials {
        key_id: venue.key.expose().to_string(),
        secret_key: venue.secret.expose().to_string(),
    }
}

fn whole() -> Decimal {
    Decimal::try_new(1, 0).unwrap_or(Decimal::ZERO)
}

/// An instrument of which only the name is known yet.
fn nameplate(venue: Dialect, symbol: &str) -> InstrumentSpec {
    InstrumentSpec {
        symbol: symbol.to_string(),
        venue: venue.name().to_string(),
        tick_size: whole(),
        order_tick: None,
        lot_size: whole(),
        min_qty: Decimal::ZERO,
        min_notional: Decimal::ZERO,
        multiplier: whole(),
        currency: "USD".to_string(),
        asset_class: AssetClass::Other,
        shortable: false,
        sessions: false,
    }
}

#[cfg(test)]
mod tests;
