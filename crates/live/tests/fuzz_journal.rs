//! A segment with bytes that nobody meant: what is read of it is what was written, or nothing.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may")]

use std::fs;
use std::path::Path;

use py_rt_kernel::journal::Entry;
use py_rt_live::journal::frame::Chain;
use py_rt_live::journal::{FileTape, Journal, JournalReader, Place};
use py_rt_live::recovery::last_books;

// The same engine as in `fuzz`, which must not stand on this crate and its libraries.
#[path = "../../../fuzz/src/mutate.rs"]
#[allow(dead_code, unreachable_pub, reason = "part of it")]
mod mutate;

use mutate::{mutate, Dice};

const SEED: u64 = 20_261_130;
const INPUTS: u64 = 4_000;

fn entries() -> Vec<Entry> {
    let folder = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../fuzz/corpus/journal_entry"
    ));
    let mut paths: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|one| one.unwrap().path())
        .collect();
    paths.sort();
    let texts = paths.iter().map(|path| fs::read(path).unwrap());
    texts.map(|text| Entry::decode(&text).unwrap()).collect()
}

fn encoded(entry: &Entry) -> Vec<u8> {
    let mut out = Vec::new();
    entry.encode(&mut out);
    out
}

/// The records of a segment, up to the first that cannot be read.
fn read(path: &Path) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let Ok(mut reader) = JournalReader::open(path) else {
        return found;
    };
    while let Ok(Some(record)) = reader.next_record() {
        assert_eq!(record.number, found.len() as u64 + 1);
        found.push(encoded(&record.entry));
    }
    found
}

#[test]
fn a_damaged_segment_gives_what_was_written_or_nothing() {
    let folder = std::env::temp_dir().join(format!("py-rt-fuzz-journal-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let (whole, damaged) = (folder.join("whole"), folder.join("damaged"));
    let _left_over = fs::remove_file(&whole);
    let entries = entries();
    let first = Place::new_session(1, Chain::START);
    let tape = FileTape::create(&whole, &first.preamble()).unwrap();
    let mut journal = Journal::new(tape, first, false);
    entries.iter().for_each(|entry| journal.append(entry));
    journal.sync().unwrap();
    drop(journal);
    let written = read(&whole);
    assert!(written.len() >= entries.len(), "{}", written.len());
    let bytes = fs::read(&whole).unwrap();
    let (mut dice, mut shorter) = (Dice::new(SEED), 0);
    for input in 0..INPUTS {
        let mut changed = bytes.clone();
        mutate(&mut changed, &bytes, &mut dice);
        fs::write(&damaged, &changed).unwrap();
        let found = read(&damaged);
        assert!(
            written.starts_with(&found),
            "seed {SEED}, input {input}: a record that was never written"
        );
        shorter += u64::from(found.len() < written.len());
        let _books = last_books(&damaged);
    }
    assert!(shorter > INPUTS / 2, "nothing was damaged");
    fs::remove_dir_all(&folder).unwrap();
}
