//! Requests as the engine sees them, and its answers.

use py_rt_types::UnixNanos;

use crate::node::Node;

/// An HTTP request, read and split.
#[derive(Debug, Clone, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path without the query, unescaped.
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) key: Option<String>,
    pub(crate) secret: Option<String>,
    /// The query as it was sent: what a signature is about.
    pub(crate) raw_query: String,
    pub(crate) body: Vec<u8>,
    /// It was here before and was sent away to wait.
    pub(crate) came_again: bool,
    /// Real time of its arrival.
    pub(crate) wall: UnixNanos,
}

impl Request {
    /// A query parameter that is not empty.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(key, _)| key == name);
        found
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// A list parameter, separated by commas.
    pub(crate) fn list(&self, name: &str) -> Vec<&str> {
        let text = self.param(name).unwrap_or_default();
        text.split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .collect()
    }
}

/// An HTTP answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// JSON, or nothing.
    pub(crate) body: Option<Node>,
    /// Headers that only some answers have.
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Answer {
    pub(crate) const fn json(status: u16, body: Node) -> Self {
        Self {
            status,
            body: Some(body),
            headers: Vec::new(),
        }
    }

    pub(crate) const fn ok(body: Node) -> Self {
        Self::json(200, body)
    }

    pub(crate) const fn multi(rows: Vec<Node>) -> Self {
        Self::json(207, Node::List(rows))
    }

    pub(crate) const fn empty() -> Self {
        Self {
            status: 204,
            body: None,
            headers: Vec::new(),
        }
    }

    #[must_use]
    pub(crate) fn with_header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }
}

/// A refusal, as the dialect words it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: u32,
    pub(crate) message: String,
    /// Further fields of the body, as text.
    pub(crate) details: Vec<(&'static str, String)>,
}

impl Refusal {
    fn new(status: u16, code: u32, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            details: Vec::new(),
        }
    }

    /// The request cannot be understood.
    pub(crate) fn malformed(message: impl Into<String>) -> Self {
        Self::new(422, 40_010_001, message)
    }

    /// The request breaks a rule or comes too late.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(422, 42_210_000, message)
    }

    /// The account may not.
    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(403, 40_310_000, message)
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(401, 40_110_000, "request is not authorized")
    }

    pub(crate) fn too_many() -> Self {
        Self::new(429, 42_910_000, "rate limit exceeded")
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(404, 40_410_000, message)
    }

    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.details.push((name, value.to_string()));
        self
    }

    pub(crate) fn body(&self) -> Node {
        let mut body = Node::map([
            ("code", Node::Int(i64::from(self.code))),
            ("message", Node::text(self.message.clone())),
        ]);
        for (name, value) in &self.details {
            body = body.with(name, Node::text(value.clone()));
        }
        body
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        Self::json(refusal.status, refusal.body())
    }
}
