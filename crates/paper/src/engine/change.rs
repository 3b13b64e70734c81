//! Orders that are asked to end or to change, by their owner or by the calendar.

use py_rt_types::{
    CancelOrder, ClientOrderId, Decimal, InstrumentId, Qty, ReplaceOrder, Side, VenueOrderId,
};

use super::intake::{expiry, on_lot, on_tick};
use super::Engine;
use crate::answer::Refusal;
use crate::order::{Order, Status, Trail};
use crate::ticket::{Fields, Ticket};

impl Engine {
    /// Ends an open order.
    pub(crate) fn cancel(&mut self, place: usize) -> Result<(), Refusal> {
        let order = &self.orders[place];
        if !order.status.is_open() {
            let message = format!("order is already in \"{}\" state", order.status.name());
            return Err(Refusal::invalid(message));
        }
        self.fault_before_cancel(place);
        if !self.orders[place].status.is_open() {
            let name = self.orders[place].status.name();
            return Err(Refusal::invalid(format!(
                "order is already in \"{name}\" state"
            )));
        }
        if self.is_held_by_fault(place) {
            self.orders[place].status = Status::PendingCancel;
            self.orders[place].updated_at = self.now;
            self.tell(place, "pending_cancel", None);
            return Ok(());
        }
        self.end_open(place, Status::Canceled);
        Ok(())
    }

    pub(crate) fn end_open(&mut self, place: usize, status: Status) {
        let order = &self.orders[place];
        if order.held || order.parked {
            self.withdraw(place);
            return self.end(place, status);
        }
        let cancel = CancelOrder {
            client_order_id: ClientOrderId::new(order.sequence),
            venue_order_id: VenueOrderId(0),
            instrument: InstrumentId(order.instrument as u32),
        };
        let owner = order.account as u32;
        self.venue.handle_cancel(self.now, owner, &cancel);
        if status == Status::Canceled {
            return self.drain_reports();
        }
        // The matching engine's word is "canceled"; the account hears the calendar's.
        while self.venue.poll_report().is_some() {}
        self.end(place, status);
    }

    /// Ends the open order whose time is over next.
    pub(super) fn expire_next(&mut self) {
        if let Some((_, place)) = self.deadlines.pop_first() {
            if self.orders[place].status.is_open() {
                self.end_open(place, Status::Expired);
            }
        }
    }

    /// Accepts other terms for an order; returns the place of the order that shall replace it.
    /// The answer shows it before it is made: call [`Engine::release_replacement`] after that.
    pub(crate) fn accept_replacement(
        &mut self,
        old: usize,
        fields: &Fields,
    ) -> Result<usize, Refusal> {
        let before = self.orders[old].clone();
        if !matches!(before.status, Status::New | Status::PartiallyFilled) {
            let message = format!("cannot replace order in {} status", before.status.name());
            return Err(Refusal::invalid(message));
        }
        if before.notional.is_some() {
            return Err(Refusal::invalid("notional orders cannot be replaced"));
        }
        let mut after = self.new_terms(&before, fields)?;
        after.client_order_id = match fields.client_order_id()? {
            Some(id) if self.by_client.contains_key(&(before.account, id.clone())) => {
                return Err(Refusal::malformed("client_order_id must be unique"));
            }
            Some(id) => id,
            None => self.ids.uuid().to_string(),
        };
        self.check_rules(&after)?;
        self.check_funds(&after, Some(old))?;
        Ok(self.enter(after))
    }

    fn new_terms(&mut self, before: &Order, fields: &Fields) -> Result<Order, Refusal> {
        let listing = &self.listings[before.instrument];
        let mut after = before.clone();
        if let Some(qty) = fields.positive("qty")? {
            after.qty = on_lot(listing, qty)?;
        }
        if let Some(price) = fields.positive("limit_price")? {
            if !before.kind.has_limit() {
                return Err(Refusal::malformed("limit_price is for limit orders"));
            }
            after.limit = Some(on_tick(listing, "limit_price", price)?);
        }
        if let Some(price) = fields.positive("stop_price")? {
            if !(before.kind.has_stop() && before.held) {
                return Err(Refusal::malformed(
                    "stop_price is for orders that wait for it",
                ));
            }
            after.stop = Some(on_tick(listing, "stop_price", price)?);
        }
        if let Some(trail) = fields.positive("trail")? {
            after.trail = match before.trail {
                Some(Trail::Price(_)) => {
                    on_tick(listing, "trail", trail)?;
                    Some(Trail::Price(trail))
                }
                Some(Trail::Percent(_)) => Some(Trail::Percent(trail)),
                None => return Err(Refusal::malformed("trail is for trailing stop orders")),
            };
        }
        if let Some(tif) = fields.tif()? {
            after.tif = tif;
            after.expires_at = expiry(tif, listing.is_crypto(), self.now);
        }
        if after.qty <= before.cum_qty {
            return Err(Refusal::invalid("qty must be above what is already filled"));
        }
        after.id = self.ids.uuid();
        after.fills = Vec::new();
        after.cancel_id = None;
        after.replaces = Some(before.id);
        after.status = Status::PendingNew;
        after.submitted_at = self.now;
        after.updated_at = self.now;
        after.revision = before.revision.saturating_add(1);
        self.trail_stop(&mut after);
        Ok(after)
    }

    /// Puts the new order in the place of the old one.
    pub(crate) fn release_replacement(&mut self, old: usize, new: usize) {
        if self.orders[old].parked {
            self.orders[old].parked = false;
            return self.hand_over(old, new);
        }
        if self.orders[old].held {
            self.open_gate(old);
            self.hand_over(old, new);
            return self.close_gate(new);
        }
        let order = &self.orders[new];
        let replace = ReplaceOrder {
            client_order_id: ClientOrderId {
                sequence: order.sequence,
                revision: order.revision,
            },
            venue_order_id: VenueOrderId(0),
            instrument: InstrumentId(order.instrument as u32),
            order_qty: Qty(order.qty.0 - order.carried.0),
            limit_price: order.limit,
        };
        let owner = order.account as u32;
        self.replacement = Some(new);
        self.venue.handle_replace(self.now, owner, &replace);
        self.drain_reports();
    }

    /// The order that closes a position, or part of it.
    pub(crate) fn closing_ticket(
        &self,
        account: usize,
        instrument: usize,
        (qty, percentage): (Option<Decimal>, Option<Decimal>),
    ) -> Result<Ticket, Refusal> {
        let listing = &self.listings[instrument];
        let held = self.accounts[account].positions[instrument].qty;
        if held == 0 {
            return Err(Refusal::not_found("position does not exist"));
        }
        let whole = Qty(held.abs());
        let lots = match (qty, percentage) {
            (Some(_), Some(_)) => {
                return Err(Refusal::malformed(
                    "only one of qty or percentage is accepted",
                ))
            }
            (Some(qty), None) => on_lot(listing, qty)?,
            (None, Some(percent)) => share_of(whole, percent)?,
            (None, None) => whole,
        };
        let side = if held > 0 { Side::Sell } else { Side::Buy };
        let qty = listing.instrument.qty_decimal(lots).unwrap_or_default();
        let tif = if listing.is_crypto() {
            crate::order::Tif::Gtc
        } else {
            crate::order::Tif::Day
        };
        Ok(Ticket::closing(listing.symbol(), side, qty, tif))
    }
}

/// `percent` of a quantity, rounded down to lots.
fn share_of(whole: Qty, percent: Decimal) -> Result<Qty, Refusal> {
    let bad = || Refusal::malformed("percentage must be within 0 to 100");
    let hundred = Decimal::try_new(100, 0).map_err(|_| bad())?;
    let (atto, full) = (
        percent.to_atto().map_err(|_| bad())?,
        hundred.to_atto().map_err(|_| bad())?,
    );
    if atto <= 0 || atto > full {
        return Err(bad());
    }
    // A billionth of a percent is fine enough, and keeps the product small.
    let (part, full) = (atto / 1_000_000_000, full / 1_000_000_000);
    let lots = i128::from(whole.0) * part / full;
    i64::try_from(lots).map(Qty).map_err(|_| bad())
}
