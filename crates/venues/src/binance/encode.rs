//! Requests: what the kernel asks, as signed HTTP.
//!
//! All parameters stand in the query, in the order in which they are written; the signature is
//! the last of them. Source: Binance spot REST API, "Request security".

use alloc::vec::Vec;

use py_rt_types::{
    CancelOrder, ClientOrderId, InstrumentId, NewOrder, OrderType, Price, Qty, RejectReason,
    ReplaceOrder, Side, TimeInForce, UnixNanos, VenueOrderId,
};

use crate::binance::ids::{encode_making_way, listing_of, number_of, CLIENT_ID_MAX};
use crate::binance::orders::Terms;
use crate::binance::rules::{supports, supports_replace};
use crate::binance::sign::Signer;
use crate::dialect::{Credentials, Dialect};
use crate::http::{encode_query_value, BadHeader, Method, RequestEncoder};
use crate::ids::push_decimal;
use crate::requests::terms::{self, NOT_LISTED};
use crate::requests::Refusal;
use crate::symbols::Listing;

/// Rows of one page of trades or of orders.
pub const TRADES_PAGE: usize = 1000;
/// How old a request may be when it arrives, in milliseconds.
const WINDOW_MS: u64 = 5000;
/// How old a new order or a replacement may be: "no such order" is believed after three seconds,
/// and the venue takes a stamp that is up to a second ahead of its own clock.
const ORDER_WINDOW_MS: u64 = 2000;
const MS: i64 = 1_000_000;

/// Which trades of a symbol are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trades {
    /// Those within these times, both included.
    Between(UnixNanos, UnixNanos),
    /// Those of an order, from this trade on.
    OfOrder(u64, u64),
    /// All from this trade on.
    From(u64),
}

/// Makes requests to one host under one key.
#[derive(Debug)]
pub struct Encoder {
    http: RequestEncoder,
    signer: Signer,
    dialect: Dialect,
    /// The venue's clock less ours.
    offset_ns: i64,
    query: Vec<u8>,
}

impl Encoder {
    /// An encoder for `host` (with its port, as the `Host` header says it).
    ///
    /// # Errors
    /// [`BadHeader`] when host or key cannot stand in a header, or there is no secret: place 0, 1,
    /// 2.
    pub fn try_new(
        host: &str,
        credentials: &Credentials,
        dialect: Dialect,
    ) -> Result<Self, BadHeader> {
        if credentials.secret_key.is_empty() {
            return Err(BadHeader { place: 2 });
        }
        let headers = [
            ("X-MBX-APIKEY", credentials.key_id.as_str()),
            ("Accept", "application/json"),
        ];
        Ok(Self {
            http: RequestEncoder::try_new(host, &headers)?,
            signer: Signer::new(&credentials.secret_key),
            dialect,
            offset_ns: 0,
            query: Vec::new(),
        })
    }

    /// Whose orders and which instruments this is about.
    #[must_use]
    pub const fn dialect(&self) -> &Dialect {
        &self.dialect
    }

    /// The venue's clock less ours, from now on.
    pub fn set_offset(&mut self, offset_ns: i64) {
        self.offset_ns = offset_ns;
    }

    /// Appends `POST /api/v3/order`; the answer is asked for with its executions.
    ///
    /// # Errors
    /// [`Refusal`] when Binance cannot take it or its instrument is not in the table; nothing is
    /// appended then.
    pub fn encode_new(
        &mut self,
        now: UnixNanos,
        order: &NewOrder,
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let symbols = self.dialect.symbols.clone();
        let listing = symbols.listing(order.instrument).ok_or(NOT_LISTED)?;
        supports(order, listing.instrument())?;
        let kind = match (order.order_type, order.post_only) {
            (OrderType::Limit, true) => "LIMIT_MAKER",
            (OrderType::Limit, false) => "LIMIT",
            (OrderType::Market, _) => "MARKET",
            (OrderType::Stop, _) if order.limit_price.is_some() => "STOP_LOSS_LIMIT",
            (OrderType::Stop, _) => "STOP_LOSS",
        };
        let tif = match order.tif {
            TimeInForce::Ioc => "IOC",
            TimeInForce::Fok => "FOK",
            TimeInForce::Gtc | TimeInForce::Day => "GTC",
        };
        let terms = Terms {
            side: order.side,
            kind: kind.as_bytes(),
            tif: tif.as_bytes(),
        };
        self.start(listing);
        self.push_terms(&terms);
        self.push_size(listing, order.order_qty, order.limit_price)?;
        if let Some(price) = order.stop_price {
            self.push("&stopPrice=");
            self.push_price(listing, price)?;
        }
        self.push_client_order_id("&newClientOrderId=", order.client_order_id)?;
        self.push("&newOrderRespType=FULL");
        self.send_order(now, "/api/v3/order", out);
        Ok(())
    }

    /// Appends `POST /api/v3/order/cancelReplace`. `terms` are those of the order as it stands:
    /// the venue does not remember them. The cancel counts only while nothing was executed.
    ///
    /// # Errors
    /// [`Refusal`] when Binance cannot take it or the venue's id is not known.
    pub fn encode_replace(
        &mut self,
        now: UnixNanos,
        order: &ReplaceOrder,
        terms: &Terms<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let symbols = self.dialect.symbols.clone();
        let listing = symbols.listing(order.instrument).ok_or(NOT_LISTED)?;
        supports_replace(order, listing.instrument())?;
        self.start(listing);
        self.push_terms(terms);
        self.push_size(listing, order.order_qty, order.limit_price)?;
        self.push("&cancelReplaceMode=STOP_ON_FAILURE&cancelRestrictions=ONLY_NEW");
        self.push("&cancelOrderId=");
        push_decimal(number_of(order.venue_order_id.0), &mut self.query);
        self.push("&cancelNewClientOrderId=");
        let lineage = self.dialect.lineage;
        encode_making_way(lineage, order.client_order_id, &mut self.query);
        self.push_client_order_id("&newClientOrderId=", order.client_order_id)?;
        self.push("&newOrderRespType=FULL");
        self.send_order(now, "/api/v3/order/cancelReplace", out);
        Ok(())
    }

    /// Appends `DELETE /api/v3/order`, by the venue's id where it is known.
    ///
    /// # Errors
    /// [`Refusal`] when the instrument is not in the table.
    pub fn encode_cancel(
        &mut self,
        now: UnixNanos,
        order: &CancelOrder,
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let symbols = self.dialect.symbols.clone();
        let listing = symbols.listing(order.instrument).ok_or(NOT_LISTED)?;
        self.start(listing);
        if order.venue_order_id.0 == 0 {
            self.push_client_order_id("&origClientOrderId=", order.client_order_id)?;
        } else {
            self.push("&orderId=");
            push_decimal(number_of(order.venue_order_id.0), &mut self.query);
        }
        self.send(now, Method::Delete, "/api/v3/order", out);
        Ok(())
    }

    /// Appends `GET /api/v3/order` by our id.
    ///
    /// # Errors
    /// [`Refusal`] when the instrument is not in the table.
    pub fn encode_lookup(
        &mut self,
        now: UnixNanos,
        (id, instrument): (ClientOrderId, InstrumentId),
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let symbols = self.dialect.symbols.clone();
        let listing = symbols.listing(instrument).ok_or(NOT_LISTED)?;
        self.start(listing);
        self.push_client_order_id("&origClientOrderId=", id)?;
        self.send(now, Method::Get, "/api/v3/order", out);
        Ok(())
    }

    /// Appends `GET /api/v3/order` by the venue's id.
    ///
    /// # Errors
    /// [`Refusal`] when the id is of no instrument in the table.
    pub fn encode_order(
        &mut self,
        now: UnixNanos,
        id: VenueOrderId,
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let symbols = self.dialect.symbols.clone();
        let listing = listing_of(&symbols, id).ok_or(NOT_LISTED)?;
        self.start(listing);
        self.push("&orderId=");
        push_decimal(number_of(id.0), &mut self.query);
        self.send(now, Method::Get, "/api/v3/order", out);
        Ok(())
    }

    /// Appends `GET /api/v3/openOrders`: of the one symbol, or of all.
    pub fn encode_open_orders(&mut self, now: UnixNanos, out: &mut Vec<u8>) {
        let symbols = self.dialect.symbols.clone();
        match symbols.listings() {
            [one] => self.start(one),
            _ => self.query.clear(),
        }
        self.send(now, Method::Get, "/api/v3/openOrders", out);
    }

    /// Appends one page of `GET /api/v3/myTrades`.
    ///
    /// # Errors
    /// [`Refusal`] when the instrument is not in the table.
    pub fn encode_trades(
        &mut self,
        now: UnixNanos,
        (listing, trades): (&Listing, Trades),
        out: &mut Vec<u8>,
    ) {
        self.start(listing);
        let mut number = |name: &str, value: u64| {
            self.query.extend_from_slice(name.as_bytes());
            push_decimal(value, &mut self.query);
        };
        let millis = |at: UnixNanos| at.0.max(0).unsigned_abs() / MS.unsigned_abs();
        match trades {
            Trades::Between(from, until) => {
                number("&startTime=", millis(from));
                number("&endTime=", millis(until));
            }
            Trades::OfOrder(order, from) => {
                number("&orderId=", order);
                number("&fromId=", from);
            }
            Trades::From(from) => number("&fromId=", from),
        }
        number("&limit=", TRADES_PAGE as u64);
        self.send(now, Method::Get, "/api/v3/myTrades", out);
    }

    /// Appends one page of `GET /api/v3/allOrders`, from an order on.
    pub fn encode_orders_from(
        &mut self,
        now: UnixNanos,
        (listing, order): (&Listing, u64),
        out: &mut Vec<u8>,
    ) {
        self.start(listing);
        self.push("&orderId=");
        push_decimal(order, &mut self.query);
        self.push("&limit=");
        push_decimal(TRADES_PAGE as u64, &mut self.query);
        self.send(now, Method::Get, "/api/v3/allOrders", out);
    }

    /// Appends `GET /api/v3/account`.
    pub fn encode_account(&mut self, now: UnixNanos, out: &mut Vec<u8>) {
        self.query.clear();
        self.push("omitZeroBalances=true");
        self.send(now, Method::Get, "/api/v3/account", out);
    }

    /// Appends `GET /api/v3/time`, which needs no signature.
    pub fn encode_time(&self, out: &mut Vec<u8>) {
        self.http.encode(Method::Get, b"/api/v3/time", b"", out);
    }

    /// Appends `GET /api/v3/exchangeInfo` of some symbols, as the venue writes them.
    pub fn encode_exchange_info(&mut self, symbols: &[&str], out: &mut Vec<u8>) {
        let mut path = b"/api/v3/exchangeInfo?symbols=".to_vec();
        let mut list = b"[".to_vec();
        for (place, symbol) in symbols.iter().enumerate() {
            if place > 0 {
                list.push(b',');
            }
            Credentials::push_json(symbol, &mut list);
        }
        list.push(b']');
        encode_query_value(&list, &mut path);
        self.http.encode(Method::Get, &path, b"", out);
    }

    /// Appends `GET /api/v3/ticker/price` of an instrument.
    pub fn encode_price(&mut self, listing: &Listing, out: &mut Vec<u8>) {
        let mut path = b"/api/v3/ticker/price?symbol=".to_vec();
        push_symbol(listing, &mut path);
        self.http.encode(Method::Get, &path, b"", out);
    }

    /// Appends `GET /api/v3/depth` of an instrument.
    ///
    /// # Errors
    /// [`Refusal`] when the instrument is not in the table.
    pub fn encode_book(&mut self, id: InstrumentId, out: &mut Vec<u8>) -> Result<(), Refusal> {
        let listing = self.dialect.symbols.listing(id).ok_or(NOT_LISTED)?;
        let mut path = b"/api/v3/depth?limit=1000&symbol=".to_vec();
        push_symbol(listing, &mut path);
        self.http.encode(Method::Get, &path, b"", out);
        Ok(())
    }

    fn start(&mut self, listing: &Listing) {
        self.query.clear();
        self.push("symbol=");
        push_symbol(listing, &mut self.query);
    }

    fn push(&mut self, text: &str) {
        self.query.extend_from_slice(text.as_bytes());
    }

    fn push_terms(&mut self, terms: &Terms<'_>) {
        self.push(match terms.side {
            Side::Buy => "&side=BUY&type=",
            Side::Sell => "&side=SELL&type=",
        });
        self.query.extend_from_slice(terms.kind);
        // Only orders with a limit that may take name a time in force.
        if matches!(terms.kind, b"LIMIT" | b"STOP_LOSS_LIMIT") {
            self.push("&timeInForce=");
            self.query.extend_from_slice(terms.tif);
        }
    }

    fn push_size(
        &mut self,
        listing: &Listing,
        qty: Qty,
        limit: Option<Price>,
    ) -> Result<(), Refusal> {
        self.push("&quantity=");
        terms::push_qty(listing, qty, &mut self.query)?;
        let Some(limit) = limit else { return Ok(()) };
        self.push("&price=");
        self.push_price(listing, limit)
    }

    fn push_price(&mut self, listing: &Listing, price: Price) -> Result<(), Refusal> {
        terms::push_price(listing, price, &mut self.query)
    }

    fn push_client_order_id(&mut self, name: &str, id: ClientOrderId) -> Result<(), Refusal> {
        self.push(name);
        let (lineage, start) = (self.dialect.lineage, self.query.len());
        lineage.encode_id(id, &mut self.query);
        if self.query.len() - start >= CLIENT_ID_MAX {
            return Err(ID_TOO_LONG);
        }
        Ok(())
    }

    fn send(&mut self, now: UnixNanos, method: Method, path: &str, out: &mut Vec<u8>) {
        self.send_within(WINDOW_MS, now, (method, path), out);
    }

    fn send_order(&mut self, now: UnixNanos, path: &str, out: &mut Vec<u8>) {
        self.send_within(ORDER_WINDOW_MS, now, (Method::Post, path), out);
    }

    /// Stamps, signs and appends the request whose query stands ready.
    fn send_within(
        &mut self,
        window_ms: u64,
        now: UnixNanos,
        (method, path): (Method, &str),
        out: &mut Vec<u8>,
    ) {
        if !self.query.is_empty() {
            self.query.push(b'&');
        }
        self.push("recvWindow=");
        push_decimal(window_ms, &mut self.query);
        self.push("&timestamp=");
        push_decimal(stamp_ms(now, self.offset_ns), &mut self.query);
        let mut whole = Vec::with_capacity(path.len() + self.query.len() + 80);
        whole.extend_from_slice(path.as_bytes());
        whole.push(b'?');
        whole.extend_from_slice(&self.query);
        whole.extend_from_slice(b"&signature=");
        self.signer.sign(&self.query, &mut whole);
        self.http.encode(method, &whole, b"", out);
    }
}

/// The venue's time in milliseconds.
#[must_use]
pub(super) fn stamp_ms(now: UnixNanos, offset_ns: i64) -> u64 {
    now.plus(offset_ns).0.max(0).unsigned_abs() / MS.unsigned_abs()
}

/// The symbol as the venue writes it, without a slash.
pub(super) fn push_symbol(listing: &Listing, out: &mut Vec<u8>) {
    let symbol = listing.instrument().symbol().bytes();
    let plain: Vec<u8> = symbol.filter(|&byte| byte != b'/').collect();
    encode_query_value(&plain, out);
}

const ID_TOO_LONG: Refusal = Refusal {
    reason: RejectReason::NotSupported,
    text: "the order id has more letters than Binance takes; give this run another state_dir",
};
