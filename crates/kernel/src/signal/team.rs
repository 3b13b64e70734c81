//! Several strategies in one run, hosted as one.
//!
//! They share one account: cash, buying power and the limits of the account. Each has books,
//! limits, targets, timers and open orders of its own, and hears of its own orders only. On every
//! event they are called one after the other, in the order in which they were given; what they ask
//! is checked and sent in that order, when the last of them has returned.

use alloc::vec::Vec;
use py_rt_types::{Bar, MarketEvent};

use super::{Context, Interests, Quote, Strategy};
use crate::actions::ActionEvent;
use crate::event::{FillEvent, OrderEvent, ParentEvent};

/// Which strategy of a run: 0 where one has the account to itself, else counted from 1 in the
/// order in which they were given.
///
/// In a run with several, 0 is the account itself: an order that was found at the venue and that
/// nobody is known to have asked for belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct StrategyId(pub u8);

impl StrategyId {
    /// The account itself, or the only strategy.
    pub const ACCOUNT: Self = Self(0);

    /// Its place among several; `None` for the account.
    #[inline]
    #[must_use]
    pub const fn place(self) -> Option<usize> {
        match self.0 {
            0 => None,
            id => Some(id as usize - 1),
        }
    }
}

/// Several strategies as one.
#[derive(Debug)]
pub struct Team<S> {
    members: Vec<Member<S>>,
}

#[derive(Debug)]
struct Member<S> {
    id: StrategyId,
    interests: Interests,
    strategy: S,
}

impl<S: Strategy> Team<S> {
    /// A team in this order; `None` when there is nobody, or more than 255.
    #[must_use]
    pub fn try_new(strategies: Vec<S>) -> Option<Self> {
        if strategies.is_empty() {
            return None;
        }
        let mut members = Vec::with_capacity(strategies.len());
        for (place, strategy) in strategies.into_iter().enumerate() {
            members.push(Member {
                id: StrategyId(u8::try_from(place + 1).ok()?),
                interests: strategy.interests(),
                strategy,
            });
        }
        Some(Self { members })
    }

    /// The strategies, to be looked at after the run.
    pub fn strategies(&self) -> impl Iterator<Item = &S> {
        self.members.iter().map(|member| &member.strategy)
    }

    /// Calls all that want it, each with its own view of the run.
    fn each(
        &mut self,
        interest: Interests,
        ctx: &mut Context<'_>,
        mut call: impl FnMut(&mut S, &mut Context<'_>),
    ) {
        for member in &mut self.members {
            if interest == Interests::default() || member.interests.has(interest) {
                ctx.lend_to(member.id, |ctx| call(&mut member.strategy, ctx));
            }
        }
    }

    /// Calls the one whom it concerns, if it wants that.
    fn one(
        &mut self,
        id: StrategyId,
        interest: Interests,
        ctx: &mut Context<'_>,
        call: impl FnOnce(&mut S, &mut Context<'_>),
    ) {
        let member = id.place().and_then(|place| self.members.get_mut(place));
        if let Some(member) = member.filter(|member| member.interests.has(interest)) {
            ctx.lend_to(id, |ctx| call(&mut member.strategy, ctx));
        }
    }
}

impl<S: Strategy> Strategy for Team<S> {
    fn interests(&self) -> Interests {
        let all = self.members.iter().map(|member| member.interests);
        all.fold(Interests::default(), Interests::and)
    }
    fn on_start(&mut self, ctx: &mut Context<'_>) {
        self.each(Interests::default(), ctx, |strategy, ctx| {
            strategy.on_start(ctx);
        });
    }
    fn on_trade(&mut self, ctx: &mut Context<'_>, trade: &MarketEvent) {
        self.each(Interests::TRADE, ctx, |strategy, ctx| {
            strategy.on_trade(ctx, trade);
        });
    }
    fn on_quote(&mut self, ctx: &mut Context<'_>, quote: &Quote) {
        self.each(Interests::QUOTE, ctx, |strategy, ctx| {
            strategy.on_quote(ctx, quote);
        });
    }
    fn on_book(&mut self, ctx: &mut Context<'_>, event: &MarketEvent) {
        self.each(Interests::BOOK, ctx, |strategy, ctx| {
            strategy.on_book(ctx, event);
        });
    }
    fn on_bar(&mut self, ctx: &mut Context<'_>, bar: &Bar) {
        self.each(Interests::BAR, ctx, |strategy, ctx| {
            strategy.on_bar(ctx, bar);
        });
    }
    fn on_order(&mut self, ctx: &mut Context<'_>, order: &OrderEvent) {
        let id = order.order.strategy;
        self.one(id, Interests::ORDER, ctx, |strategy, ctx| {
            strategy.on_order(ctx, order);
        });
    }
    fn on_fill(&mut self, ctx: &mut Context<'_>, fill: &FillEvent) {
        self.one(fill.strategy, Interests::FILL, ctx, |strategy, ctx| {
            strategy.on_fill(ctx, fill);
        });
    }
    fn on_parent(&mut self, ctx: &mut Context<'_>, parent: &ParentEvent) {
        let id = parent.parent.strategy;
        self.one(id, Interests::PARENT, ctx, |strategy, ctx| {
            strategy.on_parent(ctx, parent);
        });
    }
    fn on_timer(&mut self, ctx: &mut Context<'_>, timer: u32) {
        self.one(ctx.strategy(), Interests::TIMER, ctx, |strategy, ctx| {
            strategy.on_timer(ctx, timer);
        });
    }
    fn on_action(&mut self, ctx: &mut Context<'_>, action: &ActionEvent) {
        self.one(action.strategy, Interests::ACTION, ctx, |strategy, ctx| {
            strategy.on_action(ctx, action);
        });
    }
    fn on_stop(&mut self, ctx: &mut Context<'_>) {
        self.each(Interests::default(), ctx, |strategy, ctx| {
            strategy.on_stop(ctx);
        });
    }
}
