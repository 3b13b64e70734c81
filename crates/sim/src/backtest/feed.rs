//! Cursors over the data: when each row is seen, at the venue and here.

use py_rt_types::{Bar, MarketEvent, UnixNanos};

use crate::venue::SimVenue;

/// Market rows in order, with the time at which one side sees them. Time never goes back: a row
/// that is stamped earlier than the one before it is seen together with that one.
#[derive(Debug, Clone, Copy)]
pub(super) struct EventFeed<'a, D> {
    events: &'a [MarketEvent],
    position: usize,
    next: UnixNanos,
    delay: D,
}

/// When a row is seen.
pub(super) trait Delay: Copy {
    /// Not before the row before it, for which the feed stands.
    fn seen_at(self, event: &MarketEvent) -> UnixNanos;
}

/// The venue sees events when they happen.
#[derive(Debug, Clone, Copy)]
pub(super) struct AtVenue;

/// We see them this many nanoseconds later, and no earlier than they were received.
#[derive(Debug, Clone, Copy)]
pub(super) struct AtKernel(pub(super) i64);

impl Delay for AtVenue {
    #[inline(always)]
    fn seen_at(self, event: &MarketEvent) -> UnixNanos {
        event.ts_event
    }
}

impl Delay for AtKernel {
    #[inline(always)]
    fn seen_at(self, event: &MarketEvent) -> UnixNanos {
        // Nearly never is it too late for an addition: that is asked rather than reckoned with.
        let seen_at = match event.ts_event.0.checked_add(self.0) {
            Some(seen_at) => UnixNanos(seen_at),
            None => event.ts_event.plus(self.0),
        };
        seen_at.max(event.ts_recv)
    }
}

impl<'a, D: Delay> EventFeed<'a, D> {
    pub(super) fn new(events: &'a [MarketEvent], delay: D) -> Self {
        let mut feed = Self {
            events,
            position: 0,
            next: UnixNanos::MIN,
            delay,
        };
        feed.load();
        feed
    }

    #[inline(always)]
    fn load(&mut self) {
        self.next = match self.events.get(self.position) {
            None => UnixNanos::MAX,
            Some(event) => self.delay.seen_at(event).max(self.next),
        };
    }

    /// Goes on with more rows: those of now and those that follow.
    pub(super) fn extend(&mut self, events: &'a [MarketEvent]) {
        self.events = events;
        self.next = UnixNanos::MIN;
        self.load();
    }

    #[inline]
    pub(super) const fn position(&self) -> usize {
        self.position
    }

    /// When the next row is seen; `UnixNanos::MAX` at the end.
    #[inline]
    pub(super) const fn peek(&self) -> UnixNanos {
        self.next
    }

    /// Lets `take` have the next rows, as long as they are seen before `until` and lie before
    /// `most`; goes on behind those that it took.
    #[inline(always)]
    pub(super) fn take<R>(
        &mut self,
        until: UnixNanos,
        most: usize,
        take: impl FnOnce(&mut Rows<'a, D>) -> R,
    ) -> R {
        let end = most.min(self.events.len());
        let mut rows = Rows {
            rows: self.events.get(self.position..end).unwrap_or_default(),
            last: self.next,
            until,
            delay: self.delay,
        };
        let taken = take(&mut rows);
        self.position = self.position.max(end - rows.rows.len());
        self.next = rows.last;
        self.load();
        taken
    }

    #[inline(always)]
    pub(super) fn next(&mut self) -> Option<(UnixNanos, &'a MarketEvent)> {
        let event = self.events.get(self.position)?;
        let now = self.next;
        self.position += 1;
        self.load();
        Some((now, event))
    }
}

/// The next rows of a feed, as long as they are seen before `until`.
pub(super) struct Rows<'a, D> {
    rows: &'a [MarketEvent],
    /// When the row before was seen; before the first, when that is.
    last: UnixNanos,
    until: UnixNanos,
    delay: D,
}

impl<'a, D: Delay> Iterator for Rows<'a, D> {
    type Item = (UnixNanos, &'a MarketEvent);

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        let (event, rest) = self.rows.split_first()?;
        let now = self.delay.seen_at(event).max(self.last);
        if now >= self.until {
            return None;
        }
        (self.rows, self.last) = (rest, now);
        Some((now, event))
    }
}

/// What happens next to a bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BarStep {
    /// It ends at the venue.
    Close,
    /// It begins at the venue.
    Open,
    /// It is seen here.
    Seen,
}

impl BarStep {
    pub(super) const fn is_at_venue(self) -> bool {
        matches!(self, Self::Close | Self::Open)
    }
}

/// Bars: each begins at the venue, ends there, and is seen here after the feed's delay.
#[derive(Debug)]
pub(super) struct BarFeed<'a> {
    bars: &'a [Bar],
    /// Places by rising open, where that is not the order of the bars.
    by_open: Option<Vec<u32>>,
    /// Whether bars are in the order of their opens, and those of one instrument never overlap.
    plain: bool,
    delay_ns: i64,
    /// Bars that were over before these.
    before: usize,
    opened: usize,
    closed: usize,
    seen: usize,
    /// When the next one opens, closes and is seen; `UnixNanos::MAX` for never.
    open_at: UnixNanos,
    close_at: UnixNanos,
    seen_at: UnixNanos,
    next: (UnixNanos, BarStep),
}

impl<'a> BarFeed<'a> {
    pub(super) fn new(bars: &'a [Bar], delay_ns: i64) -> Self {
        let sorted = bars.is_sorted_by_key(|bar| bar.ts_open);
        let by_open = (!sorted).then(|| {
            let mut places: Vec<u32> = (0..bars.len() as u32).collect();
            places.sort_by_key(|&place| bars[place as usize].ts_open);
            places
        });
        let next = (UnixNanos::MAX, BarStep::Seen);
        let mut feed = Self {
            plain: by_open.is_none() && !overlap(bars),
            bars,
            by_open,
            delay_ns,
            before: 0,
            opened: 0,
            closed: 0,
            seen: 0,
            open_at: UnixNanos::MAX,
            close_at: UnixNanos::MAX,
            seen_at: UnixNanos::MAX,
            next,
        };
        feed.load_open();
        feed.load_close();
        feed.load_seen();
        feed.choose();
        feed
    }

    #[inline]
    fn opening(&self) -> Option<&'a Bar> {
        match &self.by_open {
            None => self.bars.get(self.opened),
            Some(places) => self.bars.get(*places.get(self.opened)? as usize),
        }
    }

    #[inline]
    fn load_open(&mut self) {
        self.open_at = self.opening().map_or(UnixNanos::MAX, |bar| bar.ts_open);
    }

    #[inline]
    fn load_close(&mut self) {
        let next = self.bars.get(self.closed);
        self.close_at = next.map_or(UnixNanos::MAX, |bar| bar.ts_close);
    }

    #[inline]
    fn load_seen(&mut self) {
        let next = self.bars.get(self.seen);
        self.seen_at = next.map_or(UnixNanos::MAX, |bar| bar.ts_close.plus(self.delay_ns));
    }

    #[inline(always)]
    fn choose(&mut self) {
        self.next = if self.close_at <= self.open_at && self.close_at <= self.seen_at {
            (self.close_at, BarStep::Close)
        } else if self.open_at <= self.seen_at {
            (self.open_at, BarStep::Open)
        } else {
            (self.seen_at, BarStep::Seen)
        };
    }

    /// Goes on with more bars, those of now and those that follow; all of now are over.
    pub(super) fn extend(&mut self, bars: &'a [Bar]) {
        let over = self.position();
        *self = Self::new(&bars[over..], self.delay_ns);
        self.before = over;
    }

    #[inline]
    pub(super) const fn position(&self) -> usize {
        self.before + self.seen
    }

    #[inline]
    pub(super) const fn peek(&self) -> (UnixNanos, BarStep) {
        self.next
    }

    #[inline(always)]
    pub(super) fn step_venue(&mut self, venue: &mut SimVenue) {
        if self.next.1 == BarStep::Close {
            if let Some(bar) = self.bars.get(self.closed) {
                venue.handle_bar_close(bar);
            }
            self.closed += 1;
            self.load_close();
        } else {
            if let Some(bar) = self.opening() {
                venue.handle_bar_open(bar);
            }
            self.opened += 1;
            self.load_open();
        }
        self.choose();
    }

    #[inline(always)]
    pub(super) fn step_kernel(&mut self) -> Option<&'a Bar> {
        let bar = self.bars.get(self.seen)?;
        self.seen += 1;
        self.load_seen();
        self.choose();
        Some(bar)
    }

    /// Takes the next bar that is seen, without the venue, when that is before `others`. The venue
    /// is brought up to it later by [`BarFeed::catch_up`].
    #[inline(always)]
    pub(super) fn see_ahead(&mut self, others: UnixNanos) -> Option<(UnixNanos, &'a Bar)> {
        if self.seen_at >= others {
            return None;
        }
        let (now, bar) = (self.seen_at, self.bars.get(self.seen)?);
        self.seen += 1;
        self.load_seen();
        Some((now, bar))
    }

    /// Whether an idle venue may be brought up later to what was seen.
    pub(super) const fn is_plain(&self) -> bool {
        self.plain
    }

    /// Lets bars end and begin at a venue without orders up to `at`: of those that were over by
    /// then only the fact remains.
    pub(super) fn catch_up(&mut self, at: UnixNanos, venue: &mut SimVenue) {
        let (closed, opened) = (self.closed, self.opened);
        let over = |bar: &&Bar| bar.ts_close <= at;
        self.closed += self.bars[closed..].iter().take_while(over).count();
        for bar in &self.bars[closed..self.closed.min(opened).max(closed)] {
            venue.handle_bar_close(bar);
        }
        let begun = |bar: &&Bar| bar.ts_open <= at;
        for bar in self.bars[opened..].iter().take_while(begun) {
            if self.opened < self.closed {
                venue.skip_bar(bar);
            } else {
                venue.handle_bar_open(bar);
            }
            self.opened += 1;
        }
        self.load_open();
        self.load_close();
        self.choose();
    }
}

/// Whether a bar begins before the one before it of its instrument has ended.
fn overlap(bars: &[Bar]) -> bool {
    let mut ends: Vec<UnixNanos> = Vec::new();
    bars.iter().any(|bar| {
        let place = bar.instrument.index();
        if place >= ends.len() {
            ends.resize(place + 1, UnixNanos::MIN);
        }
        let before = std::mem::replace(&mut ends[place], bar.ts_close);
        bar.ts_open < before || bar.ts_close <= bar.ts_open
    })
}
