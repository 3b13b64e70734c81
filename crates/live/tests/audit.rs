//! The journal as an audit log, on whole sessions in virtual time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod rig;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use py_rt_kernel::journal::{Decision, Entry, Header, OwnedInput};
use py_rt_live::audit::{explain, rebuild_store, verify, Lines, Value};
use py_rt_live::journal::frame::{Chain, Root};
use py_rt_live::journal::segment::{segment_path, segments, sessions, Preamble, PREAMBLE};
use py_rt_live::journal::JournalReader;
use py_rt_live::recovery::replay_journal;
use py_rt_live::session::SessionSummary;
use rig::{config, undisturbed, Listener, Quoter, Scratch, World};

/// Sessions of `seconds` each in one state directory, with segments of 16 KiB.
fn run(scratch: &Scratch, sessions: u64, retention_ns: Option<i64>) -> SessionSummary {
    let world = Rc::new(RefCell::new(World::new()));
    let mut config = config(scratch.path(), 1);
    config.journal.segment_bytes = 16 << 10;
    config.journal.retention_ns = retention_ns;
    let mut last = None;
    for _ in 0..sessions {
        let summary = undisturbed(&world, &config, &mut Listener::default());
        last = Some(summary.unwrap());
    }
    last.unwrap()
}

fn folder(scratch: &Scratch) -> PathBuf {
    scratch.path().join("journal")
}

fn quoter(_: &Header) -> Quoter {
    Quoter::default()
}

/// A generator that we did not seed from the clock (Marsaglia's xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }
}

#[test]
fn a_journal_that_nobody_touched_verifies() {
    let scratch = Scratch::new("verifies");
    run(&scratch, 3, None);
    let found = verify(scratch.path(), None).unwrap();
    assert_eq!(found.damage, None);
    assert_eq!((found.sessions, found.ended), (3, 3));
    assert_eq!(
        found.segments,
        segments(&folder(&scratch)).unwrap().len() as u64
    );
    assert!(found.segments > 6, "{} segments", found.segments);
    assert_eq!(found.records, found.kinds.values().sum::<u64>());
    assert_eq!(found.after.sequence, found.records);
    assert_eq!(found.before.root, Root::START);
    let mut counted = BTreeMap::new();
    let mut lines = Lines::open(scratch.path()).unwrap();
    let mut number = 0;
    while let Some(line) = lines.next_line().unwrap() {
        number += 1;
        assert_eq!(line.sequence, number);
        *counted.entry(line.kind).or_insert(0) += 1;
    }
    assert_eq!(counted, found.kinds);
    let again = verify(scratch.path(), Some(found.after.root)).unwrap();
    assert_eq!(again.found_at, Some(found.records));
}

#[test]
fn the_tail_is_the_end_of_what_is_read() {
    let scratch = Scratch::new("tail");
    run(&scratch, 2, None);
    let mut all = Vec::new();
    let mut lines = Lines::open(scratch.path()).unwrap();
    while let Some(line) = lines.next_line().unwrap() {
        all.push(line);
    }
    for count in [0, 1, 7, all.len() - 3, all.len(), all.len() + 9] {
        let (kept, mut rest) = Lines::tail(scratch.path(), count).unwrap();
        let kept: Vec<_> = kept.into();
        assert_eq!(kept, all[all.len() - count.min(all.len())..], "{count}");
        assert!(rest.next_line().unwrap().is_none());
        assert!(!rest.refresh().unwrap());
    }
}

/// Every byte that is changed is noticed, or it is in the torn tail: then nothing that was on the
/// disk by the journal's own word is lost.
#[test]
fn a_changed_byte_is_noticed_wherever_it_is() {
    let scratch = Scratch::new("damage");
    run(&scratch, 2, None);
    let folder = folder(&scratch);
    let numbers = segments(&folder).unwrap();
    let whole = verify(scratch.path(), None).unwrap();
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for seed in 0..400 {
        let number = numbers[dice.below(numbers.len() as u64) as usize];
        let path = segment_path(&folder, number);
        let bytes = fs::read(&path).unwrap();
        let at = dice.below(bytes.len() as u64) as usize;
        let mut broken = bytes.clone();
        broken[at] ^= 1 << dice.below(8);
        fs::write(&path, &broken).unwrap();
        let found = verify(scratch.path(), None).unwrap();
        let damage = found.damage.unwrap_or_else(|| {
            // Both sessions ended cleanly, and an end says that all before it is on the disk; only
            // the last record of all can look torn.
            assert_eq!(
                number,
                numbers[numbers.len() - 1],
                "run {seed}: byte {at} of {number}"
            );
            assert_eq!(found.records, whole.records - 1, "run {seed}");
            assert!(found.torn.is_some(), "run {seed}");
            py_rt_live::audit::Damage {
                file: path.clone(),
                offset: at as u64,
                sequence: 0,
                what: String::new(),
            }
        });
        assert!(
            damage.offset <= at as u64 || damage.file != path,
            "run {seed}: {damage:?}"
        );
        let of_session = sessions(&folder).unwrap_or_default();
        let begun = of_session.iter().rev().find(|first| **first <= number);
        if let Some(first) = begun {
            let replayed = replay_journal(&segment_path(&folder, *first), |_, _| Quoter::default());
            assert!(
                replayed.is_err() || replayed.is_ok_and(|found| found.torn.is_some()),
                "run {seed}: replay did not notice byte {at} of segment {number}"
            );
        }
        fs::write(&path, &bytes).unwrap();
    }
    assert_eq!(verify(scratch.path(), None).unwrap(), whole);
}

#[test]
fn a_segment_that_was_taken_out_is_missed() {
    let scratch = Scratch::new("missing");
    run(&scratch, 2, None);
    let folder = folder(&scratch);
    let numbers = segments(&folder).unwrap();
    for number in &numbers[1..numbers.len() - 1] {
        let path = segment_path(&folder, *number);
        let bytes = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let damage = verify(scratch.path(), None).unwrap().damage;
        assert!(damage.is_some(), "segment {number} was not missed");
        fs::write(&path, bytes).unwrap();
    }
    // The last one can be cut off and nothing in the files says so; a noted root does.
    let noted = verify(scratch.path(), None).unwrap().after.root;
    fs::remove_file(segment_path(&folder, numbers[numbers.len() - 1])).unwrap();
    let found = verify(scratch.path(), Some(noted)).unwrap();
    assert!(found
        .damage
        .is_some_and(|damage| damage.what.contains("never comes to")));
}

/// Who has the rule can write the whole file anew with another price in it. The chain is then
/// whole, and a root that was noted before tells.
#[test]
fn a_journal_that_was_written_anew_is_told_by_a_noted_root() {
    let scratch = Scratch::new("forged");
    let world = Rc::new(RefCell::new(World::new()));
    let config = config(scratch.path(), 1);
    undisturbed(&world, &config, &mut Listener::default()).unwrap();
    let path = segment_path(&folder(&scratch), 1);
    let noted = verify(scratch.path(), None).unwrap();
    let forge = |of_decision: bool| {
        let mut reader = JournalReader::open(&path).unwrap();
        let mut chain = Chain::START;
        let mut bytes = Preamble {
            segment: 1,
            first: 1,
            before: Chain::START,
        }
        .encode()
        .to_vec();
        let mut forged = 0;
        while let Some(record) = reader.next_record().unwrap() {
            let mut entry = record.entry;
            match &mut entry {
                Entry::Input(_, OwnedInput::Market(row)) if !of_decision && forged == 0 => {
                    row.price.0 += 1;
                    forged += 1;
                }
                Entry::Decision(_, Decision::New(order)) if of_decision && forged == 0 => {
                    order.order_qty.0 += 1;
                    forged += 1;
                }
                _ => {}
            }
            chain.seal(&mut bytes, |out| entry.encode(out));
        }
        assert_eq!(forged, 1);
        bytes
    };
    let (market, decision) = (forge(false), forge(true));
    fs::write(&path, market).unwrap();
    let found = verify(scratch.path(), None).unwrap();
    assert_eq!(found.damage, None, "without a root nothing tells");
    assert!(verify(scratch.path(), Some(noted.after.root))
        .unwrap()
        .damage
        .is_some());
    fs::write(&path, decision).unwrap();
    let damage = verify(scratch.path(), None).unwrap().damage.unwrap();
    assert!(
        damage.what.contains("hash"),
        "the end's own hash tells: {damage:?}"
    );
}

#[test]
fn what_is_older_than_its_retention_goes_and_the_rest_still_verifies() {
    let scratch = Scratch::new("retention");
    run(&scratch, 4, Some(1));
    let folder = folder(&scratch);
    let kept = sessions(&folder).unwrap();
    assert_eq!(kept.len(), 2, "the last session and the one before it");
    let found = verify(scratch.path(), None).unwrap();
    assert_eq!(found.damage, None);
    assert!(found.first_segment > 1);
    assert_ne!(found.before.root, Root::START);
    let keeps = Scratch::new("keeps");
    run(&keeps, 4, Some(i64::MAX));
    assert_eq!(sessions(&keeps.path().join("journal")).unwrap().len(), 4);
}

fn text(fields: &[(&'static str, Value)], name: &str) -> Option<String> {
    let value = fields
        .iter()
        .find(|field| field.0 == name)
        .map(|field| &field.1)?;
    Some(match value {
        Value::Text(text) => text.clone(),
        Value::Word(word) => (*word).to_string(),
        other => format!("{other:?}"),
    })
}

/// Every order of a session, against what the journal says of it.
#[test]
fn the_story_of_every_order_is_what_the_journal_says() {
    let scratch = Scratch::new("story");
    run(&scratch, 2, None);
    let mut messages: BTreeMap<String, usize> = BTreeMap::new();
    let mut last_report: BTreeMap<String, String> = BTreeMap::new();
    let mut lines = Lines::open(scratch.path()).unwrap();
    while let Some(line) = lines.next_line().unwrap() {
        let Some(id) = text(&line.fields, "client_order_id") else {
            continue;
        };
        match line.kind {
            "new" | "cancel" | "replace" | "query" => *messages.entry(id).or_default() += 1,
            "report" => {
                let report = text(&line.fields, "report").unwrap();
                if report == "fill" || report == "canceled" {
                    last_report.insert(id, report);
                }
            }
            _ => {}
        }
    }
    assert!(messages.len() > 20);
    let mut opening = 0;
    for (id, count) in messages.iter().step_by(5) {
        let story = explain(scratch.path(), id, quoter).unwrap();
        assert_eq!(&story.client_order_id, id);
        assert_eq!(story.divergence, None);
        let of = |what: &str| {
            story
                .moments
                .iter()
                .filter(|m| m.what == what)
                .collect::<Vec<_>>()
        };
        assert_eq!(of("sent").len(), *count, "{id}");
        // A reduction passes every limit but the validity of the order itself.
        assert!(of("check").len() >= 2, "{id}");
        assert!(of("check")
            .iter()
            .all(|check| check.fields.contains(&("holds", Value::Flag(true)))));
        opening += usize::from(of("check").len() > 10);
        assert_eq!(of("book").len(), 1, "{id}");
        let asked = ("asked_for_it", Value::Flag(true));
        let by: Vec<_> = of("callback")
            .into_iter()
            .filter(|m| m.fields.contains(&asked))
            .collect();
        assert_eq!(by.len(), 1, "{id}");
        assert_eq!(text(&by[0].fields, "callback").as_deref(), Some("on_book"));
        let last = of("state").last().and_then(|m| text(&m.fields, "status"));
        assert!(story.is_closed, "{id}: {last:?}");
        match last_report.get(id).map(String::as_str) {
            Some("fill") => assert_eq!(last.as_deref(), Some("Filled"), "{id}"),
            Some(_) => assert_eq!(last.as_deref(), Some("Canceled"), "{id}"),
            None => {}
        }
        let by_venue = explain(
            scratch.path(),
            story.venue_order_id.as_deref().unwrap(),
            quoter,
        );
        assert_eq!(by_venue.unwrap(), story, "the same by the venue's id");
    }
    assert!(opening > 3, "orders that were asked about every limit");
}

#[test]
fn an_order_that_is_not_there_names_near_ones() {
    let scratch = Scratch::new("unknown");
    run(&scratch, 1, None);
    let error = explain(scratch.path(), "nothing like it", quoter).unwrap_err();
    assert!(error.message().contains("near ones are rt-"), "{error}");
    let error = explain(scratch.path(), "rt-", quoter).unwrap_err();
    assert!(error.message().contains("write more of the id"), "{error}");
    let lineage = fs::read_to_string(scratch.path().join("lineage")).unwrap();
    let never = format!("rt-{}-999999", lineage.trim());
    let error = explain(scratch.path(), &never, quoter).unwrap_err();
    assert!(error.message().contains("there is no order"), "{error}");
}

/// Refuses by its own limit: the story of an order that was never sent ends with the check.
#[test]
fn an_order_that_was_refused_tells_by_which_check() {
    let scratch = Scratch::new("refused");
    let world = Rc::new(RefCell::new(World::new()));
    let mut config = config(scratch.path(), 1);
    config.limits.max_open_orders = 1;
    undisturbed(&world, &config, &mut Listener::default()).unwrap();
    let sent: Vec<String> = sent_ids(scratch.path());
    let lineage = fs::read_to_string(scratch.path().join("lineage")).unwrap();
    let id = |n: u64| format!("rt-{}-{n}", lineage.trim());
    let refused = (1..100).map(id).find(|id| !sent.contains(id)).unwrap();
    let story = explain(scratch.path(), &refused, quoter).unwrap();
    assert_eq!(story.status, Some("Rejected"));
    let check = story
        .moments
        .iter()
        .rev()
        .find(|m| m.what == "check")
        .unwrap();
    assert_eq!(
        text(&check.fields, "check").as_deref(),
        Some("max_open_orders")
    );
    assert!(check.fields.contains(&("holds", Value::Flag(false))));
    assert_eq!(text(&check.fields, "limit").as_deref(), Some("1"));
    assert_eq!(text(&check.fields, "value").as_deref(), Some("2"));
    let state = story.moments.last().unwrap();
    assert_eq!(
        text(&state.fields, "refused_by").as_deref(),
        Some("max_open_orders")
    );
    assert!(!story.moments.iter().any(|m| m.what == "sent"));
}

fn sent_ids(path: &Path) -> Vec<String> {
    let mut lines = Lines::open(path).unwrap();
    let mut ids = Vec::new();
    while let Some(line) = lines.next_line().unwrap() {
        if line.kind == "new" {
            ids.extend(text(&line.fields, "client_order_id"));
        }
    }
    ids
}

#[test]
fn the_tables_can_be_made_anew_at_any_time() {
    let scratch = Scratch::new("tables");
    let world = Rc::new(RefCell::new(World::new()));
    let mut config = config(scratch.path(), 1);
    config.store = true;
    for _ in 0..2 {
        undisturbed(&world, &config, &mut Listener::default()).unwrap();
    }
    let store = scratch.path().join("store.sqlite");
    let before = rows(&store);
    assert!(before.len() > 20);
    fs::remove_file(&store).unwrap();
    let rebuilt = rebuild_store(scratch.path(), quoter).unwrap();
    assert_eq!(rebuilt.sessions, 2);
    assert_eq!(rows(&store), before);
    rebuild_store(scratch.path(), quoter).unwrap();
    assert_eq!(rows(&store), before, "twice is the same");
}

fn rows(store: &Path) -> Vec<String> {
    let connection = rusqlite::Connection::open(store).unwrap();
    let mut all = Vec::new();
    for table in ["orders", "fills", "positions"] {
        let mut query = connection
            .prepare(&format!("SELECT * FROM {table}"))
            .unwrap();
        let columns = query.column_count();
        let mut found = query.query([]).unwrap();
        while let Some(row) = found.next().unwrap() {
            let cells: Vec<String> = (0..columns)
                .map(|at| format!("{:?}", row.get_ref(at).unwrap()))
                .collect();
            all.push(format!("{table}: {}", cells.join(" ")));
        }
    }
    all.sort();
    all
}

/// A session that is cut at any byte of its last segment verifies up to there.
#[test]
fn a_cut_journal_is_torn_and_no_damage() {
    let scratch = Scratch::new("cut");
    run(&scratch, 1, None);
    let folder = folder(&scratch);
    let last = *segments(&folder).unwrap().last().unwrap();
    let path = segment_path(&folder, last);
    let bytes = fs::read(&path).unwrap();
    for length in (PREAMBLE..bytes.len()).step_by(37) {
        fs::write(&path, &bytes[..length]).unwrap();
        let found = verify(scratch.path(), None).unwrap();
        assert_eq!(found.damage, None, "cut at {length}");
        assert_eq!(found.ended, 0);
    }
}
