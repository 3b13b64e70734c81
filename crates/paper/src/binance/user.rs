//! User data: what happens to orders and balances, to connections that asked for it.

use py_rt_types::{Liquidity, Qty};

use super::nodes::{amount, millis, number, side_name, status_name, tif_name, type_name};
use super::orders::worth;
use crate::engine::Engine;
use crate::node::{Name, Node};
use crate::order::{Order, Status};

impl Engine {
    /// Tells the account's connections what happened to an order.
    pub(crate) fn report(&mut self, place: usize, event: &str, execution: Option<usize>) {
        self.desk.last_event += 1;
        let account = self.orders[place].account;
        if !self.hears(account) {
            return;
        }
        let report = self.execution_report(place, event, execution);
        self.tell_user(account, report);
        let positions = self.account_position(account, place);
        self.tell_user(account, positions);
    }

    /// Says on all connections that the venue will stop; returns on how many.
    pub(crate) fn say_shutdown(&mut self) -> u64 {
        let node = Node::map([("e", "serverShutdown".into()), ("E", self.millis())]);
        let lines: Vec<u64> = self.desk.lines.keys().copied().collect();
        lines.iter().for_each(|id| self.desk.send(*id, &node));
        lines.len() as u64
    }

    /// Ends all subscriptions to user data; returns how many.
    pub(crate) fn expire_users(&mut self) -> u64 {
        let event = Node::map([("e", "eventStreamTerminated".into()), ("E", self.millis())]);
        let accounts = self.accounts.len();
        (0..accounts).for_each(|account| self.tell_user(account, event.clone()));
        let mut count = 0;
        for line in self.desk.lines.values_mut() {
            count += line.users.len() as u64;
            line.users.clear();
        }
        count
    }

    /// Whether anybody wants to hear of an account.
    fn hears(&self, account: usize) -> bool {
        let mut lines = self.desk.lines.values();
        lines.any(|line| line.users.iter().any(|user| user.1 == account))
    }

    /// Sends an event under every subscription of an account.
    pub(super) fn tell_user(&mut self, account: usize, event: Node) {
        let lines = self.desk.lines.iter();
        let users: Vec<(u64, i64)> = lines
            .flat_map(|(id, line)| line.users.iter().map(move |user| (*id, *user)))
            .filter(|(_, user)| user.1 == account)
            .map(|(id, user)| (id, user.0))
            .collect();
        for (id, subscription) in users {
            let message = Node::Map(vec![
                (Name::Borrowed("subscriptionId"), Node::Int(subscription)),
                (Name::Borrowed("event"), event.clone()),
            ]);
            self.desk.send(id, &message);
        }
    }

    fn execution_report(&self, place: usize, event: &str, execution: Option<usize>) -> Node {
        let order = &self.orders[place];
        let at = order.instrument;
        let execution = execution.map(|at| &self.executions[at]);
        let kind = match event {
            "fill" | "partial_fill" => "TRADE",
            "canceled" => "CANCELED",
            "expired" if order.prevented => "TRADE_PREVENTION",
            "expired" => "EXPIRED",
            "rejected" => "REJECTED",
            // Binance has no word for a trade that is taken back: the account shows it.
            "restated" => "REPLACED",
            _ => "NEW",
        };
        let (id, original) = match (&order.cancel_id, order.status) {
            (Some(id), Status::Canceled) => (id.clone(), order.client_order_id.clone()),
            _ => (order.client_order_id.clone(), String::new()),
        };
        let (qty, price) = execution.map_or((Qty::ZERO, None), |e| (e.qty, Some(e.price)));
        let value = execution.map_or(0, |e| worth(self, at, e.price, e.qty));
        let commission = execution.and_then(|execution| execution.commission.clone());
        let (paid, asset) = match commission {
            Some((paid, asset)) => (amount(paid), Node::text(asset)),
            None => ("0".into(), Node::Null),
        };
        let maker = execution.is_some_and(|e| e.liquidity == Liquidity::Maker);
        let quote_qty = order.notional.and_then(|notional| notional.to_atto().ok());
        let node = Node::map([
            ("e", "executionReport".into()),
            ("E", self.millis()),
            ("s", self.symbol_text(at)),
            ("c", Node::text(id)),
            ("S", side_name(order.side).into()),
            ("o", type_name(order).into()),
            ("f", tif_name(order)),
            ("q", self.qty_text(at, order.qty)),
            ("p", self.price_text(at, order.limit)),
            ("P", self.price_text(at, order.stop)),
            ("F", amount(0)),
            ("g", Node::Int(-1)),
            ("C", Node::text(original)),
            ("x", kind.into()),
            ("X", status_name(order).into()),
            ("r", "NONE".into()),
            ("i", number(place)),
            ("l", self.qty_text(at, qty)),
            ("z", self.qty_text(at, order.cum_qty)),
            ("L", self.price_text(at, price)),
            ("n", paid),
            ("N", asset),
            ("T", millis(order.updated_at)),
            ("t", Node::Int(execution.map_or(-1, |e| e.trade))),
            ("I", Node::Int(self.desk.last_event)),
            ("w", Node::Bool(order.status.is_open() && !order.held)),
            ("m", Node::Bool(maker)),
            ("M", Node::Bool(false)),
            ("O", millis(order.submitted_at)),
            ("Z", amount(self.turnover_of(order))),
            ("Y", amount(value)),
            ("Q", amount(quote_qty.unwrap_or_default())),
            ("W", millis(order.submitted_at)),
            ("V", order.stp.into()),
        ]);
        match expiry_reason(order) {
            Some(reason) if kind == "EXPIRED" => node.with("eR", reason.into()),
            _ => node,
        }
    }

    /// The assets of an order's pair, as they are now.
    fn account_position(&self, account: usize, place: usize) -> Node {
        let pair = self.pair(self.orders[place].instrument);
        let assets = pair.map(|pair| [pair.quote.clone(), pair.base.clone()]);
        let rows = assets.into_iter().flatten().map(|asset| {
            let (free, locked) = self.balance(account, &asset);
            Node::map([
                ("a", Node::text(asset)),
                ("f", amount(free)),
                ("l", amount(locked)),
            ])
        });
        Node::map([
            ("e", "outboundAccountPosition".into()),
            ("E", self.millis()),
            ("u", self.millis()),
            ("B", Node::List(rows.collect())),
        ])
    }
}

fn expiry_reason(order: &Order) -> Option<&'static str> {
    match (order.tif.name(), order.limit) {
        ("ioc", _) => Some("UNFILLED_IOC_QUANTITY_EXPIRED"),
        ("fok", _) => Some("UNFILLED_FOK_ORDER_EXPIRED"),
        (_, None) => Some("INSUFFICIENT_LIQUIDITY"),
        _ => None,
    }
}
