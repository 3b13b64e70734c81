//! Connections to `/ws` and `/stream`: what they follow, and how they say so.

use std::collections::BTreeSet;

use py_rt_types::UnixNanos;
use serde_json::Value;

use super::feed::Desk;
use super::market::Interval;
use crate::engine::Engine;
use crate::fault::stream::Outbox;
use crate::node::{Name, Node};
use crate::stream::Frame;

/// Streams that a connection may follow.
const STREAMS_MOST: usize = 1024;
/// Distance of the samples that are sent by the clock.
pub(super) const SAMPLE_NS: i64 = 100_000_000;

/// Which door a connection came through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineKind {
    /// `/ws`: messages as they are.
    Raw,
    /// `/stream`: messages under the name of their stream.
    Combined,
    /// `/ws-api/v3`.
    Api,
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Line {
    pub(super) kind: LineKind,
    pub(super) combined: bool,
    pub(super) names: BTreeSet<String>,
    /// The account that logged on, and when.
    pub(super) signed_on: Option<(usize, UnixNanos)>,
    pub(super) opened: UnixNanos,
    /// Subscriptions to user data: their number and the account.
    pub(super) users: Vec<(i64, usize)>,
    pub(super) outbox: Outbox,
}

impl Line {
    /// Begins to hear of an account; subscriptions are numbered on every connection.
    pub(super) fn subscribe(&mut self, account: usize) -> i64 {
        let number = self.users.last().map_or(0, |user| user.0 + 1);
        self.users.push((number, account));
        number
    }
}

/// A stream, read from its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Topic {
    Trade,
    AggTrade,
    BookTicker,
    /// Differences: place of its clock, 0 for 100 ms and 1 for a second.
    Depth(usize),
    /// The best levels, and the clock.
    Partial(usize, usize),
    Kline(Interval),
    MiniTicker,
    Ticker,
    AvgPrice,
}

impl Topic {
    /// `btcusdt@trade` is a pair's name and a topic.
    pub(super) fn parse(name: &str) -> Option<(&str, Self)> {
        let (symbol, topic) = name.split_once('@')?;
        let clock = |text: &str| match text {
            "" | "@1000ms" => Some(1),
            "@100ms" => Some(0),
            _ => None,
        };
        let topic = match topic {
            "trade" => Self::Trade,
            "aggTrade" => Self::AggTrade,
            "bookTicker" => Self::BookTicker,
            "miniTicker" => Self::MiniTicker,
            "ticker" => Self::Ticker,
            "avgPrice" => Self::AvgPrice,
            _ => {
                if let Some(interval) = topic.strip_prefix("kline_") {
                    Self::Kline(Interval::parse(interval)?)
                } else {
                    let rest = topic.strip_prefix("depth")?;
                    let levels = rest.find('@').map_or(rest, |at| &rest[..at]);
                    let clock = clock(&rest[levels.len()..])?;
                    match levels {
                        "" => Self::Depth(clock),
                        "5" => Self::Partial(5, clock),
                        "10" => Self::Partial(10, clock),
                        "20" => Self::Partial(20, clock),
                        _ => return None,
                    }
                }
            }
        };
        Some((symbol, topic))
    }

    /// It is shown by the clock, not by events.
    const fn is_sampled(self) -> bool {
        !matches!(self, Self::Trade | Self::AggTrade | Self::BookTicker)
    }
}

impl Desk {
    /// A connection was made; its path may name streams.
    pub(crate) fn open(
        &mut self,
        id: u64,
        kind: LineKind,
        names: Vec<String>,
        outbox: Outbox,
        now: UnixNanos,
    ) {
        let line = Line {
            kind,
            combined: kind == LineKind::Combined,
            names: names.into_iter().collect(),
            signed_on: None,
            opened: now,
            users: Vec::new(),
            outbox,
        };
        self.lines.insert(id, line);
        self.count_followed();
    }

    pub(crate) fn has(&self, id: u64) -> bool {
        self.lines.contains_key(&id)
    }

    pub(crate) fn len(&self) -> usize {
        self.lines.len()
    }

    /// Connections to the WebSocket API, or to streams.
    pub(crate) fn count_of(&self, api: bool) -> usize {
        let lines = self.lines.values();
        lines
            .filter(|line| (line.kind == LineKind::Api) == api)
            .count()
    }

    /// The ways out of all connections.
    pub(crate) fn outboxes(&self) -> impl Iterator<Item = &Outbox> {
        self.lines.values().map(|line| &line.outbox)
    }

    /// Ends connections, told by whether they are about trading; returns how many.
    pub(crate) fn close_all(&mut self, wanted: impl Fn(bool) -> bool) -> u64 {
        let before = self.lines.len();
        self.lines
            .retain(|_, line| !wanted(line.kind == LineKind::Api));
        self.count_followed();
        (before - self.lines.len()) as u64
    }

    /// Ends a connection: its socket closes when the outbox is empty.
    pub(crate) fn close(&mut self, id: u64) {
        if self.lines.remove(&id).is_some() {
            self.count_followed();
        }
    }

    /// Puts a message into an outbox; who is too slow, or gone, loses his connection.
    pub(super) fn send(&mut self, id: u64, message: &Node) {
        let text = String::from_utf8(message.to_json()).unwrap_or_default();
        let line = self.lines.get(&id);
        if line.is_none_or(|line| line.outbox.try_send(Frame::Text(text)).is_err()) {
            self.close(id);
        }
    }

    fn count_followed(&mut self) {
        let names = self
            .lines
            .values()
            .flat_map(|line| line.names.iter().cloned());
        self.followed = names.collect();
    }

    pub(super) fn is_sampling(&self) -> bool {
        let sampled = |name: &String| {
            name.starts_with('!') || Topic::parse(name).is_some_and(|(_, topic)| topic.is_sampled())
        };
        self.followed.iter().any(sampled)
    }

    /// Time has jumped: nothing is shown of what lies between.
    pub(crate) fn rewind(&mut self, now: UnixNanos) {
        if self.next_sample != UnixNanos::MAX {
            self.next_sample = after(now);
        }
    }

    /// Sets the clock of samples, or stops it.
    pub(crate) fn wind(&mut self, now: UnixNanos) {
        if !self.is_sampling() {
            self.next_sample = UnixNanos::MAX;
        } else if self.next_sample == UnixNanos::MAX {
            // What changed while nobody looked is not news.
            for feed in &mut self.feeds {
                (0..2).for_each(|clock| feed.drop_pending(clock));
            }
            self.next_sample = after(now);
        }
    }
}

/// When the clock of samples strikes next.
const fn after(now: UnixNanos) -> UnixNanos {
    UnixNanos(now.0 - now.0.rem_euclid(SAMPLE_NS) + SAMPLE_NS)
}

fn refused(code: i64, text: &str, id: &Value) -> Node {
    let error = Node::map([("code", Node::Int(code)), ("msg", Node::text(text))]);
    Node::map([("error", error), ("id", echoed(id))])
}

/// The id of a message, as it was sent: a number, a text or nothing.
pub(super) fn echoed(id: &Value) -> Node {
    match id {
        Value::Number(number) => match number.as_i64() {
            Some(number) => Node::Int(number),
            None => Node::Null,
        },
        Value::String(text) => Node::text(text.clone()),
        _ => Node::Null,
    }
}

impl Engine {
    /// A client said something on `/ws` or `/stream`.
    pub(super) fn handle_line(&mut self, id: u64, bytes: &[u8]) {
        let message: Value = serde_json::from_slice(bytes).unwrap_or(Value::Null);
        let answer = self.control(id, &message);
        self.desk.send(id, &answer);
        self.desk.wind(self.now);
    }

    fn control(&mut self, id: u64, message: &Value) -> Node {
        let Some(line) = self.desk.lines.get_mut(&id) else {
            return Node::Null;
        };
        let wanted = message["params"].as_array().map(Vec::as_slice);
        let wanted = wanted.unwrap_or_default();
        let result = match message["method"].as_str() {
            Some(method @ ("SUBSCRIBE" | "UNSUBSCRIBE")) => {
                let names: Option<Vec<&str>> = wanted.iter().map(Value::as_str).collect();
                let Some(names) = names.filter(|names| !names.is_empty()) else {
                    let text = "Invalid request: params must be an array of stream names";
                    return refused(2, text, &message["id"]);
                };
                if method == "SUBSCRIBE" {
                    line.names.extend(names.into_iter().map(str::to_owned));
                    if line.names.len() > STREAMS_MOST {
                        self.desk.close(id);
                        return Node::Null;
                    }
                } else {
                    names.into_iter().for_each(|name| {
                        line.names.remove(name);
                    });
                }
                Node::Null
            }
            Some("LIST_SUBSCRIPTIONS") => {
                Node::List(line.names.iter().map(|n| Node::text(n.clone())).collect())
            }
            Some("SET_PROPERTY") if wanted.first().is_some_and(|name| name == "combined") => {
                let Some(combined) = wanted.get(1).and_then(Value::as_bool) else {
                    return refused(1, "Invalid value type: expected Boolean", &message["id"]);
                };
                line.combined = combined;
                Node::Null
            }
            Some("GET_PROPERTY") if wanted.first().is_some_and(|name| name == "combined") => {
                Node::Bool(line.combined)
            }
            Some(_) => {
                let text = "Invalid request: unknown variant";
                return refused(2, text, &message["id"]);
            }
            None => {
                let text = "Invalid request: missing field `method`";
                return refused(2, text, &message["id"]);
            }
        };
        self.desk.count_followed();
        Node::Map(vec![
            (Name::Borrowed("result"), result),
            (Name::Borrowed("id"), echoed(&message["id"])),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stream_names_are_read() {
        let read = |name| Topic::parse(name).map(|(_, topic)| topic);
        assert_eq!(read("btcusdt@depth"), Some(Topic::Depth(1)));
        assert_eq!(read("btcusdt@depth@100ms"), Some(Topic::Depth(0)));
        assert_eq!(read("btcusdt@depth20@100ms"), Some(Topic::Partial(20, 0)));
        assert_eq!(read("btcusdt@depth5"), Some(Topic::Partial(5, 1)));
        assert_eq!(read("btcusdt@kline_1w"), Some(Topic::Kline(Interval::Week)));
        for bad in [
            "0",
            "btcusdt",
            "btcusdt@depth7",
            "btcusdt@kline_9m",
            "x@depth@5ms",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
