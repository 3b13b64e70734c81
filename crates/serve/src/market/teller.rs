//! From changes of a market to the messages of one stream, and a reader in the same process.

use std::collections::{BTreeMap, VecDeque};
use std::mem;
use std::sync::Arc;

use tokio::sync::broadcast::error::TryRecvError;

use super::{Board, Subscription, Touch};
use crate::proto::{MarketTicks, StreamMarketDataRequest, StreamMarketDataResponse};
use crate::refusal::Refusal;

/// Changes that one message holds at most, whatever was asked for.
pub const BATCH_MAX: usize = 1 << 16;

/// A subscription as messages: every change, at most one in an interval; one a message, or many.
#[derive(Debug)]
pub struct Teller {
    wanted: Vec<bool>,
    interval_ns: i64,
    told: BTreeMap<usize, i64>,
    /// Changes a message; 0 for one a message, in the fields of its own.
    batch: usize,
    gathered: MarketTicks,
    /// Where the symbol of an instrument stands in `gathered`.
    places: BTreeMap<usize, u32>,
}

impl Teller {
    /// Picks out the wanted instruments, thinned to the asked interval in the market's time.
    #[must_use]
    pub fn new(wanted: Vec<bool>, request: &StreamMarketDataRequest) -> Self {
        Self {
            wanted,
            interval_ns: i64::from(request.interval_ms) * 1_000_000,
            told: BTreeMap::new(),
            batch: usize::try_from(request.batch).map_or(BATCH_MAX, |batch| batch.min(BATCH_MAX)),
            gathered: MarketTicks::default(),
            places: BTreeMap::new(),
        }
    }

    /// Whether several changes go together.
    #[must_use]
    pub const fn gathers(&self) -> bool {
        self.batch > 0
    }

    /// Takes changes in, and tells the messages that are complete.
    pub fn take(
        &mut self,
        board: &Board,
        step: &[Touch],
        mut tell: impl FnMut(StreamMarketDataResponse),
    ) {
        for touch in step {
            if !self.picks(touch) {
                continue;
            }
            let Some((symbol, bid, ask, volume)) = board.shown(touch) else {
                continue;
            };
            if !self.gathers() {
                tell(StreamMarketDataResponse {
                    symbol: symbol.to_owned(),
                    timestamp: touch.ts_event,
                    bid,
                    ask,
                    mid: 0.5 * (bid + ask),
                    volume,
                    ticks: None,
                });
                continue;
            }
            let ticks = &mut self.gathered;
            let place = *self.places.entry(touch.instrument).or_insert_with(|| {
                ticks.symbols.push(symbol.to_owned());
                ticks.symbols.len() as u32 - 1
            });
            ticks.symbol_index.push(place);
            ticks.timestamp.push(touch.ts_event);
            ticks.bid.push(bid);
            ticks.ask.push(ask);
            ticks.volume.push(volume);
            if self.gathered.bid.len() >= self.batch {
                self.flush().map(&mut tell);
            }
        }
    }

    /// What was gathered and is not told yet.
    pub fn flush(&mut self) -> Option<StreamMarketDataResponse> {
        if self.gathered.bid.is_empty() {
            return None;
        }
        self.places.clear();
        Some(StreamMarketDataResponse {
            ticks: Some(mem::take(&mut self.gathered)),
            ..StreamMarketDataResponse::default()
        })
    }

    /// Whether this change is told.
    pub(super) fn picks(&mut self, touch: &Touch) -> bool {
        if !self.wanted.get(touch.instrument).copied().unwrap_or(false) {
            return false;
        }
        if self.interval_ns == 0 {
            return true;
        }
        let last = self.told.entry(touch.instrument).or_insert(i64::MIN);
        let due = last.saturating_add(self.interval_ns);
        if *last != i64::MIN && touch.ts_event < due {
            return false;
        }
        *last = touch.ts_event;
        true
    }
}

/// What a reader in the same process finds at one look.
#[derive(Debug)]
#[allow(clippy::large_enum_variant)] // One at a time, handed on at once: a box would cost more.
pub enum Look {
    /// The next message.
    Change(StreamMarketDataResponse),
    /// Nothing yet.
    Nothing,
    /// Nothing more will come.
    End,
}

/// The stream of a reader in the same process, who looks when it suits him.
#[derive(Debug)]
pub struct Reader {
    board: Arc<Board>,
    teller: Teller,
    /// Complete messages.
    ready: VecDeque<StreamMarketDataResponse>,
    subscription: Subscription,
}

impl Reader {
    /// Subscribes.
    ///
    /// # Errors
    /// As [`Board::wanted`].
    pub fn new(board: &Arc<Board>, request: &StreamMarketDataRequest) -> Result<Self, Refusal> {
        let subscription = board.subscribe();
        let mut teller = Teller::new(board.wanted(request)?, request);
        let mut ready = VecDeque::new();
        teller.take(board, &subscription.known, |message| {
            ready.push_back(message);
        });
        Ok(Self {
            board: Arc::clone(board),
            teller,
            ready,
            subscription,
        })
    }

    /// Looks once.
    pub fn look(&mut self) -> Look {
        loop {
            if let Some(message) = self.ready.pop_front() {
                return Look::Change(message);
            }
            // Read before the ring: what ended has told everything by then.
            let ended = *self.subscription.ended.borrow();
            let nothing = match self.subscription.changes.try_recv() {
                Ok(step) => {
                    let ready = &mut self.ready;
                    self.teller
                        .take(&self.board, &step, |message| ready.push_back(message));
                    continue;
                }
                Err(TryRecvError::Lagged(_)) => continue,
                Err(TryRecvError::Empty) if !ended => Look::Nothing,
                Err(_) => Look::End,
            };
            return self.teller.flush().map_or(nothing, Look::Change);
        }
    }
}
