//! Every target, a few thousand inputs each; more with `make fuzz`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may")]

use std::path::Path;

use py_rt_fuzz::run::{corpus, run};
use py_rt_fuzz::targets::{Target, TARGETS};

const SEED: u64 = 20_261_130;

fn number(name: &str, default: u64) -> u64 {
    #[allow(
        clippy::disallowed_methods,
        reason = "a test is configured by its caller"
    )]
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/corpus"))
}

#[test]
fn every_target_comes_back_from_everything() {
    let (seed, inputs) = (number("FUZZ_SEED", SEED), number("FUZZ_INPUTS", 3_000));
    for target in TARGETS {
        let texts = corpus(folder(), &target);
        if let Err(crash) = run(&target, &texts, seed, inputs) {
            let place = std::env::temp_dir().join(format!("py-rt-fuzz-{}", crash.target));
            std::fs::write(&place, &crash.bytes).unwrap();
            panic!(
                "{} does not come back from input {} of seed {}: {}",
                crash.target,
                crash.input,
                crash.seed,
                place.display()
            );
        }
    }
}

#[test]
fn every_target_has_texts_that_it_reads() {
    for target in TARGETS {
        assert!(
            folder().join(target.name).is_dir(),
            "no corpus of {}",
            target.name
        );
    }
}

#[test]
fn a_target_that_panics_is_found_and_repeats() {
    let fragile = Target {
        name: "fragile",
        read: |bytes, _| assert!(!bytes.contains(&b'7'), "a seven"),
    };
    let found = |seed| run(&fragile, &[b"1234".to_vec()], seed, 1_000).unwrap_err();
    let (one, two) = (found(1), found(1));
    assert_eq!((one.input, &one.bytes), (two.input, &two.bytes));
    assert!(one.input > 0 && one.bytes.contains(&b'7'));
}
