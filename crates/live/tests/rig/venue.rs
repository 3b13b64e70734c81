//! A little venue that speaks the dialect, with the only truth about orders and executions.

use std::collections::BTreeMap;

use py_rt_live::net::LaneId;
use py_rt_types::UnixNanos;
use py_rt_venues::alpaca::ids::parse_uuid;
use py_rt_venues::alpaca::time::parse_instant;

pub use super::faults::Faults;
use super::wire::{ACCOUNT, MARKET};
use super::words::{
    activity, instant, json, lots, qty_text, uuid, Execution, ASSET, AUTHORIZED, CONNECTED,
    LISTENING,
};

const MS: i64 = 1_000_000;
pub const START: UnixNanos = UnixNanos(1_790_000_000_000_000_000);

#[derive(Debug, Clone)]
pub struct VenueOrder {
    pub id: u128,
    pub client: String,
    pub sell: bool,
    pub qty: i64,
    pub cum: i64,
    pub price: String,
    pub status: &'static str,
    pub updated: UnixNanos,
}

/// Something on its way to a client.
#[derive(Debug, Clone)]
pub enum Delivery {
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
    Market,
}

/// Looks at bytes that leave.
pub type Witness = Box<dyn FnMut(&[u8]) + Send>;

/// Clock, wires and venue.
pub struct World {
    pub now: UnixNanos,
    pub orders: Vec<VenueOrder>,
    pub executions: Vec<Execution>,
    pub faults: Faults,
    due: BTreeMap<(UnixNanos, u64), Due>,
    next: u64,
    lives: BTreeMap<LaneId, u64>,
    life: u64,
    inbox: BTreeMap<LaneId, Vec<u8>>,
    calls: u64,
    reports: u64,
    ticks: i64,
    market_open: bool,
    pub number: &'static str,
    /// How often an id was used that was used before.
    pub duplicates: u64,
    /// Looks at every request of an order lane as it leaves.
    pub witness: Option<Witness>,
    cut_at: UnixNanos,
}

impl World {
    pub fn new() -> Self {
        Self {
            now: START,
            orders: Vec::new(),
            executions: Vec::new(),
            faults: Faults::default(),
            due: BTreeMap::new(),
            next: 0,
            lives: BTreeMap::new(),
            life: 0,
            inbox: BTreeMap::new(),
            calls: 0,
            reports: 0,
            ticks: 0,
            market_open: false,
            number: "PA1",
            duplicates: 0,
            witness: None,
            cut_at: START,
        }
    }

    /// A process died and another begins: its connections are gone, what it sent still arrives.
    pub fn restart_clients(&mut self) {
        self.lives.clear();
        self.inbox.clear();
        self.market_open = false;
        self.now = self.now.plus(50 * MS);
    }

    /// Time passes without clients, and somebody cancels what is left: no trace stays open.
    pub fn close_everything(&mut self) {
        self.restart_clients();
        let until = self.now.plus(1_000 * MS);
        while self.advance(until).is_some() {}
        for at in 0..self.orders.len() {
            self.cancel(at);
        }
    }

    fn at(&mut self, after_ms: i64, due: Due) {
        self.next += 1;
        self.due
            .insert((self.now.plus(after_ms * MS), self.next), due);
    }

    fn deliver(&mut self, lane: LaneId, after_ms: i64, delivery: Delivery) {
        if let Some(&life) = self.lives.get(&lane) {
            self.at(after_ms, Due::Deliver(life, delivery));
        }
    }

    fn say(&mut self, lane: LaneId, text: &str) {
        self.deliver(lane, 1, Delivery::Bytes(lane, text.as_bytes().to_vec()));
    }

    pub fn open(&mut self, lane: LaneId) {
        self.life += 1;
        self.lives.insert(lane, self.life);
        self.inbox.remove(&lane);
        self.deliver(lane, 1, Delivery::Opened(lane));
        if lane == MARKET {
            self.deliver(lane, 2, Delivery::Bytes(lane, CONNECTED.to_vec()));
        }
    }

    pub fn close(&mut self, lane: LaneId) {
        self.lives.remove(&lane);
    }

    pub fn send(&mut self, lane: LaneId, bytes: &[u8]) {
        let life = self.lives.get(&lane).copied().unwrap_or(0);
        if let Some(witness) = self.witness.as_mut().filter(|_| lane == 0) {
            witness(bytes);
        }
        if bytes.is_empty() {
            return self.deliver(lane, 1, Delivery::Pong(lane));
        }
        self.at(1, Due::Request(life, lane, bytes.to_vec()));
    }

    /// Goes on to the next thing that a client hears, at the longest until `until`.
    pub fn advance(&mut self, until: UnixNanos) -> Option<Delivery> {
        loop {
            self.cut_if_due();
            match self.due.first_key_value() {
                Some((&(at, _), _)) if at <= until => {
                    self.now = self.now.max(at);
                    let (_, due) = self.due.pop_first().unwrap();
                    if let Some(delivery) = self.happen(due) {
                        return Some(delivery);
                    }
                }
                _ => {
                    self.now = self.now.max(until.min(self.now.plus(1_000_000 * MS)));
                    return None;
                }
            }
        }
    }

    fn cut_if_due(&mut self) {
        let every = self.faults.cut_account_ms * MS;
        if every > 0 && self.now.since(self.cut_at) >= every {
            self.cut_at = self.now;
            self.deliver(ACCOUNT, 0, Delivery::Closed(ACCOUNT));
        }
    }

    fn happen(&mut self, due: Due) -> Option<Delivery> {
        match due {
            Due::Deliver(life, delivery) => {
                let lane = match &delivery {
                    Delivery::Opened(lane)
                    | Delivery::Closed(lane)
                    | Delivery::Bytes(lane, _)
                    | Delivery::Pong(lane) => *lane,
                };
                let alive = self.lives.get(&lane) == Some(&life);
                if alive && matches!(delivery, Delivery::Closed(_)) {
                    self.lives.remove(&lane);
                }
                return alive.then_some(delivery);
            }
            Due::Request(life, lane, bytes) => self.hear(life, lane, &bytes),
            Due::Fill(order, qty) => self.fill(order, qty),
            Due::Market => self.tick(),
        }
        None
    }

    fn hear(&mut self, life: u64, lane: LaneId, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes).into_owned();
        if lane == ACCOUNT {
            if text.contains("authenticate") {
                self.say(lane, AUTHORIZED);
            } else if text.contains("listen") {
                self.say(lane, LISTENING);
            }
        } else if lane == MARKET {
            if text.contains("\"auth\"") {
                self.say(lane, "[{\"T\":\"success\",\"msg\":\"authenticated\"}]");
            } else if text.contains("subscribe") {
                self.say(
                    lane,
                    "[{\"T\":\"subscription\",\"orderbooks\":[\"BTC/USD\"]}]",
                );
                if !self.market_open {
                    self.market_open = true;
                    self.at(5, Due::Market);
                }
            }
        } else {
            let order_call = !text.starts_with("GET");
            self.calls += u64::from(order_call);
            let calls = self.calls;
            let nth = |every: u64| order_call && every > 0 && calls % every == 0;
            if nth(self.faults.unheard_every) {
                return self.deliver(lane, 20, Delivery::Closed(lane));
            }
            let (status, body) = self.answer(&text);
            if nth(self.faults.reset_every) {
                return self.deliver(lane, 1, Delivery::Closed(lane));
            }
            let (status, body) = if nth(self.faults.gateway_timeout_every) {
                (504, "<html>gateway timeout</html>".to_string())
            } else {
                (status, body)
            };
            if self.lives.get(&lane) == Some(&life) {
                let length = body.len();
                let answer =
                    format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n\r\n{body}");
                self.say(lane, &answer);
            }
        }
    }

    /// What the venue answers to a request, faults aside.
    pub fn answer(&mut self, request: &str) -> (u16, String) {
        let line = request.lines().next().unwrap_or_default();
        let mut words = line.split(' ');
        let (verb, path) = (
            words.next().unwrap_or_default(),
            words.next().unwrap_or_default(),
        );
        let unknown = || {
            (
                404,
                "{\"code\":40410000,\"message\":\"order not found\"}".to_string(),
            )
        };
        match (verb, path.split('?').next().unwrap_or_default()) {
            ("POST", "/v2/orders") => self.place(request),
            ("GET", "/v2/orders") => {
                let open = |o: &&VenueOrder| matches!(o.status, "new" | "partially_filled");
                let list: Vec<String> = self.orders.iter().filter(open).map(json).collect();
                (200, format!("[{}]", list.join(",")))
            }
            ("GET", "/v2/orders:by_client_order_id") => {
                let client = path.split_once('=').map_or("", |(_, id)| id);
                let found = self.orders.iter().find(|o| o.client == client);
                found.map_or_else(unknown, |o| (200, json(o)))
            }
            ("GET", "/v2/account/activities/FILL") => (200, self.fills_after(path)),
            ("GET", "/v2/positions") => (200, self.positions()),
            ("GET", "/v2/account") => {
                let cash = self.cash_text();
                let text = format!(
                    "{{\"account_number\":\"{}\",\"cash\":\"{cash}\"}}",
                    self.number
                );
                (200, text)
            }
            ("GET", "/v2/assets/BTC/USD") => (200, ASSET.to_string()),
            (verb, order) => {
                let id = order
                    .rsplit('/')
                    .next()
                    .and_then(|id| parse_uuid(id.as_bytes()));
                let Some(at) = self.orders.iter().position(|o| Some(o.id) == id) else {
                    return unknown();
                };
                if verb == "GET" {
                    return (200, json(&self.orders[at]));
                }
                self.cancel(at)
            }
        }
    }

    fn place(&mut self, request: &str) -> (u16, String) {
        let member = |name: &str| {
            let start = request.find(&format!("\"{name}\":\"")).unwrap() + name.len() + 4;
            request[start..].split('"').next().unwrap().to_string()
        };
        let client = member("client_order_id");
        if self.orders.iter().any(|o| o.client == client) {
            self.duplicates += 1;
            let text = "{\"code\":40010001,\"message\":\"client_order_id must be unique\"}";
            return (422, text.to_string());
        }
        let place = self.orders.len();
        self.orders.push(VenueOrder {
            id: 1_000 + place as u128,
            client,
            sell: member("side") == "sell",
            qty: lots(&member("qty")),
            cum: 0,
            price: member("limit_price"),
            status: "new",
            updated: self.now,
        });
        self.report(place, "new", None);
        let qty = self.orders[place].qty;
        if place % 4 != 3 {
            self.at(30, Due::Fill(place, 1));
            self.at(110, Due::Fill(place, qty - 1));
        }
        (200, json(&self.orders[place]))
    }

    fn cancel(&mut self, at: usize) -> (u16, String) {
        if !matches!(self.orders[at].status, "new" | "partially_filled") {
            let text = "{\"code\":42210000,\"message\":\"order is not cancelable\"}";
            return (422, text.to_string());
        }
        self.orders[at].status = "canceled";
        self.orders[at].updated = self.now;
        self.report(at, "canceled", None);
        (204, String::new())
    }

    fn fill(&mut self, at: usize, qty: i64) {
        let order = &mut self.orders[at];
        if qty <= 0 || !matches!(order.status, "new" | "partially_filled") {
            return;
        }
        order.cum += qty;
        order.updated = self.now;
        order.status = if order.cum == order.qty {
            "filled"
        } else {
            "partially_filled"
        };
        let event = if order.cum == order.qty {
            "fill"
        } else {
            "partial_fill"
        };
        let cum = order.cum;
        self.executions.push(Execution {
            id: 500_000 + self.executions.len() as u128,
            order: at,
            qty,
            cum,
            at: self.now,
        });
        self.report(at, event, Some(self.executions.len() - 1));
    }

    fn report(&mut self, at: usize, event: &str, execution: Option<usize>) {
        self.reports += 1;
        let lost = self.faults.lose_report_every;
        if lost > 0 && self.reports % lost == 0 {
            return;
        }
        let order = &self.orders[at];
        let fill = execution.map_or(String::new(), |place| {
            let one = &self.executions[place];
            format!(
                "\"execution_id\":\"{}\",\"price\":\"{}\",\"qty\":\"{}\",",
                uuid(one.id),
                order.price,
                qty_text(one.qty)
            )
        });
        let text = format!(
            "{{\"stream\":\"trade_updates\",\"data\":{{\"event\":\"{event}\",{fill}\
             \"timestamp\":\"{}\",\"order\":{}}}}}",
            instant(self.now),
            json(order)
        );
        self.say(ACCOUNT, &text);
    }

    fn fills_after(&self, path: &str) -> String {
        let parameter = |name: &str| {
            let text = path.split(&format!("{name}=")).nth(1)?.split('&').next()?;
            Some(text.replace("%3A", ":").replace("%2B", "+"))
        };
        let after = parameter("after")
            .and_then(|text| parse_instant(text.as_bytes()))
            .unwrap();
        let token = parameter("page_token");
        let rows = self.executions.iter().filter(|one| one.at >= after);
        let rows: Vec<&Execution> = rows.collect();
        let from = token.map_or(0, |token| {
            let place = rows.iter().position(|one| activity(one) == token);
            place.map_or(0, |place| place + 1)
        });
        let list: Vec<String> = rows[from..]
            .iter()
            .take(100)
            .map(|one| {
                let order = &self.orders[one.order];
                format!(
                    "{{\"activity_type\":\"FILL\",\"id\":\"{}\",\"transaction_time\":\"{}\",\
                     \"price\":\"{}\",\"qty\":\"{}\",\"cum_qty\":\"{}\",\"side\":\"{}\",\
                     \"symbol\":\"BTC/USD\",\"order_id\":\"{}\"}}",
                    activity(one),
                    instant(one.at),
                    order.price,
                    qty_text(one.qty),
                    qty_text(one.cum),
                    if order.sell { "sell" } else { "buy" },
                    uuid(order.id)
                )
            })
            .collect();
        format!("[{}]", list.join(","))
    }

    /// Signed position in lots.
    pub fn position(&self) -> i64 {
        let signed = |one: &Execution| {
            if self.orders[one.order].sell {
                -one.qty
            } else {
                one.qty
            }
        };
        self.executions.iter().map(signed).sum()
    }

    /// Cash in thousandths: prices have one digit, lots are thousandths.
    pub fn cash(&self) -> i64 {
        let paid = |one: &Execution| {
            let order = &self.orders[one.order];
            let value = (order.price.parse::<f64>().unwrap() * 10.0) as i64 * one.qty;
            if order.sell {
                value
            } else {
                -value
            }
        };
        10_000_000_000 + self.executions.iter().map(paid).sum::<i64>()
    }

    pub fn cash_text(&self) -> String {
        let cash = self.cash();
        let text = format!("{}.{:04}", cash / 10_000, cash % 10_000);
        text.trim_end_matches('0').trim_end_matches('.').to_string()
    }

    fn positions(&self) -> String {
        let lots = self.position();
        if lots == 0 {
            return "[]".to_string();
        }
        let side = if lots < 0 { "short" } else { "long" };
        format!(
            "[{{\"symbol\":\"BTCUSD\",\"qty\":\"{}\",\"side\":\"{side}\",\"cost_basis\":\"1\"}}]",
            qty_text(lots)
        )
    }

    fn tick(&mut self) {
        if !self.market_open {
            return;
        }
        self.ticks += 1;
        let bid = 60_000 + (self.ticks * 7) % 13;
        let text = format!(
            "[{{\"T\":\"o\",\"S\":\"BTC/USD\",\"t\":\"{}\",\"b\":[{{\"p\":{bid}.5,\"s\":2}}],\
             \"a\":[{{\"p\":{}.5,\"s\":2}}],\"r\":true}}]",
            instant(self.now),
            bid + 1
        );
        self.say(MARKET, &text);
        self.at(20, Due::Market);
    }
}
