//! Money and holdings: what an order needs, what others have reserved, what is left.
//!
//! Coins are paid in cash and never sold short. Shares may use `margin_multiplier` times the
//! equity; what open orders would need is reserved. A market order is valued at the worst level
//! that it would reach, so cash is never overspent.

use py_rt_types::{Decimal, InstrumentId, Money, Price, Qty, Side};

use super::Engine;
use crate::answer::Refusal;
use crate::order::{Kind, Order};

impl Engine {
    /// Refuses an order that the account cannot carry. `replaced` is the order that it would take
    /// the place of, whose reservation falls away.
    pub(super) fn check_funds(
        &self,
        order: &Order,
        replaced: Option<usize>,
    ) -> Result<(), Refusal> {
        let listing = &self.listings[order.instrument];
        let position = self.accounts[order.account].positions[order.instrument].qty;
        match (order.side, listing.is_crypto()) {
            (Side::Buy, true) => self.check_cash(order, replaced),
            (Side::Sell, true) => self.check_coins(order, replaced),
            (Side::Buy, false) if position >= 0 => self.check_buying_power(order, replaced),
            (Side::Sell, false) if position <= 0 => self.check_short(order, replaced),
            _ => self.check_shares(order, replaced),
        }?;
        self.check_own_crossing(order, replaced)
    }

    /// Orders of an account that still want something, without `except`.
    pub(super) fn open_of(
        &self,
        account: usize,
        except: Option<usize>,
    ) -> impl Iterator<Item = &Order> {
        let open = self.accounts[account].open.iter();
        open.filter(move |place| Some(**place) != except)
            .map(|place| &self.orders[*place])
            .filter(|order| !order.is_shadow())
    }

    /// What a buy, or a short sale, may cost at most.
    pub(super) fn cost_of(&self, order: &Order, qty: Qty) -> Money {
        if let Some(notional) = order.notional {
            return Money(notional.to_atto().unwrap_or(i128::MAX));
        }
        let price = match (order.limit, order.stop) {
            (Some(limit), _) => Some(limit),
            // A stop buy is guarded at 4 % above its stop price.
            (None, Some(stop)) => Some(Price(stop.0.saturating_add(stop.0 / 25))),
            (None, None) => self.worst_price(order.instrument, order.side, qty),
        };
        let instrument = &self.listings[order.instrument].instrument;
        let price = price.unwrap_or_default();
        instrument.notional(price, qty).unwrap_or(Money(i128::MAX))
    }

    /// The last price that `qty` would reach in the book as it stands.
    fn worst_price(&self, place: usize, side: Side, qty: Qty) -> Option<Price> {
        let book = self.venue.book(InstrumentId(place as u32))?;
        let (mut left, mut worst) = (qty.0, None);
        book.visit(side.opposite(), |level| {
            worst = Some(level.price);
            left = left.saturating_sub(level.qty.0);
            left > 0
        });
        worst
    }

    /// Lots that `notional` buys or sells, level by level, rounded down.
    pub(crate) fn qty_for(
        &self,
        place: usize,
        side: Side,
        notional: Decimal,
    ) -> Result<Qty, Refusal> {
        let bad = || Refusal::malformed(format!("invalid notional {notional}"));
        let unit = self.listings[place].instrument.tick_value().max(1);
        let mut left = notional.to_atto().map_err(|_| bad())? / unit;
        let mut lots: i64 = 0;
        let book = self.venue.book(InstrumentId(place as u32));
        let book = book.ok_or_else(|| Refusal::invalid("there is no market for this asset now"))?;
        book.visit(side.opposite(), |level| {
            let price = i128::from(level.price.0.max(1));
            let affordable = i64::try_from(left / price).unwrap_or(i64::MAX);
            let taken = affordable.min(level.qty.0);
            lots = lots.saturating_add(taken);
            left -= i128::from(taken) * price;
            taken == level.qty.0
        });
        Ok(Qty(lots))
    }

    /// Money that open buys of coins (`crypto`) or opening orders of shares may need.
    fn reserved(&self, account: usize, crypto: bool, except: Option<usize>) -> i128 {
        let positions = &self.accounts[account].positions;
        self.open_of(account, except)
            .filter(|order| self.listings[order.instrument].is_crypto() == crypto)
            .filter(|order| match order.side {
                Side::Buy => positions[order.instrument].qty >= 0,
                Side::Sell => !crypto && positions[order.instrument].qty <= 0,
            })
            .map(|order| self.cost_of(order, order.leaves()).0)
            .fold(0, i128::saturating_add)
    }

    /// Lots that open orders of one side already claim from a position.
    pub(crate) fn claimed(
        &self,
        account: usize,
        instrument: usize,
        side: Side,
        except: Option<usize>,
    ) -> i64 {
        self.open_of(account, except)
            .filter(|order| order.instrument == instrument && order.side == side)
            .map(|order| order.leaves().0)
            .fold(0, i64::saturating_add)
    }

    /// Value of positions: signed total, and the gross of shares alone.
    pub(crate) fn values(&self, account: usize) -> Values {
        let mut values = Values::default();
        for (place, position) in self.accounts[account].positions.iter().enumerate() {
            let listing = &self.listings[place];
            let value = self
                .mark(place)
                .and_then(|mark| listing.instrument.notional(mark, Qty(position.qty)).ok())
                .map_or(0, |money| money.0);
            if value >= 0 {
                values.long += value;
            } else {
                values.short += value;
            }
            if listing.is_crypto() {
                values.coins += value;
            }
        }
        values.equity = self.accounts[account].cash.0 + values.long + values.short;
        values
    }

    /// What may still be spent on shares.
    pub(crate) fn buying_power(&self, account: usize, except: Option<usize>) -> Money {
        let values = self.values(account);
        let gross = values.long - values.coins - values.short;
        let carried = (values.equity - values.coins) * i128::from(self.margin_multiplier);
        let shares = self.reserved(account, false, except);
        let reserved = shares.saturating_add(self.reserved(account, true, except));
        Money((carried - gross).saturating_sub(reserved).max(0))
    }

    /// What may still be spent on coins.
    pub(crate) fn spendable_cash(&self, account: usize, except: Option<usize>) -> Money {
        let cash = self.accounts[account].cash.0;
        let free = cash.saturating_sub(self.reserved(account, true, except));
        Money(free.min(self.buying_power(account, except).0).max(0))
    }

    fn check_cash(&self, order: &Order, replaced: Option<usize>) -> Result<(), Refusal> {
        let cost = self.cost_of(order, order.leaves());
        let available = self.spendable_cash(order.account, replaced);
        if cost <= available {
            return Ok(());
        }
        let (needed, left) = (Decimal::from_atto(cost.0), Decimal::from_atto(available.0));
        let message =
            format!("insufficient balance for USD (requested: {needed}, available: {left})");
        let balance = Decimal::from_atto(self.accounts[order.account].cash.0);
        Err(Refusal::forbidden(message)
            .with("available", left)
            .with("balance", balance)
            .with("symbol", "USD"))
    }

    fn check_coins(&self, order: &Order, replaced: Option<usize>) -> Result<(), Refusal> {
        let listing = &self.listings[order.instrument];
        let held = self.accounts[order.account].positions[order.instrument].qty;
        let claimed = self.claimed(order.account, order.instrument, Side::Sell, replaced);
        let available = held.saturating_sub(claimed).max(0);
        let wanted = order.leaves();
        if wanted.0 <= available {
            return Ok(());
        }
        let text = |qty: i64| listing.instrument.qty_decimal(Qty(qty)).unwrap_or_default();
        let message = format!(
            "insufficient balance for {} (requested: {}, available: {})",
            listing.base,
            text(wanted.0),
            text(available)
        );
        Err(Refusal::forbidden(message)
            .with("available", text(available))
            .with("balance", text(held))
            .with("symbol", &listing.base))
    }

    fn check_buying_power(&self, order: &Order, replaced: Option<usize>) -> Result<(), Refusal> {
        let cost = self.cost_of(order, order.leaves());
        let available = self.buying_power(order.account, replaced);
        if cost <= available {
            return Ok(());
        }
        Err(Refusal::forbidden("insufficient buying power")
            .with("buying_power", Decimal::from_atto(available.0))
            .with("cost_basis", Decimal::from_atto(cost.0)))
    }

    fn check_short(&self, order: &Order, replaced: Option<usize>) -> Result<(), Refusal> {
        let listing = &self.listings[order.instrument];
        if !listing.instrument.spec().shortable {
            let message = format!("asset \"{}\" cannot be sold short", listing.symbol());
            return Err(Refusal::invalid(message));
        }
        if self.accounts[order.account].no_shorting {
            return Err(Refusal::forbidden("account is not allowed to short"));
        }
        let qty = listing.instrument.qty_decimal(order.qty);
        if order.notional.is_some() || qty.is_ok_and(|qty| qty.scale() > 0) {
            return Err(Refusal::invalid("fractional orders cannot be sold short"));
        }
        self.check_buying_power(order, replaced)
    }

    /// A closing order cannot take more than the position has left.
    fn check_shares(&self, order: &Order, replaced: Option<usize>) -> Result<(), Refusal> {
        let listing = &self.listings[order.instrument];
        let held = self.accounts[order.account].positions[order.instrument]
            .qty
            .abs();
        let claimed = self.claimed(order.account, order.instrument, order.side, replaced);
        let available = held.saturating_sub(claimed).max(0);
        let wanted = order.leaves();
        if wanted.0 <= available {
            return Ok(());
        }
        let text = |qty: i64| listing.instrument.qty_decimal(Qty(qty)).unwrap_or_default();
        let message = format!(
            "insufficient qty available for order (requested: {}, available: {})",
            text(wanted.0),
            text(available)
        );
        Err(Refusal::forbidden(message)
            .with("available", text(available))
            .with("existing_qty", text(held))
            .with("held_for_orders", text(claimed))
            .with("symbol", listing.symbol()))
    }

    /// Nobody trades with himself: an order that would reach an own resting one is refused.
    fn check_own_crossing(&self, order: &Order, replaced: Option<usize>) -> Result<(), Refusal> {
        if order.kind.waits() {
            return Ok(());
        }
        let book = self.venue.book(InstrumentId(order.instrument as u32));
        let reach = match order.kind {
            Kind::Limit => order.limit,
            _ => book.and_then(|book| book.best(order.side.opposite())),
        };
        let crossed = self
            .open_of(order.account, replaced)
            .filter(|other| other.instrument == order.instrument && other.side != order.side)
            .filter(|other| !other.held)
            .filter_map(|other| Some((other.limit?, reach?)))
            .any(|(resting, reach)| match order.side {
                Side::Buy => resting <= reach,
                Side::Sell => resting >= reach,
            });
        if crossed {
            let message = "potential wash trade detected. use complex orders";
            return Err(Refusal::invalid(message));
        }
        Ok(())
    }
}

/// Values of an account's positions in money units.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Values {
    pub(crate) long: i128,
    /// Not above zero.
    pub(crate) short: i128,
    pub(crate) coins: i128,
    /// Cash and positions.
    pub(crate) equity: i128,
}
