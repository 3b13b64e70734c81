//! The simulated venue: our orders against a recorded market.
//!
//! The recorded book is the truth and, by default, our orders leave no mark on it. A taker gets
//! what is shown, level by level, and no more; a resting order joins the queue behind everything
//! shown at its price, moves up when trades print there and as its [queue model](crate::queue)
//! says of cancellations (by default never: a shrinking level only caps what is in front), and
//! fills when the queue is through, when a trade prints beyond its price, or when the other side's
//! best moves across it. Bars: see [`bars`](self).
//!
//! Time is an argument; latencies belong to the driver.

mod actions;
mod bars;
mod book_side;
mod fees;
mod impact;
mod orders;
mod query;
mod reach;
mod resting;
mod several;

use std::collections::VecDeque;

use py_rt_kernel::market::ByPrice;
use py_rt_types::{
    Bar, CancelOrder, ClientOrderId, EventKind, ExecId, Instrument, InstrumentId, Liquidity,
    MarketEvent, NewOrder, Price, Qty, RejectReason, ReplaceOrder, Report, ReportKind, Side,
    UnixNanos, VenueOrderId,
};

use crate::queue::QueueModel;
use fees::Traded;
pub use fees::{Charged, Fees, Tier, Tiers};
use impact::Pressure;
pub use impact::{Impact, SquareRoot};
use reach::Reach;
use resting::Resting;
use several::desk_of;

/// Where an order sent on a closed bar fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BarFill {
    /// At the open of the next bar.
    #[default]
    NextOpen,
    /// At the close of the next bar.
    NextClose,
}

/// The assumptions of a simulated venue.
#[derive(Debug, Clone, Copy)]
pub struct VenueConfig {
    /// What executions cost.
    pub fees: Fees,
    /// What they cost instead from some traded value on.
    pub tiers: Tiers,
    /// Where market orders fill on bars.
    pub bar_fill: BarFill,
    /// Whether touching a limit without trading through it fills on bars.
    pub bar_touch_fills: bool,
    /// Whether an order may be executed in parts; else all of it when any of it would be.
    pub partial_fills: bool,
    /// Who of a queue is thought to have canceled.
    pub queue: QueueModel,
    /// What our orders leave behind in the book.
    pub impact: Impact,
    /// Latency from the close of a bar to an order's arrival: an order that took no longer still
    /// gets the open of the bar that began at that close.
    pub bar_grace_ns: i64,
}

impl Default for VenueConfig {
    fn default() -> Self {
        Self {
            fees: Fees::default(),
            tiers: Tiers::default(),
            bar_fill: BarFill::NextOpen,
            bar_touch_fills: false,
            partial_fills: true,
            queue: QueueModel::RiskAverse,
            impact: Impact::None,
            bar_grace_ns: 0,
        }
    }
}

/// A row of the market, and when it happens.
pub type Row<'e> = (UnixNanos, &'e MarketEvent);

/// A report and whose order it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VenueReport {
    /// The owner given with the order.
    pub owner: u32,
    /// The report.
    pub report: Report,
}

/// One instrument at the venue.
#[derive(Debug)]
struct Listing {
    instrument: Instrument,
    book: Option<Box<ByPrice>>,
    bids: Vec<Resting>,
    asks: Vec<Resting>,
    stops: Vec<Resting>,
    /// How taking moves the price, and what our orders took lately.
    law: Option<SquareRoot>,
    pressure: Pressure,
    /// The bar in progress, and whether this instrument trades on bars at all.
    bar: Option<Bar>,
    on_bars: bool,
    day_ends: UnixNanos,
    working: usize,
    /// Which desk it is traded at; 0 is the first.
    desk: u8,
    /// How far rows must reach to matter to what waits. It may say too far, never too near.
    reach: Reach,
}

impl Listing {
    #[inline]
    fn book_mut(&mut self) -> &mut ByPrice {
        self.book.get_or_insert_with(|| Box::new(ByPrice::new()))
    }

    /// Finds out anew how far rows must reach to matter to what waits.
    #[inline]
    fn refresh_reach(&mut self) {
        self.reach = Reach::of(&self.bids, &self.asks);
    }

    fn side(&mut self, side: Side) -> &mut Vec<Resting> {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }
}

/// The venue.
#[derive(Debug)]
pub struct SimVenue {
    listings: Vec<Listing>,
    /// Orders that wait, over all listings.
    working: usize,
    desk: Desk,
    /// Of venues beyond the first.
    others: Vec<Desk>,
}

/// What all listings of a venue share: assumptions, counters, reports on their way out.
#[derive(Debug)]
struct Desk {
    config: VenueConfig,
    /// When sessions close, ascending; without them a session is a day in UTC.
    closes: Vec<UnixNanos>,
    reports: VecDeque<VenueReport>,
    next_order: u128,
    next_exec: u128,
    /// What was traded, where fees go by it.
    traded: Traded,
}

impl SimVenue {
    /// A venue that lists these instruments.
    #[must_use]
    pub fn new(instruments: &[Instrument], config: VenueConfig) -> Self {
        let listing = |instrument: &Instrument| Listing {
            instrument: instrument.clone(),
            book: None,
            bids: Vec::new(),
            asks: Vec::new(),
            stops: Vec::new(),
            law: None,
            pressure: Pressure::default(),
            bar: None,
            on_bars: false,
            day_ends: UnixNanos::MIN,
            working: 0,
            desk: 0,
            reach: Reach::NONE,
        };
        Self {
            working: 0,
            listings: instruments.iter().map(listing).collect(),
            desk: Desk::new(config, 0),
            others: Vec::new(),
        }
    }

    /// Ends the sessions of instruments that have any at these times, ascending: DAY orders end
    /// there.
    #[must_use]
    pub fn with_sessions(mut self, closes: Vec<UnixNanos>) -> Self {
        self.desk.closes = closes;
        self
    }

    /// Lets taking move the price, of each instrument by its own law.
    #[must_use]
    pub fn with_laws(mut self, laws: &[SquareRoot]) -> Self {
        for (listing, law) in self.listings.iter_mut().zip(laws) {
            listing.law = Some(*law);
        }
        self
    }

    /// Takes the next report.
    #[inline]
    pub fn poll_report(&mut self) -> Option<VenueReport> {
        let first = self.first_report().copied();
        self.drop_report();
        first
    }

    /// The next report, to be looked at in place; then [`SimVenue::drop_report`].
    #[inline]
    #[must_use]
    pub fn first_report(&self) -> Option<&VenueReport> {
        let first = self.desk.reports.front();
        first.or_else(|| self.others.iter().find_map(|desk| desk.reports.front()))
    }

    /// The next report was taken.
    #[inline]
    pub fn drop_report(&mut self) {
        let mut desks = core::iter::once(&mut self.desk).chain(&mut self.others);
        if let Some(desk) = desks.find(|desk| !desk.reports.is_empty()) {
            desk.reports.pop_front();
        }
    }

    /// Whether a report waits.
    #[inline]
    #[must_use]
    pub fn has_report(&self) -> bool {
        !self.desk.reports.is_empty() || self.others.iter().any(|d| !d.reports.is_empty())
    }

    /// Whether no order waits here: the market alone makes no report then.
    #[inline]
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.working == 0
    }

    /// The recorded book of an instrument, once there is one.
    #[must_use]
    pub fn book(&self, instrument: InstrumentId) -> Option<&ByPrice> {
        self.listings.get(instrument.index())?.book.as_deref()
    }

    /// The recorded market moves on by one row; resting orders may fill.
    #[inline(always)]
    pub fn handle_market(&mut self, now: UnixNanos, event: &MarketEvent) {
        let Some(listing) = self.listings.get_mut(event.instrument.index()) else {
            return;
        };
        let far = listing.working == 0 || listing.is_far(now, event);
        match &mut listing.book {
            // A trade changes no book: rows of both kinds take one way, so that none is guessed.
            Some(book) if far => {
                book.apply(event);
                let (bid, ask) = listing.reach.touch();
                if (event.kind != EventKind::Trade as u8) & book.reaches(bid, ask) {
                    self.handle_crossing(now, event.instrument);
                }
            }
            _ => self.handle_row(now, event),
        }
    }

    /// Takes plain rows of one instrument as long as they can matter to no order, so that none of
    /// them makes a report. Returns the first other one, with which nothing was done.
    #[inline(always)]
    pub fn handle_far<'e>(&mut self, rows: &mut impl Iterator<Item = Row<'e>>) -> Option<Row<'e>> {
        let mut row = rows.next()?;
        let instrument = row.1.instrument;
        let Some(listing) = self.listings.get_mut(instrument.index()) else {
            return Some(row);
        };
        let (waits, reach, day_ends) = (listing.working > 0, listing.reach, listing.day_ends);
        let (bid, ask) = reach.touch();
        let Some(book) = listing.book.as_deref_mut() else {
            return Some(row);
        };
        let Some(plain) = book.plain(instrument) else {
            return Some(row);
        };
        if waits & (!listing.stops.is_empty() | book.reaches(bid, ask)) {
            return Some(row);
        }
        loop {
            let (now, event) = row;
            if !plain.holds(event) || (waits && (reach.is_near(event) | (now >= day_ends))) {
                return Some(row);
            }
            book.apply_plain(event);
            row = rows.next()?;
        }
    }

    /// The best of a side has moved across orders of the other.
    #[inline(never)]
    fn handle_crossing(&mut self, now: UnixNanos, instrument: InstrumentId) {
        self.at(instrument, |listing, desk| listing.fill_crossed(now, desk));
    }

    #[inline(never)]
    fn handle_row(&mut self, now: UnixNanos, event: &MarketEvent) {
        let Some(listing) = self.listings.get_mut(event.instrument.index()) else {
            return;
        };
        if listing.working > 0 {
            let before = listing.working;
            let desk = desk_of(&mut self.desk, &mut self.others, listing.desk);
            listing.handle_event(now, event, desk);
            if listing.working != before {
                self.working = self.working + listing.working - before;
                listing.refresh_reach();
            }
        } else if event.kind != EventKind::Trade as u8 {
            listing.book_mut().apply(event);
        }
    }

    /// Lets something happen to one listing, and keeps the count of what waits.
    #[inline]
    fn at(&mut self, instrument: InstrumentId, happen: impl FnOnce(&mut Listing, &mut Desk)) {
        if let Some(listing) = self.listings.get_mut(instrument.index()) {
            let before = listing.working;
            let desk = desk_of(&mut self.desk, &mut self.others, listing.desk);
            happen(listing, desk);
            self.working = self.working + listing.working - before;
            listing.refresh_reach();
        }
    }

    /// A bar begins: orders that wait for an open fill.
    #[inline]
    pub fn handle_bar_open(&mut self, bar: &Bar) {
        match self.listings.get_mut(bar.instrument.index()) {
            Some(listing) if listing.working == 0 => listing.begin_bar(bar),
            _ => self.at(bar.instrument, |listing, desk| {
                listing.handle_bar_open(bar, desk);
            }),
        }
    }

    /// A bar began and ended while nothing waited.
    #[inline]
    pub fn skip_bar(&mut self, bar: &Bar) {
        if let Some(listing) = self.listings.get_mut(bar.instrument.index()) {
            listing.on_bars = true;
        }
    }

    /// A bar ends: orders that its range reached fill.
    #[inline]
    pub fn handle_bar_close(&mut self, bar: &Bar) {
        match self.listings.get_mut(bar.instrument.index()) {
            Some(listing) if listing.working == 0 => listing.bar = None,
            _ => self.at(bar.instrument, |listing, desk| {
                listing.handle_bar_close(bar, desk);
            }),
        }
    }

    /// A new order arrives.
    pub fn handle_new(&mut self, now: UnixNanos, owner: u32, order: &NewOrder) {
        self.at(order.instrument, |listing, desk| {
            listing.handle_new(now, owner, order, desk);
        });
    }

    /// A request to end an order arrives.
    pub fn handle_cancel(&mut self, now: UnixNanos, owner: u32, cancel: &CancelOrder) {
        self.at(cancel.instrument, |listing, desk| {
            listing.handle_cancel(now, owner, cancel, desk);
        });
    }

    /// A request for other terms arrives.
    pub fn handle_replace(&mut self, now: UnixNanos, owner: u32, replace: &ReplaceOrder) {
        self.at(replace.instrument, |listing, desk| {
            listing.handle_replace(now, owner, replace, desk);
        });
    }

    /// The recorded market has ended: what still waits expires. Returns how many orders did.
    pub fn expire_all(&mut self, now: UnixNanos) -> usize {
        let mut expired = 0;
        for listing in &mut self.listings {
            let desk = desk_of(&mut self.desk, &mut self.others, listing.desk);
            for side in [&mut listing.bids, &mut listing.asks, &mut listing.stops] {
                for resting in side.drain(..) {
                    let cum_qty = resting.cum_qty;
                    desk.report(now, &resting, ReportKind::Expired { cum_qty });
                    expired += 1;
                }
            }
            listing.working = 0;
        }
        self.working = 0;
        expired
    }
}

impl Desk {
    /// The number of the session that a time belongs to, and when that ends.
    fn session(&self, instrument: &Instrument, at: UnixNanos) -> (i64, UnixNanos) {
        if self.closes.is_empty() || !instrument.spec().sessions {
            let day = at.day();
            return (day, UnixNanos((day + 1).saturating_mul(UnixNanos::DAY_NS)));
        }
        let place = self.closes.partition_point(|close| *close <= at);
        let end = self.closes.get(place).copied();
        (place as i64, end.unwrap_or(UnixNanos::MAX))
    }

    fn report(&mut self, now: UnixNanos, resting: &Resting, kind: ReportKind) {
        let report = Report {
            ts_event: now,
            client_order_id: resting.order.client_order_id,
            venue_order_id: resting.venue_order_id,
            instrument: resting.order.instrument,
            side: resting.order.side,
            kind,
        };
        self.reports.push_back(VenueReport {
            owner: resting.owner,
            report,
        });
    }

    fn refuse(
        &mut self,
        now: UnixNanos,
        owner: u32,
        (client_order_id, instrument): (ClientOrderId, InstrumentId),
        kind: ReportKind,
    ) {
        let report = Report {
            ts_event: now,
            client_order_id,
            venue_order_id: VenueOrderId(0),
            instrument,
            side: Side::Buy,
            kind,
        };
        self.reports.push_back(VenueReport { owner, report });
    }

    /// Executes `qty` of an order. An execution whose fee does not fit ends the order instead.
    fn fill(
        &mut self,
        now: UnixNanos,
        instrument: &Instrument,
        resting: &mut Resting,
        (price, qty): (Price, i64),
        liquidity: Liquidity,
    ) {
        let last_qty = Qty(qty.min(resting.leaves()));
        if last_qty.0 <= 0 {
            return;
        }
        let fees = self.traded.fees_at(now, &self.config);
        let charged = &mut resting.charged;
        let Ok(fee) = fees.fee(instrument, price, last_qty, liquidity, charged) else {
            let reason = RejectReason::BadPrice;
            return self.report(now, resting, ReportKind::Rejected { reason });
        };
        self.traded.add(&self.config, instrument, (price, last_qty));
        resting.cum_qty.0 += last_qty.0;
        let exec_id = ExecId(self.next_exec);
        self.next_exec += 1;
        let cum_qty = resting.cum_qty;
        let kind = ReportKind::Fill {
            exec_id,
            last_qty,
            last_price: price,
            cum_qty,
            fee,
            fee_asset: py_rt_types::FeeAsset::Quote,
            liquidity,
        };
        self.report(now, resting, kind);
    }
}
