//! The questions in Kraken's words.
//!
//! There is nobody's money on this machine only: Kraken has no test venue for spot.

use std::time::Duration;

use py_rt_types::{CancelOrder, ClientOrderId, Instrument, NewOrder};
use py_rt_venues::http::Response;
use py_rt_venues::kraken::counters::Tier;
use py_rt_venues::kraken::envelope::Envelope;
use py_rt_venues::kraken::lists::{decode_balances, decode_price, decode_time, Purse};
use py_rt_venues::kraken::names::{decode_pairs, Names, Pair};
use py_rt_venues::kraken::orders::decode_orders;
use py_rt_venues::kraken::{errors, Allowance, Encoder};
use py_rt_venues::requests::{Call, Outcome};
use py_rt_venues::symbols::Listing;

use super::coins::{self, all_listed, made};
use super::{Account, Desk, Failure, Held, Questions, Wire};
use crate::clock::{pause_for, Clock};
use crate::dialect::Dialect;
use crate::error::LiveError;
use crate::kraken_key::{account_of, KrakenKey};

/// What a pair that can be traded says of itself.
const ONLINE: &str = "online";

/// How often a wait for the counter is repeated, when others use it meanwhile.
const WAITS: u32 = 4;

/// See the module.
#[derive(Debug)]
pub(super) struct Kraken {
    desk: Desk,
    key: KrakenKey,
    tier: Tier,
    clock: Clock,
    /// The venue's clock less ours.
    offset_ns: i64,
}

impl Kraken {
    pub(super) fn new(desk: Desk, key: KrakenKey, tier: Tier) -> Self {
        Self {
            desk,
            key,
            tier,
            clock: Clock::new(),
            offset_ns: 0,
        }
    }

    fn encoder(&self, instruments: &[Instrument]) -> Result<Encoder, LiveError> {
        let dialect = self.desk.dialect(Dialect::Kraken, instruments.to_vec())?;
        let allowance = Allowance {
            tier: self.tier,
            share: 1,
        };
        let signer = Box::new(self.key.clone());
        let (host, credentials) = (&self.desk.host, &self.desk.credentials);
        let made = Encoder::try_new(host, credentials, signer, dialect, allowance);
        let mut encoder = made.map_err(|error| LiveError::Config(format!("key: {error}")))?;
        encoder.set_offset(self.offset_ns);
        Ok(encoder)
    }

    /// Waits until the venue's counter has room for a question: the hour of a kill switch is no
    /// time to be locked out.
    fn wait_for_room(&self, encoder: &Encoder) {
        for _ in 0..WAITS {
            let now = self.clock.now();
            let wait_ns = encoder.ready_for(now, 1, None).since(now);
            match u64::try_from(wait_ns) {
                Ok(1..) => pause_for(Duration::from_nanos(wait_ns.unsigned_abs())),
                _ => return,
            }
        }
    }

    fn owned(&self, wire: &mut Wire) -> Result<Purse, LiveError> {
        let mut encoder = self.encoder(&[])?;
        self.wait_for_room(&encoder);
        let mut make = |out: &mut Vec<u8>| made(encoder.encode_balances(self.clock.now(), out));
        wire.ask(&mut make, "the account", |body| {
            decode_balances(body)
                .map_err(|error| LiveError::Venue(format!("the venue's balances: {error}")))
        })
    }

    fn pairs(&self, wire: &mut Wire, symbols: &[&str]) -> Result<Vec<Pair>, LiveError> {
        let encoder = self.encoder(&[])?;
        let mut make = |out: &mut Vec<u8>| encoder.encode_pairs(symbols, out);
        wire.ask(&mut make, "the instruments", |body| {
            decode_pairs(body)
                .map_err(|error| LiveError::Venue(format!("the venue's list of pairs: {error}")))
        })
    }

    /// An encoder for these instruments that knows the venue's names of them.
    fn informed(
        &self,
        wire: &mut Wire,
        instruments: &[Instrument],
    ) -> Result<(Encoder, Names), LiveError> {
        let mut encoder = self.encoder(instruments)?;
        let symbols: Vec<&str> = instruments.iter().map(Instrument::symbol).collect();
        let names = Names::of(&encoder.dialect().symbols, self.pairs(wire, &symbols)?);
        encoder.set_names(names.clone());
        Ok((encoder, names))
    }
}

impl Questions for Kraken {
    fn account(&mut self, wire: &mut Wire) -> Result<Account, LiveError> {
        self.owned(wire)?;
        Ok(Account {
            number: account_of(&self.desk.credentials.key_id),
            paper: wire.url.is_loopback(),
        })
    }

    fn instruments(
        &mut self,
        wire: &mut Wire,
        symbols: &[String],
        _fractional: bool,
    ) -> Result<Vec<Instrument>, LiveError> {
        let names: Vec<&str> = symbols.iter().map(String::as_str).collect();
        let pairs = self.pairs(wire, &names).map_err(|error| match error {
            LiveError::Venue(text) if text.contains("EQuery:Unknown asset pair") => {
                LiveError::Config(format!(
                    "the venue does not know one of {}: correct `run.symbols`, write BTC/USD",
                    symbols.join(", ")
                ))
            }
            other => other,
        })?;
        all_listed(symbols, ONLINE, |symbol| {
            let pair = pairs.iter().find(|pair| pair.symbol == symbol)?;
            Some((&pair.status, pair.spec(Dialect::Kraken.name())))
        })
    }

    fn cancel_open(
        &mut self,
        wire: &mut Wire,
        instruments: &[Instrument],
    ) -> Result<usize, LiveError> {
        let (mut encoder, names) = self.informed(wire, instruments)?;
        let dialect = encoder.dialect().clone();
        let clock = self.clock;
        self.wait_for_room(&encoder);
        let mut make = |out: &mut Vec<u8>| made(encoder.encode_open_orders(clock.now(), out));
        let orders = wire.ask(&mut make, "the open orders", |body| {
            let mut orders = Vec::new();
            match decode_orders((&dialect, &names), body, b"open", &mut orders) {
                Ok(None) => Ok(orders),
                Ok(Some(error)) | Err(error) => Err(LiveError::Venue(format!(
                    "the venue's list of orders: {error}"
                ))),
            }
        })?;
        let foreign = ClientOrderId::FOREIGN;
        let mut found = 0;
        for order in orders.iter().filter(|one| one.client_order_id != foreign) {
            found += 1;
            let cancel = CancelOrder {
                client_order_id: order.client_order_id,
                venue_order_id: order.venue_order_id,
                instrument: order.instrument,
            };
            let mut make = |out: &mut Vec<u8>| {
                made(encoder.encode_cancel(clock.now(), &cancel, out));
            };
            match wire.ask(&mut make, "a cancel", |_| Ok(())) {
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
        let purse = self.owned(wire)?;
        let (encoder, names) = self.informed(wire, instruments)?;
        let symbols = encoder.dialect().symbols.clone();
        let owned = |listing: &Listing| {
            let pair = names.pair(listing.id());
            pair.map_or(0, |pair| purse.owned(&pair.base))
        };
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
        let send = |encoder: &mut Encoder, wire: &mut Wire, clock: Clock| {
            let mut request = Vec::new();
            let encoded = encoder.encode_new(clock.now(), order, &mut request);
            encoded
                .map_err(|refusal| Failure::Final(LiveError::Venue(refusal.text.to_string())))?;
            wire.ask_once(&request, "a closing order", &|_| Ok(()))
        };
        match send(&mut encoder, wire, self.clock) {
            Err(Failure::WrongTime(_)) => {}
            other => return other.map_err(Failure::into_error),
        }
        let mut ask_time = |out: &mut Vec<u8>| encoder.encode_time(out);
        self.offset_ns = coins::venue_offset(wire, self.clock, &mut ask_time, decode_time)?;
        encoder.set_offset(self.offset_ns);
        send(&mut encoder, wire, self.clock).map_err(Failure::into_error)
    }
}

/// Reads the status, and then the errors that stand in an answer with a good one.
pub(super) fn judge(response: &Response<'_>, about: &str) -> Result<(), Failure> {
    super::judge(response, about)?;
    let Ok(envelope) = Envelope::decode(response.body) else {
        return Ok(());
    };
    let Some(first) = envelope.errors.first() else {
        return Ok(());
    };
    let text = String::from_utf8_lossy(first).into_owned();
    let error = LiveError::Venue(format!("the venue answers {text} about {about}"));
    if text.starts_with(errors::TOO_OLD) {
        return Err(Failure::WrongTime(error));
    }
    let passing = text.starts_with(errors::WRONG_NONCE)
        || text.starts_with("EAPI:Rate limit")
        || text.starts_with("EService:")
        || text.starts_with("EGeneral:Internal");
    Err(
        match errors::judge_text(Call::Cancel, first, py_rt_types::UnixNanos(0)) {
            Outcome::Fatal => Failure::Final(LiveError::Venue(format!(
            "the venue refuses the key ({text}): check `venue.key_env` and `venue.secret_env`, \
             and that the key may query funds, query, create and cancel orders"
        ))),
            _ if passing => Failure::Passing(error),
            _ => Failure::Final(error),
        },
    )
}
