//! Clock, wires and everything that goes wrong on them; the venue behind.
//!
//! One queue of (time, place in line). What a client sends takes a while to arrive, also when the
//! client dies meanwhile; what the venue says goes to the connection that is open when it says it.

mod happenings;
mod requests;

use std::collections::{BTreeMap, BTreeSet};

use py_rt_live::net::LaneId;
use py_rt_types::UnixNanos;

use crate::dice::Dice;
use crate::mouths::binance::streams::Shown;
use crate::mouths::binance::weights::Weights;
use crate::mouths::{alpaca, binance, Call};
use crate::plan::{Dialect, Fault, Plan};
use crate::probes::Probes;
use crate::venue::listing::{Listing, LISTINGS};
use crate::venue::truth::{Fees, Status, Ticket, Truth, CASH};
use requests::Quota;

pub(crate) const MS: i64 = 1_000_000;
/// When every run begins.
pub(crate) const START: UnixNanos = UnixNanos(1_790_000_000_000_000_000);
/// Executions of somebody's in an account that is crowded: more than a page holds.
const CROWD: i64 = 1_100;
/// The lanes of a session with one order connection.
pub(crate) const ORDERS: LaneId = 0;
pub(crate) const QUERIES: LaneId = 1;
pub(crate) const ACCOUNT: LaneId = 2;
pub(crate) const MARKET: LaneId = 3;

/// Something on its way to a client.
#[derive(Debug, Clone)]
pub(crate) enum Delivery {
    Opened(LaneId),
    Closed(LaneId),
    Bytes(LaneId, Vec<u8>),
    Pong(LaneId),
}

#[derive(Debug, Clone)]
enum Due {
    Deliver(u64, Delivery),
    Request(u64, LaneId, Vec<u8>),
    Fill(usize, i64),
    LateFill(usize, i64),
    Cancel(usize),
    Replace(usize, usize),
    End(usize, Status),
    Cut(LaneId, u64),
    Market(usize),
}

#[derive(Debug, Default)]
struct Lane {
    /// The connection that is open, 0 for none.
    life: u64,
    /// Nothing comes through any more, and nobody says so.
    mute: bool,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) truth: Truth,
    pub(crate) plan: Plan,
    pub(crate) probes: Probes,
    dice: Dice,
    due: BTreeMap<(UnixNanos, u64), Due>,
    next: u64,
    lives: u64,
    lanes: [Lane; 4],
    /// Whether market data were subscribed to.
    subscribed: bool,
    /// Whether reports were, where they have to be.
    listening: bool,
    quiet_from: UnixNanos,
    /// A word for the kill file, to be written by whoever runs the world.
    pub(crate) word: Option<&'static str>,
    foreign: u64,
    /// Nothing may arrive on a lane before this: the venue said so.
    limited: [UnixNanos; 4],
    /// How often something did.
    pub(crate) intrusions: u64,
    /// The same where all lanes count together, and what requests weigh there.
    quota: Quota,
    weights: Weights,
    /// What is shown of each book, where changes are told.
    books: Vec<Shown>,
    /// Orders that were refused without being looked at: they may leave once more.
    pub(crate) not_looked_at: BTreeSet<String>,
    /// New orders of ours that left and did not arrive yet: instrument, buy, quantity.
    flying: BTreeMap<u64, (usize, bool, i64)>,
    /// Whether an order of ours was seen: only from then on is what others trade foreign.
    traded: bool,
}

impl World {
    pub(crate) fn new(plan: &Plan) -> Self {
        let mut world = Self {
            truth: truth(plan),
            plan: plan.clone(),
            probes: Probes::default(),
            dice: Dice::new(plan.seed).fork(2),
            due: BTreeMap::new(),
            next: 0,
            lives: 0,
            lanes: Default::default(),
            subscribed: false,
            listening: false,
            quiet_from: START.plus(plan.trouble_ms * MS),
            word: None,
            foreign: 0,
            limited: [START; 4],
            intrusions: 0,
            quota: Quota::default(),
            weights: Weights::default(),
            books: vec![Shown::default(); plan.instruments],
            not_looked_at: BTreeSet::new(),
            flying: BTreeMap::new(),
            traded: false,
        };
        for instrument in 0..plan.instruments {
            world.at(1, Due::Market(instrument));
        }
        world
    }

    pub(crate) fn now(&self) -> UnixNanos {
        self.truth.now
    }

    /// From when on there are no faults.
    pub(crate) const fn quiet_from(&self) -> UnixNanos {
        self.quiet_from
    }

    /// Whether faults have ceased.
    pub(crate) fn is_quiet(&self) -> bool {
        self.now() >= self.quiet_from
    }

    /// A process died and another begins: its connections are gone, what it sent still arrives.
    pub(crate) fn restart_clients(&mut self, after_ms: i64) {
        self.lanes = Default::default();
        self.limited = [START; 4];
        self.quota = Quota::default();
        (self.subscribed, self.listening) = (false, false);
        let until = self.now().plus(after_ms * MS);
        while self.advance(until).is_some() {}
    }

    fn at(&mut self, after_ms: i64, due: Due) {
        self.next += 1;
        let at = self.truth.now.plus(after_ms * MS);
        self.due.insert((at, self.next), due);
    }

    /// Whether a fault happens now; counts it.
    fn strikes(&mut self, fault: Fault) -> bool {
        let rate = self.plan.rate(fault);
        let strikes = rate > 0 && !self.is_quiet() && self.dice.falls(rate);
        if strikes {
            self.probes.count_fault(fault);
        }
        strikes
    }

    /// As [`World::strikes`], for occasions that come very often.
    fn strikes_rarely(&mut self, fault: Fault) -> bool {
        self.dice.falls(60) && self.strikes(fault)
    }

    fn deliver(&mut self, lane: LaneId, after_ms: i64, delivery: Delivery) {
        let life = self.lanes[lane].life;
        if life != 0 && !self.lanes[lane].mute {
            self.at(after_ms, Due::Deliver(life, delivery));
        }
    }

    fn say(&mut self, lane: LaneId, after_ms: i64, text: &str) {
        let bytes = text.as_bytes().to_vec();
        self.deliver(lane, after_ms, Delivery::Bytes(lane, bytes));
    }

    fn cut(&mut self, lane: LaneId) {
        self.deliver(lane, 1, Delivery::Closed(lane));
    }

    pub(crate) fn open(&mut self, lane: LaneId) {
        self.lives += 1;
        self.lanes[lane] = Lane {
            life: self.lives,
            mute: false,
        };
        self.deliver(lane, 1, Delivery::Opened(lane));
        self.listening &= lane != ACCOUNT;
        if lane == MARKET {
            self.subscribed = false;
            if self.plan.dialect == Dialect::Alpaca {
                self.say(lane, 2, "[{\"T\":\"success\",\"msg\":\"connected\"}]");
            }
        }
    }

    pub(crate) fn close(&mut self, lane: LaneId) {
        self.lanes[lane] = Lane::default();
    }

    pub(crate) fn send(&mut self, lane: LaneId, bytes: &[u8]) {
        let life = self.lanes[lane].life;
        if bytes.is_empty() {
            return self.deliver(lane, 1, Delivery::Pong(lane));
        }
        if life == 0 {
            return;
        }
        let call = Call::parse(self.plan.dialect, bytes);
        let order = call.as_ref().and_then(Call::new_order);
        let late = order.is_some() && self.strikes(Fault::RequestLate);
        let late_replace = call.as_ref().is_some_and(|call| self.is_late_replace(call));
        let delay = if late {
            self.dice.between(1_000, 9_000)
        } else if late_replace {
            self.dice.between(1_000, 6_000)
        } else {
            self.dice.between(1, 6)
        };
        if self.quota.forbids(self.now(), lane, order.is_some()) {
            self.intrusions += 1;
        }
        self.at(delay, Due::Request(life, lane, bytes.to_vec()));
        let arrives_at = self.truth.clock().plus(delay * MS);
        let order = order.filter(|_| call.is_some_and(|call| call.is_good(arrives_at)));
        if let Some(order) = order {
            self.flying.insert(self.next, order);
        }
    }

    /// The largest position, without its sign, that may come of what is at the venue and on its
    /// way there: the truth, whatever our books say.
    pub(crate) fn worst(&self, instrument: usize) -> i64 {
        let (mut long, mut short) = (0, 0);
        let mut add = |buy: bool, qty: i64| {
            let side = if buy { &mut long } else { &mut short };
            *side += qty;
        };
        for order in &self.truth.orders {
            if order.instrument == instrument && order.status.is_live() && !order.foreign {
                add(order.buy, order.qty - order.cum);
            }
        }
        for &(_, buy, qty) in self.flying.values().filter(|one| one.0 == instrument) {
            add(buy, qty);
        }
        let held = self.truth.position(instrument, true);
        (held + long).abs().max((held - short).abs())
    }

    /// Goes on to the next thing that a client hears, at the longest until `until`.
    pub(crate) fn advance(&mut self, until: UnixNanos) -> Option<Delivery> {
        loop {
            match self.due.first_key_value() {
                Some((&(at, _), _)) if at <= until => {
                    self.truth.now = self.truth.now.max(at);
                    let ((_, place), due) = self.due.pop_first()?;
                    self.flying.remove(&place);
                    let heard = self.happen(due);
                    self.spread();
                    if heard.is_some() {
                        return heard;
                    }
                }
                _ => {
                    let far = self.truth.now.plus(1_000_000 * MS);
                    self.truth.now = self.truth.now.max(until.min(far));
                    return None;
                }
            }
        }
    }

    /// Sends what the venue told meanwhile to whoever listens.
    fn spread(&mut self) {
        for word in std::mem::take(&mut self.truth.told) {
            let text = match self.plan.dialect {
                Dialect::Alpaca => alpaca::json::update(&self.truth, &word),
                Dialect::Binance if !self.listening => continue,
                Dialect::Binance => binance::spell::report(&self.truth, &word),
            };
            if self.strikes(Fault::ReportLost) {
                continue;
            }
            let late = self.strikes(Fault::ReportLate);
            let delay = if late { self.dice.between(5, 400) } else { 1 };
            self.say(ACCOUNT, delay + word.late_ms, &text);
            if self.strikes(Fault::ReportTwice) {
                let delay = self.dice.between(1, 900);
                self.say(ACCOUNT, delay, &text);
            }
        }
    }

    fn happen(&mut self, due: Due) -> Option<Delivery> {
        match due {
            Due::Deliver(life, delivery) => return self.arrive(life, delivery),
            Due::Request(life, lane, bytes) => self.handle_request(life, lane, &bytes),
            Due::Fill(order, qty) => self.truth.fill(order, qty, false),
            Due::LateFill(order, qty) => self.truth.fill(order, qty, true),
            Due::Cancel(order) => self.finish_cancel(order),
            Due::Replace(old, new) => {
                let refuse = self.strikes(Fault::ReplaceRejected);
                self.truth.finish_replace(old, new, refuse);
            }
            Due::End(order, status) => self.end(order, status),
            Due::Cut(lane, life) => self.cut_if(life, lane),
            Due::Market(instrument) => self.tick(instrument),
        }
        None
    }

    fn arrive(&mut self, life: u64, delivery: Delivery) -> Option<Delivery> {
        let (Delivery::Opened(lane)
        | Delivery::Closed(lane)
        | Delivery::Bytes(lane, _)
        | Delivery::Pong(lane)) = delivery;
        if self.lanes[lane].life != life {
            return None;
        }
        if let Delivery::Bytes(_, _) = delivery {
            self.quota.hear(self.truth.now, life);
        }
        if matches!(delivery, Delivery::Closed(_)) {
            self.lanes[lane] = Lane::default();
        }
        Some(delivery)
    }
}

/// The venue's books as they are before anybody trades.
fn truth(plan: &Plan) -> Truth {
    let mut truth = Truth::new(START, plan.instruments);
    truth.skew_ns = plan.skew_ms * MS;
    truth.fees = Fees {
        millionths: i64::from(plan.fee_millionths),
        third: plan.third_asset_fees,
    };
    if plan.dialect == Dialect::Binance {
        // Somebody's, and no whole number of lots.
        let owned = |one: &Listing| one.lot_atto() * 10_003 / 8;
        truth.before = LISTINGS[..plan.instruments].iter().map(owned).collect();
    }
    if plan.crowded {
        let order = truth.place(Ticket {
            client: "somebody".to_string(),
            buy: true,
            qty: CROWD,
            tif: "gtc".to_string(),
            foreign: true,
            ..Ticket::default()
        });
        (0..CROWD).for_each(|_| truth.fill(order.unwrap_or_default(), 1, false));
        truth.told.clear();
        truth.paid_before = CASH - truth.cash(false);
    }
    truth
}
