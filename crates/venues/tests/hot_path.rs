//! The messages that come by the thousand: no allocation, about a microsecond each.
//!
//! `cargo test --release -p py-rt-venues --test hot_path -- --ignored --nocapture` prints times.
#![allow(unsafe_code, clippy::disallowed_methods, clippy::print_stderr)]
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;

use py_rt_venues::alpaca::{rest, Feed, MarketStream, MarketStreamConfig, TradingStream};
use py_rt_venues::{LinkConfig, Session};
use support::*;

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call is handed to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn market() -> MarketStream {
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

fn trading() -> TradingStream {
    let mut stream = TradingStream::new(LinkConfig::websocket(1), credentials(), dialect());
    stream.handle_timeout(T0);
    stream.handle_connected(T0);
    stream
}

fn feed(session: &mut impl Session, bytes: &[u8]) {
    session.handle_input(T0, black_box(bytes));
    while let Some(event) = session.poll_event() {
        black_box(&event);
    }
}

#[test]
fn rows_and_reports_allocate_nothing_once_warm() {
    let (mut market, mut trading) = (market(), trading());
    let update = fill_update();
    let mut all = || {
        for message in [TRADE, QUOTE, BAR, CRYPTO_TRADE, BOOK, BOOK_CHANGE] {
            feed(&mut market, message.as_bytes());
        }
        feed(&mut trading, update.as_bytes());
    };
    all();
    let before = ALLOCATIONS.with(Cell::get);
    for _ in 0..1000 {
        all();
    }
    let made = ALLOCATIONS.with(Cell::get) - before;
    // The set of valid books is the only thing that may touch the heap, and it does not grow.
    assert_eq!(made, 0);
}

fn time(name: &str, bytes: &[u8], mut run: impl FnMut(&[u8])) {
    const ROUNDS: u32 = 200_000;
    for _ in 0..ROUNDS / 10 {
        run(bytes);
    }
    let start = std::time::Instant::now();
    for _ in 0..ROUNDS {
        run(black_box(bytes));
    }
    let ns = start.elapsed().as_nanos() / u128::from(ROUNDS);
    eprintln!("{name:>12}: {ns:>6} ns for {} bytes", bytes.len());
}

#[test]
#[ignore = "a measurement, not a check"]
fn times() {
    let mut stream = market();
    for (name, message) in [
        ("trade", TRADE),
        ("quote", QUOTE),
        ("bar", BAR),
        ("book", BOOK),
        ("book change", BOOK_CHANGE),
    ] {
        time(name, message.as_bytes(), |bytes| feed(&mut stream, bytes));
    }
    let mut stream = trading();
    let update = fill_update();
    time("fill", update.as_bytes(), |bytes| feed(&mut stream, bytes));
    let dialect = dialect();
    let order = order(&[]);
    time("order", order.as_bytes(), |bytes| {
        let _ = black_box(rest::decode_order(&dialect, bytes));
    });
    if let Some(text) = fixture("ws_trade_updates.json") {
        let message = Tree::parse(&text).elements()[3].text();
        let mut stream = trading();
        time("full fill", message.as_bytes(), |bytes| {
            feed(&mut stream, bytes)
        });
    }
}
