//! What venues published, by date.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use plimsoll_margin::models::{NAMES, by_name};
use plimsoll_margin::parameters::{Dated, Field};

/// Dates fall, every value is taken, and each older set changes something.
#[test]
fn every_dated_set_is_taken_and_differs_from_the_newest() {
    for name in NAMES {
        let newest = by_name(name).unwrap().fields().iter().flat_map(Field::values).collect::<Vec<_>>();
        let sets = by_name(name).unwrap().about().sets;
        // A set of several venues' carries the venue before the date: drift-2026-04.
        let date = |set: &Dated| set.date.trim_start_matches(|letter: char| !letter.is_ascii_digit()).to_owned();
        assert!(sets.windows(2).all(|pair| date(&pair[0]) > date(&pair[1])), "{name}: the newest first");
        for (place, set) in sets.iter().enumerate() {
            let mut dated = by_name(&format!("{name}@{}", set.date)).unwrap_or_else(|error| panic!("{error}"));
            let values: Vec<_> = dated.fields().iter().flat_map(Field::values).collect();
            assert_eq!(values == newest, place == 0, "{name}@{}", set.date);
            assert!(!set.read.is_empty(), "{name}@{}", set.date);
        }
    }
}
