//! Real orders as if they were ours: what each queue model says of them, and what became of them.
//!
//! Idea: a recording by order is replayed through the book by order. Some of its orders are taken
//! as ours from the moment they join a queue. Each model follows them by what a level-2 feed would
//! show: the others' quantity at the price, and trades. What really happened is known: executed,
//! or taken away by its owner. Costs: a row touches the followed orders of its price only.
//!
//! A model's order is executed when trades have used up the queue in front and then its own
//! quantity, when a trade goes through its price, or, once the real one is gone, when the other
//! side's best crosses it: the rules of the simulated venue. Where the book stays crossed (an
//! auction, a recording with orders that are long gone), the orders are let go unjudged.

use std::collections::BTreeMap;

use py_rt_kernel::market::{ByOrder, Touched, NO_SLOT};
use py_rt_types::{EventKind, MarketEvent, Price, Qty, Side, UnixNanos};

use super::{is_in_front, QueueModel, QueuePosition};
use crate::random::roll;

/// "It did not happen."
pub const NEVER: i64 = i64::MAX;
/// A book that is crossed for longer than this says nothing about queues.
const CROSSED_NS_MAX: i64 = 1_000_000_000;

/// Which orders are followed, and how.
#[derive(Debug, Clone)]
pub struct StudyConfig {
    /// The models that are asked.
    pub models: Vec<QueueModel>,
    /// Random positions a model, beside the expected one.
    pub draws: usize,
    /// Seed of choice and draws.
    pub seed: u64,
    /// How many of a million orders are followed.
    pub per_million: u32,
    /// An order is followed for so long, ns.
    pub horizon_ns: i64,
    /// Orders further than so many ticks behind the best price are not followed.
    pub distance_max: i64,
}

/// One order that was followed.
#[derive(Debug, Clone)]
pub struct Followed {
    /// The venue's id of it.
    pub order_id: u64,
    /// When it joined the queue.
    pub ts_joined: UnixNanos,
    /// Which side.
    pub side: Side,
    /// Price in ticks.
    pub price: Price,
    /// Its quantity.
    pub qty: Qty,
    /// What really stood in front of it.
    pub ahead: Qty,
    /// Best ask less best bid when it joined, in ticks.
    pub spread: i64,
    /// Ticks behind the best price of its side; negative when it became the best.
    pub distance: i64,
    /// When it was really executed in full, or [`NEVER`].
    pub ts_filled: i64,
    /// When its owner took it away, or [`NEVER`].
    pub ts_canceled: i64,
    /// When each model says it was executed in full, or [`NEVER`]: for each model the expected
    /// position, then the draws.
    pub predicted: Vec<i64>,
}

struct Track {
    model: QueueModel,
    random: bool,
    position: QueuePosition,
    executed: i64,
}

struct Live {
    row: usize,
    /// What is open of the real order; 0 once it is gone.
    leaves: i64,
    /// The others' quantity at the price, as last seen.
    others: i64,
    /// How many orders had been added before it.
    joined: u32,
    dice: u64,
    tracks: Vec<Track>,
    open: usize,
}

/// The replay.
pub struct FillStudy {
    config: StudyConfig,
    book: ByOrder,
    live: BTreeMap<(i8, i64), Vec<Live>>,
    /// Price of each followed order that still rests in reality, by id.
    resting: BTreeMap<u64, (i8, i64)>,
    followed: Vec<Followed>,
    now: i64,
    /// Since when the book is crossed, or [`NEVER`].
    crossed_since: i64,
}

impl FillStudy {
    /// A study that has seen nothing yet.
    #[must_use]
    pub fn new(config: StudyConfig) -> Self {
        Self {
            config,
            book: ByOrder::new(),
            live: BTreeMap::new(),
            resting: BTreeMap::new(),
            followed: Vec::new(),
            now: i64::MIN,
            crossed_since: NEVER,
        }
    }

    /// Every order followed so far, in the order in which they joined.
    #[must_use]
    pub fn followed(&self) -> &[Followed] {
        &self.followed
    }

    /// Takes one row of one instrument in.
    pub fn handle_event(&mut self, event: &MarketEvent) {
        self.now = self.now.max(event.ts_event.0);
        let kind = event.event_kind();
        if kind == Some(EventKind::Trade) {
            if let Some(aggressor) = event.book_side() {
                self.handle_trade(aggressor.opposite(), event.price, event.qty);
            }
            return;
        }
        if kind == Some(EventKind::Clear) {
            self.book.apply(event);
            self.live.clear();
            self.resting.clear();
            return;
        }
        let rested = self.resting_price(event);
        let joined = self.book.joined(event.order_id);
        let ahead = event.book_side().map(|side| self.ahead(side, event.price));
        let Some(touched) = self.book.apply(event) else {
            return;
        };
        if kind == Some(EventKind::OrderExecute) {
            // What is printed is the execution's price: an order on its way to another price trades
            // there, and not where it rested.
            self.handle_trade(touched.side, event.price, event.qty);
        }
        if let Some(level) = rested {
            self.note_truth(event, level);
        }
        self.handle_depth(touched, joined);
        self.fill_crossed(touched);
        self.let_go_when_crossed();
        if kind == Some(EventKind::OrderAdd) {
            if let (Some((ahead, best)), true) = (ahead, self.is_chosen(event)) {
                self.follow(event, touched.side, ahead, best);
            }
        }
    }

    fn resting_price(&self, event: &MarketEvent) -> Option<(i8, i64)> {
        let kind = event.event_kind()?;
        if !kind.is_by_order() || kind == EventKind::OrderAdd {
            return None;
        }
        self.resting.get(&event.order_id).copied()
    }

    /// Quantity at a price and the best price of its side, before a row changes them.
    fn ahead(&self, side: Side, price: Price) -> (Qty, Option<Price>) {
        let orders = self.book.orders();
        (orders.qty_at(side, price), orders.best(side))
    }

    fn is_chosen(&self, event: &MarketEvent) -> bool {
        let mut dice = event.order_id ^ self.config.seed;
        roll(&mut dice) % 1_000_000 < u64::from(self.config.per_million)
    }

    fn follow(&mut self, event: &MarketEvent, side: Side, ahead: Qty, best: Option<Price>) {
        let orders = self.book.orders();
        let other = orders.best(side.opposite());
        let (Some(own), Some(other)) = (orders.best(side), other) else {
            return;
        };
        let behind = |best: Price| (best.0 - event.price.0) * side.sign();
        let distance = best.map_or(0, behind);
        if !self.book.valid() || distance > self.config.distance_max || ahead.0 <= 0 {
            return;
        }
        let tracks = self.tracks(ahead);
        let mut dice = event.order_id ^ self.config.seed.rotate_left(32);
        roll(&mut dice);
        let live = Live {
            row: self.followed.len(),
            leaves: event.qty.0,
            others: ahead.0,
            joined: self.book.joined(event.order_id).unwrap_or_default(),
            dice,
            open: tracks.len(),
            tracks,
        };
        self.followed.push(Followed {
            order_id: event.order_id,
            ts_joined: event.ts_event,
            side,
            price: event.price,
            qty: event.qty,
            ahead,
            spread: (other.0 - own.0) * side.sign(),
            distance,
            ts_filled: NEVER,
            ts_canceled: NEVER,
            predicted: vec![NEVER; live.open],
        });
        let level = (side as i8, event.price.0);
        self.resting.insert(event.order_id, level);
        self.live.entry(level).or_default().push(live);
    }

    fn tracks(&self, ahead: Qty) -> Vec<Track> {
        let one = |model, random| Track {
            model,
            random,
            position: QueuePosition::behind(ahead),
            executed: 0,
        };
        let mut tracks = Vec::new();
        for &model in &self.config.models {
            tracks.push(one(model, false));
            let random = model != QueueModel::Fifo;
            tracks.extend((0..self.config.draws).map(|_| one(model, random)));
        }
        tracks
    }

    /// What really happened to a followed order.
    fn note_truth(&mut self, event: &MarketEvent, level: (i8, i64)) {
        let (orders, followed) = (self.book.orders(), &mut self.followed);
        let lives = self.live.get_mut(&level).into_iter().flatten();
        let Some(live) = lives
            .into_iter()
            .find(|live| followed[live.row].order_id == event.order_id)
        else {
            self.resting.remove(&event.order_id);
            return;
        };
        let slot = orders.find(event.order_id);
        live.leaves = match slot {
            NO_SLOT => 0,
            slot => orders.order(slot).leaves_qty.0,
        };
        if live.leaves > 0 {
            return;
        }
        self.resting.remove(&event.order_id);
        let row = &mut followed[live.row];
        if event.event_kind() == Some(EventKind::OrderExecute) {
            row.ts_filled = self.now;
        } else {
            row.ts_canceled = self.now;
            live.open = 0;
        }
    }

    /// A trade at or through the price of followed orders that rest on `side`.
    fn handle_trade(&mut self, side: Side, price: Price, qty: Qty) {
        let (now, sign) = (self.now, side as i8);
        let followed = &mut self.followed;
        for (level, lives) in levels_from(&mut self.live, sign, price.0) {
            for live in lives.iter_mut() {
                let row = &mut followed[live.row];
                for (track, predicted) in live.tracks.iter_mut().zip(&mut row.predicted) {
                    if *predicted != NEVER {
                        continue;
                    }
                    track.executed = if level == price.0 {
                        track.executed + track.position.handle_trade(qty).0
                    } else {
                        row.qty.0
                    };
                    if track.executed >= row.qty.0 {
                        *predicted = now;
                        live.open = live.open.saturating_sub(1);
                    }
                }
            }
        }
    }

    /// What the others show at a price has changed.
    fn handle_depth(&mut self, touched: Touched, joined: Option<u32>) {
        let level = (touched.side as i8, touched.price.0);
        let Some(lives) = self.live.get_mut(&level) else {
            return;
        };
        let (now, horizon, followed) = (self.now, self.config.horizon_ns, &self.followed);
        lives.retain_mut(|live| {
            let row = &followed[live.row];
            let aged = now - row.ts_joined.0 > horizon;
            if aged || (live.open == 0 && live.leaves == 0) {
                return false;
            }
            let others = (Qty(live.others), Qty(touched.qty.0 - live.leaves));
            live.others = others.1 .0;
            for (track, predicted) in live.tracks.iter_mut().zip(&row.predicted) {
                if *predicted != NEVER {
                    continue;
                }
                let (random, dice) = (track.random, &mut live.dice);
                let (exact, ours) = (track.model == QueueModel::Fifo, live.joined);
                track.position.handle_depth(track.model, others, |share| {
                    if exact {
                        f64::from(u8::from(is_in_front(joined, ours)))
                    } else if random {
                        let uniform = (roll(dice) >> 11) as f64 / (1u64 << 53) as f64;
                        f64::from(u8::from(uniform < share))
                    } else {
                        share
                    }
                });
            }
            true
        });
        if lives.is_empty() {
            self.live.remove(&level);
        }
    }

    /// The best price of the touched side may have moved across followed orders of the other.
    fn fill_crossed(&mut self, touched: Touched) {
        if touched.qty.0 == 0 || self.book.best(touched.side) != Some(touched.price) {
            return;
        }
        let sign = -(touched.side as i8);
        let now = self.now;
        for (_, lives) in levels_from(&mut self.live, sign, touched.price.0) {
            for live in lives.iter_mut().filter(|live| live.leaves == 0) {
                for predicted in &mut self.followed[live.row].predicted {
                    if *predicted == NEVER {
                        *predicted = now;
                    }
                }
                live.open = 0;
            }
        }
    }

    /// Ends what is followed when the book stays crossed: as if canceled when that began.
    fn let_go_when_crossed(&mut self) {
        if !self.book.is_crossed() {
            self.crossed_since = NEVER;
            return;
        }
        self.crossed_since = self.crossed_since.min(self.now);
        if self.now - self.crossed_since <= CROSSED_NS_MAX {
            return;
        }
        for live in self.live.values().flatten() {
            let row = &mut self.followed[live.row];
            if row.ts_filled == NEVER && row.ts_canceled == NEVER {
                row.ts_canceled = self.crossed_since;
            }
        }
        self.live.clear();
        self.resting.clear();
    }
}

/// Followed orders of a side at `price` and better: a sell trades at its price and above.
fn levels_from(
    live: &mut BTreeMap<(i8, i64), Vec<Live>>,
    side: i8,
    price: i64,
) -> impl Iterator<Item = (i64, &mut Vec<Live>)> {
    let (low, high) = if side > 0 {
        (price, i64::MAX)
    } else {
        (i64::MIN, price)
    };
    live.range_mut((side, low)..=(side, high))
        .map(|(level, lives)| (level.1, lives))
}
