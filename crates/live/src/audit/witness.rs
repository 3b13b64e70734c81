//! A strategy with somebody who writes down which of its callbacks were called, and what each
//! asked for. It decides nothing.

use std::cell::RefCell;
use std::rc::Rc;

use py_rt_kernel::actions::ActionEvent;
use py_rt_kernel::event::{FillEvent, OrderEvent};
use py_rt_kernel::signal::Quote;
use py_rt_kernel::{Context, Interests, Strategy};
use py_rt_types::{Bar, MarketEvent};

/// One callback.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    pub(super) name: &'static str,
    /// The bar, where it is one.
    pub(super) bar: Option<Bar>,
    /// The timer, where it is one.
    pub(super) timer: Option<u32>,
    /// The order ids that it asked for.
    pub(super) asked: Vec<u64>,
}

/// The callbacks since somebody took them.
pub(super) type Calls = Rc<RefCell<Vec<Call>>>;

/// A strategy that is watched.
pub(super) struct Witness<S> {
    pub(super) inner: S,
    pub(super) calls: Calls,
}

impl<S: Strategy> Witness<S> {
    fn call(
        &mut self,
        name: &'static str,
        ctx: &mut Context<'_>,
        call: impl FnOnce(&mut S, &mut Context<'_>),
    ) {
        let before = ctx.requested().count();
        call(&mut self.inner, ctx);
        let asked = ctx.requested().skip(before);
        let asked = asked.map(|order| order.client_order_id.sequence).collect();
        self.calls.borrow_mut().push(Call {
            name,
            bar: None,
            timer: None,
            asked,
        });
    }

    fn refine(&mut self, change: impl FnOnce(&mut Call)) {
        if let Some(last) = self.calls.borrow_mut().last_mut() {
            change(last);
        }
    }
}

impl<S: Strategy> Strategy for Witness<S> {
    fn interests(&self) -> Interests {
        self.inner.interests()
    }
    fn on_start(&mut self, ctx: &mut Context<'_>) {
        self.call("on_start", ctx, |inner, ctx| inner.on_start(ctx));
    }
    fn on_trade(&mut self, ctx: &mut Context<'_>, trade: &MarketEvent) {
        self.call("on_trade", ctx, |inner, ctx| inner.on_trade(ctx, trade));
    }
    fn on_quote(&mut self, ctx: &mut Context<'_>, quote: &Quote) {
        self.call("on_quote", ctx, |inner, ctx| inner.on_quote(ctx, quote));
    }
    fn on_book(&mut self, ctx: &mut Context<'_>, event: &MarketEvent) {
        self.call("on_book", ctx, |inner, ctx| inner.on_book(ctx, event));
    }
    fn on_bar(&mut self, ctx: &mut Context<'_>, bar: &Bar) {
        self.call("on_bar", ctx, |inner, ctx| inner.on_bar(ctx, bar));
        self.refine(|call| call.bar = Some(*bar));
    }
    fn on_order(&mut self, ctx: &mut Context<'_>, order: &OrderEvent) {
        self.call("on_order", ctx, |inner, ctx| inner.on_order(ctx, order));
    }
    fn on_fill(&mut self, ctx: &mut Context<'_>, fill: &FillEvent) {
        self.call("on_fill", ctx, |inner, ctx| inner.on_fill(ctx, fill));
    }
    fn on_timer(&mut self, ctx: &mut Context<'_>, timer: u32) {
        self.call("on_timer", ctx, |inner, ctx| inner.on_timer(ctx, timer));
        self.refine(|call| call.timer = Some(timer));
    }
    fn on_action(&mut self, ctx: &mut Context<'_>, action: &ActionEvent) {
        self.call("on_action", ctx, |inner, ctx| inner.on_action(ctx, action));
    }
    fn on_stop(&mut self, ctx: &mut Context<'_>) {
        self.call("on_stop", ctx, |inner, ctx| inner.on_stop(ctx));
    }
}
