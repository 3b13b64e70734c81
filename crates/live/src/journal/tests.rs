//! Journals cut and broken at every byte, blocks of ids, and what waits for what.

use std::cell::RefCell;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

use py_rt_kernel::input::{Control, Input};
use py_rt_kernel::journal::{Decision, Entry, OwnedInput};
use py_rt_types::{MarketEvent, Query, UnixNanos};

use super::frame::{Chain, FRAME};
use super::segment::{Preamble, MAGIC, PREAMBLE};
use super::*;

static NEXT: AtomicU64 = AtomicU64::new(0);

/// A folder of its own for one test, removed at the end.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let own = format!("py-rt-live-{name}-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(own);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _removed = fs::remove_dir_all(&self.0);
    }
}

/// What a tape was asked, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Asked {
    Append(usize),
    Sync,
    Rotate,
}

#[derive(Debug, Clone, Default)]
struct Memory {
    asked: Rc<RefCell<Vec<Asked>>>,
    full: Rc<RefCell<bool>>,
}

impl Tape for Memory {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if *self.full.borrow() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.asked.borrow_mut().push(Asked::Append(bytes.len()));
        Ok(())
    }
    fn sync(&mut self) -> io::Result<()> {
        self.asked.borrow_mut().push(Asked::Sync);
        Ok(())
    }
    fn rotate(&mut self, _preamble: &Preamble) -> io::Result<()> {
        self.asked.borrow_mut().push(Asked::Rotate);
        Ok(())
    }
}

fn row() -> MarketEvent {
    MarketEvent {
        ts_event: UnixNanos(1),
        ts_recv: UnixNanos(2),
        instrument: py_rt_types::InstrumentId(0),
        kind: 1,
        side: 1,
        flags: 1,
        price: py_rt_types::Price(100),
        qty: py_rt_types::Qty(3),
        order_id: 0,
    }
}

/// Where the journal of an empty state directory begins.
pub(crate) const FIRST: Place = Place::new_session(1, Chain::START);

pub(crate) const QUERY: Decision = Decision::Query(Query::Positions);

/// Writes records with a sync after each, so that with each goes how far it was synced before.
/// Returns where records end.
fn written(path: &Path) -> Vec<u64> {
    let tape = FileTape::create(path, &FIRST.preamble()).unwrap();
    let mut journal = Journal::new(tape, FIRST, false);
    for n in 0..8 {
        let now = UnixNanos(n);
        match n % 3 {
            0 => journal.append_input(now, &Input::Market(&row())),
            1 => journal.append_input(now, &Input::Control(Control::Start)),
            _ => journal.append_decision(now, &QUERY),
        }
        journal.sync().unwrap();
    }
    let mut reader = JournalReader::open(path).unwrap();
    let mut ends = vec![PREAMBLE as u64];
    while reader.next_record().unwrap().is_some() {
        ends.push(reader.offset());
    }
    assert_eq!(
        ends.len(),
        16,
        "eight records, and what was synced with all but the first"
    );
    ends
}

pub(crate) fn read_all(path: &Path) -> Result<(u64, JournalReader), JournalError> {
    let mut reader = JournalReader::open(path)?;
    let mut count = 0;
    while let Some(record) = reader.next_record()? {
        count += 1;
        assert_eq!(record.number, count);
    }
    Ok((count, reader))
}

#[test]
fn a_journal_torn_at_any_byte_is_cut_and_goes_on() {
    let scratch = Scratch::new("torn");
    let whole = scratch.path().join("whole");
    let ends = written(&whole);
    let bytes = fs::read(&whole).unwrap();
    for length in 0..bytes.len() as u64 {
        let path = scratch.path().join("torn");
        fs::write(&path, &bytes[..length as usize]).unwrap();
        let kept = ends.iter().filter(|&&end| end <= length).count() as u64;
        let (count, reader) = read_all(&path).unwrap();
        assert_eq!(count, kept.saturating_sub(1), "cut at {length}");
        let end = ends[count as usize].min(length);
        let lost = TornTail {
            bytes: length - end,
            record: count + 1,
        };
        if length < PREAMBLE as u64 {
            assert_eq!(reader.torn().map(|torn| torn.record), Some(1));
            continue;
        }
        assert_eq!(
            reader.torn(),
            (lost.bytes > 0).then_some(lost),
            "cut at {length}"
        );
        let place = reader.place().unwrap();
        let tape = FileTape::resume(&path, place.length).unwrap();
        let mut journal = Journal::new(tape, place, false);
        journal.append_decision(UnixNanos(99), &QUERY);
        journal.sync().unwrap();
        let after = read_all(&path).unwrap().0;
        assert_eq!(
            after,
            count + if count == 0 { 1 } else { 2 },
            "cut at {length}: a decision, and what was synced"
        );
    }
}

#[test]
fn a_flipped_byte_is_torn_in_the_last_record_and_corruption_before_it() {
    let scratch = Scratch::new("flipped");
    let whole = scratch.path().join("whole");
    let ends = written(&whole);
    let bytes = fs::read(&whole).unwrap();
    let last = ends[ends.len() - 3];
    for at in 0..bytes.len() {
        let mut broken = bytes.clone();
        broken[at] ^= 0x41;
        let path = scratch.path().join("flipped");
        fs::write(&path, &broken).unwrap();
        let record = ends.iter().filter(|&&end| end <= at as u64).count() as u64;
        match read_all(&path) {
            Err(JournalError::NotAJournal(_) | JournalError::OtherVersion { .. }) => {
                assert!(at < MAGIC.len());
            }
            Err(JournalError::Corrupt { record: 0, .. }) => assert!(at < PREAMBLE, "byte {at}"),
            Err(JournalError::Corrupt { record: found, .. }) => {
                assert!((at as u64) < last, "byte {at}");
                assert_eq!(found, record, "byte {at}");
            }
            Ok((count, reader)) => {
                assert!(at as u64 >= last, "byte {at} was not noticed");
                assert_eq!(count, record - 1);
                assert!(reader.torn().is_some());
            }
            Err(other) => panic!("byte {at}: {other}"),
        }
    }
}

#[test]
fn a_record_cannot_be_taken_out_or_moved() {
    let scratch = Scratch::new("moved");
    let whole = scratch.path().join("whole");
    let ends = written(&whole);
    let bytes = fs::read(&whole).unwrap();
    let (from, to) = (ends[2] as usize, ends[3] as usize);
    let path = scratch.path().join("cut");
    let mut cut = bytes.clone();
    cut.drain(from..to);
    fs::write(&path, &cut).unwrap();
    assert!(matches!(
        read_all(&path),
        Err(JournalError::Corrupt { record: 3, .. })
    ));
}

#[test]
fn corruption_says_what_it_is() {
    let error = JournalError::Corrupt {
        path: PathBuf::from("a"),
        record: 7,
        offset: 99,
    };
    let text = error.to_string();
    assert!(
        text.contains("record 7 at byte 99") && text.contains("no torn tail"),
        "{text}"
    );
}

#[test]
fn market_rows_wait_and_decisions_do_not() {
    let tape = Memory::default();
    let asked = Rc::clone(&tape.asked);
    let mut journal = Journal::new(tape, FIRST, false);
    journal.sync().unwrap();
    asked.borrow_mut().clear();
    let start = UnixNanos(1_000);
    journal.append_input(start, &Input::Market(&row()));
    journal.commit().unwrap();
    journal.handle_timeout(start.plus(4_999_999)).unwrap();
    assert!(asked.borrow().is_empty());
    assert_eq!(journal.poll_timeout(), start.plus(5_000_000));
    journal.handle_timeout(start.plus(5_000_000)).unwrap();
    assert_eq!(*asked.borrow(), [Asked::Append(FRAME + 57)]);
    assert_eq!(journal.poll_timeout(), UnixNanos::MAX);
    journal.append_input(start, &Input::Market(&row()));
    journal.append_decision(start, &QUERY);
    journal.commit().unwrap();
    assert_eq!(asked.borrow().len(), 2, "both in one write, no sync");
}

#[test]
fn the_strict_grade_syncs_what_was_decided_before_it_leaves() {
    let tape = Memory::default();
    let asked = Rc::clone(&tape.asked);
    let mut journal = Journal::new(tape, FIRST, true);
    journal.sync().unwrap();
    asked.borrow_mut().clear();
    journal.append_input(UnixNanos(1), &Input::Timer);
    journal.commit().unwrap();
    assert_eq!(asked.borrow().len(), 1, "inputs alone are not synced");
    for _ in 0..3 {
        journal.append_decision(UnixNanos(2), &QUERY);
    }
    journal.commit().unwrap();
    journal.commit().unwrap();
    let last: Vec<Asked> = asked.borrow()[1..].to_vec();
    assert!(
        matches!(last[..], [Asked::Append(_), Asked::Sync]),
        "one sync for the group"
    );
}

#[test]
fn ids_are_reserved_with_a_sync_before_they_are_used() {
    let tape = Memory::default();
    let asked = Rc::clone(&tape.asked);
    let mut journal = Journal::new(tape, FIRST, false);
    journal.reserve_id(1).unwrap();
    assert_eq!(asked.borrow().last(), Some(&Asked::Sync));
    assert_eq!(journal.ids_end(), 1 + ID_BLOCK);
    let before = asked.borrow().len();
    journal.reserve_id(ID_BLOCK).unwrap();
    assert_eq!(asked.borrow().len(), before, "within the block");
    journal.reserve_id(1 + ID_BLOCK).unwrap();
    assert_eq!(journal.ids_end(), 1 + 2 * ID_BLOCK);
    assert_eq!(asked.borrow().last(), Some(&Asked::Sync));
    journal.reserve_ahead(ID_BLOCK).unwrap();
    assert_eq!(journal.ids_end(), 1 + 2 * ID_BLOCK, "enough left");
    journal.reserve_ahead(2 * ID_BLOCK - 10).unwrap();
    assert_eq!(journal.ids_end(), 1 + 3 * ID_BLOCK);
}

#[test]
fn a_full_disk_is_an_error_before_anything_leaves() {
    let tape = Memory::default();
    let full = Rc::clone(&tape.full);
    let mut journal = Journal::new(tape, FIRST, false);
    journal.sync().unwrap();
    *full.borrow_mut() = true;
    journal.append_decision(UnixNanos(1), &QUERY);
    assert!(journal.commit().is_err());
    assert!(journal.reserve_id(5_000).is_err());
}

#[test]
fn records_come_back_as_they_were() {
    let scratch = Scratch::new("back");
    let path = scratch.path().join("j");
    written(&path);
    let mut reader = JournalReader::open(&path).unwrap();
    let first = reader.next_record().unwrap().unwrap();
    match first.entry {
        Entry::Input(now, OwnedInput::Market(event)) => {
            assert_eq!((now, event), (UnixNanos(0), row()));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(reader.chain().sequence, 1);
    assert_ne!(reader.chain(), Chain::START);
}

#[test]
fn a_reader_follows_a_file_that_grows_byte_by_byte() {
    let scratch = Scratch::new("grows");
    let whole = scratch.path().join("whole.journal");
    let growing = scratch.path().join("growing.journal");
    written(&whole);
    let (count, _) = read_all(&whole).unwrap();
    let bytes = fs::read(&whole).unwrap();
    fs::write(&growing, &bytes[..PREAMBLE]).unwrap();
    let mut reader = JournalReader::open(&growing).unwrap();
    let mut seen = 0;
    for end in PREAMBLE + 1..=bytes.len() {
        fs::write(&growing, &bytes[..end]).unwrap();
        assert!(reader.refresh().unwrap());
        assert!(!reader.refresh().unwrap());
        while let Some(record) = reader.next_record().unwrap() {
            seen += 1;
            assert_eq!(record.number, seen);
        }
    }
    assert_eq!(seen, count);
}

#[test]
fn a_file_that_ended_inside_a_record_when_it_was_opened_may_have_grown_since() {
    let scratch = Scratch::new("grown");
    let whole = scratch.path().join("whole.journal");
    let growing = scratch.path().join("growing.journal");
    written(&whole);
    let (count, _) = read_all(&whole).unwrap();
    let bytes = fs::read(&whole).unwrap();
    for end in PREAMBLE..bytes.len() {
        fs::write(&growing, &bytes[..end]).unwrap();
        let mut reader = JournalReader::open(&growing).unwrap();
        fs::write(&growing, &bytes).unwrap();
        let mut seen = 0;
        while reader.next_record().unwrap().is_some() || reader.refresh().unwrap() {
            seen = reader.chain().sequence;
        }
        assert_eq!(seen, count, "opened at {end}");
    }
}
