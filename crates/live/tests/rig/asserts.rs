//! What must hold at the end of a session.

use py_rt_kernel::Strategy;
use py_rt_live::recovery::replay_journal;
use py_rt_live::session::SessionSummary;

use super::{Quoter, World};

/// Our books against the venue's truth, to the last digit.
pub fn assert_same_books(world: &World, summary: &SessionSummary, what: &str) {
    assert!(summary.reconciled, "{what}: not reconciled");
    let lots = world.position();
    let held = summary.positions.first().map_or(0, |(_, qty)| {
        (qty.parse::<f64>().unwrap() * 1000.0).round() as i64
    });
    assert_eq!(held, lots, "{what}: position");
    assert_eq!(summary.open_orders, 0, "{what}: open orders");
    let working = world
        .orders
        .iter()
        .filter(|o| matches!(o.status, "new" | "partially_filled"));
    assert_eq!(working.count(), 0, "{what}: orders left at the venue");
    assert_eq!(world.duplicates, 0, "{what}: an id was used twice");
}

/// The journal replays to the hash that the session had.
pub fn assert_replays(summary: &SessionSummary, what: &str) {
    assert_replays_as(Quoter::default, summary, what);
}

pub fn assert_replays_as<S: Strategy>(strategy: fn() -> S, summary: &SessionSummary, what: &str) {
    let replayed = replay_journal(&summary.journal, |_, _| strategy()).unwrap();
    assert_eq!(
        replayed.diverged_at, None,
        "{what}: {:?}",
        replayed.difference
    );
    assert!(replayed.equal, "{what}");
    assert_eq!(replayed.order_hash, summary.order_hash, "{what}");
    assert_eq!(
        replayed.journaled_hash.as_ref(),
        Some(&summary.order_hash),
        "{what}"
    );
}
