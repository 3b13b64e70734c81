//! Time bars, any number of frames at once.

use super::{check, Bar, BarError, Bars, Trade};

/// One session of an exchange: trades from `open` until before `close` belong to it [ns UTC].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// Its first instant.
    pub open: i64,
    /// The first instant after it.
    pub close: i64,
}

/// Bars of one or more lengths.
///
/// An interval is [start, end) and labelled by its end. Without sessions its start is a multiple of
/// the length since the epoch; with sessions, the open of the session plus a multiple, and an
/// interval ends at the latest when its session does. Trades outside of every session are counted
/// and left out. An interval without a trade has no bar.
#[derive(Debug, Clone)]
pub struct TimeBars {
    /// Lengths, ascending.
    frames: Vec<i64>,
    sessions: Vec<Session>,
    /// The session that was found last.
    at: usize,
    open: Vec<Option<Bar>>,
    last: i64,
    outside: u64,
}

impl TimeBars {
    /// Frames are lengths above 0 [ns]; sessions ascending and apart, or none at all.
    ///
    /// # Errors
    /// `Parameter` when a length is not positive or occurs twice, or sessions overlap.
    pub fn new(frames: &[i64], sessions: &[Session]) -> Result<Self, BarError> {
        let parameter = |name, must| Err(BarError::Parameter { name, must });
        let mut frames = frames.to_vec();
        frames.sort_unstable();
        if frames.is_empty() || frames.first().is_some_and(|frame| *frame <= 0) {
            return parameter("frames", "lengths above 0, at least one");
        }
        if frames.windows(2).any(|pair| pair[0] == pair[1]) {
            return parameter("frames", "different lengths");
        }
        let apart = sessions
            .windows(2)
            .all(|pair| pair[0].close <= pair[1].open);
        if !apart || sessions.iter().any(|session| session.open >= session.close) {
            return parameter(
                "sessions",
                "ascending, each open before its close, none overlapping",
            );
        }
        Ok(Self {
            open: vec![None; frames.len()],
            frames,
            sessions: sessions.to_vec(),
            at: 0,
            last: i64::MIN,
            outside: 0,
        })
    }

    /// Trades that lay outside of every session.
    #[must_use]
    pub fn outside(&self) -> u64 {
        self.outside
    }

    /// The session of an instant, or none; without sessions one that begins at the epoch.
    fn session_of(&mut self, ts: i64) -> Option<Session> {
        if self.sessions.is_empty() {
            return Some(Session {
                open: 0,
                close: i64::MAX,
            });
        }
        while let Some(session) = self.sessions.get(self.at) {
            if ts < session.close {
                return (session.open <= ts).then_some(*session);
            }
            self.at += 1;
        }
        None
    }
}

/// The interval of an instant in its session.
fn interval(ts: i64, frame: i64, session: Session) -> (i64, i64) {
    let start = session.open + (ts - session.open).div_euclid(frame).saturating_mul(frame);
    (start, start.saturating_add(frame).min(session.close))
}

impl Bars for TimeBars {
    fn update(&mut self, trade: &Trade, closed: &mut Vec<Bar>) -> Result<(), BarError> {
        check(trade, self.last)?;
        self.advance(trade.ts, closed);
        let Some(session) = self.session_of(trade.ts) else {
            self.outside += 1;
            return Ok(());
        };
        for (slot, &frame) in self.open.iter_mut().zip(&self.frames) {
            match slot {
                Some(bar) => bar.add(trade),
                None => {
                    let (start, end) = interval(trade.ts, frame, session);
                    *slot = Some(Bar::of(trade, start, end, frame));
                }
            }
        }
        Ok(())
    }

    fn advance(&mut self, now: i64, closed: &mut Vec<Bar>) {
        self.last = self.last.max(now);
        let first = closed.len();
        for slot in &mut self.open {
            if slot.is_some_and(|bar| bar.ts_close <= now) {
                closed.extend(slot.take());
            }
        }
        if let Some(fresh) = closed.get_mut(first..) {
            fresh.sort_by_key(|bar| (bar.ts_close, bar.frame));
        }
    }

    fn finish(&mut self, open: &mut Vec<Bar>) {
        let first = open.len();
        open.extend(self.open.iter_mut().filter_map(Option::take));
        if let Some(fresh) = open.get_mut(first..) {
            fresh.sort_by_key(|bar| (bar.ts_close, bar.frame));
        }
        self.at = 0;
        self.last = i64::MIN;
        self.outside = 0;
    }

    fn fresh(&self) -> Box<dyn Bars> {
        let mut fresh = self.clone();
        fresh.finish(&mut Vec::new());
        Box::new(fresh)
    }
}
