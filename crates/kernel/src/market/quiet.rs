//! Rows that nobody waits for and that move no best price: the book takes them, and what only the
//! last of many leaves behind is caught up with at the end.

use py_rt_types::{EventKind, InstrumentId, MarketEvent, UnixNanos, END};

use super::Market;

/// The last quiet row of a book and the last quiet trade of one instrument, with their times.
#[derive(Debug, Default)]
pub(crate) struct Left<'e> {
    pub(crate) instrument: InstrumentId,
    last: [Option<(UnixNanos, &'e MarketEvent)>; 2],
}

impl<'e> Left<'e> {
    /// Whether rows of this instrument may be noted.
    #[inline(always)]
    pub(crate) fn is_of(&self, instrument: InstrumentId) -> bool {
        self.instrument == instrument
    }

    #[inline(always)]
    pub(crate) fn note(&mut self, now: UnixNanos, event: &'e MarketEvent) {
        self.last[usize::from(event.kind == EventKind::Trade as u8)] = Some((now, event));
    }
}

impl Market {
    /// Applies a row that is a message of its own and moves no best price. False when it is none:
    /// nothing was done then.
    #[inline(always)]
    pub(crate) fn step_quiet(&mut self, event: &MarketEvent) -> bool {
        let Some(market) = self.instruments.get_mut(event.instrument.index()) else {
            return false;
        };
        let Some(book) = market.book.as_deref_mut() else {
            return false;
        };
        (event.flags == END) & market.before.is_none() && book.step_still(event)
    }

    /// Catches up with what quiet rows left behind; returns the time of the last.
    #[inline]
    pub(crate) fn leave(&mut self, left: &Left<'_>) -> Option<UnixNanos> {
        let market = self.instruments.get_mut(left.instrument.index())?;
        let [booked, traded] = left.last;
        if let (Some((now, _)), true) = (booked, market.marks) {
            market.ts_mark = now;
        }
        if let Some((_, event)) = booked {
            market.last[0] = (event.price, event.qty);
        }
        if let Some((_, event)) = traded {
            market.last[1] = (event.price, event.qty);
            market.traded = true;
        }
        let time = |row: Option<(UnixNanos, &MarketEvent)>| row.map(|row| row.0);
        time(booked).max(time(traded))
    }
}
