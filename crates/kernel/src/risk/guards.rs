//! Guards: the limits beyond [`RiskLimits`](super::RiskLimits)' own members, each unset by default.
//!
//! What is unset costs nothing. Live sessions never leave one unset that has a safe default: the
//! Python face resolves every one of them (`docs/risk.md`).

use alloc::string::String;
use alloc::vec::Vec;
use py_rt_types::{Decimal, Instrument, Money};

/// At most `most` in any window of `window_ns`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// How many.
    pub most: u32,
    /// Length of the window in nanoseconds.
    pub window_ns: i64,
}

impl Pace {
    /// Whether it allows more than another, in number or in time.
    const fn is_looser_than(self, other: Self) -> bool {
        self.most > other.most || self.window_ns < other.window_ns
    }
}

/// Limits of one instrument; what is `None` is not limited here.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InstrumentLimit {
    /// The venue's own symbol.
    pub symbol: String,
    /// Largest quantity of one order, in units.
    pub max_order_qty: Option<Decimal>,
    /// Largest value of one order.
    pub max_order_notional: Option<Money>,
    /// Largest position with its open orders, in units, without its sign.
    pub max_position_qty: Option<Decimal>,
    /// Largest value of the position with its open orders.
    pub max_position_notional: Option<Money>,
    /// Most units executed in a day (UTC), open orders counted as if executed.
    pub max_daily_qty: Option<Decimal>,
    /// Most units that may be sold short, open orders counted as if executed; 0 for none.
    pub max_short_qty: Option<Decimal>,
}

/// Instruments that move together, and what may be held of them together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupLimit {
    /// Its name.
    pub name: String,
    /// The venue's own symbols.
    pub symbols: Vec<String>,
    /// Largest gross value of their positions with their open orders.
    pub max_gross_notional: Money,
}

/// Value at risk and expected shortfall by historical simulation: returns given, not estimated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TailLimit {
    /// For each instrument its symbol and its return in every scenario, in parts of 1e-9.
    pub scenarios: Vec<(String, Vec<i64>)>,
    /// Confidence in parts of 1e-9, such as 990000000.
    pub level_e9: i64,
    /// Largest value at risk.
    pub max_var: Option<Money>,
    /// Largest expected shortfall.
    pub max_es: Option<Money>,
}

/// What one unit of an instrument adds to the sensitivities of the portfolio.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Greeks {
    /// The venue's own symbol.
    pub symbol: String,
    /// Money a unit of the underlying.
    pub delta: Money,
    /// Delta a unit of the underlying.
    pub gamma: Money,
    /// Money a point of volatility.
    pub vega: Money,
}

/// Largest sensitivities of the portfolio, without their signs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GreekLimit {
    /// Of each instrument that has any; others have none.
    pub greeks: Vec<Greeks>,
    /// Largest delta.
    pub max_delta: Option<Money>,
    /// Largest gamma.
    pub max_gamma: Option<Money>,
    /// Largest vega.
    pub max_vega: Option<Money>,
}

/// The guards of a run. Everything unset is the default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Guards {
    /// Equal new orders: instrument, side, quantity and price.
    pub duplicates: Option<Pace>,
    /// Orders of one instrument that were executed; one more latches reduce-only.
    pub executions: Option<Pace>,
    /// New orders and replaces of one instrument.
    pub instrument_orders: Option<Pace>,
    /// Cancels; beyond it new orders and replaces wait, cancels pass.
    pub cancels: Option<Pace>,
    /// Refuse an order that could meet one of our own.
    pub no_self_trade: bool,
    /// Farthest a price may lie from every reference at which orders left in the window, in bps.
    pub price_move_bps: Option<Pace>,
    /// How far beyond the reference a market order may reach into the visible book, in bps.
    pub market_slippage_bps: Option<u32>,
    /// Refuse what the phase of the instrument's market forbids.
    pub phases: bool,
    /// Largest sum of signed values, either way.
    pub max_net_notional: Option<Money>,
    /// Most value executed in a day (UTC), open orders counted as if executed.
    pub max_daily_notional: Option<Money>,
    /// Largest value of one instrument's position over equity, in parts of 1e-9.
    pub max_concentration_e9: Option<i64>,
    /// Instruments that move together.
    pub groups: Vec<GroupLimit>,
    /// Limits of single instruments.
    pub instruments: Vec<InstrumentLimit>,
    /// Value at risk and expected shortfall.
    pub tail: Option<TailLimit>,
    /// Sensitivities.
    pub greeks: Option<GreekLimit>,
}

impl Guards {
    /// Whether none is set.
    #[must_use]
    pub fn is_unset(&self) -> bool {
        *self == Self::default()
    }

    /// A symbol that is named here and not traded: its limits would hold for nothing.
    #[must_use]
    pub fn unknown_symbol(&self, instruments: &[Instrument]) -> Option<&str> {
        let tail = self.tail.iter().flat_map(|tail| &tail.scenarios);
        let greeks = self.greeks.iter().flat_map(|limit| &limit.greeks);
        let groups = self.groups.iter().flat_map(|group| &group.symbols);
        let named = self.instruments.iter().map(|limit| &limit.symbol);
        let mut named = named
            .chain(groups)
            .chain(tail.map(|row| &row.0))
            .chain(greeks.map(|greeks| &greeks.symbol));
        let traded = |symbol: &String| instruments.iter().any(|one| one.symbol() == symbol);
        named.find(|symbol| !traded(symbol)).map(String::as_str)
    }

    /// The first guard that allows more than it did before; one whose meaning changed counts.
    pub(super) fn looser_than(&self, old: &Self) -> Option<&'static str> {
        let pace = |new: Option<Pace>, old: Option<Pace>| match (new, old) {
            (Some(new), Some(old)) => new.is_looser_than(old),
            (new, old) => new.is_none() && old.is_some(),
        };
        let most = |new: Option<i128>, old: Option<i128>| match (new, old) {
            (Some(new), Some(old)) => new > old,
            (new, old) => new.is_none() && old.is_some(),
        };
        let money =
            |new: Option<Money>, old: Option<Money>| most(new.map(|m| m.0), old.map(|m| m.0));
        let whole = |value: Option<u32>| value.map(i128::from);
        let part = |value: Option<i64>| value.map(i128::from);
        let (new_bps, old_bps) = (self.market_slippage_bps, old.market_slippage_bps);
        let (new_part, old_part) = (self.max_concentration_e9, old.max_concentration_e9);
        let dropped = |new: bool, old: bool| old && !new;
        [
            ("max_duplicates", pace(self.duplicates, old.duplicates)),
            ("max_executions", pace(self.executions, old.executions)),
            (
                "max_instrument_orders",
                pace(self.instrument_orders, old.instrument_orders),
            ),
            ("max_cancels", pace(self.cancels, old.cancels)),
            ("self_trade", dropped(self.no_self_trade, old.no_self_trade)),
            (
                "max_price_move",
                pace(self.price_move_bps, old.price_move_bps),
            ),
            ("market_slippage_bps", most(whole(new_bps), whole(old_bps))),
            ("closed_market", dropped(self.phases, old.phases)),
            (
                "max_net_notional",
                money(self.max_net_notional, old.max_net_notional),
            ),
            (
                "max_daily_notional",
                money(self.max_daily_notional, old.max_daily_notional),
            ),
            ("max_concentration", most(part(new_part), part(old_part))),
            ("groups", loosened(&self.groups, &old.groups)),
            ("instruments", loosened(&self.instruments, &old.instruments)),
            ("var", old.tail.is_some() && self.tail != old.tail),
            ("greeks", old.greeks.is_some() && self.greeks != old.greeks),
        ]
        .into_iter()
        .find_map(|(name, looser)| looser.then_some(name))
    }
}

/// Whether a row of before is no longer there as it was: what is tighter is not told apart.
fn loosened<T: PartialEq>(new: &[T], old: &[T]) -> bool {
    old.iter().any(|row| !new.contains(row))
}
