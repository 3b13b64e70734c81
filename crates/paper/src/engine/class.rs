//! Orders that come together: bracket, one-cancels-other, one-triggers-other.
//!
//! Legs of an entry are held until it is filled. In a group the end of one ends what is left of the
//! others; a part taken from the profit leaves the stop that much smaller.

use py_rt_types::{Decimal, Qty, Side};

use super::intake::on_tick;
use super::Engine;
use crate::answer::Refusal;
use crate::order::{Class, Kind, Order, Status};
use crate::ticket::Ticket;

impl Engine {
    /// The legs that a ticket asks for, checked; none for a simple order.
    pub(super) fn draft_legs(&self, entry: &Order, ticket: &Ticket) -> Result<Vec<Order>, Refusal> {
        if ticket.class == Class::Simple {
            return Ok(Vec::new());
        }
        let listing = &self.listings[entry.instrument];
        if listing.is_crypto() {
            return Err(Refusal::invalid(
                "crypto orders must have a simple order_class",
            ));
        }
        let price = |name: &str, value: Option<Decimal>| {
            value.map(|value| on_tick(listing, name, value)).transpose()
        };
        let profit = price("take_profit.limit_price", ticket.take_profit)?;
        let loss = ticket.stop_loss;
        let stop = price("stop_loss.stop_price", loss.map(|loss| loss.0))?;
        let limit = price("stop_loss.limit_price", loss.and_then(|loss| loss.1))?;
        let exit = match ticket.class {
            Class::Oco => entry.side,
            _ => entry.side.opposite(),
        };
        if let (Some(profit), Some(stop)) = (profit, stop) {
            let apart = match exit {
                Side::Sell => profit > stop,
                Side::Buy => profit < stop,
            };
            if !apart {
                let message = "take_profit.limit_price must lie beyond stop_loss.stop_price";
                return Err(Refusal::invalid(message));
            }
        }
        let leg = |kind: Kind| Order {
            kind,
            tif: entry.tif,
            qty: entry.qty,
            class: entry.class,
            expires_at: entry.expires_at,
            status: Status::Held,
            ..Order::blank(entry.account, entry.instrument, exit, self.now)
        };
        let mut legs = Vec::new();
        // Of an OCO the order itself takes the profit.
        if profit.is_some() && ticket.class != Class::Oco {
            legs.push(Order {
                limit: profit,
                ..leg(Kind::Limit)
            });
        }
        if stop.is_some() {
            let kind = if limit.is_some() {
                Kind::StopLimit
            } else {
                Kind::Stop
            };
            legs.push(Order {
                stop,
                limit,
                ..leg(kind)
            });
        }
        Ok(legs)
    }

    /// Puts legs into the books behind their entry.
    pub(super) fn enter_legs(&mut self, entry: usize, legs: Vec<Order>) {
        for mut leg in legs {
            leg.id = self.ids.uuid();
            leg.client_order_id = self.ids.uuid().to_string();
            leg.position_intent = self.orders[entry].position_intent;
            leg.parent = Some(entry);
            leg.parked = true;
            let place = self.enter(leg);
            self.orders[entry].legs.push(place);
        }
    }

    /// An entry is filled, or an OCO begins to work: its legs go to the market.
    pub(super) fn release_legs(&mut self, entry: usize) {
        for leg in self.orders[entry].legs.clone() {
            if self.orders[leg].status == Status::Held {
                let order = &mut self.orders[leg];
                order.status = Status::PendingNew;
                order.parked = false;
                self.release(leg);
            }
        }
    }

    /// All of an order's group but itself; of a bracket without its entry.
    fn group(&self, place: usize) -> Vec<usize> {
        let order = &self.orders[place];
        let head = order.parent.unwrap_or(place);
        let legs = self.orders[head].legs.iter().copied();
        let members = std::iter::once(head).chain(legs);
        members.filter(|member| *member != place).collect()
    }

    /// An order of a group has ended: so do the others.
    pub(super) fn end_group(&mut self, place: usize) {
        if self.orders[place].class == Class::Simple {
            return;
        }
        for member in self.group(place) {
            if self.orders[member].status.is_open() {
                self.end_open(member, Status::Canceled);
            }
        }
    }

    /// An order of a group was executed.
    pub(super) fn fill_group(&mut self, place: usize) {
        let order = &self.orders[place];
        let (class, filled) = (order.class, order.status == Status::Filled);
        let is_exit = class == Class::Oco || order.parent.is_some();
        match (class, is_exit, filled) {
            (Class::Simple, ..) => {}
            (_, false, true) => self.release_legs(place),
            (_, false, false) => {}
            (_, true, true) => self.end_group(place),
            (_, true, false) => {
                let leaves = order.leaves();
                for twin in self.group(place) {
                    let twin = &mut self.orders[twin];
                    if twin.held {
                        twin.qty = Qty(twin.cum_qty.0 + leaves.0);
                    }
                }
            }
        }
    }

    /// A stop goes to the market: what shares its quantity must be gone before.
    pub(super) fn clear_twins(&mut self, place: usize) {
        let order = &self.orders[place];
        if order.class == Class::Simple || (order.parent.is_none() && order.class != Class::Oco) {
            return;
        }
        for twin in self.group(place) {
            if self.orders[twin].status.is_open() {
                // Alone: the end of the twin must not end this order too.
                let class = std::mem::replace(&mut self.orders[twin].class, Class::Simple);
                self.end_open(twin, Status::Canceled);
                self.orders[twin].class = class;
            }
        }
    }

    /// An order of a group was replaced: the others know the new one.
    pub(super) fn rejoin(&mut self, old: usize, new: usize) {
        if let Some(head) = self.orders[new].parent {
            let legs = self.orders[head].legs.iter_mut();
            legs.filter(|leg| **leg == old).for_each(|leg| *leg = new);
        }
        for leg in self.orders[new].legs.clone() {
            self.orders[leg].parent = Some(new);
        }
    }
}

#[cfg(test)]
mod tests {
    use py_rt_types::EventKind;
    use serde_json::{json, Value};

    use crate::engine::tests::{ask, call, engine, pass, place, row, shown};
    use crate::engine::Engine;

    fn order(side: &str, class: &str, more: Value) -> Value {
        let mut order = json!({"symbol": "AAPL", "side": side, "qty": "2", "type": "market",
                               "time_in_force": "day", "order_class": class});
        let fields = more.as_object().unwrap().clone();
        order.as_object_mut().unwrap().extend(fields);
        order
    }

    fn exits() -> Value {
        json!({"take_profit": {"limit_price": "110.00"}, "stop_loss": {"stop_price": "95.00"}})
    }

    fn legs(engine: &mut Engine, id: &str) -> Vec<(String, String)> {
        let tree = ask(engine, &format!("/v2/orders/{id}?nested=true"));
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let legs = tree["legs"].as_array().unwrap();
        legs.iter()
            .map(|leg| (text(&leg["type"]), text(&leg["status"])))
            .collect()
    }

    fn states(profit: &str, stop: &str) -> Vec<(String, String)> {
        vec![
            ("limit".into(), profit.into()),
            ("stop".into(), stop.into()),
        ]
    }

    #[test]
    fn a_bracket_gets_out_one_way_only() {
        let mut engine = engine(false, vec![row(5, EventKind::Trade, -1, 9_500, 1)]);
        let id = place(&mut engine, order("buy", "bracket", exits()));
        assert_eq!(shown(&mut engine, &id)["status"], "filled");
        assert_eq!(legs(&mut engine, &id), states("new", "new"));
        let held = ask(&mut engine, "/v2/positions/AAPL");
        assert_eq!(
            (&held["qty"], &held["qty_available"]),
            (&json!("2"), &json!("0"))
        );
        let nested = ask(&mut engine, "/v2/orders?status=all&nested=true");
        assert_eq!(nested.as_array().unwrap().len(), 1);
        assert_eq!(
            ask(&mut engine, "/v2/orders?status=all")
                .as_array()
                .unwrap()
                .len(),
            3
        );
        pass(&mut engine, 10);
        assert_eq!(legs(&mut engine, &id), states("canceled", "filled"));
        assert_eq!(ask(&mut engine, "/v2/positions"), json!([]));
    }

    #[test]
    fn legs_are_held_until_the_entry_is_filled_and_end_with_it() {
        let mut engine = engine(false, vec![]);
        let mut resting = order("buy", "bracket", exits());
        resting["type"] = json!("limit");
        resting["limit_price"] = json!("99.50");
        let id = place(&mut engine, resting);
        assert_eq!(legs(&mut engine, &id), states("held", "held"));
        call(
            &mut engine,
            "DELETE",
            &format!("/v2/orders/{id}"),
            Value::Null,
        );
        assert_eq!(legs(&mut engine, &id), states("canceled", "canceled"));
        assert_eq!(ask(&mut engine, "/v2/orders"), json!([]));
    }

    #[test]
    fn one_cancels_the_other_and_one_triggers_the_other() {
        let mut engine = engine(false, vec![]);
        let stop = json!({"stop_loss": {"stop_price": "95.00", "limit_price": "94.00"}});
        let id = place(&mut engine, order("buy", "oto", stop));
        assert_eq!(
            legs(&mut engine, &id),
            [("stop_limit".to_owned(), "new".to_owned())]
        );
        call(&mut engine, "DELETE", "/v2/orders", Value::Null);
        let mut both = order("sell", "oco", exits());
        both["type"] = json!("limit");
        let id = place(&mut engine, both);
        assert_eq!(shown(&mut engine, &id)["limit_price"], "110");
        assert_eq!(
            legs(&mut engine, &id),
            [("stop".to_owned(), "new".to_owned())]
        );
        let more = order("sell", "simple", json!({}));
        assert_eq!(
            call(&mut engine, "POST", "/v2/orders", more).0,
            403,
            "all is claimed"
        );
        let tree = ask(&mut engine, &format!("/v2/orders/{id}?nested=true"));
        let leg = tree["legs"][0]["id"].as_str().unwrap();
        call(
            &mut engine,
            "DELETE",
            &format!("/v2/orders/{leg}"),
            Value::Null,
        );
        assert_eq!(shown(&mut engine, &id)["status"], "canceled");
    }

    #[test]
    fn classes_refuse_what_does_not_belong_to_them() {
        let mut engine = engine(false, vec![]);
        let wrong = json!({"take_profit": {"limit_price": "90.00"},
                           "stop_loss": {"stop_price": "95.00"}});
        for (order, words) in [
            (
                order("buy", "bracket", json!({})),
                "require take_profit and stop_loss",
            ),
            (order("buy", "bracket", wrong), "must lie beyond"),
            (order("buy", "oto", exits()), "require one of"),
            (order("sell", "oco", exits()), "cannot be of this type"),
            (order("buy", "", exits()), "need an order_class"),
            (order("buy", "mleg", json!({})), "not supported"),
            (order("buy", "triple", json!({})), "invalid order_class"),
        ] {
            let (status, body) = call(&mut engine, "POST", "/v2/orders", order.clone());
            assert_eq!(status, 422, "{order}");
            assert!(
                body["message"].as_str().unwrap().contains(words),
                "{order}: {body}"
            );
        }
        assert_eq!(ask(&mut engine, "/v2/orders?status=all"), json!([]));
    }
}
