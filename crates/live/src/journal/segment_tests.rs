//! Rotation: nothing is lost wherever it stops, and nothing can be taken out of the chain.

use std::fs;
use std::path::Path;

use py_rt_kernel::journal::Entry;
use py_rt_types::UnixNanos;

use super::frame::{Chain, Root};
use super::segment::{segment_path, segments, sessions, Preamble, PREAMBLE};
use super::tests::{read_all, Scratch, FIRST, QUERY};
use super::*;

/// A session of three segments, four decisions each; returns its records.
fn three_segments(folder: &Path) -> u64 {
    let tape = FileTape::create(&segment_path(folder, 1), &FIRST.preamble()).unwrap();
    let mut journal = Journal::new(tape, FIRST, false).with_segments_of(200);
    let mut rotations = 0;
    for n in 0..12 {
        journal.append_decision(UnixNanos(n), &QUERY);
        journal.commit().unwrap();
        if journal.is_full() && rotations < 2 {
            rotations += 1;
            journal.rotate(&Entry::Snapshot(vec![7; 10])).unwrap();
        }
    }
    journal.sync().unwrap();
    assert_eq!(segments(folder).unwrap(), [1, 2, 3]);
    assert_eq!(sessions(folder).unwrap(), [1]);
    journal.records()
}

#[test]
fn a_session_reads_through_all_its_segments_from_any_of_them() {
    let scratch = Scratch::new("segments");
    let records = three_segments(scratch.path());
    for number in 1..=3 {
        let (count, reader) = read_all(&segment_path(scratch.path(), number)).unwrap();
        assert_eq!(count, records, "opened at segment {number}");
        assert_eq!(reader.torn(), None);
        assert_eq!(
            reader.place().map(|place| (place.segment, place.first)),
            Some((3, 1))
        );
    }
}

/// Every file as a crash in a rotation can leave it: the new segment cut at every byte of its head
/// and of its first record.
#[test]
fn a_rotation_that_stops_anywhere_loses_nothing() {
    let scratch = Scratch::new("rotation");
    three_segments(scratch.path());
    let first = segment_path(scratch.path(), 1);
    let last = segment_path(scratch.path(), 3);
    let whole = fs::read(&last).unwrap();
    fs::remove_file(&last).unwrap();
    let before = read_all(&first).unwrap().0;
    let snapshot = PREAMBLE + frame::FRAME + 15;
    for length in 0..snapshot {
        fs::write(&last, &whole[..length]).unwrap();
        let (count, reader) = read_all(&first).unwrap();
        assert_eq!(count, before, "cut at {length}");
        let torn = reader.torn().map(|torn| torn.bytes);
        match length {
            0..PREAMBLE => {
                assert_eq!(torn, Some(length as u64), "cut at {length}");
                assert_eq!(reader.place().map(|place| place.segment), Some(2));
            }
            PREAMBLE => assert_eq!(torn, None),
            _ => assert_eq!(torn, Some((length - PREAMBLE) as u64)),
        }
    }
}

#[test]
fn a_segment_that_is_not_the_last_is_never_torn() {
    let scratch = Scratch::new("middle");
    three_segments(scratch.path());
    let first = segment_path(scratch.path(), 1);
    for number in [1, 2] {
        let path = segment_path(scratch.path(), number);
        let whole = fs::read(&path).unwrap();
        for length in PREAMBLE..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            let error = read_all(&first).unwrap_err();
            let told = matches!(
                &error,
                JournalError::Corrupt { path: p, .. } if *p == path
            ) || matches!(&error, JournalError::Unchained { before, .. } if *before == path);
            assert!(told, "segment {number} cut at {length}: {error}");
        }
        fs::write(&path, &whole).unwrap();
    }
}

#[test]
fn a_segment_cannot_be_taken_out_or_exchanged() {
    let (ours, others) = (Scratch::new("ours"), Scratch::new("others"));
    three_segments(ours.path());
    let first = segment_path(ours.path(), 1);
    let second = segment_path(ours.path(), 2);
    let whole = fs::read(&second).unwrap();
    fs::copy(segment_path(ours.path(), 3), &second).unwrap();
    assert!(matches!(
        read_all(&first),
        Err(JournalError::Unchained { .. })
    ));
    let tape = FileTape::create(&segment_path(others.path(), 1), &FIRST.preamble()).unwrap();
    let mut other = Journal::new(tape, FIRST, false);
    other.append_decision(UnixNanos(77), &QUERY);
    other.rotate(&Entry::Snapshot(vec![7; 10])).unwrap();
    other.sync().unwrap();
    fs::copy(segment_path(others.path(), 2), &second).unwrap();
    assert!(matches!(
        read_all(&first),
        Err(JournalError::Unchained { .. })
    ));
    fs::write(&second, whole).unwrap();
    read_all(&first).unwrap();
    fs::remove_file(&first).unwrap();
    let error = read_all(&second).unwrap_err();
    assert!(
        matches!(error, JournalError::Missing { segment: 1, .. }),
        "{error}"
    );
}

#[test]
fn another_version_is_named() {
    let scratch = Scratch::new("version");
    let path = scratch.path().join("old");
    fs::write(
        &path,
        b"PYRTJRN1 and what an earlier version wrote behind it",
    )
    .unwrap();
    let error = Preamble::read(&path).unwrap_err();
    assert!(
        matches!(error, JournalError::OtherVersion { version: 1, .. }),
        "{error}"
    );
}

/// SHA-256 of a chain of one record, computed with another program from the written rule.
#[test]
fn the_root_is_what_the_rule_says() {
    let mut chain = Chain::START;
    let mut bytes = Vec::new();
    chain.seal(&mut bytes, |out| out.extend_from_slice(b"a record"));
    assert_eq!(chain.sequence, 1);
    assert_eq!(
        chain.root.to_string(),
        "04edd8c6b295d0a12cb5e8e8be8faffd9bfe60540fd19cc98c2e04fe9ef20919"
    );
    assert_eq!(Root::parse(&chain.root.to_string()), Some(chain.root));
    assert_eq!(bytes[16..24], chain.root.0[..8]);
    assert_eq!(Root::parse("zz"), None);
}
