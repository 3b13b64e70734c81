//! What happens to the venue as a whole: its clock, quotas, connections, memory and listings.

use std::sync::atomic::Ordering;

use py_rt_types::number::divide_half_even;
use py_rt_types::{Decimal, Money, Qty, UnixNanos};

use super::cut::Breach;
use super::fields::{wrong, Fields};
use super::spec::Rule;
use crate::answer::Refusal;
use crate::config::Dialect;
use crate::engine::Engine;
use crate::listing::{plain_symbol, Class};
use crate::order::Status;

const MILLI: i64 = 1_000_000;
const SECOND: i64 = 1000 * MILLI;

/// Quotas of the Alpaca dialect, in real time.
#[derive(Debug)]
pub(crate) struct Requests {
    pub(crate) per_minute: u32,
    minute: i64,
    used: u32,
    blocked_until: UnixNanos,
}

impl Default for Requests {
    fn default() -> Self {
        Self {
            per_minute: 10_000_000,
            minute: 0,
            used: 0,
            blocked_until: UnixNanos(0),
        }
    }
}

impl Requests {
    /// Counts a request; says what is left, or `None` when nothing is.
    pub(crate) fn count(&mut self, wall: UnixNanos) -> Option<u32> {
        let minute = wall.0.div_euclid(60 * SECOND);
        if minute != self.minute {
            (self.minute, self.used) = (minute, 0);
        }
        if wall < self.blocked_until || self.used >= self.per_minute {
            return None;
        }
        self.used += 1;
        Some(self.per_minute - self.used)
    }
}

impl Engine {
    /// Does what a rule wants at once; returns how often it struck.
    pub(super) fn act(&mut self, rule: &Rule, wall: UnixNanos) -> Result<u64, Refusal> {
        match rule.fault {
            7 => self.act_on_market(rule),
            8 => self.act_on_clock(rule),
            9 => self.act_on_quotas(rule, wall),
            11 => self.act_on_life(rule, wall),
            _ => self.act_on_shares(rule),
        }
    }

    fn act_on_clock(&mut self, rule: &Rule) -> Result<u64, Refusal> {
        let fields = Fields(&rule.written);
        let ms = fields.signed("ms")?;
        match rule.kind() {
            "offset" => self.skew_ns = ms.unwrap_or(0).saturating_mul(MILLI),
            "drift" => {
                let ppm = fields.signed("ppm")?.unwrap_or(0);
                self.drift = (self.now, ppm.clamp(-900_000, 900_000));
            }
            _ => {
                let to = fields.time("to")?;
                let to = to.or_else(|| Some(self.now.plus(ms?.saturating_mul(MILLI))));
                let ahead = to.filter(|to| *to > self.now);
                let remedy = "give a later time in to, or ms above 0: time never goes back";
                let back = || wrong("to", "is not ahead of the venue's time", remedy);
                self.jump(ahead.ok_or_else(back)?);
            }
        }
        Ok(1)
    }

    /// The time that the venue says it is.
    pub(crate) fn said_now(&self) -> UnixNanos {
        let (since, ppm) = self.drift;
        let drifted = self.now.since(since) / 1_000_000 * ppm;
        self.now.plus(self.skew_ns.saturating_add(drifted))
    }

    fn act_on_quotas(&mut self, rule: &Rule, wall: UnixNanos) -> Result<u64, Refusal> {
        let fields = Fields(&rule.written);
        let number = |name: &str| {
            let value = fields.whole(name)?;
            Ok::<_, Refusal>(value.map(|value| u32::try_from(value).unwrap_or(u32::MAX)))
        };
        let seconds = fields.whole("seconds")?.unwrap_or(60);
        let until = wall.plus(i64::try_from(seconds).unwrap_or(60).saturating_mul(SECOND));
        match rule.kind() {
            "buckets" => {
                let limits = self.desk.limits_mut();
                limits.weight_per_minute =
                    number("weight_per_minute")?.unwrap_or(limits.weight_per_minute);
                limits.orders_per_10s = number("orders_per_10s")?.unwrap_or(limits.orders_per_10s);
                let most = self.requests.per_minute;
                self.requests.per_minute = number("requests_per_minute")?.unwrap_or(most);
            }
            "ban" => {
                if rule.filter.takes_dialect(Dialect::Binance) {
                    self.desk.ban(until);
                }
                if rule.filter.takes_dialect(Dialect::Alpaca) {
                    self.requests.blocked_until = until;
                }
            }
            "connections" => {
                let limit = fields.whole("limit")?.unwrap_or(1);
                self.connections_most = usize::try_from(limit).unwrap_or(usize::MAX);
            }
            _ => {
                *self.desk.limits_mut() = Default::default();
                self.requests = Requests::default();
                self.connections_most = usize::MAX;
            }
        }
        Ok(1)
    }

    fn act_on_life(&mut self, rule: &Rule, wall: UnixNanos) -> Result<u64, Refusal> {
        let fields = Fields(&rule.written);
        let wanted = |dialect, name: &str| {
            rule.filter.takes_dialect(dialect) && rule.filter.takes_channel(name)
        };
        let alpaca = [
            wanted(Dialect::Alpaca, "trading"),
            wanted(Dialect::Alpaca, "market"),
        ];
        let binance = [
            wanted(Dialect::Binance, "trading"),
            wanted(Dialect::Binance, "market"),
        ];
        match rule.kind() {
            "restart" => {
                let down = fields.whole("down_ms")?.unwrap_or(0);
                let down = i64::try_from(down)
                    .unwrap_or(i64::MAX)
                    .saturating_mul(MILLI);
                let until = u64::try_from(wall.plus(down).0).unwrap_or(0);
                self.faults.down_until.store(until, Ordering::Relaxed);
                if fields.flag("state")? == Some(false) {
                    self.forget();
                }
                self.hub.close_all(|_| true);
                self.desk.close_all(|_| true);
                Ok(self.faults.cut_wires(Breach::Reset))
            }
            "shutdown_notice" => Ok(self.say_shutdown()),
            "disconnect" => {
                let hub = self.hub.close_all(|trading| alpaca[usize::from(!trading)]);
                let desk = self
                    .desk
                    .close_all(|trading| binance[usize::from(!trading)]);
                Ok(hub + desk)
            }
            _ => {
                let hub = self.hub.expire(alpaca);
                Ok(hub + if binance[0] { self.expire_users() } else { 0 })
            }
        }
    }

    /// The venue loses its memory: orders, executions, and what accounts have gained or lost.
    fn forget(&mut self) {
        for place in 0..self.orders.len() {
            if self.orders[place].status.is_open() {
                self.withdraw(place);
            }
        }
        self.orders.clear();
        self.executions.clear();
        self.by_id.clear();
        self.by_client.clear();
        self.drop_books();
        for account in &mut self.accounts {
            account.cash = account.initial_cash;
            account.wallet = account.initial_wallet.clone();
            account.positions.fill(Default::default());
            account.orders.clear();
            account.open.clear();
            account.executions.clear();
        }
    }

    /// F12: splits, dividends, new names.
    fn act_on_shares(&mut self, rule: &Rule) -> Result<u64, Refusal> {
        let fields = Fields(&rule.written);
        if rule.filter.symbol.is_none() {
            return Err(wrong("symbol", "is missing", "name the share"));
        }
        let place = self.named_places(rule)?[0];
        if self.listings[place].class != Class::Equity {
            return Err(wrong("symbol", "is no share", "coins do not split"));
        }
        match rule.kind() {
            "split" => {
                let text = fields.text("ratio")?.unwrap_or("2:1");
                let parts = text.split_once(':');
                let number = |part: &str| {
                    part.trim()
                        .parse::<i64>()
                        .ok()
                        .filter(|n| (1..=1000).contains(n))
                };
                let ratio = parts.and_then(|(new, old)| Some((number(new)?, number(old)?)));
                let bad = || wrong("ratio", "is no ratio", "write new:old, such as 4:1 or 1:10");
                let whole = fields.flag("whole")?.unwrap_or(true);
                self.split(place, ratio.ok_or_else(bad)?, whole)
            }
            "dividend" => {
                let amount = fields
                    .text("amount")?
                    .and_then(|text| Decimal::parse(text).ok());
                let amount = amount.and_then(|amount| amount.to_atto().ok());
                let bad = || wrong("amount", "is no amount of a share", "write \"0.25\"");
                Ok(self.pay_dividend(place, amount.ok_or_else(bad)?))
            }
            _ => {
                let to = fields.text("to")?.unwrap_or_default();
                let taken = self.place_of(to).is_some();
                if to.is_empty() || taken || !to.chars().all(|c| c.is_ascii_alphanumeric()) {
                    return Err(wrong(
                        "to",
                        "is no free symbol",
                        "use letters, such as META",
                    ));
                }
                let listing = &mut self.listings[place];
                listing.plain = plain_symbol(to);
                listing.renamed = Some(to.to_owned());
                Ok(1)
            }
        }
    }

    /// Open orders end, prices and positions change; what is less than a share is paid out.
    fn split(&mut self, place: usize, (new, old): (i64, i64), whole: bool) -> Result<u64, Refusal> {
        let Some(price) = self.mark(place) else {
            return Err(wrong("symbol", "has no price yet", "wait for its market"));
        };
        if !self.rescale_market(place, new, old) {
            let remedy = "use an instrument with a synthetic market";
            return Err(wrong("symbol", "is played from a recording", remedy));
        }
        let open: Vec<usize> = (0..self.orders.len())
            .filter(|at| self.orders[*at].instrument == place && self.orders[*at].status.is_open())
            .collect();
        open.into_iter()
            .for_each(|order| self.end_open(order, Status::Canceled));
        let instrument = self.listings[place].instrument.clone();
        let share = Decimal::parse("1")
            .ok()
            .and_then(|one| instrument.parse_qty(one).ok());
        let share = i128::from(share.unwrap_or(Qty(1)).0);
        for account in &mut self.accounts {
            let position = &mut account.positions[place];
            let scaled = i128::from(position.qty) * i128::from(new);
            let unit = if whole { share } else { 1 };
            let kept = scaled / i128::from(old) / unit * unit;
            let lost = scaled - kept * i128::from(old);
            let before = position.qty;
            position.qty = i64::try_from(kept).unwrap_or(before);
            // Lots that are paid out take their share of the cost with them.
            let cost = position
                .cost
                .saturating_mul(kept.saturating_mul(i128::from(old)));
            position.cost = match scaled {
                0 => 0,
                scaled => divide_half_even(cost, scaled),
            };
            // `lost / new` old lots at the old price.
            let value = instrument.notional(price, Qty(1)).unwrap_or(Money::ZERO).0;
            account.cash.0 += divide_half_even(value.saturating_mul(lost), i128::from(new));
        }
        Ok(1)
    }

    fn pay_dividend(&mut self, place: usize, per_share: i128) -> u64 {
        for account in 0..self.accounts.len() {
            let lots = self.accounts[account].positions[place].qty;
            // Shares to nine decimals, so that the product stays small.
            let shares = self.amount(place, lots) / 1_000_000_000;
            let paid = per_share.saturating_mul(shares) / 1_000_000_000;
            self.accounts[account].cash.0 += paid;
        }
        1
    }
}
