//! The thread: receive, journal, ask the kernel, journal what it decided, send, tell.
//!
//! The law of sending: what the kernel decided is in the journal, and the journal with the
//! operating system (or on the disk), before the first byte of it leaves. One place keeps it,
//! [`Driver::flush`]. The driver has no opinion about prices, positions or orders.

mod ending;
mod fence;
mod watching;

use std::io;
use std::sync::Arc;

use py_rt_kernel::event::{Cause, SyncEvent, TradingState};
use py_rt_kernel::journal::{Decision, Totals};
use py_rt_kernel::{Event, Input, Kernel, Output, Request, Session, Strategy};
use py_rt_types::{OrderStatus, UnixNanos};
use py_rt_venues::{VenueEvent, VenueRequest};

use crate::error::LiveError;
use crate::journal::{Journal, Tape};
use crate::lanes::{Lanes, Role};
use crate::net::{Arrival, Transport};
use crate::state::KillFile;
use crate::store::lease::Lease;
use crate::store::Store;
use crate::watchdog::Pulse;

const SECOND_NS: i64 = 1_000_000_000;

/// What the caller of a session may want to know and to say. Called on the driver's thread.
pub trait Hooks {
    /// Whether the session is to end; asked about every 100 ms.
    fn should_stop(&mut self) -> bool;
    /// Something happened.
    fn on_event(&mut self, _event: &Event) {}
    /// A line for the log.
    fn on_notice(&mut self, _text: &str) {}
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Trading,
    /// Open orders are waited for until then, and to the last those of which nothing is known.
    Closing {
        until: UnixNanos,
        last: UnixNanos,
    },
    Comparing {
        until: UnixNanos,
        last: UnixNanos,
    },
    Done,
}

/// Why a session ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// An earlier life was being stopped; that has been brought to its end.
    Interrupted,
    /// The caller asked.
    Stopped,
    /// Its time was over.
    TimeOver,
    /// The kill file asked.
    Killed,
    /// A breaker or the strategy halted it.
    Halted(Cause),
    /// The venue refuses us.
    Refused(&'static str),
}

impl Reason {
    /// A stable word for tables and messages.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Interrupted => "interrupted",
            Self::Stopped => "stopped",
            Self::TimeOver => "seconds",
            Self::Killed => "killed",
            Self::Halted(cause) => cause.name(),
            Self::Refused(_) => "refused",
        }
    }
}

/// Everything a driver drives.
pub struct Driver<'a, S, T, J> {
    /// The kernel.
    pub kernel: Kernel<S>,
    /// The journal of the session.
    pub journal: Journal<J>,
    /// The venue's sessions.
    pub lanes: Lanes,
    /// The outside world.
    pub transport: T,
    /// The tables and the status file.
    pub store: Option<Store>,
    /// The caller.
    pub hooks: &'a mut dyn Hooks,
    /// How other processes reach this one.
    pub kill: KillFile,
    pulse: Pulse,
    lease: Option<Arc<Lease>>,
    duty: Duty,
    events: Vec<Event>,
}

#[derive(Debug)]
struct Duty {
    phase: Phase,
    reason: Option<Reason>,
    ends_at: UnixNanos,
    watch_at: UnixNanos,
    status_at: UnixNanos,
    clock_at: UnixNanos,
    market_open: Option<bool>,
    account_up: bool,
    was_connected: bool,
    cancels_on_stop: bool,
    settle_ns: i64,
    ends_at_once: bool,
    /// Reduce-only because of the lease alone.
    restrained: bool,
    totals: Totals,
}

/// When and how a session ends.
#[derive(Debug, Clone, Copy)]
pub struct EndRules {
    /// By itself at this time; `UnixNanos::MAX` for never.
    pub ends_at: UnixNanos,
    /// As soon as the account is connected again: an earlier life was being stopped.
    pub ends_at_once: bool,
    /// Whether the end waits for cancels.
    pub cancels_on_stop: bool,
    /// How old a request must be before "no such order" proves anything.
    pub settle_ns: i64,
}

impl<S, T, J> std::fmt::Debug for Driver<'_, S, T, J> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Driver")
            .field("duty", &self.duty)
            .finish_non_exhaustive()
    }
}

/// The parts of a driver.
pub struct Parts<'a, S, T, J> {
    /// The kernel.
    pub kernel: Kernel<S>,
    /// The journal of the session.
    pub journal: Journal<J>,
    /// The venue's sessions.
    pub lanes: Lanes,
    /// The outside world.
    pub transport: T,
    /// The tables and the status file.
    pub store: Option<Store>,
    /// The caller.
    pub hooks: &'a mut dyn Hooks,
    /// How other processes reach this one.
    pub kill: KillFile,
    /// What the watchdog looks at.
    pub pulse: Pulse,
    /// Whether the account is ours.
    pub lease: Option<Arc<Lease>>,
}

impl<'a, S: Strategy, T: Transport, J: Tape> Driver<'a, S, T, J> {
    /// A driver that has done nothing yet.
    pub fn new(parts: Parts<'a, S, T, J>, rules: EndRules) -> Self {
        Self {
            kernel: parts.kernel,
            journal: parts.journal,
            lanes: parts.lanes,
            transport: parts.transport,
            store: parts.store,
            hooks: parts.hooks,
            kill: parts.kill,
            pulse: parts.pulse,
            lease: parts.lease,
            duty: Duty {
                phase: Phase::Trading,
                reason: None,
                ends_at: rules.ends_at,
                watch_at: UnixNanos::MIN,
                status_at: UnixNanos::MIN,
                clock_at: UnixNanos::MIN,
                market_open: None,
                account_up: false,
                was_connected: false,
                cancels_on_stop: rules.cancels_on_stop,
                settle_ns: rules.settle_ns,
                ends_at_once: rules.ends_at_once,
                restrained: false,
                totals: Totals::default(),
            },
            events: Vec::with_capacity(64),
        }
    }

    /// Runs until the session has ended, and ends the journal cleanly.
    ///
    /// # Errors
    /// [`LiveError::Journal`] when the journal cannot be written: nothing was sent after that.
    pub fn run(&mut self) -> Result<Reason, LiveError> {
        while self.duty.phase != Phase::Done {
            self.turn()?;
        }
        self.finish()?;
        Ok(self.duty.reason.clone().unwrap_or(Reason::Stopped))
    }

    /// What happened so far.
    #[must_use]
    pub const fn totals(&self) -> Totals {
        self.duty.totals
    }

    /// Gives the kernel one input and carries out what it decides.
    ///
    /// # Errors
    /// As [`Driver::run`].
    pub fn feed(&mut self, now: UnixNanos, input: Input<'_>) -> Result<(), LiveError> {
        self.journal.append_input(now, &input);
        self.pulse.beat();
        self.kernel.handle_input(now, input);
        self.pulse.beat();
        let mut decided = false;
        while let Some(output) = self.kernel.poll_output() {
            match output {
                Output::Send(request) => {
                    self.decide(now, &request)?;
                    decided = true;
                }
                Output::Emit(event) => {
                    if matches!(event, Event::Trading { state, .. } if state > TradingState::Active)
                    {
                        self.lanes.withdraw(now);
                    }
                    self.events.push(event);
                }
            }
        }
        if decided {
            self.flush(now)?;
        }
        Ok(())
    }

    fn decide(&mut self, now: UnixNanos, request: &Request) -> Result<(), LiveError> {
        let decision = Decision::from(request);
        if let Decision::New(order) = &decision {
            let id = order.client_order_id.sequence;
            self.journal.reserve_id(id).map_err(unwritten)?;
            self.duty.totals.orders += 1;
        }
        self.journal.append_decision(now, &decision);
        self.lanes.handle_decision(now, &decision);
        Ok(())
    }

    /// The one door to the outside: the journal first, then the bytes, if the account is ours.
    fn flush(&mut self, now: UnixNanos) -> Result<(), LiveError> {
        self.journal.commit().map_err(unwritten)?;
        if !self.may_send()? {
            return Ok(());
        }
        self.lanes.transmit(now, &mut self.transport).map_err(ended)
    }

    /// One turn: wait, take what came, ring what is due, tell what happened.
    ///
    /// # Errors
    /// As [`Driver::run`].
    pub fn turn(&mut self) -> Result<(), LiveError> {
        let until = self.poll_timeout();
        if let Some((now, arrival)) = self.transport.poll(until).map_err(ended)? {
            if let Arrival::Closed(lane, why) = arrival {
                let role = self.lanes.role(lane);
                self.hooks
                    .on_notice(&format!("the {} connection closed: {why}", role.name()));
            }
            self.lanes.handle_arrival(now, arrival);
            self.look_at_lease(now)?;
            self.drain(now)?;
        }
        let now = self.transport.now();
        self.lanes.handle_timeout(now);
        if self.kernel.poll_timeout() <= now {
            self.feed(now, Input::Timer)?;
        }
        self.drain(now)?;
        self.flush(now)?;
        self.tell(now)?;
        self.journal.handle_timeout(now).map_err(unwritten)?;
        self.watch(now)
    }

    fn poll_timeout(&self) -> UnixNanos {
        let phase = match self.duty.phase {
            // The watch looks more often than that.
            Phase::Closing { last, .. } => last,
            Phase::Comparing { until, .. } => until,
            Phase::Trading => self.duty.ends_at,
            Phase::Done => UnixNanos::MIN,
        };
        phase
            .min(self.duty.watch_at)
            .min(self.kernel.poll_timeout())
            .min(self.lanes.poll_timeout())
            .min(self.journal.poll_timeout())
    }

    /// Takes everything that the venue's sessions have to say.
    fn drain(&mut self, now: UnixNanos) -> Result<(), LiveError> {
        while let Some((lane, event)) = self.lanes.poll_event() {
            match event {
                VenueEvent::Market(row) => self.feed(now, Input::Market(&row))?,
                VenueEvent::Bar(bar) => self.feed(now, Input::Bar(&bar))?,
                VenueEvent::Report(report) => self.feed(now, Input::Report(&report))?,
                VenueEvent::Account(report) => self.feed(now, Input::Account(&report))?,
                VenueEvent::Open => self.transport.open(lane).map_err(ended)?,
                VenueEvent::Close => self.transport.close(lane).map_err(ended)?,
                VenueEvent::Up if self.lanes.role(lane) == Role::Account => {
                    self.duty.account_up = true;
                    self.duty.was_connected = true;
                    self.feed(now, Input::Session(Session::Connected))?;
                }
                VenueEvent::Down if self.lanes.role(lane) == Role::Account => {
                    self.duty.account_up = false;
                    self.feed(now, Input::Session(Session::Disconnected))?;
                    self.compare_again(now)?;
                }
                VenueEvent::Ask(query) => self.lanes.handle_question(now, query),
                VenueEvent::AskBook(id) => self.lanes.ask(now, VenueRequest::Book(id)),
                VenueEvent::Book(answer) => self.lanes.handle_book(now, &answer),
                VenueEvent::AskToken => self.lanes.ask(now, VenueRequest::Token),
                VenueEvent::Token(token) => self.lanes.handle_token(now, &token),
                VenueEvent::Fatal(fatal) => {
                    let role = self.lanes.role(lane);
                    self.hooks.on_notice(&format!(
                        "the venue refuses the {} connection: {}",
                        role.name(),
                        fatal.remedy()
                    ));
                    self.begin_stop(now, Reason::Refused(fatal.remedy()))?;
                }
                VenueEvent::Notice(text) => self.hooks.on_notice(&text),
                VenueEvent::Quarantined(malformed) => {
                    self.hooks
                        .on_notice(&format!("a message was set aside: {malformed}"));
                }
                VenueEvent::Limited { retry_at } => {
                    let wait_ms = retry_at.since(now).max(0) / 1_000_000;
                    self.hooks
                        .on_notice(&format!("the venue takes no requests for {wait_ms} ms"));
                }
                VenueEvent::Up | VenueEvent::Down => {}
                VenueEvent::Clock(clock) => self.handle_clock(now, clock.is_open)?,
                VenueEvent::Asset(_) => {}
            }
        }
        Ok(())
    }

    /// Tells those who watch; nothing here is needed to trade.
    fn tell(&mut self, now: UnixNanos) -> Result<(), LiveError> {
        let mut halted = None;
        let mut events = std::mem::take(&mut self.events);
        for event in &events {
            observe(&mut self.duty.totals, event);
            match event {
                Event::Sync(SyncEvent::Reconciled { .. }) => self.lanes.open_market(),
                Event::Trading {
                    state: TradingState::Halted,
                    cause,
                } if *cause != Cause::Operator => halted = Some(*cause),
                _ => self.say(event),
            }
            if let Some(store) = &self.store {
                store.handle_event(event);
            }
            self.hooks.on_event(event);
        }
        if let Some(store) = self.store.as_ref().filter(|_| !events.is_empty()) {
            store.handle_record(self.journal.records());
        }
        events.clear();
        events.append(&mut self.events);
        self.events = events;
        // A person may have resumed since.
        let holds = self.kernel.trading_state() == TradingState::Halted;
        match halted.filter(|_| holds) {
            Some(cause) => self.begin_stop(now, Reason::Halted(cause)),
            None => Ok(()),
        }
    }

    /// Counts what happened before, in this session and in those before it.
    pub const fn set_totals(&mut self, totals: Totals) {
        self.duty.totals = totals;
    }
}

/// Counts an event; new orders are counted where they are sent.
pub(crate) fn observe(totals: &mut Totals, event: &Event) {
    match event {
        Event::Fill(_) => totals.fills += 1,
        Event::Order(event) if event.order.status == OrderStatus::Rejected => totals.rejected += 1,
        _ => {}
    }
}

fn unwritten(error: io::Error) -> LiveError {
    LiveError::Journal(format!(
        "the journal cannot be written: {error}; nothing more was sent. Free space or repair the \
         disk, then start again: the session goes on from the journal"
    ))
}

fn ended(error: io::Error) -> LiveError {
    LiveError::Connection(format!("the machine's sockets failed: {error}"))
}
