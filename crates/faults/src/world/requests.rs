//! Requests as they arrive: what goes wrong before they are carried out, and with their answers.

use py_rt_live::net::LaneId;
use py_rt_types::UnixNanos;

use super::{Delivery, World, ACCOUNT, MARKET, MS, ORDERS, QUERIES};
use crate::mouths::binance::call::WRONG_TIME;
use crate::mouths::binance::{self, streams, Fate};
use crate::mouths::{alpaca, http, Answer, Call};
use crate::plan::{Dialect, Fault};

/// A venue's word that it takes no requests, at a venue that counts all lanes together: it holds
/// from when it is heard.
#[derive(Debug, Default)]
pub(super) struct Quota {
    /// On its way over this connection: how long it holds, and whether for new orders only.
    told: Option<(u64, i64, bool)>,
    until: UnixNanos,
    orders_until: UnixNanos,
}

impl Quota {
    /// Something arrives over a connection.
    pub(super) fn hear(&mut self, now: UnixNanos, life: u64) {
        let Some((_, ms, orders_only)) = self.told.take_if(|told| told.0 == life) else {
            return;
        };
        // A little less than what was said: the client counts from when it has read it.
        let until = now.plus((ms - 10) * MS);
        let held = if orders_only {
            &mut self.orders_until
        } else {
            &mut self.until
        };
        *held = until.max(*held);
    }

    /// Whether a request may not leave now.
    pub(super) fn forbids(&self, now: UnixNanos, lane: LaneId, new_order: bool) -> bool {
        let request = lane == ORDERS || lane == QUERIES;
        request && (now < self.until || (new_order && now < self.orders_until))
    }
}

impl World {
    /// Whether this asks for other terms of an order, and is under way for seconds; where an
    /// answer only says that it will be looked at, that is decided late instead.
    pub(super) fn is_late_replace(&mut self, call: &Call) -> bool {
        let asks = self.plan.dialect == Dialect::Binance && call.is_replace();
        asks && self.strikes(Fault::ReplaceLate)
    }

    pub(super) fn handle_request(&mut self, life: u64, lane: LaneId, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes).into_owned();
        if lane == ACCOUNT || lane == MARKET {
            if self.lanes[lane].life == life {
                self.greet(lane, &text);
            }
            return;
        }
        let Some(call) = Call::parse(self.plan.dialect, bytes) else {
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
            return self.limit(life, lane, &call);
        }
        if self.strikes(Fault::GatewayRefusal) {
            return self.reply(life, lane, 1, &http(502, "", "<html>bad gateway</html>"));
        }
        if call.is_new() && self.strikes(Fault::OrderRejected) {
            let refused = match self.plan.dialect {
                Dialect::Alpaca => (
                    422,
                    "{\"code\":42210000,\"message\":\"rejected by a rule\"}",
                ),
                Dialect::Binance => (
                    400,
                    "{\"code\":-2010,\"msg\":\"Account has insufficient balance for requested \
                     action.\"}",
                ),
            };
            return self.reply(life, lane, 1, &http(refused.0, "", refused.1));
        }
        let hidden = call.is_new() && self.strikes(Fault::HiddenOrder);
        let hidden_ms = if hidden {
            self.dice.between(50, 2_000)
        } else {
            0
        };
        let visible_from = self.now().plus(hidden_ms * MS);
        let found = match &call {
            Call::Alpaca(call) => alpaca::rest::answer(&mut self.truth, call, visible_from),
            Call::Binance(call) => match self.carry_out(call, visible_from) {
                Ok(found) => found,
                Err(seconds) => return self.forbid(life, lane, (429, -1003), seconds),
            },
        };
        self.set_in_motion(found.began);
        self.respond(life, lane, &call, &found);
    }

    /// Carries a request out at Binance; or says for how many seconds it takes none.
    fn carry_out(
        &mut self,
        call: &binance::call::Call,
        visible_from: UnixNanos,
    ) -> Result<Answer, i64> {
        if let Some(seconds) = self.weights.count(self.truth.clock(), call) {
            self.probes.count("weight of the minute used up");
            return Err(seconds);
        }
        let part = if self.dice.falls(400) {
            self.dice.between(0, 999)
        } else {
            1_000
        };
        let ends = call.is_order_call() && !call.is_new();
        let mut fate = Fate {
            visible_from,
            part,
            before: 0,
            told_late_ms: 0,
            refuse_new: call.is_replace() && self.strikes(Fault::HalfReplaced),
        };
        let raced = if call.is_replace() {
            self.strikes(Fault::ReplaceRejected)
        } else {
            ends && self.strikes(Fault::FillWhileCanceling)
        };
        if raced || (ends && self.strikes(Fault::FillAfterCancel)) {
            fate.before = self.dice.between(1, 5);
            fate.told_late_ms = if raced { 0 } else { self.dice.between(1, 300) };
        }
        let found = binance::answer(&mut self.truth, call, fate, &self.books);
        let wrong_time = found.body.starts_with(&format!("{{\"code\":{WRONG_TIME},"));
        if wrong_time {
            self.probes.count("refused for its time");
            let client = call.parameter("newClientOrderId");
            self.not_looked_at.extend(client.map(str::to_string));
        }
        Ok(found)
    }

    /// The quota is used up.
    fn limit(&mut self, life: u64, lane: LaneId, call: &Call) {
        if self.plan.dialect == Dialect::Alpaca {
            if self.lanes[lane].life == life {
                self.limited[lane] = self.now().plus(990 * MS);
            }
            let answer = "HTTP/1.1 429 X\r\nRetry-After: 1\r\nContent-Length: 2\r\n\r\n{}";
            return self.reply(life, lane, 1, answer);
        }
        match self.dice.between(0, 2) {
            0 if call.is_order_call() && call.client().is_some() => {
                self.forbid(life, lane, (429, -1015), 1);
            }
            1 => self.forbid(life, lane, (418, -1003), 2),
            _ => self.forbid(life, lane, (429, -1003), 1),
        }
    }

    /// Says that nothing is taken for some seconds: by everybody, once it was heard.
    fn forbid(&mut self, life: u64, lane: LaneId, (status, code): (u16, i64), seconds: i64) {
        if self.lanes[lane].life == life {
            self.quota.told = Some((life, seconds * 1_000, code == -1015));
        }
        let body = format!("{{\"code\":{code},\"msg\":\"Too many requests.\"}}");
        let headers = format!("Retry-After: {seconds}\r\n");
        self.reply(life, lane, 1, &http(status, &headers, &body));
    }

    /// A page in place of the answer to an order: nobody knows what became of it.
    fn page(&mut self) -> (u16, &'static str) {
        let html = (504, "<html>gateway timeout</html>");
        if self.plan.dialect == Dialect::Alpaca {
            return html;
        }
        match self.dice.between(0, 2) {
            0 => html,
            1 => (
                504,
                "{\"code\":-1007,\"msg\":\"Timeout waiting for response from backend server. Send \
                 status unknown; execution status unknown.\"}",
            ),
            _ => (
                503,
                "{\"code\":-1006,\"msg\":\"An unexpected response was received from the message \
                 bus. Execution status unknown.\"}",
            ),
        }
    }

    fn respond(&mut self, life: u64, lane: LaneId, call: &Call, found: &Answer) {
        let headers = match self.plan.dialect {
            Dialect::Alpaca => String::new(),
            Dialect::Binance => self.weights.header(),
        };
        let text = http(found.status, &headers, &found.body);
        let order_call = call.is_order_call();
        if self.strikes(Fault::AnswerReset) {
            return self.cut_if(life, lane);
        }
        if self.strikes(Fault::AnswerMute) {
            return;
        }
        if order_call && self.strikes(Fault::GatewayPage) {
            let (status, body) = self.page();
            return self.reply(life, lane, 1, &http(status, "", body));
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

    pub(super) fn cut_if(&mut self, life: u64, lane: LaneId) {
        if self.lanes[lane].life == life {
            self.deliver(lane, 2, Delivery::Closed(lane));
        }
    }

    /// What streams answer to what they hear.
    fn greet(&mut self, lane: LaneId, text: &str) {
        let instruments = self.plan.instruments;
        let heard = match (self.plan.dialect, lane) {
            (Dialect::Alpaca, ACCOUNT) => alpaca::greet_account(text).map(|say| (say, false)),
            (Dialect::Alpaca, _) => alpaca::greet_market(text, instruments),
            (Dialect::Binance, ACCOUNT) => streams::greet_account(text, self.truth.clock()),
            (Dialect::Binance, _) => streams::greet_market(text).map(|say| (say.to_string(), true)),
        };
        let Some((say, from_now_on)) = heard else {
            return;
        };
        self.say(lane, 1, &say);
        match lane {
            ACCOUNT => self.listening |= from_now_on,
            _ => self.subscribed |= from_now_on,
        }
    }
}
