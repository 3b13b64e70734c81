//! Whole sessions in virtual time: clean ones, killed ones, and what is left of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod rig;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

use py_rt_kernel::journal::{Decision, Entry, OwnedInput};
use py_rt_kernel::signal::Idle;
use py_rt_live::journal::segment::segments;
use py_rt_live::journal::JournalReader;
use py_rt_live::{Durability, LiveConfig};
use py_rt_types::AccountReport;
use rig::asserts::{assert_replays, assert_same_books};
use rig::faults::Faults;
use rig::{config, live, live_with, undisturbed, Death, Fuse, Listener, Scratch, World};

fn world() -> Rc<RefCell<World>> {
    Rc::new(RefCell::new(World::new()))
}

#[test]
fn a_clean_session_ends_equal_and_replays_to_the_same_hash() {
    let (world, scratch) = (world(), Scratch::new("clean"));
    let mut config = config(scratch.path(), 3);
    config.journal.segment_bytes = 4 << 10;
    let mut listener = Listener::default();
    let summary = undisturbed(&world, &config, &mut listener).unwrap();
    assert!(
        summary.orders > 20 && summary.fills > 20,
        "{summary:?} {:?}",
        listener.notices
    );
    assert_eq!(summary.reason, "seconds");
    assert_same_books(&world.borrow(), &summary, "clean");
    assert_eq!(summary.cash, world.borrow().cash_text());
    assert_eq!(summary.fills, world.borrow().executions.len() as u64);
    assert_replays(&summary, "clean");
    let segments = segments(&scratch.path().join("journal")).unwrap();
    assert!(segments.len() > 10, "{segments:?}");
}

#[test]
fn the_next_session_starts_from_the_books_of_the_last() {
    let (world, scratch) = (world(), Scratch::new("next"));
    let config = config(scratch.path(), 1);
    let mut before = 0;
    for session in 1..=3 {
        let mut listener = Listener::default();
        let summary = undisturbed(&world, &config, &mut listener).unwrap();
        assert_eq!(summary.fills, world.borrow().executions.len() as u64);
        assert!(
            summary.fills > before,
            "counts go on from session to session"
        );
        before = summary.fills;
        assert!(summary.journal.ends_with(format!("{session:08}.journal")));
        assert_same_books(&world.borrow(), &summary, "next");
        assert_eq!(
            summary.cash,
            world.borrow().cash_text(),
            "session {session}"
        );
        assert_eq!(summary.recovered.from_journal, 0);
        assert_replays(&summary, "next");
    }
}

const TORN: Death = Death {
    torn_at: Some(11),
    power: false,
};
const POWER: Death = Death {
    torn_at: None,
    power: true,
};

/// Kills a session after `steps` steps, starts it again, and compares everything.
fn kill_and_recover(steps: &[u64], death: Death, faults: Faults, what: &str) -> bool {
    let (world, scratch) = (world(), Scratch::new("killed"));
    world.borrow_mut().faults = faults;
    let mut config = config(scratch.path(), 1);
    // Full every 100 ms or so: the journal changes its segment within the crashes too.
    config.journal.segment_bytes = 4 << 10;
    if death.power {
        config.durability = Durability::Strict;
    }
    let mut died = false;
    for &steps in steps {
        let fuse = Fuse::of(steps);
        match live(&world, &config, &fuse, death, &mut Listener::default()) {
            Ok(_) => break,
            Err(error) => {
                assert!(fuse.is_blown(), "{what}: {error}");
                died = true;
            }
        }
    }
    world.borrow_mut().faults = Faults::default();
    let mut listener = Listener::default();
    let summary = undisturbed(&world, &config, &mut listener)
        .unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_same_books(&world.borrow(), &summary, what);
    assert_eq!(summary.cash, world.borrow().cash_text(), "{what}: cash");
    assert_replays(&summary, what);
    died
}

#[test]
fn a_crash_at_any_step_loses_nothing_and_doubles_nothing() {
    let mut steps = 0;
    while kill_and_recover(
        &[steps],
        Death::default(),
        Faults::default(),
        &format!("killed at {steps}"),
    ) {
        steps += if steps < 60 { 1 } else { 5 };
    }
    assert!(steps > 400, "the session had only {steps} steps");
}

#[test]
fn a_crash_with_a_torn_write_loses_nothing() {
    for steps in (5..400).step_by(23) {
        let what = format!("torn at {steps}");
        kill_and_recover(&[steps], TORN, Faults::default(), &what);
    }
}

#[test]
fn the_strict_grade_survives_the_loss_of_power() {
    for steps in (3..400).step_by(19) {
        let what = format!("power lost at {steps}");
        kill_and_recover(&[steps, steps + 7], POWER, Faults::default(), &what);
    }
}

#[test]
fn no_id_is_used_twice_even_when_the_power_takes_the_journal_s_tail() {
    for steps in (30..400).step_by(37) {
        let (world, scratch) = (world(), Scratch::new("power"));
        let config = config(scratch.path(), 1);
        for steps in [steps, u64::MAX] {
            let fuse = Fuse::of(steps);
            let ended = live(&world, &config, &fuse, POWER, &mut Listener::default());
            assert_eq!(ended.is_err(), fuse.is_blown(), "{ended:?}");
            world.borrow_mut().close_everything();
        }
        let world = world.borrow();
        assert_eq!(world.duplicates, 0, "power lost at {steps}");
    }
}

#[test]
fn many_crashes_in_a_row_lose_nothing() {
    for seed in 0..12u64 {
        let steps: Vec<u64> = (0..6).map(|n| 20 + (seed * 97 + n * 53) % 160).collect();
        kill_and_recover(
            &steps,
            Death::default(),
            Faults::default(),
            &format!("seed {seed}"),
        );
    }
}

#[test]
fn crashes_under_faults_lose_nothing() {
    for (name, faults) in [
        (
            "504 after applying",
            Faults {
                gateway_timeout_every: 3,
                ..Faults::default()
            },
        ),
        (
            "reset after applying",
            Faults {
                reset_every: 4,
                ..Faults::default()
            },
        ),
        (
            "lost reports",
            Faults {
                lose_report_every: 5,
                ..Faults::default()
            },
        ),
        (
            "cut streams",
            Faults {
                cut_account_ms: 150,
                ..Faults::default()
            },
        ),
    ] {
        for steps in (40..400).step_by(61) {
            kill_and_recover(
                &[steps, steps],
                Death::default(),
                faults,
                &format!("{name}, {steps}"),
            );
        }
    }
}

#[test]
fn nothing_leaves_that_is_not_in_the_journal() {
    let (world, scratch) = (world(), Scratch::new("law"));
    let config = config(scratch.path(), 1);
    let segment = scratch.path().join("journal/00000001.journal");
    let seen = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&seen);
    world.borrow_mut().witness = Some(Box::new(move |bytes| {
        let text = String::from_utf8_lossy(bytes).into_owned();
        if !text.starts_with("POST") {
            return;
        }
        let id = text.split("client_order_id\":\"rt-").nth(1).unwrap();
        let id = id.split('"').next().unwrap().rsplit('-').next().unwrap();
        let sequence: u64 = id.parse().unwrap();
        let mut reader = JournalReader::open(&segment).unwrap();
        let (mut journaled, mut reserved) = (false, 0);
        while let Some(record) = reader.next_record().unwrap() {
            match record.entry {
                Entry::IdBlock { end } => reserved = end,
                Entry::Decision(_, Decision::New(order)) => {
                    journaled |= order.client_order_id.sequence == sequence;
                }
                _ => {}
            }
        }
        assert!(journaled, "order {sequence} left before its record");
        assert!(
            sequence < reserved,
            "order {sequence} left without its id reserved"
        );
        counted.fetch_add(1, Ordering::Relaxed);
    }));
    let summary = undisturbed(&world, &config, &mut Listener::default()).unwrap();
    assert_eq!(seen.load(Ordering::Relaxed), summary.orders);
    assert!(summary.orders > 5);
}

#[test]
fn faults_all_the_way_end_equal() {
    // At the end of 210 the stream is cut while the books are compared.
    for seed in (0..40).chain([210]) {
        let what = format!("faults, seed {seed}");
        let (world, scratch) = (world(), Scratch::new("faults"));
        world.borrow_mut().faults = Faults {
            seed,
            gateway_timeout_every: 5,
            reset_every: 7,
            lose_report_every: 6,
            cut_account_ms: 400,
            ..Faults::default()
        };
        let config = config(scratch.path(), 10);
        let mut listener = Listener::default();
        let summary = undisturbed(&world, &config, &mut listener).unwrap();
        assert!(summary.fills > 10, "{what}: {summary:?}");
        assert_same_books(&world.borrow(), &summary, &what);
        assert_eq!(summary.cash, world.borrow().cash_text(), "{what}");
        assert_eq!(
            summary.fills,
            world.borrow().executions.len() as u64,
            "{what}"
        );
        assert_replays(&summary, &what);
    }
}

#[test]
fn market_data_wait_for_the_first_reconciliation() {
    let (world, scratch) = (world(), Scratch::new("order"));
    let config = config(scratch.path(), 1);
    let mut listener = Listener::default();
    let summary = undisturbed(&world, &config, &mut listener).unwrap();
    let mut reader = JournalReader::open(&summary.journal).unwrap();
    let mut answered = 0;
    while let Some(record) = reader.next_record().unwrap() {
        match record.entry {
            Entry::Input(_, OwnedInput::Account(AccountReport::Done(_))) => answered += 1,
            Entry::Input(_, OwnedInput::Market(_)) => break,
            _ => {}
        }
    }
    assert_eq!(answered, 4, "orders, fills, positions, account come first");
}

#[test]
fn a_kill_word_ends_the_session_and_a_halt_stays() {
    let (world, scratch) = (world(), Scratch::new("word"));
    let config = config(scratch.path(), 0);
    let kill = scratch.path().join("kill");
    let place = kill.clone();
    let mut calls = 0;
    world.borrow_mut().witness = Some(Box::new(move |_| {
        calls += 1;
        if calls == 6 {
            std::fs::write(&place, "stop").unwrap();
        }
    }));
    let run = |listener: &mut Listener| undisturbed(&world, &config, listener);
    let summary = run(&mut Listener::default()).unwrap();
    assert_eq!(summary.reason, "killed");
    assert_same_books(&world.borrow(), &summary, "killed");
    assert!(!kill.exists());
    std::fs::write(&kill, "halt").unwrap();
    let refused = run(&mut Listener::default()).unwrap_err();
    assert_eq!(refused.code(), "halted");
    assert!(refused.message().contains("kill"), "{refused}");
}

#[test]
fn a_stop_is_clean_and_leaves_nothing_open() {
    let (world, scratch) = (world(), Scratch::new("stop"));
    let config = config(scratch.path(), 0);
    let mut listener = Listener {
        stop: true,
        ..Listener::default()
    };
    let began = world.borrow().now;
    let summary = undisturbed(&world, &config, &mut listener).unwrap();
    assert_eq!(summary.reason, "stopped");
    assert!(
        world.borrow().now.since(began) < 1_000_000_000,
        "within a second"
    );
    assert_replays(&summary, "stopped");
}

#[test]
fn a_changed_parameter_and_changed_code_are_told_apart_from_corruption() {
    let (world, scratch) = (world(), Scratch::new("changed"));
    let mut config = config(scratch.path(), 1);
    let fuse = Fuse::of(200);
    live(
        &world,
        &config,
        &fuse,
        Death::default(),
        &mut Listener::default(),
    )
    .unwrap_err();
    let again = |config: &LiveConfig| undisturbed(&world, config, &mut Listener::default());
    config.parameters = b"{\"order_qty\":2}".to_vec();
    let refused = again(&config).unwrap_err();
    assert_eq!(refused.code(), "config");
    assert!(
        refused
            .message()
            .contains("a parameter of the strategy changed"),
        "{refused}"
    );
    config.parameters = b"{}".to_vec();
    config.limits.max_open_orders += 1;
    assert!(again(&config).unwrap_err().message().contains("[risk]"));
    config.limits.max_open_orders -= 1;
    let infinite = Fuse::of(u64::MAX);
    let other = live_with(
        &world,
        &config,
        &infinite,
        Death::default(),
        &mut Listener::default(),
        || Idle,
    );
    let refused = other.unwrap_err();
    assert_eq!(refused.code(), "config");
    assert!(
        refused
            .message()
            .contains("the code or the parameters changed"),
        "{refused}"
    );
    again(&config).unwrap();
}

#[test]
fn the_tables_agree_with_the_venue_after_a_crash() {
    let (world, scratch) = (world(), Scratch::new("tables"));
    let mut config = config(scratch.path(), 1);
    config.store = true;
    let fuse = Fuse::of(250);
    live(
        &world,
        &config,
        &fuse,
        Death::default(),
        &mut Listener::default(),
    )
    .unwrap_err();
    let infinite = Fuse::of(u64::MAX);
    live(
        &world,
        &config,
        &infinite,
        Death::default(),
        &mut Listener::default(),
    )
    .unwrap();
    let store = rusqlite::Connection::open(scratch.path().join("store.sqlite")).unwrap();
    let column = |query: &str| -> Vec<String> {
        let mut statement = store.prepare(query).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let world = world.borrow();
    let known = column("SELECT client_order_id FROM orders");
    assert!(world
        .orders
        .iter()
        .all(|order| known.contains(&order.client)));
    let fills = column("SELECT exec_id FROM fills");
    assert_eq!(fills.len(), world.executions.len());
    let open = column("SELECT status FROM orders WHERE status IN ('New', 'PendingNew', 'Unknown')");
    assert_eq!(open, Vec::<String>::new());
}
