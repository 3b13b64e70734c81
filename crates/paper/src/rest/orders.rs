//! Orders over HTTP.

use py_rt_types::{Price, Side};

use super::Reply;
use crate::answer::{Answer, Refusal, Request};
use crate::civil;
use crate::engine::Engine;
use crate::ids::Uuid;
use crate::node::Node;
use crate::order::{average, Order, Status, Trail};
use crate::ticket::{Fields, Ticket};

impl Engine {
    pub(super) fn post_order(&mut self, account: usize, request: &Request) -> Reply {
        let ticket = Ticket::parse(&request.body)?;
        let place = self.accept(account, &ticket)?;
        let answer = Answer::ok(self.order_tree(&self.orders[place]));
        self.release(place);
        Ok(answer)
    }

    pub(super) fn patch_order(&mut self, account: usize, id: &str, request: &Request) -> Reply {
        let old = self.find_order(account, id)?;
        let fields = Fields::parse(&request.body)?;
        let new = self.accept_replacement(old, &fields)?;
        let answer = Answer::ok(self.order_node(&self.orders[new]));
        self.release_replacement(old, new);
        Ok(answer)
    }

    pub(super) fn cancel_order(&mut self, account: usize, id: &str) -> Reply {
        let place = self.find_order(account, id)?;
        self.cancel(place)?;
        self.fault_after_cancel(place);
        Ok(Answer::empty())
    }

    pub(super) fn cancel_all(&mut self, account: usize) -> Answer {
        let open: Vec<usize> = self.accounts[account].open.iter().copied().collect();
        let mut rows = Vec::with_capacity(open.len());
        for place in open {
            let id = Node::text(self.orders[place].id.to_string());
            rows.push(match self.cancel(place) {
                Ok(()) => Node::map([("id", id), ("status", Node::Int(200))]),
                Err(refusal) => Node::map([
                    ("id", id),
                    ("status", Node::Int(i64::from(refusal.status))),
                    ("body", refusal.body()),
                ]),
            });
        }
        Answer::multi(rows)
    }

    pub(super) fn one_order(&self, account: usize, id: &str, request: &Request) -> Reply {
        let order = &self.orders[self.find_order(account, id)?];
        Ok(Answer::ok(match is_nested(request) {
            true => self.order_tree(order),
            false => self.order_node(order),
        }))
    }

    pub(super) fn order_by_client(&self, account: usize, request: &Request) -> Reply {
        let missing = || Refusal::malformed("client_order_id is required");
        let id = request.param("client_order_id").ok_or_else(missing)?;
        let found = self.by_client.get(&(account, id.to_owned()));
        let unknown = || Refusal::not_found(format!("order not found for {id}"));
        let place = *found.ok_or_else(unknown)?;
        Ok(Answer::ok(self.order_node(&self.orders[place])))
    }

    fn find_order(&self, account: usize, id: &str) -> Result<usize, Refusal> {
        Uuid::parse(id)
            .and_then(|id| self.by_id.get(&id).copied())
            .filter(|place| self.orders[*place].account == account)
            .ok_or_else(|| Refusal::not_found(format!("order not found for {id}")))
    }

    pub(super) fn list_orders(&self, account: usize, request: &Request) -> Reply {
        let wanted = Wanted::parse(request)?;
        let limit = match request.param("limit").map(str::parse::<usize>) {
            None => 50,
            Some(Ok(limit @ 1..=500)) => limit,
            Some(_) => return Err(Refusal::malformed("limit must be within 1 to 500")),
        };
        let listed = |place: &&usize| self.is_wanted(**place, &wanted);
        let orders = self.accounts[account].orders.iter();
        let node = |place: &usize| match wanted.nested {
            true => self.order_tree(&self.orders[*place]),
            false => self.order_node(&self.orders[*place]),
        };
        let rows = if wanted.ascending {
            orders.filter(listed).take(limit).map(node).collect()
        } else {
            orders.rev().filter(listed).take(limit).map(node).collect()
        };
        Ok(Answer::ok(Node::List(rows)))
    }

    fn is_wanted(&self, place: usize, wanted: &Wanted) -> bool {
        let order = &self.orders[place];
        let listing = &self.listings[order.instrument];
        let state = match wanted.open {
            Some(open) => order.status.is_open() == open,
            None => true,
        };
        let at = order.submitted_at;
        let id_of = |id: Option<Uuid>| id.and_then(|id| self.by_id.get(&id).copied());
        state
            && !(wanted.nested && order.parent.is_some())
            && wanted.after.is_none_or(|after| at > after)
            && wanted.until.is_none_or(|until| at < until)
            && wanted.side.is_none_or(|side| order.side == side)
            && (wanted.symbols.is_empty() || wanted.symbols.contains(&listing.plain))
            && (wanted.classes.is_empty() || wanted.classes.contains(&listing.class.name()))
            && id_of(wanted.before_id).is_none_or(|before| place < before)
            && id_of(wanted.after_id).is_none_or(|after| place > after)
    }

    /// An order with its legs.
    fn order_tree(&self, order: &Order) -> Node {
        let mut node = self.order_node(order);
        if order.legs.is_empty() {
            return node;
        }
        let legs = order
            .legs
            .iter()
            .map(|leg| self.order_node(&self.orders[*leg]));
        let legs = Node::List(legs.collect());
        if let Node::Map(fields) = &mut node {
            let found = fields.iter_mut().find(|(name, _)| name == "legs");
            found.into_iter().for_each(|field| field.1 = legs.clone());
        }
        node
    }

    /// An order with every field of the dialect.
    pub(crate) fn order_node(&self, order: &Order) -> Node {
        let listing = &self.listings[order.instrument];
        let instrument = &listing.instrument;
        let tick = instrument.spec().tick_size;
        let price = |price: Option<Price>| {
            let value = price.and_then(|price| instrument.price_decimal(price).ok());
            Node::optional(value, Node::decimal)
        };
        let qty = |qty| Node::optional(instrument.qty_decimal(qty).ok(), Node::decimal);
        let id = |id: Uuid| Node::text(id.to_string());
        let ended = |status| {
            Node::optional(
                order.ended_at.filter(|_| order.status == status),
                Node::Time,
            )
        };
        let filled = (order.cum_qty.0 > 0).then(|| average(order.turnover, order.cum_qty.0, tick));
        let (trail_price, trail_percent) = match order.trail {
            Some(Trail::Price(step)) => (Node::decimal(step), Node::Null),
            Some(Trail::Percent(percent)) => (Node::Null, Node::decimal(percent)),
            None => (Node::Null, Node::Null),
        };
        Node::map([
            ("id", id(order.id)),
            ("client_order_id", Node::text(order.client_order_id.clone())),
            ("created_at", Node::Time(order.submitted_at)),
            ("updated_at", Node::Time(order.updated_at)),
            ("submitted_at", Node::Time(order.submitted_at)),
            ("filled_at", Node::optional(order.filled_at, Node::Time)),
            ("expired_at", ended(Status::Expired)),
            ("canceled_at", ended(Status::Canceled)),
            ("failed_at", ended(Status::Rejected)),
            ("replaced_at", ended(Status::Replaced)),
            ("replaced_by", Node::optional(order.replaced_by, id)),
            ("replaces", Node::optional(order.replaces, id)),
            ("asset_id", id(listing.asset_id)),
            ("symbol", Node::text(listing.symbol())),
            ("asset_class", listing.class.name().into()),
            ("notional", Node::optional(order.notional, Node::decimal)),
            (
                "qty",
                if order.notional.is_some() {
                    Node::Null
                } else {
                    qty(order.qty)
                },
            ),
            ("filled_qty", qty(order.cum_qty)),
            ("filled_avg_price", Node::optional(filled, Node::decimal)),
            ("order_class", order.class.name().into()),
            ("order_type", order.kind.name().into()),
            ("type", order.kind.name().into()),
            ("side", side_name(order.side).into()),
            ("time_in_force", order.tif.name().into()),
            ("limit_price", price(order.limit)),
            ("stop_price", price(order.stop)),
            ("status", order.status.name().into()),
            ("extended_hours", Node::Bool(order.extended_hours)),
            ("legs", Node::Null),
            ("trail_percent", trail_percent),
            ("trail_price", trail_price),
            ("hwm", price(order.high_water)),
            ("position_intent", order.position_intent.into()),
            ("subtag", Node::Null),
            ("source", Node::Null),
            ("expires_at", Node::optional(order.expires_at, Node::Time)),
        ])
    }
}

pub(crate) const fn side_name(side: Side) -> &'static str {
    match side {
        Side::Buy => "buy",
        Side::Sell => "sell",
    }
}

/// Which orders are asked for.
struct Wanted<'a> {
    /// Open ones, closed ones, or both.
    open: Option<bool>,
    after: Option<py_rt_types::UnixNanos>,
    until: Option<py_rt_types::UnixNanos>,
    side: Option<Side>,
    symbols: Vec<String>,
    classes: Vec<&'a str>,
    before_id: Option<Uuid>,
    after_id: Option<Uuid>,
    ascending: bool,
    /// Legs are shown within their orders only.
    nested: bool,
}

fn is_nested(request: &Request) -> bool {
    let nested = request.param("nested");
    nested.is_some_and(|text| text.eq_ignore_ascii_case("true"))
}

impl<'a> Wanted<'a> {
    fn parse(request: &'a Request) -> Result<Self, Refusal> {
        let bad = |name: &str| Refusal::malformed(format!("invalid {name}"));
        let id = |name: &str| match request.param(name) {
            Some(text) => Uuid::parse(text).map(Some).ok_or_else(|| bad(name)),
            None => Ok(None),
        };
        Ok(Self {
            open: match request.param("status") {
                None | Some("open") => Some(true),
                Some("closed") => Some(false),
                Some("all") => None,
                Some(_) => return Err(bad("status")),
            },
            after: moment(request, "after")?,
            until: moment(request, "until")?,
            side: match request.param("side") {
                None => None,
                Some("buy") => Some(Side::Buy),
                Some("sell") => Some(Side::Sell),
                Some(_) => return Err(bad("side")),
            },
            symbols: request
                .list("symbols")
                .into_iter()
                .map(crate::listing::plain_symbol)
                .collect(),
            classes: request.list("asset_class"),
            before_id: id("before_order_id")?,
            after_id: id("after_order_id")?,
            ascending: request.param("direction") == Some("asc"),
            nested: is_nested(request),
        })
    }
}

/// A time parameter.
pub(super) fn moment(
    request: &Request,
    name: &str,
) -> Result<Option<py_rt_types::UnixNanos>, Refusal> {
    match request.param(name) {
        None => Ok(None),
        Some(text) => {
            let bad = || Refusal::malformed(format!("invalid {name}: use RFC 3339 with a zone"));
            civil::parse_time(text).map(Some).ok_or_else(bad)
        }
    }
}
