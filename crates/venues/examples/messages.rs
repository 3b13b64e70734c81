//! What the messages that come by the thousand take.
//!
//! `cargo run --release -p py-rt-venues --example messages` prints nanoseconds a message.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic
)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::hint::black_box;

use py_rt_venues::alpaca::rest;
use support::streams::{feed, market, trading};
use support::*;

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
    println!("{name:>12}: {ns:>6} ns for {} bytes", bytes.len());
}

fn main() {
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
