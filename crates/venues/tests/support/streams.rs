//! Streams that are connected, and messages fed to them.

use std::hint::black_box;

use py_rt_venues::alpaca::{Feed, MarketStream, MarketStreamConfig, TradingStream};
use py_rt_venues::{LinkConfig, Session};

use super::{credentials, dialect, T0};

pub fn market() -> MarketStream {
    let config = MarketStreamConfig {
        link: LinkConfig::websocket(1),
        credentials: credentials(),
        feed: Feed::Crypto,
        trades: true,
        quotes: true,
        bars: true,
        books: true,
    };
    let mut stream = MarketStream::new(config, dialect().symbols);
    stream.handle_timeout(T0);
    stream.handle_connected(T0);
    stream
}

pub fn trading() -> TradingStream {
    let mut stream = TradingStream::new(LinkConfig::websocket(1), credentials(), dialect());
    stream.handle_timeout(T0);
    stream.handle_connected(T0);
    stream
}

pub fn feed(session: &mut impl Session, bytes: &[u8]) {
    session.handle_input(T0, black_box(bytes));
    while let Some(event) = session.poll_event() {
        black_box(&event);
    }
}
