//! The truth of the venue, for those who compare: not part of the dialect.

use std::collections::BTreeMap;

use py_rt_types::{Decimal, Qty};

use super::orders::side_name;
use super::{money, Reply};
use crate::answer::{Answer, Refusal, Request};
use crate::engine::Engine;
use crate::node::{Name, Node};

impl Engine {
    /// Answers a request on the administration port.
    pub(crate) fn handle_admin(&mut self, request: &Request) -> Answer {
        let answer = match (request.method.as_str(), request.path.trim_matches('/')) {
            ("GET", "admin/ledger") => self.ledger(request),
            ("GET", "admin/health") => Ok(self.health()),
            _ => Err(Refusal::not_found("use /admin/ledger or /admin/health")),
        };
        answer.unwrap_or_else(Answer::from)
    }

    /// Of all accounts together, or of the one whose key is given (`?account=KEY`).
    fn ledger(&self, request: &Request) -> Reply {
        let key = request.param("account");
        let wanted = |account: usize| key.is_none_or(|key| self.accounts[account].key == key);
        let accounts: Vec<usize> = (0..self.accounts.len()).filter(|a| wanted(*a)).collect();
        if accounts.is_empty() {
            return Err(Refusal::not_found("no account has this key"));
        }
        let orders = self.orders.iter().filter(|order| wanted(order.account));
        let orders = orders.map(|order| {
            let listing = &self.listings[order.instrument];
            let qty = |qty| Node::optional(listing.instrument.qty_decimal(qty).ok(), Node::decimal);
            Node::map([
                ("id", Node::text(order.id.to_string())),
                ("client_order_id", Node::text(order.client_order_id.clone())),
                ("symbol", Node::text(listing.symbol())),
                ("side", side_name(order.side).into()),
                ("qty", qty(order.qty)),
                ("filled_qty", qty(order.cum_qty)),
                ("status", order.status.name().into()),
            ])
        });
        let cash: i128 = accounts.iter().map(|a| self.accounts[*a].cash.0).sum();
        Ok(Answer::ok(Node::map([
            ("orders", Node::List(orders.collect())),
            ("executions", self.ledger_executions(&accounts)),
            ("positions", self.ledger_positions(&accounts)),
            ("cash", Node::decimal(Decimal::from_atto(cash))),
            ("virtual_time", Node::Time(self.now)),
        ])))
    }

    fn ledger_executions(&self, accounts: &[usize]) -> Node {
        let executions = self.executions.iter();
        let rows = executions.filter(|execution| accounts.contains(&execution.account));
        let rows = rows.map(|execution| {
            let order = &self.orders[execution.order];
            let instrument = &self.listings[order.instrument].instrument;
            let price = instrument.price_decimal(execution.price).ok();
            let qty = instrument.qty_decimal(execution.qty).ok();
            Node::map([
                ("id", Node::text(execution.id.to_string())),
                ("order_id", Node::text(order.id.to_string())),
                ("client_order_id", Node::text(order.client_order_id.clone())),
                ("symbol", Node::text(instrument.symbol())),
                ("side", side_name(order.side).into()),
                ("qty", Node::optional(qty, Node::decimal)),
                ("price", Node::optional(price, Node::decimal)),
                ("fee", money(execution.fee)),
                ("ts_event", Node::Int(execution.at.0)),
            ])
        });
        Node::List(rows.collect())
    }

    fn ledger_positions(&self, accounts: &[usize]) -> Node {
        let mut sums: BTreeMap<usize, i64> = BTreeMap::new();
        for account in accounts {
            for place in self.held(*account) {
                *sums.entry(place).or_default() += self.accounts[*account].positions[place].qty;
            }
        }
        let rows = sums
            .into_iter()
            .filter(|(_, qty)| *qty != 0)
            .map(|(place, qty)| {
                let instrument = &self.listings[place].instrument;
                let text = instrument.qty_decimal(Qty(qty)).ok();
                let name = Name::Owned(instrument.symbol().to_owned());
                (name, Node::optional(text, Node::decimal))
            });
        Node::Map(rows.collect())
    }

    fn health(&self) -> Answer {
        let count = |count: usize| Node::Int(i64::try_from(count).unwrap_or(i64::MAX));
        let ended = self.poll_market() == py_rt_types::UnixNanos::MAX;
        Answer::ok(Node::map([
            ("status", "ok".into()),
            ("virtual_time", Node::Time(self.now)),
            ("speed", Node::text(self.speed.to_string())),
            ("seed", Node::text(self.seed.to_string())),
            ("market_ended", Node::Bool(ended)),
            ("accounts", count(self.accounts.len())),
            ("orders", count(self.orders.len())),
            ("executions", count(self.executions.len())),
            ("streams", count(self.hub.len())),
        ]))
    }
}
