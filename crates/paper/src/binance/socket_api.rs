//! The WebSocket API: the same calls in frames, and the way to user data.

use std::collections::BTreeMap;

use py_rt_types::UnixNanos;
use serde_json::value::RawValue;
use serde_json::Value;

use super::fail::Fail;
use super::nodes::millis;
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
            Some(row) => self.call_route(id, row.3, &frame, wall),
            None => (self.call_session(id, &frame, wall), None),
        };
        let answer = self.framed(&frame.id, result, orders, wall);
        self.desk.send(id, &answer);
    }

    fn call_route(
        &mut self,
        id: u64,
        route: Route,
        frame: &Frame,
        wall: UnixNanos,
    ) -> (Result<Node, Fail>, Option<usize>) {
        let paid = self.desk.quota.charge(route.weight(&frame.params), wall);
        let caller = paid.and_then(|()| match route.door() {
            Door::Open => Ok(0),
            Door::Signed => self.frame_signer(id, frame, wall),
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

    /// Who signed a frame; on a connection that is logged on a signature may be left out.
    fn frame_signer(&self, id: u64, frame: &Frame, wall: UnixNanos) -> Result<usize, Fail> {
        let signed_on = self.desk.lines.get(&id).and_then(|line| line.signed_on);
        if let (Some((account, _)), None) = (signed_on, frame.params.get("signature")) {
            self.check_time(&frame.params, wall)?;
            return Ok(account);
        }
        let key = frame.params.get("apiKey");
        self.signer(key, &frame.params, &frame.payload(), wall)
    }

    /// Calls that change the connection itself.
    fn call_session(&mut self, id: u64, frame: &Frame, wall: UnixNanos) -> Result<Node, Fail> {
        self.desk.quota.charge(2, wall)?;
        let signed_on = self.desk.lines.get(&id).and_then(|line| line.signed_on);
        match frame.method.as_str() {
            "userDataStream.subscribe.signature" => {
                let account = self.frame_signer(id, frame, wall)?;
                self.subscribe_user(id, account)
            }
            "userDataStream.subscribe" => {
                let message = "Session is not logged on: use session.logon with an Ed25519 key, \
                               or userDataStream.subscribe.signature.";
                let account = signed_on.ok_or_else(|| Fail::new(400, -1002, message))?.0;
                self.subscribe_user(id, account)
            }
            "userDataStream.unsubscribe" => {
                let named = frame.params.integer("subscriptionId")?;
                if let Some(line) = self.desk.lines.get_mut(&id) {
                    line.users
                        .retain(|user| named.is_some_and(|named| named != user.0));
                }
                Ok(Node::Map(Vec::new()))
            }
            "session.logon" => {
                let account = self.frame_signer(id, frame, wall)?;
                if self.accounts[account].public_key.is_none() {
                    let message = "Session logon takes Ed25519 keys; this account has a secret. \
                                   Use userDataStream.subscribe.signature.";
                    return Err(Fail::new(400, -4056, message));
                }
                self.log_on(id, Some((account, self.now)))
            }
            "session.logout" => self.log_on(id, None),
            "session.status" => self.log_on(id, signed_on),
            _ => {
                let message = format!("Unknown method: '{}'.", frame.method);
                Err(Fail::new(400, -1134, message))
            }
        }
    }

    fn subscribe_user(&mut self, id: u64, account: usize) -> Result<Node, Fail> {
        let line = self.desk.lines.get_mut(&id).ok_or_else(Fail::gone)?;
        let number = line.subscribe(account);
        Ok(Node::map([("subscriptionId", Node::Int(number))]))
    }

    /// Sets who is logged on, and says so.
    fn log_on(&mut self, id: u64, account: Option<(usize, UnixNanos)>) -> Result<Node, Fail> {
        let line = self.desk.lines.get_mut(&id).ok_or_else(Fail::gone)?;
        line.signed_on = account;
        let (opened, listening) = (line.opened, !line.users.is_empty());
        let key = account.map(|(account, _)| self.accounts[account].key.clone());
        Ok(Node::map([
            ("apiKey", Node::optional(key, Node::text)),
            (
                "authorizedSince",
                Node::optional(account.map(|(_, at)| at), millis),
            ),
            ("connectedSince", millis(opened)),
            ("returnRateLimits", Node::Bool(true)),
            ("serverTime", self.said_millis()),
            ("userDataStream", Node::Bool(listening)),
        ]))
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
