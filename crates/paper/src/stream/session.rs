//! Connections come, say what they want, and go.

use std::collections::{BTreeMap, BTreeSet};

use super::{msgpack, wire, Encoding, Hub, Outlet, Session, Stream};
use crate::binance::LineKind;
use crate::engine::Engine;
use crate::fault::stream::{Channel, Outbox};
use crate::listing::plain_symbol;
use crate::listing::Dialect;
use crate::node::{Name, Node};
use py_rt_types::Side;
use serde_json::Value;

/// Channels of market data; what is never sent here may be subscribed all the same.
const CHANNELS: [&str; 7] = [
    "trades",
    "quotes",
    "bars",
    "updatedBars",
    "dailyBars",
    "statuses",
    "lulds",
];
const BOOKS: &str = "orderbooks";

fn success(text: &'static str) -> Node {
    let message = Node::map([("T", "success".into()), ("msg", text.into())]);
    Node::List(vec![message])
}

fn error(code: i64, text: &'static str) -> Node {
    let code = Node::Int(code);
    let message = Node::map([("T", "error".into()), ("code", code), ("msg", text.into())]);
    Node::List(vec![message])
}

impl Hub {
    /// A connection was made.
    pub(crate) fn open(&mut self, id: u64, stream: Stream, encoding: Encoding, outbox: Outbox) {
        let session = Session {
            stream,
            encoding,
            account: None,
            listening: false,
            channels: BTreeMap::new(),
            outbox,
        };
        self.sessions.insert(id, session);
        if stream != Stream::Trading {
            self.send(id, Self::frame(encoding, &success("connected")));
        }
    }

    /// Ends the sign-on of sessions, on the stream of trading and of markets; returns how many.
    pub(crate) fn expire(&mut self, [trading, market]: [bool; 2]) -> u64 {
        let sessions = self.sessions.iter();
        let signed_on: Vec<(u64, Stream, Encoding)> = sessions
            .filter(|(_, session)| session.account.is_some())
            .map(|(id, session)| (*id, session.stream, session.encoding))
            .filter(|(_, stream, _)| match stream {
                Stream::Trading => trading,
                Stream::Market(_) => market,
            })
            .collect();
        let count = signed_on.len() as u64;
        for (id, stream, encoding) in signed_on {
            match stream {
                Stream::Trading => self.send(id, super::trading::expired()),
                Stream::Market(_) => {
                    self.send(id, Self::frame(encoding, &error(401, "not authenticated")));
                }
            }
            self.close(id);
        }
        count
    }
}

impl Engine {
    /// A connection of the Binance dialect was made.
    pub(crate) fn open_line(&mut self, id: u64, kind: LineKind, names: Vec<String>, wire: Outlet) {
        let name = match kind {
            LineKind::Api => "trading",
            _ => "market",
        };
        let channel = Channel {
            dialect: Dialect::Binance,
            name,
        };
        let outbox = self.outbox(wire.frames, wire.cut, channel);
        if self.desk.count_of(kind == LineKind::Api) < self.connections_most {
            self.desk.open(id, kind, names, outbox, self.now);
            self.desk.wind(self.now);
        }
    }

    /// A connection of the Alpaca dialect was made.
    pub(crate) fn open_stream(
        &mut self,
        id: u64,
        stream: Stream,
        encoding: Encoding,
        wire: Outlet,
    ) {
        let name = match stream {
            Stream::Trading => "trading",
            Stream::Market(_) => "market",
        };
        let channel = Channel {
            dialect: Dialect::Alpaca,
            name,
        };
        let outbox = self.outbox(wire.frames, wire.cut, channel);
        let before = self.hub.count_of(stream);
        self.hub.open(id, stream, encoding, outbox);
        if before >= self.connections_most {
            let refusal = error(406, "connection limit exceeded");
            self.hub.send(id, Hub::frame(encoding, &refusal));
            self.hub.close(id);
        }
    }

    /// A connection is gone.
    pub(crate) fn close_stream(&mut self, id: u64) {
        self.hub.close(id);
        self.desk.close(id);
        self.desk.wind(self.now);
    }

    /// A client said something on its stream.
    pub(crate) fn handle_stream(&mut self, id: u64, bytes: &[u8]) {
        let Some(session) = self.hub.sessions.get(&id) else {
            return;
        };
        let (stream, encoding) = (session.stream, session.encoding);
        // A client may write JSON on a MessagePack stream: a map of either begins differently.
        let message = match (encoding, bytes.first()) {
            (Encoding::Msgpack, Some(first)) if *first != b'{' => msgpack::decode(bytes),
            _ => serde_json::from_slice(bytes).ok(),
        };
        let message = message.unwrap_or(Value::Null);
        if stream == Stream::Trading {
            return self.handle_trading(id, &message);
        }
        let answer = self.handle_market_message(id, &message);
        self.hub.send(id, Hub::frame(encoding, &answer));
        if message["action"] == "subscribe" {
            self.send_books(id, &message[BOOKS]);
        }
    }

    fn handle_market_message(&mut self, id: u64, message: &Value) -> Node {
        let Some(session) = self.hub.sessions.get(&id) else {
            return Node::Null;
        };
        let known = session.account.is_some();
        match message["action"].as_str() {
            None => error(400, "invalid syntax"),
            Some("auth") if known => error(403, "already authenticated"),
            Some("auth") => {
                let text = |name: &str| message[name].as_str();
                let account = self.account_of(text("key"), text("secret"));
                if let Some(session) = self.hub.sessions.get_mut(&id) {
                    session.account = account;
                }
                match account {
                    Some(_) => success("authenticated"),
                    None => error(402, "auth failed"),
                }
            }
            Some(_) if !known => error(401, "not authenticated"),
            Some(action @ ("subscribe" | "unsubscribe")) => {
                self.subscribe(id, message, action == "subscribe")
            }
            Some(_) => error(400, "invalid syntax"),
        }
    }

    /// Changes what a session follows; the answer is the whole set.
    fn subscribe(&mut self, id: u64, message: &Value, add: bool) -> Node {
        let Some(session) = self.hub.sessions.get(&id) else {
            return Node::Null;
        };
        let crypto = session.stream == Stream::Market(crate::listing::Class::Crypto);
        let mut channels = session.channels.clone();
        for channel in CHANNELS.into_iter().chain([BOOKS]) {
            for symbol in self.symbols_of(&message[channel]) {
                let symbols = channels.entry(channel).or_default();
                if add {
                    symbols.insert(symbol);
                } else {
                    symbols.remove(&symbol);
                }
            }
        }
        let list = |symbols: Option<&BTreeSet<String>>| {
            let symbols = symbols.into_iter().flatten();
            Node::List(symbols.map(|symbol| Node::text(symbol.clone())).collect())
        };
        let mut fields = vec![(Name::Borrowed("T"), "subscription".into())];
        for channel in CHANNELS {
            fields.push((Name::Borrowed(channel), list(channels.get(channel))));
        }
        if crypto {
            fields.push((Name::Borrowed(BOOKS), list(channels.get(BOOKS))));
        } else {
            let trades = list(channels.get("trades"));
            fields.push((Name::Borrowed("corrections"), trades.clone()));
            fields.push((Name::Borrowed("cancelErrors"), trades));
        }
        if let Some(session) = self.hub.sessions.get_mut(&id) {
            session.channels = channels;
        }
        self.hub.count_followers();
        Node::List(vec![Node::Map(fields)])
    }

    /// Symbols as they are listed, whatever way they were written.
    fn symbols_of(&self, list: &Value) -> Vec<String> {
        let names = list
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str);
        names
            .map(|name| match self.place_of(name) {
                Some(place) => self.listings[place].symbol().to_owned(),
                None if name == "*" => name.to_owned(),
                None => plain_symbol(name),
            })
            .collect()
    }

    /// Shows the books that a session has just begun to follow.
    fn send_books(&mut self, id: u64, list: &Value) {
        let wanted = self.symbols_of(list);
        let all = wanted.iter().any(|symbol| symbol == "*");
        for place in 0..self.listings.len() {
            let listing = &self.listings[place];
            let Some(session) = self.hub.sessions.get(&id) else {
                return;
            };
            let named = all || wanted.iter().any(|symbol| symbol == listing.symbol());
            if !named || session.stream != Stream::Market(listing.class) {
                continue;
            }
            let sides = [Side::Buy, Side::Sell];
            let [bids, asks] = sides.map(|side| wire::book_levels(&self.venue, place, side));
            let head = wire::head("o", listing);
            let node = wire::book(head, listing, self.now, (&bids, &asks));
            let node = Node::List(vec![node.with("r", Node::Bool(true))]);
            let frame = Hub::frame(session.encoding, &node);
            self.hub.send(id, frame);
        }
    }
}
