//! Positions over HTTP.

use py_rt_types::{Decimal, Money, Qty, Side};

use super::{money, Reply};
use crate::answer::{Answer, Refusal, Request};
use crate::engine::Engine;
use crate::ids::Uuid;
use crate::node::Node;
use crate::order::average;

impl Engine {
    pub(super) fn list_positions(&self, account: usize) -> Answer {
        let held = self.held(account);
        let rows = held
            .into_iter()
            .map(|place| self.position_node(account, place));
        Answer::ok(Node::List(rows.collect()))
    }

    /// Places of the instruments that an account holds.
    pub(super) fn held(&self, account: usize) -> Vec<usize> {
        let positions = self.accounts[account].positions.iter().enumerate();
        positions
            .filter(|(_, position)| position.qty != 0)
            .map(|(place, _)| place)
            .collect()
    }

    pub(super) fn one_position(&self, account: usize, symbol: &str) -> Reply {
        let place = self.held_place(account, symbol)?;
        Ok(Answer::ok(self.position_node(account, place)))
    }

    fn held_place(&self, account: usize, symbol: &str) -> Result<usize, Refusal> {
        let by_id = Uuid::parse(symbol).and_then(|id| {
            self.listings
                .iter()
                .position(|listing| listing.asset_id == id)
        });
        by_id
            .or_else(|| self.place_of(symbol))
            .filter(|place| self.accounts[account].positions[*place].qty != 0)
            .ok_or_else(|| Refusal::not_found("position does not exist"))
    }

    pub(super) fn close_position(
        &mut self,
        account: usize,
        symbol: &str,
        request: &Request,
    ) -> Reply {
        let place = self.held_place(account, symbol)?;
        let number = |name: &str| {
            let bad = |_| Refusal::malformed(format!("invalid {name}"));
            request
                .param(name)
                .map(|text| Decimal::parse(text).map_err(bad))
                .transpose()
        };
        let part = (number("qty")?, number("percentage")?);
        self.close_one(account, place, part)
    }

    fn close_one(
        &mut self,
        account: usize,
        place: usize,
        part: (Option<Decimal>, Option<Decimal>),
    ) -> Reply {
        let ticket = self.closing_ticket(account, place, part)?;
        let order = self.accept(account, &ticket)?;
        let answer = Answer::ok(self.order_node(&self.orders[order]));
        self.release(order);
        Ok(answer)
    }

    pub(super) fn close_all(&mut self, account: usize, request: &Request) -> Answer {
        // The SDK writes its flags as Python does.
        let flag = request.param("cancel_orders").unwrap_or_default();
        if flag.eq_ignore_ascii_case("true") {
            self.cancel_all(account);
        }
        let mut rows = Vec::new();
        for place in self.held(account) {
            let symbol = Node::text(self.listings[place].plain.clone());
            let answer = self.close_one(account, place, (None, None));
            let answer = answer.unwrap_or_else(Answer::from);
            rows.push(Node::map([
                ("symbol", symbol),
                ("status", Node::Int(i64::from(answer.status))),
                ("body", answer.body.unwrap_or(Node::Null)),
            ]));
        }
        Answer::multi(rows)
    }

    fn position_node(&self, account: usize, place: usize) -> Node {
        let listing = &self.listings[place];
        let instrument = &listing.instrument;
        let position = self.accounts[account].positions[place];
        let tick = instrument.spec().tick_size;
        let mark = self.mark(place).unwrap_or_default();
        let first = self.first_prices[place].unwrap_or(mark);
        let side = if position.qty > 0 {
            Side::Sell
        } else {
            Side::Buy
        };
        let claimed = self.claimed(account, place, side, None);
        let free = (position.qty.abs() - claimed).max(0) * position.qty.signum();
        let value = instrument
            .notional(mark, Qty(position.qty))
            .unwrap_or(Money::ZERO);
        let cost = Money(position.cost.saturating_mul(instrument.tick_value()));
        let profit = Money(value.0.saturating_sub(cost.0));
        let price = |price| Node::optional(instrument.price_decimal(price).ok(), Node::decimal);
        let qty = |qty| Node::optional(instrument.qty_decimal(Qty(qty)).ok(), Node::decimal);
        let share = Node::decimal(ratio(profit.0, cost.0.abs()));
        let today = ratio(i128::from(mark.0 - first.0), i128::from(first.0));
        let crypto = listing.is_crypto();
        Node::map([
            ("asset_id", Node::text(listing.asset_id.to_string())),
            ("symbol", Node::text(listing.plain.clone())),
            ("exchange", if crypto { "CRYPTO" } else { "NASDAQ" }.into()),
            ("asset_class", listing.class.name().into()),
            ("asset_marginable", Node::Bool(!crypto)),
            (
                "avg_entry_price",
                Node::decimal(average(position.cost, position.qty, tick)),
            ),
            ("qty", qty(position.qty)),
            ("qty_available", qty(free)),
            (
                "side",
                if position.qty > 0 { "long" } else { "short" }.into(),
            ),
            ("market_value", money(value)),
            ("cost_basis", money(cost)),
            ("unrealized_pl", money(profit)),
            ("unrealized_plpc", share.clone()),
            ("unrealized_intraday_pl", money(profit)),
            ("unrealized_intraday_plpc", share),
            ("current_price", price(mark)),
            ("lastday_price", price(first)),
            ("change_today", Node::decimal(today)),
        ])
    }
}

/// `part / whole` with twelve decimals; 0 over nothing.
pub(super) fn ratio(part: i128, whole: i128) -> Decimal {
    const ONE: i128 = 1_000_000_000_000;
    if whole == 0 {
        return Decimal::ZERO;
    }
    // Large amounts lose digits that twelve decimals could not show.
    let value = match part.checked_mul(ONE) {
        Some(product) => product / whole,
        None => part / (whole / ONE).max(1),
    };
    Decimal::try_new(value, 12).unwrap_or(Decimal::ZERO)
}
