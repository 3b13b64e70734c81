//! The account: what it owns, its orders and its trades.

use std::collections::BTreeSet;

use super::fail::Fail;
use super::nodes::amount;
use super::params::Params;
use super::Call;
use crate::engine::Engine;
use crate::node::Node;

const ROWS: usize = 500;
const ROWS_MOST: usize = 1000;

/// A rate of commission, such as `0.00100000`.
fn rate(basis_points: u32) -> Node {
    amount(i128::from(basis_points) * 100_000_000_000_000)
}

impl Engine {
    /// Free and locked of an asset.
    pub(super) fn balance(&self, account: usize, asset: &str) -> (i128, i128) {
        let locked = self.locked(account, asset, None);
        (self.owned(account, asset).saturating_sub(locked), locked)
    }

    pub(super) fn account_info(&self, call: &Call<'_>) -> Result<Node, Fail> {
        let omit = call.params.get("omitZeroBalances") == Some("true");
        let account = &self.accounts[call.account];
        let pairs = self.listings.iter().filter_map(|l| l.pair.as_ref());
        let listed = pairs.flat_map(|pair| [pair.base.as_str(), pair.quote.as_str()]);
        let assets: BTreeSet<&str> = account
            .wallet
            .keys()
            .map(String::as_str)
            .chain(listed)
            .collect();
        let rows = assets.into_iter().filter_map(|asset| {
            let (free, locked) = self.balance(call.account, asset);
            let shown = !omit || free != 0 || locked != 0;
            shown.then(|| {
                Node::map([
                    ("asset", Node::text(asset)),
                    ("free", amount(free)),
                    ("locked", amount(locked)),
                ])
            })
        });
        let balances = Node::List(rows.collect());
        let (maker, taker) = (self.commission.maker_bps, self.commission.taker_bps);
        let yes = || Node::Bool(true);
        let no = || Node::Bool(false);
        Ok(Node::map([
            ("makerCommission", Node::Int(i64::from(maker))),
            ("takerCommission", Node::Int(i64::from(taker))),
            ("buyerCommission", Node::Int(0)),
            ("sellerCommission", Node::Int(0)),
            (
                "commissionRates",
                Node::map([
                    ("maker", rate(maker)),
                    ("taker", rate(taker)),
                    ("buyer", rate(0)),
                    ("seller", rate(0)),
                ]),
            ),
            ("canTrade", yes()),
            ("canWithdraw", no()),
            ("canDeposit", no()),
            ("brokered", no()),
            ("requireSelfTradePrevention", no()),
            ("preventSor", no()),
            ("updateTime", self.millis()),
            ("accountType", "SPOT".into()),
            ("balances", balances),
            ("permissions", Node::List(vec!["SPOT".into()])),
            (
                "uid",
                Node::Int(i64::try_from(call.account + 1).unwrap_or(i64::MAX)),
            ),
        ]))
    }

    pub(super) fn one_of_orders(&self, call: &Call<'_>) -> Result<Node, Fail> {
        let place = self.named_order(call, "")?;
        let place = place.ok_or_else(Fail::no_such_order)?;
        Ok(self.queried_node(place))
    }

    pub(super) fn open_orders(&self, call: &Call<'_>) -> Result<Node, Fail> {
        let wanted = match call.params.get("symbol") {
            Some(symbol) => Some(self.place_of_pair(symbol)?),
            None => None,
        };
        let open = self.accounts[call.account].open.iter();
        let open = open.filter(|place| {
            let instrument = self.orders[**place].instrument;
            wanted.is_none_or(|wanted| wanted == instrument)
        });
        Ok(Node::List(
            open.map(|place| self.queried_node(*place)).collect(),
        ))
    }

    /// From an id on the oldest first, else the newest ones.
    pub(super) fn all_orders(&self, call: &Call<'_>) -> Result<Node, Fail> {
        let instrument = self.place_of_pair(call.params.need("symbol")?)?;
        let limit = call.params.limit(ROWS, ROWS_MOST)?;
        let span = Span::parse(call.params)?;
        let from = call.params.integer("orderId")?;
        let orders = self.accounts[call.account].orders.iter().copied();
        let rows: Vec<usize> = orders
            .filter(|place| {
                let order = &self.orders[*place];
                let id = i64::try_from(place + 1).unwrap_or(i64::MAX);
                order.instrument == instrument
                    && from.is_none_or(|from| id >= from)
                    && span.holds(order.submitted_at.0)
            })
            .collect();
        let rows = cut(&rows, limit, from.is_some() || span.from.is_some());
        Ok(Node::List(
            rows.iter().map(|place| self.queried_node(*place)).collect(),
        ))
    }

    pub(super) fn my_trades(&self, call: &Call<'_>) -> Result<Node, Fail> {
        let instrument = self.place_of_pair(call.params.need("symbol")?)?;
        let limit = call.params.limit(ROWS, ROWS_MOST)?;
        let span = Span::parse(call.params)?;
        let (from, order) = (
            call.params.integer("fromId")?,
            call.params.integer("orderId")?,
        );
        let executions = self.accounts[call.account].executions.iter();
        let rows: Vec<&crate::order::Execution> = executions
            .map(|place| &self.executions[*place])
            .filter(|execution| {
                let id = i64::try_from(execution.order + 1).unwrap_or(i64::MAX);
                self.orders[execution.order].instrument == instrument
                    && from.is_none_or(|from| execution.trade >= from)
                    && order.is_none_or(|order| order == id)
                    && span.holds(execution.at.0)
            })
            .collect();
        let rows = cut(&rows, limit, from.is_some() || span.from.is_some());
        Ok(Node::List(
            rows.iter().map(|row| self.trade_node(row)).collect(),
        ))
    }
}

/// `limit` rows: the first ones from a start on, else the last ones.
fn cut<T>(rows: &[T], limit: usize, from_start: bool) -> &[T] {
    let count = rows.len().min(limit);
    if from_start {
        &rows[..count]
    } else {
        &rows[rows.len() - count..]
    }
}

/// Times that were asked for, in milliseconds, both ends included.
pub(super) struct Span {
    pub(super) from: Option<i64>,
    until: Option<i64>,
}

impl Span {
    pub(super) fn parse(params: &Params) -> Result<Self, Fail> {
        Ok(Self {
            from: params.integer("startTime")?,
            until: params.integer("endTime")?,
        })
    }

    pub(super) fn holds(&self, ns: i64) -> bool {
        let ms = ns.div_euclid(1_000_000);
        self.from.is_none_or(|from| ms >= from) && self.until.is_none_or(|until| ms <= until)
    }
}
