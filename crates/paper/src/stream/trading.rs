//! The account's stream: JSON in binary frames.

use serde_json::Value;

use super::{Frame, Hub, Stream};
use crate::engine::Engine;
use crate::node::Node;

impl Hub {
    /// Whether anybody wants to hear of this account's orders.
    pub(crate) fn is_listening(&self, account: usize) -> bool {
        let mut sessions = self.sessions.values();
        sessions.any(|session| session.listening && session.account == Some(account))
    }

    /// Tells the account's streams of a trade update.
    pub(crate) fn send_update(&mut self, account: usize, message: &Node) {
        let sessions = self.sessions.iter();
        let listeners: Vec<u64> = sessions
            .filter(|(_, session)| session.listening && session.account == Some(account))
            .map(|(id, _)| *id)
            .collect();
        let frame = Frame::Binary(message.to_json());
        for id in listeners {
            self.send(id, frame.clone());
        }
    }
}

fn authorization(status: &'static str, action: &str, note: Option<&'static str>) -> Node {
    let mut data = Node::map([("status", status.into()), ("action", Node::text(action))]);
    if let Some(note) = note {
        data = data.with("message", note.into());
    }
    Node::map([("stream", "authorization".into()), ("data", data)])
}

/// The sign-on of a session is over.
pub(super) fn expired() -> Frame {
    let note = Some("session expired");
    Frame::Binary(authorization("unauthorized", "listen", note).to_json())
}

impl Engine {
    /// Answers a message on `/stream`.
    pub(super) fn handle_trading(&mut self, id: u64, message: &Value) {
        let word = |value: &Value, name: &str| value[name].as_str().map(str::to_owned);
        let action = word(message, "action").unwrap_or_default();
        let answer = match action.as_str() {
            "authenticate" | "auth" => {
                let data = &message["data"];
                let key = word(data, "key_id").or_else(|| word(message, "key"));
                let secret = word(data, "secret_key").or_else(|| word(message, "secret"));
                self.authenticate(id, key.as_deref(), secret.as_deref())
            }
            "listen" => self.listen(id, &message["data"]["streams"]),
            _ => authorization("unauthorized", &action, Some("unknown action")),
        };
        self.hub.send(id, Frame::Binary(answer.to_json()));
    }

    fn authenticate(&mut self, id: u64, key: Option<&str>, secret: Option<&str>) -> Node {
        let account = self.account_of(key, secret);
        if let Some(session) = self.hub.sessions.get_mut(&id) {
            debug_assert_eq!(session.stream, Stream::Trading);
            session.account = account;
        }
        match account {
            Some(_) => authorization("authorized", "authenticate", None),
            None => {
                let note = "access key verification failed";
                authorization("unauthorized", "authenticate", Some(note))
            }
        }
    }

    /// The new set replaces the old one.
    fn listen(&mut self, id: u64, streams: &Value) -> Node {
        let Some(session) = self.hub.sessions.get_mut(&id) else {
            return Node::Null;
        };
        if session.account.is_none() {
            return authorization("unauthorized", "listen", None);
        }
        let wanted = streams.as_array().cloned().unwrap_or_default();
        session.listening = wanted.iter().any(|name| name == "trade_updates");
        let streams = if session.listening {
            vec!["trade_updates".into()]
        } else {
            Vec::new()
        };
        let data = Node::map([("streams", Node::List(streams))]);
        Node::map([("stream", "listening".into()), ("data", data)])
    }
}
