//! The questions in Coinbase's words.
//!
//! There is nobody's money on this machine only: the venue's sandbox answers fixed texts.

use py_rt_types::{Instrument, NewOrder};
use py_rt_venues::coinbase::encode::{Encoder, Live, CANCELS_MAX};
use py_rt_venues::coinbase::errors::{error_of, Answer};
use py_rt_venues::coinbase::lists::{
    decode_accounts, decode_price, decode_rights, decode_time, Purse,
};
use py_rt_venues::coinbase::orders::decode_orders;
use py_rt_venues::coinbase::products::{decode_products, Product};
use py_rt_venues::fees::base_of;
use py_rt_venues::http::Response;
use py_rt_venues::symbols::Listing;

use super::coins::{self, all_listed, made, Read};
use super::{Account, Desk, Failure, Held, Questions, Wire};
use crate::clock::Clock;
use crate::coinbase_key::CoinbaseKey;
use crate::dialect::Dialect;
use crate::error::LiveError;

/// What a product that can be traded says of itself.
const ONLINE: &str = "online";

/// See the module.
#[derive(Debug)]
pub(super) struct Coinbase {
    desk: Desk,
    key: CoinbaseKey,
    clock: Clock,
}

impl Coinbase {
    pub(super) fn new(desk: Desk, key: CoinbaseKey) -> Self {
        Self {
            desk,
            key,
            clock: Clock::new(),
        }
    }

    fn encoder(&self, instruments: &[Instrument]) -> Result<Encoder, LiveError> {
        let dialect = self.desk.dialect(Dialect::Coinbase, instruments.to_vec())?;
        let signer = Box::new(self.key.clone());
        Encoder::try_new(&self.desk.host, signer, dialect)
            .map_err(|error| LiveError::Config(format!("`venue.trading_url`: {error}")))
    }

    fn owned(&self, wire: &mut Wire) -> Result<Purse, LiveError> {
        let mut encoder = self.encoder(&[])?;
        let (mut purse, mut cursor) = (Purse::default(), Vec::new());
        loop {
            let mut make = |out: &mut Vec<u8>| {
                made(encoder.encode_accounts(self.clock.now(), &cursor, out));
            };
            let (found, next) = self.ask(wire, &mut make, "the account", &|body| {
                decode_accounts(body)
                    .map_err(|error| LiveError::Venue(format!("the venue's accounts: {error}")))
            })?;
            purse.extend(found);
            if next.is_empty() {
                return Ok(purse);
            }
            cursor = next;
        }
    }

    fn products(&self, wire: &mut Wire, symbols: &[&str]) -> Result<Vec<Product>, LiveError> {
        let mut encoder = self.encoder(&[])?;
        let mut make = |out: &mut Vec<u8>| {
            made(encoder.encode_products(self.clock.now(), symbols, out));
        };
        self.ask(wire, &mut make, "the instruments", &|body| {
            decode_products(body)
                .map_err(|error| LiveError::Venue(format!("the venue's products: {error}")))
        })
    }

    /// Asks something with a token; once more by the venue's time, when it was refused.
    fn ask<T>(
        &self,
        wire: &mut Wire,
        make: &mut dyn FnMut(&mut Vec<u8>),
        about: &str,
        read: Read<'_, T>,
    ) -> Result<T, LiveError> {
        match wire.try_ask(make, about, &read) {
            Err(Failure::WrongTime(_)) => self.correct_clock(wire)?,
            other => return other.map_err(Failure::into_error),
        }
        wire.ask(make, about, read)
    }

    /// Takes the venue's time, for every encoder: a token by our own was refused.
    fn correct_clock(&self, wire: &mut Wire) -> Result<(), LiveError> {
        let mut encoder = self.encoder(&[])?;
        let mut ask_time = |out: &mut Vec<u8>| encoder.encode_time(out);
        let offset_ns = coins::venue_offset(wire, self.clock, &mut ask_time, decode_time)?;
        encoder.set_offset(offset_ns);
        Ok(())
    }
}

impl Questions for Coinbase {
    fn account(&mut self, wire: &mut Wire) -> Result<Account, LiveError> {
        let mut encoder = self.encoder(&[])?;
        let mut make = |out: &mut Vec<u8>| made(encoder.encode_rights(self.clock.now(), out));
        let rights = self.ask(wire, &mut make, "the key", &|body| {
            decode_rights(body)
                .map_err(|error| LiveError::Venue(format!("the rights of the key: {error}")))
        })?;
        if !rights.trade {
            return Err(LiveError::Config(
                "the key may not trade: give it the permission `trade`, and not `transfer`"
                    .to_string(),
            ));
        }
        Ok(Account {
            number: rights.portfolio,
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
        let products = self.products(wire, &names)?;
        let renamed =
            |one: &&Product| names.contains(&one.symbol.as_str()) && !one.alias_is_known();
        if let Some(other) = products.iter().find(renamed) {
            return Err(LiveError::Config(format!(
                "`{}` is another name of `{}`: write that into `run.symbols`",
                other.symbol, other.alias
            )));
        }
        all_listed(symbols, ONLINE, |symbol| {
            let product = products.iter().find(|product| product.symbol == symbol)?;
            Some((&product.status, product.spec(Dialect::Coinbase.name())))
        })
    }

    fn cancel_open(
        &mut self,
        wire: &mut Wire,
        instruments: &[Instrument],
    ) -> Result<usize, LiveError> {
        let mut encoder = self.encoder(instruments)?;
        let dialect = encoder.dialect().clone();
        let clock = self.clock;
        let mut own = Vec::new();
        for live in [Live::Moving, Live::Open] {
            let mut cursor = Vec::new();
            loop {
                let mut make = |out: &mut Vec<u8>| {
                    made(encoder.encode_live_orders(clock.now(), (live, &cursor), out));
                };
                let page = self.ask(wire, &mut make, "the open orders", &|body| {
                    let page = decode_orders(&dialect, body);
                    let page = page.and_then(|page| page.wrong.map_or(Ok(page), Err));
                    page.map_err(|error| {
                        LiveError::Venue(format!("the venue's list of orders: {error}"))
                    })
                })?;
                let orders = page.orders.iter().map(|(order, _)| order);
                let ours = orders.filter(|one| one.client_order_id.sequence > 0);
                own.extend(ours.map(|order| order.venue_order_id));
                if page.cursor.is_empty() || page.rows == 0 {
                    break;
                }
                cursor = page.cursor;
            }
        }
        own.sort_unstable();
        own.dedup();
        for ids in own.chunks(CANCELS_MAX) {
            let mut make = |out: &mut Vec<u8>| {
                made(encoder.encode_cancels(clock.now(), ids, out));
            };
            // One that is refused is over, or seen again by the next look.
            self.ask(wire, &mut make, "a cancel", &|_| Ok(()))?;
        }
        Ok(own.len())
    }

    fn held(
        &mut self,
        wire: &mut Wire,
        instruments: &[Instrument],
    ) -> Result<Vec<Held>, LiveError> {
        let purse = self.owned(wire)?;
        let mut encoder = self.encoder(instruments)?;
        let symbols = encoder.dialect().symbols.clone();
        let owned = |listing: &Listing| purse.owned(base_of(listing));
        let clock = self.clock;
        let make = |listing: &Listing, out: &mut Vec<u8>| {
            made(encoder.encode_price(clock.now(), listing, out));
        };
        coins::held(wire, &symbols, owned, make, decode_price)
    }

    fn send(
        &mut self,
        wire: &mut Wire,
        instruments: &[Instrument],
        order: &NewOrder,
    ) -> Result<(), LiveError> {
        let mut encoder = self.encoder(instruments)?;
        let clock = self.clock;
        let send = |encoder: &mut Encoder, wire: &mut Wire| {
            let mut request = Vec::new();
            let encoded = encoder.encode_new(clock.now(), order, &mut request);
            encoded
                .map_err(|refusal| Failure::Final(LiveError::Venue(refusal.text.to_string())))?;
            wire.ask_once(&request, "a closing order", &read_taken)
        };
        match send(&mut encoder, wire) {
            Err(Failure::WrongTime(_)) => {
                self.correct_clock(wire)?;
                send(&mut encoder, wire).map_err(Failure::into_error)
            }
            other => other.map_err(Failure::into_error),
        }
    }
}

/// An order was taken when the answer says so: the status alone says nothing.
fn read_taken(body: &[u8]) -> Result<(), LiveError> {
    let answer = Answer::decode(body);
    match answer.as_ref().map(Answer::worked) {
        Ok(Ok(true)) => Ok(()),
        _ => {
            let reasons = answer.map(|answer| answer.reasons()).unwrap_or_default();
            let words = reasons.iter().map(|word| String::from_utf8_lossy(word));
            let words = words.collect::<Vec<_>>().join(", ");
            Err(LiveError::Venue(format!(
                "the venue refuses a closing order: {words}"
            )))
        }
    }
}

/// Reads the status; a token that is refused may only be one by a clock that goes wrong.
pub(super) fn judge(response: &Response<'_>, about: &str) -> Result<(), Failure> {
    let judged = super::judge(response, about);
    let refused = match judged {
        Err(Failure::Final(error)) => error,
        other => return other,
    };
    match response.status {
        401 => Err(Failure::WrongTime(LiveError::Venue(
            "the venue refuses the key: check `venue.key_env` and `venue.secret_env`, and that \
             the key is one of Advanced Trade and not revoked"
                .to_string(),
        ))),
        // A page of a gateway, not the venue's word.
        403 if error_of(response.body).is_none() => Err(Failure::Passing(refused)),
        _ => Err(Failure::Final(refused)),
    }
}
