//! The driver in virtual time: market data, orders and reports, each with its latency.
//!
//! Everything that will happen has a time; the earliest happens next. At one time the venue's
//! market moves first, then orders arrive there, then reports arrive here, then market data is
//! seen here: an order never profits from what happened at its own arrival. A timer rings before
//! the first thing that is seen here at or after its time.

mod boundary;
mod data;
mod delay;
mod feed;
mod inputs;
mod kept;
mod recording;
mod road;
mod several;
mod stream;
mod stream_bars;

pub use data::BacktestData;
pub use delay::{Extra, Extras};
pub use kept::{FillRow, FillRows, Fills, OrderRow, OrderRows};
pub use recording::{EquityPoint, Recording};
pub use several::OtherVenue;

use py_rt_kernel::event::Event;
use py_rt_kernel::{Control, Input, Kernel, KernelConfig, Output, Request, Strategy};
use py_rt_types::{InstrumentId, Report, UnixNanos};

use crate::venue::{SimVenue, SquareRoot, VenueConfig};
use boundary::Boundaries;
use feed::{AtKernel, AtVenue, BarFeed, EventFeed};
use inputs::Inputs;
use road::Roads;
use several::Lane;

/// Least latencies of a run, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Latency {
    /// From the venue's event to us; a later recorded receive time stands.
    pub feed_ns: i64,
    /// From us to the venue.
    pub order_ns: i64,
    /// From the venue to us, for reports.
    pub report_ns: i64,
}

/// What a run is made from beside data and strategy.
#[derive(Debug, Clone)]
pub struct BacktestConfig {
    /// The kernel's own configuration.
    pub kernel: KernelConfig,
    /// The venue's assumptions.
    pub venue: VenueConfig,
    /// The least latencies.
    pub latency: Latency,
    /// What messages take beyond them.
    pub extras: Extras,
    /// How taking moves prices, by instrument; none for not at all.
    pub laws: Vec<SquareRoot>,
    /// Step of the equity curve; 0 for the first and last point only.
    pub sample_every_ns: i64,
}

/// How far a run has come. Return false from the hook to end it early.
pub type Progress<'a> = &'a mut dyn FnMut(usize, usize) -> bool;

/// Which of the roads an instrument has.
#[inline]
fn lane_of(lanes: &[u8], id: InstrumentId) -> usize {
    lanes.get(id.index()).map_or(0, |lane| usize::from(*lane))
}

/// Rows between two calls of the progress hook.
const ROWS_PER_REPORT: usize = 512;

/// A run: kernel, venue and the roads between them.
#[derive(Debug)]
pub struct Backtest<'a, S> {
    kernel: Kernel<S>,
    venue: SimVenue,
    at_venue: EventFeed<'a, AtVenue>,
    at_kernel: EventFeed<'a, AtKernel>,
    bars: BarFeed<'a>,
    /// The least of all venues.
    latency: Latency,
    /// The roads of each venue, and which of them an instrument has; the first where none is said.
    lanes: Vec<Lane>,
    lane_of: Vec<u8>,
    orders: Roads<Request>,
    reports: Roads<Report>,
    recording: Recording,
    boundaries: Boundaries<'a>,
    inputs: Inputs,
    /// When the data that were let in ended, once they have.
    over_at: Option<UnixNanos>,
    failed: bool,
}

impl<'a, S: Strategy> Backtest<'a, S> {
    /// A run that has not begun.
    #[must_use]
    pub fn new(config: BacktestConfig, data: &BacktestData<'a>, strategy: S) -> Self {
        let latency = config.latency;
        let mut venue = config.venue;
        let order_ns = latency.order_ns.saturating_add(config.extras.order.most());
        venue.bar_grace_ns = latency.feed_ns.saturating_add(order_ns);
        let recording = {
            let (kernel, step) = (&config.kernel, config.sample_every_ns);
            Recording::new(step, kernel.opens_at, kernel.strategies.len())
        };
        Self {
            venue: SimVenue::new(&config.kernel.instruments, venue).with_laws(&config.laws),
            kernel: Kernel::new(config.kernel, strategy),
            at_venue: EventFeed::new(data.events, AtVenue),
            at_kernel: EventFeed::new(data.events, AtKernel(latency.feed_ns)),
            bars: BarFeed::new(data.bars, latency.feed_ns),
            latency,
            lanes: vec![Lane::new(latency, config.extras)],
            lane_of: Vec::new(),
            orders: Roads::new(),
            reports: Roads::new(),
            recording,
            boundaries: Boundaries::none(*data),
            inputs: Inputs::default(),
            over_at: None,
            failed: false,
        }
    }

    /// Runs to the end of the data, or until the strategy fails or `progress` says no.
    pub fn run(&mut self, progress: Progress<'_>) {
        let total = self.boundaries.len();
        let begin = self.at_venue.peek().min(self.bars.peek().0);
        self.take_inputs(begin);
        self.kernel
            .handle_input(begin, Input::Control(Control::Start));
        self.drain();
        self.recording.sample(begin, &self.kernel);
        let mut report_at = ROWS_PER_REPORT;
        while self.run_on(&mut report_at, total, progress) && self.pass_boundary() {}
        if !self.failed {
            self.take_inputs(UnixNanos::MAX);
        }
        self.finish();
        progress(self.at_kernel.position() + self.bars.position(), total);
    }

    /// Runs to the end of the data that were let in. False when the strategy failed, or when
    /// `progress` said no.
    fn run_on(&mut self, report_at: &mut usize, total: usize, progress: Progress<'_>) -> bool {
        while !self.failed && self.step(*report_at) {
            let done = self.at_kernel.position() + self.bars.position();
            if done >= *report_at {
                *report_at = done + ROWS_PER_REPORT;
                if !progress(done, total) {
                    return false;
                }
            }
        }
        !self.failed
    }

    /// The kernel, to look at.
    pub const fn kernel(&self) -> &Kernel<S> {
        &self.kernel
    }

    /// The strategy, to be looked at after the run.
    pub const fn strategy_mut(&mut self) -> &mut S {
        self.kernel.strategy_mut()
    }

    /// What was recorded so far.
    pub const fn recording(&self) -> &Recording {
        &self.recording
    }

    /// Takes what was recorded out of the run.
    pub fn take_recording(&mut self) -> Recording {
        core::mem::take(&mut self.recording)
    }

    /// Rows and bars that the kernel has seen.
    #[must_use]
    pub fn events(&self) -> usize {
        self.at_kernel.position() + self.bars.position()
    }

    /// Whether the strategy ended the run.
    #[must_use]
    pub const fn failed(&self) -> bool {
        self.failed
    }

    /// Streams market rows until something else is due, then lets that happen. False at the end.
    fn step(&mut self, rows: usize) -> bool {
        self.stream(rows);
        if self.at_kernel.position() + self.bars.position() >= rows {
            return true;
        }
        let (bar_at, bar_step) = self.bars.peek();
        let (order_at, report_at) = (self.orders.peek(), self.reports.peek());
        let feed_at = self.at_kernel.peek();
        let timer_at = self.timer_at();
        let data_over = feed_at == UnixNanos::MAX && bar_at == UnixNanos::MAX;
        if data_over && order_at == UnixNanos::MAX && report_at == UnixNanos::MAX {
            return false;
        }
        let at_venue = if bar_step.is_at_venue() {
            bar_at
        } else {
            UnixNanos::MAX
        };
        let next = at_venue
            .min(order_at)
            .min(report_at)
            .min(bar_at)
            .min(feed_at)
            .min(timer_at);
        if data_over && next > self.last_answer() {
            return false;
        }
        if self.at_venue.peek() <= next {
            // Only a sample was due before this row: the venue's market moves first all the same.
            if let Some((now, event)) = self.at_venue.next() {
                self.venue.handle_market(now, event);
            }
            self.collect_reports();
        } else if next == at_venue {
            self.stream_bars(rows);
        } else if next == order_at {
            self.deliver_order();
        } else if self.inputs.due(next) && next < bar_at.min(feed_at) {
            self.take_inputs(next);
        } else if next == report_at {
            self.deliver_report();
        } else if next == bar_at {
            self.see_bar(next);
        } else if next == feed_at {
            if let Some((now, event)) = self.at_kernel.next() {
                self.kernel.handle_market(now, event);
                self.after_kernel(now);
            }
        } else {
            self.take_inputs(timer_at);
            self.ring(timer_at);
        }
        true
    }

    /// When the last answer arrives to what was sent before the data ended. A strategy that goes on
    /// sending by a timer, or in answer to answers, does not make a run longer.
    #[cold]
    fn last_answer(&mut self) -> UnixNanos {
        let over_at = *self.over_at.get_or_insert(self.kernel.now());
        let round_trip = |lane: &Lane| {
            let order_ns = lane.order_ns.saturating_add(lane.extras.order.most());
            let report_ns = lane.report_ns.saturating_add(lane.extras.report.most());
            order_ns.saturating_add(report_ns)
        };
        over_at.plus(self.lanes.iter().map(round_trip).max().unwrap_or(0))
    }

    fn deliver_order(&mut self) {
        let Some((now, request)) = self.orders.first() else {
            return;
        };
        match request {
            Request::New(approved) => self.venue.handle_new(now, 0, approved.order()),
            Request::Replace(approved) => self.venue.handle_replace(now, 0, approved.order()),
            Request::Cancel(cancel) => self.venue.handle_cancel(now, 0, cancel),
            Request::Query(query) => self.venue.handle_query(now, 0, query),
        }
        self.orders.drop_first();
        self.collect_reports_at(now);
    }

    fn deliver_report(&mut self) {
        let Some((now, report)) = self.reports.first() else {
            return;
        };
        self.kernel.handle_input(now, Input::Report(report));
        self.reports.drop_first();
        self.after_kernel(now);
    }

    fn collect_reports(&mut self) {
        self.collect_reports_at(UnixNanos::MIN);
    }

    /// Reports to a command leave the venue when it arrived, also about an earlier open.
    fn collect_reports_at(&mut self, now: UnixNanos) {
        while let Some(told) = self.venue.first_report() {
            let (at, place) = (
                told.report.ts_event.max(now),
                lane_of(&self.lane_of, told.report.instrument),
            );
            let lane = &mut self.lanes[place];
            let extra = lane.extras.report.next(at);
            let arrives = at.plus(lane.report_ns.saturating_add(extra));
            self.reports.push(place, arrives, told.report);
            self.venue.drop_report();
        }
    }

    #[inline]
    fn after_kernel(&mut self, now: UnixNanos) {
        self.drain();
        if now >= self.recording.next_sample() {
            self.recording.sample(now, &self.kernel);
        }
    }

    #[inline]
    fn drain(&mut self) {
        if !self.kernel.outputs().is_empty() {
            self.carry_out();
        }
    }

    /// Sends and records what the kernel decided.
    #[inline(never)]
    fn carry_out(&mut self) {
        let now = self.kernel.now();
        for output in self.kernel.outputs() {
            match output {
                Output::Send(request) => {
                    let place = request.instrument();
                    let place = place.map_or(0, |id| lane_of(&self.lane_of, id));
                    let lane = &mut self.lanes[place];
                    let extra = lane.extras.order.next(now);
                    let takes = lane.order_ns.saturating_add(extra);
                    self.orders.push(place, now.plus(takes), *request);
                }
                Output::Emit(event) => {
                    self.failed |= matches!(event, Event::StrategyFailed);
                    self.recording.record(event, self.kernel.portfolio());
                }
            }
        }
        self.kernel.clear_outputs();
    }

    /// The data are over: what waits at the venue expires, the strategy is told to stop.
    fn finish(&mut self) {
        let end = self.kernel.now();
        let expired = self.venue.expire_all(end);
        self.recording.add_expired(expired);
        self.collect_reports_at(end);
        self.flush_reports();
        self.kernel.handle_input(end, Input::Control(Control::Stop));
        self.drain();
        while self.orders.peek() != UnixNanos::MAX {
            self.deliver_order();
            self.flush_reports();
        }
        self.recording.add_expired(self.venue.expire_all(end));
        self.collect_reports_at(end);
        self.flush_reports();
        self.recording.keep_open(&self.kernel);
        self.recording.sample(self.kernel.now(), &self.kernel);
    }

    fn flush_reports(&mut self) {
        while self.reports.peek() != UnixNanos::MAX {
            self.deliver_report();
        }
    }
}
