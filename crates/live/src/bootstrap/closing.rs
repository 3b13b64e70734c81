//! What a switch without a session asks for: what is held and at which price, and closing orders.

use py_rt_types::{AccountReport, Decimal, Instrument, InstrumentId, NewOrder, Qty};
use py_rt_venues::alpaca::rest::decode_positions;
use py_rt_venues::alpaca::Dialect;
use py_rt_venues::json::{Scanner, Slot};

use super::{Bootstrap, LiveError};

/// An instrument that is held, how much, and the venue's price of it.
type Held = (InstrumentId, Qty, Decimal);

impl Bootstrap {
    /// What the account holds of these instruments, with the venue's own price of each.
    ///
    /// # Errors
    /// [`LiveError`] when the venue could not be asked or its answer is not understood.
    pub fn held(&mut self, instruments: &[Instrument]) -> Result<Vec<Held>, LiveError> {
        let mut encoder = self.encoder_for(instruments.to_vec())?;
        let dialect = encoder.dialect().clone();
        let mut request = Vec::new();
        encoder.encode_positions(&mut request);
        self.ask(&request, "the positions", |body| {
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

    /// Sends an order, once: whether it arrived is seen in what is held.
    ///
    /// # Errors
    /// [`LiveError`] when the venue refuses it or does not answer.
    pub fn send(&mut self, instruments: &[Instrument], order: &NewOrder) -> Result<(), LiveError> {
        let mut encoder = self.encoder_for(instruments.to_vec())?;
        let mut request = Vec::new();
        encoder
            .encode_new(order, &mut request)
            .map_err(|refusal| LiveError::Venue(refusal.text.to_string()))?;
        let sent = self.ask_once(&request, "a closing order", &|_| Ok(()));
        sent.map_err(super::Failure::into_error)
    }
}

/// `symbol` and `current_price` of each row; a price of zero where it cannot be read.
fn current_prices(dialect: &Dialect, body: &[u8]) -> Option<Vec<(InstrumentId, Decimal)>> {
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
