//! Refusals in the dialect's words: a status, a code and a message, and what belongs to them.

use crate::answer::Answer;
use crate::node::Node;

/// A refusal.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fail {
    pub(crate) status: u16,
    pub(crate) code: i64,
    pub(crate) message: String,
    /// Both halves of a cancel-replace, or when to come back.
    pub(crate) data: Option<Node>,
    /// Seconds to stay away.
    pub(crate) retry_after: Option<i64>,
}

impl Fail {
    pub(crate) fn new(status: u16, code: i64, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            data: None,
            retry_after: None,
        }
    }

    /// A parameter is missing or empty.
    pub(crate) fn missing(name: &str) -> Self {
        let message =
            format!("Mandatory parameter '{name}' was not sent, was empty/null, or malformed.");
        Self::new(400, -1102, message)
    }

    /// A parameter holds what it may not hold.
    pub(crate) fn illegal(name: &str, range: &str) -> Self {
        let message =
            format!("Illegal characters found in parameter '{name}'; legal range is '{range}'.");
        Self::new(400, -1100, message)
    }

    /// A parameter that does not go with the others.
    pub(crate) fn not_required(name: &str) -> Self {
        Self::new(
            400,
            -1106,
            format!("Parameter '{name}' sent when not required."),
        )
    }

    pub(crate) fn too_precise(name: &str) -> Self {
        Self::new(
            400,
            -1111,
            format!("Parameter '{name}' has too much precision."),
        )
    }

    pub(crate) fn filter(name: &str) -> Self {
        Self::new(400, -1013, format!("Filter failure: {name}"))
    }

    /// An order that the engine takes back.
    pub(crate) fn rejected(message: &str) -> Self {
        Self::new(400, -2010, message)
    }

    /// The connection ended meanwhile.
    pub(crate) fn gone() -> Self {
        Self::new(400, -1001, "Disconnected.")
    }

    pub(crate) fn symbol() -> Self {
        Self::new(400, -1121, "Invalid symbol.")
    }

    pub(crate) fn unknown_order() -> Self {
        Self::new(400, -2011, "Unknown order sent.")
    }

    pub(crate) fn no_such_order() -> Self {
        Self::new(400, -2013, "Order does not exist.")
    }

    pub(crate) fn body(&self) -> Node {
        let body = Node::map([
            ("code", Node::Int(self.code)),
            ("msg", Node::text(self.message.clone())),
        ]);
        match &self.data {
            Some(data) => body.with("data", data.clone()),
            None => body,
        }
    }
}

impl From<Fail> for Answer {
    fn from(fail: Fail) -> Self {
        let Some(seconds) = fail.retry_after else {
            return Self::json(fail.status, fail.body());
        };
        // When to come back stands in a header here; only the WebSocket API says it in the body.
        let short = Fail { data: None, ..fail };
        Self::json(short.status, short.body()).with_header("retry-after", seconds.to_string())
    }
}
