//! Requests: what the kernel asks, as signed forms.
//!
//! Source: Kraken, "Spot REST API": trading, account data.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use py_rt_types::{
    CancelOrder, ClientOrderId, ExecId, InstrumentId, NewOrder, OrderType, RejectReason,
    ReplaceOrder, Side, TimeInForce, UnixNanos, VenueOrderId,
};

use crate::alpaca::time::encode_instant;
use crate::dialect::{Credentials, Dialect};
use crate::http::{encode_query_value, BadHeader, Method, RequestEncoder};
use crate::ids::push_decimal;
use crate::kraken::counters::{amend_points, cancel_points, Counter, Tier, FOR_CANCELS};
use crate::kraken::ids::{encode_client_id, encode_venue_id};
use crate::kraken::names::{short_name, Names};
use crate::kraken::rules::{supports, supports_replace};
use crate::kraken::sign::Sign;
use crate::requests::terms::{push_price, push_qty, NOT_LISTED};
use crate::requests::Refusal;
use crate::symbols::Listing;

/// The venue refuses an order that reaches it so long after it was made, so that "no such order"
/// means something after the kernel's settle time of three seconds.
const DEADLINE_NS: i64 = 2_500_000_000;
/// Orders whose age is remembered.
const PLACED_MAX: usize = 4096;

/// An order that went out on this connection.
#[derive(Debug, Clone, Copy)]
struct Placed {
    at: UnixNanos,
    post_only: bool,
}

/// Where its orders and its questions may go, as far as the venue counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// What the venue grants the account.
    pub tier: Tier,
    /// How many connections share the counters of orders.
    pub share: usize,
}

/// Makes requests to one host under one key.
#[derive(Debug)]
pub struct Encoder {
    http: RequestEncoder,
    signer: Box<dyn Sign>,
    dialect: Dialect,
    allowance: Allowance,
    /// The venue's clock less ours.
    offset_ns: i64,
    form: Vec<u8>,
    pub(super) names: Names,
    questions: Counter,
    trading: BTreeMap<u32, Counter>,
    placed: BTreeMap<u64, Placed>,
}

impl Encoder {
    /// An encoder for `host` (with its port, as the `Host` header says it).
    ///
    /// # Errors
    /// [`BadHeader`] when host or key cannot stand in a header: place 0, 1.
    pub fn try_new(
        host: &str,
        credentials: &Credentials,
        signer: Box<dyn Sign>,
        dialect: Dialect,
        allowance: Allowance,
    ) -> Result<Self, BadHeader> {
        let headers = [
            ("API-Key", credentials.key_id.as_str()),
            ("Accept", "application/json"),
        ];
        Ok(Self {
            http: RequestEncoder::try_new(host, &headers)?,
            signer,
            dialect,
            allowance,
            offset_ns: 0,
            form: Vec::new(),
            names: Names::default(),
            questions: allowance.tier.questions(),
            trading: BTreeMap::new(),
            placed: BTreeMap::new(),
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

    /// Takes the venue's own names of the pairs.
    pub fn set_names(&mut self, names: Names) {
        self.names = names;
    }

    /// Appends `AddOrder`. Its fee is asked for in the quote currency.
    ///
    /// # Errors
    /// [`Refusal`] when Kraken cannot take it, its instrument is not in the table or the pair's
    /// counter has room for cancels only; nothing is appended then.
    pub fn encode_new(
        &mut self,
        now: UnixNanos,
        order: &NewOrder,
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let symbols = self.dialect.symbols.clone();
        let listing = symbols.listing(order.instrument).ok_or(NOT_LISTED)?;
        supports(order, listing.instrument())?;
        let nonce = self.begin(now, 0)?;
        self.push(match (order.order_type, order.limit_price) {
            (OrderType::Limit, _) => "&ordertype=limit",
            (OrderType::Market, _) => "&ordertype=market",
            (OrderType::Stop, None) => "&ordertype=stop-loss",
            (OrderType::Stop, Some(_)) => "&ordertype=stop-loss-limit",
        });
        self.push(match order.side {
            Side::Buy => "&type=buy",
            Side::Sell => "&type=sell",
        });
        self.push_pair(listing);
        self.push("&volume=");
        push_qty(listing, order.order_qty, &mut self.form)?;
        // The stop is the price, and the limit of what it becomes the second one.
        let names = ["&price=", "&price2="];
        let prices = order.stop_price.into_iter().chain(order.limit_price);
        for (name, price) in names.into_iter().zip(prices) {
            self.push(name);
            push_price(listing, price, &mut self.form)?;
        }
        if order.order_type == OrderType::Limit {
            self.push(match order.tif {
                TimeInForce::Ioc => "&timeinforce=IOC",
                _ => "&timeinforce=GTC",
            });
        }
        self.push(match order.post_only {
            true => "&oflags=fciq%2Cpost",
            false => "&oflags=fciq",
        });
        self.push_client_order_id(order.client_order_id);
        self.push_deadline(now);
        self.spend(now, order.instrument, 1)?;
        if self.placed.len() >= PLACED_MAX {
            self.placed.pop_first();
        }
        let placed = Placed {
            at: now,
            post_only: order.post_only,
        };
        self.placed.insert(order.client_order_id.sequence, placed);
        self.send(nonce, "AddOrder", out);
        Ok(())
    }

    /// Appends `AmendOrder`, which keeps both ids, what was executed and, where it can, the place
    /// in the queue. The quantity is that of the whole order: nothing can be executed twice.
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
        let nonce = self.begin(now, 0)?;
        self.push_order(order.client_order_id, order.venue_order_id);
        self.push("&order_qty=");
        push_qty(listing, order.order_qty, &mut self.form)?;
        if let Some(price) = order.limit_price {
            self.push("&limit_price=");
            push_price(listing, price, &mut self.form)?;
        }
        let placed = self.placed.get(&order.client_order_id.sequence).copied();
        // An order of an earlier life may have been one that only rests.
        if placed.is_none_or(|placed| placed.post_only) {
            self.push("&post_only=true");
        }
        self.push_deadline(now);
        let age_ns = placed.map_or(i64::MAX, |placed| now.since(placed.at));
        self.spend(now, order.instrument, amend_points(age_ns))?;
        self.send(nonce, "AmendOrder", out);
        Ok(())
    }

    /// Appends `CancelOrder`. It is counted and always sent.
    ///
    /// # Errors
    /// [`Refusal`] when there is no nonce.
    pub fn encode_cancel(
        &mut self,
        now: UnixNanos,
        order: &CancelOrder,
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let nonce = self.begin(now, 0)?;
        self.push_order(order.client_order_id, order.venue_order_id);
        let placed = self.placed.remove(&order.client_order_id.sequence);
        let age_ns = placed.map_or(i64::MAX, |placed| now.since(placed.at));
        self.counter(order.instrument)
            .add(now, cancel_points(age_ns));
        self.send(nonce, "CancelOrder", out);
        Ok(())
    }

    /// Appends `OpenOrders` or `ClosedOrders`, of the one order of this id.
    ///
    /// # Errors
    /// [`Refusal`] when there is no nonce.
    pub fn encode_lookup(
        &mut self,
        now: UnixNanos,
        (id, closed): (ClientOrderId, bool),
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let nonce = self.begin(now, 1)?;
        self.push_client_order_id(id);
        self.send(
            nonce,
            if closed { "ClosedOrders" } else { "OpenOrders" },
            out,
        );
        Ok(())
    }

    /// Appends `OpenOrders`: all.
    ///
    /// # Errors
    /// [`Refusal`] when there is no nonce.
    pub fn encode_open_orders(&mut self, now: UnixNanos, out: &mut Vec<u8>) -> Result<(), Refusal> {
        let nonce = self.begin(now, 1)?;
        self.send(nonce, "OpenOrders", out);
        Ok(())
    }

    /// Appends `QueryOrders`, with the ids of their trades.
    ///
    /// # Errors
    /// [`Refusal`] when there is no nonce.
    pub fn encode_orders(
        &mut self,
        now: UnixNanos,
        ids: &[VenueOrderId],
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let nonce = self.begin(now, 1)?;
        self.push("&trades=true&consolidate_taker=false");
        self.push_ids(ids.iter().map(|id| id.0));
        self.send(nonce, "QueryOrders", out);
        Ok(())
    }

    /// Appends `TradesHistory` since a time in seconds, from this place of the list on. Trades are
    /// asked for one by one: the venue would add them up.
    ///
    /// # Errors
    /// [`Refusal`] when there is no nonce.
    pub fn encode_history(
        &mut self,
        now: UnixNanos,
        (since, from): (u64, usize),
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let nonce = self.begin(now, 2)?;
        self.push("&consolidate_taker=false&start=");
        push_decimal(since, &mut self.form);
        self.push("&ofs=");
        push_decimal(from as u64, &mut self.form);
        self.send(nonce, "TradesHistory", out);
        Ok(())
    }

    /// Appends `QueryTrades`.
    ///
    /// # Errors
    /// [`Refusal`] when there is no nonce.
    pub fn encode_trades(
        &mut self,
        now: UnixNanos,
        ids: &[ExecId],
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let nonce = self.begin(now, 2)?;
        self.push_ids(ids.iter().map(|id| id.0));
        self.send(nonce, "QueryTrades", out);
        Ok(())
    }

    /// Appends `BalanceEx`.
    ///
    /// # Errors
    /// [`Refusal`] when there is no nonce.
    pub fn encode_balances(&mut self, now: UnixNanos, out: &mut Vec<u8>) -> Result<(), Refusal> {
        let nonce = self.begin(now, 1)?;
        self.send(nonce, "BalanceEx", out);
        Ok(())
    }

    /// Appends `GetWebSocketsToken`.
    ///
    /// # Errors
    /// [`Refusal`] when there is no nonce.
    pub fn encode_token(&mut self, now: UnixNanos, out: &mut Vec<u8>) -> Result<(), Refusal> {
        let nonce = self.begin(now, 1)?;
        self.send(nonce, "GetWebSocketsToken", out);
        Ok(())
    }

    /// Appends `Time`, which needs no signature.
    pub fn encode_time(&self, out: &mut Vec<u8>) {
        self.http.encode(Method::Get, b"/0/public/Time", b"", out);
    }

    /// Appends `SystemStatus`.
    pub fn encode_system_status(&self, out: &mut Vec<u8>) {
        let path = b"/0/public/SystemStatus";
        self.http.encode(Method::Get, path, b"", out);
    }

    /// Appends `AssetPairs` of some symbols, as streams write them.
    pub fn encode_pairs(&self, symbols: &[&str], out: &mut Vec<u8>) {
        let names: Vec<String> = symbols.iter().map(|symbol| short_name(symbol)).collect();
        let mut path = b"/0/public/AssetPairs?pair=".to_vec();
        encode_query_value(names.join(",").as_bytes(), &mut path);
        self.http.encode(Method::Get, &path, b"", out);
    }

    /// Appends `AssetPairs` of the instruments in the table.
    pub fn encode_own_pairs(&self, out: &mut Vec<u8>) {
        let listings = self.dialect.symbols.listings().iter();
        let symbols: Vec<&str> = listings.map(|one| one.instrument().symbol()).collect();
        self.encode_pairs(&symbols, out);
    }

    /// Appends `Ticker` of an instrument.
    pub fn encode_price(&self, listing: &Listing, out: &mut Vec<u8>) {
        let mut path = b"/0/public/Ticker?pair=".to_vec();
        encode_query_value(
            short_name(listing.instrument().symbol()).as_bytes(),
            &mut path,
        );
        self.http.encode(Method::Get, &path, b"", out);
    }

    /// The venue says that a counter of orders is full; `None` for all pairs.
    pub(super) fn fill_counters(&mut self, now: UnixNanos, instrument: InstrumentId) {
        self.counter(instrument).fill(now);
    }

    fn counter(&mut self, instrument: InstrumentId) -> &mut Counter {
        let Allowance { tier, share } = self.allowance;
        let share = i64::try_from(share).unwrap_or(1).clamp(1, 16);
        let made = || tier.trading(share);
        self.trading.entry(instrument.0).or_insert_with(made)
    }

    /// Counts points of a new order or an amendment, where there is room beside the reserve.
    fn spend(
        &mut self,
        now: UnixNanos,
        instrument: InstrumentId,
        points: i64,
    ) -> Result<(), Refusal> {
        let counter = self.counter(instrument);
        if counter.room_at(now, points, FOR_CANCELS) > now {
            return Err(COUNTED_OUT);
        }
        counter.add(now, points);
        Ok(())
    }

    /// From when on a question may be sent that costs so many points.
    #[must_use]
    pub fn ready_for(&self, now: UnixNanos, points: i64, reserve: Option<i64>) -> UnixNanos {
        let mut questions = self.questions;
        self.signer.look(now, &mut questions);
        questions.room_at(now, points, reserve)
    }

    /// The venue says that the counter of questions is full.
    pub(super) fn fill_questions(&mut self, now: UnixNanos) {
        self.signer.look(now, &mut self.questions);
        self.questions.fill(now);
        self.signer.tell(&self.questions);
    }

    /// Begins a form for a call that costs so many points of the counter of questions.
    fn begin(&mut self, now: UnixNanos, points: i64) -> Result<u64, Refusal> {
        let nonce = self.signer.take(now, points, &mut self.questions);
        let nonce = nonce.ok_or(NO_NONCE)?;
        self.form.clear();
        self.push("nonce=");
        push_decimal(nonce, &mut self.form);
        Ok(nonce)
    }

    fn push(&mut self, text: &str) {
        self.form.extend_from_slice(text.as_bytes());
    }

    fn push_pair(&mut self, listing: &Listing) {
        self.push("&pair=");
        let name = short_name(listing.instrument().symbol());
        encode_query_value(name.as_bytes(), &mut self.form);
    }

    fn push_client_order_id(&mut self, id: ClientOrderId) {
        self.push("&cl_ord_id=");
        encode_client_id(self.dialect.lineage, id, &mut self.form);
    }

    /// Names an order by the venue's id where it is known.
    fn push_order(&mut self, id: ClientOrderId, venue_order_id: VenueOrderId) {
        if venue_order_id.0 == 0 {
            return self.push_client_order_id(id);
        }
        self.push("&txid=");
        encode_venue_id(venue_order_id.0, &mut self.form);
    }

    fn push_ids(&mut self, ids: impl Iterator<Item = u128>) {
        let mut list = Vec::new();
        for id in ids {
            if !list.is_empty() {
                list.push(b',');
            }
            encode_venue_id(id, &mut list);
        }
        self.push("&txid=");
        encode_query_value(&list, &mut self.form);
    }

    /// To the millisecond, by the venue's clock.
    fn push_deadline(&mut self, now: UnixNanos) {
        let mut text = Vec::new();
        encode_instant(now.plus(self.offset_ns).plus(DEADLINE_NS), &mut text);
        text.truncate(23);
        text.push(b'Z');
        self.push("&deadline=");
        encode_query_value(&text, &mut self.form);
    }

    /// Signs and appends the form that stands ready.
    fn send(&mut self, nonce: u64, method: &str, out: &mut Vec<u8>) {
        let path = alloc::format!("/0/private/{method}");
        let mut signature = Vec::with_capacity(88);
        self.signer.sign(&path, nonce, &self.form, &mut signature);
        let header = ("API-Sign", signature.as_slice());
        self.http
            .encode_form(path.as_bytes(), header, &self.form, out);
    }
}

const NO_NONCE: Refusal = Refusal {
    reason: RejectReason::NeverAccepted,
    text: "the file `nonce` of the state directory cannot be written: free space or repair it",
};

const COUNTED_OUT: Refusal = Refusal {
    reason: RejectReason::Venue,
    text: "the venue's counter of orders and cancels of this pair is nearly full: what is left is \
           kept for cancels; trade slower, or set venue.tier when the account has a higher one",
};
