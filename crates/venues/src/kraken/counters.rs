//! The venue's counters, counted here before anything is sent: it refuses in silence and, after too
//! many refusals, locks the key out for a quarter of an hour.
//!
//! Two of them: questions are counted by key; orders, amendments and cancels by pair, and what ends
//! a young order costs most. A third of the second is kept for cancels, a fifth of the first for
//! tokens and for questions about one order.
//! Source: Kraken, "API rate limits" and "Spot trading rate limits".

use py_rt_types::UnixNanos;

const SECOND_NS: i64 = 1_000_000_000;
/// A point in the unit of the counters.
const POINT: i64 = 1000;

/// The part of a counter of orders that is kept for cancels: a third.
pub const FOR_CANCELS: Option<i64> = Some(3);
/// The part of the counter of questions that is kept for the urgent ones: a fifth.
pub const FOR_URGENT: Option<i64> = Some(5);

/// What the venue grants an account, by how well it knows its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tier {
    /// The least.
    #[default]
    Starter,
    /// More.
    Intermediate,
    /// The most.
    Pro,
}

impl Tier {
    /// The tier of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "starter" => Some(Self::Starter),
            "intermediate" => Some(Self::Intermediate),
            "pro" => Some(Self::Pro),
            _ => None,
        }
    }

    /// The counter of questions.
    #[must_use]
    pub const fn questions(self) -> Counter {
        match self {
            Self::Starter => Counter::new(15, 330),
            Self::Intermediate => Counter::new(20, 500),
            Self::Pro => Counter::new(20, 1000),
        }
    }

    /// The counter of a pair; `share` is the number of connections that have each their part.
    #[must_use]
    pub const fn trading(self, share: i64) -> Counter {
        let (most, decay) = match self {
            Self::Starter => (60, 1000),
            Self::Intermediate => (125, 2340),
            Self::Pro => (180, 3750),
        };
        Counter::new(most / share, decay / share)
    }
}

/// Points that are added at once and fall with time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counter {
    /// In thousandths of a point.
    value: i64,
    most: i64,
    /// Thousandths of a point a second.
    decay: i64,
    at: UnixNanos,
}

impl Counter {
    const fn new(most: i64, decay: i64) -> Self {
        Self {
            value: 0,
            most: most * POINT,
            decay,
            at: UnixNanos::MIN,
        }
    }

    /// What it shows and since when, in thousandths of a point.
    #[must_use]
    pub const fn shows(&self) -> (i64, UnixNanos) {
        (self.value, self.at)
    }

    /// Shows this from now on; a time that is still to come, after a clock went back, is now.
    pub fn set(&mut self, now: UnixNanos, (value, at): (i64, UnixNanos)) {
        (self.value, self.at) = (value.clamp(0, self.most * 2), at.min(now));
    }

    /// Counts.
    pub fn add(&mut self, now: UnixNanos, points: i64) {
        self.value = self.value(now).saturating_add(points * POINT);
        self.at = self.at.max(now);
    }

    /// The venue says that it is full.
    pub fn fill(&mut self, now: UnixNanos) {
        self.value = self.value(now).max(self.most);
        self.at = self.at.max(now);
    }

    /// From when on there is room for so many points, with one part of so many kept free, or none.
    #[must_use]
    pub fn room_at(&self, now: UnixNanos, points: i64, reserve: Option<i64>) -> UnixNanos {
        let reserve = reserve.map_or(0, |parts| self.most / parts);
        let over = self.value(now) + points * POINT - (self.most - reserve);
        if over <= 0 {
            return UnixNanos::MIN;
        }
        let wait_ns = over.saturating_mul(SECOND_NS) / self.decay.max(1);
        now.plus(wait_ns.saturating_add(1))
    }

    fn value(&self, now: UnixNanos) -> i64 {
        if self.at == UnixNanos::MIN {
            return 0;
        }
        let passed = i128::from(now.since(self.at).max(0));
        let fallen = passed * i128::from(self.decay) / i128::from(SECOND_NS);
        let fallen = i64::try_from(fallen).unwrap_or(i64::MAX);
        self.value.saturating_sub(fallen).max(0)
    }
}

/// What an order costs to cancel at this age, by the table.
#[must_use]
pub const fn cancel_points(age_ns: i64) -> i64 {
    match age_ns / SECOND_NS {
        i64::MIN..=4 => 8,
        5..=9 => 6,
        10..=14 => 5,
        15..=44 => 4,
        45..=89 => 2,
        90..=299 => 1,
        _ => 0,
    }
}

/// What an order costs to amend at this age, by the table.
#[must_use]
pub const fn amend_points(age_ns: i64) -> i64 {
    match age_ns / SECOND_NS {
        i64::MIN..=4 => 4,
        5..=9 => 3,
        10..=14 => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> UnixNanos {
        UnixNanos(seconds * SECOND_NS)
    }

    #[test]
    fn points_fall_with_time_and_the_reserve_stays() {
        let mut counter = Tier::Starter.trading(1);
        assert_eq!(counter.room_at(at(0), 40, FOR_CANCELS), UnixNanos::MIN);
        counter.add(at(0), 40);
        let room = counter.room_at(at(0), 1, FOR_CANCELS);
        assert_eq!(room, at(1).plus(1));
        assert_eq!(counter.room_at(room, 1, FOR_CANCELS), UnixNanos::MIN);
        assert_eq!(counter.room_at(at(0), 20, None), UnixNanos::MIN);
        counter.fill(at(0));
        assert_eq!(counter.room_at(at(0), 20, FOR_CANCELS), at(40).plus(1));
        assert_eq!(counter.room_at(at(100), 40, FOR_CANCELS), UnixNanos::MIN);
        let mut questions = Tier::Starter.questions();
        questions.add(at(0), 11);
        assert!(questions.room_at(at(0), 2, FOR_URGENT) > at(3));
        assert_eq!(questions.room_at(at(0), 4, None), UnixNanos::MIN);
    }

    #[test]
    fn young_orders_cost_most() {
        let ages = [0, 4, 5, 10, 15, 45, 90, 300];
        let costs = ages.map(|age| cancel_points(age * SECOND_NS));
        assert_eq!(costs, [8, 8, 6, 5, 4, 2, 1, 0]);
        let costs = ages.map(|age| amend_points(age * SECOND_NS));
        assert_eq!(costs, [4, 4, 3, 2, 1, 1, 1, 1]);
    }
}
