//! The loop: a text of the corpus, mutated, given to a target.

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::path::Path;

use crate::mutate::{mutate, Dice};
use crate::targets::Target;

/// Bytes that a target did not come back from.
#[derive(Debug)]
pub struct Crash {
    /// The target.
    pub target: &'static str,
    /// The seed of the run.
    pub seed: u64,
    /// The number of the input.
    pub input: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// The texts of a target, in the order of their names; one empty text when there are none.
#[must_use]
pub fn corpus(folder: &Path, target: &Target) -> Vec<Vec<u8>> {
    let mut paths: Vec<_> = std::fs::read_dir(folder.join(target.name))
        .map(|found| {
            found
                .filter_map(|one| one.ok().map(|one| one.path()))
                .collect()
        })
        .unwrap_or_default();
    paths.sort();
    let mut texts: Vec<Vec<u8>> = paths.iter().filter_map(|p| std::fs::read(p).ok()).collect();
    if texts.is_empty() {
        texts.push(Vec::new());
    }
    texts
}

/// Gives a target its corpus and then `inputs` mutations of it.
///
/// # Errors
/// The first input that it panics on.
pub fn run(target: &Target, texts: &[Vec<u8>], seed: u64, inputs: u64) -> Result<(), Box<Crash>> {
    let mut dice = Dice::new(seed);
    for input in 0..inputs {
        let whole = usize::try_from(input).unwrap_or(usize::MAX);
        let mut bytes = texts[whole.min(dice.below(texts.len()))].clone();
        if let Some(text) = texts.get(whole) {
            bytes.clone_from(text);
        } else {
            let other = &texts[dice.below(texts.len())];
            mutate(&mut bytes, other, &mut dice);
        }
        let cut = dice.below(bytes.len() + 1);
        let read = catch_unwind(AssertUnwindSafe(|| (target.read)(&bytes, cut)));
        if read.is_err() {
            return Err(Box::new(Crash {
                target: target.name,
                seed,
                input,
                bytes,
            }));
        }
    }
    Ok(())
}
