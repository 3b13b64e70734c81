//! Account activities: the executions, for clients that come back after a gap.

use py_rt_types::Qty;

use super::orders::{moment, side_name};
use super::{liquidity, money, Reply};
use crate::answer::{Answer, Refusal, Request};
use crate::civil;
use crate::engine::Engine;
use crate::ids::Uuid;
use crate::node::Node;
use crate::order::{Execution, Status};

impl Engine {
    /// `activities`, `activities/FILL` or `activities?activity_types=FILL`.
    pub(super) fn activities(&self, account: usize, path: &str, request: &Request) -> Reply {
        let tail = path.trim_start_matches("activities").trim_matches('/');
        let mut types = request.list("activity_types");
        if !tail.is_empty() {
            types.push(tail);
        }
        if !types.is_empty() && !types.iter().any(|name| name.eq_ignore_ascii_case("FILL")) {
            return Ok(Answer::ok(Node::List(Vec::new())));
        }
        let size = match request.param("page_size").map(str::parse::<usize>) {
            None => 100,
            Some(Ok(size @ 1..=100)) => size,
            Some(_) => return Err(Refusal::malformed("page_size must be within 1 to 100")),
        };
        let ascending = request.param("direction") == Some("asc");
        let rows = self.wanted_executions(account, request)?;
        let after = self.page_start(&rows, request, ascending)?;
        let node = |place: &usize| self.fill_node(&self.executions[*place]);
        let page: Vec<Node> = if ascending {
            rows[after..].iter().take(size).map(node).collect()
        } else {
            rows[..after].iter().rev().take(size).map(node).collect()
        };
        Ok(Answer::ok(Node::List(page)))
    }

    /// Places of the executions within the times asked for, oldest first.
    fn wanted_executions(&self, account: usize, request: &Request) -> Result<Vec<usize>, Refusal> {
        let (after, until) = (moment(request, "after")?, moment(request, "until")?);
        let bad = || Refusal::malformed("invalid date: use YYYY-MM-DD");
        let day = match request.param("date") {
            Some(text) => {
                let date = text.get(..10).unwrap_or(text);
                Some(civil::parse_date(date).ok_or_else(bad)?)
            }
            None => None,
        };
        let wanted = |place: &&usize| {
            let at = self.executions[**place].at;
            after.is_none_or(|after| at > after)
                && until.is_none_or(|until| at < until)
                && day.is_none_or(|day| civil::eastern_day(at) == day)
        };
        let all = self.accounts[account].executions.iter();
        Ok(all.filter(wanted).copied().collect())
    }

    /// Where the page begins: behind the row that the token names.
    fn page_start(
        &self,
        rows: &[usize],
        request: &Request,
        ascending: bool,
    ) -> Result<usize, Refusal> {
        let Some(token) = request.param("page_token") else {
            return Ok(if ascending { 0 } else { rows.len() });
        };
        let id = token.rsplit("::").next().and_then(Uuid::parse);
        let found = rows
            .iter()
            .position(|place| Some(self.executions[*place].id) == id)
            .ok_or_else(|| Refusal::malformed("invalid page_token"))?;
        Ok(if ascending { found + 1 } else { found })
    }

    fn fill_node(&self, execution: &Execution) -> Node {
        let order = &self.orders[execution.order];
        let listing = &self.listings[order.instrument];
        let instrument = &listing.instrument;
        let qty = |qty: Qty| Node::optional(instrument.qty_decimal(qty).ok(), Node::decimal);
        let price = instrument.price_decimal(execution.price).ok();
        let done = execution.leaves.0 == 0;
        let status = if done {
            Status::Filled
        } else {
            Status::PartiallyFilled
        };
        let stamp = civil::activity_stamp(execution.at);
        Node::map([
            ("id", Node::text(format!("{stamp}::{}", execution.id))),
            ("activity_type", "FILL".into()),
            ("transaction_time", Node::Time(execution.at)),
            ("type", if done { "fill" } else { "partial_fill" }.into()),
            ("price", Node::optional(price, Node::decimal)),
            ("qty", qty(execution.qty)),
            ("side", side_name(order.side).into()),
            ("symbol", Node::text(listing.symbol())),
            ("leaves_qty", qty(execution.leaves)),
            ("order_id", Node::text(order.id.to_string())),
            ("cum_qty", qty(execution.cum_qty)),
            ("order_status", status.name().into()),
            ("swap_rate", "1".into()),
            ("fee", money(execution.fee)),
            ("liquidity", liquidity(execution.liquidity)),
        ])
    }
}
