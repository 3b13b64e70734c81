//! New orders and the ends of old ones.

use py_rt_types::{Decimal, Money, Price, Qty, Side};

use super::fail::Fail;
use super::filters::{on_step, on_tick};
use super::params::Params;
use super::Call;
use crate::engine::Engine;
use crate::node::Node;
use crate::order::{Kind, Order, Status, Tif};

pub(super) const TYPES: [&str; 7] = [
    "LIMIT",
    "LIMIT_MAKER",
    "MARKET",
    "STOP_LOSS",
    "STOP_LOSS_LIMIT",
    "TAKE_PROFIT",
    "TAKE_PROFIT_LIMIT",
];
/// Ways to keep an account from trading with itself; the first is the default.
pub(super) const STP: [&str; 3] = ["EXPIRE_MAKER", "EXPIRE_TAKER", "EXPIRE_BOTH"];
/// What this venue does not do, refused by name.
const UNSPOKEN: [&str; 4] = [
    "icebergQty",
    "trailingDelta",
    "pegPriceType",
    "pegOffsetValue",
];

/// How much a client wants to hear of a new order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    Ack,
    Result,
    Full,
}

impl Detail {
    fn parse(params: &Params, name: &str, kind: Kind, post_only: bool) -> Result<Self, Fail> {
        Ok(match params.get(name) {
            Some("ACK") => Self::Ack,
            Some("RESULT") => Self::Result,
            Some("FULL") => Self::Full,
            Some(_) => return Err(Fail::illegal(name, "ACK|RESULT|FULL")),
            None if matches!(kind, Kind::Market | Kind::Limit) && !post_only => Self::Full,
            None => Self::Ack,
        })
    }
}

/// The terms that an order type asks for.
struct Terms {
    kind: Kind,
    post_only: bool,
    takes_profit: bool,
}

impl Terms {
    fn parse(name: &str) -> Result<Self, Fail> {
        let (kind, post_only, takes_profit) = match name {
            "LIMIT" => (Kind::Limit, false, false),
            "LIMIT_MAKER" => (Kind::Limit, true, false),
            "MARKET" => (Kind::Market, false, false),
            "STOP_LOSS" => (Kind::Stop, false, false),
            "STOP_LOSS_LIMIT" => (Kind::StopLimit, false, false),
            "TAKE_PROFIT" => (Kind::Stop, false, true),
            "TAKE_PROFIT_LIMIT" => (Kind::StopLimit, false, true),
            _ => return Err(Fail::new(400, -1116, "Invalid orderType.")),
        };
        Ok(Self {
            kind,
            post_only,
            takes_profit,
        })
    }

    fn tif(&self, params: &Params) -> Result<Tif, Fail> {
        let named = match params.get("timeInForce") {
            None => None,
            Some("GTC") => Some(Tif::Gtc),
            Some("IOC") => Some(Tif::Ioc),
            Some("FOK") => Some(Tif::Fok),
            Some(_) => return Err(Fail::new(400, -1115, "Invalid timeInForce.")),
        };
        match (self.kind.has_limit() && !self.post_only, named) {
            (true, Some(tif)) => Ok(tif),
            (true, None) => Err(Fail::missing("timeInForce")),
            (false, None) => Ok(Tif::Gtc),
            (false, Some(_)) => Err(Fail::not_required("timeInForce")),
        }
    }
}

/// A price that a type needs, or must not have.
fn priced(params: &Params, name: &str, needed: bool) -> Result<Option<Decimal>, Fail> {
    match (needed, params.decimal(name)?) {
        (true, None) => Err(Fail::missing(name)),
        (false, Some(_)) => Err(Fail::not_required(name)),
        (_, value) => Ok(value),
    }
}

impl Engine {
    /// The order that the parameters ask for, checked in all but money.
    pub(super) fn draft_order(&mut self, call: &Call<'_>) -> Result<(Order, Detail), Fail> {
        let params = call.params;
        let instrument = self.place_of_pair(params.need("symbol")?)?;
        let side = params.side()?;
        let terms = Terms::parse(params.need("type")?)?;
        let detail = Detail::parse(params, "newOrderRespType", terms.kind, terms.post_only)?;
        if let Some(name) = UNSPOKEN.iter().find(|name| params.get(name).is_some()) {
            return Err(Fail::not_required(name));
        }
        let stp = match params.get("selfTradePreventionMode") {
            None => STP[0],
            Some(name) => STP
                .into_iter()
                .find(|known| *known == name)
                .ok_or_else(|| {
                    Fail::new(400, -1013, "This symbol does not allow this STP mode.")
                })?,
        };
        let tif = terms.tif(params)?;
        let limit = priced(params, "price", terms.kind.has_limit())?;
        let stop = priced(params, "stopPrice", terms.kind.has_stop())?;
        let (qty, notional) = self.size(params, instrument, side, terms.kind)?;
        let listing = &self.listings[instrument];
        let tick = |value: Option<Decimal>| value.map(|v| on_tick(listing, v)).transpose();
        let (limit, stop) = (tick(limit)?, tick(stop)?);
        let client_order_id = params.client_id("newClientOrderId")?;
        let now = self.now;
        let order = Order {
            id: self.ids.uuid(),
            client_order_id: client_order_id.unwrap_or_else(|| self.ids.word()),
            kind: terms.kind,
            tif,
            qty,
            notional,
            limit,
            stop,
            post_only: terms.post_only,
            takes_profit: terms.takes_profit,
            stp,
            ..Order::blank(call.account, instrument, side, now)
        };
        self.check_filters(&order)?;
        Ok((order, detail))
    }

    /// The quantity, or the money that a market order is for.
    fn size(
        &self,
        params: &Params,
        instrument: usize,
        side: Side,
        kind: Kind,
    ) -> Result<(Qty, Option<Decimal>), Fail> {
        let listing = &self.listings[instrument];
        let pair = listing.pair.as_ref().ok_or_else(Fail::symbol)?;
        let notional = params.decimal("quoteOrderQty")?;
        match (params.decimal("quantity")?, notional) {
            (Some(qty), None) => Ok((on_step(listing, pair, qty)?, None)),
            (None, Some(notional)) if kind == Kind::Market => {
                let found = self.qty_for(instrument, side, notional);
                let lots = found.map_err(|_| Fail::rejected("Market is closed."))?;
                // Rounded down to the step, which is a whole number of lots.
                let lot = self.amount(instrument, 1).max(1);
                let step = pair.step.to_atto().unwrap_or(lot) / lot;
                let step = i64::try_from(step).unwrap_or(1).max(1);
                let whole = Qty(lots.0 - lots.0 % step);
                if whole.0 == 0 {
                    return Err(Fail::filter("NOTIONAL"));
                }
                Ok((whole, Some(notional)))
            }
            (Some(_), Some(_)) => Err(Fail::not_required("quoteOrderQty")),
            (None, Some(_)) => Err(Fail::not_required("quoteOrderQty")),
            (None, None) => Err(Fail::missing("quantity")),
        }
    }

    /// What only the market and the account can say.
    fn check_order(&self, order: &Order) -> Result<(), Fail> {
        if !self.is_trading(order.instrument) {
            return Err(Fail::rejected("Market is closed."));
        }
        let key = (order.account, order.client_order_id.clone());
        let open = |place: &usize| self.orders[*place].status.is_open();
        if self.by_client.get(&key).is_some_and(open) {
            return Err(Fail::rejected("Duplicate order sent."));
        }
        if let (true, Some(limit)) = (order.post_only, order.limit) {
            if self.would_take(order.instrument, order.side, limit) {
                return Err(Fail::rejected("Order would immediately match and take."));
            }
        }
        if let (Some(stop), Some(mark)) = (order.stop, self.mark(order.instrument)) {
            if order.is_reached(stop, mark) {
                return Err(Fail::rejected("Stop price would trigger immediately."));
            }
        }
        if !self.can_pay(order) {
            let message = "Account has insufficient balance for requested action.";
            return Err(Fail::rejected(message));
        }
        Ok(())
    }

    pub(super) fn test_order(&mut self, call: &Call<'_>) -> Result<Node, Fail> {
        let (order, _) = self.draft_order(call)?;
        self.check_order(&order)?;
        Ok(Node::Map(Vec::new()))
    }

    pub(super) fn place_order(&mut self, call: &Call<'_>) -> Result<Node, Fail> {
        let is_filled = |place: usize| self.orders[place].status == Status::Filled;
        let counts = self.desk.quota.counts(call.account, call.wall, is_filled);
        self.desk.quota.check_order(counts, call.wall)?;
        let (order, detail) = self.draft_order(call)?;
        self.check_order(&order)?;
        let place = self.enter(order);
        self.desk.quota.note_order(call.account, call.wall, place);
        if !self.prevent_self_trade(place) {
            self.release(place);
        }
        Ok(self.placed_node(place, detail))
    }

    /// Ends own orders that a new one would meet, or the new one. Says whether that ended.
    fn prevent_self_trade(&mut self, place: usize) -> bool {
        let order = &self.orders[place];
        if order.kind.waits() {
            return false;
        }
        let reach = order.limit.unwrap_or(match order.side {
            Side::Buy => Price(i64::MAX),
            Side::Sell => Price(i64::MIN),
        });
        let meets = |other: &Order| {
            let Some(limit) = other.limit.filter(|_| !other.held) else {
                return false;
            };
            let crossed = match order.side {
                Side::Buy => limit <= reach,
                Side::Sell => limit >= reach,
            };
            crossed && other.instrument == order.instrument && other.side != order.side
        };
        // What would not reach the book at all reaches no own order of the other side either.
        let own = self.accounts[order.account].open.iter().copied();
        let met: Vec<usize> = own.filter(|at| meets(&self.orders[*at])).collect();
        if met.is_empty() {
            return false;
        }
        let (takers, makers) = (order.stp != STP[0], order.stp != STP[1]);
        for maker in met.into_iter().filter(|_| makers) {
            self.orders[maker].prevented = true;
            self.end_open(maker, Status::Expired);
        }
        if takers {
            self.orders[place].prevented = true;
            self.end(place, Status::Expired);
        }
        takers
    }

    /// The open order that a request names.
    pub(super) fn named_order(&self, call: &Call<'_>, prefix: &str) -> Result<Option<usize>, Fail> {
        let (id_name, client_name) = match prefix {
            "" => ("orderId", "origClientOrderId"),
            _ => ("cancelOrderId", "cancelOrigClientOrderId"),
        };
        let instrument = self.place_of_pair(call.params.need("symbol")?)?;
        let id = call.params.integer(id_name)?;
        let client = call.params.get(client_name);
        if id.is_none() && client.is_none() {
            return Err(Fail::missing(id_name));
        }
        let by_id = id.map(|id| usize::try_from(id - 1).ok());
        let key = client.map(|client| (call.account, client.to_owned()));
        let by_client = key.map(|key| self.by_client.get(&key).copied());
        let place = match (by_id, by_client) {
            (Some(a), Some(b)) if a != b => None,
            (Some(found), _) | (None, Some(found)) => found,
            (None, None) => None,
        };
        Ok(place.filter(|place| {
            let order = self.orders.get(*place);
            order.is_some_and(|o| o.account == call.account && o.instrument == instrument)
        }))
    }

    pub(super) fn cancel_order_by(&mut self, call: &Call<'_>, prefix: &str) -> Result<Node, Fail> {
        let place = self.named_order(call, prefix)?;
        let name = if prefix.is_empty() {
            "newClientOrderId"
        } else {
            "cancelNewClientOrderId"
        };
        let id = call.params.client_id(name)?;
        let place = place
            .filter(|place| self.orders[*place].status.is_open())
            .ok_or_else(Fail::unknown_order)?;
        let status = self.orders[place].status;
        let allowed = match call.params.get("cancelRestrictions") {
            None => true,
            Some("ONLY_NEW") => status == Status::New,
            Some("ONLY_PARTIALLY_FILLED") => status == Status::PartiallyFilled,
            Some(_) => return Err(Fail::illegal("cancelRestrictions", "ONLY_NEW")),
        };
        if !allowed {
            let message = "Order was not canceled due to cancel restrictions.";
            return Err(Fail::new(400, -2011, message));
        }
        self.end_by_request(place, id)
    }

    fn end_by_request(&mut self, place: usize, id: Option<String>) -> Result<Node, Fail> {
        let id = id.unwrap_or_else(|| self.ids.word());
        self.orders[place].cancel_id = Some(id);
        if self.cancel(place).is_err() {
            self.orders[place].cancel_id = None;
            return Err(Fail::unknown_order());
        }
        let node = self.canceled_node(place);
        self.fault_after_cancel(place);
        Ok(node)
    }

    pub(super) fn cancel_open_orders(&mut self, call: &Call<'_>) -> Result<Node, Fail> {
        let instrument = self.place_of_pair(call.params.need("symbol")?)?;
        let open = self.accounts[call.account].open.iter().copied();
        let open: Vec<usize> = open
            .filter(|place| self.orders[*place].instrument == instrument)
            .collect();
        if open.is_empty() {
            return Err(Fail::unknown_order());
        }
        let rows = open
            .into_iter()
            .map(|place| self.end_by_request(place, None));
        Ok(Node::List(rows.collect::<Result<_, _>>()?))
    }

    /// Ends one order and places another: four outcomes, two of which are only half done.
    pub(super) fn cancel_replace(&mut self, call: &Call<'_>) -> Result<Node, Fail> {
        let stop = match call.params.need("cancelReplaceMode")? {
            "STOP_ON_FAILURE" => true,
            "ALLOW_FAILURE" => false,
            _ => {
                let range = "STOP_ON_FAILURE|ALLOW_FAILURE";
                return Err(Fail::illegal("cancelReplaceMode", range));
            }
        };
        let canceled = self.cancel_order_by(call, "cancel");
        let placed = match (&canceled, stop) {
            (Err(_), true) => None,
            _ => Some(self.place_order(call)),
        };
        let word = |ok: bool| Node::from(if ok { "SUCCESS" } else { "FAILURE" });
        let outcome = (canceled.is_ok(), placed.as_ref().map(Result::is_ok));
        let body = |half: Result<Node, Fail>| half.unwrap_or_else(|fail| fail.body());
        let data = Node::map([
            ("cancelResult", word(outcome.0)),
            (
                "newOrderResult",
                outcome.1.map_or("NOT_ATTEMPTED".into(), word),
            ),
            ("cancelResponse", body(canceled)),
            ("newOrderResponse", placed.map_or(Node::Null, body)),
        ]);
        let (status, code, message) = match outcome {
            (true, Some(true)) => return Ok(data),
            (true, _) | (false, Some(true)) => {
                (409, -2021, "Order cancel-replace partially failed.")
            }
            (false, _) => (400, -2022, "Order cancel-replace failed."),
        };
        let mut fail = Fail::new(status, code, message);
        fail.data = Some(data);
        Err(fail)
    }

    /// Money executed of an order so far, in 1e-18 of the quote asset.
    pub(super) fn turnover_of(&self, order: &Order) -> i128 {
        let tick = self.listings[order.instrument].instrument.tick_value();
        order.turnover.saturating_mul(tick)
    }
}

/// Value of a quantity at a price.
pub(super) fn worth(engine: &Engine, instrument: usize, price: Price, qty: Qty) -> i128 {
    let listing = &engine.listings[instrument].instrument;
    listing.notional(price, qty).unwrap_or(Money::ZERO).0
}
