//! Damage of every byte and bit: cut off at the end of the log, refused everywhere else, never taken for content.
#![allow(
    clippy::cast_possible_truncation,
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "a test fails by panicking"
)]

mod support;

use plimsoll_core::Digest;
use plimsoll_journal::files::{Files as _, Memory};
use plimsoll_journal::{Flaw, Log as _, LogError, Opened, Segments, Sequence, Truncated, verify};
use support::{SMALL, append, bytes_of, entries, frames_in, segments_of, written};

/// Opens damaged files: what was found, after which the log must verify clean, or why it is refused, after which the
/// files must be as they were.
fn opened(files: &Memory) -> Result<Opened, LogError> {
    let before: Vec<_> = files.list().unwrap().iter().map(|name| bytes_of(files, name)).collect();
    let seen = verify(files).unwrap();
    let outcome = Segments::open(files.clone(), SMALL);
    match outcome {
        Ok((log, opened)) => {
            let verified = verify(files).unwrap();
            assert!(verified.is_clean(), "{verified:?}");
            assert_eq!((verified.records, verified.chain), (opened.last.0, opened.chain));
            assert_eq!(seen.is_clean(), opened.truncated.is_none(), "{seen:?}");
            let firsts = entries(&log, 1);
            assert!(firsts.iter().all(|entry| entry.payload == support::payload(entry.sequence.0)), "altered content");
            Ok(opened)
        }
        Err(error) => {
            let after: Vec<_> = files.list().unwrap().iter().map(|name| bytes_of(files, name)).collect();
            assert!(before == after, "changed and then refused: {error}");
            assert!(!seen.is_clean(), "refused, but verified clean: {error}");
            Err(error)
        }
    }
}

/// Files that hold what `files` do, but with other bytes in one of them.
fn with(files: &Memory, name: &str, bytes: &[u8]) -> Memory {
    let copy = files.copied();
    copy.truncate(name, 0).unwrap();
    copy.write(name, 0, bytes).unwrap();
    copy
}

#[test]
fn a_file_cut_at_any_byte_is_refused() {
    let (files, _) = written(SMALL, &[3, 2, 1, 1]);
    let name = &segments_of(&files)[0];
    let whole = bytes_of(&files, name);
    for length in 0..whole.len() {
        let refused = opened(&with(&files, name, &whole[..length])).unwrap_err();
        let LogError::Damaged(damage) = &refused else { panic!("{length}: {refused}") };
        assert!(
            damage.file == *name && matches!(damage.flaw, Flaw::Length { .. } | Flaw::Header),
            "{length}: {refused}"
        );
    }
}

#[test]
fn a_log_whose_last_records_are_torn_at_any_byte_is_cut_after_the_last_whole_frame() {
    let (files, appended) = written(SMALL, &[3, 2, 4, 5]);
    let name = &segments_of(&files)[0];
    let whole = bytes_of(&files, name);
    let starts = frames_in(&whole);
    for torn_at in starts[2]..starts[4] {
        let mut bytes = whole.clone();
        bytes[torn_at..].fill(0);
        let content = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
        let opened = opened(&with(&files, name, &bytes)).unwrap();
        // Zeros that were zeros before are no loss.
        let kept = (0..4).take_while(|at| whole[..starts[at + 1]] == bytes[..starts[at + 1]]).count();
        assert_eq!((opened.last, opened.chain), (appended[kept - 1].last, appended[kept - 1].chain), "{torn_at}");
        match opened.truncated {
            None => assert!(content <= starts[kept], "{torn_at}"),
            Some(Truncated { file, offset, bytes, .. }) => {
                assert_eq!(
                    (&file, offset as usize, (offset + bytes) as usize),
                    (name, starts[kept], content),
                    "{torn_at}"
                );
            }
        }
    }
}

#[test]
fn sectors_of_the_last_frame_that_are_missing_in_any_order_are_cut() {
    let (files, appended) = written(SMALL, &[3, 9]);
    let name = &segments_of(&files)[0];
    let whole = bytes_of(&files, name);
    let starts = frames_in(&whole);
    let sectors: Vec<_> = (starts[1]..starts[2]).step_by(64).collect();
    for missing in 1..1_u32 << sectors.len() {
        let mut bytes = whole.clone();
        for (at, start) in sectors.iter().enumerate().filter(|(at, _)| missing >> at & 1 == 1) {
            let end = sectors.get(at + 1).copied().unwrap_or(starts[2]);
            bytes[*start..end].fill(0);
        }
        let opened = opened(&with(&files, name, &bytes)).unwrap();
        assert_eq!((opened.last, opened.chain), (appended[0].last, appended[0].chain), "{missing:b}");
    }
}

#[test]
fn any_flipped_bit_is_cut_with_the_last_frame_or_refused_by_file_and_byte() {
    let (files, appended) = written(SMALL, &[4, 9, 6, 3, 2, 5, 1]);
    let names = segments_of(&files);
    assert!(names.len() > 1);
    let (mut cut, mut refused) = (0, 0);
    for (index, name) in names.iter().enumerate() {
        let whole = bytes_of(&files, name);
        let starts = frames_in(&whole);
        let (last, end) = (starts[starts.len() - 2], starts[starts.len() - 1]);
        for bit in 0..whole.len() * 8 {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            match opened(&with(&files, name, &bytes)) {
                Ok(found) => {
                    let cut_at = found.truncated.unwrap_or_else(|| panic!("{name}: bit {bit} was not noticed"));
                    let in_last = (last..end).contains(&(bit / 8));
                    assert!(index == names.len() - 1 && (in_last || bit / 8 >= end), "{name}: bit {bit} cut off");
                    let kept = &appended[appended.len() - 1 - usize::from(in_last)];
                    assert_eq!((found.last, found.chain), (kept.last, kept.chain));
                    assert_eq!((&cut_at.file, cut_at.offset as usize), (name, if in_last { last } else { end }));
                    cut += 1;
                }
                Err(LogError::Damaged(damage)) => {
                    assert_eq!(damage.file, *name, "{damage}");
                    let at = starts.iter().rposition(|start| *start <= bit / 8);
                    let frame = at.map_or(0, |at| starts[at]);
                    assert!(
                        (frame..=bit / 8).contains(&(damage.offset as usize)),
                        "{damage}, but bit {bit} was flipped"
                    );
                    refused += 1;
                }
                Err(other) => panic!("{name}: bit {bit}: {other}"),
            }
        }
    }
    assert!(cut > 500 && refused > 5_000, "{cut} cut, {refused} refused");
}

#[test]
fn damage_before_a_whole_frame_names_both_places() {
    let (files, _) = written(SMALL, &[2, 2, 2]);
    let name = &segments_of(&files)[0];
    let mut bytes = bytes_of(&files, name);
    let starts = frames_in(&bytes);
    bytes[starts[1]..starts[2]].fill(0);
    let refused = opened(&with(&files, name, &bytes)).unwrap_err().to_string();
    assert!(refused.contains(&format!("a later frame begins at byte {}", starts[2])), "{refused}");
    assert!(refused.starts_with("00000000000000000001.log: byte"), "{refused}");
}

#[test]
fn a_missing_or_doubled_or_swapped_piece_is_refused() {
    let (files, _) = written(SMALL, &[9; 12]);
    let names = segments_of(&files);
    assert!(names.len() >= 3);
    for missing in &names[..names.len() - 1] {
        let copy = files.copied();
        copy.remove(missing).unwrap();
        assert!(matches!(opened(&copy).unwrap_err(), LogError::Damaged(_)), "without {missing}");
    }
    let (first, second) = (bytes_of(&files, &names[0]), bytes_of(&files, &names[1]));
    assert!(matches!(opened(&with(&files, &names[1], &first)).unwrap_err(), LogError::Damaged(_)));
    // A frame in another's place: every checksum holds, its sequence does not.
    let (files, _) = written(SMALL, &[1, 1]);
    let mut bytes = bytes_of(&files, &names[0]);
    let starts = frames_in(&bytes);
    let (one, two) = (bytes[starts[0]..starts[1]].to_vec(), bytes[starts[1]..starts[2]].to_vec());
    bytes[starts[0]..starts[2]].copy_from_slice(&[two, one].concat());
    assert!(matches!(opened(&with(&files, &names[0], &bytes)).unwrap_err(), LogError::Damaged(_)));
    assert_ne!(first, second);
}

#[test]
fn a_frame_of_another_log_with_the_same_sequences_breaks_the_chain() {
    let (files, _) = written(SMALL, &[2, 2]);
    let other = Memory::new();
    let (mut log, _) = Segments::open(other.clone(), SMALL).unwrap();
    let record = plimsoll_journal::Record { kind: 1, payload: b"another" };
    log.append(support::time(1), &[record, record]).unwrap();
    append(&mut log, 2).unwrap();
    let name = &segments_of(&files)[0];
    let (mut bytes, foreign) = (bytes_of(&files, name), bytes_of(&other, name));
    let (starts, from) = (frames_in(&bytes), frames_in(&foreign));
    let length = starts[2] - starts[1];
    bytes[starts[1]..starts[2]].copy_from_slice(&foreign[from[1]..from[1] + length]);
    let refused = opened(&with(&files, name, &bytes)).unwrap_err();
    assert!(matches!(&refused, LogError::Damaged(damage) if damage.flaw == Flaw::Chain), "{refused}");
}

#[test]
fn a_segment_of_another_log_with_the_same_sequences_breaks_the_chain() {
    let (files, _) = written(SMALL, &[9; 6]);
    let other = Memory::new();
    let (mut log, _) = Segments::open(other.clone(), SMALL).unwrap();
    // The same records at another time: as long, in the same segments.
    let payloads: Vec<_> = (1..=9).map(support::payload).collect();
    let records: Vec<_> = payloads.iter().map(|payload| plimsoll_journal::Record { kind: 1, payload }).collect();
    log.append(support::time(7), &records).unwrap();
    (0..5).for_each(|_| assert!(append(&mut log, 9).is_ok()));
    let names = segments_of(&files);
    assert_eq!(names, segments_of(&other));
    let refused = opened(&with(&files, &names[1], &bytes_of(&other, &names[1]))).unwrap_err();
    let LogError::Damaged(damage) = &refused else { panic!("{refused}") };
    assert_eq!((&damage.file, damage.offset, &damage.flaw), (&names[1], 0, &Flaw::Chain));
}

#[test]
fn the_tail_of_a_frame_that_was_cut_never_comes_back() {
    let (files, _) = written(SMALL, &[1]);
    let (mut log, _) = Segments::open(files.clone(), SMALL).unwrap();
    // A long frame whose payload holds whole frames: what is left of it could be taken for some.
    let (frames, _) = written(SMALL, &[1, 1, 1, 1]);
    let name = &segments_of(&files)[0];
    let foreign = bytes_of(&frames, name);
    log.append(support::time(2), &[plimsoll_journal::Record { kind: 9, payload: &foreign[..600] }]).unwrap();
    let mut bytes = bytes_of(&files, name);
    let starts = frames_in(&bytes);
    for torn_at in [starts[2] - 1, starts[1] + 64 + 17, starts[1] + 64] {
        bytes[torn_at] ^= 1;
        let torn = with(&files, name, &bytes);
        let (mut log, opened) = Segments::open(torn.clone(), SMALL).unwrap();
        assert_eq!((opened.last, opened.truncated.unwrap().offset as usize), (Sequence(1), starts[1]));
        assert!(bytes_of(&torn, name)[starts[1]..].iter().all(|byte| *byte == 0), "{torn_at}");
        append(&mut log, 1).unwrap();
        let chain = log.chain();
        let (log, again) = Segments::open(torn.crash(0, |_, _, bytes| bytes.clear()), SMALL).unwrap();
        assert_eq!((again.last, again.chain, again.truncated), (Sequence(2), chain, None));
        assert_eq!(entries(&log, 2), [support::entry(2, 2)]);
    }
}

#[test]
fn verify_names_every_damage_and_changes_nothing() {
    let (files, _) = written(SMALL, &[9; 12]);
    let (mut log, _) = Segments::open(files.clone(), SMALL).unwrap();
    log.save_snapshot(Sequence(9), Digest([1; 32]), b"not of this chain").unwrap();
    log.save_snapshot(Sequence(10), Digest([1; 32]), b"inside a frame, where the chain is not known").unwrap();
    let whole = verify(&files).unwrap();
    assert_eq!((whole.records, whole.frames, whole.segments), (108, 12, segments_of(&files).len() as u64));
    assert_eq!(whole.first.unwrap().at, support::time(1));
    assert_eq!((whole.last.unwrap().sequence, whole.last.unwrap().at), (Sequence(108), support::time(100)));
    assert_eq!((&whole.snapshots[..], whole.damages.len()), (&[Sequence(10)][..], 1));
    let names = segments_of(&files);
    for name in [&names[1], &names[3]] {
        let mut bytes = bytes_of(&files, name);
        bytes[200] ^= 4;
        files.write(name, 0, &bytes).unwrap();
    }
    let before: Vec<_> = files.list().unwrap().iter().map(|name| bytes_of(&files, name)).collect();
    let damaged = verify(&files).unwrap();
    let files_named: Vec<_> = damaged.damages.iter().map(|damage| damage.file.as_str()).collect();
    let expected = [&names[1], &names[2], &names[3], &names[4], "00000000000000000009.snapshot"];
    assert_eq!(files_named, expected, "two damages, and the two segments that do not continue them");
    let after: Vec<_> = files.list().unwrap().iter().map(|name| bytes_of(&files, name)).collect();
    assert!(before == after);
}
