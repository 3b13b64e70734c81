//! The questions in Alpaca's words, which the bridge to Interactive Brokers answers too.

use py_rt_types::{
    AccountReport, AssetClass, ClientOrderId, Decimal, Instrument, InstrumentId, NewOrder,
};
use py_rt_venues::alpaca::rest::{decode_asset, decode_orders, decode_positions};
use py_rt_venues::alpaca::Encoder;
use py_rt_venues::json::{Scanner, Slot};

use super::{nameplate, whole, Account, Desk, Failure, Held, Questions, Wire};
use crate::dialect::Dialect;
use crate::error::LiveError;

/// Rows of a full page of orders.
const PAGE_ROWS: usize = 500;
/// The first letters of a paper account's number, at Alpaca and at Interactive Brokers.
const PAPER_PREFIX: &str = "PA";
const TWS_PAPER_PREFIX: &str = "DU";

/// See the module.
#[derive(Debug)]
pub(super) struct Alpaca {
    pub(super) desk: Desk,
    pub(super) venue: Dialect,
}

impl Alpaca {
    fn encoder(&self, symbols: &[String]) -> Result<Encoder, LiveError> {
        let named = symbols
            .iter()
            .map(|one| Instrument::try_new(nameplate(self.venue, one)));
        let named: Vec<_> = named
            .collect::<Result<_, _>>()
            .map_err(|error| LiveError::Config(error.to_string()))?;
        self.encoder_for(named)
    }

    fn encoder_for(&self, instruments: Vec<Instrument>) -> Result<Encoder, LiveError> {
        let dialect = self.desk.dialect(self.venue, instruments)?;
        Encoder::try_new(&self.desk.host, &self.desk.credentials, dialect)
            .map_err(|error| LiveError::Config(format!("key or secret: {error}")))
    }
}

impl Questions for Alpaca {
    fn account(&mut self, wire: &mut Wire) -> Result<Account, LiveError> {
        let mut encoder = self.encoder(&[])?;
        let mut make = |out: &mut Vec<u8>| encoder.encode_account(out);
        let number = wire.ask(&mut make, "the account", |body| {
            account_number(body).ok_or_else(|| {
                LiveError::Venue("the venue's account has no `account_number`".to_string())
            })
        })?;
        let paper = match self.venue {
            // The bridge is on this machine whoever's money it is.
            Dialect::Ib => number.starts_with(TWS_PAPER_PREFIX),
            _ => wire.url.is_loopback() || number.starts_with(PAPER_PREFIX),
        };
        Ok(Account { number, paper })
    }

    fn instruments(
        &mut self,
        wire: &mut Wire,
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
            let mut make = |out: &mut Vec<u8>| out.extend_from_slice(&request);
            let asset = wire.ask(&mut make, symbol, |body| {
                decode_asset(body).map_err(|error| {
                    LiveError::Venue(format!("the venue's answer about `{symbol}`: {error}"))
                })
            })?;
            if !asset.tradable {
                return Err(LiveError::Config(format!(
                    "the venue does not trade `{symbol}` now: take it out of `run.symbols`"
                )));
            }
            let mut spec = asset.spec(self.venue.name());
            if spec.asset_class == AssetClass::Equity && !fractional {
                spec.lot_size = whole();
            }
            found.push(Instrument::try_new(spec).map_err(|error| {
                LiveError::Venue(format!("the venue's `{symbol}` cannot be traded: {error}"))
            })?);
        }
        Ok(found)
    }

    fn cancel_open(
        &mut self,
        wire: &mut Wire,
        instruments: &[Instrument],
    ) -> Result<usize, LiveError> {
        let mut encoder = self.encoder_for(instruments.to_vec())?;
        let dialect = encoder.dialect().clone();
        let mut after: Option<Vec<u8>> = None;
        let mut found = 0;
        loop {
            let mut make = |out: &mut Vec<u8>| encoder.encode_open_orders(after.as_deref(), out);
            let (page, orders) = wire.ask(&mut make, "the open orders", |body| {
                let mut orders = Vec::new();
                let page = decode_orders(&dialect, body, &mut orders).map_err(|error| {
                    LiveError::Venue(format!("the venue's list of orders: {error}"))
                })?;
                Ok((page, orders))
            })?;
            let foreign = ClientOrderId::FOREIGN;
            for order in orders.iter().filter(|one| one.client_order_id != foreign) {
                found += 1;
                let mut make = |out: &mut Vec<u8>| encoder.encode_cancel(order.venue_order_id, out);
                match wire.ask(&mut make, "a cancel", |_| Ok(())) {
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

    fn held(
        &mut self,
        wire: &mut Wire,
        instruments: &[Instrument],
    ) -> Result<Vec<Held>, LiveError> {
        let mut encoder = self.encoder_for(instruments.to_vec())?;
        let dialect = encoder.dialect().clone();
        let mut make = |out: &mut Vec<u8>| encoder.encode_positions(out);
        wire.ask(&mut make, "the positions", |body| {
            let wrong =
                |what: String| LiveError::Venue(format!("the venue's list of positions: {what}"));
            let mut reports = Vec::new();
            let page = decode_positions(&dialect, body, &mut reports);
            let page = page.map_err(|error| wrong(error.to_string()))?;
            if let Some(malformed) = page.malformed {
                return Err(wrong(malformed.to_string()));
            }
            let prices = current_prices(&dialect, body);
            let prices = prices.ok_or_else(|| wrong("no prices".to_string()))?;
            Ok(reports
                .iter()
                .filter_map(|report| match report {
                    AccountReport::Position {
                        instrument, qty, ..
                    } if qty.0 != 0 => {
                        let price = prices.iter().find(|row| row.0 == *instrument)?;
                        Some((*instrument, *qty, price.1))
                    }
                    _ => None,
                })
                .collect())
        })
    }

    fn send(
        &mut self,
        wire: &mut Wire,
        instruments: &[Instrument],
        order: &NewOrder,
    ) -> Result<(), LiveError> {
        let mut encoder = self.encoder_for(instruments.to_vec())?;
        let mut request = Vec::new();
        encoder
            .encode_new(order, &mut request)
            .map_err(|refusal| LiveError::Venue(refusal.text.to_string()))?;
        let sent = wire.ask_once(&request, "a closing order", &|_| Ok(()));
        sent.map_err(Failure::into_error)
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

/// `symbol` and `current_price` of each row; a price of zero where it cannot be read.
fn current_prices(
    dialect: &py_rt_venues::Dialect,
    body: &[u8],
) -> Option<Vec<(InstrumentId, Decimal)>> {
    let mut found = Vec::new();
    let mut scanner = Scanner::new(body);
    scanner.begin_array().ok()?;
    while scanner.next_element().ok()? {
        let [mut symbol, mut price] = [Slot::default(); 2];
        scanner.begin_object().ok()?;
        while let Some(name) = scanner.next_key().ok()? {
            match name {
                b"symbol" => symbol.fill(&mut scanner).ok()?,
                b"current_price" => price.fill(&mut scanner).ok()?,
                _ => scanner.skip().ok()?,
            }
        }
        let Some(listing) = dialect.symbols.find(&symbol.required_text("symbol").ok()?) else {
            continue;
        };
        let text = price.digits("current_price").ok().flatten();
        let text = text.map(|text| String::from_utf8_lossy(text).into_owned());
        let price = text.and_then(|text| Decimal::parse(&text).ok());
        found.push((listing.id(), price.unwrap_or(Decimal::ZERO)));
    }
    Some(found)
}
