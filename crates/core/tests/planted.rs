//! Faults are named, switched one at a time, and each is planted once.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use plimsoll_core::planted::{Fault, is_on, with};

#[test]
fn one_is_on_at_a_time_in_one_thread_and_off_again_after_a_panic() {
    let on = || Fault::ALL.iter().copied().filter(|fault| is_on(*fault)).collect::<Vec<_>>();
    assert_eq!(on(), []);
    with(Some(Fault::LastIndex), || {
        assert_eq!(on(), [Fault::LastIndex]);
        assert_eq!(with(Some(Fault::TierCliff), on), [Fault::TierCliff]);
        assert_eq!(with(None, on), []);
        assert_eq!(std::thread::spawn(|| is_on(Fault::LastIndex)).join().ok(), Some(false));
        assert_eq!(on(), [Fault::LastIndex]);
    });
    assert!(std::panic::catch_unwind(|| with(Some(Fault::LastIndex), || panic!("midway"))).is_err());
    assert_eq!(on(), []);
}

#[test]
fn a_name_is_the_variant_in_small_letters() {
    for fault in Fault::ALL {
        let variant = format!("{fault:?}");
        let words = variant.chars().flat_map(|letter| {
            let dash = letter.is_ascii_uppercase().then_some('-');
            dash.into_iter().chain([letter.to_ascii_lowercase()])
        });
        let name = words.collect::<String>().trim_start_matches('-').to_owned();
        assert_eq!(fault.to_string(), name);
        assert!(fault.about().ends_with('.'), "{fault}: {}", fault.about());
    }
}

#[test]
fn each_is_planted_at_one_place_and_shown_by_a_test() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let (mut source, mut tests) = (String::new(), String::new());
    for folder in fs::read_dir(crates).unwrap().map(|entry| entry.unwrap().path()) {
        rust_files(&folder.join("src")).iter().for_each(|file| source += &fs::read_to_string(file).unwrap());
        tests += &fs::read_to_string(folder.join("tests/planted.rs")).unwrap_or_default();
    }
    for fault in Fault::ALL {
        assert_eq!(source.matches(&format!("planted!({fault:?})")).count(), 1, "{fault} is planted at one place");
        assert!(tests.contains(&format!("shows(Fault::{fault:?}, ")), "a test shows {fault}");
    }
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let each = entries
        .map(|entry| entry.unwrap().path())
        .flat_map(|path| if path.is_dir() { rust_files(&path) } else { vec![path] });
    each.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}
