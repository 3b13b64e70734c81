//! Clock, wires and everything that goes wrong on them; the venue behind.
//!
//! One queue of (time, place in line). What a client sends takes a while to arrive, also when the
//! client dies meanwhile; what the venue says goes to the connection that is open when it says it.

mod happenings;

use std::collections::BTreeMap;

use py_rt_live::net::LaneId;
use py_rt_types::UnixNanos;

use crate::dice::Dice;
use crate::plan::{Fault, Plan};
use crate::probes::Probes;
use crate::venue::rest::{answer, Answer, Call};
use crate::venue::truth::{Status, Truth};
use crate::venue::{json, listing::LISTINGS};

pub(crate) const MS: i64 = 1_000_000;
/// When every run begins.
pub(crate) const START: UnixNanos = UnixNanos(1_790_000_000_000_000_000);
/// The lanes of a session with one order connection.
pub(crate) const ORDERS: LaneId = 0;
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
    subscribed: bool,
    quiet_from: UnixNanos,
    /// A word for the kill file, to be written by whoever runs the world.
    pub(crate) word: Option<&'static str>,
    foreign: u64,
    /// Nothing may arrive on a lane before this: the venue said so.
    limited: [UnixNanos; 4],
    /// How often something did.
    pub(crate) intrusions: u64,
    /// New orders of ours that left and did not arrive yet: instrument, buy, quantity.
    flying: BTreeMap<u64, (usize, bool, i64)>,
    /// Whether an order of ours was seen: only from then on is what others trade foreign.
    traded: bool,
}

impl World {
    pub(crate) fn new(plan: &Plan) -> Self {
        let mut world = Self {
            truth: Truth::new(START, plan.instruments),
            plan: plan.clone(),
            probes: Probes::default(),
            dice: Dice::new(plan.seed).fork(2),
            due: BTreeMap::new(),
            next: 0,
            lives: 0,
            lanes: Default::default(),
            subscribed: false,
            quiet_from: START.plus(plan.trouble_ms * MS),
            word: None,
            foreign: 0,
            limited: [START; 4],
            intrusions: 0,
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
        self.subscribed = false;
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
        if lane == MARKET {
            self.subscribed = false;
            self.say(lane, 2, "[{\"T\":\"success\",\"msg\":\"connected\"}]");
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
        let order = Call::parse(bytes).and_then(|call| call.new_order());
        let delay = if order.is_some() && self.strikes(Fault::RequestLate) {
            self.dice.between(1_000, 9_000)
        } else {
            self.dice.between(1, 6)
        };
        self.at(delay, Due::Request(life, lane, bytes.to_vec()));
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
        for text in std::mem::take(&mut self.truth.told) {
            if self.strikes(Fault::ReportLost) {
                continue;
            }
            let late = self.strikes(Fault::ReportLate);
            let delay = if late { self.dice.between(5, 400) } else { 1 };
            self.say(ACCOUNT, delay, &text);
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
            Due::End(order, status) => self.truth.end(order, status),
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
        if matches!(delivery, Delivery::Closed(_)) {
            self.lanes[lane] = Lane::default();
        }
        Some(delivery)
    }

    fn handle_request(&mut self, life: u64, lane: LaneId, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes).into_owned();
        if lane == ACCOUNT || lane == MARKET {
            if self.lanes[lane].life == life {
                self.greet(lane, &text);
            }
            return;
        }
        let Some(call) = Call::parse(bytes) else {
            return;
        };
        self.traded |= call.is_order_call();
        if self.now() < self.limited[lane] && self.lanes[lane].life == life {
            self.intrusions += 1;
        }
        if self.strikes(Fault::RequestLost) {
            return self.cut_if(life, lane);
        }
        if self.strikes(Fault::RateLimited) {
            if self.lanes[lane].life == life {
                self.limited[lane] = self.now().plus(990 * MS);
            }
            let answer = "HTTP/1.1 429 X\r\nRetry-After: 1\r\nContent-Length: 2\r\n\r\n{}";
            return self.reply(life, lane, 1, answer);
        }
        if self.strikes(Fault::GatewayRefusal) {
            return self.reply(life, lane, 1, &http(502, "<html>bad gateway</html>"));
        }
        if call.verb == "POST" && self.strikes(Fault::OrderRejected) {
            let body = "{\"code\":42210000,\"message\":\"rejected by a rule\"}";
            return self.reply(life, lane, 1, &http(422, body));
        }
        let hidden = call.verb == "POST" && self.strikes(Fault::HiddenOrder);
        let hidden_ms = if hidden {
            self.dice.between(50, 2_000)
        } else {
            0
        };
        let visible_from = self.now().plus(hidden_ms * MS);
        let found = answer(&mut self.truth, &call, visible_from);
        self.set_in_motion(found.began);
        self.respond(life, lane, &call, &found);
    }

    fn respond(&mut self, life: u64, lane: LaneId, call: &Call, found: &Answer) {
        let text = http(found.status, &found.body);
        let order_call = call.is_order_call();
        if self.strikes(Fault::AnswerReset) {
            return self.cut_if(life, lane);
        }
        if self.strikes(Fault::AnswerMute) {
            return;
        }
        if order_call && self.strikes(Fault::GatewayPage) {
            return self.reply(life, lane, 1, &http(504, "<html>gateway timeout</html>"));
        }
        if self.strikes(Fault::AnswerHalf) {
            self.reply(life, lane, 1, &text[..text.len() / 2]);
            return self.cut_if(life, lane);
        }
        let late = self.strikes(Fault::AnswerLate);
        let delay = if late {
            self.dice.between(100, 6_000)
        } else {
            self.dice.between(1, 8)
        };
        self.reply(life, lane, delay, &text);
    }

    fn reply(&mut self, life: u64, lane: LaneId, after_ms: i64, text: &str) {
        if self.lanes[lane].life == life {
            self.say(lane, after_ms, text);
        }
    }

    fn cut_if(&mut self, life: u64, lane: LaneId) {
        if self.lanes[lane].life == life {
            self.deliver(lane, 2, Delivery::Closed(lane));
        }
    }

    fn greet(&mut self, lane: LaneId, text: &str) {
        if lane == ACCOUNT {
            if text.contains("authenticate") {
                self.say(
                    lane,
                    1,
                    "{\"stream\":\"authorization\",\"data\":{\"status\":\"authorized\",\
                     \"action\":\"authenticate\"}}",
                );
            } else if text.contains("listen") {
                let heard = "{\"stream\":\"listening\",\"data\":{\"streams\":[\"trade_updates\"]}}";
                self.say(lane, 1, heard);
            }
        } else if text.contains("\"auth\"") {
            self.say(lane, 1, "[{\"T\":\"success\",\"msg\":\"authenticated\"}]");
        } else if text.contains("subscribe") {
            let names = LISTINGS[..self.plan.instruments].iter();
            let names: Vec<String> = names.map(|l| format!("\"{}\"", l.symbol)).collect();
            let heard = format!(
                "[{{\"T\":\"subscription\",\"orderbooks\":[{}]}}]",
                names.join(",")
            );
            self.say(lane, 1, &heard);
            self.subscribed = true;
        }
    }
}

fn http(status: u16, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n\r\n{body}")
}
