//! Request weights and order counts, as the dialect limits and shows them.
//!
//! Quotas are counted in real time: they protect the venue, not the market.

use std::collections::{BTreeMap, VecDeque};

use py_rt_types::UnixNanos;

use super::fail::Fail;
use crate::node::Node;

const SECOND: i64 = 1_000_000_000;
const MINUTE: i64 = 60 * SECOND;
const TEN_SECONDS: i64 = 10 * SECOND;
const DAY: i64 = 86_400 * SECOND;
/// How long who goes on in spite of 429 is locked out.
const BAN: i64 = 2 * MINUTE;
/// Refused requests that make a ban.
const PATIENCE: u32 = 10;

/// What is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) weight_per_minute: u32,
    pub(crate) orders_per_10s: u32,
    pub(crate) orders_per_day: u32,
    pub(crate) raw_per_5m: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            weight_per_minute: 6000,
            orders_per_10s: 100,
            orders_per_day: 200_000,
            raw_per_5m: 61_000,
        }
    }
}

/// What was used.
#[derive(Debug, Default)]
pub(crate) struct Quota {
    pub(crate) limits: Limits,
    minute: i64,
    used: u32,
    refused: u32,
    banned_until: Option<UnixNanos>,
    five_minutes: i64,
    raw: u32,
    /// Orders of an account that are not filled: when they came, and their places.
    orders: BTreeMap<usize, VecDeque<(UnixNanos, usize)>>,
}

/// Orders that still count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) ten_seconds: u32,
    pub(crate) day: u32,
}

impl Quota {
    /// Charges a request; refuses it when the minute is used up or its sender banned.
    pub(crate) fn charge(&mut self, weight: u32, wall: UnixNanos) -> Result<(), Fail> {
        if let Some(until) = self.banned_until {
            if wall < until {
                return Err(banned(until, wall));
            }
            self.banned_until = None;
            self.refused = 0;
        }
        let (minute, five) = (wall.0.div_euclid(MINUTE), wall.0.div_euclid(5 * MINUTE));
        if minute != self.minute {
            (self.minute, self.used, self.refused) = (minute, 0, 0);
        }
        if five != self.five_minutes {
            (self.five_minutes, self.raw) = (five, 0);
        }
        self.raw = self.raw.saturating_add(1);
        self.used = self.used.saturating_add(weight);
        let most = self.limits.weight_per_minute;
        if self.used <= most && self.raw <= self.limits.raw_per_5m {
            return Ok(());
        }
        self.refused += 1;
        if self.refused > PATIENCE {
            let until = wall.plus(BAN);
            self.banned_until = Some(until);
            return Err(banned(until, wall));
        }
        let message = format!(
            "Too much request weight used; current limit is {most} request weight per 1 MINUTE. \
             Please use WebSocket Streams for live updates to avoid polling the API."
        );
        let wait = MINUTE - wall.0.rem_euclid(MINUTE);
        Err(late(Fail::new(429, -1003, message), wait, wall))
    }

    /// Locks everybody out for some time.
    pub(crate) fn ban(&mut self, until: UnixNanos) {
        self.banned_until = Some(until);
    }

    /// Counts what an account has sent and not filled.
    pub(crate) fn counts(
        &mut self,
        account: usize,
        wall: UnixNanos,
        is_filled: impl Fn(usize) -> bool,
    ) -> Counts {
        let sent = self.orders.entry(account).or_default();
        sent.retain(|(at, place)| wall.since(*at) < DAY && !is_filled(*place));
        let recent = sent.iter().rev();
        let recent = recent.take_while(|(at, _)| wall.since(*at) < TEN_SECONDS);
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Counts {
            ten_seconds: number(recent.count()),
            day: number(sent.len()),
        }
    }

    /// Refuses one order too many.
    pub(crate) fn check_order(&self, counts: Counts, wall: UnixNanos) -> Result<(), Fail> {
        let (most, daily) = (self.limits.orders_per_10s, self.limits.orders_per_day);
        let (message, wait) = if counts.ten_seconds >= most {
            (format!("{most} orders per 10 SECOND"), TEN_SECONDS)
        } else if counts.day >= daily {
            (format!("{daily} orders per 1 DAY"), DAY)
        } else {
            return Ok(());
        };
        let message = format!("Too many new orders; current limit is {message}.");
        Err(late(Fail::new(429, -1015, message), wait, wall))
    }

    pub(crate) fn note_order(&mut self, account: usize, wall: UnixNanos, place: usize) {
        let sent = self.orders.entry(account).or_default();
        sent.push_back((wall, place));
    }

    pub(crate) const fn used(&self) -> u32 {
        self.used
    }

    /// The limits as `exchangeInfo` lists them; with counts as answers show them.
    pub(crate) fn rows(&self, counts: Option<Counts>, all: bool) -> Node {
        let row = |kind: &'static str, interval: (&'static str, i64), limit: u32, count: u32| {
            let row = Node::map([
                ("rateLimitType", kind.into()),
                ("interval", interval.0.into()),
                ("intervalNum", Node::Int(interval.1)),
                ("limit", Node::Int(i64::from(limit))),
            ]);
            if all {
                row
            } else {
                row.with("count", Node::Int(i64::from(count)))
            }
        };
        let limits = self.limits;
        let minute = row(
            "REQUEST_WEIGHT",
            ("MINUTE", 1),
            limits.weight_per_minute,
            self.used,
        );
        let mut rows = Vec::new();
        if all || counts.is_some() {
            let counts = counts.unwrap_or_default();
            let tens = limits.orders_per_10s;
            rows.push(row("ORDERS", ("SECOND", 10), tens, counts.ten_seconds));
            rows.push(row("ORDERS", ("DAY", 1), limits.orders_per_day, counts.day));
        }
        if all {
            rows.insert(0, minute);
            rows.push(row("RAW_REQUESTS", ("MINUTE", 5), limits.raw_per_5m, 0));
        } else {
            rows.push(minute);
        }
        Node::List(rows)
    }
}

fn banned(until: UnixNanos, wall: UnixNanos) -> Fail {
    let at = until.0.div_euclid(1_000_000);
    let message = format!(
        "Way too much request weight used; IP banned until {at}. Please use WebSocket Streams \
         for live updates to avoid bans."
    );
    late(Fail::new(418, -1003, message), until.since(wall), wall)
}

fn late(mut fail: Fail, wait: i64, wall: UnixNanos) -> Fail {
    let millis = |ns: i64| Node::Int(ns.div_euclid(1_000_000));
    fail.retry_after = Some((wait + SECOND - 1).div_euclid(SECOND));
    fail.data = Some(Node::map([
        ("serverTime", millis(wall.0)),
        ("retryAfter", millis(wall.plus(wait).0)),
    ]));
    fail
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_used_up_minute_is_refused_and_going_on_is_banned() {
        let mut quota = Quota::default();
        let at = |ms: i64| UnixNanos(ms * 1_000_000);
        assert!(quota.charge(6000, at(0)).is_ok());
        let refused = quota.charge(1, at(1000)).unwrap_err();
        assert_eq!((refused.status, refused.code), (429, -1003));
        assert_eq!(refused.retry_after, Some(59));
        let codes: Vec<u16> = (0..12)
            .filter_map(|_| quota.charge(1, at(2000)).err())
            .map(|fail| fail.status)
            .collect();
        assert_eq!(codes[8..], [429, 418, 418, 418]);
        assert_eq!(quota.charge(1, at(60_000)).unwrap_err().status, 418);
        assert!(quota.charge(1, at(122_000)).is_ok());
    }

    #[test]
    fn filled_orders_give_room_back() {
        let mut quota = Quota::default();
        (0..100).for_each(|place| quota.note_order(0, UnixNanos(0), place));
        let full = quota.counts(0, UnixNanos(1), |_| false);
        assert_eq!((full.ten_seconds, full.day), (100, 100));
        assert_eq!(
            quota.check_order(full, UnixNanos(1)).unwrap_err().code,
            -1015
        );
        let half = quota.counts(0, UnixNanos(1), |place| place < 50);
        assert_eq!(half.ten_seconds, 50);
        assert_eq!(
            quota
                .counts(0, UnixNanos(TEN_SECONDS), |_| false)
                .ten_seconds,
            0
        );
        assert_eq!(quota.counts(1, UnixNanos(1), |_| false), Counts::default());
    }
}
