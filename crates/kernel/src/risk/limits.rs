//! Limits, resolved: every one is explicit when it reaches the kernel.

use py_rt_types::{Decimal, Money};

/// The limits of a run. Units: money in the account's currency, times in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
}
