//! Requests: what the kernel asks, as HTTP.

use alloc::vec::Vec;

use py_rt_types::{
    ClientOrderId, InstrumentId, NewOrder, OrderType, Price, Qty, RejectReason, ReplaceOrder, Side,
    TimeInForce, UnixNanos, VenueOrderId,
};

use crate::alpaca::ids::encode_uuid;
use crate::alpaca::rules::{supports, supports_replace};
use crate::alpaca::time::encode_instant;
use crate::alpaca::{Credentials, Dialect};
use crate::http::{encode_query_value, BadHeader, Method, RequestEncoder};
use crate::requests::terms::{self, NOT_LISTED};
use crate::requests::Refusal;
use crate::symbols::Listing;

/// Rows of one page of open orders.
pub const ORDERS_PAGE: usize = 500;
/// Rows of one page of executions.
pub const FILLS_PAGE: usize = 100;

/// Makes requests to one host under one key.
#[derive(Debug)]
pub struct Encoder {
    http: RequestEncoder,
    dialect: Dialect,
    path: Vec<u8>,
    body: Vec<u8>,
    window_ns: Option<i64>,
    deadline: Option<UnixNanos>,
}

impl Encoder {
    /// An encoder for `host` (with its port, as the `Host` header says it).
    ///
    /// # Errors
    /// [`BadHeader`] when host, key or secret cannot stand in a header: place 0, 1, 2.
    pub fn try_new(
        host: &str,
        credentials: &Credentials,
        dialect: Dialect,
    ) -> Result<Self, BadHeader> {
        let headers = [
            ("APCA-API-KEY-ID", credentials.key_id.as_str()),
            ("APCA-API-SECRET-KEY", credentials.secret_key.as_str()),
            ("Accept", "application/json"),
        ];
        Ok(Self {
            http: RequestEncoder::try_new(host, &headers)?,
            dialect,
            path: Vec::new(),
            body: Vec::new(),
            window_ns: None,
            deadline: None,
        })
    }

    /// The same, with orders and replacements that say until when they may be acted on: so long
    /// after the time of [`Encoder::handle_time`]. Alpaca knows no such member; a bridge of ours
    /// does.
    #[must_use]
    pub const fn with_deadline(mut self, window_ns: i64) -> Self {
        self.window_ns = Some(window_ns);
        self
    }

    /// What time it is, for what is encoded next.
    pub(super) fn handle_time(&mut self, now: UnixNanos) {
        self.deadline = self.window_ns.map(|window| now.plus(window));
    }

    /// Whose orders and which instruments this is about.
    #[must_use]
    pub const fn dialect(&self) -> &Dialect {
        &self.dialect
    }

    /// Appends `POST /v2/orders`.
    ///
    /// # Errors
    /// [`Refusal`] when Alpaca cannot take it or its instrument is not in the table; nothing is
    /// appended then.
    pub fn encode_new(&mut self, order: &NewOrder, out: &mut Vec<u8>) -> Result<(), Refusal> {
        let symbols = self.dialect.symbols.clone();
        let listing = symbols.listing(order.instrument).ok_or(NOT_LISTED)?;
        supports(order, listing.instrument())?;
        self.body.clear();
        self.push("{\"symbol\":\"");
        self.push(&listing.wire_symbol());
        self.push("\",\"qty\":\"");
        self.push_qty(listing, order.order_qty)?;
        self.push(match order.side {
            Side::Buy => "\",\"side\":\"buy",
            Side::Sell => "\",\"side\":\"sell",
        });
        self.push(match (order.order_type, order.limit_price) {
            (OrderType::Market, _) => "\",\"type\":\"market",
            (OrderType::Limit, _) => "\",\"type\":\"limit",
            (OrderType::Stop, None) => "\",\"type\":\"stop",
            (OrderType::Stop, Some(_)) => "\",\"type\":\"stop_limit",
        });
        self.push(match order.tif {
            TimeInForce::Day => "\",\"time_in_force\":\"day",
            TimeInForce::Gtc => "\",\"time_in_force\":\"gtc",
            TimeInForce::Ioc => "\",\"time_in_force\":\"ioc",
            TimeInForce::Fok => "\",\"time_in_force\":\"fok",
        });
        if let Some(price) = order.limit_price {
            self.push("\",\"limit_price\":\"");
            self.push_price(listing, price)?;
        }
        if let Some(price) = order.stop_price {
            self.push("\",\"stop_price\":\"");
            self.push_price(listing, price)?;
        }
        self.push_client_order_id(order.client_order_id);
        self.http
            .encode(Method::Post, b"/v2/orders", &self.body, out);
        Ok(())
    }

    /// Appends `PATCH /v2/orders/{id}`, naming the order's next id.
    ///
    /// # Errors
    /// [`Refusal`] when Alpaca cannot take it or the venue's id is not known.
    pub fn encode_replace(
        &mut self,
        order: &ReplaceOrder,
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let symbols = self.dialect.symbols.clone();
        let listing = symbols.listing(order.instrument).ok_or(NOT_LISTED)?;
        supports_replace(order, listing.instrument())?;
        self.body.clear();
        self.push("{\"qty\":\"");
        self.push_qty(listing, order.order_qty)?;
        if let Some(price) = order.limit_price {
            self.push("\",\"limit_price\":\"");
            self.push_price(listing, price)?;
        }
        self.push_client_order_id(order.client_order_id);
        self.order_path(order.venue_order_id);
        self.http.encode(Method::Patch, &self.path, &self.body, out);
        Ok(())
    }

    /// Appends `DELETE /v2/orders/{id}`. The id must be known: see [`Encoder::encode_lookup`].
    pub fn encode_cancel(&mut self, venue_order_id: VenueOrderId, out: &mut Vec<u8>) {
        self.order_path(venue_order_id);
        self.http.encode(Method::Delete, &self.path, b"", out);
    }

    /// Appends `GET /v2/orders:by_client_order_id`.
    pub fn encode_lookup(&mut self, client_order_id: ClientOrderId, out: &mut Vec<u8>) {
        let lineage = self.dialect.lineage;
        self.start_path(b"/v2/orders:by_client_order_id?client_order_id=");
        lineage.encode_id(client_order_id, &mut self.path);
        self.read(out);
    }

    /// Appends `GET /v2/orders/{id}`.
    pub fn encode_order(&mut self, venue_order_id: VenueOrderId, out: &mut Vec<u8>) {
        self.order_path(venue_order_id);
        self.read(out);
    }

    /// Appends one page of open orders; `after` is the id text of the last row of the page before.
    pub fn encode_open_orders(&mut self, after: Option<&[u8]>, out: &mut Vec<u8>) {
        self.start_path(b"/v2/orders?status=open&limit=500&nested=false&direction=asc");
        if let Some(id) = after {
            self.path.extend_from_slice(b"&after_order_id=");
            encode_query_value(id, &mut self.path);
        }
        self.read(out);
    }

    /// Appends one page of executions, oldest first; `page_token` as for open orders.
    ///
    /// Asks from one second earlier: whether the venue means "from" or "after" is not documented.
    pub fn encode_fills(&mut self, since: UnixNanos, page_token: Option<&[u8]>, out: &mut Vec<u8>) {
        self.start_path(b"/v2/account/activities/FILL?page_size=100&direction=asc&after=");
        let mut instant = Vec::with_capacity(32);
        encode_instant(since.plus(-1_000_000_000).max(UnixNanos(0)), &mut instant);
        encode_query_value(&instant, &mut self.path);
        if let Some(token) = page_token {
            self.path.extend_from_slice(b"&page_token=");
            encode_query_value(token, &mut self.path);
        }
        self.read(out);
    }

    /// Appends `GET /v2/positions`.
    pub fn encode_positions(&mut self, out: &mut Vec<u8>) {
        self.start_path(b"/v2/positions");
        self.read(out);
    }

    /// Appends `GET /v2/account`.
    pub fn encode_account(&mut self, out: &mut Vec<u8>) {
        self.start_path(b"/v2/account");
        self.read(out);
    }

    /// Appends `GET /v2/clock`.
    pub fn encode_clock(&mut self, out: &mut Vec<u8>) {
        self.start_path(b"/v2/clock");
        self.read(out);
    }

    /// Appends `GET /v2/assets/{symbol}`; a slash in the symbol stays.
    ///
    /// # Errors
    /// [`Refusal`] when the instrument is not in the table.
    pub fn encode_asset(&mut self, id: InstrumentId, out: &mut Vec<u8>) -> Result<(), Refusal> {
        let symbol = self
            .dialect
            .symbols
            .listing(id)
            .ok_or(NOT_LISTED)?
            .wire_symbol();
        self.start_path(b"/v2/assets");
        for part in symbol.as_bytes().split(|&b| b == b'/') {
            self.path.push(b'/');
            encode_query_value(part, &mut self.path);
        }
        self.read(out);
        Ok(())
    }

    fn push(&mut self, text: &str) {
        self.body.extend_from_slice(text.as_bytes());
    }

    fn push_qty(&mut self, listing: &Listing, qty: Qty) -> Result<(), Refusal> {
        terms::push_qty(listing, qty, &mut self.body)
    }

    fn push_price(&mut self, listing: &Listing, price: Price) -> Result<(), Refusal> {
        terms::push_price(listing, price, &mut self.body)
    }

    fn push_client_order_id(&mut self, id: ClientOrderId) {
        let lineage = self.dialect.lineage;
        if let Some(deadline) = self.deadline {
            self.push("\",\"deadline\":\"");
            encode_instant(deadline, &mut self.body);
        }
        self.push("\",\"client_order_id\":\"");
        lineage.encode_id(id, &mut self.body);
        self.push("\"}");
    }

    fn start_path(&mut self, path: &[u8]) {
        self.path.clear();
        self.path.extend_from_slice(path);
    }

    fn order_path(&mut self, id: VenueOrderId) {
        self.start_path(b"/v2/orders/");
        encode_uuid(id.0, &mut self.path);
    }

    fn read(&self, out: &mut Vec<u8>) {
        self.http.encode(Method::Get, &self.path, b"", out);
    }
}

pub(super) const NOT_SPOKEN: Refusal = Refusal {
    reason: RejectReason::NotSupported,
    text: "Alpaca sends whole books by its stream and answers no question for one",
};
