//! Renews the fuzzer's texts of journals: `fuzz_corpus FIRST_SEGMENT FUZZ_CORPUS_FOLDER`.
//!
//! Writes up to three entries of each kind, and up to three snapshots, of the session that begins
//! in a segment.
#![allow(clippy::print_stdout)]

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use py_rt_kernel::journal::Entry;
use py_rt_live::journal::JournalReader;

const EACH: u32 = 3;

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(segment), Some(corpus)) = (words.next(), words.next()) else {
        return Err("give a segment and the folder of the corpus".into());
    };
    let mut seen: BTreeMap<Vec<u8>, u32> = BTreeMap::new();
    let mut reader = JournalReader::open(&segment)?;
    while let Some(record) = reader.next_record()? {
        let mut bytes = Vec::new();
        record.entry.encode(&mut bytes);
        let kind = bytes.iter().take(1).copied().collect::<Vec<u8>>();
        keep(&corpus, "journal_entry", &mut seen, kind, &bytes)?;
        if let Entry::Snapshot(books) = &record.entry {
            keep(&corpus, "snapshot", &mut seen, b"books".to_vec(), books)?;
        }
    }
    println!("{seen:?}");
    Ok(())
}

fn keep(
    corpus: &Path,
    target: &str,
    seen: &mut BTreeMap<Vec<u8>, u32>,
    kind: Vec<u8>,
    bytes: &[u8],
) -> Result<(), Box<dyn Error>> {
    let name = match kind[..] {
        [tag] => tag.to_string(),
        _ => String::from_utf8_lossy(&kind).into_owned(),
    };
    let count = seen.entry(kind).or_default();
    if *count < EACH && bytes.len() < 8_192 {
        let place = corpus.join(target).join(format!("{name}-{count}.input"));
        fs::write(place, bytes)?;
        *count += 1;
    }
    Ok(())
}
