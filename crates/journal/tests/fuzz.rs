//! The fuzz target, run over its seeds and over what is drawn.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use plimsoll_journal::fuzz_journal;
use proptest::prelude::*;

fn seeds() -> Vec<Vec<u8>> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/journal");
    let mut files: Vec<_> = fs::read_dir(corpus).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

#[test]
fn every_seed_of_the_fuzz_target_holds() {
    let seeds = seeds();
    assert!(seeds.len() > 5);
    seeds.iter().for_each(|seed| fuzz_journal(seed));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_break_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        fuzz_journal(&bytes);
    }

    #[test]
    fn no_changes_of_a_log_give_records_that_were_not_written(mut bytes in prop::collection::vec(any::<u8>(), 0..13)) {
        bytes.insert(0, 3);
        fuzz_journal(&bytes);
    }

    #[test]
    fn no_changed_seed_breaks_the_reader(
        seed in prop::sample::select(seeds()), at in any::<prop::sample::Index>(), with in prop::collection::vec(any::<u8>(), 1..9),
    ) {
        let mut bytes = seed;
        let start = at.index(bytes.len());
        for (byte, other) in bytes[start..].iter_mut().zip(with) {
            *byte = other;
        }
        fuzz_journal(&bytes);
    }
}
