//! The pipeline: market → bars → strategy → risk → execution, with the portfolio beside it.
//!
//! ```text
//! handle_input(now, input)
//!   alarms that are due          timers, silent orders, reconciliation, bar closes
//!   market   ─ what changed      book, last price, mark
//!   portfolio ─ equity           breakers look at it
//!   strategy ─ intents           callbacks it wants, nothing else
//!   risk     ─ approved | denied
//!   execution ─ requests         orders, cancels, questions
//! poll_output() until empty, then sleep until poll_timeout()
//! ```

mod actions;
mod alarms;
mod charging;
mod controls;
mod exchange;
mod flatten;
mod follow;
mod guarding;
mod in_kind;
mod intents;
mod margin;
mod own;
mod parents;
mod reports;
mod reviews;
mod rows;
mod snapshot;
#[cfg(test)]
mod snapshot_tests;
mod views;

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use py_rt_types::{Bar, Instrument, InstrumentId, MarketEvent, Money, UnixNanos};

use crate::currency::Currencies;
use crate::event::{FillEvent, OrderEvent, ParentEvent, TradingState};
use crate::execution::{Execution, ExecutionTimes, Sync};
use crate::input::{Input, Session};
use crate::margin::Margin;
use crate::market::{BarBuilder, Change, Listings, Market};
use crate::output::{Outbox, Output};
use crate::portfolio::Portfolio;
use crate::risk::{Desk, Review, Risk, RiskLimits};
use crate::signal::{Context, Intents, Interests, Strategy, StrategyId, Timers};
use exchange::Exchange;
use flatten::Flatten;
pub use own::StrategySpec;
pub(crate) use own::{Books, Own};
pub use snapshot::Snapshot;
pub(crate) use snapshot::{BreakerImage, SyncImage};

/// What a kernel is made from; every value explicit.
#[derive(Debug, Clone)]
pub struct KernelConfig {
    /// The instruments of the run; an [`InstrumentId`] is a place in this list.
    pub instruments: Vec<Instrument>,
    /// The limits.
    pub limits: RiskLimits,
    /// The times of the execution stage.
    pub times: ExecutionTimes,
    /// Cash to start with.
    pub cash: Money,
    /// Whether the venue agrees by construction, as in a backtest; else it is asked first.
    pub reconciled: bool,
    /// Whether working orders are cancelled when the run stops.
    pub cancel_on_stop: bool,
    /// Interval of bars built from trades; 0 for none.
    pub bar_interval_ns: i64,
    /// The strategies that share the account, in the order of their [`Team`](crate::signal::Team);
    /// empty where one has it to itself.
    pub strategies: Vec<StrategySpec>,
    /// Until then strategies see everything, and what they order is refused; `UnixNanos::MIN` for
    /// no warm-up.
    pub opens_at: UnixNanos,
    /// The currencies of the account; `None` where all money is in one.
    pub currencies: Option<Currencies>,
    /// What equity has to cover of what is held; `None` where only the limits count.
    pub margin: Option<Margin>,
}

/// Something the strategy has to be told.
#[derive(Debug, Clone, Copy)]
enum Notice {
    Order(OrderEvent),
    Fill(FillEvent),
    Parent(ParentEvent),
}

/// The kernel, generic over its strategy so that a compiled one costs nothing to call.
#[derive(Debug)]
pub struct Kernel<S> {
    now: UnixNanos,
    alarm: UnixNanos,
    strategy: S,
    interests: Interests,
    /// The changes of a market that may lead to anything.
    watched: Change,
    /// Whether bars are built, a parent order watches, there are several currencies or a margin.
    follows: bool,
    running: bool,
    start_asked: bool,
    by_lease: bool,
    cancel_on_stop: bool,
    instruments: Vec<Instrument>,
    market: Market,
    bars: Option<BarBuilder>,
    timers: Timers,
    intents: Intents,
    notices: VecDeque<Notice>,
    risk: Risk,
    execution: Execution,
    sync: Sync,
    books: Books,
    opens_at: UnixNanos,
    outbox: Outbox,
    reviews: Option<Vec<Review>>,
    last_fill: UnixNanos,
    /// Since when executions are missing that were told of while books were compared.
    missed_since: Option<UnixNanos>,
    recovered: Recovered,
    /// Whether any limit needs more to be remembered than the books.
    guarded: bool,
    flatten: Option<Flatten>,
    /// Where rates of exchange come from; `None` where all money is in one currency.
    exchange: Option<Box<Exchange>>,
    /// What equity has to cover, and how far a margin call has come; `None` without a margin.
    margin: Option<Box<margin::Standing>>,
}

/// What reconciliation brought in, over the whole run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Recovered {
    /// Orders of ours that the journal did not know.
    pub adopted_orders: u32,
    /// Fills that happened while we were away.
    pub booked_fills: u32,
}

impl<S: Strategy> Kernel<S> {
    /// A kernel that has seen nothing.
    #[must_use]
    pub fn new(config: KernelConfig, strategy: S) -> Self {
        let count = config.instruments.len();
        let lots = config.instruments.iter().map(|i| {
            let lot = i.spec().lot_size;
            lot.mantissa() as f64 / 10u64.pow(lot.scale()) as f64
        });
        let (interests, several) = (strategy.interests(), config.strategies.len());
        let own = config.strategies.iter().map(|spec| Own {
            portfolio: Portfolio::new(config.cash, count),
            risk: Risk::new(spec.limits.clone(), &config.instruments, config.cash),
        });
        let all = core::iter::once(&config.limits);
        let mut all = all.chain(config.strategies.iter().map(|spec| &spec.limits));
        let guarded = all.any(|limits| !limits.guards.is_unset());
        let mut portfolio = Portfolio::new(config.cash, count);
        if several > 0 {
            portfolio = portfolio.with_all_marked();
        }
        let has_bars = config.bar_interval_ns > 0;
        let watched = Change::VALIDITY
            .with(Change::MARK, true)
            .with(Change::TRADE, has_bars || interests.has(Interests::TRADE))
            .with(Change::QUOTE, interests.has(Interests::QUOTE))
            .with(Change::BOOK, interests.has(Interests::BOOK));
        let kernel = Self {
            now: UnixNanos::MIN,
            opens_at: config.opens_at,
            alarm: UnixNanos::MAX,
            interests,
            watched,
            strategy,
            follows: has_bars,
            running: false,
            start_asked: false,
            by_lease: false,
            cancel_on_stop: config.cancel_on_stop,
            market: Market::new(count).with_quotes(interests.has(Interests::QUOTE)),
            bars: BarBuilder::new(config.bar_interval_ns, lots.collect()),
            timers: Timers::default(),
            intents: Intents::new(),
            notices: VecDeque::with_capacity(16),
            risk: Risk::new(config.limits, &config.instruments, config.cash),
            execution: Execution::new(count, several, config.times),
            sync: Sync::new(count, config.reconciled),
            books: Books {
                account: portfolio,
                own: own.collect(),
            },
            instruments: config.instruments,
            outbox: Outbox::default(),
            reviews: None,
            last_fill: UnixNanos(0),
            missed_since: None,
            recovered: Recovered::default(),
            guarded,
            flatten: None,
            exchange: None,
            margin: None,
        };
        let kernel = match config.currencies {
            Some(currencies) => kernel.with_currencies(currencies),
            None => kernel,
        };
        match config.margin {
            Some(margin) => kernel.with_margin(margin),
            None => kernel,
        }
    }

    /// Lets instruments be the same product at several venues; else each is its own.
    #[must_use]
    pub fn with_listings(mut self, listings: Listings) -> Self {
        self.market = self.market.with_listings(listings);
        self
    }

    /// Takes one input. Time never goes back: an earlier `now` counts as the latest one seen.
    pub fn handle_input(&mut self, now: UnixNanos, input: Input<'_>) {
        if let Input::Market(event) = input {
            return self.handle_market(now, event);
        }
        if let Input::Bar(bar) = input {
            return self.handle_closed_bar(now, bar);
        }
        if let Input::Session(session @ Session::Restarted { .. }) = input {
            // What is due was set in a life that is over, and rings once that is known: nothing
            // may leave under an id or on books of before.
            self.now = self.now.max(now);
            self.handle_session(session);
        }
        self.advance(now);
        match input {
            Input::Session(Session::Restarted { .. }) => {}
            Input::Report(report) => self.handle_report(report),
            Input::Account(report) => self.handle_account(report),
            Input::Session(session) => self.handle_session(session),
            Input::Control(control) => self.handle_control(control),
            Input::Action(action) => self.handle_action(action),
            Input::Charge(charge) => self.handle_charge(charge),
            Input::Rate(rate) => self.handle_rate(&rate),
            Input::Phase(instrument, phase) => self.handle_phase(instrument, phase),
            Input::Market(_) | Input::Bar(_) | Input::Timer => {}
        }
        if self.is_called() {
            self.watch_margin(false);
        }
        if self.flatten.is_some() {
            self.advance_flatten();
        }
        if self.has_unsettled() {
            self.settle();
        } else {
            self.refresh_alarm();
        }
    }

    /// Takes one market row: the short way of [`Kernel::handle_input`] for streams.
    #[inline(always)]
    pub fn handle_market(&mut self, now: UnixNanos, event: &MarketEvent) {
        self.advance(now);
        let change = self.market.handle_event(self.now, event);
        if change.has(self.watched) {
            self.follow_market(event, change);
        }
    }

    /// Takes one closed bar: the short way of [`Kernel::handle_input`] for streams.
    #[inline]
    pub fn handle_closed_bar(&mut self, now: UnixNanos, bar: &Bar) {
        self.advance(now);
        self.handle_bar(bar);
        self.settle_bar();
    }

    /// Whether intents, notices or requests wait.
    #[inline]
    fn has_unsettled(&self) -> bool {
        !self.intents.is_empty() | !self.notices.is_empty() | self.execution.has_requests()
    }

    /// Takes the next thing to do. Poll until it is `None` after every input.
    #[inline]
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outbox.poll()
    }

    /// What waits to be polled, in order, to be looked at in place; then
    /// [`Kernel::clear_outputs`].
    #[inline]
    #[must_use]
    pub fn outputs(&self) -> &[Output] {
        self.outbox.waiting()
    }

    /// Everything in [`Kernel::outputs`] was done.
    #[inline]
    pub fn clear_outputs(&mut self) {
        self.outbox.clear();
    }

    /// Whether anything waits to be polled.
    #[inline]
    #[must_use]
    pub fn has_output(&self) -> bool {
        !self.outbox.is_empty()
    }

    /// When the kernel must be called again at the latest; `UnixNanos::MAX` for never.
    #[inline]
    #[must_use]
    pub const fn poll_timeout(&self) -> UnixNanos {
        self.alarm
    }

    #[inline]
    fn advance(&mut self, now: UnixNanos) {
        self.now = self.now.max(now);
        if self.now >= self.alarm {
            self.ring_alarms();
        }
    }

    #[inline]
    fn handle_bar(&mut self, bar: &Bar) {
        let change = self.market.handle_bar(self.now, bar);
        if change.has(Change::MARK) && self.books.account.is_marked(bar.instrument) {
            self.mark(bar.instrument);
        }
        if self.follows {
            self.follow_bar(bar, change);
        }
        if !self.running {
            return;
        }
        if self.interests.has(Interests::BAR) {
            self.call(|strategy, ctx| strategy.on_bar(ctx, bar));
        }
    }

    #[inline]
    fn call(&mut self, callback: impl FnOnce(&mut S, &mut Context<'_>)) {
        let mut context = Context {
            now: self.now,
            instruments: &self.instruments,
            market: &self.market,
            books: &self.books,
            orders: &self.execution.orders,
            parents: &self.execution.parents,
            tradable: self.sync.is_online() && self.risk.state == TradingState::Active,
            intents: &mut self.intents,
        };
        callback(&mut self.strategy, &mut context);
    }

    #[inline]
    fn mark(&mut self, id: InstrumentId) {
        let mark = self.market.instrument(id).and_then(|market| market.mark());
        if let (Some((mark, _)), Some(instrument)) = (mark, self.instruments.get(id.index())) {
            if self
                .books
                .account
                .handle_mark(instrument, id, mark)
                .is_err()
            {
                self.restrict(TradingState::Halted, crate::event::Cause::Overflow);
            }
            if !self.books.own.is_empty() {
                self.mark_own(id, mark);
            }
        }
        self.watch_equity();
    }

    #[inline]
    fn watch_equity(&mut self) {
        let equity = self.books.account.equity();
        if let Some((state, cause)) = self.risk.breaker.handle_equity(self.now, equity) {
            self.restrict(state, cause);
        }
    }

    fn desk(&self) -> Desk<'_> {
        Desk {
            now: self.now,
            instruments: &self.instruments,
            market: &self.market,
            portfolio: &self.books.account,
            exposures: self.execution.orders.exposures(StrategyId::ACCOUNT),
            open_orders: self.execution.orders.open().len(),
            open: self.execution.orders.open(),
            phases: &self.market.phases,
            reconciled: self.sync.is_online(),
            shared: !self.books.own.is_empty(),
        }
    }
}
