//! The WebSocket API: the same calls in frames, and the way to user data.

use std::collections::BTreeMap;

use py_rt_types::UnixNanos;
use serde_json::value::RawValue;
use serde_json::Value;

use super::fail::Fail;
use super::params::Params;
use super::streams::echoed;
use super::{Call, Door, Route, ROUTES};
use crate::engine::Engine;
use crate::node::{Name, Node};

/// A frame; parameters stay as they were written, for their signature.
#[derive(Default)]
struct Frame {
    id: Value,
    method: String,
    params: Params,
}

impl Frame {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let fields: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(bytes).ok()?;
        let value =
            |name: &str| -> Option<Value> { serde_json::from_str(fields.get(name)?.get()).ok() };
        let params = match fields.get("params") {
            Some(raw) => {
                let named: BTreeMap<String, Box<RawValue>> =
                    serde_json::from_str(raw.get()).ok()?;
                let pair = |(name, raw): (String, Box<RawValue>)| Some((name, plain(raw.get())?));
                named.into_iter().map(pair).collect::<Option<Vec<_>>>()?
            }
            None => Vec::new(),
        };
        Some(Self {
            id: value("id").unwrap_or(Value::Null),
            method: value("method")?.as_str()?.to_owned(),
            params: Params(params),
        })
    }

    /// What is signed: all parameters but the signature, by name.
    fn payload(&self) -> String {
        let pairs = self.params.0.iter().filter(|(name, _)| name != "signature");
        let pairs: Vec<String> = pairs
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join("&")
    }
}

/// Text without its quotes, everything else as it stands.
fn plain(raw: &str) -> Option<String> {
    match raw.as_bytes().first()? {
        b'"' => serde_json::from_str(raw).ok(),
        _ => Some(raw.to_owned()),
    }
}

impl Engine {
    /// A client said something on a connection of this dialect.
    pub(crate) fn handle_said(&mut self, id: u64, bytes: &[u8], wall: UnixNanos) {
        match self.desk.lines.get(&id).map(|line| line.kind) {
            Some(super::LineKind::Api) => self.handle_frame(id, bytes, wall),
            Some(_) => self.handle_line(id, bytes),
            None => {}
        }
    }

    fn handle_frame(&mut self, id: u64, bytes: &[u8], wall: UnixNanos) {
        let Some(frame) = Frame::parse(bytes) else {
            let fail = Fail::new(400, -1135, "Invalid JSON Request");
            let answer = self.framed(&Value::Null, Err(fail), None, wall);
            return self.desk.send(id, &answer);
        };
        let route = ROUTES.iter().find(|row| row.2 == frame.method);
        let (result, orders) = match route {
            Some(row) => self.call_route(row.3, &frame, wall),
            None => (self.call_session(id, &frame, wall), None),
        };
        let answer = self.framed(&frame.id, result, orders, wall);
        self.desk.send(id, &answer);
    }

    fn call_route(
        &mut self,
        route: Route,
        frame: &Frame,
        wall: UnixNanos,
    ) -> (Result<Node, Fail>, Option<usize>) {
        let paid = self.desk.quota.charge(route.weight(&frame.params), wall);
        let caller = paid.and_then(|()| match route.door() {
            Door::Open => Ok(0),
            Door::Signed => self.frame_signer(frame, wall),
        });
        let account = match caller {
            Ok(account) => account,
            Err(fail) => return (Err(fail), None),
        };
        let call = Call {
            params: &frame.params,
            account,
            wall,
        };
        let result = self.answer_route(route, &call);
        (result, route.places_orders().then_some(account))
    }

    fn frame_signer(&self, frame: &Frame, wall: UnixNanos) -> Result<usize, Fail> {
        let key = frame.params.get("apiKey");
        self.signer(key, &frame.params, &frame.payload(), wall)
    }

    /// Calls that change the connection itself.
    fn call_session(&mut self, id: u64, frame: &Frame, wall: UnixNanos) -> Result<Node, Fail> {
        self.desk.quota.charge(2, wall)?;
        match frame.method.as_str() {
            "userDataStream.subscribe.signature" => {
                let account = self.frame_signer(frame, wall)?;
                let line = self.desk.lines.get_mut(&id).ok_or_else(Fail::gone)?;
                let number = line.subscribe(account);
                Ok(Node::map([("subscriptionId", Node::Int(number))]))
            }
            "userDataStream.unsubscribe" => {
                let named = frame.params.integer("subscriptionId")?;
                if let Some(line) = self.desk.lines.get_mut(&id) {
                    line.users
                        .retain(|user| named.is_some_and(|named| named != user.0));
                }
                Ok(Node::Map(Vec::new()))
            }
            "session.logon" | "userDataStream.subscribe" => {
                let message = "Session logon takes Ed25519 keys; this account has an HMAC key. \
                               Use userDataStream.subscribe.signature.";
                Err(Fail::new(400, -4056, message))
            }
            "session.status" => Ok(Node::map([
                ("apiKey", Node::Null),
                ("authorizedSince", Node::Null),
                ("serverTime", self.millis()),
            ])),
            _ => {
                let message = format!("Unknown method: '{}'.", frame.method);
                Err(Fail::new(400, -1134, message))
            }
        }
    }

    fn framed(
        &mut self,
        id: &Value,
        result: Result<Node, Fail>,
        orders: Option<usize>,
        wall: UnixNanos,
    ) -> Node {
        let counts = orders.map(|account| self.order_counts(account, wall));
        let (status, name, body) = match result {
            Ok(node) => (200, "result", node),
            Err(fail) => (fail.status, "error", fail.body()),
        };
        Node::Map(vec![
            (Name::Borrowed("id"), echoed(id)),
            (Name::Borrowed("status"), Node::Int(i64::from(status))),
            (Name::Borrowed(name), body),
            (
                Name::Borrowed("rateLimits"),
                self.desk.quota.rows(counts, false),
            ),
        ])
    }
}
