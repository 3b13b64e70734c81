//! Corporate actions: what a company does to those who hold its shares, at the start of a session.
//!
//! A split multiplies quantities and divides prices; what is left of a share is paid in cash at the
//! last price before it. A dividend is paid to those who hold and by those who are short. Both
//! happen between two sessions, when nothing is on its way.

use py_rt_types::{InstrumentId, Money, Price, Qty, Side, TypeError, UnixNanos};

use crate::signal::StrategyId;

/// New shares for old ones: `to` for `from`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Split {
    /// So many new ones
    pub to: u32,
    /// for so many old ones.
    pub from: u32,
}

impl Split {
    /// Whole new lots for old ones, towards zero.
    ///
    /// # Errors
    /// [`TypeError::Overflow`] when they do not fit, or for a split by nothing.
    pub fn scaled(self, qty: Qty) -> Result<Qty, TypeError> {
        let product = i128::from(qty.0) * i128::from(self.to);
        let whole = product.checked_div(i128::from(self.from));
        let whole = whole.and_then(|whole| i64::try_from(whole).ok());
        whole.map(Qty).ok_or(TypeError::Overflow)
    }

    /// What of the new lots is no whole one, in parts of 1 / `from`.
    pub(crate) fn rest(self, before: Qty, after: Qty) -> i128 {
        i128::from(before.0) * i128::from(self.to) - i128::from(after.0) * i128::from(self.from)
    }

    /// Whether fewer and dearer shares come out: orders do not survive that.
    #[must_use]
    pub const fn is_reverse(self) -> bool {
        self.to < self.from
    }

    /// A price in new shares, at least one tick, rounded `up` or down.
    #[must_use]
    pub fn price(self, price: Price, up: bool) -> Price {
        let product = i128::from(price.0) * i128::from(self.from);
        let to = i128::from(self.to.max(1));
        let down = product.div_euclid(to);
        let ticks = down + i128::from(up && down * to != product);
        Price(i64::try_from(ticks).unwrap_or(i64::MAX).max(1))
    }

    /// An order's terms in new shares: quantity, what of it was executed, limit and stop price. A
    /// limit never gets worse for us, a stop is never reached sooner.
    ///
    /// # Errors
    /// [`TypeError::Overflow`] when a quantity does not fit.
    pub fn terms(self, side: Side, terms: &Terms) -> Result<Terms, TypeError> {
        let cum_qty = self.scaled(terms.cum_qty)?;
        let leaves = self.scaled(Qty(terms.order_qty.0 - terms.cum_qty.0))?;
        let sells = side == Side::Sell;
        Ok(Terms {
            order_qty: Qty(cum_qty.0.saturating_add(leaves.0)),
            cum_qty,
            limit_price: terms.limit_price.map(|price| self.price(price, sells)),
            stop_price: terms.stop_price.map(|price| self.price(price, !sells)),
        })
    }
}

/// What of an order a split changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Total quantity.
    pub order_qty: Qty,
    /// Executed of it.
    pub cum_qty: Qty,
    /// Limit price.
    pub limit_price: Option<Price>,
    /// Stop price.
    pub stop_price: Option<Price>,
}

/// What happens to one instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionKind {
    /// New shares for old ones.
    Split(Split),
    /// Cash for each unit held.
    Dividend {
        /// Money a unit.
        per_unit: Money,
    },
}

/// A corporate action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CorporateAction {
    /// Whose.
    pub instrument: InstrumentId,
    /// What.
    pub kind: ActionKind,
}

/// A corporate action and what it did to the positions of one who may hold the instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActionEvent {
    /// When it was applied.
    pub ts_recv: UnixNanos,
    /// The action.
    pub action: CorporateAction,
    /// Whose position.
    pub strategy: StrategyId,
    /// Position before.
    pub before: Qty,
    /// Position after.
    pub after: Qty,
    /// Cash that was paid to us: a dividend, or what was left of a share.
    pub cash: Money,
}
