//! What is asked of a venue before a session: whose account it is, and what the instruments are.

use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Duration;

use py_rt_types::{AssetClass, ClientOrderId, Decimal, Instrument, InstrumentId, InstrumentSpec};
use py_rt_venues::alpaca::rest::{decode_asset, decode_orders};
use py_rt_venues::alpaca::{Credentials, Dialect, Encoder, Lineage};
use py_rt_venues::http::{Response, ResponseReader};
use py_rt_venues::json::{Scanner, Slot};
use py_rt_venues::SymbolTable;
use rustls::ClientConfig;

use crate::clock::pause_for;
use crate::config::{Mode, VenueConfig};
use crate::error::LiveError;
use crate::net::{open_stream, Stream, Url};

mod closing;

/// Answers before a session are small.
const BODY_MAX: usize = 1 << 20;
/// How often a question is put when its answer is lost, late or of no use.
const TRIES: u32 = 5;
/// The first pause between two tries; it doubles.
const PAUSE: Duration = Duration::from_millis(200);
/// Rows of a full page of orders.
const PAGE_ROWS: usize = 500;
/// The first letters of a paper account's number at Alpaca.
const PAPER_PREFIX: &str = "PA";
/// The name of the venue in instruments and tables.
pub const VENUE: &str = "alpaca";

/// Asks one host, one question after the other, waiting for each answer.
#[derive(Debug)]
pub struct Bootstrap {
    url: Url,
    tls: Option<Arc<ClientConfig>>,
    stream: Stream,
    credentials: Credentials,
    lineage: Lineage,
}

impl Bootstrap {
    /// Connects.
    ///
    /// # Errors
    /// [`LiveError::Connection`] when the venue cannot be reached.
    pub fn open(
        url: &Url,
        tls: Option<&Arc<ClientConfig>>,
        venue: &VenueConfig,
        lineage: Lineage,
    ) -> Result<Self, LiveError> {
        let stream = open_stream(url, tls).map_err(|error| {
            LiveError::Connection(format!(
                "the venue at {} cannot be reached: {error}; check `venue.trading_url` and that \
                 the venue runs",
                url.text()
            ))
        })?;
        Ok(Self {
            url: url.clone(),
            tls: tls.cloned(),
            stream,
            credentials: credentials(venue),
            lineage,
        })
    }

    /// Checks that the account is what the configuration says; returns its number.
    ///
    /// # Errors
    /// [`LiveError::Config`] when paper and live are mixed up, [`LiveError::Venue`] when the venue
    /// refuses the key.
    pub fn check_mode(&mut self, mode: Mode) -> Result<String, LiveError> {
        let mut encoder = self.encoder(&[])?;
        let mut request = Vec::new();
        encoder.encode_account(&mut request);
        let number = self.ask(&request, "the account", |body| {
            account_number(body).ok_or_else(|| {
                LiveError::Venue("the venue's account has no `account_number`".to_string())
            })
        })?;
        let paper = self.url.is_loopback() || number.starts_with(PAPER_PREFIX);
        match (mode, paper) {
            (Mode::Paper, true) | (Mode::Live, false) => Ok(number),
            (Mode::Paper, false) => Err(LiveError::Config(format!(
                "`venue.mode` is `paper` and the key belongs to a live account at {}: use a paper \
                 key and host, or write `mode = \"live\"`",
                self.url.host
            ))),
            (Mode::Live, true) => Err(LiveError::Config(format!(
                "`venue.mode` is `live` and the key belongs to a paper account at {}: write \
                 `mode = \"paper\"`, or use the live key and host",
                self.url.host
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
        let mut encoder = self.encoder(symbols)?;
        let mut found = Vec::with_capacity(symbols.len());
        for (place, symbol) in symbols.iter().enumerate() {
            let mut request = Vec::new();
            encoder
                .encode_asset(InstrumentId(place as u32), &mut request)
                .map_err(|refusal| LiveError::Config(refusal.text.to_string()))?;
            let asset = self.ask(&request, symbol, |body| {
                decode_asset(body).map_err(|error| {
                    LiveError::Venue(format!("the venue's answer about `{symbol}`: {error}"))
                })
            })?;
            if !asset.tradable {
                return Err(LiveError::Config(format!(
                    "the venue does not trade `{symbol}` now: take it out of `run.symbols`"
                )));
            }
            let mut spec = asset.spec(VENUE);
            if spec.asset_class == AssetClass::Equity && !fractional {
                spec.lot_size = whole();
            }
            found.push(Instrument::try_new(spec).map_err(|error| {
                LiveError::Venue(format!("the venue's `{symbol}` cannot be traded: {error}"))
            })?);
        }
        Ok(found)
    }

    /// Cancels the open orders of this state directory, and no others of the account; returns how
    /// many there were.
    ///
    /// # Errors
    /// [`LiveError`] when the venue could not be asked, or not be told about one of them.
    pub fn cancel_open(&mut self, instruments: &[Instrument]) -> Result<usize, LiveError> {
        let mut encoder = self.encoder_for(instruments.to_vec())?;
        let dialect = encoder.dialect().clone();
        let mut after: Option<Vec<u8>> = None;
        let mut found = 0;
        loop {
            let mut request = Vec::new();
            encoder.encode_open_orders(after.as_deref(), &mut request);
            let (page, orders) = self.ask(&request, "the open orders", |body| {
                let mut orders = Vec::new();
                let page = decode_orders(&dialect, body, &mut orders).map_err(|error| {
                    LiveError::Venue(format!("the venue's list of orders: {error}"))
                })?;
                Ok((page, orders))
            })?;
            let foreign = ClientOrderId::FOREIGN;
            for order in orders.iter().filter(|one| one.client_order_id != foreign) {
                found += 1;
                request.clear();
                encoder.encode_cancel(order.venue_order_id, &mut request);
                match self.ask(&request, "a cancel", |_| Ok(())) {
                    // An order that is over needs no cancel.
                    Ok(()) | Err(LiveError::Config(_) | LiveError::Venue(_)) => {}
                    Err(error) => return Err(error),
                }
            }
            if page.rows < PAGE_ROWS {
                return Ok(found);
            }
            after = page.last;
        }
    }

    fn encoder(&self, symbols: &[String]) -> Result<Encoder, LiveError> {
        let named = symbols
            .iter()
            .map(|one| Instrument::try_new(nameplate(one)));
        let named: Vec<_> = named
            .collect::<Result<_, _>>()
            .map_err(|error| LiveError::Config(error.to_string()))?;
        self.encoder_for(named)
    }

    fn encoder_for(&self, instruments: Vec<Instrument>) -> Result<Encoder, LiveError> {
        let listed = instruments.into_iter().enumerate();
        let listed = listed.map(|(place, one)| (InstrumentId(place as u32), one));
        let table = SymbolTable::try_new(listed)
            .map_err(|error| LiveError::Config(format!("`run.symbols`: {error}")))?;
        let dialect = Dialect {
            lineage: self.lineage,
            symbols: Arc::new(table),
        };
        Encoder::try_new(&self.url.authority(), &self.credentials, dialect)
            .map_err(|error| LiveError::Config(format!("key or secret: {error}")))
    }

    /// Asks until there is an answer of use, on a new connection each time: a session that has
    /// orders at the venue must not stay away because one answer was lost.
    fn ask<T>(
        &mut self,
        request: &[u8],
        about: &str,
        read: impl Fn(&[u8]) -> Result<T, LiveError>,
    ) -> Result<T, LiveError> {
        let mut pause = PAUSE;
        for _ in 1..TRIES {
            match self.ask_once(request, about, &read) {
                Ok(answer) => return Ok(answer),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Passing(_)) => {}
            }
            pause_for(pause);
            pause *= 2;
            if let Ok(stream) = open_stream(&self.url, self.tls.as_ref()) {
                self.stream = stream;
            }
        }
        let last = self.ask_once(request, about, &read);
        last.map_err(Failure::into_error)
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
                    judge(&response, about)?;
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
}

impl Failure {
    fn into_error(self) -> LiveError {
        match self {
            Self::Final(error) | Self::Passing(error) => error,
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

fn account_number(body: &[u8]) -> Option<String> {
    let mut number = Slot::default();
    let mut scanner = Scanner::new(body);
    scanner.begin_object().ok()?;
    while let Some(name) = scanner.next_key().ok()? {
        match name {
            b"account_number" => number.fill(&mut scanner).ok()?,
            _ => scanner.skip().ok()?,
        }
    }
    let text = number.text("account_number").ok()??;
    String::from_utf8(text.into_owned()).ok()
}

fn whole() -> Decimal {
    Decimal::try_new(1, 0).unwrap_or(Decimal::ZERO)
}

/// An instrument of which only the name is known yet.
fn nameplate(symbol: &str) -> InstrumentSpec {
    InstrumentSpec {
        symbol: symbol.to_string(),
        venue: VENUE.to_string(),
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
#[allow(clippy::unwrap_used, reason = "a test may")]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;
    use crate::secret::Secret;

    /// A venue that gives these answers, one a connection; an empty one is a cut.
    fn venue(answers: &'static [&'static str]) -> Url {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let _count = stream.read(&mut [0; 4096]).unwrap();
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        Url::parse(&format!("http://127.0.0.1:{port}")).unwrap()
    }

    fn asked(answers: &'static [&'static str]) -> Result<(), LiveError> {
        let url = venue(answers);
        let config = VenueConfig {
            mode: Mode::Paper,
            trading_url: url.text(),
            account_stream_url: String::new(),
            market_stream_url: String::new(),
            key: Secret::new("K".to_string()),
            secret: Secret::new("S".to_string()),
            channels: None,
            fractional: false,
            order_connections: 1,
            answer_timeout_ns: 1,
        };
        let lineage = Lineage::parse("abcdefgh").unwrap();
        Bootstrap::open(&url, None, &config, lineage)?
            .check_mode(Mode::Paper)
            .map(drop)
    }

    #[test]
    fn a_lost_answer_is_asked_for_again() {
        const GOOD: &str = "HTTP/1.1 200 OK\r\nContent-Length: 26\r\n\r\n\
                            {\"account_number\":\"PA123\"}";
        const LATE: &str = "HTTP/1.1 504 Gateway Timeout\r\nContent-Length: 0\r\n\r\n";
        const PAGE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>";
        assert!(asked(&["", LATE, PAGE, GOOD]).is_ok());
    }

    #[test]
    fn a_refused_key_is_not_tried_again() {
        let refused = asked(&["HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"]);
        assert!(matches!(refused, Err(LiveError::Venue(_))));
    }
}
