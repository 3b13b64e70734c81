//! The HTTP side of the dialect: one request in, one answer out, all on the engine.

mod account;
mod activities;
mod admin;
mod assets;
mod data;
mod history;
mod orders;
mod positions;

use py_rt_types::{Decimal, Liquidity, Money};

use crate::answer::{Answer, Refusal, Request};
use crate::config::Dialect;
use crate::engine::Engine;
use crate::node::Node;

/// A call about one account: answered or refused.
type Reply = Result<Answer, Refusal>;

pub(crate) fn money(amount: Money) -> Node {
    Node::decimal(Decimal::from_atto(amount.0))
}

pub(crate) fn liquidity(liquidity: Liquidity) -> Node {
    match liquidity {
        Liquidity::Maker => "maker".into(),
        Liquidity::Taker => "taker".into(),
    }
}

impl Engine {
    /// Answers a request of the dialect, if its minute has one left.
    pub(crate) fn handle_request(&mut self, request: &Request) -> Answer {
        let left = self.requests.count(request.wall);
        let answer = match left {
            Some(_) => self.route_request(request),
            None => Answer::from(Refusal::too_many()).with_header("retry-after", "1".into()),
        };
        let resets = request.wall.0.div_euclid(60_000_000_000) * 60 + 60;
        answer
            .with_header("x-ratelimit-limit", self.requests.per_minute.to_string())
            .with_header("x-ratelimit-remaining", left.unwrap_or(0).to_string())
            .with_header("x-ratelimit-reset", resets.to_string())
    }

    fn route_request(&mut self, request: &Request) -> Answer {
        let path = request.path.trim_matches('/').to_owned();
        if let Some(rest) = path.strip_prefix("v1beta3/crypto/us/") {
            return self.crypto_data(request, rest).unwrap_or_else(Answer::from);
        }
        let Some(account) = self.account_of(request.key.as_deref(), request.secret.as_deref())
        else {
            return Refusal::unauthorized().into();
        };
        self.answer(account, &path, request)
            .unwrap_or_else(Answer::from)
    }

    /// The account that these keys open.
    pub(crate) fn account_of(&self, key: Option<&str>, secret: Option<&str>) -> Option<usize> {
        let (key, secret) = (key?, secret?);
        let mut accounts = self.accounts.iter();
        accounts.position(|account| {
            account.dialect == Dialect::Alpaca && account.key == key && account.secret == secret
        })
    }

    fn answer(&mut self, account: usize, path: &str, request: &Request) -> Reply {
        let unknown = || Refusal::not_found("endpoint not found");
        if let Some(rest) = path.strip_prefix("v2/stocks/") {
            return self.stock_data(request, rest);
        }
        if path == "v1/corporate-actions" {
            let none = Node::Map(Vec::new());
            let page = [("corporate_actions", none), ("next_page_token", Node::Null)];
            return Ok(Answer::ok(Node::map(page)));
        }
        let rest = path.strip_prefix("v2/").ok_or_else(unknown)?;
        let (head, tail) = rest.split_once('/').unwrap_or((rest, ""));
        match (request.method.as_str(), head, tail) {
            ("POST", "orders", "") => self.post_order(account, request),
            ("GET", "orders", "") => self.list_orders(account, request),
            ("DELETE", "orders", "") => Ok(self.cancel_all(account)),
            ("GET", "orders:by_client_order_id", "") => self.order_by_client(account, request),
            ("GET", "orders", id) => self.one_order(account, id, request),
            ("PATCH", "orders", id) => self.patch_order(account, id, request),
            ("DELETE", "orders", id) => self.cancel_order(account, id),
            ("GET", "positions", "") => Ok(self.list_positions(account)),
            ("DELETE", "positions", "") => Ok(self.close_all(account, request)),
            ("GET", "positions", symbol) => self.one_position(account, symbol),
            ("DELETE", "positions", symbol) => self.close_position(account, symbol, request),
            ("GET", "account", "") => Ok(self.show_account(account)),
            ("GET", "account", "configurations") => Ok(self.show_configurations(account)),
            ("PATCH", "account", "configurations") => self.configure(account, request),
            ("GET", "account", "portfolio/history") => Ok(self.portfolio_history(account)),
            ("GET", "account", activities) if activities.starts_with("activities") => {
                self.activities(account, activities, request)
            }
            ("GET", "clock", "") => Ok(self.show_clock()),
            ("GET", "calendar", "") => self.calendar(request),
            ("GET", "assets", "") => Ok(self.list_assets(request)),
            ("GET", "assets", symbol) => self.one_asset(symbol),
            _ => Err(unknown()),
        }
    }
}
