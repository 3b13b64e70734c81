//! Loss and drawdown breakers: checked on the event that moves equity, latched when crossed.

use py_rt_types::{Money, UnixNanos};

use super::RiskLimits;
use crate::event::{Cause, TradingState};
use crate::kernel::BreakerImage;

const E9: i128 = 1_000_000_000;

/// Watches equity. Once it has tripped it stays tripped until an operator resumes.
#[derive(Debug, Clone)]
pub(crate) struct Breaker {
    max_daily_loss: Money,
    max_drawdown_e9: i64,
    day: i64,
    day_start: Money,
    peak: Money,
    /// Largest fall from the peak, or from a lower one of before: it is divided for only when
    /// equity has fallen by as much.
    fall_max: i128,
    /// Between this and the peak no limit is crossed on the same day.
    floor: i128,
    /// Equity after the event before: a day starts from where the one before it ended.
    last: Option<Money>,
    state: TradingState,
}

impl Breaker {
    pub(crate) const fn new(limits: &RiskLimits, cash: Money) -> Self {
        Self {
            max_daily_loss: limits.max_daily_loss,
            max_drawdown_e9: limits.max_drawdown_e9,
            day: i64::MIN,
            day_start: cash,
            peak: cash,
            fall_max: fall_max(cash, limits.max_drawdown_e9),
            floor: i128::MAX,
            last: Some(cash),
            state: TradingState::Active,
        }
    }

    const fn set_peak(&mut self, peak: Money) {
        self.peak = peak;
        self.fall_max = fall_max(peak, self.max_drawdown_e9);
        self.floor = i128::MAX;
    }

    /// Keeps the equity below which a limit is crossed.
    fn refresh_floor(&mut self) {
        let by_day = self.day_start.0.saturating_sub(self.max_daily_loss.0);
        let by_peak = self.peak.0.saturating_sub(self.fall_max);
        self.floor = by_day.max(by_peak);
    }

    /// What is remembered between sessions.
    pub(crate) const fn image(&self) -> BreakerImage {
        BreakerImage {
            day: self.day,
            day_start: self.day_start,
            peak: self.peak,
            state: self.state,
        }
    }

    /// Takes over what an earlier session remembered.
    pub(crate) const fn restore(&mut self, image: BreakerImage) {
        self.day = image.day;
        self.day_start = image.day_start;
        self.set_peak(image.peak);
        self.last = None;
        self.state = image.state;
    }

    /// Starts again from this equity, as a person does who resumes trading.
    pub(crate) const fn reset(&mut self, now: UnixNanos, equity: Money) {
        self.day = now.day();
        self.day_start = equity;
        self.set_peak(equity);
        self.last = Some(equity);
        self.state = TradingState::Active;
    }

    /// Begins with this equity: before, it could not be known.
    pub(crate) const fn begin(&mut self, equity: Money) {
        self.day_start = equity;
        self.set_peak(equity);
        self.last = Some(equity);
    }

    /// Takes the equity after an event; says so when a limit is crossed by it.
    #[inline]
    pub(crate) fn handle_equity(
        &mut self,
        now: UnixNanos,
        equity: Money,
    ) -> Option<(TradingState, Cause)> {
        let into_day = now.0.wrapping_sub(self.day.wrapping_mul(UnixNanos::DAY_NS));
        let same_day = self.day != i64::MIN && (0..UnixNanos::DAY_NS).contains(&into_day);
        if same_day & (equity.0 >= self.floor) & (equity.0 <= self.peak.0) {
            self.last = Some(equity);
            return None;
        }
        if !same_day && now.day() != self.day {
            self.day = now.day();
            self.day_start = self.last.unwrap_or(equity);
        }
        self.last = Some(equity);
        self.peak = self.peak.max(equity);
        self.refresh_floor();
        if equity.0 >= self.floor {
            return None;
        }
        self.set_peak(self.peak);
        self.refresh_floor();
        let (state, cause) = if self.drawdown_exceeded(equity) {
            (TradingState::Halted, Cause::Drawdown)
        } else if self.day_start.0.saturating_sub(equity.0) > self.max_daily_loss.0 {
            (TradingState::ReduceOnly, Cause::DailyLoss)
        } else {
            return None;
        };
        if state <= self.state {
            return None;
        }
        self.state = state;
        Some((state, cause))
    }

    fn drawdown_exceeded(&self, equity: Money) -> bool {
        let fall = self.peak.0.saturating_sub(equity.0);
        self.peak.0 > 0 && fall > 0 && fall > self.fall_max
    }
}

const fn fall_max(peak: Money, max_drawdown_e9: i64) -> i128 {
    (peak.0 / E9).saturating_mul(max_drawdown_e9 as i128)
}
