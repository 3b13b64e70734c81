//! Time: integer nanoseconds since 1970-01-01T00:00:00Z.

use core::fmt;

/// A point in time, in nanoseconds UTC since the epoch.
///
/// Arithmetic saturates at the ends of the range (years 1677 and 2262), so that "never" can be
/// written as [`UnixNanos::MAX`] and survive an addition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(transparent)]
pub struct UnixNanos(pub i64);

impl UnixNanos {
    /// The end of time: an alarm that never rings.
    pub const MAX: Self = Self(i64::MAX);
    /// The beginning of time.
    pub const MIN: Self = Self(i64::MIN);
    /// Nanoseconds in one UTC day.
    pub const DAY_NS: i64 = 86_400_000_000_000;

    /// This time plus `duration_ns`, saturating.
    #[inline]
    #[must_use]
    pub const fn plus(self, duration_ns: i64) -> Self {
        Self(self.0.saturating_add(duration_ns))
    }

    /// Nanoseconds from `earlier` to this time, saturating; negative when `earlier` is later.
    #[inline]
    #[must_use]
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The number of the UTC day, days since the epoch.
    #[inline]
    #[must_use]
    pub const fn day(self) -> i64 {
        self.0.div_euclid(Self::DAY_NS)
    }
}

impl fmt::Display for UnixNanos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
