//! Requests: what the kernel asks, each with a token of its own.
//!
//! Source: Coinbase, "Advanced Trade REST API": orders, accounts, products.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use py_rt_types::{
    CancelOrder, ClientOrderId, InstrumentId, NewOrder, OrderType, RejectReason, ReplaceOrder,
    Side, TimeInForce, UnixNanos, VenueOrderId,
};

use crate::alpaca::ids::encode_uuid;
use crate::alpaca::time::encode_instant;
use crate::coinbase::fills::Told;
use crate::coinbase::ids::first_of;
use crate::coinbase::rules::{supports, supports_replace};
use crate::coinbase::sign::{Sign, LIFETIME_S};
use crate::dialect::{Credentials, Dialect};
use crate::http::{encode_query_value, BadHeader, Method, RequestEncoder};
use crate::requests::terms::{push_price, push_qty, NOT_LISTED};
use crate::requests::{Order, Refusal};
use crate::symbols::Listing;

/// How long the token of an order lives, in seconds: an order that is stuck on its way is refused
/// then, so that "no such order" means something.
const ORDER_LIFETIME_S: u32 = 10;
/// Rows of a page of orders.
const ORDERS_PAGE: &str = "&limit=100";
/// Rows of a page of fills and of accounts.
const PAGE: &str = "&limit=250";
/// Orders whose ids at the venue are remembered.
const KNOWN_MAX: usize = 4096;
/// Orders that one cancel may name.
pub const CANCELS_MAX: usize = 100;

/// Which orders a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Live {
    /// Those on their way into the book, or on their way out: the venue's filter `OPEN` hides them.
    #[default]
    Moving,
    /// Those that rest.
    Open,
}

/// Makes requests to one host under one key.
#[derive(Debug)]
pub struct Encoder {
    http: RequestEncoder,
    host: String,
    signer: Box<dyn Sign>,
    dialect: Dialect,
    known: BTreeMap<u64, VenueOrderId>,
    pub(super) told: Told,
}

impl Encoder {
    /// An encoder for `host` (with its port, as the `Host` header says it).
    ///
    /// # Errors
    /// [`BadHeader`] when the host cannot stand in a header: place 0.
    pub fn try_new(host: &str, signer: Box<dyn Sign>, dialect: Dialect) -> Result<Self, BadHeader> {
        let headers = [
            ("Accept", "application/json"),
            ("Cache-Control", "no-cache"),
        ];
        Ok(Self {
            http: RequestEncoder::try_new(host, &headers)?,
            // Tokens name the host without the port that nobody writes.
            host: host.strip_suffix(":443").unwrap_or(host).into(),
            signer,
            dialect,
            known: BTreeMap::new(),
            told: Told::default(),
        })
    }

    /// Whose orders and which instruments this is about.
    #[must_use]
    pub const fn dialect(&self) -> &Dialect {
        &self.dialect
    }

    /// The venue's clock less ours, from now on.
    pub fn set_offset(&mut self, offset_ns: i64) {
        self.signer.correct(offset_ns);
    }

    /// The venue's id of an order of ours, where an answer has told it.
    pub(super) fn known(&self, id: ClientOrderId) -> Option<VenueOrderId> {
        self.known.get(&id.sequence).copied()
    }

    /// Remembers the venue's id of an order.
    pub(super) fn note(&mut self, id: ClientOrderId, venue_order_id: VenueOrderId) {
        if id == ClientOrderId::FOREIGN || venue_order_id.0 == 0 {
            return;
        }
        if self.known.len() >= KNOWN_MAX {
            self.known.pop_first();
        }
        self.known.insert(id.sequence, venue_order_id);
    }

    pub(super) fn note_order(&mut self, order: &Order) {
        self.note(order.client_order_id, order.venue_order_id);
    }

    /// Appends a new order.
    ///
    /// # Errors
    /// [`Refusal`] when Coinbase cannot take it, its instrument is not in the table or there is no
    /// token; nothing is appended then.
    pub fn encode_new(
        &mut self,
        now: UnixNanos,
        order: &NewOrder,
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let symbols = self.dialect.symbols.clone();
        let listing = symbols.listing(order.instrument).ok_or(NOT_LISTED)?;
        supports(order, listing.instrument())?;
        let mut body = b"{\"client_order_id\":\"".to_vec();
        let id = first_of(order.client_order_id);
        self.dialect.lineage.encode_id(id, &mut body);
        body.extend_from_slice(b"\",\"product_id\":");
        Credentials::push_json(listing.instrument().symbol(), &mut body);
        body.extend_from_slice(match order.side {
            Side::Buy => b",\"side\":\"BUY\",\"order_configuration\":{\"",
            Side::Sell => b",\"side\":\"SELL\",\"order_configuration\":{\"",
        });
        body.extend_from_slice(match (order.order_type, order.tif) {
            (OrderType::Market, _) => b"market_market_ioc",
            (OrderType::Stop, _) => b"stop_limit_stop_limit_gtc",
            (_, TimeInForce::Ioc) => b"sor_limit_ioc",
            (_, TimeInForce::Fok) => b"limit_limit_fok",
            _ => b"limit_limit_gtc",
        });
        body.extend_from_slice(b"\":{\"base_size\":\"");
        push_qty(listing, order.order_qty, &mut body)?;
        if let Some(price) = order.limit_price {
            body.extend_from_slice(b"\",\"limit_price\":\"");
            push_price(listing, price, &mut body)?;
        }
        if let Some(price) = order.stop_price {
            body.extend_from_slice(b"\",\"stop_price\":\"");
            push_price(listing, price, &mut body)?;
            body.extend_from_slice(match order.side {
                Side::Buy => b"\",\"stop_direction\":\"STOP_DIRECTION_STOP_UP",
                Side::Sell => b"\",\"stop_direction\":\"STOP_DIRECTION_STOP_DOWN",
            });
        }
        body.push(b'"');
        if order.order_type == OrderType::Limit && order.tif == TimeInForce::Gtc {
            body.extend_from_slice(match order.post_only {
                true => b",\"post_only\":true",
                false => b",\"post_only\":false",
            });
        }
        body.extend_from_slice(b"}}}");
        self.send(now, Call::order("orders", &body), out)
    }

    /// Appends an edit, which keeps the order, its ids and what was executed. It names the whole
    /// quantity: nothing can be executed twice.
    ///
    /// # Errors
    /// As [`Encoder::encode_new`].
    pub fn encode_replace(
        &mut self,
        now: UnixNanos,
        order: &ReplaceOrder,
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let symbols = self.dialect.symbols.clone();
        let listing = symbols.listing(order.instrument).ok_or(NOT_LISTED)?;
        supports_replace(order, listing.instrument())?;
        let mut body = b"{\"order_id\":\"".to_vec();
        encode_uuid(order.venue_order_id.0, &mut body);
        if let Some(price) = order.limit_price {
            body.extend_from_slice(b"\",\"price\":\"");
            push_price(listing, price, &mut body)?;
        }
        body.extend_from_slice(b"\",\"size\":\"");
        push_qty(listing, order.order_qty, &mut body)?;
        body.extend_from_slice(b"\"}");
        self.send(now, Call::order("orders/edit", &body), out)
    }

    /// Appends a cancel.
    ///
    /// # Errors
    /// [`Refusal`] when the venue's id of the order is not known, or there is no token.
    pub fn encode_cancel(
        &mut self,
        now: UnixNanos,
        order: &CancelOrder,
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let id = match order.venue_order_id {
            VenueOrderId(0) => self.known(order.client_order_id).ok_or(NOT_KNOWN)?,
            id => id,
        };
        self.encode_cancels(now, &[id], out)
    }

    /// Appends one cancel of at most [`CANCELS_MAX`] orders.
    ///
    /// # Errors
    /// [`Refusal`] when there is no token.
    pub fn encode_cancels(
        &mut self,
        now: UnixNanos,
        ids: &[VenueOrderId],
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let mut body = b"{\"order_ids\":[".to_vec();
        for (place, id) in ids.iter().take(CANCELS_MAX).enumerate() {
            body.extend_from_slice(if place == 0 { b"\"" } else { b",\"" });
            encode_uuid(id.0, &mut body);
            body.push(b'"');
        }
        body.extend_from_slice(b"]}");
        self.send(now, Call::order("orders/batch_cancel", &body), out)
    }

    /// Appends the question for one order by the venue's id.
    ///
    /// # Errors
    /// [`Refusal`] when there is no token.
    pub fn encode_order(
        &mut self,
        now: UnixNanos,
        id: VenueOrderId,
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let mut path = b"orders/historical/".to_vec();
        encode_uuid(id.0, &mut path);
        self.get(now, path, out)
    }

    /// Appends the question for these orders.
    ///
    /// # Errors
    /// [`Refusal`] when there is no token.
    pub fn encode_orders(
        &mut self,
        now: UnixNanos,
        ids: &[VenueOrderId],
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let mut path = b"orders/historical/batch?".to_vec();
        push_ids(ids, &mut path);
        path.extend_from_slice(ORDERS_PAGE.as_bytes());
        self.get(now, path, out)
    }

    /// Appends the question for a page of the orders of an instrument, whatever became of them.
    ///
    /// # Errors
    /// [`Refusal`] when the instrument is not in the table or there is no token.
    pub fn encode_all_orders(
        &mut self,
        now: UnixNanos,
        (instrument, cursor): (InstrumentId, &[u8]),
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let symbols = self.dialect.symbols.clone();
        let listing = symbols.listing(instrument).ok_or(NOT_LISTED)?;
        let mut path = b"orders/historical/batch?".to_vec();
        push_products(&mut [listing].into_iter(), &mut path);
        path.extend_from_slice(ORDERS_PAGE.as_bytes());
        push_cursor(cursor, &mut path);
        self.get(now, path, out)
    }

    /// Appends the question for a page of the orders that live.
    ///
    /// # Errors
    /// [`Refusal`] when there is no token.
    pub fn encode_live_orders(
        &mut self,
        now: UnixNanos,
        (live, cursor): (Live, &[u8]),
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let mut path = b"orders/historical/batch?".to_vec();
        let symbols = self.dialect.symbols.clone();
        push_products(&mut symbols.listings().iter(), &mut path);
        path.extend_from_slice(match live {
            Live::Moving => {
                b"&order_status=PENDING&order_status=QUEUED&order_status=CANCEL_QUEUED\
                  &order_status=EDIT_QUEUED"
            }
            Live::Open => b"&order_status=OPEN",
        });
        path.extend_from_slice(ORDERS_PAGE.as_bytes());
        push_cursor(cursor, &mut path);
        self.get(now, path, out)
    }

    /// Appends the question for a page of fills since a time.
    ///
    /// # Errors
    /// [`Refusal`] when there is no token.
    pub fn encode_fills_since(
        &mut self,
        now: UnixNanos,
        (since, cursor): (UnixNanos, &[u8]),
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let mut path = b"orders/historical/fills?start_sequence_timestamp=".to_vec();
        let mut text = Vec::new();
        encode_instant(since, &mut text);
        encode_query_value(&text, &mut path);
        path.extend_from_slice(PAGE.as_bytes());
        push_cursor(cursor, &mut path);
        self.get(now, path, out)
    }

    /// Appends the question for a page of the fills of these orders.
    ///
    /// # Errors
    /// [`Refusal`] when there is no token.
    pub fn encode_fills_of(
        &mut self,
        now: UnixNanos,
        (ids, cursor): (&[VenueOrderId], &[u8]),
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let mut path = b"orders/historical/fills?".to_vec();
        push_ids(ids, &mut path);
        path.extend_from_slice(PAGE.as_bytes());
        push_cursor(cursor, &mut path);
        self.get(now, path, out)
    }

    /// Appends the question for a page of accounts.
    ///
    /// # Errors
    /// [`Refusal`] when there is no token.
    pub fn encode_accounts(
        &mut self,
        now: UnixNanos,
        cursor: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let mut path = b"accounts?limit=250".to_vec();
        push_cursor(cursor, &mut path);
        self.get(now, path, out)
    }

    /// Appends the question for the rights of the key.
    ///
    /// # Errors
    /// [`Refusal`] when there is no token.
    pub fn encode_rights(&mut self, now: UnixNanos, out: &mut Vec<u8>) -> Result<(), Refusal> {
        self.get(now, b"key_permissions".to_vec(), out)
    }

    /// Appends the question for products; `view_only` is told only where it is asked for.
    ///
    /// # Errors
    /// [`Refusal`] when there is no token.
    pub fn encode_products(
        &mut self,
        now: UnixNanos,
        symbols: &[&str],
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let mut path = b"products?get_tradability_status=true".to_vec();
        for symbol in symbols {
            push_query("product_ids", symbol.as_bytes(), &mut path);
        }
        self.get(now, path, out)
    }

    /// Appends the question for the price of an instrument.
    ///
    /// # Errors
    /// [`Refusal`] when there is no token.
    pub fn encode_price(
        &mut self,
        now: UnixNanos,
        listing: &Listing,
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let mut path = b"products/".to_vec();
        encode_query_value(listing.instrument().symbol().as_bytes(), &mut path);
        self.get(now, path, out)
    }

    /// Appends the question for the venue's time, which needs no token.
    pub fn encode_time(&self, out: &mut Vec<u8>) {
        self.http
            .encode(Method::Get, b"/api/v3/brokerage/time", b"", out);
    }

    fn get(&mut self, now: UnixNanos, path: Vec<u8>, out: &mut Vec<u8>) -> Result<(), Refusal> {
        let call = Call {
            method: Method::Get,
            path: &path,
            body: b"",
            lifetime_s: LIFETIME_S,
        };
        self.send(now, call, out)
    }

    /// Appends a call with a token of its own.
    fn send(&mut self, now: UnixNanos, call: Call<'_>, out: &mut Vec<u8>) -> Result<(), Refusal> {
        let mut path = b"/api/v3/brokerage/".to_vec();
        path.extend_from_slice(call.path);
        let end = path.iter().position(|&byte| byte == b'?');
        let plain = path.get(..end.unwrap_or(path.len())).unwrap_or_default();
        let plain = String::from_utf8_lossy(plain);
        let named = alloc::format!("{} {}{plain}", call.method.name(), self.host);
        let mut token = b"Bearer ".to_vec();
        if !self
            .signer
            .token(now, Some(&named), call.lifetime_s, &mut token)
        {
            return Err(NO_TOKEN);
        }
        let header = ("Authorization", token.as_slice());
        self.http
            .encode_with((call.method, &path), header, call.body, out);
        Ok(())
    }
}

/// A call before it is signed.
#[derive(Debug, Clone, Copy)]
struct Call<'a> {
    method: Method,
    /// Behind the part that all have; with its query.
    path: &'a [u8],
    body: &'a [u8],
    lifetime_s: u32,
}

impl<'a> Call<'a> {
    const fn order(path: &'a str, body: &'a [u8]) -> Self {
        Self {
            method: Method::Post,
            path: path.as_bytes(),
            body,
            lifetime_s: ORDER_LIFETIME_S,
        }
    }
}

fn push_query(name: &str, value: &[u8], path: &mut Vec<u8>) {
    if path.last() != Some(&b'?') {
        path.push(b'&');
    }
    path.extend_from_slice(name.as_bytes());
    path.push(b'=');
    encode_query_value(value, path);
}

fn push_ids(ids: &[VenueOrderId], path: &mut Vec<u8>) {
    for id in ids {
        let mut text = Vec::with_capacity(36);
        encode_uuid(id.0, &mut text);
        push_query("order_ids", &text, path);
    }
}

fn push_products(listings: &mut dyn Iterator<Item = &Listing>, path: &mut Vec<u8>) {
    for listing in listings {
        push_query(
            "product_ids",
            listing.instrument().symbol().as_bytes(),
            path,
        );
    }
}

fn push_cursor(cursor: &[u8], path: &mut Vec<u8>) {
    if !cursor.is_empty() {
        push_query("cursor", cursor, path);
    }
}

const NO_TOKEN: Refusal = Refusal {
    reason: RejectReason::NeverAccepted,
    text: "no token could be signed: the system gave no random numbers",
};

const NOT_KNOWN: Refusal = Refusal {
    reason: RejectReason::UnknownOrder,
    text: "a cancel names the venue's order id; query the order first",
};
