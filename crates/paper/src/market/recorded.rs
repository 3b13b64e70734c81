//! A recording, shifted to virtual time.

use py_rt_types::{EventKind, InstrumentId, MarketEvent, UnixNanos};

use crate::config::Recording;

/// Rows that are looked at for a first two-sided book.
const PREROLL_ROWS_MAX: usize = 1_000_000;
/// Virtual pause between the end of a repeated recording and its beginning.
const REPEAT_PAUSE_NS: i64 = 1_000_000_000;

/// Plays a recording.
pub(crate) struct Replay {
    events: Vec<MarketEvent>,
    places: Vec<Option<InstrumentId>>,
    at: usize,
    /// Virtual time less recorded time.
    shift: i64,
    /// Latest due time so far: due times never go back.
    latest: UnixNanos,
    repeat: bool,
}

impl Replay {
    pub(crate) fn new(recording: Recording, repeat: bool) -> Self {
        let places = recording.instruments.iter();
        Self {
            places: places
                .map(|place| place.map(|at| InstrumentId(u32::try_from(at).unwrap_or(u32::MAX))))
                .collect(),
            events: recording.events,
            at: 0,
            shift: 0,
            latest: UnixNanos::MIN,
            repeat,
        }
    }

    fn place(&self, event: &MarketEvent) -> Option<InstrumentId> {
        *self.places.get(event.instrument.index())?
    }

    /// When a row was received; recordings without that clock carry the venue's.
    const fn recorded_at(event: &MarketEvent) -> i64 {
        if event.ts_recv.0 > event.ts_event.0 {
            event.ts_recv.0
        } else {
            event.ts_event.0
        }
    }

    /// The rows up to the first message after which every book has two sides.
    pub(crate) fn preroll(&mut self, start: UnixNanos) -> Vec<MarketEvent> {
        let places = self.places.iter();
        let mut sides: Vec<[bool; 2]> = places.map(|place| [place.is_none(); 2]).collect();
        let limit = self.events.len().min(PREROLL_ROWS_MAX);
        let complete = self.events[..limit].iter().position(|row| {
            if let Some(seen) = sides.get_mut(row.instrument.index()) {
                note_side(row, seen);
            }
            row.is_end() && sides.iter().all(|seen| seen[0] && seen[1])
        });
        // A recording that never shows a whole book is played from its first row.
        self.at = complete.map_or(0, |last| last + 1);
        let rows = self.events[..self.at].to_vec();
        let first = self
            .at
            .checked_sub(1)
            .and_then(|last| self.events.get(last));
        let base = first.or(self.events.first()).map_or(0, Self::recorded_at);
        self.shift = start.0.saturating_sub(base);
        self.latest = start;
        let stamped = rows.into_iter().filter_map(|row| self.stamped(row, start));
        stamped.collect()
    }

    fn stamped(&self, event: MarketEvent, at: UnixNanos) -> Option<MarketEvent> {
        Some(MarketEvent {
            ts_event: at,
            ts_recv: at,
            instrument: self.place(&event)?,
            ..event
        })
    }

    pub(crate) fn due(&self) -> UnixNanos {
        match self.events.get(self.at) {
            Some(event) => UnixNanos(Self::recorded_at(event))
                .plus(self.shift)
                .max(self.latest),
            None => UnixNanos::MAX,
        }
    }

    pub(crate) fn skip(&mut self, step: i64) {
        self.shift = self.shift.saturating_add(step);
    }

    pub(crate) fn pop(&mut self) -> Option<MarketEvent> {
        let event = *self.events.get(self.at)?;
        self.latest = self.due();
        self.at += 1;
        if self.at == self.events.len() && self.repeat {
            self.at = 0;
            let first = self.events.first().map_or(0, Self::recorded_at);
            self.shift = self.latest.plus(REPEAT_PAUSE_NS).since(UnixNanos(first));
        }
        self.stamped(event, self.latest)
    }
}

/// Notes a row that puts something into a side of the book.
fn note_side(row: &MarketEvent, seen: &mut [bool; 2]) {
    let sets = matches!(
        row.event_kind(),
        Some(EventKind::Depth | EventKind::Snapshot | EventKind::Quote)
    );
    if sets && row.qty.0 > 0 {
        match row.side {
            1 => seen[0] = true,
            -1 => seen[1] = true,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use py_rt_types::{Price, Qty, END};

    fn row(ts: i64, kind: u8, side: i8, flags: u16) -> MarketEvent {
        MarketEvent {
            ts_event: UnixNanos(ts),
            ts_recv: UnixNanos(ts + 5),
            instrument: InstrumentId(0),
            kind,
            side,
            flags,
            price: Price(100),
            qty: Qty(1),
            order_id: 0,
        }
    }

    fn replay(repeat: bool) -> Replay {
        let events = vec![
            row(10, 1, 1, END),
            row(20, 2, 0, 0),
            row(20, 3, 1, 0),
            row(20, 3, -1, 0),
            row(20, 3, -1, END),
            row(50, 1, 1, END),
            row(40, 1, 1, END),
        ];
        let instruments = vec![Some(3)];
        Replay::new(
            Recording {
                events,
                instruments,
            },
            repeat,
        )
    }

    #[test]
    fn the_first_book_is_whole_and_the_rest_keeps_its_distances() {
        let mut replay = replay(false);
        let first = replay.preroll(UnixNanos(1000));
        assert_eq!(first.len(), 5);
        assert!(first.iter().all(|e| e.ts_event == UnixNanos(1000)));
        assert!(first.iter().all(|e| e.instrument == InstrumentId(3)));
        assert_eq!(replay.due(), UnixNanos(1030));
        assert_eq!(replay.pop().map(|e| e.ts_event), Some(UnixNanos(1030)));
        assert_eq!(
            replay.pop().map(|e| e.ts_event),
            Some(UnixNanos(1030)),
            "never back"
        );
        assert_eq!((replay.due(), replay.pop()), (UnixNanos::MAX, None));
    }

    #[test]
    fn a_repeated_recording_begins_again_after_a_pause() {
        let mut replay = replay(true);
        replay.preroll(UnixNanos(1000));
        replay.pop();
        replay.pop();
        assert_eq!(replay.due(), UnixNanos(1030 + REPEAT_PAUSE_NS));
    }
}
