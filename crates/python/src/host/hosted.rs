//! A Python strategy as the kernel's `Strategy`.

use std::sync::Arc;

use py_rt_kernel::actions::ActionEvent;
use py_rt_kernel::event::{FillEvent, OrderEvent, ParentEvent};
use py_rt_kernel::signal::Quote;
use py_rt_kernel::{Context, Interests, Strategy};
use py_rt_types::{Bar, MarketEvent};
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use pyo3::PyClass;

use super::actions::PyAction;
use super::context::PyContext;
use super::events::{BarData, PyBarEvent, PyQuote, PyTrade, QuoteData, TradeData};
use super::orders::{PyFill, PyOrder, PyTimerEvent};
use super::parents::PyParent;
use super::slot::{Event, Slot};
use super::Shared;
use crate::live::Errors;

/// The callbacks, in the order of their numbers here.
const CALLBACKS: [(&str, Interests); 11] = [
    ("on_trade", Interests::TRADE),
    ("on_quote", Interests::QUOTE),
    ("on_book", Interests::BOOK),
    ("on_bar", Interests::BAR),
    ("on_order", Interests::ORDER),
    ("on_fill", Interests::FILL),
    ("on_timer", Interests::TIMER),
    ("on_start", Interests(0)),
    ("on_stop", Interests(0)),
    ("on_action", Interests::ACTION),
    ("on_parent", Interests::PARENT),
];

/// A Python strategy with its bound methods looked up.
pub(crate) struct Hosted {
    shared: Arc<Shared>,
    context: Py<PyContext>,
    methods: [Option<Py<PyAny>>; 11],
    interests: Interests,
    errors: Errors,
    trade: Slot<PyTrade>,
    quote: Slot<PyQuote>,
    bar: Slot<PyBarEvent>,
}

impl Hosted {
    /// Looks up what the strategy overrides.
    pub(crate) fn new(
        strategy: &Bound<'_, PyAny>,
        shared: Arc<Shared>,
        errors: Errors,
    ) -> PyResult<Self> {
        let py = strategy.py();
        let overridden: Vec<String> = strategy.call_method0("_overridden")?.extract()?;
        let mut interests = Interests::default();
        let mut methods = [const { None }; 11];
        for (place, (name, interest)) in CALLBACKS.iter().enumerate() {
            if overridden.iter().any(|have| have == name) {
                methods[place] = Some(strategy.getattr(*name)?.unbind());
                interests = interests.and(*interest);
            }
        }
        let context = Py::new(py, PyContext::new(Arc::clone(&shared)))?;
        Ok(Self {
            shared,
            context,
            methods,
            interests,
            errors,
            trade: Slot::new(),
            quote: Slot::new(),
            bar: Slot::new(),
        })
    }

    /// Calls method `place` with an event that `build` makes.
    #[inline]
    fn call<E, B>(&mut self, place: usize, ctx: &mut Context<'_>, build: B)
    where
        E: PyClass + Into<PyClassInitializer<E>>,
        B: FnOnce(Python<'_>, &Shared) -> E,
    {
        let Some(method) = &self.methods[place] else {
            return;
        };
        let result = Python::attach(|py| {
            let event = Py::new(py, build(py, &self.shared))?;
            let arguments = PyTuple::new(py, [self.context.as_any(), event.as_any()])?;
            self.context
                .get()
                .lend(ctx, || method.bind(py).call1(arguments).map(drop))
        });
        if let Err(error) = result {
            self.fail(ctx, error);
        }
    }

    fn call_plain(&mut self, place: usize, ctx: &mut Context<'_>) {
        let Some(method) = &self.methods[place] else {
            return;
        };
        let result = Python::attach(|py| {
            let arguments = (self.context.clone_ref(py),);
            self.context
                .get()
                .lend(ctx, || method.bind(py).call1(arguments).map(drop))
        });
        if let Err(error) = result {
            self.fail(ctx, error);
        }
    }

    #[inline]
    fn after(&mut self, ctx: &mut Context<'_>, result: PyResult<()>) {
        if let Err(error) = result {
            self.fail(ctx, error);
        }
    }

    #[cold]
    fn fail(&mut self, ctx: &mut Context<'_>, error: PyErr) {
        self.errors.put(error);
        ctx.fail();
    }
}

/// Calls a method with a market event, reusing its object when nobody kept the last one.
#[inline]
fn stream<E: Event>(
    method: Option<&Py<PyAny>>,
    context: &Py<PyContext>,
    ctx: &mut Context<'_>,
    slot: &mut Slot<E>,
    data: impl FnOnce(Python<'_>) -> E::Data,
) -> PyResult<()> {
    let Some(method) = method else { return Ok(()) };
    Python::attach(|py| {
        let arguments = slot.fill(py, context, data(py))?;
        context
            .get()
            .lend(ctx, || method.bind(py).call1(arguments.bind(py)).map(drop))
    })
}

impl Strategy for Hosted {
    fn interests(&self) -> Interests {
        self.interests
    }

    fn on_trade(&mut self, ctx: &mut Context<'_>, trade: &MarketEvent) {
        let now = ctx.now();
        let Self {
            shared,
            methods,
            context,
            trade: slot,
            ..
        } = self;
        let data = |py: Python<'_>| TradeData::new(py, shared, now, trade);
        let result = stream(methods[0].as_ref(), context, ctx, slot, data);
        self.after(ctx, result);
    }

    fn on_quote(&mut self, ctx: &mut Context<'_>, quote: &Quote) {
        let times = (quote.ts_event, ctx.now());
        let Self {
            shared,
            methods,
            context,
            quote: slot,
            ..
        } = self;
        let data = |py: Python<'_>| QuoteData::new(py, shared, quote.instrument, times, quote.top);
        let result = stream(methods[1].as_ref(), context, ctx, slot, data);
        self.after(ctx, result);
    }

    fn on_book(&mut self, ctx: &mut Context<'_>, event: &MarketEvent) {
        let times = (event.ts_event, ctx.now());
        let top = ctx
            .market(event.instrument)
            .map(|market| market.top())
            .unwrap_or_default();
        let Self {
            shared,
            methods,
            context,
            quote: slot,
            ..
        } = self;
        let data = |py: Python<'_>| QuoteData::new(py, shared, event.instrument, times, top);
        let result = stream(methods[2].as_ref(), context, ctx, slot, data);
        self.after(ctx, result);
    }

    fn on_bar(&mut self, ctx: &mut Context<'_>, bar: &Bar) {
        let Self {
            shared,
            methods,
            context,
            bar: slot,
            ..
        } = self;
        let data = |py: Python<'_>| BarData::new(py, shared, bar);
        let result = stream(methods[3].as_ref(), context, ctx, slot, data);
        self.after(ctx, result);
    }

    fn on_order(&mut self, ctx: &mut Context<'_>, event: &OrderEvent) {
        self.call(4, ctx, |_, shared| {
            PyOrder::new(shared, &event.order, event.denial.as_ref())
        });
    }

    fn on_fill(&mut self, ctx: &mut Context<'_>, fill: &FillEvent) {
        self.call(5, ctx, |_, shared| PyFill::new(shared, fill));
    }

    fn on_timer(&mut self, ctx: &mut Context<'_>, timer: u32) {
        let ts = ctx.now().0;
        self.call(6, ctx, |_, shared| PyTimerEvent {
            name: shared.timer(timer),
            ts,
        });
    }

    fn on_parent(&mut self, ctx: &mut Context<'_>, event: &ParentEvent) {
        self.call(10, ctx, |_, shared| PyParent::new(shared, &event.parent));
    }

    fn on_action(&mut self, ctx: &mut Context<'_>, action: &ActionEvent) {
        self.call(9, ctx, |_, shared| PyAction::new(shared, action));
    }

    fn on_start(&mut self, ctx: &mut Context<'_>) {
        self.call_plain(7, ctx);
    }

    fn on_stop(&mut self, ctx: &mut Context<'_>) {
        self.call_plain(8, ctx);
    }
}
