//! New orders: what the dialect refuses, what it answers, and the way into the matching engine.

use py_rt_types::{
    ClientOrderId, Decimal, InstrumentId, NewOrder, OrderType, Price, Qty, Side, TimeInForce,
    UnixNanos,
};

use super::Engine;
use crate::answer::Refusal;
use crate::civil;
use crate::listing::Listing;
use crate::order::{Class, Kind, Order, Tif, Trail};
use crate::ticket::Ticket;

const NINETY_DAYS: i64 = 90;

impl Engine {
    /// Takes a new order; returns its place. The answer shows it before it meets the market:
    /// call [`Engine::release`] after that.
    pub(crate) fn accept(&mut self, account: usize, ticket: &Ticket) -> Result<usize, Refusal> {
        if self.accounts[account].suspended {
            return Err(Refusal::forbidden(
                "new orders are rejected by user request",
            ));
        }
        let unknown = || Refusal::malformed(format!("asset \"{}\" not found", ticket.symbol));
        let instrument = self.place_of(&ticket.symbol).ok_or_else(unknown)?;
        let client_order_id = self.free_client_order_id(account, &ticket.client_order_id)?;
        let mut order = self.draft(account, instrument, ticket)?;
        order.client_order_id = client_order_id;
        self.check_rules(&order)?;
        self.check_funds(&order, None)?;
        let legs = self.draft_legs(&order, ticket)?;
        let place = self.enter(order);
        self.enter_legs(place, legs);
        Ok(place)
    }

    fn free_client_order_id(
        &mut self,
        account: usize,
        wanted: &Option<String>,
    ) -> Result<String, Refusal> {
        match wanted {
            Some(id) if self.by_client.contains_key(&(account, id.clone())) => {
                Err(Refusal::malformed("client_order_id must be unique"))
            }
            Some(id) => Ok(id.clone()),
            None => Ok(self.ids.uuid().to_string()),
        }
    }

    /// The order as asked for, its numbers on tick and lot.
    fn draft(
        &mut self,
        account: usize,
        instrument: usize,
        ticket: &Ticket,
    ) -> Result<Order, Refusal> {
        let listing = &self.listings[instrument];
        let price = |name: &str, value: Option<Decimal>| {
            value.map(|value| on_tick(listing, name, value)).transpose()
        };
        let limit = match ticket.class {
            Class::Oco => price("take_profit.limit_price", ticket.take_profit)?,
            _ => price("limit_price", ticket.limit_price)?,
        };
        let stop = price("stop_price", ticket.stop_price)?;
        if let Some(Trail::Price(step)) = ticket.trail {
            on_tick(listing, "trail_price", step)?;
        }
        let qty = match (ticket.qty, ticket.notional) {
            (Some(qty), _) => on_lot(listing, qty)?,
            (None, Some(notional)) => self.qty_for(instrument, ticket.side, notional)?,
            (None, None) => Qty::ZERO,
        };
        let high_water = match ticket.trail {
            Some(_) => self.mark(instrument),
            None => None,
        };
        let now = self.now;
        let mut order = Order {
            id: self.ids.uuid(),
            kind: ticket.kind,
            tif: ticket.tif,
            qty,
            notional: ticket.notional,
            limit,
            stop,
            trail: ticket.trail,
            class: ticket.class,
            high_water,
            extended_hours: ticket.extended_hours,
            position_intent: self.intent(account, instrument, ticket.side),
            expires_at: expiry(ticket.tif, self.listings[instrument].is_crypto(), now),
            ..Order::blank(account, instrument, ticket.side, now)
        };
        self.trail_stop(&mut order);
        Ok(order)
    }

    fn intent(&self, account: usize, instrument: usize, side: Side) -> &'static str {
        let held = self.accounts[account].positions[instrument].qty;
        match (side, held.signum()) {
            (Side::Buy, -1) => "buy_to_close",
            (Side::Buy, _) => "buy_to_open",
            (Side::Sell, 1) => "sell_to_close",
            (Side::Sell, _) => "sell_to_open",
        }
    }

    /// Rules of the dialect that need no money to be looked at.
    pub(super) fn check_rules(&self, order: &Order) -> Result<(), Refusal> {
        let listing = &self.listings[order.instrument];
        let (min_qty, qty) = (listing.instrument.min_qty(), order.qty);
        if qty.0 <= 0 || qty < min_qty {
            let least = &listing.instrument.spec().min_qty;
            return Err(Refusal::forbidden(format!("minimal qty of order {least}")));
        }
        if self.is_beyond_bands(order.instrument, order.limit) {
            return Err(Refusal::invalid(
                "limit_price is outside of the limit bands",
            ));
        }
        if listing.is_crypto() {
            check_crypto(order)?;
        } else {
            check_equity(order, listing)?;
        }
        let least = listing.instrument.min_notional();
        let price = order.limit.or_else(|| self.mark(order.instrument));
        let value = price.and_then(|price| listing.instrument.notional(price, qty).ok());
        if value.is_some_and(|value| value < least) {
            let least = &listing.instrument.spec().min_notional;
            let message = format!("cost basis must be >= minimal amount of order {least}");
            return Err(Refusal::forbidden(message));
        }
        Ok(())
    }

    /// Puts an accepted order into the books.
    pub(crate) fn enter(&mut self, order: Order) -> usize {
        let place = self.orders.len();
        let (account, client) = (order.account, order.client_order_id.clone());
        self.by_id.insert(order.id, place);
        self.by_client.insert((account, client), place);
        self.accounts[account].orders.push(place);
        self.accounts[account].open.insert(place);
        if let Some(at) = order.expires_at {
            self.deadlines.insert((at, place));
        }
        self.orders.push(order);
        place
    }

    /// Lets an accepted order meet the market: at once, or when its stop price is reached.
    pub(crate) fn release(&mut self, place: usize) {
        if !self.may_work(&self.orders[place]) {
            return self.park(place);
        }
        if self.orders[place].kind.waits() {
            self.hold(place);
        } else {
            self.send(place);
        }
        if self.orders[place].class == Class::Oco && self.orders[place].status.is_open() {
            self.release_legs(place);
        }
        self.fault_after_accept(place);
    }

    /// Hands an order to the matching engine and books what that says.
    pub(super) fn send(&mut self, place: usize) {
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        self.by_sequence.insert(sequence, place);
        let order = &mut self.orders[place];
        order.sequence = sequence;
        order.carried = order.cum_qty;
        let limit_price = order.limit.filter(|_| order.kind.has_limit());
        let new = NewOrder {
            client_order_id: ClientOrderId::new(sequence),
            instrument: InstrumentId(order.instrument as u32),
            side: order.side,
            order_type: match limit_price {
                Some(_) => OrderType::Limit,
                None => OrderType::Market,
            },
            // Sessions are kept here, by the calendar: the matching engine knows no days.
            tif: match order.tif {
                Tif::Day | Tif::Gtc => TimeInForce::Gtc,
                Tif::Ioc => TimeInForce::Ioc,
                Tif::Fok => TimeInForce::Fok,
            },
            order_qty: order.leaves(),
            limit_price,
            stop_price: None,
            post_only: order.post_only,
            reduce_only: false,
        };
        let owner = order.account as u32;
        self.venue.handle_new(self.now, owner, &new);
        self.drain_reports();
    }
}

/// When an order ends by itself: day orders with the session, all others after 90 days.
pub(super) fn expiry(tif: Tif, crypto: bool, now: UnixNanos) -> Option<UnixNanos> {
    match tif {
        Tif::Day if crypto => None,
        Tif::Day => Some(civil::current_or_next(now).close),
        Tif::Gtc => Some(civil::next_trading_day(civil::eastern_day(now) + NINETY_DAYS).close),
        Tif::Ioc | Tif::Fok => None,
    }
}

/// Ticks of a price: two decimals from 1.00 on, four below, and on the instrument's tick.
pub(super) fn on_tick(listing: &Listing, name: &str, value: Decimal) -> Result<Price, Refusal> {
    let whole = value
        .to_atto()
        .is_ok_and(|atto| atto >= py_rt_types::Money::ONE.0);
    let decimals = if whole { 2 } else { 4 };
    if !listing.is_crypto() && value.scale() > decimals {
        return Err(Refusal::invalid(format!(
            "invalid {name} {value}. sub-penny increment does not fulfill minimum pricing criteria"
        )));
    }
    listing.instrument.parse_price(value).map_err(|_| {
        let tick = listing.instrument.spec().tick_size;
        Refusal::invalid(format!(
            "invalid {name} {value}. price increment must be {tick}"
        ))
    })
}

/// Lots of a quantity.
pub(super) fn on_lot(listing: &Listing, value: Decimal) -> Result<Qty, Refusal> {
    if value.scale() > 9 {
        return Err(Refusal::invalid(format!(
            "qty {value} must have at most 9 decimals"
        )));
    }
    listing.instrument.parse_qty(value).map_err(|_| {
        let lot = listing.instrument.spec().lot_size;
        Refusal::invalid(format!("invalid qty {value}. qty increment must be {lot}"))
    })
}

fn check_crypto(order: &Order) -> Result<(), Refusal> {
    if matches!(order.tif, Tif::Day | Tif::Fok) {
        return Err(Refusal::invalid("invalid crypto time_in_force"));
    }
    if matches!(order.kind, Kind::Stop | Kind::TrailingStop) {
        let message = "invalid order type for crypto order: use market, limit or stop_limit";
        return Err(Refusal::invalid(message));
    }
    if order.extended_hours {
        return Err(Refusal::invalid("extended hours are not for crypto orders"));
    }
    Ok(())
}

fn check_equity(order: &Order, listing: &Listing) -> Result<(), Refusal> {
    let qty = listing.instrument.qty_decimal(order.qty);
    let fractional = order.notional.is_some() || qty.is_ok_and(|qty| qty.scale() > 0);
    if fractional && order.tif != Tif::Day {
        return Err(Refusal::invalid("fractional orders must be DAY orders"));
    }
    let may_extend = order.kind == Kind::Limit && matches!(order.tif, Tif::Day | Tif::Gtc);
    if order.extended_hours && !may_extend {
        return Err(Refusal::invalid(
            "extended hours order must be DAY or GTC limit orders",
        ));
    }
    Ok(())
}
