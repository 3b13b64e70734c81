//! The mouths of the venue: each speaks one dialect about the one truth, parses what it hears its
//! own way and writes what it says by hand.

pub(crate) mod alpaca;
pub(crate) mod binance;

use py_rt_types::UnixNanos;

use crate::plan::Dialect;

/// An answer, and what it set in motion.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
    pub(crate) began: Began,
}

impl Answer {
    pub(crate) fn say(status: u16, body: impl Into<String>) -> Self {
        Self {
            status,
            body: body.into(),
            began: Began::Nothing,
        }
    }
}

/// What a request set in motion at the venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Began {
    Nothing,
    Order(usize),
    Cancel(usize),
    Replace(usize, usize),
}

/// A request, taken apart by the mouth that hears it.
#[derive(Debug, Clone)]
pub(crate) enum Call {
    Alpaca(alpaca::rest::Call),
    Binance(binance::call::Call),
}

impl Call {
    pub(crate) fn parse(dialect: Dialect, bytes: &[u8]) -> Option<Self> {
        match dialect {
            Dialect::Alpaca => alpaca::rest::Call::parse(bytes).map(Self::Alpaca),
            Dialect::Binance => binance::call::Call::parse(bytes).map(Self::Binance),
        }
    }

    /// Whether it asks for an order, other terms of one, or its end.
    pub(crate) fn is_order_call(&self) -> bool {
        match self {
            Self::Alpaca(call) => call.is_order_call(),
            Self::Binance(call) => call.is_order_call(),
        }
    }

    /// Whether it asks for a new order.
    pub(crate) fn is_new(&self) -> bool {
        match self {
            Self::Alpaca(call) => call.verb == "POST",
            Self::Binance(call) => call.is_new(),
        }
    }

    /// Whether it asks for other terms of an order.
    pub(crate) fn is_replace(&self) -> bool {
        self.is_order_call() && !self.is_new() && self.client().is_some()
    }

    /// The id under which an order, or its other terms, are asked for.
    pub(crate) fn client(&self) -> Option<&str> {
        match self {
            Self::Alpaca(call) => call.member("client_order_id"),
            Self::Binance(call) => call.parameter("newClientOrderId"),
        }
    }

    /// Whether it is looked at when it arrives then, by the venue's clock.
    pub(crate) fn is_good(&self, clock: UnixNanos) -> bool {
        match self {
            Self::Alpaca(_) => true,
            Self::Binance(call) => call.refusal(clock).is_none(),
        }
    }

    /// Instrument, whether it buys, and quantity, when this asks for a new order.
    pub(crate) fn new_order(&self) -> Option<(usize, bool, i64)> {
        match self {
            Self::Alpaca(call) => call.new_order(),
            Self::Binance(call) => call.new_order(),
        }
    }
}

/// An answer as it goes over the wire; `headers` each end their line.
pub(crate) fn http(status: u16, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: {length}\r\n\r\n{body}")
}
