//! The truth of the venue, for those who compare: not part of the dialect.

use std::collections::{BTreeMap, BTreeSet};

use py_rt_types::Decimal;

use super::orders::side_name;
use super::Reply;
use crate::answer::{Answer, Refusal, Request};
use crate::engine::Engine;
use crate::listing::Dialect;
use crate::node::{Name, Node};

impl Engine {
    /// Answers a request on the administration port.
    pub(crate) fn handle_admin(&mut self, request: &Request) -> Answer {
        let answer = match (request.method.as_str(), request.path.trim_matches('/')) {
            ("GET", "admin/ledger") => self.ledger(request),
            ("GET", "admin/health") => Ok(self.health()),
            ("GET", "admin/faults") => Ok(self.list_faults()),
            ("POST", "admin/faults") => self.post_fault(request),
            ("DELETE", "admin/faults") => self.delete_faults(None),
            ("DELETE", path) if path.starts_with("admin/faults/") => {
                self.delete_faults(path.strip_prefix("admin/faults/"))
            }
            _ => Err(Refusal::not_found(
                "use /admin/ledger, /admin/faults or /admin/health",
            )),
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
        let cash: i128 = accounts.iter().map(|a| self.cash_of(*a)).sum();
        Ok(Answer::ok(Node::map([
            ("orders", Node::List(orders.collect())),
            ("executions", self.ledger_executions(&accounts)),
            ("positions", self.ledger_positions(&accounts)),
            ("cash", Node::decimal(Decimal::from_atto(cash))),
            ("balances", self.ledger_balances(&accounts)),
            ("pairs", self.ledger_pairs()),
            ("virtual_time", Node::Time(self.now)),
        ])))
    }

    fn ledger_executions(&self, accounts: &[usize]) -> Node {
        let executions = self.executions.iter().filter(|execution| !execution.busted);
        let rows = executions.filter(|execution| accounts.contains(&execution.account));
        let rows = rows.map(|execution| {
            let order = &self.orders[execution.order];
            let instrument = &self.listings[order.instrument].instrument;
            let price = instrument.price_decimal(execution.price).ok();
            let qty = instrument.qty_decimal(execution.qty).ok();
            let in_money = (execution.fee.0, "USD".to_owned());
            let (fee, asset) = execution.commission.clone().unwrap_or(in_money);
            let row = Node::map([
                ("id", Node::text(execution.id.to_string())),
                ("order_id", Node::text(order.id.to_string())),
                ("client_order_id", Node::text(order.client_order_id.clone())),
                ("symbol", Node::text(instrument.symbol())),
                ("side", side_name(order.side).into()),
                ("qty", Node::optional(qty, Node::decimal)),
                ("price", Node::optional(price, Node::decimal)),
                ("fee", Node::decimal(Decimal::from_atto(fee))),
                ("fee_asset", Node::text(asset)),
                ("ts_event", Node::Int(execution.at.0)),
            ]);
            // Binance tells an execution by its number within the pair.
            let pair = self.pair(order.instrument);
            match pair.filter(|_| execution.commission.is_some()) {
                Some(pair) => {
                    let trade = format!("{}-{}", pair.symbol, execution.trade);
                    row.with("trade", Node::text(trade))
                }
                None => row,
            }
        });
        Node::List(rows.collect())
    }

    /// What Binance calls each coin, and the step of its quantities.
    fn ledger_pairs(&self) -> Node {
        let rows = self.listings.iter().filter_map(|listing| {
            let pair = listing.pair.as_ref()?;
            let name = Name::Owned(listing.symbol().to_owned());
            let row = Node::map([
                ("symbol", Node::text(pair.symbol.clone())),
                ("step", Node::decimal(pair.step)),
            ]);
            Some((name, row))
        });
        Node::Map(rows.collect())
    }

    /// Dollars of an Alpaca account; what coins are paid in of a Binance account.
    fn cash_of(&self, account: usize) -> i128 {
        let owner = &self.accounts[account];
        if owner.dialect == Dialect::Alpaca {
            return owner.cash.0;
        }
        let pairs = self.listings.iter().filter_map(|l| l.pair.as_ref());
        let quotes: BTreeSet<&str> = pairs.map(|pair| pair.quote.as_str()).collect();
        quotes
            .into_iter()
            .map(|asset| self.owned(account, asset))
            .sum()
    }

    /// What is held of every instrument; of a Binance account all coins count.
    fn ledger_positions(&self, accounts: &[usize]) -> Node {
        let held = |account: usize, place: usize| match self.accounts[account].dialect {
            Dialect::Alpaca => {
                let lots = self.accounts[account].positions[place].qty;
                self.amount(place, lots)
            }
            Dialect::Binance => {
                let pair = self.listings[place].pair.as_ref();
                pair.map_or(0, |pair| self.owned(account, &pair.base))
            }
        };
        let rows = (0..self.listings.len()).filter_map(|place| {
            let sum: i128 = accounts.iter().map(|account| held(*account, place)).sum();
            let name = Name::Owned(self.listings[place].symbol().to_owned());
            (sum != 0).then(|| (name, Node::decimal(Decimal::from_atto(sum))))
        });
        Node::Map(rows.collect())
    }

    /// The assets of Binance accounts.
    fn ledger_balances(&self, accounts: &[usize]) -> Node {
        let mut sums: BTreeMap<&str, i128> = BTreeMap::new();
        for account in accounts {
            for (asset, amount) in &self.accounts[*account].wallet {
                *sums.entry(asset).or_default() += amount;
            }
        }
        let rows = sums.into_iter().map(|(asset, amount)| {
            let name = Name::Owned(asset.to_owned());
            (name, Node::decimal(Decimal::from_atto(amount)))
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
            ("streams", count(self.hub.len() + self.desk.len())),
        ]))
    }
}
