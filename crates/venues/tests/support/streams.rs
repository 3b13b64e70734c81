//! Streams that are connected, and messages fed to them.

use std::hint::black_box;

use py_rt_venues::alpaca::{Feed, MarketStream, MarketStreamConfig, TradingStream};
use py_rt_venues::feed::session::FeedConfig;
use py_rt_venues::{LinkConfig, Session};

use super::{connected, credentials, dialect, T0};

/// What is subscribed to: trades and books.
pub fn books_and_trades() -> FeedConfig {
    FeedConfig {
        link: LinkConfig::websocket(1),
        trades: true,
        quotes: false,
        books: true,
    }
}

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
    connected(MarketStream::new(config, dialect().symbols))
}

pub fn trading() -> TradingStream {
    let stream = TradingStream::new(LinkConfig::websocket(1), credentials(), dialect());
    connected(stream)
}

pub fn feed(session: &mut impl Session, bytes: &[u8]) {
    session.handle_input(T0, black_box(bytes));
    while let Some(event) = session.poll_event() {
        black_box(&event);
    }
}
