//! Where market events come from: recordings and seeded synthetic markets, in virtual time.

mod recorded;
mod synthetic;
pub(crate) mod tape;

use py_rt_types::{MarketEvent, UnixNanos};

pub(crate) use recorded::Replay;
pub(crate) use synthetic::Maker;

/// One source of market events. Each event carries its virtual time.
pub(crate) enum Source {
    Recorded(Replay),
    Synthetic(Maker),
}

impl Source {
    /// The events that make a first book; the source goes on from there at `start`.
    pub(crate) fn preroll(&mut self, start: UnixNanos) -> Vec<MarketEvent> {
        match self {
            Self::Recorded(replay) => replay.preroll(start),
            Self::Synthetic(maker) => maker.preroll(start),
        }
    }

    /// When the next event is due; `MAX` when none will come.
    pub(crate) fn due(&self) -> UnixNanos {
        match self {
            Self::Recorded(replay) => replay.due(),
            Self::Synthetic(maker) => maker.due(),
        }
    }

    /// All that comes comes later by `step`.
    pub(crate) fn skip(&mut self, step: i64) {
        match self {
            Self::Recorded(replay) => replay.skip(step),
            Self::Synthetic(maker) => maker.skip(step),
        }
    }

    /// Takes the next event.
    pub(crate) fn pop(&mut self) -> Option<MarketEvent> {
        match self {
            Self::Recorded(replay) => replay.pop(),
            Self::Synthetic(maker) => maker.pop(),
        }
    }
}
