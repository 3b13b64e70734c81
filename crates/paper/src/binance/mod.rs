//! The Binance dialect: REST, streams, WebSocket API and user data, over the engine of all.
//!
//! A request over HTTP and one over a socket are the same [`Call`] and meet the same function;
//! only how they are written, signed and answered differs.
//!
//! - `params`, `sign`, `fail`, `quota`: what every call goes through. `filters`: what is listed.
//! - `orders`, `account`, `market`: what is asked. `nodes`: how it is shown.
//! - `feed`: books with update ids. `streams`, `publish`, `user`: what connections are told.
//! - `socket_api`: the frames of the WebSocket API.
//!
//! Where it differs from Binance on purpose: icebergs, trailing and pegged orders, order lists and
//! amendments are not spoken and are listed as not allowed; market trades are their own aggregates;
//! own executions are not printed on the tape; `listenKey` is gone, as it is from Binance.

mod account;
mod fail;
mod feed;
mod filters;
mod market;
mod nodes;
mod orders;
mod params;
mod publish;
mod quota;
mod sign;
mod socket_api;
mod streams;
#[cfg(test)]
pub(crate) mod tests;
mod user;

use py_rt_types::UnixNanos;

pub(crate) use fail::Fail;
pub(crate) use feed::Desk;
pub(crate) use streams::LineKind;

use crate::answer::{Answer, Request};
use crate::engine::Engine;
use crate::listing::Dialect;
use crate::node::Node;
use params::Params;
use quota::Counts;

/// A call of an account, or of nobody when its route is open to all.
pub(crate) struct Call<'a> {
    pub(crate) params: &'a Params,
    pub(crate) account: usize,
    pub(crate) wall: UnixNanos,
}

/// Who may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Door {
    Open,
    Signed,
}

/// What may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route {
    Ping,
    Time,
    ExchangeInfo,
    Depth,
    Trades,
    AggTrades,
    Klines,
    AvgPrice,
    Ticker24h,
    TickerPrice,
    TickerBook,
    Account,
    PlaceOrder,
    TestOrder,
    Order,
    CancelOrder,
    CancelReplace,
    OpenOrders,
    CancelOpenOrders,
    AllOrders,
    MyTrades,
    OrderCount,
}

/// Path below `/api/v3/`, HTTP method, name in the WebSocket API, and where it leads.
const ROUTES: [(&str, &str, &str, Route); 23] = [
    ("ping", "GET", "ping", Route::Ping),
    ("time", "GET", "time", Route::Time),
    ("exchangeInfo", "GET", "exchangeInfo", Route::ExchangeInfo),
    ("depth", "GET", "depth", Route::Depth),
    ("trades", "GET", "trades.recent", Route::Trades),
    (
        "historicalTrades",
        "GET",
        "trades.historical",
        Route::Trades,
    ),
    ("aggTrades", "GET", "trades.aggregate", Route::AggTrades),
    ("klines", "GET", "klines", Route::Klines),
    ("avgPrice", "GET", "avgPrice", Route::AvgPrice),
    ("ticker/24hr", "GET", "ticker.24hr", Route::Ticker24h),
    ("ticker/price", "GET", "ticker.price", Route::TickerPrice),
    ("ticker/bookTicker", "GET", "ticker.book", Route::TickerBook),
    ("account", "GET", "account.status", Route::Account),
    ("order", "POST", "order.place", Route::PlaceOrder),
    ("order/test", "POST", "order.test", Route::TestOrder),
    ("order", "GET", "order.status", Route::Order),
    ("order", "DELETE", "order.cancel", Route::CancelOrder),
    (
        "order/cancelReplace",
        "POST",
        "order.cancelReplace",
        Route::CancelReplace,
    ),
    ("openOrders", "GET", "openOrders.status", Route::OpenOrders),
    (
        "openOrders",
        "DELETE",
        "openOrders.cancelAll",
        Route::CancelOpenOrders,
    ),
    ("allOrders", "GET", "allOrders", Route::AllOrders),
    ("myTrades", "GET", "myTrades", Route::MyTrades),
    (
        "rateLimit/order",
        "GET",
        "account.rateLimits.orders",
        Route::OrderCount,
    ),
];

impl Route {
    const fn door(self) -> Door {
        match self {
            Self::Account
            | Self::PlaceOrder
            | Self::TestOrder
            | Self::Order
            | Self::CancelOrder
            | Self::CancelReplace
            | Self::OpenOrders
            | Self::CancelOpenOrders
            | Self::AllOrders
            | Self::MyTrades
            | Self::OrderCount => Door::Signed,
            _ => Door::Open,
        }
    }

    /// What a call costs of the minute's weight.
    fn weight(self, params: &Params) -> u32 {
        let one = params.get("symbol").is_some();
        match self {
            Self::ExchangeInfo | Self::Account | Self::AllOrders => 20,
            Self::Depth => match params.integer("limit") {
                Ok(Some(1001..)) => 250,
                Ok(Some(501..)) => 50,
                Ok(Some(101..)) => 25,
                _ => 5,
            },
            Self::Trades => 25,
            Self::AggTrades | Self::Order => 4,
            Self::Klines | Self::AvgPrice | Self::TickerBook | Self::TickerPrice if one => 2,
            Self::Klines | Self::AvgPrice => 2,
            Self::TickerBook | Self::TickerPrice => 4,
            Self::Ticker24h if one => 2,
            Self::Ticker24h => 80,
            Self::OpenOrders if one => 6,
            Self::OpenOrders => 80,
            Self::MyTrades if params.get("orderId").is_some() => 5,
            Self::MyTrades => 20,
            Self::OrderCount => 40,
            _ => 1,
        }
    }

    const fn places_orders(self) -> bool {
        matches!(self, Self::PlaceOrder | Self::CancelReplace)
    }
}

impl Engine {
    /// Answers a request over HTTP.
    pub(crate) fn handle_binance(&mut self, request: &Request) -> Answer {
        let path = request.path.trim_matches('/');
        let Some(path) = path
            .strip_prefix("api/v3/")
            .or(path.strip_prefix("api/v1/"))
        else {
            return Answer::json(404, Fail::new(404, -1000, "Not found.").body());
        };
        if path.starts_with("userDataStream") {
            let message = "This endpoint was removed on 2026-02-20: use the WebSocket API.";
            return Fail::new(410, -1000, message).into();
        }
        let here = ROUTES.iter().filter(|row| row.0 == path);
        let methods: Vec<_> = here.collect();
        let Some(row) = methods.iter().find(|row| row.1 == request.method) else {
            let (status, text) = match methods.is_empty() {
                true => (404, "Not found."),
                false => (405, "Request method is not supported."),
            };
            return Fail::new(status, -1000, text).into();
        };
        let route = row.3;
        let body = String::from_utf8_lossy(&request.body);
        let mut params = Params(request.query.clone());
        params.0.extend(crate::serve::form(&body));
        let paid = self.desk.quota.charge(route.weight(&params), request.wall);
        let caller = paid.and_then(|()| match route.door() {
            Door::Open => Ok(0),
            Door::Signed => {
                let payload = sign::payload(&request.raw_query, &body);
                self.signer(request.key.as_deref(), &params, &payload, request.wall)
            }
        });
        let answered = caller.and_then(|account| {
            let call = Call {
                params: &params,
                account,
                wall: request.wall,
            };
            let counted = route.places_orders().then_some(account);
            self.answer_route(route, &call).map(|node| (node, counted))
        });
        let used = self.desk.quota.used().to_string();
        let (answer, counted) = match answered {
            Ok((node, counted)) => (Answer::ok(node), counted),
            Err(fail) => (Answer::from(fail), None),
        };
        let answer = answer
            .with_header("x-mbx-used-weight", used.clone())
            .with_header("x-mbx-used-weight-1m", used);
        match counted {
            None => answer,
            Some(account) => {
                let counts = self.order_counts(account, request.wall);
                answer
                    .with_header("x-mbx-order-count-10s", counts.ten_seconds.to_string())
                    .with_header("x-mbx-order-count-1d", counts.day.to_string())
            }
        }
    }

    fn order_counts(&mut self, account: usize, wall: UnixNanos) -> Counts {
        let filled = crate::order::Status::Filled;
        let is_filled = |place: usize| self.orders[place].status == filled;
        self.desk.quota.counts(account, wall, is_filled)
    }

    /// The account of a key.
    fn account_of_key(&self, key: Option<&str>) -> Result<usize, Fail> {
        let key = key.filter(|key| !key.is_empty());
        let key = key.ok_or_else(|| Fail::new(401, -2014, "API-key format invalid."))?;
        let unknown = "Invalid API-key, IP, or permissions for action.";
        let mut accounts = self.accounts.iter();
        accounts
            .position(|account| account.dialect == Dialect::Binance && account.key == key)
            .ok_or_else(|| Fail::new(401, -2015, unknown))
    }

    /// Refuses what comes too late or too early by both clocks.
    fn check_time(&self, params: &Params, wall: UnixNanos) -> Result<(), Fail> {
        let said = self.said_now();
        sign::check_time(params, [said, wall.plus(said.since(self.now))])
    }

    /// The account that signed a payload, in time.
    fn signer(
        &self,
        key: Option<&str>,
        params: &Params,
        payload: &str,
        wall: UnixNanos,
    ) -> Result<usize, Fail> {
        let account = self.account_of_key(key)?;
        let signature = params.need("signature")?;
        self.check_time(params, wall)?;
        let owner = &self.accounts[account];
        let good = match &owner.public_key {
            Some(public) => sign::is_signed_by_key(public, payload, signature),
            None => sign::is_signed(&owner.secret, payload, signature),
        };
        if !good {
            let message = "Signature for this request is not valid.";
            return Err(Fail::new(400, -1022, message));
        }
        Ok(account)
    }

    fn answer_route(&mut self, route: Route, call: &Call<'_>) -> Result<Node, Fail> {
        let params = call.params;
        match route {
            Route::Ping => Ok(Node::Map(Vec::new())),
            Route::Time => Ok(Node::map([("serverTime", self.said_millis())])),
            Route::ExchangeInfo => self.exchange_info(params),
            Route::Depth => self.depth(params),
            Route::Trades => self.trades(params),
            Route::AggTrades => self.agg_trades(params),
            Route::Klines => self.klines(params),
            Route::AvgPrice => self.avg_price(params),
            Route::Ticker24h => self.day_rows(params),
            Route::TickerPrice => self.price_rows(params),
            Route::TickerBook => self.touch_rows(params),
            Route::Account => self.account_info(call),
            Route::PlaceOrder => self.place_order(call),
            Route::TestOrder => self.test_order(call),
            Route::Order => self.one_of_orders(call),
            Route::CancelOrder => self.cancel_order_by(call, ""),
            Route::CancelReplace => self.cancel_replace(call),
            Route::OpenOrders => self.open_orders(call),
            Route::CancelOpenOrders => self.cancel_open_orders(call),
            Route::AllOrders => self.all_orders(call),
            Route::MyTrades => self.my_trades(call),
            Route::OrderCount => {
                let counts = self.order_counts(call.account, call.wall);
                Ok(self.desk.quota.rows(Some(counts), false))
            }
        }
    }
}

impl Engine {
    fn symbol_status(&self, place: usize) -> &'static str {
        if self.is_trading(place) {
            "TRADING"
        } else {
            "HALT"
        }
    }
}
