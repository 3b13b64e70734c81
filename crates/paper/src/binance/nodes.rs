//! Orders and executions as the dialect shows them.

use py_rt_types::{Liquidity, Price, Qty, Side, UnixNanos};

use super::orders::{worth, Detail};
use super::params::fixed;
use crate::engine::Engine;
use crate::node::Node;
use crate::order::{Execution, Kind, Order, Status};

/// A time in milliseconds.
pub(super) fn millis(at: UnixNanos) -> Node {
    Node::Int(at.0.div_euclid(1_000_000))
}

/// Eight decimals.
pub(super) fn amount(atto: i128) -> Node {
    Node::text(fixed(atto))
}

pub(super) const fn side_name(side: Side) -> &'static str {
    match side {
        Side::Buy => "BUY",
        Side::Sell => "SELL",
    }
}

/// The number that an order is known by.
pub(super) fn number(place: usize) -> Node {
    Node::Int(i64::try_from(place + 1).unwrap_or(i64::MAX))
}

pub(super) const fn type_name(order: &Order) -> &'static str {
    match (order.kind, order.takes_profit) {
        (Kind::Market, _) => "MARKET",
        (Kind::Limit, _) if order.post_only => "LIMIT_MAKER",
        (Kind::Limit, _) => "LIMIT",
        (Kind::StopLimit, false) => "STOP_LOSS_LIMIT",
        (Kind::StopLimit, true) => "TAKE_PROFIT_LIMIT",
        (_, false) => "STOP_LOSS",
        (_, true) => "TAKE_PROFIT",
    }
}

pub(super) fn tif_name(order: &Order) -> Node {
    Node::text(order.tif.name().to_ascii_uppercase())
}

pub(super) const fn status_name(order: &Order) -> &'static str {
    match order.status {
        Status::PendingNew | Status::New | Status::Accepted | Status::Held => "NEW",
        Status::PartiallyFilled => "PARTIALLY_FILLED",
        Status::Filled => "FILLED",
        Status::Canceled | Status::Replaced => "CANCELED",
        Status::Expired if order.prevented => "EXPIRED_IN_MATCH",
        Status::Expired => "EXPIRED",
        Status::Rejected => "REJECTED",
        Status::PendingCancel => "PENDING_CANCEL",
    }
}

impl Engine {
    pub(super) fn millis(&self) -> Node {
        millis(self.now)
    }

    /// The time that the venue says it is.
    pub(super) fn said_millis(&self) -> Node {
        millis(self.said_now())
    }

    pub(super) fn price_text(&self, instrument: usize, price: Option<Price>) -> Node {
        let spec = self.listings[instrument].instrument.spec();
        let tick = spec.tick_size.to_atto().unwrap_or_default();
        let ticks = price.unwrap_or_default().0;
        amount(tick.saturating_mul(i128::from(ticks)))
    }

    pub(super) fn qty_text(&self, instrument: usize, qty: Qty) -> Node {
        amount(self.amount(instrument, qty.0))
    }

    pub(super) fn symbol_text(&self, instrument: usize) -> Node {
        let symbol = self.pair(instrument).map(|pair| pair.symbol.clone());
        Node::text(symbol.unwrap_or_default())
    }

    /// The lines that every answer about an order has in common.
    fn terms(&self, order: &Order, node: Node) -> Node {
        let at = order.instrument;
        let quote_qty = order.notional.and_then(|notional| notional.to_atto().ok());
        let node = node
            .with("price", self.price_text(at, order.limit))
            .with("origQty", self.qty_text(at, order.qty))
            .with("executedQty", self.qty_text(at, order.cum_qty))
            .with("origQuoteOrderQty", amount(quote_qty.unwrap_or_default()))
            .with("cummulativeQuoteQty", amount(self.turnover_of(order)))
            .with("status", status_name(order).into())
            .with("timeInForce", tif_name(order))
            .with("type", type_name(order).into())
            .with("side", side_name(order.side).into());
        match order.stop {
            Some(stop) => node.with("stopPrice", self.price_text(at, Some(stop))),
            None => node,
        }
    }

    /// The answer to a new order.
    pub(super) fn placed_node(&self, place: usize, detail: Detail) -> Node {
        let order = &self.orders[place];
        let head = Node::map([
            ("symbol", self.symbol_text(order.instrument)),
            ("orderId", number(place)),
            ("orderListId", Node::Int(-1)),
            ("clientOrderId", Node::text(order.client_order_id.clone())),
            ("transactTime", millis(order.updated_at)),
        ]);
        if detail == Detail::Ack {
            return head;
        }
        let node = self
            .terms(order, head)
            .with("workingTime", millis(order.submitted_at));
        let fills = order.fills.iter().map(|at| {
            let execution = &self.executions[*at];
            let (paid, asset) = execution.commission.clone().unwrap_or_default();
            Node::map([
                (
                    "price",
                    self.price_text(order.instrument, Some(execution.price)),
                ),
                ("qty", self.qty_text(order.instrument, execution.qty)),
                ("commission", amount(paid)),
                ("commissionAsset", Node::text(asset)),
                ("tradeId", Node::Int(execution.trade)),
            ])
        });
        let node = match detail {
            Detail::Full => node.with("fills", Node::List(fills.collect())),
            _ => node,
        };
        node.with("selfTradePreventionMode", order.stp.into())
    }

    /// The answer to the cancel of an order.
    pub(super) fn canceled_node(&self, place: usize) -> Node {
        let order = &self.orders[place];
        let cancel_id = order.cancel_id.clone().unwrap_or_default();
        let head = Node::map([
            ("symbol", self.symbol_text(order.instrument)),
            (
                "origClientOrderId",
                Node::text(order.client_order_id.clone()),
            ),
            ("orderId", number(place)),
            ("orderListId", Node::Int(-1)),
            ("clientOrderId", Node::text(cancel_id)),
            ("transactTime", millis(order.updated_at)),
        ]);
        self.terms(order, head)
            .with("selfTradePreventionMode", order.stp.into())
    }

    /// An order that was asked for.
    pub(super) fn queried_node(&self, place: usize) -> Node {
        let order = &self.orders[place];
        let head = Node::map([
            ("symbol", self.symbol_text(order.instrument)),
            ("orderId", number(place)),
            ("orderListId", Node::Int(-1)),
            ("clientOrderId", Node::text(order.client_order_id.clone())),
        ]);
        let node = self.terms(order, head);
        let node = match order.stop {
            Some(_) => node,
            None => node.with("stopPrice", amount(0)),
        };
        node.with("icebergQty", amount(0))
            .with("time", millis(order.submitted_at))
            .with("updateTime", millis(order.updated_at))
            .with("isWorking", Node::Bool(!order.held))
            .with("workingTime", millis(order.submitted_at))
            .with("selfTradePreventionMode", order.stp.into())
    }

    /// An execution of the account.
    pub(super) fn trade_node(&self, execution: &Execution) -> Node {
        let order = &self.orders[execution.order];
        let at = order.instrument;
        let (paid, asset) = execution.commission.clone().unwrap_or_default();
        let value = worth(self, at, execution.price, execution.qty);
        Node::map([
            ("symbol", self.symbol_text(at)),
            ("id", Node::Int(execution.trade)),
            ("orderId", number(execution.order)),
            ("orderListId", Node::Int(-1)),
            ("price", self.price_text(at, Some(execution.price))),
            ("qty", self.qty_text(at, execution.qty)),
            ("quoteQty", amount(value)),
            ("commission", amount(paid)),
            ("commissionAsset", Node::text(asset)),
            ("time", millis(execution.at)),
            ("isBuyer", Node::Bool(order.side == Side::Buy)),
            (
                "isMaker",
                Node::Bool(execution.liquidity == Liquidity::Maker),
            ),
            ("isBestMatch", Node::Bool(true)),
        ])
    }
}
