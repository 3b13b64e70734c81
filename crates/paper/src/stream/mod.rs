//! The WebSocket side of the dialect: sessions, what they follow, what they are told.
//!
//! Every connection has one session and one bounded outbox here; sockets live elsewhere. A session
//! whose outbox is full is dropped: a reader of market data that is too slow loses its connection
//! (and hears 407 if there is room), and so does a reader of trade updates, who must never miss one
//! unknowingly.

mod market;
mod msgpack;
mod session;
mod trading;
pub(crate) mod wire;

use std::collections::{BTreeMap, BTreeSet};

use tokio::sync::mpsc::Sender;

use crate::fault::cut::Cut;
use crate::fault::stream::Outbox;
use crate::listing::Class;
use crate::node::Node;

/// Messages that a connection may lag behind.
pub(crate) const OUTBOX: usize = 8192;

/// What goes out on a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Frame {
    Text(String),
    Binary(Vec<u8>),
    /// After so many milliseconds, and what comes behind it waits.
    Late(u64, Box<Frame>),
    /// After so many milliseconds, while others pass.
    Loose(u64, Box<Frame>),
}

/// The way to a socket, and the handle that breaks it.
#[derive(Debug)]
pub(crate) struct Outlet {
    pub(crate) frames: Sender<Frame>,
    pub(crate) cut: Cut,
}

/// Which stream a connection asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    /// `/stream`: the account's orders.
    Trading,
    /// Market data of one class of assets.
    Market(Class),
}

/// How a connection writes its messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Json,
    Msgpack,
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Session {
    stream: Stream,
    encoding: Encoding,
    account: Option<usize>,
    /// Trade updates are wanted.
    listening: bool,
    /// Symbols by channel.
    channels: BTreeMap<&'static str, BTreeSet<String>>,
    outbox: Outbox,
}

impl Session {
    fn follows(&self, channel: &'static str, symbol: &str) -> bool {
        self.channels
            .get(channel)
            .is_some_and(|symbols| symbols.contains(symbol) || symbols.contains("*"))
    }
}

/// All connections.
#[derive(Debug, Default)]
pub(crate) struct Hub {
    sessions: BTreeMap<u64, Session>,
    /// Whether anybody follows a market, so that nothing is built for nobody.
    followed: bool,
}

impl Hub {
    /// Sessions on a stream.
    pub(crate) fn count_of(&self, stream: Stream) -> usize {
        let sessions = self.sessions.values();
        sessions.filter(|session| session.stream == stream).count()
    }

    pub(crate) fn len(&self) -> usize {
        self.sessions.len()
    }

    fn frame(encoding: Encoding, node: &Node) -> Frame {
        match encoding {
            Encoding::Msgpack => Frame::Binary(node.to_msgpack()),
            Encoding::Json => Frame::Text(String::from_utf8(node.to_json()).unwrap_or_default()),
        }
    }

    /// Puts a message into an outbox; a full or abandoned one ends the session.
    fn send(&mut self, id: u64, frame: Frame) {
        let sent = self
            .sessions
            .get(&id)
            .is_some_and(|session| session.outbox.try_send(frame).is_ok());
        if !sent {
            self.close(id);
        }
    }

    /// Ends a session: its socket closes when the outbox is empty.
    pub(crate) fn close(&mut self, id: u64) {
        self.sessions.remove(&id);
        self.count_followers();
    }

    /// The ways out of all sessions.
    pub(crate) fn outboxes(&self) -> impl Iterator<Item = &Outbox> {
        self.sessions.values().map(|session| &session.outbox)
    }

    /// Ends sessions, told by whether they are about trading; returns how many.
    pub(crate) fn close_all(&mut self, wanted: impl Fn(bool) -> bool) -> u64 {
        let before = self.sessions.len();
        self.sessions
            .retain(|_, session| !wanted(session.stream == Stream::Trading));
        self.count_followers();
        (before - self.sessions.len()) as u64
    }

    fn count_followers(&mut self) {
        let mut sessions = self.sessions.values();
        self.followed = sessions.any(|session| session.channels.values().any(|c| !c.is_empty()));
    }
}
