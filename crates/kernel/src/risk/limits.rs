//! Limits, resolved: every one is explicit when it reaches the kernel.

use py_rt_types::{Decimal, Money};

use super::Guards;

/// The limits of a run. Units: money in the account's currency, times in nanoseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RiskLimits {
    /// Largest quantity of one order, in units.
    pub max_order_qty: Decimal,
    /// Largest value of one order.
    pub max_order_notional: Money,
    /// Largest value of one instrument's position with its open orders.
    pub max_position_notional: Money,
    /// Largest value of all positions with all open orders.
    pub max_gross_notional: Money,
    /// Most open orders at one time.
    pub max_open_orders: u32,
    /// Most new orders and replaces in any window of one second.
    pub max_orders_per_second: u32,
    /// Farthest a price may lie from the reference, in basis points, on either side.
    pub price_collar_bps: u32,
    /// Oldest reference price that counts as fresh; `i64::MAX` for any age.
    pub reference_age_ns_max: i64,
    /// Largest loss since the day began; the breaker then latches reduce-only.
    pub max_daily_loss: Money,
    /// Largest fall from the peak of equity, in parts of 1e-9; the breaker latches halted.
    pub max_drawdown_e9: i64,
    /// Gross exposure over equity, in parts of 1e-9.
    pub max_leverage_e9: i64,
    /// Everything beyond these.
    pub guards: Guards,
}

impl RiskLimits {
    /// The first limit that allows more than it did before.
    #[must_use]
    pub fn looser_than(&self, old: &Self) -> Option<&'static str> {
        let qty = |limits: &Self| limits.max_order_qty.to_atto().unwrap_or(i128::MAX);
        let money = |limits: &Self| {
            [
                limits.max_order_notional.0,
                limits.max_position_notional.0,
                limits.max_gross_notional.0,
                limits.max_daily_loss.0,
            ]
        };
        let whole = |limits: &Self| {
            [
                i128::from(limits.max_open_orders),
                i128::from(limits.max_orders_per_second),
                i128::from(limits.price_collar_bps),
                i128::from(limits.reference_age_ns_max),
                i128::from(limits.max_drawdown_e9),
                i128::from(limits.max_leverage_e9),
            ]
        };
        let all = |limits: &Self| {
            let [order, position, gross, loss] = money(limits);
            let [open, rate, collar, age, drawdown, leverage] = whole(limits);
            [
                ("max_order_qty", qty(limits)),
                ("max_order_notional", order),
                ("max_position_notional", position),
                ("max_gross_notional", gross),
                ("max_daily_loss", loss),
                ("max_open_orders", open),
                ("max_orders_per_second", rate),
                ("price_collar_bps", collar),
                ("reference_max_age", age),
                ("max_drawdown", drawdown),
                ("max_leverage", leverage),
            ]
        };
        let pairs = all(self).into_iter().zip(all(old));
        let looser = |((name, new), (_, old)): ((&'static str, i128), (_, i128))| {
            (new > old).then_some(name)
        };
        let mut found = pairs.filter_map(looser);
        found
            .next()
            .or_else(|| self.guards.looser_than(&old.guards))
    }
}
