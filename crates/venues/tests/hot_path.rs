//! The messages that come by the thousand: no allocation. What they take, the example
//! `messages` prints.
#![allow(unsafe_code, clippy::unwrap_used, clippy::panic)]

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use support::streams::{feed, market, trading};
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
