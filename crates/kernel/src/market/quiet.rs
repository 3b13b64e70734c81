//! Rows that nobody waits for: the book takes them, and what only the last of many leaves behind is
//! caught up with at the end.

use py_rt_types::{EventKind, MarketEvent, UnixNanos};

use super::{Change, Market};

/// A row, and when it is seen.
type Row<'e> = (UnixNanos, &'e MarketEvent);

/// What ended a run of quiet rows.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stop<'e> {
    /// There are no more.
    End,
    /// A row that is not quiet; nothing was done with it.
    Odd(Row<'e>),
    /// The last row moved a best price, which changed this.
    Moved(&'e MarketEvent, Change),
}

impl Market {
    /// Applies rows from `row` on, as long as they are of its instrument, messages of their own
    /// and before `until`, up to one that moves a best price. Returns the time of the last that was
    /// applied, `UnixNanos::MIN` where none was, and what comes now.
    #[inline(always)]
    pub(crate) fn take_quiet<'e>(
        &mut self,
        until: UnixNanos,
        mut row: Row<'e>,
        rows: &mut impl Iterator<Item = Row<'e>>,
    ) -> (UnixNanos, Stop<'e>) {
        let (mut last, mut booked_at, mut traded) = (UnixNanos::MIN, UnixNanos::MIN, None);
        let Some(market) = self.instruments.get_mut(row.1.instrument.index()) else {
            return (last, Stop::Odd(row));
        };
        let Some(book) = market
            .book
            .as_deref_mut()
            .filter(|_| market.before.is_none())
        else {
            return (last, Stop::Odd(row));
        };
        let Some(plain) = book.plain(row.1.instrument) else {
            return (last, Stop::Odd(row));
        };
        let (mut moved, mut odd) = (None, None);
        loop {
            let (now, event) = row;
            if (now >= until) | !plain.holds_alone(event) {
                odd = Some(row);
                break;
            }
            let moves = book.step_plain(event);
            let trade = event.kind == EventKind::Trade as u8;
            booked_at = if trade { booked_at } else { now };
            traded = if trade { Some(event) } else { traded };
            last = now;
            if moves & !trade {
                moved = Some(event);
                break;
            }
            match rows.next() {
                Some(next) => row = next,
                None => break,
            }
        }
        if market.marks {
            // A mark is as old as a row before these.
            market.ts_mark = market.ts_mark.max(booked_at);
        }
        if let Some(event) = traded {
            market.last[1] = (event.price, event.qty);
            market.traded = true;
        }
        let stop = match (moved, odd) {
            (Some(event), _) => Stop::Moved(event, market.follow_best(last, Change::BOOK)),
            (None, Some(row)) => Stop::Odd(row),
            (None, None) => Stop::End,
        };
        (last, stop)
    }
}
