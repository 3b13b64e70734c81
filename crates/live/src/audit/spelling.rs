//! Numbers of a session as a person reads them: symbols, decimal prices, order ids.

use py_rt_kernel::journal::Header;
use py_rt_types::{
    ClientOrderId, ExecId, Instrument, InstrumentId, Money, Price, Qty, Side, VenueOrderId,
};
use py_rt_venues::Lineage;

use super::Value;
use crate::dialect::Dialect;
use crate::store::exact_text;

/// What the numbers of a session mean.
#[derive(Debug, Clone)]
pub struct Spelling {
    lineage: Option<Lineage>,
    instruments: Vec<Instrument>,
}

impl Spelling {
    /// Of the session with this header.
    #[must_use]
    pub fn new(header: &Header) -> Self {
        Self {
            lineage: Lineage::parse(&header.lineage),
            instruments: header.kernel.instruments.clone(),
        }
    }

    /// An instrument of the run.
    #[must_use]
    pub fn instrument(&self, id: InstrumentId) -> Option<&Instrument> {
        self.instruments.get(id.index())
    }

    pub(super) fn symbol(&self, id: InstrumentId) -> Value {
        let known = self.instrument(id).map(|one| one.symbol().to_string());
        Value::Text(known.unwrap_or_else(|| format!("#{}", id.0)))
    }

    pub(super) fn price(&self, id: InstrumentId, price: Price) -> Value {
        let decimal = self.instrument(id).map(|one| one.price_decimal(price));
        match decimal {
            Some(Ok(decimal)) => Value::Text(decimal.to_string()),
            _ => Value::Int(price.0),
        }
    }

    pub(super) fn qty(&self, id: InstrumentId, qty: Qty) -> Value {
        let decimal = self.instrument(id).map(|one| one.qty_decimal(qty));
        match decimal {
            Some(Ok(decimal)) => Value::Text(decimal.to_string()),
            _ => Value::Int(qty.0),
        }
    }

    pub(super) fn venue_id(&self, id: VenueOrderId) -> Option<Value> {
        (id.0 != 0).then(|| Value::Text(self.venue_id_text(id)))
    }

    /// The venue's id of an order, as it writes it.
    #[must_use]
    pub fn venue_id_text(&self, id: VenueOrderId) -> String {
        Dialect::of(&self.instruments).order_text(id)
    }

    pub(super) fn exec_id(&self, id: InstrumentId, exec: ExecId) -> Value {
        let symbol = self.instrument(id).map_or("", Instrument::symbol);
        Value::Text(Dialect::of(&self.instruments).exec_text(symbol, exec))
    }

    /// An order id as the venue is told it; `foreign` for one that is not ours.
    #[must_use]
    pub fn order_id(&self, id: ClientOrderId) -> String {
        let Some(lineage) = self.lineage.filter(|_| id != ClientOrderId::FOREIGN) else {
            return "foreign".to_string();
        };
        let mut text = Vec::new();
        lineage.encode_id(id, &mut text);
        String::from_utf8_lossy(&text).into_owned()
    }
}

pub(super) fn money(value: Money) -> Value {
    Value::Text(exact_text(value))
}

pub(super) const fn side(side: Side) -> Value {
    Value::Word(match side {
        Side::Buy => "buy",
        Side::Sell => "sell",
    })
}
