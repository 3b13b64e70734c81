//! Nothing is allocated once the books have grown: counted by the allocator itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unsafe_code)]

mod flow;
mod rig;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use py_rt_kernel::signal::Idle;
use py_rt_sim::matching::{EngineCommand, MatchingEngine, SelfTrade};
use py_rt_sim::{Backtest, BacktestData, Latency};
use rig::{market, run_config, MS};

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, with a count of what this thread asked for.
struct Counting;

// SAFETY: every call is handed to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = COUNT.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promise about `layout` is passed on.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the pointer came from `alloc` above, with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let _ = COUNT.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the pointer came from `alloc` above, with this layout.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn the_hot_road_allocates_nothing_after_warm_up() {
    let events = market(0x5eed_8000, 900_000, 2);
    let data = BacktestData {
        events: &events,
        bars: &[],
    };
    let latency = Latency {
        feed_ns: MS,
        order_ns: MS,
        report_ns: MS,
    };
    let mut run = Backtest::new(run_config(2, latency), &data, Idle);
    let mut counts = Vec::with_capacity(4_096);
    run.run(&mut |_, _| {
        counts.push(COUNT.with(Cell::get));
        true
    });
    assert!(counts.len() >= 4, "{counts:?}");
    let after_warm_up = &counts[..counts.len() - 1];
    assert!(after_warm_up.len() >= 3);
    assert_eq!(after_warm_up.first(), after_warm_up.last());
    assert!(run.events() >= 900_000);
}

#[test]
fn the_matching_engine_allocates_nothing_once_it_has_grown() {
    let mut flow = flow::Flow::new(0x5eed_a110, 300, 0x1_0000_0001);
    let commands: Vec<EngineCommand> = (0..300_000).map(|_| flow.command()).collect();
    let ids = commands.iter().map(|command| command.order_id);
    let mut engine = MatchingEngine::new(SelfTrade::Decrement);
    let mut reports = Vec::with_capacity(4_096);
    let mut pass = |engine: &mut MatchingEngine| {
        let before = COUNT.with(Cell::get);
        for command in &commands {
            reports.clear();
            engine.handle_command(command, &mut reports);
        }
        for order_id in ids.clone() {
            reports.clear();
            let cancel = EngineCommand {
                op: 1,
                order_id,
                ..EngineCommand::default()
            };
            engine.handle_command(&cancel, &mut reports);
        }
        COUNT.with(Cell::get) - before
    };
    assert!(pass(&mut engine) > 0, "it grows first");
    assert!(engine.orders().is_empty());
    assert_eq!(pass(&mut engine), 0);
}
