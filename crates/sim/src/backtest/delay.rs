//! What a message takes beyond the least latency of its road.

use py_rt_types::UnixNanos;

use crate::random::roll;

/// How long messages of one road take, beyond its least latency.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Extra {
    /// Nothing: the latency is constant.
    #[default]
    None,
    /// One of these, drawn anew for each message.
    Drawn {
        /// Nanoseconds, none negative; not empty.
        values: Vec<i64>,
        /// Of the generator.
        state: u64,
    },
    /// What was measured at the last time before, straight between two measurements.
    Measured {
        /// When, ascending; not empty.
        at: Vec<UnixNanos>,
        /// Nanoseconds then, none negative; as many.
        ns: Vec<i64>,
    },
}

/// Beyond the least latency: to the venue, and back from it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Extras {
    /// Of orders.
    pub order: Extra,
    /// Of reports.
    pub report: Extra,
}

impl Extra {
    /// Draws from these values; equal seeds draw equally.
    #[must_use]
    pub const fn drawn(values: Vec<i64>, seed: u64) -> Self {
        Self::Drawn {
            values,
            state: seed,
        }
    }

    /// The most that it can be.
    #[must_use]
    pub fn most(&self) -> i64 {
        match self {
            Self::None => 0,
            Self::Drawn { values: ns, .. } | Self::Measured { ns, .. } => {
                ns.iter().copied().max().unwrap_or(0)
            }
        }
    }

    /// What the next message takes, that is sent now.
    pub fn next(&mut self, now: UnixNanos) -> i64 {
        match self {
            Self::None => 0,
            Self::Drawn { values, state } => {
                let place = place(roll(state), values.len());
                values.get(place).copied().unwrap_or(0)
            }
            Self::Measured { at, ns } => measured(at, ns, now),
        }
    }
}

/// One of `len` places, by the upper half of a word.
const fn place(word: u64, len: usize) -> usize {
    (((word >> 32) * len as u64) >> 32) as usize
}

/// The straight line through the measurements, flat before the first and after the last.
fn measured(at: &[UnixNanos], ns: &[i64], now: UnixNanos) -> i64 {
    let after = at.partition_point(|time| *time <= now);
    let value = |place: usize| ns.get(place).copied().unwrap_or(0);
    if after == 0 {
        return value(0);
    }
    let before = after - 1;
    let (Some(&from), Some(&to)) = (at.get(before), at.get(after)) else {
        return value(before);
    };
    let (span, gone) = (i128::from(to.since(from)), i128::from(now.since(from)));
    let rise = i128::from(value(after)) - i128::from(value(before));
    value(before) + (rise * gone / span.max(1)) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measurements_are_joined_by_straight_lines() {
        let at = [10, 20, 20, 40].map(UnixNanos).to_vec();
        let mut extra = Extra::Measured {
            at,
            ns: vec![100, 200, 50, 0],
        };
        let found = [0, 10, 15, 19, 20, 30, 40, 99].map(|now| extra.next(UnixNanos(now)));
        assert_eq!(found, [100, 100, 150, 190, 50, 25, 0, 0]);
        assert_eq!(extra.most(), 200);
    }

    #[test]
    fn draws_are_even_and_begin_anew_with_their_seed() {
        let mut counts = [0; 7];
        let mut extra = Extra::drawn((0..7).collect(), 11);
        let mut again = extra.clone();
        for _ in 0..70_000 {
            let drawn = extra.next(UnixNanos(0));
            assert_eq!(drawn, again.next(UnixNanos(1)));
            counts[drawn as usize] += 1;
        }
        // Each is binomial with 10,000 and deviation 93: five of them.
        assert!(
            counts.iter().all(|count| (9_535..10_465).contains(count)),
            "{counts:?}"
        );
    }
}
