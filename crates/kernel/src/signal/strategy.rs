//! The trait that every strategy implements, compiled or hosted.

use py_rt_types::{Bar, InstrumentId, MarketEvent, UnixNanos};

use super::Context;
use crate::actions::ActionEvent;
use crate::event::{FillEvent, OrderEvent, ParentEvent};
use crate::market::Top;

/// Which callbacks a strategy wants. Only these are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Interests(pub u16);

impl Interests {
    /// Trades in the market.
    pub const TRADE: Self = Self(1);
    /// Changes of best price or quantity.
    pub const QUOTE: Self = Self(2);
    /// Every complete book message.
    pub const BOOK: Self = Self(4);
    /// Closed bars.
    pub const BAR: Self = Self(8);
    /// Changes of our orders.
    pub const ORDER: Self = Self(16);
    /// Our executions.
    pub const FILL: Self = Self(32);
    /// Timers.
    pub const TIMER: Self = Self(64);
    /// Corporate actions.
    pub const ACTION: Self = Self(128);
    /// Changes of our parent orders.
    pub const PARENT: Self = Self(256);
    /// Everything.
    pub const ALL: Self = Self(0x1ff);

    /// Both sets together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether any of `other` is wanted.
    #[inline]
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// Best prices of an instrument changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quote {
    /// Which.
    pub instrument: InstrumentId,
    /// When the venue says it happened.
    pub ts_event: UnixNanos,
    /// The new best prices.
    pub top: Top,
}

/// A strategy: callbacks with a context through which it sees and asks.
///
/// It must be a function of what it is given: no clock, no randomness, no file. Asking happens
/// through the [`Context`]; what it asks is checked and sent after the callback returned.
pub trait Strategy {
    /// Which callbacks are wanted; asked once.
    fn interests(&self) -> Interests;
    /// The run begins.
    fn on_start(&mut self, _ctx: &mut Context<'_>) {}
    /// A trade in the market.
    fn on_trade(&mut self, _ctx: &mut Context<'_>, _trade: &MarketEvent) {}
    /// Best price or quantity changed.
    fn on_quote(&mut self, _ctx: &mut Context<'_>, _quote: &Quote) {}
    /// A complete message changed the book; the event is its last row.
    fn on_book(&mut self, _ctx: &mut Context<'_>, _event: &MarketEvent) {}
    /// A bar closed.
    fn on_bar(&mut self, _ctx: &mut Context<'_>, _bar: &Bar) {}
    /// An order of ours changed.
    fn on_order(&mut self, _ctx: &mut Context<'_>, _order: &OrderEvent) {}
    /// An order of ours was executed.
    fn on_fill(&mut self, _ctx: &mut Context<'_>, _fill: &FillEvent) {}
    /// A parent order of ours changed.
    fn on_parent(&mut self, _ctx: &mut Context<'_>, _parent: &ParentEvent) {}
    /// A timer rang.
    fn on_timer(&mut self, _ctx: &mut Context<'_>, _timer: u32) {}
    /// A split or dividend was applied: positions and orders are already what it made of them.
    fn on_action(&mut self, _ctx: &mut Context<'_>, _action: &ActionEvent) {}
    /// The run ends.
    fn on_stop(&mut self, _ctx: &mut Context<'_>) {}
}

impl<S: Strategy + ?Sized> Strategy for alloc::boxed::Box<S> {
    fn interests(&self) -> Interests {
        (**self).interests()
    }
    fn on_start(&mut self, ctx: &mut Context<'_>) {
        (**self).on_start(ctx);
    }
    fn on_trade(&mut self, ctx: &mut Context<'_>, trade: &MarketEvent) {
        (**self).on_trade(ctx, trade);
    }
    fn on_quote(&mut self, ctx: &mut Context<'_>, quote: &Quote) {
        (**self).on_quote(ctx, quote);
    }
    fn on_book(&mut self, ctx: &mut Context<'_>, event: &MarketEvent) {
        (**self).on_book(ctx, event);
    }
    fn on_bar(&mut self, ctx: &mut Context<'_>, bar: &Bar) {
        (**self).on_bar(ctx, bar);
    }
    fn on_order(&mut self, ctx: &mut Context<'_>, order: &OrderEvent) {
        (**self).on_order(ctx, order);
    }
    fn on_fill(&mut self, ctx: &mut Context<'_>, fill: &FillEvent) {
        (**self).on_fill(ctx, fill);
    }
    fn on_parent(&mut self, ctx: &mut Context<'_>, parent: &ParentEvent) {
        (**self).on_parent(ctx, parent);
    }
    fn on_timer(&mut self, ctx: &mut Context<'_>, timer: u32) {
        (**self).on_timer(ctx, timer);
    }
    fn on_action(&mut self, ctx: &mut Context<'_>, action: &ActionEvent) {
        (**self).on_action(ctx, action);
    }
    fn on_stop(&mut self, ctx: &mut Context<'_>) {
        (**self).on_stop(ctx);
    }
}

/// A strategy that wants nothing: the engine alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct Idle;

impl Strategy for Idle {
    fn interests(&self) -> Interests {
        Interests::default()
    }
}
