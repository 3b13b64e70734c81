//! Order requests: JSON numbers or text, read as exact decimals from what was written.

use std::collections::BTreeMap;

use py_rt_types::{Decimal, Side};
use serde_json::value::RawValue;

use crate::answer::Refusal;
use crate::order::{Class, Kind, Tif, Trail};

/// The fields of a JSON object, each as it was written.
pub(crate) struct Fields(BTreeMap<String, Box<RawValue>>);

impl Fields {
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Refusal> {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self(BTreeMap::new()));
        }
        serde_json::from_slice(body)
            .map(Self)
            .map_err(|_| Refusal::malformed("request body format is invalid"))
    }

    fn raw(&self, name: &str) -> Option<&str> {
        let text = self.0.get(name)?.get();
        (text != "null").then_some(text)
    }

    /// A text, or a number as it was written. Empty text is no value.
    pub(crate) fn text(&self, name: &str) -> Result<Option<String>, Refusal> {
        let Some(raw) = self.raw(name) else {
            return Ok(None);
        };
        let text = match raw.as_bytes().first() {
            Some(b'"') => serde_json::from_str::<String>(raw)
                .map_err(|_| Refusal::malformed(format!("{name} is not a text")))?,
            Some(b'{' | b'[') => {
                return Err(Refusal::malformed(format!("{name} is not a single value")))
            }
            _ => raw.to_owned(),
        };
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    /// The fields of a value that is an object.
    fn object(&self, name: &str) -> Result<Option<Self>, Refusal> {
        let Some(raw) = self.raw(name) else {
            return Ok(None);
        };
        let bad = |_| Refusal::malformed(format!("{name} is not an object"));
        serde_json::from_str(raw).map(Self).map(Some).map_err(bad)
    }

    pub(crate) fn decimal(&self, name: &str) -> Result<Option<Decimal>, Refusal> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        let bad = |_| Refusal::malformed(format!("invalid {name} {text}: not a number"));
        Decimal::parse(&text).map(Some).map_err(bad)
    }

    /// A number above zero.
    pub(crate) fn positive(&self, name: &str) -> Result<Option<Decimal>, Refusal> {
        match self.decimal(name)? {
            Some(value) if value.mantissa() <= 0 => {
                Err(Refusal::malformed(format!("{name} must be > 0")))
            }
            value => Ok(value),
        }
    }

    pub(crate) fn flag(&self, name: &str) -> Result<bool, Refusal> {
        match self.raw(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(Refusal::malformed(format!("{name} must be true or false"))),
        }
    }

    fn word<T>(
        &self,
        name: &'static str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, Refusal> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        let bad = || Refusal::malformed(format!("invalid {name} {text}"));
        read(&text).map(Some).ok_or_else(bad)
    }

    pub(crate) fn tif(&self) -> Result<Option<Tif>, Refusal> {
        let name = "time_in_force";
        match self.text(name)?.as_deref() {
            Some("opg" | "cls") => {
                let message = "auction orders (opg, cls) are not supported by this paper venue";
                Err(Refusal::invalid(message))
            }
            _ => self.word(name, Tif::parse),
        }
    }

    pub(crate) fn client_order_id(&self) -> Result<Option<String>, Refusal> {
        match self.text("client_order_id")? {
            Some(id) if id.chars().count() > 128 => Err(Refusal::malformed(
                "client_order_id must be at most 128 characters",
            )),
            id => Ok(id),
        }
    }
}

/// A request for a new order.
#[derive(Debug, Clone)]
pub(crate) struct Ticket {
    pub(crate) symbol: String,
    pub(crate) side: Side,
    pub(crate) kind: Kind,
    pub(crate) tif: Tif,
    pub(crate) qty: Option<Decimal>,
    pub(crate) notional: Option<Decimal>,
    pub(crate) limit_price: Option<Decimal>,
    pub(crate) stop_price: Option<Decimal>,
    pub(crate) trail: Option<Trail>,
    pub(crate) extended_hours: bool,
    pub(crate) client_order_id: Option<String>,
    pub(crate) class: Class,
    pub(crate) take_profit: Option<Decimal>,
    /// Stop price, and the limit behind it.
    pub(crate) stop_loss: Option<(Decimal, Option<Decimal>)>,
}

/// The ways out that an order brings along.
struct Exits {
    take_profit: Option<Decimal>,
    stop_loss: Option<(Decimal, Option<Decimal>)>,
}

impl Exits {
    fn parse(fields: &Fields) -> Result<Self, Refusal> {
        let missing = |name: &str| Refusal::malformed(format!("{name} is required"));
        let take_profit = match fields.object("take_profit")? {
            None => None,
            Some(profit) => {
                let limit = profit.positive("limit_price")?;
                Some(limit.ok_or_else(|| missing("take_profit.limit_price"))?)
            }
        };
        let stop_loss = match fields.object("stop_loss")? {
            None => None,
            Some(loss) => {
                let stop = loss.positive("stop_price")?;
                let stop = stop.ok_or_else(|| missing("stop_loss.stop_price"))?;
                Some((stop, loss.positive("limit_price")?))
            }
        };
        Ok(Self {
            take_profit,
            stop_loss,
        })
    }
}

impl Ticket {
    /// An order that ends a position.
    pub(crate) fn closing(symbol: &str, side: Side, qty: Decimal, tif: Tif) -> Self {
        Self {
            symbol: symbol.to_owned(),
            side,
            kind: Kind::Market,
            tif,
            qty: Some(qty),
            notional: None,
            limit_price: None,
            stop_price: None,
            trail: None,
            extended_hours: false,
            client_order_id: None,
            class: Class::Simple,
            take_profit: None,
            stop_loss: None,
        }
    }

    pub(crate) fn parse(body: &[u8]) -> Result<Self, Refusal> {
        let fields = Fields::parse(body)?;
        let required = |name: &str| Refusal::malformed(format!("{name} is required"));
        let class = match fields.text("order_class")?.as_deref() {
            Some("mleg") => {
                let message = "order_class mleg is not supported by this paper venue";
                return Err(Refusal::invalid(message));
            }
            _ => fields.word("order_class", Class::parse)?,
        };
        let exits = Exits::parse(&fields)?;
        let side = |text: &str| match text {
            "buy" => Some(Side::Buy),
            "sell" => Some(Side::Sell),
            _ => None,
        };
        let ticket = Self {
            symbol: fields.text("symbol")?.ok_or_else(|| required("symbol"))?,
            side: fields.word("side", side)?.ok_or_else(|| required("side"))?,
            kind: fields
                .word("type", Kind::parse)?
                .ok_or_else(|| required("type"))?,
            tif: fields.tif()?.ok_or_else(|| required("time_in_force"))?,
            qty: fields.positive("qty")?,
            notional: fields.positive("notional")?,
            limit_price: fields.positive("limit_price")?,
            stop_price: fields.positive("stop_price")?,
            trail: read_trail(&fields)?,
            extended_hours: fields.flag("extended_hours")?,
            client_order_id: fields.client_order_id()?,
            class: class.unwrap_or(Class::Simple),
            take_profit: exits.take_profit,
            stop_loss: exits.stop_loss,
        };
        ticket.check_class()?;
        ticket.check_shape()?;
        Ok(ticket)
    }

    /// Every class has its ways out and no others.
    fn check_class(&self) -> Result<(), Refusal> {
        let exits = usize::from(self.take_profit.is_some()) + usize::from(self.stop_loss.is_some());
        let name = self.class.name();
        let bad = |text: &str| Err(Refusal::malformed(format!("{name} orders {text}")));
        match (self.class, exits) {
            (Class::Simple, 0) => return Ok(()),
            (Class::Simple, _) => {
                let message = "take_profit and stop_loss need an order_class";
                return Err(Refusal::malformed(message));
            }
            (Class::Oto, 1) | (Class::Bracket | Class::Oco, 2) => {}
            (Class::Oto, _) => return bad("require one of take_profit and stop_loss"),
            _ => return bad("require take_profit and stop_loss"),
        }
        let kinds = match self.class {
            Class::Oco => self.kind == Kind::Limit,
            _ => matches!(self.kind, Kind::Market | Kind::Limit),
        };
        if !kinds {
            return bad("cannot be of this type");
        }
        if self.extended_hours || !matches!(self.tif, Tif::Day | Tif::Gtc) {
            return bad("must be day or gtc orders without extended hours");
        }
        if self.notional.is_some() {
            return bad("require qty");
        }
        Ok(())
    }

    /// Every type has its prices and no others.
    fn check_shape(&self) -> Result<(), Refusal> {
        let kind = self.kind;
        match (self.qty, self.notional) {
            (None, None) => return Err(Refusal::malformed("qty or notional is required")),
            (Some(_), Some(_)) => {
                return Err(Refusal::malformed(
                    "only one of qty or notional is accepted",
                ))
            }
            (None, Some(_)) if kind != Kind::Market => {
                return Err(Refusal::invalid("notional orders must be market orders"))
            }
            _ => {}
        }
        let trailing = kind == Kind::TrailingStop;
        // The limit of an OCO is where it takes its profit.
        let has_limit = self.limit_price.is_some() || self.class == Class::Oco;
        let wanted = [
            ("limit_price", kind.has_limit(), has_limit),
            ("stop_price", kind.has_stop(), self.stop_price.is_some()),
            (
                "trail_price or trail_percent",
                trailing,
                self.trail.is_some(),
            ),
        ];
        for (name, needed, given) in wanted {
            if needed != given {
                let (verb, type_name) = (if needed { "require" } else { "must not have" }, kind);
                let message = format!("{} orders {verb} {name}", type_name.name());
                return Err(Refusal::malformed(message));
            }
        }
        Ok(())
    }
}

fn read_trail(fields: &Fields) -> Result<Option<Trail>, Refusal> {
    match (
        fields.positive("trail_price")?,
        fields.positive("trail_percent")?,
    ) {
        (Some(_), Some(_)) => Err(Refusal::malformed(
            "only one of trail_price or trail_percent is accepted",
        )),
        (Some(price), None) => Ok(Some(Trail::Price(price))),
        (None, Some(percent)) => Ok(Some(Trail::Percent(percent))),
        (None, None) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: &str) -> Result<Ticket, Refusal> {
        Ticket::parse(body.as_bytes())
    }

    #[test]
    fn numbers_and_text_are_the_same_exact_decimals() {
        let head = r#"{"symbol":"BTC/USD","side":"buy","type":"limit","time_in_force":"gtc","#;
        for tail in [
            r#""qty":0.1,"limit_price":50000.0}"#,
            r#""qty":"0.10","limit_price":"50000"}"#,
            r#""qty":1e-1,"limit_price":5E4,"notional":null,"order_class":""}"#,
        ] {
            let ticket = parse(&format!("{head}{tail}")).unwrap();
            assert_eq!(ticket.qty, Some(Decimal::parse("0.1").unwrap()));
            assert_eq!(ticket.limit_price, Some(Decimal::parse("50000").unwrap()));
        }
    }

    #[test]
    fn what_is_missing_or_too_much_is_named() {
        let cases = [
            ("[]", "request body"),
            ("", "symbol is required"),
            (r#"{"symbol":"A","side":"up"}"#, "invalid side up"),
            (
                r#"{"symbol":"A","side":"buy","type":"market","time_in_force":"day"}"#,
                "qty or",
            ),
            (
                r#"{"symbol":"A","side":"buy","type":"limit","time_in_force":"day","qty":1}"#,
                "limit orders require limit_price",
            ),
            (
                r#"{"symbol":"A","side":"buy","type":"market","time_in_force":"day","qty":-1}"#,
                "qty must be > 0",
            ),
            (
                r#"{"symbol":"A","side":"buy","type":"market","time_in_force":"day","qty":"x"}"#,
                "invalid qty x",
            ),
        ];
        for (body, words) in cases {
            let refusal = parse(body).unwrap_err();
            assert!(
                refusal.message.contains(words),
                "{body}: {}",
                refusal.message
            );
            assert_eq!((refusal.status, refusal.code), (422, 40_010_001));
        }
    }
}
