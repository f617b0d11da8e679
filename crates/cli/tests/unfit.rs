//! A journal that is whole byte for byte and tells of what cannot have happened.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "tests")]

mod support;

use plimsoll::core::{AccountId, Encode as _};
use plimsoll::engine::Event;
use plimsoll::journal::files::Disk;
use plimsoll::journal::{Log as _, Options, Record as Raw, Segments, Sequence};
use plimsoll::node::{Answer, Record};
use support::{Folder, plimsoll, scenario};

/// A copy of `journal` in which the first deposit goes to an account that nobody has, and its record.
fn changed(journal: &Folder, name: &str) -> (Folder, Sequence) {
    let copy = Folder::new(name);
    let (log, _) = Segments::open(Disk::view(&journal.0), Options::default()).unwrap();
    let (mut made, _) = Segments::open(Disk::open(&copy.0).unwrap(), Options::default()).unwrap();
    let mut changed = None;
    for entry in log.read(Sequence(1)).unwrap().map(Result::unwrap) {
        let mut payload = entry.payload;
        if let Ok(Record::Decided(mut decided)) = Record::read(entry.kind, &payload)
            && let Answer::Done(events) = &mut decided.answer
            && let Some(Event::Deposited { account, .. }) = events.first_mut().filter(|_| changed.is_none())
        {
            *account = AccountId(77_777);
            (payload, changed) = (decided.encoded(), Some(entry.sequence));
        }
        made.append(entry.at, &[Raw { kind: entry.kind, payload: &payload }]).unwrap();
    }
    (copy, changed.unwrap())
}

#[test]
fn every_reader_names_the_record_that_does_not_fit() {
    let journal = Folder::new("fits");
    let story = scenario("margin_call_met.toml");
    assert_eq!(plimsoll(&["run", "-q", "-j", &journal.path(), &story]).code, 0);
    let (copy, sequence) = changed(&journal, "unfit");
    let (path, record) = (copy.path(), sequence.to_string());
    assert_eq!(plimsoll(&["journal", "verify", &path]).code, 0, "its bytes are whole");
    let expected = format!("record {record}, event 1 of it: it names account 77777: expected one below ");
    for question in [
        &["journal", "export", &path][..],
        &["journal", "export", &path, "--format", "csv"],
        &["journal", "inspect", &path],
        &["journal", "inspect", &path, "--event", &record],
        &["journal", "inspect", &path, "--contract", "BTC_USDC-PERPETUAL"],
        &["explain", &path, "--event", &record],
        &["run", "-j", &path, &story],
    ] {
        let ran = plimsoll(question);
        assert_eq!(ran.code, 2, "{question:?}: {}", ran.err);
        assert!(ran.err.contains(&expected), "{question:?}: {}", ran.err);
        assert!(ran.err.contains(&path), "{question:?}: {}", ran.err);
    }
    let replayed = plimsoll(&["journal", "replay", &path]);
    assert!(
        replayed.code == 2 && replayed.err.contains(&format!("record {record}: decided again")),
        "{}",
        replayed.err
    );
}
