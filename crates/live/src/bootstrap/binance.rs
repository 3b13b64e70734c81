//! The questions in Binance's words.

use py_rt_types::{CancelOrder, ClientOrderId, Instrument, NewOrder, UnixNanos};
use py_rt_venues::binance::errors::{ErrorBody, WRONG_TIME};
use py_rt_venues::binance::lists::{
    decode_account, decode_exchange_info, decode_orders, decode_price, decode_time,
};
use py_rt_venues::binance::Encoder;
use py_rt_venues::fees::base_of;
use py_rt_venues::http::Response;
use py_rt_venues::symbols::Listing;

use super::coins::{self, all_listed, Read};
use super::{Account, Desk, Failure, Held, Questions, Wire};
use crate::clock::Clock;
use crate::dialect::Dialect;
use crate::error::LiveError;

/// Hosts behind which there is nobody's money.
const TESTNET: &str = "testnet.binance.vision";
/// What a pair that can be traded says of itself.
const TRADING: &str = "TRADING";

/// See the module.
#[derive(Debug)]
pub(super) struct Binance {
    desk: Desk,
    clock: Clock,
    /// The venue's clock less ours.
    offset_ns: i64,
}

impl Binance {
    pub(super) fn new(desk: Desk) -> Self {
        Self {
            desk,
            clock: Clock::new(),
            offset_ns: 0,
        }
    }

    fn encoder(&self, instruments: &[Instrument]) -> Result<Encoder, LiveError> {
        let dialect = self.desk.dialect(Dialect::Binance, instruments.to_vec())?;
        let made = Encoder::try_new(&self.desk.host, &self.desk.credentials, dialect);
        let mut encoder =
            made.map_err(|error| LiveError::Config(format!("key or secret: {error}")))?;
        encoder.set_offset(self.offset_ns);
        Ok(encoder)
    }

    /// Asks something that is signed; once more by the venue's time, when its clock differs.
    fn ask<T>(
        &mut self,
        wire: &mut Wire,
        encoder: &mut Encoder,
        make: &dyn Fn(&mut Encoder, UnixNanos, &mut Vec<u8>),
        (about, read): (&str, Read<'_, T>),
    ) -> Result<T, LiveError> {
        let clock = &self.clock;
        let mut first = |out: &mut Vec<u8>| make(encoder, clock.now(), out);
        match wire.try_ask(&mut first, about, &read) {
            Err(Failure::WrongTime(_)) => {}
            other => return other.map_err(Failure::into_error),
        }
        let plain = &*encoder;
        let mut ask_time = |out: &mut Vec<u8>| plain.encode_time(out);
        self.offset_ns = coins::venue_offset(wire, *clock, &mut ask_time, decode_time)?;
        encoder.set_offset(self.offset_ns);
        let mut again = |out: &mut Vec<u8>| make(encoder, clock.now(), out);
        wire.ask(&mut again, about, read)
    }

    fn owned(
        &mut self,
        wire: &mut Wire,
    ) -> Result<py_rt_venues::binance::lists::Account, LiveError> {
        let mut encoder = self.encoder(&[])?;
        let make = |encoder: &mut Encoder, now, out: &mut Vec<u8>| encoder.encode_account(now, out);
        let read = |body: &[u8]| {
            decode_account(body)
                .map_err(|error| LiveError::Venue(format!("the venue's account: {error}")))
        };
        self.ask(wire, &mut encoder, &make, ("the account", &read))
    }
}

impl Questions for Binance {
    fn account(&mut self, wire: &mut Wire) -> Result<Account, LiveError> {
        let account = self.owned(wire)?;
        // No answer says whose money it is: the host does.
        let host = wire.url.host.as_str();
        let testnet = host == TESTNET || host.ends_with(&format!(".{TESTNET}"));
        Ok(Account {
            number: account.uid,
            paper: wire.url.is_loopback() || testnet,
        })
    }

    fn instruments(
        &mut self,
        wire: &mut Wire,
        symbols: &[String],
        _fractional: bool,
    ) -> Result<Vec<Instrument>, LiveError> {
        let mut encoder = self.encoder(&[])?;
        let names: Vec<&str> = symbols.iter().map(String::as_str).collect();
        let mut make = |out: &mut Vec<u8>| encoder.encode_exchange_info(&names, out);
        let pairs = wire
            .ask(&mut make, "the instruments", |body| {
                decode_exchange_info(body).map_err(|error| {
                    LiveError::Venue(format!("the venue's list of pairs: {error}"))
                })
            })
            .map_err(|error| unknown(error, symbols))?;
        all_listed(symbols, TRADING, |symbol| {
            let pair = pairs.iter().find(|pair| pair.symbol == symbol)?;
            Some((&pair.status, pair.spec(Dialect::Binance.name())))
        })
    }

    fn cancel_open(
        &mut self,
        wire: &mut Wire,
        instruments: &[Instrument],
    ) -> Result<usize, LiveError> {
        let mut encoder = self.encoder(instruments)?;
        let dialect = encoder.dialect().clone();
        let make =
            |encoder: &mut Encoder, now, out: &mut Vec<u8>| encoder.encode_open_orders(now, out);
        let read = |body: &[u8]| {
            let mut orders = Vec::new();
            let wrong = decode_orders(&dialect, body, &mut orders);
            match wrong {
                Ok(None) => Ok(orders),
                Ok(Some(error)) | Err(error) => Err(LiveError::Venue(format!(
                    "the venue's list of orders: {error}"
                ))),
            }
        };
        let orders = self.ask(wire, &mut encoder, &make, ("the open orders", &read))?;
        let foreign = ClientOrderId::FOREIGN;
        let mut found = 0;
        for order in orders.iter().filter(|one| one.client_order_id != foreign) {
            found += 1;
            let cancel = CancelOrder {
                client_order_id: order.client_order_id,
                venue_order_id: order.venue_order_id,
                instrument: order.instrument,
            };
            let make = |encoder: &mut Encoder, now, out: &mut Vec<u8>| {
                // The list holds instruments of the run only.
                let _listed = encoder.encode_cancel(now, &cancel, out);
            };
            match self.ask(wire, &mut encoder, &make, ("a cancel", &|_| Ok(()))) {
                // An order that is over needs no cancel.
                Ok(()) | Err(LiveError::Config(_) | LiveError::Venue(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    fn held(
        &mut self,
        wire: &mut Wire,
        instruments: &[Instrument],
    ) -> Result<Vec<Held>, LiveError> {
        let account = self.owned(wire)?;
        let mut encoder = self.encoder(instruments)?;
        let symbols = encoder.dialect().symbols.clone();
        let owned = |listing: &Listing| account.owned(base_of(listing));
        let make = |listing: &Listing, out: &mut Vec<u8>| encoder.encode_price(listing, out);
        coins::held(wire, &symbols, owned, make, decode_price)
    }

    fn send(
        &mut self,
        wire: &mut Wire,
        instruments: &[Instrument],
        order: &NewOrder,
    ) -> Result<(), LiveError> {
        let mut encoder = self.encoder(instruments)?;
        let mut request = Vec::new();
        encoder
            .encode_new(self.clock.now(), order, &mut request)
            .map_err(|refusal| LiveError::Venue(refusal.text.to_string()))?;
        let sent = wire.ask_once(&request, "a closing order", &|_| Ok(()));
        sent.map_err(Failure::into_error)
    }
}

/// Also says when it was refused because the clocks differ.
pub(super) fn judge(response: &Response<'_>, about: &str) -> Result<(), Failure> {
    let code = || ErrorBody::decode(response.body).map_or(0, |body| body.code);
    super::judge(response, about).map_err(|failure| match failure {
        Failure::Final(error) if response.status == 400 && code() == WRONG_TIME => {
            Failure::WrongTime(error)
        }
        other => other,
    })
}

/// -1121 does not say which symbol it means.
fn unknown(error: LiveError, symbols: &[String]) -> LiveError {
    match error {
        LiveError::Venue(text) if text.contains("-1121") => LiveError::Config(format!(
            "the venue does not know one of {}: correct `run.symbols`, Binance writes BTCUSDT",
            symbols.join(", ")
        )),
        other => other,
    }
}
