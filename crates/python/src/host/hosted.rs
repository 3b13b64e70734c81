//! A Python strategy as the kernel's `Strategy`.

use std::sync::Arc;

use py_rt_kernel::event::{FillEvent, OrderEvent};
use py_rt_kernel::signal::Quote;
use py_rt_kernel::{Context, Interests, Strategy};
use py_rt_types::{Bar, MarketEvent};
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use pyo3::PyClass;

use super::context::PyContext;
use super::events::{PyBarEvent, PyFill, PyOrder, PyQuote, PyTimerEvent, PyTrade};
use super::Shared;

/// The callbacks, in the order of their numbers here.
const CALLBACKS: [(&str, Interests); 9] = [
    ("on_trade", Interests::TRADE),
    ("on_quote", Interests::QUOTE),
    ("on_book", Interests::BOOK),
    ("on_bar", Interests::BAR),
    ("on_order", Interests::ORDER),
    ("on_fill", Interests::FILL),
    ("on_timer", Interests::TIMER),
    ("on_start", Interests(0)),
    ("on_stop", Interests(0)),
];

/// A Python strategy with its bound methods looked up.
pub(crate) struct Hosted {
    shared: Arc<Shared>,
    context: Py<PyContext>,
    methods: [Option<Py<PyAny>>; 9],
    interests: Interests,
    error: Option<PyErr>,
}

impl Hosted {
    /// Looks up what the strategy overrides.
    pub(crate) fn new(strategy: &Bound<'_, PyAny>, shared: Arc<Shared>) -> PyResult<Self> {
        let py = strategy.py();
        let overridden: Vec<String> = strategy.call_method0("_overridden")?.extract()?;
        let mut interests = Interests::default();
        let mut methods = [const { None }; 9];
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
            error: None,
        })
    }

    /// The exception that ended the run, if one did.
    pub(crate) fn take_error(&mut self) -> Option<PyErr> {
        self.error.take()
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

    #[cold]
    fn fail(&mut self, ctx: &mut Context<'_>, error: PyErr) {
        self.error = Some(error);
        ctx.fail();
    }
}

impl Strategy for Hosted {
    fn interests(&self) -> Interests {
        self.interests
    }

    fn on_trade(&mut self, ctx: &mut Context<'_>, trade: &MarketEvent) {
        let now = ctx.now();
        self.call(0, ctx, |py, shared| PyTrade::new(py, shared, now, trade));
    }

    fn on_quote(&mut self, ctx: &mut Context<'_>, quote: &Quote) {
        let now = ctx.now();
        self.call(1, ctx, |py, shared| {
            PyQuote::new(
                py,
                shared,
                quote.instrument,
                (quote.ts_event, now),
                quote.top,
            )
        });
    }

    fn on_book(&mut self, ctx: &mut Context<'_>, event: &MarketEvent) {
        let now = ctx.now();
        let top = ctx
            .market(event.instrument)
            .map(|market| market.top())
            .unwrap_or_default();
        self.call(2, ctx, |py, shared| {
            PyQuote::new(py, shared, event.instrument, (event.ts_event, now), top)
        });
    }

    fn on_bar(&mut self, ctx: &mut Context<'_>, bar: &Bar) {
        self.call(3, ctx, |py, shared| PyBarEvent::new(py, shared, bar));
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

    fn on_start(&mut self, ctx: &mut Context<'_>) {
        self.call_plain(7, ctx);
    }

    fn on_stop(&mut self, ctx: &mut Context<'_>) {
        self.call_plain(8, ctx);
    }
}
